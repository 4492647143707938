// SPDX-License-Identifier: MIT
// Behaviours 1, 11, 12 and 17 of the list that emulators most often get wrong: instruction fetch across
// pages, reserved compressed encodings and hints, jumps, and what happens to alignment when C is switched
// off.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kVirtual = 0x4000'0000;                    // two pages of code, ...
constexpr uint64_t kEdge = kVirtual + 0xffe;                  // ... and the last halfword of the first
constexpr uint64_t kFirst = kData, kSecond = kData + 0x8000;  // where they are: not neighbours
constexpr uint64_t kMisaC = 1 << 2;

// addi t0, t0, 7 over the page's end, then addi t1, t1, 1, then a loop.
void put_straddling(Bench& b) {
  const uint32_t word = insn::addi(t0, t0, 7);
  b.write(kFirst + 0xffe, static_cast<uint16_t>(word));
  b.write(kSecond, static_cast<uint16_t>(word >> 16));
  b.put(kSecond + 2, {insn::addi(t1, t1, 1), insn::kSelf});
}

// --- 1. "For instruction-fetch faults on variable-length instructions, xtval contains the virtual address of
// the portion of the instruction that caused the fault, while xepc points to the beginning of the
// instruction" (3.1.16).

TEST(Behaviour01, FetchAcrossPage_BothMapped_Runs) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kFirst, pte::kExecute);
    tables.map(kVirtual + 0x1000, kSecond, pte::kExecute);
    put_straddling(b);
    b.start(kEdge, kS, tables.satp());
    b.run(2);
    EXPECT_EQ(b.x(t0), 7u);
    EXPECT_EQ(b.x(t1), 1u);
    EXPECT_EQ(b.pc(), kVirtual + 0x1006);
  });
}

TEST(Behaviour01, FetchAcrossPage_SecondPageRefused_EpcIsInstructionTvalIsHalf) {
  struct Case {
    const char* name;
    uint64_t flags;
    uint64_t physical;
    uint64_t cause;
  };
  const Case cases[] = {
      {"not valid", 0, kSecond, cause::kFetchPage},
      {"not executable", pte::kReadWrite, kSecond, cause::kFetchPage},
      {"a user page", pte::kExecute | pte::U, kSecond, cause::kFetchPage},
      {"nothing there", pte::kExecute, 0x7000'0000, cause::kFetchAccess},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kFirst, pte::kExecute);
      tables.map(kVirtual + 0x1000, c.physical, c.flags);
      put_straddling(b);
      b.set_csr(csr::medeleg, 0xffff);
      b.start(kEdge, kS, tables.satp());
      b.run(1);
      b.expect_supervisor_trap({c.cause, kEdge, kVirtual + 0x1000});
      EXPECT_EQ(b.x(t0), 0u);
    });
  }
}

TEST(Behaviour01, FetchAcrossPage_FirstPageRefused_TvalIsInstruction) {
  for (const uint64_t second : {uint64_t{0}, pte::kExecute}) {
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kVirtual, kFirst, 0);
      tables.map(kVirtual + 0x1000, kSecond, second);
      put_straddling(b);
      b.start(kEdge, kS, tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kFetchPage, kEdge, kEdge});
    });
  }
}

TEST(Behaviour01, FetchAcrossPage_HalfwordAtTheEnd_NeedsNoSecondPage) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kFirst, pte::kExecute);
    b.write(kFirst + 0xffe, insn::c_addi(t0, 3));
    b.start(kEdge, kS, tables.satp());
    b.run(1);
    EXPECT_EQ(b.x(t0), 3u);
    b.run(1);  // and the next one faults as a whole
    b.expect_machine_trap({cause::kFetchPage, kVirtual + 0x1000, kVirtual + 0x1000});
  });
}

TEST(Behaviour01, FetchAcrossPage_PmpRefusesSecondPage_AccessFaultAtHalf) {
  under_every_cache([](Bench& b) {
    b.put(kCode + 0xffe, {insn::addi(t0, t0, 7)});
    b.set_csr(csr::pmpaddr0, (kCode + 0x1000) >> 2);  // TOR: what lies below is all right
    b.set_csr(csr::pmpaddr0 + 1, (kCode + 0x2000) >> 2);
    b.set_csr(csr::pmpcfg0, 0x0f | 0x0b << 8);  // the page above: TOR, R W
    b.start(kCode + 0xffe, kS);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, kCode + 0xffe, kCode + 0x1000});
  });
}

TEST(Behaviour01, FetchAcrossPage_EndOfRam_AccessFaultAtHalf) {
  under_every_cache([](Bench& b) {
    const uint64_t end = kRam + (4 << 20);
    b.write<uint16_t>(end - 2, 0x0013);  // the first half of a nop
    b.start(end - 2);
    b.run(1);
    b.expect_machine_trap({cause::kFetchAccess, end - 2, end});
  });
}

// The two halves come and go independently, also when the instruction has run before.
TEST(Behaviour01, FetchAcrossPage_HalvesChange_NextFetchSeesIt) {
  under_every_cache([](Bench& b) {
    PageTables tables(b);
    tables.identity().map(kVirtual, kFirst, pte::kExecute);
    const uint64_t second = tables.map(kVirtual + 0x1000, kSecond, pte::kExecute);
    put_straddling(b);
    b.put(kSecond + 2, {insn::jal(zero, -4)});
    b.start(kEdge, kS, tables.satp());
    b.run(20);
    EXPECT_EQ(b.x(t0), 70u);
    // Other bytes in the second half: addi t0, t0, 100.
    b.write(kSecond, static_cast<uint16_t>(insn::addi(t0, t0, 100) >> 16));
    b.run(2);
    EXPECT_EQ(b.x(t0), 170u);
    // Other bytes in the first half: the destination is t1.
    b.write(kFirst + 0xffe, static_cast<uint16_t>(insn::addi(t1, t0, 100)));
    b.run(2);
    EXPECT_EQ(b.x(t1), 270u);
    // Another page in the second place: addi t1, t0, 1.
    b.write(kSecond + 0x1000, static_cast<uint16_t>(insn::addi(t1, t0, 1) >> 16));
    b.put(kSecond + 0x1002, {insn::jal(zero, -4)});
    b.write64(second, pte::make(kSecond + 0x1000, pte::kExecute));
    b.run(2);
    EXPECT_EQ(b.x(t1), 171u);
    // And none.
    b.write64(second, 0);
    b.run(1);
    b.expect_machine_trap({cause::kFetchPage, kEdge, kVirtual + 0x1000});
  });
}

TEST(Behaviour01, FetchAcrossPage_StraddlingJump_LinksAfterItself) {
  under_every_cache([](Bench& b) {
    b.put(kCode + 0xffe, {insn::jal(ra, 0x100)});
    b.start(kCode + 0xffe);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0x10fe);
    EXPECT_EQ(b.x(ra), kCode + 0x1002);
  });
}

TEST(Behaviour01, FetchAcrossPage_StraddlingIllegal_TvalHasBothHalves) {
  under_every_cache([](Bench& b) {
    const uint32_t illegal = 0xfff0'707f & ~0x4u;  // opcode 1111011, custom-3: not implemented
    b.put(kCode + 0xffe, {illegal});
    b.start(kCode + 0xffe);
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode + 0xffe, illegal});
  });
}

// --- 11. Reserved compressed encodings are illegal; hints do nothing (tables of 26.8).

// What the tables of section 26.8 mark RES for RV64, C with D and without Zcb and the like.
bool reserved(uint32_t h) {
  const uint32_t quadrant = h & 3, funct3 = h >> 13, rd = h >> 7 & 31;
  const uint32_t imm = (h >> 12 & 1) << 5 | (h >> 2 & 31);
  if (quadrant == 0) {
    if (funct3 == 0) return (h >> 5 & 0xff) == 0;  // c.addi4spn with nzuimm = 0, and the illegal 0x0000
    return funct3 == 4;
  }
  if (quadrant == 1) {
    if (funct3 == 1) return rd == 0;   // c.addiw
    if (funct3 == 3) return imm == 0;  // c.lui, c.addi16sp
    if (funct3 == 4) return (h >> 10 & 3) == 3 && (h >> 12 & 1) == 1 && (h >> 5 & 3) >= 2;
    return false;
  }
  if (funct3 == 2 || funct3 == 3) return rd == 0;                             // c.lwsp, c.ldsp
  return funct3 == 4 && (h >> 12 & 1) == 0 && rd == 0 && (h >> 2 & 31) == 0;  // c.jr x0
}

// What they mark HINT, and c.nop: nothing but pc may change.
bool hint(uint32_t h) {
  const uint32_t quadrant = h & 3, funct3 = h >> 13, rd = h >> 7 & 31, rs2 = h >> 2 & 31;
  const uint32_t imm = (h >> 12 & 1) << 5 | rs2;
  if (quadrant == 1) {
    if (funct3 == 0) return rd == 0 || imm == 0;           // c.nop imm, c.addi 0
    if (funct3 == 2) return rd == 0;                       // c.li x0
    if (funct3 == 3) return rd == 0 && imm != 0;           // c.lui x0
    return funct3 == 4 && (h >> 10 & 3) <= 1 && imm == 0;  // c.srli 0, c.srai 0
  }
  if (quadrant == 2) {
    if (funct3 == 0) return rd == 0 || imm == 0;  // c.slli
    return funct3 == 4 && rd == 0 && rs2 != 0;    // c.mv x0, c.add x0
  }
  return false;
}

TEST(Behaviour11, ReservedCompressed_AllOfThem_IllegalWithTheirBits) {
  under_every_cache([](Bench& b) {
    unsigned count = 0;
    for (uint32_t h = 0; h < 0x10000; ++h) {
      if ((h & 3) == 3 || !reserved(h)) continue;
      ++count;
      b.write(kCode, static_cast<uint16_t>(h));
      b.start(kCode);
      b.run_quietly(1);
      ASSERT_EQ(b.machine_trap(), (Trap{cause::kIllegal, kCode, h})) << std::hex << h;
    }
    // 8 + 2048 in quadrant 0; 64 + 32 + 2 * 64 in quadrant 1; 2 * 64 + 1 in quadrant 2.
    EXPECT_EQ(count, 8u + 2048 + 64 + 32 + 128 + 128 + 1);
    b.note();
  });
}

TEST(Behaviour11, CompressedHints_AllOfThem_ChangeNothing) {
  under_every_cache([](Bench& b) {
    for (unsigned r = 1; r < 32; ++r) b.set_x(r, 0x1111'1111'1111'1111u * (r % 15 + 1));
    b.put(kCode + 2, {insn::kSelf});
    unsigned count = 0;
    for (uint32_t h = 0; h < 0x10000; ++h) {
      if ((h & 3) == 3 || !hint(h)) continue;
      ++count;
      b.write(kCode, static_cast<uint16_t>(h));
      b.start(kCode);
      b.run_quietly(1);
      ASSERT_EQ(b.pc(), kCode + 2) << std::hex << h;
      for (unsigned r = 1; r < 32; ++r)
        ASSERT_EQ(b.x(r), 0x1111'1111'1111'1111u * (r % 15 + 1)) << std::hex << h;
      ASSERT_EQ(b.x(0), 0u) << std::hex << h;
    }
    EXPECT_EQ(count, 64u + 31 + 64 + 63 + 16 + 64 + 31 + 31 + 31);
    b.note();
  });
}

// 32-bit hints (2.9): computations into x0, and fences that order nothing.
TEST(Behaviour11, Hints_ChangeNothing) {
  const uint32_t hints[] = {
      insn::lui(zero, 5),
      insn::auipc(zero, 5),
      insn::addi(zero, t0, 5),
      insn::andi(zero, t0, -1),
      insn::add(zero, t0, t1),
      insn::sub(zero, t0, t1),
      insn::sll(zero, t0, t1),
      insn::slli(zero, t0, 31),
      insn::srai(zero, t0, 7),
      insn::addiw(zero, t0, 1),
      insn::muldiv(4, zero, t0, t1),
      0x0000'000f,  // fence with empty sets
      0x0f00'000f,
      0x00f0'000f,
      insn::kFence,
      insn::ori(zero, t0, 0x20),  // prefetch.i
      insn::ori(zero, t0, 0x21),
      insn::ori(zero, t0, 0x23),
  };
  for (const uint32_t word : hints) {
    under_every_cache([&](Bench& b) {
      b.set_x(t0, 77);
      b.set_x(t1, 3);
      b.put(kCode, {word, insn::kSelf});
      b.run(1);
      EXPECT_EQ(b.pc(), kCode + 4) << std::hex << word;
      EXPECT_EQ(b.x(0), 0u) << std::hex << word;
      EXPECT_EQ(b.x(t0), 77u);
      EXPECT_EQ(b.x(t1), 3u);
    });
  }
}

// --- 12. jalr: "the target address is obtained by adding the sign-extended 12-bit immediate to rs1, then
// setting the least-significant bit of the result to zero" (2.5.1).

TEST(Behaviour12, Jalr_OddTarget_BitZeroCleared) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::jalr(ra, 1, a0)});
    b.set_x(a0, kCode + 0x40);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0x40);
    EXPECT_EQ(b.x(ra), kCode + 4);
    b.set_x(a0, kCode + 0x41);
    b.start(kCode);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0x42) << "the sum is even, and so is the target";
  });
}

TEST(Behaviour12, Jalr_RdIsRs1_TargetFromOldValue) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::jalr(t0, -8, t0)});
    b.set_x(t0, kCode + 0x100);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0xf8);
    EXPECT_EQ(b.x(t0), kCode + 4);
    // c.jalr ra: rd and rs1 are both x1.
    b.write(kCode, insn::c_jalr(ra));
    b.set_x(ra, kCode + 0x200);
    b.start(kCode);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0x200);
    EXPECT_EQ(b.x(ra), kCode + 2);
  });
}

TEST(Behaviour12, Jalr_ImmediateWraps_AddressArithmeticIs64Bit) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::jalr(ra, -16, zero)});
    b.run(2);
    b.expect_machine_trap({cause::kFetchAccess, 0xffff'ffff'ffff'fff0, 0xffff'ffff'ffff'fff0});
    EXPECT_EQ(b.x(ra), kCode + 4);
  });
}

// "The instruction-address-misaligned exception is generated on a taken branch or unconditional jump if the
// target address is not IALIGN-bit aligned. It is reported on the branch or jump instruction, not on the
// target" (2.2, 2.5).
TEST(Behaviour12, MisalignedTarget_WithoutC_TrapsOnTheJumpAndRdKeepsItsValue) {
  struct Case {
    const char* name;
    uint32_t word;
    uint64_t target;
  };
  const Case cases[] = {
      {"jal", insn::jal(t0, 6), kCode + 6},
      {"jalr", insn::jalr(t0, 2, a0), kCode + 0x102},
      {"jalr, odd", insn::jalr(t0, 3, a0), kCode + 0x102},
      {"jalr, rd = rs1", insn::jalr(a0, 2, a0), kCode + 0x102},
      {"beq", insn::beq(zero, zero, 10), kCode + 10},
      {"bne backwards", insn::bne(a0, zero, -2), kCode - 2},
      {"far branch", insn::bgeu(a0, zero, 4094), kCode + 4094},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.clear_bits(csr::misa, kMisaC);
      ASSERT_EQ(b.csr(csr::misa) & kMisaC, 0u);
      b.set_x(t0, 0x55);
      b.set_x(a0, kCode + 0x100);
      b.put(kCode, {c.word});
      b.start(kCode);
      b.run(1);
      b.expect_machine_trap({cause::kFetchMisaligned, kCode, c.target});
      EXPECT_EQ(b.x(t0), 0x55u);
      EXPECT_EQ(b.x(a0), kCode + 0x100);
    });
  }
}

TEST(Behaviour12, MisalignedBranch_NotTaken_NoTrap) {
  under_every_cache([](Bench& b) {
    b.clear_bits(csr::misa, kMisaC);
    b.put(kCode, {insn::bne(zero, zero, 6), insn::jal(t0, 4), insn::kSelf});
    b.start(kCode);
    b.run(2);
    EXPECT_EQ(b.pc(), kCode + 8);
    EXPECT_EQ(b.x(t0), kCode + 8);
  });
}

TEST(Behaviour12, Jump_TargetCannotBeFetched_FaultsAtTheTargetAndRdIsWritten) {
  const uint32_t jumps[] = {insn::jalr(ra, 4, a0), insn::jal(ra, 0x8'0000)};
  const uint64_t targets[] = {kVirtual + 4, kCode + 0x8'0000};
  for (unsigned i = 0; i < 2; ++i) {
    under_every_cache([&](Bench& b) {
      PageTables tables(b);
      tables.identity().map(kCode + 0x8'0000, kData, pte::kReadWrite);
      b.put(kCode, {jumps[i]});
      b.set_x(a0, kVirtual);
      b.start(kCode, kS, tables.satp());
      b.run(1);
      EXPECT_EQ(b.pc(), targets[i]) << "the jump itself retires";
      EXPECT_EQ(b.x(ra), kCode + 4);
      b.run(1);
      b.expect_machine_trap({cause::kFetchPage, targets[i], targets[i]});
      EXPECT_EQ(b.csr(csr::minstret), 1u);
    });
  }
}

// --- 17. "Writing misa may increase IALIGN ... if an instruction that would write misa increases IALIGN, and
// the subsequent instruction's address is not IALIGN-bit aligned, the write to misa is suppressed, leaving
// misa unchanged" (privileged 3.1.1).

TEST(Behaviour17, MisaCCleared_NextInstructionTwoAligned_WriteSuppressed) {
  under_every_cache([](Bench& b) {
    const uint64_t before = b.csr(csr::misa);
    b.put(kCode, {insn::kCNop, insn::csrrc(t0, csr::misa, t1), insn::kCNop});
    b.set_x(t1, kMisaC);
    b.run(2);
    EXPECT_EQ(b.csr(csr::misa), before);
    EXPECT_EQ(b.x(t0), before);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 8) << "compressed instructions still run";
  });
}

TEST(Behaviour17, MisaCCleared_CompressedBecomesIllegalAtOnce) {
  under_every_cache([](Bench& b) {
    // First, everything runs (and is cached) with C on.
    b.put(kCode, {insn::c_addi(t0, 1), insn::c_addi(t0, 1), insn::addi(t2, t2, 1),
                  insn::csrrc(zero, csr::misa, t1), insn::c_addi(t0, 1), insn::kCNop});
    b.run(6);
    EXPECT_EQ(b.x(t0), 3u);
    b.set_x(t1, kMisaC);
    b.start(kCode + 4);
    b.run(2);
    EXPECT_EQ(b.csr(csr::misa) & kMisaC, 0u);
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode + 12, insn::c_addi(t0, 1)});
    EXPECT_EQ(b.x(t0), 3u);
    // And back.
    b.set_bits(csr::misa, kMisaC);
    b.start(kCode + 12);
    b.run(1);
    EXPECT_EQ(b.x(t0), 4u);
  });
}

// "Whenever IALIGN=32, bit mepc[1] is masked on reads so that it appears to be 0. This masking occurs also
// for the implicit read by the MRET instruction. Though masked, mepc[1] remains writable" (3.1.14).
TEST(Behaviour17, MisaCCleared_EpcBitOneIsMaskedOnReadAndReturn) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kMret});
    b.set_csr(csr::mepc, kCode + 0x1e);
    b.set_csr(csr::sepc, kCode + 0x1e);
    b.clear_bits(csr::misa, kMisaC);
    EXPECT_EQ(b.csr(csr::mepc), kCode + 0x1c);
    EXPECT_EQ(b.csr(csr::sepc), kCode + 0x1c);
    b.set_bits(csr::mstatus, status::kMppM);
    b.start(kCode);
    b.run(1);
    EXPECT_EQ(b.pc(), kCode + 0x1c);
    b.set_bits(csr::misa, kMisaC);
    EXPECT_EQ(b.csr(csr::mepc), kCode + 0x1e) << "the bit was only hidden";
    EXPECT_EQ(b.csr(csr::sepc), kCode + 0x1e);
  });
}

TEST(Behaviour17, MisaWrite_OtherLetters_Kept) {
  under_every_cache([](Bench& b) {
    const uint64_t before = b.csr(csr::misa);
    // MXL = 2, and I M A F D C S U.
    EXPECT_EQ(before,
              uint64_t{2} << 62 | 1 << 8 | 1 << 12 | 1 | 1 << 5 | 1 << 3 | 1 << 2 | 1 << 18 | 1 << 20);
    b.set_x(t1, ~uint64_t{0});
    b.put(kCode, {insn::csrw(csr::misa, t1), insn::csrw(csr::misa, zero), insn::csrr(t2, csr::misa)});
    b.run(1);
    EXPECT_EQ(b.csr(csr::misa), before);
    b.run(2);
    EXPECT_EQ(b.x(t2), before & ~kMisaC) << "only C can be switched";
  });
}

}  // namespace
}  // namespace vitrine::bench
