// SPDX-License-Identifier: MIT
// Hart state management of the built-in SBI: expected values are those of the SBI specification 2.0,
// chapter 9.
#include "tests/isa/riscv/sbi_rig.h"

namespace vitrine::riscv::test {
namespace {

using Result = Rig::Result;

constexpr uint64_t kStart = 0, kStop = 1, kStatus = 2, kSuspend = 3;
constexpr uint64_t kNonRetentive = 0x8000'0000;

// The step of the ecall is over, as the engine would do it; the hart gives up its turn.
void finish_step(Rig& rig, unsigned id) {
  Hart& hart = rig.hart(id);
  hart.pc = hart.next_pc;
  ++hart.steps;
  rig.clock.set_step(rig.clock.step() + 1);
}

TEST(SbiHsm, Start_SetsTheRegistersOfTheSpecification) {
  Rig rig(2);
  Hart& hart = rig.hart(1);
  hart.csr.satp = uint64_t{8} << 60;  // whatever was before
  hart.csr.mstatus |= mstatus::kSie | mstatus::kSum;
  hart.privilege = Privilege::kUser;
  EXPECT_EQ(rig.call(kHsm, kStart, {1, 0x8000'1000, 0xfeed'face'cafe'beef}), (Result{0, 0}));
  EXPECT_FALSE(hart.stopped);
  EXPECT_EQ(hart.privilege, Privilege::kSupervisor);
  EXPECT_EQ(hart.pc, 0x8000'1000u);
  EXPECT_EQ(hart.x[10], 1u);
  EXPECT_EQ(hart.x[11], 0xfeed'face'cafe'beefu);
  EXPECT_EQ(rig.csr(1, kSatp), 0u);
  EXPECT_EQ(rig.csr(1, kSstatus) & 2, 0u);
  EXPECT_EQ(rig.csr(1, kSie), 0u);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 0}));
  uint64_t value;  // translation is off for its memory port as well, and protection is open
  EXPECT_FALSE(hart.memory->load({0x8000'1000}, 8, value));
}

TEST(SbiHsm, Start_IsDelegatedLikeTheBootHart) {
  Rig rig(2);
  rig.start(1);
  EXPECT_EQ(rig.csr(1, 0x302), 0xb1ffu);
  EXPECT_EQ(rig.csr(1, 0x303), 0x222u);
  EXPECT_EQ(rig.csr(1, 0x30a), 0xe000'0000'0000'00d0u);
}

TEST(SbiHsm, Start_KeepsWhatComesByWire) {
  Rig rig(2);
  set_interrupt_line(rig.hart(1), irq::kSei, true);
  rig.start(1);
  EXPECT_TRUE(rig.pending(1, 9));
}

TEST(SbiHsm, Start_OfAStartedOrSuspendedHartIsAlreadyAvailable) {
  Rig rig(2);
  EXPECT_EQ(rig.call(kHsm, kStart, {0, kEntry, 0}).error, kAlreadyAvailable);
  rig.start(1);
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kEntry, 0}).error, kAlreadyAvailable);
  rig.call_on(1, kHsm, kSuspend, {0, 0, 0});
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kEntry, 0}).error, kAlreadyAvailable);
}

TEST(SbiHsm, UnknownHart_IsInvalid) {
  Rig rig(2);
  for (const uint64_t id : {uint64_t{2}, uint64_t{64}, uint64_t{1} << 32, (uint64_t{1} << 32) + 1, kNever}) {
    EXPECT_EQ(rig.call(kHsm, kStart, {id, kEntry, 0}).error, kInvalidParam) << id;
    EXPECT_EQ(rig.call(kHsm, kStatus, {id}).error, kInvalidParam) << id;
  }
}

TEST(SbiHsm, AddressWhereNothingCanRun_IsInvalid) {
  Rig rig(2);
  for (const uint64_t at : {uint64_t{0}, kRamBase - 2, kRamEnd, kEntry + 1, kRamEnd - 1, kNever, kNever - 1,
                            kEntry | uint64_t{1} << 63, uint64_t{0x1000'0000}}) {
    EXPECT_EQ(rig.call(kHsm, kStart, {1, at, 0}).error, kInvalidAddress) << at;
    EXPECT_EQ(rig.call(kHsm, kSuspend, {kNonRetentive, at, 0}).error, kInvalidAddress) << at;
  }
  EXPECT_TRUE(rig.hart(1).stopped);
  EXPECT_FALSE(rig.hart(0).waiting);
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kRamEnd - 2, 0}),
            (Result{0, 0}));  // room for one compressed instruction
}

TEST(SbiHsm, WithoutCompressed_EntriesAreFourAligned) {
  HartConfig config;
  config.extensions.clear(Extension::C);
  Rig rig(2, config);
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kEntry + 2, 0}).error, kInvalidAddress);
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kRamEnd - 2, 0}).error, kInvalidAddress);
  EXPECT_EQ(rig.call(kHsm, kStart, {1, kEntry + 4, 0}), (Result{0, 0}));
}

TEST(SbiHsm, Stop_StopsTheCallerUntilItIsStartedAgain) {
  Rig rig(2);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 1}));  // STOPPED
  rig.start(1);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 0}));  // STARTED
  rig.call_on(1, kHsm, kStop);
  EXPECT_TRUE(rig.hart(1).stopped);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 1}));
  EXPECT_EQ(rig.call(kHsm, kStart, {1, 0x8000'2000, 7}), (Result{0, 0}));
  EXPECT_EQ(rig.hart(1).pc, 0x8000'2000u);
  EXPECT_EQ(rig.hart(1).x[11], 7u);
}

TEST(SbiHsm, Stop_TakesTheTimerBack) {
  for (const HartConfig& config : {HartConfig{}, without_sstc()}) {
    Rig rig(2, config);
    rig.start(1);
    rig.call_on(1, kTime, 0, {1000});
    rig.call_on(1, kHsm, kStop);
    EXPECT_EQ(rig.scheduler.next_when(), core::kNever);
    rig.advance_to(2000);
    rig.start(1);
    EXPECT_FALSE(rig.pending(1, 5));
  }
}

TEST(SbiHsm, RetentiveSuspend_ReturnsAfterAnEnabledInterrupt) {
  Rig rig(2);
  rig.start(1);
  Hart& hart = rig.hart(1);
  poke_csr(hart, kSie, 1 << 1);
  EXPECT_EQ(rig.call_on(1, kHsm, kSuspend, {0, 0x1234, 5}), (Result{0, 0}));  // resume_addr is unused
  EXPECT_TRUE(hart.waiting);
  EXPECT_TRUE(hart.ended_slice);
  EXPECT_EQ(hart.next_pc, hart.pc + 4);
  EXPECT_FALSE(hart.redirected);
  finish_step(rig, 1);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 4}));  // SUSPENDED
  set_interrupt_line(hart, irq::kSei, true);                // pending, but not enabled in sie
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 4}));
  rig.call(kIpi, 0, {2, 0});
  EXPECT_TRUE(wakes(hart));
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 6}));  // RESUME_PENDING
  EXPECT_EQ(rig.call_on(1, kHsm, kStatus, {1}), (Result{0, 0}));
  finish_step(rig, 1);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 0}));  // STARTED
}

TEST(SbiHsm, Suspend_WithAnInterruptPendingDoesNotWait) {
  Rig rig;
  poke_csr(rig.hart(0), kSie, 1 << 1);
  poke_csr(rig.hart(0), kSip, 1 << 1);
  EXPECT_EQ(rig.call(kHsm, kSuspend, {0, 0, 0}), (Result{0, 0}));
  EXPECT_FALSE(rig.hart(0).waiting);
}

TEST(SbiHsm, NonRetentiveSuspend_ResumesAtTheAddress) {
  Rig rig(2);
  rig.start(1);
  Hart& hart = rig.hart(1);
  poke_csr(hart, kSie, 1 << 5);
  poke_csr(hart, kSstatus, 2);                                       // SIE
  poke_csr(hart, kSatp, (uint64_t{8} << 60) | (0x8010'0000 >> 12));  // an empty table
  rig.call_on(1, kHsm, kSuspend, {kNonRetentive, 0x8000'3000, 0xabcdef});
  EXPECT_TRUE(hart.waiting);
  EXPECT_TRUE(hart.redirected);
  EXPECT_EQ(hart.next_pc, 0x8000'3000u);
  EXPECT_EQ(hart.privilege, Privilege::kSupervisor);
  EXPECT_EQ(hart.x[10], 1u);
  EXPECT_EQ(hart.x[11], 0xabcdefu);
  EXPECT_EQ(rig.csr(1, kSatp), 0u);
  EXPECT_EQ(rig.csr(1, kSstatus) & 2, 0u);
  uint64_t value;
  EXPECT_FALSE(hart.memory->load({0x8000'3000}, 8, value));
  finish_step(rig, 1);
  EXPECT_EQ(rig.call(kHsm, kStatus, {1}), (Result{0, 4}));
  EXPECT_FALSE(wakes(hart));
  set_interrupt_line(hart, irq::kSti, true);
  EXPECT_TRUE(wakes(hart));
  EXPECT_EQ(interrupt_to_take(hart), -1);  // SIE = 0: it goes on at the address, not in its handler
}

TEST(SbiHsm, SuspendType_Is32BitsWide) {
  Rig rig;
  EXPECT_EQ(rig.call(kHsm, kSuspend, {uint64_t{1} << 63, 0, 0}), (Result{0, 0}));  // retentive
  rig.call(kHsm, kSuspend, {0xffff'ffff'8000'0000, 0x8000'3000, 3});               // non-retentive
  EXPECT_EQ(rig.hart(0).next_pc, 0x8000'3000u);
  EXPECT_TRUE(rig.hart(0).redirected);
  EXPECT_EQ(rig.hart(0).x[11], 3u);
}

TEST(SbiHsm, SuspendTypesThatAreNotThere_AreInvalid) {
  Rig rig;
  for (const uint64_t type : {0x1u, 0x0fff'ffffu, 0x1000'0000u, 0x7fff'ffffu, 0x8000'0001u, 0x8fff'ffffu,
                              0x9000'0000u, 0xffff'ffffu})
    EXPECT_EQ(rig.call(kHsm, kSuspend, {type, kEntry, 0}).error, kInvalidParam) << type;
  EXPECT_FALSE(rig.hart(0).waiting);
}

// A restored machine has the same harts in the same states, and its timers come at the same time.
TEST(SbiHsm, State_IsSavedAndRestored) {
  Rig rig(4, without_sstc());
  rig.start(1), rig.start(2);
  rig.call_on(1, kTime, 0, {777});
  poke_csr(rig.hart(2), kSie, 1 << 1);
  rig.call_on(2, kHsm, kSuspend, {0, 0, 0});
  finish_step(rig, 2);
  core::StateWriter saved;
  rig.serialize(saved);

  Rig other(4, without_sstc());
  other.start(3);
  other.call_on(3, kTime, 0, {50});
  core::StateReader reader(saved.data());
  other.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  EXPECT_TRUE(reader.at_end());
  const uint64_t states[] = {0, 0, 4, 1};
  for (unsigned id = 0; id < 4; ++id)
    EXPECT_EQ(other.call(kHsm, kStatus, {id}), (Result{0, states[id]})) << id;
  other.advance_to(776);
  EXPECT_FALSE(other.pending(1, 5));
  other.advance_to(777);
  EXPECT_TRUE(other.pending(1, 5));
  EXPECT_FALSE(other.pending(3, 5));
}

}  // namespace
}  // namespace vitrine::riscv::test
