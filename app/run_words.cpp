// SPDX-License-Identifier: MIT
// The words of `vitrine run`, for the verb and for runs that are made again.
#include "app/guests.h"
#include "app/program.h"
#include "app/snapshot_file.h"
#include "app/snapshot_words.h"

namespace vitrine::app {

core::Result<RunWords> read_run_words(const std::string& program, const std::vector<std::string>& words,
                                      MachineOptions base) {
  auto parsed = parse_words(words, 1, std::move(base));
  if (!parsed) return parsed.error();
  MachineOptions& options = parsed->options;
  options.command = program;
  options.run.htif = true;
  const std::string file = parsed->words.empty() ? options.config.kernel : parsed->words[0];
  if (!options.images_only && !is_guest_name(file) && is_snapshot(file)) {
    auto resumed = snapshot_options(file, words, std::move(options));
    if (!resumed) return resumed.error();
    return RunWords{std::move(*resumed), file};
  }
  // Firmware alone is something to run; "none" and "builtin" are not.
  const std::string& bios = options.config.bios;
  const bool firmware_given = !bios.empty() && bios != "none" && bios != "builtin";
  const bool kernel_given = !options.config.kernel.empty() || firmware_given;
  RunWords read{{}, !parsed->words.empty() ? parsed->words[0] : kernel_given ? "" : "teach"};
  if (!read.guest.empty())
    if (auto done = use_guest(read.guest, options); !done) return done.error();
  read.options = std::move(options);
  return read;
}

}  // namespace vitrine::app
