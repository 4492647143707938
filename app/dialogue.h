// SPDX-License-Identifier: MIT
// A dialogue with the guest: what is typed when its console has said something, and what ends the run. It stands between the
// machine and its console, so each answer enters at a step that follows from the guest alone (core/input.h): the same
// dialogue makes the same run, on either engine and on a busy host.
//
// Its words are two options of `vitrine run` that suites use (suite.h) and that stand in the commands which make such a run
// again:
//   --answer 'WAIT=>SEND'   when the console has said WAIT, SEND is typed; answers wait for each other. No WAIT: at once
//   --end-at TEXT           the run ends when the console has said TEXT and nothing is left to wait for
// In both \n \r \t \e \\ and \xNN stand for bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/run_options.h"
#include "core/console.h"
#include "core/input.h"
#include "core/result.h"

namespace vitrine::app {

class Dialogue final : public core::ByteSink {
 public:
  // nullptr if the options ask for none. `console` hears all that the guest says.
  static core::Result<std::unique_ptr<Dialogue>> create(const RunOptions& options, core::ByteSink& console);

  // Before the run starts: where answers go, and what is called when the run is to end.
  void begin(core::InputFeeder& feeder, std::function<void()> end);
  void put(uint8_t byte) override;

  // What was answered, and what was heard since.
  void serialize(core::Archive& ar);

  // What ended the run; empty: nothing yet.
  [[nodiscard]] const std::string& ended_by() const { return ended_by_; }
  // How many answers were given, and what is waited for next; empty: nothing.
  [[nodiscard]] size_t given() const { return next_; }
  [[nodiscard]] std::string waits_for() const { return next_ < answers_.size() ? answers_[next_].wait : std::string(); }

 private:
  struct Answer {
    std::string wait, send;
  };
  explicit Dialogue(core::ByteSink& console) : console_(console) {}
  void answer();

  core::ByteSink& console_;
  core::InputFeeder* feeder_ = nullptr;
  std::function<void()> end_;
  std::vector<Answer> answers_;
  std::vector<std::string> ends_;
  size_t next_ = 0;
  std::string heard_;  // since the last answer; its end is all that counts
  size_t longest_ = 1;
  std::string ended_by_;
};

// For a run's identity: empty, or " answers=3#HASH".
std::string dialogue_identity(const RunOptions& options);

// Bytes as such an option has them, and back; nothing if an escape is none.
std::string with_escapes(std::string_view bytes);
std::optional<std::string> without_escapes(std::string_view text);

}  // namespace vitrine::app
