// SPDX-License-Identifier: MIT
// The tape of a disk: requests are recorded, and played to a second machine that makes the same ones, or strays. The
// same requests have the same answers and show no difference; the machine that strays is told of.
#include <numeric>

#include "app/disk_tape.h"
#include "tests/devices/virtio/memory_disk.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

namespace {

struct Request {
  uint8_t kind, sector, sectors, fill;
};

constexpr uint64_t kSectors = 16;

// What came back: done, and the bytes that were read.
std::pair<bool, std::vector<uint8_t>> make(devices::BlockBackend& disk, const Request& request) {
  const uint64_t first = request.sector % kSectors, count = 1 + request.sectors % (kSectors - first);
  std::vector<uint8_t> bytes(count * 512, request.fill);
  const size_t half = bytes.size() / 2;
  const iovec parts[] = {{bytes.data(), half}, {bytes.data() + half, half}};
  switch (request.kind % 5) {
    case 0: return {disk.read(first * 512, parts), bytes};
    case 1: return {disk.write(first * 512, parts), {}};
    case 2: return {disk.write_zeroes(first * 512, bytes.size(), request.fill & 1), {}};
    case 3: return {disk.discard(first * 512, bytes.size()), {}};
    default: return {disk.flush(), {}};
  }
}

}  // namespace

VITRINE_FUZZ_TARGET(input) {
  app::DiskTape tape;
  auto memory = std::make_unique<devices::test::MemoryDisk>(kSectors);
  devices::test::MemoryDisk& disk = *memory;
  std::iota(disk.bytes.begin(), disk.bytes.end(), uint8_t{0});
  const auto recorder = tape.recorder(std::move(memory));
  const auto player = tape.player();
  bool strayed = false;
  while (!input.empty() && !strayed) {
    const auto how = input.byte();
    const auto request = input.take<Request>();
    disk.fail = (how & 3) == 3;
    const auto recorded = make(*recorder, request);
    Request second = request;
    if ((how & 12) == 12) second.kind = static_cast<uint8_t>(request.kind % 5 + 1);  // another kind, always
    strayed = second.kind % 5 != request.kind % 5;
    const auto played = make(*player, second);
    if (!strayed) fuzz::require(played.first == recorded.first && (!played.first || played.second == recorded.second), "the same answers");
    fuzz::require(tape.difference().empty() != strayed, "who strays is told of, and nobody else");
  }
}
