// SPDX-License-Identifier: MIT
// From IR to host code, through an assembler (isa/x86/assembler.h). One walk over the nodes; no register allocation beyond
// the fixed map (registers.h) and three temporaries for what happens inside an instruction.
//
// A block in host code:
//
//     entry:   sub r15, n          n instructions are paid for in advance
//              js  undo            they do not fit the budget: give them back, leave, the interpreter does the rest
//              ...
//     access:  lea rcx, [base+imm]; sub rcx, [start]; cmp rcx, [length]; jae cold; mov rcx, [addend]
//     found:   mov reg, [rcx+base+imm]
//     after:   mov [rcx+base+imm], reg     an access that shares the check before
//              ...
//              jcc side            a branch that is taken
//     cold:    mov [site], k; lea rcx, [base+imm]; call lookup; jmp found; jmp after
//     side:    add r15, n - k; jmp target
//     undo:    add r15, n; pc = entry; leave
//
// A block with floating point first asks whether it may run (FS, rounding mode) and f registers are there (emit_float.h).
//
// Between two guest instructions every guest register is in its place, host register or hart, so exits repair nothing
// but the budget.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "isa/riscv/operands.h"
#include "isa/x86/code_memory.h"
#include "translator/builder.h"
#include "translator/ir.h"
#include "translator/origins.h"
#include "translator/thunks.h"

namespace vitrine::translator {

// A jump in generated code to a block of the same page that may not exist yet.
struct Link {
  uint16_t target;        // offset in the page; with kApart, to a block in which each access makes its own check
  const uint8_t* after;   // end of the jump's displacement
  static constexpr uint16_t kApart = 1;
};

// A block in which no access shares a check: for when the accesses that share one do not lie in one run of pages.
struct ApartBlock {
  uint16_t offset;   // in the page, of its first instruction
  uint32_t code;     // offset in code memory
};

// What the slow path must know of an instruction.
struct Site {
  uint64_t pc;
  riscv::Operands operands;
  uint16_t op;         // riscv::Op, or kFetch
  uint16_t remaining;  // of the block's instructions: this one and those after it
  uint16_t misses = 0;        // samples in which its prediction was the last to miss,
  uint16_t first_sample = 0;  // since this one
  bool shares = false;        // the block has accesses that are checked with an earlier one
  bool leads = false;         // this is such an earlier one: the others go from
  int16_t low = 0, high = 0;  // so many bytes before it to so many behind it (first bytes of the accesses)
  static constexpr uint16_t kFetch = 0xffff;  // the instruction has to be fetched anew: it lies across two pages
};

struct LoweringInput {
  const ir::Block& block;
  unsigned set;                 // of predictions: core::kUserSet, ...
  uint32_t first_site;          // number that the first of the block's sites gets
  uint64_t physical_addend;     // guest-physical address = host address + this, for all of RAM
  const uint32_t* entries;      // of the page: offset of the host code of each halfword, 0 if there is none
  std::span<const uint16_t> scattered = {};  // instructions (offset in the page) whose predictions keep missing
  bool all_scattered = false;                // for tests: no access has a prediction
  std::span<const ApartBlock> apart = {};    // of the page
  Origins* origins = nullptr;                // to be noted, if somebody wants them
};

struct LoweringOutput {
  std::span<const uint8_t> code;  // made for CodeMemory::next(); the next one takes its place
  std::vector<Site> sites;
  std::vector<Link> links;    // that lead to `leave` now
};

// Thrown by Lowering::lower: this instruction (index in the block) needs more temporaries than there are. It has to become a
// helper.
struct TooComplex {
  uint16_t insn;
};

class Lowering {
 public:
  Lowering(const x86::CodeMemory& memory, const Thunks& thunks, const HostAbilities& host);
  ~Lowering();
  void lower(const LoweringInput& input, LoweringOutput& output);

 private:
  class Emitter;
  std::unique_ptr<Emitter> emitter_;
};

}  // namespace vitrine::translator
