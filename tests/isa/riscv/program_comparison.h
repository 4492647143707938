// SPDX-License-Identifier: MIT
// Programs on one kind of caches or engine against the interpreter without any. Next:
// random_programs_test.cpp.
#pragma once

#include <functional>
#include <string>

#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/test_program.h"

namespace vitrine::bench {

// The instruction at pc, as hart 0 would fetch it now; nothing changes.
riscv::Insn next_instruction(Bench& b);

// Looks at the machine before and after each of its steps.
struct StepObserver {
  virtual ~StepObserver() = default;
  virtual void before(Bench& bench) = 0;
  virtual void after(Bench& bench) = 0;
};

// Chunk by chunk in one go; the machine without caches, and one that is looked at, step by step.
class ProgramRun {
 public:
  ProgramRun(const TestProgram& program, Caches caches) : bench(board_of(program), caches), program_(program) {
    program_.load(bench);
  }
  void run_chunk(size_t i, uint64_t at_most = ~uint64_t{0}, StepObserver* observer = nullptr);
  Bench bench;

 private:
  // On the translator a third of the programs run without predictions: by a number that a stored program keeps.
  static Board board_of(const TestProgram& program) {
    Board board = program.board;
    board.scattered = board.steps_per_tick % 3 == 0;
    return board;
  }
  const TestProgram& program_;
};

// Do the two leave different states at the end?
bool differs(const TestProgram& program, Caches caches);
// Where they part: the instruction, and the first field that differs after it.
std::string explain(const TestProgram& program, Caches caches, size_t chunk);
// The shrunk program with its explanation, as the text of a file for stored/.
std::string shrunk_text(const TestProgram& program, Caches caches, const std::string& origin, double seconds);

}  // namespace vitrine::bench
