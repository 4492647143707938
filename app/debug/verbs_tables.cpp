// SPDX-License-Identifier: MIT
// Page tables as memory has them now: walk, maps.
#include <fmt/format.h>

#include <cstring>

#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/explain.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

namespace {

using core::AccessKind;

constexpr uint64_t kEntries = 512, kPpn = (uint64_t{1} << 44) - 1;

uint64_t leads_to(uint64_t entry) { return (entry >> 10 & kPpn) << core::kPageShift; }
std::optional<uint64_t> entry_at(State& state, uint64_t at) {
  uint64_t value = 0;
  if (!state.machine().ram().read({at}, &value, sizeof value)) return std::nullopt;
  return value;
}

const char* size_of(unsigned level) {
  constexpr const char* kSizes[] = {"4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB"};
  return kSizes[level < 5 ? level : 4];
}

std::string parts_of(uint64_t address, unsigned levels) {
  std::string text;
  for (unsigned level = levels; level-- > 0;)
    text += fmt::format("VPN[{}] {}, ", level, address >> (core::kPageShift + 9 * level) & (kEntries - 1));
  return text + fmt::format("offset {:#x}", address & ~core::kPageMask);
}

// One table as a box with the entry that counts, and an arrow to what it leads to.
std::string level_drawing(State& state, core::GuestPhys at, unsigned level) {
  const auto value = entry_at(state, at.value);
  const uint64_t index = (at.value & ~core::kPageMask) / 8;
  std::string text = fmt::format("  level {}   table at {:#x}\n", level, at.value & core::kPageMask);
  text += "            +-----+--------------------+\n";
  text += fmt::format("            | {:>3} | {} |", index, value ? fmt::format("{:#018x}", *value) : "    not in RAM    ");
  if (value) text += fmt::format("  {}", entry_flags(*value));
  text += "\n            +-----+--------------------+\n";
  return text;
}

std::string arrow(const std::string& to) { return fmt::format("                     |\n                     v\n{}", to); }

core::Result<AccessKind> parse_use(const Words& words) {
  if (words.size() < 3 || words[2] == "load") return AccessKind::kLoad;
  if (words[2] == "store") return AccessKind::kStore;
  if (words[2] == "fetch") return AccessKind::kFetch;
  return usage(words[0], fmt::format("'{}' is no kind of access: load, store, fetch.", core::printable(words[2])));
}

Answer walk(State& state, const Words& words) {
  if (words.size() != 2 && words.size() != 3) return usage(words[0], "it wants an address, and perhaps load, store or fetch.");
  auto address = parse_place(state, words[1]);
  if (!address) return address.error();
  auto use = parse_use(words);
  if (!use) return use.error();
  const riscv::Hart& hart = state.hart();
  const mmu::Walk found = state.machine().mmu(hart.id).look({*address}, *use);
  const bool faults = found.fault != core::FaultKind::kNone;
  std::string text = fmt::format("A {} of {} by hart {} in {}", use_name(*use), address_text(state.machine(), *address), hart.id, privilege_name(hart.privilege));
  if (found.depth == 0 && !faults) return text + " is not translated: the address is physical.\n";
  const mmu::Mode mode = mmu::mode_of(hart.csr.satp);
  const unsigned levels = mmu::levels_of(mode);
  text += fmt::format(" is translated by {}: {}.\n\n  satp\n", mode_name(mode), parts_of(*address, levels));
  for (unsigned i = 0; i < found.depth; ++i) text += arrow(level_drawing(state, found.entry_at[i], levels - 1 - i));
  if (faults)
    return text + fmt::format("\nThe walk ends there: {}. That is {}.\n", found.reason, found.fault == core::FaultKind::kPage ? "a guest page fault" : "an access fault");
  text += arrow(fmt::format("  a page of {} at {:#x}\n", size_of(found.level), leads_to(found.pte)));
  return text + fmt::format("\nSo the physical address is {:#x}.\n", found.physical.value);
}

// --- All mappings of a space

struct Run {
  uint64_t first = 0, bytes = 0, physical = 0, flags = 0;
};

class Maps {
 public:
  Maps(State& state, unsigned levels) : state_(state), levels_(levels) {}
  void look(uint64_t table, unsigned level, uint64_t base) {
    for (uint64_t i = 0; i < kEntries && !full(); ++i) {
      const auto entry = entry_at(state_, table + 8 * i);
      if (!entry || !(*entry & mmu::kPteV)) continue;
      const uint64_t size = core::kPageSize << (9 * level), address = base + i * size;
      if (!is_pointer(*entry))
        add(address, size, *entry);
      else if (level > 0)
        look(leads_to(*entry), level - 1, address);
    }
  }
  [[nodiscard]] bool full() const { return lines_ >= kMostLines; }
  std::string text() {
    flush();
    return std::move(text_);
  }

 private:
  static constexpr size_t kMostLines = 2000;
  // A and D come and go; what is left says what may be done.
  static constexpr uint64_t kKept = mmu::kPteR | mmu::kPteW | mmu::kPteX | mmu::kPteU | mmu::kPteG;
  void add(uint64_t address, uint64_t size, uint64_t entry) {
    const uint64_t flags = entry & kKept, physical = leads_to(entry);
    if (run_.bytes != 0 && run_.first + run_.bytes == address && run_.physical + run_.bytes == physical && run_.flags == flags) {
      run_.bytes += size;
      return;
    }
    flush();
    run_ = {address, size, physical, flags};
  }
  void flush() {
    if (run_.bytes == 0) return;
    const unsigned unused = 64 - (core::kPageShift + 9 * levels_);
    const auto first = static_cast<uint64_t>(static_cast<int64_t>(run_.first << unused) >> unused);
    text_ += fmt::format("{:#018x}-{:#018x} -> {:#018x}  {:>9} KiB  {}\n", first, first + run_.bytes - 1, run_.physical, run_.bytes >> 10, entry_flags(run_.flags));
    ++lines_;
    run_ = {};
  }

  State& state_;
  unsigned levels_;
  Run run_;
  std::string text_;
  size_t lines_ = 0;
};

Answer maps(State& state, const Words& words) {
  if (words.size() > 2) return usage(words[0], "it takes a value of satp.");
  uint64_t satp = state.hart().csr.satp;
  if (words.size() == 2) {
    auto given = parse_place(state, words[1]);
    if (!given) return given.error();
    satp = *given;
  }
  const mmu::Mode mode = mmu::mode_of(satp);
  if (mode != mmu::Mode::kSv39 && mode != mmu::Mode::kSv48 && mode != mmu::Mode::kSv57)
    return fmt::format("satp {:#x} means no paging: addresses are physical.\n", satp);
  const unsigned levels = mmu::levels_of(mode);
  Maps all(state, levels);
  all.look((satp & kPpn) << core::kPageShift, levels - 1, 0);
  const bool cut = all.full();
  std::string text = fmt::format("{}, root table at {:#x}, ASID {}\n", mode_name(mode), (satp & kPpn) << core::kPageShift, satp >> 44 & 0xffff) + all.text();
  return cut ? text + "... and more\n" : text;
}

constexpr Verb kVerbs[] = {
    {"walk", "", "WHERE [load|store|fetch]", "Shows how the guest's page tables translate an address now, level by level.", Wants::kPlace, walk},
    {"maps", "", "[SATP]", "Shows all mappings of the page tables (the hart's own), neighbours in one line.", Wants::kNothing, maps},
};

}  // namespace

std::span<const Verb> table_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
