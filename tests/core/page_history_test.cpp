// SPDX-License-Identifier: MIT
// Marks of RAM against whole copies of it, under random writes by every kind of writer, in any order of going, forgetting and
// writing on.
#include "core/page_history.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace vitrine::core {
namespace {

constexpr uint64_t kBase = 0x8000'0000, kPages = 24;

struct PageHistoryTest : testing::Test {
  std::unique_ptr<GuestRam> ram = std::move(*GuestRam::create({kBase}, kPages * kPageSize));
  std::vector<uint8_t> copy() {
    return {ram->host(ram->base()), ram->host(ram->base()) + ram->size()};
  }
  void put(uint64_t page, uint8_t byte) {
    const std::vector<uint8_t> bytes(100, byte);
    ASSERT_TRUE(ram->write({kBase + page * kPageSize + 50}, bytes.data(), bytes.size()));
  }
};

TEST_F(PageHistoryTest, BackAndForth) {
  put(3, 'A');
  PageHistory history(*ram, 0);
  put(3, 'B');
  put(7, 'P');
  history.mark(1);
  put(7, 0);
  put(9, 'Z');
  history.go_to(0);
  EXPECT_EQ(ram->host({kBase + 3 * kPageSize})[50], 'A');
  EXPECT_EQ(ram->host({kBase + 7 * kPageSize})[50], 0);
  EXPECT_EQ(ram->host({kBase + 9 * kPageSize})[50], 0);
  history.go_to(1);
  EXPECT_EQ(ram->host({kBase + 3 * kPageSize})[50], 'B');
  EXPECT_EQ(ram->host({kBase + 7 * kPageSize})[50], 'P');
}

TEST_F(PageHistoryTest, PagesThatNobodyWrites_CostNothing) {
  put(1, 'x');
  PageHistory history(*ram, 0);
  EXPECT_EQ(history.bytes(), kPageSize);
  for (unsigned i = 1; i <= 10; ++i) history.mark(i);
  EXPECT_EQ(history.bytes(), kPageSize);
  put(1, 'y');
  put(1, 'z');
  history.mark(20);
  EXPECT_EQ(history.bytes(), 2 * kPageSize);
}

// The mark that RAM is at goes: what changed up to it counts as changed since the one before, once.
TEST_F(PageHistoryTest, Forgotten_WhereRamIs) {
  put(3, 'A');
  PageHistory history(*ram, 0);
  put(3, 'D');
  history.mark(5);
  history.go_to(0);
  put(3, 'B');
  history.mark(2);
  history.forget(2);
  put(3, 'C');
  history.mark(3);
  EXPECT_EQ(history.bytes(), 3 * kPageSize);
  history.forget(3);
  EXPECT_EQ(history.bytes(), 2 * kPageSize);
  history.go_to(5);
  EXPECT_EQ(ram->host({kBase + 3 * kPageSize})[50], 'D');
  history.go_to(0);
  EXPECT_EQ(ram->host({kBase + 3 * kPageSize})[50], 'A');
}

TEST_F(PageHistoryTest, Gone_LeavesNoFlagBehind) {
  { PageHistory history(*ram, 0); }
  EXPECT_EQ(ram->flags(ram->base()) & kClean, 0);
  put(0, 1);  // nobody listens any more
}

// The page that a hart may write to directly loses that path when it becomes clean.
TEST_F(PageHistoryTest, Mark_RevokesDirectPaths) {
  struct Listener final : RamListener {
    void after_write(GuestPhys, size_t, uint8_t) noexcept override {}
    void write_path_revoked(GuestPhys page) noexcept override { revoked.push_back(page.value); }
    std::vector<uint64_t> revoked;
  } listener;
  PageHistory history(*ram, 0);
  ram->add_listener(&listener);
  put(5, 'a');
  ram->set_flag({kBase + 5 * kPageSize}, kWriteMapped);
  history.mark(1);
  EXPECT_EQ(listener.revoked, std::vector<uint64_t>{kBase + 5 * kPageSize});
}

TEST_F(PageHistoryTest, Random_IsAlwaysTheWholeCopy) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    ram->clear();
    // The run: what is written between one mark and the next is always the same.
    // The run: moment n is made from n - 1 by the same writes each time. Some moments are marks.
    constexpr unsigned kMoments = 30;
    for (unsigned i = random() % 4; i > 0; --i) put(random() % kPages, static_cast<uint8_t>(random()));
    std::vector<std::vector<std::pair<uint64_t, uint8_t>>> writes(kMoments);
    std::vector<std::vector<uint8_t>> copies{copy()};
    PageHistory history(*ram, 0);
    std::set<unsigned> marks{0};
    for (unsigned n = 1; n < kMoments; ++n) {
      for (unsigned i = random() % 6; i > 0; --i) {
        writes[n].emplace_back(random() % kPages, static_cast<uint8_t>(random() % 3));
        put(writes[n].back().first, writes[n].back().second);
      }
      copies.push_back(copy());
      if (random() % 2 == 0) history.mark(n), marks.insert(n);
    }
    unsigned now = kMoments - 1, from = *marks.rbegin();
    for (unsigned i = 0; i < 100; ++i) {
      const unsigned chosen = *std::next(marks.begin(), static_cast<int>(random() % marks.size()));
      switch (random() % 5) {
        case 0:
          if (chosen != 0 && chosen != *marks.rbegin() && marks.size() > 3) history.forget(chosen), marks.erase(chosen);
          break;
        case 1:
        case 2:  // on, as the run went
          if (now + 1 < kMoments)
            for (const auto& [page, byte] : writes[++now]) put(page, byte);
          ASSERT_EQ(copy(), copies[now]);
          break;
        case 3:
          if (now > from && !marks.count(now)) history.mark(now), marks.insert(from = now);
          break;
        default:
          history.go_to(now = from = chosen);
          ASSERT_EQ(copy(), copies[now]) << "seed " << seed << ", mark " << now;
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::core
