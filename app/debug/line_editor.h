// SPDX-License-Identifier: MIT
// A line from a terminal, plain: completion and history are to come, by a library.
#pragma once

#include <optional>
#include <string>

namespace vitrine::app::debug {

// Nothing: the end of the input.
std::optional<std::string> read_line(const std::string& prompt);

}  // namespace vitrine::app::debug
