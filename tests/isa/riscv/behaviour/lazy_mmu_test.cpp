// SPDX-License-Identifier: MIT
// A guest that changes a page-table entry and does not fence: the machines with a coherent MMU show it the
// new page at once, the lazy ones the old page until a fence that names it (mmu/kept_translations.h). By
// guest instructions, on every engine; what is kept is part of the state that the engines must agree on. The
// rules, entry by entry: tests/mmu.
#include <gtest/gtest.h>

#include "tests/isa/riscv/behaviour/paged.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using mmu::Model;

constexpr uint64_t kAsid = 0x1234;
constexpr Model kLazyModels[] = {Model::kLazyShadow, Model::kFencedTlb};

template <typename Scenario>
void under_every_cache_of(Model model, Scenario scenario) {
  for (const bool shadow : {true, false}) {
    Board board;
    board.model = model;
    board.shadow = shadow;
    under_every_cache(board, scenario);
  }
}

// Paged, with registers for fences; the space has an ASID.
struct LazyPaged : Paged {
  explicit LazyPaged(Bench& bench, uint64_t flags = pte::kReadWrite) : Paged(bench, flags) {
    b.set_x(a3, 0);
    b.set_x(a4, 0xffff'0000 | kAsid);  // bits above an ASID are ignored
    b.set_x(a5, kAsid + 1);
  }
  void run(std::initializer_list<Word> program) { Paged::run(program, kAsid); }
};

TEST(LazyMmu, CoherentMachine_NewPageAtOnce) {
  under_every_cache_of(Model::kCoherent, [](Bench& b) {
    LazyPaged p(b);
    p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0)});
    EXPECT_EQ(b.x(t0), kValueOne);
    EXPECT_EQ(b.x(t1), kValueTwo);
  });
}

struct FenceCase {
  const char* name;
  uint32_t instruction;
  bool fences;
};
const FenceCase kFences[] = {
    {"none", insn::kNop, false},
    {"sfence.vma", insn::sfence_vma(0, 0), true},
    {"sfence.vma a0", insn::sfence_vma(a0, 0), true},
    {"sfence.vma a3: a register that holds 0 is not x0", insn::sfence_vma(a3, 0), false},
    {"sfence.vma x0, a4", insn::sfence_vma(0, a4), true},
    {"sfence.vma x0, a5", insn::sfence_vma(0, a5), false},
    {"sfence.vma x0, a3", insn::sfence_vma(0, a3), false},
    {"sfence.vma a0, a4", insn::sfence_vma(a0, a4), true},
    {"sfence.vma a1, a4", insn::sfence_vma(a1, a4), false},
    {"sfence.vma a0, a5", insn::sfence_vma(a0, a5), false},
    {"sinval.vma", insn::sinval_vma(0, 0), true},
    {"sinval.vma a0, a4", insn::sinval_vma(a0, a4), true},
    {"sinval.vma a0, a5", insn::sinval_vma(a0, a5), false},
};

TEST(LazyMmu, OldPageUntilAFenceThatNamesIt) {
  for (const Model model : kLazyModels)
    for (const FenceCase& c : kFences) {
      SCOPED_TRACE(c.name);
      under_every_cache_of(model, [&](Bench& b) {
        LazyPaged p(b);
        p.run({insn::ld(t0, 0, a0), insn::sd(a2, 0, a1), insn::ld(t1, 0, a0), c.instruction,
               insn::ld(t2, 0, a0)});
        EXPECT_EQ(b.x(t0), kValueOne);
        EXPECT_EQ(b.x(t1), kValueOne);
        EXPECT_EQ(b.x(t2), c.fences ? kValueTwo : kValueOne);
      });
    }
}

// The loop is long enough for host code that predicts its page.
TEST(LazyMmu, InALoop_OldPageUntilTheFence) {
  for (const Model model : kLazyModels)
    under_every_cache_of(model, [](Bench& b) {
      LazyPaged p(b);
      // s0 += what is read; after 50 rounds the entry is written, after 100 there is a fence.
      b.put(kCode, {insn::ld(t0, 0, a0), insn::add(s0, s0, t0), insn::addi(s1, s1, 1), insn::bne(s1, s2, 8),
                    insn::sd(a2, 0, a1), insn::bne(s1, s3, 8), insn::sfence_vma(0, 0), insn::bne(s1, s4, -28),
                    insn::kSelf});
      b.set_x(s0, 0), b.set_x(s1, 0), b.set_x(s2, 50), b.set_x(s3, 100), b.set_x(s4, 150);
      b.start(kCode, kS, p.tables.satp(kAsid));
      b.run(1200);
      EXPECT_EQ(b.x(s0), 100 * kValueOne + 50 * kValueTwo);
    });
}

// Fetches are stale, too: the instructions of the old page run on.
TEST(LazyMmu, CodePageRemapped_OldInstructionsUntilTheFence) {
  for (const Model model : kLazyModels)
    under_every_cache_of(model, [](Bench& b) {
      LazyPaged p(b, pte::kAll);
      b.put(kOne, {insn::addi(t0, t0, 1), insn::jalr(0, 0, ra)});
      b.put(kTwo, {insn::addi(t0, t0, 100), insn::jalr(0, 0, ra)});
      b.set_x(t0, 0);
      p.run({insn::jalr(ra, 0, a0), insn::sd(a2, 0, a1), insn::jalr(ra, 0, a0), insn::sfence_vma(a0, 0),
             insn::jalr(ra, 0, a0), insn::kNop, insn::kNop, insn::kNop, insn::kNop, insn::kNop, insn::kNop});
      EXPECT_EQ(b.x(t0), 102u);
    });
}

// The page that is executed goes away under its own feet.
TEST(LazyMmu, RunningPageInvalidated_FaultsAfterTheFence) {
  for (const Model model : kLazyModels)
    under_every_cache_of(model, [](Bench& b) {
      LazyPaged p(b, pte::kAll);
      b.set_csr(csr::medeleg, 0xffff);
      b.put(kOne, {insn::sd(zero, 0, a1), insn::addi(t0, zero, 7), insn::sfence_vma(0, 0),
                   insn::addi(t0, zero, 8)});
      b.start(kVirtual, kS, p.tables.satp(kAsid));
      b.run(4);
      EXPECT_EQ(b.x(t0), 7u);
      b.expect_supervisor_trap({cause::kFetchPage, kVirtual + 12, kVirtual + 12});
    });
}

}  // namespace
}  // namespace vitrine::bench
