// SPDX-License-Identifier: MIT
// The page walk: every way in which an entry can be malformed, at every level of every mode, with each kind
// of access; then random trees against the oracle, which is a second translation written from the spec.
#include "mmu/page_walk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/mmu/walk_oracle.h"

namespace vitrine::mmu {
namespace {

using core::AccessKind;
using core::FaultKind;
using core::TranslationContext;
using oracle::PmpRegisters;
using oracle::Rules;
using oracle::Verdict;

constexpr uint64_t kBase = 0x8000'0000, kPages = 48, kSize = kPages * 4096;
constexpr AccessKind kKinds[] = {AccessKind::kLoad, AccessKind::kStore, AccessKind::kFetch};
oracle::Kind same(AccessKind kind) {
  return kind == AccessKind::kLoad    ? oracle::Kind::kLoad
         : kind == AccessKind::kStore ? oracle::Kind::kStore
                                      : oracle::Kind::kFetch;
}
FaultKind fault_of(Verdict verdict) {
  return verdict == Verdict::kTranslated  ? FaultKind::kNone
         : verdict == Verdict::kPageFault ? FaultKind::kPage
                                          : FaultKind::kAccess;
}

constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
constexpr uint64_t kAll = V | R | W | X | A | D;
constexpr uint64_t make(uint64_t physical, uint64_t flags) { return physical >> 12 << 10 | flags; }

// RAM with a path of tables to one address: table of level i at page i, the leaf's page further up.
struct Path {
  explicit Path(unsigned mode_levels) : levels(mode_levels) {
    auto made = core::GuestRam::create({kBase}, kSize);
    EXPECT_TRUE(made.ok());
    ram = std::move(*made);
    // Permission for everything.
    pmp.config[0] = 0x1f;
    pmp.address[0] = (uint64_t{1} << 54) - 1;
    context.satp = uint64_t{levels + 5} << 60 | table(levels - 1) >> 12;
    for (unsigned i = levels - 1; i > 0; --i) write(entry(i), make(table(i - 1), V));
    write(entry(0), make(kTarget, kAll));
  }
  static constexpr uint64_t kTarget = kBase + 0x20'000;
  [[nodiscard]] uint64_t table(unsigned level) const { return kBase + 0x1000 * level; }
  [[nodiscard]] uint64_t entry(unsigned level) const {
    return table(level) + (address >> (12 + 9 * level) & 511) * 8;
  }
  void write(uint64_t at, uint64_t value) { ASSERT_TRUE(ram->write_value({at}, value)); }
  [[nodiscard]] uint64_t read(uint64_t at) const {
    uint64_t value = 0;
    EXPECT_TRUE(ram->read_value({at}, value));
    return value;
  }
  Walk walk(AccessKind kind, unsigned privilege = 1) {
    const Pmp registers(true, pmp.config, pmp.address);
    return page_walk({*ram, registers, true}, context, {address}, kind, privilege);
  }
  unsigned levels;
  uint64_t address = 0x12'3456'7abc;  // canonical in all three modes
  std::unique_ptr<core::GuestRam> ram;
  PmpRegisters pmp;
  TranslationContext context;
};

TEST(PageWalk, EveryMode_LeafAtEveryLevel_Translates) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    for (unsigned level = 0; level < levels; ++level) {
      Path path(levels);
      // A superpage of the right alignment; RAM need not be there for the walk.
      const uint64_t base = uint64_t{1} << (12 + 9 * level + 1);
      path.write(path.entry(level), make(base, kAll));
      const Walk walk = path.walk(AccessKind::kLoad);
      const uint64_t offset = path.address & ((uint64_t{1} << (12 + 9 * level)) - 1);
      EXPECT_EQ(walk.fault, FaultKind::kNone) << walk.reason;
      EXPECT_EQ(walk.physical.value, base + offset);
      EXPECT_EQ(walk.level, level);
      EXPECT_EQ(walk.depth, levels - level);
      for (unsigned i = 0; i < walk.depth; ++i) EXPECT_EQ(walk.entry_at[i].value, path.entry(levels - 1 - i));
    }
  }
}

TEST(PageWalk, HighestPageNumber_AllFiftySixBits) {
  Path path(3);
  path.write(path.entry(0), make((uint64_t{1} << 56) - 0x1000, kAll));
  EXPECT_EQ(path.walk(AccessKind::kLoad).physical.value, (uint64_t{1} << 56) - 0x1000 + 0xabc);
}

struct Flaw {
  const char* name;
  uint64_t flip;       // bits changed in a good entry
  bool leaf, pointer;  // where it is one
};
const Flaw kFlaws[] = {
    {"V clear", V, true, true},
    {"W without R", R, true, false},
    {"W alone in a pointer", W, false, true},
    {"reserved bit 54", uint64_t{1} << 54, true, true},
    {"reserved bit 55", uint64_t{1} << 55, true, true},
    {"reserved bit 56", uint64_t{1} << 56, true, true},
    {"reserved bit 57", uint64_t{1} << 57, true, true},
    {"reserved bit 58", uint64_t{1} << 58, true, true},
    {"reserved bit 59", uint64_t{1} << 59, true, true},
    {"reserved bit 60", uint64_t{1} << 60, true, true},
    {"PBMT 1 without PBMTE", uint64_t{1} << 61, true, true},
    {"PBMT 2 without PBMTE", uint64_t{2} << 61, true, true},
    {"PBMT 3", uint64_t{3} << 61, true, true},
    {"N", uint64_t{1} << 63, true, true},  // ppn[3:0] of the good entry is not 1000
    {"A in a pointer", A, false, true},
    {"D in a pointer", D, false, true},
    {"U in a pointer", U, false, true},
};

TEST(PageWalk, EveryFlaw_EveryLevelModeAndAccess_PageFaultAndNothingWritten) {
  for (const Flaw& flaw : kFlaws) {
    for (const unsigned levels : {3u, 4u, 5u}) {
      for (unsigned level = 0; level < levels; ++level) {
        for (const bool leaf : {true, false}) {
          if (!(leaf ? flaw.leaf : flaw.pointer && level > 0)) continue;
          for (const AccessKind kind : kKinds) {
            Path path(levels);
            const uint64_t good =
                leaf ? make(uint64_t{1} << (13 + 9 * level), kAll) : path.read(path.entry(level));
            path.write(path.entry(level), good);
            ASSERT_EQ(path.walk(kind).fault, FaultKind::kNone);
            path.write(path.entry(level), good ^ flaw.flip);
            const uint64_t before = path.ram->hash();
            const Walk walk = path.walk(kind);
            EXPECT_EQ(walk.fault, FaultKind::kPage) << flaw.name << ", level " << level << " of " << levels;
            EXPECT_STRNE(walk.reason, "");
            EXPECT_EQ(path.ram->hash(), before);
          }
        }
      }
    }
  }
}

TEST(PageWalk, MisalignedSuperpage_EveryBit_PageFault) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    for (unsigned level = 1; level < levels; ++level) {
      for (unsigned bit = 0; bit < 9 * level; ++bit) {
        Path path(levels);
        path.write(path.entry(level), kAll | uint64_t{1} << (10 + bit));
        EXPECT_EQ(path.walk(AccessKind::kLoad).fault, FaultKind::kPage)
            << "level " << level << " bit " << bit;
      }
    }
  }
}

TEST(PageWalk, PointerAtTheLastLevel_PageFault) {
  Path path(3);
  path.write(path.entry(0), make(Path::kTarget, V));
  EXPECT_EQ(path.walk(AccessKind::kLoad).fault, FaultKind::kPage);
}

TEST(PageWalk, Pbmt_WithPbmte_LeavesTypes1And2Only) {
  for (const uint64_t type : {0u, 1u, 2u, 3u}) {
    for (unsigned level = 0; level < 3; ++level) {
      Path path(3);
      path.context.memory_types = true;
      path.write(path.entry(level), make(uint64_t{1} << (13 + 9 * level), kAll) | type << 61);
      EXPECT_EQ(path.walk(AccessKind::kLoad).fault, type == 3 ? FaultKind::kPage : FaultKind::kNone);
    }
    Path path(3);
    path.context.memory_types = true;
    path.write(path.entry(1), path.read(path.entry(1)) | type << 61);
    EXPECT_EQ(path.walk(AccessKind::kLoad).fault, type == 0 ? FaultKind::kNone : FaultKind::kPage)
        << "in a pointer";
  }
}

// Svnapot: "i = 0, ppn[3:0] = 1000: 64 KiB; other encodings are reserved".
TEST(PageWalk, Napot_AllSixteenEncodings) {
  for (uint64_t low = 0; low < 16; ++low) {
    for (const bool present : {true, false}) {
      Path path(3);
      path.context.napot = present;
      path.write(path.entry(0), make(Path::kTarget | low << 12, kAll) | uint64_t{1} << 63);
      const Walk walk = path.walk(AccessKind::kLoad);
      EXPECT_EQ(walk.fault, low == 8 && present ? FaultKind::kNone : FaultKind::kPage) << low;
      // Bits 15:12 of the address replace ppn[3:0].
      if (walk.fault != FaultKind::kNone) continue;
      EXPECT_EQ(walk.physical.value, Path::kTarget | (path.address & 0xffff));
    }
  }
}

// Which flags, modes and SUM, MXR permit what: all combinations, against the sentences of the spec as the
// oracle has them are in the random test; here the table of R, W, X for the supervisor (table 44, "Encoding
// of PTE R/W/X fields").
TEST(PageWalk, RwxEncodings) {
  struct Row {
    uint64_t flags;
    bool load, store, fetch;
  };
  const Row rows[] = {{R, true, false, false},     {R | W, true, true, false},    {X, false, false, true},
                      {R | X, true, false, true},  {R | W | X, true, true, true}, {W, false, false, false},
                      {W | X, false, false, false}};
  for (const Row& row : rows) {
    const bool expected[] = {row.load, row.store, row.fetch};
    for (unsigned k = 0; k < 3; ++k) {
      Path path(3);
      path.write(path.entry(0), make(Path::kTarget, V | A | D | row.flags));
      EXPECT_EQ(path.walk(kKinds[k]).fault == FaultKind::kNone, expected[k]) << row.flags << " kind " << k;
    }
  }
}

TEST(PageWalk, AccessedAndDirty_SetExactly) {
  for (const uint64_t before : {uint64_t{0}, A, D, A | D}) {
    for (const AccessKind kind : kKinds) {
      for (const bool svadu : {true, false}) {
        for (const uint64_t other : {uint64_t{0}, G | 3 << 8}) {
          Path path(4);
          path.context.hardware_ad = svadu;
          const uint64_t entry = make(Path::kTarget, V | R | W | X | other | before);
          path.write(path.entry(0), entry);
          const uint64_t wanted = kind == AccessKind::kStore ? A | D : A;
          const Walk walk = path.walk(kind);
          const bool works = svadu || (before & wanted) == wanted;
          EXPECT_EQ(walk.fault, works ? FaultKind::kNone : FaultKind::kPage);
          EXPECT_EQ(path.read(path.entry(0)), works ? entry | wanted : entry);
          if (!works) continue;
          EXPECT_EQ(walk.pte, entry | wanted);
        }
      }
    }
  }
}

TEST(PageWalk, LookOnly_NothingIsWritten) {
  Path path(3);
  path.write(path.entry(0), make(Path::kTarget, V | R | W));
  const uint64_t before = path.ram->hash();
  const Pmp pmp(true, path.pmp.config, path.pmp.address);
  const Walk walk = page_walk({*path.ram, pmp, false}, path.context, {path.address}, AccessKind::kStore, 1);
  EXPECT_EQ(walk.fault, FaultKind::kNone);
  EXPECT_EQ(walk.pte, make(Path::kTarget, V | R | W | A | D));
  EXPECT_EQ(path.ram->hash(), before);
}

TEST(PageWalk, CanonicalAddresses_EdgesOfEachMode) {
  for (const unsigned levels : {3u, 4u, 5u}) {
    const uint64_t half = uint64_t{1} << (11 + 9 * levels);
    const auto fault_at = [&](uint64_t address) {
      Path path(levels);
      path.address = address;
      for (unsigned i = levels - 1; i > 0; --i) path.write(path.entry(i), make(path.table(i - 1), V));
      path.write(path.entry(0), make(Path::kTarget, kAll));
      return path.walk(AccessKind::kLoad).fault;
    };
    EXPECT_EQ(fault_at(0), FaultKind::kNone);
    EXPECT_EQ(fault_at(half - 1), FaultKind::kNone);
    EXPECT_EQ(fault_at(half), FaultKind::kPage);
    EXPECT_EQ(fault_at(~half), FaultKind::kPage);
    EXPECT_EQ(fault_at(~(half - 1)), FaultKind::kNone);
    EXPECT_EQ(fault_at(~uint64_t{0}), FaultKind::kNone);
    for (unsigned bit = 11 + 9 * levels; bit < 64; ++bit)
      EXPECT_EQ(fault_at(uint64_t{1} << bit), FaultKind::kPage) << levels << " levels, bit " << bit;
  }
}

TEST(PageWalk, TableOutsideRamOrRefusedByPmp_AccessFault) {
  for (unsigned level = 0; level < 3; ++level) {
    Path path(3);
    if (level == 2)
      path.context.satp = uint64_t{8} << 60 | (kBase + kSize) >> 12;
    else
      path.write(path.entry(level + 1), make(kBase + kSize, V));
    EXPECT_EQ(path.walk(AccessKind::kStore).fault, FaultKind::kAccess) << level;
    Path refused(3);
    refused.pmp.config[1] = refused.pmp.config[0];
    refused.pmp.address[1] = refused.pmp.address[0];
    refused.pmp.config[0] = 0x1c;  // execute only
    refused.pmp.address[0] = refused.table(level) >> 2 | 0x1ff;
    EXPECT_EQ(refused.walk(AccessKind::kFetch).fault, FaultKind::kAccess) << level;
    refused.pmp.config[0] = 0x19;  // readable is enough, as long as nothing has to be set
    EXPECT_EQ(refused.walk(AccessKind::kStore).fault, FaultKind::kNone) << level;
  }
}

// --- Random trees
// -----------------------------------------------------------------------------------------------

class RandomTrees {
 public:
  explicit RandomTrees(uint64_t seed) : random_(seed) {
    ram_ = std::move(*core::GuestRam::create({kBase}, kSize));
    memory_ = {kBase, std::vector<uint8_t>(kSize)};
  }

  void one_tree() {
    rules_.levels = 3 + static_cast<unsigned>(below(3));
    rules_.root_page = below(64) == 0 ? random_() & 0xfff'ffff'ffff : page();
    rules_.svadu = below(2);
    rules_.svpbmt = below(2);
    rules_.svnapot = below(4) != 0;
    if (below(8) == 0) choose_pmp();
    const uint64_t address = choose_address();
    grow(address);
    for (unsigned i = 0; i < 4; ++i) ask(address ^ (below(2) ? below(0x1000) : 0));
  }
  // Both memories hold the same bytes: A and D were updated alike, and nothing else.
  void compare_memory() { ASSERT_EQ(std::memcmp(ram_->host({kBase}), memory_.bytes.data(), kSize), 0); }

  unsigned verdicts[3] = {};
  unsigned updates = 0;

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  uint64_t page() { return (kBase >> 12) + below(kPages); }
  void write(uint64_t at, uint64_t value) {
    memory_.set_word(at, value);
    ASSERT_TRUE(ram_->write_value({at}, value));
  }

  void choose_pmp() {
    pmp_ = {};
    pmp_.config[15] = 0x1f;
    pmp_.address[15] = (uint64_t{1} << 54) - 1;
    for (unsigned i = 0; i < 2; ++i) {
      if (below(2)) continue;
      static constexpr uint8_t kPermissions[] = {0, 1, 3, 4, 5, 7};
      pmp_.config[i] = static_cast<uint8_t>(0x18 | kPermissions[below(6)]);
      pmp_.address[i] = page() << 10 | ((uint64_t{1} << (8 + below(3))) - 1);
    }
  }
  uint64_t choose_address() {
    const unsigned bits = 12 + 9 * rules_.levels;
    const uint64_t low = random_() & ((uint64_t{1} << (bits - 1)) - 1);
    switch (below(8)) {
      case 0: return random_();
      case 1: return low ^ uint64_t { 1 } << (bits - 1 + below(65 - bits));
      case 2:
      case 3:
      case 4: return ~low;
      default: return low;
    }
  }

  // The page number of a leaf: aligned as the level wants, mostly.
  uint64_t leaf_page(unsigned level) {
    const uint64_t number = below(4) ? page() : random_() & 0xfff'ffff'ffff;
    return below(8) ? number >> (9 * level) << (9 * level) : number;
  }
  uint64_t random_entry(unsigned level) {
    const uint64_t flaw = below(6) == 0 ? uint64_t{1} << below(64) : 0;
    if (level > 0 && below(4)) return (page() << 10 | V) ^ flaw;
    static constexpr uint64_t kFlags[] = {R, R | W, X, R | X, R | W | X, W, W | X};
    uint64_t entry = leaf_page(level) << 10 | V | kFlags[below(below(8) ? 5 : 7)];
    entry |= random_() & (U | G | A | D | 3 << 8);
    if (below(2)) entry |= A | D;
    if (below(8) == 0) entry |= below(4) << 61;
    if (below(8) == 0) entry = (entry & ~(uint64_t{below(2) ? 15u : 0u} << 10)) | uint64_t{1} << 63 | 8 << 10;
    return entry ^ flaw;
  }
  // Entries on the way of this address, wherever they lead.
  void grow(uint64_t address) {
    uint64_t table = rules_.root_page << 12;
    for (unsigned level = rules_.levels; level-- > 0;) {
      const uint64_t at = table + (address >> (12 + 9 * level) & 511) * 8;
      if (!memory_.has(at, 8)) return;
      if (below(3) || memory_.word(at) == 0) write(at, random_entry(level));
      table = memory_.word(at) << 10 >> 20 << 12;
    }
  }

  void ask(uint64_t address) {
    rules_.sum = below(2);
    rules_.mxr = below(2);
    const AccessKind kind = kKinds[below(3)];
    const auto privilege = static_cast<unsigned>(below(2));
    TranslationContext context;
    context.satp = uint64_t{rules_.levels + 5} << 60 | rules_.root_page;
    context.sum = rules_.sum;
    context.mxr = rules_.mxr;
    context.hardware_ad = rules_.svadu;
    context.memory_types = rules_.svpbmt;
    context.napot = rules_.svnapot;
    const Pmp pmp(true, pmp_.config, pmp_.address);
    const Walk walk = page_walk({*ram_, pmp, true}, context, {address}, kind, privilege);
    const uint64_t before = walk.depth ? word_or_zero(walk.entry_at[walk.depth - 1].value) : 0;
    const oracle::Answer answer = oracle::translate(memory_, pmp_, rules_, address, same(kind), privilege);
    ASSERT_EQ(walk.fault, fault_of(answer.verdict))
        << std::hex << "address " << address << " levels " << rules_.levels << " entry " << before
        << " level " << walk.level << " (" << walk.reason << ")";
    if (answer.verdict == Verdict::kTranslated) {
      ASSERT_EQ(walk.physical.value, answer.physical);
    }
    ++verdicts[static_cast<unsigned>(answer.verdict)];
    if (walk.depth && word_or_zero(walk.entry_at[walk.depth - 1].value) != before) ++updates;
    for (unsigned i = 0; i < walk.depth; ++i) {
      if (!memory_.has(walk.entry_at[i].value, 8)) continue;
      uint64_t ours = 0;
      ASSERT_TRUE(ram_->read_value(walk.entry_at[i], ours));
      ASSERT_EQ(ours, memory_.word(walk.entry_at[i].value));
    }
  }
  uint64_t word_or_zero(uint64_t at) { return memory_.has(at, 8) ? memory_.word(at) : 0; }

  std::mt19937_64 random_;
  std::unique_ptr<core::GuestRam> ram_;
  oracle::Memory memory_;
  PmpRegisters pmp_ = [] {
    PmpRegisters open;
    open.config[15] = 0x1f;
    open.address[15] = (uint64_t{1} << 54) - 1;
    return open;
  }();
  Rules rules_;
};

TEST(PageWalk, RandomTrees_AsTheOracle) {
  RandomTrees trees(20240411);
  for (unsigned i = 0; i < 100'000; ++i) {
    trees.one_tree();
    if (testing::Test::HasFatalFailure()) FAIL() << "tree " << i;
    if (i % 1000 == 0) trees.compare_memory();
  }
  trees.compare_memory();
  // All three answers come often, and so do updates of A and D.
  EXPECT_GT(trees.verdicts[0], 20'000u);
  EXPECT_GT(trees.verdicts[1], 50'000u);
  EXPECT_GT(trees.verdicts[2], 5'000u);
  EXPECT_GT(trees.updates, 2'000u);
}

}  // namespace
}  // namespace vitrine::mmu
