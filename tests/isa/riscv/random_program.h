// SPDX-License-Identifier: MIT
// Random programs: what a seed stands for. Code is made from the instruction rows (every row, random
// operands, with a liking for registers and addresses that lead somewhere), and runs in M, S and U, bare and
// under page tables, with trap handlers, timers, CSR writes and stores into itself. Every so many steps
// somebody from outside interferes: moves pc, mode and registers, writes memory like a device, moves
// interrupt wires. All of it depends on the seed alone, so that engines and caches can be compared on it.
// Next: random_programs_test.cpp.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/isa/riscv/test_program.h"

namespace vitrine::bench {

class RandomProgram {
 public:
  static TestProgram of(uint64_t seed) { return RandomProgram(seed).program_; }

 private:
  explicit RandomProgram(uint64_t seed);

  using Actions = std::vector<Action>;
  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <typename T, size_t N>
  const T& pick(const T (&list)[N]) {
    return list[below(N)];
  }

  // Instructions
  std::vector<uint8_t> random_code(size_t bytes);
  Word random_instruction();
  uint32_t random_of_row(const riscv::Row& row);
  uint32_t shape(const riscv::Row& row, uint32_t word);
  unsigned random_csr();
  unsigned data_register() { return 8 + static_cast<unsigned>(below(8)); }

  // Values
  uint64_t random_value();
  uint64_t random_float();
  uint64_t code_address(Privilege mode, bool paged);
  uint64_t data_address(bool paged);

  // Interference
  void seat(Actions& actions);
  void set_registers(Actions& actions, bool paged);
  void configure(Actions& actions);
  void write_memory(Actions& actions);
  void set_timers_and_wires(Actions& actions);

  // What memory holds at first: code, handlers, page tables whose flags follow from a seed of their own.
  void make_memory(const std::vector<uint8_t>& code, uint64_t flags_seed);

  std::mt19937_64 random_;
  TestProgram program_;
};

}  // namespace vitrine::bench
