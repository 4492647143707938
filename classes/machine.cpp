// SPDX-License-Identifier: MIT
// One instruction at a time.
#include "classes/machine.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"

namespace vitrine::classes {
namespace {

constexpr uint64_t kSize = 1 << 20;
constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kFirstPage = Machine::kRam + 0x2000, kSecondPage = Machine::kRam + 0x3000;
constexpr uint64_t kTables = Machine::kRam + 0x10'000;  // for U; those for S are kTablesOfMode bytes further
constexpr uint64_t kTablesOfMode = 3 * kPage;
constexpr uint64_t kProbe = 0xf00;  // offset in the page of what an access behind the instruction looks for
constexpr uint64_t kSteps = 1000;   // that the hart has made, all of them retired in M

// PTE bits (privileged spec 10.3.1, 10.4.1).
constexpr uint64_t kValid = 1, kRead = 2, kWrite = 4, kExecute = 8, kUserPage = 16, kAccessed = 64,
                   kDirty = 128;
constexpr uint64_t kSv39 = uint64_t{8} << 60;

uint64_t pte(uint64_t to, uint64_t flags) { return (to >> 2) | flags; }
bool for_user(Privilege mode) { return mode == Privilege::kUser; }
uint64_t root_for(Privilege mode) { return kTables + (for_user(mode) ? 0 : kTablesOfMode); }

}  // namespace

Machine::Machine(Around around) : around_(std::move(around)) {
  auto ram = core::GuestRam::create({kRam}, kSize);
  if (!ram) throw std::runtime_error(ram.error().message);
  ram_ = std::move(*ram);
  spaces_ = std::make_unique<mmu::AddressSpaces>(*ram_, attention_, events_, mmu::AddressSpaces::Kind::kNone,
                                                 mmu::Model::kFencedTlb);
  mmu_ = std::make_unique<mmu::Mmu>(0, *ram_, bus_, *spaces_);
  riscv::Interpreter::Options options;
  options.caching = false;  // nothing of one instruction is left for the next
  interpreter_ = std::make_unique<riscv::Interpreter>(*ram_, options);
  hart_ = std::make_unique<riscv::Hart>();
  hart_->config.sscofpmf = true;
  hart_->memory = mmu_.get();
  hart_->clock = &clock_;
  hart_->attention = &attention_;
  hart_->events = &events_;
  hart_->observer = this;
  stimecmp_event_ = std::make_unique<core::ScheduledEvent>(scheduler_, "stimecmp", [] {});
  hart_->stimecmp_event = stimecmp_event_.get();
  build_tables();
}

Machine::~Machine() = default;

void Machine::build_tables() {
  for (const Privilege mode : {Privilege::kUser, Privilege::kSupervisor}) {
    const uint64_t root = root_for(mode), middle = root + kPage, leaves = middle + kPage;
    const uint64_t flags = kValid | kAccessed | kDirty | (for_user(mode) ? kUserPage : 0);
    (void)ram_->write_value({root + 8 * ((kRam >> 30) & 511)}, pte(middle, kValid));
    (void)ram_->write_value({middle + 8 * ((kRam >> 21) & 511)}, pte(leaves, kValid));
    (void)ram_->write_value({leaves + 8 * ((kCode >> 12) & 511)}, pte(kCode, flags | kRead | kExecute));
  }
  (void)ram_->write_value<uint64_t>({kFirstPage + kProbe}, 1);
  (void)ram_->write_value<uint64_t>({kSecondPage + kProbe}, 2);
}

void Machine::set_leaf(Leaf leaf) {
  for (const Privilege mode : {Privilege::kUser, Privilege::kSupervisor}) {
    const uint64_t at = root_for(mode) + 2 * kPage + 8 * ((kData >> 12) & 511);
    const uint64_t flags = kValid | kRead | kWrite | kAccessed | kDirty | (for_user(mode) ? kUserPage : 0);
    const uint64_t entry =
        leaf == Leaf::kNone ? 0 : pte(leaf == Leaf::kFirst ? kFirstPage : kSecondPage, flags);
    (void)ram_->write_value({at}, entry);
  }
}

void Machine::set_memory() {
  std::array<uint8_t, 64> bytes;
  for (const uint64_t page : {kFirstPage, kSecondPage}) {
    bytes.fill(page == kFirstPage ? 0x35 : 0x42);
    (void)ram_->write({page + (kData & (kPage - 1))}, bytes.data(), bytes.size());
  }
}

State Machine::after_reset() {
  riscv::reset_hart(*hart_, kCode);
  State state;
  state.system = system();
  return state;
}

void Machine::set_mode(Privilege mode) {
  hart_->privilege = mode;
  riscv::context_changed(*hart_);
}

void Machine::enter(const State& state) {
  riscv::Hart& hart = *hart_;
  set_memory();
  set_leaf(state.leaf);
  std::copy(std::begin(state.x), std::end(state.x), hart.x);
  std::copy(std::begin(state.f), std::end(state.f), hart.f);
  const System& system = state.system;
  hart.csr = system.csr;
  if (state.paged) hart.csr.satp = kSv39 | kAsid << 44 | root_for(system.mode) >> 12;
  hart.reservation = system.reservation;
  hart.time_offset = system.time_offset;
  hart.extensions = hart.config.extensions;
  if (!system.compressed) hart.extensions.clear(riscv::Extension::C);
  hart.steps = kSteps;
  hart.traps = 0;
  hart.traps_in_a_row = 0;
  std::fill(std::begin(hart.retired_in), std::end(hart.retired_in), 0);
  hart.retired_in[static_cast<unsigned>(Privilege::kMachine)] = kSteps;
  hart.retired_mark = kSteps;
  hart.watches_overflow = false;
  hart.waiting = hart.ended_slice = hart.redirected = false;
  stimecmp_event_->disarm();
  if (keeps_translations_) mmu_->forget_translations();
  keeps_translations_ = state.paged;
  riscv::protection_changed(hart);
  set_mode(system.mode);
  if (state.stale) make_stale(system.mode);
  hart.pc = hart.next_pc = kCode;
  attention_.wanted = false;
}

// Only U and S have translation: M's fences are seen by S.
void Machine::make_stale(Privilege mode) {
  uint64_t value = 0;
  set_mode(for_user(mode) ? mode : Privilege::kSupervisor);
  (void)mmu_->load({kFirstPage + kProbe}, 8, value);
  set_leaf(Leaf::kSecond);
  set_mode(mode);
}

bool Machine::sees_new_page(Privilege mode) {
  uint64_t value = 0;
  set_mode(for_user(mode) ? mode : Privilege::kSupervisor);
  (void)mmu_->load({kFirstPage + kProbe}, 8, value);
  return value == 2;
}

System Machine::system() const {
  const riscv::Hart& hart = *hart_;
  return {hart.privilege, hart.csr, hart.reservation, hart.time_offset,
          hart.extensions.has(riscv::Extension::C)};
}

void Machine::trap_entered(const riscv::Hart&, uint64_t cause, uint64_t, Privilege to) noexcept {
  outcome_.trapped = true;
  outcome_.cause = static_cast<riscv::Cause>(cause);
  outcome_.to = to;
}

Outcome Machine::run(const State& state, uint32_t bits) {
  (void)ram_->write_value({kCode}, bits);
  enter(state);
  outcome_ = Outcome{};
  clock_.set_step(kSteps);
  const std::function<void()> really = [&] { interpreter_->run(*hart_, 1); };
  if (around_)
    around_(*hart_, bits, really);
  else
    really();
  const riscv::Hart& hart = *hart_;
  std::copy(hart.x, hart.x + 32, outcome_.x);
  std::copy(std::begin(hart.f), std::end(hart.f), outcome_.f);
  outcome_.pc = hart.pc;
  outcome_.fflags = static_cast<uint8_t>(hart.csr.fflags);
  outcome_.frm = hart.csr.frm;
  const uint64_t offset = kData & (kPage - 1);
  (void)ram_->read({kFirstPage + offset}, outcome_.memory.data(), 64);
  (void)ram_->read({kSecondPage + offset}, outcome_.memory.data() + 64, 64);
  outcome_.system = system();
  outcome_.ended_turn = hart.ended_slice;
  if (state.stale) outcome_.sees_new_page = sees_new_page(state.system.mode);
  return outcome_;
}

State Machine::with_csr(const State& state, unsigned number, uint64_t value) {
  enter(state);
  State changed = state;
  if (riscv::poke_csr(*hart_, number, value)) changed.system = system();
  if (state.paged) changed.system.csr.satp = state.system.csr.satp;
  return changed;
}

}  // namespace vitrine::classes
