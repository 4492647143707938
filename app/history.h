// SPDX-License-Identifier: MIT
// The past of a run that goes on: what lets a live session be put back to one of its moments and come to the present again. All that
// the outside did is kept in memory, as a kept run keeps it in a file (kept_run.h); blocks of disks are kept as they were
// before they were first written.
//
// The edge is the present: as far as the run has ever come. Before it, the machine plays what was kept, prints nothing, and
// leaves the host alone; at the edge the host's time, input and disks take part again. Next: session.h.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "app/kept_world.h"
#include "devices/virtio/block_backend.h"

namespace vitrine::app {

class History final : public riscv::World {
 public:
  // `live` keeps what the outside does, `world` is the outside; both outlive this.
  History(KeepingWorld& live, riscv::World& world) : live_(live), past_(world, run_) { live_.note_in(&run_); }
  void watch(const KeptParts& parts) {
    parts_.emplace(parts);
    past_.play_to(parts);
  }

  void poll() override { behind_ ? past_.poll() : live_.poll(); }
  core::Ticks idle(core::Ticks when) override { return behind_ ? past_.idle(when) : live_.idle(when); }

  [[nodiscard]] bool behind() const { return behind_; }
  [[nodiscard]] core::Step edge() const { return edge_.step; }
  // The machine is about to be put back. True: it was at the edge, which is the present moment.
  bool leave();
  // Its step is the edge's: the outside takes part again if that is the very moment.
  bool arrive();
  // The next step at which something comes in; core::kNever: there is none before the edge.
  [[nodiscard]] core::Step next_stop() const { return past_.next_stop(); }
  [[nodiscard]] uint64_t position() const { return behind_ ? past_.position() : run_.records.size(); }
  void set_position(uint64_t records) { past_.set_position(records); }

  // A disk that is written: the file above which the machine's end is. This outlives it.
  std::unique_ptr<devices::BlockBackend> stand_above(std::unique_ptr<devices::BlockBackend> file);
  // The host failed a disk: what came before cannot be made again.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  class Disk;
  class Before;

  KeepingWorld& live_;
  KeptRun run_;  // its records
  ReplayingWorld past_;
  std::optional<KeptParts> parts_;
  bool behind_ = false, lost_ = false;
  KeptKey edge_;
};

// What the guest prints is printed once.
class PresentSink final : public core::ByteSink {
 public:
  PresentSink(const History& history, core::ByteSink& sink) : history_(history), sink_(sink) {}
  void put(uint8_t byte) override {
    if (!history_.behind()) sink_.put(byte);
  }

 private:
  const History& history_;
  core::ByteSink& sink_;
};

}  // namespace vitrine::app
