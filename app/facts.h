// SPDX-License-Identifier: MIT
// The facts of a run, for a program that started it and judges it (suite.h): how it ended, what the host saw,
// and what stands in memory at the end. One JSON object:
//
//   kind, code, exit_code, words    the outcome (outcome.h)
//   steps, guest_seconds, identity
//   panic                           the line by which a Linux kernel said that it panicked
//   answers, waits_for              of the dialogue (dialogue.h): how many were given, and what the next one
//   waits for reached                         {"symbol": how often pc was there} (reach.h); null: there is
//   none memory                          {"symbol:BYTES": hexadecimal digits, in the order of addresses};
//   null: not in RAM signature                       what stands between begin_signature and end_signature,
//   in the same way statistics                      as of --stats-json
//
// Nothing of it is what the guest claims, but `code` and what it wrote to its own memory.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "app/outcome.h"
#include "app/session.h"
#include "core/result.h"

namespace vitrine::app {

// Writes them to the descriptor that the options name.
core::Result<> write_facts(Session& session, const Outcome& outcome);

// "NAME:BYTES", as of --look.
struct Look {
  std::string name;  // a symbol, SYMBOL+OFFSET or an address
  uint64_t bytes = 8;
};
inline constexpr uint64_t kMostLooked = 1 << 20;
std::optional<Look> parse_look(const std::string& text);

}  // namespace vitrine::app
