// SPDX-License-Identifier: MIT
// Filling and revoking of Views. The life of an entry is told in address_spaces.h.
#include "mmu/address_spaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "core/assert.h"

namespace vitrine::mmu {

using core::CodeEntry;
using core::DataEntry;
using core::GuestPhys;
using core::GuestVirt;
using core::View;

namespace {

constexpr uint64_t kRootEntries = 512;

constexpr uint64_t bit(unsigned space) { return uint64_t{1} << space; }

template <typename Action>
void for_each_space(uint64_t spaces, Action action) {
  for (; spaces != 0; spaces &= spaces - 1) action(static_cast<unsigned>(std::countr_zero(spaces)));
}

DataEntry& slot(DataEntry* table, uint64_t address) {
  return table[(address >> core::kPageShift) & (core::kDataEntries - 1)];
}
CodeEntry& slot(CodeEntry* table, uint64_t address) {
  return table[(address >> core::kPageShift) & (core::kCodeEntries - 1)];
}

template <typename Entry>
bool clear_if(Entry* table, uint64_t address) {
  Entry& entry = slot(table, address);
  if (entry.tag != address) return false;
  entry = {};
  return true;
}

}  // namespace

void AddressSpaces::Free::operator()(void* p) const { std::free(p); }

AddressSpaces::AddressSpaces(core::GuestRam& ram, core::Attention& attention, core::Events& events, Kind kind, Model model)
    : ram_(ram),
      attention_(attention),
      events_(events),
      kind_(kind),
      model_(model),
      table_of_(static_cast<uint32_t*>(std::calloc(ram.pages(), sizeof(uint32_t)))),
      writers_(static_cast<uint64_t*>(std::calloc(ram.pages(), sizeof(uint64_t)))),
      first_write_entry_(static_cast<uint32_t*>(std::calloc(ram.pages(), sizeof(uint32_t)))) {
  if (!table_of_ || !writers_ || !first_write_entry_) throw std::bad_alloc();
  for (unsigned i = 0; i < kSpaces; ++i) spaces_[i].group = static_cast<SpaceId>(i);
  untrack_after(kUntrackAfter);
  ram_.add_listener(this);
}

AddressSpaces::SpaceId AddressSpaces::space(unsigned hart, uint64_t root) noexcept {
  for (unsigned i = 0; i < kSpaces; ++i)
    if (spaces_[i].hart == hart && spaces_[i].root == root) return static_cast<SpaceId>(i);
  return take(hart, root);
}

AddressSpaces::SpaceId AddressSpaces::take(unsigned hart, uint64_t root) noexcept {
  unsigned free = 0;
  while (free < kSpaces && spaces_[free].hart != ~0u) ++free;
  if (free == kSpaces) {
    free = next_victim();
    evict(static_cast<SpaceId>(free));
    ++counters.spaces_evicted;
  }
  Space& space = spaces_[free];
  space.hart = hart;
  space.root = root;
  space.group = static_cast<SpaceId>(free);
  space.low_kernel = false;
  space.vain_looks = 0;
  return space.group;
}

void AddressSpaces::pin(unsigned hart, SpaceId data, SpaceId code) noexcept {
  pinned_[hart] = bit(data) | bit(code);
}

unsigned AddressSpaces::next_victim() noexcept {
  uint64_t pinned = 0;
  for (const uint64_t of_hart : pinned_) pinned |= of_hart;
  for_each_space(pinned, [&](unsigned id) { pinned |= bit(spaces_[id].group); });
  for (unsigned i = 0; i < kSpaces; ++i)
    if (is_group(static_cast<SpaceId>(i)) && spaces_[i].members == 0) return i;
  do next_victim_ = (next_victim_ + 1) % kSpaces;
  while (pinned & bit(next_victim_));
  return next_victim_;
}

void AddressSpaces::evict(SpaceId id) noexcept {
  dissolve(id);
  leave_group(id);
  flush_spaces(bit(id));
  spaces_[id].common.reset();
  spaces_[id].hart = ~0u;
}

View* AddressSpaces::view(SpaceId space, ViewKind kind) noexcept {
  return caching() ? &kept(space, kind) : &empty_;
}

AddressSpaces::KeptView& AddressSpaces::kept(SpaceId space, ViewKind kind) noexcept {
  const auto k = static_cast<unsigned>(kind);
  std::unique_ptr<KeptView>& view = spaces_[space].views[k];
  if (!view) view = std::make_unique<KeptView>();
  // A place in the pool may serve a space with other levels next time.
  const uint64_t root = spaces_[space].root;
  const bool linear = kind_ == Kind::kShadow && (root == kBareRoot || mode_of(root) == Mode::kSv39);
  long_addresses_ |= kind_ == Kind::kShadow && !linear;
  ShadowPair* const halves[] = {&spaces_[space].lower[k], is_supervisor(kind) ? &spaces_[spaces_[space].group].upper : nullptr};
  for (unsigned half : {0, 1}) {
    const bool there = linear && halves[half] && halves[half]->reserve();
    if (linear && halves[half] && !there) kind_ = Kind::kTlb;
    view->read_shadow[half] = there ? halves[half]->reads.entries() : nullptr;
    view->write_shadow[half] = there ? halves[half]->writes.entries() : nullptr;
  }
  return *view;
}

core::CodeView* AddressSpaces::code_view(SpaceId space, ViewKind kind) noexcept {
  return caching() ? &kept_code(space, kind) : &empty_code_;
}

AddressSpaces::KeptCode& AddressSpaces::kept_code(SpaceId space, ViewKind kind) noexcept {
  const SpaceId id = is_supervisor(kind) ? spaces_[space].group : space;
  std::unique_ptr<KeptCode>& code = spaces_[id].code[static_cast<unsigned>(kind)];
  if (!code) code = std::make_unique<KeptCode>();
  return *code;
}

AddressSpaces::SpaceId AddressSpaces::filled_as(SpaceId space, ViewKind kind, GuestVirt at) const noexcept {
  return is_supervisor(kind) && ShadowTable::half(at.value) == 1 ? spaces_[space].group : space;
}

ShadowPair* AddressSpaces::linear_tables(SpaceId space, ViewKind kind, GuestVirt at) noexcept {
  const unsigned half = ShadowTable::half(at.value);
  if (!ShadowTable::canonical(at.value) || !kept(space, kind).read_shadow[half]) return nullptr;
  Space& owner = spaces_[filled_as(space, kind, at)];
  return half == 0 ? &owner.lower[static_cast<unsigned>(kind)] : &owner.upper;
}

KnownPages& AddressSpaces::known_pages(SpaceId space, ViewKind kind, GuestVirt at) noexcept {
  const bool upper = is_supervisor(kind) && ShadowTable::half(at.value) == 1;
  return upper ? spaces_[spaces_[space].group].known_upper : spaces_[space].known[static_cast<unsigned>(kind)];
}

// What S may use without SUM it may use with it: a prediction serves both (Mmu::match_predictions()).
bool AddressSpaces::knows(SpaceId space, ViewKind kind, GuestVirt at, PageUse use) noexcept {
  if (known_pages(space, kind, at).has(at.value, use)) return true;
  return kind == ViewKind::kSupervisorSum && known_pages(space, ViewKind::kSupervisor, at).has(at.value, use);
}

bool AddressSpaces::learn(SpaceId space, ViewKind kind, GuestVirt at, PageUse use, GuestPhys page) noexcept {
  const bool known = knows(space, kind, at, use);
  const bool set = known_pages(space, kind, at).set(at.value, use, ram_.page_index(page));
  if (known) {
    events_.count(core::EventKind::kRefill);
  } else if (model_ == Model::kCoherent) {
    core::EventNote event(events_, core::EventKind::kHiddenFault);
    event.tell(at.value & core::kPageMask, static_cast<uint64_t>(use), page.value & core::kPageMask, [&] {
      static constexpr const char* kUses[] = {"reading", "writing", "execution"};
      return fmt::format("{:#x} may be used for {}, at {:#x}; pages known of address space {}: {}", at.value & core::kPageMask,
                         kUses[static_cast<unsigned>(use)], page.value & core::kPageMask, space, known_in(space));
    });
  }
  return set;
}

bool AddressSpaces::fill_read(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page,
                              const Walk* walk) noexcept {
  if (!caching()) return false;
  // What is known hangs on tables that are tracked.
  const bool known = knows(space, kind, at, PageUse::kRead);
  if (walk && !known) track(space, kind, at, *walk);
  learn(space, kind, at, PageUse::kRead, page);
  const uint64_t address = at.value & core::kPageMask;
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  KeptView& view = kept(space, kind);
  view.filled = true;
  slot(view.read, address) = {address, host - address};
  if (ShadowPair* const tables = linear_tables(space, kind, at)) tables->reads.set(address, host - address);
  return !known;
}

bool AddressSpaces::fills_in_bulk(SpaceId space, ViewKind kind, GuestVirt at) noexcept {
  return model_ == Model::kCoherent && caching() && linear_tables(space, kind, at);
}

void AddressSpaces::fill_chunk_for_reading(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page) noexcept {
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  linear_tables(space, kind, at)->reads.set_chunk(at.value, host - (at.value & core::kPageMask));
  known_pages(space, kind, at).set_chunk(at.value);
}

void AddressSpaces::fill_neighbour_for_reading(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page) noexcept {
  linear_tables(space, kind, at)->reads.set(at.value, reinterpret_cast<uint64_t>(ram_.host(page)) - at.value);
  known_pages(space, kind, at).set(at.value, PageUse::kRead, ram_.page_index(page));
}

void AddressSpaces::fill_write(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page,
                               const Walk* walk) noexcept {
  if (!caching()) return;
  if (walk && !knows(space, kind, at, PageUse::kWrite))
    track(space, kind, at, *walk);  // may flag `page` itself: a page table that maps itself
  const uint8_t flags = ram_.flags(page);
  if (flags & core::kPageTable) return;  // each write is an exit of its own
  const bool watched = flags & core::kNotifyFlags;
  if (watched && knows(space, kind, at, PageUse::kWrite)) return;  // nothing is entered: no refill
  const uint64_t address = at.value & core::kPageMask;
  if (learn(space, kind, at, PageUse::kWrite, page)) note_write_entry(filled_as(space, kind, at), kind, address, page);
  if (watched) return;
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  KeptView& view = kept(space, kind);
  view.filled = true;
  if (ShadowPair* const tables = linear_tables(space, kind, at)) {
    tables->writes.set(address, host - address);
  } else {
    view.unlisted = true;
  }
  slot(view.write, address) = {address, host - address};
  ram_.set_flag(page, core::kWriteMapped);
  writers_[ram_.page_index(page)] |= bit(space);
}

void AddressSpaces::note_write_entry(SpaceId space, ViewKind kind, uint64_t address,
                                     GuestPhys page) noexcept {
  constexpr size_t kMany = 1 << 20;  // stale ones are never taken out one by one
  if (write_entries_.size() >= kMany) drop_write_entries();
  uint32_t& first = first_write_entry_[ram_.page_index(page)];
  const uint64_t number = address >> core::kPageShift;
  write_entries_.push_back({first, static_cast<uint32_t>(number), static_cast<uint16_t>(number >> 32), space,
                            static_cast<uint8_t>(kind)});
  first = static_cast<uint32_t>(write_entries_.size());
}

void AddressSpaces::drop_write_entries() noexcept {
  flush_spaces(~uint64_t{0});
  write_entries_.clear();
  std::fill_n(first_write_entry_.get(), ram_.pages(), 0);
}

// The page became a page table: whoever writes to it is seen, and has to ask anew when it is none any more.
void AddressSpaces::forget_writers(GuestPhys page) noexcept {
  const uint64_t index = ram_.page_index(page);
  uint32_t& first = first_write_entry_[index];
  for (uint32_t i = first; i != 0; i = write_entries_[i - 1].next) {
    const WriteEntry& entry = write_entries_[i - 1];
    known_pages(entry.space, static_cast<ViewKind>(entry.view), {entry.address()}).clear_write(entry.address(), index);
  }
  first = 0;
}

CodeEntry& AddressSpaces::code_entry(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page, const Walk* walk) noexcept {
  if (walk && !knows(space, kind, at, PageUse::kExecute)) {
    // One table of code for all members can hold the upper half only.
    if (is_supervisor(kind) && ShadowTable::half(at.value) == 0) {
      leave_group(space);
      spaces_[space].low_kernel = true;
    }
    track(space, kind, at, *walk);
  }
  const uint64_t address = at.value & core::kPageMask;
  KeptCode& code = kept_code(space, kind);
  code.filled = true;
  CodeEntry& entry = slot(code.code, address);
  if (entry.tag == address) return entry;  // the other engine's half of it is there
  learn(space, kind, at, PageUse::kExecute, page);
  return entry = {.tag = address};
}

void AddressSpaces::fill_code(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page, void* payload,
                              const Walk* walk) noexcept {
  if (caching()) code_entry(space, kind, at, page, walk).payload = payload;
}

void AddressSpaces::fill_translated(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page, void* translated,
                                    const Walk* walk) noexcept {
  if (caching()) code_entry(space, kind, at, page, walk).translated = translated;
}

void AddressSpaces::clear_jumps(const core::CodeView& code, uint64_t first, uint64_t pages) noexcept {
  for (core::PredictionSet* set : predictions_)
    if (set->code_view == &code) set->jumps.clear(first, pages << core::kPageShift);
}

void AddressSpaces::clear_predictions() noexcept {
  for (core::PredictionSet* set : predictions_) set->clear();
  ++counters.predictions_cleared;
}

AddressSpaces::Table& AddressSpaces::table_at(GuestPhys entry, const Table& described) noexcept {
  uint32_t& place = table_of_[ram_.page_index(entry)];
  if (place == 0) {
    if (free_tables_.empty()) {
      tables_.emplace_back();
      free_tables_.push_back(static_cast<uint32_t>(tables_.size()));
    }
    place = free_tables_.back();
    free_tables_.pop_back();
    tables_[place - 1] = described;
    ram_.set_flag(entry, core::kPageTable);
    forget_writers(entry);
  }
  return tables_[place - 1];
}

// The root of a member is its own; the tables below it belong to all of the group.
void AddressSpaces::track(SpaceId space, ViewKind kind, GuestVirt at, const Walk& walk) noexcept {
  if (model_ != Model::kCoherent) return;
  const SpaceId id = filled_as(space, kind, at);
  for (unsigned i = 0; i < walk.depth; ++i) {
    const unsigned level = walk.level + (walk.depth - 1 - i);
    const uint64_t span = uint64_t{1} << (core::kPageShift + 9 * (level + 1));
    const bool root = i == 0;  // its upper half serves negative addresses
    const Table described = {
        .range = root ? 0 : at.value & ~(span - 1), .level = static_cast<uint8_t>(level), .root = root};
    Table& table = table_at(walk.entry_at[i], described);
    if (table.level != level || table.range != described.range || table.root != root) table.irregular = true;
    table.spaces |= bit(root ? space : id);
    table.writes = 0;
  }
}

// What came from a table.
void AddressSpaces::revoke_all(GuestPhys at, const Table& table) noexcept {
  if (table.of_member) leave_by_root(at);
  if (table.level == 0 && !table.irregular)
    revoke_range(table.spaces, table.range, 512);
  else
    flush_spaces(table.spaces);
}

void AddressSpaces::untrack(GuestPhys at) noexcept {
  uint32_t& place = table_of_[ram_.page_index(at)];
  revoke_all(at, tables_[place - 1]);
  free_tables_.push_back(place);
  place = 0;
  ram_.clear_flag(at, core::kPageTable);
  events_.count(core::EventKind::kTableUntracked);
}

void AddressSpaces::after_write(GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (flags & (core::kCode | core::kTranslated)) events_.count(core::EventKind::kCodeWrite);
  if (!(flags & core::kPageTable)) return;
  const uint32_t place = table_of_[ram_.page_index(at)];
  VT_ASSERT(place != 0, "a page is flagged as page table and is not in the list");
  Table& table = tables_[place - 1];
  events_.count(core::EventKind::kTableUpdate);
  const bool few_entries = size <= 8 && !table.irregular;
  const unsigned patience = table.level == 0 ? patience_ : upper_patience_;
  const uint64_t first = at.page_offset() / 8;
  const uint64_t last = (at.page_offset() + size - 1) / 8;
  const bool too_many = patience != 0 && (!few_entries || ++table.writes >= patience);
  if (events_.listening()) table_effect_ = {table, first, last, too_many};
  if (too_many) return untrack(at);
  if (!few_entries) return revoke_all(at, table);
  uint64_t spaces = table.spaces;
  if (table.of_member && last >= kRootEntries / 2) spaces |= root_changed(at);
  for (uint64_t index = first; index <= last; ++index) revoke_entry(table, spaces, index);
}

// What the table's entry `index` serves.
void AddressSpaces::revoke_entry(const Table& table, uint64_t spaces, uint64_t index) noexcept {
  const unsigned shift = core::kPageShift + 9 * table.level;  // bytes that an entry serves, as a power of two
  uint64_t address = table.range + (index << shift);
  if (table.root) {
    const unsigned unused = 64 - (shift + 9);
    address = static_cast<uint64_t>(static_cast<int64_t>(address << unused) >> unused);
  }
  if (table.level == 0)
    revoke_page(spaces, address);
  else
    revoke_range(spaces, address, uint64_t{1} << (shift - core::kPageShift));
}

// Most writes to tables map a page that was not there: nobody has an entry of it, and predictions may stay. Without a linear
// table nothing can be said of them, for they outlive entries of the small tables.
void AddressSpaces::revoke_page(uint64_t spaces, uint64_t address) noexcept {
  const unsigned half = ShadowTable::half(address);
  for_each_space(spaces, [&](unsigned id) {
    Space& space = spaces_[id];
    const auto in_small_tables = [&](unsigned owner, unsigned kind, KeptView& view) {
      const bool knows = (half == 0 ? space.lower[kind] : space.upper).knows(address);
      if (view.read_shadow[half] ? knows : view.filled) clear_predictions_of(spaces_[owner], kind, address);
      clear_if(view.read, address);
      clear_if(view.write, address);
    };
    for_each_view(id, in_small_tables);
    if (half == 1) space.upper.clear(address);
    bool executed = half == 1 && space.known_upper.clear(address);
    for (unsigned kind = 0; kind < kViews; ++kind) {
      if (half == 0) space.lower[kind].clear(address);
      executed |= space.known[kind].clear(address);
      if (space.code[kind]) executed |= clear_if(space.code[kind]->code, address);
    }
    if (!executed) return;
    // Its place in the small table may be another page's, and yet it runs (a return goes back without looking), and jumps know it.
    attention_.wanted = true;
    for (const auto& code : space.code)
      if (code) clear_jumps(*code, address, 1);
  });
}

// A set of S may hold what came from the other View of S: see Mmu::match_predictions().
void AddressSpaces::clear_predictions_of(const Space& space, unsigned kind, uint64_t address) noexcept {
  const auto view = [&](ViewKind of) -> const View* { return space.views[static_cast<unsigned>(of)].get(); };
  const bool supervisor = is_supervisor(static_cast<ViewKind>(kind));
  for (core::PredictionSet* set : predictions_) {
    const bool filled_there = set->view == space.views[kind].get() ||
                              (supervisor && (set->view == view(ViewKind::kSupervisor) || set->view == view(ViewKind::kSupervisorSum)));
    if (filled_there) set->clear(address, core::kPageSize);
  }
}

template <typename Action>
void AddressSpaces::for_each_view(SpaceId id, Action action) noexcept {
  for_each_space(bit(id) | spaces_[id].members, [&](unsigned owner) {
    for (unsigned kind = 0; kind < kViews; ++kind)
      if (KeptView* const view = spaces_[owner].views[kind].get(); view && (owner == id || is_supervisor(static_cast<ViewKind>(kind))))
        action(owner, kind, *view);
  });
}

// Entries of many neighbouring pages: the small tables are looked through once.
void AddressSpaces::revoke_range(uint64_t spaces, uint64_t first, uint64_t pages) noexcept {
  for (core::PredictionSet* set : predictions_) set->clear(first, pages << core::kPageShift);
  attention_.wanted = true;
  const auto inside = [&](uint64_t tag) { return tag - first < pages << core::kPageShift; };
  static_assert(core::kDataEntries == core::kCodeEntries);
  const uint64_t places = std::min<uint64_t>(pages, core::kDataEntries);
  const auto clear = [&](auto& table) {
    for (uint64_t i = 0; i < places; ++i) {
      auto& entry = table[((first >> core::kPageShift) + i) & (core::kDataEntries - 1)];
      if (inside(entry.tag)) entry = {};
    }
  };
  for_each_space(spaces, [&](unsigned id) {
    Space& space = spaces_[id];
    for_each_view(static_cast<SpaceId>(id), [&](unsigned, unsigned, KeptView& view) {
      if (!view.filled) return;
      clear(view.read);
      clear(view.write);
    });
    if (ShadowTable::half(first) == 1) space.upper.clear_range(first, pages);
    space.known_upper.clear_range(first, pages);
    for (unsigned kind = 0; kind < kViews; ++kind) {
      space.known[kind].clear_range(first, pages);
      if (ShadowTable::half(first) == 0) space.lower[kind].clear_range(first, pages);
      if (!space.code[kind] || !space.code[kind]->filled) continue;
      clear(space.code[kind]->code);
      clear_jumps(*space.code[kind], first, pages);
    }
  });
}

void AddressSpaces::flush(KeptView& view) noexcept {
  if (!view.filled) return;
  view.filled = view.unlisted = false;
  std::fill(std::begin(view.read), std::end(view.read), DataEntry{});
  std::fill(std::begin(view.write), std::end(view.write), DataEntry{});
}

void AddressSpaces::flush(KeptCode& code) noexcept {
  if (!code.filled) return;
  code.filled = false;
  std::fill(std::begin(code.code), std::end(code.code), CodeEntry{});
  for (core::PredictionSet* set : predictions_)
    if (set->code_view == &code) set->jumps.clear();
  attention_.wanted = true;
}

void AddressSpaces::flush_spaces(uint64_t spaces) noexcept {
  attention_.wanted = true;
  clear_predictions();
  for_each_space(spaces, [&](unsigned id) {
    for_each_view(static_cast<SpaceId>(id), [&](unsigned, unsigned, KeptView& view) { flush(view); });
    Space& space = spaces_[id];
    space.upper.clear_all();
    space.known_upper.clear_all();
    for (unsigned kind = 0; kind < kViews; ++kind) {
      space.known[kind].clear_all();
      space.lower[kind].clear_all();
      if (space.code[kind]) flush(*space.code[kind]);
    }
  });
}

void AddressSpaces::drop_all() noexcept {
  for (unsigned i = 0; i < kSpaces; ++i) dissolve(static_cast<SpaceId>(i));
  flush_spaces(~uint64_t{0});
}

uint64_t AddressSpaces::paged_spaces_of(unsigned hart) const noexcept {
  uint64_t spaces = 0;
  for (unsigned i = 0; i < kSpaces; ++i)
    if (spaces_[i].hart == hart && spaces_[i].root != kBareRoot) spaces |= bit(i);
  return spaces;
}

void AddressSpaces::revoke(unsigned hart, uint64_t first, uint64_t pages) noexcept {
  if (pages == 1)
    revoke_page(paged_spaces_of(hart), first);
  else
    revoke_range(paged_spaces_of(hart), first, pages);
}

void AddressSpaces::flush_hart(unsigned hart) noexcept { flush_spaces(paged_spaces_of(hart)); }

void AddressSpaces::drop_code() noexcept {
  attention_.wanted = true;
  for (Space& space : spaces_)
    for (const std::unique_ptr<KeptCode>& code : space.code)
      if (code) flush(*code);
}

void AddressSpaces::write_path_revoked(GuestPhys page) noexcept {
  uint64_t& writers = writers_[ram_.page_index(page)];
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  for (core::PredictionSet* set : predictions_) set->clear_writes_to(host);
  for_each_space(writers, [&](unsigned id) {
    for (const std::unique_ptr<KeptView>& view : spaces_[id].views) {
      if (!view || !view->unlisted) continue;
      for (DataEntry& entry : view->write)
        if (entry.tag + entry.addend == host && entry.tag != core::kNoTag) entry = {};
    }
  });
  // What is not known any more is left out from now on.
  uint32_t* link = &first_write_entry_[ram_.page_index(page)];
  while (*link != 0) {
    WriteEntry& entry = write_entries_[*link - 1];
    revoke_listed(entry, writers, host);
    const bool stale = !known_pages(entry.space, static_cast<ViewKind>(entry.view), {entry.address()}).has(entry.address(), PageUse::kWrite);
    if (stale)
      *link = entry.next;
    else
      link = &entry.next;
  }
  writers = 0;
  events_.count(core::EventKind::kWritePathRevoked);
}

void AddressSpaces::revoke_listed(const WriteEntry& entry, uint64_t writers, uint64_t host) noexcept {
  const bool upper = ShadowTable::half(entry.address()) == 1;
  const uint64_t page = entry.address() >> core::kPageShift;
  ShadowTable& table = (upper ? spaces_[entry.space].upper : spaces_[entry.space].lower[entry.view]).writes;
  if (!table.entries()) return;
  const auto clear_small = [&](unsigned owner, ViewKind kind) {
    KeptView* const view = spaces_[owner].views[static_cast<unsigned>(kind)].get();
    if (!view) return;
    DataEntry& small = view->write[page & (core::kDataEntries - 1)];
    if (small.tag + small.addend == host) small = {};
  };
  if (upper)
    for_each_space(writers, [&](unsigned member) {
      clear_small(member, ViewKind::kSupervisor);
      clear_small(member, ViewKind::kSupervisorSum);
    });
  else
    clear_small(entry.space, static_cast<ViewKind>(entry.view));
  uint64_t& addend = table.entries()[page & (ShadowTable::kEntries - 1)];
  // Bits 63:39 of the address are a sign or nothing; the comparison leaves them out.
  constexpr uint64_t kLow = (uint64_t{1} << core::kShadowAddressBits) - 1;
  if (addend != 0 && ((addend + entry.address()) & kLow) == (host & kLow)) addend = 0;
}

// --- Words of events

std::string AddressSpaces::space_text(SpaceId id, std::optional<uint64_t> asid) const {
  const Space& space = spaces_[id];
  std::string what = space.root == kBareRoot ? "without translation" : fmt::format("root {:#x}", root_page(space).value);
  if (asid && space.root != kBareRoot) what += fmt::format(", asid {}", *asid);
  const uint64_t known = known_in(id);
  return fmt::format("{} ({}): {}", id, what, known == 0 ? "nothing known yet" : fmt::format("kept, {} pages known", known));
}

std::vector<AddressSpaces::SpaceView> AddressSpaces::spaces() const {
  std::vector<SpaceView> all;
  for (unsigned id = 0; id < kSpaces; ++id) {
    const Space& space = spaces_[id];
    if (space.hart == ~0u) continue;
    SpaceView view{static_cast<SpaceId>(id), space.hart, space.root, is_group(id), space.group};
    for (unsigned kind = 0; kind < kViews; ++kind) {
      view.known[kind] = space.known[kind].size();
      view.linear |= space.lower[kind].writes.entries() != nullptr;
    }
    view.known_upper = space.known_upper.size();
    view.linear |= space.upper.writes.entries() != nullptr;
    all.push_back(view);
  }
  return all;
}

uint64_t AddressSpaces::known_in(SpaceId id) const {
  const Space& space = spaces_[id];
  uint64_t known = space.known_upper.size() + (space.group != id ? spaces_[space.group].known_upper.size() : 0);
  for (const KnownPages& pages : space.known) known += pages.size();
  return known;
}

std::string AddressSpaces::table_effect() const {
  const Table& table = table_effect_.table;
  const unsigned shift = core::kPageShift + 9 * table.level;
  const std::string what = fmt::format("entry {} of a page table of level {}", table_effect_.first, table.level);
  if (table_effect_.untracked) return what + ": after many writes in a row the table is watched no more, and what came from it is forgotten";
  return fmt::format("{}: {:#x} bytes from {:#x} on are forgotten in {}", what, uint64_t{1} << shift,
                     table.range + (table_effect_.first << shift),
                     std::popcount(table.spaces) == 1 ? std::string("an address space")
                                                      : fmt::format("{} address spaces", std::popcount(table.spaces)));
}

// --- Stress

void AddressSpaces::move(SpaceId id) noexcept {
  Space& space = spaces_[id];
  flush_spaces(bit(id) | bit(space.group));
  for (std::unique_ptr<KeptView>& view : space.views) view.reset();
  for (std::unique_ptr<KeptCode>& code : space.code) code.reset();
  for (std::unique_ptr<KeptCode>& code : spaces_[space.group].code) code.reset();
  for (ShadowPair& pair : space.lower) pair.release();
}

void AddressSpaces::disturb() noexcept {
  switch (stress_->below(7)) {
    case 0: return drop_all();
    case 1: return clear_predictions();
    case 2: return drop_code();
    case 3: {  // a space that nobody is in
      const auto victim = static_cast<SpaceId>(next_victim());
      evict(victim);
      return move(victim);
    }
    case 4: {  // a page table, of those near some page
      const uint64_t first = stress_->below(ram_.pages());
      for (uint64_t i = first; i < ram_.pages() && i < first + 1024; ++i)
        if (table_of_[i] != 0) return untrack(ram_.base() + (i << core::kPageShift));
      return;
    }
    case 5: return leave_group(static_cast<SpaceId>(stress_->below(kSpaces)));
    default:  // a page that is watched for a moment: paths that write to it are given up
      const GuestPhys page = ram_.base() + (stress_->below(ram_.pages()) << core::kPageShift);
      if (ram_.flags(page) & core::kClean) return;
      ram_.set_flag(page, core::kClean);
      ram_.clear_flag(page, core::kClean);
  }
}

}  // namespace vitrine::mmu
