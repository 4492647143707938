// SPDX-License-Identifier: MIT
// The derivation. From top to bottom: what an outcome is in words, in what two outcomes differ, and all the
// pairs.
#include "classes/derivation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "classes/resources.h"
#include "classes/states.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::classes {
namespace {

using riscv::kAddr;
using riscv::kAlwaysTraps;
using riscv::kBehav;
using riscv::kCtrl;
using riscv::kPriv;

std::string mode_words(Privilege mode) { return fmt::format("{} mode", riscv::letter_of(mode)); }

std::string assembly_of(uint32_t bits) {
  const riscv::Insn insn = riscv::decode(bits, riscv::ExtensionSet::standard());
  return fmt::format("{} ({:#0{}x})", riscv::disassemble(insn, Machine::kCode, riscv::Style::friendly), bits,
                     insn.length * 2 + 2);
}

State varied(State state, const Variation& variation) {
  variation.apply(state);
  return state;
}

// --- Outcomes

bool is_memory_fault(riscv::Cause cause) {
  using riscv::Cause;
  switch (cause) {
    case Cause::kIllegal:
    case Cause::kBreakpoint:
    case Cause::kEcallU:
    case Cause::kEcallS:
    case Cause::kEcallM: return false;
    default: return true;
  }
}
bool traps(const Outcome& o) { return o.trapped && !is_memory_fault(o.cause); }
bool retires(const Outcome& o) { return !o.trapped; }

std::string cause_words(riscv::Cause cause) {
  using riscv::Cause;
  switch (cause) {
    case Cause::kIllegal: return "illegal instruction";
    case Cause::kBreakpoint: return "breakpoint";
    case Cause::kEcallU:
    case Cause::kEcallS:
    case Cause::kEcallM: return "environment call";
    case Cause::kLoadPage: return "load page fault";
    case Cause::kStorePage: return "store page fault";
    default: return fmt::format("exception {}", static_cast<unsigned>(cause));
  }
}

std::string trap_words(const Outcome& o) {
  return fmt::format("traps to {}: {}", riscv::letter_of(o.to), cause_words(o.cause));
}

bool changes_privilege(const State& before, const Outcome& after) {
  for (const FieldChange& change : changes(before.system, after.system))
    if (change.field->resource == Resource::kPrivilege) return true;
  return false;
}

// The first thing in which two results differ, as text for each; empty: nothing.
struct Difference {
  std::string a, b;
  explicit operator bool() const { return !a.empty(); }
};

Difference values(std::string_view name, uint64_t a, uint64_t b) {
  return {fmt::format("{} = {:#x}", name, a), fmt::format("{} = {:#x}", name, b)};
}

Difference field_values(const FieldChange& change) {
  if (change.field->name != "mode") return values(change.field->name, change.before, change.after);
  const auto mode = [](uint64_t n) { return mode_words(static_cast<Privilege>(n)); };
  return {mode(change.before), mode(change.after)};
}

Difference result_difference(const Outcome& a, const Outcome& b, bool and_pc) {
  for (unsigned i = 1; i < 32; ++i)
    if (a.x[i] != b.x[i]) return values(fmt::format("x{}", i), a.x[i], b.x[i]);
  for (unsigned i = 0; i < 32; ++i)
    if (a.f[i] != b.f[i]) return values(fmt::format("f{}", i), a.f[i], b.f[i]);
  if (a.fflags != b.fflags) return values("fflags", a.fflags, b.fflags);
  if (a.frm != b.frm) return values("frm", a.frm, b.frm);
  for (size_t i = 0; i < a.memory.size(); ++i)
    if (a.memory[i] != b.memory[i])
      return values(fmt::format("byte {} of page {}", i % 64, i / 64 + 1), a.memory[i], b.memory[i]);
  if (and_pc && a.pc != b.pc) return values("pc", a.pc, b.pc);
  return {};
}

// --- The pairs

class Derivation {
 public:
  Derivation(Machine& machine, Instance instance, const State& base)
      : machine_(machine), instance_(instance), modes_(riscv::words_of(instance)), base_(base) {}

  Measured derive(const std::vector<Case>& cases, const Closing& closing) {
    for (const Case& c : cases) examine(c);
    if (low_.always()) result_.classes |= high_.always() ? kAlwaysTraps : kPriv;
    if (result_.classes == riscv::kInnocuous)
      result_.witnesses.push_back({0,
                                   assembly_of(cases[0].bits),
                                   {mode_words(modes_.low), mode_words(modes_.high)},
                                   {"the same", "the same"}});
    if (closing) check_closing(cases[0], closing);
    return std::move(result_);
  }

 private:
  // How often a mode trapped; faults of memory count for nothing.
  struct Traps {
    size_t trapped = 0, retired = 0;
    void note(const Outcome& o) {
      trapped += traps(o);
      retired += retires(o);
    }
    [[nodiscard]] bool always() const { return trapped != 0 && retired == 0; }
  };

  State start_of(const Case& c, Privilege mode) {
    State state = base_;
    if (c.operand) state.x[kValueRegister] = *c.operand;
    if (c.csr) {
      state = machine_.with_csr(state, c.csr->first, c.csr->second);
      // A write to fcsr made FS dirty; the instruction shall do it again.
      constexpr unsigned kLastOfFloat = 3;
      if (c.csr->first <= kLastOfFloat) state.system.csr.mstatus = base_.system.csr.mstatus;
    }
    return in_mode(state, mode);
  }

  void examine(const Case& c) {
    bits_ = c.bits;
    const State low = start_of(c, modes_.low), high = start_of(c, modes_.high);
    const Outcome in_low = machine_.run(low, bits_), in_high = machine_.run(high, bits_);
    low_.note(in_low);
    high_.note(in_high);
    if (low_.always()) note_trap(in_low, in_high);
    compare_modes("", low, high, in_low, in_high);
    look_for_change(low, in_low);
    look_for_change(high, in_high);
    if (!c.of_csr) {
      look_at_reservation(low);
      look_at_reservation(high);
      look_for_fence(low);
      look_for_fence(high);
      const ByLeaf map_of_low = look_for_map(low);
      const ByLeaf map_of_high = look_for_map(high);
      compare_maps(map_of_low, map_of_high);
    }
    // A write to a CSR shows nothing: what varies is of no interest.
    if (c.csr) return;
    for (const Variation& variation : variations()) {
      const State other_low = varied(low, variation), other_high = varied(high, variation);
      const Outcome varied_low = machine_.run(other_low, bits_),
                    varied_high = machine_.run(other_high, bits_);
      compare_states(variation, low, in_low, varied_low);
      compare_states(variation, high, in_high, varied_high);
      compare_modes(variation.words, other_low, other_high, varied_low, varied_high);
      if (low_.always() && retires(varied_low)) low_.note(varied_low);
    }
  }

  void look_at_reservation(const State& state) {
    for (const uint8_t width : {4, 8}) {
      State reserved = state;
      reserved.system.reservation = {true, width, {Machine::kData}};
      look_for_change(reserved, machine_.run(reserved, bits_));
    }
  }

  void witness(uint16_t flag, std::string state_a, std::string state_b, std::string a, std::string b) {
    ++result_.pairs;
    if (result_.classes & flag) return;
    result_.classes |= flag;
    result_.witnesses.push_back(
        {flag, assembly_of(bits_), {std::move(state_a), std::move(state_b)}, {std::move(a), std::move(b)}});
  }

  // The classes follow when all states have been tried; the witness is the first pair.
  void note_trap(const Outcome& in_low, const Outcome& in_high) {
    ++result_.pairs;
    const uint16_t flag = traps(in_high) ? kAlwaysTraps : kPriv;
    std::erase_if(result_.witnesses,
                  [](const Witness& w) { return w.shows == kPriv || w.shows == kAlwaysTraps; });
    result_.witnesses.push_back(
        {flag,
         assembly_of(bits_),
         {mode_words(modes_.low), mode_words(modes_.high)},
         {trap_words(in_low), traps(in_high) ? trap_words(in_high) : "does not trap"}});
  }

  void look_for_change(const State& before, const Outcome& after) {
    ++result_.pairs;
    if (!retires(after)) return;
    const std::vector<FieldChange> changed = changes(before.system, after.system);
    if (changed.empty()) return;
    Difference found;
    for (size_t i = 0; i < changed.size() && i < 4; ++i) {
      const Difference one = field_values(changed[i]);
      found.a += (i ? ", " : "") + one.a;
      found.b += (i ? ", " : "") + one.b;
    }
    if (changed.size() > 4) found.a += ", ...", found.b += ", ...";
    const std::string mode = mode_words(before.system.mode);
    witness(kCtrl, mode + ", before it", mode + ", behind it", found.a, found.b);
  }

  // A translation that was used, then changed: is the old one still used behind the instruction?
  void look_for_fence(State state) {
    state.paged = state.stale = true;
    constexpr uint32_t kNop = 0x13;
    const Outcome without = machine_.run(state, kNop), after = machine_.run(state, bits_);
    ++result_.pairs;
    if (!retires(after) || without.sees_new_page == after.sees_new_page) return;
    const std::string words =
        mode_words(state.system.mode) +
        ", a page's leaf was used and then changed (translations are kept, as on tlb-fenced)";
    witness(kCtrl, words + "; nop instead", words, "a load finds the old page",
            "a load finds the new page: the address map changed");
  }

  struct LeafWords {
    Leaf leaf;
    const char* words;
  };
  static constexpr std::array<LeafWords, 3> kLeaves = {
      {{Leaf::kFirst, "leads to page 1"}, {Leaf::kSecond, "leads to page 2"}, {Leaf::kNone, "is not valid"}}};
  using ByLeaf = std::array<Outcome, kLeaves.size()>;

  ByLeaf look_for_map(State state) {
    state.paged = true;
    const std::string mode = mode_words(state.system.mode) + ", the page's leaf ";
    ByLeaf outcomes;
    for (size_t i = 0; i < kLeaves.size(); ++i) {
      state.leaf = kLeaves[i].leaf;
      outcomes[i] = machine_.run(state, bits_);
      if (i == 0) continue;
      ++result_.pairs;
      if (const Difference found = access_difference(outcomes[0], outcomes[i]))
        witness(kAddr, mode + kLeaves[0].words, mode + kLeaves[i].words, found.a, found.b);
    }
    return outcomes;
  }

  // Completed or refused by memory, and with what result.
  static Difference access_difference(const Outcome& a, const Outcome& b) {
    if (traps(a) || traps(b)) return {};
    if (a.trapped == b.trapped) return a.trapped ? Difference{} : result_difference(a, b, true);
    const auto words = [](const Outcome& o) { return o.trapped ? trap_words(o) : "completes"; };
    return {words(a), words(b)};
  }

  // The tables for U and those for S say the same; M has none.
  void compare_maps(const ByLeaf& low, const ByLeaf& high) {
    if (modes_.high == Privilege::kMachine) return;
    for (size_t i = 0; i < kLeaves.size(); ++i) {
      ++result_.pairs;
      const std::string words = std::string(", the page's leaf ") + kLeaves[i].words;
      if (const Difference found = access_difference(low[i], high[i])) differs_by_mode(words, found);
    }
  }

  void compare_states(const Variation& variation, const State& state, const Outcome& a, const Outcome& b) {
    ++result_.pairs;
    if (!retires(a) || !retires(b)) return;
    if (const Difference found = result_difference(a, b, !changes_privilege(state, a)))
      witness(kBehav, mode_words(state.system.mode), mode_words(state.system.mode) + ", " + variation.words,
              found.a, found.b);
  }

  void compare_modes(const std::string& variation, const State& low, const State& high, const Outcome& a,
                     const Outcome& b) {
    ++result_.pairs;
    if (!retires(a) || !retires(b)) return;
    const bool returns = changes_privilege(low, a) || changes_privilege(high, b);
    Difference found = result_difference(a, b, !returns);
    if (!found && !returns) found = resource_difference(a.system, b.system);
    if (!found && a.ended_turn != b.ended_turn)
      found = values("gives up the turn", a.ended_turn, b.ended_turn);
    if (!found) return;
    differs_by_mode(variation.empty() ? "" : ", " + variation, found);
  }

  void differs_by_mode(const std::string& more, const Difference& found) {
    const Witness of_mode{kBehav,
                          assembly_of(bits_),
                          {mode_words(modes_.low) + more, mode_words(modes_.high) + more},
                          {found.a, found.b}};
    if (!result_.depends_on_mode) result_.of_mode = of_mode;
    result_.depends_on_mode = true;
    witness(kBehav, of_mode.states[0], of_mode.states[1], found.a, found.b);
  }

  static Difference resource_difference(System a, const System& b) {
    a.mode = b.mode;
    for (const FieldChange& change : changes(a, b))
      return values(change.field->name, change.before, change.after);
    return {};
  }

  void check_closing(const Case& c, const Closing& closing) {
    const State state = closed(start_of(c, modes_.low), closing, instance_);
    if (!traps(machine_.run(state, c.bits)))
      result_.problem = fmt::format("does not trap in {} with {}", mode_words(modes_.low),
                                    riscv::text_of(closing, instance_));
  }

  Machine& machine_;
  Instance instance_;
  const riscv::InstanceWords& modes_;
  const State& base_;
  uint32_t bits_ = 0;
  Traps low_, high_;
  Measured result_;
};

}  // namespace

Measured derive(Machine& machine, Instance instance, const State& base, const std::vector<Case>& cases,
                const Closing& closing) {
  return Derivation(machine, instance, base).derive(cases, closing);
}

}  // namespace vitrine::classes
