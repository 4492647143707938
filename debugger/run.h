// SPDX-License-Identifier: MIT
// A run that can be made again from a state of itself: what time travel needs to know of it. Implemented by app/travel.h over a
// kept run.
#pragma once

#include "core/guest_ram.h"
#include "core/result.h"
#include "core/scheduler.h"
#include "core/state.h"

namespace vitrine::debugger {

class Run {
 public:
  virtual ~Run() = default;
  [[nodiscard]] virtual core::Step now() const = 0;
  // The step behind which nothing is known of it.
  [[nodiscard]] virtual core::Step last() const = 0;
  // Forward to a step, or to the run's end if that comes first. An error: it is not the run that it was.
  virtual core::Result<> advance(core::Step until) = 0;

  // All of its state but RAM, and RAM.
  virtual void serialize(core::Archive& ar) = 0;
  virtual core::Result<> restored(core::Archive& ar) = 0;
  virtual core::GuestRam& ram() = 0;
};

}  // namespace vitrine::debugger
