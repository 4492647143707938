// SPDX-License-Identifier: MIT
// The split virtqueue, by virtio 1.2 section 2.7, and against drivers that break its rules.
#include "devices/virtio/queue.h"

#include "tests/devices/virtio/driver.h"

namespace vitrine::devices::test {
namespace {

using Take = VirtQueue::Take;
constexpr uint64_t kData = kRamBase + 0x8'0000;

struct QueueTest : testing::Test {
  std::unique_ptr<core::GuestRam> ram = make_ram();
  Rings rings{*ram, 8};
  VirtQueue queue{*ram};
  Chain chain;

  [[nodiscard]] QueueLayout layout() const {
    return {rings.size, rings.descriptors, rings.available, rings.used};
  }
  void enable(bool indirect = true, bool event_index = false) {
    queue.enable(layout(), indirect, event_index);
  }
  // The chain at head 0 is refused, and the queue stays broken and calm.
  void expect_broken() {
    rings.offer(0);
    const uint16_t used = rings.used_index();
    EXPECT_EQ(queue.take(chain), Take::kBroken);
    EXPECT_FALSE(queue.why_broken().empty());
    EXPECT_FALSE(queue.waiting());
    EXPECT_EQ(queue.take(chain), Take::kNothing);
    EXPECT_EQ(rings.used_index(), used);
  }
};

TEST_F(QueueTest, Take_GivesReadableThenWritableBuffers) {
  enable();
  rings.chain(
      3, {{kData, 16, false}, {kData + 100, 5, false}, {kData + 200, 512, true}, {kData + 1000, 1, true}});
  EXPECT_EQ(queue.take(chain), Take::kNothing);
  EXPECT_FALSE(queue.waiting());
  rings.offer(3);
  EXPECT_TRUE(queue.waiting());
  ASSERT_EQ(queue.take(chain), Take::kChain);
  EXPECT_EQ(chain.head, 3);
  ASSERT_EQ(chain.readable.size(), 2u);
  ASSERT_EQ(chain.writable.size(), 2u);
  EXPECT_EQ(chain.readable[1].at.value, kData + 100);
  EXPECT_EQ(chain.readable[1].size, 5u);
  EXPECT_EQ(chain.writable[0].size, 512u);
  EXPECT_EQ(queue.take(chain), Take::kNothing);
}

TEST_F(QueueTest, GiveBack_WritesElementThenIndex) {
  enable();
  for (uint16_t n = 0; n < 20; ++n) {  // more than once around
    const auto head = static_cast<uint16_t>(n % 8);
    rings.chain(head, {{kData, 4, true}});
    rings.offer(head);
    ASSERT_EQ(queue.take(chain), Take::kChain);
    queue.give_back(chain.head, 100u + n);
    EXPECT_EQ(rings.used_index(), n + 1);
    EXPECT_EQ(rings.used_id(n), head);
    EXPECT_EQ(rings.used_len(n), 100u + n);
  }
}

TEST_F(QueueTest, Indices_WrapAt16Bits) {
  enable();
  rings.chain(0, {{kData, 4, true}});
  for (unsigned n = 0; n < 0x1'0010; ++n) {
    rings.offer(0);
    ASSERT_EQ(queue.take(chain), Take::kChain);
    queue.give_back(0, 4);
  }
  EXPECT_EQ(rings.used_index(), 0x10);
}

TEST_F(QueueTest, FullQueue_IsTakenInOrder) {
  enable();
  for (uint16_t n = 0; n < 8; ++n) rings.chain(n, {{kData, 1, false}});
  for (uint16_t n : {5, 1, 7, 0, 2, 6, 3, 4}) rings.offer(n);
  for (uint16_t n : {5, 1, 7, 0, 2, 6, 3, 4}) {
    ASSERT_EQ(queue.take(chain), Take::kChain);
    EXPECT_EQ(chain.head, n);
  }
}

TEST_F(QueueTest, Indirect_TableIsFollowed) {
  enable();
  const uint64_t table = kData + 0x1000;
  rings.describe_at(table, kData, 10, kNext, 2);
  rings.describe_at(table + 32, kData + 50, 20, kWrite, 0);
  rings.describe(0, kData + 900, 7, kNext, 1);
  rings.describe(1, table, 3 * 16, kIndirect | kWrite, 0);  // its write flag is ignored
  rings.offer(0);
  ASSERT_EQ(queue.take(chain), Take::kChain);
  ASSERT_EQ(chain.readable.size(), 2u);
  ASSERT_EQ(chain.writable.size(), 1u);
  EXPECT_EQ(chain.readable[0].size, 7u);
  EXPECT_EQ(chain.readable[1].size, 10u);
  EXPECT_EQ(chain.writable[0].size, 20u);
}

TEST_F(QueueTest, ChainAsLongAsTheQueue_IsFine_AndEmptyBuffersAreLeftOut) {
  enable();
  std::vector<Buffer> buffers(8, {kData, 1, false});
  buffers[2].size = 0;
  rings.chain(0, buffers);
  rings.offer(0);
  ASSERT_EQ(queue.take(chain), Take::kChain);
  EXPECT_EQ(chain.readable.size(), 7u);
}

TEST_F(QueueTest, Interrupt_FlagSuppresses) {
  enable();
  EXPECT_TRUE(queue.interrupt_due());
  rings.set_flags(1);
  EXPECT_FALSE(queue.interrupt_due());
}

// used_event = 2: an interrupt for the step of the used index from 2 to 3, whatever its size, and only then
// (2.7.7.2).
TEST_F(QueueTest, Interrupt_EventIndexAsksForOneStep) {
  enable(true, true);
  rings.chain(0, {{kData, 4, true}});
  const auto run = [&](unsigned n) {
    while (n--) rings.offer(0), queue.take(chain), queue.give_back(0, 0);
    return queue.interrupt_due();
  };
  rings.set_used_event(2);
  EXPECT_FALSE(run(2));
  EXPECT_TRUE(run(1));
  EXPECT_FALSE(run(1)) << "once";
  rings.set_used_event(6);
  EXPECT_TRUE(run(5)) << "4 to 9 steps over 6";
  EXPECT_FALSE(queue.interrupt_due()) << "nothing was given back since";
  rings.set_flags(1);
  rings.set_used_event(9);
  EXPECT_TRUE(run(1)) << "the flag has no meaning with an event index";
}

TEST_F(QueueTest, EventIndex_AsksForEachNewChain) {
  enable(true, true);
  rings.chain(0, {{kData, 4, true}});
  for (uint16_t n = 1; n <= 3; ++n) {
    rings.offer(0);
    queue.take(chain);
    EXPECT_EQ(rings.avail_event(), n);
  }
}

// --- Drivers that break the rules

TEST_F(QueueTest, Hostile_LoopOfDescriptors) {
  enable();
  rings.describe(0, kData, 1, kNext, 1);
  rings.describe(1, kData, 1, kNext, 0);
  expect_broken();
}

TEST_F(QueueTest, Hostile_DescriptorThatIsItsOwnNext) {
  enable();
  rings.describe(0, kData, 0, kNext, 0);
  expect_broken();
}

TEST_F(QueueTest, Hostile_HeadOutOfRange) {
  enable();
  rings.offer(8);
  EXPECT_EQ(queue.take(chain), Take::kBroken);
}

TEST_F(QueueTest, Hostile_NextOutOfRange) {
  enable();
  rings.describe(0, kData, 1, kNext, 8);
  expect_broken();
}

TEST_F(QueueTest, Hostile_AvailableIndexRunsAhead) {
  enable();
  rings.put<uint16_t>(rings.available + 2, 9);
  EXPECT_EQ(queue.take(chain), Take::kBroken);
}

TEST_F(QueueTest, Hostile_BuffersNotInRam) {
  const Buffer buffers[] = {
      {kRamBase - 1, 1, false},         {kRamBase + kRamSize, 1, true}, {kRamBase + kRamSize - 1, 2, true},
      {kRamBase - 1, 2, false},         {0, 0xffff'ffff, true},         {~uint64_t{0}, 1, false},
      {~uint64_t{0} - 3, 8, true},      {0x1000'0000, 8, true},         {kData, 0xffff'ffff, true},
      {~uint64_t{0}, 0xffff'ffff, true}};
  for (const Buffer& buffer : buffers) {
    rings = Rings(*ram, 8);
    enable();
    rings.chain(0, {{kData, 4, false}, buffer});
    expect_broken();
  }
}

TEST_F(QueueTest, Hostile_WritableBeforeReadable) {
  enable();
  rings.chain(0, {{kData, 1, true}, {kData, 1, false}});
  expect_broken();
}

TEST_F(QueueTest, Hostile_ChainNamesMoreThanRam) {
  enable();
  rings.chain(0, {{kRamBase, kRamSize, false}, {kData, 1, false}});
  expect_broken();
}

TEST_F(QueueTest, Hostile_IndirectTables) {
  const uint64_t table = kData + 0x1000;
  const struct {
    uint64_t at;
    uint32_t size;
    uint16_t flags;
  } cases[] = {
      {table, 0, kIndirect},                      // empty
      {table, 24, kIndirect},                     // one and a half
      {table, 32, kIndirect | kNext},             // with a next one
      {kRamBase + kRamSize - 16, 32, kIndirect},  // half outside
      {0, 16, kIndirect},                         // outside
      {~uint64_t{15}, 32, kIndirect},             // wraps around
      {table, 0xffff'fff0, kIndirect},            // 4 GiB
  };
  for (const auto& c : cases) {
    rings = Rings(*ram, 8);
    enable();
    rings.describe_at(table, kData, 4, 0, 0);
    rings.describe(0, c.at, c.size, c.flags, 1);
    expect_broken();
  }
}

TEST_F(QueueTest, Hostile_IndirectInsideIndirect) {
  enable();
  const uint64_t table = kData + 0x1000;
  rings.describe_at(table, table, 16, kIndirect, 0);
  rings.describe(0, table, 16, kIndirect);
  expect_broken();
}

TEST_F(QueueTest, Hostile_IndirectNotNegotiated) {
  enable(false);
  rings.describe_at(kData, kData + 64, 4, 0, 0);
  rings.describe(0, kData, 16, kIndirect);
  expect_broken();
}

TEST_F(QueueTest, Hostile_IndirectNextBeyondItsTable_AndLoop) {
  const uint64_t table = kData + 0x1000;
  for (uint16_t next : {uint16_t{2}, uint16_t{0}}) {
    rings = Rings(*ram, 8);
    enable();
    rings.describe_at(table, kData, 4, kNext, 1);
    rings.describe_at(table + 16, kData, 4, kNext, next);
    rings.describe(0, table, 32, kIndirect);
    expect_broken();
  }
}

TEST_F(QueueTest, Hostile_IndirectChainLongerThanTheQueue) {
  enable();
  const uint64_t table = kData + 0x1000;
  for (uint16_t i = 0; i < 9; ++i)
    rings.describe_at(table + 16 * i, kData, 1, i < 8 ? kNext : 0, static_cast<uint16_t>(i + 1));
  rings.describe(0, table, 9 * 16, kIndirect);
  expect_broken();
}

TEST_F(QueueTest, Hostile_AreasNotInRam) {
  const uint64_t ends[] = {0, kRamBase - 8, kRamBase + kRamSize - 8, ~uint64_t{0}, ~uint64_t{0} - 63};
  for (uint64_t bad : ends) {
    for (unsigned area = 0; area < 3; ++area) {
      QueueLayout broken = layout();
      (area == 0 ? broken.descriptors : area == 1 ? broken.available : broken.used) = bad;
      queue.enable(broken, true, true);
      EXPECT_EQ(queue.take(chain), Take::kBroken) << bad << " " << area;
      EXPECT_FALSE(queue.interrupt_due());
    }
  }
}

TEST_F(QueueTest, Hostile_SizesThatAreNone) {
  for (uint32_t size : {0u, 3u, 1000u, 2048u, 0x8000'0000u, 0xffff'ffffu}) {
    QueueLayout broken = layout();
    broken.size = size;
    queue.enable(broken, true, true);
    EXPECT_EQ(queue.take(chain), Take::kBroken) << size;
  }
}

// What take() handed out is a copy: rewriting the descriptors afterwards moves nothing.
TEST_F(QueueTest, Hostile_DescriptorRewrittenAfterTheCheck) {
  enable();
  rings.chain(0, {{kData, 64, true}});
  rings.offer(0);
  ASSERT_EQ(queue.take(chain), Take::kChain);
  rings.describe(0, 0, 0xffff'ffff, kWrite | kNext, 99);
  ASSERT_EQ(chain.writable.size(), 1u);
  EXPECT_EQ(chain.writable[0].at.value, kData);
  EXPECT_EQ(chain.writable[0].size, 64u);
}

// Random rings: every chain that comes out lies in RAM and is no longer than the queue; nothing hangs or
// crashes.
TEST_F(QueueTest, Hostile_RandomRings) {
  std::mt19937_64 random(1);
  unsigned chains = 0, broken = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    rings = Rings(*ram, 8);
    enable(random() % 2, random() % 2);
    for (uint16_t i = 0; i < 8; ++i) {
      const uint64_t at = random() % 16 ? kData + random() % 0x1000 : random();
      const auto size = static_cast<uint32_t>(random() % 16 ? (random() % 64) * 16 : random());
      rings.describe(i, at, size, static_cast<uint16_t>(random() % 8), static_cast<uint16_t>(random() % 9));
      rings.describe_at(kData + 16 * i, kData + random() % 64, 16, random() % 4,
                        static_cast<uint16_t>(random() % 9));
    }
    rings.offer(static_cast<uint16_t>(random() % 9));
    const Take taken = queue.take(chain);
    ASSERT_NE(taken, Take::kNothing);
    broken += taken == Take::kBroken;
    if (taken != Take::kChain) continue;
    ++chains;
    ASSERT_LE(chain.readable.size() + chain.writable.size(), 8u);
    for (const auto* side : {&chain.readable, &chain.writable})
      for (const Segment& s : *side) ASSERT_TRUE(ram->contains(s.at, s.size) && s.size);
    queue.give_back(chain.head, 0);
  }
  EXPECT_GT(chains, 1000u);
  EXPECT_GT(broken, 1000u);
}

}  // namespace
}  // namespace vitrine::devices::test
