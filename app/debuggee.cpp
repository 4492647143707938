// SPDX-License-Identifier: MIT
// Kept and new runs as debuggers see them.
#include "app/debuggee.h"

#include <algorithm>
#include <cstring>

#include "app/travel.h"

namespace vitrine::app {

using core::Step;

// A kept run, whose console is told of motion.
class Debuggee::Past final : public Travel {
 public:
  Past(Replay& replay, ConsoleLog& console) : Travel(replay), console_(console) {}
  core::Result<> restored(core::Archive& ar) override {
    auto done = Travel::restored(ar);
    console_.moved();
    return done;
  }

 private:
  ConsoleLog& console_;
};

// A session that goes on. It is started by its first motion.
class Debuggee::Live final : public debugger::Run {
 public:
  Live(Session& session, ConsoleLog& console) : session_(session), console_(console) {}
  // The run ends here, if it has not.
  ~Live() override { finish({Outcome::Kind::kQuit, 0, "The debugger was quit."}); }
  Outcome finish(Outcome outcome) {
    if (end_) outcome = *end_;
    if (started_ && !std::exchange(finished_, true)) session_.finish(outcome);
    return outcome;
  }
  void start() {
    if (std::exchange(started_, true)) return;
    if (auto outcome = session_.start()) note_end(std::move(*outcome));
  }

  [[nodiscard]] Step now() const override { return session_.machine().clock().step(); }
  [[nodiscard]] Step last() const override { return end_ ? end_step_ : core::kNever; }
  [[nodiscard]] Step edge() const { return at_edge() ? now() : session_.history()->edge(); }
  [[nodiscard]] bool at_edge() const { return !session_.history()->behind(); }
  [[nodiscard]] bool ended() const override { return end_ && now() >= end_step_; }
  [[nodiscard]] const std::optional<Outcome>& end() const { return end_; }

  core::Result<> advance(Step until) override {
    start();
    if (ended()) return core::Ok{};
    auto outcome = session_.advance(std::min(until, last()));
    if (at_edge()) {
      if (outcome) note_end(std::move(*outcome));
      return core::Ok{};
    }
    if (now() > session_.history()->edge())
      return core::error(core::ErrorKind::kHost, "The run made again is another one, at step {} or before. This is a bug of Vitrine's.", now());
    return core::Ok{};
  }
  void serialize(core::Archive& ar) override { session_.serialize(ar); }
  core::Result<> restored(core::Archive& ar) override {
    auto done = session_.restored(ar);
    console_.moved();
    return done;
  }
  core::GuestRam& ram() override { return session_.machine().ram(); }
  core::StopPoints& stop_points() override { return session_.machine().stop_points(); }
  void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches) override {
    session_.machine().set_stop_points(std::move(breaks), std::move(watches));
  }
  [[nodiscard]] unsigned harts() const override { return session_.machine().hart_count(); }
  [[nodiscard]] uint64_t steps_of(unsigned hart) const override { return session_.machine().hart(hart).steps_now(); }

 private:
  void note_end(Outcome outcome) {
    end_ = std::move(outcome);
    end_step_ = now();
  }

  Session& session_;
  ConsoleLog& console_;
  bool started_ = false, finished_ = false;
  std::optional<Outcome> end_;
  Step end_step_ = 0;
};

Debuggee::~Debuggee() {
  if (machine_) machine_->events().remove_sink(*this);
  debugger_.reset();
  run_.reset();
}

core::Result<std::unique_ptr<Debuggee>> Debuggee::of_kept(KeptRun run, std::optional<EngineKind> engine) {
  std::unique_ptr<Debuggee> it(new Debuggee);
  it->kept_ = std::move(run);
  auto replay = Replay::create(it->kept_, it->console_, engine);
  if (!replay) return replay.error();
  it->replay_ = std::move(*replay);
  Machine& machine = it->replay_->machine();
  it->begin(std::make_unique<Past>(*it->replay_, it->console_), machine);
  return it;
}

core::Result<std::unique_ptr<Debuggee>> Debuggee::of_new(const MachineOptions& options) {
  std::unique_ptr<Debuggee> it(new Debuggee);
  RunOptions run = options.run;
  run.console_log = &it->console_;
  auto session = Session::create(options.config, run);
  if (!session) return session.error();
  it->session_ = std::move(*session);
  auto live = std::make_unique<Live>(*it->session_, it->console_);
  it->live_ = live.get();
  Machine& machine = it->session_->machine();
  it->begin(std::move(live), machine);
  return it;
}

void Debuggee::begin(std::unique_ptr<debugger::Run> run, Machine& machine) {
  machine_ = &machine;
  console_.watch(machine.clock());
  run_ = std::move(run);
  debugger_ = std::make_unique<debugger::Debugger>(*run_);
  debugger_->set_interrupted([this] { return interrupted_.exchange(false); });
}

bool Debuggee::at_edge() const { return live_ ? live_->at_edge() && !live_->ended() : false; }

std::optional<Outcome> Debuggee::outcome() const {
  if (!run_->ended()) return std::nullopt;
  if (live_) return live_->end();
  return kept_.end ? std::optional(kept_.end->outcome) : std::nullopt;
}

const RunOptions& Debuggee::options() const { return live_ ? session_->options() : replay_->options(); }

Step Debuggee::last() const { return live_ ? live_->edge() : run_->last(); }

core::Result<debugger::Stop> Debuggee::go_to(Step step) {
  auto stop = debugger_->go_to(step);
  if (session_) session_->look_for_edge();
  return stop;
}

void Debuggee::interrupt() {
  interrupted_ = true;
  if (session_) session_->come_in();
}

unsigned Debuggee::current_hart() const {
  const riscv::Hart* const next = machine_->system().next();
  return next ? next->id : machine_->system().current().id;
}

void Debuggee::set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches,
                               const std::vector<core::EventKind>& catches) {
  debugger_->set_stop_points(std::move(breaks), std::move(watches));
  const bool listened = catches_.any();
  catches_.reset();
  for (const core::EventKind kind : catches) catches_.set(static_cast<size_t>(kind));
  if (catches_.any() == listened) return;
  if (listened)
    machine_->events().remove_sink(*this);
  else
    machine_->events().add_sink(*this);
}

void Debuggee::event(const core::Event& event, const core::EventWords&) noexcept {
  const auto kind = static_cast<size_t>(event.kind);
  if (catches_[kind]) machine_->stop_points().request(event.place.hart, kind);
}

#ifdef VITRINE_HAS_TRANSLATOR
core::Result<> Debuggee::trace_block(translator::BlockTrace& trace) {
  constexpr core::Step kLongest = 1000;
  translator::Translator* const translator = machine_->translator();
  if (!translator) {
    trace.problem = "The interpreter runs this machine, so there is no host code.";
    return core::Ok{};
  }
  if (is_lockstep(machine_->config().engine)) {
    trace.problem = "Two engines run this machine side by side, and the second one would not follow. Use --engine translator.";
    return core::Ok{};
  }
  const Step here = now();
  core::StopPoints& stops = machine_->stop_points();
  stops.arm(false);
  translator->trace_next(trace);
  // Nobody outside hears of it.
  console_.mute(true);
  core::Result<> done = core::Ok{};
  if (at_edge()) {
    session_->leave_edge();
    machine_->run(here + kLongest);
  } else {
    done = run_->advance(std::min(here + kLongest, last()));
  }
  stops.arm(true);
  if (done) done = debugger_->timeline().go_to(here);
  console_.mute(false);
  if (session_) session_->look_for_edge();
  return done;
}
#endif

Debuggee::Bytes Debuggee::read_memory(unsigned hart, core::GuestVirt at, size_t size) const {
  Bytes all;
  while (all.bytes.size() < size) {
    const core::GuestVirt from = at + all.bytes.size();
    const mmu::Walk walk = machine_->mmu(hart).look(from, core::AccessKind::kLoad);
    if (walk.fault != core::FaultKind::kNone) break;
    const size_t wanted = std::min<size_t>(size - all.bytes.size(), core::kPageSize - from.page_offset());
    const Bytes piece = read_physical(walk.physical, wanted);
    all.bytes += piece.bytes;
    all.device = all.device || piece.device;
    if (piece.bytes.size() < wanted) break;
  }
  return all;
}

Debuggee::Bytes Debuggee::read_physical(core::GuestPhys at, size_t size) const {
  Bytes all;
  const core::GuestRam& ram = machine_->ram();
  while (all.bytes.size() < size) {
    const core::GuestPhys from = at + all.bytes.size();
    if (ram.contains(from)) {
      const size_t piece = std::min<uint64_t>(size - all.bytes.size(), ram.size() - (from.value - ram.base().value));
      all.bytes.append(reinterpret_cast<const char*>(ram.host(from)), piece);
      continue;
    }
    const auto value = machine_->bus().peek(from, 1);
    if (!value) break;
    all.bytes += static_cast<char>(*value);
    all.device = true;
  }
  return all;
}

core::Result<> Debuggee::poke(const Poke& poke) {
  if (!live_) return core::error(core::ErrorKind::kUsage, "A kept run is what it was: nothing in it can be written.");
  if (live_->ended()) return core::error(core::ErrorKind::kUsage, "The run has ended: nothing in it can be written any more.");
  live_->start();
  return session_->poke(poke);
}

core::Result<> Debuggee::write_register(unsigned hart, unsigned number, uint64_t value) {
  return poke({false, hart, number, value, {}, {}});
}

core::Result<> Debuggee::write_physical(core::GuestPhys at, std::string_view bytes) {
  if (!machine_->ram().contains(at, bytes.size()))
    return core::error(core::ErrorKind::kUsage, "Not all of {} bytes from physical {:#x} on are RAM; what is no RAM cannot be written.",
                       bytes.size(), at.value);
  return poke({true, 0, 0, 0, at, std::string(bytes)});
}

core::Result<> Debuggee::write_memory(unsigned hart, core::GuestVirt at, std::string_view bytes) {
  std::vector<std::pair<core::GuestPhys, std::string_view>> pieces;
  for (size_t done = 0; done < bytes.size();) {
    const core::GuestVirt to = at + done;
    const mmu::Walk walk = machine_->mmu(hart).look(to, core::AccessKind::kLoad);
    const size_t size = std::min<size_t>(bytes.size() - done, core::kPageSize - to.page_offset());
    if (walk.fault != core::FaultKind::kNone || !machine_->ram().contains(walk.physical, size))
      return core::error(core::ErrorKind::kUsage, "{:#x} does not lead to RAM, so it cannot be written.", to.value);
    pieces.emplace_back(walk.physical, bytes.substr(done, size));
    done += size;
  }
  for (const auto& [to, piece] : pieces)
    if (auto written = write_physical(to, piece); !written) return written;
  return core::Ok{};
}

Outcome Debuggee::finish(Outcome outcome) { return live_ ? live_->finish(std::move(outcome)) : outcome; }

}  // namespace vitrine::app
