// SPDX-License-Identifier: MIT
// `vitrine classes [--measure] [--format table|json|html] [--witness NAME]`
#include <fmt/format.h>

#include <cstdio>

#include "app/classes_verb.h"
#include "app/help.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/text.h"
#include "classes/report.h"
#include "core/file.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "isa/x86/popf.h"
#endif

namespace vitrine::app {
namespace {

using classes::ForeignInstruction;
using classes::Report;

constexpr std::string_view kFormats[] = {"table", "json", "html"};
constexpr std::string_view kOptions[] = {"--measure", "--format", "--witness", "--help"};

ForeignInstruction popf() {
  return {"popf",
          riscv::kCtrl | riscv::kBehav,
          "writes IF, the interrupt enable; but when CPL > IOPL it leaves IF unchanged, without a fault: "
          "sensitive, not "
          "privileged, and the hypervisor never hears of it",
          "Intel SDM vol. 2, POPF",
          {},
          ""};
}

#ifdef VITRINE_HAS_TRANSLATOR
std::string_view set_or_clear(bool set) { return set ? "set" : "clear"; }

void measure_popf(Report& report) {
  ForeignInstruction& it = report.x86.front();
  const x86::Popf seen = x86::execute_popf();
  const bool was_set = seen.before & x86::kInterruptFlag;
  const std::string state = fmt::format("CPL {}, IOPL {}, IF {}", seen.cpl, seen.iopl, set_or_clear(was_set));
  const std::string outcome = seen.trapped
                                  ? "traps"
                                  : fmt::format("no fault; CF is {}, IF is {}",
                                                seen.carry_changed() ? "inverted, as asked for" : "unchanged",
                                                seen.interrupt_flag_changed() ? "inverted" : "unchanged");
  it.witnesses.push_back(
      {riscv::kBehav,
       fmt::format("popf of {:#x} (IF and CF inverted); pushf then reads {:#x}", seen.wanted, seen.after),
       {state, "CPL 0 (from the manual: no user program can be there)"},
       {outcome, "no fault; CF and IF are inverted"}});
  it.note = fmt::format(
      "executed on this host at CPL {}, IOPL {}: IF {}, popf asks for IF {}, pushf reads IF {}; {}.",
      seen.cpl, seen.iopl, set_or_clear(was_set), set_or_clear(!was_set),
      set_or_clear(seen.after & x86::kInterruptFlag), seen.trapped ? "it trapped" : "no fault");
  if (seen.trapped || seen.interrupt_flag_changed() || !seen.carry_changed())
    report.disagreements.push_back({"popf", "popf: " + outcome + " (" + state + ")"});
}
#else
void measure_popf(Report& report) {
  report.x86.front().note =
      "not executed: it is an instruction of x86-64, and this program was built without that part.";
}
#endif

struct Wanted {
  bool measure = false;
  std::string format = "table";
  std::string witness;
};

int refuse(const Program& program, const std::string& text) {
  complain(text);
  std::fprintf(stderr, "How it is used: %s classes --help\n", program.name.c_str());
  return exit_code::kUsage;
}

// The value of an option: behind '=', or the next word. Nothing: there is none.
std::optional<std::string> value_of(const std::string& word, const std::vector<std::string>& words,
                                    size_t& at) {
  if (const size_t equals = word.find('='); equals != std::string::npos) return word.substr(equals + 1);
  if (at + 1 >= words.size()) return std::nullopt;
  return words[++at];
}

std::string meant(const std::string& word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format(" Did you mean: {}", near);
}

// What is wrong with the words; empty: nothing.
std::string parse(const std::vector<std::string>& words, Wanted& wanted) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string option = word.substr(0, word.find('='));
    if (word == "--measure") {
      wanted.measure = true;
    } else if (option == "--format" || option == "--witness") {
      const auto value = value_of(word, words, i);
      if (!value || value->empty()) return fmt::format("{} wants a value.", option);
      (option == "--format" ? wanted.format : wanted.witness) = *value;
    } else {
      return fmt::format("classes has no option '{}'.{}", core::printable(word), meant(word, kOptions));
    }
  }
  for (const std::string_view format : kFormats)
    if (wanted.format == format) return "";
  return fmt::format("--format is table, json or html, not '{}'.{}", core::printable(wanted.format),
                     meant(wanted.format, kFormats));
}

int print(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!written) complain("the output cannot be written.");
  return written ? exit_code::kSuccess : exit_code::kMissing;
}

int print_witness(const Program& program, const Report& report, const std::string& name) {
  const auto text = classes::as_witness(report, name);
  if (text) return print(*text);
  const std::vector<std::string> all = classes::names(report);
  const std::vector<std::string_view> views(all.begin(), all.end());
  return refuse(program, fmt::format("there is no instruction and no CSR '{}'.{}", core::printable(name),
                                     meant(name, views)));
}

std::string in_format(const Report& report, const std::string& format) {
  if (format == "json") return classes::as_json(report);
  return format == "html" ? classes::as_page(report) : classes::as_table(report);
}

}  // namespace

std::vector<std::string> classes_option_names() {
  std::vector<std::string> names;
  for (const std::string_view option : kOptions)
    if (option != "--help") names.emplace_back(option);
  return names;
}

int classes_verb(const Program& program, const std::vector<std::string>& words) {
  Wanted wanted;
  if (const std::string problem = parse(words, wanted); !problem.empty()) return refuse(program, problem);
  Report report;
  report.x86.push_back(popf());
  if (wanted.measure || !wanted.witness.empty()) {
    report.measured = classes::measure();
    report.disagreements = report.measured->disagreements;
    measure_popf(report);
  }
  const int written = wanted.witness.empty() ? print(in_format(report, wanted.format))
                                             : print_witness(program, report, wanted.witness);
  if (written != exit_code::kSuccess) return written;
  for (const classes::Disagreement& d : report.disagreements)
    complain("measurement and column disagree: " + d.text);
  return report.disagreements.empty() ? exit_code::kSuccess : 1;
}

}  // namespace vitrine::app
