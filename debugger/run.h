// SPDX-License-Identifier: MIT
// A run that can be made again from a state of itself: what time travel needs to know of it. Implemented by app/travel.h over a
// kept run.
#pragma once

#include "core/guest_ram.h"
#include "core/result.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/stop_points.h"

namespace vitrine::debugger {

class Run {
 public:
  virtual ~Run() = default;
  [[nodiscard]] virtual core::Step now() const = 0;
  // The step behind which there is nothing; core::kNever: it is not known.
  [[nodiscard]] virtual core::Step last() const = 0;
  // Forward to a step, to a stop point, to where somebody wants in, or to the run's end. An error: it is not the run that it was.
  virtual core::Result<> advance(core::Step until) = 0;
  // It has ended, here.
  [[nodiscard]] virtual bool ended() const = 0;

  // All of its state but RAM, and RAM.
  virtual void serialize(core::Archive& ar) = 0;
  virtual core::Result<> restored(core::Archive& ar) = 0;
  virtual core::GuestRam& ram() = 0;

  // Its machine's.
  virtual core::StopPoints& stop_points() = 0;
  virtual void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches) = 0;
  [[nodiscard]] virtual unsigned harts() const = 0;
  // How many steps a hart has made.
  [[nodiscard]] virtual uint64_t steps_of(unsigned hart) const = 0;
};

}  // namespace vitrine::debugger
