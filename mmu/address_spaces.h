// SPDX-License-Identifier: MIT
// What is remembered of page walks: Views (small tables) and the linear shadow page tables behind them, per
// address space and privilege, filled from walks and kept true by write notification. Nothing here can be
// observed by the guest; mmu/page_walk.h alone says what a translation is. The essay, with drawings:
// docs/shadow-page-table.md.
//
// Life of an entry
//
// fill: A slow access walks the page table. Each table page on the way gets the flag kPageTable and a record
// of the virtual range that it serves. A read entry exists only if A is set, a write entry only if D is set
// too and the page it leads to has no notify flag; that page gets kWriteMapped.
//
// use: Inline, by engines (core/memory_port.h).
//
// Reads are filled in bulk where there is a linear table: with a superpage the 2 MiB around, with a page its neighbours in the
// leaf table whose A is set. Speculation sets no A.
//
// revoke, in Views, linear tables and predictions:
// - A tracked table page is written: what the changed entry serves goes, in the spaces that were filled
// through
//   the table. If the table is found in several places, or much of it is written at once, these spaces are
//   flushed.
// - The page that a write entry leads to gets a notify flag (it became a page table, or code): its write
//   entries go. The linear ones are found by a reverse map.
// - PMP changes: everything goes.
//
// untrack: At the 16th (upper tables: 4th, as what an entry of theirs serves takes long to revoke) write in a row without a
// fill in between, a table page loses its flag: what came from it is revoked once, and further writes cost nothing.
// The next fill through it tracks it again. How many writes is an option (untrack_after()).
//
// An address space is (hart, satp mode and root, rules of the walk); ASIDs play no part. A switch of satp
// selects another space and flushes nothing.
//
// The upper half of S, the kernel's, is shared: spaces of a hart whose roots have equal entries 256 to 511 are members of a
// group (upper_groups.cpp). A group has an id as a space has, and what S fills for addresses with bit 63 set is filled under
// this id, whichever member asked: one pair of linear tables, for S with SUM and without, and one table of code. Only
// the root is the member's own: it is tracked from the moment of joining, and a member whose root differs leaves.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/attention.h"
#include "core/events.h"
#include "core/guest_ram.h"
#include "core/memory_port.h"
#include "core/stress.h"
#include "mmu/kept_translations.h"
#include "mmu/known_pages.h"
#include "mmu/page_walk.h"
#include "mmu/shadow_table.h"

namespace vitrine::mmu {

// Views of one space. S with SUM and S without differ in user pages only, but must not share entries.
enum class ViewKind : uint8_t { kUser, kSupervisor, kSupervisorSum, kMachine, kCount };

// What is no event (core/event_kinds.inc): how the tables are doing.
struct MmuCounters {
  uint64_t walks = 0;          // page walks, fills or not
  uint64_t slow_accesses = 0;  // loads and stores that the Views did not answer
  uint64_t space_switches = 0;  // changes of satp to another space
  uint64_t spaces_evicted = 0;
  uint64_t predictions_cleared = 0;  // all sets, at a revocation
  uint64_t groups = 0;               // upper halves that somebody began to fill
  uint64_t groups_joined = 0;        // spaces that came to an upper half that others had begun
  uint64_t groups_left = 0;
};

class AddressSpaces final : public core::RamListener {
 public:
  // kNone: no entry is ever installed; every access walks (the judge of the caches). kTlb: Views alone.
  // kShadow: behind the Views of Sv39 and bare spaces, linear shadow page tables, if the host gives the
  // address space.
  enum class Kind : uint8_t { kNone, kTlb, kShadow };
  // When a code entry is revoked, `attention` makes the running engine translate its pc anew before the next
  // instruction. In another model than kCoherent, entries are filled from kept translations, and nobody
  // tracks page tables: who forgets a translation says so by revoke() or flush_hart().
  AddressSpaces(core::GuestRam& ram, core::Attention& attention, core::Events& events, Kind kind,
                Model model = Model::kCoherent);
  [[nodiscard]] core::Events& events() const { return events_; }

  // A space of a hart. `root` is satp's mode and PPN, or kBareRoot.
  static constexpr uint64_t kBareRoot = ~uint64_t{0};
  using SpaceId = uint8_t;
  static constexpr unsigned kSpaces = 64;
  // The harts' current spaces (at most two each: fetch and data) are never given to somebody else; see pin().
  SpaceId space(unsigned hart, uint64_t root) noexcept;
  static constexpr unsigned kMaxHarts = 16;
  void pin(unsigned hart, SpaceId data, SpaceId code) noexcept;
  // Makes a paged space, which nobody is in but who asks, a member of the group that its root belongs to. The hart must be
  // able to read all of the root.
  void join_group(SpaceId space) noexcept;
  core::View* view(SpaceId space, ViewKind kind) noexcept;
  // The same, but nullptr if nobody has asked for it yet.
  [[nodiscard]] const core::View* made_view(SpaceId space, ViewKind kind) const noexcept {
    return spaces_[space].views[static_cast<unsigned>(kind)].get();
  }
  // A View in which nothing is ever installed.
  [[nodiscard]] core::View* empty_view() { return &empty_; }
  core::CodeView* code_view(SpaceId space, ViewKind kind) noexcept;
  [[nodiscard]] bool caching() const { return kind_ != Kind::kNone; }
  // kTlb although kShadow was asked for: the host refused the address space.
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] Model model() const { return model_; }
  // There was a space whose addresses do not fit a shadow page table, and shadow page tables were wanted.
  [[nodiscard]] bool long_addresses() const { return long_addresses_; }

  // Installs entries for one page; `walk` is nullptr in bare mode. `page` lies in RAM. A page that was not known for this use
  // is a hidden fault, on the coherent machine; on the lazy ones a hidden fault is a walk that is kept (mmu.cpp).
  // fill_read: true if the page was not known for reading.
  bool fill_read(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page,
                 const Walk* walk) noexcept;
  void fill_write(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page,
                  const Walk* walk) noexcept;
  // In bulk, after fill_read(), for linear tables only: all of the 2 MiB around, for which the same leaf holds; or another
  // page of the same leaf table. What is filled so hangs on the tables that fill_read() tracked.
  static constexpr uint64_t kBulk = ShadowTable::kChunk * core::kPageSize;
  [[nodiscard]] bool fills_in_bulk(SpaceId space, ViewKind kind, core::GuestVirt at) noexcept;
  void fill_chunk_for_reading(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page) noexcept;
  void fill_neighbour_for_reading(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page) noexcept;
  void fill_code(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page, void* payload,
                 const Walk* walk) noexcept;
  void fill_translated(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page, void* translated,
                       const Walk* walk) noexcept;

  // What a linear table of the View knows was entered in a small one, by the slow path; for writing, to `page`.
  void note_refill(core::View& view) noexcept { static_cast<KeptView&>(view).filled = true; }
  void note_refill(core::View& view, SpaceId space, core::GuestPhys page) noexcept {
    note_refill(view);
    writers_[ram_.page_index(page)] |= uint64_t{1} << space;
  }

  // A leaf table is watched for so many writes in a row, an upper one for a quarter of that; 0: for ever, each write is an
  // exit. The guest cannot see it.
  static constexpr unsigned kUntrackAfter = 16;
  void untrack_after(unsigned writes) noexcept {
    patience_ = writes;
    upper_patience_ = writes == 0 ? 0 : std::max(1u, writes / 4);
  }

  // A set of predictions, filled from Views. What is revoked goes from it too.
  void add_predictions(core::PredictionSet* set) { predictions_.push_back(set); }

  void drop_all() noexcept;
  void drop_code() noexcept;
  // What was filled from translations of a hart, in all its paged spaces: for so many pages from an address
  // on, or all.
  void revoke(unsigned hart, uint64_t first, uint64_t pages) noexcept;
  void flush_hart(unsigned hart) noexcept;

  // For events, in words: what the last write to a watched page table did; what a space is, and how much of it is known.
  [[nodiscard]] std::string table_effect() const;
  // All that there are, for people who ask.
  struct SpaceView {
    SpaceId id = 0;
    unsigned hart = 0;
    uint64_t root = 0;        // satp's mode and PPN, or kBareRoot
    bool group = false;       // what members share of their upper half
    SpaceId shares_with = 0;  // the group that it is a member of; itself: none
    std::array<uint64_t, static_cast<size_t>(ViewKind::kCount)> known = {};  // pages, by kind of View
    uint64_t known_upper = 0;                                                // of S, in the upper half, its own
    bool linear = false;                                                     // it has a linear table
  };
  [[nodiscard]] std::vector<SpaceView> spaces() const;
  // Pages of it that are known, those that it shares with its group too.
  [[nodiscard]] uint64_t known_in(SpaceId space) const;
  // "7 (root 0x81234000, asid 12): kept, 214 pages known"; without `asid` nothing is said of it.
  [[nodiscard]] std::string space_text(SpaceId space, std::optional<uint64_t> asid = {}) const;

  // For tests: now and then at the beginning of a slow access, one of the things above happens for no reason.
  void set_stress(core::Stress* stress) { stress_ = stress; }
  void feel_stress() noexcept {
    if (stress_ && stress_->due()) [[unlikely]]
      disturb();
  }
  // A space's Views are made anew, elsewhere; whoever points to them takes them anew.
  void move(SpaceId space) noexcept;

  // RamListener
  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;
  void write_path_revoked(core::GuestPhys page) noexcept override;

  MmuCounters counters;

 private:
  static constexpr unsigned kViews = static_cast<unsigned>(ViewKind::kCount);

  struct KeptView : core::View {
    bool filled = false;    // something was installed since it was flushed
    bool unlisted = false;  // among it write entries that no linear table has
  };
  struct KeptCode : core::CodeView {
    bool filled = false;
  };
  using RootHalf = std::array<uint8_t, core::kPageSize / 2>;
  struct Space {
    uint64_t root = 0;
    unsigned hart = ~0u;     // ~0: free
    SpaceId group = 0;       // where the upper half of S is filled; itself, if it is no member
    bool low_kernel = false;  // S executed in its lower half: it shares nothing
    uint32_t vain_looks = 0;  // at its root, whose upper half was all zeros
    std::array<std::unique_ptr<KeptView>, kViews> views;
    std::array<std::unique_ptr<KeptCode>, kViews> code;
    // The linear tables. U and M have no upper half; that of S is one, since no user page is entered there.
    std::array<ShadowPair, kViews> lower;
    ShadowPair upper;
    // What the tables above and the small ones hold, or would hold if they were large and nothing else were in the way.
    std::array<KnownPages, kViews> known;
    KnownPages known_upper;
    // Of a group: what the members' roots have in common, and who the members are. Nobody, when all have left.
    std::unique_ptr<RootHalf> common;
    uint64_t members = 0;
  };
  // A page that is known for writing, found from the RAM page that it leads to. It may be stale; KnownPages has the truth.
  struct WriteEntry {
    uint32_t next;  // 1 + its place in write_entries_; 0: the last
    uint32_t page_low;
    uint16_t page_high;  // both: bits 59:12 of the address
    SpaceId space;
    uint8_t view;
    [[nodiscard]] uint64_t address() const {
      constexpr unsigned kUnused = 64 - 48;
      const uint64_t page = uint64_t{page_high} << 32 | page_low;
      return static_cast<uint64_t>(static_cast<int64_t>(page << kUnused) >> kUnused) << core::kPageShift;
    }
  };
  // What is known of a tracked page-table page.
  struct Table {
    uint64_t range = 0;   // the virtual address that its entry 0 serves
    uint64_t spaces = 0;  // bit i: space i was filled through it
    uint8_t level = 0;    // 0: its entries are leaves of 4 KiB
    bool root = false;    // serves a whole space; range is 0
    bool irregular =
        false;  // found at two levels or ranges (recursive or aliased tables): revoke without asking where
    bool of_member = false;  // is or was the root of a member of a group
    uint32_t writes = 0;  // since the last fill through it
  };

  static bool is_supervisor(ViewKind kind) {
    return kind == ViewKind::kSupervisor || kind == ViewKind::kSupervisorSum;
  }
  // Under whose id an address is filled, and in which linear tables; nullptr: there are none for it.
  [[nodiscard]] SpaceId filled_as(SpaceId space, ViewKind kind, core::GuestVirt at) const noexcept;
  ShadowPair* linear_tables(SpaceId space, ViewKind kind, core::GuestVirt at) noexcept;

  // Known as the same page for the same use; entered as known, which may be a hidden fault: true if it was not there.
  KnownPages& known_pages(SpaceId space, ViewKind kind, core::GuestVirt at) noexcept;
  bool knows(SpaceId space, ViewKind kind, core::GuestVirt at, PageUse use) noexcept;
  bool learn(SpaceId space, ViewKind kind, core::GuestVirt at, PageUse use, core::GuestPhys page) noexcept;
  void forget_writers(core::GuestPhys page) noexcept;

  void track(SpaceId space, ViewKind kind, core::GuestVirt at, const Walk& walk) noexcept;
  Table& table_at(core::GuestPhys entry, const Table& described) noexcept;
  void revoke_entry(const Table& table, uint64_t spaces, uint64_t index) noexcept;
  void untrack(core::GuestPhys at) noexcept;
  void revoke_all(core::GuestPhys at, const Table& table) noexcept;
  void revoke_page(uint64_t spaces, uint64_t address) noexcept;
  void revoke_range(uint64_t spaces, uint64_t first, uint64_t pages) noexcept;
  void flush_spaces(uint64_t spaces) noexcept;
  void clear_predictions() noexcept;
  void clear_jumps(const core::CodeView& code, uint64_t first, uint64_t pages) noexcept;
  void clear_predictions_of(const Space& space, unsigned kind, uint64_t address) noexcept;
  void note_write_entry(SpaceId space, ViewKind kind, uint64_t address, core::GuestPhys page) noexcept;
  void revoke_listed(const WriteEntry& entry, uint64_t writers, uint64_t host) noexcept;
  void drop_write_entries() noexcept;
  KeptView& kept(SpaceId space, ViewKind kind) noexcept;
  [[nodiscard]] uint64_t paged_spaces_of(unsigned hart) const noexcept;
  core::CodeEntry& code_entry(SpaceId space, ViewKind kind, core::GuestVirt at, core::GuestPhys page, const Walk* walk) noexcept;
  KeptCode& kept_code(SpaceId space, ViewKind kind) noexcept;
  // Calls action(space, kind, View) for all Views whose small tables may hold what was filled under `id`.
  template <typename Action>
  void for_each_view(SpaceId id, Action action) noexcept;
  static void flush(KeptView& view) noexcept;
  void flush(KeptCode& code) noexcept;
  SpaceId take(unsigned hart, uint64_t root) noexcept;
  void evict(SpaceId id) noexcept;
  unsigned next_victim() noexcept;

  void disturb() noexcept;

  // Groups: upper_groups.cpp
  [[nodiscard]] bool is_group(unsigned id) const { return spaces_[id].common != nullptr; }
  [[nodiscard]] core::GuestPhys root_page(const Space& space) const noexcept;
  SpaceId group_for(const Space& space, const uint8_t* upper_half) noexcept;
  void track_root(SpaceId id) noexcept;
  void leave_group(SpaceId id) noexcept;
  void dissolve(SpaceId group) noexcept;
  void renew_supervisor_views(SpaceId id) noexcept;
  [[nodiscard]] uint64_t members_by(core::GuestPhys root) const noexcept;
  uint64_t root_changed(core::GuestPhys root) noexcept;
  void leave_by_root(core::GuestPhys root) noexcept;
  [[nodiscard]] bool somebody_is_in(SpaceId id) const noexcept;

  core::GuestRam& ram_;
  core::Attention& attention_;
  core::Events& events_;
  Kind kind_;
  Model model_;
  core::View empty_;
  core::CodeView empty_code_;
  std::array<Space, kSpaces> spaces_;
  unsigned next_victim_ = 0;
  std::array<uint64_t, kMaxHarts> pinned_ = {};
  struct Free {
    void operator()(void* p) const;
  };
  // Tracked table pages: per RAM page 1 + its place in tables_ (0: not tracked). Both this and `writers_` are
  // zero pages of the host until used.
  std::unique_ptr<uint32_t[], Free> table_of_;
  std::vector<Table> tables_;
  std::vector<uint32_t> free_tables_;
  // Per RAM page: which spaces may hold a write entry for it.
  std::unique_ptr<uint64_t[], Free> writers_;
  std::vector<core::PredictionSet*> predictions_;
  core::Stress* stress_ = nullptr;
  unsigned patience_ = 0, upper_patience_ = 0;  // writes in a row; 0: no limit
  bool long_addresses_ = false;
  // For words of events: what after_write() did last.
  struct TableEffect {
    Table table;
    uint64_t first = 0, last = 0;  // entries that were written
    bool untracked = false;
  };
  TableEffect table_effect_;
  // Per RAM page: 1 + the first of its write entries.
  std::unique_ptr<uint32_t[], Free> first_write_entry_;
  std::vector<WriteEntry> write_entries_;
};

}  // namespace vitrine::mmu
