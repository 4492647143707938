// SPDX-License-Identifier: MIT
// The counters of a run, as text for people (--stats) and as JSON for programs (--stats-json). Exits, guest traps and their
// words come from the tables of events (core/event_kinds.inc) and of trap causes (isa/riscv/trap_rows.inc).
#pragma once

#include <string>

#include "app/outcome.h"
#include "app/session.h"
#include "core/result.h"

namespace vitrine::app {

// One line: "1,234,567 instructions, 4,321 exits (321 hidden faults), 12 guest traps; 1.2 s guest time, ...".
std::string summary_text(Session& session);
// Tables, each row with its number per million steps: where steps ran, exits, guest traps, places, counters.
std::string statistics_text(Session& session);
// One JSON object; docs/vitrine.1 describes the keys.
std::string statistics_json(Session& session, const Outcome& outcome);
// Before a long run: can the file that --stats-json names be written, or be made in its folder?
core::Result<> check_statistics_path(const std::string& path);
core::Result<> write_statistics_json(Session& session, const Outcome& outcome);

}  // namespace vitrine::app
