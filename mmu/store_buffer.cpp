// SPDX-License-Identifier: MIT
// The order in which buffered stores reach memory.
#include "mmu/store_buffer.h"

#include <algorithm>

namespace vitrine::mmu {

void StoreBuffer::release(unsigned which, const Write& write) {
  const Store store = stores_[which];
  std::copy(stores_.begin() + which + 1, stores_.begin() + size_, stores_.begin() + which);
  --size_;
  write(store);
}

// Any store, or what stands in its way: an older one over some of its bytes, and in whose way in turn there is none.
void StoreBuffer::release_one(const Write& write) {
  auto chosen = static_cast<unsigned>(stream_.below(size_));
  for (unsigned older = 0; older < chosen; ++older)
    if (stores_[older].overlaps(stores_[chosen].at, stores_[chosen].width)) {
      chosen = older;
      older = ~0u;  // from the oldest on again
    }
  release(chosen, write);
}

// On average as many go as come.
void StoreBuffer::put(const Store& store, const Write& write) {
  if (size_ == kMost) release_one(write);
  stores_[size_++] = store;
  for (uint64_t leaving = stream_.below(3); leaving != 0 && size_ != 0; --leaving) release_one(write);
}

void StoreBuffer::read(core::GuestPhys at, unsigned width, uint64_t& value) const {
  for (unsigned i = 0; i < size_; ++i) {
    const Store& store = stores_[i];
    if (!store.overlaps(at, width)) continue;
    for (unsigned byte = 0; byte < width; ++byte) {
      const uint64_t from = at.value + byte - store.at.value;  // below 0: wraps
      if (from >= store.width) continue;
      value &= ~(uint64_t{0xff} << 8 * byte);
      value |= (store.value >> 8 * from & 0xff) << 8 * byte;
    }
  }
}

void StoreBuffer::age(const Write& write) {
  if (size_ == 0) return;
  for (uint64_t leaving = stream_.below(size_ + 1); leaving != 0; --leaving) release_one(write);
}

void StoreBuffer::drain(const Write& write) {
  while (size_ != 0) release(0, write);
}

void StoreBuffer::drain_overlapping(core::GuestPhys at, uint64_t size, const Write& write) {
  const auto over = [&](const Store& store) { return store.overlaps(at, size); };
  while (std::any_of(stores_.begin(), stores_.begin() + size_, over)) release(0, write);
}

void StoreBuffer::serialize(core::Archive& ar) {
  stream_.serialize(ar);
  ar.field("size", size_);
  if (size_ > kMost) return ar.fail("a store buffer with more stores than it has room for");
  for (unsigned i = 0; i < size_; ++i) {
    ar.field("at", stores_[i].at.value);
    ar.field("value", stores_[i].value);
    ar.field("width", stores_[i].width);
  }
}

}  // namespace vitrine::mmu
