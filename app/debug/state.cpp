// SPDX-License-Identifier: MIT
// What a debugger for people remembers, and the words that its verbs share.
#include "app/debug/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/registers.h"
#include "isa/riscv/traps.h"

namespace vitrine::app::debug {

using core::ErrorKind;
using debugger::Stop;

State::State(Debuggee& debuggee) : it_(debuggee) {
  lines_.open_kernel_of(machine());
  if (auto found = Processes::open(machine(), it_.options().kernel_info)) processes_ = std::move(*found);
}

State::~State() {
  if (!kinds_.empty()) machine().events().remove_sink(*this);
}

void State::event(const core::Event& event, const core::EventWords& effect) noexcept {
  if (std::find(kinds_.begin(), kinds_.end(), event.kind) != kinds_.end()) heard_ = Heard{event, effect.text()};
}

std::string State::words_of(core::EventKind kind, core::Step step) const {
  return heard_ && heard_->event.kind == kind && heard_->event.place.step == step ? heard_->words : std::string();
}

void State::arm(const std::vector<uint64_t>& more) {
  std::vector<uint64_t> breaks = more;
  std::vector<core::StopPoints::Watch> watches;
  std::vector<core::EventKind> catches;
  for (StopPoint& point : points) {
    if (point.kind == StopPoint::Kind::kBreak) breaks.push_back(point.at.value);
    if (point.kind == StopPoint::Kind::kCatch) catches.push_back(point.event);
    if (point.kind != StopPoint::Kind::kWatch) continue;
    watches.push_back({point.at, point.size, point.loads, point.stores});
    point.last = it_.read_memory(hart_number(), point.at, std::min<uint64_t>(point.size, 8)).bytes;
  }
  seek(std::move(breaks), std::move(watches), catches);
}

void State::seek(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches, const std::vector<core::EventKind>& catches) {
  if (!kinds_.empty()) machine().events().remove_sink(*this);
  kinds_ = catches;
  if (!kinds_.empty()) machine().events().add_sink(*this);
  heard_.reset();
  it_.set_stop_points(std::move(breaks), std::move(watches), catches);
}

core::Result<Stop> State::move(const std::vector<uint64_t>& more, const Motion& motion) {
  while (true) {
    arm(more);
    auto stop = motion();
    if (!stop) return stop;
    if (passes(*stop) && std::find(more.begin(), more.end(), stop->at.value) == more.end()) continue;
    if (stop->kind != Stop::Kind::kInterrupted || !look_in || !look_in()) return stop;
  }
}

core::Result<Stop> State::run(core::Step until) {
  return move({}, [&] { return it_.run(until); });
}

core::Result<Stop> State::step(unsigned hart) {
  return move({}, [&] { return it_.step(hart); });
}

core::Result<Stop> State::run_to(unsigned hart, const std::vector<uint64_t>& places, const There& there) {
  while (true) {
    auto stop = move(places, [this] { return it_.run(); });
    if (!stop || stop->kind != Stop::Kind::kBreak) return stop;
    const auto at = [&](const StopPoint& p) { return p.kind == StopPoint::Kind::kBreak && p.at == stop->at; };
    if (std::any_of(points.begin(), points.end(), at) && !passes(*stop)) return stop;
    if (stop->hart != hart || !there(machine().hart(hart))) continue;
    stop->kind = Stop::Kind::kStep;
    return stop;
  }
}

std::optional<riscv::Insn> State::instruction_at(uint64_t address) {
  const mmu::Mmu& mmu = machine().mmu(hart_number());
  const mmu::Walk walk = mmu.look({address}, core::AccessKind::kFetch);
  if (walk.fault != core::FaultKind::kNone) return std::nullopt;
  if (!machine().ram().contains(walk.physical, 2) && !machine().bus().peek(walk.physical, 2)) return std::nullopt;
  return riscv::decode(mmu.peek_instruction({address}), hart().extensions);
}

char mode_letter(const riscv::Hart& hart) { return "US?M"[static_cast<unsigned>(hart.privilege) & 3]; }

std::string place_text(State& state) {
  const riscv::Hart& hart = state.hart();
  const std::string symbol = symbol_text(state.machine(), hart.pc);
  std::string text = fmt::format("@{} hart {} {} {}", state.it().now(), hart.id, mode_letter(hart),
                                 symbol.empty() ? fmt::format("{:#x}", hart.pc) : symbol);
  if (state.it().outcome()) return text + ": the run has ended";
  if (hart.stopped) return text + ": not started";
  if (const int number = riscv::interrupt_to_take(hart); number >= 0)
    return text + fmt::format(": {} interrupt comes first", cause_name(riscv::kInterruptCause | static_cast<uint64_t>(number)));
  if (hart.waiting) return text + ": waits";
  const auto insn = state.instruction_at(hart.pc);
  return text + ": " + (insn ? riscv::disassemble(*insn, hart.pc, riscv::Style::friendly) : "(nothing can be fetched)");
}

std::string event_name_text(core::EventKind kind) {
  const core::EventRow& row = core::row_of(kind);
  return fmt::format("{} {}", core::name_of(row.column), row.name);
}

std::string event_line(State& state, const core::Event& event, const std::string& words) {
  const core::EventRow& row = core::row_of(event.kind);
  return fmt::format("@{} hart {} {} {}: {}: {}\n", event.place.step, event.place.hart, "US?M"[event.place.privilege & 3],
                     address_text(state.machine(), event.place.pc), event_name_text(event.kind),
                     words.empty() ? std::string(row.sentence) : core::printable(words));
}

namespace {

// Of a name without '$'.
std::optional<uint64_t> register_value(const riscv::Hart& hart, std::string_view name) {
  if (name == "pc") return hart.pc;
  for (unsigned i = 0; i < 32; ++i) {
    if (name == riscv::kXNames[i] || name == fmt::format("x{}", i)) return hart.x[i];
    if (name == riscv::kFNames[i]) return hart.f[i];
  }
  if (name == "fp") return hart.x[8];
  for (const riscv::CsrRow& row : riscv::csr_rows())
    for (unsigned i = 0; i < row.count; ++i)
      if (name == riscv::csr_name(row, i)) return riscv::peek_csr(hart, row.number + i * row.stride);
  return std::nullopt;
}

std::optional<uint64_t> base_value(State& state, std::string_view word) {
  if (const auto number = parse_number(word)) return number;
  if (word.starts_with('$')) return register_value(state.hart(), word.substr(1));
  return symbol_at(state.machine(), word);
}

}  // namespace

core::Result<uint64_t> parse_place(State& state, std::string_view word) {
  if (const auto value = base_value(state, word)) return *value;
  const size_t sign = word.find_last_of("+-");
  if (sign != word.npos && sign > 0) {
    const auto base = base_value(state, word.substr(0, sign));
    const auto offset = parse_number(word.substr(sign + 1));
    if (base && offset) return word[sign] == '+' ? *base + *offset : *base - *offset;
  }
  if (word.starts_with('$'))
    return core::error(ErrorKind::kUsage, "'{}': there is no such register. Registers look like $a0, $x10, $pc, $sepc.",
                       core::printable(word));
  return core::error(ErrorKind::kUsage,
                     "'{}': neither a number nor a symbol of the guest's images. Give 0x80000000, SYMBOL, SYMBOL+0x10 or $REGISTER.",
                     core::printable(word));
}

core::Result<uint64_t> parse_count(std::string_view verb, std::string_view word) {
  const auto count = parse_number(word);
  if (count && *count > 0) return *count;
  return core::error(ErrorKind::kUsage, "{}: '{}' is not a number of at least 1.", verb, core::printable(word));
}

core::Result<unsigned> parse_csr(std::string_view word) {
  if (word.starts_with('$')) word.remove_prefix(1);
  std::vector<std::string_view> names;
  for (const riscv::CsrRow& row : riscv::csr_rows()) {
    names.push_back(row.name);
    for (unsigned i = 0; i < row.count; ++i)
      if (word == riscv::csr_name(row, i)) return row.number + i * row.stride;
  }
  if (const auto number = parse_number(word); number && *number < 4096) return static_cast<unsigned>(*number);
  const std::string_view meant = nearest(word, names);
  return core::error(ErrorKind::kUsage, "'{}' is no CSR{}", core::printable(word),
                     meant.empty() ? "; csr without a name shows those that there are." : fmt::format("; did you mean {}?", meant));
}

core::Result<core::EventKind> parse_kind(std::string_view word) {
  const auto kind = core::event_named(word);
  if (kind && core::row_of(*kind).column != core::EventColumn::kCounter) return *kind;
  std::vector<std::string_view> names;
  std::string all;
  for (const core::EventRow& row : core::event_rows()) {
    if (row.column == core::EventColumn::kCounter) continue;
    names.push_back(row.name);
    all += fmt::format("{}{}", all.empty() ? "" : ", ", row.name);
  }
  const std::string_view meant = nearest(word, names);
  return core::error(ErrorKind::kUsage, "'{}' is no kind of exit or guest trap{} There are: {}.", core::printable(word),
                     meant.empty() ? "." : fmt::format("; did you mean {}?", meant), all);
}

core::Error usage(std::string_view verb, std::string_view why) {
  return core::error(ErrorKind::kUsage, "{}: {} How it is used: help {}", verb, why, verb);
}

}  // namespace vitrine::app::debug
