// SPDX-License-Identifier: MIT
// States, pairs, and what follows from them. From top to bottom: the states, the encodings that are tried, the derivation
// for one instance, all instructions, all CSRs, and who is to blame for a disagreement.
#include "classes/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "classes/resources.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/handler.h"

namespace vitrine::classes {
namespace {

using riscv::Classification;
using riscv::Closing;
using riscv::Extension;
using riscv::kAddr;
using riscv::kAlwaysTraps;
using riscv::kBehav;
using riscv::kByCsr;
using riscv::kCtrl;
using riscv::kPriv;
using riscv::Op;
using riscv::Row;
namespace ms = riscv::mstatus;
namespace env = riscv::envcfg;

// --- States

constexpr unsigned kValueRegister = 11;  // what is written to CSRs, and the address of memory accesses
constexpr unsigned kZeroRegister = 14;   // holds 0, as x0 does; compressed branches can name it
constexpr uint64_t kDelegable = 0xb3ff, kSupervisorInterrupts = 0x2222;

void set_trap_registers(riscv::TrapCsrs& trap, uint64_t from) {
  trap = {from, from + 0x108, 2, from + 0x210, from + 0x318};
}

// What firmware and a hypervisor leave behind: everything allowed that can be allowed, FS = Initial, no interrupt pending.
State base_state(Machine& machine, Instance instance) {
  const bool first = instance == Instance::kOne;
  State state = machine.after_reset();
  riscv::Csrs& csr = state.system.csr;
  csr.mstatus |= ms::kSpp | (uint64_t{1} << ms::kMppShift) | ms::kSpie | ms::kMpie | (uint64_t{1} << 13);
  if (!first) csr.mstatus |= ms::kTvm | ms::kTw | ms::kTsr;
  csr.medeleg = first ? kDelegable : 0;
  csr.mideleg = kSupervisorInterrupts;
  csr.mie = 0x220;
  csr.mcounteren = csr.scounteren = 0x7ffff;
  csr.menvcfg |= env::kStce | env::kCbcfe | env::kCbze | uint64_t{1} << 4;
  csr.senvcfg = env::kCbcfe | env::kCbze | uint64_t{1} << 4;
  csr.stimecmp = ~uint64_t{0} >> 1;
  set_trap_registers(csr.s, Machine::kRam + 0x4000);
  set_trap_registers(csr.m, Machine::kRam + 0x5000);
  for (uint64_t& event : csr.hpm_event) event = 2;
  csr.hpm_event[0] |= uint64_t{1} << 63;  // one has overflowed
  for (unsigned i = 0; i < std::size(csr.counters); ++i) csr.counters[i] = {1000 * (i + 1), 0};
  csr.pmpcfg[0] = 0x1f;
  csr.pmpaddr[0] = (uint64_t{1} << 54) - 1;
  for (unsigned i = 0; i < 32; ++i) {
    state.x[i] = uint64_t{0x1111} * i;
    const double value = 1.5 + i;
    std::memcpy(&state.f[i], &value, sizeof value);
  }
  state.x[2] = state.x[kValueRegister] = Machine::kData;
  state.x[kZeroRegister] = 0;
  state.x[12] = Machine::kAsid;  // the second operand, which fences take for an ASID
  return state;
}

State in_mode(State state, Privilege mode) {
  state.system.mode = mode;
  return state;
}
State with(State state, const Variation& variation) {
  variation.apply(state);
  return state;
}
State closed(State state, const Closing& closing, Instance instance) {
  riscv::Csrs& csr = state.system.csr;
  const bool first = instance == Instance::kOne;
  uint64_t& envcfg = first ? csr.senvcfg : csr.menvcfg;
  switch (closing.kind) {
    case Closing::Kind::kFloat: csr.mstatus &= ~ms::kFs; break;
    case Closing::Kind::kCounter: (first ? csr.scounteren : csr.mcounteren) &= ~(1u << closing.counter); break;
    case Closing::Kind::kTimer: csr.menvcfg &= ~env::kStce; break;
    case Closing::Kind::kInval: envcfg &= ~env::kCbie; break;
    case Closing::Kind::kClean: envcfg &= ~env::kCbcfe; break;
    case Closing::Kind::kZero: envcfg &= ~env::kCbze; break;
    case Closing::Kind::kNone: break;
  }
  return state;
}

std::string mode_words(Privilege mode) { return fmt::format("{} mode", riscv::letter_of(mode)); }

// --- Encodings

// Immediates are 0 in addresses and distances, so that accesses stay in their page; elsewhere the lowest bit is set.
bool wants_immediate(const Row& row) {
  if (row.constraint.find("i!=0") != std::string_view::npos) return true;
  const Row& full = riscv::row_of(row.expands_to);
  return !full.has(riscv::kLoad | riscv::kStore | riscv::kAmo | riscv::kBranch | riscv::kJump);
}

// Fields of a row's pattern: rd a0, rs1 and rs2 as told, rs3 f13.
uint32_t encoding_of(const Row& row, unsigned rs1, unsigned rs2) {
  uint32_t bits = 0;
  const auto widths = [&](char letter) { return std::count(row.pattern.begin(), row.pattern.end(), letter); };
  std::map<char, unsigned> seen;
  const bool immediate = wants_immediate(row);
  for (const char c : row.pattern) {
    if (c == ' ') continue;
    const char letter = static_cast<char>(c | 0x20);
    const auto width = static_cast<unsigned>(widths(c));
    const unsigned place = width - 1 - seen[c]++;  // of this bit in its field
    const std::pair<char, unsigned> registers[] = {{'d', 10}, {'s', rs1}, {'t', rs2}, {'r', 13}, {'z', 1}};
    unsigned value = letter == 'i' && immediate ? 1 : 0;
    for (const auto& [field, number] : registers)
      if (letter == field) value = width == 3 ? number - 8 : number;
    const bool one = c == '1' || (c != '0' && c != '-' && ((value >> place) & 1));
    bits = bits << 1 | (one ? 1 : 0);
  }
  return bits;
}

uint32_t csr_instruction(Op op, unsigned csr, unsigned rs1, unsigned rd) {
  return riscv::row_of(op).match | csr << 20 | rs1 << 15 | rd << 7;
}

std::string assembly_of(uint32_t bits) {
  const riscv::Insn insn = riscv::decode(bits, riscv::ExtensionSet::standard());
  return fmt::format("{} ({:#0{}x})", riscv::disassemble(insn, Machine::kCode, riscv::Style::friendly), bits,
                     insn.length * 2 + 2);
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
    if (a.memory[i] != b.memory[i]) return values(fmt::format("byte {} of page {}", i % 64, i / 64 + 1), a.memory[i], b.memory[i]);
  if (and_pc && a.pc != b.pc) return values("pc", a.pc, b.pc);
  return {};
}

// --- One instance

// What is executed: encodings, each with what a1 holds, from states of its own.
struct Case {
  uint32_t bits;
  bool of_csr = false;  // it is about a CSR alone: memory and reservations are left out
  std::optional<uint64_t> operand = {};
  std::optional<std::pair<unsigned, uint64_t>> csr = {};  // written before
};

class Derivation {
 public:
  Derivation(Machine& machine, Instance instance)
      : machine_(machine), instance_(instance), modes_(riscv::words_of(instance)), base_(base_state(machine, instance)) {}

  Measured derive(const std::vector<Case>& cases, const Closing& closing) {
    result_ = {};
    low_ = high_ = {};
    for (const Case& c : cases) examine(c);
    if (low_.always()) result_.classes |= high_.always() ? kAlwaysTraps : kPriv;
    if (result_.classes == riscv::kInnocuous)
      result_.witnesses.push_back({0, assembly_of(cases[0].bits), {mode_words(modes_.low), mode_words(modes_.high)},
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
      const State other_low = with(low, variation), other_high = with(high, variation);
      const Outcome varied_low = machine_.run(other_low, bits_), varied_high = machine_.run(other_high, bits_);
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
    std::erase_if(result_.witnesses, [](const Witness& w) { return w.shows == kPriv || w.shows == kAlwaysTraps; });
    result_.witnesses.push_back({flag, assembly_of(bits_), {mode_words(modes_.low), mode_words(modes_.high)},
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
        mode_words(state.system.mode) + ", a page's leaf was used and then changed (translations are kept, as on tlb-fenced)";
    witness(kCtrl, words + "; nop instead", words, "a load finds the old page", "a load finds the new page: the address map changed");
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
      witness(kBehav, mode_words(state.system.mode), mode_words(state.system.mode) + ", " + variation.words, found.a, found.b);
  }

  void compare_modes(const std::string& variation, const State& low, const State& high, const Outcome& a, const Outcome& b) {
    ++result_.pairs;
    if (!retires(a) || !retires(b)) return;
    const bool returns = changes_privilege(low, a) || changes_privilege(high, b);
    Difference found = result_difference(a, b, !returns);
    if (!found && !returns) found = resource_difference(a.system, b.system);
    if (!found && a.ended_turn != b.ended_turn) found = values("gives up the turn", a.ended_turn, b.ended_turn);
    if (!found) return;
    differs_by_mode(variation.empty() ? "" : ", " + variation, found);
  }

  void differs_by_mode(const std::string& more, const Difference& found) {
    const Witness of_mode{kBehav, assembly_of(bits_), {mode_words(modes_.low) + more, mode_words(modes_.high) + more},
                          {found.a, found.b}};
    if (!result_.depends_on_mode) result_.of_mode = of_mode;
    result_.depends_on_mode = true;
    witness(kBehav, of_mode.states[0], of_mode.states[1], found.a, found.b);
  }

  static Difference resource_difference(System a, const System& b) {
    a.mode = b.mode;
    for (const FieldChange& change : changes(a, b)) return values(change.field->name, change.before, change.after);
    return {};
  }

  void check_closing(const Case& c, const Closing& closing) {
    const State state = closed(start_of(c, modes_.low), closing, instance_);
    if (!traps(machine_.run(state, c.bits)))
      result_.problem = fmt::format("does not trap in {} with {}", mode_words(modes_.low), riscv::text_of(closing, instance_));
  }

  Machine& machine_;
  Instance instance_;
  const riscv::InstanceWords& modes_;
  State base_;
  uint32_t bits_ = 0;
  Traps low_, high_;
  Measured result_;
};

// --- Agreement

std::string witness_words(const Witness& w) {
  return fmt::format("{}: {}: {}; {}: {}", w.instruction, w.states[0], w.outcomes[0], w.states[1], w.outcomes[1]);
}

// Why column and measurement differ; empty: they agree.
std::string difference(const Classification& column, const Measured& measured, Instance instance) {
  const auto expected = static_cast<uint16_t>(column.classes & ~column.unseen);
  const std::string where = fmt::format("({})", riscv::words_of(instance).name);
  if (measured.classes != expected) {
    std::string text = fmt::format("{} the column says {}, measured is {}", where, riscv::class_text(expected),
                                   riscv::class_text(measured.classes));
    for (const Witness& w : measured.witnesses) text += "; " + witness_words(w);
    return text;
  }
  if (measured.depends_on_mode != column.shows_mode)
    return fmt::format("{} {}", where, column.shows_mode ? "the result should depend on the mode, and does not"
                                                         : "the result depends on the mode: " + witness_words(measured.of_mode));
  return measured.problem.empty() ? "" : where + " it " + measured.problem;
}

// --- Everything

class Measuring {
 public:
  explicit Measuring(const Around& around) : machine_(around) {}

  Measurements run() {
    for (size_t i = 1; i < riscv::kOpCount; ++i) result_.instructions.push_back({static_cast<Op>(i), {}});
    for (const riscv::CsrRow& row : riscv::csr_rows())
      for (unsigned i = 0; i < row.count; ++i)
        result_.csrs.push_back({row.number + i * row.stride, riscv::csr_name(row, i), {}});
    for (const Instance instance : riscv::kInstances) {
      Derivation derivation(machine_, instance);
      measure_instructions(derivation, instance);
      measure_csrs(derivation, instance);
    }
    blame_forms();
    return std::move(result_);
  }

 private:
  static size_t index(Instance instance) { return static_cast<size_t>(instance); }

  void disagree(const std::string& name, const std::string& text) { result_.disagreements.push_back({name, name + ": " + text}); }

  // A row that stands for another's is to blame only if that one is not.
  void measure_instructions(Derivation& derivation, Instance instance) {
    std::vector<std::string> differences(riscv::kOpCount);
    for (InstructionFinding& finding : result_.instructions) {
      const Row& row = riscv::row_of(finding.op);
      const Classification column = riscv::classify(row, instance);
      if (column.classes & kByCsr) continue;
      finding.measured[index(instance)] = derivation.derive(cases_of(row), column.closing);
      differences[static_cast<size_t>(finding.op)] = difference(column, finding.measured[index(instance)], instance);
    }
    for (size_t i = 1; i < riscv::kOpCount; ++i) {
      const auto full = static_cast<size_t>(riscv::kRows[i].expands_to);
      if (differences[i].empty() || (full != i && !differences[full].empty())) continue;
      disagree(std::string(riscv::kRows[i].name), differences[i]);
    }
  }

  // Of a branch also those that compare the other way round, and equal values: one of them is taken.
  static std::vector<Case> cases_of(const Row& row) {
    std::vector<Case> cases = {Case{encoding_of(row, 11, 12)}};
    if (!riscv::row_of(row.expands_to).has(riscv::kBranch)) return cases;
    cases.push_back(Case{encoding_of(row, 12, 11)});
    cases.push_back(Case{encoding_of(row, kZeroRegister, kZeroRegister)});
    return cases;
  }

  // Each CSR by each of the six instructions. What all of them find is the CSR's class.
  struct Cell {
    Op form;
    size_t csr;
    Instance instance;
    CsrAccess access;
    std::string difference;
  };

  void measure_csrs(Derivation& derivation, Instance instance) {
    for (size_t i = 0; i < result_.csrs.size(); ++i)
      for (const CsrAccess access : riscv::kCsrAccesses)
        for (const Op form : {Op::csrrw, Op::csrrs, Op::csrrc, Op::csrrwi, Op::csrrsi, Op::csrrci})
          measure_form(derivation, {form, i, instance, access, {}});
  }

  void measure_form(Derivation& derivation, Cell cell) {
    CsrFinding& csr = result_.csrs[cell.csr];
    const std::vector<Case> cases = cases_of(cell.form, csr.number, cell.access);
    if (cases.empty()) return;
    unsigned place = 0;
    const Classification column = riscv::classify(*riscv::find_csr(csr.number, place), csr.number, cell.instance, cell.access);
    Measured measured = derivation.derive(cases, column.closing);
    cell.difference = difference(column, measured, cell.instance);
    Measured& kept = csr.measured[index(cell.instance)][static_cast<size_t>(cell.access)];
    if (kept.pairs == 0 || !cell.difference.empty()) kept = std::move(measured);
    cells_.push_back(std::move(cell));
  }

  static bool is_immediate(Op form) { return form == Op::csrrwi || form == Op::csrrsi || form == Op::csrrci; }

  // Reads: csrrs and its kin with x0 or 0. Writes: csrrw to x0 and the others with something to set or to clear, from
  // several values of the CSR.
  static std::vector<Case> cases_of(Op form, unsigned csr, CsrAccess access) {
    const bool replaces = form == Op::csrrw || form == Op::csrrwi;
    if (access == CsrAccess::kRead) {
      if (replaces) return {};
      return {Case{csr_instruction(form, csr, 0, 10), true}};
    }
    static constexpr uint64_t kValues[] = {~uint64_t{0}, 31, 0, 2, 1};
    std::vector<Case> cases;
    for (const uint64_t before : kValues) {
      const std::pair<unsigned, uint64_t> start{csr, before};
      for (const uint64_t value : kValues) {
        if (is_immediate(form) && (value > 31 || (!replaces && value == 0))) continue;
        const unsigned source = is_immediate(form) ? static_cast<unsigned>(value) : kValueRegister;
        cases.push_back({csr_instruction(form, csr, source, 0), true, value, start});
      }
    }
    return cases;
  }

  // An instruction that is wrong with most CSRs is to blame itself; otherwise the CSR is.
  void blame_forms() {
    std::map<Op, std::pair<size_t, size_t>> wrong_of_all;
    for (const Cell& cell : cells_) {
      auto& [wrong, all] = wrong_of_all[cell.form];
      ++all;
      wrong += !cell.difference.empty();
    }
    const auto is_to_blame = [&](Op form) { return wrong_of_all[form].first * 4 > wrong_of_all[form].second; };
    for (const auto& [form, counts] : wrong_of_all)
      if (is_to_blame(form))
        disagree(std::string(riscv::row_of(form).name),
                 fmt::format("wrong with {} of {} accesses to CSRs; {}", counts.first, counts.second, first_wrong(form)));
    std::map<size_t, std::string> wrong_csrs;
    for (const Cell& cell : cells_)
      if (!cell.difference.empty() && !is_to_blame(cell.form))
        wrong_csrs.try_emplace(cell.csr, fmt::format("({}) {}", riscv::text_of(cell.access), cell.difference));
    for (const auto& [csr, text] : wrong_csrs) disagree(result_.csrs[csr].name, text);
  }

  std::string first_wrong(Op form) const {
    for (const Cell& cell : cells_)
      if (cell.form == form && !cell.difference.empty()) return result_.csrs[cell.csr].name + ": " + cell.difference;
    return "";
  }

  Machine machine_;
  std::vector<Cell> cells_;
  Measurements result_;
};

}  // namespace

Measurements measure(const Around& around) { return Measuring(around).run(); }

std::string describe_base(Instance instance) {
  const char* common =
      "FS = Initial, all counters and cache-block instructions allowed, menvcfg.STCE = 1, no interrupt pending, SPP = S, "
      "MPP = S, satp = 0 (where translation is spoken of: Sv39), one PMP region open";
  return instance == Instance::kOne ? fmt::format("TVM, TW and TSR = 0, guest traps to S, {}", common)
                                    : fmt::format("TVM, TW and TSR = 1, guest traps to M, {}", common);
}

}  // namespace vitrine::classes
