// SPDX-License-Identifier: MIT
// asmjit's assembler, with the forms that are nine tenths of generated code encoded here: moves, integer
// arithmetic, jumps and labels. asmjit checks and looks up everything about an instruction, which takes 200
// host instructions for each; these forms need some dozens. The bytes are asmjit's
// (tests/isa/x86/assembler_test.cpp compares), and so is everything else.
//
// Labels are places in this one piece of code. A jump to a label that is not bound yet is a link of a chain
// through the displacements of all such jumps, which bind() fills in.
#pragma once

#include <asmjit/x86.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vitrine::x86 {

class Assembler final : public asmjit::x86::Assembler {
 public:
  Assembler();

  // Forgets what was made. What comes now is meant to run at `address`, and has at most kMaxBytes.
  static constexpr size_t kMaxBytes = 64 << 10;
  void begin(const uint8_t* address);
  // What was made since; all labels that were used are bound. Valid until the next begin().
  [[nodiscard]] std::span<const uint8_t> code() const;

  // The three doors through which everything comes.
  asmjit::Label newLabel() override;
  asmjit::Error bind(const asmjit::Label& label) override;
  asmjit::Error _emit(asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1,
                      const asmjit::Operand_& o2, const asmjit::Operand_* more) override;

 private:
  struct Place {
    int32_t bound = -1;  // offset, or not yet
    int32_t last_use =
        -1;  // end of the displacement of the last jump to it while it is not bound; it holds the one before
  };
  [[gnu::noinline]] asmjit::Error emit_by_asmjit(asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1,
                                                 const asmjit::Operand_& o2, const asmjit::Operand_* more);
  // Each encodes one instruction at `to`, and returns its end; nullptr: asmjit shall do it.
  uint8_t* encode(uint8_t* to, asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1);
  uint8_t* encode_jump(uint8_t* to, unsigned opcode, const asmjit::Operand_& target);

  asmjit::CodeHolder holder_;
  std::vector<Place> places_;  // by label
};

}  // namespace vitrine::x86
