// SPDX-License-Identifier: MIT
// Interrupts and devices: irq, devices. Registers are only peeked at.
#include <fmt/format.h>

#include "app/debug/csr_fields.h"
#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "core/file.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/traps.h"

namespace vitrine::app::debug {

namespace {

std::string hart_interrupts(State& state, unsigned number) {
  const riscv::Hart& hart = state.machine().hart(number);
  const auto csr = [&](unsigned which) { return csr_fields_text(which, riscv::peek_csr(hart, which).value_or(0)); };
  std::string text = fmt::format("Hart {}, {}, MIE {}, SIE {}\n", number, privilege_name(hart.privilege),
                                 hart.csr.mstatus & riscv::mstatus::kMie ? 1 : 0, hart.csr.mstatus & riscv::mstatus::kSie ? 1 : 0);
  text += fmt::format("  pending (mip):       {}\n  enabled (mie):       {}\n  delegated (mideleg): {}\n", csr(0x344), csr(0x304), csr(0x303));
  const int next = riscv::interrupt_to_take(hart);
  return text + (next >= 0 ? fmt::format("  It takes the {} before its next instruction.\n", cause_name(riscv::kInterruptCause | static_cast<uint64_t>(next)))
                           : "  It takes none now.\n");
}

// Sources that have a priority, are pending, or are enabled for somebody (SiFive's layout, devices/plic.h).
std::string plic_text(State& state, const core::Bus::Mapping& plic) {
  constexpr unsigned kSources = 128;
  const auto read = [&](uint64_t offset) { return plic.device->peek(offset, 4); };
  const auto bit = [&](uint64_t base, unsigned source) { return read(base + source / 32 * 4) >> (source % 32) & 1; };
  std::string text;
  for (unsigned source = 1; source < kSources; ++source) {
    std::string who;
    for (unsigned context = 0; context < 2 * state.machine().hart_count(); ++context)
      if (bit(0x2000 + 0x80 * context, source)) who += fmt::format("{}hart {} {}", who.empty() ? "" : ", ", context / 2, context % 2 ? "S" : "M");
    const bool pending = bit(0x1000, source);
    if (!pending && who.empty()) continue;
    text += fmt::format("  source {}: priority {}, {}, enabled for {}\n", source, read(4 * source), pending ? "pending" : "not pending", who.empty() ? "nobody" : who);
  }
  return fmt::format("{}\n{}", plic.device->name(), text.empty() ? "  no source is pending or enabled\n" : text);
}

Answer irq(State& state, const Words& words) {
  if (words.size() > 1) return usage(words[0], "it takes no words.");
  std::string text;
  for (unsigned i = 0; i < state.machine().hart_count(); ++i) text += hart_interrupts(state, i);
  for (const core::Bus::Mapping& mapping : state.machine().bus().mappings())
    if (mapping.device->name().starts_with("plic")) text += plic_text(state, mapping);
  const core::Scheduler& scheduler = state.machine().scheduler();
  const uint64_t now = scheduler.clock().ticks();
  text += fmt::format("Time: {} ticks", now);
  return text + (scheduler.next_when() == core::kNever ? "; nothing is scheduled\n" : fmt::format("; the next scheduled event comes at {}\n", scheduler.next_when()));
}

std::string register_lines(const core::Device& device, const core::RegisterRow& row) {
  constexpr uint32_t kMost = 64;
  std::string text;
  for (uint32_t i = 0; i < std::min(row.count, kMost); ++i) {
    const uint64_t offset = row.offset + uint64_t{i} * (row.stride ? row.stride : row.width);
    const uint64_t value = row.readable ? device.peek(offset, row.width) : 0;
    if (row.count > 1 && value == 0) continue;  // of many equal ones those that say something
    const std::string name = row.count > 1 ? fmt::format("{}[{}]", row.name, i) : std::string(row.name);
    text += fmt::format("  {:#08x}  {:<16} {}  {}\n", offset, name, row.readable ? fmt::format("{:#x}", value) : "(only written)", row.doc);
  }
  return text;
}

Answer devices(State& state, const Words& words) {
  std::string text;
  if (words.size() > 2) return usage(words[0], "it takes the name of a device.");
  for (const core::Bus::Mapping& mapping : state.machine().bus().mappings()) {
    if (words.size() == 2 && mapping.device->name() != words[1]) continue;
    text += fmt::format("{:<16} {:#x}-{:#x}\n", mapping.device->name(), mapping.base.value, mapping.base.value + mapping.size - 1);
    if (words.size() < 2) continue;
    for (const core::RegisterRow& row : mapping.device->registers()) text += register_lines(*mapping.device, row);
  }
  if (text.empty()) return usage(words[0], fmt::format("there is no device '{}'; without a name all are shown.", core::printable(words[1])));
  if (words.size() < 2)
    text += fmt::format("RAM              {:#x}-{:#x}\n", state.machine().ram().base().value, state.machine().ram().base().value + state.machine().ram().size() - 1);
  return text;
}

constexpr Verb kVerbs[] = {
    {"irq", "", "", "Shows which interrupts are pending, enabled and delegated, and what the PLIC holds.", Wants::kNothing, irq},
    {"devices", "dev", "[NAME]", "Shows what is on the bus, or the registers of one device; nothing changes by looking.", Wants::kDevice, devices},
};

}  // namespace

std::span<const Verb> device_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
