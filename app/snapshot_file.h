// SPDX-License-Identifier: MIT
// The form of a snapshot's file; what its sections mean is in snapshot.h. All numbers are little endian.
//
//     "vitrine-snapshot"   16 bytes, then the format's number and a zero, of 4 bytes each
//     section              its kind (4 letters), a zero of 4 bytes, length (8), checksum (8); then so many
//     bytes
//     ...
//     section "end "       of no bytes; nothing stands behind it
//
// A checksum is the XXH3 of the section's bytes; its seed follows from the section's kind and length and from
// the checksum before it. So no section can be changed, left out, moved or brought in from another file, and
// the last checksum stands for the file. The file comes from anywhere: nothing is believed, and no memory
// taken, because a number in it says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace vitrine::app {

inline constexpr std::string_view kSnapshotMagic = "vitrine-snapshot";
inline constexpr uint32_t kSnapshotFormat = 1;

using SectionKind = std::array<char, 4>;
inline constexpr SectionKind kEndSection = {'e', 'n', 'd', ' '};

// Writes beside `path`; the file gets its name when it is whole and on the disk. However the writer ends, the
// old file is there until then. What is left behind if it is killed is PATH.XXXXXX.
class SnapshotWriter {
 public:
  // Something else than a file at `path` is not replaced.
  static core::Result<std::unique_ptr<SnapshotWriter>> create(const std::string& path);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  void add(SectionKind kind, std::span<const std::byte> bytes);
  // The end section, and the name. The error is the first one of all that was written.
  core::Result<> finish();
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  SnapshotWriter(std::string path, std::string temporary, int fd);
  void write(const void* from, size_t size);

  std::string path_, temporary_;
  int fd_;
  int error_ = 0;
  uint64_t size_ = 0;
  uint64_t checksum_ = 0;
};

class SnapshotReader {
 public:
  // Looks through the whole file, but not into its sections. Refuses what is no snapshot, or one of another
  // format.
  static core::Result<std::unique_ptr<SnapshotReader>> open(const std::string& path);
  ~SnapshotReader();
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  struct Section {
    SectionKind kind;
    uint64_t at, length, checksum, seed;
  };
  // Without the end.
  [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }
  // A section's bytes, at most so many, once they are what the checksum says. Any number of threads may read.
  [[nodiscard]] core::Result<std::vector<std::byte>> read(const Section& section, uint64_t most) const;
  // It stands for the file.
  [[nodiscard]] uint64_t checksum() const { return checksum_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // "'F' is damaged: WHY"
  [[nodiscard]] core::Error damaged(std::string_view why) const;

 private:
  SnapshotReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  core::Result<> read_sections();
  [[nodiscard]] bool read_at(uint64_t at, void* to, size_t size) const;

  std::string path_;
  int fd_;
  uint64_t checksum_ = 0;
  std::vector<Section> sections_;
};

// Is this a file that begins as a snapshot does?
bool is_snapshot(const std::string& path);

}  // namespace vitrine::app
