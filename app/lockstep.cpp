// SPDX-License-Identifier: MIT
// The rounds of two machines, and their comparison. The text of a difference: lockstep_report.cpp.
#include "app/lockstep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "app/htif.h"

namespace vitrine::app {

using core::Step;
using riscv::StopReason;

namespace {

// Steps for each page in use before all of RAM is compared again: the comparison then costs less than the
// steps.
constexpr uint64_t kStepsPerPage = 128;
constexpr size_t kMaxWritten = 1 << 16;

struct NullSink final : core::ByteSink {
  void put(uint8_t) override {}
};
NullSink g_nowhere;  // what HTIF of the second machine prints

const char* name_of(std::optional<StopReason> reason) {
  if (!reason) return "goes on";
  switch (*reason) {
    case StopReason::kStepLimit: return "is at the limit";
    case StopReason::kRequested: return "was asked to stop";
    case StopReason::kNothingWakes: return "waits for ever";
    case StopReason::kFaultLoop: return "is in a fault loop";
    case StopReason::kStopPoint: return "is at a stop point";
  }
  return "";
}

}  // namespace

Lockstep::Lockstep(const MachineConfig& config) : config_(config), ram_interval_(config.slice) {}
Lockstep::~Lockstep() = default;

// --- Making the machines

Machine::Outside Lockstep::listen(const Machine::Outside& outside) {
  world_recorder_ = std::make_unique<WorldRecorder>(outside.world);
  Machine::Outside heard{console_.recorder(outside.console), *world_recorder_, outside.observer};
  own_virtio_console_ = outside.virtio_console != nullptr;
  if (own_virtio_console_) heard.virtio_console = &virtio_console_.recorder(*outside.virtio_console);
  heard.open_disk =
      [this, open = outside.open_disk](const DiskConfig& config, devices::BlockObserver& observer)
      -> core::Result<std::unique_ptr<devices::BlockBackend>> {
    auto disk = open ? open(config, observer) : open_disk(config, observer);
    if (!disk) return disk.error();
    disks_.push_back(std::make_unique<DiskTape>());
    return disks_.back()->recorder(std::move(*disk));
  };
#ifdef VITRINE_HAS_TRANSLATOR
  heard.translations = &blocks_;
#endif
  return heard;
}

core::Result<> Lockstep::begin(Machine& machine, const Inputs& inputs) {
  machine_ = &machine;
  world_recorder_->watch(machine.system(), machine.scheduler().clock(), inputs.feeder);
  world_player_ = std::make_unique<WorldPlayer>(*world_recorder_);

  MachineConfig config = config_;
  config.engine = EngineKind::kInterpreter;
  config.caching = config_.engine == EngineKind::kLockstepCached;
  if (config.mmu == MmuKind::kShadow && !config.breaks.has(core::Break::kShadowUnprotected)) config.mmu = MmuKind::kTlb;  // the lazy ones stay what they are
  config.host_tools = {};
  config.stress = 0;
  Machine::Outside outside{console_.player(), *world_player_, *this, own_virtio_console_ ? &virtio_console_.player() : nullptr};
  outside.open_disk = [this, next = size_t{0}](const DiskConfig&, devices::BlockObserver&) mutable
      -> core::Result<std::unique_ptr<devices::BlockBackend>> { return disks_[next++]->player(); };
  auto judge = Machine::create(config, outside);
  if (!judge) return judge.error();
  judge_ = std::move(*judge);

  core::ByteReceiver* virtio = inputs.to_virtio ? judge_->virtio_console_input() : nullptr;
  judge_feeder_ =
      std::make_unique<core::InputFeeder>(judge_->scheduler(), virtio ? *virtio : judge_->console_input());
  if (!inputs.file.empty()) judge_feeder_->set_file(inputs.file);
  if (inputs.htif && judge_->boot().kernel_image)
    judge_htif_ = Htif::create(*judge_->boot().kernel_image, judge_->ram(), judge_->scheduler(), g_nowhere);
  world_player_->play_to(judge_->system(), judge_->scheduler().clock(), *judge_feeder_, judge_htif_.get());

  // Every store of the second machine is announced, and compared.
  core::GuestRam& ram = judge_->ram();
  for (uint64_t page = 0; page < ram.pages(); ++page)
    ram.set_flag(ram.base() + (page << core::kPageShift), core::kClean);
  ram.add_listener(this);
  remember();
  return core::Ok{};
}

core::Result<> Lockstep::reset() {
  auto done = judge_->reset();
  if (judge_htif_) judge_htif_->watch();
  written_.clear();
  remember();
  return done;
}

void Lockstep::after_write(core::GuestPhys at, size_t size, uint8_t) noexcept {
  if (written_.size() < kMaxWritten)
    written_.push_back({at, size});
  else
    ram_interval_ = 0;  // all of RAM, then
}

// --- Running

std::optional<StopReason> Lockstep::run(Step until) {
  while (true) {
    round_begin_ = machine_->clock().step();
    const auto reason = machine_->run_round(until);
    if (!follow(round_begin_, until, reason)) return std::nullopt;
    if (reason) return reason;
  }
}

// The second machine makes what the first one has just made. False if the outcome is another one.
bool Lockstep::follow(Step before, Step until, std::optional<StopReason> reason) {
  const Step now = machine_->clock().step();
  written_.clear();
  path_.clear();
  const auto judged = now > before ? run_judge(now, true) : run_judge(until, false);
  std::string what = difference(reason, judged);
  if (what.empty() && now - parts_compared_ >= config_.slice) what = parts_difference();
  if (what.empty() && (reason || now - ram_compared_ >= ram_interval_)) what = ram_difference();
  if (!what.empty()) {
    report_ = make_report(what);
    return false;
  }
  before_ = now_;
  hart_before_ = judge_->system().current().id;
  (void)judge_->take_guest_end();
  return true;
}

// By steps, up to the target; otherwise one round that makes none, and may be the one that ends a run at
// `target`.
std::optional<StopReason> Lockstep::run_judge(Step target, bool by_steps) {
  const core::Clock& clock = judge_->clock();
  if (!by_steps) return judge_->run_round(target);
  const size_t most =
      2 * (target - clock.step()) + 16;  // rounds: nobody waits for ever for a machine that does not come
  std::optional<StopReason> judged;
  do {
    const riscv::Hart& hart = judge_->system().current();
    path_.push_back({hart.id, hart.pc, hart.traps});
    judged = judge_->run_round(config_.engine == EngineKind::kLockstep ? clock.step() + 1 : target);
  } while (!judged && clock.step() < target && path_.size() < most);
  return judged;
}

void Lockstep::remember() {
  before_ = HartState::of(judge_->system().current());
  hart_before_ = judge_->system().current().id;
}

// --- Comparing: empty, or what differs

std::string Lockstep::difference(std::optional<StopReason> reason, std::optional<StopReason> judged) {
  const core::Clock &mine = machine_->clock(), &judges = judge_->clock();
  const riscv::Hart &hart = machine_->system().current(), &judge = judge_->system().current();
  if (mine.step() != judges.step())
    return fmt::format("the interpreter is at step {} instead", judges.step());
  if (reason != judged)
    return fmt::format("the translator {}, the interpreter {}", name_of(reason), name_of(judged));
  if (mine.ticks() != judges.ticks())
    return fmt::format("the time is {} ticks and {}", mine.ticks(), judges.ticks());
  if (hart.id != judge.id) return fmt::format("it is the turn of hart {} and of hart {}", hart.id, judge.id);
  now_ = HartState::of(judge);
  if (HartState::of(hart) != now_) return fmt::format("hart {} has other registers", hart.id);
  if (std::string what = written_difference(); !what.empty()) return what;
  return tape_difference();
}

std::string Lockstep::written_difference() const {
  core::GuestRam &mine = machine_->ram(), &judges = judge_->ram();
  for (const Written& written : written_) {
    const uint8_t *a = mine.host(written.at), *b = judges.host(written.at);
    if (std::memcmp(a, b, written.size) == 0) continue;
    const auto offset = static_cast<uint64_t>(std::mismatch(a, a + written.size, b).first - a);
    return fmt::format("memory differs at {:#x}, which was written", written.at.value + offset);
  }
  return {};
}

std::string Lockstep::tape_difference() const {
  if (console_.differs() || virtio_console_.differs()) return "the guest says something else on a console";
  for (const auto& disk : disks_)
    if (std::string what = disk->difference(); !what.empty()) return what;
  return {};
}

std::string Lockstep::parts_difference() {
  parts_compared_ = machine_->clock().step();
  for (const auto& disk : disks_) disk->leave_out_contents = true;
  core::StateHasher mine, judges;
  machine_->serialize(mine);
  judge_->serialize(judges);
  for (const auto& disk : disks_) disk->leave_out_contents = false;
  if (mine.digest() == judges.digest()) return {};
  return "a device, an event or a hart whose turn it is not differs";
}

std::string Lockstep::ram_difference() {
  const Step since = ram_compared_;
  ram_compared_ = machine_->clock().step();
  const core::GuestRam::Comparison found = machine_->ram().compare(judge_->ram());
  ram_interval_ = std::max(config_.slice, kStepsPerPage * found.pages);
  if (!found.different) return {};
  return fmt::format(
      "memory differs at {:#x}. The interpreter did not write it in this round: it was the "
      "translator, behind step {}",
      found.different->value, since);
}

}  // namespace vitrine::app
