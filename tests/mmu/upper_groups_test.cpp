// SPDX-License-Identifier: MIT
// Groups of spaces that share the upper half: what one member fills is there for the others, and only there; who leaves,
// leaves the others as they were; and what is common is revoked for all. Each test looks at the linear tables, which walks
// fill, and asks the walk whether it was needed. That no guest can observe any of it: coherence_test.cpp.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/bus.h"
#include "mmu/mmu.h"

namespace vitrine::mmu {
namespace {

using core::FaultKind;

constexpr uint64_t kBase = 0x8000'0000, kSize = 8 << 20, kPage = 0x1000;
constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128;
// Two roots, a table of 2 MiB entries and a leaf table that both lead to, and leaf tables of their own for the lower half.
constexpr uint64_t kRoot0 = kBase, kRoot1 = kBase + kPage, kRoot2 = kBase + 2 * kPage;
constexpr uint64_t kMiddle = kBase + 4 * kPage, kLeaves = kBase + 5 * kPage, kOtherMiddle = kBase + 6 * kPage;
constexpr uint64_t kLowMiddle = kBase + 8 * kPage, kLowLeaves = kBase + 12 * kPage;  // one each
constexpr uint64_t kKernel = kBase + 0x10'0000, kUser = kBase + 0x20'0000, kOther = kBase + 0x30'0000;
constexpr uint64_t kUpper = 0xffff'ffc0'0000'0000;
constexpr unsigned kHarts = 2;

constexpr uint64_t pte(uint64_t to, uint64_t flags) { return to >> 2 | flags; }

class UpperGroups : public testing::Test {
 protected:
  void SetUp() override { make(AddressSpaces::Kind::kShadow); }
  void make(AddressSpaces::Kind kind) {
    for (auto& port : ports) port.reset();
    spaces.reset();
    ram = std::move(*core::GuestRam::create({kBase}, kSize));
    spaces = std::make_unique<AddressSpaces>(*ram, attention, events, kind);
    for (unsigned hart = 0; hart < kHarts; ++hart) {
      ports[hart] = std::make_unique<Mmu>(hart, *ram, bus, *spaces);
      ports[hart]->use_predictions(sets[hart]);
      protect(hart, 0, 0);
    }
    if (spaces->kind() != kind) GTEST_SKIP() << "the host gives no address space";
    for (uint64_t i = 0; i < 3; ++i) {
      const uint64_t root = kRoot0 + i * kPage, middle = kLowMiddle + i * kPage, leaves = kLowLeaves + i * kPage;
      write(root, pte(middle, V));
      write(middle, pte(leaves, V));
      // The page of the process, and one that S may access without SUM.
      write(leaves, pte(kUser + i * kPage, V | R | W | X | U | A | D));
      write(leaves + 8 * 40, pte(kUser + (8 + i) * kPage, V | R | W | X | A | D));
      write(root + 8 * 256, pte(kMiddle, V));
    }
    write(kMiddle, pte(kLeaves, V));
    write(kOtherMiddle, pte(kLeaves, V));
    for (uint64_t i = 0; i < 64; ++i) write(kLeaves + 8 * i, pte(kKernel + i * kPage, V | R | W | X | A | D));
    for (uint64_t i = 0; i < kSize / 2 / kPage; ++i) write(kBase + kSize / 2 + i * kPage, i);
    write(kKernel, 1000), write(kOther, 2000);
    for (uint64_t i = 0; i < 3; ++i) write(kUser + i * kPage, 3000 + i), write(kUser + (8 + i) * kPage, 4000 + i);
  }
  void write(uint64_t at, uint64_t value) { ASSERT_TRUE(ram->write_value({at}, value)); }
  // All is allowed but `size` bytes from `at` on; 0: all.
  void protect(unsigned hart, uint64_t at, uint64_t size) {
    uint8_t config[kPmpEntries] = {};
    uint64_t address[kPmpEntries] = {};
    if (size != 0) config[0] = 0x18, address[0] = at >> 2 | (size / 8 - 1);
    config[1] = 0x1f;
    address[1] = (uint64_t{1} << 54) - 1;
    ports[hart]->set_protection(true, config, address);
  }
  void enter(uint64_t root, uint8_t privilege = 1, bool sum = false, unsigned hart = 0) {
    core::TranslationContext context;
    context.satp = uint64_t{8} << 60 | root >> 12;
    context.fetch_privilege = context.data_privilege = privilege;
    context.sum = sum;
    ports[hart]->set_context(context);
  }
  uint64_t load(uint64_t at, unsigned hart = 0) {
    uint64_t value = 0;
    const core::Fault fault = ports[hart]->load({at}, 8, value);
    return fault ? 0xdead'0000 + static_cast<uint64_t>(fault.kind) : value;
  }
  static constexpr uint64_t kPageFault = 0xdead'0000 + static_cast<uint64_t>(FaultKind::kPage);
  static constexpr uint64_t kAccessFault = 0xdead'0000 + static_cast<uint64_t>(FaultKind::kAccess);
  FaultKind store(uint64_t at, uint64_t value, unsigned hart = 0) { return ports[hart]->store({at}, 8, value).kind; }
  // How many walks it takes.
  template <typename Action>
  uint64_t walks(Action action) {
    const uint64_t before = spaces->counters.walks;
    action();
    return spaces->counters.walks - before;
  }
  uint64_t walks_of_load(uint64_t at, unsigned hart = 0) {
    return walks([&] { load(at, hart); });
  }
  // A kept page of code at `at`: what fetches it, and what was kept.
  void keep(uint64_t at, void* code, unsigned hart = 0) {
    core::CodePage page;
    ASSERT_FALSE(ports[hart]->fetch_page({at}, page));
    ASSERT_TRUE(page.cacheable);
    ports[hart]->keep_code({at}, code);
  }
  const void* kept(uint64_t at, unsigned hart = 0) {
    const core::CodeEntry& entry = ports[hart]->code_view->code[at >> 12 & (core::kCodeEntries - 1)];
    return entry.tag == at ? entry.payload : nullptr;
  }
  [[nodiscard]] const MmuCounters& counters() const { return spaces->counters; }

  std::unique_ptr<core::GuestRam> ram;
  core::Bus bus;
  core::Attention attention;
  core::Events events;
  core::PredictionSet sets[kHarts][core::kPredictionSets];
  std::unique_ptr<AddressSpaces> spaces;
  std::unique_ptr<Mmu> ports[kHarts];
  int code = 0;
};

TEST_F(UpperGroups, EqualUpperHalves_FilledOnce) {
  enter(kRoot0);
  EXPECT_EQ(walks_of_load(kUpper), 1u);
  EXPECT_EQ(walks([&] { store(kUpper + 40 * kPage, 5); }), 1u);
  enter(kRoot1);
  EXPECT_EQ(load(kUpper), 1000u);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
  EXPECT_EQ(walks([&] { store(kUpper + 40 * kPage, 6); }), 0u);
  EXPECT_EQ(counters().groups, 1u);
  EXPECT_EQ(counters().groups_joined, 1u);
}

TEST_F(UpperGroups, WithSumAndWithout_FilledOnce) {
  enter(kRoot0, 1, true);
  EXPECT_EQ(walks_of_load(kUpper), 1u);
  enter(kRoot1);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
}

TEST_F(UpperGroups, Code_AttachedOnce) {
  enter(kRoot0);
  keep(kUpper, &code);
  enter(kRoot1);
  EXPECT_EQ(kept(kUpper), &code);
  enter(kRoot1, 0);
  EXPECT_EQ(kept(kUpper), nullptr) << "U runs no code of S";
}

TEST_F(UpperGroups, LowerHalves_EachItsOwn) {
  enter(kRoot0, 1, true);
  EXPECT_EQ(load(0), 3000u);
  EXPECT_EQ(load(40 * kPage), 4000u);
  enter(kRoot1, 1, true);
  EXPECT_EQ(load(0), 3001u);
  EXPECT_EQ(load(40 * kPage), 4001u);
  enter(kRoot1, 1);
  EXPECT_EQ(load(0), kPageFault) << "without SUM";
  EXPECT_EQ(load(40 * kPage), 4001u);
  enter(kRoot0, 1, true);
  EXPECT_EQ(load(0), 3000u);
  EXPECT_EQ(walks_of_load(0), 0u) << "a space finds its own when it comes back";
}

TEST_F(UpperGroups, User_SeesNothingOfIt) {
  enter(kRoot0);
  load(kUpper);
  enter(kRoot1);
  load(kUpper);
  enter(kRoot1, 0);
  EXPECT_EQ(load(kUpper), kPageFault);
  EXPECT_EQ(ports[0]->data_view->read_shadow[1], nullptr);
}

// A user page of the upper half: U sees its own, S only with SUM, and neither through what others filled.
TEST_F(UpperGroups, UserPageInTheUpperHalf_OnlyForWhomItIs) {
  write(kLeaves + 8 * 3, pte(kOther, V | R | W | U | A | D));
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root, 1, true);
    EXPECT_EQ(load(kUpper + 3 * kPage), 2000u);
    enter(root, 1);
    EXPECT_EQ(load(kUpper + 3 * kPage), kPageFault);
    enter(root, 0);
    EXPECT_EQ(load(kUpper + 3 * kPage), 2000u);
  }
  write(kLeaves + 8 * 3, 0);
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root, 1, true);
    EXPECT_EQ(load(kUpper + 3 * kPage), kPageFault);
    enter(root, 0);
    EXPECT_EQ(load(kUpper + 3 * kPage), kPageFault);
  }
}

TEST_F(UpperGroups, RootsThatDiffer_ShareNothing) {
  write(kRoot1 + 8 * 511, pte(kOtherMiddle, V));  // not even used
  enter(kRoot0);
  load(kUpper);
  enter(kRoot1);
  EXPECT_EQ(walks_of_load(kUpper), 1u);
  EXPECT_EQ(counters().groups, 2u);
}

TEST_F(UpperGroups, NothingInTheUpperHalf_NoGroup) {
  write(kRoot0 + 8 * 256, 0);
  enter(kRoot0);
  EXPECT_EQ(load(40 * kPage), 4000u);
  EXPECT_EQ(counters().groups, 0u);
}

// The rules of the walk are part of what must be equal.
TEST_F(UpperGroups, OtherRules_OtherGroup) {
  write(kLeaves, pte(kKernel, V | R | W | A | D) | uint64_t{1} << 61);  // a memory type
  enter(kRoot0);
  EXPECT_EQ(load(kUpper), kPageFault);
  core::TranslationContext context;
  context.satp = uint64_t{8} << 60 | kRoot1 >> 12;
  context.fetch_privilege = context.data_privilege = 1;
  context.memory_types = true;
  ports[0]->set_context(context);
  EXPECT_EQ(load(kUpper), 1000u);
  enter(kRoot0);
  EXPECT_EQ(load(kUpper), kPageFault);
}

TEST_F(UpperGroups, CommonTableWritten_RevokedForAll) {
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root);
    load(kUpper), store(kUpper, 1000);
    if (root == kRoot0) keep(kUpper, &code);
  }
  write(kLeaves, pte(kOther, V | R | W | X | A | D));
  for (const uint64_t root : {kRoot1, kRoot0, kRoot2}) {
    enter(root);
    EXPECT_EQ(load(kUpper), 2000u);
    EXPECT_EQ(kept(kUpper), nullptr);
    EXPECT_EQ(store(kUpper, 2000), FaultKind::kNone);
    uint64_t there = 0;
    ASSERT_TRUE(ram->read_value({kKernel}, there));
    EXPECT_EQ(there, 1000u);
  }
  write(kMiddle, 0);
  for (const uint64_t root : {kRoot0, kRoot1, kRoot2}) {
    enter(root);
    EXPECT_EQ(load(kUpper), kPageFault);
    EXPECT_EQ(store(kUpper, 1), FaultKind::kPage);
  }
}

// A page becomes a page table: its write entries go, in the small tables of all members too.
TEST_F(UpperGroups, PageOfTheGroupIsFlagged_NobodyWritesItUnannounced) {
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root);
    EXPECT_EQ(store(kUpper + 7 * kPage, 1), FaultKind::kNone);
    ASSERT_NE(core::fast_lookup<8>(ports[0]->data_view->write, kUpper + 7 * kPage), nullptr);
  }
  ram->set_flag({kKernel + 7 * kPage}, core::kWatched);
  for (const uint64_t root : {kRoot1, kRoot0}) {
    enter(root);
    EXPECT_EQ(core::fast_lookup<8>(ports[0]->data_view->write, kUpper + 7 * kPage), nullptr);
    EXPECT_EQ(ports[0]->data_view->write_shadow[1][7], 0u);
  }
}

// The one who writes its root leaves, wherever the hart is; the other finds everything as it was.
TEST_F(UpperGroups, RootOfOneWritten_ThatOneLeaves) {
  for (const bool runs_in_it : {true, false}) {
    SCOPED_TRACE(runs_in_it);
    make(AddressSpaces::Kind::kShadow);
    for (const uint64_t root : {kRoot0, kRoot1}) {
      enter(root);
      load(kUpper);
    }
    if (!runs_in_it) enter(kRoot0);
    write(kRoot1 + 8 * 256, 0);
    EXPECT_EQ(counters().groups_left, 1u);
    if (!runs_in_it) enter(kRoot1);
    EXPECT_EQ(load(kUpper), kPageFault);
    enter(kRoot0);
    EXPECT_EQ(load(kUpper), 1000u);
    EXPECT_EQ(walks_of_load(kUpper), 0u);
    write(kRoot1 + 8 * 256, pte(kMiddle, V));
    enter(kRoot1);
    EXPECT_EQ(load(kUpper), 1000u);
    EXPECT_EQ(counters().groups_joined, 2u) << "equal again";
  }
}

TEST_F(UpperGroups, LeavingWhileRunning_CodeAndPredictionsGo) {
  enter(kRoot0);
  enter(kRoot1);
  load(kUpper);
  keep(kUpper, &code);
  const core::CodeView* const code_before = ports[0]->code_view;
  const core::View* const data_before = ports[0]->data_view;
  core::PredictionSet& set = sets[0][core::kSupervisorSet];
  set.read.start[5] = kUpper;
  set.read.addend[5] = reinterpret_cast<uint64_t>(ram->host({kKernel})) - kUpper;
  set.read.length[5] = kPage - 7;
  attention.wanted = false;
  write(kRoot1 + 8 * 256, pte(kOtherMiddle, V));
  EXPECT_TRUE(attention.wanted);
  EXPECT_EQ(ports[0]->code_view, code_before) << "engines hold on to them";
  EXPECT_EQ(ports[0]->data_view, data_before);
  EXPECT_EQ(kept(kUpper), nullptr);
  EXPECT_EQ(set.read.length[5], 0u);
  EXPECT_EQ(set.read_shadow[1], data_before->read_shadow[1]) << "scattered sites look there";
  // What it keeps from now on is its own.
  keep(kUpper, &code);
  enter(kRoot0);
  EXPECT_EQ(kept(kUpper), nullptr);
}

TEST_F(UpperGroups, SameBytesWritten_NobodyLeaves) {
  enter(kRoot0);
  load(kUpper);
  enter(kRoot1);
  write(kRoot1 + 8 * 256, pte(kMiddle, V));
  EXPECT_EQ(counters().groups_left, 0u);
}

// As with one space alone: what the entry served is revoked, the rest stays.
TEST_F(UpperGroups, OnlyMember_TakesItsGroupAlong) {
  write(kRoot0 + 8 * 257, pte(kOtherMiddle, V));
  constexpr uint64_t kSecond = kUpper + (uint64_t{1} << 30);
  enter(kRoot0);
  load(kUpper), load(kSecond);
  write(kRoot0 + 8 * 257, 0);
  EXPECT_EQ(load(kSecond), kPageFault);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
  EXPECT_EQ(counters().groups_left, 0u);
  // Its new bytes are what others are compared with.
  enter(kRoot1);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
}

// A process ends: its root is cleared, holds data, and is the root of another process then.
TEST_F(UpperGroups, RootPageUsedAgain_NothingOfBefore) {
  enter(kRoot0);
  load(kUpper);
  enter(kRoot1);
  EXPECT_EQ(load(40 * kPage), 4001u);
  enter(kRoot0);
  std::vector<uint8_t> page(kPage, 0);
  ASSERT_TRUE(ram->write({kRoot1}, page.data(), page.size()));  // DMA
  EXPECT_EQ(counters().groups_left, 1u);
  enter(kRoot1);
  EXPECT_EQ(load(kUpper), kPageFault);
  EXPECT_EQ(load(40 * kPage), kPageFault);
  enter(kRoot0);
  write(kRoot1 + 8, pte(kLowMiddle + 2 * kPage, V));
  write(kRoot1 + 8 * 256, pte(kMiddle, V));
  enter(kRoot1);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
  EXPECT_EQ(load((uint64_t{1} << 30) + 40 * kPage), 4002u);
}

// The root is written entry by entry until it is not tracked: a member no more, and the upper half is still right.
TEST_F(UpperGroups, RootUntracked_MemberNoMore) {
  enter(kRoot0);
  enter(kRoot1);
  load(kUpper);
  for (uint64_t i = 1; i < 9; ++i) write(kRoot1 + 8 * i, 0);
  EXPECT_EQ(events.of(core::EventKind::kTableUntracked), 1u);
  EXPECT_EQ(counters().groups_left, 1u);
  write(kRoot1 + 8 * 256, 0);
  EXPECT_EQ(load(kUpper), kPageFault);
}

// A root that leads to itself: its entries are tables of the group and the member's own at once.
TEST_F(UpperGroups, RecursiveRoot_Exact) {
  for (const uint64_t root : {kRoot0, kRoot1}) write(root + 8 * 511, pte(kRoot0, V));
  const uint64_t window = ~uint64_t{0} << 30 | uint64_t{511} << 21 | uint64_t{256} << 12;  // 511, 511, 256: what entry 256 leads to
  write(kMiddle + 8, pte(kKernel, V | R | W | A | D));  // read as a leaf of 2 MiB below, and as an entry through the window
  enter(kRoot1);
  EXPECT_EQ(load(window), kPageFault) << "a pointer is no leaf";
  write(kRoot0 + 8 * 256, pte(kMiddle, V | R | W | A | D));
  EXPECT_EQ(load(window), pte(kLeaves, V)) << "entry 256 of the first root, as a leaf";
  enter(kRoot0);
  EXPECT_EQ(load(window), pte(kLeaves, V));
  EXPECT_EQ(store(window, pte(kOtherMiddle, V)), FaultKind::kNone);
  enter(kRoot1);
  EXPECT_EQ(load(window), pte(kOtherMiddle, V));
  EXPECT_EQ(load(kUpper), kPageFault) << "a table that has become a leaf table's content";
}

// A gigabyte mapped by the root itself; A and D are then set in the member's own root.
TEST_F(UpperGroups, LeafInTheRoot_ASetByTheWalk) {
  constexpr uint64_t kBig = kUpper + (uint64_t{2} << 30);
  for (const uint64_t root : {kRoot0, kRoot1}) write(root + 8 * 258, pte(kBase, V | R | W));
  enter(kRoot0);
  enter(kRoot1);
  EXPECT_EQ(load(kBig + (kKernel - kBase)), 1000u);
  uint64_t entry = 0;
  ASSERT_TRUE(ram->read_value({kRoot1 + 8 * 258}, entry));
  EXPECT_EQ(entry, pte(kBase, V | R | W | A));
  enter(kRoot0);
  EXPECT_EQ(load(kBig + (kKernel - kBase)), 1000u);
  ASSERT_TRUE(ram->read_value({kRoot0 + 8 * 258}, entry));
  EXPECT_EQ(entry, pte(kBase, V | R | W | A)) << "a hit would not have set it";
}

// PMP may forbid one root and allow the other.
TEST_F(UpperGroups, RootThatMayNotBeRead_NoMember) {
  protect(0, kRoot1, kPage);
  enter(kRoot0);
  EXPECT_EQ(load(kUpper), 1000u);
  enter(kRoot2);
  EXPECT_EQ(walks_of_load(kUpper), 0u);
  enter(kRoot1);
  EXPECT_EQ(load(kUpper), kAccessFault);
  protect(0, 0, 0);
  EXPECT_EQ(load(kUpper), 1000u);
  // And the other way round: members before, and then one of them may not.
  enter(kRoot0);
  enter(kRoot1);
  EXPECT_EQ(load(kUpper), 1000u);
  protect(0, kRoot1, kPage);
  EXPECT_EQ(load(kUpper), kAccessFault);
  enter(kRoot0);
  load(kUpper);
  enter(kRoot1);
  EXPECT_EQ(load(kUpper), kAccessFault);
}

// Harts have each their PMP, so each has groups of its own; a table of both is revoked for both.
TEST_F(UpperGroups, TwoHarts_GroupsOfTheirOwn) {
  for (unsigned hart : {0, 1})
    for (const uint64_t root : {kRoot0, kRoot1}) {
      enter(root, 1, false, hart);
      EXPECT_EQ(walks_of_load(kUpper, hart), root == kRoot0 ? 1u : 0u) << hart;
    }
  enter(kRoot0, 1, false, 1);
  write(kRoot1 + 8 * 256, 0);  // hart 0 runs there, hart 1 is a member by it too
  EXPECT_EQ(counters().groups_left, 2u);
  EXPECT_EQ(load(kUpper, 0), kPageFault);
  EXPECT_EQ(load(kUpper, 1), 1000u);
  enter(kRoot1, 1, false, 1);
  EXPECT_EQ(load(kUpper, 1), kPageFault);
  write(kLeaves, pte(kOther, V | R | A));
  enter(kRoot0, 1, false, 0);
  enter(kRoot0, 1, false, 1);
  EXPECT_EQ(load(kUpper, 0), 2000u);
  EXPECT_EQ(load(kUpper, 1), 2000u);
}

// A kernel of the lower half that maps something above: its code is its own.
TEST_F(UpperGroups, KernelInTheLowerHalf_KeepsItsCodeToItself) {
  int other = 0;
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root);
    keep(40 * kPage, root == kRoot0 ? &code : &other);
  }
  enter(kRoot0);
  EXPECT_EQ(kept(40 * kPage), &code);
  enter(kRoot1);
  EXPECT_EQ(kept(40 * kPage), &other);
  EXPECT_EQ(load(kUpper), 1000u);
  enter(kRoot0);
  EXPECT_EQ(walks_of_load(kUpper), 1u);
}

// It leaves for its code, and no entry was written: what it predicts is not the group's to revoke from now on.
TEST_F(UpperGroups, LeavingForItsCode_PredictionsGo) {
  enter(kRoot0);
  enter(kRoot1);
  load(kUpper);
  core::PredictionSet& set = sets[0][core::kSupervisorSet];
  set.read.start[5] = kUpper;
  set.read.addend[5] = reinterpret_cast<uint64_t>(ram->host({kKernel})) - kUpper;
  set.read.length[5] = kPage - 7;
  keep(40 * kPage, &code);
  EXPECT_EQ(counters().groups_left, 1u);
  EXPECT_EQ(set.read.length[5], 0u);
}

// A switch between members keeps what S may access above, and forgets what it could below.
TEST_F(UpperGroups, SwitchToAnotherMember_PredictionsOfTheLowerHalfGo) {
  core::PredictionSet& set = sets[0][core::kSupervisorSet];
  enter(kRoot0);
  load(kUpper), load(40 * kPage);
  const auto predict = [&](unsigned slot, uint64_t at) {
    set.write.start[slot] = set.read.start[slot] = at;
    set.write.length[slot] = set.read.length[slot] = kPage - 7;
    set.recent[set.refills++ % core::PredictionSet::kRecent] = slot;
  };
  for (const unsigned many : {2u, 40u}) {
    enter(kRoot0);
    for (unsigned slot = 0; slot < many; ++slot) predict(slot, slot % 2 ? kUpper : 40 * kPage);
    enter(kRoot1);
    for (unsigned slot = 0; slot < many; ++slot) {
      EXPECT_EQ(set.read.length[slot] != 0, slot % 2 == 1) << slot;
      EXPECT_EQ(set.write.length[slot] != 0, slot % 2 == 1) << slot;
    }
  }
  write(kRoot2 + 8 * 511, pte(kOtherMiddle, V));
  enter(kRoot2);
  EXPECT_EQ(set.read.length[1], 0u) << "no member";
}

// More roots than there are places: groups and members are evicted in turn.
TEST_F(UpperGroups, ManyRoots_EvictedInTurn_Exact) {
  constexpr uint64_t kRoots = 100, kFirst = kBase + 0x50'0000, kTables = kBase + 0x60'0000;
  for (uint64_t i = 0; i < kRoots; ++i) {
    write(kFirst + i * kPage + 8 * 256, pte(kMiddle, V));
    write(kFirst + i * kPage + 8 * 257, i % 3 == 0 ? pte(kTables + i * kPage, V) : 0);  // some differ from all others
    write(kTables + i * kPage, pte(kLeaves, V));
  }
  for (unsigned round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < kRoots; ++i) {
      enter(kFirst + i * kPage);
      EXPECT_EQ(load(kUpper), 1000 + round * 1000) << i;
      EXPECT_EQ(load(kUpper + (uint64_t{1} << 30)), i % 3 == 0 ? 1000 + round * 1000 : kPageFault) << i;
    }
    write(round == 0 ? kLeaves : kOther, round == 0 ? pte(kOther, V | R | W | X | A | D) : 3000);
  }
  EXPECT_GT(counters().spaces_evicted, 100u);
  EXPECT_GT(counters().groups_joined, 100u);
}

// Small tables alone: code is shared, and data is as right.
TEST_F(UpperGroups, SmallTablesAlone_CodeIsShared) {
  make(AddressSpaces::Kind::kTlb);
  enter(kRoot0);
  EXPECT_EQ(load(kUpper), 1000u);
  keep(kUpper, &code);
  enter(kRoot1);
  EXPECT_EQ(kept(kUpper), &code);
  EXPECT_EQ(load(kUpper), 1000u);
  EXPECT_EQ(store(kUpper, 1001), FaultKind::kNone);
  write(kLeaves, pte(kOther, V | R | A));
  for (const uint64_t root : {kRoot0, kRoot1}) {
    enter(root);
    EXPECT_EQ(load(kUpper), 2000u);
    EXPECT_EQ(store(kUpper, 1), FaultKind::kPage);
    EXPECT_EQ(kept(kUpper), nullptr);
  }
}

}  // namespace
}  // namespace vitrine::mmu
