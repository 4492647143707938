// SPDX-License-Identifier: MIT
// The disk with a data register: registers (tests/fuzz/registers.h), and a host that fails now and then.
#include "devices/port_disk.h"
#include "tests/devices/virtio/memory_disk.h"
#include "tests/fuzz/registers.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  devices::test::Bench bench;
  auto memory = std::make_unique<devices::test::MemoryDisk>(4);
  devices::test::MemoryDisk& disk = *memory;
  disk.fixed = input.byte() & 1;
  auto port = std::move(devices::PortDisk::create("disk", std::move(memory), "image").value());
  const std::vector<uint8_t> before = disk.bytes;
  fuzz::drive(bench, *port, input, [&](unsigned what) { disk.fail = what & 1; });
  fuzz::require(!disk.fixed || disk.bytes == before, "a read-only disk keeps its bytes");
}
