// SPDX-License-Identifier: MIT
// MemoryPort: how an engine reaches memory. It is the one boundary between fast path and slow path:
//
// fast: A View, a table of recent translations, is looked up inline: by the interpreter through fast_lookup
// below, by generated code through predictions, and behind them through its linear or small tables.
//
// slow: Everything else is a virtual call. It walks the page table, checks permissions, reaches devices,
// announces writes (core/guest_ram.h), refills the View, and returns a fault as a value.
//
// A View holds only what is true at this moment: its owner (mmu/) hears of every write to a page from which
// an entry was filled, and removes the entry before the next access. So a View cannot be observed by the
// guest.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "core/address.h"

namespace vitrine::core {

// What an access wants. AMOs and SC are stores; LR is a load.
enum class AccessKind : uint8_t { kLoad, kStore, kFetch };

// Why an access was refused: the guest's own tables say no; the bus, PMP or PMA says no; it is not aligned
// and must be.
enum class FaultKind : uint8_t { kNone, kPage, kAccess, kMisaligned };

struct Fault {
  FaultKind kind = FaultKind::kNone;
  GuestVirt at;  // the first byte that was refused (the second page of an access that crosses pages)
  explicit operator bool() const { return kind != FaultKind::kNone; }
};

inline constexpr uint64_t kNoTag = ~uint64_t{0};
inline constexpr unsigned kDataEntries = 1024;  // powers of two
inline constexpr unsigned kCodeEntries = 1024;

// Data: host address = guest-virtual address + addend. Code: what engines keep for the page, decoded and translated.
struct DataEntry {
  uint64_t tag = kNoTag;  // guest-virtual page address
  uint64_t addend = 0;
};
struct alignas(32) CodeEntry {
  uint64_t tag = kNoTag;
  void* payload = nullptr;     // the interpreter's decoded page
  void* translated = nullptr;  // the translator's page
};

// Linear tables serve addresses of this many bits, sign-extended.
inline constexpr unsigned kShadowAddressBits = 39;

// A linear table serves half of them, those with one sign.
inline constexpr uint64_t kShadowPages = uint64_t{1} << (kShadowAddressBits - 1 - kPageShift);

struct View {
  DataEntry read[kDataEntries];
  DataEntry write[kDataEntries];
  // Behind them, if its owner keeps them: linear tables of addends (mmu/shadow_table.h) of the lower [0] and the upper half
  // [1], by bits 37:12 of the address, for addresses whose bits 63:38 are equal. They hold at least what `read` and `write`
  // hold of their half.
  uint64_t* read_shadow[2] = {};
  uint64_t* write_shadow[2] = {};
};

struct CodeView {
  CodeEntry code[kCodeEntries];
};

// The addend of an address's page, or 0 if the View does not know it.
inline uint64_t known_addend(const View& view, uint64_t address, bool write) {
  const uint64_t half = address >> 63;
  const uint64_t* const shadow = write ? view.write_shadow[half] : view.read_shadow[half];
  if (shadow) {
    const auto top = static_cast<int64_t>(address) >> (kShadowAddressBits - 1);
    return top == 0 || top == -1 ? shadow[address >> kPageShift & (kShadowPages - 1)] : 0;
  }
  const uint64_t place = address >> kPageShift & (kDataEntries - 1);
  const DataEntry& entry = write ? view.write[place] : view.read[place];
  return entry.tag == (address & kPageMask) ? entry.addend : 0;
}

// One comparison checks the page and natural alignment: a misaligned address keeps a low bit that no tag has.
template <unsigned kWidth>
inline const uint8_t* fast_lookup(const DataEntry* table, uint64_t address) {
  const DataEntry& entry = table[(address >> kPageShift) & (kDataEntries - 1)];
  if ((address & (kPageMask | (kWidth - 1))) != entry.tag) [[unlikely]]
    return nullptr;
  return reinterpret_cast<const uint8_t*>(address + entry.addend);
}

// Predictions stand in front of a View: generated code has a slot for each access site (modulo kPredictions), which holds
// the run of addresses that the site used last: a page, or neighbours that it came to one after the other and that are
// neighbours in RAM too. `length` counts the addresses at which eight bytes may be accessed; 0: the slot is empty. A set is filled from one
// View only, loses what is revoked, and is emptied when the View changes.
inline constexpr unsigned kPredictions = 256;

struct PredictionTable {
  uint64_t start[kPredictions] = {};
  uint64_t addend[kPredictions] = {};
  uint64_t length[kPredictions] = {};

  static constexpr uint64_t kTail = 7;  // addresses of a run that `length` does not count
};

// Where generated code went, in front of a code View: host code by its guest address, which no page boundary or key is in the
// way of. A table holds only what its code View led to and what nobody revoked since: it loses all when it gets another View.
inline constexpr unsigned kJumps = 1024;  // a power of two

struct JumpTable {
  uint64_t target[kJumps];  // kNoTag: empty
  uint64_t code[kJumps] = {};
  uint64_t refills = 0;  // by generated code
  uint64_t refills_at_clear = 0;

  JumpTable() { clear_all(); }
  static constexpr unsigned place(uint64_t target) { return static_cast<unsigned>(target >> 1) % kJumps; }
  void clear() {
    if (refills != refills_at_clear) clear_all();
  }
  // Empties the places of targets among `bytes` addresses from `first` on.
  void clear(uint64_t first, uint64_t bytes) {
    if (refills == refills_at_clear) return;
    for (uint64_t& at : target) at |= uint64_t{0} - static_cast<uint64_t>(at - first < bytes);
  }

 private:
  void clear_all() {
    std::memset(target, 0xff, sizeof target);
    refills_at_clear = refills;
  }
};

struct PredictionSet {
  PredictionTable read, write;
  const View* view = nullptr;
  // The View's linear tables, for sites whose predictions keep missing; and how many pages the lower ones serve, and both
  // together: 0 if not all of these tables are there.
  const uint64_t* read_shadow[2] = {};
  const uint64_t* write_shadow[2] = {};
  uint64_t lower_pages = 0;
  uint64_t pages = 0;
  // How often a slot was refilled, and for which sites the last times.
  static constexpr unsigned kRecent = 8;
  uint64_t refills = 0;
  uint32_t recent[kRecent] = {};
  uint64_t losses = 0;  // how often a slot lost what it held
  uint64_t refills_before_sum = 0;  // when `view` became one with user pages
  JumpTable jumps;
  const CodeView* code_view = nullptr;  // that `jumps` stands in front of

  // The slots are the caller's care.
  void point_at(const View& other) {
    view = &other;
    for (unsigned half : {0, 1}) {
      read_shadow[half] = other.read_shadow[half];
      write_shadow[half] = other.write_shadow[half];
    }
    lower_pages = read_shadow[0] && write_shadow[0] ? kShadowPages : 0;
    pages = lower_pages != 0 && read_shadow[1] && write_shadow[1] ? 2 * kShadowPages : 0;
  }
  void clear() {
    std::memset(read.length, 0, sizeof read.length);
    std::memset(write.length, 0, sizeof write.length);
    ++losses;
  }
  // Empties the slots of pages among `bytes` addresses from `first` on; both are multiples of a page.
  void clear(uint64_t first, uint64_t bytes);
  // Empties the slots for writes to the page at `host`.
  void clear_writes_to(uint64_t host);
  // Empties the slots whose addresses have bit 63 clear, if they were filled since there were so many refills.
  void clear_lower_half(uint64_t since) {
    const auto clear = [](PredictionTable& table, unsigned slot) {
      table.length[slot] &= uint64_t{0} - (table.start[slot] >> 63);
    };
    const bool few = refills - since <= kRecent;
    for (uint64_t i = few ? since : refills - kPredictions; i != refills; ++i) {
      const unsigned slot = static_cast<unsigned>(few ? recent[i % kRecent] : i) % kPredictions;
      clear(read, slot);
      clear(write, slot);
    }
    ++losses;
  }
  // What generated code does at a miss, for a run that the caller knows.
  void refill(bool of_write, uint32_t site, uint64_t start, uint64_t addend, uint64_t bytes) {
    PredictionTable& table = of_write ? write : read;
    const unsigned slot = site % kPredictions;
    table.start[slot] = start;
    table.addend[slot] = addend;
    table.length[slot] = bytes - PredictionTable::kTail;
    recent[refills++ % kRecent] = site;
  }
  [[nodiscard]] uint32_t last_refilled() const { return recent[(refills - 1) % kRecent]; }
};
// Of code in U, S and M mode.
inline constexpr unsigned kUserSet = 0, kSupervisorSet = 1, kMachineSet = 2, kPredictionSets = 3;

// What translation depends on, as the hart sees it now. Privileges are the architecture's numbers (0 U, 1 S,
// 3 M).
struct TranslationContext {
  uint64_t satp = 0;
  uint8_t fetch_privilege = 3;
  uint8_t data_privilege = 3;  // differs from fetch_privilege under MPRV
  bool sum = false;
  bool mxr = false;
  bool hardware_ad = true;    // Svadu: the walker sets A and D itself (menvcfg.ADUE)
  bool napot = true;         // Svnapot: PTE bit 63 is defined
  bool memory_types = false;  // Svpbmt: PTE bits 62:61 are defined (menvcfg.PBMTE)
  bool ignores_dirty = false;  // wrong on purpose (core/breaks.inc): D plays no part; every page is the user's
  bool ignores_user = false;
};

// What a fence of translations names (sfence.vma and its kin): the pages that hold addresses [first, first + size), in all
// address spaces, or in that of one ASID, and there only what is not global.
struct TranslationFence {
  uint64_t first = 0;
  uint64_t size = ~uint64_t{0};
  bool one_space = false;
  uint16_t asid = 0;
  [[nodiscard]] bool everywhere() const { return size == ~uint64_t{0} || (size != 0 && first + (size - 1) < first); }
};

// Where a fetch goes.
struct CodePage {
  GuestPhys page;          // of the first byte's page
  bool cacheable = false;  // RAM, and all of the page may be executed: decoded copies may be kept
  bool stops = false;      // a debugger waits for some of its instructions (core/stop_points.h): no host code
};

class MemoryPort {
 public:
  virtual ~MemoryPort() = default;

  // Views of the current context; they change with set_context(), never in between.
  View* data_view = nullptr;
  CodeView* code_view = nullptr;
  // Guest-physical address = host address + this, for the RAM that data entries lead to (LR and SC reserve
  // physical addresses).
  uint64_t physical_addend = 0;

  virtual void set_context(const TranslationContext& context) noexcept = 0;
  // Physical memory protection as the registers have it: one configuration byte and one address a region.
  virtual void set_protection(bool present, std::span<const uint8_t> config, std::span<const uint64_t> address) noexcept = 0;

  // Loads and stores of 1, 2, 4 or 8 bytes at any address, RAM or device. On a fault nothing has been
  // changed. Both pages of a crossing access are checked before the first byte is touched.
  virtual Fault load(GuestVirt at, unsigned width, uint64_t& value) noexcept = 0;
  virtual Fault store(GuestVirt at, unsigned width, uint64_t value) noexcept = 0;

  // Aligned access to RAM for LR (kLoad), SC and AMO (kStore): translated and checked once, then used with
  // read_ram and write_ram. Misaligned: kMisaligned. Not RAM: kAccess.
  virtual Fault reserve(GuestVirt at, unsigned width, AccessKind kind, GuestPhys& where) noexcept = 0;
  virtual uint64_t read_ram(GuestPhys at, unsigned width) noexcept = 0;
  virtual void write_ram(GuestPhys at, unsigned width, uint64_t value) noexcept = 0;
  // cbo.zero: one aligned block becomes zero, with one announcement.
  virtual Fault zero_block(GuestVirt at, unsigned size) noexcept = 0;
  // Checks only (cbo.inval, cbo.clean, cbo.flush: load or store permission suffices; prefetch: nothing is
  // done).
  virtual Fault check(GuestVirt at, AccessKind kind) noexcept = 0;

  // Translates an instruction address; two-byte aligned.
  virtual Fault fetch_page(GuestVirt at, CodePage& page) noexcept = 0;
  // Two bytes of an instruction, from RAM or a device (ROM).
  virtual Fault fetch_halfword(GuestVirt at, uint16_t& bits) noexcept = 0;
  // Keeps what an engine has for the page in code_view; only after fetch_page said cacheable.
  virtual void keep_code(GuestVirt at, void* payload) noexcept = 0;
  virtual void keep_translated(GuestVirt at, void* translated) noexcept = 0;
  // The engine dropped its decoded or translated pages.
  virtual void forget_code() noexcept = 0;
  // kPredictionSets sets that generated code looks into, to be emptied with the View that they are filled from. Once.
  virtual void use_predictions(PredictionSet* sets) noexcept = 0;

  // A counted hint: it changes nothing, since no translation is ever stale (docs/architecture.md, "no observable TLB").
  // On the lazy machines (mmu/kept_translations.h), what it names is forgotten.
  virtual void fence_translations(const TranslationFence& fence) noexcept = 0;
  // The same of instruction bytes. And: what this hart wrote is in memory (both: core/chaos.inc).
  virtual void fence_instructions() noexcept {}
  virtual void fence_data() noexcept {}
  // The hart's turn is over: some of what it wrote may get there now.
  virtual void turn_ends() noexcept {}

  // For events (core/events.h). Four bytes at an instruction's address, from RAM or a ROM, as a walk of this moment finds them; what
  // is not there is 0. Nothing changes by looking.
  [[nodiscard]] virtual uint32_t peek_instruction(GuestVirt at) const noexcept = 0;
  // What the last set_context() or fence_translations() did with what is kept of translations, in words.
  [[nodiscard]] virtual std::string effect() const = 0;
};

}  // namespace vitrine::core
