// SPDX-License-Identifier: MIT
// The slow path of every memory access.
#include "mmu/mmu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/assert.h"

namespace vitrine::mmu {

using core::AccessKind;
using core::EventKind;
using core::EventNote;
using core::Fault;
using core::FaultKind;
using core::GuestPhys;
using core::GuestVirt;

namespace {

constexpr unsigned kMachine = 3;
constexpr uint64_t kPhysicalMask = (uint64_t{1} << 56) - 1;

bool crosses_page(GuestVirt at, unsigned width) { return at.page_offset() + width > core::kPageSize; }

// The inline lookup refuses misaligned addresses; inside a page they need no more than the page's entry.
core::DataEntry* small_entry(core::DataEntry* table, GuestVirt at) {
  return &table[at.page() & (core::kDataEntries - 1)];
}
// What the linear table knows goes into the small one again. False: nothing is known.
bool refill_small(core::DataEntry& entry, uint64_t* const* shadow, GuestVirt at) {
  const uint64_t* const table = shadow[ShadowTable::half(at.value)];
  if (!table || !ShadowTable::canonical(at.value)) return false;
  const uint64_t addend = table[at.page() & (ShadowTable::kEntries - 1)];
  if (addend == 0) return false;
  entry = {at.value & core::kPageMask, addend};
  return true;
}

}  // namespace

Mmu::Mmu(unsigned hart, core::GuestRam& ram, core::Bus& bus, AddressSpaces& spaces)
    : hart_(hart),
      ram_(ram),
      bus_(bus),
      spaces_(spaces),
      bare_space_(spaces.space(hart, AddressSpaces::kBareRoot)),
      kept_(spaces.model()) {
  physical_addend = ram_.base().value - reinterpret_cast<uint64_t>(ram_.host(ram_.base()));
  spaces_.pin(hart_, bare_space_, bare_space_);
  set_context({});
}

const uint8_t* Mmu::known_for_reading(GuestVirt at) noexcept {
  core::DataEntry* const entry = small_entry(data_view->read, at);
  if (entry->tag != (at.value & core::kPageMask)) {
    if (!refill_small(*entry, data_view->read_shadow, at)) return nullptr;
    spaces_.note_refill(*data_view);
  }
  return reinterpret_cast<const uint8_t*>(at.value + entry->addend);
}

uint8_t* Mmu::known_for_writing(GuestVirt at) noexcept {
  core::DataEntry* const entry = small_entry(data_view->write, at);
  if (entry->tag != (at.value & core::kPageMask)) {
    if (!refill_small(*entry, data_view->write_shadow, at)) return nullptr;
    spaces_.note_refill(*data_view, data_space_, {at.value + entry->addend + physical_addend});
  }
  return reinterpret_cast<uint8_t*>(at.value + entry->addend);
}

ViewKind Mmu::view_kind(unsigned privilege) const {
  if (privilege == kMachine) return ViewKind::kMachine;
  if (privilege == 0) return ViewKind::kUser;
  return context_.sum ? ViewKind::kSupervisorSum : ViewKind::kSupervisor;
}

void Mmu::set_context(const core::TranslationContext& context) noexcept {
  context_ = context;
  // The rules for walking are part of what entries depend on, so they are part of the space's key; ASIDs are
  // not. On the lazy machines it is the other way round.
  constexpr uint64_t kAsid = uint64_t{0xffff} << 44;
  const uint64_t rules = (uint64_t{context_.hardware_ad} << 44) | (uint64_t{context_.memory_types} << 45) |
                         (uint64_t{context_.napot} << 46);
  const uint64_t paged = lazy() ? kept_.space_of(context_.satp) : (context_.satp & ~kAsid) | rules;
  const uint64_t key = mode_of(context_.satp) == Mode::kBare ? AddressSpaces::kBareRoot : paged;
  if (key != key_) {
    const AddressSpaces::SpaceId before = paged_space_;
    key_ = key;
    paged_space_ = spaces_.space(hart_, key);
    // Nobody else may get these two while the hart's Views point into them.
    spaces_.pin(hart_, bare_space_, paged_space_);
    if (paged_space_ != bare_space_ && may_read_root()) spaces_.join_group(paged_space_);
    ++spaces_.counters.space_switches;
    effect_ = {Effect::kSwitched, before};
  } else {
    effect_ = {Effect::kSameSpace, paged_space_};
  }
  data_space_ = context_.data_privilege == kMachine ? bare_space_ : paged_space_;
  code_space_ = context_.fetch_privilege == kMachine ? bare_space_ : paged_space_;
  // Under MXR a page may be readable that is not under plain rules; such entries are not kept (it is rare).
  data_view =
      context_.mxr || buffer_ ? spaces_.empty_view() : spaces_.view(data_space_, view_kind(context_.data_privilege));
  code_view = spaces_.code_view(code_space_, code_view_kind());
  match_predictions();
}

// Code of each privilege has a set of its own, so that a trap and its return empty nothing.
void Mmu::match_predictions() noexcept {
  if (!predictions_) return;
  core::PredictionSet& set =
      predictions_[std::min<unsigned>(context_.fetch_privilege, core::kPredictionSets - 1)];
  if (set.code_view != code_view) {
    set.jumps.clear();
    set.code_view = code_view;
  }
  if (set.view == data_view) return set.point_at(*data_view);
  // SUM goes on and off around every copy from or to a process. What holds without it holds with it too; user
  // pages, which do not, have no entries in the upper half (fill()).
  const bool only_sum = context_.data_privilege == 1 && !context_.mxr && set.view &&
                        set.view == spaces_.made_view(data_space_, context_.sum ? ViewKind::kSupervisor
                                                                                : ViewKind::kSupervisorSum);
  const bool only_lower_half = set.read_shadow[1] && set.read_shadow[1] == data_view->read_shadow[1];  // the group is the same
  if (only_sum) {
    if (!context_.sum) set.clear_lower_half(set.refills_before_sum);
  } else if (only_lower_half) {
    set.clear_lower_half(0);
  } else {
    set.clear();
  }
  if (context_.sum) set.refills_before_sum = set.refills;
  set.point_at(*data_view);
}

// If PMP refused it, members of one group could differ in what they may walk.
bool Mmu::may_read_root() const noexcept {
  const GuestPhys root{(context_.satp & ((uint64_t{1} << 44) - 1)) << core::kPageShift};
  return ram_.contains(root, core::kPageSize) && pmp_uniform_in_page(pmp_, root) &&
         pmp_allows(pmp_, root, core::kPageSize, AccessKind::kLoad, 1);
}

void Mmu::use_predictions(core::PredictionSet* sets) noexcept {
  predictions_ = sets;
  for (unsigned i = 0; i < core::kPredictionSets; ++i) spaces_.add_predictions(&sets[i]);
  match_predictions();
}

// Fetches do not depend on SUM.
ViewKind Mmu::code_view_kind() const {
  if (context_.fetch_privilege == kMachine) return ViewKind::kMachine;
  return context_.fetch_privilege == 0 ? ViewKind::kUser : ViewKind::kSupervisor;
}

void Mmu::set_protection(bool present, std::span<const uint8_t> config,
                         std::span<const uint64_t> address) noexcept {
  VT_ASSERT(config.size() == kPmpEntries && address.size() == kPmpEntries,
            "PMP has another number of entries");
  pmp_ = Pmp(present, config, address);
  spaces_.drop_all();
}

Walk Mmu::look(GuestVirt at, AccessKind kind) const noexcept {
  const unsigned privilege = privilege_of(kind);
  if (privilege == kMachine || mode_of(context_.satp) == Mode::kBare) {
    Walk walk;
    walk.physical = {at.value};
    return walk;
  }
  return page_walk({ram_, pmp_, false}, context_, at, kind, privilege);
}

// Translation and PMP for bytes that lie in one page. Bare addresses beyond the physical address space are
// access faults.
Fault Mmu::translate(GuestVirt at, unsigned size, AccessKind kind, Place& place) noexcept {
  const unsigned privilege = privilege_of(kind);
  if (privilege == kMachine || mode_of(context_.satp) == Mode::kBare) {
    if (at.value > kPhysicalMask) return {FaultKind::kAccess, at};
    place.at = {at.value};
  } else if (const Fault fault =
                 lazy() ? translate_lazily(at, kind, privilege, place) : walk(at, kind, privilege, place)) {
    return fault;
  }
  if (!pmp_allows(pmp_, place.at, size, kind, privilege)) return {FaultKind::kAccess, at};
  return {};
}

Fault Mmu::walk(GuestVirt at, AccessKind kind, unsigned privilege, Place& place) noexcept {
  ++spaces_.counters.walks;
  place.walk = page_walk({ram_, pmp_, true}, context_, at, kind, privilege);
  place.walked = true;
  if (place.walk.fault != FaultKind::kNone) return {place.walk.fault, at};
  place.at = place.walk.physical;
  place.leaf = place.walk.pte;
  return {};
}

// What is kept may say yes; everything else is walked, and kept.
Fault Mmu::translate_lazily(GuestVirt at, AccessKind kind, unsigned privilege, Place& place) noexcept {
  const uint64_t space = kept_.space_of(context_.satp);
  if (const auto* entry = kept_.find(space, at);
      entry && leaf_permits(entry->pte, context_, kind, privilege)) {
    place.at = leaf_address(entry->pte, entry->level, at);
    place.leaf = entry->pte;
    return {};
  }
  if (const Fault fault = walk(at, kind, privilege, place)) return fault;
  revoke(kept_.put(space, at, place.walk));
  EventNote event(spaces_.events(), EventKind::kHiddenFault);
  event.tell(at.value & core::kPageMask, static_cast<uint64_t>(kind), place.at.value & core::kPageMask,
             [&] { return fmt::format("the walk of {:#x} is kept until a fence", at.value); });
  return {};
}

void Mmu::fill(GuestVirt at, AccessKind kind, const Place& place) noexcept {
  if (!ram_.contains(place.at) || !spaces_.caching() || buffer_) return;
  if (stops_ && stops_->watches_page(at, kind)) return;
  const ViewKind view = view_kind(context_.data_privilege);
  const Walk* walk = place.walked ? &place.walk : nullptr;
  const bool upper_half = static_cast<int64_t>(at.value) < 0;
  const bool users_upper_half =
      view == ViewKind::kSupervisorSum && upper_half && (place.leaf & kPteU);  // see match_predictions()
  if (context_.mxr || users_upper_half || !pmp_uniform_in_page(pmp_, place.at)) {
    EventNote event(spaces_.events(), EventKind::kUnkeptAccess);
    event.tell(at.value, 0, place.at.value, [&] {
      const std::string_view why = context_.mxr       ? "MXR is on"
                                   : users_upper_half ? "it is a user page in the upper half, and S has SUM"
                                                      : "PMP divides the page";
      return fmt::format("{:#x} at {:#x} is walked each time: {}", at.value, place.at.value, why);
    });
    return;
  }
  if (kind == AccessKind::kStore)
    spaces_.fill_write(data_space_, view, at, place.at, walk);
  else {
    // What was known under another View of S brings no neighbours along: whether it is asked for here depends on predictions.
    if (spaces_.fill_read(data_space_, view, at, place.at, walk)) fill_in_bulk(at, view, place);
  }
}

// What a read has found out says something of the pages around: all of a superpage, or of bare RAM, translates alike; and of
// a page's neighbours in its leaf table, those that could be read now without a change of A may be read later.
void Mmu::fill_in_bulk(GuestVirt at, ViewKind view, const Place& place) noexcept {
  if (!spaces_.fills_in_bulk(data_space_, view, at)) return;
  if (place.walked && place.walk.level == 0) return fill_neighbours(at, view, place);
  constexpr uint64_t kBulk = AddressSpaces::kBulk;
  if (stops_ && stops_->loads_watched_in({at.value & ~(kBulk - 1)}, kBulk)) return;
  const GuestPhys first{place.at.value & ~(kBulk - 1)};
  if (ram_.contains(first, kBulk) && pmp_uniform(pmp_, first, kBulk))
    spaces_.fill_chunk_for_reading(data_space_, view, at, place.at);
}

void Mmu::fill_neighbours(GuestVirt at, ViewKind view, const Place& place) noexcept {
  constexpr uint64_t kNeighbours = 16;
  const GuestPhys entry = place.walk.entry_at[place.walk.depth - 1];
  if (place.leaf & kPteNapot || !pmp_uniform_in_page(pmp_, entry)) return;
  const bool no_user_pages = view == ViewKind::kSupervisorSum && static_cast<int64_t>(at.value) < 0;  // see fill()
  const uint64_t* const known = data_view->read_shadow[ShadowTable::half(at.value)];
  const uint64_t self = at.page() % kNeighbours;
  for (uint64_t i = 0; i < kNeighbours; ++i) {
    const GuestVirt neighbour{(at.page() - self + i) << core::kPageShift};
    if (known[neighbour.page() & (ShadowTable::kEntries - 1)] != 0) continue;
    if (stops_ && stops_->watches_page(neighbour, AccessKind::kLoad)) continue;
    uint64_t pte = 0;
    std::memcpy(&pte, ram_.host({entry.value - 8 * self + 8 * i}), 8);
    if (!entry_permits(pte, context_, AccessKind::kLoad, context_.data_privilege)) continue;
    if (no_user_pages && pte & kPteU) continue;
    const GuestPhys page = leaf_address(pte, 0, {0});
    if (!ram_.contains(page, core::kPageSize) || !pmp_uniform_in_page(pmp_, page)) continue;
    if (!pmp_allows(pmp_, page, core::kPageSize, AccessKind::kLoad, context_.data_privilege)) continue;
    spaces_.fill_neighbour_for_reading(data_space_, view, neighbour, page);
  }
}

bool Mmu::read_physical(GuestPhys at, unsigned width, uint64_t& value, AccessKind kind) noexcept {
  value = 0;
  if (ram_.contains(at, width)) {
    std::memcpy(&value, kind == AccessKind::kFetch ? ram_.fetched(at) : ram_.host(at), width);
    if (buffer_ && kind == AccessKind::kLoad) buffer_->read(at, width, value);
    return true;
  }
  EventNote event(spaces_.events(), kind == AccessKind::kFetch ? EventKind::kDeviceFetch : EventKind::kDeviceRead);
  const auto got = bus_.read(at, width);
  if (got) value = *got;
  event.tell(at.value, width, value, [&] { return bus_.access_text(at, width, value, false); });
  return got.has_value();
}

bool Mmu::write_physical(GuestPhys at, unsigned width, uint64_t value) noexcept {
  if (buffer_ && ram_.contains(at, width)) {
    buffer_->put({at, value, static_cast<uint8_t>(width)},
                 [this](const StoreBuffer::Store& store) { write_memory(store.at, store.width, store.value); });
    return true;
  }
  return write_memory(at, width, value);
}

bool Mmu::write_memory(GuestPhys at, unsigned width, uint64_t value) noexcept {
  if (ram_.contains(at, width)) {
    const auto write = [&] {
      ram_.announce_before(at, width);
      std::memcpy(ram_.host(at), &value, width);
      ram_.announce_after(at, width);
    };
    if (ram_.flags(at) & core::kPageTable)
      write_table(at, write);
    else
      write();
    return true;
  }
  EventNote event(spaces_.events(), EventKind::kDeviceWrite);
  if (width < 8) value &= (uint64_t{1} << (8 * width)) - 1;
  const bool done = bus_.write(at, width, value);
  event.tell(at.value, width, value, [&] { return bus_.access_text(at, width, value, true); });
  return done;
}

// A store of the guest to a page table that is watched: the entry before and after is told.
template <typename Write>
void Mmu::write_table(GuestPhys at, const Write& write) noexcept {
  const auto entry = [&] {
    uint64_t bits = 0;
    std::memcpy(&bits, ram_.host({at.value & ~uint64_t{7}}), sizeof bits);
    return bits;
  };
  EventNote event(spaces_.events(), EventKind::kPageTableWrite);
  const uint64_t before = entry();
  write();
  event.tell(at.value, before, entry(), [&] { return spaces_.table_effect(); });
}

Fault Mmu::load(GuestVirt at, unsigned width, uint64_t& value) noexcept {
  spaces_.feel_stress();
  ++spaces_.counters.slow_accesses;
  if (crosses_page(at, width)) return load_crossing(at, width, value);
  if (const uint8_t* host = known_for_reading(at)) {
    value = 0;
    std::memcpy(&value, host, width);
    return {};
  }
  Place place;
  if (const Fault fault = translate(at, width, AccessKind::kLoad, place)) return fault;
  if (!read_physical(place.at, width, value, AccessKind::kLoad)) return {FaultKind::kAccess, at};
  fill(at, AccessKind::kLoad, place);
  tell_stops(at, width, AccessKind::kLoad);
  return {};
}

Fault Mmu::store(GuestVirt at, unsigned width, uint64_t value) noexcept {
  spaces_.feel_stress();
  ++spaces_.counters.slow_accesses;
  if (crosses_page(at, width)) return store_crossing(at, width, value);
  if (uint8_t* host = known_for_writing(at)) {
    std::memcpy(host, &value, width);
    return {};
  }
  Place place;
  if (const Fault fault = translate(at, width, AccessKind::kStore, place)) return fault;
  // The entry is installed before the write: a write that makes its own translation invalid then takes it
  // away again.
  fill(at, AccessKind::kStore, place);
  if (!write_physical(place.at, width, value)) return {FaultKind::kAccess, at};
  tell_stops(at, width, AccessKind::kStore);
  return {};
}

// Two pages: both are translated and checked first, then the bytes move. Only RAM can be accessed this way.
Fault Mmu::load_crossing(GuestVirt at, unsigned width, uint64_t& value) noexcept {
  spaces_.events().count(EventKind::kCrossingAccess);
  const auto first = static_cast<unsigned>(core::kPageSize - at.page_offset());
  const GuestVirt second = at + first;
  Place low, high;
  if (const Fault fault = translate(at, first, AccessKind::kLoad, low)) return fault;
  if (const Fault fault = translate(second, width - first, AccessKind::kLoad, high)) return fault;
  if (!ram_.contains(low.at, first)) return {FaultKind::kAccess, at};
  if (!ram_.contains(high.at, width - first)) return {FaultKind::kAccess, second};
  uint64_t rest = 0;
  read_physical(low.at, first, value, AccessKind::kLoad);
  read_physical(high.at, width - first, rest, AccessKind::kLoad);
  value |= rest << (8 * first);
  tell_stops(at, width, AccessKind::kLoad);
  return {};
}

Fault Mmu::store_crossing(GuestVirt at, unsigned width, uint64_t value) noexcept {
  spaces_.events().count(EventKind::kCrossingAccess);
  const auto first = static_cast<unsigned>(core::kPageSize - at.page_offset());
  const GuestVirt second = at + first;
  Place low, high;
  if (const Fault fault = translate(at, first, AccessKind::kStore, low)) return fault;
  if (const Fault fault = translate(second, width - first, AccessKind::kStore, high)) return fault;
  if (!ram_.contains(low.at, first)) return {FaultKind::kAccess, at};
  if (!ram_.contains(high.at, width - first)) return {FaultKind::kAccess, second};
  write_physical(low.at, first, value);
  write_physical(high.at, width - first, value >> (8 * first));
  tell_stops(at, width, AccessKind::kStore);
  return {};
}

Fault Mmu::reserve(GuestVirt at, unsigned width, AccessKind kind, GuestPhys& where) noexcept {
  if (at.value % width != 0) return {FaultKind::kMisaligned, at};
  Place place;
  if (const Fault fault = translate(at, width, kind, place)) return fault;
  if (!ram_.contains(place.at, width)) return {FaultKind::kAccess, at};
  fill(at, kind, place);
  where = place.at;
  drain_stores_over(place.at, width);
  reserved_ = at;
  return {};
}

uint64_t Mmu::read_ram(GuestPhys at, unsigned width) noexcept {
  uint64_t value = 0;
  std::memcpy(&value, ram_.host(at), width);
  tell_stops(reserved_, width, AccessKind::kLoad);
  return value;
}

// Of LR, SC and AMO: at once, and after what the hart wrote to the same bytes.
void Mmu::write_ram(GuestPhys at, unsigned width, uint64_t value) noexcept {
  write_memory(at, width, value);
  tell_stops(reserved_, width, AccessKind::kStore);
}

Fault Mmu::zero_block(GuestVirt at, unsigned size) noexcept {
  spaces_.feel_stress();
  at.value &= ~uint64_t{size - 1};
  if (uint8_t* host = known_for_writing(at)) {
    std::memset(host, 0, size);
    return {};
  }
  Place place;
  if (const Fault fault = translate(at, size, AccessKind::kStore, place)) return fault;
  if (!ram_.contains(place.at, size)) return {FaultKind::kAccess, at};
  fill(at, AccessKind::kStore, place);
  drain_stores_over(place.at, size);
  const auto write = [&] {
    ram_.announce_before(place.at, size);
    std::memset(ram_.host(place.at), 0, size);
    ram_.announce_after(place.at, size);
  };
  if (ram_.flags(place.at) & core::kPageTable)
    write_table(place.at, write);
  else
    write();
  tell_stops(at, size, AccessKind::kStore);
  return {};
}

Fault Mmu::check(GuestVirt at, AccessKind kind) noexcept {
  Place place;
  return translate(at, 1, kind, place);
}

Fault Mmu::fetch_page(GuestVirt at, core::CodePage& page) noexcept {
  spaces_.feel_stress();
  code_place_ = {};
  if (const Fault fault = translate(at, 2, AccessKind::kFetch, code_place_)) return fault;
  page.page = {code_place_.at.value & core::kPageMask};
  page.cacheable =
      spaces_.caching() && ram_.contains(page.page, core::kPageSize) && pmp_uniform_in_page(pmp_, page.page);
  page.stops = stops_ && stops_->in_code_page(at.value);
  return {};
}

Fault Mmu::fetch_halfword(GuestVirt at, uint16_t& bits) noexcept {
  Place place;
  if (const Fault fault = translate(at, 2, AccessKind::kFetch, place)) return fault;
  uint64_t value = 0;
  if (!read_physical(place.at, 2, value, AccessKind::kFetch)) return {FaultKind::kAccess, at};
  bits = static_cast<uint16_t>(value);
  return {};
}

void Mmu::keep_code(GuestVirt at, void* payload) noexcept {
  spaces_.fill_code(code_space_, code_view_kind(), at, code_place_.at, payload,
                    code_place_.walked ? &code_place_.walk : nullptr);
}

void Mmu::keep_translated(GuestVirt at, void* translated) noexcept {
  spaces_.fill_translated(code_space_, code_view_kind(), at, code_place_.at, translated,
                          code_place_.walked ? &code_place_.walk : nullptr);
}

void Mmu::forget_code() noexcept { spaces_.drop_code(); }

// What the hart wrote is in memory when a walk or a fetch behind the fence looks.
void Mmu::fence_instructions() noexcept {
  drain_stores();
  ram_.refetch();
}

void Mmu::fence_data() noexcept { drain_stores(); }

void Mmu::turn_ends() noexcept {
  if (buffer_) buffer_->age([this](const StoreBuffer::Store& store) { write_memory(store.at, store.width, store.value); });
}

void Mmu::drain_stores() noexcept {
  if (buffer_) buffer_->drain([this](const StoreBuffer::Store& store) { write_memory(store.at, store.width, store.value); });
}

void Mmu::drain_stores_over(GuestPhys at, uint64_t size) noexcept {
  if (!buffer_) return;
  buffer_->drain_overlapping(at, size,
                             [this](const StoreBuffer::Store& store) { write_memory(store.at, store.width, store.value); });
}

void Mmu::fence_translations(const core::TranslationFence& fence) noexcept {
  drain_stores();
  spaces_.events().count(EventKind::kFenceApplied);
  const size_t before = kept_.size();
  if (lazy() && !ignores_fences_ && before != 0) revoke(kept_.forget(fence));
  effect_ = {Effect::kFenced, paged_space_, before - kept_.size()};
}

std::string Mmu::effect() const {
  const uint64_t asid = context_.satp >> 44 & 0xffff;
  switch (effect_.what) {
    case Effect::kSwitched:
      return fmt::format("address space {} -> {}", effect_.before, spaces_.space_text(paged_space_, asid));
    case Effect::kSameSpace: return fmt::format("the same as before: address space {}", spaces_.space_text(paged_space_, asid));
    case Effect::kFenced: break;
  }
  if (ignores_fences_) return "nothing is forgotten: fences are ignored, on purpose";
  if (!lazy()) return "nothing was stale: the shadow has followed every write";
  return fmt::format("{} of the translations that were kept are forgotten, {} stay", effect_.forgotten, kept_.size());
}

uint32_t Mmu::peek_instruction(GuestVirt at) const noexcept {
  const auto halfword = [&](GuestVirt from) -> uint32_t {
    uint16_t bits = 0;
    const Walk walk = look(from, AccessKind::kFetch);
    if (walk.fault != FaultKind::kNone) return 0;
    if (!ram_.contains(walk.physical, 2)) return static_cast<uint16_t>(bus_.peek(walk.physical, 2).value_or(0));
    std::memcpy(&bits, ram_.host(walk.physical), sizeof bits);
    return bits;
  };
  return halfword(at) | halfword(at + 2) << 16;
}

// Views may lose more than they have to.
void Mmu::revoke(const KeptTranslations::Gone& gone) noexcept {
  if (gone.many) return spaces_.flush_hart(hart_);
  for (const KeptTranslations::Entry& entry : gone.entries)
    spaces_.revoke(hart_, entry.first(), entry.pages());
}

void Mmu::forget_translations() noexcept {
  if (!lazy()) return;
  kept_.clear();
  spaces_.flush_hart(hart_);
}

void Mmu::serialize(core::Archive& ar) {
  if (buffer_) {
    ar.section("stores" + std::to_string(hart_));
    buffer_->serialize(ar);
  }
  if (!lazy()) return;
  ar.section("mmu" + std::to_string(hart_));
  kept_.serialize(ar);
  if (ar.loading()) spaces_.flush_hart(hart_);
}

void Mmu::move() noexcept {
  spaces_.move(bare_space_);
  spaces_.move(paged_space_);
  set_context(context_);
}

}  // namespace vitrine::mmu
