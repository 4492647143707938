// SPDX-License-Identifier: MIT
// Guest RAM: bounds, page flags and revocation, announcements, DMA, hash. The promise under test is that
// whoever depends on a page hears of every change before and after it.
#include "core/guest_ram.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace vitrine::core {
namespace {

constexpr uint64_t kBase = 0x80000000;
constexpr uint64_t kSize = 16 * kPageSize;

GuestPhys page(unsigned n, uint64_t offset = 0) { return {kBase + n * kPageSize + offset}; }

// Writes down every announcement, with the byte at the announced place.
class Recorder : public RamListener {
 public:
  explicit Recorder(GuestRam& ram) : ram_(ram) { ram.add_listener(this); }
  void before_write(GuestPhys at, size_t size) noexcept override { note("before", at, size, *ram_.host(at)); }
  void after_write(GuestPhys at, size_t size, uint8_t flags) noexcept override {
    note("after", at, size, *ram_.host(at));
    text_ += "/" + std::to_string(flags);
  }
  void write_path_revoked(GuestPhys at) noexcept override { note("revoked", at, 0, 0); }
  void dma_wrote(GuestPhys at, size_t size) noexcept override { note("dma", at, size, 0); }
  std::string take() { return std::exchange(text_, {}); }

 private:
  void note(const char* what, GuestPhys at, size_t size, unsigned byte) {
    if (!text_.empty()) text_ += ' ';
    text_ += fmt::format("{}:{:x}+{}={}", what, at.value - kBase, size, byte);
  }
  GuestRam& ram_;
  std::string text_;
};

class GuestRamTest : public ::testing::Test {
 protected:
  std::unique_ptr<GuestRam> ram_ = std::move(*GuestRam::create({kBase}, kSize));
};

TEST_F(GuestRamTest, Contains_IsSafeForAnyValues) {
  EXPECT_TRUE(ram_->contains({kBase}));
  EXPECT_TRUE(ram_->contains({kBase}, kSize));
  EXPECT_FALSE(ram_->contains({kBase}, kSize + 1));
  EXPECT_FALSE(ram_->contains({kBase - 1}));
  EXPECT_FALSE(ram_->contains({kBase - 1}, 2));
  EXPECT_TRUE(ram_->contains({kBase + kSize - 1}));
  EXPECT_FALSE(ram_->contains({kBase + kSize - 1}, 2));
  EXPECT_FALSE(ram_->contains({kBase + kSize}, 0)) << "one past the end is not in RAM, whatever the length";
  EXPECT_FALSE(ram_->contains({kBase + 1}, ~uint64_t{0}));
  EXPECT_FALSE(ram_->contains({~uint64_t{0}}, ~uint64_t{0}));
  EXPECT_FALSE(ram_->contains({0}, ~uint64_t{0}));
}

TEST_F(GuestRamTest, FreshMemory_IsZero) {
  for (uint64_t at = kBase; at < kBase + kSize; at += 8) {
    uint64_t value = 1;
    ASSERT_TRUE(ram_->read_value({at}, value));
    ASSERT_EQ(value, 0u);
  }
}

TEST_F(GuestRamTest, Values_AreLittleEndian) {
  ASSERT_TRUE(ram_->write_value({kBase + 3}, uint32_t{0x11223344}));
  EXPECT_EQ(*ram_->host({kBase + 3}), 0x44);
  EXPECT_EQ(*ram_->host({kBase + 6}), 0x11);
  uint16_t half = 0;
  ASSERT_TRUE(ram_->read_value({kBase + 5}, half));
  EXPECT_EQ(half, 0x1122);
}

TEST_F(GuestRamTest, OutsideAccess_TouchesAndTellsNothing) {
  Recorder recorder(*ram_);
  const char bytes[16] = "123456789012345";
  char target[16] = "unchanged";
  EXPECT_FALSE(ram_->write({kBase + kSize - 8}, bytes, 16));
  EXPECT_FALSE(ram_->write({kBase - 1}, bytes, 1));
  EXPECT_FALSE(ram_->read({kBase + kSize - 8}, target, 16));
  EXPECT_STREQ(target, "unchanged");
  EXPECT_EQ(ram_->hash(), 0u);
  EXPECT_EQ(recorder.take(), "");
}

// --- Flags and revocation

TEST_F(GuestRamTest, Flags_BelongToOnePage) {
  ram_->set_flag(page(3, 100), kCode);
  EXPECT_EQ(ram_->flags(page(3)), kCode);
  EXPECT_EQ(ram_->flags(page(3, 0xfff)), kCode);
  EXPECT_EQ(ram_->flags(page(2, 0xfff)), 0);
  EXPECT_EQ(ram_->flags(page(4)), 0);
  ram_->set_flag(page(3), kPageTable);
  ram_->clear_flag(page(3, 7), kCode);
  EXPECT_EQ(ram_->flags(page(3)), kPageTable);
}

TEST_F(GuestRamTest, FirstNotifyFlag_RevokesTheWritePathOnce) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(5), kWriteMapped);
  EXPECT_EQ(recorder.take(), "") << "a write path alone concerns nobody";
  ram_->set_flag(page(5, 0x123), kCode);
  EXPECT_EQ(recorder.take(), "revoked:5000+0=0");
  EXPECT_EQ(ram_->flags(page(5)), kCode) << "the path is gone";
  ram_->set_flag(page(5), kPageTable);
  EXPECT_EQ(recorder.take(), "") << "there is no path any more";
}

TEST_F(GuestRamTest, EachNotifyFlag_Revokes) {
  Recorder recorder(*ram_);
  unsigned n = 0;
  for (const PageFlag flag : {kPageTable, kCode, kWatched, kClean}) {
    ram_->set_flag(page(n), kWriteMapped);
    ram_->set_flag(page(n), flag);
    EXPECT_EQ(recorder.take(), fmt::format("revoked:{:x}+0=0", n * kPageSize));
    ++n;
  }
}

TEST_F(GuestRamTest, WithoutAWritePath_NothingIsRevoked) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(5), kCode);
  EXPECT_EQ(recorder.take(), "");
}

TEST_F(GuestRamTest, FlagTakenAway_TheNextOneRevokesAgain) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(5), kCode);
  ram_->clear_flag(page(5), kCode);
  ram_->set_flag(page(5), kWriteMapped);
  ram_->set_flag(page(5), kWatched);
  EXPECT_EQ(recorder.take(), "revoked:5000+0=0");
}

TEST_F(GuestRamTest, EveryListener_Hears) {
  Recorder first(*ram_);
  Recorder second(*ram_);
  ram_->set_flag(page(1), kWriteMapped);
  ram_->set_flag(page(1), kCode);
  EXPECT_EQ(first.take(), "revoked:1000+0=0");
  EXPECT_EQ(second.take(), "revoked:1000+0=0");
}

// --- Announcements

TEST_F(GuestRamTest, DmaToUnflaggedPages_IsToldAsDmaOnly) {
  Recorder recorder(*ram_);
  ASSERT_TRUE(ram_->write_value(page(1, 8), uint64_t{7}));
  EXPECT_EQ(recorder.take(), "dma:1008+8=0");
}

TEST_F(GuestRamTest, WriteToAFlaggedPage_IsToldBeforeAndAfter) {
  Recorder recorder(*ram_);
  ASSERT_TRUE(ram_->write_value(page(1, 8), uint8_t{7}));
  (void)recorder.take();
  ram_->set_flag(page(1), kPageTable);
  ASSERT_TRUE(ram_->write_value(page(1, 8), uint8_t{9}));
  EXPECT_EQ(recorder.take(), "before:1008+1=7 after:1008+1=9/1 dma:1008+1=0");
}

TEST_F(GuestRamTest, WriteOverSeveralPages_IsToldPageByPage) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(1), kCode);
  ram_->set_flag(page(3), kWatched);
  const std::string bytes(2 * kPageSize + 6, 'x');
  ASSERT_TRUE(ram_->write(page(1, 0xffd), bytes.data(), bytes.size()));
  EXPECT_EQ(recorder.take(),
            "before:1ffd+3=0 before:3000+4096=0 after:1ffd+3=120/2 after:3000+4096=120/4 dma:1ffd+8198=0")
      << "page 2 and the last three bytes, on page 4, are not flagged";
}

TEST_F(GuestRamTest, StoreOfAHart_IsNoDma) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(2), kClean);
  ram_->announce_before(page(2), 4);
  ram_->announce_after(page(2), 4);
  EXPECT_EQ(recorder.take(), "before:2000+4=0 after:2000+4=0/8");
}

TEST_F(GuestRamTest, DmaScope_TellsAroundTheWrite) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(2), kCode);
  {
    const GuestRam::DmaScope scope(*ram_, page(2), 16);
    EXPECT_EQ(recorder.take(), "before:2000+16=0");
    std::memset(ram_->host(page(2)), 5, 16);
    EXPECT_EQ(recorder.take(), "");
  }
  EXPECT_EQ(recorder.take(), "after:2000+16=5/2 dma:2000+16=0");
}

TEST_F(GuestRamTest, WriteMappedAlone_IsNotAnnounced) {
  Recorder recorder(*ram_);
  ram_->set_flag(page(2), kWriteMapped);
  ram_->announce_before(page(2), 4);
  ram_->announce_after(page(2), 4);
  EXPECT_EQ(recorder.take(), "");
}

TEST_F(GuestRamTest, Clear_ZeroesAndTells) {
  Recorder recorder(*ram_);
  ASSERT_TRUE(ram_->write_value(page(1), uint8_t{7}));
  ASSERT_TRUE(ram_->write_value(page(15, 0xfff), uint8_t{8}));
  (void)recorder.take();
  ram_->set_flag(page(1), kCode);
  ram_->clear();
  EXPECT_EQ(recorder.take(), "before:1000+4096=7 after:1000+4096=0/2 dma:0+65536=0");
  EXPECT_EQ(*ram_->host(page(1)), 0);
  EXPECT_EQ(*ram_->host(page(15, 0xfff)), 0);
  EXPECT_EQ(ram_->hash(), 0u);
}

// --- Hash

TEST_F(GuestRamTest, Hash_ZeroPageEqualsUntouchedPage) {
  const uint64_t untouched = ram_->hash();
  std::memset(ram_->host(page(4)), 0, kPageSize);
  EXPECT_EQ(ram_->hash(), untouched);
  *ram_->host(page(4)) = 1;
  EXPECT_NE(ram_->hash(), untouched);
  *ram_->host(page(4)) = 0;
  EXPECT_EQ(ram_->hash(), untouched);
}

TEST_F(GuestRamTest, Hash_SeesEveryByteOfAPage) {
  *ram_->host(page(4)) = 1;
  uint64_t last = ram_->hash();
  for (const uint64_t offset : {uint64_t{1}, uint64_t{63}, uint64_t{2048}, uint64_t{4095}}) {
    *ram_->host(page(4, offset)) = 1;
    EXPECT_NE(ram_->hash(), last) << offset;
    last = ram_->hash();
  }
}

TEST_F(GuestRamTest, Hash_DependsOnWhereAPageIs) {
  *ram_->host(page(4)) = 1;
  const uint64_t at_4 = ram_->hash();
  *ram_->host(page(4)) = 0;
  *ram_->host(page(5)) = 1;
  EXPECT_NE(ram_->hash(), at_4);
}

TEST_F(GuestRamTest, Hash_SwappedPagesDiffer) {
  *ram_->host(page(1)) = 1;
  *ram_->host(page(2)) = 2;
  const uint64_t one = ram_->hash();
  *ram_->host(page(1)) = 2;
  *ram_->host(page(2)) = 1;
  EXPECT_NE(ram_->hash(), one);
}

TEST_F(GuestRamTest, Hash_DoesNotDependOnTheOrderOfWrites) {
  auto other = std::move(*GuestRam::create({kBase}, kSize));
  for (unsigned n = 0; n < 16; ++n) *ram_->host(page(n)) = static_cast<uint8_t>(n);
  for (unsigned n = 16; n-- > 0;) *other->host(page(n)) = static_cast<uint8_t>(n);
  EXPECT_EQ(ram_->hash(), other->hash());
}

TEST_F(GuestRamTest, Hash_OfTwoMachinesWithTheSameBytes) {
  auto larger = std::move(*GuestRam::create({kBase}, 2 * kSize));
  *ram_->host(page(7)) = 9;
  *larger->host(page(7)) = 9;
  EXPECT_EQ(ram_->hash(), larger->hash()) << "untouched pages do not count";
}

TEST_F(GuestRamTest, Compare_FirstDifferentByteBehindAnOffset) {
  auto other = std::move(*GuestRam::create({kBase}, kSize));
  EXPECT_EQ(ram_->compare(*other).different, std::nullopt);
  EXPECT_EQ(ram_->compare(*other).pages, 0u) << "nobody has touched a page";
  *ram_->host(page(3)) = 5;  // pages that only one has touched
  *other->host(page(9) + 4095) = 5;
  *ram_->host(page(6)) = 1;  // the same bytes in both, and zeroes that one has written
  *other->host(page(6)) = 1;
  *ram_->host(page(7)) = 0;
  for (const auto& [a, b] : {std::pair(ram_.get(), other.get()), std::pair(other.get(), ram_.get())}) {
    EXPECT_EQ(a->compare(*b).different, page(3));
    EXPECT_EQ(a->compare(*b, page(3).value + 1 - kBase).different, page(9) + 4095);
    EXPECT_EQ(a->compare(*b, page(10).value - kBase).different, std::nullopt);
    EXPECT_EQ(a->compare(*b, kSize).different, std::nullopt);
  }
}

TEST(GuestRam, TooLargeForTheHost_IsAnError) {
  const auto ram = GuestRam::create({kBase}, uint64_t{1} << 62);
  ASSERT_FALSE(ram.ok());
  EXPECT_EQ(ram.error().kind, ErrorKind::kHost);
  EXPECT_NE(ram.error().message.find("--memory"), std::string::npos);
}

}  // namespace
}  // namespace vitrine::core
