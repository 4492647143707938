// SPDX-License-Identifier: MIT
// `--break NAME[,NAME...]`: a machine that is wrong on purpose, in the words of core/breaks.inc. Which pieces
// are broken is part of the run's identity; a combination that would break nothing is refused.
#pragma once

#include <string>
#include <string_view>

#include "app/machine_config.h"
#include "core/result.h"

namespace vitrine::app {

// "sie-silent,timer-late". The error names what there is.
core::Result<core::BreakSet> parse_breaks(std::string_view text);
// The same, back.
std::string break_names(core::BreakSet breaks);
// Does each of them say something of this machine?
core::Result<> check_breaks(const MachineConfig& config);

// What `--break help` prints.
std::string breaks_help();
// A line for each break, for those who run such a machine; empty if nothing is broken.
std::string breaks_text(core::BreakSet breaks);

}  // namespace vitrine::app
