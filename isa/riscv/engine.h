// SPDX-License-Identifier: MIT
// What runs a hart: the interpreter, or the translator. The machine's loop (system.h) decides who runs and how far.
#pragma once

#include "isa/riscv/hart.h"

namespace vitrine::riscv {

class Engine {
 public:
  virtual ~Engine() = default;
  // Runs `hart` from hart.pc for at most `steps` steps (> 0), or until the attention word is set; at least one step
  // is made. Afterwards hart.pc is the next instruction, and the clock says how many steps were made.
  virtual void run(Hart& hart, uint64_t steps) = 0;
};

}  // namespace vitrine::riscv
