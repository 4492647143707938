// SPDX-License-Identifier: MIT
// Guest code that several scenarios share. Next: tests/translator/against_interpreter.h.
#pragma once

#include <initializer_list>

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {

// A handler in M mode that counts traps in s4 and goes on behind what trapped: five instructions.
inline void skip_traps(Bench& b) {
  using namespace reg;  // NOLINT: register names, as in assembly
  constexpr uint64_t kHandler = kRam + 0x8000;
  b.put(kHandler, {insn::csrr(t3, csr::mepc), insn::addi(t3, t3, 4), insn::csrw(csr::mepc, t3),
                   insn::addi(s4, s4, 1), insn::kMret});
  b.set_csr(csr::mtvec, kHandler);
}

// A subroutine that the supervisor calls with SUM clear and set in turn, for ever; a0 points to a user page
// that shows kData. A round is five instructions and two subroutines.
inline void start_with_sum_toggled(Bench& b, uint64_t page, std::initializer_list<Word> subroutine) {
  using namespace reg;  // NOLINT
  PageTables tables(b);
  tables.identity().map(page, kData, pte::kReadWrite | pte::U);
  skip_traps(b);
  b.put(kCode, {insn::jal(ra, 0x40), insn::csrrs(zero, csr::sstatus, a2), insn::jal(ra, 0x38),
                insn::csrrc(zero, csr::sstatus, a2), insn::jal(zero, -16)});
  b.put(kCode + 0x40, subroutine);
  b.set_x(a0, page);
  b.set_x(a2, status::kSum);
  b.start(kCode, kS, tables.satp());
}

}  // namespace vitrine::bench
