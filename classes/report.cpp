// SPDX-License-Identifier: MIT
// The table, and one witness.
#include "classes/report.h"

#include <fmt/format.h>

#include "classes/states.h"

namespace vitrine::classes {
namespace {

using riscv::Condition;

std::string wrapped(const std::string& text, size_t indent, size_t width) {
  std::string out, line;
  const std::string margin(indent, ' ');
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      out += margin + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + margin + line + "\n";
}

std::string reason_text(const Line& line, Instance instance) {
  const std::string closing = closing_text(line.column, instance);
  return line.column.reason + (closing.empty() ? "" : "; " + closing);
}

bool same(const Entry& entry) {
  return entry.lines[0].column.classes == entry.lines[1].column.classes &&
         reason_text(entry.lines[0], Instance::kOne) == reason_text(entry.lines[1], Instance::kTwo) &&
         entry.lines[0].column.spec == entry.lines[1].column.spec;
}

std::string table_line(const std::string& name, std::string_view instance, const Line& line, Instance which) {
  return fmt::format("{:<22} {:<8} {:<44} {:<24} {}\n", name, instance,
                     riscv::class_text(line.column.classes), line.column.spec, reason_text(line, which));
}

std::string entry_lines(const Entry& entry) {
  const std::string name =
      entry.access.empty() ? entry.name : fmt::format("{} ({})", entry.name, entry.access);
  if (same(entry)) return table_line(name, "(i) (ii)", entry.lines[0], Instance::kOne);
  return table_line(name, "(i)", entry.lines[0], Instance::kOne) +
         table_line(name, "    (ii)", entry.lines[1], Instance::kTwo);
}

std::string condition_text(Instance instance) {
  const Condition condition = riscv::condition_of(instance);
  const riscv::InstanceWords& words = riscv::words_of(instance);
  std::string text = fmt::format("({}) {}\n", words.name, words.what);
  text += wrapped(condition.verdict, 4, 100);
  text += wrapped(condition.counts(), 4, 100);
  for (const Condition::Group& closed : condition.closed)
    text += wrapped(fmt::format("Trap with {}: {}.", closed.what, riscv::listed(closed.names)), 4, 100);
  for (const Condition::Group& open : condition.exceptions)
    text += wrapped(fmt::format("Do not trap ({}): {}.", open.what, riscv::listed(open.names)), 4, 100);
  return text + wrapped(condition.why, 4, 100);
}

std::string wrong_names(const Report& report) {
  std::vector<std::string> names;
  for (const Disagreement& d : report.disagreements)
    if (names.empty() || names.back() != d.name) names.push_back(d.name);
  return riscv::listed(names);
}

// What was measured of "no register shows the mode".
std::string mode_line(const Report& report) {
  std::string text;
  for (const Entry& entry : entries(report))
    for (const Instance instance : riscv::kInstances) {
      const Measured& it = *entry.lines[static_cast<size_t>(instance)].measured;
      if (it.depends_on_mode)
        text +=
            fmt::format("{}{} in ({})", text.empty() ? "" : ", ", entry.name, riscv::words_of(instance).name);
    }
  return "\nNo result shows the mode" + (text.empty() ? "" : " but that of " + text) + ".\n";
}

std::string witness_lines(const Witness& w) {
  const std::string what = w.shows == 0 ? "innocuous" : std::string(riscv::class_words(w.shows).back());
  // A flag alone reads as sensitive or innocuous, too: its own word is the one that is asked for.
  std::string word = what;
  if (w.shows == riscv::kPriv) word = "privileged";
  if (w.shows == riscv::kAlwaysTraps) word = "always traps";
  return fmt::format("    {}: {}\n      state 1: {}\n        -> {}\n      state 2: {}\n        -> {}\n", word,
                     w.instruction, w.states[0], w.outcomes[0], w.states[1], w.outcomes[1]);
}

std::string measured_text(const Entry& entry, Instance instance) {
  const Line& line = entry.lines[static_cast<size_t>(instance)];
  const std::string access = entry.access.empty() ? "" : " (" + entry.access + ")";
  std::string text =
      fmt::format("  ({}){} {}\n    {} [{}]\n", riscv::words_of(instance).name, access,
                  riscv::class_text(line.column.classes), reason_text(line, instance), line.column.spec);
  if (!line.measured || line.measured->pairs == 0) return text;
  for (const Witness& w : line.measured->witnesses) text += witness_lines(w);
  return text + fmt::format("    {} pairs of states compared\n", line.measured->pairs);
}

std::string foreign_text(const ForeignInstruction& it) {
  std::string text = fmt::format("{}\n  (x86: {}) {}\n    {} [{}]\n", it.name, kForeignInstance,
                                 riscv::class_text(it.classes), it.reason, it.spec);
  for (const Witness& w : it.witnesses) text += witness_lines(w);
  return it.note.empty() ? text : text + "    " + it.note + "\n";
}

}  // namespace

std::string closing_text(const riscv::Classification& column, Instance instance) {
  if (!column.closing) return "";
  const std::string setting = riscv::text_of(column.closing, instance);
  return fmt::format("traps with {}{}", setting,
                     riscv::is_lasting(column.closing, instance) ? "" : ", which the guest can undo");
}

std::vector<Entry> entries(const Report& report) {
  std::vector<Entry> list;
  for (size_t i = 1; i < riscv::kOpCount; ++i) {
    const riscv::Row& row = riscv::kRows[i];
    Entry entry{std::string(row.name), "", std::string(riscv::name_of(row.extension)), {}};
    for (const Instance instance : riscv::kInstances) {
      const auto at = static_cast<size_t>(instance);
      entry.lines[at].column = riscv::classify(row, instance);
      if (report.measured) entry.lines[at].measured = &report.measured->instructions[i - 1].measured[at];
    }
    list.push_back(std::move(entry));
  }
  size_t csr = 0;
  for (const riscv::CsrRow& row : riscv::csr_rows()) {
    for (unsigned i = 0; i < row.count; ++i, ++csr) {
      for (const CsrAccess access : riscv::kCsrAccesses) {
        Entry entry{riscv::csr_name(row, i), std::string(riscv::text_of(access)), "CSRs", {}};
        for (const Instance instance : riscv::kInstances) {
          const auto at = static_cast<size_t>(instance);
          entry.lines[at].column = riscv::classify(row, row.number + i * row.stride, instance, access);
          if (report.measured)
            entry.lines[at].measured = &report.measured->csrs[csr].measured[at][static_cast<size_t>(access)];
        }
        list.push_back(std::move(entry));
      }
    }
  }
  return list;
}

std::string as_table(const Report& report) {
  std::string text = "Classes of instructions and CSR accesses (Popek and Goldberg), for two instances:\n";
  for (const Instance instance : riscv::kInstances)
    text += fmt::format("  {:<5} {}\n", fmt::format("({})", riscv::words_of(instance).name),
                        riscv::words_of(instance).what);
  text += "\n";
  for (const riscv::ClassDefinition& d : riscv::class_definitions())
    text += fmt::format("  {:<20} {}", d.word, wrapped(std::string(d.meaning), 23, 120).substr(23));
  std::string group;
  for (const Entry& entry : entries(report)) {
    if (entry.group != group) text += fmt::format("\n{}\n", entry.group);
    group = entry.group;
    text += entry_lines(entry);
  }
  text += "\nx86\n";
  for (const ForeignInstruction& it : report.x86)
    text += fmt::format("{:<22} {:<8} {:<44} {:<24} {}\n", it.name, "", riscv::class_text(it.classes),
                        it.spec, it.reason);
  text += "\nPopek and Goldberg's condition: is everything sensitive privileged?\n";
  for (const Instance instance : riscv::kInstances) text += condition_text(instance);
  if (!report.measured) return text + "\nThese are the columns; --measure executes each and compares.\n";
  for (const ForeignInstruction& it : report.x86) text += fmt::format("\n{}: {}\n", it.name, it.note);
  size_t pairs = 0;
  for (const Entry& entry : entries(report))
    for (const Line& line : entry.lines) pairs += line.measured->pairs;
  return text + mode_line(report) +
         fmt::format("\nMeasured: {} pairs of states; {}.\n", pairs,
                     report.disagreements.empty()
                         ? "all agree with the columns"
                         : "not as the columns say: " + wrong_names(report));
}

std::vector<std::string> names(const Report& report) {
  std::vector<std::string> list;
  for (const Entry& entry : entries(report))
    if (list.empty() || list.back() != entry.name) list.push_back(entry.name);
  for (const ForeignInstruction& it : report.x86) list.push_back(it.name);
  return list;
}

std::optional<std::string> as_witness(const Report& report, const std::string& name) {
  std::string text;
  for (const Entry& entry : entries(report)) {
    if (entry.name != name) continue;
    if (text.empty()) text = name + "\n";
    for (const Instance instance : riscv::kInstances) text += measured_text(entry, instance);
  }
  if (!text.empty()) {
    for (const Instance instance : riscv::kInstances)
      text += fmt::format("  ({}) all states: {}\n", riscv::words_of(instance).name, describe_base(instance));
    return text;
  }
  for (const ForeignInstruction& it : report.x86)
    if (it.name == name) return foreign_text(it);
  return std::nullopt;
}

}  // namespace vitrine::classes
