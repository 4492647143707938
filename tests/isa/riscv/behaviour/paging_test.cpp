// SPDX-License-Identifier: MIT
// Behaviours 19, 20 and 21: accessed and dirty bits, satp and canonical addresses, malformed entries. All by
// guest instructions; tests/mmu asks the walk itself. Next: paging_change_test.cpp.
#include <gtest/gtest.h>

#include "tests/isa/riscv/behaviour/paged.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

// --- 19. A and D. Svadu sets them, atomically and nothing else; with menvcfg.ADUE = 0 (Svade) a clear bit is
// a page fault (10.3.1, 3.1.18).

struct Accessed {
  const char* name;
  uint32_t word;
  bool dirties;
  uint64_t cause;
};
const Accessed kAccessed[] = {
    {"ld", insn::ld(t0, 0, a0), false, cause::kLoadPage},
    {"lr.d", insn::lr_d(t0, a0), false, cause::kLoadPage},
    {"misaligned lw", insn::lw(t0, 2, a0), false, cause::kLoadPage},
    {"sd", insn::sd(t0, 0, a0), true, cause::kStorePage},
    {"amoadd.d", insn::amoadd_d(t0, t1, a0), true, cause::kStorePage},
    {"cbo.zero", insn::cbo_zero(a0), true, cause::kStorePage},
    {"misaligned sw", insn::sw(t0, 2, a0), true, cause::kStorePage},
};

TEST(Behaviour19, Svadu_SetsAAndDAndNothingElse) {
  constexpr uint64_t kSoftware = 3 << 8 | pte::G;
  for (const Accessed& a : kAccessed) {
    for (const uint64_t before : {uint64_t{0}, pte::A, pte::A | pte::D, pte::D}) {
      SCOPED_TRACE(a.name);
      under_every_cache([&](Bench& b) {
        b.set_bits(csr::menvcfg, 1 << 7);
        ASSERT_NE(b.csr(csr::menvcfg) & uint64_t{1} << 61, 0u) << "ADUE at reset";
        const uint64_t flags = pte::V | pte::R | pte::W | kSoftware;
        Paged p(b, flags | before);
        const uint64_t upper = b.read64(p.tables.entry(kVirtual, 1));
        p.run({a.word});
        EXPECT_EQ(b.read64(p.entry), pte::make(kOne, flags | before | pte::A | (a.dirties ? pte::D : 0)));
        EXPECT_EQ(b.read64(p.tables.entry(kVirtual, 1)), upper) << "pointers have no A and D";
      });
    }
  }
}

TEST(Behaviour19, Svadu_FetchSetsA) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::X);
    b.put(kOne, {insn::kSelf});
    b.start(kVirtual, kS, p.tables.satp());
    b.run(1);
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::X | pte::A));
  });
}

TEST(Behaviour19, Svadu_RefusedAccess_LeavesTheEntryAlone) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R);
    p.run({insn::sd(t0, 0, a0)});
    b.expect_machine_trap({cause::kStorePage, kCode, kVirtual});
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::R));
  });
}

TEST(Behaviour19, Svadu_AClearedByTheGuest_SetAgainByTheNextAccess) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.set_x(a2, pte::make(kOne, pte::V | pte::R | pte::W));
    p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a1), insn::ld(t0, 0, a0),
           insn::ld(t2, 0, a1), insn::sd(t0, 8, a0), insn::ld(t3, 0, a1)});
    EXPECT_EQ(b.x(t1), pte::make(kOne, pte::V | pte::R | pte::W));
    EXPECT_EQ(b.x(t2), pte::make(kOne, pte::V | pte::R | pte::W | pte::A));
    EXPECT_EQ(b.x(t3), pte::make(kOne, pte::kReadWrite));
  });
}

TEST(Behaviour19, Svadu_UpdateForbiddenByPmp_AccessFaultOfTheOriginalKind) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R | pte::W);
    // The page tables are readable only.
    b.set_csr(csr::pmpaddr0 + 1, (uint64_t{1} << 54) - 1);
    b.set_csr(csr::pmpaddr0, (kTables >> 2) | ((0x10'0000 >> 3) - 1));
    b.set_csr(csr::pmpcfg0, 0x19 | 0x1f << 8);
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadAccess, kCode, kVirtual});
    b.start(kCode + 0x100, kS, p.tables.satp());
    b.put(kCode + 0x100, {insn::sd(t0, 0, a0)});
    b.run(1);
    b.expect_machine_trap({cause::kStoreAccess, kCode + 0x100, kVirtual});
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::V | pte::R | pte::W));
  });
}

TEST(Behaviour19, Svade_ClearBitsFault) {
  for (const bool by_config : {false, true}) {
    Board board;
    board.config.svade = by_config;
    for (const Accessed& a : kAccessed) {
      for (const uint64_t before : {uint64_t{0}, pte::A, pte::A | pte::D, pte::D}) {
        SCOPED_TRACE(a.name);
        under_every_cache(board, [&](Bench& b) {
          b.set_csr(csr::menvcfg, 1 << 7);  // CBZE; ADUE = 0
          const uint64_t flags = pte::V | pte::R | pte::W | before;
          Paged p(b, flags);
          p.run({a.word});
          const bool works = (before & pte::A) && (!a.dirties || (before & pte::D));
          const uint64_t tval =
              kVirtual + (a.word == insn::lw(t0, 2, a0) || a.word == insn::sw(t0, 2, a0) ? 2 : 0);
          if (works)
            EXPECT_EQ(b.pc(), kCode + 4);
          else
            b.expect_machine_trap({a.cause, kCode, tval});
          EXPECT_EQ(b.read64(p.entry), pte::make(kOne, flags)) << "hardware sets nothing";
        });
      }
    }
  }
}

TEST(Behaviour19, AdueToggled_NextAccessSeesIt) {
  under_every_cache([](Bench& b) {
    Paged p(b, pte::V | pte::R | pte::W);
    b.put(kCode, {insn::sd(zero, 8, a0)});
    b.clear_bits(csr::menvcfg, uint64_t{1} << 61);
    b.start(kCode, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kStorePage, kCode, kVirtual + 8});
    b.set_bits(csr::menvcfg, uint64_t{1} << 61);
    b.start(kCode, kS, p.tables.satp());
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 4);
    EXPECT_EQ(b.read64(p.entry), pte::make(kOne, pte::kReadWrite));
  });
}

TEST(Behaviour19, SvadeByConfig_AdueIsReadOnlyZero) {
  Board board;
  board.config.svade = true;
  under_every_cache(board, [](Bench& b) {
    EXPECT_EQ(b.csr(csr::menvcfg), 0u);
    b.set_csr(csr::menvcfg, ~uint64_t{0});
    EXPECT_EQ(b.csr(csr::menvcfg) & uint64_t{1} << 61, 0u);
  });
}

// --- 20. satp (10.1.11) and canonical addresses (10.4.1).

TEST(Behaviour20, Satp_UnsupportedMode_WritesNothing) {
  for (const uint8_t levels : {3, 4, 5}) {
    Board board;
    board.config.max_levels = levels;
    under_every_cache(board, [&](Bench& b) {
      for (uint64_t mode = 0; mode < 16; ++mode) {
        const uint64_t before = uint64_t{8} << 60 | 0x8'0123,
                       wanted = mode << 60 | uint64_t{0x55} << 44 | 0x8'0456;
        b.set_csr(csr::satp, before);
        b.set_x(a0, wanted);
        b.put(kCode, {insn::csrw(csr::satp, a0)});
        b.start(kCode, kM, before);
        b.run_quietly(1);
        const bool supported = mode == 0 || (mode >= 8 && mode <= uint64_t{levels} + 5);
        EXPECT_EQ(b.csr(csr::satp), supported ? wanted : before) << mode;
      }
      b.note();
    });
  }
}

// A write that does nothing leaves the present space in force.
TEST(Behaviour20, Satp_UnsupportedMode_TranslationGoesOn) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.set_x(a3, uint64_t{9} << 60 | 0x8'0000);
    p.run({insn::ld(t0, 0, a0), insn::csrw(csr::satp, a3), insn::ld(t1, 0, a0), insn::csrr(t2, csr::satp)});
    EXPECT_EQ(b.x(t1), kValueOne);
    EXPECT_EQ(b.x(t2), p.tables.satp());
  });
}

TEST(Behaviour20, NonCanonicalAddress_PageFaultWithAllItsBits) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    Board board;
    board.config.max_levels = static_cast<uint8_t>(levels);
    const unsigned bits = 12 + 9 * levels;
    const uint64_t half = uint64_t{1} << (bits - 1);
    under_every_cache(board, [&](Bench& b) {
      Paged p(b, pte::kAll, levels);
      p.tables.map(half - 0x1000, kOne, pte::kAll);  // the last page of the lower half
      p.tables.map(~(half - 1), kTwo, pte::kAll);    // the first of the upper half
      const auto load = [&](uint64_t address) {
        b.put(kCode, {insn::ld(t0, 0, a0), insn::kSelf});
        b.set_x(a0, address);
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
      };
      load(half - 0x1000);
      EXPECT_EQ(b.x(t0), kValueOne);
      load(~(half - 1));
      EXPECT_EQ(b.x(t0), kValueTwo);
      // Addresses whose low bits are those of mapped (and used) pages.
      for (const uint64_t address :
           {half, half + 0x1000, ~half, kVirtual | half << 1, kVirtual | uint64_t{1} << 63,
            kVirtual | uint64_t{1} << 62, (half - 0x1000) | half << 1, ~(half - 1) & ~(uint64_t{1} << 63),
            ~(half - 1) & ~(half << 1)}) {
        const uint64_t at = address & ~uint64_t{7};
        load(at);
        b.expect_machine_trap({cause::kLoadPage, kCode, at});
        b.put(kCode, {insn::sd(t0, 0, a0)});
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kStorePage, kCode, at});
        b.put(kCode, {insn::amoadd_d(t0, t0, a0)});
        b.start(kCode, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kStorePage, kCode, at});
        b.start(at, kS, p.tables.satp());
        b.run_quietly(1);
        b.expect_machine_trap({cause::kFetchPage, at, at});
      }
      b.note();
    });
  }
}

TEST(Behaviour20, MisalignedAccessOverTheEdgeOfTheHalf_FaultsAtTheEdge) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    const uint64_t half = uint64_t{1} << 38;
    p.tables.map(half - 0x1000, kOne, pte::kAll);
    b.set_x(a0, half - 4);
    b.write64(kOne + 0xff8, kValueOne);
    p.run({insn::sd(zero, 0, a0)});
    b.expect_machine_trap({cause::kStorePage, kCode, half});
    EXPECT_EQ(b.read64(kOne + 0xff8), kValueOne);
    // And an instruction over the edge.
    b.write<uint16_t>(kOne + 0xffe, 0x0013);
    b.start(half - 2, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kFetchPage, half - 2, half});
  });
}

// "Memory address computations ignore overflow and wrap around modulo 2^XLEN" (1.4): the last page and page
// 0.
TEST(Behaviour20, AccessOverTheTopOfTheAddressSpace_Wraps) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    p.tables.map(0xffff'ffff'ffff'f000, kOne, pte::kAll);
    p.tables.map(0, kTwo, pte::kAll);
    b.set_x(a0, 0xffff'ffff'ffff'fffc);
    b.set_x(a1, 0x8877'6655'4433'2211);
    p.run({insn::sd(a1, 0, a0), insn::ld(t0, 0, a0)});
    EXPECT_EQ(b.read<uint32_t>(kOne + 0xffc), 0x4433'2211u);
    EXPECT_EQ(b.read<uint32_t>(kTwo), 0x8877'6655u);
    EXPECT_EQ(b.x(t0), 0x8877'6655'4433'2211u);
    // Code runs over the top as well.
    b.put(kOne + 0xffc, {insn::addi(t1, zero, 1)});
    b.put(kTwo, {insn::addi(t2, zero, 2), insn::kSelf});
    b.start(0xffff'ffff'ffff'fffc, kS, p.tables.satp());
    b.run(2);
    EXPECT_EQ(b.pc(), 4u);
    EXPECT_EQ(b.x(t2), 2u);
  });
}

TEST(Behaviour20, BareAddresses_BeyondPhysicalMemory_AccessFaults) {
  for (const Privilege mode : {kM, kS, kU}) {
    under_every_cache([&](Bench& b) {
      for (const uint64_t address : {uint64_t{0}, kData | uint64_t{1} << 56, kData | uint64_t{1} << 63,
                                     ~uint64_t{7}, kData | uint64_t{1} << 39, uint64_t{1} << 55}) {
        b.put(kCode, {insn::ld(t0, 0, a0)});
        b.set_x(a0, address);
        b.start(kCode, mode);
        b.run_quietly(1);
        b.expect_machine_trap({cause::kLoadAccess, kCode, address});
        b.start(address, mode);
        b.run_quietly(1);
        b.expect_machine_trap({cause::kFetchAccess, address, address});
      }
      b.note();
    });
  }
}

// --- 21. Malformed entries: "stop and raise a page-fault exception corresponding to the original access
// type" (10.3.2).

struct Malformed {
  const char* name;
  uint64_t flags;
  unsigned level;
};
const Malformed kMalformed[] = {
    {"V = 0", pte::R | pte::W | pte::X | pte::A | pte::D, 0},
    {"W without R", pte::V | pte::W | pte::A | pte::D, 0},
    {"W and X without R", pte::V | pte::W | pte::X | pte::A | pte::D, 0},
    {"reserved bit 54", pte::kAll | uint64_t{1} << 54, 0},
    {"reserved bit 60", pte::kAll | uint64_t{1} << 60, 0},
    {"all reserved bits", pte::kAll | pte::kReserved, 0},
    {"a pointer at the last level", pte::V, 0},
    {"PBMT = NC without PBMTE", pte::kAll | pte::kPbmtNc, 0},
    {"PBMT = IO without PBMTE", pte::kAll | pte::kPbmtIo, 0},
    {"PBMT = 3", pte::kAll | pte::kPbmtReserved, 0},
    {"NAPOT with an encoding that is not 64 KiB", pte::kAll | pte::N | uint64_t{4} << 10, 0},
    {"NAPOT with ppn[3:0] = 0", pte::kAll | pte::N, 0},
    {"NAPOT on a superpage", pte::kAll | pte::N | uint64_t{8} << 10, 1},
    {"2 MiB, misaligned", pte::kAll | uint64_t{1} << 10, 1},
    {"2 MiB, misaligned in the middle", pte::kAll | uint64_t{0x100} << 10, 1},
    {"1 GiB, misaligned by 2 MiB", pte::kAll | uint64_t{0x200} << 10, 2},
    {"pointer with A", pte::V | pte::A, 1},
    {"pointer with D", pte::V | pte::D, 1},
    {"pointer with U", pte::V | pte::U, 1},
    {"pointer with A in the root", pte::V | pte::A, 2},
    {"pointer with N", pte::V | pte::N, 1},
    {"pointer with PBMT", pte::V | pte::kPbmtNc, 1},
    {"pointer with a reserved bit", pte::V | uint64_t{1} << 57, 1},
};

TEST(Behaviour21, MalformedEntry_PageFault) {
  for (const Malformed& m : kMalformed) {
    SCOPED_TRACE(m.name);
    under_every_cache([&](Bench& b) {
      Paged p(b, pte::kAll);
      const uint64_t entry = p.tables.entry(kVirtual, m.level);
      const bool pointer = !(m.flags & (pte::R | pte::X | pte::W)) && m.level > 0;
      // What would be reached if the flaw were overlooked is there.
      const uint64_t target = pointer ? b.read64(entry) >> 10 << 10 : uint64_t{kRam} >> 12 << 10;
      b.write64(entry, (m.level == 0 ? pte::make(kOne & ~uint64_t{0xffff}, 0) : target) | m.flags);
      p.run({insn::ld(t0, 0, a0)});
      b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
      b.put(kCode, {insn::sd(t0, 0, a0)});
      b.start(kCode, kS, p.tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kStorePage, kCode, kVirtual});
      b.start(kVirtual, kS, p.tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kFetchPage, kVirtual, kVirtual});
    });
  }
}

TEST(Behaviour21, Svpbmt_EncodingsWithPbmte) {
  for (const uint64_t type : {uint64_t{0}, pte::kPbmtNc, pte::kPbmtIo, pte::kPbmtReserved}) {
    for (const unsigned level : {0u, 1u}) {
      under_every_cache([&](Bench& b) {
        b.set_bits(csr::menvcfg, uint64_t{1} << 62);
        Paged p(b);
        p.tables.map(0x6000'0000, level ? kRam : kOne, pte::kReadWrite | type, level);
        b.set_x(a0, 0x6000'0000 + (level ? kOne - kRam : 0));
        p.run({insn::ld(t0, 0, a0)});
        if (type == pte::kPbmtReserved)
          b.expect_machine_trap({cause::kLoadPage, kCode, b.x(a0)});
        else
          EXPECT_EQ(b.x(t0), kValueOne);
      });
    }
  }
}

TEST(Behaviour21, PbmteToggled_NextAccessSeesIt) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::menvcfg, uint64_t{1} << 62);
    Paged p(b, pte::kReadWrite | pte::kPbmtNc);
    p.run({insn::ld(t0, 0, a0)});
    EXPECT_EQ(b.x(t0), kValueOne);
    b.clear_bits(csr::menvcfg, uint64_t{1} << 62);
    p.run({insn::ld(t1, 0, a0)});
    b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
  });
}

TEST(Behaviour21, NoSvpbmt_PbmteIsReadOnlyZero) {
  Board board;
  board.config.svpbmt = false;
  under_every_cache(board, [](Bench& b) {
    b.set_csr(csr::menvcfg, ~uint64_t{0});
    EXPECT_EQ(b.csr(csr::menvcfg) >> 62 & 1, 0u);
    Paged p(b, pte::kReadWrite | pte::kPbmtNc);
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
  });
}

// Svnapot: sixteen entries with N and ppn[3:0] = 1000 map 64 KiB, the low bits of the page number from the
// address.
TEST(Behaviour21, Svnapot_SixtyFourKibibytes) {
  for (const bool present : {true, false}) {
    Board board;
    board.config.svnapot = present;
    under_every_cache(board, [&](Bench& b) {
      Paged p(b);
      const uint64_t block = kRam + 0x4'0000;
      for (uint64_t i = 0; i < 16; ++i) {
        b.write64(block + i * 0x1000, 100 + i);
        p.tables.map(0x6000'0000 + i * 0x1000, block + 0x8000, pte::kReadWrite | pte::N);
      }
      for (uint64_t i = 0; i < 16; ++i) {
        b.set_x(a0, 0x6000'0000 + i * 0x1000);
        p.run({insn::ld(t0, 0, a0)});
        if (present)
          EXPECT_EQ(b.x(t0), 100 + i);
        else
          b.expect_machine_trap({cause::kLoadPage, kCode, b.x(a0)});
      }
    });
  }
}

TEST(Behaviour21, TableOutsideRam_AccessFaultOfTheOriginalKind) {
  under_every_cache([](Bench& b) {
    Paged p(b);
    b.write64(p.tables.entry(kVirtual, 1), pte::make(0x7000'0000, pte::V));
    p.run({insn::ld(t0, 0, a0)});
    b.expect_machine_trap({cause::kLoadAccess, kCode, kVirtual});
    p.run({insn::sd(t0, 0, a0)});
    b.expect_machine_trap({cause::kStoreAccess, kCode, kVirtual});
    b.start(kVirtual, kS, p.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kVirtual, kVirtual});
    // A root that is a device: the walk does not read devices.
    b.start(kCode, kS, uint64_t{8} << 60 | kClint >> 12);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kCode, kCode});
  });
}

}  // namespace
}  // namespace vitrine::bench
