// SPDX-License-Identifier: MIT
// Making, invalidating and dropping decoded pages.
#include "isa/riscv/code_cache.h"

#include <algorithm>
#include <cstdlib>

#include "core/assert.h"

namespace vitrine::riscv {
namespace {
constexpr unsigned kLine = 64;
constexpr unsigned kSlotsPerLine = kLine / 2;
}  // namespace

void CodeCache::Free::operator()(void* p) const { std::free(p); }

CodeCache::CodeCache(core::GuestRam& ram, Handler undecoded, Handler page_end, unsigned max_pages)
    : ram_(ram),
      undecoded_(undecoded),
      page_end_(page_end),
      max_pages_(max_pages),
      of_page_(static_cast<DecodedPage**>(std::calloc(ram.pages(), sizeof(DecodedPage*)))) {
  VT_ASSERT(of_page_ != nullptr, "no host memory for the list of decoded pages");
  ram_.add_listener(this);
}

DecodedPage* CodeCache::page(core::GuestPhys at, bool& full) {
  full = false;
  DecodedPage*& place = of_page_[ram_.page_index(at)];
  if (place) return place;
  if (used_ == max_pages_) {
    drop_all();
    full = true;
  }
  if (used_ == pages_.size()) pages_.push_back(std::unique_ptr<DecodedPage>(new DecodedPage));
  DecodedPage* page = pages_[used_++].get();
  page->page = {at.value & core::kPageMask};
  page->host = ram_.host(page->page);
  page->lines = 0;
  page->cache = this;
  reset_slots(*page, 0, kSlotsPerPage);
  page->slots[kSlotsPerPage] = {page_end_, {}};
  ++counters.pages;
  return of_page_[ram_.page_index(at)] = page;
}

void CodeCache::mark(DecodedPage& page, unsigned offset, unsigned length) noexcept {
  const uint64_t lines = (uint64_t{1} << (offset / kLine)) | (uint64_t{1} << (((offset + length - 1) % core::kPageSize) / kLine));
  ++counters.decoded;
  if ((page.lines | lines) == page.lines) return;
  if (page.lines == 0) ram_.set_flag(page.page, core::kCode);
  page.lines |= lines;
}

void CodeCache::reset_slots(DecodedPage& page, unsigned first, unsigned last) noexcept {
  std::fill(page.slots + first, page.slots + last, Slot{undecoded_, {}});
}

void CodeCache::after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (!(flags & core::kCode)) return;
  DecodedPage* page = of_page_[ram_.page_index(at)];
  VT_ASSERT(page != nullptr, "a page is flagged as code and is not decoded");
  const auto first = static_cast<unsigned>(at.page_offset() / kLine);
  const auto last = static_cast<unsigned>((at.page_offset() + size - 1) / kLine);
  for (unsigned line = first; line <= last; ++line) {
    if (!((page->lines >> line) & 1)) continue;
    // A 4-byte instruction may begin in the last slot before the line.
    const unsigned begin = line * kSlotsPerLine;
    reset_slots(*page, begin == 0 ? 0 : begin - 1, begin + kSlotsPerLine);
    page->lines &= ~(uint64_t{1} << line);
    ++counters.invalidated;
  }
  if (page->lines == 0) ram_.clear_flag(page->page, core::kCode);
}

void CodeCache::drop_all() noexcept {
  for (size_t i = 0; i < used_; ++i) {
    ram_.clear_flag(pages_[i]->page, core::kCode);
    of_page_[ram_.page_index(pages_[i]->page)] = nullptr;
  }
  used_ = 0;
  ++counters.flushes;
}

}  // namespace vitrine::riscv
