// SPDX-License-Identifier: MIT
// PMP matching: examples with results from the spec (privileged 3.7.1), and random registers against the
// oracle that goes byte by byte.
#include "mmu/pmp.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/mmu/walk_oracle.h"

namespace vitrine::mmu {
namespace {

using core::AccessKind;
using oracle::PmpRegisters;

Pmp make(const PmpRegisters& r) { return Pmp(true, r.config, r.address); }

constexpr AccessKind kKinds[] = {AccessKind::kLoad, AccessKind::kStore, AccessKind::kFetch};
oracle::Kind same(AccessKind kind) {
  return kind == AccessKind::kLoad    ? oracle::Kind::kLoad
         : kind == AccessKind::kStore ? oracle::Kind::kStore
                                      : oracle::Kind::kFetch;
}

// Table "NAPOT range encoding in PMP address and configuration registers".
TEST(Pmp, NapotEncoding_TableOfTheSpec) {
  struct Row {
    uint64_t address;
    uint8_t mode;
    uint64_t first, last;
  };
  const Row rows[] = {
      {0x2000'0123, 2, 0x8000'048c, 0x8000'048f},                // yyyy...yyyy NA4
      {0x2000'0120, 3, 0x8000'0480, 0x8000'0487},                // yyyy...yyy0 8 bytes
      {0x2000'0121, 3, 0x8000'0480, 0x8000'048f},                // yyyy...yy01 16 bytes
      {0x2000'01ff, 3, 0x8000'0000, 0x8000'0fff},                // 4 KiB
      {0x2007'ffff, 3, 0x8000'0000, 0x803f'ffff},                // 4 MiB
      {(uint64_t{1} << 53) - 1, 3, 0, (uint64_t{1} << 56) - 1},  // 01...1: 2^56 bytes
      {(uint64_t{1} << 54) - 1, 3, 0, (uint64_t{1} << 56) - 1},  // 1...1: 2^57 bytes
      {(uint64_t{1} << 53) | 0xff, 3, uint64_t{1} << 55, (uint64_t{1} << 55) + 0x7ff},
  };
  for (const Row& row : rows) {
    PmpRegisters r;
    r.config[5] = static_cast<uint8_t>(row.mode << 3 | kPmpR);
    r.address[5] = row.address;
    const Pmp pmp = make(r);
    EXPECT_TRUE(pmp_allows(pmp, {row.first}, 1, AccessKind::kLoad, 1)) << std::hex << row.address;
    EXPECT_TRUE(pmp_allows(pmp, {row.last}, 1, AccessKind::kLoad, 1)) << std::hex << row.address;
    EXPECT_FALSE(pmp_allows(pmp, {row.last}, 1, AccessKind::kStore, 1)) << std::hex << row.address;
    if (row.first != 0) {
      EXPECT_FALSE(pmp_allows(pmp, {row.first - 1}, 1, AccessKind::kLoad, 1)) << std::hex << row.address;
    }
    if (row.last != (uint64_t{1} << 56) - 1) {
      EXPECT_FALSE(pmp_allows(pmp, {row.last + 1}, 1, AccessKind::kLoad, 1)) << std::hex << row.address;
    }
  }
}

TEST(Pmp, NotPresent_PermitsEverything) {
  PmpRegisters r;
  r.config.fill(0x98);  // locked NAPOT without any permission
  r.address.fill((uint64_t{1} << 54) - 1);
  const Pmp pmp(false, r.config, r.address);
  EXPECT_TRUE(pmp_allows(pmp, {0}, 8, AccessKind::kStore, 0));
  EXPECT_TRUE(pmp_uniform_in_page(pmp, {0}));
}

// Registers as a guest could have them, biased to regions that meet in a few pages.
struct RandomRegisters {
  explicit RandomRegisters(uint64_t seed) : random(seed) {}
  uint64_t below(uint64_t n) { return random() % n; }
  static constexpr uint64_t kArea = 0x8000'0000;
  uint64_t address() {
    switch (below(8)) {
      case 0: return random() & ((uint64_t{1} << 54) - 1);
      case 1: return (uint64_t{1} << below(55)) - 1;
      case 2: return (kArea >> 2) + below(0x1000);  // words of the first four pages
      case 3: return (kArea >> 2) + 0x400 * below(8);
      default: {  // NAPOT around the area
        const unsigned ones = static_cast<unsigned>(below(12));
        return ((kArea >> 2) + below(0x1000)) >> (ones + 1) << (ones + 1) | ((uint64_t{1} << ones) - 1);
      }
    }
  }
  PmpRegisters registers() {
    PmpRegisters r;
    const uint64_t used = below(17);
    for (unsigned i = 0; i < 16; ++i) {
      r.address[i] = address();
      if (i >= used) continue;
      uint8_t config = static_cast<uint8_t>(random()) & 0x1f;
      if ((config & 3) == 2) config &= ~3;  // W without R is reserved, and never there
      if (below(4) == 0) config |= 0x80;
      r.config[i] = config;
    }
    return r;
  }
  uint64_t place() {
    if (below(16) == 0) return random() & ((uint64_t{1} << 56) - 1);
    return kArea + below(0x5000) - 0x400;
  }
  std::mt19937_64 random;
};

TEST(Pmp, RandomRegisters_AccessesAsByteByByte) {
  RandomRegisters r(1);
  unsigned allowed = 0, refused = 0;
  for (unsigned config = 0; config < 5'000; ++config) {
    const PmpRegisters registers = r.registers();
    const Pmp pmp = make(registers);
    for (unsigned i = 0; i < 40; ++i) {
      const uint64_t at = r.place();
      const unsigned size = 1u << r.below(4);
      const AccessKind kind = kKinds[r.below(3)];
      const unsigned privilege = std::array{0u, 1u, 3u}[r.below(3)];
      const bool expected = oracle::pmp_permits(registers, at, size, same(kind), privilege);
      ASSERT_EQ(pmp_allows(pmp, {at}, size, kind, privilege), expected)
          << "registers " << config << std::hex << " at " << at << " size " << size << " privilege "
          << privilege;
      ++(expected ? allowed : refused);
    }
  }
  EXPECT_GT(allowed, 40'000u);
  EXPECT_GT(refused, 40'000u);
}

// A page may be cached if and only if one entry (or none) decides for all its bytes.
TEST(Pmp, RandomRegisters_UniformPagesAreTheOnesThatNoRegionSplits) {
  RandomRegisters r(2);
  unsigned uniform = 0, split = 0;
  for (unsigned config = 0; config < 1'500; ++config) {
    const PmpRegisters registers = r.registers();
    const Pmp pmp = make(registers);
    for (unsigned page = 0; page < 2; ++page) {
      const uint64_t at = r.place() & ~uint64_t{0xfff};
      bool same_entry = true;
      const unsigned first = oracle::pmp_entry_of(registers, at);
      for (uint64_t word = 4; word < 0x1000 && same_entry; word += 4)
        same_entry = oracle::pmp_entry_of(registers, at + word) == first;
      ASSERT_EQ(pmp_uniform_in_page(pmp, {at}), same_entry)
          << "registers " << config << std::hex << " page " << at;
      ++(same_entry ? uniform : split);
    }
  }
  EXPECT_GT(uniform, 500u);
  EXPECT_GT(split, 300u);
}

}  // namespace
}  // namespace vitrine::mmu
