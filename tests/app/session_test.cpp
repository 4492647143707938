// SPDX-License-Identifier: MIT
// Sessions with tiny guests: how each end is told apart, limits, what is part of a run's identity.
#include "app/session.h"

#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/app/session_case.h"
#include "tests/core/elf_builder.h"
#include "tests/outside.h"

namespace vitrine::app {
namespace {

// The path of a raw kernel.
std::string write_kernel(const test::TemporaryFolder& folder, const Words& words) {
  const std::vector<std::byte> image = test::raw_image(words);
  return folder.write("kernel", {reinterpret_cast<const char*>(image.data()), image.size()});
}

// --- Ends

TEST_F(SessionTest, FinisherPass_Run_ExitCode0) {
  const Outcome outcome = run(test::kPass);
  EXPECT_EQ(outcome.kind, Kind::kPass);
  EXPECT_EQ(exit_code_of(outcome), 0);
  // Six instructions in the reset ROM, then lui, addi, lui, sw.
  EXPECT_EQ(session->machine().clock().step(), 10u);
}

TEST_F(SessionTest, FinisherFail_Run_ExitCodeIsTheGuests) {
  const Outcome outcome = run(test::fail(7));
  EXPECT_EQ(outcome.kind, Kind::kFail);
  EXPECT_EQ(exit_code_of(outcome), 7);
}

TEST_F(SessionTest, FinisherFailAbove99_Run_ExitCode99AndTheTrueValueInWords) {
  const Outcome outcome = run(test::fail(300));
  EXPECT_EQ(exit_code_of(outcome), 99);
  EXPECT_NE(outcome.words.find("300"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, FinisherFailWithCode0_Run_IsNoSuccess) { EXPECT_EQ(exit_code_of(run(test::fail(0))), 1); }

TEST_F(SessionTest, ResetRequest_NoReboot_EndsTheRun) {
  options.reboot = false;
  const Outcome outcome = run(test::kReset);
  EXPECT_EQ(outcome.kind, Kind::kReset);
  EXPECT_EQ(exit_code_of(outcome), 0);
}

TEST_F(SessionTest, ResetRequest_Run_StartsAgainAndStepsGoOn) {
  options.max_instructions = 35;  // ten steps a boot
  const Outcome outcome = run(test::kReset);
  EXPECT_EQ(outcome.kind, Kind::kInstructionLimit);
  EXPECT_EQ(session->resets(), 3u);
  EXPECT_EQ(session->machine().clock().step(), 35u);
}

TEST_F(SessionTest, ResetRequest_KernelChangedMeanwhile_EndsTheRun) {
  const test::TemporaryFolder folder;
  config.kernel = write_kernel(folder, test::kReset);
  config.kernel_bytes = {};
  session = std::move(*Session::create(config, options));
  write_kernel(folder, test::kPass);
  const Outcome outcome = session->run();
  EXPECT_EQ(exit_code_of(outcome), 111);
  EXPECT_NE(outcome.words.find("kernel' has changed since the run began"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, SbiShutdown_Run_Success) {
  config.bios = "builtin";
  EXPECT_EQ(exit_code_of(run(test::sbi_shutdown(0))), 0);
}

TEST_F(SessionTest, SbiShutdownForSystemFailure_Run_Panic) {
  config.bios = "builtin";
  EXPECT_EQ(exit_code_of(run(test::sbi_shutdown(1))), 100);
}

TEST_F(SessionTest, LinuxPanicThenReset_Run_PanicAndNoRestart) {
  const Outcome outcome = run(test::print(
      "[    1.234567] Kernel panic - not syncing: VFS: no root\n[    1.3] CPU: 0\n", test::kReset));
  EXPECT_EQ(exit_code_of(outcome), 100);
  EXPECT_EQ(session->resets(), 0u);
  EXPECT_NE(outcome.words.find("VFS: no root"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, LinuxPanicThenLoop_Limit_Panic) {
  options.max_instructions = 100'000;
  EXPECT_EQ(exit_code_of(run(test::print("Kernel panic - not syncing: spin\n", test::kLoop))), 100);
}

TEST_F(SessionTest, WordsOfAPanicInsideALine_Run_AreNoPanic) {
  EXPECT_EQ(exit_code_of(run(test::print("grep: Kernel panic - not syncing\n", test::kPass))), 0);
}

TEST_F(SessionTest, FaultLoop_Run_ExitCode101WithCauseAndHandler) {
  const Outcome outcome = run(test::kFaultLoop);
  EXPECT_EQ(exit_code_of(outcome), 101);
  // The handler's address is 0, so the fetch there faults: instruction access fault, cause 1.
  EXPECT_NE(outcome.words.find("instruction access fault at address 0x0"), std::string::npos)
      << outcome.words;
  EXPECT_NE(outcome.words.find("mtvec is 0x0"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, JumpToNowhere_Run_ExitCode101) {
  EXPECT_EQ(exit_code_of(run(test::kJumpToNowhere)), 101);
}

TEST_F(SessionTest, Diagnosis_AfterOutput_HasTheLastConsoleLine) {
  const Outcome outcome = run(test::print("first\nI am about to fall\n", test::kFaultLoop));
  EXPECT_NE(outcome.words.find("last line: I am about to fall"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, WfiForever_NoInput_ExitCode102) {
  const Outcome outcome = run(test::kWaitForever);
  EXPECT_EQ(exit_code_of(outcome), 102);
  EXPECT_NE(outcome.words.find("would wake for: none"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, WfiForever_LiveInputThatNobodyListensTo_ExitCode102) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  options.standard_input = true;
  EXPECT_EQ(exit_code_of(run(test::kWaitForever)), 102);
}

TEST_F(SessionTest, InstructionLimit_Loop_StopsAtThatVeryStep) {
  options.max_instructions = 12'345;
  const Outcome outcome = run(test::kLoop);
  EXPECT_EQ(exit_code_of(outcome), 103);
  EXPECT_EQ(session->machine().clock().step(), 12'345u);
  EXPECT_NE(outcome.words.find("0x80000000"), std::string::npos) << outcome.words;
}

TEST_F(SessionTest, TimeLimit_Loop_ExitCode104) {
  options.max_seconds = 0.05;
  EXPECT_EQ(exit_code_of(run(test::kLoop)), 104);
  EXPECT_GE(session->host_seconds(), 0.05);
}

TEST_F(SessionTest, TimeLimit_GuestThatSleepsPaced_ExitCode104) {
  options.max_seconds = 0.05;
  options.clock = ClockMode::kPaced;
  EXPECT_EQ(exit_code_of(run(test::sleep_300_ms(test::kPass))), 104);
}

TEST_F(SessionTest, TimeLimit_LoopInTurnsOfMinutes_StillEndsInTime) {
  config.slice = 1'000'000'000'000;
  options.max_seconds = 0.1;
  EXPECT_EQ(exit_code_of(run(test::kLoop)), 104);
  EXPECT_LT(session->machine().clock().step(), config.slice);
}

TEST_F(SessionTest, StayWhenStuck_TimeLimit_StaysUntilThen) {
  options.stay_when_stuck = true;
  options.max_seconds = 0.1;
  EXPECT_EQ(exit_code_of(run(test::kWaitForever)), 104);
  EXPECT_EQ(exit_code_of(run(test::kFaultLoop)), 104);
}

TEST_F(SessionTest, Signal_Loop_EndsWithShellsCode) {
  std::thread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(getpid(), SIGTERM);
  });
  const Outcome outcome = run(test::kLoop);
  killer.join();
  EXPECT_EQ(outcome.kind, Kind::kSignal);
  EXPECT_EQ(exit_code_of(outcome), 128 + SIGTERM);
}

TEST_F(SessionTest, ConsoleNobodyReads_Run_EndsCleanly) {
  Pipe pipe;
  options.console = pipe.writer();
  close(pipe.reader());
  const Outcome outcome = run(test::print("anyone?\n", test::kLoop));
  EXPECT_EQ(outcome.kind, Kind::kOutputGone);
  EXPECT_EQ(exit_code_of(outcome), 128 + SIGPIPE);
}

TEST_F(SessionTest, FullPipeThatNobodyEmpties_TimeLimit_EndsTheRun) {
  Pipe pipe;
  fcntl(pipe.writer(), F_SETPIPE_SZ, 4096);
  pipe.write(std::string(4096, 'x'));
  options.console = pipe.writer();
  options.max_seconds = 0.3;
  EXPECT_EQ(exit_code_of(run(test::print("more\n", test::kLoop))), 104);
}

TEST_F(SessionTest, LastTrap_InDiagnosis_HasItsArticle) {
  // One trap, and a handler that stays where it is.
  const auto words_of = [&](uint32_t trap) {
    const Words guest = {
        0x00000297,  // auipc t0, 0
        0x01028293,  // addi  t0, t0, 16
        0x30529073,  // csrw  mtvec, t0
        trap,
        0x0000006f,  // j     .
    };
    options.max_instructions = 100;
    return run(guest).words;
  };
  EXPECT_NE(words_of(0x00000073).find("was an environment call from M mode at"), std::string::npos);
  EXPECT_NE(words_of(0xffffffff).find("was an illegal instruction"), std::string::npos);
  EXPECT_NE(words_of(0x00003003).find("was a load access fault at address 0x0"), std::string::npos);
}

// --- HTIF

class HtifTest : public SessionTest {
 protected:
  HtifTest() { options.htif = true; }

  // The words as an ELF at 0x8000_0000 with its symbol tohost at 0x8000_0100, and t0 pointing there.
  Outcome run_with_tohost(const Words& words) {
    const Words all =
        Words{
            0x00000297,  // auipc t0, 0
            0x10028293,  // addi t0, t0, 0x100
        } +
        words;
    core::ElfBuilder elf;
    core::FileBytes code;
    for (const uint32_t word : all) core::append(code, word, 4);
    elf.segments = {{0x80000000, code, 0x1000}};
    elf.symbols = {{"_start", 0x80000000}, {"tohost", 0x80000100, 1}, {"fromhost", 0x80000140, 1}};
    elf_ = elf.build().file;
    config.kernel = "test.elf";
    config.kernel_bytes = elf_;
    auto made = Session::create(config, options);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    session = std::move(*made);
    return session->run();
  }

 private:
  core::FileBytes elf_;
};

const Words kTellHost = {
    0x0062b023,  // sd   t1, 0(t0)
    0x0000006f,  // j    .
};

TEST_F(HtifTest, ToHost1_Run_SuccessAtThatVeryStepWithAndWithoutCaches) {
  for (const bool caching : {true, false}) {
    config.caching = caching;
    EXPECT_EQ(exit_code_of(run_with_tohost(Words{0x00100313 /* li t1, 1 */} + kTellHost)), 0);
    EXPECT_EQ(session->machine().clock().step(), 10u);  // six in the reset ROM, four here
  }
}

TEST_F(HtifTest, ToHostOdd_Run_CodeIsHalf) {
  EXPECT_EQ(exit_code_of(run_with_tohost(Words{0x00b00313 /* li t1, 11 */} + kTellHost)), 5);
}

TEST_F(HtifTest, ToHostByTwoWords_Run_TheFirstCounts) {
  EXPECT_EQ(exit_code_of(run_with_tohost({
                0x00700313,  // li   t1, 7
                0x0062a023,  // sw   t1, 0(t0)
                0x0002a223,  // sw   x0, 4(t0)
                0x0000006f,  // j    .
            })),
            3);
}

TEST_F(HtifTest, ConsoleByte_Run_IsPrintedAndTakenAway) {
  EXPECT_EQ(exit_code_of(run_with_tohost(Words{
                                             0x10100313,  // li   t1, 0x101        device 1, command 1
                                             0x03031313,  // slli t1, t1, 48
                                             0x04836313,  // ori  t1, t1, 'H'
                                             0x0062b023,  // sd   t1, 0(t0)
                                             0x0002b383,  // ld   t2, 0(t0)
                                             0xfe039ee3,  // bnez t2, -4
                                             0x00100313,  // li   t1, 1
                                         } +
                                         kTellHost)),
            0);
  EXPECT_EQ(screen.text(), "H");
}

TEST_F(HtifTest, NotAsked_Run_ToHostIsMemoryLikeAnyOther) {
  options.htif = false;
  options.max_instructions = 1000;
  EXPECT_EQ(exit_code_of(run_with_tohost(Words{0x00100313 /* li t1, 1 */} + kTellHost)), 103);
}

// --- Identity

TEST_F(SessionTest, Identity_ChangesWithEverythingThatTheGuestSees) {
  const auto identity = [&] { return make(test::kPass)->identity(); };
  const std::string plain = identity();
  std::vector<std::string> others;
  const auto with = [&](auto change) {
    const MachineConfig saved = config;
    change(config);
    others.push_back(identity());
    config = saved;
  };
  with([](MachineConfig& c) { c.memory *= 2; });
  with([](MachineConfig& c) { c.harts = 2; });
  with([](MachineConfig& c) { c.seed = 2; });
  with([](MachineConfig& c) { c.date += 1; });
  with([](MachineConfig& c) { c.slice += 1; });
  with([](MachineConfig& c) { c.steps_per_tick = 10; });
  with([](MachineConfig& c) { c.cpu.pmp = false; });
  with([](MachineConfig& c) { c.cpu.max_levels = 5; });
  with([](MachineConfig& c) { c.cpu.extensions.clear(riscv::Extension::Zba); });
  with([](MachineConfig& c) { c.append = "word"; });
  with([](MachineConfig& c) { c.virtio.push_back({.kind = VirtioConfig::Kind::kRng}); });
  with([](MachineConfig& c) { c.virtio.push_back({.kind = VirtioConfig::Kind::kConsole}); });
  with([](MachineConfig& c) { c.port_disk = DiskConfig{.path = "/proc/self/exe", .snapshot = true}; });
  with([](MachineConfig& c) { c.port_disk = DiskConfig{.path = "/proc/self/exe", .read_only = true}; });
  with([](MachineConfig& c) { c.virtio_legacy = true; });
  with([](MachineConfig& c) { c.bios = "builtin"; });
  others.push_back(make(test::kLoop)->identity());
  others.push_back(plain);
  for (size_t i = 0; i < others.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(others[i], others[j]) << i << " and " << j;
  EXPECT_EQ(identity(), plain);
  EXPECT_EQ(plain.find('\n'), std::string::npos);
}

TEST_F(SessionTest, Identity_ChangesWithTheContentsOfFiles) {
  const test::TemporaryFolder folder;
  const auto identity = [&](const Words& content) {
    write_kernel(folder, content);
    return make(test::kPass)->identity();
  };
  config.initrd = write_kernel(folder, test::kPass);
  EXPECT_NE(identity(test::kPass), identity(test::kLoop));
  EXPECT_EQ(make(test::kPass)->identity().find(folder.path()), std::string::npos) << "where they lie is the host's matter";
  config.loaders = {{std::exchange(config.initrd, ""), 0x80200000, true, {}}};
  EXPECT_NE(identity(test::kPass), identity(test::kLoop));
}

TEST_F(SessionTest, Identity_CachesOff_IsTheSame) {
  const std::string plain = make(test::kPass)->identity();
  config.caching = false;
  EXPECT_EQ(make(test::kPass)->identity(), plain);
}

}  // namespace
}  // namespace vitrine::app
