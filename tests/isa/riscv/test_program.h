// SPDX-License-Identifier: MIT
// A program for the test bench as data: a machine, what its memory holds, and what is done to it before each
// run of so many steps. Made by a generator (random_program.h), made smaller (shrink.h), kept as text in
// stored/. A stored program means the same whatever becomes of the generator.
//
//     board steps_per_tick 23 slice 20000 svade 0 sscofpmf 1 levels 4
//     fill 0x80002000 0x3000 0100           halfwords (here c.nop, as its bytes stand in memory), up to that
//     many bytes write 0x80002010 2fa6b500             bytes chunk                                 from here
//     on: done before the run csr 0x300 0x1888 start 0x80002000 3 0x0                pc, mode, satp run 34 so
//     many steps
//
// A '#' begins a comment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

// Something that is done to the machine from outside.
struct Action {
  enum class Kind : uint8_t {
    kCsr,         // number, value
    kX,           // register, value
    kF,           // register, value
    kWrite,       // address; the bytes: like a device
    kStart,       // pc, mode, satp
    kAlignPc,     // pc is cut to a multiple of 4
    kWake,        // the hart does not wait
    kWire,        // interrupt number, level
    kStimecmpIn,  // ticks from now
    kMtimecmpIn,  // ticks from now
    kFlipLeaf,    // root of page tables, guest-virtual address, bits of its entry; nothing, if its tables are
                  // gone
    kCount
  };
  Kind kind;
  uint64_t a = 0, b = 0, c = 0;
  std::vector<uint8_t> bytes = {};
  void apply(Bench& bench) const;
  friend bool operator==(const Action&, const Action&) = default;
};

struct TestProgram {
  struct Piece {
    uint64_t at;
    std::vector<uint8_t> bytes;
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  struct Chunk {
    std::vector<Action> actions;
    uint64_t steps = 0;
    friend bool operator==(const Chunk&, const Chunk&) = default;
  };
  Board board;  // steps_per_tick, slice, and of the hart: svade, sscofpmf, max_levels
  std::vector<Piece> memory;
  std::vector<Chunk> chunks;

  void load(Bench& bench) const;
  [[nodiscard]] std::string to_text() const;
  // Errors name the line.
  static core::Result<TestProgram> from_text(const std::string& text);
};

// c.nop, which takes the place of code that is not needed.
inline constexpr uint16_t kNopHalfword = 0x0001;

}  // namespace vitrine::bench
