// SPDX-License-Identifier: MIT
// Looking up, replacing and fencing of kept translations.
#include "mmu/kept_translations.h"

#include <algorithm>

namespace vitrine::mmu {
namespace {

constexpr unsigned kAsidShift = 44;

// A range that is longer is fenced as a whole.
constexpr uint64_t kManyPages = 512;

}  // namespace

KeptTranslations::KeptTranslations(Model model) : model_(model) {
  if (model_ == Model::kFencedTlb) sets_.resize(kSets);
}

KeptTranslations::Entry* KeptTranslations::find_at(uint64_t owner, uint64_t address, unsigned level) {
  const uint64_t number = number_of(address, level);
  if (model_ == Model::kFencedTlb) {
    for (Entry& entry : set_of(number, level).ways)
      if (entry.pte != 0 && entry.level == level && entry.number == number && entry.space == owner)
        return &entry;
    return nullptr;
  }
  const auto table = tables_.find(owner);
  if (table == tables_.end()) return nullptr;
  const auto found = table->second.find(key_of(number, level));
  return found == table->second.end() ? nullptr : &found->second;
}

// The space's own entries go before global ones, and small pages before large ones. So an entry that serves
// goes on doing so, whatever another space or another page brings in.
KeptTranslations::Entry* KeptTranslations::find_any(uint64_t space, uint64_t address) {
  const bool has_global = model_ == Model::kFencedTlb;
  for (unsigned global = 0; global <= has_global; ++global)
    for (unsigned level = 0; level < kMaxLevels; ++level) {
      if (of_level_[level] == 0) continue;
      if (Entry* entry = find_at(global ? global_of(space) : space, address, level)) return entry;
    }
  return nullptr;
}

const KeptTranslations::Entry* KeptTranslations::find(uint64_t space, core::GuestVirt at) const {
  return const_cast<KeptTranslations*>(this)->find_any(space, at.value);
}

void KeptTranslations::erase(Entry& entry) {
  --size_;
  --of_level_[entry.level];
  if (model_ == Model::kFencedTlb) {
    entry = {};
    return;
  }
  const Entry copy = entry;
  tables_.at(copy.space).erase(key_of(copy.number, copy.level));
}

void KeptTranslations::forget_entry(Entry& entry) {
  gone_.push_back(entry);
  erase(entry);
}

void KeptTranslations::insert(const Entry& entry) {
  ++size_;
  ++of_level_[entry.level];
  if (model_ == Model::kLazyShadow) {
    tables_[entry.space][key_of(entry.number, entry.level)] = entry;
    return;
  }
  Set& set = set_of(entry.number, entry.level);
  const auto free = std::find_if(set.ways.begin(), set.ways.end(), [](const Entry& e) { return e.pte == 0; });
  if (free != set.ways.end()) {
    *free = entry;
    return;
  }
  Entry& victim = set.ways[set.next];
  set.next = static_cast<uint8_t>((set.next + 1) % kWays);
  forget_entry(victim);
  victim = entry;
}

KeptTranslations::Gone KeptTranslations::put(uint64_t space, core::GuestVirt at, const Walk& walk) {
  gone_.clear();
  const bool global = model_ == Model::kFencedTlb && (walk.pte & kPteG);
  const Entry fresh = {.space = global ? global_of(space) : space,
                       .number = number_of(at.value, walk.level),
                       .pte = walk.pte,
                       .level = static_cast<uint8_t>(walk.level)};
  while (Entry* const old = find_any(space, at.value)) {
    const bool only_gained = gone_.empty() && old->space == fresh.space && old->level == fresh.level &&
                             (old->pte | kPteD) == fresh.pte;
    if (only_gained) {
      old->pte = fresh.pte;
      return {};
    }
    forget_entry(*old);
  }
  const bool full = size_ >= kMost;
  if (full) clear();
  insert(fresh);
  return {gone_, full};
}

void KeptTranslations::clear() {
  for (Set& set : sets_) set = {};
  tables_.clear();
  of_level_ = {};
  size_ = 0;
}

// An ASID does not name global entries.
bool KeptTranslations::named(const Entry& entry, const core::TranslationFence& fence) {
  if (!fence.one_space) return true;
  return !(entry.pte & kPteG) && static_cast<uint16_t>(entry.space >> kAsidShift) == fence.asid;
}

KeptTranslations::Gone KeptTranslations::forget(const core::TranslationFence& fence) {
  gone_.clear();
  if (size_ == 0 || fence.size == 0) return {};
  if (!fence.everywhere() && fence.size <= kManyPages << core::kPageShift) {
    forget_pages(fence);
    return {gone_};
  }
  if (!fence.one_space) {
    clear();
    return {.entries = {}, .many = true};
  }
  const auto drop = [&](const Entry& entry) {
    if (entry.pte == 0 || !named(entry, fence)) return false;
    --size_;
    --of_level_[entry.level];
    return true;
  };
  for (Set& set : sets_)
    for (Entry& entry : set.ways)
      if (drop(entry)) entry = {};
  for (auto& [space, table] : tables_)
    std::erase_if(table, [&](const auto& row) { return drop(row.second); });
  std::erase_if(tables_, [](const auto& row) { return row.second.empty(); });
  return {.entries = {}, .many = true};
}

// A fence of any address in a superpage is one of all of it: it is a fence of the leaf.
void KeptTranslations::forget_pages(const core::TranslationFence& fence) {
  const uint64_t first = fence.first >> core::kPageShift;
  const uint64_t last = (fence.first + fence.size - 1) >> core::kPageShift;
  for (unsigned level = 0; level < kMaxLevels; ++level) {
    if (of_level_[level] == 0) continue;
    for (uint64_t number = first >> 9 * level; number <= last >> 9 * level; ++number) {
      for (auto& [space, table] : tables_) {
        if (fence.one_space && static_cast<uint16_t>(space >> kAsidShift) != fence.asid) continue;
        const auto found = table.find(key_of(number, level));
        if (found != table.end() && named(found->second, fence)) forget_entry(found->second);
      }
      if (sets_.empty()) continue;
      for (Entry& entry : set_of(number, level).ways)
        if (entry.pte != 0 && entry.level == level && entry.number == number && named(entry, fence))
          forget_entry(entry);
    }
  }
}

// In an order that does not depend on the host.
std::vector<KeptTranslations::Entry> KeptTranslations::entries() const {
  std::vector<Entry> all;
  all.reserve(size_);
  for (const auto& [space, table] : tables_) {
    const size_t begin = all.size();
    for (const auto& [key, entry] : table) all.push_back(entry);
    std::sort(all.begin() + static_cast<ptrdiff_t>(begin), all.end(), [](const Entry& a, const Entry& b) {
      return key_of(a.number, a.level) < key_of(b.number, b.level);
    });
  }
  for (const Set& set : sets_) all.insert(all.end(), set.ways.begin(), set.ways.end());
  return all;
}

void KeptTranslations::serialize(core::Archive& ar) {
  std::vector<Entry> all = entries();
  uint64_t count = all.size();
  ar.field("count", count);
  if (count > kMost + kSets * kWays) return ar.fail("more translations are kept than there is room for");
  all.resize(count);
  for (Entry& entry : all) {
    ar.field("space", entry.space);
    ar.field("number", entry.number);
    ar.field("pte", entry.pte);
    ar.field("level", entry.level);
  }
  std::vector<uint8_t> next;
  for (const Set& set : sets_) next.push_back(set.next);
  ar.byte_vector("next", next, kSets);
  if (!ar.loading()) return;
  clear();
  if (!ar.good() || (!sets_.empty() && (next.size() != kSets || count != kSets * kWays))) return;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].level >= kMaxLevels) return ar.fail("a kept translation has a level that does not exist");
    if (sets_.empty()) {
      insert(all[i]);
      continue;
    }
    sets_[i / kWays].ways[i % kWays] = all[i];
    sets_[i / kWays].next = next[i / kWays] % kWays;
    if (all[i].pte == 0) continue;
    ++size_;
    ++of_level_[all[i].level];
  }
}

}  // namespace vitrine::mmu
