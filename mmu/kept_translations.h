// SPDX-License-Identifier: MIT
// What the machines of `--mmu shadow-lazy` and `--mmu tlb-fenced` remember of page walks until a fence names
// it. Here, and only here, a translation may be older than the page table: "An implementation may cache
// translations ... until SFENCE.VMA" (privileged spec, "Supervisor Memory-Management Fence Instruction"). So
// what is kept is state of the machine: it is hashed, and it depends on nothing but the guest's own accesses
// and fences, in their order. Views and shadow tables are filled from it, and may be dropped at any moment,
// unseen.
//
// An entry is the leaf of a walk that succeeded. It can only say yes: what it does not permit (also a store,
// while D is clear) is walked anew, and replaces it. Entries that are not valid are never kept. A hit changes
// nothing, so that it does not matter which hits the host's caches answer.
//
// Lazy shadow: one table for each value of satp, as a hypervisor keeps one for each root; there is room for a
// million entries, and when they are used up, all go. Fenced TLB: 1,024 sets of four entries, replaced in
// turn, each with an ASID. The root is not in it: a kernel that gives an ASID to another root has to fence.
// Entries with G serve all ASIDs.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/memory_port.h"
#include "core/state.h"
#include "mmu/page_walk.h"

namespace vitrine::mmu {

// What the guest may see of kept translations.
enum class Model : uint8_t {
  kCoherent,  // nothing: each access is translated as by a walk at that moment
  kLazyShadow,
  kFencedTlb,
};

class KeptTranslations {
 public:
  explicit KeptTranslations(Model model);

  struct Entry {
    uint64_t space = 0;   // space_of(satp), with kGlobal in a TLB
    uint64_t number = 0;  // of the page, counted in pages of its size from address 0
    uint64_t pte = 0;     // 0: no entry
    uint8_t level = 0;    // 0: 4 KiB, 1: 2 MiB, ...
    [[nodiscard]] uint64_t first() const { return number << (core::kPageShift + 9 * level); }
    [[nodiscard]] uint64_t pages() const { return uint64_t{1} << 9 * level; }
  };
  // What identifies an address space: all of satp, or mode and ASID.
  [[nodiscard]] uint64_t space_of(uint64_t satp) const {
    return model_ == Model::kFencedTlb ? satp & ~kRoot : satp;
  }

  // nullptr: nothing is kept.
  [[nodiscard]] const Entry* find(uint64_t space, core::GuestVirt at) const;
  // What went, for whoever was filled from it: these, or so many that they are not told. Valid until the next
  // call.
  struct Gone {
    std::span<const Entry> entries;
    bool many = false;
  };
  // Keeps what a walk found for `at`. An entry that only gains D is none that went.
  Gone put(uint64_t space, core::GuestVirt at, const Walk& walk);
  // Everything that the fence names goes, and perhaps more.
  Gone forget(const core::TranslationFence& fence);
  void clear();
  [[nodiscard]] size_t size() const { return size_; }

  void serialize(core::Archive& ar);

 private:
  static constexpr uint64_t kMode = uint64_t{15} << 60;
  static constexpr uint64_t kRoot = (uint64_t{1} << 44) - 1;
  static constexpr uint64_t kGlobal = 1;  // among the bits of the root, which a TLB does not have
  static constexpr size_t kMost = 1 << 20;
  static constexpr unsigned kSets = 1024, kWays = 4;
  struct Set {
    std::array<Entry, kWays> ways = {};
    uint8_t next = 0;  // who goes next
  };
  using Table = std::unordered_map<uint64_t, Entry>;  // by number and level

  [[nodiscard]] Set& set_of(uint64_t number, unsigned level) { return sets_[(number + 341 * level) % kSets]; }
  static uint64_t number_of(uint64_t address, unsigned level) {
    return address >> (core::kPageShift + 9 * level);
  }
  static uint64_t key_of(uint64_t number, unsigned level) { return number << 3 | level; }
  static bool named(const Entry& entry, const core::TranslationFence& fence);
  static uint64_t global_of(uint64_t space) { return (space & kMode) | kGlobal; }
  Entry* find_at(uint64_t owner, uint64_t address, unsigned level);
  Entry* find_any(uint64_t space, uint64_t address);
  void erase(Entry& entry);
  void insert(const Entry& entry);
  void forget_entry(Entry& entry);
  void forget_pages(const core::TranslationFence& fence);
  std::vector<Entry> entries() const;

  Model model_;
  std::vector<Set> sets_;             // of a TLB
  std::map<uint64_t, Table> tables_;  // of a lazy shadow, by space
  size_t size_ = 0;
  std::array<size_t, kMaxLevels> of_level_ = {};  // how many entries
  std::vector<Entry> gone_;
};

}  // namespace vitrine::mmu
