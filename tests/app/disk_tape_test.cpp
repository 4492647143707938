// SPDX-License-Identifier: MIT
// A tape between two machines: the second one gets what the first one got, and every other request is a
// difference.
#include "app/disk_tape.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/devices/virtio/memory_disk.h"

namespace vitrine::app {
namespace {

class DiskTapeTest : public testing::Test {
 protected:
  DiskTapeTest() {
    auto disk = std::make_unique<devices::test::MemoryDisk>(8);
    disk_ = disk.get();
    first_ = tape_.recorder(std::move(disk));
    second_ = tape_.player();
  }
  static std::array<iovec, 2> in_two(std::array<char, 512>& bytes) {
    return {iovec{bytes.data(), 100}, iovec{bytes.data() + 100, 412}};
  }

  DiskTape tape_;
  devices::test::MemoryDisk* disk_;
  std::unique_ptr<devices::BlockBackend> first_, second_;
  std::array<char, 512> a_{}, b_{};
};

TEST_F(DiskTapeTest, Read_TheSecondGetsWhatTheFirstGotThen) {
  disk_->bytes[512] = 'x', disk_->bytes[1023] = 'y';
  ASSERT_TRUE(first_->read(512, in_two(a_)));
  disk_->bytes[512] = 'z';  // whatever became of the disk since
  ASSERT_TRUE(second_->read(512, in_two(b_)));
  EXPECT_EQ(b_[0], 'x');
  EXPECT_EQ(b_[511], 'y');
  EXPECT_EQ(tape_.difference(), "");
  EXPECT_EQ(second_->sectors(), 8u);
}

TEST_F(DiskTapeTest, Write_ReachesTheDiskOnce) {
  a_.fill('w');
  b_.fill('w');
  ASSERT_TRUE(first_->write(0, in_two(a_)));
  ASSERT_TRUE(first_->flush());
  disk_->bytes[0] = 0;
  EXPECT_TRUE(second_->write(0, in_two(b_)));
  EXPECT_TRUE(second_->flush());
  EXPECT_EQ(disk_->bytes[0], 0);
  EXPECT_EQ(disk_->flushes, 1u);
  EXPECT_EQ(tape_.difference(), "");
}

TEST_F(DiskTapeTest, Failure_IsTheSecondsToo) {
  disk_->fail_flush = true;
  EXPECT_FALSE(first_->flush());
  disk_->fail_flush = false;
  EXPECT_FALSE(second_->flush());
  EXPECT_EQ(tape_.difference(), "");
}

TEST_F(DiskTapeTest, OtherContents_AreADifference) {
  a_[511] = 1;
  ASSERT_TRUE(first_->write(0, in_two(a_)));
  (void)second_->write(0, in_two(b_));
  EXPECT_NE(tape_.difference().find("write(offset 0x0, size 0x200"), std::string::npos) << tape_.difference();
}

TEST_F(DiskTapeTest, AnotherRequest_IsADifference) {
  ASSERT_TRUE(first_->discard(0, 512));
  EXPECT_FALSE(second_->write_zeroes(0, 512, true));
  EXPECT_NE(tape_.difference().find("discard"), std::string::npos);
  EXPECT_NE(tape_.difference().find("write_zeroes"), std::string::npos);
}

TEST_F(DiskTapeTest, ARequestThatOnlyOneMakes_IsADifference) {
  ASSERT_TRUE(first_->flush());
  EXPECT_EQ(tape_.difference(),
            "only the first machine asks a disk for flush(offset 0x0, size 0x0, detail 0x0)");
  EXPECT_TRUE(second_->flush());
  EXPECT_EQ(tape_.difference(), "");
  EXPECT_FALSE(second_->flush());
  EXPECT_EQ(tape_.difference(),
            "only the second machine asks a disk for flush(offset 0x0, size 0x0, detail 0x0)");
}

}  // namespace
}  // namespace vitrine::app
