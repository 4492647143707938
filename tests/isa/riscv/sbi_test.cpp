// SPDX-License-Identifier: MIT
// The built-in SBI, call by call: expected values are those of the SBI specification 2.0, written out by
// hand. Hart state management is in sbi_hsm_test.cpp, calls made by running guests in sbi_system_test.cpp.
#include "isa/riscv/sbi.h"

#include <algorithm>

#include "tests/isa/riscv/sbi_rig.h"

namespace vitrine::riscv::test {
namespace {

using Result = Rig::Result;
using Reset = std::pair<ResetType, ResetReason>;

// --- What firmware leaves behind
// ------------------------------------------------------------------------------------------

TEST(SbiReset, BootHart_StandsInSupervisorModeAtTheEntry) {
  Rig rig(2);
  const Hart& boot = rig.hart(0);
  EXPECT_EQ(boot.privilege, Privilege::kSupervisor);
  EXPECT_EQ(boot.pc, kEntry);
  EXPECT_EQ(boot.x[10], 0u);
  EXPECT_EQ(boot.x[11], kTree);
  EXPECT_FALSE(boot.stopped);
  EXPECT_EQ(rig.csr(0, kSatp), 0u);
  EXPECT_EQ(rig.csr(0, kSstatus) & 2, 0u);  // SIE
  EXPECT_EQ(rig.csr(0, kSie), 0u);
  EXPECT_TRUE(rig.hart(1).stopped);
}

TEST(SbiReset, AnyHart_CanBoot) {
  Rig rig(3);
  rig.sbi->reset(rig.hart(2), kEntry + 8, kTree);
  EXPECT_TRUE(rig.hart(0).stopped);
  EXPECT_TRUE(rig.hart(1).stopped);
  EXPECT_FALSE(rig.hart(2).stopped);
  EXPECT_EQ(rig.hart(2).x[10], 2u);
  EXPECT_EQ(rig.hart(2).pc, kEntry + 8);
}

TEST(SbiReset, MachineRegisters_AreWhatAnOperatingSystemNeeds) {
  Rig rig;
  EXPECT_EQ(rig.csr(0, 0x302), 0xb1ffu);                 // medeleg: exceptions 0-8, 12, 13, 15
  EXPECT_EQ(rig.csr(0, 0x303), 0x222u);                  // mideleg: SSI, STI, SEI
  EXPECT_EQ(rig.csr(0, 0x304), 0u);                      // mie
  EXPECT_EQ(rig.csr(0, 0x306), 0x7ffffu);                // mcounteren: cycle, time, instret, 16 counters
  EXPECT_EQ(rig.csr(0, 0x106), 7u);                      // scounteren: cycle, time, instret
  EXPECT_EQ(rig.csr(0, 0x30a), 0xe000'0000'0000'00d0u);  // menvcfg: STCE PBMTE ADUE CBZE CBCFE CBIE=01
  EXPECT_EQ(rig.csr(0, 0x300) & (3u << 13), 1u << 13);   // mstatus.FS: Initial
}

TEST(SbiReset, Menvcfg_HasOnlyWhatTheHartHas) {
  HartConfig config;
  config.svade = true;
  config.svpbmt = false;
  config.sstc = false;
  Rig rig(1, config);
  EXPECT_EQ(rig.csr(0, 0x30a), 0xd0u);
}

TEST(SbiReset, Memory_IsOpenToSupervisorMode) {
  Rig rig;
  uint64_t value = 0;
  for (const uint64_t at : {kRamBase, kEntry, kRamEnd - 8}) {
    EXPECT_FALSE(rig.hart(0).memory->store({at}, 8, 42));
    EXPECT_FALSE(rig.hart(0).memory->load({at}, 8, value));
    EXPECT_FALSE(rig.hart(0).memory->check({at}, core::AccessKind::kFetch));
  }
  poke_csr(rig.hart(0), 0x3a0, 0);  // protection closed: it was S mode that was let in, not M
  EXPECT_TRUE(rig.hart(0).memory->load({kRamBase}, 8, value));
}

TEST(SbiReset, NoGuestTrap_ReachesMachineMode) {
  using enum Cause;
  for (const Privilege from : {Privilege::kUser, Privilege::kSupervisor})
    for (const Cause cause :
         {kFetchMisaligned, kFetchAccess, kIllegal, kBreakpoint, kLoadMisaligned, kLoadAccess,
          kStoreMisaligned, kStoreAccess, kEcallU, kFetchPage, kLoadPage, kStorePage}) {
      Rig rig;
      rig.hart(0).privilege = from;
      enter_trap(rig.hart(0), cause, 0);
      EXPECT_EQ(rig.hart(0).privilege, Privilege::kSupervisor) << static_cast<unsigned>(cause);
      EXPECT_EQ(rig.csr(0, kScause), static_cast<uint64_t>(cause));
    }
}

TEST(SbiReset, NoInterrupt_ReachesMachineMode) {
  Rig rig;
  Hart& hart = rig.hart(0);
  poke_csr(hart, kSie, ~uint64_t{0});
  poke_csr(hart, kSip, ~uint64_t{0});
  for (const unsigned line : {irq::kMsi, irq::kMti, irq::kMei}) set_interrupt_line(hart, line, true);
  hart.privilege = Privilege::kUser;
  EXPECT_EQ(interrupt_to_take(hart), 1);  // SSI; the machine's lines are up and not enabled
  poke_csr(hart, kSip, 0);
  EXPECT_EQ(interrupt_to_take(hart), -1);
}

TEST(SbiReset, SecondReset_ForgetsTheFirstRun) {
  Rig rig(2, without_sstc());
  core::StateWriter fresh;
  rig.serialize(fresh);
  rig.start(1);
  rig.call(kTime, 0, {500});
  rig.call_on(1, kHsm, 3, {0, 0, 0});
  rig.call(kIpi, 0, {3, 0});
  rig.sbi->reset(rig.hart(0), kEntry, kTree);
  core::StateWriter again;
  rig.serialize(again);
  EXPECT_EQ(fresh.data(), again.data());
}

// --- The calling convention (chapter 3)
// -------------------------------------------------------------------------------------

TEST(SbiCall, Registers_OtherThanA0AndA1AreKept) {
  for (const SbiCall& row : sbi_calls()) {
    if (row.name == "hart_suspend" || row.name == "hart_stop") continue;  // do not return
    Rig rig;
    Hart& hart = rig.hart(0);
    for (unsigned r = 1; r < 32; ++r) hart.set_x(r, 0x8010'0000 + 64 * r);
    hart.set_x(16, row.function);
    hart.set_x(17, row.extension);
    uint64_t before[32];
    std::copy(std::begin(hart.x), std::begin(hart.x) + 32, before);
    rig.sbi->call(hart);
    for (unsigned r = 0; r < 32; ++r) {
      if (r == 10 || (r == 11 && row.extension_name != "legacy")) continue;  // legacy: "nothing in a1"
      EXPECT_EQ(hart.x[r], before[r]) << row.name << " x" << r;
    }
  }
}

TEST(SbiCall, UnknownExtensionOrFunction_IsNotSupported) {
  Rig rig;
  EXPECT_EQ(rig.call(0x504D55, 0).error, kNotSupported);       // PMU: not here
  EXPECT_EQ(rig.call(0x53555350, 0).error, kNotSupported);     // SUSP: not here
  EXPECT_EQ(rig.call(9, 0).error, kNotSupported);              // reserved legacy number
  EXPECT_EQ(rig.call(0x1'0000'0010, 0).error, kNotSupported);  // base, but for a bit above 32
  EXPECT_EQ(rig.call(~uint64_t{0}, 0).error, kNotSupported);
  EXPECT_EQ(rig.call(kBase, 7).error, kNotSupported);
  EXPECT_EQ(rig.call(kTime, 1).error, kNotSupported);
  EXPECT_EQ(rig.call(kIpi, 1).error, kNotSupported);
  EXPECT_EQ(rig.call(kHsm, 4).error, kNotSupported);
  EXPECT_EQ(rig.call(kSrst, 1).error, kNotSupported);
  EXPECT_EQ(rig.call(kDbcn, 3).error, kNotSupported);
  for (const uint64_t hfence : {3, 4, 5, 6})
    EXPECT_EQ(rig.call(kRfence, hfence, {1, 0, 0, 0}).error, kNotSupported);
  for (const uint64_t e : {kBase, kTime, kIpi, kRfence, kHsm, kSrst, kDbcn}) {
    EXPECT_EQ(rig.call(e, ~uint64_t{0}).error, kNotSupported) << e;
    EXPECT_EQ(rig.call(e, 0x8000'0000).error, kNotSupported) << e;
  }
  EXPECT_TRUE(rig.resets.seen.empty());
}

TEST(SbiCall, Rows_AreFoundByWhatRegistersHold) {
  EXPECT_EQ(find_sbi_call(0x48534D, 3)->name, "hart_suspend");
  EXPECT_EQ(find_sbi_call(0x48534D, 3)->extension_name, "hsm");
  EXPECT_EQ(find_sbi_call(0x48534D, 3)->arguments, 3u);
  EXPECT_EQ(find_sbi_call(0x4442434E, 2)->name, "write_byte");
  EXPECT_EQ(find_sbi_call(1, 0)->name, "console_putchar");
  EXPECT_EQ(find_sbi_call(1, 77), find_sbi_call(1, 0));  // legacy: "the function ID in a6 is ignored"
  EXPECT_EQ(find_sbi_call(0x10, 77), nullptr);
  EXPECT_EQ(find_sbi_call(0x11, 0), nullptr);
}

// --- Base
// -------------------------------------------------------------------------------------------------------------------

TEST(SbiBase, Version_IsTwoPointZero) { EXPECT_EQ(Rig().call(kBase, 0), (Result{0, 0x0200'0000})); }

TEST(SbiBase, Implementation_IsNobodyElses) {
  Rig rig;
  const Result id = rig.call(kBase, 1);
  EXPECT_EQ(id, (Result{0, 0x5654'524e}));
  EXPECT_GT(id.value, 1000u);  // the assigned numbers are 0 to 11
  EXPECT_EQ(rig.call(kBase, 2), (Result{0, 1}));
}

TEST(SbiBase, Probe_AnswersForWhatIsThere) {
  Rig rig;
  for (const uint64_t there : {kBase, kTime, kIpi, kRfence, kHsm, kSrst, kDbcn})
    EXPECT_EQ(rig.call(kBase, 3, {there}), (Result{0, 1})) << there;
  for (uint64_t legacy = 0; legacy <= 8; ++legacy)
    EXPECT_EQ(rig.call(kBase, 3, {legacy}), (Result{0, 1})) << legacy;
  // Reserved; PMU, SUSP, CPPC, NACL, STA; vendor and firmware space; and EIDs are 32 bits.
  for (const uint64_t absent :
       {uint64_t{9}, uint64_t{15}, uint64_t{0x504D55}, uint64_t{0x53555350}, uint64_t{0x43505043},
        uint64_t{0x4E41434C}, uint64_t{0x535441}, uint64_t{0x0900'0000}, uint64_t{0x0a54'524e},
        uint64_t{0x1'0000'0010}, ~uint64_t{0}})
    EXPECT_EQ(rig.call(kBase, 3, {absent}), (Result{0, 0})) << absent;
}

TEST(SbiBase, MachineIds_AreTheProcessorModels) {
  HartConfig config;
  config.mvendorid = 0x61f;
  config.marchid = 0x8000'0000'0000'0001;
  config.mimpid = 0x20240101;
  Rig rig(1, config);
  EXPECT_EQ(rig.call(kBase, 4), (Result{0, 0x61f}));
  EXPECT_EQ(rig.call(kBase, 5), (Result{0, 0x8000'0000'0000'0001}));
  EXPECT_EQ(rig.call(kBase, 6), (Result{0, 0x20240101}));
}

// --- Timer: the same contract with stimecmp and without
// ----------------------------------------------------------------------

class SbiTimer : public testing::TestWithParam<bool> {
 protected:
  SbiTimer() : rig(2, GetParam() ? HartConfig{} : without_sstc()) {}
  Rig rig;
};
INSTANTIATE_TEST_SUITE_P(Sstc, SbiTimer, testing::Bool());

TEST_P(SbiTimer, Interrupt_ComesAtItsTickAndStays) {
  EXPECT_EQ(rig.call(kTime, 0, {1000}), (Result{0, 0}));
  rig.advance_to(999);
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(1000);
  EXPECT_TRUE(rig.pending(0, 5));
  rig.advance_to(5000);
  EXPECT_TRUE(rig.pending(0, 5));
  EXPECT_FALSE(rig.pending(1, 5));
}

TEST_P(SbiTimer, PastTime_IsPendingAtOnce) {
  rig.advance_to(1000);
  for (const uint64_t past : {0, 999, 1000}) {
    rig.call(kTime, 0, {kNever});
    EXPECT_FALSE(rig.pending(0, 5));
    rig.call(kTime, 0, {past});
    EXPECT_TRUE(rig.pending(0, 5)) << past;
  }
}

TEST_P(SbiTimer, FutureTime_ClearsThePendingInterrupt) {
  rig.call(kTime, 0, {0});
  ASSERT_TRUE(rig.pending(0, 5));
  rig.call(kTime, 0, {2000});
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(2000);
  EXPECT_TRUE(rig.pending(0, 5));
}

TEST_P(SbiTimer, AllOnes_NeverComesAndTakesTheOldTimeBack) {
  rig.call(kTime, 0, {1000});
  rig.call(kTime, 0, {kNever});
  rig.advance_to(uint64_t{1} << 50);
  EXPECT_FALSE(rig.pending(0, 5));
}

TEST_P(SbiTimer, LaterProgramming_Wins) {
  rig.call(kTime, 0, {1000});
  rig.call(kTime, 0, {3000});
  rig.advance_to(2999);
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(3000);
  EXPECT_TRUE(rig.pending(0, 5));
}

TEST_P(SbiTimer, HartsHave_TimersOfTheirOwn) {
  rig.start(1);
  rig.call_on(0, kTime, 0, {1000});
  rig.call_on(1, kTime, 0, {2000});
  rig.advance_to(1500);
  EXPECT_TRUE(rig.pending(0, 5));
  EXPECT_FALSE(rig.pending(1, 5));
  rig.call_on(0, kTime, 0, {kNever});
  rig.advance_to(2000);
  EXPECT_FALSE(rig.pending(0, 5));
  EXPECT_TRUE(rig.pending(1, 5));
}

TEST_P(SbiTimer, LegacyCall_IsTheSame) {
  EXPECT_EQ(rig.legacy(0, {1000}), 0u);
  rig.advance_to(999);
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(1000);
  EXPECT_TRUE(rig.pending(0, 5));
}

TEST_P(SbiTimer, MovedTime_MovesTheInterrupt) {
  const auto move = [&](uint64_t offset) {  // as the board does when the guest writes mtime
    for (unsigned id : {0, 1}) {
      rig.hart(id).time_offset = offset;
      update_stimecmp(rig.hart(id));
    }
    rig.sbi->time_changed();
  };
  rig.call(kTime, 0, {1'000'000});
  move(999'000);
  rig.advance_to(999);
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(1000);
  EXPECT_TRUE(rig.pending(0, 5));
  rig.call(kTime, 0, {kNever});
  move(uint64_t{0} - 500);  // time goes back to 500
  rig.call(kTime, 0, {600});
  rig.advance_to(1099);
  EXPECT_FALSE(rig.pending(0, 5));
  rig.advance_to(1100);
  EXPECT_TRUE(rig.pending(0, 5));
}

// Time that was moved back does not reach this within the clock's 64 bits; the sum with the offset must not
// wrap.
TEST_P(SbiTimer, TimeBeyondTheClock_NeverComes) {
  for (const uint64_t when : {kNever - 1, kNever}) {
    rig.advance_to(1000);
    rig.hart(0).time_offset = uint64_t{0} - 500;
    rig.call(kTime, 0, {when});
    rig.scheduler.run_due();
    EXPECT_EQ(rig.scheduler.next_when(), core::kNever);
    EXPECT_FALSE(rig.pending(0, 5));
  }
}

TEST(SbiTimerSstc, SetTimer_IsStimecmp) {
  Rig rig;
  rig.call(kTime, 0, {0x1234'5678'9abc});
  EXPECT_EQ(rig.csr(0, kStimecmp), 0x1234'5678'9abcu);
}

// --- Hart masks: interrupts and fences
// -------------------------------------------------------------------------------------

struct MaskCase {
  uint64_t mask, base;
  uint64_t error;
  std::set<unsigned> harts;
};

// Four harts.
const MaskCase kMaskCases[] = {
    {0b0001, 0, 0, {0}},
    {0b1010, 0, 0, {1, 3}},
    {0b1111, 0, 0, {0, 1, 2, 3}},
    {0b0011, 2, 0, {2, 3}},
    {1, 3, 0, {3}},
    {0, 0, 0, {}},
    {0, 1, 0, {}},
    {0, 4, 0, {}},  // "hart_mask_base does not need to be a hart"
    {0, 0x1234'5678, 0, {}},
    {0, kNever, 0, {0, 1, 2, 3}},  // base -1: all, mask ignored
    {0xffff'0000, kNever, 0, {0, 1, 2, 3}},
    {0b10000, 0, kInvalidParam, {}},
    {0b10001, 0, kInvalidParam, {}},  // nothing is done for the valid one
    {kNever, 0, kInvalidParam, {}},
    {0b10, 3, kInvalidParam, {}},
    {1, 4, kInvalidParam, {}},
    {1, 64, kInvalidParam, {}},
    {1, uint64_t{1} << 32, kInvalidParam, {}},  // hart 0 in 32 bits
    {0b100, kNever - 1, kInvalidParam, {}},     // would wrap around to hart 0
    {uint64_t{1} << 63, kNever - 62, kInvalidParam, {}},
    {uint64_t{1} << 63, 1, kInvalidParam, {}},
};

TEST(SbiIpi, Mask_SelectsHarts) {
  for (const MaskCase& c : kMaskCases) {
    Rig rig(4);
    for (unsigned id : {1, 2, 3}) rig.start(id);
    rig.attention.wanted = false;
    EXPECT_EQ(rig.call(kIpi, 0, {c.mask, c.base}).error, c.error) << c.mask << " " << c.base;
    EXPECT_EQ(interrupted(rig), c.harts) << c.mask << " " << c.base;
    EXPECT_EQ(rig.attention.wanted, !c.harts.empty());
  }
}

TEST(SbiRfence, Mask_SelectsHarts) {
  for (const uint64_t function : {0, 1, 2})
    for (const MaskCase& c : kMaskCases) {
      Rig rig(4);
      const uint64_t before = rig.events.of(core::EventKind::kFenceApplied);
      EXPECT_EQ(rig.call(kRfence, function, {c.mask, c.base, 0, kNever, 0}).error, c.error)
          << c.mask << " " << c.base;
      EXPECT_EQ(rig.events.of(core::EventKind::kFenceApplied) - before, c.harts.size()) << c.mask << " " << c.base;
      EXPECT_TRUE(interrupted(rig).empty());
    }
}

TEST(SbiRfence, AnyRange_IsFenced) {
  Rig rig;
  for (const auto& [start, size] : std::initializer_list<std::pair<uint64_t, uint64_t>>{
           {0, 0}, {0, kNever}, {kNever, kNever}, {0xffff'ffff'ffff'f000, 0x1000}, {1, kNever}, {0x1000, 0}})
    EXPECT_EQ(rig.call(kRfence, 1, {1, 0, start, size}), (Result{0, 0}));
}

TEST(SbiIpi, SixtyFourHarts_FillTheMask) {
  Rig rig(64);
  for (unsigned id = 1; id < 64; ++id) rig.start(id);
  EXPECT_EQ(rig.call(kIpi, 0, {uint64_t{1} << 63, 0}), (Result{0, 0}));
  EXPECT_EQ(interrupted(rig), (std::set<unsigned>{63}));
  EXPECT_EQ(rig.call(kIpi, 0, {1, 63}), (Result{0, 0}));
  EXPECT_EQ(rig.call(kIpi, 0, {2, 63}).error, kInvalidParam);
  EXPECT_EQ(rig.call(kIpi, 0, {kNever, 1}).error, kInvalidParam);
  EXPECT_EQ(rig.call(kIpi, 0, {kNever, 0}), (Result{0, 0}));
  EXPECT_EQ(interrupted(rig).size(), 64u);
}

TEST(SbiIpi, StoppedHart_StartsWithNothingPending) {
  Rig rig(2);
  EXPECT_EQ(rig.call(kIpi, 0, {0b11, 0}), (Result{0, 0}));
  EXPECT_EQ(interrupted(rig), (std::set<unsigned>{0}));
  rig.start(1);
  EXPECT_FALSE(rig.pending(1, 1));
}

// --- System reset
// ----------------------------------------------------------------------------------------------------------

TEST(SbiSystemReset, EveryTypeAndReason_IsReported) {
  for (const uint32_t type : {0, 1, 2})
    for (const uint32_t reason : {0, 1}) {
      Rig rig(2);
      rig.start(1);
      rig.call(kSrst, 0, {type, reason});
      ASSERT_EQ(rig.resets.seen.size(), 1u);
      EXPECT_EQ(rig.resets.seen[0], (Reset{static_cast<ResetType>(type), static_cast<ResetReason>(reason)}));
      EXPECT_TRUE(rig.hart(0).stopped);  // "does not return if it succeeds"
      EXPECT_TRUE(rig.hart(1).stopped);
    }
}

TEST(SbiSystemReset, ReservedValues_AreInvalid) {
  Rig rig;
  for (const uint64_t type :
       {uint64_t{3}, uint64_t{0xefff'ffff}, uint64_t{0xf000'0000}, uint64_t{0xffff'ffff}})
    EXPECT_EQ(rig.call(kSrst, 0, {type, 0}).error, kInvalidParam) << type;
  for (const uint64_t reason :
       {uint64_t{2}, uint64_t{0xdfff'ffff}, uint64_t{0xe000'0000}, uint64_t{0xf000'0000}})
    EXPECT_EQ(rig.call(kSrst, 0, {0, reason}).error, kInvalidParam) << reason;
  EXPECT_TRUE(rig.resets.seen.empty());
  EXPECT_FALSE(rig.hart(0).stopped);
}

TEST(SbiSystemReset, Arguments_Are32BitsWide) {
  Rig rig;
  rig.call(kSrst, 0, {0xabcd'0000'0001, 0x1234'0000'0001});
  ASSERT_EQ(rig.resets.seen.size(), 1u);
  EXPECT_EQ(rig.resets.seen[0], (Reset{ResetType::kColdReboot, ResetReason::kSystemFailure}));
}

TEST(SbiSystemReset, LegacyShutdown_IsAShutdown) {
  Rig rig;
  rig.legacy(8);
  ASSERT_EQ(rig.resets.seen.size(), 1u);
  EXPECT_EQ(rig.resets.seen[0], (Reset{ResetType::kShutdown, ResetReason::kNone}));
  EXPECT_TRUE(rig.hart(0).stopped);
}

}  // namespace
}  // namespace vitrine::riscv::test
