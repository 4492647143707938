// SPDX-License-Identifier: MIT
// Sessions with tiny guests: how each end is told apart, limits, input, and guest time against host time.
#include "app/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/state.h"
#include "tests/app/guests.h"
#include "tests/core/elf_builder.h"

namespace vitrine::app {
namespace {

using test::operator+;
using test::Words;
using Kind = Outcome::Kind;

// A memory file: a place for what a guest prints.
class Screen {
 public:
  Screen() : fd_(memfd_create("screen", MFD_CLOEXEC)) {}
  ~Screen() { close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string text() const {
    std::string text(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), 0);
    EXPECT_EQ(pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  int fd_;
};

// Something else as standard input, for as long as this lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : saved_(dup(STDIN_FILENO)) { dup2(fd, STDIN_FILENO); }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  void write(const std::string& text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), ssize_t(text.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
  }
  [[nodiscard]] int writer() const { return ends_[1]; }

 private:
  int ends_[2];
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    config.memory = 8 << 20;
    config.bios = "none";
    options.standard_input = false;
    options.console = screen.fd();
    options.max_seconds = 60;  // of the test itself: no guest of ours takes that long
  }

  std::unique_ptr<Session> make(const Words& words) {
    image_ = test::raw_image(words);
    config.kernel = "test";
    config.kernel_bytes = image_;
    auto session = Session::create(config, options);
    EXPECT_TRUE(session.ok()) << (session.ok() ? "" : session.error().message);
    return std::move(*session);
  }
  Outcome run(const Words& words) {
    session = make(words);
    return session->run();
  }

  MachineConfig config;
  RunOptions options;
  Screen screen;
  std::unique_ptr<Session> session;

 private:
  std::vector<std::byte> image_;
};

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

// --- Input

class InputTest : public SessionTest {
 protected:
  InputTest() { options.standard_input = true; }
};

TEST_F(InputTest, FileAsStandardInput_Echo_SameStepsEachTime) {
  Screen file;
  ASSERT_EQ(write(file.fd(), "hello q", 7), 7);
  std::vector<core::Step> ends;
  std::vector<uint64_t> hashes;
  for (int i = 0; i < 2; ++i) {
    lseek(file.fd(), 0, SEEK_SET);
    const StandardInput input(file.fd());
    EXPECT_EQ(exit_code_of(run(test::echo(test::kPass))), 0);
    EXPECT_EQ(session->clock_mode(), ClockMode::kVirtual);
    ends.push_back(session->machine().clock().step());
    hashes.push_back(session->machine().state_hash());
  }
  EXPECT_EQ(screen.text(), "hello qhello q");
  EXPECT_EQ(ends[0], ends[1]);
  EXPECT_EQ(hashes[0], hashes[1]);
}

TEST_F(InputTest, FileAlreadyReadInPart_Echo_GoesOnFromThere) {
  Screen file;
  ASSERT_EQ(write(file.fd(), "gone\nq", 6), 6);
  lseek(file.fd(), 5, SEEK_SET);
  const StandardInput input(file.fd());
  EXPECT_EQ(exit_code_of(run(test::echo(test::kPass))), 0);
  EXPECT_EQ(screen.text(), "q");
}

TEST_F(InputTest, Pipe_Echo_PacedAndEveryByteArrives) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  std::string sent(5000, 'a');  // more than any FIFO on the way holds
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('A' + i % 26);
  sent += 'q';
  pipe.write(sent);
  EXPECT_EQ(exit_code_of(run(test::echo(test::kPass))), 0);
  EXPECT_EQ(session->clock_mode(), ClockMode::kPaced);
  EXPECT_EQ(screen.text(), sent);
}

TEST_F(InputTest, PipeThatTheGuestNeverReads_Loop_HoldsUpItsWriter) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
  options.max_seconds = 0.5;
  size_t taken = 0;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    const std::string block(4096, 'x');
    while (!done) {
      const ssize_t wrote = write(pipe.writer(), block.data(), block.size());
      if (wrote > 0) taken += static_cast<size_t>(wrote);
    }
  });
  EXPECT_EQ(exit_code_of(run(test::kLoop)), 104);
  done = true;
  writer.join();
  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, 512u << 10);  // the pipe itself holds 64 KiB, and we read some ahead
}

TEST_F(InputTest, ControlAOnAPipe_Echo_IsTheGuests) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  pipe.write("\x01xq");
  EXPECT_EQ(exit_code_of(run(test::echo(test::kPass))), 0);
  EXPECT_EQ(screen.text(), "\x01xq");
}

TEST_F(InputTest, ControlAOnAPipe_KeysAlways_Quits) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  options.keys = EscapeKeys::kAlways;
  pipe.write("ab\x01x");
  EXPECT_EQ(run(test::echo(test::kPass)).kind, Kind::kQuit);
}

TEST_F(InputTest, EndOfPipe_GuestThatWaitsForInput_ExitCode102) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  std::thread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    pipe.close_writer();
  });
  const Outcome outcome = run(test::kInputOnly);
  closer.join();
  EXPECT_EQ(exit_code_of(outcome), 102);
  EXPECT_NE(outcome.words.find("the input has ended"), std::string::npos) << outcome.words;
  EXPECT_GE(session->host_seconds(), 0.04);
}

// --- Clock

double guest_seconds(Session& session) {
  return static_cast<double>(session.machine().clock().ticks()) / 1e7;
}

TEST_F(InputTest, LiveInputWhilePaced_IdleForAnHour_ShortensTheJumpToWhatPassed) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  std::thread typist([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    pipe.write("x");
  });
  const Outcome outcome = run(test::kInputOrAnHour);
  typist.join();
  EXPECT_EQ(exit_code_of(outcome), 0);  // the guest looked at its own clock
  EXPECT_GE(guest_seconds(*session), 0.1);
  EXPECT_LE(guest_seconds(*session), session->host_seconds() + 0.01);
}

TEST_F(InputTest, LiveInputWhileVirtual_IdleForAnHour_TheHourPassesAtOnce) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  options.clock = ClockMode::kVirtual;
  EXPECT_EQ(exit_code_of(run(test::kInputOrAnHour)), 7);
  EXPECT_GE(guest_seconds(*session), 3600);
  EXPECT_EQ(session->slept_seconds(), 0);
}

TEST_F(InputTest, LiveInputWhileVirtual_NothingScheduled_IsWaitedFor) {
  Pipe pipe;
  const StandardInput input(pipe.reader());
  options.clock = ClockMode::kVirtual;
  std::thread typist([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    pipe.write("x");
  });
  EXPECT_EQ(exit_code_of(run(test::kInputOnly)), 0);
  typist.join();
  EXPECT_LT(guest_seconds(*session), 0.01);
}

TEST_F(SessionTest, NoInput_Default_VirtualAndNeverSleeps) {
  EXPECT_EQ(exit_code_of(run(test::sleep_300_ms(test::kPass))), 0);
  EXPECT_EQ(session->clock_mode(), ClockMode::kVirtual);
  EXPECT_GE(guest_seconds(*session), 0.3);
  EXPECT_EQ(session->slept_seconds(), 0);
}

TEST_F(SessionTest, Paced_IdleJump_SleepsWhatItSkips) {
  options.clock = ClockMode::kPaced;
  EXPECT_EQ(exit_code_of(run(test::sleep_300_ms(test::kPass))), 0);
  EXPECT_GE(session->slept_seconds(), 0.299);
}

TEST_F(SessionTest, PacedAndVirtual_SameGuest_SameState) {
  std::vector<uint64_t> hashes;
  for (const ClockMode mode : {ClockMode::kPaced, ClockMode::kVirtual}) {
    options.clock = mode;
    run(test::sleep_300_ms(test::kPass));
    hashes.push_back(session->machine().state_hash());
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

TEST_F(SessionTest, Real_BusyGuest_GuestTimeIsHostTime) {
  options.clock = ClockMode::kReal;
  EXPECT_EQ(exit_code_of(run(test::busy_200_ms(test::kPass))), 0);
  // 0.2 s by the guest's clock would be 200 million steps; the host is slower or faster than that.
  EXPECT_GE(session->host_seconds(), 0.198);
  EXPECT_NEAR(guest_seconds(*session), session->host_seconds(), 0.3);
}

TEST_F(SessionTest, Real_IdleGuest_SleepsAsPaced) {
  options.clock = ClockMode::kReal;
  EXPECT_EQ(exit_code_of(run(test::sleep_300_ms(test::kPass))), 0);
  EXPECT_GE(session->host_seconds(), 0.298);
}

std::vector<std::string> state_of(Machine& machine) {
  core::StateLister lister;
  machine.serialize(lister);
  return lister.lines();
}

// The first line of two states that is not the same in both; empty if there is none.
std::string difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i] != b[i]) return a[i] + " / " + b[i];
  return a.size() == b.size() ? "" : "different numbers of lines";
}

// The outside as it was in a run before: it moves the clock where that run's did, and nothing else.
class Repeater final : public riscv::World, public MachineObserver, public core::ByteSink {
 public:
  Repeater(const MachineConfig& config, std::vector<Session::ClockMove> moves) : moves_(std::move(moves)) {
    auto machine = Machine::create(config, {*this, *this, *this, nullptr});
    EXPECT_TRUE(machine.ok());
    machine_ = std::move(*machine);
    feeder_ = std::make_unique<core::InputFeeder>(machine_->scheduler(), machine_->console_input());
  }
  std::vector<std::string> state_at_end() {
    while (true) {
      const core::Step until = next_ < moves_.size() ? moves_[next_].step : core::kNever;
      if (machine_->run(until) != riscv::StopReason::kStepLimit) break;
    }
    EXPECT_EQ(next_, moves_.size());
    return state_of(*machine_);
  }

 private:
  [[nodiscard]] bool move_is_here() const {
    return next_ < moves_.size() && moves_[next_].step == machine_->clock().step() &&
           moves_[next_].from == machine_->clock().ticks();
  }
  void poll() override {
    while (move_is_here()) machine_->scheduler().clock().jump_to(moves_[next_++].to);
  }
  core::Ticks idle(core::Ticks when) override { return move_is_here() ? moves_[next_++].to : when; }
  void notice(std::string_view) override {}
  void put(uint8_t) override {}

  std::vector<Session::ClockMove> moves_;
  size_t next_ = 0;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<core::InputFeeder> feeder_;  // has its event in the machine's state
};

TEST_F(SessionTest, Real_RecordedMovesMadeAgain_SameState) {
  config.steps_per_tick = 1000;  // no host is as fast as that, so guest time lags
  options.clock = ClockMode::kReal;
  EXPECT_EQ(exit_code_of(run(test::busy_200_ms(test::sleep_300_ms(test::kPass)))), 0);
  EXPECT_GT(session->clock_moves().size(), 10u);
  const auto state = state_of(session->machine());
  EXPECT_EQ(difference(Repeater(config, session->clock_moves()).state_at_end(), state), "");
  // Farther than the timer: a move in front of the last wait is made good by the jump to the timer's time.
  auto other = session->clock_moves();
  other.back().to += 10'000'000;
  EXPECT_NE(difference(Repeater(config, other).state_at_end(), state), "") << "no move is there for nothing";
}

TEST_F(SessionTest, Virtual_NoLiveInput_NoMoves) {
  EXPECT_EQ(exit_code_of(run(test::sleep_300_ms(test::kPass))), 0);
  EXPECT_TRUE(session->clock_moves().empty());
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
  with([](MachineConfig& c) { c.virtio_legacy = true; });
  with([](MachineConfig& c) { c.bios = "builtin"; });
  others.push_back(make(test::kLoop)->identity());
  others.push_back(plain);
  for (size_t i = 0; i < others.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(others[i], others[j]) << i << " and " << j;
  EXPECT_EQ(identity(), plain);
  EXPECT_EQ(plain.find('\n'), std::string::npos);
}

TEST_F(SessionTest, Identity_CachesOff_IsTheSame) {
  const std::string plain = make(test::kPass)->identity();
  config.caching = false;
  EXPECT_EQ(make(test::kPass)->identity(), plain);
}

}  // namespace
}  // namespace vitrine::app
