// SPDX-License-Identifier: MIT
// A store buffer: what a hart wrote and nobody else sees yet (core/chaos.inc, "stores"). RVWMO's preserved program order
// permits a store to become visible after any later access of its hart to other bytes, unless a fence, a release or an
// acquire stands between (volume I, 17.1, rules 1 to 4 and the rules for syntactic dependencies, which order a load before a
// store, and loads are not delayed here).
//
// So the buffer keeps stores in program order, and lets any of them go to memory that has no older neighbour over the same
// bytes. A load of the hart sees its own. The numbers that choose are drawn once for each store, so that engines agree.
//
// Spec: volume I, 17.1 "RVWMO Memory Consistency Model". Next: mmu.cpp, where it is filled and emptied.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "core/address.h"
#include "core/chaos.h"
#include "core/state.h"

namespace vitrine::mmu {

class StoreBuffer {
 public:
  static constexpr unsigned kMost = 16;
  struct Store {
    core::GuestPhys at;
    uint64_t value = 0;
    uint8_t width = 0;  // bytes, at most 8
    [[nodiscard]] bool overlaps(core::GuestPhys first, uint64_t size) const {
      return at.value < first.value + size && first.value < at.value + width;
    }
  };
  using Write = std::function<void(const Store&)>;  // to memory

  explicit StoreBuffer(uint64_t seed) : stream_(seed, core::Chaos::kStores) {}

  // One more store, behind which some go.
  void put(const Store& store, const Write& write);
  // What `value`, as memory has it, is for this hart.
  void read(core::GuestPhys at, unsigned width, uint64_t& value) const;
  void drain(const Write& write);
  // Some go, or none: a hart that stores nothing more must not keep the last ones for ever.
  void age(const Write& write);
  // The stores over these bytes go, with all that stand before them.
  void drain_overlapping(core::GuestPhys at, uint64_t size, const Write& write);
  void clear() { size_ = 0; }
  [[nodiscard]] unsigned size() const { return size_; }
  void serialize(core::Archive& ar);

 private:
  void release(unsigned which, const Write& write);
  void release_one(const Write& write);

  core::ChaosStream stream_;
  std::array<Store, kMost> stores_ = {};  // the oldest first
  unsigned size_ = 0;
};

}  // namespace vitrine::mmu
