// SPDX-License-Identifier: MIT
// Stop points.
#include "core/stop_points.h"

namespace vitrine::core {
namespace {

void make_set(std::vector<uint64_t>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

// At the upper end of the address space a range goes on at 0, as addresses do.
template <typename F>
void each_page(GuestVirt at, uint64_t size, F f) {
  constexpr uint64_t kNumbers = ~uint64_t{0} >> kPageShift;
  const uint64_t last = (at.page_offset() + (size - 1)) >> kPageShift;
  for (uint64_t i = 0; i <= last; ++i) f((at.page() + i) & kNumbers);
}

}  // namespace

bool StopPoints::set(std::vector<uint64_t> breaks, std::vector<Watch> watches) {
  make_set(breaks);
  if (breaks == breaks_ && watches == watches_) return false;
  breaks_ = std::move(breaks);
  watches_ = std::move(watches);
  code_pages_.clear();
  loaded_pages_.clear();
  stored_pages_.clear();
  for (const uint64_t at : breaks_) code_pages_.push_back(at >> kPageShift);
  for (const Watch& watch : watches_) {
    each_page(watch.at, watch.size, [&](uint64_t page) {
      if (watch.loads) loaded_pages_.push_back(page);
      if (watch.stores) stored_pages_.push_back(page);
    });
  }
  make_set(code_pages_);
  make_set(loaded_pages_);
  make_set(stored_pages_);
  return true;
}

bool StopPoints::loads_watched_in(GuestVirt first, uint64_t size) const {
  const auto page = std::lower_bound(loaded_pages_.begin(), loaded_pages_.end(), first.page());
  return page != loaded_pages_.end() && *page - first.page() < size >> kPageShift;
}

void StopPoints::look(unsigned hart, GuestVirt at, uint64_t size, AccessKind kind) {
  const bool store = kind == AccessKind::kStore;
  for (const Watch& watch : watches_) {
    if (!(store ? watch.stores : watch.loads)) continue;
    const bool begins_inside = at.value - watch.at.value < watch.size;
    if (!begins_inside && watch.at.value - at.value >= size) continue;
    return note({store ? Hit::Kind::kStore : Hit::Kind::kLoad, hart, begins_inside ? at : watch.at});
  }
}

}  // namespace vitrine::core
