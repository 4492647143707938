// SPDX-License-Identifier: MIT
// An assembler with asmjit's vocabulary: its functions for each instruction, its operands, its numbers of instructions. The
// forms that are nine tenths of generated code (moves, integer arithmetic, jumps, labels) are encoded here: asmjit checks and
// looks up everything about an instruction, which takes 200 host instructions for each, and these need some dozens. All else
// asmjit encodes. The bytes are the same (tests/isa/x86/assembler_test.cpp compares).
//
// Labels are places in this one piece of code. A jump to a label that is not bound yet is a link of a chain
// through the displacements of all such jumps, which bind() fills in.
#pragma once

#include <asmjit/x86.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace vitrine::x86 {

class Assembler final : public asmjit::x86::EmitterImplicitT<Assembler> {
 public:
  Assembler();

  // Forgets what was made. What comes now is meant to run at `address`, and has at most kMaxBytes.
  static constexpr size_t kMaxBytes = 64 << 10;
  void begin(const uint8_t* address);
  // What was made since; all labels that were used are bound. Valid until the next begin().
  [[nodiscard]] std::span<const uint8_t> code() const;
  [[nodiscard]] size_t offset() const { return static_cast<size_t>(end_ - begin_); }

  asmjit::Label newLabel() {
    places_.emplace_back();
    return asmjit::Label(static_cast<uint32_t>(places_.size() - 1));
  }
  void bind(const asmjit::Label& label);

  // The doors through which every instruction comes, as EmitterImplicitT wants them.
  asmjit::Error _emitI(asmjit::InstId id);
  asmjit::Error _emitI(asmjit::InstId id, const asmjit::Operand_& o0);
  asmjit::Error _emitI(asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1);
  template <class... More>
  asmjit::Error _emitI(asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1, const asmjit::Operand_& o2,
                       const More&... more) {
    return emit_by_asmjit(id, {&o0, &o1, &o2, &more...});
  }
  template <class... Operands>
  asmjit::Error emit(asmjit::InstId id, const Operands&... operands) {
    return _emitI(id, operands...);
  }
  // Of the next instruction, which is a jump: its displacement has four bytes.
  void addInstOptions(asmjit::InstOptions options) { long_form_ = asmjit::Support::test(options, asmjit::InstOptions::kLongForm); }

 private:
  struct Place {
    int32_t bound = -1;  // offset, or not yet
    int32_t last_use =
        -1;  // end of the displacement of the last jump to it while it is not bound; it holds the one before
  };
  // asmjit's, whose buffer is ours, too.
  struct Asmjit final : asmjit::x86::Assembler {
    using asmjit::BaseAssembler::_bufferData, asmjit::BaseAssembler::_bufferPtr;
  };
  [[gnu::noinline]] asmjit::Error emit_by_asmjit(asmjit::InstId id, std::initializer_list<const asmjit::Operand_*> operands);
  // Each encodes one instruction at `to`, and returns its end; nullptr: asmjit shall do it.
  uint8_t* encode(uint8_t* to, asmjit::InstId id, const asmjit::Operand_& o0, const asmjit::Operand_& o1);
  uint8_t* encode_jump(uint8_t* to, unsigned opcode, const asmjit::Operand_& target);

  asmjit::CodeHolder holder_;
  Asmjit asmjit_;
  uint8_t* begin_ = nullptr;
  uint8_t* limit_ = nullptr;  // where more than kMaxBytes were made
  uint8_t* end_ = nullptr;
  bool long_form_ = false;
  std::vector<Place> places_;  // by label
};

}  // namespace vitrine::x86
