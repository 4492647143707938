// SPDX-License-Identifier: MIT
// Random programs: what a seed stands for. Code is made from the instruction rows (every row, random
// operands, with a liking for registers and addresses that lead somewhere), and runs in M, S and U, bare and
// under page tables, with trap handlers, timers, CSR writes and stores into itself. Every so many steps
// somebody from outside interferes: moves pc, mode and registers, writes memory like a device, moves
// interrupt wires. All of it depends on the seed alone, so that engines and caches can be compared on it.
// Next: random_programs_test.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

class RandomProgram {
 public:
  explicit RandomProgram(uint64_t seed);

  // A run of so many steps, before which these things are done to the machine.
  struct Chunk {
    std::vector<std::function<void(Bench&)>> actions;
    uint64_t steps = 0;
  };
  [[nodiscard]] const Board& board() const { return board_; }
  [[nodiscard]] const std::vector<Chunk>& chunks() const { return chunks_; }
  void load(Bench& bench) const;

 private:
  using Actions = std::vector<std::function<void(Bench&)>>;
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

  std::mt19937_64 random_;
  Board board_;
  std::vector<uint8_t> code_;
  uint64_t pages_ = 0;  // seed of the page tables' flags
  std::vector<Chunk> chunks_;
};

}  // namespace vitrine::bench
