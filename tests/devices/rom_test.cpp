// SPDX-License-Identifier: MIT
// The mask ROM.
#include "devices/rom.h"

#include "tests/devices/bench.h"

namespace vitrine::devices::test {
namespace {

TEST(Rom, ReadsEveryWidthAndZeroBeyondItsEnd) {
  Rom rom("mrom", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_EQ(rom.read(2, 1), 3u);
  EXPECT_EQ(rom.read(2, 2), 0x0403u);
  EXPECT_EQ(rom.read(4, 4), 0x08070605u);
  EXPECT_EQ(rom.read(0, 8), 0x0807060504030201u);
  EXPECT_EQ(rom.read(8, 8), 0x0b0a09u);
  EXPECT_EQ(rom.read(0xeff8, 8), 0u);
  expect_table_is_sound(rom);
}

TEST(Rom, IgnoresWrites) {
  Rom rom("mrom", {1, 2, 3, 4});
  rom.write(0, 4, 0);
  EXPECT_EQ(rom.read(0, 4), 0x04030201u);
}

TEST(Rom, StateOfAnotherRom_IsRefused) {
  Rom rom("mrom", {1, 2, 3, 4}), same("mrom", {1, 2, 3, 4}), other("mrom", {1, 2, 3, 5});
  core::StateWriter writer;
  rom.serialize(writer);
  core::StateReader good(writer.data()), bad(writer.data());
  same.serialize(good);
  other.serialize(bad);
  EXPECT_TRUE(good.good());
  EXPECT_FALSE(bad.good());
}

}  // namespace
}  // namespace vitrine::devices::test
