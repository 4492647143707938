// SPDX-License-Identifier: MIT
// The debugger's prompt.
#include "app/debug/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "app/debug/line_editor.h"
#include "app/debug/verbs.h"
#include "app/program.h"
#include "app/state_folder.h"

namespace vitrine::app::debug {

namespace {

constexpr int kFailed = 1;

Debuggee* moving = nullptr;  // what Ctrl-C stops
void stop_motion(int) {
  if (moving) moving->interrupt();
}

// Ctrl-C comes back to the prompt, as long as this lives.
class Interrupts {
 public:
  explicit Interrupts(Debuggee& it) {
    it.forget_interrupt();
    moving = &it;
    struct sigaction action{};
    action.sa_handler = stop_motion;
    sigaction(SIGINT, &action, &before_);
  }
  ~Interrupts() {
    sigaction(SIGINT, &before_, nullptr);
    moving = nullptr;
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  struct sigaction before_{};
};

std::string prompt(State& state) { return place_text(state) + " > "; }

// False: it failed, as was said.
bool do_line(State& state, const std::string& line) {
  const core::Step step = state.it().now();
  const Answer answer = [&] {
    const Interrupts interrupts(state.it());
    return obey(state, line);
  }();
  state.it().flush_console();
  const std::string_view printed = state.it().console().text();
  const bool in_line = state.it().live() && state.it().now() > step && !printed.empty() && printed.back() != '\n';
  if (in_line) std::fputs("\n", stdout);
  if (answer) {
    std::fputs(answer.value().c_str(), stdout);
  } else {
    std::fflush(stdout);
    complain(answer.error().message);
  }
  std::fflush(stdout);
  return answer.ok();
}

// As a person would see it.
bool echo_and_do(State& state, const std::string& line) {
  std::printf("%s%s\n", prompt(state).c_str(), line.c_str());
  std::fflush(stdout);
  return do_line(state, line);
}

int talk(State& state) {
  TypedLines typed(state_file("debug.lines"));
  LineEditor editor(typed, [&state](const std::string& line) { return complete(state, line); });
  std::string motion;  // an empty line makes it once more
  while (!state.quit) {
    const auto line = editor.read(prompt(state));
    if (!line) break;
    const core::Step before = state.it().now();
    const bool done = do_line(state, line->empty() ? motion : *line);
    if (!line->empty()) motion = done && state.it().now() != before ? *line : "";
  }
  typed.save();
  if (!state.quit) std::puts("");
  return 0;
}

}  // namespace

int converse(State& state, const Script& script) {
  for (const std::string& line : script.lines) {
    if (!echo_and_do(state, line)) return kFailed;
    if (state.quit) return 0;
  }
  if (!script.goes_on) return 0;
  if (isatty(STDIN_FILENO)) return talk(state);
  for (std::string line; !state.quit && std::getline(std::cin, line);)
    if (!echo_and_do(state, line)) return kFailed;
  return 0;
}

}  // namespace vitrine::app::debug
