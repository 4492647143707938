// SPDX-License-Identifier: MIT
// Filling and revoking of Views. The life of an entry is told in address_spaces.h.
#include "mmu/address_spaces.h"

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

AddressSpaces::AddressSpaces(core::GuestRam& ram, core::Attention& attention, Kind kind, Model model)
    : ram_(ram),
      attention_(attention),
      kind_(kind),
      model_(model),
      table_of_(static_cast<uint32_t*>(std::calloc(ram.pages(), sizeof(uint32_t)))),
      writers_(static_cast<uint64_t*>(std::calloc(ram.pages(), sizeof(uint64_t)))),
      first_write_entry_(static_cast<uint32_t*>(std::calloc(ram.pages(), sizeof(uint32_t)))) {
  if (!table_of_ || !writers_ || !first_write_entry_) throw std::bad_alloc();
  ram_.add_listener(this);
}

AddressSpaces::SpaceId AddressSpaces::space(unsigned hart, uint64_t root) noexcept {
  unsigned free = kSpaces;
  for (unsigned i = 0; i < kSpaces; ++i) {
    if (spaces_[i].hart == hart && spaces_[i].root == root) return static_cast<SpaceId>(i);
    if (spaces_[i].hart == ~0u && free == kSpaces) free = i;
  }
  if (free == kSpaces) {
    free = next_victim();
    evict(static_cast<SpaceId>(free));
    ++counters.spaces_evicted;
  }
  spaces_[free].hart = hart;
  spaces_[free].root = root;
  return static_cast<SpaceId>(free);
}

void AddressSpaces::pin(unsigned hart, SpaceId data, SpaceId code) noexcept {
  pinned_[hart] = bit(data) | bit(code);
}

unsigned AddressSpaces::next_victim() noexcept {
  uint64_t pinned = 0;
  for (const uint64_t of_hart : pinned_) pinned |= of_hart;
  do next_victim_ = (next_victim_ + 1) % kSpaces;
  while (pinned & bit(next_victim_));
  return next_victim_;
}

void AddressSpaces::evict(SpaceId id) noexcept {
  flush_spaces(bit(id));
  spaces_[id].hart = ~0u;
}

View* AddressSpaces::view(SpaceId space, ViewKind kind) noexcept {
  return caching() ? &kept(space, kind) : &empty_;
}

AddressSpaces::KeptView& AddressSpaces::kept(SpaceId space, ViewKind kind) noexcept {
  std::unique_ptr<KeptView>& view = spaces_[space].views[static_cast<unsigned>(kind)];
  if (!view) view = std::make_unique<KeptView>();
  // A place in the pool may serve a space with other levels next time.
  const uint64_t root = spaces_[space].root;
  const bool linear = kind_ == Kind::kShadow && (root == kBareRoot || mode_of(root) == Mode::kSv39);
  long_addresses_ |= kind_ == Kind::kShadow && !linear;
  if (linear && !view->reads.entries() && !(view->reads.reserve() && view->writes.reserve()))
    kind_ = Kind::kTlb;
  view->read_shadow = linear ? view->reads.entries() : nullptr;
  view->write_shadow = linear ? view->writes.entries() : nullptr;
  return *view;
}

void AddressSpaces::fill_read(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page,
                              const Walk* walk) noexcept {
  if (!caching()) return;
  if (walk) track(space, at, *walk);
  const uint64_t address = at.value & core::kPageMask;
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  KeptView& view = kept(space, kind);
  view.filled = true;
  slot(view.read, address) = {address, host - address};
  if (view.read_shadow && ShadowTable::canonical(address)) view.reads.set(address, host - address);
  ++counters.fills;
}

bool AddressSpaces::fills_in_bulk(SpaceId space, ViewKind kind, GuestVirt at) noexcept {
  return model_ == Model::kCoherent && caching() && kept(space, kind).read_shadow && ShadowTable::canonical(at.value);
}

void AddressSpaces::fill_chunk_for_reading(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page) noexcept {
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  kept(space, kind).reads.set_chunk(at.value, host - (at.value & core::kPageMask));
}

void AddressSpaces::fill_neighbour_for_reading(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page) noexcept {
  kept(space, kind).reads.set(at.value, reinterpret_cast<uint64_t>(ram_.host(page)) - at.value);
}

void AddressSpaces::fill_write(SpaceId space, ViewKind kind, GuestVirt at, GuestPhys page,
                               const Walk* walk) noexcept {
  if (!caching()) return;
  if (walk) track(space, at, *walk);  // may flag `page` itself: a page table that maps itself
  if (ram_.flags(page) & core::kNotifyFlags) return;
  const uint64_t address = at.value & core::kPageMask;
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  KeptView& view = kept(space, kind);
  view.filled = true;
  if (view.write_shadow && ShadowTable::canonical(address)) {
    if (view.writes.at(address) == 0) note_write_entry(space, kind, address, page);
    view.writes.set(address, host - address);
  }
  slot(view.write, address) = {address, host - address};
  ram_.set_flag(page, core::kWriteMapped);
  writers_[ram_.page_index(page)] |= bit(space);
  ++counters.fills;
}

void AddressSpaces::note_write_entry(SpaceId space, ViewKind kind, uint64_t address,
                                     GuestPhys page) noexcept {
  constexpr size_t kMany = 1 << 20;  // stale ones are never taken out one by one
  if (write_entries_.size() >= kMany) drop_write_entries();
  uint32_t& first = first_write_entry_[ram_.page_index(page)];
  write_entries_.push_back({first,
                            static_cast<uint32_t>(address >> core::kPageShift & (ShadowTable::kEntries - 1)),
                            space, static_cast<uint8_t>(kind)});
  first = static_cast<uint32_t>(write_entries_.size());
}

void AddressSpaces::drop_write_entries() noexcept {
  flush_spaces(~uint64_t{0});
  write_entries_.clear();
  std::fill_n(first_write_entry_.get(), ram_.pages(), 0);
}

CodeEntry& AddressSpaces::code_entry(SpaceId space, ViewKind kind, GuestVirt at, const Walk* walk) noexcept {
  if (walk) track(space, at, *walk);
  const uint64_t address = at.value & core::kPageMask;
  KeptView& view = kept(space, kind);
  view.filled = true;
  CodeEntry& entry = slot(view.code, address);
  if (entry.tag != address) entry = {.tag = address};
  ++counters.fills;
  return entry;
}

void AddressSpaces::fill_code(SpaceId space, ViewKind kind, GuestVirt at, void* payload,
                              const Walk* walk) noexcept {
  if (caching()) code_entry(space, kind, at, walk).payload = payload;
}

void AddressSpaces::fill_translated(SpaceId space, ViewKind kind, GuestVirt at, void* translated,
                                    const Walk* walk) noexcept {
  if (caching()) code_entry(space, kind, at, walk).translated = translated;
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
  }
  return tables_[place - 1];
}

void AddressSpaces::track(SpaceId space, GuestVirt at, const Walk& walk) noexcept {
  if (model_ != Model::kCoherent) return;
  for (unsigned i = 0; i < walk.depth; ++i) {
    const unsigned level = walk.level + (walk.depth - 1 - i);
    const uint64_t span = uint64_t{1} << (core::kPageShift + 9 * (level + 1));
    const bool root = i == 0;  // its upper half serves negative addresses
    const Table described = {
        .range = root ? 0 : at.value & ~(span - 1), .level = static_cast<uint8_t>(level), .root = root};
    Table& table = table_at(walk.entry_at[i], described);
    if (table.level != level || table.range != described.range || table.root != root) table.irregular = true;
    table.spaces |= bit(space);
    table.writes = 0;
  }
}

void AddressSpaces::untrack(GuestPhys at) noexcept {
  uint32_t& place = table_of_[ram_.page_index(at)];
  const Table& table = tables_[place - 1];
  if (table.level == 0 && !table.irregular)
    revoke_range(table.spaces, table.range, 512);
  else
    flush_spaces(table.spaces);
  free_tables_.push_back(place);
  place = 0;
  ram_.clear_flag(at, core::kPageTable);
  ++counters.untracked;
}

void AddressSpaces::after_write(GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (!(flags & core::kPageTable)) return;
  const uint32_t place = table_of_[ram_.page_index(at)];
  VT_ASSERT(place != 0, "a page is flagged as page table and is not in the list");
  Table& table = tables_[place - 1];
  ++counters.table_writes;
  const bool few_entries = size <= 8 && !table.irregular;
  const unsigned patience = table.level == 0 ? kUntrackAfter : kUntrackUpperAfter;
  if (!few_entries || ++table.writes >= patience) return untrack(at);
  const uint64_t first = at.page_offset() / 8;
  const uint64_t last = (at.page_offset() + size - 1) / 8;
  for (uint64_t index = first; index <= last; ++index) revoke_entry(table, index);
}

// What the table's entry `index` serves.
void AddressSpaces::revoke_entry(const Table& table, uint64_t index) noexcept {
  const unsigned shift = core::kPageShift + 9 * table.level;  // bytes that an entry serves, as a power of two
  uint64_t address = table.range + (index << shift);
  if (table.root) {
    const unsigned unused = 64 - (shift + 9);
    address = static_cast<uint64_t>(static_cast<int64_t>(address << unused) >> unused);
  }
  if (table.level == 0)
    revoke_page(table.spaces, address);
  else
    revoke_range(table.spaces, address, uint64_t{1} << (shift - core::kPageShift));
}

// Most writes to tables map a page that was not there: nobody has an entry of it, and predictions may stay. Without a linear
// table nothing can be said of them, for they outlive entries of the small tables.
void AddressSpaces::revoke_page(uint64_t spaces, uint64_t address) noexcept {
  for_each_space(spaces, [&](unsigned id) {
    unsigned known = 0;  // kinds of Views from which the page may be predicted
    for (unsigned kind = 0; kind < kViews; ++kind) {
      KeptView* const view = spaces_[id].views[kind].get();
      if (!view || !view->filled) continue;
      if (!view->read_shadow || !view->write_shadow || view->reads.knows(address) || view->writes.knows(address)) known |= 1u << kind;
      clear_if(view->read, address);
      clear_if(view->write, address);
      view->reads.clear(address);
      view->writes.clear(address);
      if (clear_if(view->code, address)) attention_.wanted = true;
    }
    if (known) clear_predictions_of(spaces_[id], known, address);
  });
}

// A set of S may hold what came from the other View of S: see Mmu::match_predictions().
void AddressSpaces::clear_predictions_of(const Space& space, unsigned kinds, uint64_t address) noexcept {
  constexpr unsigned kBothOfS = 1u << static_cast<unsigned>(ViewKind::kSupervisor) |
                                1u << static_cast<unsigned>(ViewKind::kSupervisorSum);
  if (kinds & kBothOfS) kinds |= kBothOfS;
  for (core::PredictionSet* set : predictions_)
    for (unsigned kind = 0; kind < kViews; ++kind)
      if (kinds >> kind & 1 && set->view == space.views[kind].get()) set->clear(address, core::kPageSize);
}

// Entries of many neighbouring pages: the small tables are looked through once.
void AddressSpaces::revoke_range(uint64_t spaces, uint64_t first, uint64_t pages) noexcept {
  for (core::PredictionSet* set : predictions_) set->clear(first, pages << core::kPageShift);
  attention_.wanted = true;
  const auto inside = [&](uint64_t tag) { return tag - first < pages << core::kPageShift; };
  static_assert(core::kDataEntries == core::kCodeEntries);
  const uint64_t places = std::min<uint64_t>(pages, core::kDataEntries);
  for_each_space(spaces, [&](unsigned id) {
    for (const std::unique_ptr<KeptView>& view : spaces_[id].views) {
      if (!view || !view->filled) continue;
      for (uint64_t i = 0; i < places; ++i) {
        const uint64_t place = ((first >> core::kPageShift) + i) & (core::kDataEntries - 1);
        if (inside(view->read[place].tag)) view->read[place] = {};
        if (inside(view->write[place].tag)) view->write[place] = {};
        if (inside(view->code[place].tag)) view->code[place] = {};
      }
      view->reads.clear_range(first, pages);
      view->writes.clear_range(first, pages);
    }
  });
}

void AddressSpaces::flush(KeptView& view) noexcept {
  if (!view.filled) return;
  view.filled = false;
  std::fill(std::begin(view.read), std::end(view.read), DataEntry{});
  std::fill(std::begin(view.write), std::end(view.write), DataEntry{});
  std::fill(std::begin(view.code), std::end(view.code), CodeEntry{});
  view.reads.clear_all();
  view.writes.clear_all();
}

void AddressSpaces::flush_spaces(uint64_t spaces) noexcept {
  attention_.wanted = true;
  clear_predictions();
  for_each_space(spaces, [&](unsigned id) {
    for (const std::unique_ptr<KeptView>& view : spaces_[id].views)
      if (view) flush(*view);
  });
}

void AddressSpaces::drop_all() noexcept { flush_spaces(~uint64_t{0}); }

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
    for (const std::unique_ptr<KeptView>& view : space.views)
      if (view) std::fill(std::begin(view->code), std::end(view->code), CodeEntry{});
}

void AddressSpaces::write_path_revoked(GuestPhys page) noexcept {
  uint64_t& writers = writers_[ram_.page_index(page)];
  const auto host = reinterpret_cast<uint64_t>(ram_.host({page.value & core::kPageMask}));
  for (core::PredictionSet* set : predictions_) set->clear_writes_to(host);
  for_each_space(writers, [&](unsigned id) {
    for (const std::unique_ptr<KeptView>& view : spaces_[id].views) {
      if (!view || view->write_shadow) continue;
      for (DataEntry& entry : view->write)
        if (entry.tag + entry.addend == host && entry.tag != core::kNoTag) entry = {};
    }
  });
  writers = 0;
  uint32_t& first = first_write_entry_[ram_.page_index(page)];
  for (uint32_t i = first; i != 0; i = write_entries_[i - 1].next) {
    const WriteEntry& entry = write_entries_[i - 1];
    const std::unique_ptr<KeptView>& view = spaces_[entry.space].views[entry.view];
    if (!view || !view->writes.entries()) continue;
    DataEntry& small = view->write[entry.page & (core::kDataEntries - 1)];
    if (small.tag + small.addend == host) small = {};
    uint64_t& addend = view->writes.entries()[entry.page];
    // Bits 63:39 of the address are a sign or nothing; the comparison leaves them out.
    constexpr uint64_t kLow = (uint64_t{1} << core::kShadowAddressBits) - 1;
    if (addend != 0 && ((addend + (uint64_t{entry.page} << core::kPageShift)) & kLow) == (host & kLow))
      addend = 0;
  }
  first = 0;
  ++counters.write_paths_revoked;
}

// --- Stress

void AddressSpaces::move(SpaceId space) noexcept {
  flush_spaces(bit(space));
  for (std::unique_ptr<KeptView>& view : spaces_[space].views) view.reset();
}

void AddressSpaces::disturb() noexcept {
  switch (stress_->below(6)) {
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
    default:  // a page that is watched for a moment: paths that write to it are given up
      const GuestPhys page = ram_.base() + (stress_->below(ram_.pages()) << core::kPageShift);
      if (ram_.flags(page) & core::kClean) return;
      ram_.set_flag(page, core::kClean);
      ram_.clear_flag(page, core::kClean);
  }
}

}  // namespace vitrine::mmu
