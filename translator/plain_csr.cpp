// SPDX-License-Identifier: MIT
// The table of plain CSRs. Widths and masks are those of isa/riscv/csr.cpp; tests compare the two.
#include "translator/plain_csr.h"

namespace vitrine::translator {
namespace {

using riscv::Csrs;
using riscv::Hart;
using riscv::TrapCsrs;

constexpr uint64_t kAll = ~uint64_t{0};
constexpr size_t kM = offsetof(Hart, csr) + offsetof(Csrs, m), kS = offsetof(Hart, csr) + offsetof(Csrs, s);

constexpr PlainCsr kRows[] = {
    {kFflags, 0, 0x1f},
    {0x140, kS + offsetof(TrapCsrs, scratch), kAll},
    {0x141, kS + offsetof(TrapCsrs, epc), ~uint64_t{1}},
    {0x142, kS + offsetof(TrapCsrs, cause), kAll},
    {0x143, kS + offsetof(TrapCsrs, tval), kAll},
    {0x340, kM + offsetof(TrapCsrs, scratch), kAll},
    {0x341, kM + offsetof(TrapCsrs, epc), ~uint64_t{1}},
    {0x342, kM + offsetof(TrapCsrs, cause), kAll},
    {0x343, kM + offsetof(TrapCsrs, tval), kAll},
};

}  // namespace

const PlainCsr* plain_csr(unsigned number, riscv::Privilege privilege) {
  if (static_cast<unsigned>(privilege) < ((number >> 8) & 3)) return nullptr;
  for (const PlainCsr& row : kRows)
    if (row.number == number) return &row;
  return nullptr;
}

}  // namespace vitrine::translator
