// SPDX-License-Identifier: MIT
// The table of plain CSRs. Widths and masks are those of csr.cpp; tests compare the two.
#include "isa/riscv/plain_csr.h"

#include "isa/riscv/handler.h"

namespace vitrine::riscv {
namespace {

constexpr uint64_t kAll = ~uint64_t{0};
constexpr size_t kM = offsetof(Hart, csr) + offsetof(Csrs, m), kS = offsetof(Hart, csr) + offsetof(Csrs, s);

constexpr PlainCsr kPlainCsrs[] = {
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

const PlainCsr* plain_csr(unsigned number, Privilege privilege) {
  if (static_cast<unsigned>(privilege) < ((number >> 8) & 3)) return nullptr;
  for (const PlainCsr& row : kPlainCsrs)
    if (row.number == number) return &row;
  return nullptr;
}

bool accessed_in_place(const Hart& hart, unsigned number, bool writes, uint64_t value) {
  if (plain_csr(number, hart.privilege)) return true;
  if (number != kSstatus || !hart.extensions.has(Extension::F)) return false;  // without it FS is 0
  return !writes || ((pending_interrupts(hart) & hart.csr.mie) == 0 && ((hart.csr.mstatus ^ value) & kStatusEffects) == 0);
}

}  // namespace vitrine::riscv
