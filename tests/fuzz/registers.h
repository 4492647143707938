// SPDX-License-Identifier: MIT
// A guest at the registers of one device, in acts of a few bytes: reads, writes, time that passes, and what the device's
// own target adds. Looks change nothing, and a saved device can be restored.
#pragma once

#include "tests/devices/bench.h"
#include "tests/fuzz/input.h"

namespace vitrine::fuzz {

using devices::test::Bench;

// The restoring helpers of tests/devices/ speak through GoogleTest.
inline const bool kGoogleTestAborts = [] { return GTEST_FLAG_SET(break_on_failure, true), true; }();

// A place of the register table, of which rows may be thousands of registers, or any other. `where` 255: any.
inline uint64_t offset_of(const core::Device& device, Input& input) {
  const auto rows = device.registers();
  const uint8_t where = input.byte();
  const auto index = input.take<uint16_t>();
  if (where == 255) return index << 8 | input.byte();
  const core::RegisterRow& row = rows[where % rows.size()];
  return row.offset + uint64_t{row.stride} * (index % std::max<uint64_t>(row.count, 1));
}

// One access, of a width and an alignment that the bus lets through.
inline void access(core::Device& device, Input& input, bool write) {
  unsigned width = 1u << input.byte() % 4;
  while (!(device.widths() & width)) width = width == 8 ? 1 : width * 2;
  const uint64_t offset = offset_of(device, input) & ~uint64_t{width - 1};
  const uint64_t seen = device.peek(offset, width);
  require(device.peek(offset, width) == seen, "a look changes nothing");
  if (!write) return static_cast<void>(device.read(offset, width));
  const uint64_t mask = width == 8 ? ~uint64_t{0} : (uint64_t{1} << width * 8) - 1;
  device.write(offset, width, input.take<uint64_t>() & mask);
}

// `act(number)` is what the target adds: acts 4 and up.
template <typename Act>
void drive(Bench& bench, core::Device& device, Input& input, Act act) {
  while (!input.empty()) {
    const unsigned what = input.byte() % 8;
    switch (what) {
      case 0: access(device, input, false); break;
      case 1:
      case 2: access(device, input, true); break;
      case 3: bench.advance(input.take<uint16_t>()); break;
      default: act(what);
    }
  }
  const auto state = devices::test::save(bench, device);
  devices::test::restore(bench, device, state);
  require(devices::test::save(bench, device) == state, "what was saved is what is restored");
  device.reset();
}

}  // namespace vitrine::fuzz
