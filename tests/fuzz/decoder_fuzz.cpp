// SPDX-License-Identifier: MIT
// The decoder and the disassembler: four bytes an instruction, after eight of the extensions that are there.
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/fuzz/input.h"

using namespace vitrine::riscv;

VITRINE_FUZZ_TARGET(input) {
  const auto without = input.take<uint64_t>();
  ExtensionSet available = ExtensionSet::standard();
  for (unsigned i = 0; i < static_cast<unsigned>(Extension::kCount); ++i)
    if (without >> i & 1) available.clear(static_cast<Extension>(i));
  while (!input.empty()) {
    const auto bits = input.take<uint32_t>();
    const Insn insn = decode(bits, available);
    vitrine::fuzz::require(insn.length == instruction_length(static_cast<uint16_t>(bits)), "an instruction is as long as its low bits say");
    const bool illegal = insn.op == Op::illegal;
    const bool legal_with_all = decode(bits, ExtensionSet::standard()).op != Op::illegal;
    vitrine::fuzz::require(illegal || legal_with_all, "fewer extensions make nothing legal");
    for (const Style style : {Style::canonical, Style::friendly}) {
      const std::string text = disassemble(insn, 0x8000'0000, style);
      vitrine::fuzz::require(!text.empty() && text.starts_with('.') == illegal, "what is illegal, and that alone, is shown as data");
    }
  }
}
