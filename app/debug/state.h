// SPDX-License-Identifier: MIT
// What a debugger for people remembers between two verbs: which hart is looked at, the stop points by number, and what the run said
// of its events. Next: verbs.h.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/debuggee.h"
#include "app/processes.h"
#include "app/source_lines.h"

namespace vitrine::app::debug {

class BlockStepper;

struct StopPoint {
  enum class Kind : uint8_t { kBreak, kWatch, kCatch } kind = Kind::kBreak;
  unsigned number = 0;
  std::string words;  // as it was given
  core::GuestVirt at;
  uint64_t size = 0;
  bool loads = false, stores = false;
  core::EventKind event{};
  std::string last;  // bytes of a watch point before the last motion
};

class State final : private core::EventSink {
 public:
  // The debuggee outlives this.
  explicit State(Debuggee& debuggee);
  ~State() override;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] Debuggee& it() { return it_; }
  [[nodiscard]] Machine& machine() { return it_.machine(); }
  // The one that was chosen, or the one that makes the next step.
  [[nodiscard]] unsigned hart_number() const { return chosen ? *chosen : it_.current_hart(); }
  [[nodiscard]] riscv::Hart& hart() { return machine().hart(hart_number()); }
  [[nodiscard]] const SourceLines& lines() const { return lines_; }
  // Of one more program, which the guest loads itself.
  void open_lines(const std::string& path) { lines_.open(path); }
  [[nodiscard]] const Processes* processes() const { return processes_.get(); }

  std::optional<unsigned> chosen;
#ifdef VITRINE_HAS_TRANSLATOR
  std::shared_ptr<BlockStepper> block;  // that is walked through
#endif
  std::vector<StopPoint> points;
  unsigned next_number = 1;
  bool quit = false;
  bool prompted = false;  // a prompt says where it stands: the verbs need not
  // Where live console input goes; -1: nowhere.
  int input = -1;
  // Where the user stands, or empty: a kept run is made where it was made first. Files are named from here.
  std::filesystem::path folder;

  // --- Motion. The error of a motion is the end of this run: it is not what it was.
  // Asked when somebody has interrupted a motion: true, it goes on.
  std::function<bool()> look_in;
  // Not null: what a break point stopped at is what it was set for; otherwise the motion goes on.
  std::function<bool(const debugger::Stop& stop)> is_meant;
  // On, or one step of a hart, with the stop points.
  core::Result<debugger::Stop> run(core::Step until = core::kNever);
  core::Result<debugger::Stop> step(unsigned hart);
  // The stop points hold, and these addresses besides.
  void arm(const std::vector<uint64_t>& more = {});
  // These hold and no others, until the next motion arms.
  void seek(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches, const std::vector<core::EventKind>& catches);
  // Until this hart comes to one of these places and `there` holds; stop points of the user come first.
  using There = std::function<bool(const riscv::Hart& hart)>;
  core::Result<debugger::Stop> run_to(unsigned hart, const std::vector<uint64_t>& places, const There& there);
  // The last event of a kind that was caught, in words; empty: nobody heard any.
  [[nodiscard]] std::string words_of(core::EventKind kind, core::Step step) const;

  // --- What is where
  // The four bytes of an instruction there, or of what there is of it; none: nothing can be fetched.
  [[nodiscard]] std::optional<riscv::Insn> instruction_at(uint64_t address);

 private:
  struct Heard {
    core::Event event;
    std::string words;
  };
  void event(const core::Event& event, const core::EventWords& effect) noexcept override;
  using Motion = std::function<core::Result<debugger::Stop>()>;
  core::Result<debugger::Stop> move(const std::vector<uint64_t>& more, const Motion& motion);
  [[nodiscard]] bool passes(const debugger::Stop& stop) const { return stop.kind == debugger::Stop::Kind::kBreak && is_meant && !is_meant(stop); }

  Debuggee& it_;
  SourceLines lines_;
  std::unique_ptr<Processes> processes_;
  std::vector<core::EventKind> kinds_;  // that are listened to
  std::optional<Heard> heard_;
};

// --- Words

// "@120 hart 0 S trap+0x4: csrrw sp, sscratch, sp".
std::string place_text(State& state);
// "S mode" for the mode letter: U, S, M.
char mode_letter(const riscv::Hart& hart);
// "exit csr-access: CSR access" or "guest trap guest-exception".
std::string event_name_text(core::EventKind kind);
// Lines of text about one event, as a debugger shows it.
std::string event_line(State& state, const core::Event& event, const std::string& words);

// A number, a symbol of the images, symbol+offset, a register ($a0, $pc) or a CSR ($sepc), also with an offset.
core::Result<uint64_t> parse_place(State& state, std::string_view word);
core::Result<uint64_t> parse_count(std::string_view verb, std::string_view word);
// Its number, by its name or by a number.
core::Result<unsigned> parse_csr(std::string_view word);
core::Result<core::EventKind> parse_kind(std::string_view word);
core::Error usage(std::string_view verb, std::string_view why);

}  // namespace vitrine::app::debug
