// SPDX-License-Identifier: MIT
// The CLINT: registers (tests/fuzz/registers.h) of up to four harts. mtime >= mtimecmp is what drives the wire.
#include "devices/clint.h"
#include "tests/fuzz/registers.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const unsigned harts = 1 + input.byte() % 4;
  devices::test::Bench bench;
  std::vector<devices::Clint::HartLines> lines;
  for (unsigned i = 0; i < harts; ++i) lines.push_back({bench.wires.line(2 * i), bench.wires.line(2 * i + 1)});
  devices::Clint clint("clint", bench.scheduler, lines);
  fuzz::drive(bench, clint, input, [&](unsigned) {
    bench.advance(0);
    for (unsigned i = 0; i < harts; ++i) {
      const uint64_t when = clint.peek(0x4000 + 8 * i, 8);
      fuzz::require(bench.wires.level(2 * i + 1) == (clint.mtime() >= when), "the timer's wire is high from mtimecmp on");
      fuzz::require(bench.wires.level(2 * i) == (clint.peek(4 * i, 4) & 1), "msip drives its wire");
    }
  });
}
