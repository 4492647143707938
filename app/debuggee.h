// SPDX-License-Identifier: MIT
// What a debugger has before it: a run and its machine, which every front end (gdb's protocol, the terminal, the debug adapter,
// the page) asks and moves through this. Either a kept run, made again, or a new one, whose past is kept as it goes on; both can be
// put to any moment between their beginning and as far as they have come.
//
// One thread moves the machine and asks it. interrupt() may be called from any.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/console_log.h"
#include "app/options.h"
#include "app/replay.h"
#include "debugger/debugger.h"

namespace vitrine::app {

class Debuggee : private core::EventSink {
 public:
  // A run that was kept. It stands at its beginning. No engine: that which it was made with.
  static core::Result<std::unique_ptr<Debuggee>> of_kept(KeptRun run, std::optional<EngineKind> engine = std::nullopt);
  // A new run, which stands at its beginning. Its console goes where the options say.
  static core::Result<std::unique_ptr<Debuggee>> of_new(const MachineOptions& options);
  // Ends a new run: it was quit.
  ~Debuggee() override;

  [[nodiscard]] Machine& machine() { return *machine_; }
  [[nodiscard]] const Machine& machine() const { return *machine_; }
  [[nodiscard]] bool live() const { return live_ != nullptr; }
  // The present moment is as far as the run has come, so that it may be changed, and typed to.
  [[nodiscard]] bool at_edge() const;
  // How the run ended, if the present moment is its end.
  [[nodiscard]] std::optional<Outcome> outcome() const;
  [[nodiscard]] const ConsoleLog& console() const { return console_; }
  [[nodiscard]] const RunOptions& options() const;
  // All that a new run's guest has printed is on the host's console then.
  void flush_console() {
    if (session_) session_->flush_output();
  }

  // --- Motion
  // --------------------------------------------------------------------------------------------------------
  [[nodiscard]] core::Step now() const { return debugger_->now(); }
  [[nodiscard]] core::Step first() const { return debugger_->timeline().first(); }
  // As far as it has come; of a kept run, its end.
  [[nodiscard]] core::Step last() const;
  // They hold from the next motion on, and replace those before. `catches`: kinds of events, which stop behind their step.
  void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches,
                       const std::vector<core::EventKind>& catches = {});
  core::Result<debugger::Stop> run(core::Step until = core::kNever) { return debugger_->run(until); }
  core::Result<debugger::Stop> run_back() { return debugger_->run_back(); }
  core::Result<debugger::Stop> step(unsigned hart) { return debugger_->step(hart); }
  core::Result<debugger::Stop> step_back(unsigned hart) { return debugger_->step_back(hart); }
  core::Result<debugger::Stop> go_to(core::Step step);
  // Ends a motion soon, with Stop::Kind::kInterrupted; the next one, if there is none.
  void interrupt();
  // What came before now interrupts nothing.
  void forget_interrupt() { interrupted_ = false; }
  [[nodiscard]] debugger::Debugger& control() { return *debugger_; }
  // The hart that makes the next step; where all wait, the last one that ran.
  [[nodiscard]] unsigned current_hart() const;
  // "stop point" kinds of events by Stop::mark.
  [[nodiscard]] static core::EventKind caught(const debugger::Stop& stop) { return static_cast<core::EventKind>(stop.mark); }

  // The present moment into a file, whose size is returned (snapshot.h).
  core::Result<uint64_t> save(const std::string& path) {
    return live_ ? save_snapshot(*session_, path) : replay_->save(path);
  }

#ifdef VITRINE_HAS_TRANSLATOR
  // The block that runs next, made anew and run once, host instruction by host instruction; afterwards the machine stands where it
  // stood. Says what is wrong in the trace, or in the error if the run is none any more.
  core::Result<> trace_block(translator::BlockTrace& trace);
#endif

  // --- Memory, as a hart sees it now, or physical; nothing changes by looking
  // --------------------------------------------------------
  // Reads up to where it cannot go on. Registers of devices are only peeked at, and `device` says that some were.
  struct Bytes {
    std::string bytes;
    bool device = false;
  };
  [[nodiscard]] Bytes read_memory(unsigned hart, core::GuestVirt at, size_t size) const;
  [[nodiscard]] Bytes read_physical(core::GuestPhys at, size_t size) const;
  // Inputs of a new run, at its edge (poke.h); elsewhere they are refused. All bytes are written, or none.
  core::Result<> write_register(unsigned hart, unsigned number, uint64_t value);
  core::Result<> write_memory(unsigned hart, core::GuestVirt at, std::string_view bytes);
  core::Result<> write_physical(core::GuestPhys at, std::string_view bytes);

  // --- Of a new run, for whoever made it; nullptr: of a kept one
  [[nodiscard]] Session* session() { return session_.get(); }
  // It is over, by this outcome if it has none of its own. Nothing moves any more.
  Outcome finish(Outcome outcome);

 private:
  class Past;
  class Live;
  Debuggee() = default;
  void begin(std::unique_ptr<debugger::Run> run, Machine& machine);
  core::Result<> poke(const Poke& poke);
  void event(const core::Event& event, const core::EventWords& effect) noexcept override;

  ConsoleLog console_;
  KeptRun kept_;
  std::unique_ptr<Replay> replay_;
  std::unique_ptr<Session> session_;
  Live* live_ = nullptr;  // run_, if it is new
  Machine* machine_ = nullptr;
  std::unique_ptr<debugger::Run> run_;
  std::unique_ptr<debugger::Debugger> debugger_;
  std::bitset<core::kEventKinds> catches_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace vitrine::app
