// SPDX-License-Identifier: MIT
// Console input: how bytes from the world enter the machine, each at a recorded step.
//
// Two sources feed a console device:
//   live   a terminal or pipe. Bytes are handed over between turns, as far as the device has room; the step
//   at which each
//          one entered is in the log, so that the run can be repeated.
//   file   the bytes are part of the run's identity. One at a time is offered, a fixed guest time after the
//   guest took the
//          one before, and only while the guest listens (core/console.h). What the guest throws away unread
//          (a FIFO reset of its driver) is offered again.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/console.h"
#include "core/scheduler.h"

namespace vitrine::core {

// One byte of outside input, as it entered.
struct InputRecord {
  Step step;
  uint8_t byte;
};

class InputFeeder final : public InputObserver {
 public:
  // Guest time between the guest taking a byte of a file and the next one being there: 1 ms, about 10,000
  // baud.
  static constexpr Ticks kBytePeriod = kTicksPerSecond / 1000;
  // How often a guest that does not listen is looked at, and after how much time without listening a file is
  // given up.
  static constexpr Ticks kLookPeriod = kTicksPerSecond / 100;
  static constexpr Ticks kPatience = 600 * kTicksPerSecond;
  // Live input waits at most this long for the guest to listen.
  static constexpr Ticks kLiveHold = kTicksPerSecond;

  InputFeeder(Scheduler& scheduler, ByteReceiver& receiver);

  // File input; before the run starts.
  void set_file(std::string bytes);
  // What the guest has not taken yet is forgotten, and these bytes come instead. A byte that is in the device is taken.
  void replace_rest(std::string_view bytes);
  // More of it: during the run, from what the machine itself does, so that the step is always the same one.
  void add_to_file(std::string_view bytes);
  // Live input, from the thread that owns the machine, between turns. Delivers what fits, keeps the rest.
  void push_live(std::string_view bytes);
  void pump_live();
  // A live byte of another run's log, now, at the step at which it entered there.
  void replay(uint8_t byte) { deliver(byte); }
  // What waits of live input: away from here while another moment of the run is made again, and back.
  [[nodiscard]] std::string take_live();
  void give_back_live(std::string_view bytes) { live_.insert(live_.end(), bytes.begin(), bytes.end()); }
  // Live bytes that found no room yet.
  [[nodiscard]] bool live_waiting() const { return !live_.empty(); }
  // Some file input is still to come.
  [[nodiscard]] bool file_waiting() const { return next_ < file_.size(); }

  // How much: the byte that is in the device is not taken yet.
  [[nodiscard]] uint64_t file_left() const { return file_.size() - next_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  [[nodiscard]] const std::vector<InputRecord>& log() const { return log_; }
  void serialize(Archive& ar);

  void input_taken(unsigned bytes) override;
  void input_discarded(unsigned bytes) override;

 private:
  void offer();
  void deliver(uint8_t byte);
  [[nodiscard]] bool may_deliver_live() const;

  Scheduler& scheduler_;
  ByteReceiver& receiver_;
  ScheduledEvent offer_event_;
  std::string file_;
  uint64_t next_ = 0;         // of file_: the byte to offer
  bool outstanding_ = false;  // a byte of the file is in the device, not taken yet
  Ticks waited_ = 0;          // for the guest to listen
  std::deque<uint8_t> live_;
  Ticks live_since_ = 0;  // when the oldest of them came, or the last one was delivered
  std::vector<InputRecord> log_;
};

}  // namespace vitrine::core
