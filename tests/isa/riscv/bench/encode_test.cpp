// SPDX-License-Identifier: MIT
// The encoding helpers against words that GNU as 2.40 made of the text beside them. (fence.i and the like
// have no operands and are here so that a slip of a digit shows.)
#include "tests/isa/riscv/bench/encode.h"

#include <gtest/gtest.h>

namespace vitrine::bench::insn {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

struct Row {
  uint32_t encoded;
  uint32_t assembled;
  const char* text;
};

// clang-format off
constexpr Row kRows[] = {
    {lui(t0, 0x12345), 0x123452b7, "lui t0, 0x12345"},
    {auipc(t6, 0xfffff), 0xffffff97, "auipc t6, 0xfffff"},
    {jal(ra, 0x12344), 0x344120ef, "jal ra, .+0x12344"},
    {jal(zero, -4), 0xffdff06f, "jal zero, .-4"},
    {jalr(ra, -5, t0), 0xffb280e7, "jalr ra, -5(t0)"},
    {beq(t0, t1, 2046), 0x7e628f63, "beq t0, t1, .+2046"},
    {bne(a0, zero, -4096), 0x80051063, "bne a0, zero, .-4096"},
    {blt(s1, s0, 4094), 0x7e84cfe3, "blt s1, s0, .+4094"},
    {bge(a0, a1, -2), 0xfeb55fe3, "bge a0, a1, .-2"},
    {bltu(a0, a1, 64), 0x04b56063, "bltu a0, a1, .+64"},
    {bgeu(a0, a1, 8), 0x00b57463, "bgeu a0, a1, .+8"},
    {lb(t0, -1, sp), 0xfff10283, "lb t0, -1(sp)"},
    {lh(t0, 2047, sp), 0x7ff11283, "lh t0, 2047(sp)"},
    {lw(t0, -2048, sp), 0x80012283, "lw t0, -2048(sp)"},
    {ld(a0, 8, a1), 0x0085b503, "ld a0, 8(a1)"},
    {lbu(a0, 1, a1), 0x0015c503, "lbu a0, 1(a1)"},
    {lhu(a0, 2, a1), 0x0025d503, "lhu a0, 2(a1)"},
    {lwu(a0, 4, a1), 0x0045e503, "lwu a0, 4(a1)"},
    {sb(a0, -1, sp), 0xfea10fa3, "sb a0, -1(sp)"},
    {sh(a0, 31, sp), 0x00a11fa3, "sh a0, 31(sp)"},
    {sw(a0, -2048, sp), 0x80a12023, "sw a0, -2048(sp)"},
    {sd(a0, 2047, sp), 0x7ea13fa3, "sd a0, 2047(sp)"},
    {addi(t0, t1, -5), 0xffb30293, "addi t0, t1, -5"},
    {xori(t0, t1, 5), 0x00534293, "xori t0, t1, 5"},
    {ori(t0, t1, -1), 0xfff36293, "ori t0, t1, -1"},
    {andi(t0, t1, 255), 0x0ff37293, "andi t0, t1, 255"},
    {slli(t0, t1, 63), 0x03f31293, "slli t0, t1, 63"},
    {srli(t0, t1, 33), 0x02135293, "srli t0, t1, 33"},
    {srai(t0, t1, 47), 0x42f35293, "srai t0, t1, 47"},
    {addiw(t0, t1, -3), 0xffd3029b, "addiw t0, t1, -3"},
    {add(t0, t1, t2), 0x007302b3, "add t0, t1, t2"},
    {sub(t0, t1, t2), 0x407302b3, "sub t0, t1, t2"},
    {sll(t0, t1, t2), 0x007312b3, "sll t0, t1, t2"},
    {srl(t0, t1, t2), 0x007352b3, "srl t0, t1, t2"},
    {sra(t0, t1, t2), 0x407352b3, "sra t0, t1, t2"},
    {sllw(t0, t1, t2), 0x007312bb, "sllw t0, t1, t2"},
    {srlw(t0, t1, t2), 0x007352bb, "srlw t0, t1, t2"},
    {sraw(t0, t1, t2), 0x407352bb, "sraw t0, t1, t2"},
    {muldiv(2, a0, a1, a2), 0x02c5a533, "mulhsu a0, a1, a2"},
    {muldiv(7, a0, a1, a2), 0x02c5f533, "remu a0, a1, a2"},
    {muldivw(4, a0, a1, a2), 0x02c5c53b, "divw a0, a1, a2"},
    {kEcall, 0x00000073, "ecall"},
    {kEbreak, 0x00100073, "ebreak"},
    {kMret, 0x30200073, "mret"},
    {kSret, 0x10200073, "sret"},
    {kWfi, 0x10500073, "wfi"},
    {kFenceI, 0x0000100f, "fence.i"},
    {kFence, 0x0ff0000f, "fence"},
    {kPause, 0x0100000f, "pause"},
    {kWrsNto, 0x00d00073, "wrs.nto"},
    {kWrsSto, 0x01d00073, "wrs.sto"},
    {kSfenceWInval, 0x18000073, "sfence.w.inval"},
    {kSfenceInvalIr, 0x18100073, "sfence.inval.ir"},
    {sfence_vma(a0, a1), 0x12b50073, "sfence.vma a0, a1"},
    {sinval_vma(a0, a1), 0x16b50073, "sinval.vma a0, a1"},
    {csrrw(t0, 0x340, t1), 0x340312f3, "csrrw t0, mscratch, t1"},
    {csrrs(t0, 0x300, t1), 0x300322f3, "csrrs t0, mstatus, t1"},
    {csrrc(t0, 0x180, t1), 0x180332f3, "csrrc t0, satp, t1"},
    {csrrwi(t0, 0x003, 31), 0x003fd2f3, "csrrwi t0, fcsr, 31"},
    {csrrsi(zero, 0x104, 2), 0x10416073, "csrrsi zero, sie, 2"},
    {csrrci(t0, 0x144, 1), 0x1440f2f3, "csrrci t0, sip, 1"},
    {cbo(0, a0), 0x0005200f, "cbo.inval (a0)"},
    {cbo(1, a0), 0x0015200f, "cbo.clean (a0)"},
    {cbo(2, a0), 0x0025200f, "cbo.flush (a0)"},
    {cbo_zero(a0), 0x0045200f, "cbo.zero (a0)"},
    {lr_w(t0, a0), 0x100522af, "lr.w t0, (a0)"},
    {lr_d(t0, a0), 0x100532af, "lr.d t0, (a0)"},
    {sc_w(t0, t1, a0), 0x186522af, "sc.w t0, t1, (a0)"},
    {sc_d(t0, t1, a0), 0x186532af, "sc.d t0, t1, (a0)"},
    {amoswap_w(t0, t1, a0), 0x086522af, "amoswap.w t0, t1, (a0)"},
    {amoswap_d(t0, t1, a0), 0x086532af, "amoswap.d t0, t1, (a0)"},
    {amoadd_w(t0, t1, a0), 0x006522af, "amoadd.w t0, t1, (a0)"},
    {atomic(0b11100, 3, t0, t1, a0, 3), 0xe66532af, "amomaxu.d.aqrl t0, t1, (a0)"},
    {fadd(kS, 0, 1, 2, kRne), 0x00208053, "fadd.s ft0, ft1, ft2, rne"},
    {fsub(kD, 0, 1, 2, kRtz), 0x0a209053, "fsub.d ft0, ft1, ft2, rtz"},
    {fmul(kH, 0, 1, 2, kRdn), 0x1420a053, "fmul.h ft0, ft1, ft2, rdn"},
    {fdiv(kD, 0, 1, 2, kRup), 0x1a20b053, "fdiv.d ft0, ft1, ft2, rup"},
    {fsqrt(kS, 0, 1, kRmm), 0x5800c053, "fsqrt.s ft0, ft1, rmm"},
    {fsgnj(kS, 0, 1, 2), 0x20208053, "fsgnj.s ft0, ft1, ft2"},
    {fsgnj(kD, 0, 1, 2, 1), 0x22209053, "fsgnjn.d ft0, ft1, ft2"},
    {fsgnj(kH, 0, 1, 2, 2), 0x2420a053, "fsgnjx.h ft0, ft1, ft2"},
    {fmin(kS, 0, 1, 2), 0x28208053, "fmin.s ft0, ft1, ft2"},
    {fmax(kD, 0, 1, 2), 0x2a209053, "fmax.d ft0, ft1, ft2"},
    {fle(kH, t0, 1, 2), 0xa42082d3, "fle.h t0, ft1, ft2"},
    {flt(kS, t0, 1, 2), 0xa02092d3, "flt.s t0, ft1, ft2"},
    {feq(kD, t0, 1, 2), 0xa220a2d3, "feq.d t0, ft1, ft2"},
    {fclass(kD, t0, 1), 0xe20092d3, "fclass.d t0, ft1"},
    {fcvt_int(kW, kS, t0, 1, kRtz), 0xc00092d3, "fcvt.w.s t0, ft1, rtz"},
    {fcvt_int(kLu, kD, t0, 1, kRdn), 0xc230a2d3, "fcvt.lu.d t0, ft1, rdn"},
    {fcvt_from(kS, kW, 0, t1, kRup), 0xd0033053, "fcvt.s.w ft0, t1, rup"},
    {fcvt_from(kH, kLu, 0, t1), 0xd4337053, "fcvt.h.lu ft0, t1"},
    {fcvt(kS, kD, 0, 1), 0x4010f053, "fcvt.s.d ft0, ft1"},
    {fcvt(kD, kH, 0, 1, kRne), 0x42208053, "fcvt.d.h ft0, ft1"},
    {fcvt(kH, kS, 0, 1, kRtz), 0x44009053, "fcvt.h.s ft0, ft1, rtz"},
    {fmv_x(kS, t0, 1), 0xe00082d3, "fmv.x.w t0, ft1"},
    {fmv_x(kD, t0, 1), 0xe20082d3, "fmv.x.d t0, ft1"},
    {fmv_f(kS, 0, t1), 0xf0030053, "fmv.w.x ft0, t1"},
    {fmv_f(kD, 0, t1), 0xf2030053, "fmv.d.x ft0, t1"},
    {fmv_f(kH, 0, t1), 0xf4030053, "fmv.h.x ft0, t1"},
    {fmadd(kS, 0, 1, 2, 3, kRne), 0x18208043, "fmadd.s ft0, ft1, ft2, ft3, rne"},
    {fmadd(kD, 0, 1, 2, 3), 0x1a20f043, "fmadd.d ft0, ft1, ft2, ft3"},
    {flh(0, 2, sp), 0x00211007, "flh ft0, 2(sp)"},
    {flw(0, -4, sp), 0xffc12007, "flw ft0, -4(sp)"},
    {fld(0, 8, sp), 0x00813007, "fld ft0, 8(sp)"},
    {fsh(0, 2, sp), 0x00011127, "fsh ft0, 2(sp)"},
    {fsw(0, -4, sp), 0xfe012e27, "fsw ft0, -4(sp)"},
    {fsd(0, 8, sp), 0x00013427, "fsd ft0, 8(sp)"},
    {kCNop, 0x0001, "c.nop"},
    {kCEbreak, 0x9002, "c.ebreak"},
    {c_addi(t0, -1), 0x12fd, "c.addi t0, -1"},
    {c_addiw(t0, 5), 0x2295, "c.addiw t0, 5"},
    {c_li(t0, -32), 0x5281, "c.li t0, -32"},
    {c_slli(t0, 63), 0x12fe, "c.slli t0, 63"},
    {c_mv(t0, t1), 0x829a, "c.mv t0, t1"},
    {c_add(t0, t1), 0x929a, "c.add t0, t1"},
    {c_jr(t0), 0x8282, "c.jr t0"},
    {c_jalr(t0), 0x9282, "c.jalr t0"},
    {c_j(-2), 0xbffd, "c.j .-2"},
    {c_j(0x7fe), 0xaffd, "c.j .+0x7fe"},
};
// clang-format on

TEST(Encode, Helpers_AsGnuAssembles) {
  for (const Row& row : kRows) EXPECT_EQ(row.encoded, row.assembled) << row.text;
}

}  // namespace
}  // namespace vitrine::bench::insn
