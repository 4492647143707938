// SPDX-License-Identifier: MIT
// Recording and playing the outside.
#include "app/outside_tape.h"

#include <algorithm>

namespace vitrine::app {

void WorldRecorder::watch(riscv::System& system, core::Clock& clock, const core::InputFeeder& feeder) {
  system_ = &system;
  clock_ = &clock;
  feeder_ = &feeder;
}

// A file's bytes enter by an event of the machine, never during a call of the world.
template <typename Call>
OutsideMoment WorldRecorder::note(Call call) {
  const size_t known = feeder_->log().size();
  OutsideMoment moment;
  moment.moved_to = call();
  for (size_t i = known; i < feeder_->log().size(); ++i)
    moment.bytes += static_cast<char>(feeder_->log()[i].byte);
  moment.stop = system_->stop_requested();
  return moment;
}

void WorldRecorder::poll() {
  polls.push_back(note([this] {
    const core::Ticks before = clock_->ticks();
    world_.poll();
    return clock_->ticks() == before ? 0 : clock_->ticks();
  }));
}

core::Ticks WorldRecorder::idle(core::Ticks when) {
  idles.push_back(note([&] { return world_.idle(when); }));
  return idles.back().moved_to;
}

void WorldPlayer::play_to(riscv::System& system, core::Clock& clock, core::InputFeeder& feeder, Htif* htif) {
  system_ = &system;
  clock_ = &clock;
  feeder_ = &feeder;
  htif_ = htif;
}

void WorldPlayer::play(const OutsideMoment& moment) {
  for (const char c : moment.bytes) feeder_->replay(static_cast<uint8_t>(c));
  if (htif_ && htif_->asked()) htif_->serve();
  if (moment.stop) system_->request_stop();
}

// The second machine has more polls than the first one: it makes one for each step.
void WorldPlayer::poll() {
  OutsideMoment moment;
  if (!recorder_.polls.empty()) {
    moment = std::move(recorder_.polls.front());
    recorder_.polls.pop_front();
  }
  play(moment);
  if (moment.moved_to != 0) clock_->jump_to(moment.moved_to);
}

core::Ticks WorldPlayer::idle(core::Ticks) {
  if (recorder_.idles.empty()) return 0;  // it waits where the first one does not: the caller sees it
  const OutsideMoment moment = std::move(recorder_.idles.front());
  recorder_.idles.pop_front();
  play(moment);
  return moment.moved_to;
}

void ConsoleTape::Recorder::put(uint8_t byte) {
  tape.bytes_.push_back(byte);
  sink->put(byte);
}

void ConsoleTape::Player::put(uint8_t byte) {
  if (tape.bytes_.empty() || tape.bytes_.front() != byte)
    tape.differs_ = true;
  else
    tape.bytes_.pop_front();
}

}  // namespace vitrine::app
