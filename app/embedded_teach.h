// SPDX-License-Identifier: MIT
// The image of the teaching kernel, examples/teach/teach.elf, as part of the program: `vitrine run` needs no
// file.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace vitrine::app {

std::span<const std::byte> embedded_teach();
// examples/teach/teach.kernel.toml: where it keeps its processes (kernel_info.h).
std::string_view embedded_teach_info();

}  // namespace vitrine::app
