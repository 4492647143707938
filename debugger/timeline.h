// SPDX-License-Identifier: MIT
// Going to any step of a run, backwards too: from the nearest checkpoint before it, and forward from there. Checkpoints are made
// while the run goes forward, so often that making them costs a share of its time, and in front of a step that was gone to, so
// that the next step back is near. They lie close to the newest one and ever wider apart behind it, as memory permits.
//
//     start .    .    .   .  . . ....|now        a checkpoint: RAM's pages that changed since the one before
//                                                (core/page_history.h), and the rest of the state (core::Moment)
//
// None of this can be seen by the guest: the state at a step is the same however it was reached. Host time decides where
// checkpoints lie, and nothing else.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "core/page_history.h"
#include "debugger/run.h"

namespace vitrine::debugger {

class Timeline {
 public:
  struct Options {
    uint64_t budget = 512ull << 20;        // bytes of checkpoints
    size_t most = 4096;                    // checkpoints, since each new one looks at them all when the budget is used up
    core::Step least_spacing = 1'000'000;  // steps between two checkpoints on the way
    double share = 0.05;                   // of the time forward that goes into checkpoints
    core::Step near = 20'000;              // steps: so close before a step that was gone to there is one
  };

  // Where the run stands is the earliest step that can be gone to. `run` outlives this.
  explicit Timeline(Run& run) : Timeline(run, Options()) {}
  Timeline(Run& run, const Options& options);

  [[nodiscard]] core::Step first() const { return checkpoints_.begin()->first; }
  // To a step, whatever stop points say, or to the run's end if that comes first. After an error the run is good for nothing any
  // more.
  core::Result<> go_to(core::Step step);
  // On from here, as Run::advance: stop points stop it.
  core::Result<> forward(core::Step until);
  // The last checkpoint before `step`, which is behind first(); and to it.
  [[nodiscard]] core::Step checkpoint_before(core::Step step) const { return std::prev(checkpoints_.lower_bound(step))->first; }
  core::Result<> go_before(core::Step step) { return restore(checkpoint_before(step)); }

  // For people and tests.
  [[nodiscard]] std::vector<core::Step> checkpoints() const;
  [[nodiscard]] uint64_t bytes() const { return pages_.bytes() + fields_; }

 private:
  using Time = std::chrono::nanoseconds;  // that this thread's processor spent: whoever else uses the machine changes nothing
  void make_checkpoint();
  void add_checkpoint();
  core::Result<> restore(core::Step step);
  core::Result<> pass_to(core::Step step);
  // How far the last checkpoint before the run's place is behind it.
  [[nodiscard]] core::Step since_last() const { return run_.now() - std::prev(checkpoints_.upper_bound(run_.now()))->first; }
  void keep_to_budget();

  Run& run_;
  Options options_;
  core::PageHistory pages_;
  std::map<core::Step, core::Moment> checkpoints_;  // all but RAM; their steps are marks of pages_
  uint64_t fields_ = 0;                      // bytes of them
  Time spent_{};    // on the last checkpoint
  Time forward_{};  // since then
};

}  // namespace vitrine::debugger
