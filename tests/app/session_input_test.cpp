// SPDX-License-Identifier: MIT
// Sessions with tiny guests: input from files and pipes, and guest time against host time.
#include <atomic>
#include <chrono>
#include <thread>

#include "core/state.h"
#include "tests/app/session_case.h"

namespace vitrine::app {
namespace {

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
  std::string sent(500, 'a');  // more than the FIFO on the way holds
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('A' + i % 26);
  sent += 'q';
  config.steps_per_tick = 4;  // the guest polls: fewer steps for each byte's time
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
  // How many depends on the host; what they add up to is most of the 2,000,000 ticks, for no host makes 10^9 steps in 0.1 s.
  core::Ticks moved = 0;
  for (const Session::ClockMove& move : session->clock_moves()) moved += move.to - move.from;
  ASSERT_GT(moved, 1'000'000u);
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

}  // namespace
}  // namespace vitrine::app
