// SPDX-License-Identifier: MIT
// The machine: hart, regs, csr, irq, devices.
#include <fmt/format.h>

#include <bit>

#include "app/debug/csr_fields.h"
#include "app/breaking.h"
#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/registers.h"

namespace vitrine::app::debug {

namespace {

Answer hart(State& state, const Words& words) {
  if (words.size() > 2) return usage(words[0], "it takes a number, or next.");
  if (words.size() == 2 && words[1] == "next") {
    state.chosen.reset();
  } else if (words.size() == 2) {
    const auto number = parse_number(words[1]);
    if (!number || *number >= state.machine().hart_count())
      return usage(words[0], fmt::format("'{}' is no hart; there are {}, from 0 on.", core::printable(words[1]), state.machine().hart_count()));
    state.chosen = static_cast<unsigned>(*number);
  }
  return fmt::format("{}: {}\n", state.chosen ? "Chosen" : "Whichever makes the next step", place_text(state));
}

// Two columns; what is an address of a symbol says so.
std::string integer_registers(State& state) {
  const riscv::Hart& hart = state.hart();
  std::string text = fmt::format("pc    {:#018x}  {}\n", hart.pc, symbol_text(state.machine(), hart.pc));
  for (unsigned i = 1; i < 32; ++i) {
    const std::string symbol = symbol_text(state.machine(), hart.x[i]);
    text += fmt::format("{:<4}  {:#018x}  {}\n", riscv::kXNames[i], hart.x[i],
                        !symbol.empty() ? symbol : hart.x[i] < 10 ? "" : fmt::format("{}", static_cast<int64_t>(hart.x[i])));
  }
  return text;
}

std::string float_registers(const riscv::Hart& hart) {
  std::string text;
  for (unsigned i = 0; i < 32; ++i) {
    const bool boxed = hart.f[i] >> 32 == 0xffffffff;
    text += fmt::format("{:<4}  {:#018x}  {}\n", riscv::kFNames[i], hart.f[i],
                        boxed ? fmt::format("{} (single)", std::bit_cast<float>(static_cast<uint32_t>(hart.f[i])))
                              : fmt::format("{}", std::bit_cast<double>(hart.f[i])));
  }
  return text;
}

Answer regs(State& state, const Words& words) {
  if (words.size() == 1) return fmt::format("Hart {}, {}\n", state.hart_number(), privilege_name(state.hart().privilege)) + integer_registers(state);
  if (words.size() == 2 && words[1] == "f") return float_registers(state.hart());
  std::string text;
  for (size_t i = 1; i < words.size(); ++i) {
    auto value = parse_place(state, words[i].starts_with('$') ? words[i] : "$" + words[i]);
    if (!value) return value.error();
    text += fmt::format("{:<4}  {:#018x}  {}\n", words[i], *value, symbol_text(state.machine(), *value));
  }
  return text;
}

std::string csr_line(const std::string& name, unsigned number, uint64_t value) {
  const std::string fields = csr_fields_text(number, value);
  return fmt::format("{:<14} {:#x}{}\n", name, value, fields.empty() ? "" : ": " + fields);
}

// Without a name: those that are not 0.
Answer csr(State& state, const Words& words) {
  const riscv::Hart& hart = state.hart();
  std::string text;
  for (size_t i = 1; i < words.size(); ++i) {
    auto number = parse_csr(words[i]);
    if (!number) return number.error();
    const auto value = riscv::peek_csr(hart, *number);
    if (!value) return usage(words[0], fmt::format("hart {} has no CSR {}.", hart.id, words[i]));
    unsigned index = 0;
    const riscv::CsrRow* const row = riscv::find_csr(*number, index);
    text += csr_line(row ? riscv::csr_name(*row, index) : words[i], *number, *value);
  }
  if (words.size() > 1) return text;
  for (const riscv::CsrRow& row : riscv::csr_rows())
    for (unsigned i = 0; i < row.count; ++i) {
      const unsigned number = row.number + i * row.stride;
      if (const auto value = riscv::peek_csr(hart, number); value && *value != 0) text += csr_line(riscv::csr_name(row, i), number, *value);
    }
  return text;
}

// All that can be wrong on purpose, and what is.
std::string breaks_list(core::BreakSet breaks) {
  std::string text;
  for (const core::BreakRow& row : core::break_rows()) text += fmt::format("{} {:<27} {}\n", breaks.has(row.kind) ? "*" : " ", row.name, row.sentence);
  return text + (breaks.any() ? "*: so it is here.\n" : "Nothing is wrong on purpose here.\n");
}

// A break is built in, and named in the run's identity: one that came later could not be made again.
Answer sabotage(State& state, const Words& words) {
  const core::BreakSet breaks = state.machine().config().breaks;
  if (words.size() == 1) return breaks_list(breaks);
  if (words.size() > 2) return usage(words[0], "it takes one name.");
  auto named = parse_breaks(words[1]);
  if (!named) return named.error();
  for (const core::BreakRow& row : core::break_rows()) {
    if (!named->has(row.kind)) continue;
    if (breaks.has(row.kind)) return fmt::format("So it is here. {} {}\n", row.sentence, row.symptom);
    return usage(words[0], fmt::format("no break can be switched while a machine runs, since the run could not be made again. Use a new run: vitrine debug GUEST --break {}. {}",
                                       row.name, row.sentence));
  }
  return std::string();
}

constexpr Verb kVerbs[] = {
    {"hart", "h", "[H | next]", "Chooses the hart that is looked at and stepped; next: whichever makes the next step.", Wants::kNothing, hart},
    {"regs", "r", "[f | NAME...]", "Shows the registers, or those of floating point, or some.", Wants::kRegister, regs},
    {"csr", "", "[NAME...]", "Shows CSRs with their fields; without a name those that are not 0.", Wants::kCsr, csr},
    {"sabotage", "", "[NAME]", "Shows what can be wrong on purpose, and what is; a new run is begun so: vitrine debug GUEST --break NAME.", Wants::kBreak, sabotage},
};

}  // namespace

std::span<const Verb> machine_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
