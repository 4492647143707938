// SPDX-License-Identifier: MIT
// Address translation and physical memory protection a second time, for tests: written from the privileged
// spec (3.7.1, 10.3.2, and the chapters on Svnapot, Svpbmt, Svade and Svadu) and nothing else, as plainly as
// possible, without a thought for speed. It works on a copy of memory of its own, so that updates of A and D
// can be compared as well.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace vitrine::mmu::oracle {

enum class Kind { kLoad, kStore, kFetch };

// --- Physical memory protection
// ---------------------------------------------------------------------------------
struct PmpRegisters {
  std::array<uint8_t, 16> config{};
  std::array<uint64_t, 16> address{};
};
// Does entry i match this byte?
bool pmp_matches(const PmpRegisters& pmp, unsigned i, uint64_t byte);
// The lowest-numbered entry that matches the byte; 16: none.
unsigned pmp_entry_of(const PmpRegisters& pmp, uint64_t byte);
bool pmp_permits(const PmpRegisters& pmp, uint64_t first_byte, unsigned size, Kind kind, unsigned privilege);

// --- Translation
// ------------------------------------------------------------------------------------------------ Physical
// memory that is there: bytes from `base` on.
struct Memory {
  uint64_t base;
  std::vector<uint8_t> bytes;
  [[nodiscard]] bool has(uint64_t at, uint64_t size) const {
    return at >= base && at - base <= bytes.size() && size <= bytes.size() - (at - base);
  }
  [[nodiscard]] uint64_t word(uint64_t at) const;
  void set_word(uint64_t at, uint64_t value);
};

// What decides a translation beside the tables.
struct Rules {
  unsigned levels = 3;
  uint64_t root_page = 0;  // satp.PPN
  bool sum = false, mxr = false;
  bool svadu = true;
  bool svpbmt = false;
  bool svnapot = true;
};

enum class Verdict { kTranslated, kPageFault, kAccessFault };
struct Answer {
  Verdict verdict = Verdict::kPageFault;
  uint64_t physical = 0;
};

// Translates for U (privilege 0) or S (1), and updates A and D in `memory` if they have to be.
Answer translate(Memory& memory, const PmpRegisters& pmp, const Rules& rules, uint64_t address, Kind kind,
                 unsigned privilege);

}  // namespace vitrine::mmu::oracle
