// SPDX-License-Identifier: MIT
// What tests of sessions begin with: a small machine that starts a guest of tests/app/guests.h in M mode, and
// a run that has neither input nor a console.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "app/machine_config.h"
#include "app/run_options.h"

namespace vitrine::test {

// `image` has to live as long as the machine.
inline app::MachineConfig bare_machine(const std::string& name, std::span<const std::byte> image) {
  app::MachineConfig config;
  config.memory = 8 << 20;
  config.bios = "none";
  config.kernel = name;
  config.kernel_bytes = image;
  return config;
}

inline app::RunOptions silent_run() {
  app::RunOptions options;
  options.standard_input = false;
  options.console = -1;
  return options;
}

}  // namespace vitrine::test
