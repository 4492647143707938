// SPDX-License-Identifier: MIT
// Groups: spaces of a hart that share what S has in the upper half, since their roots are equal there. Kernels map themselves
// into every process, so a new process needs no fill for what the kernel has touched before. The rules are told in
// docs/shadow-page-table.md, "The upper half is shared".
//
// What a group knows depends on 256 root entries, of which it has a copy, and on the tables below, which are tracked under
// its id. So it stays true whoever leaves. A space leaves at once when its root is written and differs, or is not tracked
// any more. It may be running then: its Views stay where they are, and lead to an upper half of its own, which is empty.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/assert.h"
#include "mmu/address_spaces.h"

namespace vitrine::mmu {

using core::GuestPhys;

namespace {

constexpr uint64_t bit(unsigned space) { return uint64_t{1} << space; }

// A root that no satp has: its ASID is left out of a space's root, and this bit is one of the ASID.
constexpr uint64_t kPpnMask = (uint64_t{1} << 44) - 1;
constexpr uint64_t kGroupMark = uint64_t{1} << 47;

}  // namespace

GuestPhys AddressSpaces::root_page(const Space& space) const noexcept {
  return {(space.root & kPpnMask) << core::kPageShift};
}

void AddressSpaces::join_group(SpaceId id) noexcept {
  Space& space = spaces_[id];
  if (model_ != Model::kCoherent || !caching() || space.group != id || space.low_kernel) return;
  // Kernels that live in the lower half switch often, and have nothing to share: they are asked seldom.
  if (space.vain_looks & (space.vain_looks - 1)) {
    ++space.vain_looks;
    return;
  }
  const GuestPhys page = root_page(space);
  VT_ASSERT(ram_.contains(page, core::kPageSize), "the root is not in RAM");
  const uint8_t* const upper_half = ram_.host(page) + core::kPageSize / 2;
  if (std::all_of(upper_half, upper_half + core::kPageSize / 2, [](uint8_t byte) { return byte == 0; })) {
    ++space.vain_looks;
    return;
  }
  space.upper.clear_all();
  space.known_upper.clear_all();
  if (auto& code = space.code[static_cast<unsigned>(ViewKind::kSupervisor)]) flush(*code);
  const SpaceId group = group_for(space, upper_half);
  spaces_[group].members |= bit(id);
  space.group = group;
  track_root(id);
  renew_supervisor_views(id);
}

AddressSpaces::SpaceId AddressSpaces::group_for(const Space& space, const uint8_t* upper_half) noexcept {
  const uint64_t key = (space.root & ~kPpnMask) | kGroupMark;
  for (unsigned i = 0; i < kSpaces; ++i) {
    const Space& group = spaces_[i];
    if (!group.common || group.hart != space.hart || group.root != key) continue;
    if (std::memcmp(group.common->data(), upper_half, group.common->size()) != 0) continue;
    ++counters.groups_joined;
    return static_cast<SpaceId>(i);
  }
  const SpaceId id = take(space.hart, key);
  spaces_[id].common = std::make_unique<RootHalf>();
  std::memcpy(spaces_[id].common->data(), upper_half, spaces_[id].common->size());
  ++counters.groups;
  return id;
}

void AddressSpaces::track_root(SpaceId id) noexcept {
  const Space& space = spaces_[id];
  const auto level = static_cast<uint8_t>(levels_of(mode_of(space.root)) - 1);
  Table& table = table_at(root_page(space), {.level = level, .root = true});
  if (table.level != level || table.range != 0 || !table.root) table.irregular = true;
  table.spaces |= bit(id);
  table.of_member = true;
}

bool AddressSpaces::somebody_is_in(SpaceId id) const noexcept {
  return std::any_of(pinned_.begin(), pinned_.end(), [&](uint64_t pinned) { return pinned & bit(id); });
}

void AddressSpaces::leave_group(SpaceId id) noexcept {
  Space& space = spaces_[id];
  if (space.group == id) return;
  Space& group = spaces_[space.group];
  group.members &= ~bit(id);
  space.group = id;
  space.vain_looks = 0;
  constexpr auto kS = static_cast<unsigned>(ViewKind::kSupervisor);
  if (group.code[kS] && somebody_is_in(id)) {
    space.code[kS] = std::move(group.code[kS]);  // the hart points at it; the others take a new one when they come
    flush(*space.code[kS]);
  }
  renew_supervisor_views(id);
  ++counters.groups_left;
}

// After a change of the group. The Views stay where they are.
void AddressSpaces::renew_supervisor_views(SpaceId id) noexcept {
  for (const ViewKind kind : {ViewKind::kSupervisor, ViewKind::kSupervisorSum}) {
    KeptView* const view = spaces_[id].views[static_cast<unsigned>(kind)].get();
    if (!view) continue;
    flush(*view);
    kept(id, kind);
    for (core::PredictionSet* set : predictions_) {
      if (set->view != view) continue;
      set->clear();
      set->point_at(*view);
    }
  }
}

void AddressSpaces::dissolve(SpaceId group) noexcept {
  for (uint64_t members = spaces_[group].members; members != 0; members &= members - 1)
    leave_group(static_cast<SpaceId>(std::countr_zero(members)));
}

uint64_t AddressSpaces::members_by(GuestPhys root) const noexcept {
  uint64_t members = 0;
  for (unsigned i = 0; i < kSpaces; ++i)
    if (spaces_[i].group != i && root_page(spaces_[i]).page() == root.page()) members |= bit(i);
  return members;
}

void AddressSpaces::leave_by_root(GuestPhys root) noexcept {
  for (uint64_t members = members_by(root); members != 0; members &= members - 1)
    leave_group(static_cast<SpaceId>(std::countr_zero(members)));
}

// The upper half of a root was written. The only member takes its group along, and what the entry served is revoked there:
// returns such groups.
uint64_t AddressSpaces::root_changed(GuestPhys root) noexcept {
  uint64_t groups = 0;
  for (uint64_t members = members_by(root); members != 0; members &= members - 1) {
    const auto id = static_cast<SpaceId>(std::countr_zero(members));
    Space& group = spaces_[spaces_[id].group];
    const uint8_t* const upper_half = ram_.host(root_page(spaces_[id])) + core::kPageSize / 2;
    if (std::memcmp(group.common->data(), upper_half, group.common->size()) == 0) continue;
    if (group.members == bit(id)) {
      groups |= bit(spaces_[id].group);
      std::memcpy(group.common->data(), upper_half, group.common->size());
    } else {
      leave_group(id);
    }
  }
  return groups;
}

}  // namespace vitrine::mmu
