// SPDX-License-Identifier: MIT
// The search for the first step at which two runs differ.
#include "app/bisect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/diagnosis.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::app {

using core::Step;

Bisect::Bisect(std::array<BisectSide, 2> sides) : sides_(std::move(sides)) {}

// --- Two runs

// Both machines, at their first instruction.
core::Result<> Bisect::begin() {
  for (size_t i = 0; i < 2; ++i) {
    runs_[i].session.reset();  // its files are let go before they are opened again
    auto session = Session::create(sides_[i].options.config, sides_[i].options.run);
    if (!session) return session.error();
    runs_[i] = {std::move(*session), std::nullopt};
  }
  return core::Ok{};
}

void Bisect::learn_what_to_leave_out() {
  std::map<std::string, std::set<std::string>> values;
  std::map<std::string, unsigned> count;
  for (Run& run : runs_) {
    for (const StateRow& row : state_rows(run.session->machine())) {
      values[row.name].insert(row.value);
      ++count[row.name];
    }
  }
  for (const auto& [name, seen] : values)
    if (seen.size() != 1 || count[name] != 2) left_out_rows_.insert(name);
  const core::GuestRam &a = runs_[0].session->machine().ram(), &b = runs_[1].session->machine().ram();
  uint64_t at = 0;
  while (const auto different = a.compare(b, at).different) {
    left_out_pages_.insert(different->value & core::kPageMask);
    at = (different->value & core::kPageMask) + core::kPageSize - a.base().value;
  }
}

void Bisect::advance(Step to) {
  for (Run& run : runs_)
    if (!run.end) run.end = run.session->advance(to);
}

bool Bisect::equal() {
  if (runs_[0].step() != runs_[1].step() || runs_[0].end.has_value() != runs_[1].end.has_value())
    return false;
  if (ended() && (runs_[0].end->kind != runs_[1].end->kind || runs_[0].end->code != runs_[1].end->code))
    return false;
  return rows_equal() && ram_equal();
}

bool Bisect::rows_equal() {
  const auto a = state_rows(runs_[0].session->machine()), b = state_rows(runs_[1].session->machine());
  if (left_out_rows_.empty()) return a == b;
  std::map<std::string_view, std::string_view> of_b;
  for (const StateRow& row : b) of_b[row.name] = row.value;
  return std::all_of(a.begin(), a.end(), [&](const StateRow& row) {
    return left_out_rows_.count(row.name) != 0 || of_b[row.name] == row.value;
  });
}

bool Bisect::ram_equal() const {
  const core::GuestRam &a = runs_[0].session->machine().ram(), &b = runs_[1].session->machine().ram();
  uint64_t at = 0;
  while (const auto different = a.compare(b, at).different) {
    const uint64_t page = different->value & core::kPageMask;
    if (left_out_pages_.count(page) == 0) return false;
    at = page + core::kPageSize - a.base().value;
  }
  return true;
}

// --- The search

core::Result<Bisect::Answer> Bisect::run() {
  if (auto done = begin(); !done) return done.error();
  learn_what_to_leave_out();
  if (auto done = search(kInterval); !done) return done.error();
  if (!different_at_) return Answer{true, equal_at_, equal_text()};
  if (auto done = narrow(); !done) return done.error();
  auto single = by_single_steps();
  if (!single) return single.error();
  if (!*single)
    if (auto done = by_whole_runs(); !done) return done.error();
  const Step step = *different_at_;
  auto text = difference_text();
  if (!text) return text.error();
  return Answer{false, step, std::move(*text)};
}

// On from where the runs are, stopping every `interval` steps, up to the first stop at which they differ, or
// the end.
core::Result<> Bisect::search(Step interval) {
  const Step last = different_at_.value_or(core::kNever);
  different_at_.reset();
  while (!ended() && equal_at_ < last) {
    advance(std::min(equal_at_ + interval, last));
    const Step now = std::max(runs_[0].step(), runs_[1].step());
    if (!equal()) {
      different_at_ = now;
      return core::Ok{};
    }
    equal_at_ = now;
  }
  return core::Ok{};
}

// The runs are made again, up to where they were last equal, and looked at sixteen times as often from there.
core::Result<> Bisect::narrow() {
  while (*different_at_ - equal_at_ > kSingle) {
    const Step known = *different_at_, interval = std::max<Step>(kSingle, (known - equal_at_) / 16);
    if (auto done = begin(); !done) return done.error();
    advance(equal_at_);
    const Step began = equal_at_;
    if (auto done = search(interval); !done) return done.error();
    if (different_at_) continue;
    // Stops change what a translator makes of the code between, and a bug of ours may hide from them.
    equal_at_ = began;
    different_at_ = known;
    return core::Ok{};
  }
  return core::Ok{};
}

core::Result<bool> Bisect::by_single_steps() {
  const Step known = *different_at_, began = equal_at_;
  if (auto done = begin(); !done) return done.error();
  advance(equal_at_);
  while (equal_at_ < known) {
    way_.clear();
    note_place();
    advance(equal_at_ + 1);
    if (!equal()) {
      different_at_ = equal_at_ + 1;
      return true;
    }
    ++equal_at_;
  }
  equal_at_ = began;
  only_together_ = true;
  return false;
}

// Each probe is a run of its own from the beginning, with no stop behind the last equal step.
core::Result<> Bisect::by_whole_runs() {
  Step low = equal_at_, high = *different_at_;
  while (high - low > 1) {
    const Step middle = low + (high - low) / 2;
    if (auto done = begin(); !done) return done.error();
    advance(equal_at_);
    advance(middle);
    (equal() ? low : high) = middle;
  }
  different_at_ = high;
  return note_way();
}

core::Result<> Bisect::note_way() {
  constexpr Step kMost = 64;
  way_.clear();
  if (auto done = begin(); !done) return done.error();
  for (Step at = equal_at_; at < *different_at_ && at < equal_at_ + kMost; ++at) {
    advance(at);
    note_place();
  }
  return core::Ok{};
}

// The instruction that comes next. Whose turn it is is decided at the step itself: every hart that may have
// it.
void Bisect::note_place() {
  Machine& machine = runs_[0].session->machine();
  riscv::Hart& hart = machine.system().current();
  uint16_t low = 0, high = 0;
  std::string text = "(cannot be fetched)";
  const bool fetched =
      !hart.memory->fetch_halfword({hart.pc}, low) &&
      (riscv::instruction_length(low) != 4 || !hart.memory->fetch_halfword({hart.pc + 2}, high));
  if (fetched)
    text = riscv::disassemble(riscv::decode(static_cast<uint32_t>(high) << 16 | low, hart.extensions),
                              hart.pc, riscv::Style::friendly);
  way_ += fmt::format("  hart {}, {}: {}\n", hart.id, where_is(machine, hart), text);
}

// --- What is told

std::string Bisect::equal_text() const {
  std::string text = fmt::format("Equal in all {} steps.", equal_at_);
  if (runs_[0].end) text += " " + runs_[0].end->words;
  return text + left_out_text();
}

std::string Bisect::left_out_text() const {
  constexpr size_t kMost = 8;
  if (left_out_rows_.empty() && left_out_pages_.empty()) return {};
  std::string text = "\nLeft out, since it differs before the first step:";
  size_t count = 0;
  for (const std::string& name : left_out_rows_)
    if (++count <= kMost) text += " " + name;
  if (count > kMost) text += fmt::format(" and {} more", count - kMost);
  count = 0;
  for (const uint64_t page : left_out_pages_)
    if (++count <= kMost) text += fmt::format(" memory {:#x} to {:#x}", page, page + core::kPageSize - 1);
  if (count > kMost) text += fmt::format(" and {} more pages", count - kMost);
  return text;
}

// The runs once more: as they are behind the last equal step, and behind the first different one.
core::Result<std::string> Bisect::difference_text() {
  const Step step = *different_at_, before = only_together_ ? equal_at_ : step - 1;
  if (auto done = begin(); !done) return done.error();
  advance(equal_at_);
  advance(before);
  Machine& a = runs_[0].session->machine();
  const StateColumn was{"before", state_rows(a)};
  advance(step);
  std::string text = fmt::format("{} and {} differ behind step {}; behind step {} they are equal.\n",
                                 sides_[0].name, sides_[1].name, step, before);
  if (only_together_)
    text += "Made one by one these steps make no difference: it is how they are run, a bug of ours.\n";
  text += "What comes then:\n" + way_;
  for (size_t i = 0; i < 2; ++i)
    if (runs_[i].end) text += fmt::format("{} ends: {}\n", sides_[i].name, runs_[i].end->words);
  Machine& b = runs_[1].session->machine();
  text += "\nState ('>': it differs; what is zero is left out):\n";
  text += state_table({was, {sides_[0].name, state_rows(a)}, {sides_[1].name, state_rows(b)}}, true);
  text += "\nMemory, where it differs:\n" +
          memory_table({sides_[0].name, &a.ram()}, {sides_[1].name, &b.ram()}, left_out_pages_);
  for (const BisectSide& side : sides_)
    text += fmt::format("\n{}: {} --max-instructions {} --state-hash-every {}", side.name, side.command, step,
                        step);
  return text + left_out_text();
}

}  // namespace vitrine::app
