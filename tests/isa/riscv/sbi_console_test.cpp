// SPDX-License-Identifier: MIT
// The console of the built-in SBI, with hostile addresses, and the legacy calls: expected values are those of
// the SBI specification 2.0, chapters 12 and 5.
#include "tests/isa/riscv/sbi_rig.h"

namespace vitrine::riscv::test {
namespace {

using Result = Rig::Result;

// --- Debug console
// ---------------------------------------------------------------------------------------------------------

TEST(SbiConsole, Write_TakesBytesFromPhysicalMemory) {
  Rig rig;
  rig.write(0x8010'0ffc, "across a page");
  EXPECT_EQ(rig.call(kDbcn, 0, {13, 0x8010'0ffc, 0}), (Result{0, 13}));
  EXPECT_EQ(rig.console.output, "across a page");
}

TEST(SbiConsole, Write_IgnoresTranslation) {
  Rig rig;
  rig.write(0x8010'0000, "physical");
  poke_csr(rig.hart(0), kSatp, (uint64_t{8} << 60) | (0x8020'0000 >> 12));  // an empty Sv39 table
  EXPECT_EQ(rig.call(kDbcn, 0, {8, 0x8010'0000, 0}), (Result{0, 8}));
  EXPECT_EQ(rig.console.output, "physical");
}

// Ranges that are not wholly RAM, for write and for read.
TEST(SbiConsole, HostileRanges_AreInvalid) {
  struct Range {
    uint64_t count, low, high;
  };
  for (const uint64_t function : {0, 1})
    for (const Range& r : std::initializer_list<Range>{
             {1, 0, 0},
             {1, kRamBase - 1, 0},
             {2, kRamBase - 1, 0},
             {1, kRamEnd, 0},
             {2, kRamEnd - 1, 0},
             {kRamSize + 1, kRamBase, 0},
             {kNever, kRamBase, 0},                 // base + length wraps
             {kNever - kRamBase + 1, kRamBase, 0},  // wraps to exactly 0
             {kNever, kNever, 0},
             {1, kNever, 0},
             {1, 0x1000'0000, 0},  // a UART on the real board: devices are not memory
             {1, kRamBase, 1},     // beyond 64 bits
             {1, kRamBase, kNever},
         }) {
      Rig rig;
      rig.console.type("abc");
      EXPECT_EQ(rig.call(kDbcn, function, {r.count, r.low, r.high}).error, kInvalidParam)
          << r.count << " " << r.low;
      EXPECT_EQ(rig.console.output, "");
      EXPECT_EQ(rig.console.input.size(), 3u);  // a refused read takes nothing
    }
}

TEST(SbiConsole, Edges_OfRamAreRam) {
  Rig rig;
  rig.write(kRamEnd - 3, "end");
  rig.write(kRamBase, "begin");
  EXPECT_EQ(rig.call(kDbcn, 0, {3, kRamEnd - 3, 0}), (Result{0, 3}));
  EXPECT_EQ(rig.call(kDbcn, 0, {5, kRamBase, 0}), (Result{0, 5}));
  EXPECT_EQ(rig.console.output, "endbegin");
}

TEST(SbiConsole, NoBytes_AreNoError) {
  Rig rig;
  EXPECT_EQ(rig.call(kDbcn, 0, {0, kRamBase, 0}), (Result{0, 0}));
  EXPECT_EQ(rig.call(kDbcn, 0, {0, 0, 0}), (Result{0, 0}));  // an empty range has no inaccessible address
  EXPECT_EQ(rig.call(kDbcn, 1, {0, kRamBase, 0}), (Result{0, 0}));
}

TEST(SbiConsole, OneCall_MovesAtMost64KiB) {
  Rig rig;
  EXPECT_EQ(rig.call(kDbcn, 0, {kRamSize, kRamBase, 0}), (Result{0, 65536}));
  EXPECT_EQ(rig.console.output.size(), 65536u);
  rig.console.type(std::string(70'000, 'x'));
  EXPECT_EQ(rig.call(kDbcn, 1, {kRamSize, kRamBase, 0}), (Result{0, 65536}));
  EXPECT_EQ(rig.console.input.size(), 70'000u - 65536u);
}

TEST(SbiConsole, Read_GivesWhatIsThere) {
  Rig rig;
  rig.write(kRamBase, "........");
  EXPECT_EQ(rig.call(kDbcn, 1, {4, kRamBase, 0}), (Result{0, 0}));
  rig.console.type("hello");
  EXPECT_EQ(rig.call(kDbcn, 1, {3, kRamBase, 0}), (Result{0, 3}));
  EXPECT_EQ(rig.call(kDbcn, 1, {100, kRamBase + 4, 0}), (Result{0, 2}));
  EXPECT_EQ(rig.read(kRamBase, 8), "hel.lo..");
}

TEST(SbiConsole, Read_OfMoreThanAChunkKeepsOrder) {
  Rig rig;
  std::string text;
  for (int i = 0; i < 700; ++i) text.push_back(static_cast<char>('a' + i % 26));
  rig.console.type(text);
  EXPECT_EQ(rig.call(kDbcn, 1, {1000, kRamEnd - 1000, 0}), (Result{0, 700}));
  EXPECT_EQ(rig.read(kRamEnd - 1000, 700), text);
}

TEST(SbiConsole, Read_TakesNoByteTooMany) {
  Rig rig;
  rig.console.type(std::string(700, 'x'));
  rig.write(kRamBase + 300, "!");
  EXPECT_EQ(rig.call(kDbcn, 1, {300, kRamBase, 0}), (Result{0, 300}));
  EXPECT_EQ(rig.console.input.size(), 400u);
  EXPECT_EQ(rig.read(kRamBase + 299, 2), "x!");
}

// Whoever keeps decoded instructions or translations of the page must hear of the write.
TEST(SbiConsole, Read_AnnouncesWhatItWrites) {
  struct Listener final : core::RamListener {
    void after_write(core::GuestPhys at, size_t size, uint8_t) noexcept override {
      heard.emplace_back(at.value, size);
    }
    void dma_wrote(core::GuestPhys at, size_t size) noexcept override { dma.emplace_back(at.value, size); }
    std::vector<std::pair<uint64_t, size_t>> heard, dma;
  };
  Rig rig;
  Listener listener;
  rig.ram.add_listener(&listener);
  rig.ram.set_flag({kRamBase}, core::kCode);
  rig.console.type("code");
  rig.call(kDbcn, 1, {4, kRamBase + 8, 0});
  const std::vector<std::pair<uint64_t, size_t>> expected = {{kRamBase + 8, 4}};
  EXPECT_EQ(listener.heard, expected);
  EXPECT_EQ(listener.dma, expected);
}

TEST(SbiConsole, WriteByte_TakesTheLowByte) {
  Rig rig;
  EXPECT_EQ(rig.call(kDbcn, 2, {0x6463'6261, 99}), (Result{0, 0}));
  EXPECT_EQ(rig.console.output, "a");
}

// --- Legacy calls (chapter 5)
// -----------------------------------------------------------------------------------------------

TEST(SbiLegacy, Console_PutsAndGetsBytes) {
  Rig rig;
  EXPECT_EQ(rig.legacy(1, {'V'}), 0u);
  EXPECT_EQ(rig.legacy(1, {0xffff'ff00 | 't'}), 0u);
  EXPECT_EQ(rig.console.output, "Vt");
  EXPECT_EQ(rig.legacy(2), kNever);  // "-1 for failure"
  rig.console.type("k\xff");
  EXPECT_EQ(rig.legacy(2), uint64_t{'k'});
  EXPECT_EQ(rig.legacy(2), 0xffu);
  EXPECT_EQ(rig.legacy(2), kNever);
}

TEST(SbiLegacy, ClearIpi_SaysWhetherOneWasPending) {
  Rig rig(2);
  rig.start(1);
  rig.call(kIpi, 0, {0b11, 0});
  EXPECT_EQ(rig.legacy(3), 1u);
  EXPECT_EQ(interrupted(rig), (std::set<unsigned>{1}));  // "only in the hart for which this call is invoked"
  EXPECT_EQ(rig.legacy(3), 0u);
}

TEST(SbiLegacy, Mask_IsReadFromGuestMemory) {
  Rig rig(3);
  rig.start(1), rig.start(2);
  const uint64_t masks[] = {0b101, 0b1000};
  for (const unsigned shift : {0, 3}) {  // misaligned, too
    ASSERT_TRUE(rig.ram.write({kTree + shift}, masks, sizeof masks));
    EXPECT_EQ(rig.legacy(4, {kTree + shift}), 0u);
    EXPECT_EQ(interrupted(rig), (std::set<unsigned>{0, 2}));
    EXPECT_EQ(rig.legacy(4, {kTree + shift + 8}), kInvalidParam);  // there is no hart 3
  }
  const uint64_t fences = rig.events.of(core::EventKind::kFenceApplied);
  for (const uint64_t call : {5, 6, 7}) {
    ASSERT_TRUE(rig.ram.write({kTree}, masks, sizeof masks));
    EXPECT_EQ(rig.legacy(call, {kTree, 0x1000, 0x1000, 7}), 0u);
    EXPECT_EQ(rig.legacy(call, {kTree + 8, 0, 0, 0}), kInvalidParam);
  }
  EXPECT_EQ(rig.events.of(core::EventKind::kFenceApplied) - fences, 3 * 2u);
}

TEST(SbiLegacy, NullMask_IsEverybody) {
  Rig rig(3);
  rig.start(1), rig.start(2);
  EXPECT_EQ(rig.legacy(4, {0}), 0u);
  EXPECT_EQ(interrupted(rig), (std::set<unsigned>{0, 1, 2}));
}

// "Redirected back to the supervisor with sepc pointing to the faulting ECALL instruction."
TEST(SbiLegacy, MaskThatCannotBeRead_IsTheSupervisorsFault) {
  for (const uint64_t call : {4, 5, 6, 7})
    for (const bool paged : {false, true}) {
      Rig rig(2);
      Hart& hart = rig.hart(0);
      poke_csr(hart, kStvec, 0x8000'4000);
      if (paged) poke_csr(hart, kSatp, (uint64_t{8} << 60) | (0x8010'0000 >> 12));  // an empty Sv39 table
      const uint64_t pointer = paged ? 0x8000'1008 : 0x40;                          // outside RAM; not mapped
      const uint64_t kept = rig.hart(0).x[11];
      rig.legacy(call, {pointer});
      EXPECT_EQ(rig.csr(0, kScause), paged ? 13u : 5u);
      EXPECT_EQ(rig.csr(0, kStval), pointer);
      EXPECT_EQ(rig.csr(0, kSepc), kEntry);
      EXPECT_EQ(hart.next_pc, 0x8000'4000u);
      EXPECT_TRUE(hart.redirected);
      EXPECT_EQ(hart.privilege, Privilege::kSupervisor);
      EXPECT_EQ(hart.x[10], pointer);  // not an answer
      EXPECT_EQ(hart.x[11], kept);
      EXPECT_TRUE(interrupted(rig).empty());
    }
}

TEST(SbiLegacy, Mask_IsReadThroughTranslation) {
  Rig rig(2);
  rig.start(1);
  // Sv39: 0x4000_0000, a gigapage at VPN[2] = 1, is mapped to 0x8000_0000: V R W A D, PPN 0x80000.
  const uint64_t gigapage = (uint64_t{0x80000} << 10) | 0xc7, mask = 0b10;
  ASSERT_TRUE(rig.ram.write_value({0x8010'0008}, gigapage));
  ASSERT_TRUE(rig.ram.write_value({0x8030'0010}, mask));
  poke_csr(rig.hart(0), kSatp, (uint64_t{8} << 60) | (0x8010'0000 >> 12));
  EXPECT_EQ(rig.legacy(4, {0x4030'0010}), 0u);
  EXPECT_EQ(interrupted(rig), (std::set<unsigned>{1}));
}

}  // namespace
}  // namespace vitrine::riscv::test
