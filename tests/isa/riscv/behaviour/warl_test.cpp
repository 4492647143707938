// SPDX-License-Identifier: MIT
// Behaviour 7: fields that hold only legal values. Where the specification leaves the choice (what an illegal
// write becomes), the row says "our choice".
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kOnes = ~uint64_t{0};

struct Row {
  const char* name;
  unsigned number;
  uint64_t before, written, read;
};
const Row kRows[] = {
    {"mepc: bit 0 is always 0 (3.1.14)", csr::mepc, 0, kOnes, kOnes - 1},
    {"sepc: likewise (4.1.7)", csr::sepc, 0, 0x1235, 0x1234},
    {"mtvec: mode 1 is vectored (3.1.7)", csr::mtvec, 0, 0x8000'0001, 0x8000'0001},
    {"mtvec: mode 2 is reserved; our choice: the write is ignored", csr::mtvec, 0x8000'1001, 0x9000'0002,
     0x8000'1001},
    {"mtvec: mode 3 is reserved; our choice: the write is ignored", csr::mtvec, 0x8000'1000, 0x9000'0003,
     0x8000'1000},
    {"stvec: mode 2", csr::stvec, 0x8000'1000, 0x9000'0002, 0x8000'1000},
    {"stvec: mode 3", csr::stvec, 0x8000'1001, kOnes, 0x8000'1001},
    {"medeleg: ecall from M (11) is read-only zero (3.1.8); 10, 14 and 16 up are no exceptions of this hart",
     csr::medeleg, 0, kOnes, 0xb3ff},
    {"mideleg: the supervisor's three", csr::mideleg, 0, kOnes, 0x222},
    {"mie: the six of M and S", csr::mie, 0, kOnes, 0xaaa},
    {"mip: SSIP, STIP and SEIP can be written, MSIP, MTIP and MEIP are wires (3.1.9)", csr::mip, 0, kOnes,
     0x222},
    {"sie: only what is delegated", csr::sie, 0, kOnes, 0},
    {"sip: only what is delegated", csr::sip, 0, kOnes, 0},
    {"mcounteren: 32 bits at most; 19 counters here", csr::mcounteren, 0, kOnes, 0x7ffff},
    {"scounteren", csr::scounteren, 0, kOnes, 0x7ffff},
    {"mcountinhibit: bit 1 is read-only zero (3.1.12)", csr::mcountinhibit, 0, kOnes, 0x7fffd},
    {"menvcfg: FIOM CBIE CBCFE CBZE ADUE PBMTE STCE", csr::menvcfg, 0, kOnes, 0xe000'0000'0000'00f1},
    {"menvcfg: CBIE = 2 is reserved; our choice: the field keeps its value", csr::menvcfg, 0x30, 0x20, 0x30},
    {"menvcfg: CBIE = 2, the other fields are written", csr::menvcfg, 0x10, 0xa1, 0x91},
    {"senvcfg: FIOM CBIE CBCFE CBZE", csr::senvcfg, 0, kOnes, 0xf1},
    {"senvcfg: CBIE = 2", csr::senvcfg, 0x10, 0x20, 0x10},
    {"fcsr: eight bits", csr::fcsr, 0, kOnes, 0xff},
    {"fflags: five bits", csr::fflags, 0, kOnes, 0x1f},
    {"frm: three bits, reserved modes too", csr::frm, 0, kOnes, 7},
    {"pmpaddr0: bits 55:2 of an address (3.7.1)", csr::pmpaddr0, 0, kOnes, (uint64_t{1} << 54) - 1},
    {"pmpcfg2: bits 5 and 6 of each entry are 0", csr::pmpcfg2, 0, 0x7f7f'7f7f'7f7f'7f7f,
     0x1f1f'1f1f'1f1f'1f1f},
    {"pmpcfg2: W without R is reserved; our choice: neither", csr::pmpcfg2, 0, 0x0206'0e1e'1a16'0a12,
     0x0004'0c1c'1814'0810},
    {"satp: a mode that is not there leaves everything as it was (4.1.11)", csr::satp,
     uint64_t{8} << 60 | 0x80100, uint64_t{9} << 60 | 0x80200, uint64_t{8} << 60 | 0x80100},
    {"satp: mode 1 is reserved", csr::satp, uint64_t{8} << 60 | 0x80100, uint64_t{1} << 60,
     uint64_t{8} << 60 | 0x80100},
    {"satp: 16 bits of ASID, 44 of PPN", csr::satp, 0, uint64_t{8} << 60 | ((uint64_t{1} << 60) - 1),
     uint64_t{8} << 60 | ((uint64_t{1} << 60) - 1)},
    {"tselect: no triggers", 0x7a0, 0, kOnes, 0},
    {"mscratch: all bits", csr::mscratch, 0, kOnes, kOnes},
    {"stval: all bits", csr::stval, 0, kOnes, kOnes},
};

TEST(Behaviour07, Warl_WrittenAndRead) {
  for (const Row& row : kRows) {
    under_every_cache([&](Bench& b) {
      b.set_bits(csr::mstatus, status::kFsInitial);
      b.set_csr(csr::mideleg, 0);
      b.set_csr(row.number, row.before);
      b.put(kCode, {insn::csrw(row.number, a0), insn::csrr(t0, row.number)});
      b.set_x(a0, row.written);
      b.run(2);
      EXPECT_EQ(b.x(t0), row.read) << row.name << std::hex << ": 0x" << b.x(t0);
    });
  }
}

// mstatus (3.1.6): what is not implemented reads as zero, MPP = 2 is no mode.
TEST(Behaviour07, Mstatus_Fields) {
  under_every_cache([](Bench& b) {
    constexpr uint64_t kUxl64 = uint64_t{2} << 32, kSxl64 = uint64_t{2} << 34;
    constexpr uint64_t kWritable = status::kSie | status::kMie | status::kSpie | status::kMpie |
                                   status::kSpp | status::kMpp | status::kFs | status::kMprv | status::kSum |
                                   status::kMxr | status::kTvm | status::kTw | status::kTsr;
    b.put(kCode,
          {insn::csrw(csr::mstatus, a0), insn::csrr(t0, csr::mstatus), insn::csrr(t1, csr::sstatus),
           insn::csrw(csr::mstatus, zero), insn::csrr(t2, csr::mstatus), insn::csrr(t3, csr::sstatus)});
    b.set_x(a0, kOnes & ~uint64_t{status::kMprv});
    b.run(2);
    EXPECT_EQ(b.x(t0), (kWritable & ~uint64_t{status::kMprv}) | kUxl64 | kSxl64 | status::kSd);
    b.run(1);
    EXPECT_EQ(b.x(t1), status::kSie | status::kSpie | status::kSpp | status::kFs | status::kSum |
                           status::kMxr | kUxl64 | status::kSd);
    b.run(3);
    EXPECT_EQ(b.x(t2), kUxl64 | kSxl64);
    EXPECT_EQ(b.x(t3), kUxl64);
  });
}

TEST(Behaviour07, Mpp_TwoIsNoMode_ItKeepsItsValue) {
  for (const uint64_t before : {uint64_t{0}, status::kMppS, status::kMppM}) {
    under_every_cache([&](Bench& b) {
      b.clear_bits(csr::mstatus, status::kMpp);
      b.set_bits(csr::mstatus, before);
      b.set_x(a0, uint64_t{2} << 11 | status::kMpie);
      b.put(kCode, {insn::csrw(csr::mstatus, a0)});
      b.run(1);
      EXPECT_EQ(b.csr(csr::mstatus) & status::kMpp, before);
      EXPECT_NE(b.csr(csr::mstatus) & status::kMpie, 0u) << "the other fields are written";
    });
  }
}

TEST(Behaviour07, Sstatus_WritesOnlyItsOwnFields) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kOnes);
    b.put(kCode, {insn::csrw(csr::sstatus, a0)});
    b.run(1);
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kMie | status::kMpie | status::kMpp | status::kMprv |
                                     status::kTvm | status::kTw | status::kTsr),
              0u);
  });
}

// "When executing an xRET instruction, supposing xPP holds the value y, xIE is set to xPIE; the privilege
// mode is changed to y; xPIE is set to 1; and xPP is set to the least-privileged supported mode" (3.1.6.1).
TEST(Behaviour07, Returns_StackOfModesAndEnables) {
  for (const bool pie : {false, true}) {
    under_every_cache([&](Bench& b) {
      b.put(kCode, {insn::kMret});
      b.put(kCode + 0x100, {insn::kSret});
      b.set_csr(csr::mepc, kCode + 0x100);
      b.set_csr(csr::sepc, kCode + 0x200);
      b.put(kCode + 0x200, {insn::kSelf});
      b.set_csr(csr::mstatus, status::kMppS | (pie ? status::kMpie : status::kMie));
      b.start(kCode);
      b.run(1);
      EXPECT_EQ(b.mode(), kS);
      EXPECT_EQ(b.csr(csr::mstatus) & (status::kMpie | status::kMie | status::kMpp),
                status::kMpie | (pie ? status::kMie : 0));
      b.set_csr(csr::mstatus, pie ? status::kSpie : status::kSie);
      b.run(1);
      EXPECT_EQ(b.mode(), kU);
      EXPECT_EQ(b.pc(), kCode + 0x200);
      EXPECT_EQ(b.csr(csr::mstatus) & (status::kSpie | status::kSie | status::kSpp),
                status::kSpie | (pie ? status::kSie : 0));
    });
  }
}

TEST(Behaviour07, DelegatedBits_SieAndSipAreViews) {
  under_every_cache([](Bench& b) {
    b.set_csr(csr::mideleg, 1 << 1 | 1 << 9);
    b.put(kCode, {insn::csrw(csr::sie, a0), insn::csrr(t0, csr::sie), insn::csrr(t1, csr::mie),
                  insn::csrw(csr::sip, a0), insn::csrr(t2, csr::sip), insn::csrr(t3, csr::mip)});
    b.set_x(a0, kOnes);
    b.set_csr(csr::mie, 1 << 7);
    b.run(6);
    EXPECT_EQ(b.x(t0), 0x202u);
    EXPECT_EQ(b.x(t1), 0x282u) << "M's own stay";
    EXPECT_EQ(b.x(t2), 2u) << "only SSIP can be written through sip (4.1.3)";
    EXPECT_EQ(b.x(t3), 2u);
  });
}

// "The SEIP bit is writable in mip ... the logical-OR of the software-writable bit and the signal from the
// external interrupt controller. When read with a CSR instruction, the value returned is the OR; ... the
// value of the signal is not used in the read-modify-write of csrrs and csrrc" (3.1.9).
TEST(Behaviour07, Seip_WireIsNotWrittenBackIntoTheSoftwareBit) {
  under_every_cache([](Bench& b) {
    b.set_line(9, true);
    b.set_x(a0, 1 << 1);
    b.set_x(a1, 1 << 9);
    b.put(kCode, {insn::csrrs(t0, csr::mip, a0), insn::csrr(t1, csr::mip), insn::csrrs(t2, csr::mip, a1),
                  insn::csrr(t3, csr::mip), insn::csrrc(t4, csr::mip, a1), insn::csrr(t5, csr::mip)});
    b.run(1);
    EXPECT_EQ(b.x(t0), 0x200u) << "rd shows the wire";
    b.set_line(9, false);
    b.run(1);
    EXPECT_EQ(b.x(t1), 2u) << "setting SSIP did not set SEIP's software bit";
    b.run(2);
    EXPECT_EQ(b.x(t3), 0x202u);
    b.set_line(9, true);
    b.run(2);
    EXPECT_EQ(b.x(t4), 0x202u);
    EXPECT_EQ(b.x(t5), 0x202u) << "the wire is still up";
    b.set_line(9, false);
    EXPECT_EQ(b.csr(csr::mip), 2u) << "and the software bit was cleared";
  });
}

}  // namespace
}  // namespace vitrine::bench
