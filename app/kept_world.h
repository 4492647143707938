// SPDX-License-Identifier: MIT
// The two who stand between a machine and its world where a run is kept (kept_run.h): one writes down what the outside
// does, the other does it again. As in outside_tape.h, but from one run to a later one: calls of the world are found by
// their keys, since another engine makes others in between.
#pragma once

#include <deque>
#include <optional>

#include "app/kept_run.h"
#include "core/input.h"
#include "isa/riscv/system.h"

namespace vitrine::app {

// What both look at.
struct KeptParts {
  riscv::System& system;
  core::Scheduler& scheduler;
  core::InputFeeder& feeder;
  Machine* machine = nullptr;  // that a debugger writes to
};
[[nodiscard]] KeptKey key_now(const KeptParts& parts);

class KeepingWorld final : public riscv::World {
 public:
  explicit KeepingWorld(riscv::World& world) : world_(world) {}
  void watch(const KeptParts& parts) { parts_.emplace(parts); }
  // From here on; without a writer it only passes calls on.
  void write_to(KeptRunWriter* writer) { writer_ = writer; }
  // Into memory, too.
  void note_in(KeptRun* run) { run_ = run; }

  void poll() override;
  core::Ticks idle(core::Ticks when) override;
  // It was done, now.
  void note(const Poke& poke);

 private:
  void note(KeptRecord record, size_t known, bool was_stopped);

  riscv::World& world_;
  std::optional<KeptParts> parts_;
  KeptRunWriter* writer_ = nullptr;
  KeptRun* run_ = nullptr;
};

class ReplayingWorld final : public riscv::World {
 public:
  ReplayingWorld(riscv::World& world, const KeptRun& run) : world_(world), run_(run) {}
  void play_to(const KeptParts& parts) { parts_.emplace(parts); }

  void poll() override;
  core::Ticks idle(core::Ticks when) override;

  // The next step behind the present one at which something comes in: the machine must run to it and no further.
  [[nodiscard]] core::Step next_stop() const;
  // All that was kept has come in.
  [[nodiscard]] bool done() const { return next_ == run_.records.size(); }
  // How many records have come in; for a restored moment of the same run, as many as had come in then.
  [[nodiscard]] uint64_t position() const { return next_; }
  void set_position(uint64_t records) { next_ = std::min<uint64_t>(records, run_.records.size()); }
  // A record's moment has gone by: this is not the run that was kept.
  [[nodiscard]] bool lost() const;

 private:
  const KeptRecord* take(bool idle);
  void play(const KeptRecord& record);

  riscv::World& world_;
  const KeptRun& run_;
  std::optional<KeptParts> parts_;
  size_t next_ = 0;  // of run_.records
};

}  // namespace vitrine::app
