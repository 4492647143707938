// SPDX-License-Identifier: MIT
// The store buffer alone: what the hart sees of it, and in what order stores reach memory. The judge of order is a memory that
// the test writes itself, store by store.
#include "mmu/store_buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

namespace vitrine::mmu {
namespace {

using core::GuestPhys;
using Store = StoreBuffer::Store;

struct Memory {
  std::array<uint8_t, 64> bytes = {};
  void write(const Store& store) { std::memcpy(&bytes[store.at.value], &store.value, store.width); }
  [[nodiscard]] uint64_t read(uint64_t at, unsigned width) const {
    uint64_t value = 0;
    std::memcpy(&value, &bytes[at], width);
    return value;
  }
};

const auto kNobody = [](const Store&) { FAIL() << "a store left the buffer"; };

// A stream that keeps the first stores: some seed does.
StoreBuffer keeping(std::initializer_list<Store> stores) {
  for (uint64_t seed = 0;; ++seed) {
    StoreBuffer buffer(seed);
    for (const Store& store : stores) buffer.put(store, [](const Store&) {});
    if (buffer.size() == stores.size()) return buffer;
  }
}

TEST(StoreBuffer, OwnLoads_SeeTheYoungestOfEachByte) {
  const StoreBuffer buffer = keeping({{{8}, 0x1111'1111'1111'1111, 8}, {{10}, 0x2222, 2}, {{15}, 0x44'33, 2}});
  uint64_t value = 0x9999'9999'9999'9999;
  buffer.read({8}, 8, value);
  EXPECT_EQ(value, 0x3311'1111'2222'1111u);
  value = 0x99;
  buffer.read({16}, 1, value);
  EXPECT_EQ(value, 0x44u);
  value = 0x9999;
  buffer.read({17}, 2, value);
  EXPECT_EQ(value, 0x9999u) << "nobody wrote there";
}

TEST(StoreBuffer, Drain_InProgramOrder) {
  StoreBuffer buffer = keeping({{{0}, 1, 8}, {{32}, 2, 8}, {{16}, 3, 8}});
  std::vector<uint64_t> order;
  buffer.drain([&](const Store& store) { order.push_back(store.value); });
  EXPECT_EQ(order, (std::vector<uint64_t>{1, 2, 3}));
  buffer.drain(kNobody);
}

TEST(StoreBuffer, DrainOverlapping_OthersMayStay) {
  StoreBuffer buffer = keeping({{{0}, 1, 8}, {{32}, 2, 8}, {{16}, 3, 8}});
  buffer.drain_overlapping({20}, 1, [](const Store&) {});
  EXPECT_EQ(buffer.size(), 0u) << "it was the last";
  buffer = keeping({{{0}, 1, 8}, {{32}, 2, 8}, {{16}, 3, 8}});
  buffer.drain_overlapping({8}, 8, kNobody);
  buffer.drain_overlapping({7}, 4, [](const Store& store) { EXPECT_EQ(store.value, 1u); });
  EXPECT_EQ(buffer.size(), 2u);
}

// Stores over the same bytes in order, whatever lies between; and others really change places.
TEST(StoreBuffer, RandomStores_MemoryEndsAsInProgramOrder) {
  std::mt19937_64 random(7);
  uint64_t changed_places = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    StoreBuffer buffer(seed);
    Memory memory, in_order;
    uint64_t last = 0;
    const auto write = [&](const Store& store) {
      memory.write(store);
      changed_places += (store.value & 0xffff) < last;
      last = store.value & 0xffff;
    };
    for (uint64_t i = 1; i <= 200; ++i) {
      const auto width = static_cast<uint8_t>(1u << random() % 4);
      const Store store{{random() % (64 - width)}, random() << 16 | i, width};
      buffer.put(store, write);
      in_order.write(store);
      if (random() % 16 == 0) buffer.age(write);
      const uint64_t at = random() % 56;
      uint64_t seen = memory.read(at, 8);
      buffer.read({at}, 8, seen);
      ASSERT_EQ(seen, in_order.read(at, 8)) << "the hart's own view, seed " << seed << ", store " << i;
    }
    buffer.drain(write);
    ASSERT_EQ(memory.bytes, in_order.bytes) << "seed " << seed;
  }
  EXPECT_GT(changed_places, 1000u);
}

}  // namespace
}  // namespace vitrine::mmu
