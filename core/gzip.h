// SPDX-License-Identifier: MIT
// Unpacking gzip (RFC 1952) within bounds: a few bytes of hostile input may ask for gigabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace vitrine::core {

// The first member of a gzip file; what follows it (padding, a signature) is left alone. Truncated or damaged
// input, and more than `limit` bytes of output, are errors. `path` is for messages.
Result<std::vector<std::byte>> gunzip(const std::string& path, std::span<const std::byte> file,
                                      uint64_t limit);

// The first bytes only, at most `count`, of input that may be cut off; nothing if it is damaged from the
// start.
std::vector<std::byte> gunzip_head(std::span<const std::byte> file, size_t count);

}  // namespace vitrine::core
