// SPDX-License-Identifier: MIT
// One run of one block, looked at between any two of its host instructions: the code that really runs, single-stepped by the host's
// trap flag (isa/x86/single_step.h). Filled by Translator::trace_next.
#pragma once

#include <string>
#include <vector>

#include "isa/x86/single_step.h"
#include "translator/builder.h"
#include "translator/origins.h"

namespace vitrine::translator {

struct BlockTrace {
  bool looks = true;  // false: the block is made and run, and nobody looks
  // Why there is nothing else; empty: there is.
  std::string problem;

  ir::Block block;   // after the passes
  BuildInput input;  // what it was built from; its page lives as long as guest RAM
  uint64_t address = 0;  // of the host code
  std::vector<uint8_t> code;
  Origins origins;

  struct Moment {
    x86::HostState host;
    std::array<uint64_t, 32> x, f;  // in the hart's memory
  };
  // Before each host instruction of the block that ran, in order; thunks and C++ that it called are left out. The last one: where
  // the block was left to.
  std::vector<Moment> moments;
  uint64_t steps = 0;  // that were made
};

}  // namespace vitrine::translator
