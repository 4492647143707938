// SPDX-License-Identifier: MIT
// No cached translation can be observed: two memory systems, one with caches and one that walks for every
// access, are given the same random operations, and every result, every fault and at last every byte must
// agree. The operations are what guests and devices do to page tables: entries written by stores through
// windows on the tables, by narrow and misaligned stores, by AMOs, block zeroing and DMA; satp switched among
// many roots; SUM, MXR, MPRV, privilege, Svadu and PBMTE changed; PMP changed; pages that are table, code and
// data at once; tables that map themselves, since leaves lead to any page of RAM, tables included, and
// pointers too.
//
// The same is asked of the lazy machines: there both sides remember translations until a fence, by the same
// rules, and what only the one side caches on top of that must not be seen (kept_translations_test.cpp judges
// the rules).
//
// The caching side is used as engines use it: through predictions that are filled from its Views, or through its Views, first
// (core/memory_port.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <ostream>
#include <random>

#include "core/bus.h"
#include "mmu/mmu.h"

namespace vitrine::mmu {
namespace {

using core::AccessKind;
using core::Fault;
using core::GuestPhys;
using core::GuestVirt;

constexpr uint64_t kBase = 0x8000'0000, kPages = 64, kSize = kPages * 4096;
constexpr unsigned kHarts = 2;
constexpr uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;

struct Hits {
  uint64_t read = 0, write = 0, code = 0, predicted = 0, runs = 0;
};

// One memory system with two harts.
struct Side {
  Side(AddressSpaces::Kind kind, Model model) : spaces(*ram, attention, events, kind, model) {
    for (unsigned i = 0; i < kHarts; ++i) ports[i] = std::make_unique<Mmu>(i, *ram, bus, spaces);
    for (unsigned i = 0; i < kHarts; ++i) ports[i]->use_predictions(sets[i]);
  }
  void set_context(unsigned hart, const core::TranslationContext& context) {
    ports[hart]->set_context(context);
    privilege[hart] = context.fetch_privilege;
  }

  // As generated code looks an address up (translator/thunks.cpp): nullptr if the slow path is asked. Sixteen sites,
  // by four pages, so that a run may come about.
  uint8_t* predicted(unsigned hart, uint64_t at, unsigned width, bool write) {
    core::PredictionSet& set = sets[hart][std::min<unsigned>(privilege[hart], core::kPredictionSets - 1)];
    core::PredictionTable& table = write ? set.write : set.read;
    const auto slot = static_cast<unsigned>(at / (4 * core::kPageSize) % 16);
    if (at - table.start[slot] < table.length[slot]) {
      ++hits.predicted;
      return reinterpret_cast<uint8_t*>(at + table.addend[slot]);
    }
    const core::View& view = *ports[hart]->data_view;
    EXPECT_EQ(set.view, &view);
    const uint64_t page = at & core::kPageMask;
    if (at - page + width > core::kPageSize) return nullptr;
    const uint64_t* const shadow = (write ? view.write_shadow : view.read_shadow)[ShadowTable::half(at)];
    const core::DataEntry* const entries = write ? view.write : view.read;
    const core::DataEntry& small = entries[at >> 12 & (core::kDataEntries - 1)];
    uint64_t addend = small.tag == page ? small.addend : 0;
    if (shadow) addend = ShadowTable::canonical(at) ? shadow[at >> 12 & (ShadowTable::kEntries - 1)] : 0;
    if (addend == 0) return nullptr;
    ++(write ? hits.write : hits.read);
    uint64_t first = page, bytes = core::kPageSize;
    const bool known = table.length[slot] != 0 && table.addend[slot] == addend && (table.start[slot] ^ page) >> 63 == 0;
    const uint64_t run = table.length[slot] + core::PredictionTable::kTail;
    if (known && page - table.start[slot] <= run) {  // in its run, or behind it
      first = table.start[slot];
      bytes = std::max(run, page - first + core::kPageSize);
    } else if (known && page + core::kPageSize == table.start[slot]) {
      bytes += run;
    }
    hits.runs += bytes > core::kPageSize;
    set.refill(write, slot, first, addend, bytes);
    return reinterpret_cast<uint8_t*>(at + addend);
  }
  std::unique_ptr<core::GuestRam> ram = std::move(*core::GuestRam::create({kBase}, kSize));
  core::Bus bus;
  core::Attention attention;
  core::Events events;
  AddressSpaces spaces;
  std::unique_ptr<Mmu> ports[kHarts];
  Hits hits;
  core::PredictionSet sets[kHarts][core::kPredictionSets];
  uint8_t privilege[kHarts] = {3, 3};
  bool predicts = false;  // this access

  template <unsigned kWidth>
  Fault load(unsigned hart, uint64_t at, uint64_t& value) {
    Mmu& port = *ports[hart];
    value = 0;
    if (predicts)
      if (const uint8_t* host = predicted(hart, at, kWidth, false)) {
        std::memcpy(&value, host, kWidth);
        return {};
      }
    if (const uint8_t* host = core::fast_lookup<kWidth>(port.data_view->read, at)) {
      ++hits.read;
      std::memcpy(&value, host, kWidth);
      return {};
    }
    return port.load({at}, kWidth, value);
  }
  template <unsigned kWidth>
  Fault store(unsigned hart, uint64_t at, uint64_t value) {
    Mmu& port = *ports[hart];
    if (predicts)
      if (uint8_t* host = predicted(hart, at, kWidth, true)) {
        std::memcpy(host, &value, kWidth);
        return {};
      }
    if (const uint8_t* host = core::fast_lookup<kWidth>(port.data_view->write, at)) {
      ++hits.write;
      std::memcpy(const_cast<uint8_t*>(host), &value, kWidth);
      return {};
    }
    return port.store({at}, kWidth, value);
  }
  // Where an instruction would be fetched from. The payload that the cache keeps is the page's address.
  Fault fetch(unsigned hart, uint64_t at, uint64_t& page) {
    Mmu& port = *ports[hart];
    const core::CodeEntry& entry = port.code_view->code[(at >> core::kPageShift) & (core::kCodeEntries - 1)];
    if (entry.tag == (at & core::kPageMask)) {
      ++hits.code;
      page = reinterpret_cast<uint64_t>(entry.payload);
      return {};
    }
    core::CodePage code;
    const Fault fault = port.fetch_page({at}, code);
    page = fault ? 0 : code.page.value;
    if (!fault && code.cacheable) port.keep_code({at}, reinterpret_cast<void*>(code.page.value));
    return fault;
  }
  Fault load(unsigned hart, unsigned width, uint64_t at, uint64_t& value) {
    switch (width) {
      case 1: return load<1>(hart, at, value);
      case 2: return load<2>(hart, at, value);
      case 4: return load<4>(hart, at, value);
      default: return load<8>(hart, at, value);
    }
  }
  Fault store(unsigned hart, unsigned width, uint64_t at, uint64_t value) {
    switch (width) {
      case 1: return store<1>(hart, at, value);
      case 2: return store<2>(hart, at, value);
      case 4: return store<4>(hart, at, value);
      default: return store<8>(hart, at, value);
    }
  }
};

class Coherence {
 public:
  // roots: how many different page-table roots are switched among. shares: an operating system that copies its upper half
  // into the roots of new processes.
  Coherence(uint64_t seed, unsigned levels, unsigned roots, AddressSpaces::Kind kind, Model model, bool shares = false)
      : random_(seed),
        levels_(levels),
        roots_(roots),
        shares_(shares),
        cached_(kind, model),
        plain_(AddressSpaces::Kind::kNone, model) {
    for (unsigned hart = 0; hart < kHarts; ++hart) set_pmp(hart, true);
    for (uint64_t at = kBase; at < kBase + kSize / 2; at += 8) write_both(at, random_entry());
    for (unsigned hart = 0; hart < kHarts; ++hart) {
      contexts_[hart].satp = satp_of(hart % roots_);
      contexts_[hart].fetch_privilege = contexts_[hart].data_privilege = 1;
      apply_context(hart);
    }
  }

  void run(unsigned operations) {
    for (unsigned i = 0; i < operations; ++i) {
      one_operation();
      if (testing::Test::HasFatalFailure()) {
        FAIL() << "operation " << i << ", " << levels_ << " levels, " << roots_ << " roots";
      }
      if (i % 4096 == 0) compare_memory();
    }
    compare_memory();
  }

  void compare_memory() {
    ASSERT_EQ(std::memcmp(cached_.ram->host({kBase}), plain_.ram->host({kBase}), kSize), 0);
  }
  // Of the caches alone: the judge has none.
  void untrack_after(unsigned writes) { cached_.spaces.untrack_after(writes); }
  [[nodiscard]] const Hits& hits() const { return cached_.hits; }
  [[nodiscard]] const MmuCounters& counters() const { return cached_.spaces.counters; }
  [[nodiscard]] const core::Events& events() const { return cached_.events; }
  [[nodiscard]] const Hits& plain_hits() const { return plain_.hits; }
  uint64_t successes = 0, faults = 0;

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  uint64_t page() { return kBase + 0x1000 * below(kPages); }

  void write_both(uint64_t at, uint64_t value) {
    ASSERT_TRUE(cached_.ram->write_value({at}, value));
    ASSERT_TRUE(plain_.ram->write_value({at}, value));
  }

  // Roots are pages of RAM; with many of them they share the same few pages in different modes and ASIDs.
  uint64_t satp_of(uint64_t root) {
    const uint64_t mode = roots_ > 16 ? 8 + root % 3 : levels_ + 5;
    return mode << 60 | below(4) << 44 | (kBase + 0x1000 * (root % (kPages / 2))) >> 12;
  }
  uint64_t random_entry() {
    if (one_in(8)) return one_in(2) ? 0 : random_();
    const uint64_t number = page() >> 2;  // page() >> 12 << 10
    if (one_in(3)) return number | V;
    static constexpr uint64_t kFlags[] = {
        R | W | A | D, R | W | X | A | D, R | W | A | D,        R | A, R | X | A, X | A, R | W,
        R | W | X | A, R | W | U | A | D, R | W | X | U | A | D};
    uint64_t entry = number | V | kFlags[below(10)];
    if (one_in(4)) entry |= U;
    if (one_in(8)) entry |= G;
    if (one_in(32)) entry |= uint64_t{1} << 63 | 8 << 10;
    if (one_in(32)) entry |= uint64_t{1} << 61;
    return entry;
  }
  // Superpages: the page number has to be aligned to be of use.
  uint64_t random_superpage() { return (kBase >> 2) | V | R | W | X | A | D | (one_in(2) ? U : 0); }

  // A few indices at each level, so that tables and paths are met again and again.
  uint64_t new_page() {
    uint64_t at = 0;
    const unsigned levels = roots_ > 16 ? 3 : levels_;
    for (unsigned level = levels; level-- > 0;) at = at << 9 | below(level == 0 ? 6 : 2);
    at <<= 12;
    if (one_in(4)) at |= ~uint64_t{0} << (12 + 9 * levels - 1);  // the upper half
    return at;
  }
  // Mostly in a working set of pages, now and then anywhere.
  uint64_t address() {
    if (one_in(128)) return random_();
    uint64_t& slot = working_set_[below(std::size(working_set_))];
    if (slot == 0 || one_in(256)) slot = new_page();
    const uint64_t offset = one_in(16) ? 4096 - below(8) : one_in(2) ? below(6) * 8 : below(4096);
    return slot + offset % 4096;
  }
  // What an operating system does after a page fault: entries on the way of this address become good ones.
  void repair(unsigned hart, uint64_t at, bool fetch) {
    const core::TranslationContext& c = contexts_[hart];
    if (c.satp >> 60 < 8) return;
    const unsigned levels = static_cast<unsigned>(c.satp >> 60) - 5;
    const unsigned privilege = fetch ? c.fetch_privilege : c.data_privilege;
    uint64_t table = c.satp << 20 >> 8;
    for (unsigned level = levels; level-- > 0;) {
      const uint64_t entry = table + (at >> (12 + 9 * level) & 511) * 8;
      uint64_t value = 0;
      if (!plain_.ram->read_value({entry}, value)) return;
      const bool pointer = (value & 0xf) == V && plain_.ram->contains({value >> 10 << 12});
      if (level > 0 && !pointer) {
        value = (kBase + 0x1000 * below(kPages / 2)) >> 2 | V;
        write_both(entry, value);
      } else if (level == 0) {
        // Mostly a page of the upper half, which holds data; sometimes a table.
        const uint64_t to = one_in(4) ? page() : kBase + 0x1000 * (kPages / 2 + below(kPages / 2));
        write_both(entry, to >> 2 | V | R | W | X | (one_in(2) ? A | D : 0) | (privilege == 0 ? U : 0));
      }
      table = value >> 10 << 12;
    }
  }
  // In bare mode and in M, addresses are physical.
  uint64_t address_for(unsigned hart) {
    const core::TranslationContext& c = contexts_[hart];
    const bool physical = c.data_privilege == 3 || c.satp >> 60 == 0;
    return physical && !one_in(16) ? kBase + below(kSize) : address();
  }

  void set_pmp(unsigned hart, bool open) {
    uint8_t config[16] = {};
    uint64_t regions[16] = {};
    config[15] = 0x1f;
    regions[15] = (uint64_t{1} << 54) - 1;
    if (!open) {
      for (unsigned i = 0; i < 3; ++i) {
        static constexpr uint8_t kPermissions[] = {0, 1, 3, 4, 5, 7};
        const uint64_t size_bits = 3 + below(14);  // 8 bytes to 64 KiB
        regions[i] = (kBase + below(kSize)) >> 2 >> (size_bits - 2) << (size_bits - 2) |
                     ((uint64_t{1} << (size_bits - 3)) - 1);
        config[i] = static_cast<uint8_t>(0x18 | kPermissions[below(6)] | (one_in(4) ? 0x80 : 0));
      }
    }
    cached_.ports[hart]->set_protection(true, config, regions);
    plain_.ports[hart]->set_protection(true, config, regions);
  }
  void apply_context(unsigned hart) {
    cached_.set_context(hart, contexts_[hart]);
    plain_.set_context(hart, contexts_[hart]);
  }

  void one_operation() {
    const auto hart = static_cast<unsigned>(below(kHarts));
    const uint64_t dice = below(1000);
    cached_.predicts = one_in(2);
    if (dice < 450) return load(hart);
    if (dice < 700) return store(hart);
    if (dice < 880) return fetch(hart);
    if (dice < 930) return atomic(hart);
    if (dice < 940) return block(hart);
    if (dice < 960) return change_entry();
    if (dice < 993) return change_context(hart);
    if (dice < 996) return set_pmp(hart, !one_in(3));
    change_flags();
  }

  void agree(unsigned hart, const Fault& a, const Fault& b, uint64_t at, bool fetch = false) {
    ASSERT_EQ(a.kind, b.kind) << std::hex << at;
    if (a) {
      ASSERT_EQ(a.at.value, b.at.value);
      if (one_in(2)) repair(hart, a.at.value, fetch);
    }
    ++(a ? faults : successes);
  }

  void load(unsigned hart) {
    const unsigned width = 1u << below(4);
    const uint64_t at = aligned(often_the_same(hart), width);
    uint64_t a = 0, b = 0;
    agree(hart, cached_.load(hart, width, at, a), plain_.load(hart, width, at, b), at);
    ASSERT_EQ(a, b) << std::hex << at;
  }
  void store(unsigned hart) {
    const unsigned width = 1u << below(4);
    const uint64_t at = aligned(often_the_same(hart), width);
    const uint64_t value = one_in(8) ? random_superpage() : random_entry();
    agree(hart, cached_.store(hart, width, at, value), plain_.store(hart, width, at, value), at);
  }
  // A program's accesses come back to a page; without that hardly a prediction would be used before it is emptied.
  uint64_t often_the_same(unsigned hart) {
    if (!one_in(3)) last_[hart] = address_for(hart);
    return last_[hart];
  }
  uint64_t aligned(uint64_t at, unsigned width) { return one_in(8) ? at : at & ~uint64_t{width - 1}; }

  void fetch(unsigned hart) {
    const core::TranslationContext& c = contexts_[hart];
    const bool physical = c.fetch_privilege == 3 || c.satp >> 60 == 0;
    uint64_t at = (physical ? kBase + below(kSize) : address()) & ~uint64_t{1};
    // A kernel that runs in the lower half shares nothing.
    if (shares_ && !physical && c.fetch_privilege == 1 && !one_in(1024)) at |= ~uint64_t{0} << (11 + 9 * levels_);
    uint64_t a = 0, b = 0;
    agree(hart, cached_.fetch(hart, at, a), plain_.fetch(hart, at, b), at, true);
    ASSERT_EQ(a, b) << std::hex << at;
  }
  // LR, SC and AMO: where, then a read and a write there.
  void atomic(unsigned hart) {
    const unsigned width = one_in(2) ? 4 : 8;
    const uint64_t at = aligned(address_for(hart), width), value = random_entry();
    const AccessKind kind = one_in(3) ? AccessKind::kLoad : AccessKind::kStore;
    GuestPhys a, b;
    const Fault fault = cached_.ports[hart]->reserve({at}, width, kind, a);
    agree(hart, fault, plain_.ports[hart]->reserve({at}, width, kind, b), at);
    if (fault) return;
    ASSERT_EQ(a.value, b.value);
    ASSERT_EQ(cached_.ports[hart]->read_ram(a, width), plain_.ports[hart]->read_ram(b, width));
    if (kind == AccessKind::kLoad) return;
    cached_.ports[hart]->write_ram(a, width, value);
    plain_.ports[hart]->write_ram(b, width, value);
  }
  void block(unsigned hart) {
    const uint64_t at = address_for(hart);
    if (one_in(2)) {
      const AccessKind kind = one_in(2) ? AccessKind::kLoad : AccessKind::kStore;
      return agree(hart, cached_.ports[hart]->check({at}, kind), plain_.ports[hart]->check({at}, kind), at);
    }
    agree(hart, cached_.ports[hart]->zero_block({at}, 64), plain_.ports[hart]->zero_block({at}, 64), at);
  }

  // DMA, and the debugger: one entry among those that addresses use, a run of them, or a page.
  void change_entry() {
    const uint64_t table = kBase + 0x1000 * below(kPages / 2);
    const uint64_t index = below(8) ? below(6) : below(512);
    const uint64_t value = one_in(6) ? random_superpage() : random_entry();
    write_both(table + 8 * index, value);
    if (one_in(24)) {
      for (uint64_t i = 0; i < 24; ++i) write_both(table + 8 * i, random_entry());
    }
    if (one_in(64)) {
      std::vector<uint8_t> bytes(4096 + 64);
      for (uint8_t& byte : bytes) byte = one_in(8) ? static_cast<uint8_t>(random_()) : 0;
      const uint64_t at = kBase + below(kSize - bytes.size());
      ASSERT_TRUE(cached_.ram->write({at}, bytes.data(), bytes.size()));
      ASSERT_TRUE(plain_.ram->write({at}, bytes.data(), bytes.size()));
    }
  }

  void change_context(unsigned hart) {
    core::TranslationContext& c = contexts_[hart];
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        const uint64_t before = c.satp;
        c.satp = one_in(24) ? 0 : satp_of(below(roots_));
        if (shares_ && one_in(2)) copy_upper_half(before << 20 >> 8, c.satp << 20 >> 8);
        break;
      }
      case 3: c.sum = !c.sum; break;
      case 4: c.mxr = one_in(6); break;
      case 5: c.fetch_privilege = c.data_privilege = one_in(8) ? 3 : static_cast<uint8_t>(below(2)); break;
      case 6:  // MPRV: M fetches, somebody else's data
        c.fetch_privilege = 3;
        c.data_privilege = static_cast<uint8_t>(below(2));
        if (one_in(2)) c.fetch_privilege = c.data_privilege;
        break;
      default:
        c.hardware_ad = !one_in(6);
        c.memory_types = one_in(3);
        c.napot = !one_in(4);
        if (one_in(4)) fence(hart);
    }
    apply_context(hart);
  }
  void copy_upper_half(uint64_t from, uint64_t to) {
    if (from == 0 || to == 0) return;
    for (Side* side : {&cached_, &plain_}) {
      uint8_t half[2048];
      ASSERT_TRUE(side->ram->read({from + 2048}, half, sizeof half));
      ASSERT_TRUE(side->ram->write({to + 2048}, half, sizeof half));
    }
  }
  void fence(unsigned hart) {
    core::TranslationFence fence;
    if (one_in(2)) fence.first = address(), fence.size = one_in(4) ? below(1 << 16) : 1;
    fence.one_space = one_in(2);
    fence.asid = static_cast<uint16_t>(below(4));
    cached_.ports[hart]->fence_translations(fence);
    plain_.ports[hart]->fence_translations(fence);
  }
  // Others hold flags on pages: decoded code, a checkpoint. They take the direct write path away and give it
  // back.
  void change_flags() {
    const GuestPhys at{page()};
    const core::PageFlag flag = one_in(2) ? core::kWatched : core::kClean;
    if (one_in(2))
      cached_.ram->set_flag(at, flag);
    else
      cached_.ram->clear_flag(at, flag);
    if (one_in(8)) {
      cached_.ports[0]->forget_code();
    }
  }

  std::mt19937_64 random_;
  unsigned levels_, roots_;
  bool shares_;
  Side cached_, plain_;
  core::TranslationContext contexts_[kHarts];
  uint64_t working_set_[10] = {};
  uint64_t last_[kHarts] = {kBase, kBase};
};

void expect_busy(const Coherence& c, unsigned operations) {
  // The test would prove nothing if everything faulted, or if the Views were never asked.
  EXPECT_GT(c.successes, operations / 5u);
  EXPECT_GT(c.faults, operations / 20u);
  EXPECT_GT(c.hits().read, operations / 40u);
  EXPECT_GT(c.hits().write, operations / 200u);
  EXPECT_GT(c.hits().code, operations / 200u);
  EXPECT_GT(c.hits().predicted, operations / 200u);
  EXPECT_GT(c.hits().runs, 0u) << "no prediction of more than a page";
  EXPECT_GT(c.events().of(core::EventKind::kWritePathRevoked), operations / 2000u);
  EXPECT_EQ(c.plain_hits().read + c.plain_hits().write + c.plain_hits().code, 0u)
      << "the judge caches nothing";
}

// With tables that are watched for ever, most pages of this small RAM are; what is left of the fast paths is little.
void expect_busy_although_watched(const Coherence& c, unsigned operations) {
  EXPECT_GT(c.successes, operations / 5u);
  EXPECT_GT(c.hits().read, operations / 40u);
  EXPECT_GT(c.hits().write, operations / 1000u);
  EXPECT_GT(c.events().of(core::EventKind::kTableUpdate), operations / 20u);
}

struct Translation {
  const char* name;
  unsigned levels;
  AddressSpaces::Kind kind;
  Model model = Model::kCoherent;
  unsigned untrack_after = AddressSpaces::kUntrackAfter;
  friend void PrintTo(const Translation& t, std::ostream* os) { *os << t.name; }
};
class CoherenceOf : public testing::TestWithParam<Translation> {};

TEST_P(CoherenceOf, RandomOperations_CachesCannotBeSeen) {
  constexpr unsigned kOperations = 60'000;
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Coherence c(seed, GetParam().levels, 6, GetParam().kind, GetParam().model);
    c.untrack_after(GetParam().untrack_after);
    c.run(kOperations);
    if (HasFatalFailure()) return;
    GetParam().untrack_after == 0 ? expect_busy_although_watched(c, kOperations) : expect_busy(c, kOperations);
    EXPECT_EQ(c.events().of(core::EventKind::kTableUntracked) == 0,
              GetParam().untrack_after == 0 || GetParam().model != Model::kCoherent);
    if (GetParam().model == Model::kCoherent)
      EXPECT_GT(c.events().of(core::EventKind::kTableUpdate), kOperations / 200u);
    else
      EXPECT_EQ(c.events().of(core::EventKind::kTableUpdate), 0u) << "nothing is write-protected";
  }
}
INSTANTIATE_TEST_SUITE_P(
    Each, CoherenceOf,
    testing::Values(Translation{"Sv39", 3, AddressSpaces::Kind::kTlb},
                    Translation{"Sv39Shadow", 3, AddressSpaces::Kind::kShadow},
                    Translation{"Sv39ShadowWatchedAlways", 3, AddressSpaces::Kind::kShadow, Model::kCoherent, 0},
                    Translation{"Sv39ShadowWatchedOnce", 3, AddressSpaces::Kind::kShadow, Model::kCoherent, 1},
                    Translation{"Sv48", 4, AddressSpaces::Kind::kTlb},
                    Translation{"Sv57", 5, AddressSpaces::Kind::kTlb},
                    Translation{"Sv39Lazy", 3, AddressSpaces::Kind::kShadow, Model::kLazyShadow},
                    Translation{"Sv48Lazy", 4, AddressSpaces::Kind::kShadow, Model::kLazyShadow},
                    Translation{"Sv39Fenced", 3, AddressSpaces::Kind::kTlb, Model::kFencedTlb},
                    Translation{"Sv57Fenced", 5, AddressSpaces::Kind::kTlb, Model::kFencedTlb}),
    [](const auto& info) { return info.param.name; });

class SharedUpperHalves : public testing::TestWithParam<Translation> {};

TEST_P(SharedUpperHalves, RandomOperations_CachesCannotBeSeen) {
  constexpr unsigned kOperations = 60'000;
  for (const unsigned roots : {6u, 40u}) {
    SCOPED_TRACE(std::to_string(roots) + " roots");
    Coherence c(roots, GetParam().levels, roots, GetParam().kind, GetParam().model, true);
    c.untrack_after(GetParam().untrack_after);
    c.run(kOperations);
    if (HasFatalFailure()) return;
    GetParam().untrack_after == 0 ? expect_busy_although_watched(c, kOperations) : expect_busy(c, kOperations);
    EXPECT_GT(c.counters().groups_joined, kOperations / 1000u);
    EXPECT_GT(c.counters().groups_left, kOperations / 500u);
  }
}
INSTANTIATE_TEST_SUITE_P(Each, SharedUpperHalves,
                         testing::Values(Translation{"Sv39", 3, AddressSpaces::Kind::kTlb},
                                         Translation{"Sv39Shadow", 3, AddressSpaces::Kind::kShadow},
                                         Translation{"Sv39ShadowWatchedAlways", 3, AddressSpaces::Kind::kShadow, Model::kCoherent, 0},
                                         Translation{"Sv48", 4, AddressSpaces::Kind::kShadow}),
                         [](const auto& info) { return info.param.name; });

// More roots than there are address spaces, in three modes: spaces are evicted and made again.
TEST(Coherence, ManySpaces_Evicted_CachesCannotBeSeen) {
  using Kind = AddressSpaces::Kind;
  for (const auto& [kind, model] :
       {std::pair{Kind::kTlb, Model::kCoherent}, std::pair{Kind::kShadow, Model::kCoherent},
        std::pair{Kind::kShadow, Model::kLazyShadow}}) {
    Coherence c(7, 3, 200, kind, model);
    c.run(120'000);
    EXPECT_GT(c.counters().spaces_evicted, 500u);
  }
}

}  // namespace
}  // namespace vitrine::mmu
