// SPDX-License-Identifier: MIT
// The counters of a run, as text for people (--stats) and as JSON for programs (--stats-json). One table of
// rows gives both their words.
#pragma once

#include <string>

#include "app/outcome.h"
#include "app/session.h"
#include "core/result.h"

namespace vitrine::app {

// One line: "1,234,567 instructions, 1.2 s guest time, 0.4 s host time, 310 million instructions a second".
std::string summary_text(Session& session);
// Lines, each counter with its number per million steps.
std::string statistics_text(Session& session);
// One JSON object; docs/vitrine.1 describes the keys.
std::string statistics_json(Session& session, const Outcome& outcome);
// Before a long run: can the file that --stats-json names be written, or be made in its folder?
core::Result<> check_statistics_path(const std::string& path);
core::Result<> write_statistics_json(Session& session, const Outcome& outcome);

}  // namespace vitrine::app
