// SPDX-License-Identifier: MIT
// Making, invalidating and dropping decoded pages.
#include "isa/riscv/code_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "core/assert.h"

namespace vitrine::riscv {
namespace {
constexpr unsigned kLine = 64;
constexpr unsigned kSlotsPerLine = kLine / 2;
}  // namespace

void CodeCache::Free::operator()(void* p) const { std::free(p); }

namespace {
// Zeros that become the host's memory when they are touched, at an address or anywhere. (Emulators of user programs may take
// madvise for advice.)
DecodedPage* map_zeros(void* at, size_t pages) {
  const size_t bytes = pages * sizeof(DecodedPage);
  constexpr int kKind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const memory = mmap(at, bytes, PROT_READ | PROT_WRITE, at ? kKind | MAP_FIXED : kKind, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, bytes, MADV_NOHUGEPAGE);  // what is touched is sparse
  return static_cast<DecodedPage*>(memory);
}
}  // namespace

CodeCache::CodeCache(core::GuestRam& ram, Handler undecoded, Handler page_end, unsigned max_pages)
    : ram_(ram),
      undecoded_(undecoded),
      page_end_(page_end),
      max_pages_(max_pages),
      of_page_(static_cast<DecodedPage**>(std::calloc(ram.pages(), sizeof(DecodedPage*)))),
      pages_(map_zeros(nullptr, max_pages)) {
  if (!of_page_) throw std::bad_alloc();
  ram_.add_listener(this);
}

CodeCache::~CodeCache() { munmap(pages_, max_pages_ * sizeof(DecodedPage)); }

DecodedPage* CodeCache::page(core::GuestPhys at, bool& full) {
  full = false;
  DecodedPage*& place = of_page_[ram_.page_index(at)];
  if (place) return place;
  if (known_.size() == max_pages_) {
    drop_all();
    full = true;
  }
  const core::GuestPhys page{at.value & core::kPageMask};
  known_.push_back({page, ram_.fetched(page)});
  ++counters.pages;
  return place = pages_ + known_.size() - 1;
}

void CodeCache::make_granule(DecodedPage& page, unsigned granule) noexcept {
  known_[number_of(page)].granules |= uint64_t{1} << granule;
  if (granule == kGranules)
    page.slots[kSlotsPerPage] = {page_end_, {}};
  else
    std::fill_n(page.slots + granule * kGranule, kGranule, Slot{undecoded_, {}});
}

void CodeCache::mark(DecodedPage& page, unsigned offset, unsigned length) noexcept {
  const uint64_t lines = (uint64_t{1} << (offset / kLine)) | (uint64_t{1} << (((offset + length - 1) % core::kPageSize) / kLine));
  Known& known = known_[number_of(page)];
  ++counters.decoded;
  if (known.lines == 0) ram_.set_flag(known.page, core::kCode);
  known.lines |= lines;
}

// Of granules that are made.
void CodeCache::reset_slots(DecodedPage& page, unsigned first, unsigned last) noexcept {
  const uint64_t made = known_[number_of(page)].granules;
  for (unsigned slot = first; slot < last; ++slot)
    if (made >> slot / kGranule & 1) page.slots[slot] = {undecoded_, {}};
}

void CodeCache::after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (!(flags & core::kCode)) return;
  DecodedPage* page = of_page_[ram_.page_index(at)];
  VT_ASSERT(page != nullptr, "a page is flagged as code and is not decoded");
  Known& known = known_[number_of(*page)];
  const auto first = static_cast<unsigned>(at.page_offset() / kLine);
  const auto last = static_cast<unsigned>((at.page_offset() + size - 1) / kLine);
  for (unsigned line = first; line <= last; ++line) {
    if (!((known.lines >> line) & 1)) continue;
    // A 4-byte instruction may begin in the last slot before the line.
    const unsigned begin = line * kSlotsPerLine;
    reset_slots(*page, begin == 0 ? 0 : begin - 1, begin + kSlotsPerLine);
    known.lines &= ~(uint64_t{1} << line);
    ++counters.invalidated;
  }
  if (known.lines == 0) ram_.clear_flag(known.page, core::kCode);
}

// The slots are zeros again, and their memory the host's.
void CodeCache::drop_all() noexcept {
  for (const Known& known : known_) {
    ram_.clear_flag(known.page, core::kCode);
    of_page_[ram_.page_index(known.page)] = nullptr;
  }
  if (!known_.empty()) map_zeros(pages_, known_.size());
  known_.clear();
  ++counters.flushes;
}

}  // namespace vitrine::riscv
