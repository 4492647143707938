// SPDX-License-Identifier: MIT
// What --lint says of the setup of a legacy virtio device, whose steps are those of virtio 1.2, 4.2.4 and of
// no status FEATURES_OK (3.1.2). Modern devices, and lint as a whole: tests/system/lint_test.py.
#include "app/lint_virtio.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace vitrine::app {
namespace {

using Writes = std::vector<std::pair<uint64_t, uint32_t>>;

constexpr uint64_t kGuestPageSize = 0x28, kQueueNum = 0x38, kQueueAlign = 0x3c, kQueuePfn = 0x40,
                   kQueueReady = 0x44, kStatus = 0x70, kFeatures = 0x20, kQueueSel = 0x30, kNotify = 0x50;

// Everything that is said, each with the number of the write.
std::vector<std::pair<size_t, LintVirtio::Wrong>> said(bool legacy, const Writes& writes) {
  LintVirtio lint(legacy);
  std::vector<std::pair<size_t, LintVirtio::Wrong>> found;
  for (size_t i = 0; i < writes.size(); ++i)
    if (auto wrong = lint.written(writes[i].first, writes[i].second); !wrong.what.empty())
      found.emplace_back(i, wrong);
  return found;
}

const Writes kRight = {{kStatus, 0},           {kStatus, 1},   {kStatus, 3},   {kFeatures, 0},
                       {kGuestPageSize, 4096}, {kQueueSel, 0}, {kQueueNum, 8}, {kQueueAlign, 4096},
                       {kQueuePfn, 0x80020},   {kStatus, 7},   {kNotify, 0}};

Writes without(size_t number) {
  Writes writes = kRight;
  writes.erase(writes.begin() + static_cast<long>(number));
  return writes;
}
Writes with(size_t number, uint64_t offset, uint32_t value) {
  Writes writes = kRight;
  writes.insert(writes.begin() + static_cast<long>(number), {offset, value});
  return writes;
}

TEST(LintVirtio, LegacySetupInOrder_Silent) { EXPECT_TRUE(said(true, kRight).empty()); }

TEST(LintVirtio, LegacySetupTwice_Silent) {
  Writes twice = kRight;
  twice.insert(twice.end(), kRight.begin(), kRight.end());  // the status 0 begins anew
  EXPECT_TRUE(said(true, twice).empty());
}

struct Case {
  Writes writes;
  size_t at;
  bool mixed;
  const char* words;
};

TEST(LintVirtio, LegacySetupInAnotherOrder_IsToldOfAtThatWrite) {
  Writes late = kRight;
  std::swap(late[8], late[9]);  // QueuePFN after DRIVER_OK
  const Case cases[] = {
      {without(4), 7, false, "before GuestPageSize"},
      {without(6), 7, false, "before QueueNum"},
      {without(7), 7, false, "before QueueAlign"},
      {late, 9, false, "set up after DRIVER_OK"},
      {without(9), 9, false, "notified before DRIVER_OK"},
      {with(10, kFeatures, 0), 10, false, "features are written after DRIVER_OK"},
      {with(4, kStatus, 11), 4, true, "FEATURES_OK is set in a legacy device"},
      {with(8, kQueueReady, 1), 8, true, "0x44 is written"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.words);
    const auto found = said(true, c.writes);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].first, c.at);
    EXPECT_EQ(found[0].second.mixed, c.mixed);
    EXPECT_NE(found[0].second.what.find(c.words), std::string::npos) << found[0].second.what;
  }
}

// A driver of legacy devices on a modern one.
TEST(LintVirtio, LegacySetupOfAModernDevice_IsMixed) {
  const auto found = said(false, kRight);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].first, 4u);
  EXPECT_TRUE(found[0].second.mixed);
}

}  // namespace
}  // namespace vitrine::app
