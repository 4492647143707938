// SPDX-License-Identifier: MIT
// The assembler's own encodings against asmjit's: every form with all registers and the displacements and
// constants at which an encoding changes its length. What code with labels does is tested by running it.
#include "isa/x86/assembler.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "isa/x86/code_memory.h"

namespace vitrine::x86 {
namespace {

using asmjit::Imm;
using asmjit::Label;
using asmjit::x86::Gp;
using asmjit::x86::Mem;
namespace Inst = asmjit::x86::Inst;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kAddress = 0x7000'0000'0000;

template <class Emit>
Bytes by_asmjit(const Emit& emit) {
  asmjit::CodeHolder holder;
  holder.init(asmjit::Environment::host(), kAddress);
  asmjit::x86::Assembler a(&holder);
  emit(a);
  const asmjit::CodeBuffer& buffer = holder.sectionById(0)->buffer();
  return {buffer.begin(), buffer.end()};
}

Assembler& ours() {
  static Assembler a;
  return a;
}

template <class Emit>
Bytes by_ours(const Emit& emit) {
  ours().begin(reinterpret_cast<const uint8_t*>(kAddress));
  emit(ours());
  const auto code = ours().code();
  return {code.begin(), code.end()};
}

template <class Emit>
void compare(const std::string& what, const Emit& emit) { ASSERT_EQ(by_ours(emit), by_asmjit(emit)) << what; }

constexpr uint8_t kWidths[] = {1, 2, 4, 8};
Gp gp(unsigned width, unsigned id) {
  return width == 1   ? Gp(asmjit::x86::gpb_lo(id))
         : width == 2 ? Gp(asmjit::x86::gpw(id))
         : width == 4 ? Gp(asmjit::x86::gpd(id))
                      : Gp(asmjit::x86::gpq(id));
}

// All bases, and where it matters indices, with each length of displacement.
std::vector<Mem> places(unsigned width) {
  std::vector<Mem> all;
  for (unsigned base = 0; base < 16; ++base) {
    for (const int32_t displacement : {0, 8, 127, 128, -128, -129, 0x1234'5678}) {
      all.emplace_back(asmjit::x86::gpq(base), displacement, width);
      for (const unsigned index : {0u, 3u, 5u, 8u, 12u, 13u})
        all.emplace_back(asmjit::x86::gpq(base), asmjit::x86::gpq(index), index % 4, displacement, width);
    }
  }
  return all;
}

constexpr int64_t kConstants[] = {0,    1,    -1,  5,      127,         128,
                                  -128, -129, 255, 0x7fff, 0x7fff'ffff, -0x8000'0000ll};

void sweep(asmjit::InstId id, unsigned width, bool stores = true) {
  const std::string what = std::to_string(id) + ", width " + std::to_string(width);
  for (unsigned to = 0; to < 16; ++to) {
    for (unsigned from = 0; from < 16; ++from)
      compare(what, [&](auto& a) { a.emit(id, gp(width, to), gp(width, from)); });
    for (const int64_t constant : kConstants)
      compare(what + ", " + std::to_string(constant),
              [&](auto& a) { a.emit(id, gp(width, to), Imm(constant)); });
  }
  if (!stores) return;
  for (const Mem& mem : places(width)) {
    for (const unsigned reg : {0u, 4u, 7u, 8u, 13u}) {
      compare(what + ", load", [&](auto& a) { a.emit(id, gp(width, reg), mem); });
      compare(what + ", store", [&](auto& a) { a.emit(id, mem, gp(width, reg)); });
    }
    for (const int64_t constant : kConstants)
      compare(what + ", store", [&](auto& a) { a.emit(id, mem, Imm(constant)); });
  }
}

TEST(Assembler, Arithmetic_IsEncodedAsByAsmjit) {
  for (const asmjit::InstId id : {Inst::kIdAdd, Inst::kIdOr, Inst::kIdAdc, Inst::kIdSbb, Inst::kIdAnd,
                                  Inst::kIdSub, Inst::kIdXor, Inst::kIdCmp})
    for (const unsigned width : kWidths) sweep(id, width);
}

TEST(Assembler, Moves_AreEncodedAsByAsmjit) {
  for (const unsigned width : kWidths) sweep(Inst::kIdMov, width);
  for (unsigned to = 0; to < 16; ++to)
    for (const int64_t constant :
         {int64_t{0x8000'0000}, int64_t{0xffff'ffff}, int64_t{1} << 32, int64_t{0x1234'5678'9abc'def0}}) {
      compare("mov", [&](auto& a) { a.mov(gp(8, to), Imm(constant)); });
      compare("mov", [&](auto& a) { a.mov(gp(4, to), Imm(constant)); });
    }
}

TEST(Assembler, Tests_AreEncodedAsByAsmjit) {
  for (const unsigned width : kWidths) sweep(Inst::kIdTest, width, false);
}

TEST(Assembler, Addresses_AreEncodedAsByAsmjit) {
  for (const Mem& mem : places(8))
    for (unsigned to = 0; to < 16; ++to) compare("lea", [&](auto& a) { a.lea(gp(8, to), mem); });
}

TEST(Assembler, Extensions_AreEncodedAsByAsmjit) {
  struct Case {
    asmjit::InstId id;
    unsigned from, to;
  };
  for (const Case& c : {Case{Inst::kIdMovzx, 1, 4},
                        {Inst::kIdMovzx, 2, 4},
                        {Inst::kIdMovzx, 1, 8},
                        {Inst::kIdMovzx, 2, 8},
                        {Inst::kIdMovsx, 1, 4},
                        {Inst::kIdMovsx, 2, 4},
                        {Inst::kIdMovsx, 1, 8},
                        {Inst::kIdMovsx, 2, 8},
                        {Inst::kIdMovsxd, 4, 8}}) {
    for (unsigned to = 0; to < 16; ++to) {
      for (unsigned from = 0; from < 16; ++from)
        compare("register", [&](auto& a) { a.emit(c.id, gp(c.to, to), gp(c.from, from)); });
      for (const Mem& mem : places(c.from))
        compare("memory", [&](auto& a) { a.emit(c.id, gp(c.to, to), mem); });
    }
  }
}

TEST(Assembler, Shifts_AreEncodedAsByAsmjit) {
  for (const asmjit::InstId id : {Inst::kIdRol, Inst::kIdRor, Inst::kIdShl, Inst::kIdShr, Inst::kIdSar})
    for (const unsigned width : {4u, 8u})
      for (unsigned to = 0; to < 16; ++to) {
        for (const int count : {0, 1, 2, 31, 63})
          compare("constant", [&](auto& a) { a.emit(id, gp(width, to), Imm(count)); });
        compare("cl", [&](auto& a) { a.emit(id, gp(width, to), asmjit::x86::cl); });
      }
}

// Everything else is asmjit's already: it must come out in its place.
TEST(Assembler, OtherInstructions_StandBetween) {
  compare("mixed", [](auto& a) {
    a.mov(asmjit::x86::rax, asmjit::x86::rbx);
    a.movsd(asmjit::x86::xmm3, Mem(asmjit::x86::rbp, 16, 8));
    a.imul(asmjit::x86::rcx, asmjit::x86::rdx);
    a.mov(asmjit::x86::ah, asmjit::x86::bl);
    Mem segment(asmjit::x86::rbx, 0, 8);
    segment.setSegment(asmjit::x86::fs);
    a.add(asmjit::x86::rax, segment);
    a.andps(asmjit::x86::xmm0, asmjit::x86::ptr(kAddress + 0x100));  // relative to where it will run
    a.ret();
  });
}

constexpr asmjit::InstId kConditions[] = {
    Inst::kIdJa,  Inst::kIdJae,  Inst::kIdJb,  Inst::kIdJbe, Inst::kIdJc,  Inst::kIdJe,
    Inst::kIdJg,  Inst::kIdJge,  Inst::kIdJl,  Inst::kIdJle, Inst::kIdJna, Inst::kIdJnae,
    Inst::kIdJnb, Inst::kIdJnbe, Inst::kIdJnc, Inst::kIdJne, Inst::kIdJng, Inst::kIdJnge,
    Inst::kIdJnl, Inst::kIdJnle, Inst::kIdJno, Inst::kIdJnp, Inst::kIdJns, Inst::kIdJnz,
    Inst::kIdJo,  Inst::kIdJp,   Inst::kIdJpe, Inst::kIdJpo, Inst::kIdJs,  Inst::kIdJz};

TEST(Assembler, JumpsToLabels_AreEncodedAsByAsmjit) {
  for (const asmjit::InstId id : kConditions) {
    for (const unsigned between : {0u, 100u, 123u, 124u, 125u, 126u, 127u, 128u, 200u}) {
      compare("backwards, then forwards", [&](auto& a) {
        const Label begin = a.newLabel(), end = a.newLabel();
        a.bind(begin);
        for (unsigned i = 0; i < between; ++i) a.nop();
        a.emit(id, begin);
        a.jmp(begin);
        a.long_().jmp(begin);
        a.call(begin);
        a.emit(id, end);
        a.jmp(end);
        a.call(end);
        for (unsigned i = 0; i < between; ++i) a.nop();
        a.bind(end);
        a.emit(id, end);
      });
    }
  }
}

TEST(Assembler, JumpsToAddresses_LeadThere) {
  for (const uint64_t target : {kAddress, kAddress + 0x1000, kAddress - 0x7000'0000}) {
    const Bytes code = by_ours([&](auto& a) {
      a.nop();
      a.jmp(Imm(target));
      a.call(Imm(target));
      a.jne(Imm(target));
    });
    ASSERT_EQ(code.size(), 1u + 5 + 5 + 6);
    const auto leads_to = [&](size_t end) {
      int32_t distance = 0;
      std::memcpy(&distance, code.data() + end - 4, 4);
      return kAddress + end + static_cast<uint64_t>(int64_t{distance});
    };
    EXPECT_EQ(code[1], 0xe9);
    EXPECT_EQ(leads_to(6), target);
    EXPECT_EQ(code[6], 0xe8);
    EXPECT_EQ(leads_to(11), target);
    EXPECT_EQ(code[11], 0x0f);
    EXPECT_EQ(code[12], 0x85);
    EXPECT_EQ(leads_to(17), target);
  }
}

TEST(Assembler, JumpsThroughMemory_AreEncodedAsByAsmjit) {
  for (const Mem& mem : places(8)) {
    compare("jmp", [&](auto& a) { a.jmp(mem); });
    compare("call", [&](auto& a) { a.call(mem); });
  }
}

TEST(Assembler, BeginAgain_ForgetsLabels) {
  const auto emit = [](auto& a) {
    const Label end = a.newLabel();
    a.jmp(end);
    a.bind(end);
  };
  const Bytes first = by_ours(emit);
  ours().begin(reinterpret_cast<const uint8_t*>(kAddress));
  ours().jmp(ours().newLabel());  // given up
  EXPECT_EQ(by_ours(emit), first);
}

TEST(AssemblerDeathTest, JumpToALabelThatIsNowhere_IsABug) {
  EXPECT_DEATH(by_ours([](auto& a) { a.jmp(a.newLabel()); }), "leads nowhere");
}

}  // namespace
}  // namespace vitrine::x86
