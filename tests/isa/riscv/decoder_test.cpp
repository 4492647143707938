// SPDX-License-Identifier: MIT
// The decoder on encodings written by hand: each format, reserved encodings, hints, extensions switched off.
// The bits come from GNU as, the operands from the line of assembly language; the sweep against objdump is
// objdump_oracle_test.cpp.
#include "isa/riscv/decoder.h"

#include <gtest/gtest.h>

#include <vector>

namespace vitrine::riscv {
namespace {

constexpr ExtensionSet kAll = ExtensionSet::standard();

struct Case {
  const char* source;
  uint32_t bits;
  Op op;
  Op row;
  int rd, rs1, rs2;
  int32_t imm;
};

constexpr int32_t rm_of(int rm) { return rm; }
constexpr int32_t r4(int rs3, int rm) { return rs3 | rm << 8; }
constexpr int kRtz = 1, kRdn = 2, kRup = 3, kRmm = 4, kDyn = 7;

// clang-format off
const Case kFull[] = {
    {"lui a0, 0x80000",              0x80000537, Op::lui,   Op::lui,   10, 0, 0, INT32_MIN},
    {"auipc t0, 0x12345",            0x12345297, Op::auipc, Op::auipc,  5, 0, 0, 0x12345000},
    {"addi x5, x6, -2048",           0x80030293, Op::addi,  Op::addi,   5, 6, 0, -2048},
    {"jal ra, .-1048576",            0x800000ef, Op::jal,   Op::jal,    1, 0, 0, -1048576},
    {"jal x0, .+2046",               0x7fe0006f, Op::jal,   Op::jal,    0, 0, 0, 2046},
    {"jalr x1, -1(x2)",              0xfff100e7, Op::jalr,  Op::jalr,   1, 2, 0, -1},
    {"beq x10, x11, .-4096",         0x80b50063, Op::beq,   Op::beq,    0, 10, 11, -4096},
    {"bgeu x31, x1, .+4094",         0x7e1fffe3, Op::bgeu,  Op::bgeu,   0, 31, 1, 4094},
    {"lb x7, -1(x8)",                0xfff40383, Op::lb,    Op::lb,     7, 8, 0, -1},
    {"ld x9, 2047(x10)",             0x7ff53483, Op::ld,    Op::ld,     9, 10, 0, 2047},
    {"sb x11, -2048(x12)",           0x80b60023, Op::sb,    Op::sb,     0, 12, 11, -2048},
    {"sd x31, 5(x1)",                0x01f0b2a3, Op::sd,    Op::sd,     0, 1, 31, 5},
    {"slli x1, x2, 63",              0x03f11093, Op::slli,  Op::slli,   1, 2, 0, 63},
    {"srai x3, x4, 32",              0x42025193, Op::srai,  Op::srai,   3, 4, 0, 32},
    {"sraiw x5, x6, 31",             0x41f3529b, Op::sraiw, Op::sraiw,  5, 6, 0, 31},
    {"sub x1, x2, x3",               0x403100b3, Op::sub,   Op::sub,    1, 2, 3, 0},
    {"mulhsu x4, x5, x6",            0x0262a233, Op::mulhsu, Op::mulhsu, 4, 5, 6, 0},
    {"remuw x7, x8, x9",             0x029473bb, Op::remuw, Op::remuw,  7, 8, 9, 0},
    {"lr.d.aqrl x1, (x2)",           0x160130af, Op::lr_d,  Op::lr_d,   1, 2, 0, 3},
    {"sc.w.rl x3, x4, (x5)",         0x1a42a1af, Op::sc_w,  Op::sc_w,   3, 5, 4, 1},
    {"amomaxu.d.aq x6, x7, (x8)",    0xe474332f, Op::amomaxu_d, Op::amomaxu_d, 6, 8, 7, 2},
    {"csrrw x1, 0xfff, x2",          0xfff110f3, Op::csrrw, Op::csrrw,  1, 2, 0, 0xfff},
    {"csrrci x3, 0x001, 31",         0x001ff1f3, Op::csrrci, Op::csrrci, 3, 31, 0, 1},
    {"fence rw, w",                  0x0310000f, Op::fence, Op::fence,  0, 0, 0, 0x031},
    {"fence.tso",                    0x8330000f, Op::fence, Op::fence_tso, 0, 0, 0, 0},
    {"pause",                        0x0100000f, Op::pause, Op::pause,  0, 0, 0, 0},
    {"fence.i",                      0x0000100f, Op::fence_i, Op::fence_i, 0, 0, 0, 0},
    {"ecall",                        0x00000073, Op::ecall, Op::ecall,  0, 0, 0, 0},
    {"ebreak",                       0x00100073, Op::ebreak, Op::ebreak, 0, 0, 0, 0},
    {"mret",                         0x30200073, Op::mret,  Op::mret,   0, 0, 0, 0},
    {"sret",                         0x10200073, Op::sret,  Op::sret,   0, 0, 0, 0},
    {"wfi",                          0x10500073, Op::wfi,   Op::wfi,    0, 0, 0, 0},
    {"sfence.vma x1, x2",            0x12208073, Op::sfence_vma, Op::sfence_vma, 0, 1, 2, 0},
    {"sinval.vma x3, x4",            0x16418073, Op::sinval_vma, Op::sinval_vma, 0, 3, 4, 0},
    {"sfence.w.inval",               0x18000073, Op::sfence_w_inval, Op::sfence_w_inval, 0, 0, 0, 0},
    {"sfence.inval.ir",              0x18100073, Op::sfence_inval_ir, Op::sfence_inval_ir, 0, 0, 0, 0},
    {"wrs.nto",                      0x00d00073, Op::wrs_nto, Op::wrs_nto, 0, 0, 0, 0},
    {"wrs.sto",                      0x01d00073, Op::wrs_sto, Op::wrs_sto, 0, 0, 0, 0},
    {"flw f1, 4(x2)",                0x00412087, Op::flw,   Op::flw,    1, 2, 0, 4},
    {"fsd f3, -8(x4)",               0xfe323c27, Op::fsd,   Op::fsd,    0, 4, 3, -8},
    {"flh f5, 2(x6)",                0x00231287, Op::flh,   Op::flh,    5, 6, 0, 2},
    {"fmadd.d f1, f2, f3, f4, rtz",  0x223110c3, Op::fmadd_d, Op::fmadd_d, 1, 2, 3, r4(4, kRtz)},
    {"fnmsub.s f31, f30, f29, f28",  0xe1df7fcb, Op::fnmsub_s, Op::fnmsub_s, 31, 30, 29, r4(28, kDyn)},
    {"fadd.h f1, f2, f3, rup",       0x043130d3, Op::fadd_h, Op::fadd_h, 1, 2, 3, rm_of(kRup)},
    {"fsqrt.s f4, f5, rmm",          0x5802c253, Op::fsqrt_s, Op::fsqrt_s, 4, 5, 0, rm_of(kRmm)},
    {"fsgnjx.d f6, f7, f8",          0x2283a353, Op::fsgnjx_d, Op::fsgnjx_d, 6, 7, 8, 0},
    {"fle.s x1, f2, f3",             0xa03100d3, Op::fle_s, Op::fle_s,  1, 2, 3, 0},
    {"fclass.d x4, f5",              0xe2029253, Op::fclass_d, Op::fclass_d, 4, 5, 0, 0},
    {"fcvt.lu.d x6, f7, rdn",        0xc233a353, Op::fcvt_lu_d, Op::fcvt_lu_d, 6, 7, 0, rm_of(kRdn)},
    {"fcvt.s.l f8, x9",              0xd024f453, Op::fcvt_s_l, Op::fcvt_s_l, 8, 9, 0, rm_of(kDyn)},
    {"fcvt.d.w f10, x11",            0xd2058553, Op::fcvt_d_w, Op::fcvt_d_w, 10, 11, 0, 0},
    {"fcvt.h.d f1, f2, rne",         0x441100d3, Op::fcvt_h_d, Op::fcvt_h_d, 1, 2, 0, 0},
    {"fmv.x.w x1, f2",               0xe00100d3, Op::fmv_x_w, Op::fmv_x_w, 1, 2, 0, 0},
    {"fmv.d.x f3, x4",               0xf20201d3, Op::fmv_d_x, Op::fmv_d_x, 3, 4, 0, 0},
    {"sh3add.uw x1, x2, x3",         0x203160bb, Op::sh3add_uw, Op::sh3add_uw, 1, 2, 3, 0},
    {"slli.uw x4, x5, 33",           0x0a12921b, Op::slli_uw, Op::slli_uw, 4, 5, 0, 33},
    {"add.uw x6, x7, x8",            0x0883833b, Op::add_uw, Op::add_uw, 6, 7, 8, 0},
    {"clz x1, x2",                   0x60011093, Op::clz,   Op::clz,    1, 2, 0, 0},
    {"cpopw x3, x4",                 0x6022119b, Op::cpopw, Op::cpopw,  3, 4, 0, 0},
    {"orc.b x5, x6",                 0x28735293, Op::orc_b, Op::orc_b,  5, 6, 0, 0},
    {"rev8 x7, x8",                  0x6b845393, Op::rev8,  Op::rev8,   7, 8, 0, 0},
    {"rori x9, x10, 40",             0x62855493, Op::rori,  Op::rori,   9, 10, 0, 40},
    {"roriw x11, x12, 20",           0x6146559b, Op::roriw, Op::roriw, 11, 12, 0, 20},
    {"zext.h x1, x2",                0x080140bb, Op::packw, Op::zext_h, 1, 2, 0, 0},
    {"bseti x3, x4, 63",             0x2bf21193, Op::bseti, Op::bseti,  3, 4, 0, 63},
    {"bext x5, x6, x7",              0x487352b3, Op::bext,  Op::bext,   5, 6, 7, 0},
    {"clmulh x8, x9, x10",           0x0aa4b433, Op::clmulh, Op::clmulh, 8, 9, 10, 0},
    {"packh x1, x2, x3",             0x083170b3, Op::packh, Op::packh,  1, 2, 3, 0},
    {"brev8 x4, x5",                 0x6872d213, Op::brev8, Op::brev8,  4, 5, 0, 0},
    {"xperm8 x6, x7, x8",            0x2883c333, Op::xperm8, Op::xperm8, 6, 7, 8, 0},
    {"cbo.inval (x1)",               0x0000a00f, Op::cbo_inval, Op::cbo_inval, 0, 1, 0, 0},
    {"cbo.zero (x2)",                0x0041200f, Op::cbo_zero, Op::cbo_zero, 0, 2, 0, 0},
    {"prefetch.w -32(x3)",           0xfe31e013, Op::ori,   Op::prefetch_w, 0, 3, 0, -32},
};

const Case kCompressed[] = {
    {"c.addi4spn x8, x2, 1020", 0x1fe0, Op::addi,  Op::c_addi4spn, 8, 2, 0, 1020},
    {"c.fld f9, 248(x10)",      0x3d64, Op::fld,   Op::c_fld,      9, 10, 0, 248},
    {"c.lw x11, 124(x12)",      0x5e6c, Op::lw,    Op::c_lw,      11, 12, 0, 124},
    {"c.ld x13, 8(x14)",        0x6714, Op::ld,    Op::c_ld,      13, 14, 0, 8},
    {"c.fsd f15, 0(x8)",        0xa01c, Op::fsd,   Op::c_fsd,      0, 8, 15, 0},
    {"c.sw x9, 64(x10)",        0xc124, Op::sw,    Op::c_sw,       0, 10, 9, 64},
    {"c.sd x11, 240(x12)",      0xfa6c, Op::sd,    Op::c_sd,       0, 12, 11, 240},
    {"c.nop",                   0x0001, Op::addi,  Op::c_nop,      0, 0, 0, 0},
    {"c.addi x5, -32",          0x1281, Op::addi,  Op::c_addi,     5, 5, 0, -32},
    {"c.addiw x6, 31",          0x237d, Op::addiw, Op::c_addiw,    6, 6, 0, 31},
    {"c.li x7, -1",             0x53fd, Op::addi,  Op::c_li,       7, 0, 0, -1},
    {"c.addi16sp x2, -512",     0x7101, Op::addi,  Op::c_addi16sp, 2, 2, 0, -512},
    {"c.addi16sp x2, 496",      0x617d, Op::addi,  Op::c_addi16sp, 2, 2, 0, 496},
    {"c.lui x8, 31",            0x647d, Op::lui,   Op::c_lui,      8, 0, 0, 31 << 12},
    {"c.lui x9, 0xfffe0",       0x7481, Op::lui,   Op::c_lui,      9, 0, 0, -32 * 4096},
    {"c.srli x10, 63",          0x917d, Op::srli,  Op::c_srli,    10, 10, 0, 63},
    {"c.srai x11, 1",           0x8585, Op::srai,  Op::c_srai,    11, 11, 0, 1},
    {"c.andi x12, -32",         0x9a01, Op::andi,  Op::c_andi,    12, 12, 0, -32},
    {"c.sub x13, x14",          0x8e99, Op::sub,   Op::c_sub,     13, 13, 14, 0},
    {"c.xor x8, x9",            0x8c25, Op::xor_,  Op::c_xor,      8, 8, 9, 0},
    {"c.or x10, x11",           0x8d4d, Op::or_,   Op::c_or,      10, 10, 11, 0},
    {"c.and x12, x13",          0x8e75, Op::and_,  Op::c_and,     12, 12, 13, 0},
    {"c.subw x14, x15",         0x9f1d, Op::subw,  Op::c_subw,    14, 14, 15, 0},
    {"c.addw x9, x8",           0x9ca1, Op::addw,  Op::c_addw,     9, 9, 8, 0},
    {"c.j .-2048",              0xb001, Op::jal,   Op::c_j,        0, 0, 0, -2048},
    {"c.j .+2046",              0xaffd, Op::jal,   Op::c_j,        0, 0, 0, 2046},
    {"c.beqz x8, .-256",        0xd001, Op::beq,   Op::c_beqz,     0, 8, 0, -256},
    {"c.bnez x15, .+254",       0xeffd, Op::bne,   Op::c_bnez,     0, 15, 0, 254},
    {"c.slli x31, 33",          0x1f86, Op::slli,  Op::c_slli,    31, 31, 0, 33},
    {"c.fldsp f30, 504(x2)",    0x3f7e, Op::fld,   Op::c_fldsp,   30, 2, 0, 504},
    {"c.lwsp x29, 252(x2)",     0x5efe, Op::lw,    Op::c_lwsp,    29, 2, 0, 252},
    {"c.ldsp x28, 496(x2)",     0x7e5e, Op::ld,    Op::c_ldsp,    28, 2, 0, 496},
    {"c.jr x27",                0x8d82, Op::jalr,  Op::c_jr,       0, 27, 0, 0},
    {"c.mv x26, x25",           0x8d66, Op::add,   Op::c_mv,      26, 0, 25, 0},
    {"c.ebreak",                0x9002, Op::ebreak, Op::c_ebreak,  0, 0, 0, 0},
    {"c.jalr x24",              0x9c02, Op::jalr,  Op::c_jalr,     1, 24, 0, 0},
    {"c.add x23, x22",          0x9bda, Op::add,   Op::c_add,     23, 23, 22, 0},
    {"c.fsdsp f21, 504(x2)",    0xbfd6, Op::fsd,   Op::c_fsdsp,    0, 2, 21, 504},
    {"c.swsp x20, 252(x2)",     0xdfd2, Op::sw,    Op::c_swsp,     0, 2, 20, 252},
    {"c.sdsp x19, 8(x2)",       0xe44e, Op::sd,    Op::c_sdsp,     0, 2, 19, 8},
};
// clang-format on

void expect_decodes(const Case& c, unsigned length) {
  SCOPED_TRACE(c.source);
  const Insn insn = decode(c.bits, kAll);
  EXPECT_EQ(row_of(insn.op).name, row_of(c.op).name);
  EXPECT_EQ(row_of(insn.row).name, row_of(c.row).name);
  EXPECT_EQ(insn.rd, c.rd);
  EXPECT_EQ(insn.rs1, c.rs1);
  EXPECT_EQ(insn.rs2, c.rs2);
  EXPECT_EQ(insn.imm, c.imm);
  EXPECT_EQ(insn.length, length);
  EXPECT_EQ(insn.bits, c.bits);
}

TEST(Decoder, FullInstruction_EachFormat_Operands) {
  for (const Case& c : kFull) expect_decodes(c, 4);
}

TEST(Decoder, CompressedInstruction_EachRow_ExpansionAndOperands) {
  for (const Case& c : kCompressed) expect_decodes(c, 2);
}

TEST(Decoder, CompressedInstruction_UpperHalf_Ignored) {
  const Insn insn = decode(0xabcd8082, kAll);  // ret, then something else
  EXPECT_EQ(insn.row, Op::c_jr);
  EXPECT_EQ(insn.bits, 0x8082u);
}

// Every 16-bit row is in kCompressed, so that none goes untested by hand.
TEST(Decoder, CompressedTable_AllRows_Present) {
  for (const Row& row : kRows) {
    if (row.length != 2) continue;
    bool found = false;
    for (const Case& c : kCompressed) found |= &row_of(c.row) == &row;
    EXPECT_TRUE(found) << row.name;
  }
}

void expect_illegal(uint32_t bits, unsigned length, const ExtensionSet& available, const char* why) {
  SCOPED_TRACE(why);
  const Insn insn = decode(bits, available);
  EXPECT_EQ(insn.op, Op::illegal) << row_of(insn.row).name;
  EXPECT_EQ(insn.row, Op::illegal);
  EXPECT_EQ(insn.length, length);
  EXPECT_EQ(static_cast<uint32_t>(insn.imm), length == 2 ? bits & 0xffff : bits);
  EXPECT_EQ(insn.bits, length == 2 ? bits & 0xffff : bits);
}

TEST(Decoder, ReservedCompressed_Illegal) {
  expect_illegal(0x00000000, 2, kAll, "all zero");
  expect_illegal(0xffff0000, 2, kAll, "all zero in the low half");
  expect_illegal(0x0004, 2, kAll, "c.addi4spn of 0");
  expect_illegal(0x8000, 2, kAll, "quadrant 0, funct3 100");
  expect_illegal(0x2001, 2, kAll, "c.addiw x0");
  expect_illegal(0x6101, 2, kAll, "c.addi16sp of 0");
  expect_illegal(0x6281, 2, kAll, "c.lui x5, 0");
  expect_illegal(0x6001, 2, kAll, "c.lui x0, 0");
  expect_illegal(0x9c41, 2, kAll, "funct6 100111, funct2 10");
  expect_illegal(0x9c61, 2, kAll, "funct6 100111, funct2 11");
  expect_illegal(0x4002, 2, kAll, "c.lwsp x0");
  expect_illegal(0x6002, 2, kAll, "c.ldsp x0");
  expect_illegal(0x8002, 2, kAll, "c.jr x0");
}

TEST(Decoder, ReservedFull_Illegal) {
  expect_illegal(0xffffffff, 4, kAll, "all ones");
  expect_illegal(0x0000001f, 4, kAll, "longer than 32 bits");
  expect_illegal(0x0000007f, 4, kAll, "longer than 64 bits");
  expect_illegal(0x1021a1af, 4, kAll, "lr.w with rs2 = x2");
  expect_illegal(0x00002063, 4, kAll, "branch, funct3 010");
  expect_illegal(0x00003063, 4, kAll, "branch, funct3 011");
  expect_illegal(0x00007003, 4, kAll, "load, funct3 111");
  expect_illegal(0x00004023, 4, kAll, "store, funct3 100");
  expect_illegal(0x00001067, 4, kAll, "jalr, funct3 001");
  expect_illegal(0x02001013 | 1u << 26, 4, kAll, "slli with bit 26");
  expect_illegal(0x0200101b, 4, kAll, "slliw by 32");
  expect_illegal(0x00004073, 4, kAll, "system, funct3 100");
  expect_illegal(0x00200073, 4, kAll, "uret (withdrawn)");
  expect_illegal(0x300000f3 | 2u << 20, 4, kAll, "mret with rd = x1");
  expect_illegal(0x000010af, 4, kAll, "amo, funct3 001");
  expect_illegal(0x62000073, 4, kAll, "hfence.gvma: no hypervisor extension");
  expect_illegal(0x60004073, 4, kAll, "hlv.b: no hypervisor extension");
  expect_illegal(0x02000057, 4, kAll, "vadd.vv: no vector extension");
  expect_illegal(0x0d007057, 4, kAll, "vsetvli: no vector extension");
  expect_illegal(0x02050007, 4, kAll, "vle8.v: no vector extension");
  expect_illegal(0x06000053, 4, kAll, "fadd.q: no quad precision");
  expect_illegal(0x0000000b, 4, kAll, "custom-0");
  expect_illegal(0x0000006b, 4, kAll, "reserved major opcode");
}

TEST(Decoder, StaticRoundingMode_FiveAndSix_IllegalAndSevenDecodes) {
  constexpr uint32_t kFaddS = 0x00000053, kFmaddD = 0x02000043, kFcvtDW = 0xd2000053;
  for (uint32_t rm = 0; rm < 8; ++rm) {
    const bool reserved = rm == 5 || rm == 6;
    EXPECT_EQ(decode(kFaddS | rm << 12, kAll).op, reserved ? Op::illegal : Op::fadd_s) << rm;
    EXPECT_EQ(decode(kFmaddD | rm << 12, kAll).op, reserved ? Op::illegal : Op::fmadd_d) << rm;
    EXPECT_EQ(decode(kFcvtDW | rm << 12, kAll).op, reserved ? Op::illegal : Op::fcvt_d_w) << rm;
  }
}

TEST(Decoder, ReservedFence_PlainFence) {
  EXPECT_EQ(decode(0x00000000f | 0xf0u << 24, kAll).row, Op::fence) << "fm 1111";
  EXPECT_EQ(decode(0x8310000f, kAll).row, Op::fence) << "fm 1000, not RW,RW";
  EXPECT_EQ(decode(0x0ff0808f, kAll).row, Op::fence) << "rd and rs1";
  EXPECT_EQ(decode(0x0100008f, kAll).row, Op::fence) << "pause with rd";
  EXPECT_EQ(decode(0xfff9908f, kAll).row, Op::fence_i) << "fence.i with imm, rd, rs1";
}

TEST(Decoder, Hint_DecodesToExpansion) {
  const struct {
    uint32_t bits;
    Op op;
    int rd;
    int32_t imm;
    const char* what;
  } kHints[] = {
      {0x0005, Op::addi, 0, 1, "c.nop 1"},
      {0x0281, Op::addi, 5, 0, "c.addi x5, 0"},
      {0x4005, Op::addi, 0, 1, "c.li x0, 1"},
      {0x6005, Op::lui, 0, 4096, "c.lui x0, 1"},
      {0x8006, Op::add, 0, 0, "c.mv x0, x1"},
      {0x9006, Op::add, 0, 0, "c.add x0, x1"},
      {0x0282, Op::slli, 5, 0, "c.slli x5, 0"},
      {0x0006, Op::slli, 0, 1, "c.slli x0, 1"},
      {0x8001, Op::srli, 8, 0, "c.srli x8, 0"},
      {0x8401, Op::srai, 8, 0, "c.srai x8, 0"},
      {0x00500013, Op::addi, 0, 5, "addi x0, x0, 5"},
      {0x00001037, Op::lui, 0, 4096, "lui x0, 1"},
  };
  for (const auto& hint : kHints) {
    SCOPED_TRACE(hint.what);
    const Insn insn = decode(hint.bits, kAll);
    EXPECT_EQ(insn.op, hint.op);
    EXPECT_EQ(insn.rd, hint.rd);
    EXPECT_EQ(insn.imm, hint.imm);
  }
}

TEST(Decoder, CompressedOff_EveryHalfword_IllegalOfLengthTwo) {
  ExtensionSet available = kAll;
  available.clear(Extension::C);
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) == 3) continue;
    const Insn insn = decode(bits, available);
    ASSERT_EQ(insn.op, Op::illegal) << std::hex << bits;
    ASSERT_EQ(insn.length, 2) << std::hex << bits;
  }
}

TEST(Decoder, DisabledExtension_ItsInstructionsIllegal) {
  const struct {
    Extension extension;
    uint32_t bits;
    const char* what;
  } kCases[] = {
      {Extension::M, 0x029473bb, "remuw"},
      {Extension::A, 0x160130af, "lr.d"},
      {Extension::F, 0x00412087, "flw"},
      {Extension::D, 0xfe323c27, "fsd"},
      {Extension::Zicsr, 0xfff110f3, "csrrw"},
      {Extension::Zifencei, 0x0000100f, "fence.i"},
      {Extension::Zawrs, 0x00d00073, "wrs.nto"},
      {Extension::Zicbom, 0x0000a00f, "cbo.inval"},
      {Extension::Zicboz, 0x0041200f, "cbo.zero"},
      {Extension::Zfh, 0x043130d3, "fadd.h"},
      {Extension::Zba, 0x203160bb, "sh3add.uw"},
      {Extension::Zbb, 0x60011093, "clz"},
      {Extension::Zbs, 0x487352b3, "bext"},
      {Extension::Zbkb, 0x083170b3, "packh"},
      {Extension::Zbkx, 0x2883c333, "xperm8"},
      {Extension::Svinval, 0x16418073, "sinval.vma"},
      {Extension::S, 0x10200073, "sret"},
      {Extension::S, 0x12208073, "sfence.vma"},
      {Extension::Zicond, 0x0ec753b3, "czero.eqz"},
      {Extension::Zbc, 0x0aa4a433, "clmulr"},
  };
  for (const auto& c : kCases) {
    EXPECT_NE(decode(c.bits, kAll).op, Op::illegal) << c.what;
    ExtensionSet available = kAll;
    expect_illegal(c.bits, 4, available.clear(c.extension), c.what);
  }
}

TEST(Decoder, SharedRows_AnyOfTheirExtensions_Enough) {
  constexpr uint32_t kAndn = 0x403170b3, kClmul = 0x0a3110b3, kFlh = 0x00231287;
  for (Extension e : {Extension::Zbb, Extension::Zbkb}) EXPECT_EQ(decode(kAndn, {e}).op, Op::andn);
  for (Extension e : {Extension::Zbc, Extension::Zbkc}) EXPECT_EQ(decode(kClmul, {e}).op, Op::clmul);
  for (Extension e : {Extension::Zfh, Extension::Zfhmin}) EXPECT_EQ(decode(kFlh, {e}).op, Op::flh);
  expect_illegal(kAndn, 4, {Extension::Zbs}, "andn");
  expect_illegal(kClmul, 4, {Extension::Zbb}, "clmul");
  expect_illegal(kFlh, 4, {Extension::F, Extension::D}, "flh");
}

TEST(Decoder, RowsOfTwoExtensions_BothNeeded) {
  constexpr uint32_t kCFld = 0x3d64, kFcvtHD = 0x441100d3;
  EXPECT_EQ(decode(kCFld, {Extension::C, Extension::D}).op, Op::fld);
  expect_illegal(kCFld, 2, {Extension::C, Extension::F}, "c.fld without D");
  expect_illegal(kCFld, 2, {Extension::D}, "c.fld without C");
  EXPECT_EQ(decode(kFcvtHD, {Extension::Zfhmin, Extension::D}).op, Op::fcvt_h_d);
  expect_illegal(kFcvtHD, 4, {Extension::Zfh}, "fcvt.h.d without D");
  expect_illegal(kFcvtHD, 4, {Extension::D}, "fcvt.h.d without Zfh");
}

// A name of its own does not take the encoding away from the general instruction.
TEST(Decoder, SpecialCaseOff_GeneralInstruction) {
  ExtensionSet available = kAll;
  available.clear(Extension::Zbb).clear(Extension::Zihintpause).clear(Extension::Zicbop);
  EXPECT_EQ(decode(0x080140bb, available).row, Op::packw);  // zext.h x1, x2
  EXPECT_EQ(decode(0x0100000f, available).row, Op::fence);  // pause
  const Insn prefetch = decode(0xfe31e013, available);      // prefetch.w -32(x3)
  EXPECT_EQ(prefetch.row, Op::ori);
  EXPECT_EQ(prefetch.rd, 0);
  EXPECT_EQ(prefetch.imm, -29);
}

TEST(Decoder, InstructionLength_LowTwoBits) {
  EXPECT_EQ(instruction_length(0x0000), 2u);
  EXPECT_EQ(instruction_length(0x8082), 2u);
  EXPECT_EQ(instruction_length(0x0073), 4u);
  EXPECT_EQ(instruction_length(0xffff), 4u);
}

TEST(Rows, Properties_OfSomeInstructions) {
  EXPECT_TRUE(row_of(Op::beq).has(kEndsBlock)) << "implied by kBranch";
  EXPECT_TRUE(row_of(Op::lw).has(kMayTrap)) << "implied by kLoad";
  EXPECT_TRUE(row_of(Op::fsgnj_s).has(kMayTrap)) << "implied by kFloat";
  EXPECT_FALSE(row_of(Op::add).has(kMayTrap | kEndsBlock | kHelper));
  EXPECT_TRUE(row_of(Op::illegal).has(kEndsBlock));
  EXPECT_EQ(row_of(Op::c_fld).effects, row_of(Op::fld).effects) << "a compressed row inherits";
  EXPECT_EQ(row_of(Op::add).x_registers, kRd | kRs1 | kRs2);
  EXPECT_EQ(row_of(Op::csrrwi).x_registers, kRd) << "the immediate in rs1 is no register";
  EXPECT_EQ(row_of(Op::fsd).x_registers, kRs1);
  EXPECT_EQ(row_of(Op::fsd).f_registers, kRs2);
  EXPECT_EQ(row_of(Op::fmadd_s).f_registers, kRd | kRs1 | kRs2 | kRs3);
  EXPECT_EQ(row_of(Op::feq_d).x_registers, kRd);
  EXPECT_EQ(row_of(Op::feq_d).f_registers, kRs1 | kRs2);
}

TEST(Rows, PopekGoldberg_TrapAndEmulateInstances) {
  EXPECT_EQ(row_of(Op::sret).classes_i, kPriv | kCtrl);
  EXPECT_EQ(row_of(Op::sret).classes_ii, kPriv | kCtrl);
  EXPECT_EQ(row_of(Op::mret).classes_i, kAlwaysTraps) << "illegal in S too";
  EXPECT_EQ(row_of(Op::mret).classes_ii, kPriv | kCtrl);
  EXPECT_EQ(row_of(Op::sfence_inval_ir).classes_i, kPriv);
  EXPECT_EQ(row_of(Op::sfence_inval_ir).classes_ii, kInnocuous) << "TVM does not trap it";
  EXPECT_EQ(row_of(Op::sc_w).classes_i, kAddr | kCtrl) << "the reservation is a resource";
  EXPECT_EQ(row_of(Op::fsw).classes_i, kAddr) << "a store leaves FS alone";
  EXPECT_EQ(row_of(Op::flw).classes_i, kAddr | kCtrl) << "a load makes FS dirty";
  EXPECT_EQ(row_of(Op::c_ebreak).classes_i, kAlwaysTraps);
}

}  // namespace
}  // namespace vitrine::riscv
