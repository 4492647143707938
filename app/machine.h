// SPDX-License-Identifier: MIT
// The machine: harts, RAM, bus and devices of the board, put together from a configuration, with its images
// loaded. Running it (console, limits, pacing) is app/session.h; what it is made from is
// app/machine_config.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/boot.h"
#include "app/machine_config.h"
#include "core/bus.h"
#include "core/console.h"
#include "core/events.h"
#include "core/guest_ram.h"
#include "core/scheduler.h"
#include "core/stop_points.h"
#include "core/stress.h"
#include "devices/clint.h"
#include "devices/plic.h"
#include "devices/test_finisher.h"
#include "devices/uart16550.h"
#include "devices/virtio/block_backend.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/raw_file.h"
#include "isa/riscv/interpreter.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "translator/translator.h"
#endif
#include "isa/riscv/sbi.h"
#include "isa/riscv/system.h"
#include "mmu/mmu.h"

namespace vitrine::app {

// How the guest ended the run.
struct GuestEnd {
  enum class Kind { kPass, kFail, kReset, kPanic } kind;
  unsigned code = 0;  // of kFail
};

// Told of what happens; the machine itself never prints.
class MachineObserver {
 public:
  virtual ~MachineObserver() = default;
  // A disk failed, a driver broke its device: one sentence for people.
  virtual void notice(std::string_view text) = 0;
};

// A disk's image: its file, or the file under an overlay. `around`, if given, puts something around the file.
using AroundImage = std::function<std::unique_ptr<devices::BlockBackend>(std::unique_ptr<devices::RawFile>)>;
core::Result<std::unique_ptr<devices::BlockBackend>> open_disk(const DiskConfig& config,
                                                               devices::BlockObserver& observer,
                                                               const AroundImage& around = {});

class Machine final : private devices::FinishObserver,
                      private devices::TimeObserver,
                      private devices::BlockObserver,
                      private devices::VirtioObserver,
                      private riscv::SbiObserver,
                      private riscv::SbiConsole,
                      private riscv::HartObserver {
 public:
  struct Outside {
    core::ByteSink& console;
    riscv::World& world;
    MachineObserver& observer;
    core::ByteSink* virtio_console = nullptr;  // where a virtio console's output goes; null: the console's
    // Opens a disk; empty: its file.
    std::function<core::Result<std::unique_ptr<devices::BlockBackend>>(const DiskConfig&, devices::BlockObserver&)> open_disk = {};
    // An engine around the engine, which sees each run of a hart (app/retire_log.h). Empty: none.
    std::function<std::unique_ptr<riscv::Engine>(riscv::Engine&)> around_engine = {};
#ifdef VITRINE_HAS_TRANSLATOR
    translator::TranslationObserver* translations = nullptr;
    bool one_block = false;  // the translator returns behind each block
#endif
    bool images = true;  // false: they are looked at, and not put into RAM, for all of it is about to be loaded
  };

  // Builds the board and loads the images; the machine then stands at its first instruction.
  static core::Result<std::unique_ptr<Machine>> create(const MachineConfig& config, const Outside& outside);
  ~Machine() override;

  riscv::StopReason run(core::Step until);
  // One round of the loop behind that; nothing if it would go on (isa/riscv/system.h).
  std::optional<riscv::StopReason> run_round(core::Step until) {
    if (stress_) disturb();
    return system_->run_round(until);
  }
  void request_stop() { system_->request_stop(); }
  // What the guest asked for last; taken by reading.
  [[nodiscard]] std::optional<GuestEnd> take_guest_end();
  // Power-on state again, images reloaded; steps and time go on.
  core::Result<> reset();

  // Of a debugger, from the first call on. What is kept follows their change.
  core::StopPoints& stop_points();
  void set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches);
  // One of them was hit, and nobody has taken it yet.
  [[nodiscard]] bool stopped() const { return stops_ && stops_->is_hit(); }

  [[nodiscard]] uint64_t state_hash();
  // RAM, harts, devices and scheduled events, not caches. The archive decides what is done with them.
  void serialize(core::Archive& ar);
  // After serialize() of an archive that loads, and after RAM is what it was then: caches follow. An error: what was loaded is
  // no machine's state, and this one is good for nothing any more.
  core::Result<> restored(core::Archive& ar);
  // Why a state of this machine cannot be saved; nullptr: it can.
  [[nodiscard]] const char* why_not_saved() const;

  [[nodiscard]] const MachineConfig& config() const { return config_; }
  [[nodiscard]] const BootPlan& boot() const { return boot_; }
  // Names of addresses besides those of the images, for people: of programs that the guest itself loads.
  void add_symbols(core::SymbolTable symbols) { more_symbols_.push_back(std::move(symbols)); }
  [[nodiscard]] const std::vector<core::SymbolTable>& more_symbols() const { return more_symbols_; }
  [[nodiscard]] const core::Clock& clock() const { return clock_; }
  [[nodiscard]] core::Scheduler& scheduler() { return scheduler_; }
  [[nodiscard]] core::GuestRam& ram() { return *ram_; }
  [[nodiscard]] const core::GuestRam& ram() const { return *ram_; }
  [[nodiscard]] core::Bus& bus() { return bus_; }
  [[nodiscard]] core::ByteReceiver& console_input() { return *uart_; }
  // The last virtio console, or null.
  [[nodiscard]] core::ByteReceiver* virtio_console_input() { return virtio_console_; }
  [[nodiscard]] riscv::System& system() { return *system_; }
  [[nodiscard]] const riscv::Hart& hart(unsigned i) const { return *harts_[i]->hart; }
  [[nodiscard]] riscv::Hart& hart(unsigned i) { return *harts_[i]->hart; }
  [[nodiscard]] unsigned hart_count() const { return static_cast<unsigned>(harts_.size()); }
  [[nodiscard]] mmu::Mmu& mmu(unsigned i) { return *harts_[i]->mmu; }
  [[nodiscard]] const mmu::Mmu& mmu(unsigned i) const { return *harts_[i]->mmu; }
  // What a hart's load would read from RAM; nothing changes by looking.
  [[nodiscard]] std::optional<uint64_t> look_at(unsigned hart, core::GuestVirt at, unsigned width) const;
  [[nodiscard]] const mmu::AddressSpaces& spaces() const { return *spaces_; }
  [[nodiscard]] const mmu::MmuCounters& mmu_counters() const { return spaces_->counters; }
  [[nodiscard]] const riscv::CodeCache::Counters& code_counters() const { return interpreter_->counters(); }
#ifdef VITRINE_HAS_TRANSLATOR
  // nullptr if another engine runs.
  [[nodiscard]] const translator::Translator* translator() const { return translator_.get(); }
  [[nodiscard]] translator::Translator* translator() { return translator_.get(); }
#endif
  // A sentence about names for tools of the host that could not be written, or empty.
  [[nodiscard]] std::string host_tools_problem() const {
#ifdef VITRINE_HAS_TRANSLATOR
    if (translator_) return translator_->host_tools_problem();
#endif
    return {};
  }
  // The trap that a hart took last after an instruction was executed: where a fault loop, in which none is
  // any more, began.
  struct Trap {
    uint64_t pc, cause, tval;
  };
  [[nodiscard]] const Trap& first_trap(unsigned i) const { return harts_[i]->first_trap; }
  // Shadow page tables were asked for, and a software TLB serves, at least some address spaces: why. Otherwise null.
  [[nodiscard]] const char* why_no_shadow() const;
  // What the guest's hypervisor saw; whoever wants to be told gives a sink.
  [[nodiscard]] core::Events& events() { return events_; }
  [[nodiscard]] const core::Events& events() const { return events_; }

 private:
  Machine(const MachineConfig& config, const Outside& outside);
  core::Result<> build();
  core::Result<riscv::Engine*> build_engine();
  void disturb();
  void forget_code();
  [[nodiscard]] bool broken(core::Break kind) const { return config_.breaks.has(kind); }
  // Its random numbers, or null.
  [[nodiscard]] core::ChaosStream* chaos(core::Chaos kind) {
    auto& stream = chaos_[static_cast<size_t>(kind)];
    return stream ? &*stream : nullptr;
  }
  void begin_chaos();
  void build_harts();
  core::Result<> build_devices();
  core::Result<> build_port_disk();
  core::Result<> build_virtio();
  core::Result<std::unique_ptr<devices::BlockBackend>> open(const DiskConfig& config);
  core::Result<std::unique_ptr<devices::VirtioModel>> make_model(const VirtioConfig& config,
                                                                 const std::string& name);
  core::Result<> plug(uint64_t base, uint64_t size, std::unique_ptr<core::Device> device);
  core::Result<> load(bool images);
  void start_harts();
  std::string identity();

  // What devices and firmware report.
  void finish_requested(devices::FinishRequest request) override;
  void time_offset_changed(uint64_t offset) override;
  void disk_failed(std::string_view message) override;
  void device_needs_reset(std::string_view device, std::string_view why) override;
  void system_reset(riscv::ResetType type, riscv::ResetReason reason) noexcept override;
  void put(uint8_t byte) noexcept override;
  int get() noexcept override;
  void trap_entered(const riscv::Hart& hart, uint64_t cause, uint64_t tval,
                    riscv::Privilege to) noexcept override;

  // A hart with its wires and its memory port.
  struct HartParts : core::IrqSink, riscv::SlowLines {
    std::unique_ptr<riscv::Hart> hart;
    std::unique_ptr<mmu::Mmu> mmu;
    std::unique_ptr<core::ScheduledEvent> stimecmp_event;
    Trap first_trap{};
    void irq_changed(unsigned input, bool level) override;
    // Of slow lines: how long they take, and what has risen and is not seen yet.
    core::ChaosStream* delays = nullptr;
    core::Scheduler* scheduler = nullptr;
    std::array<std::unique_ptr<core::ScheduledEvent>, riscv::irq::kMei + 1> late;
    void make_lines_slow(core::Scheduler& with, core::ChaosStream& by);
    void changed(unsigned number, bool level) override;
  };

  MachineConfig config_;
  const char* too_small_ = nullptr;  // why this host's address space does not do for shadow page tables
  Outside outside_;
  core::Attention attention_;
  core::Events events_;
  core::Clock clock_;
  core::Scheduler scheduler_;
  std::unique_ptr<core::GuestRam> ram_;
  core::Bus bus_;
  std::unique_ptr<core::Stress> stress_;
  std::array<std::optional<core::ChaosStream>, core::kChaosKinds> chaos_;
  std::unique_ptr<mmu::AddressSpaces> spaces_;
  std::vector<std::unique_ptr<HartParts>> harts_;
  std::unique_ptr<riscv::Interpreter> interpreter_;
#ifdef VITRINE_HAS_TRANSLATOR
  std::unique_ptr<translator::Translator> translator_;  // if it is the engine
#endif
  std::unique_ptr<riscv::Engine> around_engine_;  // if the outside wants one
  std::unique_ptr<riscv::System> system_;
  std::unique_ptr<core::StopPoints> stops_;
  std::unique_ptr<riscv::Sbi> sbi_;
  std::vector<std::unique_ptr<core::Device>> devices_;
  devices::Plic* plic_ = nullptr;
  devices::Uart16550* uart_ = nullptr;
  core::ByteReceiver* virtio_console_ = nullptr;
  BootPlan boot_;
  std::vector<core::SymbolTable> more_symbols_;
  std::optional<GuestEnd> end_;
};

}  // namespace vitrine::app
