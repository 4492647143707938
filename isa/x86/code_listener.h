// SPDX-License-Identifier: MIT
// Who wants to know of generated code: tools of the host that would otherwise show bare addresses. Told by
// who makes the code; not there, it costs a test of a pointer for each block. Next: host_tools.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::x86 {

class CodeListener {
 public:
  virtual ~CodeListener() = default;
  // `code` runs from now on, where it stands; the name has no blanks.
  virtual void added(std::string_view name, std::span<const uint8_t> code) noexcept = 0;
  // Whatever was added at `from` or behind it is gone, and its place will be used anew.
  virtual void forgotten(const uint8_t* from) noexcept = 0;
};

class HostTool : public CodeListener {
 public:
  // What went wrong since it was made: a sentence, or empty.
  [[nodiscard]] virtual std::string problem() const = 0;
};

}  // namespace vitrine::x86
