// SPDX-License-Identifier: MIT
// Of --lint: page-table entries that were used, changed, and used again with no fence in between. An entry is
// used when a hart's access is translated by it for the first time since the shadow knows it, that is at a
// hidden fault or a page fault of the guest. Lenient where a hart has several ways to say that it means all:
// a fence of one address serves every entry that an address with these bits can come by, a fence of one ASID
// all of them, a remote fence all harts. When the way to a table was taken away and fenced, nothing of it is
// in use.
//
// Where this stands in the spec: "Supervisor Memory-Management Fence Instruction" (priv 10.2.1). Next:
// mmu/page_walk.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "core/events.h"
#include "core/memory_port.h"
#include "mmu/page_walk.h"

namespace vitrine::app {

class LintTables {
 public:
  // An access of a hart that walked; `satp` is the hart's. Returns what is wrong, or nothing.
  std::string used(unsigned hart, uint64_t satp, uint64_t address, const mmu::Walk& walk);
  // A store of the guest to an entry.
  void written(const core::EventPlace& place, uint64_t entry_at, uint64_t before, uint64_t after);
  // By the hart itself.
  void fence_all(unsigned hart);
  void fence_address(unsigned hart, uint64_t address);
  // By firmware, of all harts.
  void fence_everybody();

 private:
  struct Used {
    uint64_t satp = 0;
    uint64_t table = 0;  // where it leads, if it is no leaf
    uint32_t harts = 0;
  };
  struct Changed {
    uint64_t satp, table, before, after, pc, step;
    uint32_t harts;  // that used the old entry, and did not fence
  };
  template <typename Named>
  void fence(uint32_t harts, Named named);
  void forget_table(uint64_t table);

  std::unordered_map<uint64_t, Used> used_;        // by the entry's address
  std::unordered_map<uint64_t, Changed> changed_;  // likewise
};

}  // namespace vitrine::app
