// SPDX-License-Identifier: MIT
// Walking through one block.
#include "app/debug/block_stepper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "isa/riscv/disassembler.h"
#include "isa/riscv/registers.h"
#include "translator/host_names.h"
#include "translator/registers.h"

namespace vitrine::app::debug {

namespace ir = translator::ir;
using translator::ValuePlace;

namespace {

constexpr std::array<std::string_view, 16> kHostNames = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                         "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }

}  // namespace

core::Result<std::unique_ptr<BlockStepper>> BlockStepper::of_next_block(Debuggee& debuggee) {
  auto disassembler = x86::Disassembler::open();
  if (!disassembler) return disassembler.error();
  std::unique_ptr<BlockStepper> it(new BlockStepper(std::move(*disassembler)));
  it->moment_ = debuggee.now();
  if (auto done = debuggee.trace_block(it->trace_); !done) return done.error();
  if (!it->trace_.problem.empty()) return core::error(core::ErrorKind::kUsage, "There is no block to walk through. {}", it->trace_.problem);
  if (it->trace_.moments.empty())
    return core::error(core::ErrorKind::kUsage, "No block ran: the run ends here, or all harts wait.");
  it->code_ = it->disassembler_.instructions(it->trace_.code, it->trace_.address);
  it->find_places();
  return it;
}

// Operations without code stand between the code of those around them, on the straight line.
void BlockStepper::find_places() {
  const auto& nodes = trace_.block.nodes;
  int last_node = -1, last_insn = -1;
  for (size_t i = 0; i < trace_.moments.size(); ++i) {
    const uint64_t offset = trace_.moments[i].host.rip - trace_.address;
    if (offset >= trace_.code.size()) {
      places_.push_back({i, ir::kNoRef, -1, false});
      continue;
    }
    const translator::Origins::Piece& piece = trace_.origins.at(static_cast<uint32_t>(offset));
    if (piece.node == ir::kNoRef) {
      places_.push_back({i, ir::kNoRef, -1, true});
      continue;
    }
    for (int node = last_node + 1; !piece.cold && node <= piece.node; ++node) {
      const int insn = nodes[static_cast<size_t>(node)].insn;
      while (++last_insn < insn) places_.push_back({i, ir::kNoRef, last_insn, false});
      last_insn = insn;
      if (node < piece.node) places_.push_back({i, static_cast<ir::Ref>(node), insn, false});
      last_node = node;
    }
    places_.push_back({i, piece.node, nodes[piece.node].insn, true});
  }
}

std::optional<ir::Ref> BlockStepper::node() const {
  const ir::Ref node = places_[place_].node;
  return node == ir::kNoRef ? std::nullopt : std::optional(node);
}

const ir::Instruction* BlockStepper::guest() const {
  const int insn = insn_of(place_);
  return insn < 0 ? nullptr : &trace_.block.insns[static_cast<size_t>(insn)];
}

const x86::Instruction* BlockStepper::host_at(size_t place) const {
  if (!places_[place].host) return nullptr;
  const uint64_t rip = moment_at(place).host.rip;
  const auto found = std::lower_bound(code_.begin(), code_.end(), rip, [](const x86::Instruction& i, uint64_t at) { return i.address < at; });
  return found != code_.end() && found->address == rip ? &*found : nullptr;
}

const x86::Instruction* BlockStepper::host() const { return host_at(place_); }

bool BlockStepper::differ(Level level, size_t a, size_t b) const {
  switch (level) {
    case Level::kGuest: return insn_of(a) != insn_of(b);
    case Level::kIr: return places_[a].node != places_[b].node || insn_of(a) != insn_of(b);
    case Level::kHost: return places_[a].moment != places_[b].moment;
  }
  return true;
}

bool BlockStepper::step(Level level) {
  size_t to = place_ + 1;
  while (to < places_.size() && (!differ(level, place_, to) || (level == Level::kHost && !places_[to].host && to + 1 < places_.size()))) ++to;
  if (to >= places_.size()) return false;
  from_ = std::exchange(place_, to);
  return true;
}

// To the first place of the one before.
bool BlockStepper::step_back(Level level) {
  size_t to = place_;
  while (to > 0 && !differ(level, place_, to)) --to;
  if (!differ(level, place_, to)) return false;
  while (level != Level::kHost && to > 0 && !differ(level, to, to - 1)) --to;
  while (level == Level::kHost && to > 0 && !places_[to].host) --to;
  from_ = place_ = to;
  return true;
}

uint64_t BlockStepper::guest_register_at(size_t place, unsigned x) const {
  const auto& moment = moment_at(place);
  if (x == 0) return 0;
  const auto& host = translator::host_register(x);
  return host.isValid() ? moment.host.gp[host.id()] : moment.x[x];
}

std::optional<uint64_t> BlockStepper::value_at(size_t place, ir::Ref node) const {
  const ValuePlace& at = trace_.origins.values[node];
  if (at.kind == ValuePlace::kConstant) return static_cast<uint64_t>(trace_.block.nodes[node].imm);
  if (at.kind == ValuePlace::kNowhere) return std::nullopt;
  // The first place behind its code.
  size_t behind = 0;
  while (behind < places_.size() && places_[behind].node != node) ++behind;
  while (behind < places_.size() && places_[behind].node == node) ++behind;
  if (behind >= places_.size() || behind > place) return std::nullopt;
  const auto& moment = moment_at(behind);
  return at.kind == ValuePlace::kHostRegister ? moment.host.gp[at.number] : moment.x[at.number];
}

// Of IR values, the host's registers with their guest's, and the guest's in memory: what was made on the way to this place.
// With the guest register that lives in it.
std::string BlockStepper::name_of(unsigned host) {
  for (const translator::Mapping& mapping : translator::kMapped)
    if (mapping.host.id() == host) return fmt::format("{} ({})", kHostNames[host], riscv::kXNames[mapping.guest]);
  return std::string(kHostNames[host]);
}

std::string BlockStepper::registers() const {
  const x86::HostState& state = host_state();
  std::string text;
  for (unsigned i = 0; i < 16; ++i) text += fmt::format("{:<10} {:#018x}{}", name_of(i), state.gp[i], i % 3 == 2 ? "\n" : "    ");
  text += fmt::format("{:<10} {:#018x}    {:<10} {:#018x}\n", "rip", state.rip, "flags", state.flags);
  for (unsigned i = 0; i < 16; ++i) text += fmt::format("{:<10} {:#018x}{}", fmt::format("xmm{}", i), state.xmm[i], i % 3 == 2 ? "\n" : "    ");
  text += fmt::format("{:<10} {:#010x}\n", "mxcsr", state.mxcsr);
  if (const x86::Instruction* const next = host()) text += fmt::format("next       {} {}: {:02x}\n", next->mnemonic, next->operands, fmt::join(next->bytes, " "));
  return text;
}

std::string BlockStepper::changes() const {
  if (from_ == place_) return {};
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  for (size_t i = from_; i < place_; ++i) {
    const ir::Ref node = places_[i].node;
    if (node == ir::kNoRef || places_[i + 1].node == node) continue;
    if (const auto made = value_at(i + 1, node)) add(fmt::format("v{} = {}", node, hex(*made)));
  }
  const auto &now = moment_at(place_), &before = moment_at(from_);
  for (unsigned i = 0; i < 16; ++i) {
    if (now.host.gp[i] == before.host.gp[i]) continue;
    add(fmt::format("{} {} -> {}", name_of(i), hex(before.host.gp[i]), hex(now.host.gp[i])));
  }
  for (unsigned i = 0; i < 16; ++i)
    if (now.host.xmm[i] != before.host.xmm[i]) add(fmt::format("xmm{} {} -> {}", i, hex(before.host.xmm[i]), hex(now.host.xmm[i])));
  for (unsigned x = 1; x < 32; ++x)
    if (now.x[x] != before.x[x]) add(fmt::format("{} in the hart {} -> {}", riscv::kXNames[x], hex(before.x[x]), hex(now.x[x])));
  return text;
}

std::string BlockStepper::line(size_t place) const {
  const Place& at = places_[place];
  const x86::Instruction* const host = host_at(place);
  std::string text;
  if (place == 0 || insn_of(place) != insn_of(place - 1)) {
    const int insn = insn_of(place);
    if (insn >= 0) {
      const ir::Instruction& guest = trace_.block.insns[static_cast<size_t>(insn)];
      text += fmt::format("  {:#x}  {}\n", guest.pc, riscv::disassemble(guest.insn, guest.pc, riscv::Style::friendly));
    } else {
      text += at.host ? "  the block's own\n" : "  left to\n";
    }
  }
  const bool new_node = at.node != ir::kNoRef && (place == 0 || places_[place - 1].node != at.node);
  const std::string node = new_node ? ir::node_text(trace_.block, at.node) : "";
  const bool nothing = at.node == ir::kNoRef && at.insn >= 0;
  const std::string code = nothing ? "(nothing is left of it)" : host ? fmt::format("{:#x}  {} {}", host->address, host->mnemonic, host->operands)
                           : at.node == ir::kNoRef ? fmt::format("{:#x}", moment_at(place).host.rip) : "";
  std::string row = fmt::format("{} {:<34} {}", place == place_ ? "->" : "  ", node, code);
  if (at.node != ir::kNoRef && place + 1 < places_.size() && places_[place + 1].node != at.node)
    if (const auto made = value_at(place + 1, at.node)) row = fmt::format("{:<84} ; v{} = {}", row, at.node, hex(*made));
  while (row.back() == ' ') row.pop_back();
  return text + row + "\n";
}

std::string BlockStepper::text() const {
  std::string text = fmt::format("place {} of {} in the block at {:#x}, entered at @{}\n", place_ + 1, places_.size(), trace_.input.pc, moment_);
  if (const ir::Instruction* insn = guest())
    text += fmt::format("  guest {:#x}  {}\n", insn->pc, riscv::disassemble(insn->insn, insn->pc, riscv::Style::friendly));
  if (const auto at = node()) {
    text += fmt::format("  IR    {}", ir::node_text(trace_.block, *at));
    const ir::Node& shown = trace_.block.nodes[*at];
    std::string inputs;
    for (unsigned i = 0; i < shown.inputs(); ++i) {
      const auto known = value(shown.in[i]);
      inputs += fmt::format("{}v{} = {}", inputs.empty() ? "" : ", ", shown.in[i], known ? hex(*known) : "part of another operation");
    }
    text += inputs.empty() ? "\n" : fmt::format("   ; {}\n", inputs);
  }
  if (const x86::Instruction* next = host())
    text += fmt::format("  host  {:#x}  {} {}\n", next->address, next->mnemonic, next->operands);
  else if (guest() && !node())
    text += "  host  (the passes left nothing of it)\n";
  else if (!node())
    text += fmt::format("  host  {:#x}: the block is left; {} steps were made\n", host_state().rip, trace_.steps);
  else
    text += "  host  (no instruction of its own)\n";
  if (const std::string made = changes(); !made.empty()) text += fmt::format("  made  {}\n", made);
  return text;
}

std::string BlockStepper::listing() const {
  std::string text;
  for (size_t i = 0; i < places_.size(); ++i) text += line(i);
  return text;
}

}  // namespace vitrine::app::debug
