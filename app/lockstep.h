// SPDX-License-Identifier: MIT
// Two machines in lockstep: the one that runs, on the translator, and behind it a second one of the same
// identity, on the interpreter, which judges it. The first machine makes one round of its loop (one block of
// generated code, a stretch of interpreted cold code, an interrupt, a jump of time). Then the second one makes
// the same steps, with what the outside did to the first one played to it at the same steps (outside_tape.h,
// disk_tape.h). Then they are compared:
//
//   after every round   the step, the clock, the running hart with all its registers and CSRs, every byte that
//                       the second machine wrote, what was put on the consoles, what was asked of the disks
//   after every slice   the other harts, the devices, the events
//   now and then        all of RAM: finds bytes that only the first machine wrote. At the latest after 128
//                       steps for each page that is in use, and at the end of the run
//
// The first difference is a bug of ours; report() tells it. The guest's run is that of the first machine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/disk_tape.h"
#include "app/hart_state.h"
#include "app/machine.h"
#include "app/outside_tape.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "translator/block_log.h"
#endif

namespace vitrine::app {

class Lockstep final : private core::RamListener, private MachineObserver {
 public:
  explicit Lockstep(const MachineConfig& config);
  ~Lockstep() override;

  // The outside to make the first machine with: the given one, with our tapes between.
  Machine::Outside listen(const Machine::Outside& outside);

  // Makes the second machine. `feeder` is the first one's; the file, the receiver and HTIF are as it has
  // them.
  struct Inputs {
    const core::InputFeeder& feeder;
    std::string file;
    bool to_virtio = false;
    bool htif = false;
  };
  core::Result<> begin(Machine& machine, const Inputs& inputs);

  // As Machine::run, both of them. Nothing if they differ: report() says how, and neither can go on.
  std::optional<riscv::StopReason> run(core::Step until);
  [[nodiscard]] const std::string& report() const { return report_; }
  // The first machine was reset.
  core::Result<> reset();

 private:
  struct Written {
    core::GuestPhys at;
    size_t size;
  };
  // An instruction that the second machine came to in this round.
  struct Place {
    unsigned hart;
    uint64_t pc;
    uint64_t traps;  // that the hart had entered by then
  };

  // core::RamListener, of the second machine's RAM.
  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;
  void notice(std::string_view) override {}

  bool follow(core::Step before, core::Step until, std::optional<riscv::StopReason> reason);
  std::optional<riscv::StopReason> run_judge(core::Step target, bool by_steps);
  void remember();
  [[nodiscard]] std::string difference(std::optional<riscv::StopReason> reason,
                                       std::optional<riscv::StopReason> judged);
  [[nodiscard]] std::string written_difference() const;
  [[nodiscard]] std::string tape_difference() const;
  [[nodiscard]] std::string parts_difference();
  [[nodiscard]] std::string ram_difference();
  std::string make_report(const std::string& what);
  std::string path_text();
  std::string instruction_text(const Place& place);
  std::string blocks_text();

  MachineConfig config_;
  Machine* machine_ = nullptr;
  std::unique_ptr<WorldRecorder> world_recorder_;
  std::unique_ptr<WorldPlayer> world_player_;
  ConsoleTape console_, virtio_console_;
  bool own_virtio_console_ = true;  // false: its output goes to the console
  std::vector<std::unique_ptr<DiskTape>> disks_;
#ifdef VITRINE_HAS_TRANSLATOR
  translator::BlockLog blocks_;
#endif
  std::unique_ptr<Machine> judge_;
  std::unique_ptr<core::InputFeeder> judge_feeder_;
  std::unique_ptr<Htif> judge_htif_;

  std::vector<Written> written_;  // by the second machine in this round
  std::vector<Place> path_;
  core::Step round_begin_ = 0;
  HartState before_, now_;  // of the hart that runs in the second machine, when the round began and when it ended
  unsigned hart_before_ = 0;
  core::Step parts_compared_ = 0, ram_compared_ = 0;
  core::Step ram_interval_ = 0;
  std::string report_;
};

}  // namespace vitrine::app
