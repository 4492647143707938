// SPDX-License-Identifier: MIT
// The machine options of the command line: one set for every verb, in one table of rows. `vitrine run` and
// the verbs to come add them to their parser and get a machine's configuration and the way it is run.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/machine_config.h"
#include "app/run_options.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace vitrine::app {

struct MachineOptions {
  MachineConfig config;
  RunOptions run;
  bool list_breaks = false;         // say what can be wrong on purpose, and end
  std::string dump_dtb;             // write the device tree there and end
  std::string command = "vitrine";  // how the program was called, for commands to paste
  bool quiet = false;               // a run made again: what was said of its guest was said the first time
  bool images_only = false;         // what is named is no snapshot
  // Which of those that a named guest has its own idea of were given.
  bool has_bios = false, has_memory = false;
  bool has_engine = false;
};

// The texts of the options as they were typed.
struct OptionTexts;
struct OptionTextsDeleter {
  void operator()(OptionTexts* texts) const;
};
using OptionTextsPointer = std::unique_ptr<OptionTexts, OptionTextsDeleter>;

// Adds the options to a parser; the texts must live until it has parsed.
OptionTextsPointer add_machine_options(CLI::App& parser);
// Reads the texts, on top of `base`. Errors name the option, what was given and what is possible.
core::Result<MachineOptions> read_machine_options(const OptionTexts& texts, MachineOptions base = {});

// "--memory", ... : all options for users, without the hidden ones.
std::vector<std::string> machine_option_names();

// "--memory" has one behind it, "--stats" has none.
bool machine_option_has_value(std::string_view name);

// Parses words (without program and verb) with the machine options and at most `positionals` other words.
struct ParsedWords {
  MachineOptions options;
  std::vector<std::string> words;
};
core::Result<ParsedWords> parse_words(const std::vector<std::string>& words, size_t positionals,
                                      MachineOptions base = {});

// "F[,ro][,snapshot][,slot=N]".
core::Result<VirtioConfig> parse_disk(std::string_view text);
// "F[,ro][,snapshot]", and ",slot=N" if there is a place for it.
core::Result<DiskConfig> parse_image(const char* option, std::string_view text, int* slot = nullptr);

}  // namespace vitrine::app
