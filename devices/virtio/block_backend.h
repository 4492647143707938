// SPDX-License-Identifier: MIT
// Where the bytes of a virtual disk are. The disk's model checks every request against the capacity; a back
// end is asked for bytes inside it only. Back ends: raw_file.h, snapshot_overlay.h.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "core/state.h"

namespace vitrine::devices {

inline constexpr uint64_t kSectorSize = 512;

class BlockBackend {
 public:
  virtual ~BlockBackend() = default;

  [[nodiscard]] virtual uint64_t sectors() const = 0;  // fixed for the back end's life
  [[nodiscard]] virtual bool read_only() const = 0;

  // Offsets and sizes in bytes, multiples of the sector size and inside the capacity. False: the host could
  // not do it, wholly or in part; the observer was told why.
  [[nodiscard]] virtual bool read(uint64_t offset, std::span<const iovec> to) = 0;
  [[nodiscard]] virtual bool write(uint64_t offset, std::span<const iovec> from) = 0;
  // The bytes read as zero afterwards; `unmap`: the space may be given up.
  [[nodiscard]] virtual bool write_zeroes(uint64_t offset, uint64_t size, bool unmap) = 0;
  // The contents are no longer needed; a hint.
  [[nodiscard]] virtual bool discard(uint64_t offset, uint64_t size) = 0;
  // Everything written before is on stable storage when this returns true.
  [[nodiscard]] virtual bool flush() = 0;

  // What the machine's state holds of the disk: for a file, its identity; for an overlay, its contents.
  virtual void serialize(core::Archive& ar) = 0;
};

// Told when the host fails a disk: at the first failure, since a guest may retry for ever, and when it is for
// good.
class BlockObserver {
 public:
  virtual ~BlockObserver() = default;
  virtual void disk_failed(std::string_view message) = 0;
};

}  // namespace vitrine::devices
