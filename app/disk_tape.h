// SPDX-License-Identifier: MIT
// The requests to one disk, in order: what was asked and how it ended, recorded at one machine and played to
// a second one that makes the same requests. Only the first machine reaches the disk.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "devices/virtio/block_backend.h"

namespace vitrine::app {

class DiskTape {
 public:
  // The first machine's end of the disk, and the second one's. The tape outlives both.
  std::unique_ptr<devices::BlockBackend> recorder(std::unique_ptr<devices::BlockBackend> disk);
  std::unique_ptr<devices::BlockBackend> player();

  // What the second machine asked for that the first one did not, or the other way round, once it is known;
  // or empty.
  [[nodiscard]] std::string difference() const;
  // While true the disk's own state stays out of archives: it is one disk for both.
  bool leave_out_contents = false;

 private:
  class Recorder;
  class Player;
  enum class Kind : uint8_t { kRead, kWrite, kZeroes, kDiscard, kFlush };
  struct Request {
    Kind kind;
    uint64_t offset = 0, size = 0;
    uint64_t detail = 0;  // a hash of what is written; the flag of write_zeroes
    bool done = false;
    std::vector<uint8_t> bytes = {};  // that were read
  };
  static std::string text(const Request& request);

  devices::BlockBackend* disk_ = nullptr;
  std::deque<Request> requests_;
  std::string difference_;
};

}  // namespace vitrine::app
