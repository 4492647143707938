// SPDX-License-Identifier: MIT
// Behaviours 8, 22 and 27: which interrupt is taken and when, timer comparisons, the PLIC as a guest sees it.
#include <gtest/gtest.h>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t bit(unsigned n) { return uint64_t{1} << n; }
constexpr unsigned kSsi = 1, kMsi = 3, kSti = 5, kMti = 7, kSei = 9, kMei = 11;
constexpr uint64_t kInterrupt = cause::kInterrupt;

// --- 8. The rules of 3.1.6.1 and 3.1.9, interrupt by interrupt, as the text has them: "An interrupt i will
// trap to M-mode if all of the following are true: (a) either the current privilege mode is M and the MIE bit
// in the mstatus register is set, or the current privilege mode has less privilege than M-mode; (b) bit i is
// set in both mip and mie; and (c) if register mideleg exists, bit i is not set in mideleg." And for S
// likewise with SIE (4.1.3), for what is delegated, if the mode is S or U. "Multiple simultaneous interrupts
// destined for M-mode are handled in the following decreasing priority order: MEI, MSI, MTI, SEI, SSI, STI,
// LCOFI", and M's before S's.
struct Expected {
  int number = -1;
  bool to_machine = false;
};
Expected by_the_book(uint64_t pending, uint64_t enabled, uint64_t delegated, Privilege mode, bool mie,
                     bool sie) {
  for (const bool machine : {true, false}) {
    for (const unsigned i : {kMei, kMsi, kMti, kSei, kSsi, kSti}) {
      if (!(pending & bit(i)) || !(enabled & bit(i))) continue;
      const bool is_delegated = delegated & bit(i);
      if (machine && !is_delegated && (mode != kM || mie)) return {static_cast<int>(i), true};
      if (!machine && is_delegated && (mode == kU || (mode == kS && sie)))
        return {static_cast<int>(i), false};
    }
  }
  return {};
}

uint64_t spread(unsigned six) {  // six bits to the places of the six interrupts
  uint64_t mask = 0;
  const unsigned numbers[] = {kSsi, kMsi, kSti, kMti, kSei, kMei};
  for (unsigned i = 0; i < 6; ++i)
    if (six >> i & 1) mask |= bit(numbers[i]);
  return mask;
}

void set_pending(Bench& b, uint64_t mask) {
  b.set_csr(csr::mip, mask & (bit(kSsi) | bit(kSti) | bit(kSei)));
  for (const unsigned wire : {kMsi, kMti, kMei}) b.set_line(wire, mask & bit(wire));
}

TEST(Behaviour08, Interrupts_EverySetOfPendingEnabledDelegated_PriorityAndLevel) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kNop, insn::kSelf});
    unsigned taken = 0, combinations = 0;
    for (unsigned pending = 0; pending < 64; ++pending) {
      for (const unsigned enabled : {63u, pending ^ 63u, 0x15u, 0x2au, pending & (pending - 1)}) {
        for (unsigned delegated = 0; delegated < 8; ++delegated) {
          for (unsigned rest = 0; rest < 12; ++rest) {
            const Privilege mode = rest % 3 == 0 ? kU : rest % 3 == 1 ? kS : kM;
            const bool mie = rest / 3 & 1, sie = rest / 6;
            const uint64_t delegation = (delegated & 1 ? bit(kSsi) : 0) | (delegated & 2 ? bit(kSti) : 0) |
                                        (delegated & 4 ? bit(kSei) : 0);
            b.set_csr(csr::mstatus, (mie ? status::kMie : 0) | (sie ? status::kSie : 0));
            b.set_csr(csr::mideleg, delegation);
            b.set_csr(csr::mie, spread(enabled));
            set_pending(b, spread(pending));
            b.start(kCode, mode);
            b.run_quietly(1);
            const Expected e = by_the_book(spread(pending), spread(enabled), delegation, mode, mie, sie);
            ++combinations;
            if (e.number < 0) {
              ASSERT_EQ(b.pc(), kCode + 4) << std::hex << spread(pending) << " " << spread(enabled);
              continue;
            }
            ++taken;
            const Trap trap{kInterrupt | static_cast<uint64_t>(e.number), kCode, 0};
            ASSERT_EQ(b.pc(), e.to_machine ? kMachineHandler : kSupervisorHandler);
            ASSERT_EQ(e.to_machine ? b.machine_trap() : b.supervisor_trap(), trap);
            ASSERT_EQ(b.mode(), e.to_machine ? kM : kS);
          }
        }
      }
    }
    EXPECT_EQ(combinations, 64u * 5 * 8 * 12);
    EXPECT_GT(taken, combinations / 4);
    set_pending(b, 0);
    b.note();
  });
}

TEST(Behaviour08, InterruptEntry_StacksModeAndEnable) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kSelf});
    b.set_csr(csr::mie, bit(kMti));
    b.set_csr(csr::mstatus, status::kMie | status::kSie);
    b.set_line(kMti, true);
    b.start(kCode, kS);
    const uint64_t before = b.csr(csr::minstret);
    b.run(1);
    b.expect_machine_trap({kInterrupt | kMti, kCode, 0});
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kMie | status::kMpie | status::kMpp | status::kSie),
              status::kMpie | status::kMppS | status::kSie);
    EXPECT_EQ(b.csr(csr::minstret), before) << "the entry retires nothing";
  });
}

// Vectored mode: "synchronous exceptions cause the pc to be set to BASE, interrupts to BASE plus four times
// the cause".
TEST(Behaviour08, VectoredMode_InterruptsOnly) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kSelf});
    b.set_csr(csr::mtvec, kMachineHandler | 1);
    b.set_csr(csr::stvec, (kSupervisorHandler + 0x40) | 1);
    b.set_csr(csr::mie, bit(kMei) | bit(kSti));
    b.set_csr(csr::mideleg, bit(kSti));
    b.set_line(kMei, true);
    b.start(kCode, kU);
    b.run(1);
    EXPECT_EQ(b.pc(), kMachineHandler + 4 * kMei);
    b.set_line(kMei, false);
    b.set_csr(csr::mip, bit(kSti));
    b.start(kCode, kU);
    b.run(1);
    EXPECT_EQ(b.pc(), kSupervisorHandler + 0x40 + 4 * kSti);
    b.set_csr(csr::mip, 0);
    b.put(kCode, {insn::kEcall});
    b.start(kCode, kU);
    b.run(1);
    EXPECT_EQ(b.pc(), kMachineHandler);
  });
}

// "These conditions for an interrupt trap to occur must be evaluated in a bounded amount of time ..., and
// must also be evaluated immediately following the execution of an xRET instruction or an explicit write to a
// CSR on which these interrupt trap conditions expressly depend (including mip, mie, mstatus, and mideleg)"
// (3.1.9).
TEST(Behaviour08, PendingInterrupt_TakenRightAfterTheWriteThatEnablesIt) {
  struct Case {
    const char* name;
    uint32_t word;
    Privilege mode;
    uint64_t status, enabled, delegated, pending;
    uint64_t operand;    // a0
    uint64_t interrupt;  // taken afterwards
    bool to_machine;
    uint64_t epc;
  };
  const uint64_t next = kCode + 4, returned = kCode + 0x100;
  const Case cases[] = {
      {"mie", insn::csrrs(zero, csr::mie, a0), kM, status::kMie, 0, 0, bit(kMti), bit(kMti), kMti, true,
       next},
      {"mstatus.MIE", insn::csrrsi(zero, csr::mstatus, 8), kM, 0, bit(kMti), 0, bit(kMti), 0, kMti, true,
       next},
      {"mip", insn::csrrs(zero, csr::mip, a0), kM, status::kMie, bit(kSsi), 0, 0, bit(kSsi), kSsi, true,
       next},
      {"mideleg", insn::csrrc(zero, csr::mideleg, a0), kM, status::kMie, bit(kSei), bit(kSei), bit(kSei),
       bit(kSei), kSei, true, next},
      {"sie", insn::csrrs(zero, csr::sie, a0), kS, status::kSie, 0, bit(kSsi), bit(kSsi), bit(kSsi), kSsi,
       false, next},
      {"sstatus.SIE", insn::csrrsi(zero, csr::sstatus, 2), kS, 0, bit(kSti), bit(kSti), bit(kSti), 0, kSti,
       false, next},
      {"sip", insn::csrrs(zero, csr::sip, a0), kS, status::kSie, bit(kSsi), bit(kSsi), 0, bit(kSsi), kSsi,
       false, next},
      {"mret to S", insn::kMret, kM, status::kMppS, bit(kMsi), 0, bit(kMsi), 0, kMsi, true, returned},
      {"mret to M with MPIE", insn::kMret, kM, status::kMppM | status::kMpie, bit(kMsi), 0, bit(kMsi), 0,
       kMsi, true, returned},
      {"sret to U", insn::kSret, kS, 0, bit(kSti), bit(kSti), bit(kSti), 0, kSti, false, returned},
      {"sret to S with SPIE", insn::kSret, kS, status::kSpp | status::kSpie, bit(kSti), bit(kSti), bit(kSti),
       0, kSti, false, returned},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    under_every_cache([&](Bench& b) {
      b.put(kCode, {c.word, insn::addi(t0, t0, 1), insn::kSelf});
      b.put(kCode + 0x100, {insn::addi(t0, t0, 1), insn::kSelf});
      b.set_csr(csr::mepc, kCode + 0x100);
      b.set_csr(csr::sepc, kCode + 0x100);
      b.set_csr(csr::mstatus, c.status);
      b.set_csr(csr::mie, c.enabled);
      b.set_csr(csr::mideleg, c.delegated);
      set_pending(b, c.pending);
      b.set_x(a0, c.operand);
      b.start(kCode, c.mode);
      b.run(2);
      if (c.to_machine)
        b.expect_machine_trap({kInterrupt | c.interrupt, c.epc, 0});
      else
        b.expect_supervisor_trap({kInterrupt | c.interrupt, c.epc, 0});
      EXPECT_EQ(b.x(t0), 0u) << "no instruction came in between";
    });
  }
}

TEST(Behaviour08, InterruptDisabledByTheWrite_IsNotTaken) {
  under_every_cache([](Bench& b) {
    // The wire rises while the instruction that masks it is the next one: the interrupt comes first.
    b.put(kCode, {insn::csrw(csr::mie, zero), insn::kSelf});
    b.set_csr(csr::mie, bit(kMti));
    b.set_csr(csr::mstatus, status::kMie);
    b.start(kCode);
    b.run(1);
    b.set_line(kMti, true);
    b.run(3);
    EXPECT_EQ(b.pc(), kCode + 4) << "masked since";
  });
}

// --- wfi (3.3.3): "if an enabled interrupt is present or later becomes present while the hart is stalled,
// the interrupt trap will be taken on the following instruction, i.e., execution resumes in the trap handler
// and mepc = pc + 4", and it resumes for what is disabled globally too.
TEST(Behaviour08, Wfi_WakesForWhatMieEnables) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::kWfi, insn::addi(t0, t0, 1), insn::kWfi, insn::kSelf});
    b.set_csr(csr::mie, bit(kMsi));
    b.start(kCode);
    EXPECT_TRUE(b.run_until_idle()) << "nothing can wake it";
    EXPECT_EQ(b.pc(), kCode + 4);
    b.set_line(kMti, true);
    EXPECT_TRUE(b.run_until_idle()) << "MTI is not enabled";
    b.set_line(kMsi, true);
    b.run(1);
    EXPECT_EQ(b.x(t0), 1u) << "MIE is clear: it goes on without a trap";
    b.set_csr(csr::mstatus, status::kMie);
    b.run(1);
    b.expect_machine_trap({kInterrupt | kMsi, kCode + 8, 0});
  });
}

// --- 22. stimecmp (Sstc) and mtimecmp: pending is re-evaluated at once.

void with_sstc(Bench& b) {
  b.set_csr(csr::mcounteren, 2);
  b.set_bits(csr::menvcfg, uint64_t{1} << 63);
  b.set_csr(csr::mideleg, bit(kSti));
  b.set_csr(csr::mie, bit(kSti));
}

TEST(Behaviour22, Stimecmp_PastAndFuture_StipFollowsAtOnce) {
  under_every_cache([](Bench& b) {
    with_sstc(b);
    b.set_x(a0, ~uint64_t{0});
    b.put(kCode, {insn::csrr(t0, csr::mip), insn::csrw(csr::stimecmp, zero), insn::csrr(t1, csr::mip),
                  insn::csrw(csr::stimecmp, a0), insn::csrr(t2, csr::mip)});
    b.start(kCode);
    b.run(5);
    EXPECT_EQ(b.x(t0) & bit(kSti), 0u);
    EXPECT_EQ(b.x(t1) & bit(kSti), bit(kSti)) << "time >= 0";
    EXPECT_EQ(b.x(t2) & bit(kSti), 0u);
  });
}

TEST(Behaviour22, Stimecmp_Due_InterruptAtTheVeryStep) {
  Board board;
  board.steps_per_tick = 10;
  under_every_cache(board, [](Bench& b) {
    with_sstc(b);
    b.put(kCode, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
    b.set_csr(csr::stimecmp, 7);  // the tick begins at step 70
    b.start(kCode, kU);
    b.run(70);
    EXPECT_EQ(b.mode(), kU);
    EXPECT_EQ(b.x(t0), 35u);
    b.run(1);
    b.expect_supervisor_trap({kInterrupt | kSti, kCode, 0});
  });
}

TEST(Behaviour22, Stimecmp_WrittenToNow_InterruptAfterTheWrite) {
  under_every_cache([](Bench& b) {
    with_sstc(b);
    b.set_csr(csr::mstatus, status::kSie);
    b.put(kCode, {insn::csrr(t0, csr::time), insn::csrw(csr::stimecmp, t0), insn::addi(t1, t1, 1)});
    b.start(kCode, kS);
    b.run(3);
    b.expect_supervisor_trap({kInterrupt | kSti, kCode + 8, 0});
    EXPECT_EQ(b.x(t1), 0u);
  });
}

// "If STCE=0, mip.STIP is writable by software; else it is read-only and reflects the comparison"
// (Sstc 2.2; 3.1.18).
TEST(Behaviour22, Stce_DecidesWhoDrivesStip) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, bit(kSti));
    b.set_x(a1, uint64_t{1} << 63);
    b.set_csr(csr::stimecmp, ~uint64_t{0});
    b.put(kCode,
          {insn::csrrs(zero, csr::mip, a0), insn::csrr(t0, csr::mip), insn::csrrs(zero, csr::menvcfg, a1),
           insn::csrr(t1, csr::mip), insn::csrrs(zero, csr::mip, a0), insn::csrr(t2, csr::mip),
           insn::csrw(csr::stimecmp, zero), insn::csrrc(zero, csr::mip, a0), insn::csrr(t3, csr::mip)});
    b.run(9);
    EXPECT_EQ(b.x(t0), bit(kSti)) << "software's bit";
    EXPECT_EQ(b.x(t1), 0u) << "with STCE it is the comparison, which says no";
    EXPECT_EQ(b.x(t2), 0u) << "and cannot be written";
    EXPECT_EQ(b.x(t3), bit(kSti)) << "time >= 0, and cannot be cleared";
  });
}

TEST(Behaviour22, Stimecmp_AccessNeedsStceAndTm) {
  for (const bool stce : {false, true}) {
    for (const bool tm : {false, true}) {
      for (const Privilege mode : {kU, kS, kM}) {
        under_every_cache([&](Bench& b) {
          b.set_csr(csr::mcounteren, tm ? 2 : 0);
          if (stce) b.set_bits(csr::menvcfg, uint64_t{1} << 63);
          b.put(kCode, {insn::csrr(t0, csr::stimecmp), insn::kSelf});
          b.start(kCode, mode);
          b.run(1);
          EXPECT_EQ(b.pc() == kCode + 4, mode == kM || (mode == kS && stce && tm));
        });
      }
    }
  }
}

TEST(Behaviour22, NoSstc_NoStimecmp) {
  Board board;
  board.config.sstc = false;
  under_every_cache(board, [](Bench& b) {
    b.set_csr(csr::menvcfg, ~uint64_t{0});
    EXPECT_EQ(b.csr(csr::menvcfg) >> 63, 0u);
    b.put(kCode, {insn::csrr(t0, csr::stimecmp)});
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode, insn::csrr(t0, csr::stimecmp)});
  });
}

// "The interrupt remains posted until mtimecmp becomes greater than mtime" (3.2.1).
TEST(Behaviour22, Mtimecmp_PostedUntilMovedAhead) {
  Board board;
  board.steps_per_tick = 10;
  under_every_cache(board, [](Bench& b) {
    b.set_x(a0, kClint + 0x4000);
    b.set_x(a1, kClint + 0xbff8);
    b.set_x(a2, ~uint64_t{0});
    b.set_csr(csr::mie, bit(kMti));
    b.set_csr(csr::mstatus, status::kMie);
    b.put(kCode, {insn::ld(t0, 0, a1), insn::addi(t0, t0, 3), insn::sd(t0, 0, a0), insn::addi(t1, t1, 1),
                  insn::jal(zero, -4)});
    // The handler: mip before and after mtimecmp moved ahead; then back.
    b.put(kCode + 0x100,
          {insn::csrr(s0, csr::mip), insn::sd(a2, 0, a0), insn::csrr(s1, csr::mip), insn::kMret});
    b.set_csr(csr::mtvec, kCode + 0x100);
    b.start(kCode);
    b.run(30);  // mtime 0 was read: due at tick 3, step 30
    EXPECT_EQ(b.csr(csr::mcause), 0u);
    b.run(1);
    EXPECT_EQ(b.csr(csr::mcause), kInterrupt | kMti);
    b.run(4);
    EXPECT_EQ(b.x(s0), bit(kMti));
    EXPECT_EQ(b.x(s1), 0u);
    EXPECT_EQ(b.mode(), kM);
    b.run(100);
    EXPECT_EQ(b.csr(csr::mcause), kInterrupt | kMti);
    EXPECT_GE(b.x(t1), 60u) << "one interrupt, no storm";
  });
}

TEST(Behaviour22, Mtimecmp_WrittenToThePast_InterruptAfterTheStore) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kClint + 0x4000);
    b.set_csr(csr::mie, bit(kMti));
    b.set_csr(csr::mstatus, status::kMie);
    b.put(kCode, {insn::sd(zero, 0, a0), insn::addi(t1, t1, 1)});
    b.run(2);
    b.expect_machine_trap({kInterrupt | kMti, kCode + 4, 0});
    EXPECT_EQ(b.x(t1), 0u);
  });
}

TEST(Behaviour22, Mtime_WrittenPastMtimecmp_InterruptAfterTheStore) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kClint + 0x4000);
    b.set_x(a1, kClint + 0xbff8);
    b.set_x(a2, 1000);
    b.set_csr(csr::mie, bit(kMti));
    b.set_csr(csr::mstatus, status::kMie);
    b.put(kCode, {insn::sd(a2, 0, a0), insn::kNop, insn::sd(a2, 0, a1), insn::addi(t1, t1, 1)});
    b.run(3);
    EXPECT_EQ(b.pc(), kCode + 12);
    b.run(1);
    b.expect_machine_trap({kInterrupt | kMti, kCode + 12, 0});
  });
}

// While everybody waits, time jumps: the interrupt comes without a step in between.
TEST(Behaviour22, Wfi_TimeJumpsToTheTimer) {
  under_every_cache([](Bench& b) {
    with_sstc(b);
    b.set_csr(csr::mstatus, status::kSie);
    b.set_csr(csr::stimecmp, 1'000'000);
    b.put(kCode, {insn::kWfi, insn::kSelf});
    b.put(kCode + 0x100, {insn::csrr(t0, csr::time), insn::kSelf});
    b.set_csr(csr::stvec, kCode + 0x100);
    b.start(kCode, kS);
    b.run(3);  // wfi, interrupt entry, csrr
    EXPECT_EQ(b.x(t0), 1'000'000u);
    EXPECT_EQ(b.supervisor_trap(), (Trap{kInterrupt | kSti, kCode + 4, 0}));
  });
}

// --- 27. PLIC: claim and complete of a level source, threshold, contexts (PLIC specification 1.0.0; the
// device's own tests go further). Context 0 is hart 0's M (MEI), context 1 its S (SEI).

constexpr uint64_t kPriority = kPlic, kPending = kPlic + 0x1000, kContext = kPlic + 0x20'0000;

struct PlicBench {
  explicit PlicBench(Bench& bench) : b(bench) {
    b.set_x(a0, kContext);                                                       // threshold at 0, claim at 4
    b.set_x(a1, kContext + 0x1000);                                              // of context 1
    for (unsigned source : {3u, 5u}) b.plic().write(4 * source, 4, source - 2);  // priorities 1 and 3
    b.plic().write(0x2000, 4, bit(3) | bit(5));
  }
  Bench& b;
};

TEST(Behaviour27, ClaimAndComplete_LevelSource) {
  under_every_cache([](Bench& b) {
    PlicBench plic(b);
    b.put(kCode, {insn::csrr(s0, csr::mip), insn::lwu(t0, 4, a0), insn::csrr(s1, csr::mip),
                  insn::lwu(t1, 4, a0), insn::sw(t0, 4, a0), insn::csrr(s2, csr::mip), insn::lwu(t2, 4, a0)});
    b.plic().irq_changed(5, true);
    b.run(7);
    EXPECT_EQ(b.x(s0), bit(kMei));
    EXPECT_EQ(b.x(t0), 5u);
    EXPECT_EQ(b.x(s1), 0u) << "claimed: the gateway is closed";
    EXPECT_EQ(b.x(t1), 0u) << "a claim of nothing gives 0";
    EXPECT_EQ(b.x(s2), bit(kMei)) << "completed, and the line is still high: pending again";
    EXPECT_EQ(b.x(t2), 5u);
  });
}

TEST(Behaviour27, HigherPriorityFirst_ThenLowerSource) {
  under_every_cache([](Bench& b) {
    PlicBench plic(b);
    b.plic().write(4 * 7, 4, 3);
    b.plic().write(0x2000, 4, bit(3) | bit(5) | bit(7));
    b.put(kCode, {insn::lwu(t0, 4, a0), insn::lwu(t1, 4, a0), insn::lwu(t2, 4, a0), insn::lwu(t3, 4, a0)});
    for (unsigned source : {3u, 5u, 7u}) b.plic().irq_changed(source, true);
    b.run(4);
    EXPECT_EQ(b.x(t0), 5u) << "of equal priority the lower number";
    EXPECT_EQ(b.x(t1), 7u);
    EXPECT_EQ(b.x(t2), 3u);
    EXPECT_EQ(b.x(t3), 0u);
  });
}

// "The PLIC will mask all interrupts of a priority less than or equal to threshold."
TEST(Behaviour27, Threshold_MasksUpToItself) {
  under_every_cache([](Bench& b) {
    PlicBench plic(b);
    b.set_x(t5, 3);
    b.set_x(t6, 2);
    b.put(kCode, {insn::csrr(s0, csr::mip), insn::sw(t5, 0, a0), insn::csrr(s1, csr::mip),
                  insn::sw(t6, 0, a0), insn::csrr(s2, csr::mip)});
    b.plic().irq_changed(5, true);
    b.run(5);
    EXPECT_EQ(b.x(s0), bit(kMei));
    EXPECT_EQ(b.x(s1), 0u) << "3 <= 3";
    EXPECT_EQ(b.x(s2), bit(kMei));
  });
}

TEST(Behaviour27, Contexts_AreSeparateUntilOneClaims) {
  under_every_cache([](Bench& b) {
    PlicBench plic(b);
    b.plic().write(0x2080, 4, bit(5));  // context 1
    b.put(kCode,
          {insn::csrr(s0, csr::mip), insn::lwu(t0, 4, a1), insn::csrr(s1, csr::mip), insn::lwu(t1, 4, a0)});
    b.plic().irq_changed(5, true);
    b.run(4);
    EXPECT_EQ(b.x(s0), bit(kMei) | bit(kSei));
    EXPECT_EQ(b.x(t0), 5u);
    EXPECT_EQ(b.x(s1), 0u) << "claimed by one, gone for the other";
    EXPECT_EQ(b.x(t1), 0u);
  });
}

TEST(Behaviour27, ExternalInterrupt_ReachesTheHandler) {
  under_every_cache([](Bench& b) {
    PlicBench plic(b);
    b.plic().write(0x2080, 4, bit(3));
    b.plic().write(0x2000, 4, 0);
    b.set_csr(csr::mideleg, bit(kSei));
    b.set_csr(csr::mie, bit(kSei));
    b.put(kCode, {insn::addi(t0, t0, 1), insn::jal(zero, -4)});
    b.put(kCode + 0x100, {insn::lwu(t1, 4, a1), insn::sw(t1, 4, a1), insn::kSret});
    b.set_csr(csr::stvec, kCode + 0x100);
    b.start(kCode, kU);
    b.run(10);
    b.plic().irq_changed(3, true);
    b.run(2);
    EXPECT_EQ(b.csr(csr::scause), kInterrupt | kSei);
    EXPECT_EQ(b.x(t1), 3u);
    b.plic().irq_changed(3, false);
    b.run(2);
    EXPECT_EQ(b.mode(), kU);
    b.run(10);
    EXPECT_EQ(b.mode(), kU) << "completed with the line low: nothing more";
    EXPECT_EQ(b.x(t0), 10u);
  });
}

TEST(Behaviour27, WidthsAndHoles_AccessFaultsAndZeros) {
  under_every_cache([](Bench& b) {
    b.set_x(a0, kPriority);
    b.put(kCode, {insn::ld(t0, 0, a0)});
    b.run(1);
    b.expect_machine_trap({cause::kLoadAccess, kCode, kPriority});
    b.put(kCode, {insn::lbu(t0, 4, a0)});
    b.start(kCode);
    b.run(1);
    b.expect_machine_trap({cause::kLoadAccess, kCode, kPriority + 4});
    b.set_x(a0, kPending);
    b.put(kCode, {insn::lwu(t0, 0, a0), insn::sw(a0, 0, a0), insn::lwu(t1, 0, a0)});
    b.start(kCode);
    b.run(3);
    EXPECT_EQ(b.x(t0), 0u);
    EXPECT_EQ(b.x(t1), 0u) << "pending bits cannot be written";
  });
}

}  // namespace
}  // namespace vitrine::bench
