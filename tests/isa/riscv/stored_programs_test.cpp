// SPDX-License-Identifier: MIT
// Programs on which engines or caches once differed, shrunk and kept in stored/: they never differ again. And
// the tests of what keeps them: text and back, shrinking.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "isa/riscv/decoder.h"
#include "tests/isa/riscv/program_comparison.h"
#include "tests/isa/riscv/random_program.h"
#include "tests/isa/riscv/shrink.h"

namespace vitrine::bench {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StoredPrograms, CachesAgainstNone_SameStates) {
  unsigned count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VITRINE_STORED_PROGRAMS)) {
    if (entry.path().extension() != ".program") continue;
    SCOPED_TRACE(entry.path().filename().string());
    auto program = TestProgram::from_text(text_of(entry.path()));
    ASSERT_TRUE(program.ok()) << program.error().message;
    ASSERT_FALSE(program->chunks.empty());
    for (const Caches caches : kEveryCache) EXPECT_FALSE(differs(*program, caches)) << name_of(caches);
    ++count;
  }
  EXPECT_GE(count, 1u);
}

// --- Text

TEST(TestPrograms, TextAndBack_TheSameRun) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    const TestProgram program = RandomProgram::of(seed);
    const std::string text = program.to_text();
    auto again = TestProgram::from_text(text);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->chunks, program.chunks);
    ProgramRun one(program, Caches::kAll), other(*again, Caches::kAll);
    EXPECT_EQ(one.bench.state_hash(), other.bench.state_hash()) << "memory";
    for (size_t i = 0; i < program.chunks.size(); ++i) {
      one.run_chunk(i);
      other.run_chunk(i);
    }
    EXPECT_EQ(one.bench.state_hash(), other.bench.state_hash());
  }
}

TEST(TestPrograms, WrongText_NamesTheLine) {
  for (const char* line : {"brd", "chunk\ncsr 0x300", "write 0x80000000 1", "write 0x80000000 zz", "run 5",
                           "csr 0x300 1", "fill 0x80000000 4 00", "chunk\nrun"}) {
    auto program = TestProgram::from_text(std::string("# head\n") + line + "\n");
    ASSERT_FALSE(program.ok()) << line;
    EXPECT_EQ(program.error().message.substr(0, 5), "line ") << program.error().message;
  }
}

// --- Shrinking

TEST(Shrink, DropItems_WhatIsNeededStays) {
  std::vector<int> items(1000);
  for (int i = 0; i < 1000; ++i) items[static_cast<size_t>(i)] = i;
  unsigned asked = 0;
  drop_items(items, Patience(60), [&](const std::vector<int>& rest) {
    ++asked;
    return std::count(rest.begin(), rest.end(), 3) + std::count(rest.begin(), rest.end(), 500) +
               std::count(rest.begin(), rest.end(), 999) ==
           3;
  });
  EXPECT_EQ(items, (std::vector<int>{3, 500, 999}));
  EXPECT_LT(asked, 200u);
}

// The planted difference: a machine on which `mulhsu` in U mode does something else. What is needed to reach
// one is a start in U mode, PMP or not, and the instruction.
class Planted final : public StepObserver {
 public:
  void before(Bench& b) override { reached |= b.mode() == kU && next_instruction(b).op == riscv::Op::mulhsu; }
  void after(Bench&) override {}
  bool reached = false;
};

bool reaches_the_plant(const TestProgram& program) {
  ProgramRun run(program, Caches::kNone);
  Planted planted;
  for (size_t i = 0; i < program.chunks.size(); ++i) run.run_chunk(i, ~uint64_t{0}, &planted);
  return planted.reached;
}

TEST(Shrink, PlantedDifference_OneInstructionAndOneAction) {
  uint64_t seed = 1;
  while (seed < 200 && !reaches_the_plant(RandomProgram::of(seed))) ++seed;
  ASSERT_LT(seed, 200u) << "no program reaches the plant";
  const TestProgram small = shrink(RandomProgram::of(seed), reaches_the_plant, 120);
  SCOPED_TRACE(small.to_text());
  EXPECT_TRUE(reaches_the_plant(small));
  ASSERT_EQ(small.chunks.size(), 1u);
  EXPECT_LE(small.chunks[0].actions.size(), 2u) << "start, in U mode";
  unsigned instructions = 0, others = 0;
  for (const TestProgram::Piece& piece : small.memory) {
    for (size_t i = 0; i + 2 <= piece.bytes.size();) {
      uint32_t bits = 0;
      std::memcpy(&bits, &piece.bytes[i], std::min<size_t>(4, piece.bytes.size() - i));
      const bool code = piece.at >= kCode && piece.at < kData;
      if (!code) {
        others += bits != 0;
        i += 4;
      } else if ((bits & 0xffff) == kNopHalfword) {
        i += 2;
      } else {
        EXPECT_EQ(riscv::decode(bits, riscv::ExtensionSet::standard()).op, riscv::Op::mulhsu);
        ++instructions;
        i += 4;
      }
    }
  }
  EXPECT_EQ(instructions, 1u);
  EXPECT_LE(others, 8u) << "page tables, if it starts under any";
}

}  // namespace
}  // namespace vitrine::bench
