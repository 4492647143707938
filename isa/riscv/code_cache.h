// SPDX-License-Identifier: MIT
// Decoded pages: for each page of guest RAM that executes, one slot for each of its 2,048 halfwords. A slot is what one
// instruction needs to run: the address of its handler and its operands. Slots are decoded when they are first reached.
//
//   guest page   | 4-byte insn | 2 | 4-byte insn | 2 | ...        (bytes)
//   slots        [ insn ][ - ][ insn ][ insn ][ - ][ insn ] ...   (one for each 2 bytes; '-' not decoded, or decoded when
//                                                                  somebody jumps into the middle)
//
// Straight-line execution steps from slot to slot, a jump inside the page is an addition, and pc is the slot's place. A
// write to a 64-byte line in which something is decoded resets its slots (core/guest_ram.h announces it), so the next
// instruction is always the one that stands in memory, even if it was just written. A page whose decoded lines have all
// been overwritten loses its code flag, and stores to it are direct again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/guest_ram.h"
#include "isa/riscv/hart.h"
#include "isa/riscv/operands.h"

namespace vitrine::riscv {

struct Slot;

// Handlers call each other in tail position where the compiler does that (interpreter.cpp); otherwise each returns the
// next slot, or nullptr to leave.
using Handler = const Slot* (*)(const Slot*, Hart*, int64_t budget, core::View*);

struct Slot {
  Handler run;
  Operands operands;
};
static_assert(sizeof(Slot) == 16);

inline constexpr unsigned kSlotsPerPage = core::kPageSize / 2;

struct DecodedPage {
  Slot slots[kSlotsPerPage + 1];  // the last one leads on to the next page
};

class CodeCache final : public core::RamListener {
 public:
  // `undecoded` and `page_end` are the handlers of slots that are not decoded and of the one past the end.
  CodeCache(core::GuestRam& ram, Handler undecoded, Handler page_end, unsigned max_pages);
  ~CodeCache() override;
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  // The decoded form of a page of RAM, made if need be. `full` becomes true if all pages had to be dropped for it: every
  // pointer into decoded pages from before is then invalid.
  DecodedPage* page(core::GuestPhys page, bool& full);
  // The guest's bytes of a page.
  [[nodiscard]] core::GuestPhys address(const DecodedPage& page) const { return known_[number_of(page)].page; }
  [[nodiscard]] const uint8_t* host(const DecodedPage& page) const { return known_[number_of(page)].host; }
  // Control may come to this slot (kSlotsPerPage: the one behind the last): its handler is there from now on.
  void prepare(DecodedPage& page, unsigned slot) noexcept {
    if (!(known_[number_of(page)].granules >> slot / kGranule & 1)) make_granule(page, slot / kGranule);
  }
  // Marks the bytes of one instruction as decoded, so that writes to them are announced.
  void mark(DecodedPage& page, unsigned offset, unsigned length) noexcept;
  // Everything goes (another set of extensions).
  void drop_all() noexcept;

  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;

  struct Counters {
    uint64_t decoded = 0;      // instructions
    uint64_t pages = 0;        // pages made
    uint64_t invalidated = 0;  // lines reset by writes
    uint64_t flushes = 0;
  };
  Counters counters;

 private:
  static constexpr unsigned kGranule = 64;  // slots that are made together; as bytes of code, two lines
  static constexpr unsigned kGranules = kSlotsPerPage / kGranule;
  struct Known {
    core::GuestPhys page;
    const uint8_t* host;     // its bytes
    uint64_t lines = 0;      // bit i: something in bytes [64 i, 64 i + 64) is decoded
    uint64_t granules = 0;   // bit i: slots [64 i, 64 i + 64) are made; bit 32: the one behind the last
  };
  [[nodiscard]] size_t number_of(const DecodedPage& page) const { return static_cast<size_t>(&page - pages_); }
  void make_granule(DecodedPage& page, unsigned granule) noexcept;
  void reset_slots(DecodedPage& page, unsigned first, unsigned last) noexcept;

  core::GuestRam& ram_;
  Handler undecoded_;
  Handler page_end_;
  unsigned max_pages_;
  struct Free {
    void operator()(void* p) const;
  };
  std::unique_ptr<DecodedPage*[], Free> of_page_;  // by RAM page index; zero pages of the host until used
  DecodedPage* pages_;        // max_pages_; zeros, and not the host's memory yet, where nothing was prepared
  std::vector<Known> known_;  // of those that are in use
};

}  // namespace vitrine::riscv
