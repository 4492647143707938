// SPDX-License-Identifier: MIT
// The instructions of docs/what-one-instruction-becomes.md, and what a reader shall see in each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "isa/riscv/hart.h"

namespace vitrine::pages {

struct Example {
  const char* text;            // as the disassembler prints it; several: separated by "; "
  std::vector<uint32_t> bits;  // machine code, all of 32 bits
  const char* why;             // what to see
  riscv::Privilege privilege = riscv::Privilege::kUser;
};
struct Section {
  const char* title;
  std::vector<Example> examples;
};
std::span<const Section> sections();

}  // namespace vitrine::pages
