// SPDX-License-Identifier: MIT
// Console input: a file's bytes one by one, each a fixed time after the guest took the last; live bytes as far as there is
// room; patience with a guest that does not listen. A device of one byte stands in for the console.
#include "core/input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/attention.h"
#include "core/state.h"

namespace vitrine::core {
namespace {

class Receiver final : public ByteReceiver {
 public:
  [[nodiscard]] unsigned room() const override { return held.empty() ? 1 : 0; }
  void receive(uint8_t byte) override { held += static_cast<char>(byte); }
  [[nodiscard]] bool listens() const override { return listening; }
  void set_input_observer(InputObserver* observer) override { observer_ = observer; }

  std::string take() {
    std::string byte;
    byte.swap(held);
    observer_->input_taken(1);
    return byte;
  }
  void discard() {
    held.clear();
    observer_->input_discarded(1);
  }

  std::string held;
  bool listening = true;

 private:
  InputObserver* observer_ = nullptr;
};

class InputFeederTest : public testing::Test {
 protected:
  // Time passes without steps.
  void pass(Ticks time) {
    for (const Ticks end = clock_.ticks() + time;;) {
      clock_.jump_to(std::min(end, scheduler_.next_when()));
      scheduler_.run_due();
      if (clock_.ticks() >= end) return;
    }
  }
  // What the guest gets if it takes each byte at once.
  std::string all_taken() {
    std::string got;
    for (int i = 0; i < 20; ++i, pass(InputFeeder::kBytePeriod))
      if (!receiver_.held.empty()) got += receiver_.take();
    return got;
  }

  Attention attention_;
  Clock clock_{100, 5000};
  Scheduler scheduler_{clock_, attention_};
  Receiver receiver_;
  InputFeeder feeder_{scheduler_, receiver_};
};

TEST_F(InputFeederTest, File_TheNextByteComesAPeriodAfterTheLastWasTaken) {
  feeder_.set_file("ab");
  pass(InputFeeder::kBytePeriod - 1);
  EXPECT_EQ(receiver_.held, "");
  pass(1);
  EXPECT_EQ(receiver_.held, "a");
  pass(10 * InputFeeder::kBytePeriod);
  EXPECT_EQ(receiver_.held, "a") << "nobody took it";
  EXPECT_EQ(receiver_.take(), "a");
  pass(InputFeeder::kBytePeriod - 1);
  EXPECT_EQ(receiver_.held, "");
  pass(1);
  EXPECT_EQ(receiver_.take(), "b");
  EXPECT_FALSE(feeder_.file_waiting());
}

TEST_F(InputFeederTest, DiscardedByte_IsOfferedAgain) {
  feeder_.set_file("ab");
  pass(InputFeeder::kBytePeriod);
  receiver_.discard();
  pass(InputFeeder::kLookPeriod);
  EXPECT_EQ(all_taken(), "ab");
}

TEST_F(InputFeederTest, GuestThatDoesNotListen_IsGivenUpUntilThereIsMore) {
  receiver_.listening = false;
  feeder_.set_file("a");
  pass(InputFeeder::kPatience + InputFeeder::kBytePeriod);
  EXPECT_EQ(scheduler_.next_when(), kNever) << "nobody looks any more";
  receiver_.listening = true;
  feeder_.add_to_file("b");
  EXPECT_EQ(all_taken(), "ab");
  feeder_.add_to_file("");
  EXPECT_EQ(scheduler_.next_when(), kNever) << "there is nothing to offer";
}

TEST_F(InputFeederTest, MoreOfAFile_DoesNotHurryWhatIsOnItsWay) {
  feeder_.set_file("a");
  pass(InputFeeder::kBytePeriod / 2);
  feeder_.add_to_file("b");
  pass(InputFeeder::kBytePeriod / 2);
  EXPECT_EQ(receiver_.held, "a");
  EXPECT_EQ(all_taken(), "ab");
}

TEST_F(InputFeederTest, ReplacedRest_LeavesTheByteInTheDevice) {
  feeder_.set_file("abc");
  pass(InputFeeder::kBytePeriod);
  feeder_.replace_rest("xy");
  EXPECT_EQ(feeder_.file(), "axy");
  EXPECT_EQ(all_taken(), "axy");
  feeder_.replace_rest("");
  EXPECT_EQ(scheduler_.next_when(), kNever);
  feeder_.replace_rest("z");
  EXPECT_EQ(all_taken(), "z");
}

TEST_F(InputFeederTest, Live_WaitsForRoomAndALittleForTheGuestToListen) {
  receiver_.listening = false;
  feeder_.push_live("a");
  feeder_.push_live("b");
  EXPECT_EQ(receiver_.held, "");
  pass(InputFeeder::kLiveHold);
  feeder_.pump_live();
  EXPECT_EQ(receiver_.held, "a") << "it is not kept from a guest for ever";
  receiver_.listening = true;
  feeder_.pump_live();
  EXPECT_EQ(receiver_.held, "a") << "there is room for one";
  EXPECT_EQ(receiver_.take(), "a");
  feeder_.pump_live();
  EXPECT_EQ(receiver_.take(), "b");
  EXPECT_FALSE(feeder_.live_waiting());
  ASSERT_EQ(feeder_.log().size(), 2u);
  EXPECT_EQ(feeder_.log()[1].byte, 'b');
}

// A state says how far the file was taken; it fits a feeder that has at least as much of it.
TEST_F(InputFeederTest, State_OfAnotherFileIsRefused) {
  feeder_.set_file("abc");
  pass(InputFeeder::kBytePeriod);
  receiver_.take();
  pass(InputFeeder::kBytePeriod);  // one is taken, one is in the device
  StateWriter writer;
  feeder_.serialize(writer);
  for (const char* file : {"abc", "abcd", "ab", ""}) {
    Receiver receiver;
    InputFeeder other(scheduler_, receiver);
    other.set_file(file);
    StateReader reader(writer.data());
    other.serialize(reader);
    EXPECT_EQ(reader.good(), std::string_view(file).size() >= 3) << file;
    EXPECT_TRUE(!reader.good() || other.file_left() == 2) << file;
  }
}

}  // namespace
}  // namespace vitrine::core
