// SPDX-License-Identifier: MIT
// ELF64 for RISC-V, as far as loading a program needs it: header, PT_LOAD, symbol table. Formats after the
// System V ABI (gABI), chapters "ELF Header", "Program Header", "Symbol Table"; RISC-V's numbers after the
// psABI.
#pragma once

#include <cstddef>
#include <span>

#include "core/image.h"
#include "core/result.h"

namespace vitrine::core {

// Fills segments, entry, symbols and notes of `image`, whose path is set. A damaged or foreign file is an
// error; damaged sections and symbols are only noted, since loading needs none.
Result<> parse_elf(std::span<const std::byte> file, Image& image);

}  // namespace vitrine::core
