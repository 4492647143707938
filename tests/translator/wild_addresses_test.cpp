// SPDX-License-Identifier: MIT
// A wild guest address, in any mode, by any kind of access, is refused with the right fault and the right
// tval: by a site that has just been at a good address, whose low bits are often those of the wild one. What
// is expected follows from the specification and from where the test put something: paged, nothing else is
// mapped, so it is a page fault; bare, there is nothing else on the bus, so it is an access fault. See also
// the WildAddresses of exceptions_test.cpp (one long loop over everything) and Behaviour20 (the edges of the
// canonical range).
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kMemory = 4 << 20;
constexpr uint64_t kList = kRam + 0x2'0000, kFunction = kCode + 0x100, kGood = kData + 0x100;

struct Access {
  const char* name;
  uint32_t instruction;  // at 0(a0)
  unsigned size;
  bool writes = false;
  bool aligned = false;  // must be
};
constexpr uint32_t fp_load(unsigned width, unsigned rd, unsigned base) {
  return base << 15 | width << 12 | rd << 7 | 0x07;
}
constexpr uint32_t fp_store(unsigned width, unsigned rs2, unsigned base) {
  return rs2 << 20 | base << 15 | width << 12 | 0x27;
}
const Access kAccesses[] = {
    {"lb", insn::lb(t1, 0, a0), 1},
    {"lhu", insn::lhu(t1, 0, a0), 2},
    {"lw", insn::lw(t1, 0, a0), 4},
    {"ld", insn::ld(t1, 0, a0), 8},
    {"ld x0", insn::ld(zero, 0, a0), 8},
    {"flw", fp_load(2, 1, a0), 4},
    {"fld", fp_load(3, 1, a0), 8},
    {"sb", insn::sb(t2, 0, a0), 1, true},
    {"sh", insn::sh(t2, 0, a0), 2, true},
    {"sw", insn::sw(t2, 0, a0), 4, true},
    {"sd", insn::sd(t2, 0, a0), 8, true},
    {"fsw", fp_store(2, 2, a0), 4, true},
    {"fsd", fp_store(3, 2, a0), 8, true},
    {"amoadd.w", insn::amoadd_w(t1, t2, a0), 4, true, true},
    {"amoswap.d", insn::amoswap_d(t1, t2, a0), 8, true, true},
    {"lr.w", insn::lr_w(t1, a0), 4, false, true},
    {"lr.d", insn::lr_d(t1, a0), 8, false, true},
    {"sc.d", insn::sc_d(t1, t2, a0), 8, true, true},
    {"cbo.zero", insn::cbo_zero(a0), 1, true},
};

// Every way to make `good` a wild address that a machine with too few address bits would take for it. Bits
// from 22 on: RAM ends there.
std::vector<uint64_t> aliases_of(uint64_t good) {
  std::vector<uint64_t> all;
  for (unsigned bit = 22; bit < 64; ++bit) {
    all.push_back(good ^ uint64_t{1} << bit);
    if (bit > 31) all.push_back(good | ~uint64_t{0} << bit);
  }
  for (const uint64_t truncated : {32, 38, 39, 40, 47, 48, 56, 57})
    all.push_back((good & ((uint64_t{1} << truncated) - 1)) | uint64_t{0x5a5a'5a5a'5a5a'5a5a} << truncated);
  std::erase_if(all, [&](uint64_t at) { return at == good; });
  return all;
}

// Ends of everything, and memory of this process.
std::vector<uint64_t> edges(const void* ours) {
  std::vector<uint64_t> all = {0,
                               ~uint64_t{0} - 7,
                               ~uint64_t{0} - 0xfff,
                               kRam - 8,
                               kRam + kMemory,
                               uint64_t{1} << 63,
                               (uint64_t{1} << 63) - 8,
                               reinterpret_cast<uint64_t>(ours)};
  for (const unsigned bits : {32, 38, 39, 40, 47, 48, 56, 57})
    for (const uint64_t edge :
         {uint64_t{1} << bits, (uint64_t{1} << bits) - 8, ~uint64_t{0} << bits, (~uint64_t{0} << bits) - 8})
      all.push_back(edge);
  return all;
}

struct Setting {
  Privilege mode;
  unsigned levels;  // 0: bare
  friend void PrintTo(const Setting& s, std::ostream* os) {
    *os << static_cast<unsigned>(s.mode) << ", " << s.levels;
  }
};
const Setting kSettings[] = {{kM, 0}, {kS, 0}, {kU, 0}, {kS, 3}, {kU, 3}, {kS, 4}, {kU, 4}, {kS, 5}, {kU, 5}};

// The first megabyte of RAM, for whoever runs. In paged modes these are also the only pages.
uint64_t prepare(Bench& b, const Setting& setting) {
  b.set_bits(csr::mstatus, status::kFsDirty);
  b.set_bits(csr::menvcfg, 0xf0);  // cbo.zero and its kin
  b.set_bits(csr::senvcfg, 0xf0);
  if (setting.levels == 0) return 0;
  PageTables tables(b, kTables, setting.levels);
  tables.map_range(kRam, kRam, 0x10'0000, pte::kAll | (setting.mode == kU ? pte::U : 0));
  return tables.satp();
}

// Twice at the good address, then at the wild one: the trap.
void expect_refused(Bench& b, const Setting& setting, uint64_t satp, uint64_t good, uint64_t wild,
                    uint64_t cause, uint64_t tval) {
  const uint64_t list[] = {good, good, wild};
  for (unsigned i = 0; i < 3; ++i) b.write64(kList + 8 * i, list[i]);
  b.set_x(gp, kList);
  b.set_x(t2, 0x77);
  b.start(kCode, setting.mode, satp);
  b.run_quietly(5 * 2 + 3);
  b.expect_machine_trap({cause, kCode + 8, tval});
}

// ld a0, (gp); lr.d (the sc needs a reservation); the access; the next one
void put_loop(Bench& b, uint32_t access) {
  b.put(kCode,
        {insn::ld(a0, 0, gp), insn::lr_d(t3, s0), access, insn::addi(gp, gp, 8), insn::jal(zero, -16)});
  b.set_x(s0, kGood);
}

class EveryWildAddress : public testing::TestWithParam<Setting> {
 protected:
  // A canary: a page of this process that no guest may reach.
  EveryWildAddress() { std::fill_n(canary_.get(), kWords, kPattern); }
  ~EveryWildAddress() override {
    EXPECT_TRUE(
        std::all_of(canary_.get(), canary_.get() + kWords, [](uint64_t word) { return word == kPattern; }));
  }
  static Board board() {
    Board board;
    board.memory = kMemory;
    if (GetParam().levels != 0) board.config.max_levels = static_cast<uint8_t>(GetParam().levels);
    return board;
  }
  static constexpr size_t kWords = 1024;
  static constexpr uint64_t kPattern = 0x0123'4567'89ab'cdef;
  std::unique_ptr<uint64_t[]> canary_ = std::make_unique<uint64_t[]>(kWords);
};
std::string name_of_setting(const testing::TestParamInfo<Setting>& info) {
  const Setting& s = info.param;
  const char* mode = s.mode == kM ? "M" : s.mode == kS ? "S" : "U";
  return std::string(mode) + (s.levels == 0   ? "Bare"
                              : s.levels == 3 ? "Sv39"
                              : s.levels == 4 ? "Sv48"
                                              : "Sv57");
}
INSTANTIATE_TEST_SUITE_P(In, EveryWildAddress, testing::ValuesIn(kSettings), name_of_setting);
class WildLeaf : public EveryWildAddress {};
INSTANTIATE_TEST_SUITE_P(In, WildLeaf, testing::ValuesIn(std::begin(kSettings) + 3, std::end(kSettings)),
                         name_of_setting);

TEST_P(EveryWildAddress, EveryAccess_RightFault) {
  std::vector<uint64_t> wild = aliases_of(kGood);
  for (const uint64_t at : edges(canary_.get())) wild.push_back(at);
  const bool paged = GetParam().levels != 0;
  like_the_interpreter(board(), [&](Bench& b) {
    const uint64_t satp = prepare(b, GetParam());
    for (const Access& access : kAccesses) {
      SCOPED_TRACE(access.name);
      put_loop(b, access.instruction);
      const uint64_t cause = paged ? (access.writes ? cause::kStorePage : cause::kLoadPage)
                                   : (access.writes ? cause::kStoreAccess : cause::kLoadAccess);
      for (const uint64_t at : wild) {
        expect_refused(b, GetParam(), satp, kGood, at, cause, at);
        if (HasFailure()) FAIL() << std::hex << at;
      }
      b.note();
    }
  });
}

// Over the end of the last page that there is: its bytes are left alone, and tval is where the trouble
// begins.
TEST_P(EveryWildAddress, AccessOverTheEnd_RightFaultAtTheFirstByteBeyond) {
  const bool paged = GetParam().levels != 0;
  const uint64_t end = paged ? kRam + 0x10'0000 : kRam + kMemory;
  like_the_interpreter(board(), [&](Bench& b) {
    const uint64_t satp = prepare(b, GetParam());
    b.write64(end - 8, kPattern);
    for (const Access& access : kAccesses) {
      if (access.aligned || access.size == 1) continue;
      SCOPED_TRACE(access.name);
      put_loop(b, access.instruction);
      const uint64_t cause = paged ? (access.writes ? cause::kStorePage : cause::kLoadPage)
                                   : (access.writes ? cause::kStoreAccess : cause::kLoadAccess);
      for (unsigned inside = 1; inside < access.size; ++inside)
        expect_refused(b, GetParam(), satp, kGood, end - inside, cause, end);
      EXPECT_EQ(b.read64(end - 8), kPattern);
      if (HasFailure()) return;
    }
  });
}

TEST_P(EveryWildAddress, Fetch_RightFault) {
  std::vector<uint64_t> wild = aliases_of(kFunction);
  for (const uint64_t at : edges(canary_.get())) wild.push_back(at);
  const bool paged = GetParam().levels != 0;
  like_the_interpreter(board(), [&](Bench& b) {
    const uint64_t satp = prepare(b, GetParam());
    b.put(kCode, {insn::ld(a0, 0, gp), insn::jalr(ra, 0, a0), insn::addi(gp, gp, 8), insn::jal(zero, -12)});
    b.put(kFunction, {insn::jalr(zero, 0, ra)});
    for (const uint64_t at : wild) {
      const uint64_t list[] = {kFunction, kFunction, at};
      for (unsigned i = 0; i < 3; ++i) b.write64(kList + 8 * i, list[i]);
      b.set_x(gp, kList);
      b.start(kCode, GetParam().mode, satp);
      b.run_quietly(5 * 2 + 3);
      b.expect_machine_trap(
          {paged ? cause::kFetchPage : cause::kFetchAccess, at & ~uint64_t{1}, at & ~uint64_t{1}});
      if (HasFailure()) FAIL() << std::hex << at;
    }
    b.note();
  });
}

// Page tables that lead to where nothing is: beyond RAM, up to bit 55 of the physical address.
TEST_P(WildLeaf, LeadsNowhere_AccessFault) {
  constexpr uint64_t kVirtual = 0x4000'0100;
  like_the_interpreter(board(), [&](Bench& b) {
    PageTables tables(b, kTables, GetParam().levels);
    const uint64_t user = GetParam().mode == kU ? pte::U : 0;
    tables.map_range(kRam, kRam, 0x10'0000, pte::kAll | user);
    prepare(b, {GetParam().mode, 0});
    for (unsigned bit = 22; bit < 56; ++bit)
      tables.map(kVirtual + bit * 0x1000, kGood ^ uint64_t{1} << bit, pte::kAll | user);
    for (const Access& access : kAccesses) {
      SCOPED_TRACE(access.name);
      put_loop(b, access.instruction);
      const uint64_t cause = access.writes ? cause::kStoreAccess : cause::kLoadAccess;
      for (unsigned bit = 22; bit < 56; ++bit) {
        const uint64_t at = kVirtual + bit * 0x1000;
        expect_refused(b, GetParam(), tables.satp(), kGood, at, cause, at);
        if (HasFailure()) FAIL() << std::hex << at;
      }
      b.note();
    }
    for (unsigned bit = 22; bit < 56; ++bit) {
      const uint64_t at = kVirtual + bit * 0x1000;
      b.start(at, GetParam().mode, tables.satp());
      b.run(1);
      b.expect_machine_trap({cause::kFetchAccess, at, at});
    }
  });
}

}  // namespace
}  // namespace vitrine::bench
