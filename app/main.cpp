// SPDX-License-Identifier: MIT
// The `vitrine` program: finds the verb and hands the words on.
#include <fmt/format.h>

#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <new>
#include <span>
#include <system_error>

#include "app/classes_verb.h"
#include "app/crash_report.h"
#include "app/debug/debug_verb.h"
#include "app/explain_verb.h"
#include "app/help.h"
#include "app/identity.h"
#include "app/lab_verb.h"
#include "app/options.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/qemu.h"
#include "app/suite_verb.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kVerbs[] = {"run", "lab", "bisect", "explain", "replay", "debug", "dap", "inspect", "classes", "suite", "doctor", "qemu", "help"};

int unknown_verb(const Program& program, const std::string& word) {
  const std::string_view meant = nearest(word, kVerbs);
  std::string hint;
  if (!meant.empty()) hint = fmt::format("{} {}", program.name, meant);
  // A guest or a file where the verb should be: the verb was forgotten.
  if (meant.empty() && !word.starts_with("-"))
    hint = fmt::format("{} run {}", program.name, shell_word(word));
  complain(fmt::format("'{}' is not a verb; there are: run, lab, bisect, explain, replay, debug, dap, inspect, classes, suite, doctor, qemu.{}", core::printable(word),
                       hint.empty() ? "" : " Did you mean: " + hint));
  return exit_code::kUsage;
}

// glibc moves its limit upwards when a large block is freed (the kernel's file is one); lists that grow would then leave
// their former selves in the heap: 11 MB in a boot of Linux.
void give_back_large_blocks() {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
}

int print(const std::string& text) { return std::fputs(text.c_str(), stdout), exit_code::kSuccess; }

int main_program(const Program& program) {
  if (program.words.empty()) return print(short_help(program.name));
  const std::string& verb = program.words[0];
  const std::vector<std::string> rest(program.words.begin() + 1, program.words.end());
  const bool wants_help = !rest.empty() && (rest[0] == "--help" || rest[0] == "-h");
  if (verb == "--version" || verb == "-V" || verb == "version") return print(fmt::format("vitrine {}\n", version()));
  if (verb == "--help" || verb == "-h" || verb == "help") return print(run_help());
  if (verb == "--list-options") {  // for tests of what repeats the options: help, man page, completions
    const std::string of = rest.empty() ? "" : rest[0];
    const auto names = of == "classes" ? classes_option_names() : of == "explain" ? explain_option_names()
                       : of == "debug"   ? debug_option_names()
                       : of == "replay"  ? replay_option_names()
                       : of == "lab"     ? lab_option_names()
                       : of == "suite"   ? suite_option_names()
                                         : machine_option_names();
    for (const std::string& name : names) std::puts(name.c_str());
    return exit_code::kSuccess;
  }
  if (verb == "run") return run_verb(program, rest);
  if (verb == "lab") return wants_help ? print(lab_help(program.name)) : lab_verb(program, rest);
  if (verb == "bisect") return bisect_verb(program, rest);
  if (verb == "explain") return wants_help ? print(explain_help(program.name)) : explain_verb(program, rest);
  if (verb == "replay") return wants_help ? print(replay_help(program.name)) : replay_verb(program, rest);
  if (verb == "debug") return wants_help ? print(debug_help(program.name)) : debug_verb(program, rest);
  if (verb == "dap") return wants_help ? print(dap_help(program.name)) : dap_verb(program, rest);
  if (verb == "inspect") return wants_help ? print(inspect_help(program.name)) : inspect_verb(program, rest);
  if (verb == "classes") return wants_help ? print(classes_help(program.name)) : classes_verb(program, rest);
  if (verb == "suite") return suite_verb(program, rest);
  if (verb == "doctor") return wants_help ? print(doctor_help()) : doctor_verb(program, rest);
  return unknown_verb(program, verb);
}

}  // namespace

void complain(const std::string& text) { std::fprintf(stderr, "vitrine: %s\n", text.c_str()); }

std::string command_line(const Program& program) {
  std::string line = shell_word(program.name);
  for (const std::string& word : program.words) line += " " + shell_word(word);
  return line;
}

}  // namespace vitrine::app

int main(int argc, char** argv) try {
  // A file that may not grow is an error of the call that wrote to it.
  std::signal(SIGXFSZ, SIG_IGN);
  vitrine::app::give_back_large_blocks();
  using vitrine::app::Program;
  const std::span<char*> words(argv, static_cast<size_t>(argc));
  Program program{words.empty() ? "vitrine" : words[0], {}};
  for (size_t i = 1; i < words.size(); ++i) program.words.emplace_back(words[i]);
  vitrine::app::report_crashes(vitrine::app::command_line(program));
  // `vitrine qemu ...`, or we were called by QEMU's own name.
  const std::string_view name = words.empty() ? "" : words[0];
  if (name.ends_with("qemu-system-riscv64")) return vitrine::app::qemu_main(argc, argv);
  if (words.size() > 1 && words[1] == std::string_view("qemu"))
    return vitrine::app::qemu_main(argc - 1, argv + 1);
  return vitrine::app::main_program(program);
} catch (const std::bad_alloc&) {
  vitrine::app::complain("the host has no more memory.");
  return vitrine::app::exit_code::kMissing;
} catch (const std::system_error& error) {  // descriptors and threads, before a guest runs
  vitrine::app::complain(fmt::format("the host does not give what is needed: {}.", error.what()));
  return vitrine::app::exit_code::kMissing;
}
