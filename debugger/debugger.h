// SPDX-License-Identifier: MIT
// Run control, forwards and backwards: what every front end (gdb's protocol, the terminal, the debug adapter, the page) is made
// of. A moment is a step of the machine; the machine stands before it. Going back to a stop point means to the moment before the
// instruction that hit it, so that the same instruction hits it again forwards.
#pragma once

#include <functional>
#include <vector>

#include "debugger/timeline.h"

namespace vitrine::debugger {

struct Stop {
  enum class Kind : uint8_t {
    kStep,         // what was asked for is done
    kBreak,        // before an instruction
    kLoad,         // an access of the instruction before (forwards) or of the next one (backwards)
    kStore,
    kRequest,      // a listener of events (core/stop_points.h)
    kEnd,          // the run's
    kStart,        // the first moment that can be gone to
    kInterrupted,  // by whoever waits
  };
  Kind kind = Kind::kStep;
  core::Step step = 0;
  unsigned hart = 0;  // of kBreak, kLoad, kStore and kRequest
  core::GuestVirt at;
  uint64_t mark = 0;  // of kRequest
};

class Debugger {
 public:
  // `run` outlives this.
  explicit Debugger(Run& run, const Timeline::Options& options = {}) : run_(run), timeline_(run, options) {}

  // Replaces all stop points. They hold from the next motion on.
  void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches) {
    run_.set_stop_points(std::move(breaks), std::move(watches));
  }
  // Asked several times a second while the machine moves; true ends the motion.
  void set_interrupted(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }

  // On until something stops it. What stands at the present moment does not.
  core::Result<Stop> run(core::Step until = core::kNever);
  // Back to the last moment before this one that something would have stopped at.
  core::Result<Stop> run_back();
  // One step of a hart. Others make theirs in between, as their turns are; a stop point of theirs comes first.
  core::Result<Stop> step(unsigned hart);
  // The last step that a hart made is undone, and what others did behind it.
  core::Result<Stop> step_back(unsigned hart);
  core::Result<Stop> go_to(core::Step step);

  [[nodiscard]] core::Step now() const { return run_.now(); }
  [[nodiscard]] Timeline& timeline() { return timeline_; }

 private:
  struct Found {
    core::StopPoints::Hit hit;
    core::Step moment;
  };
  core::Result<std::optional<Found>> last_hit_before(core::Step end);
  core::Result<Stop> last_step_of(unsigned hart, uint64_t steps);
  [[nodiscard]] bool interrupted() const { return interrupted_ && interrupted_(); }
  [[nodiscard]] Stop stop(Stop::Kind kind) const { return {.kind = kind, .step = run_.now(), .hart = 0, .at = {}, .mark = 0}; }
  [[nodiscard]] Stop stop_at(const core::StopPoints::Hit& hit) const;

  Run& run_;
  Timeline timeline_;
  std::function<bool()> interrupted_;
};

}  // namespace vitrine::debugger
