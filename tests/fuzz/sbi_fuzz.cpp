// SPDX-License-Identifier: MIT
// The built-in SBI: calls of two harts in S mode. A call is its row of sbi_rows.inc, or two numbers of any value, and
// arguments that are small, addresses around RAM, or anything.
#include "isa/riscv/sbi.h"
#include "tests/fuzz/input.h"
#include "tests/isa/riscv/sbi_rig.h"

using namespace vitrine;
using namespace vitrine::riscv;

namespace {

uint64_t argument(fuzz::Input& input) {
  switch (input.byte() % 8) {
    case 0: return input.take<uint64_t>();
    case 1: return ~uint64_t{0} - input.byte();
    case 2: return test::kRamEnd - input.byte();
    case 3: return test::kRamBase + input.take<uint32_t>() % test::kRamSize;
    case 4: return input.take<uint16_t>();
    default: return input.byte() % 4;
  }
}

void call(test::Rig& rig, fuzz::Input& input) {
  const unsigned id = input.byte() & 1;
  const auto calls = sbi_calls();
  const uint8_t which = input.byte();
  const bool known = which < 240;
  const SbiCall& row = calls[which % calls.size()];
  const uint64_t extension = known ? row.extension : input.take<uint64_t>();
  const uint64_t function = known && row.function != SbiCall::kAnyFunction ? row.function : input.byte();
  const uint64_t a0 = argument(input), a1 = argument(input), a2 = argument(input), a3 = argument(input), a4 = argument(input);
  // Who does not run makes no calls.
  if (rig.sbi->state(rig.hart(id)) != HartState::kStarted) return;
  const size_t before = rig.console.output.size();
  rig.call_on(id, extension, function, {a0, a1, a2, a3, a4});
  fuzz::require(rig.console.output.size() - before <= Sbi::kMostConsoleBytes, "the output of one call is bounded");
  for (unsigned i = 0; i < 2; ++i) fuzz::require(rig.hart(i).privilege != Privilege::kMachine, "no hart comes to M mode");
}

}  // namespace

VITRINE_FUZZ_TARGET(input) {
  test::Rig rig(2);
  while (!input.empty()) {
    if (rig.resets.seen.size() > 1) return;
    if (input.byte() % 4 == 0) rig.console.type(std::string(1, static_cast<char>(input.byte())));
    call(rig, input);
  }
}
