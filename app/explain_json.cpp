// SPDX-License-Identifier: MIT
// Explanations for programs. Addresses and register values are text in hexadecimal, since not every reader of JSON has
// numbers of 64 bits; what counts something is a number. The keys: docs/vitrine.1.
#include <fmt/format.h>


#include "app/diagnosis.h"
#include "app/explain.h"
#include "core/file.h"
#include "core/json.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/traps.h"

namespace vitrine::app {
namespace {

using Json = nlohmann::ordered_json;

std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(core::printable(text, 4096)); }
std::string letter(riscv::Privilege privilege) { return std::string(1, "US?M"[static_cast<unsigned>(privilege) & 3]); }

Json walk_json(const ExplainedWalk& walk) {
  Json entries = Json::array();
  for (const ExplainedEntry& entry : walk.entries)
    entries.push_back({{"level", entry.level},
                       {"at", hex(entry.at.value)},
                       {"value", entry.value ? Json(hex(*entry.value)) : Json()},
                       {"flags", entry.value ? Json(entry_flags(*entry.value)) : Json()}});
  static constexpr const char* kFaults[] = {"none", "page", "access", "misaligned"};
  const bool good = walk.result.fault == core::FaultKind::kNone;
  return {{"use", use_name(walk.use)},
          {"address", hex(walk.address.value)},
          {"translated", walk.translated},
          {"entries", std::move(entries)},
          {"physical", good ? Json(hex(walk.result.physical.value)) : Json()},
          {"fault", kFaults[static_cast<unsigned>(walk.result.fault)]},
          {"reason", text_or_null(walk.result.reason)},
          {"failed_bit", text_or_null(walk.failed_bit)}};
}

Json access_json(const ExplainedAccess& access) {
  return {{"use", use_name(access.use)},
          {"address", hex(access.address.value)},
          {"width", access.width},
          {"device", text_or_null(access.device)},
          {"register", text_or_null(access.device_register)},
          {"refused", text_or_null(access.refused)},
          {"before", access.to_ram ? Json(hex(access.before)) : Json()},
          {"after", access.to_ram ? Json(hex(access.after)) : Json()}};
}

Json trap_json(const Explanation& it) {
  if (!it.trap) return {};
  const ExplainedTrap& trap = *it.trap;
  return {{"cause", trap.cause & ~riscv::kInterruptCause},
          {"interrupt", (trap.cause & riscv::kInterruptCause) != 0},
          {"name", cause_name(trap.cause)},
          {"value", hex(trap.value)},
          {"from", letter(trap.from)},
          {"to", letter(trap.to)},
          {"delegation", {{"register", trap.delegation}, {"bit", trap.bit}, {"set", trap.delegated}}},
          {"handler", hex(trap.handler)},
          {"handler_symbol", text_or_null(it.handler_symbol)}};
}

Json instruction_json(const Explanation& it) {
  if (!it.instruction) return {};
  return {{"bits", hex(it.instruction->bits)}, {"length", it.instruction->length},
          {"text", riscv::disassemble(*it.instruction, it.pc, riscv::Style::friendly)}};
}

Json events_json(const Explanation& it) {
  Json all = Json::array();
  for (const ExplainedEvent& seen : it.events) {
    const core::EventRow& row = core::row_of(seen.event.kind);
    all.push_back({{"kind", row.name}, {"column", core::name_of(row.column)}, {"cause", core::name_of(row.cause)},
                   {"effect", text_or_null(seen.effect)}});
  }
  return all;
}

Json explanation_json(const Explanation& it) {
  Json changes = Json::array();
  for (const ExplainedChange& change : it.changes)
    changes.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after},
                       {"fields", text_or_null(change.fields)}});
  Json walks = Json::array(), accesses = Json::array();
  for (const ExplainedWalk& walk : it.walks) walks.push_back(walk_json(walk));
  for (const ExplainedAccess& access : it.accesses) accesses.push_back(access_json(access));
  Json outcome;
  if (it.outcome || it.cut)
    outcome = {{"exit_code", it.outcome ? Json(exit_code_of(*it.outcome)) : Json()},
               {"words", it.outcome ? Json(core::printable(it.outcome->words, 4096)) : Json()},
               {"state_hash", fmt::format("{:016x}", it.state_hash)}, {"console_bytes", it.console_bytes},
               {"console_crc32", fmt::format("{:08x}", it.console_crc)}};
  const bool paged = it.privilege != riscv::Privilege::kMachine && mmu::mode_of(it.satp) != mmu::Mode::kBare;
  return {{"moment", core::printable(it.moment, 4096)},
          {"step", it.step},
          {"made", it.made},
          {"hart", it.hart},
          {"mode", letter(it.privilege)},
          {"pc", hex(it.pc)},
          {"symbol", text_or_null(it.symbol)},
          {"line", text_or_null(it.line)},
          {"process", it.process ? Json::parse(it.process->json()) : Json()},
          {"paging", paged ? mode_name(mmu::mode_of(it.satp)) : "bare"},
          {"satp", hex(it.satp)},
          {"instruction", instruction_json(it)},
          {"walks", std::move(walks)},
          {"accesses", std::move(accesses)},
          {"trap", trap_json(it)},
          {"broken", text_or_null(it.broken)},
          {"events", events_json(it)},
          {"changes", std::move(changes)},
          {"console", core::printable(it.console, 4096)},
          {"next_pc", hex(it.next_pc)},
          {"next_symbol", text_or_null(it.next_symbol)},
          {"next_mode", letter(it.next_privilege)},
          {"outcome", std::move(outcome)},
          {"text", explanation_text(it)}};
}

}  // namespace

std::string explanations_json(const std::vector<Explanation>& all, const KeptRun& run) {
  Json moments = Json::array();
  for (const Explanation& it : all) moments.push_back(explanation_json(it));
  const Json whole = {{"identity", core::printable(run.header.identity, 16384)}, {"moments", std::move(moments)}};
  return whole.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace vitrine::app
