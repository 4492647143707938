// SPDX-License-Identifier: MIT
// A kept run, made again, as a run that can be travelled in (debugger/timeline.h).
#pragma once

#include "app/replay.h"
#include "debugger/run.h"

namespace vitrine::app {

class Travel final : public debugger::Run {
 public:
  // `replay` outlives this.
  explicit Travel(Replay& replay) : replay_(replay) {}

  [[nodiscard]] core::Step now() const override { return replay_.machine().clock().step(); }
  [[nodiscard]] core::Step last() const override { return replay_.last_step(); }
  core::Result<> advance(core::Step until) override { return replay_.advance(until); }
  void serialize(core::Archive& ar) override { replay_.serialize(ar); }
  core::Result<> restored(core::Archive& ar) override { return replay_.restored(ar); }
  core::GuestRam& ram() override { return replay_.machine().ram(); }

 private:
  Replay& replay_;
};

}  // namespace vitrine::app
