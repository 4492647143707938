// SPDX-License-Identifier: MIT
// Reading files that a user names: kernels, firmware, device trees, initial file systems. Files are hostile
// input: special files are refused, sizes are bounded, and names are quoted before they reach a terminal.
// Next to read: core/file_kind.h, which tells what a file is, and core/image.h, which loads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace vitrine::core {

// The whole of a regular file or of a pipe, at most `max_size` bytes. Directories and devices are refused. A
// file that does not exist or may not be opened is ErrorKind::kMissing; an empty one is an empty vector.
Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t max_size);

// The first bytes of a regular file of any size, at most `count`, and its size: enough to tell what it is.
struct FileHead {
  std::vector<std::byte> bytes;
  uint64_t size = 0;
};
Result<FileHead> read_head(const std::string& path, uint64_t count);

// Text of others (paths, symbol names) for a message: control characters become \xNN or \u00NN, and what
// is longer than `limit` bytes is cut.
std::string printable(std::string_view text, size_t limit = 300);

// "512 bytes", "20 KiB", "1.5 GiB".
std::string size_text(uint64_t bytes);

}  // namespace vitrine::core
