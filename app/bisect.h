// SPDX-License-Identifier: MIT
// Where two runs part: the same guest with two sets of options, run side by side, and the first step behind
// which the two machines differ. Every run is the same each time, so a run may be made again and stopped
// elsewhere: equal at step `equal`, different at step `different`, and the interval between is looked through
// more and more finely until it is one step.
//
// What differs before the first step (a seed, the device tree in RAM) is left out of the comparison, and
// said: the step is looked for at which it makes a difference for something else.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>

#include "app/hart_state.h"
#include "app/options.h"
#include "app/session.h"

namespace vitrine::app {

// What to compare, and how to speak of it.
struct BisectSide {
  MachineOptions options;
  std::string name;     // "A"
  std::string command;  // what runs it alone: "vitrine run linux --seed 1"
};

class Bisect {
 public:
  explicit Bisect(std::array<BisectSide, 2> sides);

  struct Answer {
    bool equal = true;
    core::Step step = 0;  // the first behind which they differ; or how far they are equal
    std::string text;     // for people
  };
  core::Result<Answer> run();

  static constexpr core::Step kInterval = 4'000'000;  // of the first search
  static constexpr core::Step kSingle = 64;           // intervals up to this are looked through step by step

 private:
  struct Run {
    std::unique_ptr<Session> session;
    std::optional<Outcome> end;
    [[nodiscard]] core::Step step() const { return session->machine().clock().step(); }
  };
  core::Result<> begin();
  void learn_what_to_leave_out();
  void advance(core::Step to);
  [[nodiscard]] bool equal();
  [[nodiscard]] bool ended() const { return runs_[0].end || runs_[1].end; }
  [[nodiscard]] bool rows_equal();
  [[nodiscard]] bool ram_equal() const;

  core::Result<> search(core::Step interval);
  core::Result<> narrow();
  core::Result<bool> by_single_steps();
  core::Result<> by_whole_runs();
  core::Result<> note_way();
  void note_place();
  [[nodiscard]] std::string equal_text() const;
  core::Result<std::string> difference_text();
  [[nodiscard]] std::string left_out_text() const;

  std::array<BisectSide, 2> sides_;
  std::array<Run, 2> runs_;
  std::set<std::string> left_out_rows_;
  std::set<uint64_t> left_out_pages_;
  core::Step equal_at_ = 0;
  std::optional<core::Step> different_at_;
  std::string way_;             // the instructions of the steps between
  bool only_together_ = false;  // single steps show no difference
};

}  // namespace vitrine::app
