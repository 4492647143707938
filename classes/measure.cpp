// SPDX-License-Identifier: MIT
// What is executed, whether it agrees with the columns, and who is to blame if not.
#include "classes/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "classes/states.h"
#include "isa/riscv/csr.h"

namespace vitrine::classes {
namespace {

using riscv::Classification;
using riscv::kByCsr;
using riscv::Op;
using riscv::Row;

// --- Encodings

// Immediates are 0 in addresses and distances, so that accesses stay in their page; elsewhere the lowest bit
// is set.
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

// --- Agreement

std::string witness_words(const Witness& w) {
  return fmt::format("{}: {}: {}; {}: {}", w.instruction, w.states[0], w.outcomes[0], w.states[1],
                     w.outcomes[1]);
}

// Why column and measurement differ; empty: they agree.
std::string difference(const Classification& column, const Measured& measured, Instance instance) {
  const auto expected = static_cast<uint16_t>(column.classes & ~column.unseen);
  const std::string where = fmt::format("({})", riscv::words_of(instance).name);
  if (measured.classes != expected) {
    std::string text = fmt::format("{} the column says {}, measured is {}", where,
                                   riscv::class_text(expected), riscv::class_text(measured.classes));
    for (const Witness& w : measured.witnesses) text += "; " + witness_words(w);
    return text;
  }
  if (measured.depends_on_mode != column.shows_mode)
    return fmt::format("{} {}", where,
                       column.shows_mode
                           ? "the result should depend on the mode, and does not"
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
      base_ = base_state(machine_, instance);
      measure_instructions(instance);
      measure_csrs(instance);
    }
    blame_forms();
    return std::move(result_);
  }

 private:
  static size_t index(Instance instance) { return static_cast<size_t>(instance); }

  void disagree(const std::string& name, const std::string& text) {
    result_.disagreements.push_back({name, name + ": " + text});
  }

  // A row that stands for another's is to blame only if that one is not.
  void measure_instructions(Instance instance) {
    std::vector<std::string> differences(riscv::kOpCount);
    for (InstructionFinding& finding : result_.instructions) {
      const Row& row = riscv::row_of(finding.op);
      const Classification column = riscv::classify(row, instance);
      if (column.classes & kByCsr) continue;
      finding.measured[index(instance)] = derive(machine_, instance, base_, cases_of(row), column.closing);
      differences[static_cast<size_t>(finding.op)] =
          difference(column, finding.measured[index(instance)], instance);
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

  void measure_csrs(Instance instance) {
    for (size_t i = 0; i < result_.csrs.size(); ++i)
      for (const CsrAccess access : riscv::kCsrAccesses)
        for (const Op form : {Op::csrrw, Op::csrrs, Op::csrrc, Op::csrrwi, Op::csrrsi, Op::csrrci})
          measure_form({form, i, instance, access, {}});
  }

  void measure_form(Cell cell) {
    CsrFinding& csr = result_.csrs[cell.csr];
    const std::vector<Case> cases = cases_of(cell.form, csr.number, cell.access);
    if (cases.empty()) return;
    unsigned place = 0;
    const Classification column =
        riscv::classify(*riscv::find_csr(csr.number, place), csr.number, cell.instance, cell.access);
    Measured measured = derive(machine_, cell.instance, base_, cases, column.closing);
    cell.difference = difference(column, measured, cell.instance);
    Measured& kept = csr.measured[index(cell.instance)][static_cast<size_t>(cell.access)];
    if (kept.pairs == 0 || !cell.difference.empty()) kept = std::move(measured);
    cells_.push_back(std::move(cell));
  }

  static bool is_immediate(Op form) { return form == Op::csrrwi || form == Op::csrrsi || form == Op::csrrci; }

  // Reads: csrrs and its kin with x0 or 0. Writes: csrrw to x0 and the others with something to set or to
  // clear, from several values of the CSR.
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
    const auto is_to_blame = [&](Op form) {
      return wrong_of_all[form].first * 4 > wrong_of_all[form].second;
    };
    for (const auto& [form, counts] : wrong_of_all)
      if (is_to_blame(form))
        disagree(std::string(riscv::row_of(form).name),
                 fmt::format("wrong with {} of {} accesses to CSRs; {}", counts.first, counts.second,
                             first_wrong(form)));
    std::map<size_t, std::string> wrong_csrs;
    for (const Cell& cell : cells_)
      if (!cell.difference.empty() && !is_to_blame(cell.form))
        wrong_csrs.try_emplace(cell.csr,
                               fmt::format("({}) {}", riscv::text_of(cell.access), cell.difference));
    for (const auto& [csr, text] : wrong_csrs) disagree(result_.csrs[csr].name, text);
  }

  std::string first_wrong(Op form) const {
    for (const Cell& cell : cells_)
      if (cell.form == form && !cell.difference.empty())
        return result_.csrs[cell.csr].name + ": " + cell.difference;
    return "";
  }

  Machine machine_;
  State base_;
  std::vector<Cell> cells_;
  Measurements result_;
};

}  // namespace

Measurements measure(const Around& around) { return Measuring(around).run(); }

}  // namespace vitrine::classes
