// SPDX-License-Identifier: MIT
// Host code as text, for people: reports, listings, the pages of docs/. Nothing that runs a guest needs it.
// Capstone does the work; it is loaded when a Disassembler is opened, since linking it would add more than a
// millisecond to every start of the program. Intel's syntax, as in Intel's manual, volume 2. Next:
// disassembler.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace vitrine::x86 {

// A register that an instruction names, or memory that it names by a register and a displacement.
struct Operand {
  std::string base;  // the whole 64-bit register: "rbx" for ebx, bx, bl; "xmm0"; "" for an absolute address
  bool memory = false;       // [base + displacement]
  bool indexed = false;      // and there is an index register as well
  int64_t displacement = 0;  // of memory
  unsigned size = 0;         // bytes that are read or written
};

struct Instruction {
  uint64_t address = 0;
  std::span<const uint8_t> bytes;  // a part of what was given
  std::string mnemonic,
      operands;  // "mov", "eax, dword ptr [rbp - 0x50]"; bytes that are no instruction: ".byte", "0x06"
  std::vector<Operand> named;  // what stands in `operands`, in that order; immediate values are left out
};

// What a line of a listing shows besides the instruction.
struct Listing {
  bool addresses = false;
  bool bytes = false;
  // A word for an operand, or "" for none: the guest register of a fixed register map, a field of a
  // structure. The words of a line stand behind ';', each once.
  std::function<std::string(const Operand&)> name = nullptr;
};

class Disassembler {
 public:
  // Fails (kMissing) where Capstone is not installed: the message names the package.
  static core::Result<Disassembler> open();
  Disassembler(Disassembler&&) noexcept;
  ~Disassembler();

  // All of `code`, which runs at `address`.
  [[nodiscard]] std::vector<Instruction> instructions(std::span<const uint8_t> code, uint64_t address) const;
  // The same as lines that end with '\n'.
  [[nodiscard]] std::string text(std::span<const uint8_t> code, uint64_t address,
                                 const Listing& listing = {}) const;

 private:
  struct Library;
  explicit Disassembler(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

}  // namespace vitrine::x86
