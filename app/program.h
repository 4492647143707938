// SPDX-License-Identifier: MIT
// The verbs of the `vitrine` program. Each takes the words after the verb and returns the exit code.
#pragma once

#include <string>
#include <vector>

namespace vitrine::app {

struct Program {
  std::string name;                // as it was called: "./vitrine"
  std::vector<std::string> words;  // what was typed after it
};

int run_verb(const Program& program, const std::vector<std::string>& words);
int bisect_verb(const Program& program, std::vector<std::string> words);
int classes_verb(const Program& program, const std::vector<std::string>& words);
int doctor_verb(const Program& program, const std::vector<std::string>& words);
int inspect_verb(const Program& program, const std::vector<std::string>& words);
int lab_verb(const Program& program, const std::vector<std::string>& words);

// For messages on stderr: "vitrine: TEXT".
void complain(const std::string& text);
// What was typed, ready to be pasted.
std::string command_line(const Program& program);

}  // namespace vitrine::app
