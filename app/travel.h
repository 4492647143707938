// SPDX-License-Identifier: MIT
// A kept run, made again, as a run that can be travelled in (debugger/timeline.h).
#pragma once

#include "app/replay.h"
#include "debugger/run.h"

namespace vitrine::app {

class Travel : public debugger::Run {
 public:
  // `replay` outlives this.
  explicit Travel(Replay& replay) : replay_(replay) {}

  [[nodiscard]] core::Step now() const override { return replay_.machine().clock().step(); }
  [[nodiscard]] core::Step last() const override { return replay_.last_step(); }
  core::Result<> advance(core::Step until) override { return replay_.advance(until); }
  [[nodiscard]] bool ended() const override { return replay_.at_end(); }
  void serialize(core::Archive& ar) override { replay_.serialize(ar); }
  core::Result<> restored(core::Archive& ar) override { return replay_.restored(ar); }
  core::GuestRam& ram() override { return replay_.machine().ram(); }
  core::StopPoints& stop_points() override { return replay_.machine().stop_points(); }
  void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches) override {
    replay_.machine().set_stop_points(std::move(breaks), std::move(watches));
  }
  [[nodiscard]] unsigned harts() const override { return replay_.machine().hart_count(); }
  [[nodiscard]] uint64_t steps_of(unsigned hart) const override { return replay_.machine().hart(hart).steps_now(); }

 private:
  Replay& replay_;
};

}  // namespace vitrine::app
