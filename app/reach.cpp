// SPDX-License-Identifier: MIT
// Steps, and places among them.
#include "app/reach.h"

#include "app/diagnosis.h"
#include "app/text.h"

namespace vitrine::app {
namespace {

uint64_t bit_of(uint64_t pc) { return uint64_t{1} << ((pc >> 1) & 63); }

}  // namespace

void ReachCounter::watch(const Machine& machine, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto number = parse_number(name);
    const auto pc = number ? number : symbol_at(machine, name);
    places_.push_back({name, pc});
    if (pc) bits_ |= bit_of(*pc);
  }
}

void ReachCounter::count(uint64_t pc) {
  for (Place& place : places_)
    if (place.pc == pc) ++place.count;
}

void ReachCounter::run(riscv::Hart& hart, uint64_t steps) {
  do {
    if (bits_ & bit_of(hart.pc)) [[unlikely]]
      count(hart.pc);
    engine_.run(hart, 1);
  } while (--steps != 0 && !hart.attention->wanted);
}

}  // namespace vitrine::app
