// SPDX-License-Identifier: MIT
// Who called whom, by what functions do at their beginning, as compilers write it: `addi sp, sp, -N` makes room, `sd ra, K(sp)` keeps
// the return address. No debug information is needed, only symbols that say where functions begin. What is left early
// (`addi sp, sp, N` ... `ret`, and the function goes on behind it) is followed, too.
#include <fmt/format.h>

#include <cstring>

#include "app/debug/motion.h"
#include "app/diagnosis.h"
#include "isa/riscv/instruction_table.h"

namespace vitrine::app::debug {

namespace {

constexpr unsigned kRa = 1, kSp = 2;
constexpr uint64_t kLongest = 16 << 10;  // bytes of a function that are looked at
constexpr size_t kMostFrames = 64;

struct Prologue {
  uint64_t room = 0;               // that the function has made on the stack, here
  std::optional<uint64_t> ra_at;   // above the present sp
  bool leaves = false;             // the room was given back, on the way to a return
  uint64_t left = 0;               // that it had until then
};

void follow(const riscv::Insn& insn, Prologue& it) {
  const std::string_view name = riscv::row_of(insn.op).name;
  if (name == "addi" && insn.rd == kSp && insn.rs1 == kSp) {
    const auto less = static_cast<uint64_t>(-int64_t{insn.imm});
    if (insn.imm > 0 && !it.leaves) it.left = it.room;
    it.leaves = it.leaves || insn.imm > 0;
    it.room += less;
    if (it.ra_at) *it.ra_at += less;
  } else if (name == "sd" && insn.rs1 == kSp && insn.rs2 == kRa) {
    it.ra_at = static_cast<uint64_t>(int64_t{insn.imm});
  } else if ((name == "jalr" || name == "jal") && insn.rd == 0 && it.leaves) {
    if (it.ra_at) *it.ra_at += it.left - it.room;
    it.room = it.left;
    it.leaves = false;
  }
}

// A call that does not return may be its function's last instruction: then the return address is in none, or in another one.
std::optional<Prologue> prologue_of(State& state, uint64_t pc, bool innermost) {
  const auto begin = symbol_of(state.machine(), pc - (innermost ? 0 : 1));
  if (!begin || pc - *begin > kLongest) return std::nullopt;
  Prologue it;
  for (uint64_t at = *begin; at < pc;) {
    const auto insn = state.instruction_at(at);
    if (!insn) return std::nullopt;
    follow(*insn, it);
    at += insn->length;
  }
  return it;
}

}  // namespace

std::optional<Frame> caller_of(State& state, const Frame& frame, bool innermost) {
  const auto prologue = prologue_of(state, frame.pc, innermost);
  if (!prologue) return std::nullopt;
  uint64_t back = state.hart().x[kRa];
  if (prologue->room != 0 && prologue->ra_at) {
    const std::string bytes = state.it().read_memory(state.hart_number(), {frame.sp + *prologue->ra_at}, 8).bytes;
    if (bytes.size() != 8) return std::nullopt;
    std::memcpy(&back, bytes.data(), 8);
  } else if (!innermost) {
    return std::nullopt;
  }
  if (symbol_text(state.machine(), back).empty()) return std::nullopt;
  return Frame{back, frame.sp + prologue->room};
}

std::string frame_text(State& state, const Frame& frame, bool innermost) {
  const auto begin = symbol_of(state.machine(), frame.pc - (innermost ? 0 : 1));
  if (!begin) return fmt::format("{:#x}", frame.pc);
  const std::string name = symbol_text(state.machine(), *begin);
  return frame.pc == *begin ? name : fmt::format("{}+{:#x}", name, frame.pc - *begin);
}

std::vector<Frame> frames(State& state) {
  std::vector<Frame> all{{state.hart().pc, state.hart().x[kSp]}};
  while (all.size() < kMostFrames) {
    const auto caller = caller_of(state, all.back(), all.size() == 1);
    if (!caller || (caller->pc == all.back().pc && caller->sp == all.back().sp)) break;
    all.push_back(*caller);
  }
  return all;
}

}  // namespace vitrine::app::debug
