// SPDX-License-Identifier: MIT
// What is debugged, from words: a kept run, or a new one, as the front ends of the debugger that talk to people begin.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/debuggee.h"
#include "app/program.h"

namespace vitrine::app::debug {

struct Beginning {
  int console = 1;  // where the guest's output goes: a descriptor, or -1
  // Filled in.
  int input = -1;                // what is written there comes in at a new run's console; -1: nowhere
  std::filesystem::path folder;  // where the user stood: a kept run is made where it was made first. Empty: nowhere
};

// "[RUN] [--engine NAME]", or the words of `vitrine run`.
core::Result<std::unique_ptr<Debuggee>> begin(const Program& program, const std::vector<std::string>& words, Beginning& how);

}  // namespace vitrine::app::debug
