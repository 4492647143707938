// SPDX-License-Identifier: MIT
// Guest traps out of the middle of translated blocks: pc, registers and xtval are those of the very
// instruction, and nothing after it has happened. And addresses that lead nowhere: in no mode do they reach
// memory that is not the guest's.
#include <gtest/gtest.h>

#include <vector>

#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/translator/against_interpreter.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kNowhere = 0x4000'0000;  // neither RAM nor a device; unmapped under page tables

// Five instructions before the one that traps, five after: t0 and a5 say how many ran. Tests run longer than
// the block, which would be interpreted otherwise; the handler changes nothing.
constexpr uint64_t kBlockAndMore = 30;

void put_between(Bench& b, const Word& middle, uint64_t at = kCode) {
  std::vector<Word> program;
  for (unsigned i = 0; i < 5; ++i)
    program.emplace_back(i % 2 ? insn::addi(t0, t0, 1) : insn::addi(a5, a5, 1));
  program.push_back(middle);
  for (unsigned i = 0; i < 5; ++i)
    program.emplace_back(i % 2 ? insn::addi(t0, t0, 1) : insn::addi(a5, a5, 1));
  program.emplace_back(insn::kSelf);
  b.put(at, program);
}
void expect_five_ran(Bench& b) {
  EXPECT_EQ(b.x(a5), 3u);
  EXPECT_EQ(b.x(t0), 2u);
}

struct Case {
  const char* name;
  uint32_t word;
  uint64_t cause, tval;
};

// a0 holds a bad address, t1 too.
TEST(Exceptions, InTheMiddleOfABlock_ExactState) {
  const Case cases[] = {
      {"load, mapped base", insn::ld(a1, 8, a0), cause::kLoadAccess, kNowhere + 8},
      {"load, base in memory", insn::lbu(a1, -1, t1), cause::kLoadAccess, kNowhere - 1},
      {"load to x0", insn::lw(zero, 0, a0), cause::kLoadAccess, kNowhere},
      {"load to its own base, mapped", insn::ld(a0, 0, a0), cause::kLoadAccess, kNowhere},
      {"load to its own base, in memory", insn::lh(t1, 4, t1), cause::kLoadAccess, kNowhere + 4},
      {"store", insn::sw(a5, 16, a0), cause::kStoreAccess, kNowhere + 16},
      {"store of its base", insn::sd(a0, 0, a0), cause::kStoreAccess, kNowhere},
      {"amo", insn::amoadd_w(a1, a5, a0), cause::kStoreAccess, kNowhere},
      {"amo to its own base", insn::amoswap_d(a0, a5, a0), cause::kStoreAccess, kNowhere},
      {"lr", insn::lr_d(a1, a0), cause::kLoadAccess, kNowhere},
      {"cbo.zero", insn::cbo_zero(a0), cause::kStoreAccess, kNowhere},
      {"illegal", 0xffff'ffff, cause::kIllegal, 0xffff'ffff},
      {"a CSR that does not exist", insn::csrr(a1, 0x123), cause::kIllegal, insn::csrr(a1, 0x123)},
      {"ecall", insn::kEcall, cause::kEcallM, 0},
      {"ebreak", insn::kEbreak, cause::kBreakpoint, kCode + 20},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    like_the_interpreter([&](Bench& b) {
      put_between(b, c.word);
      b.set_x(a0, kNowhere);
      b.set_x(t1, kNowhere);
      b.set_x(a1, 0x55);
      b.run(kBlockAndMore);
      b.expect_machine_trap({c.cause, kCode + 20, c.tval});
      expect_five_ran(b);
      EXPECT_EQ(b.x(a0), kNowhere);
      EXPECT_EQ(b.x(t1), kNowhere);
      EXPECT_EQ(b.x(a1), 0x55u);
    });
  }
}

// The same block has run well before; then its address turns bad.
TEST(Exceptions, AfterManyGoodRounds_ExactState) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::ld(a1, 0, a0), insn::addi(t1, t1, 1), insn::sd(a1, 8, a0),
                  insn::add(a0, a0, a2), insn::jal(zero, -20)});
    b.set_x(a0, kRam + (4 << 20) - 4 * 4096);
    b.set_x(a2, 4096);
    b.run(60);
    b.expect_machine_trap({cause::kLoadAccess, kCode + 4, kRam + (4 << 20)});
    EXPECT_EQ(b.x(t0), 5u);
    EXPECT_EQ(b.x(t1), 4u);
  });
}

// A trap gives back the steps of what did not run: minstret counts none of it.
TEST(Exceptions, TrapInTheMiddle_NothingAfterItCounts) {
  like_the_interpreter([](Bench& b) {
    put_between(b, insn::ld(a1, 0, zero));
    b.run(kBlockAndMore);
    EXPECT_EQ(b.csr(csr::minstret), kBlockAndMore - 1) << "all but the trap's entry";
  });
}

TEST(Exceptions, PageFaultsOfU_DelegatedWithExactState) {
  struct Fault {
    uint32_t word;
    uint64_t cause, tval;
  };
  const Fault faults[] = {{insn::ld(a1, 8, a0), cause::kLoadPage, kNowhere + 8},
                          {insn::sb(a1, -8, a0), cause::kStorePage, kNowhere - 8},
                          {insn::sw(a1, 0, a2), cause::kStorePage, 0x2000'0000},
                          {insn::ld(a1, 4, a3), cause::kLoadPage, 0x2000'1000}};
  for (const Fault& fault : faults) {
    SCOPED_TRACE(testing::Message() << std::hex << fault.word);
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity();
      tables.map(0x1000'0000, kCode, pte::kExecute | pte::U);
      tables.map(0x2000'0000, kData, pte::kRead | pte::U);
      put_between(b, fault.word);
      b.set_csr(csr::medeleg, 0xffff);
      b.set_x(a0, kNowhere);
      b.set_x(a2, 0x2000'0000);               // mapped, not writable
      b.set_x(a3, 0x2000'0000 + 0x1000 - 8);  // 4(a3) goes on into a page that is not mapped
      b.start(0x1000'0000, kU, tables.satp());
      b.run(kBlockAndMore);
      b.expect_supervisor_trap({fault.cause, 0x1000'0000 + 20, fault.tval});
      expect_five_ran(b);
    });
  }
}

// The block runs off the end of its page into one that cannot be fetched.
TEST(Exceptions, NextPageNotExecutable_FetchFaultAtItsFirstByte) {
  for (const uint64_t back : {8, 6, 2}) {
    SCOPED_TRACE(back);
    like_the_interpreter([&](Bench& b) {
      PageTables tables(b);
      tables.identity();
      tables.map(0x1000'0000, kCode, pte::kExecute);
      tables.map(0x1000'1000, kCode + 0x1000, pte::kRead);
      b.set_csr(csr::medeleg, 0xffff);
      const uint64_t end = kCode + 0x1000;
      for (uint64_t at = end - 64; at < end; at += 2) b.put(at, {insn::c_addi(t0, 1)});
      // The last instruction may lie across the end.
      if (back != 8) b.put(end - back, {insn::addi(t1, t1, 1), insn::addi(t1, t1, 1)});
      b.start(0x1000'1000 - 64, kS, tables.satp());
      const uint64_t good = back == 8 ? 32 : back == 6 ? 30 : 31;
      b.run(good + 1);
      b.expect_supervisor_trap({cause::kFetchPage, back == 8 ? 0x1000'1000u : 0x1000'0ffeu, 0x1000'1000});
      EXPECT_EQ(b.x(t0), back == 8 ? 32u : back == 6 ? 29u : 31u);
    });
  }
}

TEST(Exceptions, JumpToNowhere_FaultAtTheTarget) {
  for (const uint64_t target : {kNowhere, uint64_t{0}, ~uint64_t{1}, uint64_t{1} << 40, uint64_t{1} << 63}) {
    SCOPED_TRACE(target);
    like_the_interpreter([&](Bench& b) {
      put_between(b, insn::jalr(ra, 0, a0));
      b.set_x(a0, target);
      b.run(kBlockAndMore);
      b.expect_machine_trap({cause::kFetchAccess, target, target});
      EXPECT_EQ(b.x(ra), kCode + 24) << "the jump itself is done";
    });
  }
}

// Code that was translated while floating point was on.
TEST(Exceptions, FloatOff_IllegalAtThatInstruction) {
  like_the_interpreter([](Bench& b) {
    b.put(kCode, {insn::addi(t0, t0, 1), insn::fadd(insn::kD, 1, 2, 3), insn::fmv_x(insn::kD, a0, 1),
                  insn::fsd(1, 0, gp), insn::jal(zero, -16)});
    b.set_x(gp, kData);
    b.set_f(2, 0x3ff0'0000'0000'0000);
    b.set_f(3, 0x4000'0000'0000'0000);
    b.set_bits(csr::mstatus, status::kFsInitial);
    b.run(50);
    EXPECT_EQ(b.x(a0), 0x4008'0000'0000'0000u) << "1.0 + 2.0 = 3.0";
    EXPECT_EQ(b.csr(csr::mstatus) & status::kFs, status::kFsDirty);
    b.clear_bits(csr::mstatus, status::kFs);
    b.run(kBlockAndMore);
    b.expect_machine_trap({cause::kIllegal, kCode + 4, insn::fadd(insn::kD, 1, 2, 3)});
    EXPECT_EQ(b.x(t0), 11u);
  });
}

// --- Wild addresses

// Everything that could be an alias of something: of RAM, of a device, of the tables that translate, of our
// own memory.
std::vector<uint64_t> wild_addresses() {
  std::vector<uint64_t> all;
  const uint64_t near[] = {0, kData, kRam, kRam + (4 << 20) - 8, kNowhere, kClint + 0x4000};
  for (const uint64_t base : near)
    for (unsigned bit = 31; bit < 64; ++bit) {
      all.push_back(base ^ uint64_t{1} << bit);   // one bit wrong
      all.push_back(base | ~uint64_t{0} << bit);  // a sign where none belongs
      all.push_back((uint64_t{1} << bit) - 4);    // across a boundary
    }
  for (const uint64_t edge : std::initializer_list<uint64_t>{
           ~uint64_t{0}, ~uint64_t{7}, ~uint64_t{4095}, uint64_t{1} << 63, INT64_MAX - uint64_t{7},
           0x0000'003f'ffff'fff8ull, 0x0000'0040'0000'0000ull, 0xffff'ffbf'ffff'fff8ull,
           0xffff'ffc0'0000'0000ull, 0x0000'7fff'ffff'f000ull})
    all.push_back(edge);
  int local = 0;  // memory of this process: the stack, code, the heap
  all.push_back(reinterpret_cast<uint64_t>(&local));
  all.push_back(reinterpret_cast<uint64_t>(&wild_addresses));
  const auto heap = std::make_unique<uint64_t[]>(1024);
  all.push_back(reinterpret_cast<uint64_t>(heap.get()));
  return all;
}

// Loads and stores of every address; whatever traps is skipped over by the handler, and counted with cause
// and tval.
void try_all(Bench& b, const std::vector<uint64_t>& addresses, Privilege mode, uint64_t satp) {
  constexpr uint64_t kList = kRam + 0x4'0000, kHandler = kRam + 0x8000;
  for (size_t i = 0; i < addresses.size(); ++i) b.write64(kList + 8 * i, addresses[i]);
  b.put(kHandler, {insn::csrr(t3, csr::mcause), insn::add(s2, s2, t3), insn::csrr(t3, csr::mtval),
                   insn::add(s3, s3, t3), insn::csrr(t3, csr::mepc), insn::addi(t3, t3, 4),
                   insn::csrw(csr::mepc, t3), insn::addi(s4, s4, 1), insn::kMret});
  b.set_csr(csr::mtvec, kHandler);
  b.put(kCode, {insn::ld(a0, 0, gp),       // 0: the next address
                insn::ld(a1, 0, gp),       // 4: at each of these a good access is remembered for the site...
                insn::ld(a1, 0, a0),       // 8: ...and then a wild one
                insn::lbu(a2, 7, a0),      // 12
                insn::lw(a3, 2047, a0),    // 16
                insn::lhu(a4, -2048, a0),  // 20
                insn::sd(a5, 0, a0),       // 24
                insn::sb(a5, 3, a0),       // 28
                insn::amoadd_d(t1, a5, a0),  // 32
                insn::addi(gp, gp, 8),       // 36
                insn::addi(t2, t2, -1),      // 40
                insn::bne(t2, zero, -44)});  // 44
  b.put(kCode + 48, {insn::kSelf});
  b.set_x(gp, satp && mode == kU ? 0x3000'0000 : kList);
  b.set_x(t2, addresses.size());
  b.set_x(a5, 0x77);
  b.start(satp && mode == kU ? 0x1000'0000 : kCode, mode, satp);
  b.run_quietly(200 * addresses.size());
  EXPECT_EQ(b.x(t2), 0u);
  EXPECT_GT(b.x(s4), addresses.size()) << "most of them trap";
  b.note();
}

TEST(WildAddresses, Bare_AsTheInterpreter) {
  const std::vector<uint64_t> addresses = wild_addresses();
  for (const Privilege mode : {kM, kS, kU})
    like_the_interpreter([&](Bench& b) { try_all(b, addresses, mode, 0); });
}

TEST(WildAddresses, Paged_AsTheInterpreter) {
  const std::vector<uint64_t> addresses = wild_addresses();
  for (const unsigned levels : {3u, 4u, 5u})
    for (const Privilege mode : {kS, kU}) {
      SCOPED_TRACE(testing::Message() << levels << " levels, mode " << static_cast<unsigned>(mode));
      Board board;
      board.config.max_levels = static_cast<uint8_t>(levels);
      like_the_interpreter(board, [&](Bench& b) {
        PageTables tables(b, kTables, levels);
        tables.identity();
        for (uint64_t i = 0; i < 0x8000; i += 0x1000)
          tables.map(0x3000'0000 + i, kRam + 0x4'0000 + i, pte::kRead | pte::U);
        tables.map(0x1000'0000, kCode, pte::kExecute | pte::U);
        try_all(b, addresses, mode, tables.satp());
      });
    }
}

// RAM mapped at the two ends of the canonical range: the last byte is reached, the first beyond it is not.
TEST(WildAddresses, EdgesOfTheCanonicalRange_ExactlyUpToThere) {
  like_the_interpreter([](Bench& b) {
    constexpr uint64_t kTop = 0x40'0000'0000;  // Sv39: 2^38
    PageTables tables(b);
    tables.identity();
    tables.map(kTop - 0x1000, kData, pte::kReadWrite);
    tables.map(0 - kTop, kData + 0x1000, pte::kReadWrite);
    b.write64(kData + 0xff8, 1);
    b.write64(kData + 0x1000, 2);
    b.set_csr(csr::medeleg, 0xffff);
    b.put(kCode, {insn::ld(t0, -8, a0), insn::ld(t1, 0, a1), insn::add(t2, t0, t1), insn::jal(zero, -12)});
    b.set_x(a0, kTop);
    b.set_x(a1, 0 - kTop);
    b.start(kCode, kS, tables.satp());
    b.run(40);
    EXPECT_EQ(b.x(t2), 3u);
    b.set_x(a0, kTop + 8);  // the same sites, one step further
    b.run(kBlockAndMore);
    b.expect_supervisor_trap({cause::kLoadPage, kCode, kTop});
    b.set_x(a0, kTop);
    b.set_x(a1, 0 - kTop - 8);
    b.start(kCode, kS, tables.satp());
    b.run(kBlockAndMore);
    b.expect_supervisor_trap({cause::kLoadPage, kCode + 4, 0 - kTop - 8});
  });
}

}  // namespace
}  // namespace vitrine::bench
