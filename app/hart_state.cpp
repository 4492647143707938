// SPDX-License-Identifier: MIT
// State as rows: the archive's fields under the names of the field.
#include "app/hart_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "isa/riscv/registers.h"

namespace vitrine::app {

HartState HartState::of(const riscv::Hart& hart) {
  HartState state;
  std::copy_n(hart.x, 32, state.x.begin());
  std::copy_n(hart.f, 32, state.f.begin());
  state.pc = hart.pc;
  state.privilege = hart.privilege;
  state.waiting = hart.waiting;
  state.stopped = hart.stopped;
  state.ended_slice = hart.ended_slice;
  state.running = hart.running;
  state.csr = hart.csr;
  state.reservation = hart.reservation;
  state.steps = hart.steps_now();
  state.traps = hart.traps;
  std::copy_n(hart.retired_in, 4, state.retired_in.begin());
  state.retired_mark = hart.retired_mark;
  state.time_offset = hart.time_offset;
  state.float_off = hart.float_off;
  return state;
}

namespace {

// Collects fields; those of an array get its index, registers their names.
class RowLister final : public core::Archive {
 public:
  explicit RowLister(bool with_sections) : with_sections_(with_sections) {}
  [[nodiscard]] bool loading() const override { return false; }
  void section(std::string_view name) override {
    section_ = name;
    seen_.clear();
  }
  void bytes(std::string_view name, std::span<std::byte> data) override {
    add(name, fmt::format("{} bytes, hash {:016x}", data.size(), core::hash_bytes(data)));
  }
  std::vector<StateRow> rows;

 protected:
  void word(std::string_view name, uint64_t& raw) override { add(name, fmt::format("{:#x}", raw)); }

 private:
  void add(std::string_view name, std::string value) {
    const unsigned index = seen_[std::string(name)]++;
    std::string text(name);
    if (section_.starts_with("hart") && name == "x" && index < 31)
      text = riscv::kXNames[index + 1];
    else if (section_.starts_with("hart") && name == "f" && index < 32)
      text = riscv::kFNames[index];
    else if (index != 0)
      text = fmt::format("{}[{}]", name, index);
    rows.push_back({with_sections_ ? fmt::format("{}.{}", section_, text) : text, std::move(value)});
  }

  bool with_sections_;
  std::string section_;
  std::map<std::string, unsigned> seen_;
};

}  // namespace

std::vector<StateRow> state_rows(Machine& machine, int hart) {
  RowLister lister(hart < 0);
  if (hart < 0)
    machine.serialize(lister);
  else
    machine.hart(static_cast<unsigned>(hart)).serialize(lister);
  return std::move(lister.rows);
}

std::string state_table(const std::vector<StateColumn>& columns, bool all) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> values;  // of a row, one a column
  for (size_t c = 0; c < columns.size(); ++c) {
    for (const StateRow& row : columns[c].rows) {
      auto [at, fresh] = values.try_emplace(row.name, columns.size(), "-");
      if (fresh) order.push_back(row.name);
      at->second[c] = row.value;
    }
  }
  std::string text = fmt::format("  {:<18}", "");
  for (const StateColumn& column : columns) text += fmt::format(" {:<20}", column.heading);
  text += '\n';
  for (const std::string& name : order) {
    const std::vector<std::string>& row = values.at(name);
    // The last two are the ones to be compared; what comes before them is how it was.
    const bool differs = row.size() > 1 && row[row.size() - 1] != row[row.size() - 2];
    const bool zero =
        std::all_of(row.begin(), row.end(), [](const auto& v) { return v == "0x0" || v == "-"; });
    if (zero || (!all && !differs)) continue;
    text += fmt::format("{} {:<18}", differs ? '>' : ' ', name);
    for (const std::string& value : row) text += fmt::format(" {:<20}", value);
    while (text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text;
}

std::string memory_table(const NamedRam& a, const NamedRam& b, const std::set<uint64_t>& without) {
  constexpr uint64_t kShown = 16;  // bytes a line
  constexpr unsigned kMost = 8;    // places
  const auto line = [](char mark, const NamedRam& side, uint64_t at) {
    std::string text = fmt::format("{} {:#x}  {:<12}", mark, at, side.name);
    for (uint64_t i = 0; i < kShown; ++i) text += fmt::format(" {:02x}", side.ram->host({at})[i]);
    return text + '\n';
  };
  std::string text;
  const uint64_t base = a.ram->base().value;
  uint64_t from = 0;
  for (unsigned places = 0; places < kMost;) {
    const auto found = a.ram->compare(*b.ram, from).different;
    if (!found) break;
    const uint64_t page = found->value & core::kPageMask, at = found->value & ~(kShown - 1);
    if (without.count(page) != 0) {
      from = page + core::kPageSize - base;
      continue;
    }
    text += line('>', a, at) + line(' ', b, at);
    from = at + kShown - base;
    ++places;
  }
  return text.empty() ? "  nowhere\n" : text;
}

}  // namespace vitrine::app
