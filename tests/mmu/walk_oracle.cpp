// SPDX-License-Identifier: MIT
// The oracle's sentences.
#include "tests/mmu/walk_oracle.h"

namespace vitrine::mmu::oracle {

bool pmp_matches(const PmpRegisters& pmp, unsigned i, uint64_t byte) {
  const unsigned mode = pmp.config[i] / 8 % 4;
  const uint64_t word = byte / 4;  // pmpaddr counts in words
  if (mode == 0) return false;
  if (mode == 1) return word >= (i == 0 ? 0 : pmp.address[i - 1]) && word < pmp.address[i];
  if (mode == 2) return word == pmp.address[i];
  // NAPOT: below the lowest 0 of pmpaddr, and there, any bits match.
  for (unsigned bit = 0; bit < 62; ++bit) {
    const bool zero = !(pmp.address[i] >> bit & 1);
    if (zero) return word >> (bit + 1) == pmp.address[i] >> (bit + 1);
  }
  return true;
}

unsigned pmp_entry_of(const PmpRegisters& pmp, uint64_t byte) {
  for (unsigned i = 0; i < 16; ++i)
    if (pmp_matches(pmp, i, byte)) return i;
  return 16;
}

bool pmp_permits(const PmpRegisters& pmp, uint64_t first_byte, unsigned size, Kind kind, unsigned privilege) {
  // "The lowest-numbered PMP entry that matches any byte of an access determines whether that access succeeds
  // or fails."
  unsigned decisive = 16;
  for (unsigned b = 0; b < size; ++b) {
    const unsigned entry = pmp_entry_of(pmp, first_byte + b);
    if (entry < decisive) decisive = entry;
  }
  if (decisive == 16) return privilege == 3;
  // "The matching PMP entry must match all bytes of an access, or the access fails."
  for (unsigned b = 0; b < size; ++b)
    if (!pmp_matches(pmp, decisive, first_byte + b)) return false;
  const uint8_t config = pmp.config[decisive];
  const bool locked = config >= 0x80;
  if (privilege == 3 && !locked) return true;
  if (kind == Kind::kLoad) return config % 2 == 1;
  if (kind == Kind::kStore) return config / 2 % 2 == 1;
  return config / 4 % 2 == 1;
}

uint64_t Memory::word(uint64_t at) const {
  uint64_t value = 0;
  for (unsigned i = 8; i-- > 0;) value = value << 8 | bytes[at - base + i];
  return value;
}

void Memory::set_word(uint64_t at, uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) bytes[at - base + i] = static_cast<uint8_t>(value >> (8 * i));
}

namespace {

// An entry, field by field.
struct Entry {
  explicit Entry(uint64_t bits)
      : v(bits & 1),
        r(bits >> 1 & 1),
        w(bits >> 2 & 1),
        x(bits >> 3 & 1),
        u(bits >> 4 & 1),
        a(bits >> 6 & 1),
        d(bits >> 7 & 1),
        n(bits >> 63),
        page(bits << 10 >> 20),
        reserved(bits >> 54 & 0x7f),
        type(static_cast<unsigned>(bits >> 61 & 3)) {}
  bool v, r, w, x, u, a, d, n;
  uint64_t page, reserved;
  unsigned type;
};

struct Walker {
  Memory& memory;
  const PmpRegisters& pmp;
  const Rules& rules;
  uint64_t address;
  Kind kind;
  unsigned privilege;

  static Answer page_fault() { return {Verdict::kPageFault, 0}; }
  static Answer access_fault() { return {Verdict::kAccessFault, 0}; }

  // Reserved encodings that hold for leaves and pointers alike.
  [[nodiscard]] bool reserved(const Entry& e) const {
    if (e.w && !e.r) return true;
    if (e.reserved != 0) return true;
    if (e.n && !rules.svnapot) return true;
    return e.type == 3 || (e.type != 0 && !rules.svpbmt);
  }

  [[nodiscard]] bool permitted(const Entry& e) const {
    const bool mine = privilege == 0 ? e.u : (!e.u || (rules.sum && kind != Kind::kFetch));
    if (!mine) return false;
    if (kind == Kind::kFetch) return e.x;
    if (kind == Kind::kStore) return e.w;
    return e.r || (rules.mxr && e.x);
  }

  Answer leaf(const Entry& e, uint64_t where, unsigned level) {
    if (!permitted(e)) return page_fault();
    unsigned free_bits = 9 * level;  // of the page number, given by the address
    if (e.page % (uint64_t{1} << free_bits) != 0) return page_fault();
    if (e.n) {
      if (level != 0 || e.page % 16 != 8) return page_fault();
      free_bits = 4;
    }
    const bool lacks = !e.a || (kind == Kind::kStore && !e.d);
    if (lacks) {
      if (!rules.svadu) return page_fault();
      if (!pmp_permits(pmp, where, 8, Kind::kStore, 1)) return access_fault();
      memory.set_word(where, memory.word(where) | 0x40 | (kind == Kind::kStore ? 0x80 : 0));
    }
    const uint64_t block = uint64_t{1} << (12 + free_bits);
    const uint64_t base = e.page * 4096 / block * block;
    return {Verdict::kTranslated, base + address % block};
  }

  Answer descend(uint64_t table_page, unsigned level) {
    const uint64_t index = address / 4096 >> (9 * level) & 511;
    const uint64_t where = table_page * 4096 + index * 8;
    if (!memory.has(where, 8) || !pmp_permits(pmp, where, 8, Kind::kLoad, 1)) return access_fault();
    const Entry e(memory.word(where));
    if (!e.v || reserved(e)) return page_fault();
    if (e.r || e.x) return leaf(e, where, level);
    if (level == 0 || e.a || e.d || e.u || e.n || e.type != 0) return page_fault();
    return descend(e.page, level - 1);
  }
};

}  // namespace

Answer translate(Memory& memory, const PmpRegisters& pmp, const Rules& rules, uint64_t address, Kind kind,
                 unsigned privilege) {
  // All bits above the highest translated one are copies of it.
  const unsigned top = 12 + 9 * rules.levels - 1;
  const uint64_t upper = address >> top;
  if (upper != 0 && upper != ~uint64_t{0} >> top) return Walker::page_fault();
  return Walker{memory, pmp, rules, address, kind, privilege}.descend(rules.root_page, rules.levels - 1);
}

}  // namespace vitrine::mmu::oracle
