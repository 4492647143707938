// SPDX-License-Identifier: MIT
// The disassembler's two styles, by hand. The canonical style is judged at large by objdump_oracle_test.cpp.
#include "isa/riscv/disassembler.h"

#include <gtest/gtest.h>

#include "isa/riscv/decoder.h"

namespace vitrine::riscv {
namespace {

std::string text(uint32_t bits, Style style, uint64_t pc = 0x80000000) {
  return disassemble(decode(bits, ExtensionSet::standard()), pc, style);
}

struct Case {
  uint32_t bits;
  const char* canonical;
  const char* friendly;
};

// clang-format off
const Case kCases[] = {
    // An encoding of 16 bits is shown as what it does.
    {0x8082,     "c.jr ra",                      "ret"},
    {0x8d82,     "c.jr s11",                     "jr s11"},
    {0x9c02,     "c.jalr s8",                    "jalr s8"},
    {0x53fd,     "c.li t2,-1",                   "li t2, -1"},
    {0x8d66,     "c.mv s10,s9",                  "mv s10, s9"},
    {0x1fe0,     "c.addi4spn s0,sp,1020",        "addi s0, sp, 1020"},
    {0x7101,     "c.addi16sp sp,-512",           "addi sp, sp, -512"},
    {0x0001,     "c.nop",                        "nop"},
    {0x7481,     "c.lui s1,0xfffe0",             "lui s1, 0xfffe0"},
    {0x3d64,     "c.fld fs1,248(a0)",            "fld fs1, 248(a0)"},
    {0xdfd2,     "c.swsp s4,252(sp)",            "sw s4, 252(sp)"},
    {0xd001,     "c.beqz s0,0x7fffff00",         "beqz s0, 0x7fffff00"},
    {0xaffd,     "c.j 0x800007fe",               "j 0x800007fe"},
    {0x917d,     "c.srli a0,0x3f",               "srli a0, a0, 63"},
    {0x9002,     "c.ebreak",                     "ebreak"},
    // 32 bits, pseudo-instructions.
    {0x00000013, "addi zero,zero,0",             "nop"},
    {0x00500513, "addi a0,zero,5",               "li a0, 5"},
    {0x00058513, "addi a0,a1,0",                 "mv a0, a1"},
    {0xfff5c513, "xori a0,a1,-1",                "not a0, a1"},
    {0x40b00533, "sub a0,zero,a1",               "neg a0, a1"},
    {0x0005851b, "addiw a0,a1,0",                "sext.w a0, a1"},
    {0x0015b513, "sltiu a0,a1,1",                "seqz a0, a1"},
    {0x00b03533, "sltu a0,zero,a1",              "snez a0, a1"},
    {0x0805853b, "add.uw a0,a1,zero",            "zext.w a0, a1"},
    {0x00008067, "jalr zero,0(ra)",              "ret"},
    {0x00c50067, "jalr zero,12(a0)",             "jr 12(a0)"},
    {0x000500e7, "jalr ra,0(a0)",                "jalr a0"},
    {0x0000006f, "jal zero,0x80000000",          "j 0x80000000"},
    {0x004000ef, "jal ra,0x80000004",            "jal 0x80000004"},
    {0x0040026f, "jal tp,0x80000004",            "jal tp, 0x80000004"},
    {0xfe051ee3, "bne a0,zero,0x7ffffffc",       "bnez a0, 0x7ffffffc"},
    {0x00a05463, "bge zero,a0,0x80000008",       "blez a0, 0x80000008"},
    {0x00b54463, "blt a0,a1,0x80000008",         "blt a0, a1, 0x80000008"},
    {0x20a50553, "fsgnj.s fa0,fa0,fa0",          "fmv.s fa0, fa0"},
    {0x22b59553, "fsgnjn.d fa0,fa1,fa1",         "fneg.d fa0, fa1"},
    {0x0ff0000f, "fence iorw,iorw",              "fence"},
    {0x0310000f, "fence rw,w",                   "fence rw, w"},
    {0x12000073, "sfence.vma zero,zero",         "sfence.vma"},
    {0x12208073, "sfence.vma ra,sp",             "sfence.vma ra, sp"},
    {0xc0001073, "csrrw zero,cycle,zero",        "unimp"},
    {0xc0102573, "csrrs a0,time,zero",           "rdtime a0"},
    {0x30002573, "csrrs a0,mstatus,zero",        "csrr a0, mstatus"},
    {0x18051073, "csrrw zero,satp,a0",           "csrw satp, a0"},
    {0x10016073, "csrrsi zero,sstatus,2",        "csrsi sstatus, 2"},
    {0x3b501573, "csrrw a0,pmpaddr5,zero",       "csrrw a0, pmpaddr5, zero"},
    {0x3a201573, "csrrw a0,pmpcfg2,zero",        "csrrw a0, pmpcfg2, zero"},
    {0x7c002573, "csrrs a0,0x7c0,zero",          "csrr a0, 0x7c0"},
    // Nothing to shorten.
    {0x223110c3, "fmadd.d ft1,ft2,ft3,ft4,rtz",  "fmadd.d ft1, ft2, ft3, ft4, rtz"},
    {0xe1df7fcb, "fnmsub.s ft11,ft10,ft9,ft8",   "fnmsub.s ft11, ft10, ft9, ft8"},
    {0xd2058553, "fcvt.d.w fa0,a1",              "fcvt.d.w fa0, a1"},
    {0xd2059553, "fcvt.d.w fa0,a1,rtz",          "fcvt.d.w fa0, a1, rtz"},
    {0x160130af, "lr.d.aqrl ra,(sp)",            "lr.d.aqrl ra, (sp)"},
    {0x1a42a1af, "sc.w.rl gp,tp,(t0)",           "sc.w.rl gp, tp, (t0)"},
    {0xfff40383, "lb t2,-1(s0)",                 "lb t2, -1(s0)"},
    {0x0000a00f, "cbo.inval (ra)",               "cbo.inval (ra)"},
    // Names of their own for a part of another instruction.
    {0x0100000f, "pause",                        "pause"},
    {0x8330000f, "fence.tso",                    "fence.tso"},
    {0xfe31e013, "prefetch.w -32(gp)",           "prefetch.w -32(gp)"},
    {0x080140bb, "zext.h ra,sp",                 "zext.h ra, sp"},
    // Not an instruction.
    {0x0000,     ".2byte 0x0",                   ".2byte 0x0"},
    {0xffffffff, ".4byte 0xffffffff",            ".4byte 0xffffffff"},
};
// clang-format on

TEST(Disassembler, Canonical_NoAliases) {
  for (const Case& c : kCases) EXPECT_EQ(text(c.bits, Style::canonical), c.canonical) << std::hex << c.bits;
}

TEST(Disassembler, Friendly_PseudoInstructions) {
  for (const Case& c : kCases) EXPECT_EQ(text(c.bits, Style::friendly), c.friendly) << std::hex << c.bits;
}

TEST(Disassembler, Target_WrapsAroundAddressSpace) {
  EXPECT_EQ(text(0xffdff06f, Style::friendly, 0), "j 0xfffffffffffffffc");
  EXPECT_EQ(text(0x0040006f, Style::friendly, ~uint64_t{3}), "j 0x0");
}

TEST(Disassembler, ZextH_OfZbkbAlone_Pseudo) {
  const Insn insn = decode(0x080140bb, {Extension::I, Extension::Zbkb});
  EXPECT_EQ(disassemble(insn, 0, Style::canonical), "packw ra,sp,zero");
  EXPECT_EQ(disassemble(insn, 0, Style::friendly), "zext.h ra, sp");
}

}  // namespace
}  // namespace vitrine::riscv
