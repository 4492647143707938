// SPDX-License-Identifier: MIT
// Memory for generated code: what is written runs, jumps can be turned round, space comes back; and no
// address of the process is ever writable and executable at once, as the kernel itself lists them.
#include "isa/x86/code_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace vitrine::x86 {
namespace {

using Function = int (*)();
// mov eax, n; ret
std::array<uint8_t, 6> returns(uint8_t n) { return {0xb8, n, 0, 0, 0, 0xc3}; }
int call(const uint8_t* code) { return reinterpret_cast<Function>(reinterpret_cast<uintptr_t>(code))(); }

std::unique_ptr<CodeMemory> make(size_t size) {
  auto made = CodeMemory::create(size);
  EXPECT_TRUE(made.ok());
  return std::move(*made);
}

struct Mapping {
  uintptr_t begin, end;
  std::string permissions, name;
};
std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Mapping m;
    char dash = 0;
    std::string offset, device, inode;
    words >> std::hex >> m.begin >> dash >> m.end >> m.permissions >> offset >> device >> inode;
    std::getline(words, m.name);
    all.push_back(m);
  }
  return all;
}

TEST(CodeMemory, Appended_Runs) {
  const auto memory = make(4096);
  const auto seven = returns(7), nine = returns(9);
  const uint8_t* const first = memory->append(seven.data(), seven.size());
  const uint8_t* const second = memory->append(nine.data(), nine.size());
  EXPECT_EQ(call(first), 7);
  EXPECT_EQ(call(second), 9);
  EXPECT_EQ(first, memory->base());
}

TEST(CodeMemory, Next_IsWhereAppendPuts) {
  const auto memory = make(4096);
  const auto code = returns(1);
  for (unsigned i = 0; i < 20; ++i) {
    const uint8_t* const next = memory->next();
    EXPECT_EQ(memory->append(code.data(), code.size()), next);
  }
}

TEST(CodeMemory, Sizes_RoundedAndCounted) {
  const auto memory = make(5000);
  EXPECT_EQ(memory->size(), 8192u);
  EXPECT_EQ(memory->used(), 0u);
  EXPECT_EQ(memory->left(), 8192u);
  const auto code = returns(1);
  memory->append(code.data(), code.size());
  EXPECT_GE(memory->used(), code.size());
  EXPECT_EQ(memory->used() + memory->left(), memory->size());
}

TEST(CodeMemory, FullToTheLastByte) {
  const auto memory = make(4096);
  std::vector<uint8_t> code(4096, 0x90);
  const auto end = returns(5);
  std::memcpy(code.data() + code.size() - end.size(), end.data(), end.size());
  EXPECT_EQ(call(memory->append(code.data(), code.size())), 5);
  EXPECT_EQ(memory->left(), 0u);
}

TEST(CodeMemoryDeathTest, MoreThanThereIs_Assertion) {
  const auto memory = make(4096);
  const std::vector<uint8_t> code(4097, 0x90);
  EXPECT_DEATH(memory->append(code.data(), code.size()), "does not fit");
}

TEST(CodeMemory, Contains_UsedPartOnly) {
  const auto memory = make(4096);
  const auto code = returns(1);
  const uint8_t* const at = memory->append(code.data(), code.size());
  EXPECT_TRUE(memory->contains(at));
  EXPECT_TRUE(memory->contains(at + code.size() - 1));
  EXPECT_FALSE(memory->contains(memory->next()));
  EXPECT_FALSE(memory->contains(memory->base() - 1));
}

// jmp rel32 to one function, then to the other, forwards and backwards.
TEST(CodeMemory, Point_TurnsAJump) {
  const auto memory = make(4096);
  const auto three = returns(3), four = returns(4);
  const uint8_t jump[] = {0xe9, 0, 0, 0, 0};
  const uint8_t* const behind = memory->append(three.data(), three.size());
  const uint8_t* const at = memory->append(jump, sizeof jump);
  const uint8_t* const ahead = memory->append(four.data(), four.size());
  for (unsigned round = 0; round < 2; ++round) {
    memory->point(at + sizeof jump, behind);
    EXPECT_EQ(call(at), 3);
    memory->point(at + sizeof jump, ahead);
    EXPECT_EQ(call(at), 4);
  }
}

TEST(CodeMemory, Rewind_SpaceIsUsedAgain) {
  const auto memory = make(4096);
  const auto kept = returns(1), first = returns(2), second = returns(3);
  const uint8_t* const stays = memory->append(kept.data(), kept.size());
  const size_t mark = memory->used();
  const uint8_t* const goes = memory->append(first.data(), first.size());
  EXPECT_EQ(call(goes), 2);
  memory->rewind(mark);
  EXPECT_EQ(memory->used(), mark);
  EXPECT_FALSE(memory->contains(goes));
  EXPECT_EQ(memory->append(second.data(), second.size()), goes);
  EXPECT_EQ(call(goes), 3);
  EXPECT_EQ(call(stays), 1) << "what was before the mark is still there";
}

class CodeMemoryKinds : public testing::TestWithParam<CodeMemory::Name> {};
INSTANTIATE_TEST_SUITE_P(All, CodeMemoryKinds,
                         testing::Values(CodeMemory::Name::kOurs, CodeMemory::Name::kNone));

TEST_P(CodeMemoryKinds, TwoMappings_NeverWritableAndExecutable) {
  auto made = CodeMemory::create(64 << 10, GetParam());
  ASSERT_TRUE(made.ok());
  const auto& memory = *made;
  const auto code = returns(1);
  memory->append(code.data(), code.size());
  unsigned writable = 0, executable = 0;
  for (const Mapping& m : mappings()) {
    const bool write = m.permissions[1] == 'w', execute = m.permissions[2] == 'x';
    EXPECT_FALSE(write && execute) << std::hex << m.begin << m.name;
    // perf takes shared memory without a name of ours, which the kernel calls so, for generated code.
    const char* const name = GetParam() == CodeMemory::Name::kOurs ? "/memfd:vitrine-code" : "/dev/zero";
    if (m.name.find(name) == std::string::npos || m.end - m.begin != 64 << 10) continue;
    writable += write;
    executable += execute;
    if (execute) {
      EXPECT_EQ(m.begin, reinterpret_cast<uintptr_t>(memory->base()));
    }
  }
  EXPECT_EQ(writable, 1u);
  EXPECT_EQ(executable, 1u);
  EXPECT_EQ(call(memory->append(code.data(), code.size())), 1);
}

size_t code_mappings() {
  const std::vector<Mapping> all = mappings();
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const Mapping& m) {
    return m.name.find("vitrine-code") != std::string::npos;
  }));
}

TEST(CodeMemory, Gone_NothingStaysMapped) {
  const size_t before = code_mappings();
  {
    const auto memory = make(1 << 20);
    EXPECT_EQ(code_mappings(), before + 2);
  }
  for (unsigned i = 0; i < 10; ++i) make(1 << 20);
  EXPECT_EQ(code_mappings(), before);
}

TEST(CodeMemory, ImpossibleSize_ErrorWithAReason) {
  const auto made = CodeMemory::create(size_t{1} << 60);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("Memory for generated code cannot be had"), std::string::npos)
      << made.error().message;
}

}  // namespace
}  // namespace vitrine::x86
