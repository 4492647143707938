// SPDX-License-Identifier: MIT
// The columns against a table written by hand from the specification (release 20240411): privileged 2.1
// (numbers), 3.1.6.5 (TVM, TW, TSR), 3.3, 10.1, 10.2.1, 13; unprivileged 14 (reservations), 15, 19 and 20
// (FS). The measurement says that the machine agrees with the columns; this says that the columns are right.
#include <gtest/gtest.h>

#include <map>

#include "isa/riscv/classes.h"

namespace vitrine::riscv {
namespace {

constexpr const char *P = "privileged", *C = "control-sensitive", *B = "behaviour-sensitive",
                     *A = "address-sensitive", *I = "innocuous", *T = "always traps";
using Words = std::vector<std::string_view>;

const Row& row_named(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row;
  throw std::runtime_error("no row " + std::string(name));
}

struct Expected {
  const char* name;
  Words one, two;
};

TEST(Classes, OfInstructions_AreTheSpecifications) {
  const Expected table[] = {
      {"addi", {I}, {I}},
      {"auipc", {I}, {I}},
      {"jalr", {I}, {I}},
      {"c.j", {I}, {I}},
      {"mul", {I}, {I}},
      {"fence", {I}, {I}},
      {"fence.i", {I}, {I}},
      {"pause", {I}, {I}},
      {"prefetch.w", {I}, {I}},
      {"lw", {A}, {A}},
      {"sd", {A}, {A}},
      {"c.lwsp", {A}, {A}},
      {"amoadd.w", {A}, {A}},
      {"lr.d", {C, A}, {C, A}},
      {"sc.w", {C, A}, {C, A}},
      {"ecall", {I, T}, {I, T}},
      {"ebreak", {I, T}, {I, T}},
      {"c.ebreak", {I, T}, {I, T}},
      {"mret", {I, T}, {P, C}},
      {"sret", {P, C}, {P, C}},
      {"wfi", {P, I}, {P, I}},
      {"wrs.nto", {I}, {P, I}},
      {"wrs.sto", {I}, {I}},
      {"sfence.vma", {P, C}, {P, C}},
      {"sinval.vma", {P, C}, {P, C}},
      {"sfence.w.inval", {P, I}, {I}},
      {"sfence.inval.ir", {P, I}, {I}},
      {"cbo.inval", {B, A}, {B, A}},
      {"cbo.clean", {A}, {A}},
      {"cbo.flush", {A}, {A}},
      {"cbo.zero", {A}, {A}},
      {"fadd.s", {C}, {C}},
      {"fmadd.h", {C}, {C}},
      {"feq.d", {C}, {C}},
      {"fcvt.w.d", {C}, {C}},
      {"fsgnj.s", {C}, {C}},
      {"fmv.d.x", {C}, {C}},
      {"fmv.x.w", {I}, {I}},
      {"fclass.d", {I}, {I}},
      {"fld", {C, A}, {C, A}},
      {"fsd", {A}, {A}},
  };
  for (const Expected& e : table) {
    EXPECT_EQ(class_words(classify(row_named(e.name), Instance::kOne).classes), e.one) << e.name;
    EXPECT_EQ(class_words(classify(row_named(e.name), Instance::kTwo).classes), e.two) << e.name;
  }
}

struct ExpectedCsr {
  unsigned number;
  const char* name;
  Words read_one, write_one, read_two, write_two;
};

TEST(Classes, OfCsrAccesses_AreTheSpecifications) {
  const ExpectedCsr table[] = {
      {0x001, "fflags", {I}, {C}, {I}, {C}},
      {0x002, "frm", {I}, {C}, {I}, {C}},
      {0x003, "fcsr", {I}, {C}, {I}, {C}},
      {0x100, "sstatus", {P, B}, {P, C}, {B}, {C}},
      {0x104, "sie", {P, B}, {P, C}, {B}, {C}},
      {0x105, "stvec", {P, B}, {P, C}, {B}, {C}},
      {0x106, "scounteren", {P, B}, {P, C}, {B}, {C}},
      {0x10a, "senvcfg", {P, B}, {P, C}, {B}, {C}},
      {0x140, "sscratch", {P, B}, {P, C}, {B}, {C}},
      {0x141, "sepc", {P, B}, {P, C}, {B}, {C}},
      {0x142, "scause", {P, B}, {P, C}, {B}, {C}},
      {0x143, "stval", {P, B}, {P, C}, {B}, {C}},
      {0x144, "sip", {P, B}, {P, C}, {B}, {C}},
      {0x14d, "stimecmp", {P, B}, {P, C}, {B}, {C}},
      {0x180, "satp", {P, B}, {P, C}, {P, B}, {P, C}},
      {0x300, "mstatus", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x301, "misa", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x302, "medeleg", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x30a, "menvcfg", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x332, "mhpmevent18", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x344, "mip", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x3a2, "pmpcfg2", {I, T}, {I, T}, {P, B}, {P, C}},
      {0x3bf, "pmpaddr15", {I, T}, {I, T}, {P, B}, {P, C}},
      {0xb00, "mcycle", {I, T}, {I, T}, {P, B}, {P, C}},
      {0xc00, "cycle", {B}, {I, T}, {B}, {I, T}},
      {0xc01, "time", {B}, {I, T}, {B}, {I, T}},
      {0xc02, "instret", {B}, {I, T}, {B}, {I, T}},
      {0xc12, "hpmcounter18", {B}, {I, T}, {B}, {I, T}},
      {0xda0, "scountovf", {P, B}, {I, T}, {B}, {I, T}},
      {0xf14, "mhartid", {I, T}, {I, T}, {P, I}, {I, T}},
  };
  for (const ExpectedCsr& e : table) {
    unsigned index = 0;
    const CsrRow* row = find_csr(e.number, index);
    ASSERT_NE(row, nullptr) << e.name;
    EXPECT_EQ(csr_name(*row, index), e.name);
    const auto words = [&](Instance i, CsrAccess a) {
      return class_words(classify(*row, e.number, i, a).classes);
    };
    EXPECT_EQ(words(Instance::kOne, CsrAccess::kRead), e.read_one) << e.name;
    EXPECT_EQ(words(Instance::kOne, CsrAccess::kWrite), e.write_one) << e.name;
    EXPECT_EQ(words(Instance::kTwo, CsrAccess::kRead), e.read_two) << e.name;
    EXPECT_EQ(words(Instance::kTwo, CsrAccess::kWrite), e.write_two) << e.name;
  }
}

// Every instruction is sensitive in some way or innocuous, and each line has a reason and a section.
TEST(Classes, OfEveryRow_HaveReasonAndSection) {
  for (const Row& row : kRows) {
    if (row.length == 0) continue;
    for (const Instance instance : kInstances) {
      const Classification it = classify(row, instance);
      EXPECT_FALSE(it.reason.empty() || it.spec.empty()) << row.name;
      EXPECT_EQ(it.classes & (kPriv | kAlwaysTraps), it.classes & kPriv ? kPriv : it.classes & kAlwaysTraps)
          << row.name;
    }
  }
  for (const CsrRow& row : csr_rows())
    for (const Instance instance : kInstances)
      for (const CsrAccess access : kCsrAccesses) {
        const Classification it = classify(row, row.number, instance, access);
        EXPECT_FALSE(it.reason.empty() || it.spec.empty()) << row.name;
      }
}

std::vector<std::string> names_of(const std::vector<Condition::Group>& groups, std::string_view what) {
  for (const Condition::Group& group : groups)
    if (group.what == what) return group.names;
  return {};
}

TEST(Condition, InstanceOne_HoldsButForTheReservation) {
  const Condition condition = condition_of(Instance::kOne);
  ASSERT_EQ(condition.exceptions.size(), 1u);
  EXPECT_EQ(condition.exceptions[0].names, (std::vector<std::string>{"lr.w", "sc.w", "lr.d", "sc.d"}));
  EXPECT_EQ(condition.verdict, "It holds but for the reservation: lr.w, sc.w, lr.d, sc.d.");
  EXPECT_EQ(names_of(condition.closed, "senvcfg.CBIE = 0"), (std::vector<std::string>{"cbo.inval"}));
  EXPECT_EQ(names_of(condition.closed, "scounteren = 0").size(), 3u + 16u);
}

TEST(Condition, InstanceTwo_FailsByWhatIsTheGuestsOwn) {
  const Condition condition = condition_of(Instance::kTwo);
  EXPECT_FALSE(condition.holds());
  const std::vector<std::string> of_s = names_of(condition.exceptions, "CSRs of S");
  EXPECT_EQ(std::count(of_s.begin(), of_s.end(), "sstatus (write)"), 1);
  for (const std::string& name : of_s) EXPECT_NE(name.substr(0, 4), "satp") << "TVM";
  EXPECT_FALSE(names_of(condition.exceptions, "FS").empty()) << "sstatus.FS is the guest's";
}

TEST(Condition, CountedNames_AreListedInShort) {
  EXPECT_EQ(listed({"a3 (read)", "a4 (read)", "a5 (read)", "b (read)", "c1", "c2"}),
            "a3 to a5 (read), b (read), c1, c2");
  EXPECT_EQ(listed({}), "");
}

}  // namespace
}  // namespace vitrine::riscv
