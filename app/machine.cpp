// SPDX-License-Identifier: MIT
// Putting the board together, row by row of the board table.
#include "app/machine.h"

#include <algorithm>
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

#include "app/board_table.h"
#include "app/breaking.h"
#include "core/assert.h"
#include "core/file.h"
#include "devices/aclint_sswi.h"
#include "devices/goldfish_rtc.h"
#include "devices/port_disk.h"
#include "devices/rom.h"
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/empty_slot.h"
#include "devices/virtio/raw_file.h"
#include "devices/virtio/rng.h"
#include "devices/virtio/snapshot_overlay.h"
#include "isa/riscv/handler.h"

namespace vitrine::app {

using core::ErrorKind;
using core::GuestPhys;
using core::IrqLine;
namespace irq = riscv::irq;

namespace {

// A reset reads the images again: another image would be another run.
core::Result<> check_unchanged(const MachineConfig& config, const BootPlan& before, const BootPlan& now) {
  const auto hash = [](const std::optional<core::Image>& image) { return image ? image->content_hash : 0; };
  const std::string* changed = hash(before.firmware_image) != hash(now.firmware_image) ? &config.bios
                               : hash(before.kernel_image) != hash(now.kernel_image)   ? &config.kernel
                               : before.initrd_hash != now.initrd_hash                 ? &config.initrd
                                                                                       : nullptr;
  if (!changed) return core::Ok{};
  return core::error(ErrorKind::kBadImage, "'{}' has changed since the run began.", core::printable(*changed));
}

bool wants_shadow(const MachineConfig& config) {
  return config.caching && (config.mmu == MmuKind::kShadow || config.mmu == MmuKind::kShadowLazy);
}

// Where shadow page tables could be reserved at first, and would leave too little for everything else.
const char* small_address_space() {
  constexpr rlim_t kEnough = rlim_t{1} << 40;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < kEnough)
    return "the address space of this process is limited (ulimit -v)";
  const char* const preloaded = std::getenv("LD_PRELOAD");
  if (preloaded && std::strstr(preloaded, "vgpreload")) return "valgrind has no address space to spare";
  return nullptr;
}

mmu::AddressSpaces::Kind kind_of_spaces(const MachineConfig& config, bool small) {
  using Kind = mmu::AddressSpaces::Kind;
  if (!config.caching) return Kind::kNone;
  return wants_shadow(config) && !small ? Kind::kShadow : Kind::kTlb;
}

// A shadow that nobody keeps true holds what it was filled with, as a lazy one between fences.
mmu::Model model_of(const MachineConfig& config) {
  if (config.breaks.has(core::Break::kShadowUnprotected)) return mmu::Model::kLazyShadow;
  switch (config.mmu) {
    case MmuKind::kShadowLazy: return mmu::Model::kLazyShadow;
    case MmuKind::kTlbFenced: return mmu::Model::kFencedTlb;
    default: return mmu::Model::kCoherent;
  }
}

// The lazy machines keep translations as long as they may.
MachineConfig with_chaos(MachineConfig config) {
  if (config.chaos.has(core::Chaos::kFences) && !is_lazy(config.mmu))
    config.mmu = config.chaos.seed % 2 == 0 ? MmuKind::kShadowLazy : MmuKind::kTlbFenced;
  return config;
}

}  // namespace

Machine::Machine(const MachineConfig& config, const Outside& outside)
    : config_(with_chaos(config)), outside_(outside), clock_(config.steps_per_tick), scheduler_(clock_, attention_) {}

Machine::~Machine() = default;

core::Result<std::unique_ptr<Machine>> Machine::create(const MachineConfig& config, const Outside& outside) {
  std::unique_ptr<Machine> machine(new Machine(config, outside));
  if (auto done = machine->build(); !done) return done.error();
  return machine;
}

core::Result<> Machine::build() {
  if (auto fits = check_breaks(config_); !fits) return fits.error();
  auto plan = plan_boot(config_);
  if (!plan) return plan.error();
  boot_ = std::move(*plan);
  auto ram = core::GuestRam::create(GuestPhys{board::kRam}, config_.memory);
  if (!ram) return ram.error();
  ram_ = std::move(*ram);
  begin_chaos();
  if (broken(core::Break::kFenceIIgnored))
    ram_->freeze_fetched();
  else if (chaos(core::Chaos::kFences))
    ram_->copy_fetched();
  if (wants_shadow(config_)) too_small_ = small_address_space();
  spaces_ = std::make_unique<mmu::AddressSpaces>(*ram_, attention_, events_, kind_of_spaces(config_, too_small_),
                                                 model_of(config_));
  VT_ASSERT(MachineConfig{}.untrack_after == mmu::AddressSpaces::kUntrackAfter, "the option has another default");
  spaces_->untrack_after(config_.untrack_after);
  if (config_.stress != 0) {
    stress_ = std::make_unique<core::Stress>(config_.stress);
    spaces_->set_stress(stress_.get());
  }
  auto engine = build_engine();
  if (!engine) return engine.error();
  riscv::System::Options options;
  options.slice = config_.slice;
  options.turns = chaos(core::Chaos::kSchedule);
  if (outside_.around_engine) around_engine_ = outside_.around_engine(**engine);
  system_ = std::make_unique<riscv::System>(scheduler_, attention_, around_engine_ ? *around_engine_ : **engine, outside_.world,
                                            options);
  ram_->add_listener(system_.get());
  build_harts();
  if (auto done = build_devices(); !done) return done;
  return load(outside_.images);
}

// The interpreter is always there: the translator leaves to it what is cold.
core::Result<riscv::Engine*> Machine::build_engine() {
  constexpr unsigned kEnoughForColdCode = 640;
  const unsigned pages = config_.engine == EngineKind::kInterpreter ? config_.decoded_pages
                                                                    : std::min(config_.decoded_pages, kEnoughForColdCode);
  interpreter_ = std::make_unique<riscv::Interpreter>(
      *ram_, riscv::Interpreter::Options{.caching = config_.caching, .max_pages = pages});
  if (config_.engine == EngineKind::kInterpreter) {
    if (config_.host_tools.any())
      return core::error(
          core::ErrorKind::kUsage,
          "--perf-map, --jitdump and --gdb-jit name generated code, and the interpreter makes none. Use "
          "--engine translator.");
    return interpreter_.get();
  }
#ifdef VITRINE_HAS_TRANSLATOR
  translator::Translator::Options options;
  options.code_memory = config_.code_memory;
  options.max_pages = config_.translated_pages;
  options.host_tools = {config_.host_tools.perf_map, config_.host_tools.jitdump, config_.host_tools.gdb};
  options.observer = outside_.translations;
  options.one_block = is_lockstep(config_.engine) || outside_.one_block;
  auto made = translator::Translator::create(*ram_, attention_, *interpreter_, options);
  if (!made) return made.error();
  translator_ = std::move(*made);
  return translator_.get();
#else
  return core::error(core::ErrorKind::kUsage,
                     "The translator makes host code for x86-64, and this build is for another host. Use "
                     "--engine interpreter.");
#endif
}

void Machine::build_harts() {
  for (unsigned i = 0; i < config_.harts; ++i) {
    auto parts = std::make_unique<HartParts>();
    parts->mmu = std::make_unique<mmu::Mmu>(i, *ram_, bus_, *spaces_);
    parts->hart = std::make_unique<riscv::Hart>();
    if (broken(core::Break::kShadowUnprotected) || broken(core::Break::kTlbNeverFlushed)) parts->mmu->ignore_fences();
    riscv::Hart& hart = *parts->hart;
    hart.id = i;
    hart.config = config_.cpu;
    hart.config.breaks = config_.breaks;
    hart.memory = parts->mmu.get();
    hart.clock = &clock_;
    hart.attention = &attention_;
    hart.events = &events_;
    hart.observer = this;
    hart.spurious_sc = chaos(core::Chaos::kSc);
    hart.reset_registers = chaos(core::Chaos::kRam);
    if (core::ChaosStream* delays = chaos(core::Chaos::kInterrupts)) parts->make_lines_slow(scheduler_, *delays);
    hart.stores_wait = chaos(core::Chaos::kStores) != nullptr;
    if (hart.stores_wait) parts->mmu->buffer_stores(config_.chaos.seed + (uint64_t{i} << 32));
    parts->stimecmp_event = std::make_unique<core::ScheduledEvent>(
        scheduler_, fmt::format("hart{}.stimecmp", i), [&hart] { riscv::update_stimecmp(hart); });
    hart.stimecmp_event = parts->stimecmp_event.get();
    system_->add(hart);
    harts_.push_back(std::move(parts));
  }
}

void Machine::HartParts::irq_changed(unsigned input, bool level) {
  if (input != irq::kSsi) return riscv::set_interrupt_line(*hart, input, level);
  // A supervisor software interrupt of the ACLINT is an edge: it sets SSIP, and the guest clears it there.
  if (level) hart->csr.mip_software |= uint64_t{1} << irq::kSsi;
  hart->attention->wanted = true;
}

void Machine::begin_chaos() {
  for (const core::ChaosRow& row : core::chaos_rows())
    if (config_.chaos.has(row.kind)) chaos_[static_cast<size_t>(row.kind)].emplace(config_.chaos.seed, row.kind);
}

void Machine::HartParts::make_lines_slow(core::Scheduler& with, core::ChaosStream& by) {
  delays = &by;
  scheduler = &with;
  hart->slow_lines = this;
  for (const unsigned number : {irq::kMsi, irq::kSti, irq::kMti, irq::kSei, irq::kMei})
    late[number] = std::make_unique<core::ScheduledEvent>(with, fmt::format("hart{}.line{}", hart->id, number), [this, number] {
      riscv::show_interrupt_line(*hart, number, true);
    });
}

// A line that falls again before it was seen was never high.
void Machine::HartParts::changed(unsigned number, bool level) {
  constexpr uint64_t kMostTicks = 64;
  core::ScheduledEvent& event = *late[number];
  if (!level) {
    event.disarm();
    riscv::show_interrupt_line(*hart, number, false);
  } else if (!event.armed() && !(hart->csr.mip_lines >> number & 1)) {
    event.arm(scheduler->clock().ticks() + delays->below(kMostTicks + 1));
  }
}

core::Result<> Machine::plug(uint64_t base, uint64_t size, std::unique_ptr<core::Device> device) {
  auto done = bus_.plug(GuestPhys{base}, size, *device);
  devices_.push_back(std::move(device));
  return done;
}

core::Result<> Machine::build_devices() {
  std::vector<IrqLine> contexts, supervisor_software;
  std::vector<devices::Clint::HartLines> timer_lines;
  for (const auto& parts : harts_) {
    contexts.emplace_back(parts.get(), irq::kMei);
    contexts.emplace_back(parts.get(), irq::kSei);
    timer_lines.push_back({IrqLine(parts.get(), irq::kMsi), IrqLine(parts.get(), irq::kMti)});
    supervisor_software.emplace_back(parts.get(), irq::kSsi);
  }
  auto plic = std::make_unique<devices::Plic>("plic", board::kPlicSources, std::move(contexts),
                                              devices::Plic::Senses::kEdges);  // as QEMU's board does
  plic_ = plic.get();
  plic->set_breaks(config_.breaks);
  auto uart = std::make_unique<devices::Uart16550>("uart0", scheduler_, IrqLine(plic_, board::kUart.irq),
                                                   outside_.console);
  uart_ = uart.get();
  auto clint = std::make_unique<devices::Clint>("clint", scheduler_, std::move(timer_lines));
  clint->set_time_observer(this);
  clint->set_breaks(config_.breaks);
  const auto start = static_cast<uint64_t>(config_.date) * 1'000'000'000;

  std::vector<std::pair<board::Place, std::unique_ptr<core::Device>>> rows;
  rows.emplace_back(board::kRom, std::make_unique<devices::Rom>("rom", make_reset_rom(boot_)));
  rows.emplace_back(board::kFinisher,
                    std::make_unique<devices::TestFinisher>("finisher", scheduler_,
                                                            static_cast<devices::FinishObserver&>(*this)));
  rows.emplace_back(board::kRtc, std::make_unique<devices::GoldfishRtc>(
                                     "rtc", scheduler_, IrqLine(plic_, board::kRtc.irq), start));
  rows.emplace_back(board::kClint, std::move(clint));
  if (config_.aclint)
    rows.emplace_back(board::kSswi,
                      std::make_unique<devices::AclintSswi>("sswi", std::move(supervisor_software)));
  rows.emplace_back(board::kPlic, std::move(plic));
  rows.emplace_back(board::kUart, std::move(uart));
  for (auto& [place, device] : rows) {
    if (auto done = plug(place.base, place.size, std::move(device)); !done) return done;
  }
  if (config_.port_disk)
    if (auto done = build_port_disk(); !done) return done;
  return build_virtio();
}

core::Result<std::unique_ptr<devices::BlockBackend>> open_disk(const DiskConfig& config,
                                                               devices::BlockObserver& observer,
                                                               const AroundImage& around) {
  using Access = devices::RawFile::Access;
  const Access access = config.read_only || config.snapshot ? Access::kReadOnly : Access::kReadWrite;
  auto file = devices::RawFile::open(config.path, access, &observer);
  if (!file) return file.error();
  std::unique_ptr<devices::BlockBackend> backend;
  if (around)
    backend = around(std::move(*file));
  else
    backend = std::move(*file);
  if (config.snapshot) backend = std::make_unique<devices::SnapshotOverlay>(std::move(backend));
  return backend;
}

core::Result<std::unique_ptr<devices::BlockBackend>> Machine::open(const DiskConfig& config) {
  return outside_.open_disk ? outside_.open_disk(config, *this) : open_disk(config, *this);
}

core::Result<> Machine::build_port_disk() {
  auto backend = open(*config_.port_disk);
  if (!backend) return backend.error();
  auto disk = devices::PortDisk::create("port-disk", std::move(*backend), config_.port_disk->path);
  if (!disk) return disk.error();
  return plug(board::kPortDisk.base, board::kPortDisk.size, std::move(*disk));
}

core::Result<std::unique_ptr<devices::VirtioModel>> Machine::make_model(const VirtioConfig& config,
                                                                        const std::string& name) {
  switch (config.kind) {
    case VirtioConfig::Kind::kRng:
      return std::unique_ptr<devices::VirtioModel>(std::make_unique<devices::VirtioRng>(config_.seed));
    case VirtioConfig::Kind::kConsole: {
      core::ByteSink& sink = outside_.virtio_console ? *outside_.virtio_console : outside_.console;
      auto console = std::make_unique<devices::VirtioConsole>(name, scheduler_, sink);
      virtio_console_ = console.get();
      return std::unique_ptr<devices::VirtioModel>(std::move(console));
    }
    case VirtioConfig::Kind::kBlock: break;
  }
  auto backend = open(config.disk());
  if (!backend) return backend.error();
  const std::string& id = config.serial.empty() ? name : config.serial;
  return std::unique_ptr<devices::VirtioModel>(
      std::make_unique<devices::VirtioBlk>(name, scheduler_, std::move(*backend), id));
}

core::Result<> Machine::build_virtio() {
  std::array<const VirtioConfig*, board::kVirtioSlots> slots{};
  for (const VirtioConfig& config : config_.virtio) {
    int slot = config.slot;
    if (slot < 0) {  // from the highest slot downwards, as QEMU assigns them
      for (slot = board::kVirtioSlots - 1; slot >= 0 && slots[static_cast<size_t>(slot)]; --slot) {
      }
      if (slot < 0)
        return core::error(ErrorKind::kUsage, "The board has {} virtio slots, and all are taken.",
                           board::kVirtioSlots);
    }
    if (slot >= static_cast<int>(board::kVirtioSlots))
      return core::error(ErrorKind::kUsage, "There is no virtio slot {}; the board has 0 to {}.", slot,
                         board::kVirtioSlots - 1);
    if (slots[static_cast<size_t>(slot)])
      return core::error(ErrorKind::kUsage, "Two devices want virtio slot {}; give one of them another.",
                         slot);
    slots[static_cast<size_t>(slot)] = &config;
  }
  const auto version =
      config_.virtio_legacy ? devices::VirtioVersion::kLegacy : devices::VirtioVersion::kModern;
  for (unsigned slot = 0; slot < board::kVirtioSlots; ++slot) {
    const board::Place place = board::virtio_slot(slot);
    const std::string name = fmt::format("virtio{}", slot);
    std::unique_ptr<core::Device> device;
    if (slots[slot]) {
      auto model = make_model(*slots[slot], name);
      if (!model) return model.error();
      auto transport = std::make_unique<devices::VirtioMmio>(name, *ram_, IrqLine(plic_, place.irq),
                                                             std::move(*model), version);
      transport->set_observer(this);
      transport->set_breaks(config_.breaks);
      device = std::move(transport);
    } else {
      device = std::make_unique<devices::VirtioEmptySlot>(name, version);
    }
    if (auto done = plug(place.base, place.size, std::move(device)); !done) return done;
  }
  return core::Ok{};
}

// The images are in guest RAM then, and need not be held twice; a reset reads them again.
core::Result<> Machine::load(bool images) {
  if (core::ChaosStream* bytes = images ? chaos(core::Chaos::kRam) : nullptr) ram_->fill([bytes] { return bytes->next(); });
  if (images)
    if (auto done = place(boot_, config_, *ram_); !done) return done;
  for (auto* image : {&boot_.firmware_image, &boot_.kernel_image}) {
    if (!*image) continue;
    for (core::ImageSegment& segment : (*image)->segments) segment.bytes = std::vector<std::byte>();
  }
  boot_.initrd = std::vector<std::byte>();
  start_harts();
  return core::Ok{};
}

void Machine::start_harts() {
  for (const auto& parts : harts_) {
    parts->hart->stopped = false;
    parts->mmu->forget_translations();
    riscv::reset_hart(*parts->hart, board::kRom.base);
  }
  if (boot_.firmware != Firmware::kBuiltin) return;
  if (!sbi_) {
    std::vector<riscv::Hart*> harts;
    for (const auto& parts : harts_) harts.push_back(parts->hart.get());
    sbi_ = std::make_unique<riscv::Sbi>(std::move(harts), *ram_, scheduler_,
                                        static_cast<riscv::SbiConsole&>(*this),
                                        static_cast<riscv::SbiObserver&>(*this));
  }
  sbi_->reset(*harts_[0]->hart, boot_.kernel_entry, boot_.tree_at);
  for (const auto& parts : harts_) parts->hart->firmware = sbi_.get();
}

const char* Machine::why_no_shadow() const {
  if (!wants_shadow(config_)) return nullptr;
  if (too_small_) return too_small_;
  if (spaces_->kind() == mmu::AddressSpaces::Kind::kTlb) return "the host gives no address space for them";
  if (spaces_->long_addresses()) return "the guest uses Sv48 or Sv57, whose addresses are too long for them";
  return nullptr;
}

// Under stress in pieces of any length, with everything in disorder between them.
riscv::StopReason Machine::run(core::Step until) {
  if (!stress_) return system_->run(until);
  while (true) {
    const core::Step piece = 1 + stress_->below(100 * config_.stress);
    const riscv::StopReason reason = system_->run(std::min(until, clock_.step() + piece));
    if (reason != riscv::StopReason::kStepLimit || clock_.step() >= until) return reason;
    disturb();
  }
}

core::StopPoints& Machine::stop_points() {
  if (stops_) return *stops_;
  stops_ = std::make_unique<core::StopPoints>(attention_);
  system_->watch(stops_.get());
  for (const auto& parts : harts_) parts->mmu->watch(stops_.get());
  return *stops_;
}

void Machine::set_stop_points(std::vector<uint64_t> breaks, std::vector<core::StopPoints::Watch> watches) {
  if (!stop_points().set(std::move(breaks), std::move(watches))) return;
  spaces_->drop_all();
  interpreter_->forget(*harts_[0]->hart);
}

// What can be done only while no engine runs.
void Machine::disturb() {
  riscv::Hart& any = *harts_[stress_->below(harts_.size())]->hart;
  switch (stress_->below(4)) {
    case 0: harts_[any.id]->mmu->move(); break;
    case 1: interpreter_->forget(any); break;
#ifdef VITRINE_HAS_TRANSLATOR
    case 2:
      if (translator_) translator_->flush();
      break;
    case 3:
      if (translator_) translator_->forget_pages(any);
      break;
#endif
    default: break;
  }
}

// Where instructions come from copies of pages, which go now.
void Machine::forget_code() {
  if (!broken(core::Break::kFenceIIgnored) && !chaos(core::Chaos::kFences)) return;
  interpreter_->forget(*harts_[0]->hart);
#ifdef VITRINE_HAS_TRANSLATOR
  if (translator_) translator_->forget_pages(*harts_[0]->hart);
#endif
}

core::Result<> Machine::reset() {
  auto plan = plan_boot(config_);
  if (!plan) return plan.error();
  if (auto same = check_unchanged(config_, boot_, *plan); !same) return same.error();
  boot_ = std::move(*plan);
  forget_code();
  ram_->clear();
  for (const auto& device : devices_) device->reset();
  return load(true);
}

std::optional<uint64_t> Machine::look_at(unsigned hart, core::GuestVirt at, unsigned width) const {
  const mmu::Walk walk = harts_[hart]->mmu->look(at, core::AccessKind::kLoad);
  uint64_t value = 0;
  if (walk.fault != core::FaultKind::kNone || !ram_->read(walk.physical, &value, width)) return std::nullopt;
  return value;
}

std::optional<GuestEnd> Machine::take_guest_end() { return std::exchange(end_, std::nullopt); }

void Machine::serialize(core::Archive& ar) {
  ar.section("clock");
  clock_.serialize(ar);
  for (const auto& parts : harts_) {
    parts->hart->serialize(ar);
    parts->mmu->serialize(ar);
  }
  system_->serialize(ar);
  if (sbi_) sbi_->serialize(ar);
  for (const auto& device : devices_) device->serialize(ar);
  ar.section("events");
  scheduler_.serialize(ar);
  if (!config_.chaos.any()) return;
  ar.section("chaos");
  for (auto& stream : chaos_)
    if (stream) stream->serialize(ar);
}

const char* Machine::why_not_saved() const {
  const bool copies = config_.breaks.has(core::Break::kFenceIIgnored) || config_.chaos.has(core::Chaos::kFences);
  return copies ? "its harts fetch from copies of RAM (--break fence-i-ignored, --chaos fences), which are not saved" : nullptr;
}

core::Result<> Machine::restored(core::Archive& ar) {
  end_.reset();
  for (const auto& parts : harts_) {
    if (!ar.good()) break;
    parts->first_trap = {};
    if (!riscv::state_restored(*parts->hart)) ar.fail("no hart can be in this state");
  }
  if (ar.good()) return core::Ok{};
  return core::error(ErrorKind::kBadImage, "The state is not one of this machine: {}.", ar.error());
}

uint64_t Machine::state_hash() {
  core::StateHasher hasher;
  uint64_t ram = ram_->hash();
  hasher.field("ram", ram);
  serialize(hasher);
  return hasher.digest();
}

// --- Reports of devices and firmware
// -------------------------------------------------------------------------------------

void Machine::finish_requested(devices::FinishRequest request) {
  using Kind = devices::FinishRequest::Kind;
  switch (request.kind) {
    case Kind::kPass: end_ = {GuestEnd::Kind::kPass, 0}; break;
    case Kind::kFail: end_ = {GuestEnd::Kind::kFail, request.code}; break;
    case Kind::kReset: end_ = {GuestEnd::Kind::kReset, 0}; break;
  }
  system_->request_stop();
}

void Machine::system_reset(riscv::ResetType type, riscv::ResetReason reason) noexcept {
  if (type != riscv::ResetType::kShutdown)
    end_ = {GuestEnd::Kind::kReset, 0};
  else
    end_ = {reason == riscv::ResetReason::kSystemFailure ? GuestEnd::Kind::kPanic : GuestEnd::Kind::kPass, 0};
  system_->request_stop();
}

void Machine::time_offset_changed(uint64_t offset) {
  for (const auto& parts : harts_) {
    parts->hart->time_offset = offset;
    riscv::update_stimecmp(*parts->hart);
  }
  if (sbi_) sbi_->time_changed();
}

void Machine::disk_failed(std::string_view message) { outside_.observer.notice(message); }

void Machine::device_needs_reset(std::string_view device, std::string_view why) {
  outside_.observer.notice(fmt::format("{} waits for a reset by its driver: {}.", device, why));
}

void Machine::put(uint8_t byte) noexcept { outside_.console.put(byte); }

// The SBI console reads what the UART received, as firmware would.
int Machine::get() noexcept {
  constexpr uint64_t kRbr = 0, kLsr = 5;
  if (!(uart_->read(kLsr, 1) & 1)) return -1;
  return static_cast<int>(uart_->read(kRbr, 1));
}

void Machine::trap_entered(const riscv::Hart& hart, uint64_t cause, uint64_t tval,
                           riscv::Privilege) noexcept {
  if (hart.traps_in_a_row == 0) harts_[hart.id]->first_trap = {hart.pc, cause, tval};
}

}  // namespace vitrine::app
