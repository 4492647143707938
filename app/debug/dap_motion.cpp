// SPDX-License-Identifier: MIT
// Motion in both directions, by instructions and by lines, and what the client is told of its end.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/dap_adapter.h"
#include "app/diagnosis.h"
#include "isa/riscv/instruction_table.h"

namespace vitrine::app::dap {

using core::ErrorKind;
using debug::StopPoint;
using debugger::Stop;
using riscv::Hart;
using Lines = SourceLines;

// --- Requests. The answer goes out before anything moves.

Adapter::Answer Adapter::want(Motion motion, const Json& arguments) {
  auto hart = hart_of(arguments);
  if (!hart) return hart.error();
  if (!configured_) return core::error(ErrorKind::kUsage, "The machine waits for configurationDone.");
  wish_ = Wish{motion, *hart, text_of(arguments, "granularity") != "instruction"};
  return motion == Motion::kRun ? Json{{"allThreadsContinued", true}} : Json();
}

Adapter::Answer Adapter::go_on(const Json& arguments) { return want(Motion::kRun, arguments); }
Adapter::Answer Adapter::next(const Json& arguments) { return want(Motion::kNext, arguments); }
Adapter::Answer Adapter::step_in(const Json& arguments) { return want(Motion::kStepIn, arguments); }
Adapter::Answer Adapter::step_out(const Json& arguments) { return want(Motion::kStepOut, arguments); }
Adapter::Answer Adapter::step_back(const Json& arguments) { return want(Motion::kStepBack, arguments); }
Adapter::Answer Adapter::go_back(const Json& arguments) { return want(Motion::kRunBack, arguments); }

Adapter::Answer Adapter::pause(const Json&) {
  pause_wanted_ = true;
  return Json();
}

// --- Moving

// Somebody wants in. True: the motion goes on.
bool Adapter::look_in() {
  while (auto word = channel_.take()) {
    if (word->end) return false;
    handle(word->message);
    if (over_ || broken_ || pause_wanted_) return false;
  }
  return true;
}

// Backwards, the machine stands anywhere on the way: nobody is answered then.
void Adapter::move(const Wish& wish) {
  const bool back = wish.motion == Motion::kStepBack || wish.motion == Motion::kRunBack;
  pause_wanted_ = false;
  debuggee_->forget_interrupt();
  channel_.interrupt_by(back ? Channel::Listens::kToUrgent : Channel::Listens::kToAll, [this] { debuggee_->interrupt(); });
  moving_ = true;
  auto stop = moved(wish);
  moving_ = false;
  channel_.interrupt_by(Channel::Listens::kToNone, {});
  tell_console();
  if (over_ || broken_) return;
  if (stop) return tell_stop(*stop, wish);
  say(stop.error().message + "\n", "important");
  if (stop.error().kind == ErrorKind::kUsage) return tell_standing("step", stop.error().message);
  broken_ = true;
  channel_.event("terminated", Json::object());
}

core::Result<Stop> Adapter::moved(const Wish& wish) {
  debug::State& it = state();
  switch (wish.motion) {
    case Motion::kRun: return it.run();
    case Motion::kNext: return wish.line ? line_on(wish.hart, false) : debug::over(it, wish.hart);
    case Motion::kStepIn: return wish.line ? line_on(wish.hart, true) : it.step(wish.hart);
    case Motion::kStepOut: return debug::out(it, wish.hart);
    case Motion::kStepBack: return wish.line ? line_back(wish.hart) : debuggee_->step_back(wish.hart);
    case Motion::kRunBack:
      it.arm();
      while (true) {
        auto stop = debuggee_->run_back();
        if (!stop || stop->kind != Stop::Kind::kBreak || is_meant(*stop)) return stop;
      }
  }
  __builtin_unreachable();
}

// Until another line begins, or the function has returned into the middle of one. Where no line is known it is one instruction; of
// what is called without lines nothing is seen.
core::Result<Stop> Adapter::line_on(unsigned number, bool into) {
  const Lines& lines = state().lines();
  const Hart& hart = machine().hart(number);
  auto line = lines.line_at(hart.pc);
  const uint64_t sp = hart.x[2];
  const riscv::Privilege mode = hart.privilege;
  while (true) {
    const uint64_t pc = hart.pc;
    const auto insn = state().instruction_at(pc);
    auto stop = into ? state().step(number) : debug::over(state(), number);
    if (!stop || stop->kind != Stop::Kind::kStep || !line) return stop;
    if (line->first <= hart.pc && hart.pc < line->end) {
      if (channel_.waits() && !look_in()) return Stop{Stop::Kind::kInterrupted, debuggee_->now(), number, {}, 0};
      continue;
    }
    auto here = lines.line_at(hart.pc);
    if (!here && into && insn && debug::is_call(*insn) && hart.x[insn->rd] == pc + insn->length) {
      const uint64_t behind = pc + insn->length;
      stop = state().run_to(number, {behind}, [&](const Hart& h) { return h.privilege == mode && h.x[2] >= sp; });
      if (!stop || stop->kind != Stop::Kind::kStep) return stop;
      if (line->first <= hart.pc && hart.pc < line->end) continue;
      here = lines.line_at(hart.pc);
    }
    const bool left = hart.privilege != mode || hart.x[2] > sp;
    if (!here || here->first == hart.pc || left) return stop;
    line = here;
  }
}

// To where the present line began, or the one before it.
core::Result<Stop> Adapter::line_back(unsigned number) {
  const Lines& lines = state().lines();
  const Hart& hart = machine().hart(number);
  const bool known = lines.line_at(hart.pc).has_value();
  auto stop = back_over(number);
  if (!known) return stop;
  auto line = lines.line_at(hart.pc);
  while (stop && stop->kind == Stop::Kind::kStep && line && hart.pc != line->first) {
    if (channel_.waits() && !look_in()) return Stop{Stop::Kind::kInterrupted, debuggee_->now(), number, {}, 0};
    stop = back_over(number);
    if (stop && !(line->first <= hart.pc && hart.pc < line->end)) line = lines.line_at(hart.pc);
  }
  return stop;
}

// One instruction, with what it had called: back from behind a return one stands before the call.
core::Result<Stop> Adapter::back_over(unsigned number) {
  const Hart& hart = machine().hart(number);
  const uint64_t behind = hart.pc, sp = hart.x[2];
  const riscv::Privilege mode = hart.privilege;
  auto stop = debuggee_->step_back(number);
  if (!stop || stop->kind != Stop::Kind::kStep) return stop;
  const auto insn = state().instruction_at(hart.pc);
  const bool returned = insn && riscv::row_of(insn->op).name == "jalr" && insn->rd == 0 && insn->rs1 == 1;
  if (!returned || hart.privilege != mode) return stop;
  state().arm({behind - 2, behind - 4});
  while (true) {
    stop = debuggee_->run_back();
    if (!stop || stop->kind != Stop::Kind::kBreak) return stop;
    const auto call = state().instruction_at(hart.pc);
    const bool is_it =
        stop->hart == number && hart.privilege == mode && hart.x[2] == sp && hart.pc + (call ? call->length : 0) == behind;
    if (!is_it && (stop->at.value == behind - 2 || stop->at.value == behind - 4)) continue;
    if (is_it) stop->kind = Stop::Kind::kStep;
    return stop;
  }
}

// --- What is told

// Names of stops that the protocol has no word for are ours.
std::string_view Adapter::reason_of(const Stop& stop, const Numbers& hit) const {
  const auto is_of = [&](const char* kind) {
    const auto found = points_.find(kind);
    return found != points_.end() && std::any_of(hit.begin(), hit.end(), [&](unsigned number) {
             return std::find(found->second.begin(), found->second.end(), number) != found->second.end();
           });
  };
  switch (stop.kind) {
    case Stop::Kind::kBreak:
      return is_of("function") ? "function breakpoint" : is_of("instruction") ? "instruction breakpoint" : "breakpoint";
    case Stop::Kind::kLoad:
    case Stop::Kind::kStore: return "data breakpoint";
    case Stop::Kind::kRequest: return "exception";
    case Stop::Kind::kStart: return "entry";
    case Stop::Kind::kInterrupted: return "pause";
    case Stop::Kind::kEnd: return "end";
    case Stop::Kind::kStep: break;
  }
  return "step";
}

Adapter::Numbers Adapter::hit_points(const Stop& stop) const {
  Numbers hit;
  for (const StopPoint& point : state().points) {
    const bool access = stop.kind == Stop::Kind::kLoad ? point.loads : stop.kind == Stop::Kind::kStore && point.stores;
    const bool is_it =
        (stop.kind == Stop::Kind::kBreak && point.kind == StopPoint::Kind::kBreak && point.at == stop.at) ||
        (point.kind == StopPoint::Kind::kWatch && access && stop.at.value - point.at.value < point.size) ||
        (stop.kind == Stop::Kind::kRequest && point.kind == StopPoint::Kind::kCatch && point.event == Debuggee::caught(stop));
    if (is_it && std::find(hit.begin(), hit.end(), point.number) == hit.end()) hit.push_back(point.number);
  }
  return hit;
}

void Adapter::tell_stop(const Stop& stop, const Wish& wish) {
  const bool back = wish.motion == Motion::kStepBack || wish.motion == Motion::kRunBack;
  const bool of_a_hart = stop.kind == Stop::Kind::kBreak || stop.kind == Stop::Kind::kLoad || stop.kind == Stop::Kind::kStore ||
                         stop.kind == Stop::Kind::kRequest;
  focus_ = of_a_hart                                                        ? stop.hart
           : wish.motion == Motion::kRun || wish.motion == Motion::kRunBack ? debuggee_->current_hart()
                                                                            : wish.hart;
  last_stop_ = stop;
  last_words_ = debug::stop_text(state(), stop, back);
  while (last_words_.ends_with('\n')) last_words_.pop_back();
  if (stop.kind != Stop::Kind::kStep && !last_words_.empty()) say(last_words_ + "\n");
  const Numbers hit = hit_points(stop);
  Json body = {{"reason", std::string(reason_of(stop, hit))}, {"threadId", focus_ + 1}, {"allThreadsStopped", true}};
  if (!last_words_.empty()) body["description"] = last_words_;
  if (stop.kind == Stop::Kind::kRequest) body["text"] = debug::event_name_text(Debuggee::caught(stop));
  if (!hit.empty()) body["hitBreakpointIds"] = hit;
  channel_.event("stopped", std::move(body));
}

void Adapter::tell_standing(std::string_view reason, const std::string& description) {
  last_stop_.reset();
  channel_.event(
      "stopped",
      {{"reason", std::string(reason)}, {"description", description}, {"threadId", focus_ + 1}, {"allThreadsStopped", true}});
}

Adapter::Answer Adapter::exception_info(const Json&) {
  if (!last_stop_ || last_stop_->kind != Stop::Kind::kRequest)
    return core::error(ErrorKind::kUsage, "The machine was stopped by no exit and no guest trap.");
  const core::EventRow& row = core::row_of(Debuggee::caught(*last_stop_));
  return Json{{"exceptionId", std::string(row.name)},
              {"description", last_words_},
              {"breakMode", "always"},
              {"details", {{"typeName", debug::event_name_text(row.kind)}, {"message", std::string(row.sentence)}}}};
}

}  // namespace vitrine::app::dap
