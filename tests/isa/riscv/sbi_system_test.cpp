// SPDX-License-Identifier: MIT
// The built-in SBI under running guests: small programs make the calls with ecall, in the machine's loop, on
// the interpreter with and without its caches. What a program must leave behind is reckoned by hand from the
// specifications.
#include <cstdint>
#include <span>
#include <string_view>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/interpreter.h"
#include "isa/riscv/system.h"
#include "tests/isa/riscv/sbi_rig.h"

namespace vitrine::riscv::test {
namespace {

using Reset = std::pair<ResetType, ResetReason>;

// A program as GNU as assembled it, for kEntry; the disassembler is asked whether the text is true.
struct Line {
  uint32_t word;
  std::string_view text;
};

// Waits for a timer interrupt; s2 and s4 are instret before and after the call.
const Line kTimerProgram[] = {
    {0x00000297, "auipc t0, 0x0"},  // handler
    {0x04028293, "addi t0, t0, 64"},
    {0x10529073, "csrw stvec, t0"},
    {0x544958b7, "lui a7, 0x54495"},  // TIME, set_timer, 1000 ticks from now
    {0xd4588893, "addi a7, a7, -699"},
    {0x00000813, "li a6, 0"},
    {0xc0202973, "rdinstret s2"},
    {0xc01029f3, "rdtime s3"},
    {0x3e898513, "addi a0, s3, 1000"},
    {0x00000073, "ecall"},
    {0xc0202a73, "rdinstret s4"},
    {0x02000293, "li t0, 32"},
    {0x1042a073, "csrs sie, t0"},
    {0x10016073, "csrsi sstatus, 2"},
    {0x10500073, "wfi"},
    {0xffdff06f, "j 0x80200038"},
    {0x14202473, "csrr s0, scause"},  // handler:
    {0x141024f3, "csrr s1, sepc"},
    {0xc0102af3, "rdtime s5"},
    {0x535258b7, "lui a7, 0x53525"},  // SRST, shutdown, no reason
    {0x35488893, "addi a7, a7, 852"},
    {0x00000813, "li a6, 0"},
    {0x00000513, "li a0, 0"},
    {0x00000593, "li a1, 0"},
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
};

// Hart 0 starts hart 1, watches its state, and wakes it when it has suspended itself; hart 1 then stops.
const Line kHartsProgram[] = {
    {0x00008437, "lui s0, 0x8"},  // s0 = 0x8030_0000: what hart 0 has seen
    {0x0304041b, "addiw s0, s0, 48"},
    {0x01041413, "slli s0, s0, 16"},
    {0x00485937, "lui s2, 0x485"},  // HSM, hart_start(1, second, 85)
    {0x34d90913, "addi s2, s2, 845"},
    {0x00090893, "mv a7, s2"},
    {0x00000813, "li a6, 0"},
    {0x00100513, "li a0, 1"},
    {0x00000597, "auipc a1, 0x0"},
    {0x08c58593, "addi a1, a1, 140"},
    {0x05500613, "li a2, 85"},
    {0x00000073, "ecall"},
    {0x00a43023, "sd a0, 0(s0)"},
    {0x00840413, "addi s0, s0, 8"},
    {0xfff00493, "li s1, -1"},
    {0x00090893, "mv a7, s2"},  // watch: HSM, hart_get_status(1); log it if it is new
    {0x00200813, "li a6, 2"},
    {0x00100513, "li a0, 1"},
    {0x00000073, "ecall"},
    {0x02958a63, "beq a1, s1, 0x80200080"},
    {0x00058493, "mv s1, a1"},
    {0x00b43023, "sd a1, 0(s0)"},
    {0x00840413, "addi s0, s0, 8"},
    {0x00400293, "li t0, 4"},
    {0x02559063, "bne a1, t0, 0x80200080"},
    {0x007358b7, "lui a7, 0x735"},  // 4, suspended: sPI, send_ipi(0b10, 0)
    {0x04988893, "addi a7, a7, 73"},
    {0x00000813, "li a6, 0"},
    {0x00200513, "li a0, 2"},
    {0x00000593, "li a1, 0"},
    {0x00000073, "ecall"},
    {0xfc1ff06f, "j 0x8020003c"},
    {0x00100293, "li t0, 1"},  // again: until 1, stopped
    {0x00548663, "beq s1, t0, 0x80200090"},
    {0x0100000f, "pause"},
    {0xfb1ff06f, "j 0x8020003c"},
    {0x535258b7, "lui a7, 0x53525"},  // SRST, shutdown, no reason
    {0x35488893, "addi a7, a7, 852"},
    {0x00000813, "li a6, 0"},
    {0x00000513, "li a0, 0"},
    {0x00000593, "li a1, 0"},
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
    {0x00008437, "lui s0, 0x8"},  // second: s0 = 0x8031_0000: what hart 1 has seen
    {0x0314041b, "addiw s0, s0, 49"},
    {0x01041413, "slli s0, s0, 16"},
    {0x00a43023, "sd a0, 0(s0)"},
    {0x00b43423, "sd a1, 8(s0)"},
    {0x10416073, "csrsi sie, 2"},   // SSIE
    {0x004858b7, "lui a7, 0x485"},  // HSM, hart_suspend(retentive)
    {0x34d88893, "addi a7, a7, 845"},
    {0x00300813, "li a6, 3"},
    {0x00000513, "li a0, 0"},
    {0x00000073, "ecall"},
    {0x00a43823, "sd a0, 16(s0)"},
    {0x144022f3, "csrr t0, sip"},
    {0x00543c23, "sd t0, 24(s0)"},
    {0x00100813, "li a6, 1"},  // HSM, hart_stop
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
};

// Suspends without retention until the timer fires.
const Line kResumeProgram[] = {
    {0x10016073, "csrsi sstatus, 2"},  // SIE and STIE: but the handler must not run
    {0x02000293, "li t0, 32"},
    {0x1042a073, "csrs sie, t0"},
    {0x544958b7, "lui a7, 0x54495"},  // TIME, set_timer, 500 ticks from now
    {0xd4588893, "addi a7, a7, -699"},
    {0x00000813, "li a6, 0"},
    {0xc01029f3, "rdtime s3"},
    {0x1f498513, "addi a0, s3, 500"},
    {0x00000073, "ecall"},
    {0x004858b7, "lui a7, 0x485"},  // HSM, hart_suspend(non-retentive, resume, 119)
    {0x34d88893, "addi a7, a7, 845"},
    {0x00300813, "li a6, 3"},
    {0x80000537, "lui a0, 0x80000"},
    {0x00000597, "auipc a1, 0x0"},
    {0x01458593, "addi a1, a1, 20"},
    {0x07700613, "li a2, 119"},
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
    {0x00050413, "mv s0, a0"},  // resume:
    {0x00058493, "mv s1, a1"},
    {0x10002973, "csrr s2, sstatus"},
    {0xc0102a73, "rdtime s4"},
    {0x14402af3, "csrr s5, sip"},
    {0x535258b7, "lui a7, 0x53525"},  // SRST, shutdown, system failure
    {0x35488893, "addi a7, a7, 852"},
    {0x00000813, "li a6, 0"},
    {0x00000513, "li a0, 0"},
    {0x00100593, "li a1, 1"},
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
};

class SbiSystem : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  SbiSystem() : rig(2, std::get<0>(GetParam()) ? HartConfig{} : without_sstc()) {}

  void run(std::span<const Line> program) {
    uint64_t at = kEntry;
    for (const Line& line : program) {
      EXPECT_EQ(disassemble(decode(line.word, ExtensionSet::standard()), at, Style::friendly), line.text);
      ASSERT_TRUE(rig.ram.write_value({at}, line.word));
      at += 4;
    }
    World world;
    Interpreter interpreter(rig.ram, {.caching = std::get<1>(GetParam())});
    System system(rig.scheduler, rig.attention, interpreter, world, {});
    for (Hart* hart : rig.pointers()) system.add(*hart);
    rig.resets.stop = [&] { system.request_stop(); };
    EXPECT_EQ(system.run(100'000), StopReason::kRequested);
    EXPECT_EQ(system.run(200'000), StopReason::kNothingWakes);  // nobody runs on after a shutdown
  }
  uint64_t log(uint64_t at) {
    uint64_t value = 0;
    EXPECT_TRUE(rig.ram.read_value({at}, value));
    return value;
  }
  Rig rig;
};
INSTANTIATE_TEST_SUITE_P(SstcAndCaches, SbiSystem, testing::Combine(testing::Bool(), testing::Bool()));

TEST_P(SbiSystem, Timer_InterruptsAtItsTick) {
  run(kTimerProgram);
  const Hart& hart = rig.hart(0);
  EXPECT_EQ(hart.x[8], 0x8000'0000'0000'0005u);  // scause: supervisor timer
  EXPECT_EQ(hart.x[9], kEntry + 15 * 4);         // sepc: after wfi
  EXPECT_EQ(hart.x[21], hart.x[19] + 1000);      // the time in the handler: time jumps there, and no further
  EXPECT_EQ(hart.x[20] - hart.x[18], 4u);        // rdinstret, rdtime, addi, ecall: a call is one instruction
  EXPECT_EQ(hart.traps, 1u);
  ASSERT_EQ(rig.resets.seen.size(), 1u);
  EXPECT_EQ(rig.resets.seen[0], (Reset{ResetType::kShutdown, ResetReason::kNone}));
}

TEST_P(SbiSystem, Harts_StartSuspendResumeAndStop) {
  run(kHartsProgram);
  // hart_start succeeded; then started, suspended, resume pending, stopped, and nothing more.
  const uint64_t seen[] = {0, 0, 4, 6, 1, 0};
  for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(log(0x8030'0000 + 8 * i), seen[i]) << i;
  EXPECT_EQ(rig.hart(0).x[8], 0x8030'0000u + 5 * 8);
  EXPECT_EQ(log(0x8031'0000), 1u);   // a0 at the start: its id
  EXPECT_EQ(log(0x8031'0008), 85u);  // a1: opaque
  EXPECT_EQ(log(0x8031'0010), 0u);   // hart_suspend returned success
  EXPECT_EQ(log(0x8031'0018), 2u);   // sip: the interrupt is pending, and was not taken
  EXPECT_EQ(rig.hart(0).traps + rig.hart(1).traps, 0u);
}

TEST_P(SbiSystem, NonRetentiveSuspend_GoesOnAtItsAddress) {
  run(kResumeProgram);
  const Hart& hart = rig.hart(0);
  EXPECT_EQ(hart.x[8], 0u);                 // a0: hart id
  EXPECT_EQ(hart.x[9], 119u);               // a1: opaque
  EXPECT_EQ(hart.x[18] & 2, 0u);            // sstatus.SIE
  EXPECT_EQ(hart.x[20], hart.x[19] + 500);  // the time of resumption
  EXPECT_EQ(hart.x[21], 1u << 5);           // sip: the timer
  EXPECT_EQ(hart.traps, 0u);
  ASSERT_EQ(rig.resets.seen.size(), 1u);
  EXPECT_EQ(rig.resets.seen[0], (Reset{ResetType::kShutdown, ResetReason::kSystemFailure}));
}

}  // namespace
}  // namespace vitrine::riscv::test
