// SPDX-License-Identifier: MIT
// State archives: what was written is read back, damage is refused, and hashes see values and order.
#include "core/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace vitrine::core {
namespace {

enum class Mode : uint8_t { kOff, kOn = 200 };

struct Part {
  uint8_t small = 0;
  int64_t negative = 0;
  int8_t tiny = 0;
  bool flag = false;
  Mode mode = Mode::kOff;
  uint32_t array[3] = {};
  std::vector<uint8_t> queue;
  uint8_t block[5] = {};
  friend bool operator==(const Part&, const Part&) = default;

  void serialize(Archive& ar) {
    ar.section("part");
    ar.field("small", small);
    ar.field("negative", negative);
    ar.field("tiny", tiny);
    ar.field("flag", flag);
    ar.field("mode", mode);
    ar.field("array", array);
    ar.byte_vector("queue", queue, 100);
    ar.bytes("block", std::as_writable_bytes(std::span(block)));
  }
};

Part sample() { return {255, -5, -128, true, Mode::kOn, {1, 0xffffffff, 3}, {9, 8, 7}, {1, 2, 3, 4, 5}}; }

std::vector<std::byte> written(Part part) {
  StateWriter writer;
  part.serialize(writer);
  return writer.data();
}
uint64_t digest(Part part) {
  StateHasher hasher;
  part.serialize(hasher);
  return hasher.digest();
}

TEST(State, RoundTrip_GivesEveryFieldBack) {
  const auto data = written(sample());
  Part part;
  part.queue = {1, 1, 1, 1, 1, 1};
  StateReader reader(data);
  part.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(part, sample());
}

TEST(State, EmptyQueue_RoundTrip) {
  Part empty;
  const auto data = written(empty);
  Part part = sample();
  StateReader reader(data);
  part.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  EXPECT_EQ(part, empty);
  Part fresh;  // its queue has no memory at all
  StateReader again(data);
  fresh.serialize(again);
  EXPECT_TRUE(again.good()) << again.error();
  EXPECT_EQ(digest(fresh), digest(part));
}

TEST(State, Writing_ChangesNothing) {
  Part part = sample();
  StateWriter writer;
  part.serialize(writer);
  StateHasher hasher;
  part.serialize(hasher);
  StateLister lister;
  part.serialize(lister);
  EXPECT_EQ(part, sample());
}

TEST(State, TruncatedAtEveryByte_IsRefused) {
  const auto data = written(sample());
  for (size_t size = 0; size < data.size(); ++size) {
    Part part;
    StateReader reader(std::span<const std::byte>(data.data(), size));
    part.serialize(reader);
    ASSERT_FALSE(reader.good()) << size;
    ASSERT_THAT(reader.error(), ::testing::HasSubstr("ends"));
  }
}

TEST(State, AfterAnError_NothingIsAssigned) {
  auto data = written(sample());
  // The second field's name, "negative": damaged.
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  data[text.find("negative")] = std::byte{'N'};
  Part part;
  StateReader reader(data);
  part.serialize(reader);
  EXPECT_FALSE(reader.good());
  EXPECT_THAT(reader.error(), ::testing::HasSubstr("'Negative' where 'negative' belongs"));
  Part expected;
  expected.small = 255;  // what stood before the damage
  EXPECT_EQ(part, expected);
}

TEST(State, LongerQueueThanPossible_IsRefused) {
  Part big = sample();
  big.queue.assign(101, 1);
  const auto data = written(big);
  Part part;
  StateReader reader(data);
  part.serialize(reader);
  EXPECT_FALSE(reader.good());
  EXPECT_THAT(reader.error(), ::testing::HasSubstr("queue has 101 bytes, at most 100"));
  EXPECT_TRUE(part.queue.empty());
}

TEST(State, OtherShape_IsRefused) {
  const auto data = written(sample());
  uint8_t value = 3;
  StateReader wrong_section(data);
  wrong_section.section("other");
  EXPECT_THAT(wrong_section.error(), ::testing::HasSubstr("'part' where 'other' belongs"));
  StateReader wrong_kind(data);
  wrong_kind.field("part", value);
  EXPECT_FALSE(wrong_kind.good());
  EXPECT_EQ(value, 3);

  StateWriter writer;
  uint8_t five[5] = {};
  writer.bytes("block", std::as_writable_bytes(std::span(five)));
  uint8_t six[6] = {};
  StateReader wrong_length(writer.data());
  wrong_length.bytes("block", std::as_writable_bytes(std::span(six)));
  EXPECT_THAT(wrong_length.error(), ::testing::HasSubstr("block has 5 bytes instead of 6"));
}

TEST(State, RandomMutations_AreRefusedOrRead) {
  const auto original = written(sample());
  std::mt19937 random(2);
  for (int i = 0; i < 10'000; ++i) {
    auto data = original;
    data[random() % data.size()] = static_cast<std::byte>(random());
    Part part;
    StateReader reader(data);
    part.serialize(reader);
    ASSERT_LE(part.queue.size(), 100u);
    if (!reader.good()) {
      ASSERT_FALSE(reader.error().empty());
    }
  }
}

TEST(State, Remainder_IsSeen) {
  auto data = written(sample());
  data.push_back(std::byte{0});
  Part part;
  StateReader reader(data);
  part.serialize(reader);
  EXPECT_TRUE(reader.good());
  EXPECT_FALSE(reader.at_end());
}

TEST(StateHash, EveryField_Counts) {
  const uint64_t whole = digest(sample());
  EXPECT_EQ(digest(sample()), whole);
  const auto differs = [&](auto change) {
    Part part = sample();
    change(part);
    return digest(part) != whole;
  };
  EXPECT_TRUE(differs([](Part& p) { p.small = 1; }));
  EXPECT_TRUE(differs([](Part& p) { p.negative = 5; }));
  EXPECT_TRUE(differs([](Part& p) { p.tiny = 127; }));
  EXPECT_TRUE(differs([](Part& p) { p.flag = false; }));
  EXPECT_TRUE(differs([](Part& p) { p.mode = Mode::kOff; }));
  EXPECT_TRUE(differs([](Part& p) { std::swap(p.array[0], p.array[2]); })) << "the order counts";
  EXPECT_TRUE(differs([](Part& p) { p.queue.push_back(0); })) << "the length counts";
  EXPECT_TRUE(differs([](Part& p) { p.block[4] = 0; }));
}

TEST(StateHash, Names_DoNotCount) {
  uint32_t value = 7;
  StateHasher one, two;
  one.section("uart0");
  one.field("divisor", value);
  two.section("uart1");
  two.field("baud", value);
  EXPECT_EQ(one.digest(), two.digest());
}

TEST(StateHash, EmptyInput_HasTheKnownValueOfXxh3) {
  EXPECT_EQ(hash_bytes({}), 0x2d06800538d394c2u);
  EXPECT_EQ(StateHasher().digest(), 0x2d06800538d394c2u);
}

TEST(StateLister, Lines_NameSectionAndField) {
  StateLister lister;
  uint32_t value = 0x1f;
  lister.section("uart0");
  lister.field("divisor", value);
  EXPECT_EQ(lister.lines(), std::vector<std::string>{"uart0.divisor = 0x1f"});
}

}  // namespace
}  // namespace vitrine::core
