// SPDX-License-Identifier: MIT
// Console input at recorded steps.
#include "core/input.h"

#include <utility>

namespace vitrine::core {

InputFeeder::InputFeeder(Scheduler& scheduler, ByteReceiver& receiver)
    : scheduler_(scheduler),
      receiver_(receiver),
      offer_event_(scheduler, "input.offer", [this] { offer(); }) {
  receiver_.set_input_observer(this);
}

void InputFeeder::set_file(std::string bytes) {
  file_ = std::move(bytes);
  next_ = 0;
  if (!file_.empty()) offer_event_.arm(scheduler_.clock().ticks() + kBytePeriod);
}

void InputFeeder::replace_rest(std::string_view bytes) {
  file_.resize(next_ + (outstanding_ ? 1 : 0));
  file_ += bytes;
  waited_ = 0;
  offer_event_.disarm();
  if (file_waiting() && !outstanding_) offer_event_.arm(scheduler_.clock().ticks() + kBytePeriod);
}

void InputFeeder::add_to_file(std::string_view bytes) {
  const bool was_done = !file_waiting();
  file_ += bytes;
  if (!file_waiting() || (!was_done && waited_ < kPatience)) return;
  waited_ = 0;
  offer_event_.arm(scheduler_.clock().ticks() + kBytePeriod);
}

void InputFeeder::deliver(uint8_t byte) {
  log_.push_back({scheduler_.clock().step(), byte});
  receiver_.receive(byte);
}

void InputFeeder::offer() {
  if (!file_waiting() || outstanding_) return;
  if (receiver_.listens() && receiver_.room() > 0) {
    waited_ = 0;
    outstanding_ = true;
    deliver(static_cast<uint8_t>(file_[next_]));
    return;
  }
  waited_ += kLookPeriod;
  if (waited_ < kPatience) offer_event_.arm(scheduler_.clock().ticks() + kLookPeriod);
}

void InputFeeder::input_taken(unsigned) {
  if (!outstanding_) return;
  outstanding_ = false;
  ++next_;
  if (file_waiting()) offer_event_.arm(scheduler_.clock().ticks() + kBytePeriod);
}

void InputFeeder::input_discarded(unsigned) {
  if (!outstanding_) return;
  outstanding_ = false;
  offer_event_.arm(scheduler_.clock().ticks() + kLookPeriod);
}

void InputFeeder::push_live(std::string_view bytes) {
  if (live_.empty()) live_since_ = scheduler_.clock().ticks();
  live_.insert(live_.end(), bytes.begin(), bytes.end());
  pump_live();
}

bool InputFeeder::may_deliver_live() const {
  if (receiver_.room() == 0) return false;
  return receiver_.listens() || scheduler_.clock().ticks() - live_since_ >= kLiveHold;
}

void InputFeeder::pump_live() {
  while (!live_.empty() && may_deliver_live()) {
    deliver(live_.front());
    live_.pop_front();
  }
  if (!live_.empty() && receiver_.room() == 0) live_since_ = scheduler_.clock().ticks();
}

std::string InputFeeder::take_live() {
  std::string bytes(live_.begin(), live_.end());
  live_.clear();
  return bytes;
}

void InputFeeder::serialize(Archive& ar) {
  ar.section("input");
  uint64_t size = file_.size();
  ar.field("size", size);
  if (ar.loading()) {
    if (size > file_.size()) return ar.fail("the console's input is shorter than it was");
    file_.resize(size);
    live_.clear();
  }
  ar.field("next", next_);
  ar.field("outstanding", outstanding_);
  ar.field("waited", waited_);
  if (ar.loading() && (next_ > file_.size() || (outstanding_ && next_ == file_.size()))) ar.fail("more of the console's input was taken than there is");
}

}  // namespace vitrine::core
