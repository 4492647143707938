// SPDX-License-Identifier: MIT
// The machine's loop.
#include "isa/riscv/system.h"

#include <algorithm>

#include "isa/riscv/counters.h"
#include "isa/riscv/handler.h"

namespace vitrine::riscv {

System::System(core::Scheduler& scheduler, core::Attention& attention, Engine& engine, World& world,
               const Options& options)
    : scheduler_(scheduler), attention_(attention), engine_(engine), world_(world), options_(options) {}

bool System::runnable(const Hart& hart) { return !hart.stopped && (!hart.waiting || wakes(hart)); }

bool System::turn_is_over() const {
  const Hart& hart = *harts_[turn_];
  return hart.ended_slice || scheduler_.clock().step() >= turn_end_ || !runnable(hart);
}

void System::begin_turn(size_t turn, core::Step now) {
  turn_ = turn;
  Hart& hart = *harts_[turn_];
  hart.events->set_running(&contexts_[turn_]);
  turn_end_ = now + (options_.turns ? options_.turns->up_to_power(15) : options_.slice);
  skipped_ = options_.turns ? options_.turns->below(harts_.size()) : 0;
  hart.slice_start = now;
  hart.running = true;
  hart.ended_slice = false;
  hart.waiting = false;
}

void System::end_turn(core::Step now) {
  Hart& hart = *harts_[turn_];
  if (hart.running) hart.steps += now - hart.slice_start;
  hart.slice_start = now;
  hart.running = false;
  hart.memory->turn_ends();
  if (!hart.config.breaks.has(core::Break::kReservationNeverLost)) hart.reservation.valid = false;
}

void System::dma_wrote(core::GuestPhys at, size_t size) noexcept {
  if (harts_.empty()) return;
  if (current().config.breaks.has(core::Break::kReservationNeverLost)) return;
  Reservation& held = current().reservation;  // nobody else's outlives a turn
  if (at.value < held.at.value + held.width && held.at.value < at.value + size) held.valid = false;
}

// The next hart that can run, beginning with the one after this.
std::optional<size_t> System::whose_turn() const {
  for (size_t i = 1; i <= harts_.size(); ++i) {
    const size_t candidate = (turn_ + skipped_ + i) % harts_.size();
    if (runnable(*harts_[candidate])) return candidate;
  }
  return std::nullopt;
}

Hart* System::next() const {
  if (!turn_is_over()) return harts_[turn_];
  const auto turn = whose_turn();
  return turn ? harts_[*turn] : nullptr;
}

// False if nobody can run.
bool System::next_turn() {
  const core::Step now = scheduler_.clock().step();
  end_turn(now);
  const auto turn = whose_turn();
  if (turn) begin_turn(*turn, now);
  return turn.has_value();
}

bool System::begin_anew(Hart& hart) noexcept {
  const core::Step behind = scheduler_.clock().step() + 1;
  if (options_.turns || attention_.wanted || behind >= run_end_ || &hart != harts_[turn_]) return false;
  if (whose_turn() != turn_) return false;
  end_turn(behind);
  begin_turn(turn_, behind);
  return true;
}

// Everybody waits: time jumps to the next event, or to where the world cut the wait short.
bool System::pass_time() {
  const core::Ticks to = world_.idle(scheduler_.next_when());
  if (to == 0) return false;
  scheduler_.clock().jump_to(to);
  return true;
}

void System::run_current(core::Step until) {
  Hart& hart = current();
  core::Clock& clock = scheduler_.clock();
  if (const int interrupt = interrupt_to_take(hart); interrupt >= 0) {
    enter_interrupt(hart, static_cast<unsigned>(interrupt));
    clock.set_step(clock.step() + 1);
    return;
  }
  if (stops_ && stands_at_stop_point(hart)) return;
  const core::Step end = std::min({until, turn_end_, scheduler_.next_step()});
  const uint64_t steps = std::min(end - clock.step(), steps_to_overflow(hart));
  run_end_ = clock.step() + steps;
  engine_.run(hart, steps);
  if (hart.watches_overflow) check_overflow(hart);
}

// Otherwise the step is made, whatever the engine finds at pc.
bool System::stands_at_stop_point(const Hart& hart) {
  const core::Step now = scheduler_.clock().step();
  const bool stands = stops_->stops_before(hart.pc, now);
  if (stands)
    stops_->reached(hart.id, hart.pc);
  else
    stops_->pass(now);
  return stands;
}

StopReason System::run(core::Step until) {
  while (true)
    if (const auto reason = run_round(until)) return *reason;
}

std::optional<StopReason> System::run_round(core::Step until) {
  const core::Clock& clock = scheduler_.clock();
  attention_.wanted = false;
  world_.poll();
  if (stop_requested_) {
    stop_requested_ = false;
    return StopReason::kRequested;
  }
  scheduler_.run_due();
  if (clock.step() >= until) return StopReason::kStepLimit;
  // A turn that begins is a round of its own: a debugger may stop the machine before its first instruction, and what comes in then
  // comes in again here, whether there is a debugger or not.
  if (turn_is_over()) {
    if (!next_turn() && !pass_time() && !stop_requested_) return StopReason::kNothingWakes;
    return std::nullopt;
  }
  if (clock.step() >= scheduler_.next_step()) return std::nullopt;  // an event became due meanwhile
  run_current(until);
  if (stops_ && stops_->is_hit()) return StopReason::kStopPoint;
  Hart& hart = current();
  if (hart.traps_in_a_row < options_.fault_loop) return std::nullopt;
  hart.traps_in_a_row = 0;
  return StopReason::kFaultLoop;
}

void System::serialize(core::Archive& ar) {
  ar.section("turns");
  ar.field("turn", turn_);
  if (turn_ >= harts_.size()) {
    turn_ = 0;
    return ar.fail("it is the turn of a hart that is not there");
  }
  ar.field("turn_end", turn_end_);
  if (options_.turns) ar.field("skipped", skipped_);
  for (Hart* hart : harts_) {
    ar.field("running", hart->running);
    ar.field("ended_slice", hart->ended_slice);
  }
}

}  // namespace vitrine::riscv
