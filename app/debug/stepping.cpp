// SPDX-License-Identifier: MIT
// Over an instruction with what it calls, and out of a function.
#include "app/debug/motion.h"
#include "app/diagnosis.h"
#include "isa/riscv/instruction_table.h"

namespace vitrine::app::debug {

using debugger::Stop;
using riscv::Hart;

// jal and jalr that keep a return address in ra or t0 (volume I, 2.5.1, "return-address stack").
bool is_call(const riscv::Insn& insn) {
  const std::string_view name = riscv::row_of(insn.op).name;
  if (name == "c.jalr" || name == "c.jal") return true;
  return (name == "jal" || name == "jalr") && (insn.rd == 1 || insn.rd == 5);
}

// The instruction, and whatever it calls or traps to: until the hart is behind it in the same mode, with the same stack; or in front
// of it once more, since a page fault or an interrupt came first.
core::Result<Stop> over(State& state, unsigned number) {
  const Hart& hart = state.machine().hart(number);
  const auto insn = state.instruction_at(hart.pc);
  const uint64_t pc = hart.pc, behind = pc + (insn ? insn->length : 0), traps = hart.traps;
  const riscv::Privilege mode = hart.privilege;
  const uint64_t sp = hart.x[2];
  auto stop = state.step(number);
  if (!stop || stop->kind != Stop::Kind::kStep) return stop;
  const bool trapped = hart.traps != traps;
  if (!trapped && !(insn && is_call(*insn))) return stop;
  if (!trapped && hart.pc == behind) return stop;
  return state.run_to(number, {behind, pc}, [&](const Hart& h) {
    return h.privilege == mode && h.x[2] == sp && (h.pc == behind || (trapped && h.pc == pc));
  });
}

core::Result<Stop> out(State& state, unsigned number) {
  const Hart& hart = state.machine().hart(number);
  const auto caller = caller_of(state, {hart.pc, hart.x[2]}, true);
  if (!caller)
    return core::error(core::ErrorKind::kUsage,
                       "Who called {} is not known: no function of the guest's symbols begins there, or its first instructions are not those "
                       "of a function. In the debugger: until WHERE",
                       address_text(state.machine(), hart.pc));
  const riscv::Privilege mode = hart.privilege;
  return state.run_to(number, {caller->pc}, [&](const Hart& h) { return h.privilege == mode && h.x[2] >= caller->sp; });
}

}  // namespace vitrine::app::debug
