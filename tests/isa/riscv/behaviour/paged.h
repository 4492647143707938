// SPDX-License-Identifier: MIT
// A page that a supervisor program sees at kVirtual, and its entry, which the program can change: the ground
// of tests of page tables. Next: tests/isa/riscv/bench/page_tables.h.
#pragma once

#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {

inline constexpr uint64_t kVirtual = 0x4000'0000;
inline constexpr uint64_t kOne = kData, kTwo = kData + 0x8000;  // two pages of data
inline constexpr uint64_t kValueOne = 0x1111'1111'1111'1111, kValueTwo = 0x2222'2222'2222'2222;
// Where the guest itself sees its page tables.
inline constexpr uint64_t kTableWindow = 0x1'4000'0000;
inline uint64_t in_window(uint64_t physical) { return physical - kTables + kTableWindow; }

// a0: the address; a1: where its entry can be written; a2: the entry that leads to the other page.
struct Paged {
  explicit Paged(Bench& bench, uint64_t flags = pte::kReadWrite, unsigned levels = 3)
      : b(bench), tables(bench, kTables, levels) {
    tables.identity().map(kVirtual, kOne, flags);
    tables.map_range(kTableWindow, kTables, 0x2'0000, pte::kReadWrite);
    entry = tables.entry(kVirtual);
    b.write64(kOne, kValueOne);
    b.write64(kTwo, kValueTwo);
    b.set_x(reg::a0, kVirtual);
    b.set_x(reg::a1, in_window(entry));
    b.set_x(reg::a2, pte::make(kTwo, flags));
  }
  void run(std::initializer_list<Word> program, uint64_t asid = 0) {
    b.put(kCode, program);
    b.start(kCode, kS, tables.satp(asid));
    b.run(program.size());
  }
  Bench& b;
  PageTables tables;
  uint64_t entry;
};

}  // namespace vitrine::bench
