// SPDX-License-Identifier: MIT
// Memory for generated code, mapped twice. Code is written through one mapping and runs in the other, so no
// address is ever writable and executable at once. Space is taken from the front and given back all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/result.h"

namespace vitrine::x86 {

class CodeMemory {
 public:
  // What the mappings are called in /proc/PID/maps: "vitrine-code", or nothing of ours. perf takes names of
  // generated code from its map (perf_map.h) only for memory of the second kind.
  enum class Name { kOurs, kNone };
  // `size` bytes, rounded up to whole pages. Pages cost memory when they are first used.
  static core::Result<std::unique_ptr<CodeMemory>> create(size_t size, Name name = Name::kOurs);
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  // Where code runs. Addresses in generated code are offsets from here, or relative to each other.
  [[nodiscard]] const uint8_t* base() const { return execute_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t left() const { return size_ - used_; }
  [[nodiscard]] bool contains(const void* at) const {
    const auto* byte = static_cast<const uint8_t*>(at);
    return byte >= execute_ && byte < execute_ + used_;
  }
  // The address at which the next append() will run.
  [[nodiscard]] const uint8_t* next() const { return execute_ + used_; }
  // Appends code that was made for next(); `size` <= left().
  const uint8_t* append(const void* code, size_t size);
  // Changes the 4-byte displacement that ends at `after` (a jmp or jcc) so that it leads to `target`.
  void point(const uint8_t* after, const uint8_t* target);
  // Makes the code at `from`, of which the first 5 bytes are lost, a jump to `target`.
  void redirect(const uint8_t* from, const uint8_t* target);
  // Gives back everything after the first `used` bytes.
  void rewind(size_t used) { used_ = used; }

 private:
  CodeMemory(uint8_t* write, uint8_t* execute, size_t size) : write_(write), execute_(execute), size_(size) {}
  void have_pages(size_t end);
  uint8_t* write_;
  uint8_t* execute_;
  size_t size_;
  size_t used_ = 0;
  size_t had_ = 0;  // up to here the host was asked for pages in advance
};

}  // namespace vitrine::x86
