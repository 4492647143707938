// SPDX-License-Identifier: MIT
// What a difference looks like: the way of the interpreter, the blocks on it in all their forms, both states
// side by side.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/diagnosis.h"
#include "app/lockstep.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/registers.h"

namespace vitrine::app {
namespace {

constexpr size_t kMostPlaces = 100;  // of the way, as text

std::vector<StateRow> rows_before(const HartState& state) {
  std::vector<StateRow> rows;
  for (unsigned i = 1; i < 32; ++i)
    rows.push_back({std::string(riscv::kXNames[i]), fmt::format("{:#x}", state.x[i])});
  for (unsigned i = 0; i < 32; ++i)
    rows.push_back({std::string(riscv::kFNames[i]), fmt::format("{:#x}", state.f[i])});
  rows.push_back({"pc", fmt::format("{:#x}", state.pc)});
  return rows;
}

}  // namespace

std::string Lockstep::make_report(const std::string& what) {
  const core::Step now = machine_->clock().step();
  const unsigned hart = machine_->system().current().id;
  std::string text = fmt::format(
      "The engines differ: {}.\n  Found behind step {}; equal at step {}, hart {}, {} at pc {:#x}.\n", what,
      now, round_begin_, hart_before_, privilege_name(before_.privilege), before_.pc);
  text += "\nThe interpreter's way from there:\n" + path_text();
  text += "\n" + blocks_text();
  text += fmt::format(
      "\nHart {}, how it was and how both leave it ('>': they differ; what is zero is left out):\n", hart);
  StateColumn before{"before", hart == hart_before_ ? rows_before(before_) : std::vector<StateRow>()};
  text += state_table({before,
                       {"translator", state_rows(*machine_, static_cast<int>(hart))},
                       {"interpreter", state_rows(*judge_, static_cast<int>(hart))}},
                      true);
  for (const auto& disk : disks_) disk->leave_out_contents = true;
  text += "\nThe rest of the machine, where it differs:\n";
  text += state_table({{"translator", state_rows(*machine_)}, {"interpreter", state_rows(*judge_)}}, false);
  text += "\nMemory, where it differs:\n" + memory_table({"translator", &machine_->ram()}, {"interpreter", &judge_->ram()});
  return text;
}

std::string Lockstep::path_text() {
  std::string text;
  for (size_t i = 0; i < std::min(path_.size(), kMostPlaces); ++i) {
    text += instruction_text(path_[i]);
    const bool trapped = i + 1 < path_.size()
                             ? path_[i + 1].hart == path_[i].hart && path_[i + 1].traps != path_[i].traps
                             : judge_->hart(path_[i].hart).traps != path_[i].traps;
    text += trapped ? "   (trap or interrupt)\n" : "\n";
  }
  if (path_.size() > kMostPlaces) text += fmt::format("  ... {} more\n", path_.size() - kMostPlaces);
  if (path_.empty()) text += "  no step\n";
  if (config_.engine == EngineKind::kLockstepCached) text += "  ... (--engine lockstep notes each step)\n";
  return text;
}

// The bytes are fetched now, so code that has changed itself shows as what it became.
std::string Lockstep::instruction_text(const Place& place) {
  riscv::Hart& hart = judge_->hart(place.hart);
  uint16_t low = 0, high = 0;
  std::string text = fmt::format("  {:#x}  ", place.pc);
  if (hart.memory->fetch_halfword({place.pc}, low)) return text + "(cannot be fetched from here any more)";
  if (riscv::instruction_length(low) == 4 && hart.memory->fetch_halfword({place.pc + 2}, high))
    return text + "(cannot be fetched from here any more)";
  const riscv::Insn insn = riscv::decode(static_cast<uint32_t>(high) << 16 | low, hart.extensions);
  return text + riscv::disassemble(insn, place.pc, riscv::Style::friendly);
}

// Those that begin where the way went; the first of them is the one that was entered.
std::string Lockstep::blocks_text() {
#ifdef VITRINE_HAS_TRANSLATOR
  std::string text;
  std::set<uint64_t> shown;
  core::CodePage code;
  const bool there = !machine_->hart(hart_before_).memory->fetch_page({before_.pc}, code) && code.cacheable;
  const uint8_t* const page = there ? machine_->ram().host(code.page) : nullptr;
  for (const Place& place : path_) {
    if (!shown.insert(place.pc).second) continue;
    std::string block = blocks_.text(place.pc, before_.privilege, place.pc == before_.pc ? page : nullptr);
    if (block.empty() && place.pc == before_.pc) block = blocks_.text(place.pc, before_.privilege, nullptr);
    if (!block.empty()) text += fmt::format("The block at {:#x}:\n{}\n", place.pc, block);
  }
  return text.empty() ? "None of it was translated: the interpreter of both machines ran it.\n" : text;
#else
  return {};
#endif
}

}  // namespace vitrine::app
