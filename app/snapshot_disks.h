// SPDX-License-Identifier: MIT
// The disks that a snapshot is bound to: a machine goes on only with the images that it had. An image is
// known by its place, size and time of last change; where these are others, by its contents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/machine_config.h"
#include "core/result.h"

namespace vitrine::app {

struct SnapshotDisk {
  static constexpr uint64_t kPiece = 1 << 20;
  std::string path;  // absolute
  uint64_t size = 0;
  // Of its last change, since 1970. 0: it was changed just then, and may be changed again in the same moment.
  int64_t seconds = 0, nanoseconds = 0;
  std::vector<uint64_t> hashes;  // of its pieces; 0: all zero
};

// The images of a machine, in the order of its configuration.
std::vector<DiskConfig> disks_of(const MachineConfig& config);

// An image as it is now.
core::Result<SnapshotDisk> look_at_disk(const std::string& path);
// "the disk 'd.img' has changed since: ..."; empty: it has not.
std::string disk_difference(const SnapshotDisk& then, const std::string& path);

}  // namespace vitrine::app
