// SPDX-License-Identifier: MIT
// Counters as differences: each one holds the value that it had when it last started, and the count of that
// moment.
#include "isa/riscv/counters.h"

#include <algorithm>

namespace vitrine::riscv {
namespace {

using namespace hpm_event;

constexpr unsigned kFirstHpm = 3;

bool inhibited(const Hart& hart, unsigned number) { return (hart.csr.mcountinhibit >> number) & 1; }

bool counts_event(uint64_t event) {
  const uint64_t selector = event & ~(kOverflow | kNotM | kNotS | kNotU);
  return selector == kCycles || selector == kInstructions;
}

bool excludes(uint64_t event, Privilege mode) {
  switch (mode) {
    case Privilege::kMachine: return event & kNotM;
    case Privilege::kSupervisor: return event & kNotS;
    default: return event & kNotU;
  }
}

uint64_t event_of(const Hart& hart, unsigned number) {
  return number < kFirstHpm ? kInstructions : hart.csr.hpm_event[number - kFirstHpm];
}

// Instructions retired in one mode, now.
uint64_t retired_in(const Hart& hart, Privilege mode) {
  const uint64_t before = hart.retired_in[static_cast<unsigned>(mode)];
  return hart.privilege == mode ? before + hart.retired() - hart.retired_mark : before;
}

// What a counter would stand at, had it run from the beginning with its present event.
uint64_t total(const Hart& hart, unsigned number) {
  const uint64_t event = event_of(hart, number);
  if (!counts_event(event)) return 0;
  uint64_t sum = 0;
  for (const Privilege mode : {Privilege::kUser, Privilege::kSupervisor, Privilege::kMachine})
    if (!excludes(event, mode)) sum += retired_in(hart, mode);
  return sum;
}

Counter& counter(Hart& hart, unsigned number) { return hart.csr.counters[number]; }
const Counter& counter(const Hart& hart, unsigned number) { return hart.csr.counters[number]; }

bool runs(const Hart& hart, unsigned number) {
  return number != 1 && !inhibited(hart, number) && counts_event(event_of(hart, number));
}

// Does the instruction that now executes count for it? It retires after the change that it makes.
uint64_t own_retirement(const Hart& hart, unsigned number) {
  return excludes(event_of(hart, number), hart.privilege) ? 0 : 1;
}

// Starts the counter at `value` with the next instruction, or freezes it there.
void start(Hart& hart, unsigned number, uint64_t value) {
  Counter& c = counter(hart, number);
  c.value = value;
  c.since = runs(hart, number) ? total(hart, number) + own_retirement(hart, number) : 0;
}

// The privilege may change at any step while a counter with overflow runs: the loop has to look again then.
void note_watching(Hart& hart) {
  hart.watches_overflow =
      steps_to_overflow(hart) != core::kNever ||
      (hart.config.sscofpmf && std::any_of(std::begin(hart.csr.hpm_event), std::end(hart.csr.hpm_event),
                                           [](uint64_t e) { return counts_event(e) && !(e & kOverflow); }));
  hart.attention->wanted = true;
}

// Overflow interrupts are the mhpmcounters', and come once until software clears OF.
bool may_overflow(const Hart& hart, unsigned number) {
  return hart.config.sscofpmf && runs(hart, number) && !(event_of(hart, number) & kOverflow);
}

// Counts until the 64-bit value wraps.
uint64_t until_wrap(const Counter& c) { return c.value == 0 ? core::kNever : uint64_t{0} - c.value; }

// Counts since the value was written. Negative for a counter that starts with the next instruction.
int64_t counted(const Hart& hart, unsigned number) {
  return static_cast<int64_t>(total(hart, number) - counter(hart, number).since);
}

bool has_wrapped(const Hart& hart, unsigned number) {
  const int64_t done = counted(hart, number);
  return done >= 0 && static_cast<uint64_t>(done) >= until_wrap(counter(hart, number));
}

}  // namespace

uint64_t read_counter(const Hart& hart, unsigned number) {
  const Counter& c = counter(hart, number);
  return runs(hart, number) ? c.value + (total(hart, number) - c.since) : c.value;
}

void write_counter(Hart& hart, unsigned number, uint64_t value) {
  start(hart, number, value);
  note_watching(hart);
}

void write_counter_inhibit(Hart& hart, uint64_t value) {
  constexpr uint32_t kWritable = ((1u << (kFirstHpm + kHpmCounters)) - 1) & ~2u;  // time cannot be stopped
  const uint32_t changed = hart.csr.mcountinhibit ^ (static_cast<uint32_t>(value) & kWritable);
  for (unsigned number = 0; number < kFirstHpm + kHpmCounters; ++number) {
    if (!((changed >> number) & 1)) continue;
    // A counter that stops still counts the instruction that stops it.
    const uint64_t now = read_counter(hart, number) + (runs(hart, number) ? own_retirement(hart, number) : 0);
    hart.csr.mcountinhibit ^= 1u << number;
    start(hart, number, now);
  }
  note_watching(hart);
}

void write_counter_event(Hart& hart, unsigned number, uint64_t value) {
  const uint64_t now = read_counter(hart, number);
  const uint64_t filters = hart.config.sscofpmf ? kOverflow | kNotM | kNotS | kNotU : 0;
  const uint64_t selector = value & 0xff'ffff'ffff'ffff;
  hart.csr.hpm_event[number - kFirstHpm] = (value & filters) | (counts_event(selector) ? selector : 0);
  start(hart, number, now);
  note_watching(hart);
}

uint64_t counter_overflows(const Hart& hart) {
  uint64_t bits = 0;
  for (unsigned i = 0; i < kHpmCounters; ++i)
    if (hart.csr.hpm_event[i] & kOverflow) bits |= uint64_t{1} << (i + kFirstHpm);
  return bits;
}

void account_privilege(Hart& hart, unsigned retiring) noexcept {
  const uint64_t now = hart.retired() + retiring;
  hart.retired_in[static_cast<unsigned>(hart.privilege)] += now - hart.retired_mark;
  hart.retired_mark = now;
  if (hart.watches_overflow) hart.attention->wanted = true;
}

core::Step steps_to_overflow(const Hart& hart) noexcept {
  core::Step least = core::kNever;
  if (!hart.config.sscofpmf) return least;
  for (unsigned number = kFirstHpm; number < kFirstHpm + kHpmCounters; ++number) {
    if (!may_overflow(hart, number) || excludes(event_of(hart, number), hart.privilege)) continue;
    const uint64_t wrap = until_wrap(counter(hart, number));
    if (wrap == core::kNever || has_wrapped(hart, number)) continue;
    least = std::min(least, wrap - static_cast<uint64_t>(counted(hart, number)));
  }
  return least;
}

void check_overflow(Hart& hart) noexcept {
  for (unsigned number = kFirstHpm; number < kFirstHpm + kHpmCounters; ++number) {
    if (!may_overflow(hart, number) || !has_wrapped(hart, number)) continue;
    hart.csr.hpm_event[number - kFirstHpm] |= kOverflow;
    hart.csr.mip_software |= uint64_t{1} << irq::kLcof;
  }
}

}  // namespace vitrine::riscv
