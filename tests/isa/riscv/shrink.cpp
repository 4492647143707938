// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/shrink.h"

#include <cstring>
#include <utility>

namespace vitrine::bench {
namespace {

using Fails = std::function<bool(const TestProgram&)>;

class Shrinker {
 public:
  Shrinker(TestProgram program, const Fails& fails, double seconds)
      : program_(std::move(program)), fails_(fails), patience_(seconds) {}

  TestProgram run() {
    std::string before;
    while (!patience_.over() && before != program_.to_text()) {
      before = program_.to_text();
      chunks();
      actions();
      stretch();
      memory();
      steps();
    }
    return std::move(program_);
  }

 private:
  bool keeps_failing(TestProgram smaller) {
    if (!fails_(smaller)) return false;
    program_ = std::move(smaller);
    return true;
  }

  void chunks() {
    std::vector<TestProgram::Chunk> all = program_.chunks;
    drop_items(all, patience_, [&](const std::vector<TestProgram::Chunk>& rest) {
      TestProgram smaller = program_;
      smaller.chunks = rest;
      return keeps_failing(std::move(smaller));
    });
  }

  // Two nops take more steps than the instruction whose place they take.
  void stretch() {
    for (size_t i = 0; i < program_.chunks.size(); ++i) {
      TestProgram longer = program_;
      longer.chunks[i].steps = 4 * longer.chunks[i].steps + 1000;
      keeps_failing(std::move(longer));
    }
  }

  void steps() {
    for (size_t i = program_.chunks.size(); i-- > 0;) {
      for (uint64_t less = program_.chunks[i].steps; less > 0; less /= 2) {
        while (program_.chunks[i].steps >= less && !patience_.over()) {
          TestProgram smaller = program_;
          smaller.chunks[i].steps -= less;
          if (!keeps_failing(std::move(smaller))) break;
        }
      }
    }
  }

  void actions() {
    for (size_t i = 0; i < program_.chunks.size(); ++i) {
      std::vector<Action> all = program_.chunks[i].actions;
      drop_items(all, patience_, [&](const std::vector<Action>& rest) {
        TestProgram smaller = program_;
        smaller.chunks[i].actions = rest;
        return keeps_failing(std::move(smaller));
      });
    }
  }

  // A halfword of code, or eight other bytes, that are not neutral yet.
  struct Cell {
    size_t piece, offset, size;
  };
  static bool is_code(const TestProgram::Piece& piece) { return piece.at >= kCode && piece.at < kData; }

  std::vector<Cell> cells() const {
    std::vector<Cell> all;
    for (size_t piece = 0; piece < program_.memory.size(); ++piece) {
      const TestProgram::Piece& one = program_.memory[piece];
      const size_t size = is_code(one) ? 2 : 8;
      for (size_t offset = 0; offset + size <= one.bytes.size(); offset += size) {
        uint64_t value = 0;
        std::memcpy(&value, &one.bytes[offset], size);
        if (value != (is_code(one) ? kNopHalfword : 0)) all.push_back({piece, offset, size});
      }
    }
    return all;
  }

  void memory() {
    const std::vector<Cell> all = cells();
    TestProgram empty = program_;
    for (const Cell& cell : all) {
      const uint64_t neutral = is_code(empty.memory[cell.piece]) ? kNopHalfword : 0;
      std::memcpy(&empty.memory[cell.piece].bytes[cell.offset], &neutral, cell.size);
    }
    std::vector<Cell> needed = all;
    drop_items(needed, patience_, [&](const std::vector<Cell>& rest) {
      TestProgram smaller = empty;
      for (const Cell& cell : rest)
        std::memcpy(&smaller.memory[cell.piece].bytes[cell.offset],
                    &program_.memory[cell.piece].bytes[cell.offset], cell.size);
      return keeps_failing(std::move(smaller));
    });
  }

  TestProgram program_;
  const Fails& fails_;
  Patience patience_;
};

}  // namespace

TestProgram shrink(TestProgram program, const Fails& fails, double seconds) {
  return Shrinker(std::move(program), fails, seconds).run();
}

}  // namespace vitrine::bench
