// SPDX-License-Identifier: MIT
// The verbs of the `vitrine` program. Each takes the words after the verb and returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"

namespace vitrine::app {

struct Program {
  std::string name;                // as it was called: "./vitrine"
  std::vector<std::string> words;  // what was typed after it
};

int replay_verb(const Program& program, const std::vector<std::string>& words);
std::vector<std::string> replay_option_names();
int run_verb(const Program& program, const std::vector<std::string>& words);
int bisect_verb(const Program& program, std::vector<std::string> words);
int classes_verb(const Program& program, const std::vector<std::string>& words);
int dap_verb(const Program& program, const std::vector<std::string>& words);
int debug_verb(const Program& program, const std::vector<std::string>& words);
int doctor_verb(const Program& program, const std::vector<std::string>& words);
int explain_verb(const Program& program, const std::vector<std::string>& words);
int inspect_verb(const Program& program, const std::vector<std::string>& words);
int lab_verb(const Program& program, const std::vector<std::string>& words);

// What the words of `vitrine run` ask for, with the guest that they name.
struct RunWords {
  MachineOptions options;
  std::string guest;  // empty: only files were named
};
core::Result<RunWords> read_run_words(const std::string& program, const std::vector<std::string>& words, MachineOptions base = {});

// For messages on stderr: "vitrine: TEXT".
void complain(const std::string& text);
// What was typed, ready to be pasted.
std::string command_line(const Program& program);

}  // namespace vitrine::app
