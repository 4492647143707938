// SPDX-License-Identifier: MIT
// The image of the teaching kernel, examples/teach/teach.elf, as part of the program: `vitrine run` needs no
// file.
#pragma once

#include <cstddef>
#include <span>

namespace vitrine::app {

std::span<const std::byte> embedded_teach();

}  // namespace vitrine::app
