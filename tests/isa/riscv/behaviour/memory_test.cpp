// SPDX-License-Identifier: MIT
// Behaviour 2: misaligned accesses across pages. And blocks of the cache. Next: atomics_test.cpp.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000, kSecondPage = kVirtual + 0x1000;
constexpr uint64_t kFirst = kData, kSecond = kData + 0x8000;  // where the two pages are: not neighbours
constexpr uint64_t kPattern = 0x8877'6655'4433'2211;
constexpr uint64_t kOld = 0xeeee'eeee'eeee'eeee;

// The bytes around the boundary: eight before it, eight after.
void fill(Bench& b) {
  b.write64(kFirst + 0xff8, kOld);
  b.write64(kSecond, kOld);
}

struct Width {
  unsigned bytes;
  uint32_t store, load, float_store;  // of a1 or fa1 at 0(a0)
};
const Width kWidths[] = {
    {2, insn::sh(a1, 0, a0), insn::lhu(a1, 0, a0), insn::fsh(a1, 0, a0)},
    {4, insn::sw(a1, 0, a0), insn::lwu(a1, 0, a0), insn::fsw(a1, 0, a0)},
    {8, insn::sd(a1, 0, a0), insn::ld(a1, 0, a0), insn::fsd(a1, 0, a0)},
};

// --- 2. A misaligned access across pages: both pages are checked before anything is written; xtval is "the
// virtual address of the portion of the access that caused the fault" (3.1.16).

TEST(Behaviour02, MisalignedAcrossPages_EverySplit_BytesOfBothPages) {
  for (const Width& w : kWidths) {
    for (unsigned before = 1; before < w.bytes; ++before) {
      SCOPED_TRACE(std::to_string(w.bytes) + " bytes, " + std::to_string(before) + " in the first page");
      under_every_cache([&](Bench& b) {
        PageTables tables(b);
        tables.identity().map(kVirtual, kFirst, pte::kReadWrite);
        tables.map(kSecondPage, kSecond, pte::kReadWrite);
        fill(b);
        b.put(kCode, {w.store, w.load, w.float_store});
        b.set_bits(csr::mstatus, status::kFsInitial);
        b.set_x(a0, kSecondPage - before);
        b.set_x(a1, kPattern);
        b.start(kCode, kS, tables.satp());
        b.run(1);
        for (unsigned i = 0; i < 16; ++i) {  // byte i of the sixteen around the boundary
          const uint64_t at = i < 8 ? kFirst + 0xff8 + i : kSecond + i - 8;
          const unsigned position = i - (8 - before);
          const uint8_t expected =
              position < w.bytes ? static_cast<uint8_t>(0x11 * (position + 1)) : static_cast<uint8_t>(kOld);
          EXPECT_EQ(b.read<uint8_t>(at), expected) << i;
        }
        b.set_x(a1, 0);
        b.run(1);
        EXPECT_EQ(b.x(a1), w.bytes == 8 ? kPattern : kPattern & ((uint64_t{1} << (8 * w.bytes)) - 1));
        b.set_f(a1, 0x0102'0304'0506'0708);
        b.run(1);
        EXPECT_EQ(b.read<uint8_t>(kSecondPage - before - kVirtual + kFirst), 8);
        EXPECT_EQ(b.read<uint8_t>(kSecond + w.bytes - before - 1), 8 - (w.bytes - 1));
      });
    }
  }
}

TEST(Behaviour02, MisalignedStore_OnePageRefused_NothingWritten) {
  struct Case {
    const char* name;
    uint64_t first, second;  // flags
    uint64_t physical;       // of the second page
    uint64_t cause;
    bool at_second;
  };
  const Case cases[] = {
      {"second not valid", pte::kReadWrite, 0, kSecond, cause::kStorePage, true},
      {"second read-only", pte::kReadWrite, pte::kRead, kSecond, cause::kStorePage, true},
      {"second for users", pte::kReadWrite, pte::kReadWrite | pte::U, kSecond, cause::kStorePage, true},
      {"second nowhere", pte::kReadWrite, pte::kReadWrite, 0x7000'0000, cause::kStoreAccess, true},
      {"second a device", pte::kReadWrite, pte::kReadWrite, kPlic, cause::kStoreAccess, true},
      {"first not valid", 0, pte::kReadWrite, kSecond, cause::kStorePage, false},
      {"first read-only", pte::kRead, pte::kReadWrite, kSecond, cause::kStorePage, false},
      {"both not valid", 0, 0, kSecond, cause::kStorePage, false},
  };
  for (const Case& c : cases) {
    for (const Width& w : kWidths) {
      for (unsigned before = 1; before < w.bytes; ++before) {
        SCOPED_TRACE(std::string(c.name) + ", " + std::to_string(w.bytes) + " bytes, split at " +
                     std::to_string(before));
        under_every_cache([&](Bench& b) {
          PageTables tables(b);
          tables.identity().map(kVirtual, kFirst, c.first);
          tables.map(kSecondPage, c.physical, c.second);
          fill(b);
          b.put(kCode, {w.store});
          b.set_x(a0, kSecondPage - before);
          b.set_x(a1, kPattern);
          b.start(kCode, kS, tables.satp());
          b.run(1);
          b.expect_machine_trap({c.cause, kCode, c.at_second ? kSecondPage : kSecondPage - before});
          EXPECT_EQ(b.read64(kFirst + 0xff8), kOld);
          EXPECT_EQ(b.read64(kSecond), kOld);
        });
      }
    }
  }
}

TEST(Behaviour02, MisalignedLoad_SecondPageRefused_RdUntouched) {
  for (const Width& w : kWidths) {
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kFirst, pte::kRead);
      b.put(kCode, {w.load, w.load});
      b.set_x(a0, kSecondPage - 1);
      b.set_x(a1, kPattern);
      b.start(kCode, kS, tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kLoadPage, kCode, kSecondPage});
      EXPECT_EQ(b.x(a1), kPattern);
    });
  }
}

TEST(Behaviour02, MisalignedStore_PmpRefusesSecondPage_NothingWritten) {
  under_every_cache([](Bench& b) {
    b.write64(kData + 0xff8, kOld);
    b.write64(kData + 0x1000, kOld);
    b.put(kCode, {insn::sd(a1, 0, a0)});
    b.set_csr(csr::pmpaddr0, (kData + 0x1000) >> 2);
    b.set_csr(csr::pmpaddr0 + 1, (kData + 0x2000) >> 2);
    b.set_csr(csr::pmpcfg0, 0x0f | 0x09 << 8);  // TOR R W X below, TOR R above
    b.set_x(a0, kData + 0xffd);
    b.set_x(a1, kPattern);
    b.start(kCode, kS);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, kData + 0x1000});
    EXPECT_EQ(b.read64(kData + 0xff8), kOld);
    EXPECT_EQ(b.read64(kData + 0x1000), kOld);
  });
}

TEST(Behaviour02, MisalignedAccess_EndOfRam_Refused) {
  under_every_cache([](Bench& b) {
    const uint64_t end = kRam + (4 << 20);
    b.write64(end - 8, kOld);
    b.put(kCode, {insn::sd(a1, -4, a0)});
    b.set_x(a0, end);
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode, end});
    EXPECT_EQ(b.read64(end - 8), kOld);
  });
}

TEST(Behaviour02, MisalignedInsideAPage_EveryOffset_Works) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::sd(a1, 0, a0), insn::ld(a2, 0, a0)});
    b.set_x(a1, kPattern);
    for (uint64_t offset = 0; offset < 16; ++offset) {
      b.write64(kData, kOld);
      b.write64(kData + 8, kOld);
      b.write64(kData + 16, kOld);
      b.set_x(a0, kData + offset);
      b.start(kCode);
      b.run(2);
      EXPECT_EQ(b.x(a2), kPattern);
      for (uint64_t i = 0; i < 24; ++i) {
        const uint64_t position = i - offset;
        EXPECT_EQ(b.read<uint8_t>(kData + i), position < 8 ? 0x11 * (position + 1) : 0xee)
            << offset << " " << i;
      }
    }
  });
}

// "D bit is set by a store": both pages of a crossing store are dirty afterwards, both of a load accessed
// (10.3.1).
TEST(Behaviour02, MisalignedStore_SetsAccessedAndDirtyOfBothPages) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    const uint64_t clear = pte::V | pte::R | pte::W;
    tables.identity();
    const uint64_t first = tables.map(kVirtual, kFirst, clear),
                   second = tables.map(kSecondPage, kSecond, clear);
    b.put(kCode, {insn::lwu(a1, 0, a0), insn::sw(a1, 0, a0)});
    b.set_x(a0, kSecondPage - 2);
    b.start(kCode, kS, tables.satp());
    b.run(1);
    EXPECT_EQ(b.read64(first), pte::make(kFirst, clear | pte::A));
    EXPECT_EQ(b.read64(second), pte::make(kSecond, clear | pte::A));
    b.run(1);
    EXPECT_EQ(b.read64(first), pte::make(kFirst, clear | pte::A | pte::D));
    EXPECT_EQ(b.read64(second), pte::make(kSecond, clear | pte::A | pte::D));
  });
}

// --- Cache blocks (19.5 to 19.7): not in the list, and easily wrong in the same way.

TEST(CacheBlocks, CboZero_ClearsItsBlockOnly) {
  under_every_cache([](Bench& b) {
    for (uint64_t i = 0; i < 192; i += 8) b.write64(kData + i, kOld);
    b.put(kCode, {insn::cbo_zero(a0)});
    b.set_x(a0, kData + 64 + 37);
    b.run(1);
    for (uint64_t i = 0; i < 192; i += 8) EXPECT_EQ(b.read64(kData + i), i / 64 == 1 ? 0 : kOld) << i;
  });
}

// "A cache-block management instruction is permitted to access the specified cache block whenever a load
// instruction or store instruction is permitted"; zeroing needs the store. Faults are store/AMO faults, xtval
// the effective address.
TEST(CacheBlocks, Permissions_FaultsOfStoreKind) {
  struct Case {
    const char* name;
    uint64_t flags, physical;
    uint64_t manage, zero;  // causes; 0: allowed
  };
  const Case cases[] = {
      {"read-only", pte::kRead, kFirst, 0, cause::kStorePage},
      {"read and write", pte::kReadWrite, kFirst, 0, 0},
      {"execute-only", pte::V | pte::X | pte::A, kFirst, cause::kStorePage, cause::kStorePage},
      {"not valid", 0, kFirst, cause::kStorePage, cause::kStorePage},
      {"a user page", pte::kReadWrite | pte::U, kFirst, cause::kStorePage, cause::kStorePage},
  };
  for (const Case& c : cases) {
    for (const uint32_t which : {0u, 1u, 2u, 4u}) {
      SCOPED_TRACE(std::string(c.name) + ", cbo " + std::to_string(which));
      under_every_cache([&](Bench& b) {
        PageTables tables(b);
        tables.identity().map(kVirtual, c.physical, c.flags);
        b.set_bits(csr::menvcfg, 0xf0);
        b.put(kCode, {insn::cbo(which, a0)});
        b.set_x(a0, kVirtual + 0x123);
        b.start(kCode, kS, tables.satp());
        b.run(1);
        const uint64_t cause = which == 4 ? c.zero : c.manage;
        if (cause == 0)
          EXPECT_EQ(b.pc(), kCode + 4);
        else
          b.expect_machine_trap({cause, kCode, kVirtual + 0x123});
      });
    }
  }
}

// CBIE, CBCFE and CBZE of menvcfg for S, of both menvcfg and senvcfg for U (19.5.1).
TEST(CacheBlocks, EnvironmentBits_GateTheLowerModes) {
  struct Case {
    uint32_t which;
    uint64_t bits;
  };
  for (const Case& c : {Case{0, 0x10}, Case{0, 0x30}, Case{1, 0x40}, Case{2, 0x40}, Case{4, 0x80}}) {
    for (const bool machine : {false, true}) {
      for (const bool supervisor : {false, true}) {
        for (const Privilege mode : {kU, kS, kM}) {
          under_every_cache([&](Bench& b) {
            b.set_csr(csr::menvcfg, machine ? c.bits : 0xf0 & ~(c.bits | 0x30));
            b.set_csr(csr::senvcfg, supervisor ? c.bits : 0);
            b.put(kCode, {insn::cbo(c.which, a0), insn::kSelf});
            b.set_x(a0, kData);
            b.start(kCode, mode);
            b.run(1);
            const bool legal = mode == kM || (machine && (mode == kS || supervisor));
            if (legal)
              EXPECT_EQ(b.pc(), kCode + 4);
            else
              b.expect_machine_trap({cause::kIllegal, kCode, insn::cbo(c.which, a0)});
          });
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::bench
