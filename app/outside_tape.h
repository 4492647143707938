// SPDX-License-Identifier: MIT
// What the outside did to a machine in the course of its run, recorded at one machine and played to a second
// one that runs the same steps behind it: bytes of live input, moves of the clock, requests to stop; and what
// the machine said on its consoles, which the second one has to say as well. Disks: disk_tape.h.
#pragma once

#include <deque>
#include <string>

#include "app/htif.h"
#include "core/input.h"
#include "isa/riscv/system.h"

namespace vitrine::app {

// What came in during one call of World::poll or World::idle.
struct OutsideMoment {
  std::string bytes;         // of live input
  core::Ticks moved_to = 0;  // poll moved the clock to this time; what idle answered
  bool stop = false;
};

// Stands between a machine and its world, and notes what the world does.
class WorldRecorder final : public riscv::World {
 public:
  explicit WorldRecorder(riscv::World& world) : world_(world) {}
  void watch(riscv::System& system, core::Clock& clock, const core::InputFeeder& feeder);

  void poll() override;
  core::Ticks idle(core::Ticks when) override;

  std::deque<OutsideMoment> polls, idles;  // not played yet

 private:
  template <typename Call>
  OutsideMoment note(Call call);

  riscv::World& world_;
  riscv::System* system_ = nullptr;
  core::Clock* clock_ = nullptr;
  const core::InputFeeder* feeder_ = nullptr;
};

// The second machine's world.
class WorldPlayer final : public riscv::World {
 public:
  explicit WorldPlayer(WorldRecorder& recorder) : recorder_(recorder) {}
  void play_to(riscv::System& system, core::Clock& clock, core::InputFeeder& feeder, Htif* htif);

  void poll() override;
  core::Ticks idle(core::Ticks when) override;

 private:
  void play(const OutsideMoment& moment);

  WorldRecorder& recorder_;
  riscv::System* system_ = nullptr;
  core::Clock* clock_ = nullptr;
  core::InputFeeder* feeder_ = nullptr;
  Htif* htif_ = nullptr;
};

// A console's output: one end puts, the other has to put the same.
class ConsoleTape {
 public:
  ConsoleTape() : recorder_(*this), player_(*this) {}
  ConsoleTape(const ConsoleTape&) = delete;
  ConsoleTape& operator=(const ConsoleTape&) = delete;
  // The first machine's console; what it gets goes on to `sink`.
  core::ByteSink& recorder(core::ByteSink& sink) {
    recorder_.sink = &sink;
    return recorder_;
  }
  core::ByteSink& player() { return player_; }
  // One machine said something that the other did not.
  [[nodiscard]] bool differs() const { return differs_ || !bytes_.empty(); }

 private:
  struct Recorder final : core::ByteSink {
    explicit Recorder(ConsoleTape& t) : tape(t) {}
    void put(uint8_t byte) override;
    ConsoleTape& tape;
    core::ByteSink* sink = nullptr;
  };
  struct Player final : core::ByteSink {
    explicit Player(ConsoleTape& t) : tape(t) {}
    void put(uint8_t byte) override;
    ConsoleTape& tape;
  };
  Recorder recorder_;
  Player player_;
  std::deque<uint8_t> bytes_;  // that the player has not said yet
  bool differs_ = false;
};

}  // namespace vitrine::app
