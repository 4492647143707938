// SPDX-License-Identifier: MIT
// The CSRs that generated code treats as words of the hart, against the handler's own rows: the same reads
// and writes for every bit, the same privilege, and nothing else of the hart changes.
#include "isa/riscv/plain_csr.h"

#include <gtest/gtest.h>

#include <cstring>

#include "isa/riscv/csr.h"

namespace vitrine::riscv {
namespace {

constexpr unsigned kPlain[] = {0x140, 0x141, 0x142, 0x143, 0x340, 0x341, 0x342, 0x343};
constexpr uint64_t kPatterns[] = {
    0, 1, 2, 3, 0x8000'0000'0000'0000, 0x5555'5555'5555'5555, 0xaaaa'aaaa'aaaa'aaaa, ~uint64_t{0}};

uint64_t word_at(const Hart& hart, size_t offset) {
  uint64_t value;
  std::memcpy(&value, reinterpret_cast<const char*>(&hart) + offset, sizeof value);
  return value;
}

TEST(PlainCsr, WritesAndReads_AsTheHandlerDoes) {
  for (const unsigned number : kPlain) {
    const PlainCsr* const row = plain_csr(number, Privilege::kMachine);
    ASSERT_NE(row, nullptr) << number;
    for (const uint64_t pattern : kPatterns) {
      Hart hart;
      hart.extensions = ExtensionSet::standard();
      ASSERT_TRUE(poke_csr(hart, number, pattern));
      EXPECT_EQ(word_at(hart, row->offset), pattern & row->writable) << std::hex << number << " " << pattern;
      EXPECT_EQ(peek_csr(hart, number), pattern & row->writable)
          << std::hex << number << " " << pattern;
    }
  }
}

TEST(PlainCsr, Privilege_AsTheNumberSays) {
  for (unsigned number = 0; number < 4096; ++number) {
    const auto least = (number >> 8) & 3;
    if (least > 0) {
      EXPECT_EQ(plain_csr(number, Privilege::kUser), nullptr) << number;
    }
    if (least > 1) {
      EXPECT_EQ(plain_csr(number, Privilege::kSupervisor), nullptr) << number;
    }
  }
  EXPECT_NE(plain_csr(0x141, Privilege::kSupervisor), nullptr);
}

TEST(PlainCsr, WithSideEffects_NotPlain) {
  for (const unsigned number : {0x002, 0x003, 0x100, 0x104, 0x105, 0x144, 0x14d, 0x180, 0x300, 0x304, 0x305,
                                0x344, 0xc00, 0xc01, 0xc02})
    EXPECT_EQ(plain_csr(number, Privilege::kMachine), nullptr) << std::hex << number;
}

}  // namespace
}  // namespace vitrine::riscv
