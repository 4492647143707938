// SPDX-License-Identifier: MIT
// Keeping the outside, and doing it again.
#include "app/kept_world.h"

#include <algorithm>

namespace vitrine::app {

KeptKey key_now(const KeptParts& parts) {
  const riscv::Hart& hart = parts.system.current();
  const core::Clock& clock = parts.scheduler.clock();
  return {clock.step(), clock.ticks(), parts.scheduler.events_run(), hart.running ? hart.id + uint64_t{1} : 0};
}

// A file's bytes enter by an event of the machine, never during a call of the world.
void KeepingWorld::note(KeptRecord record, size_t known, bool was_stopped) {
  const auto& log = parts_->feeder.log();
  for (size_t i = known; i < log.size(); ++i) record.bytes += static_cast<char>(log[i].byte);
  record.stop = !was_stopped && parts_->system.stop_requested();
  if (writer_) writer_->record(record);
  if (run_) run_->records.push_back(std::move(record));
}

void KeepingWorld::note(const Poke& poke) { note({false, key_now(*parts_), {}, {}, false, poke}, parts_->feeder.log().size(), true); }

// Called some thousand times a second and more: the key is made only when something came in. It names the beginning of the
// call, at which only the clock can have been another one.
void KeepingWorld::poll() {
  if (!writer_ && !run_) return world_.poll();
  core::Clock& clock = parts_->scheduler.clock();
  const size_t known = parts_->feeder.log().size();
  const bool was_stopped = parts_->system.stop_requested();
  const core::Ticks idle = clock.idle();
  world_.poll();
  const bool moved = clock.idle() != idle;
  if (known == parts_->feeder.log().size() && !moved && was_stopped == parts_->system.stop_requested()) return;
  KeptRecord record{false, key_now(*parts_), {}, {}, false};
  if (moved) {
    record.moved_to = record.key.ticks;
    record.key.ticks -= clock.idle() - idle;
  }
  note(std::move(record), known, was_stopped);
}

core::Ticks KeepingWorld::idle(core::Ticks when) {
  if (!writer_ && !run_) return world_.idle(when);
  KeptRecord record{true, key_now(*parts_), {}, {}, false};
  const size_t known = parts_->feeder.log().size();
  const bool was_stopped = parts_->system.stop_requested();
  const core::Ticks to = world_.idle(when);
  const bool stopped = !was_stopped && parts_->system.stop_requested();
  const core::Ticks expected = when == core::kNever ? 0 : when;
  if (known == parts_->feeder.log().size() && to == expected && !stopped) return to;
  record.moved_to = to;
  note(std::move(record), known, was_stopped);
  return to;
}

const KeptRecord* ReplayingWorld::take(bool idle) {
  if (done()) return nullptr;
  const KeptRecord& next = run_.records[next_];
  if (next.idle != idle || next.key.step != parts_->scheduler.clock().step()) return nullptr;
  if (next.key != key_now(*parts_)) return nullptr;
  ++next_;
  return &next;
}

void ReplayingWorld::play(const KeptRecord& record) {
  for (const char c : record.bytes) parts_->feeder.replay(static_cast<uint8_t>(c));
  if (record.poke && parts_->machine) (void)apply(*record.poke, *parts_->machine);
  if (record.stop) parts_->system.request_stop();
}

// Several records may have one key, if nothing happened between them.
void ReplayingWorld::poll() {
  while (const KeptRecord* record = take(false)) {
    play(*record);
    if (record->moved_to) parts_->scheduler.clock().jump_to(*record->moved_to);
  }
  world_.poll();
}

core::Ticks ReplayingWorld::idle(core::Ticks when) {
  if (const KeptRecord* record = take(true)) {
    play(*record);
    return *record->moved_to;
  }
  return when == core::kNever ? 0 : when;
}

core::Step ReplayingWorld::next_stop() const {
  const core::Step now = parts_->scheduler.clock().step();
  for (size_t i = next_; i < run_.records.size(); ++i)
    if (run_.records[i].key.step > now) return run_.records[i].key.step;
  return core::kNever;
}

bool ReplayingWorld::lost() const {
  return !done() && run_.records[next_].key.step < parts_->scheduler.clock().step();
}

}  // namespace vitrine::app
