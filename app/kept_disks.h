// SPDX-License-Identifier: MIT
// The disks of a run that is kept. Of each block of 4 KiB it is written down, when the run first touches it,
// what stood there: a hash when it is read, the bytes when they are about to be overwritten. So a run can be
// made again from the image as it is afterwards, nothing has to be hashed that nobody read, and an image that
// somebody else has changed is noticed at the first block that matters. What is kept before a block is
// overwritten is in the file (kept_run.h) before the image changes: a run that is killed at any moment leaves
// both such that they fit.
//
// KeepingDisks stands below the machine's disks while the run is made, KeptDisks while it is made again;
// there nothing is written to the image. Next: kept_run.h, devices/virtio/block_backend.h.
#pragma once

#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/kept_run.h"
#include "app/machine_config.h"
#include "devices/virtio/raw_file.h"

namespace vitrine::app {

// A set of block numbers, sparse.
class BlockSet {
 public:
  [[nodiscard]] bool has(uint64_t block) const {
    const auto found = parts_.find(block / kPart);
    return found != parts_.end() && found->second[block % kPart];
  }
  void add(uint64_t block) { parts_[block / kPart].set(block % kPart); }

 private:
  static constexpr size_t kPart = 4096;
  std::map<uint64_t, std::bitset<kPart>> parts_;
};

class KeepingDisks {
 public:
  // The machine's end of a disk. This outlives it.
  std::unique_ptr<devices::BlockBackend> keep(std::unique_ptr<devices::RawFile> image,
                                              const DiskConfig& config);
  // Of the kept run's header, in the order in which they were opened.
  [[nodiscard]] const std::vector<KeptDiskHeader>& headers() const { return headers_; }
  // From here on; without a writer it only passes requests on.
  void write_to(KeptRunWriter* writer, const core::Clock& clock) {
    writer_ = writer;
    clock_ = &clock;
  }
  void stop() { writer_ = nullptr; }

 private:
  class Disk;
  std::vector<KeptDiskHeader> headers_;
  KeptRunWriter* writer_ = nullptr;
  const core::Clock* clock_ = nullptr;
};

class KeptDisks {
 public:
  // `run` outlives this. `failed` is called when a problem is found, once.
  KeptDisks(const KeptRun& run, std::function<void()> failed) : run_(run), failed_(std::move(failed)) {}
  void watch(const core::Clock& clock) { clock_ = &clock; }

  // The machine's end of the next disk, above its image.
  core::Result<std::unique_ptr<devices::BlockBackend>> open(const DiskConfig& config,
                                                            devices::BlockObserver& observer);
  // "the disk 'd.img' has changed since the run: ...", once that is known; or empty.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  class Image;
  class Written;
  void fail(std::string what);
  [[nodiscard]] bool known_until_now() const;

  const KeptRun& run_;
  std::function<void()> failed_;
  const core::Clock* clock_ = nullptr;
  size_t opened_ = 0;
  std::string problem_;
};

}  // namespace vitrine::app
