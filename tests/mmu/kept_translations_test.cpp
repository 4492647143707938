// SPDX-License-Identifier: MIT
// The rules of the lazy machines, entry by entry: what may still be used after the page table has changed,
// and what each kind of fence takes away (privileged spec, SFENCE.VMA). Through the memory port of a hart,
// whose page tables are written here behind its back. That caches on top of this are not seen:
// coherence_test.cpp.
#include <gtest/gtest.h>

#include <memory>

#include "core/bus.h"
#include "core/state.h"
#include "mmu/mmu.h"

namespace vitrine::mmu {
namespace {

using core::AccessKind;
using core::FaultKind;
using core::TranslationFence;

constexpr uint64_t kBase = 0x8000'0000, kSize = 8 << 20;
constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
constexpr uint64_t kData = V | R | W | A | D;
constexpr uint64_t kRoot = kBase, kOtherRoot = kBase + 0x1000, kMiddle = kBase + 0x2000,
                   kLeaves = kBase + 0x3000;
constexpr uint64_t kOld = kBase + 0x10'0000, kNew = kBase + 0x20'0000;  // where pages lead, before and after
constexpr uint64_t kPage = 0x5000;                                      // the address that is asked for

constexpr uint64_t pte(uint64_t to, uint64_t flags) { return to >> 2 | flags; }
constexpr uint64_t satp(uint64_t root, uint64_t asid = 0) {
  return uint64_t{8} << 60 | asid << 44 | root >> 12;
}
constexpr TranslationFence kEverything = {};
constexpr TranslationFence of_address(uint64_t at) { return {.first = at, .size = 1}; }
constexpr TranslationFence of_asid(uint16_t asid) { return {.one_space = true, .asid = asid}; }
constexpr TranslationFence of_both(uint64_t at, uint16_t asid) { return {at, 1, true, asid}; }

class Rig {
 public:
  explicit Rig(Model model, AddressSpaces::Kind kind = AddressSpaces::Kind::kShadow)
      : spaces(*ram, attention, events, kind, model) {
    for (unsigned i = 0; i < 2; ++i) {
      ports[i] = std::make_unique<Mmu>(i, *ram, bus, spaces);
      uint8_t config[kPmpEntries] = {0x1f};
      uint64_t regions[kPmpEntries] = {(uint64_t{1} << 54) - 1};
      ports[i]->set_protection(true, config, regions);
    }
    for (const uint64_t root : {kRoot, kOtherRoot}) write(root, pte(kMiddle, V));
    write(kMiddle, pte(kLeaves, V));
    for (uint64_t at = kOld; at < kOld + 0x10'0000; at += 0x1000) write(at, 1);
    for (uint64_t at = kNew; at < kNew + 0x40'0000; at += 0x1000) write(at, 2);
    enter(satp(kRoot));
  }
  void write(uint64_t at, uint64_t value) { ASSERT_TRUE(ram->write_value({at}, value)); }
  uint64_t read(uint64_t at) {
    uint64_t value = 0;
    EXPECT_TRUE(ram->read_value({at}, value));
    return value;
  }
  static uint64_t leaf_of(uint64_t page) { return kLeaves + (page >> 12) * 8; }
  void map(uint64_t page, uint64_t to, uint64_t flags = kData) { write(leaf_of(page), pte(to, flags)); }
  void enter(uint64_t value, uint8_t privilege = 1, unsigned hart = 0) {
    contexts[hart].satp = value;
    contexts[hart].fetch_privilege = contexts[hart].data_privilege = privilege;
    apply(hart);
  }
  void apply(unsigned hart = 0) { ports[hart]->set_context(contexts[hart]); }
  // 1: the old page answers, 2: the new one, 0: a fault.
  uint64_t load(uint64_t at, unsigned hart = 0) {
    uint64_t value = 0;
    return ports[hart]->load({at}, 8, value) ? 0 : value;
  }
  FaultKind store(uint64_t at) { return ports[0]->store({at}, 8, 1).kind; }
  uint64_t fetch(uint64_t at) {
    core::CodePage page;
    return ports[0]->fetch_page({at}, page) ? 0 : read(page.page.value);
  }
  void fence(const TranslationFence& what, unsigned hart = 0) { ports[hart]->fence_translations(what); }
  std::vector<std::byte> saved() {
    core::StateWriter writer;
    for (auto& port : ports) port->serialize(writer);
    return writer.data();
  }

  std::unique_ptr<core::GuestRam> ram = std::move(*core::GuestRam::create({kBase}, kSize));
  core::Bus bus;
  core::Attention attention;
  core::Events events;
  AddressSpaces spaces;
  std::unique_ptr<Mmu> ports[2];
  core::TranslationContext contexts[2];
};

class Kept : public testing::TestWithParam<Model> {
 protected:
  Rig rig{GetParam()};
  // Used once, then changed without a fence.
  void use_and_change(uint64_t flags = kData) {
    rig.map(kPage, kOld, flags);
    ASSERT_EQ(rig.load(kPage), 1u);
    rig.map(kPage, kNew, flags);
  }
};
INSTANTIATE_TEST_SUITE_P(Both, Kept, testing::Values(Model::kLazyShadow, Model::kFencedTlb),
                         [](const auto& info) {
                           return info.param == Model::kLazyShadow ? "LazyShadow" : "FencedTlb";
                         });

TEST(KeptByNobody, CoherentMachine_SeesTheNewPageAtOnce) {
  Rig rig(Model::kCoherent);
  rig.map(kPage, kOld);
  ASSERT_EQ(rig.load(kPage), 1u);
  rig.map(kPage, kNew);
  EXPECT_EQ(rig.load(kPage), 2u);
  EXPECT_TRUE(rig.saved().empty()) << "nothing that is kept is state";
}

TEST_P(Kept, LeafChanged_OldPageUntilTheFence) {
  use_and_change();
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(kEverything);
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, LeafInvalidated_OldPageUntilTheFence) {
  use_and_change();
  rig.write(Rig::leaf_of(kPage), 0);
  EXPECT_EQ(rig.load(kPage), 1u);
  EXPECT_EQ(rig.store(kPage), FaultKind::kNone);
  rig.fence(of_address(kPage));
  EXPECT_EQ(rig.load(kPage), 0u);
}

TEST_P(Kept, NotValid_IsNotKept) {
  EXPECT_EQ(rig.load(kPage), 0u);
  rig.map(kPage, kNew);
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, Loads_Stores_Fetches_ShareAnEntry) {
  rig.map(kPage, kOld, kData | X);
  ASSERT_EQ(rig.fetch(kPage), 1u);
  rig.map(kPage, kNew, kData | X);
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.write(kOld, 7);
  ASSERT_EQ(rig.store(kPage), FaultKind::kNone);
  EXPECT_EQ(rig.read(kOld), 1u);
  EXPECT_EQ(rig.read(kNew), 2u);
}

// What an entry does not permit is asked of the page table.
TEST_P(Kept, PermissionGivenWithoutFence_FoundByTheWalk_ReplacesTheEntry) {
  rig.map(kPage, kOld, V | R | A);
  ASSERT_EQ(rig.load(kPage), 1u);
  rig.map(kPage, kNew);
  EXPECT_EQ(rig.load(kPage), 1u);
  EXPECT_EQ(rig.store(kPage), FaultKind::kNone);
  EXPECT_EQ(rig.read(kNew), 1u) << "it went to the new page";
  rig.write(kNew, 2);
  EXPECT_EQ(rig.load(kPage), 2u) << "and loads do, from then on";
}

TEST_P(Kept, PermissionTakenWithoutFence_HoldsUntilTheFence) {
  use_and_change();
  rig.map(kPage, kOld, V | R | A);
  ASSERT_EQ(rig.store(kPage), FaultKind::kNone);
  rig.fence(kEverything);
  EXPECT_EQ(rig.store(kPage), FaultKind::kPage);
}

TEST_P(Kept, DirtyClear_StoreWalksAndSetsIt) {
  rig.map(kPage, kOld, V | R | W | A);
  ASSERT_EQ(rig.load(kPage), 1u);
  ASSERT_EQ(rig.store(kPage), FaultKind::kNone);
  EXPECT_EQ(rig.read(Rig::leaf_of(kPage)), pte(kOld, kData));
}

TEST_P(Kept, AccessedCleared_SetAgainAfterTheFenceOnly) {
  use_and_change();
  rig.map(kPage, kOld, V | R | W | D);
  rig.load(kPage);
  EXPECT_EQ(rig.read(Rig::leaf_of(kPage)), pte(kOld, V | R | W | D));
  rig.fence(of_address(kPage));
  rig.load(kPage);
  EXPECT_EQ(rig.read(Rig::leaf_of(kPage)), pte(kOld, kData));
}

// --- What a fence names

TEST_P(Kept, FenceOfAnotherPage_NothingGoes) {
  use_and_change();
  rig.fence(of_address(kPage - 1));
  rig.fence(of_address(kPage + 0x1000));
  rig.fence(of_address(kPage | uint64_t{1} << 39));  // not canonical: "no effect"
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(of_address(kPage + 0xfff));
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, FenceOfARange_ItsPagesGo) {
  use_and_change();
  rig.fence({.first = kPage + 0x1000, .size = 0x10'0000});
  rig.fence({.first = kPage, .size = 0});
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence({.first = kPage - 1, .size = 2});
  EXPECT_EQ(rig.load(kPage), 2u);
  rig.map(kPage, kOld);
  rig.fence({.first = 0, .size = 1 << 30});  // too long to be done page by page
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.map(kPage, kNew);
  rig.fence({.first = ~uint64_t{0} - 0xfff, .size = 0x10'000});  // over the top: everything
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, FenceOfAnAsid_ThatOneGoes) {
  rig.map(kPage, kOld);
  for (const uint64_t asid : {3, 4}) {
    rig.enter(satp(kRoot, asid));
    ASSERT_EQ(rig.load(kPage), 1u);
  }
  rig.map(kPage, kNew);
  rig.fence(of_asid(5));
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(of_asid(4));
  EXPECT_EQ(rig.load(kPage), 2u);
  rig.enter(satp(kRoot, 3));
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(of_both(kPage + 0x1000, 3));
  rig.fence(of_both(kPage, 4));
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(of_both(kPage, 3));
  EXPECT_EQ(rig.load(kPage), 2u);
}

// "except those that are global".
TEST_P(Kept, GlobalPage_FencedWithoutAsidOnly) {
  rig.enter(satp(kRoot, 3));
  use_and_change(kData | G);
  rig.fence(of_asid(3));
  rig.fence(of_both(kPage, 3));
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.fence(of_address(kPage));
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, FenceOfOneAddressOfASuperpage_AllOfItGoes) {
  rig.write(kMiddle, pte(kNew, kData));  // 2 MiB
  ASSERT_EQ(rig.load(kPage), 2u);
  ASSERT_EQ(rig.load(kPage + 0x3000), 2u);
  for (uint64_t i = 0; i < 512; ++i) rig.map(i << 12, kOld);
  rig.write(kMiddle, pte(kLeaves, V));
  EXPECT_EQ(rig.load(kPage), 2u);
  EXPECT_EQ(rig.load(kPage + 0x7000), 2u) << "never used, but in the same entry";
  rig.fence(of_address(0x1f'f000));
  EXPECT_EQ(rig.load(kPage), 1u);
  EXPECT_EQ(rig.load(kPage + 0x3000), 1u);
}

TEST_P(Kept, FenceOfAnotherHart_NothingGoes) {
  rig.enter(satp(kRoot), 1, 1);
  use_and_change();
  EXPECT_EQ(rig.load(kPage, 1), 2u) << "each hart has its own";
  rig.map(kPage, kOld);
  rig.fence(kEverything, 0);
  EXPECT_EQ(rig.load(kPage, 0), 1u);
  EXPECT_EQ(rig.load(kPage, 1), 2u);
}

// --- What takes effect without a fence

// "Changes to SUM and MXR take effect immediately"; so do privilege and a change between Bare and a paged
// mode.
TEST_P(Kept, ModesTakeEffectAtOnce) {
  rig.map(kPage, kOld, kData | U);
  rig.map(kPage + 0x1000, kOld, V | X | A);
  EXPECT_EQ(rig.load(kPage), 0u);
  rig.contexts[0].sum = true, rig.apply();
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.contexts[0].sum = false, rig.apply();
  EXPECT_EQ(rig.load(kPage), 0u);
  ASSERT_EQ(rig.fetch(kPage + 0x1000), 1u);
  EXPECT_EQ(rig.load(kPage + 0x1000), 0u);
  rig.contexts[0].mxr = true, rig.apply();
  EXPECT_EQ(rig.load(kPage + 0x1000), 1u);
  rig.enter(satp(kRoot), 0);
  EXPECT_EQ(rig.load(kPage), 1u);
  rig.enter(0);
  EXPECT_EQ(rig.load(kOld), 1u);
  EXPECT_EQ(rig.load(kPage), 0u);
}

TEST_P(Kept, PmpTakesEffectAtOnce) {
  use_and_change();
  uint8_t config[kPmpEntries] = {0x1c};  // X alone
  uint64_t regions[kPmpEntries] = {(uint64_t{1} << 54) - 1};
  rig.ports[0]->set_protection(true, config, regions);
  EXPECT_EQ(rig.load(kPage), 0u);
}

// Writing satp fences nothing.
TEST_P(Kept, SatpSwitchedAwayAndBack_StillTheOldPage) {
  use_and_change();
  rig.enter(satp(kOtherRoot, 9));
  EXPECT_EQ(rig.load(kPage), 2u);
  rig.enter(0);
  rig.enter(satp(kRoot));
  EXPECT_EQ(rig.load(kPage), 1u);
}

// --- Where the two differ

// A TLB knows ASIDs; a shadow page table belongs to a root.
TEST(KeptDifference, SameAsidOtherRoot) {
  for (const Model model : {Model::kLazyShadow, Model::kFencedTlb}) {
    Rig rig(model);
    rig.map(kPage, kOld);
    ASSERT_EQ(rig.load(kPage), 1u);
    rig.map(kPage, kNew);
    rig.enter(satp(kOtherRoot));
    EXPECT_EQ(rig.load(kPage), model == Model::kFencedTlb ? 1u : 2u);
  }
}

TEST(KeptDifference, GlobalPageUnderAnotherAsid) {
  for (const Model model : {Model::kLazyShadow, Model::kFencedTlb}) {
    Rig rig(model);
    rig.enter(satp(kRoot, 1));
    rig.map(kPage, kOld, kData | G);
    ASSERT_EQ(rig.load(kPage), 1u);
    rig.map(kPage, kNew, kData | G);
    rig.enter(satp(kRoot, 2));
    EXPECT_EQ(rig.load(kPage), model == Model::kFencedTlb ? 1u : 2u);
  }
}

// A TLB has so many places for a page; four other pages of its set push it out. The fifth use of the set
// evicts the first.
TEST(KeptDifference, Capacity) {
  for (const Model model : {Model::kLazyShadow, Model::kFencedTlb}) {
    Rig rig(model);
    // Pages 4 MiB apart share a set of the 1,024: leaves of 2 MiB are not used, so each needs a table of its
    // own.
    for (uint64_t i = 0; i < 5; ++i) {
      const uint64_t table = kBase + 0x8000 + i * 0x1000;
      rig.write(kMiddle + i * 2 * 8, pte(table, V));
      rig.write(table + (kPage >> 12) * 8, pte(kOld, kData));
    }
    const auto page = [](uint64_t i) { return (i << 22) + kPage; };
    for (uint64_t i = 0; i < 4; ++i) ASSERT_EQ(rig.load(page(i)), 1u);
    rig.write(kBase + 0x8000 + (kPage >> 12) * 8, pte(kNew, kData));
    EXPECT_EQ(rig.load(page(0)), 1u);
    ASSERT_EQ(rig.load(page(4)), 1u);
    EXPECT_EQ(rig.load(page(0)), model == Model::kFencedTlb ? 2u : 1u);
  }
}

// --- It is state

TEST_P(Kept, SavedAndRestored_GoesOnAsBefore) {
  use_and_change();
  const std::vector<std::byte> state = rig.saved();
  rig.fence(kEverything);
  ASSERT_EQ(rig.load(kPage), 2u);
  EXPECT_NE(rig.saved(), state);
  core::StateReader reader(state);
  for (auto& port : rig.ports) port->serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
  ASSERT_TRUE(reader.at_end());
  EXPECT_EQ(rig.saved(), state);
  EXPECT_EQ(rig.load(kPage), 1u) << "what is cached elsewhere was dropped";
}

TEST_P(Kept, ForgetTranslations_AsAfterPowerOn) {
  use_and_change();
  rig.ports[0]->forget_translations();
  EXPECT_EQ(rig.load(kPage), 2u);
}

TEST_P(Kept, NoTableIsTracked) {
  use_and_change();
  EXPECT_EQ(rig.ram->flags({kLeaves}) & core::kPageTable, 0);
  EXPECT_EQ(rig.events.of(core::EventKind::kTableUpdate), 0u);
}

}  // namespace
}  // namespace vitrine::mmu
