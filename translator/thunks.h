// SPDX-License-Identifier: MIT
// Pieces of host code that all blocks share, made once at the front of code memory: the way in, the way out, the slow
// path, and the lookups behind the predictions.
//
//   a prediction misses --> lookup: the linear table, or the View's small one if there is none
//                             --> found: the slot is refilled, the access goes on
//                             --> not:   the slow path
//   the slow path: mapped registers go to the hart (f registers too, if they are not there), C++ runs the whole instruction
//                  by the interpreter's body (translator.cpp), x registers come back, the block goes on after the
//                  instruction, or is left
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/riscv/hart.h"
#include "isa/x86/code_memory.h"

namespace vitrine::translator {

// Runs the instruction of a site. True: leave the block, hart.pc and hart.budget are set.
using SlowFunction = uint64_t (*)(riscv::Hart* hart, uint32_t site);

struct Thunks {
  using Enter = void (*)(riscv::Hart* hart, const void* code);
  Enter enter[core::kPredictionSets] = {};
  const uint8_t* leave = nullptr;  // hart.pc is set already
  const uint8_t* jump[core::kPredictionSets] = {};  // to the guest's pc in rdx, which the jump table does not know
  const uint8_t* apart = nullptr;  // the block of hart.site is wanted from that instruction on without shared checks
  const uint8_t* slow = nullptr;   // hart.site is set; returns to its caller if the block goes on
  // Mapped f registers come from the hart, if floating point may run: FS is not Off, the rounding mode RNE. Returns with
  // ZF set if so.
  const uint8_t* load_floats = nullptr;
  // 64 bytes: fflags for the six flag bits of MXCSR; behind them four bytes, the MXCSR without flags.
  const uint8_t* fflags_of_mxcsr = nullptr;
  const uint8_t* float_constants = nullptr;  // by FloatConstant, 16 bytes each
  // Address in rcx, hart.site set. Returns with the addend in rcx; or, after the slow path, 5 bytes further on: behind the
  // jump that leads back to the access.
  // By set of predictions, width (log2), and read or write.
  const uint8_t* lookup[core::kPredictionSets][4][2] = {};
};

Thunks make_thunks(x86::CodeMemory& memory, SlowFunction slow);

// Constants of floating-point code; bits 127:64 are 0.
enum class FloatConstant : uint8_t {
  kSignDouble, kNoSignDouble, kNanDouble,
  kSignSingle, kNoSignSingle, kNanSingle,  // kNoSign leaves the box, kNan has one
  kBox, kCount
};

inline constexpr int kCleanMxcsr = 64;  // place in fflags_of_mxcsr

// Fields of a prediction slot, as offsets in a Hart.
struct SlotOffsets {
  size_t start, addend, length;
};
SlotOffsets slot_offsets(unsigned set, bool write, unsigned slot);
// Place 0 of a jump table, as offsets in a Hart.
struct JumpOffsets {
  size_t target, code;
};
JumpOffsets jump_offsets(unsigned set);

}  // namespace vitrine::translator
