// SPDX-License-Identifier: MIT
// Why control left generated code: loops of which each round leaves it for reasons that are known. What are exits and guest
// traps (docs/events.md) is counted exactly, and by the interpreter too. What are counters of the engine is not: the loop's own
// way back is inside generated code, so a thousand rounds are a thousand of that kind, and next to none of the others.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using core::EventKind;

constexpr uint64_t kRounds = 1000;
constexpr uint64_t kSlack = 8;  // of counters: what becoming warm costs

using Counts = std::array<uint64_t, core::kEventKinds>;
Counts counts_of(Bench& b) {
  Counts counts{};
  for (const core::EventRow& row : core::event_rows()) counts[static_cast<size_t>(row.kind)] = b.events().of(row.kind);
  return counts;
}

Counts events_under(Caches engine, const std::vector<Word>& body, uint64_t pointer, Privilege mode) {
  Bench b({}, engine);
  b.put(kCode, body);
  b.start(kCode, mode);
  b.set_x(a0, pointer);
  b.run(body.size() * 40);  // translated
  const Counts before = counts_of(b);
  b.run(body.size() * kRounds);
  Counts made = counts_of(b);
  for (size_t i = 0; i < made.size(); ++i) made[i] -= before[i];
  return made;
}

bool is_counter(const core::EventRow& row) { return row.column == core::EventColumn::kCounter; }

// kRounds of a body, run at a stretch, on the translator; the interpreter has the same exits and guest traps.
Counts events_of(std::vector<Word> body, uint64_t pointer = kData, Privilege mode = kM) {
  body.emplace_back(insn::jal(zero, -4 * static_cast<int64_t>(body.size())));
  const Counts made = events_under(Caches::kTranslator, body, pointer, mode);
  const Counts interpreted = events_under(Caches::kAll, body, pointer, mode);
  for (const core::EventRow& row : core::event_rows())
    if (!is_counter(row)) {
      const auto kind = static_cast<size_t>(row.kind);
      EXPECT_EQ(made[kind], interpreted[kind]) << row.name;
    }
  return made;
}

// So many exits of this kind, and of no other.
void expect_exits(const Counts& made, EventKind kind, uint64_t count) {
  for (const core::EventRow& row : core::event_rows())
    if (!is_counter(row)) {
      EXPECT_EQ(made[static_cast<size_t>(row.kind)], row.kind == kind ? count : 0) << row.name;
    }
}

void expect_only(const Counts& made, EventKind kind) {
  for (const core::EventRow& row : core::event_rows()) {
    SCOPED_TRACE(row.name);
    const uint64_t count = made[static_cast<size_t>(row.kind)];
    if (!is_counter(row)) {
      EXPECT_EQ(count, row.kind == kind ? kRounds : 0);
    } else if (row.kind == kind) {
      EXPECT_GE(count, kRounds - kSlack);
      EXPECT_LE(count, kRounds + kSlack);
    } else {
      EXPECT_LE(count, kSlack);
    }
  }
}

TEST(Exits, NothingToLeaveFor_None) {
  const auto made = events_of({insn::addi(t0, t0, 1), insn::ld(t1, 0, a0), insn::sd(t0, 8, a0)});
  expect_exits(made, EventKind::kWait, 0);
  for (const core::EventRow& row : core::event_rows())
    EXPECT_LE(made[static_cast<size_t>(row.kind)], kSlack) << row.name;
  EXPECT_GE(made[static_cast<size_t>(EventKind::kBudgetUsed)], 1u) << "the end of the run";
}

TEST(Exits, ACsrThatIsComputedEachRound_CsrAccess) {
  expect_only(events_of({insn::addi(t0, t0, 1), insn::csrrs(t1, csr::mcycle, zero)}), EventKind::kCsrAccess);
}

// Plain words of the hart.
TEST(Exits, MscratchEachRound_None) {
  expect_exits(events_of({insn::addi(t0, t0, 1), insn::csrrw(t1, csr::mscratch, t0)}), EventKind::kCsrAccess, 0);
}

TEST(Exits, SieOnAndOffWhileNothingWaits_None) {
  const auto made = events_of({insn::addi(t0, zero, status::kSie), insn::csrrs(zero, csr::sstatus, t0),
                               insn::csrrc(zero, csr::sstatus, t0)}, kData, kS);
  expect_exits(made, EventKind::kCsrAccess, 0);
}

// It is part of the address map: both changes are exits.
TEST(Exits, SumOnAndOff_CsrAccess) {
  const auto made = events_of({insn::lui(t0, status::kSum >> 12), insn::csrrs(zero, csr::sstatus, t0),
                               insn::csrrc(zero, csr::sstatus, t0)}, kData, kS);
  expect_exits(made, EventKind::kCsrAccess, 2 * kRounds);
}

TEST(Exits, FenceIEachRound_FenceI) {
  expect_exits(events_of({insn::addi(t0, t0, 1), insn::kFenceI}), EventKind::kFenceI, kRounds);
}

TEST(Exits, SfenceVmaEachRound_TranslationFence) {
  expect_exits(events_of({insn::addi(t0, t0, 1), insn::sfence_vma(zero, zero)}, kData, kS), EventKind::kTranslationFence,
               kRounds);
}

TEST(Exits, AStoreToADeviceEachRound_DeviceWrite) {
  expect_exits(events_of({insn::addi(t0, t0, 1), insn::sd(t0, 0, a0)}, kClint + 0x4000), EventKind::kDeviceWrite, kRounds);
}

TEST(Exits, AnInstructionWithoutHostCodeEachRound_RareInstruction) {
  constexpr uint32_t kClmul = 0x0a62'92b3;  // clmul t0, t0, t1
  expect_only(events_of({insn::addi(t0, t0, 1), Word(kClmul)}), EventKind::kRareInstruction);
}

TEST(Exits, ADeviceEachRound_DeviceRead) {
  expect_only(events_of({insn::addi(t0, t0, 1), insn::ld(t1, 0, a0)}, kClint + 0x4000),
              EventKind::kDeviceRead);  // mtimecmp
}

TEST(Exits, AcrossTwoPagesEachRound_CrossingAccess) {
  expect_only(events_of({insn::addi(t0, t0, 1), insn::ld(t1, 0, a0)}, kData + 0xffc), EventKind::kCrossingAccess);
}

// Each store asks for its page's entry again, which is known and must not be installed.
TEST(Exits, CodeBesideData_CodeWrite) {
  const Counts made = events_of({insn::addi(t0, t0, 1), insn::sd(t1, 0, a0)}, kCode + 0x800);
  expect_only(made, EventKind::kCodeWrite);
}

// Each round writes another page for the first time. (Reads are filled in bulk.)
TEST(Exits, ANewPageEachRound_HiddenFault) {
  Bench b({.memory = 16 << 20}, Caches::kTranslator);
  b.put(kCode, {insn::sd(t1, 0, a0), insn::add(a0, a0, a1), insn::jal(zero, -8)});
  b.set_x(a0, kRam + 0x20'0000);
  b.set_x(a1, 4096);
  b.run(3 * 40);
  const uint64_t before = b.events().of(EventKind::kHiddenFault);
  b.run(3 * kRounds);
  EXPECT_EQ(b.events().of(EventKind::kHiddenFault) - before, kRounds);
}

// mtvec is kMachineHandler, an endless loop there; so the trap comes once, and is an instruction's or an
// access's.
TEST(Exits, AGuestTrapOfAnAccess_GuestAccessFault) {
  Bench b({}, Caches::kTranslator);
  b.put(kCode, {insn::ld(t1, 0, a0), insn::jal(zero, -4)});
  b.set_x(a0, kData);
  b.run(2 * 40);
  const uint64_t before = b.events().of(EventKind::kGuestAccessFault);
  b.set_x(a0, 0x1000'0000'0000);  // nothing is there
  b.run(2);
  EXPECT_EQ(b.events().of(EventKind::kGuestAccessFault) - before, 1u);
}

TEST(Exits, ANaNEachRound_Float) {
  Bench b({}, Caches::kTranslator);
  b.set_bits(csr::mstatus, status::kFsDirty);
  b.put(kCode, {insn::fmadd(insn::kD, 2, 1, 1, 1), insn::jal(zero, -4)});
  b.set_f(1, 0x7ff8'0000'0000'0000);
  b.run(2 * 40);
  const uint64_t before = b.events().of(EventKind::kFloatRedone);
  b.run(2 * kRounds);
  EXPECT_EQ(b.events().of(EventKind::kFloatRedone) - before, kRounds);
}

// Jumps that lead to a page where nothing is translated, another one each time.
TEST(Exits, JumpsToWhatIsNotThere_Missing) {
  Bench b({.memory = 16 << 20}, Caches::kTranslator);
  for (uint64_t page = 0; page < 100; ++page)
    b.put(kRam + 0x20'0000 + 0x1000 * page, {insn::addi(t0, t0, 1), insn::jalr(zero, 0, a2)});
  b.put(kCode, {insn::add(a0, a0, a1), insn::auipc(a2, 0), insn::addi(a2, a2, -4), insn::jalr(zero, 0, a0)});
  b.set_x(a0, kRam + 0x20'0000 - 0x1000);
  b.set_x(a1, 0x1000);
  const auto missing = [&] { return b.events().of(EventKind::kBlockNotFound); };
  b.run(6 * 40);
  const uint64_t before = missing();
  b.run(6 * 40);
  EXPECT_GE(missing() - before, 5u) << "each page is new, though up to 32 steps at a stretch are interpreted";
}

}  // namespace
}  // namespace vitrine::bench
