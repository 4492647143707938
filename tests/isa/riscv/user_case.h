// SPDX-License-Identifier: MIT
// One straight-line user program as data: registers, memory, instructions; and what QEMU says that it leaves.
// Many of them make one UserProgram. As text, for stored/:
//
//     arena 17                     the memory's bytes, from this seed (std::mt19937_64)
//     fcsr 0x20
//     x 5 0x1234                   registers that are not named are 0, or point into the arena (kPointers)
//     insn 02c58533                four or eight digits
//     expect x 10 0x5a             what is not named stays as it was
//     expect memory 0x1000 0x77    eight bytes
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "tests/isa/riscv/user_program.h"

namespace vitrine::bench {

struct UserCase {
  struct Registers {
    uint64_t x[32], f[32], fcsr;
    friend bool operator==(const Registers&, const Registers&) = default;
  };
  // The data of a UserProgram: the arena, then a slot for each case.
  struct Slot {
    Registers before, after;
  };
  static constexpr uint64_t kArena = 0x4000;
  // These hold addresses in the arena, and keep them; kSlotRegister points to the case's slot.
  static constexpr unsigned kSlotRegister = 30;
  static constexpr unsigned kPointers[] = {2, 8, 31};
  static bool is_fixed(unsigned r);

  Registers before{};
  std::vector<Word> code;

  [[nodiscard]] std::string to_text(uint64_t arena_seed) const;
};

// A case of stored/, and what it leaves.
struct StoredUserCase {
  UserCase program;
  uint64_t arena_seed = 0;
  UserCase::Registers after{};
  std::map<uint64_t, uint64_t> memory;  // eight bytes each, by offset in the arena
  static core::Result<StoredUserCase> from_text(const std::string& text);
};
// The expect lines for a case that left this data.
std::string expect_text(const UserCase& program, uint64_t arena_seed, const std::vector<uint8_t>& data);

// All cases, one after the other, on one arena.
UserProgram user_program(const std::vector<UserCase>& cases, uint64_t arena_seed);
std::vector<uint8_t> arena_of(uint64_t seed);
UserCase::Slot slot_of(const std::vector<uint8_t>& data, size_t i);

}  // namespace vitrine::bench
