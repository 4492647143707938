// SPDX-License-Identifier: MIT
// Looking at a machine before and behind one step.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "app/breaking.h"
#include "app/diagnosis.h"
#include "app/explain.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {

using core::AccessKind;
using core::GuestPhys;
using core::GuestVirt;
using riscv::Hart;
using riscv::Privilege;

namespace {

// Bytes of an access, by the mnemonic: lbu, c.sd, fld, amoadd.w, lr.d. 0: not of one that accesses memory by its address.
unsigned access_width(const riscv::Insn& insn) {
  const riscv::Row& row = riscv::row_of(insn.op);
  if (row.name == "cbo.zero") return 64;
  if (!row.has(riscv::kLoad | riscv::kStore | riscv::kAmo)) return 0;
  std::string_view name = row.name;
  if (row.has(riscv::kAmo)) {
    while (name.ends_with(".aq") || name.ends_with(".rl") || name.ends_with(".aqrl")) name = name.substr(0, name.rfind('.'));
  } else if (name.ends_with("u")) {
    name.remove_suffix(1);
  }
  switch (name.back()) {
    case 'b': return 1;
    case 'h': return 2;
    case 'w': return 4;
    case 'd': return 8;
    default: return 0;
  }
}

// Which bit of the last entry the walk's reason means. A and D are told apart by the entry.
std::string failed_bit(const mmu::Walk& walk, std::optional<uint64_t> entry, bool any_entries) {
  if (walk.fault == core::FaultKind::kNone || !any_entries) return "";
  const std::string_view why = walk.reason;
  const uint64_t pte = entry.value_or(0);
  if (why.find("V = 0") != why.npos) return "V";
  if (why.find("W = 1, R = 0") != why.npos) return "W";
  if (why.find("60:54") != why.npos) return "reserved";
  if (why.find("Svnapot") != why.npos || why.find("NAPOT") != why.npos) return "N";
  if (why.find("memory type") != why.npos) return "PBMT";
  if (why.find("user page") != why.npos || why.find("U = 0") != why.npos) return "U";
  if (why.find("X = 0") != why.npos) return "X";
  if (why.find("W = 0") != why.npos) return "W";
  if (why.find("R = 0") != why.npos) return "R";
  if (why.find("not aligned to its size") != why.npos) return "PPN";
  if (why.find("Svade") != why.npos) return pte & mmu::kPteA ? "D" : "A";
  if (why.find("holds no leaf") != why.npos) return "R,X";
  if (why.find("a pointer to a table") == why.npos) return "";
  std::string bits;
  const auto add = [&](uint64_t bit, const char* name) {
    if (pte & bit) bits += (bits.empty() ? "" : ",") + std::string(name);
  };
  add(mmu::kPteA, "A"), add(mmu::kPteD, "D"), add(mmu::kPteU, "U");
  add(mmu::kPteMemoryType, "PBMT"), add(mmu::kPteNapot, "N");
  return bits;
}

std::string mstatus_fields(uint64_t before, uint64_t after) {
  using namespace riscv::mstatus;
  static constexpr std::pair<const char*, uint64_t> kFields[] = {
      {"SIE", kSie}, {"MIE", kMie}, {"SPIE", kSpie}, {"MPIE", kMpie}, {"SPP", kSpp}, {"MPP", kMpp}, {"FS", kFs},
      {"MPRV", kMprv}, {"SUM", kSum}, {"MXR", kMxr}, {"TVM", kTvm}, {"TW", kTw}, {"TSR", kTsr}};
  std::string text;
  for (const auto& [name, mask] : kFields) {
    const uint64_t unit = mask & -mask, was = (before & mask) / unit, is = (after & mask) / unit;
    if (was != is) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", name, was, is);
  }
  return text;
}

// Rows of a hart that change with each step, or that are told otherwise.
bool is_bookkeeping(std::string_view name) {
  for (const std::string_view other : {"pc", "privilege", "steps", "traps", "retired_in", "retired_mark", "waiting",
                                       "counter", "watches_overflow", "mip_lines"})
    if (name == other || name.starts_with(fmt::format("{}[", other))) return true;
  return false;
}

}  // namespace

Explainer::Explainer(Replay& replay, const Processes& processes, const std::string& printed)
    : replay_(&replay), machine_(replay.machine()), processes_(processes), printed_(&printed) {
  lines_.open_kernel_of(machine_);
}

Explainer::Explainer(Machine& machine, const Processes& processes)
    : replay_(nullptr), machine_(machine), processes_(processes), printed_(nullptr) {
  lines_.open_kernel_of(machine_);
}

core::Result<Explanation> Explainer::explain_next(const std::function<core::Result<>()>& make_step) {
  it_ = {};
  const core::Clock& clock = machine_.clock();
  it_.step = it_.step_reached = clock.step();
  look();
  machine_.events().add_sink(*this);
  auto done = make_step();
  machine_.events().remove_sink(*this);
  if (!done) return done.error();
  it_.made = clock.step() == it_.step + 1;
  if (it_.made) tell_difference();
  return std::move(it_);
}

void Explainer::event(const core::Event& event, const core::EventWords& effect) noexcept {
  it_.events.push_back({event, effect.text()});
}

core::Result<Explanation> Explainer::explain(core::Step step, bool at_end) {
  it_ = {};
  it_.step = step;
  if (auto done = replay_->advance(step); !done) return done.error();
  const core::Clock& clock = machine_.clock();
  it_.step_reached = clock.step();
  if (clock.step() != step || replay_->at_end()) return std::move(it_);
  const size_t printed = printed_->size();
  machine_.events().add_sink(*this);
  auto done = replay_->make_step([this] { look(); });
  machine_.events().remove_sink(*this);
  if (!done) return done.error();
  it_.made = clock.step() == step + 1;
  it_.console = printed_->substr(printed);
  if (it_.made) tell_difference();
  if (!at_end) return std::move(it_);
  if (auto ended = replay_->finish(); !ended) return ended.error();
  it_.outcome = replay_->outcome();
  it_.cut = !it_.outcome;
  it_.state_hash = machine_.state_hash();
  it_.console_bytes = printed_->size();
  it_.console_crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(printed_->data()), printed_->size()));
  return std::move(it_);
}

// --- Before the step. Called again when time had to pass first.

void Explainer::look() {
  it_.events.clear();
  it_.walks.clear();
  it_.accesses.clear();
  it_.instruction.reset();
  it_.interrupt.reset();
  const Hart* const hart = machine_.system().next();
  if (!hart) return;
  it_.hart = hart->id;
  it_.privilege = hart->privilege;
  it_.pc = hart->pc;
  it_.satp = hart->csr.satp;
  it_.symbol = symbol_text(machine_, hart->pc);
  it_.line = lines_.at(hart->pc);
  it_.process = processes_.running(hart->id, hart->csr.satp);
  it_.lazy = is_lazy(machine_.config().mmu);
  it_.broken = break_names(machine_.config().breaks);
  before_ = HartState::of(*hart);
  rows_ = state_rows(machine_, static_cast<int>(hart->id));
  if (const int interrupt = riscv::interrupt_to_take(*hart); interrupt >= 0)
    it_.interrupt = static_cast<unsigned>(interrupt);
  else
    look_at_instruction(*hart, machine_.mmu(hart->id));
}

uint64_t Explainer::read_ram(GuestPhys at, unsigned width) const {
  uint64_t value = 0;
  if (machine_.ram().contains(at, width)) std::memcpy(&value, machine_.ram().host(at), width);
  return value;
}

// True if it is permitted.
bool Explainer::add_walk(mmu::Mmu& mmu, AccessKind use, uint64_t address) {
  ExplainedWalk walk;
  walk.use = use;
  walk.address = {address};
  walk.mode = mmu::mode_of(it_.satp);
  walk.result = mmu.look({address}, use);
  walk.translated = walk.result.depth != 0 || walk.result.fault != core::FaultKind::kNone;
  const unsigned levels = walk.translated ? mmu::levels_of(walk.mode) : 0;
  for (unsigned i = 0; i < walk.result.depth; ++i) {
    ExplainedEntry entry{levels - 1 - i, walk.result.entry_at[i], {}};
    if (machine_.ram().contains(entry.at, 8)) entry.value = read_ram(entry.at, 8);
    walk.entries.push_back(entry);
  }
  walk.failed_bit = failed_bit(walk.result, walk.entries.empty() ? std::nullopt : walk.entries.back().value,
                               !walk.entries.empty());
  it_.walks.push_back(std::move(walk));
  return it_.walks.back().result.fault == core::FaultKind::kNone;
}

void Explainer::look_at_instruction(const Hart& hart, mmu::Mmu& mmu) {
  if (!add_walk(mmu, AccessKind::kFetch, hart.pc)) return;
  const GuestPhys first = it_.walks.back().result.physical;
  const bool last_in_page = GuestVirt{hart.pc + 2}.page_offset() == 0;
  uint32_t bits = mmu.peek_instruction({hart.pc});
  // Of ROM, whose reads have no effect.
  if (!machine_.ram().contains(first, 2)) {
    const auto low = machine_.bus().peek(first, 2);
    if (!low) return;
    bits = static_cast<uint32_t>(*low) | static_cast<uint32_t>(machine_.bus().peek({first.value + 2}, 2).value_or(0)) << 16;
  }
  if (riscv::instruction_length(static_cast<uint16_t>(bits)) == 4 && last_in_page &&
      !add_walk(mmu, AccessKind::kFetch, hart.pc + 2))
    return;
  it_.instruction = riscv::decode(bits, hart.extensions);
  look_at_access(hart, mmu);
}

void Explainer::look_at_access(const Hart& hart, mmu::Mmu& mmu) {
  const riscv::Insn& insn = *it_.instruction;
  const riscv::Row& row = riscv::row_of(insn.op);
  const unsigned width = access_width(insn);
  if (width == 0) return;
  const bool by_register = row.has(riscv::kAmo) || row.name == "cbo.zero";
  const bool load = row.has(riscv::kLoad) && !row.has(riscv::kStore);
  const bool reserve = row.name.starts_with("lr.");
  uint64_t address = hart.x[insn.rs1 & 31] + (by_register ? 0 : static_cast<uint64_t>(int64_t{insn.imm}));
  if (row.name == "cbo.zero") address &= ~uint64_t{63};
  add_access(mmu, (load && !by_register) || reserve ? AccessKind::kLoad : AccessKind::kStore, address, width);
}

void Explainer::add_access(mmu::Mmu& mmu, AccessKind use, uint64_t address, unsigned width) {
  ExplainedAccess access;
  access.use = use;
  access.address = {address};
  access.width = width;
  const bool permitted = add_walk(mmu, use, address);
  const GuestPhys physical = it_.walks.back().result.physical;
  const GuestVirt last{address + width - 1};
  if ((last.value & core::kPageMask) != (address & core::kPageMask)) add_walk(mmu, use, last.value & core::kPageMask);
  if (permitted && machine_.ram().contains(physical, 1)) {
    access.to_ram = true;
    access.before = read_ram(physical, std::min(width, 8u));
  } else if (const core::Bus::Mapping* found = permitted ? machine_.bus().find(physical) : nullptr) {
    const uint64_t offset = physical.value - found->base.value;
    const core::RegisterRow* const row = core::find_register(found->device->registers(), offset);
    access.device = found->device->name();
    if (row) access.device_register = row->name;
    if (row && row->count > 1)
      access.device_register += fmt::format("[{}]", (offset - row->offset) / (row->stride ? row->stride : row->width));
  }
  if (permitted) access.refused = refusal(mmu, use, physical, width);
  it_.accesses.push_back(std::move(access));
}

// Physical memory protection and the bus, behind the translation. Nothing: they answer.
std::string Explainer::refusal(const mmu::Mmu& mmu, AccessKind use, GuestPhys at, unsigned width) const {
  const bool by_mprv = before_.csr.mstatus & riscv::mstatus::kMprv;
  const auto mpp = static_cast<unsigned>((before_.csr.mstatus & riscv::mstatus::kMpp) >> riscv::mstatus::kMppShift);
  const auto mode = static_cast<unsigned>(before_.privilege);
  const uint64_t in_page = std::min<uint64_t>(width, core::kPageSize - (at.value & ~core::kPageMask));
  if (!mmu::pmp_allows(mmu.pmp(), at, in_page, use, mode == 3 && by_mprv ? mpp : mode))
    return fmt::format("Physical memory protection (PMP) forbids this {} at {:#x}", use_name(use), at.value);
  if (machine_.ram().contains(at, 1)) return {};
  const core::Bus::Mapping* const found = machine_.bus().find(at);
  if (!found) return fmt::format("Nothing is on the bus at physical address {:#x}", at.value);
  if (found->device->widths() & width) return {};
  return fmt::format("The device {} answers no access of {} bytes", found->device->name(), width);
}

// --- Behind it

void Explainer::tell_difference() {
  const Hart& hart = machine_.hart(it_.hart);
  it_.next_pc = hart.pc;
  it_.next_privilege = hart.privilege;
  it_.next_symbol = symbol_text(machine_, hart.pc);
  if (hart.traps != before_.traps) tell_trap(hart);
  for (ExplainedAccess& access : it_.accesses) {
    const auto walk = std::find_if(it_.walks.begin(), it_.walks.end(),
                                   [&](const ExplainedWalk& w) { return w.use == access.use && w.address == access.address; });
    if (access.to_ram && walk != it_.walks.end()) access.after = read_ram(walk->result.physical, std::min(access.width, 8u));
  }
  std::vector<StateRow> now = state_rows(machine_, static_cast<int>(it_.hart));
  for (size_t i = 0; i < std::min(now.size(), rows_.size()); ++i)
    if (now[i] != rows_[i] && !is_bookkeeping(now[i].name))
      it_.changes.push_back({now[i].name, rows_[i].value, now[i].value,
                             now[i].name == "mstatus" ? mstatus_fields(before_.csr.mstatus, hart.csr.mstatus) : ""});
}

void Explainer::tell_trap(const Hart& hart) {
  ExplainedTrap trap;
  const bool machine = hart.privilege == Privilege::kMachine;
  const riscv::TrapCsrs& level = machine ? hart.csr.m : hart.csr.s;
  trap.cause = level.cause;
  trap.value = level.tval;
  trap.from = it_.privilege;
  trap.to = hart.privilege;
  const bool interrupt = trap.cause & riscv::kInterruptCause;
  trap.bit = trap.cause & 63;
  trap.delegation = interrupt ? "mideleg" : "medeleg";
  trap.delegated = (interrupt ? before_.csr.mideleg : before_.csr.medeleg) >> trap.bit & 1;
  trap.handler = hart.pc;
  it_.handler_symbol = it_.next_symbol;
  it_.trap = trap;
}

}  // namespace vitrine::app
