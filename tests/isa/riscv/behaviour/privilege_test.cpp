// SPDX-License-Identifier: MIT
// Behaviours 5, 6, 16, 23 and 25: MPRV, SUM and MXR, what xtval and minstret say about traps, the trap bits
// TW, TSR and TVM, and which CSR instructions read and write.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;
constexpr uint64_t kValue = 0x1122'3344'5566'7788;

// A table with one page at kVirtual beside the identity map, and one load in M mode by a0 = kVirtual.
struct Mapped {
  Mapped(Bench& b, uint64_t flags) : tables(b) {
    entry = tables.identity().map(kVirtual, kData, flags);
    b.write64(kData, kValue);
    b.set_x(a0, kVirtual);
  }
  PageTables tables;
  uint64_t entry;
};

// --- 5. "When MPRV=1, load and store memory addresses are translated and protected, and endianness is
// applied, as though the current privilege mode were set to MPP. Instruction address-translation and
// protection are unaffected" (3.1.6.3).

TEST(Behaviour05, Mprv_LoadsUseMpp_FetchesDoNot) {
  under_every_cache([](Bench& b) {
    Mapped mapped(b, pte::kReadWrite);
    // kCode is not mapped for data: M fetches from it all the same.
    mapped.tables.map(kCode, kCode, 0);
    b.put(kCode, {insn::ld(t0, 0, a0), insn::sd(t0, 8, a0), insn::csrrc(zero, csr::mstatus, a1),
                  insn::ld(t1, 0, a2), insn::ld(t2, 0, a0)});
    b.set_x(a1, status::kMprv);
    b.set_x(a2, kData + 8);
    b.set_bits(csr::mstatus, status::kMprv | status::kMppS);
    b.start(kCode, kM, mapped.tables.satp());
    b.run(2);
    EXPECT_EQ(b.x(t0), kValue);
    EXPECT_EQ(b.read64(kData + 8), kValue);
    b.run(2);
    EXPECT_EQ(b.x(t1), kValue) << "without MPRV addresses are physical again";
    b.run(1);
    b.expect_machine_trap({cause::kLoadAccess, kCode + 16, kVirtual});
  });
}

TEST(Behaviour05, Mprv_ChecksPermissionsOfMpp) {
  struct Case {
    const char* name;
    uint64_t flags, mpp, extra;
    uint64_t cause;  // 0: it works
  };
  const Case cases[] = {
      {"S on a supervisor page", pte::kRead, status::kMppS, 0, 0},
      {"U on a supervisor page", pte::kRead, 0, 0, cause::kLoadPage},
      {"U on a user page", pte::kRead | pte::U, 0, 0, 0},
      {"S on a user page", pte::kRead | pte::U, status::kMppS, 0, cause::kLoadPage},
      {"S on a user page with SUM", pte::kRead | pte::U, status::kMppS, status::kSum, 0},
      {"S on an executable page", pte::V | pte::X | pte::A, status::kMppS, 0, cause::kLoadPage},
      {"S on an executable page with MXR", pte::V | pte::X | pte::A, status::kMppS, status::kMxr, 0},
      {"M: physical, and nothing is there", pte::kRead, status::kMppM, 0, cause::kLoadAccess},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      Mapped mapped(b, c.flags);
      b.put(kCode, {insn::ld(t0, 0, a0)});
      b.clear_bits(csr::mstatus, status::kMpp);
      b.set_bits(csr::mstatus, status::kMprv | c.mpp | c.extra);
      b.start(kCode, kM, mapped.tables.satp());
      b.run(1);
      if (c.cause == 0)
        EXPECT_EQ(b.x(t0), kValue);
      else
        b.expect_machine_trap({c.cause, kCode, kVirtual});
    });
  }
}

// PMP sees the effective privilege too (3.7.1): what is not locked binds U and S, and M with MPRV.
TEST(Behaviour05, Mprv_PmpOfMpp) {
  Board closed;
  closed.open_pmp = false;
  under_every_cache(closed, [](Bench& b) {
    b.put(kCode, {insn::ld(t0, 0, a0), insn::ld(t0, 0, a0)});
    b.set_x(a0, kData);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 4) << "M may";
    b.set_bits(csr::mstatus, status::kMprv | status::kMppS);
    b.run(1);
    b.expect_machine_trap({cause::kLoadAccess, kCode + 4, kData});
  });
}

// "An MRET or SRET instruction that changes the privilege mode to a mode less privileged than M also sets
// MPRV=0".
TEST(Behaviour05, Mprv_ClearedByReturnsToLessThanM) {
  struct Case {
    const char* name;
    uint32_t word;
    uint64_t status;
    Privilege to;
    bool kept;
  };
  const Case cases[] = {
      {"mret to U", insn::kMret, 0, kU, false},
      {"mret to S", insn::kMret, status::kMppS, kS, false},
      {"mret to M", insn::kMret, status::kMppM, kM, true},
      {"sret to U", insn::kSret, 0, kU, false},
      {"sret to S", insn::kSret, status::kSpp, kS, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.put(kCode, {c.word});
      b.set_csr(csr::mepc, kCode + 0x100);
      b.set_csr(csr::sepc, kCode + 0x100);
      b.clear_bits(csr::mstatus, status::kMpp | status::kSpp);
      b.set_bits(csr::mstatus, status::kMprv | c.status);
      b.start(kCode);
      b.run(1);
      EXPECT_EQ(b.mode(), c.to);
      EXPECT_EQ(b.pc(), kCode + 0x100);
      EXPECT_EQ((b.csr(csr::mstatus) & status::kMprv) != 0, c.kept);
    });
  }
}

TEST(Behaviour05, Mprv_TrapLeavesItAlone) {
  under_every_cache([](Bench& b) {
    Mapped mapped(b, 0);
    b.put(kCode, {insn::ld(t0, 0, a0)});
    b.set_bits(csr::mstatus, status::kMprv | status::kMppS);
    b.start(kCode, kM, mapped.tables.satp());
    b.run(1);
    b.expect_machine_trap({cause::kLoadPage, kCode, kVirtual});
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kMprv | status::kMpp), status::kMprv | status::kMppM)
        << "MPRV stays, and with MPP = M it has no effect in the handler";
  });
}

TEST(Behaviour05, Mprv_WithoutEffectInSAndU) {
  under_every_cache([](Bench& b) {
    Mapped mapped(b, pte::kReadWrite);
    b.put(kCode, {insn::ld(t0, 0, a0)});
    b.set_bits(csr::mstatus, status::kMprv | status::kMppM);
    b.start(kCode, kS, mapped.tables.satp());
    b.run(1);
    EXPECT_EQ(b.x(t0), kValue) << "S translates, whatever MPP says";
  });
}

// --- 6. SUM and MXR (3.1.6.3, 10.3.1).

struct Access {
  const char* name;
  Privilege mode;
  uint64_t flags;   // of the page
  uint64_t status;  // SUM, MXR
  bool load, store, fetch;
};
constexpr uint64_t kX = pte::V | pte::X | pte::A | pte::D, kRwx = pte::kAll;
const Access kAccesses[] = {
    {"S, own page", kS, kRwx, 0, true, true, true},
    {"S, user page", kS, kRwx | pte::U, 0, false, false, false},
    {"S with SUM, user page: never for fetches", kS, kRwx | pte::U, status::kSum, true, true, false},
    {"S with SUM, own page", kS, kRwx, status::kSum, true, true, true},
    {"U, supervisor page", kU, kRwx, 0, false, false, false},
    {"U with SUM, supervisor page", kU, kRwx, status::kSum, false, false, false},
    {"U, own page", kU, kRwx | pte::U, 0, true, true, true},
    {"S, execute-only", kS, kX, 0, false, false, true},
    {"S with MXR, execute-only", kS, kX, status::kMxr, true, false, true},
    {"S with MXR, user page", kS, kX | pte::U, status::kMxr, false, false, false},
    {"S with MXR and SUM, execute-only user page", kS, kX | pte::U, status::kMxr | status::kSum, true, false,
     false},
    {"U with MXR, execute-only", kU, kX | pte::U, status::kMxr, true, false, true},
    {"S with MXR, neither readable nor executable", kS, pte::V | pte::A | pte::D, status::kMxr, false, false,
     false},
    {"S, read-only", kS, pte::kRead, 0, true, false, false},
    {"S, read and write", kS, pte::kReadWrite, 0, true, true, false},
    {"S, read and execute", kS, pte::kExecute, 0, true, false, true},
};

TEST(Behaviour06, SumAndMxr_EveryAccess) {
  struct Kind {
    const char* name;
    uint32_t word;
    uint64_t cause;
  };
  const Kind loads[] = {{"ld", insn::ld(t0, 0, a0), cause::kLoadPage},
                        {"misaligned lw", insn::lw(t0, 1, a0), cause::kLoadPage},
                        {"lr.w", insn::lr_w(t0, a0), cause::kLoadPage}};
  const Kind stores[] = {{"sd", insn::sd(t0, 0, a0), cause::kStorePage},
                         {"sc.w", insn::sc_w(t0, t1, a0), cause::kStorePage},
                         {"amoadd.d", insn::amoadd_d(t0, t1, a0), cause::kStorePage}};
  for (const Access& a : kAccesses) {
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.map_range(kRam, kRam, 0x1'0000, pte::kAll | (a.mode == kU ? pte::U : 0));
      tables.map(kVirtual, kData, a.flags);
      b.set_bits(csr::mstatus, a.status);
      b.set_x(a0, kVirtual);
      const auto attempt = [&](const Kind& kind, bool allowed) {
        SCOPED_TRACE(std::string(a.name) + ": " + kind.name);
        b.put(kCode, {kind.word, insn::kSelf});
        b.start(kCode, a.mode, tables.satp());
        b.run_quietly(1);
        const uint64_t tval = kVirtual + (kind.word == insn::lw(t0, 1, a0) ? 1 : 0);
        if (allowed)
          EXPECT_EQ(b.pc(), kCode + 4);
        else
          b.expect_machine_trap({kind.cause, kCode, tval});
      };
      for (const Kind& kind : loads) attempt(kind, a.load);
      for (const Kind& kind : stores) attempt(kind, a.store);
      b.write(kData, insn::kSelf);
      b.start(kVirtual, a.mode, tables.satp());
      b.run(1);
      if (a.fetch)
        EXPECT_EQ(b.pc(), kVirtual) << a.name;
      else
        b.expect_machine_trap({cause::kFetchPage, kVirtual, kVirtual});
    });
  }
}

// The bits act at once, both ways, on pages that have been used (and may be cached).
TEST(Behaviour06, SumAndMxr_Toggled_NextAccessSeesIt) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kData, pte::kReadWrite | pte::U);
    tables.map(kVirtual + 0x1000, kData + 0x1000, kX);
    b.set_csr(csr::medeleg, 0xffff);
    b.set_x(a0, kVirtual);
    b.set_x(a1, kVirtual + 0x1000);
    b.set_x(s0, status::kSum);
    b.set_x(s1, status::kMxr);
    b.put(kCode, {insn::csrrs(zero, csr::sstatus, s0), insn::ld(t0, 0, a0), insn::sd(t0, 8, a0),
                  insn::csrrc(zero, csr::sstatus, s0), insn::ld(t0, 0, a0)});
    b.put(kCode + 0x100, {insn::csrrs(zero, csr::sstatus, s1), insn::ld(t0, 0, a1),
                          insn::csrrc(zero, csr::sstatus, s1), insn::ld(t0, 0, a1)});
    for (int round = 0; round < 3; ++round) {
      b.start(kCode, kS, tables.satp());
      b.run(5);
      b.expect_supervisor_trap({cause::kLoadPage, kCode + 16, kVirtual});
      b.start(kCode + 0x100, kS, tables.satp());
      b.run(4);
      b.expect_supervisor_trap({cause::kLoadPage, kCode + 0x10c, kVirtual + 0x1000});
    }
  });
}

// --- 16. xtval (3.1.16), and: "instructions that cause synchronous exceptions, including ECALL and EBREAK,
// are not considered to retire and should not increment the minstret CSR" (3.3.1).

TEST(Behaviour16, Xtval_OfEachException) {
  struct Case {
    const char* name;
    Word word;
    Privilege mode;
    uint64_t cause, tval;
  };
  const uint32_t custom = 0x0000'700b;  // custom-0: not implemented
  const Case cases[] = {
      {"illegal, 32 bits", custom, kM, cause::kIllegal, custom},
      {"illegal, 16 bits: upper bits are 0", uint16_t{0}, kM, cause::kIllegal, 0},
      {"all ones", 0xffff'ffffu, kM, cause::kIllegal, 0xffff'ffff},
      {"mret in S", insn::kMret, kS, cause::kIllegal, insn::kMret},
      {"mret in U", insn::kMret, kU, cause::kIllegal, insn::kMret},
      {"sret in U", insn::kSret, kU, cause::kIllegal, insn::kSret},
      {"wfi in U", insn::kWfi, kU, cause::kIllegal, insn::kWfi},
      {"sfence.vma in U", insn::sfence_vma(0, 0), kU, cause::kIllegal, insn::sfence_vma(0, 0)},
      {"M's CSR in S", insn::csrr(t0, csr::mscratch), kS, cause::kIllegal, insn::csrr(t0, csr::mscratch)},
      {"S's CSR in U", insn::csrr(t0, csr::sscratch), kU, cause::kIllegal, insn::csrr(t0, csr::sscratch)},
      {"no such CSR", insn::csrr(t0, 0x5c0), kM, cause::kIllegal, insn::csrr(t0, 0x5c0)},
      {"write to a read-only CSR", insn::csrw(csr::mhartid, t0), kM, cause::kIllegal,
       insn::csrw(csr::mhartid, t0)},
      {"ebreak: its address", insn::kEbreak, kM, cause::kBreakpoint, kCode},
      {"c.ebreak: its address", insn::kCEbreak, kU, cause::kBreakpoint, kCode},
      {"ecall in U", insn::kEcall, kU, cause::kEcallU, 0},
      {"ecall in S", insn::kEcall, kS, cause::kEcallS, 0},
      {"ecall in M", insn::kEcall, kM, cause::kEcallM, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.set_csr(csr::mtval, 0x77);
      b.put(kCode, {c.word, insn::kNop});
      b.start(kCode, c.mode);
      const uint64_t before = b.csr(csr::minstret);
      b.run(1);
      b.expect_machine_trap({c.cause, kCode, c.tval});
      EXPECT_EQ(b.csr(csr::minstret), before);
      EXPECT_EQ((b.csr(csr::mstatus) & status::kMpp) >> 11, static_cast<uint64_t>(c.mode));
    });
  }
}

TEST(Behaviour16, DelegatedTrap_GoesToSAndKeepsMsRegisters) {
  under_every_cache([](Bench& b) {
    b.set_csr(csr::medeleg, 1 << cause::kEcallU | 1 << cause::kIllegal | 1 << cause::kEcallS);
    b.set_csr(csr::mcause, 0x55);
    b.set_csr(csr::mepc, 0x66);
    b.set_bits(csr::mstatus, status::kSie);
    b.put(kCode, {insn::kEcall});
    b.start(kCode, kU);
    b.run(1);
    b.expect_supervisor_trap({cause::kEcallU, kCode, 0});
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kSpp | status::kSpie | status::kSie), status::kSpie)
        << "SPP = U";
    EXPECT_EQ(b.machine_trap(), (Trap{0x55, 0x66, 0}));
    // From S: SPP = S, SPIE = SIE = 0.
    b.start(kCode, kS);
    b.run(1);
    b.expect_supervisor_trap({cause::kEcallS, kCode, 0});
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kSpp | status::kSpie | status::kSie), status::kSpp);
    // M's own exceptions are never delegated: "traps never transition from a more-privileged mode to a less".
    b.write(kCode, uint32_t{0xffff'ffff});
    b.start(kCode, kM);
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode, 0xffff'ffff});
  });
}

TEST(Behaviour16, Minstret_CountsWhatRetiredAndNothingElse) {
  under_every_cache([](Bench& b) {
    b.set_csr(csr::mtvec, kCode + 0x100);
    b.put(kCode, {insn::csrr(s0, csr::minstret), insn::kNop, insn::kEcall, insn::kNop, insn::ld(t0, 0, zero),
                  insn::csrr(s1, csr::minstret), insn::csrr(s2, csr::mcycle), insn::csrr(s3, csr::instret)});
    b.put(kCode + 0x100,
          {insn::csrr(t1, csr::mepc), insn::addi(t1, t1, 4), insn::csrw(csr::mepc, t1), insn::kMret});
    b.run(16);
    // s0: before anything. Then: csrr, nop, (ecall), 4 of the handler, nop, (ld), 4 of the handler.
    EXPECT_EQ(b.x(s0), 0u);
    EXPECT_EQ(b.x(s1), 11u);
    EXPECT_EQ(b.x(s3), 13u);
    EXPECT_EQ(b.clock().step(), 16u) << "steps count traps too";
  });
}

// --- 23. TW, TSR, TVM (3.1.6.5).

TEST(Behaviour23, TrapBits_InEachMode) {
  struct Case {
    const char* name;
    uint32_t word;
    uint64_t bit;
  };
  const Case cases[] = {
      {"wfi, TW", insn::kWfi, status::kTw},
      {"sret, TSR", insn::kSret, status::kTsr},
      {"sfence.vma, TVM", insn::sfence_vma(a0, a1), status::kTvm},
      {"sinval.vma, TVM", insn::sinval_vma(a0, a1), status::kTvm},
      {"read satp, TVM", insn::csrr(t0, csr::satp), status::kTvm},
      {"write satp, TVM", insn::csrw(csr::satp, zero), status::kTvm},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (const Privilege mode : {kU, kS, kM}) {
      for (const bool set : {false, true}) {
        under_every_cache([&](Bench& b) {
          b.put(kCode, {c.word, insn::kSelf});
          b.put(kCode + 0x100, {insn::kSelf});
          b.set_csr(csr::sepc, kCode + 0x100);
          b.set_bits(csr::mstatus, status::kSpp | (set ? c.bit : 0));
          // Something to wake up for: pending and enabled in mie, and globally disabled in M and S.
          b.set_csr(csr::mideleg, 1 << 1);
          b.set_csr(csr::mie, 1 << 1);
          if (mode != kU) b.set_csr(csr::mip, 1 << 1);
          b.start(kCode, mode);
          b.run(1);
          const bool legal = mode == kM || (mode == kS && !set);
          if (legal)
            EXPECT_EQ(b.pc(), c.word == insn::kSret ? kCode + 0x100 : kCode + 4);
          else
            b.expect_machine_trap({cause::kIllegal, kCode, c.word});
        });
      }
    }
  }
}

// wrs.nto may be executed in any mode, but with TW in M only; wrs.sto always (15.1).
TEST(Behaviour23, WaitOnReservationSet_TwTrapsTheLongOne) {
  for (const uint32_t word : {insn::kWrsNto, insn::kWrsSto}) {
    for (const Privilege mode : {kU, kS, kM}) {
      for (const bool set : {false, true}) {
        under_every_cache([&](Bench& b) {
          if (set) b.set_bits(csr::mstatus, status::kTw);
          b.put(kCode, {word, insn::kSelf});
          b.start(kCode, mode);
          b.run(1);
          if (set && mode != kM && word == insn::kWrsNto)
            b.expect_machine_trap({cause::kIllegal, kCode, word});
          else
            EXPECT_EQ(b.pc(), kCode + 4);
        });
      }
    }
  }
}

// "sfence.w.inval and sfence.inval.ir ... do not trap with TVM" but need S (13 of volume II).
TEST(Behaviour23, InvalidationFences_OnlyUserModeTraps) {
  for (const uint32_t word : {insn::kSfenceWInval, insn::kSfenceInvalIr}) {
    for (const Privilege mode : {kU, kS, kM}) {
      under_every_cache([&](Bench& b) {
        b.set_bits(csr::mstatus, status::kTvm);
        b.put(kCode, {word, insn::kSelf});
        b.start(kCode, mode);
        b.run(1);
        if (mode == kU)
          b.expect_machine_trap({cause::kIllegal, kCode, word});
        else
          EXPECT_EQ(b.pc(), kCode + 4);
      });
    }
  }
}

// --- 25. Zicsr (7.1): csrrw with rd = x0 does not read; csrrs and csrrc with rs1 = x0 (or immediate 0) do
// not write.

TEST(Behaviour25, ReadOnlyCsr_ReadsAreLegalWritesAreNot) {
  under_every_cache([](Bench& b) {
    const auto legal = [&](uint32_t word) {
      b.put(kCode, {word, insn::kSelf});
      b.start(kCode);
      b.run_quietly(1);
      return b.pc() == kCode + 4;
    };
    b.set_x(t1, 0);  // the value does not matter, the register number does
    for (const unsigned number : {csr::mhartid, csr::mvendorid, csr::cycle, csr::time, csr::instret}) {
      EXPECT_TRUE(legal(insn::csrrs(t0, number, zero)));
      EXPECT_TRUE(legal(insn::csrrc(t0, number, zero)));
      EXPECT_TRUE(legal(insn::csrrsi(t0, number, 0)));
      EXPECT_TRUE(legal(insn::csrrci(t0, number, 0)));
      EXPECT_TRUE(legal(insn::csrrs(zero, number, zero)));
      EXPECT_FALSE(legal(insn::csrrs(t0, number, t1)));
      EXPECT_FALSE(legal(insn::csrrc(t0, number, t1)));
      EXPECT_FALSE(legal(insn::csrrsi(t0, number, 1)));
      EXPECT_FALSE(legal(insn::csrrw(t0, number, zero)));
      EXPECT_FALSE(legal(insn::csrrw(zero, number, zero)));
      EXPECT_FALSE(legal(insn::csrrwi(t0, number, 0)));
    }
    b.note();
  });
}

// A csrrs that wrote back what it read would set FS to Dirty through fflags, restart a counter, or lose an
// interrupt.
TEST(Behaviour25, SetAndClearWithX0_DoNotWrite) {
  under_every_cache([](Bench& b) {
    b.set_bits(csr::mstatus, status::kFsClean);
    b.put(kCode, {insn::csrrs(t0, csr::fcsr, zero), insn::csrrc(t0, csr::fcsr, zero),
                  insn::csrrsi(t0, csr::frm, 0), insn::csrrci(t0, csr::fflags, 0),
                  insn::csrrs(t1, csr::minstret, zero), insn::csrrs(t2, csr::minstret, zero)});
    b.run(6);
    EXPECT_EQ(b.csr(csr::mstatus) & status::kFs, status::kFsClean);
    EXPECT_EQ(b.x(t1), 4u);
    EXPECT_EQ(b.x(t2), 5u) << "the counter was not written";
  });
}

TEST(Behaviour25, CsrInstructions_OldValueAndNew) {
  under_every_cache([](Bench& b) {
    const auto expect_after = [&](uint32_t word, uint64_t old, uint64_t now) {
      b.set_x(t0, 0xdead);
      b.put(kCode, {word});
      b.start(kCode);
      b.run_quietly(1);
      EXPECT_EQ(b.x(t0), old) << std::hex << word;
      EXPECT_EQ(b.csr(csr::mscratch), now) << std::hex << word;
    };
    b.set_csr(csr::mscratch, 0xf0f0);
    b.set_x(t1, 0x0ff0);
    expect_after(insn::csrrs(t0, csr::mscratch, t1), 0xf0f0, 0xfff0);
    expect_after(insn::csrrc(t0, csr::mscratch, t1), 0xfff0, 0xf000);
    expect_after(insn::csrrw(t0, csr::mscratch, t1), 0xf000, 0x0ff0);
    expect_after(insn::csrrsi(t0, csr::mscratch, 31), 0x0ff0, 0x0fff);
    expect_after(insn::csrrci(t0, csr::mscratch, 1), 0x0fff, 0x0ffe);
    expect_after(insn::csrrwi(t0, csr::mscratch, 21), 0x0ffe, 21);
    expect_after(insn::csrrw(zero, csr::mscratch, t1), 0xdead, 0x0ff0);
    expect_after(insn::csrrw(t0, csr::mscratch, t0), 0x0ff0, 0xdead);  // rd = rs1
    b.note();
  });
}

// "Any CSR write takes effect after the writing instruction has otherwise completed": the value written to
// minstret is what the next instruction reads (3.1.10).
TEST(Behaviour25, WriteToMinstret_NextInstructionReadsIt) {
  under_every_cache([](Bench& b) {
    b.set_x(t1, 1000);
    b.put(kCode, {insn::kNop, insn::csrrw(t0, csr::minstret, t1), insn::csrr(t2, csr::minstret),
                  insn::csrr(t3, csr::instret), insn::csrr(t4, csr::mcycle),
                  insn::csrrs(t5, csr::minstret, t1), insn::csrr(t6, csr::minstret)});
    b.run(7);
    EXPECT_EQ(b.x(t0), 1u) << "the old value, without this instruction";
    EXPECT_EQ(b.x(t2), 1000u);
    EXPECT_EQ(b.x(t3), 1001u);
    EXPECT_EQ(b.x(t4), 4u) << "mcycle is another counter";
    EXPECT_EQ(b.x(t5), 1003u);
    EXPECT_EQ(b.x(t6), 1003u | 1000u);
  });
}

TEST(Behaviour25, Mcountinhibit_StopsEachCounter) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kNop, insn::csrrwi(zero, csr::mcountinhibit, 4), insn::kNop,
                  insn::csrr(t0, csr::minstret), insn::csrr(t1, csr::minstret), insn::csrr(t2, csr::mcycle),
                  insn::csrrwi(zero, csr::mcountinhibit, 0), insn::csrr(t3, csr::minstret),
                  insn::csrr(t4, csr::minstret)});
    b.run(9);
    EXPECT_EQ(b.x(t0), b.x(t1)) << "frozen";
    EXPECT_EQ(b.x(t2), 5u) << "mcycle runs on";
    EXPECT_EQ(b.x(t4), b.x(t3) + 1);
    EXPECT_LE(b.x(t3), b.x(t0) + 1);
    // Written while it stands still.
    b.set_x(t5, 77);
    b.put(kCode, {insn::csrrwi(zero, csr::mcountinhibit, 4), insn::csrw(csr::minstret, t5), insn::kNop,
                  insn::csrr(t6, csr::minstret)});
    b.start(kCode);
    b.run(4);
    EXPECT_EQ(b.x(t6), 77u);
  });
}

// mcounteren and scounteren (3.1.11, 4.1.5).
TEST(Behaviour25, CounterEnables_GateTheLowerModes) {
  for (const unsigned counter : {0u, 1u, 2u}) {
    for (const bool machine : {false, true}) {
      for (const bool supervisor : {false, true}) {
        under_every_cache([&](Bench& b) {
          b.set_csr(csr::mcounteren, machine ? 1 << counter : ~(1 << counter));
          b.set_csr(csr::scounteren, supervisor ? 1 << counter : ~(1 << counter));
          const auto legal = [&](Privilege mode) {
            b.put(kCode, {insn::csrr(t0, csr::cycle + counter), insn::kSelf});
            b.start(kCode, mode);
            b.run_quietly(1);
            return b.pc() == kCode + 4;
          };
          EXPECT_TRUE(legal(kM));
          EXPECT_EQ(legal(kS), machine);
          EXPECT_EQ(legal(kU), machine && supervisor);
        });
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::bench
