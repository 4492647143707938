// SPDX-License-Identifier: MIT
// The PLIC: registers (tests/fuzz/registers.h) and lines of devices. The first byte chooses gateways, sources, contexts.
#include "devices/plic.h"
#include "tests/fuzz/registers.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const uint8_t shape = input.byte();
  const unsigned sources = shape & 2 ? 95 : 31;
  devices::test::Bench bench;
  std::vector<core::IrqLine> contexts;
  for (unsigned i = 0; i < 1u + (shape >> 2) % 4; ++i) contexts.push_back(bench.wires.line(i));
  devices::Plic plic("plic", sources, contexts, shape & 1 ? devices::Plic::Senses::kEdges : devices::Plic::Senses::kLevels);
  fuzz::drive(bench, plic, input, [&](unsigned what) { plic.irq_changed(1 + input.byte() % sources, what & 1); });
  for (unsigned i = 0; i < contexts.size(); ++i) fuzz::require(!bench.wires.level(i), "a reset lowers every wire");
}
