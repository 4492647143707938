// SPDX-License-Identifier: MIT
// The measurement agrees with the columns; and when one instruction is made silent, or dependent on the mode,
// it names that one and no other. What is wrong is put around the interpreter, for one instruction at a time
// (classes/machine.h); the same in the sources themselves: planted_classes.py.
#include <gtest/gtest.h>

#include "classes/measure.h"
#include "isa/riscv/decoder.h"

namespace vitrine::classes {
namespace {

using riscv::Hart;
using riscv::Insn;
using riscv::kAddr;
using riscv::kBehav;
using riscv::kCtrl;
using riscv::kPriv;
using riscv::Op;

Insn decoded(uint32_t bits) { return riscv::decode(bits, riscv::ExtensionSet::standard()); }

std::vector<std::string> names(const Measurements& measurements) {
  std::vector<std::string> list;
  for (const Disagreement& d : measurements.disagreements)
    if (list.empty() || list.back() != d.name) list.push_back(d.name);
  return list;
}
using Names = std::vector<std::string>;

TEST(Measure, RealMachine_AgreesWithTheColumns) {
  const Measurements all = measure();
  for (const Disagreement& d : all.disagreements) ADD_FAILURE() << d.text;
  EXPECT_EQ(all.instructions.size(), riscv::kOpCount - 1);
}

TEST(Measure, SfenceVma_IsSeenByAnAccessBehindIt) {
  const Measurements all = measure();
  for (const Measured& m : all.of(Op::sfence_vma).measured) {
    EXPECT_EQ(m.classes, kPriv | kCtrl);
    ASSERT_EQ(m.witnesses.size(), 2u);
    EXPECT_EQ(m.witnesses[1].outcomes[0], "a load finds the old page");
    EXPECT_EQ(m.witnesses[1].outcomes[1], "a load finds the new page: the address map changed");
  }
}

// What the machine cannot show is a column's word alone; that it cannot is measured, too.
TEST(Measure, CboInval_ShowsNoDifferenceWithoutCaches) {
  const Measurements all = measure();
  EXPECT_EQ(all.of(Op::cbo_inval).measured[0].classes, kAddr);
  EXPECT_EQ(riscv::classify(riscv::row_of(Op::cbo_inval), Instance::kOne).classes, kAddr | kBehav);
}

TEST(Measure, Witness_HasTwoStatesAndTwoOutcomes) {
  const Measurements all = measure();
  const Measured& m = all.of(Op::sret).measured[0];
  ASSERT_EQ(m.witnesses.size(), 2u);
  EXPECT_EQ(m.witnesses[0].shows, kPriv);
  EXPECT_EQ(m.witnesses[0].instruction, "sret (0x10200073)");
  EXPECT_EQ(m.witnesses[0].states[0], "U mode");
  EXPECT_EQ(m.witnesses[0].outcomes[0], "traps to S: illegal instruction");
  EXPECT_EQ(m.witnesses[0].states[1], "S mode");
  EXPECT_EQ(m.witnesses[0].outcomes[1], "does not trap");
  EXPECT_EQ(m.witnesses[1].outcomes[0], "mstatus.SPP = 0x1, mstatus.SIE = 0x0");
  EXPECT_EQ(m.witnesses[1].outcomes[1], "mstatus.SPP = 0x0, mstatus.SIE = 0x1");
}

TEST(Measure, Twice_GivesTheSame) {
  const Measurements a = measure(), b = measure();
  for (size_t i = 0; i < a.instructions.size(); ++i)
    for (unsigned at = 0; at < 2; ++at) {
      const Measured &x = a.instructions[i].measured[at], &y = b.instructions[i].measured[at];
      ASSERT_EQ(x.witnesses.size(), y.witnesses.size());
      for (size_t w = 0; w < x.witnesses.size(); ++w)
        EXPECT_EQ(x.witnesses[w].outcomes[1], y.witnesses[w].outcomes[1]);
    }
}

// --- One thing wrong

constexpr Privilege kU = Privilege::kUser, kS = Privilege::kSupervisor, kM = Privilege::kMachine;

bool in(const Hart& hart, std::initializer_list<Privilege> modes) {
  return std::find(modes.begin(), modes.end(), hart.privilege) != modes.end();
}

void skip(Hart& hart, const Insn& insn) { hart.pc += insn.length; }

// In these modes the instruction does nothing at all.
Around silent(Op op, std::initializer_list<Privilege> in_modes) {
  return [op, modes = std::vector(in_modes)](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const Insn insn = decoded(bits);
    const bool here = std::find(modes.begin(), modes.end(), hart.privilege) != modes.end();
    return insn.op == op && here ? skip(hart, insn) : really();
  };
}
Around silent_row(Op row) {
  return [row](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const Insn insn = decoded(bits);
    return insn.row == row ? skip(hart, insn) : really();
  };
}
// In this mode rd is another than it should be.
Around other_result(Op op, Privilege mode) {
  return [=](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const bool here = hart.privilege == mode;
    really();
    const Insn insn = decoded(bits);
    if (insn.op == op && here) hart.set_x(insn.rd, hart.x[insn.rd] + 1);
  };
}
bool is_csr(const Insn& insn, unsigned csr) {
  return (riscv::row_of(insn.op).classes_i & riscv::kByCsr) && insn.imm == static_cast<int32_t>(csr);
}
// Every access to the CSR does nothing in this mode, as POPF does nothing to IF.
Around silent_csr(unsigned csr, Privilege mode) {
  return [=](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const Insn insn = decoded(bits);
    return is_csr(insn, csr) && hart.privilege == mode ? skip(hart, insn) : really();
  };
}

struct Wrong {
  const char* what;
  Around around;
  Names blamed;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.what; }

class OneThingWrong : public testing::TestWithParam<Wrong> {};

TEST_P(OneThingWrong, IsNamed_AndNothingElse) {
  const Measurements all = measure(GetParam().around);
  EXPECT_EQ(names(all), GetParam().blamed) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Planted, OneThingWrong,
    testing::Values(Wrong{"sret in U", silent(Op::sret, {kU}), {"sret"}},
                    Wrong{"sret in S", silent(Op::sret, {kS}), {"sret"}},
                    Wrong{"mret in S", silent(Op::mret, {kS}), {"mret"}},
                    Wrong{"mret in M", silent(Op::mret, {kM}), {"mret"}},
                    Wrong{"wfi in U", silent(Op::wfi, {kU}), {"wfi"}},
                    Wrong{"wfi in S", silent(Op::wfi, {kS}), {"wfi"}},
                    Wrong{"wrs.nto in S", silent(Op::wrs_nto, {kS}), {"wrs.nto"}},
                    Wrong{"wrs.sto in S", silent(Op::wrs_sto, {kS}), {"wrs.sto"}},
                    Wrong{"pause in U", silent(Op::pause, {kU}), {"pause"}},
                    Wrong{"beq in U", silent(Op::beq, {kU}), {"beq"}},
                    Wrong{"sfence.vma in U", silent(Op::sfence_vma, {kU}), {"sfence.vma"}},
                    Wrong{"sfence.vma where it may be", silent(Op::sfence_vma, {kS, kM}), {"sfence.vma"}},
                    Wrong{"sinval.vma in U", silent(Op::sinval_vma, {kU}), {"sinval.vma"}},
                    Wrong{"sfence.w.inval in U", silent(Op::sfence_w_inval, {kU}), {"sfence.w.inval"}},
                    Wrong{"ecall in U", silent(Op::ecall, {kU}), {"ecall"}},
                    Wrong{"ecall in M", silent(Op::ecall, {kM}), {"ecall"}},
                    Wrong{"ebreak in S", silent(Op::ebreak, {kS}), {"ebreak"}},
                    Wrong{"cbo.clean", silent(Op::cbo_clean, {kU, kS, kM}), {"cbo.clean"}},
                    Wrong{"cbo.clean in U", silent(Op::cbo_clean, {kU}), {"cbo.clean"}},
                    Wrong{"cbo.flush in S", silent(Op::cbo_flush, {kS}), {"cbo.flush"}},
                    Wrong{"cbo.zero in U", silent(Op::cbo_zero, {kU}), {"cbo.zero"}},
                    Wrong{"cbo.inval", silent(Op::cbo_inval, {kU, kS, kM}), {"cbo.inval"}},
                    Wrong{"fadd.d", silent(Op::fadd_d, {kU, kS, kM}), {"fadd.d"}},
                    Wrong{"fadd.d in U", silent(Op::fadd_d, {kU}), {"fadd.d"}},
                    Wrong{"flw", silent(Op::flw, {kU, kS, kM}), {"flw"}},
                    Wrong{"fld, which two others are", silent(Op::fld, {kU, kS, kM}), {"fld"}},
                    Wrong{"fclass.s in U", silent(Op::fclass_s, {kU}), {"fclass.s"}},
                    Wrong{"lr.w", silent(Op::lr_w, {kU, kS, kM}), {"lr.w"}},
                    Wrong{"sc.d", silent(Op::sc_d, {kU, kS, kM}), {"sc.d"}},
                    Wrong{"amoadd.w", silent(Op::amoadd_w, {kU, kS, kM}), {"amoadd.w"}},
                    Wrong{"lr.w in S", silent(Op::lr_w, {kS}), {"lr.w"}},
                    Wrong{"sc.w in U", silent(Op::sc_w, {kU}), {"sc.w"}},
                    Wrong{"lw", silent(Op::lw, {kU, kS, kM}), {"lw"}},
                    Wrong{"sd in S", silent(Op::sd, {kS}), {"sd"}},
                    Wrong{"c.lwsp alone", silent_row(Op::c_lwsp), {"c.lwsp"}},
                    Wrong{"add in U", silent(Op::add, {kU}), {"add"}},
                    Wrong{"sub, another result in U", other_result(Op::sub, kU), {"sub"}},
                    Wrong{"mulhu, another result in M", other_result(Op::mulhu, kM), {"mulhu"}},
                    Wrong{"jal in S", silent(Op::jal, {kS}), {"jal"}},
                    Wrong{"auipc, another result in S", other_result(Op::auipc, kS), {"auipc"}},
                    Wrong{"sstatus in U", silent_csr(0x100, kU), {"sstatus"}},
                    Wrong{"sstatus in S", silent_csr(0x100, kS), {"sstatus"}},
                    Wrong{"satp in S", silent_csr(0x180, kS), {"satp"}},
                    Wrong{"sie in U", silent_csr(0x104, kU), {"sie"}},
                    Wrong{"cycle in U", silent_csr(0xc00, kU), {"cycle"}},
                    Wrong{"time in S", silent_csr(0xc01, kS), {"time"}},
                    Wrong{"mhartid in S", silent_csr(0xf14, kS), {"mhartid"}},
                    Wrong{"fflags in U", silent_csr(0x001, kU), {"fflags"}},
                    Wrong{"pmpaddr3 in M", silent_csr(0x3b3, kM), {"pmpaddr3"}},
                    Wrong{"csrrw in U", silent(Op::csrrw, {kU}), {"csrrw"}},
                    Wrong{"csrrsi in S", silent(Op::csrrsi, {kS}), {"csrrsi"}},
                    Wrong{"csrrc where it may be", silent(Op::csrrc, {kS, kM}), {"csrrc"}}));

// The very image of POPF: csrrw of sstatus alone, and in U alone. The CSR is named, and by which instruction.
TEST(Measure, OneFormOfOneCsr_IsNamedWithTheInstruction) {
  const Measurements all = measure([](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const Insn insn = decoded(bits);
    return insn.op == Op::csrrw && insn.imm == 0x100 && in(hart, {kU}) ? skip(hart, insn) : really();
  });
  ASSERT_EQ(names(all), Names{"sstatus"});
  EXPECT_NE(all.disagreements[0].text.find("csrw sstatus, a1"), std::string::npos)
      << all.disagreements[0].text;
  EXPECT_NE(all.disagreements[0].text.find("behaviour-sensitive"), std::string::npos)
      << "what it does depends on the mode";
}

// A setting that closes nothing: FS is Off, and the instruction runs.
TEST(Measure, SettingWithoutEffect_IsNamed) {
  const Measurements all = measure([](Hart& hart, uint32_t bits, const std::function<void()>& really) {
    const Insn insn = decoded(bits);
    return insn.op == Op::fmul_s && hart.float_off ? skip(hart, insn) : really();
  });
  ASSERT_EQ(names(all), Names{"fmul.s"});
  EXPECT_NE(all.disagreements[0].text.find("FS = Off"), std::string::npos) << all.disagreements[0].text;
}

}  // namespace
}  // namespace vitrine::classes
