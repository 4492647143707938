// SPDX-License-Identifier: MIT
// The bytes come in by the assembler; the build names the file. Both labels are global and hidden: to the
// compiler they are somebody else's symbols, and a table entry for a label that only the assembler knew would
// not tell them apart.
#include "app/embedded_teach.h"

asm(R"(
  .section .rodata
  .balign 16
  .globl vitrine_teach_begin, vitrine_teach_end
  .hidden vitrine_teach_begin, vitrine_teach_end
vitrine_teach_begin:
  .incbin ")" VITRINE_TEACH_IMAGE R"("
vitrine_teach_end:
  .globl vitrine_teach_info_begin, vitrine_teach_info_end
  .hidden vitrine_teach_info_begin, vitrine_teach_info_end
vitrine_teach_info_begin:
  .incbin ")" VITRINE_TEACH_INFO R"("
vitrine_teach_info_end:
  .previous
)");

extern "C" {
[[gnu::visibility("hidden")]] extern const std::byte vitrine_teach_begin[];
[[gnu::visibility("hidden")]] extern const std::byte vitrine_teach_end[];
[[gnu::visibility("hidden")]] extern const char vitrine_teach_info_begin[];
[[gnu::visibility("hidden")]] extern const char vitrine_teach_info_end[];
}

namespace vitrine::app {

std::span<const std::byte> embedded_teach() { return {vitrine_teach_begin, vitrine_teach_end}; }

std::string_view embedded_teach_info() {
  return {vitrine_teach_info_begin, static_cast<size_t>(vitrine_teach_info_end - vitrine_teach_info_begin)};
}

}  // namespace vitrine::app
