// SPDX-License-Identifier: MIT
// Motion, as verbs of several subjects need it: what is told of a stop, and frames of calls. Next: verbs_motion.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/debug/verbs.h"

namespace vitrine::app::debug {

// Why it stopped, and where it stands now.
std::string stop_text(State& state, const debugger::Stop& stop, bool back = false);
// The same of the result of a motion; the hart that a stop point names is looked at from then on, if one was chosen.
// `back`: it was one backwards, so that a stop point is hit by the step that comes.
Answer told(State& state, const core::Result<debugger::Stop>& stop, bool back = false);
// Where it stands: a line, unless a prompt says it.
std::string standing_text(State& state);

// One instruction of a hart, and whatever it calls or traps to: until the hart is behind it in the same mode, with the same stack; or
// in front of it once more, since a page fault or an interrupt came first.
core::Result<debugger::Stop> over(State& state, unsigned hart);
// Until the hart's present function has returned. An error of kind kUsage: who called it is not known, and nothing has moved.
core::Result<debugger::Stop> out(State& state, unsigned hart);
// jal and jalr that keep a return address in ra or t0 (volume I, 2.5.1, "return-address stack").
bool is_call(const riscv::Insn& insn);

// A function that runs or waits for another one's return.
struct Frame {
  uint64_t pc = 0;
  uint64_t sp = 0;
};
// The frame that called this one, by the prologue of its function (frames.cpp); none: it is not known.
std::optional<Frame> caller_of(State& state, const Frame& frame, bool innermost);
// "main+0x12": of a caller it is the function that made the call.
std::string frame_text(State& state, const Frame& frame, bool innermost);
// The innermost one, and all that called it.
std::vector<Frame> frames(State& state);

}  // namespace vitrine::app::debug
