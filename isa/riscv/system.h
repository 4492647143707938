// SPDX-License-Identifier: MIT
// The machine's loop: harts in turn on one host thread, events at their very step, time that jumps when
// everybody waits.
//
// A turn (slice) is `slice` steps, ended early by wfi, wrs.* and, if there are other harts, pause. A reservation never
// outlives its turn. Everything here is decided by steps and machine state alone, so the same run has the
// same turns on every host and engine. The world enters at two places, both recorded by whoever implements
// them: World::poll between turns, and World::idle when time has to pass.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "core/chaos.h"
#include "core/guest_ram.h"
#include "core/scheduler.h"
#include "isa/riscv/engine.h"
#include "isa/riscv/event_context.h"

namespace vitrine::riscv {

// The outside, as the loop needs it.
class World {
 public:
  virtual ~World() = default;
  // Between turns: bring in what has arrived (console input), look at requests. Must return quickly.
  virtual void poll() {}
  // Every hart waits until `when` (core::kNever: no event is scheduled). Sleeps if time is paced; returns the
  // time to which the clock shall jump, at most `when`, less if input arrived; 0 if there is nothing to wait
  // for at all.
  virtual core::Ticks idle(core::Ticks when) { return when == core::kNever ? 0 : when; }
};

enum class StopReason {
  kStepLimit,     // the step that was asked for is reached
  kRequested,     // request_stop()
  kNothingWakes,  // all harts wait, no event is scheduled, no input can come
  kFaultLoop,     // a trap handler traps at its first instruction, again and again
  kStopPoint,     // a debugger waits for this (core/stop_points.h)
};

class System final : public core::RamListener, public Turns {
 public:
  struct Options {
    uint64_t slice = 20'000;
    unsigned fault_loop = 10'000;  // trap entries in a row, with no instruction in between
    core::ChaosStream* turns = nullptr;  // who is next, and for how long (core/chaos.inc, "schedule"); null: as above
  };
  System(core::Scheduler& scheduler, core::Attention& attention, Engine& engine, World& world,
         const Options& options);

  // Hart 0 has the first turn, the others follow in the order in which they were added.
  void add(Hart& hart) {
    harts_.push_back(&hart);
    hart.turns = this;
    contexts_.emplace_back(hart);
    turn_ = harts_.size() - 1;
    for (Hart* each : harts_) each->alone = harts_.size() == 1;
  }
  [[nodiscard]] const std::vector<Hart*>& harts() const { return harts_; }
  [[nodiscard]] Hart& current() { return *harts_[turn_]; }

  // The hart that makes the next step, if nothing comes in before it; nullptr: all wait.
  [[nodiscard]] Hart* next() const;

  // Runs until the clock's step is `until`, or something else ends it.
  StopReason run(core::Step until);
  // One round of that: events, then at most one entry of an interrupt, one run of the engine or one jump of
  // time. Nothing if run() would go on.
  std::optional<StopReason> run_round(core::Step until);
  // From an event, a device or the world: run() returns after the current instruction.
  void request_stop() {
    stop_requested_ = true;
    attention_.wanted = true;
  }
  // Of a debugger; null: none. They outlive the runs that they are for.
  void watch(core::StopPoints* stops) {
    stops_ = stops;
    for (Hart* hart : harts_) hart->stops = stops;
  }
  [[nodiscard]] bool stop_requested() const { return stop_requested_; }
  // A fault loop is reported once; the next run() goes on.
  void serialize(core::Archive& ar);

  // As a listener of RAM: "the SC must fail if a write from some other device to the bytes accessed by the LR
  // can be observed to occur between the LR and SC" (14.2).
  void dma_wrote(core::GuestPhys at, size_t size) noexcept override;
  void after_write(core::GuestPhys, size_t, uint8_t) noexcept override {}

  // The same as a round of run() would do, without leaving the engine.
  bool begin_anew(Hart& hart) noexcept override;

 private:
  [[nodiscard]] static bool runnable(const Hart& hart);
  [[nodiscard]] bool turn_is_over() const;
  [[nodiscard]] std::optional<size_t> whose_turn() const;
  bool next_turn();
  void begin_turn(size_t turn, core::Step now);
  void end_turn(core::Step now);
  bool pass_time();
  bool stands_at_stop_point(const Hart& hart);
  void run_current(core::Step until);

  core::Scheduler& scheduler_;
  core::Attention& attention_;
  Engine& engine_;
  World& world_;
  Options options_;
  std::vector<Hart*> harts_;
  std::deque<HartContext> contexts_;  // of each of them, for events
  size_t turn_ = 0;
  core::Step turn_end_ = 0;
  core::Step run_end_ = 0;  // of the engine's present run, unless something asks for attention
  uint64_t skipped_ = 0;  // harts that the next turn passes by
  bool stop_requested_ = false;
  core::StopPoints* stops_ = nullptr;
};

}  // namespace vitrine::riscv
