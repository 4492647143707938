// SPDX-License-Identifier: MIT
// The bytes come in by the assembler; the build names the file.
#include "app/embedded_teach.h"

asm(R"(
  .section .rodata
  .balign 16
vitrine_teach_begin:
  .incbin ")" VITRINE_TEACH_IMAGE R"("
vitrine_teach_end:
  .previous
)");

extern "C" {
extern const std::byte vitrine_teach_begin[];
extern const std::byte vitrine_teach_end[];
}

namespace vitrine::app {

std::span<const std::byte> embedded_teach() { return {vitrine_teach_begin, vitrine_teach_end}; }

}  // namespace vitrine::app
