// SPDX-License-Identifier: MIT
// Messages of the Debug Adapter Protocol as bytes: a header that says how long the JSON behind it is. What they say: dap_adapter.h.
// "Debug Adapter Protocol", overview, "Base Protocol".
//
//   Content-Length: 119\r\n
//   \r\n
//   {"seq": 153, "type": "request", "command": "next", "arguments": {"threadId": 3}}
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vitrine::app::dap {

inline constexpr size_t kMostBytes = 16 << 20;  // of a message that we take

// Takes a stream in pieces of any size.
class MessageReader {
 public:
  void put(std::string_view bytes) { bytes_ += bytes; }
  // The JSON of the next message, if all of it is there.
  std::optional<std::string> next();
  // Why the stream makes no sense any more: no message can be found in it from here on. Empty: all is well.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void read_header();

  std::string bytes_;
  std::optional<size_t> length_;  // of the message whose header was read
  std::string problem_;
};

std::string framed(std::string_view json);

}  // namespace vitrine::app::dap
