// SPDX-License-Identifier: MIT
// The verbs of the debugger: one table, which the terminal, gdb's `monitor` and whoever else talks to people go through. A verb is a
// function of what is debugged and of words; it gives text and never prints. Next: state.h, then a verbs_*.cpp for each subject.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/debug/state.h"

namespace vitrine::app::debug {

// [0] is the verb as it was typed, with what stands behind its '/' ("x/8i").
using Words = std::vector<std::string>;
// Text of full lines, or the user's mistake: what was given, what is wrong, what to do.
using Answer = core::Result<std::string>;

// What can stand where a verb wants a word: for completion.
enum class Wants : uint8_t { kNothing, kPlace, kEvent, kCsr, kVerb, kMoment, kFile, kRegister, kDevice, kLevel, kBreak };

struct Verb {
  std::string_view name;
  std::string_view brief;      // a shorter name, or empty
  std::string_view arguments;  // "[N] [hart H]"
  std::string_view sentence;
  Wants wants;
  Answer (*run)(State& state, const Words& words);
};

struct VerbGroup {
  std::string_view subject;
  std::span<const Verb> verbs;
};
[[nodiscard]] std::span<const VerbGroup> verb_groups();
// By its name, its shorter name, or the beginning of exactly one name. The error says what there is.
[[nodiscard]] core::Result<const Verb*> find_verb(std::string_view word);

// A line as it is typed: nothing but blanks and what follows '#' at its beginning gives no text.
Answer obey(State& state, std::string_view line);

// The groups, each in its own file.
[[nodiscard]] std::span<const Verb> motion_verbs();
[[nodiscard]] std::span<const Verb> stop_verbs();
[[nodiscard]] std::span<const Verb> memory_verbs();
[[nodiscard]] std::span<const Verb> machine_verbs();
[[nodiscard]] std::span<const Verb> table_verbs();
[[nodiscard]] std::span<const Verb> shadow_verbs();
[[nodiscard]] std::span<const Verb> translation_verbs();
[[nodiscard]] std::span<const Verb> device_verbs();
[[nodiscard]] std::span<const Verb> event_verbs();
[[nodiscard]] std::span<const Verb> session_verbs();
#ifdef VITRINE_HAS_TRANSLATOR
[[nodiscard]] std::span<const Verb> block_verbs();
#endif

}  // namespace vitrine::app::debug
