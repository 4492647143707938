// SPDX-License-Identifier: MIT
// Versions of pages.
#include "core/page_history.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/assert.h"

namespace vitrine::core {
namespace {

constexpr uint8_t kZero[kPageSize] = {};

}  // namespace

PageHistory::PageHistory(GuestRam& ram, Mark first) : ram_(ram), position_(first) {
  ram_.each_page([this](GuestPhys at, const uint8_t*) { keep(ram_.page_index(at), position_); });
  changed_[position_];
  for (uint64_t page = 0; page < ram_.pages(); ++page) clean(page);
  ram_.add_listener(this);
}

PageHistory::~PageHistory() {
  ram_.remove_listener(this);
  for (uint64_t page = 0; page < ram_.pages(); ++page) ram_.clear_flag(address(page), kClean);
}

void PageHistory::before_write(GuestPhys at, size_t) noexcept {
  if (!(ram_.flags(at) & kClean)) return;
  ram_.clear_flag(at, kClean);
  dirty_.push_back(ram_.page_index(at));
}

// The first version behind a mark.
PageHistory::Versions::const_iterator PageHistory::behind(const Versions& versions, Mark mark) {
  return std::upper_bound(versions.begin(), versions.end(), mark, [](Mark m, const Version& version) { return m < version.mark; });
}

void PageHistory::keep(uint64_t page, Mark mark) {
  const uint8_t* const now = ram_.host(address(page));
  std::unique_ptr<Bytes> bytes;
  if (std::memcmp(now, kZero, kPageSize) != 0) {
    bytes = std::make_unique<Bytes>();
    std::memcpy(bytes->data(), now, kPageSize);
    ++versions_;
  }
  auto& versions = pages_[page];
  versions.insert(behind(versions, mark), {mark, std::move(bytes)});
  changed_[mark].push_back(page);
}

// What changed from here to the next mark is among the pages that have a version there: the run is the same.
void PageHistory::mark(Mark mark) {
  VT_ASSERT(mark > position_ && changed_.count(mark) == 0, "marks are set on the way forward");
  changed_[mark];
  std::sort(dirty_.begin(), dirty_.end());  // a page may be there twice, since forget()
  dirty_.erase(std::unique(dirty_.begin(), dirty_.end()), dirty_.end());
  for (const uint64_t page : std::exchange(dirty_, {})) {
    keep(page, mark);
    clean(page);
  }
  position_ = mark;
}

// What the last version at or before the mark holds; null: zeroes.
const PageHistory::Bytes* PageHistory::content(uint64_t page, Mark mark) const {
  const auto found = pages_.find(page);
  if (found == pages_.end()) return nullptr;
  const auto place = behind(found->second, mark);
  return place == found->second.begin() ? nullptr : std::prev(place)->bytes.get();
}

void PageHistory::write(uint64_t page, const Bytes* bytes) {
  const uint8_t* const wanted = bytes ? bytes->data() : kZero;
  if (std::memcmp(ram_.host(address(page)), wanted, kPageSize) == 0) return;
  const bool written = ram_.write(address(page), wanted, kPageSize);
  VT_ASSERT(written, "pages of RAM are in RAM");
}

void PageHistory::go_to(Mark mark) {
  VT_ASSERT(changed_.count(mark) == 1, "a mark that was not forgotten");
  std::vector<uint64_t> pages = std::exchange(dirty_, {});
  const auto from = changed_.upper_bound(std::min(mark, position_)), to = changed_.upper_bound(std::max(mark, position_));
  for (auto between = from; between != to; ++between) pages.insert(pages.end(), between->second.begin(), between->second.end());
  for (const uint64_t page : pages) write(page, content(page, mark));
  dirty_.clear();  // by these writes
  for (const uint64_t page : pages) clean(page);
  position_ = mark;
}

// Its versions are those of the next mark, but for pages that changed again until then.
void PageHistory::forget(Mark mark) {
  const auto place = changed_.find(mark);
  VT_ASSERT(mark != 0 && place != changed_.end() && std::next(place) != changed_.end(), "the first and the last mark stay");
  const Mark next = std::next(place)->first;
  if (position_ == mark) {  // RAM is as at the mark before, but for these pages
    dirty_.insert(dirty_.end(), place->second.begin(), place->second.end());
    position_ = std::prev(place)->first;
  }
  for (const uint64_t page : place->second) {
    auto& versions = pages_[page];
    const auto mine = std::lower_bound(versions.begin(), versions.end(), mark,
                                       [](const Version& version, Mark m) { return version.mark < m; });
    const auto behind = std::next(mine);
    if (behind != versions.end() && behind->mark == next) {
      versions_ -= mine->bytes != nullptr;
      versions.erase(mine);
    } else {
      mine->mark = next;
      changed_[next].push_back(page);
    }
  }
  changed_.erase(place);
}

}  // namespace vitrine::core
