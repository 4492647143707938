// SPDX-License-Identifier: MIT
// What a read fills besides its own page, entry by entry of the linear table; that it goes when what it was made from changes;
// and that predictions lose what was revoked and nothing else. That none of it can be observed: coherence_test.cpp.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>

#include "core/bus.h"
#include "mmu/mmu.h"

namespace vitrine::mmu {
namespace {

constexpr uint64_t kBase = 0x8000'0000, kSize = 8 << 20;
constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128;
constexpr uint64_t kRoot = kBase, kMiddle = kBase + 0x1000, kLeaves = kBase + 0x2000;
constexpr uint64_t kTarget = kBase + 0x10'0000;  // page i of the first 2 MiB leads to page i from here
constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kSuperpage = 0x20'0000, kSuperTarget = kBase + 0x40'0000;
constexpr uint64_t kUpper = 0xffff'ffc0'0000'0000;

constexpr uint64_t pte(uint64_t to, uint64_t flags) { return to >> 2 | flags; }

class BulkFill : public testing::Test {
 protected:
  void SetUp() override { make(Model::kCoherent); }
  void make(Model model) {
    port.reset();
    spaces.reset();
    ram = std::move(*core::GuestRam::create({kBase}, kSize));
    spaces = std::make_unique<AddressSpaces>(*ram, attention, events, AddressSpaces::Kind::kShadow, model);
    port = std::make_unique<Mmu>(0, *ram, bus, *spaces);
    if (spaces->kind() != AddressSpaces::Kind::kShadow) GTEST_SKIP() << "the host gives no address space";
    port->use_predictions(sets);
    protect({});
    write(kRoot, pte(kMiddle, V));
    write(kRoot + 8 * 256, pte(kMiddle, V));
    write(kMiddle, pte(kLeaves, V));
    write(kMiddle + 8, pte(kSuperTarget, V | R | A));
    for (uint64_t i = 0; i < 64; ++i) map(i, V | R | W | A | D);
    enter(1);
  }
  void write(uint64_t at, uint64_t value) { ASSERT_TRUE(ram->write_value({at}, value)); }
  void map(uint64_t page, uint64_t flags, uint64_t to = 0) {
    write(kLeaves + 8 * page, pte(to ? to : kTarget + page * kPage, flags));
  }
  void enter(uint8_t privilege, bool sum = false) {
    core::TranslationContext context;
    context.satp = uint64_t{8} << 60 | kRoot >> 12;
    context.fetch_privilege = context.data_privilege = privilege;
    context.sum = sum;
    port->set_context(context);
  }
  struct Region {
    uint64_t first, size;  // a power of two
    uint8_t permissions;
  };
  void protect(std::initializer_list<Region> regions) {
    uint8_t config[kPmpEntries] = {};
    uint64_t address[kPmpEntries] = {};
    unsigned i = 0;
    for (const Region& r : regions) {
      config[i] = 0x18 | r.permissions;
      address[i++] = r.first >> 2 | (r.size / 8 - 1);
    }
    config[i] = 0x1f;
    address[i] = (uint64_t{1} << 54) - 1;
    port->set_protection(true, config, address);
  }
  core::FaultKind load(uint64_t at) {
    uint64_t value = 0;
    return port->load({at}, 8, value).kind;
  }
  // Does the linear table have it, and lead to `to`?
  bool reads(uint64_t at, uint64_t to) {
    const uint64_t addend = port->data_view->read_shadow[ShadowTable::half(at)][at >> 12 & (ShadowTable::kEntries - 1)];
    if (addend == 0) return false;
    EXPECT_EQ(at + addend, reinterpret_cast<uint64_t>(ram->host({to}))) << std::hex << at;
    return true;
  }
  bool reads_page(uint64_t page) { return reads(page * kPage, kTarget + page * kPage); }
  core::PredictionSet& supervisor() { return sets[core::kSupervisorSet]; }
  static void predict(core::PredictionTable& table, unsigned slot, uint64_t at, uint64_t addend, uint64_t pages = 1) {
    table.start[slot] = at;
    table.addend[slot] = addend;
    table.length[slot] = pages * kPage - core::PredictionTable::kTail;
  }
  uint64_t addend(uint64_t at, uint64_t to) { return reinterpret_cast<uint64_t>(ram->host({to})) - at; }

  std::unique_ptr<core::GuestRam> ram;
  core::Bus bus;
  core::Attention attention;
  core::Events events;
  core::PredictionSet sets[core::kPredictionSets];
  std::unique_ptr<AddressSpaces> spaces;
  std::unique_ptr<Mmu> port;
};

TEST_F(BulkFill, Load_SixteenPagesOfTheLeafTable) {
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  for (uint64_t i = 0; i < 64; ++i) EXPECT_EQ(reads_page(i), i >= 16 && i < 32) << i;
  EXPECT_EQ(port->data_view->write_shadow[0][20], 0u) << "writes are entered one at a time";
}

TEST_F(BulkFill, UpperHalf_ItsOwnAddresses) {
  ASSERT_EQ(load(kUpper + 20 * kPage), core::FaultKind::kNone);
  EXPECT_TRUE(reads(kUpper + 21 * kPage, kTarget + 21 * kPage));
  EXPECT_FALSE(reads_page(21));
}

// What a read of the neighbour would be refused for, or would change, keeps it out.
TEST_F(BulkFill, NeighboursThatAreNotReadableAsTheyAre_NoEntry) {
  map(17, R | W | A | D);                                              // not valid
  map(18, V | R | W | D);                                              // A is clear
  map(19, V | X | A);                                                  // not readable
  map(21, V | R | A | U);                                              // a user page
  map(22, V | R | A, 0x1000'0000);                                     // a device
  write(kLeaves + 8 * 23, pte(kTarget, V | R | A) | uint64_t{1} << 60);  // reserved bit
  map(24, V | W | A | D);                                              // W without R
  map(25, V);                                                          // a pointer at the last level
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  for (uint64_t i = 17; i < 26; ++i) EXPECT_EQ(port->data_view->read_shadow[0][i] != 0, i == 20) << i;
  EXPECT_TRUE(reads_page(16));
  EXPECT_TRUE(reads_page(26));
  uint64_t entry = 0;
  ASSERT_TRUE(ram->read_value({kLeaves + 8 * 18}, entry));
  EXPECT_EQ(entry, pte(kTarget + 18 * kPage, V | R | W | D)) << "speculation sets no A";
  EXPECT_EQ(load(19 * kPage), core::FaultKind::kPage);
}

TEST_F(BulkFill, UserPages_WithSumInTheLowerHalfOnly) {
  for (uint64_t i = 16; i < 32; ++i) map(i, V | R | A | U);
  map(20, V | R | A);
  enter(1, true);
  ASSERT_EQ(load(kUpper + 20 * kPage), core::FaultKind::kNone);
  EXPECT_FALSE(reads(kUpper + 21 * kPage, kTarget + 21 * kPage)) << "predictions of the upper half outlive SUM";
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  EXPECT_TRUE(reads_page(21));
  enter(1);
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  EXPECT_EQ(port->data_view->read_shadow[0][21], 0u);
  EXPECT_EQ(load(21 * kPage), core::FaultKind::kPage);
}

TEST_F(BulkFill, Pmp_PagesThatItRefusesOrDivides_NoEntry) {
  protect({{kTarget + 17 * kPage, kPage, 0}, {kTarget + 18 * kPage + 64, 8, 0}});
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  EXPECT_EQ(port->data_view->read_shadow[0][17], 0u);
  EXPECT_EQ(port->data_view->read_shadow[0][18], 0u);
  EXPECT_TRUE(reads_page(19));
  EXPECT_EQ(load(17 * kPage), core::FaultKind::kAccess);
}

// The walk of a neighbour would not be allowed to read its entry.
TEST_F(BulkFill, PmpDividesTheLeafTable_NoNeighbours) {
  protect({{kLeaves + 8 * 21, 8, 0}});
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  EXPECT_TRUE(reads_page(20));
  EXPECT_EQ(port->data_view->read_shadow[0][21], 0u);
  EXPECT_EQ(load(21 * kPage), core::FaultKind::kAccess);
}

TEST_F(BulkFill, NeighboursEntryWritten_ItGoes) {
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  ASSERT_TRUE(reads_page(21));
  map(21, V | R | A, kTarget);
  EXPECT_EQ(port->data_view->read_shadow[0][21], 0u);
  EXPECT_TRUE(reads_page(22));
  ASSERT_EQ(load(21 * kPage), core::FaultKind::kNone);
  EXPECT_TRUE(reads(21 * kPage, kTarget));
}

TEST_F(BulkFill, Superpage_AllOfItAtOnce_GoesAtOnce) {
  ASSERT_EQ(load(kSuperpage + 0x12345 * 8), core::FaultKind::kNone);
  for (uint64_t i = 0; i < 512; ++i) ASSERT_TRUE(reads(kSuperpage + i * kPage, kSuperTarget + i * kPage)) << i;
  EXPECT_EQ(port->data_view->read_shadow[0][511], 0u);
  EXPECT_EQ(port->data_view->read_shadow[0][1024], 0u);
  write(kMiddle + 8, 0);
  for (uint64_t i = 512; i < 1024; ++i) ASSERT_EQ(port->data_view->read_shadow[0][i], 0u) << i;
  EXPECT_EQ(load(kSuperpage), core::FaultKind::kPage);
}

TEST_F(BulkFill, PmpDividesTheSuperpage_OnePageOnly) {
  protect({{kSuperTarget + 0x10'0000, kPage, 0}});
  ASSERT_EQ(load(kSuperpage), core::FaultKind::kNone);
  EXPECT_TRUE(reads(kSuperpage, kSuperTarget));
  EXPECT_EQ(port->data_view->read_shadow[0][513], 0u);
  EXPECT_EQ(load(kSuperpage + 0x10'0000), core::FaultKind::kAccess);
}

TEST_F(BulkFill, SuperpageBeyondRam_OnePageOnly) {
  write(kMiddle + 8, pte(kBase - (2 << 20), V | R | A));
  EXPECT_EQ(load(kSuperpage), core::FaultKind::kAccess);
  EXPECT_EQ(port->data_view->read_shadow[0][512], 0u);
}

TEST_F(BulkFill, LazyMachine_OnePageOnly) {
  make(Model::kLazyShadow);
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  ASSERT_EQ(load(kSuperpage), core::FaultKind::kNone);
  EXPECT_TRUE(reads_page(20));
  EXPECT_EQ(port->data_view->read_shadow[0][21], 0u);
  EXPECT_EQ(port->data_view->read_shadow[0][513], 0u);
}

// --- Predictions

TEST_F(BulkFill, LeafWritten_PredictionsOfThatPageGo) {
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  for (core::PredictionTable* table : {&supervisor().read, &supervisor().write}) {
    predict(*table, 0, 20 * kPage, addend(20 * kPage, kTarget + 20 * kPage));
    predict(*table, 255, 21 * kPage, addend(21 * kPage, kTarget + 21 * kPage));
  }
  map(21, 0);
  for (const core::PredictionTable* table : {&supervisor().read, &supervisor().write}) {
    EXPECT_NE(table->length[0], 0u);
    EXPECT_EQ(table->length[255], 0u);
  }
}

// A run of pages goes as a whole, whichever of them is meant.
TEST_F(BulkFill, LeafWritten_RunsWithThatPageGo) {
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  for (unsigned slot = 0; slot < 5; ++slot) {  // pages 16 to 18, 17 to 19, ...
    const uint64_t first = (16 + slot) * kPage;
    predict(supervisor().read, slot, first, addend(first, kTarget + first), 3);
  }
  map(19, 0);
  for (unsigned slot = 0; slot < 5; ++slot) EXPECT_EQ(supervisor().read.length[slot] != 0, slot == 0 || slot == 4) << slot;
}

// The set may hold what came from S's View with SUM; the page is in that View alone.
TEST_F(BulkFill, LeafWritten_PredictionFromTheOtherViewOfS) {
  const uint64_t at = kUpper + 20 * kPage;
  enter(1, true);
  ASSERT_EQ(load(at), core::FaultKind::kNone);
  predict(supervisor().read, 7, at, addend(at, kTarget + 20 * kPage));
  enter(1);
  ASSERT_NE(supervisor().read.length[7], 0u) << "the upper half does not depend on SUM";
  map(20, 0);
  EXPECT_EQ(supervisor().read.length[7], 0u);
}

TEST_F(BulkFill, UpperEntryWritten_PredictionsOfItsRangeGo) {
  ASSERT_EQ(load(20 * kPage), core::FaultKind::kNone);
  ASSERT_EQ(load(kSuperpage), core::FaultKind::kNone);
  predict(supervisor().read, 1, 20 * kPage, addend(20 * kPage, kTarget + 20 * kPage));
  predict(supervisor().read, 2, kSuperpage + 511 * kPage, addend(kSuperpage, kSuperTarget));
  predict(supervisor().read, 3, kSuperpage, addend(kSuperpage, kSuperTarget));
  write(kMiddle + 8, 0);
  EXPECT_NE(supervisor().read.length[1], 0u);
  EXPECT_EQ(supervisor().read.length[2], 0u);
  EXPECT_EQ(supervisor().read.length[3], 0u);
}

TEST_F(BulkFill, PageFlagged_RunsWithThatPageGo) {
  for (uint64_t page = 16; page < 23; ++page) ASSERT_EQ(port->store({page * kPage}, 8, 1).kind, core::FaultKind::kNone);
  for (unsigned slot = 0; slot < 5; ++slot) {
    const uint64_t first = (16 + slot) * kPage;
    predict(supervisor().write, slot, first, addend(first, kTarget + first), 3);
  }
  ram->set_flag({kTarget + 19 * kPage}, core::kWatched);
  for (unsigned slot = 0; slot < 5; ++slot) EXPECT_EQ(supervisor().write.length[slot] != 0, slot == 0 || slot == 4) << slot;
}

// A page becomes a page table or code: whatever leads there for writing goes.
TEST_F(BulkFill, PageFlagged_WritesToItGo) {
  map(40, V | R | W | A | D, kTarget + 20 * kPage);  // an alias
  for (const uint64_t page : {20, 40, 21}) ASSERT_EQ(port->store({page * kPage}, 8, 1).kind, core::FaultKind::kNone);
  predict(supervisor().write, 1, 20 * kPage, addend(20 * kPage, kTarget + 20 * kPage));
  predict(supervisor().write, 2, 40 * kPage, addend(40 * kPage, kTarget + 20 * kPage));
  predict(supervisor().write, 3, 21 * kPage, addend(21 * kPage, kTarget + 21 * kPage));
  predict(supervisor().read, 4, 20 * kPage, addend(20 * kPage, kTarget + 20 * kPage));
  ram->set_flag({kTarget + 20 * kPage}, core::kWatched);
  const core::View& view = *port->data_view;
  for (const uint64_t page : {20, 40}) {
    EXPECT_EQ(view.write_shadow[0][page], 0u);
    EXPECT_EQ(view.write[page].tag, core::kNoTag) << "the small table too";
  }
  EXPECT_NE(view.write_shadow[0][21], 0u);
  EXPECT_EQ(view.write[21].tag, 21 * kPage);
  EXPECT_EQ(supervisor().write.length[1], 0u);
  EXPECT_EQ(supervisor().write.length[2], 0u);
  EXPECT_NE(supervisor().write.length[3], 0u);
  EXPECT_NE(supervisor().read.length[4], 0u);
}

}  // namespace
}  // namespace vitrine::mmu
