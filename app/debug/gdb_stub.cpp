// SPDX-License-Identifier: MIT
// The table of packets, and those that are about the session itself. Registers, memory and stop points: gdb_stub_state.cpp; motion:
// gdb_stub_motion.cpp.
#include "app/debug/gdb_stub.h"

#include <fmt/format.h>

#include "app/debug/gdb_packets.h"
#include "app/debug/gdb_target.h"
#include "app/text.h"

namespace vitrine::app::gdb {

// A name of more than one letter stands for itself and needs a separator behind it.
const Stub::Row Stub::kRows[] = {
    {"qSupported", &Stub::supported},
    {"QStartNoAckMode", &Stub::no_acks},
    {"qAttached", &Stub::attached},
    {"qC", &Stub::current_thread},
    {"qfThreadInfo", &Stub::first_threads},
    {"qsThreadInfo", &Stub::more_threads},
    {"qThreadExtraInfo", &Stub::thread_text},
    {"qXfer:features:read", &Stub::transfer_features},
    {"qXfer:memory-map:read", &Stub::transfer_map},
    {"qSymbol", &Stub::symbols},
    {"qqemu.sstepbits", &Stub::step_bits},
    {"qqemu.sstep", &Stub::step_mask},
    {"Qqemu.sstep", &Stub::set_step_mask},
    {"qqemu.PhyMemMode", &Stub::physical_mode},
    {"Qqemu.PhyMemMode", &Stub::set_physical_mode},
    {"qRcmd", &Stub::monitor},
    {"vCont?", &Stub::continue_actions},
    {"vCont", &Stub::go_verbosely},
    {"vAttach", &Stub::attach},
    {"vKill", &Stub::kill_process},
    {"!", &Stub::extended},
    {"?", &Stub::why_stopped},
    {"H", &Stub::select_thread},
    {"T", &Stub::thread_alive},
    {"g", &Stub::read_registers},
    {"G", &Stub::write_registers},
    {"p", &Stub::read_register},
    {"P", &Stub::write_register},
    {"m", &Stub::read_memory},
    {"M", &Stub::write_memory},
    {"X", &Stub::write_memory_binary},
    {"Z", &Stub::insert},
    {"z", &Stub::remove},
    {"c", &Stub::go},
    {"C", &Stub::go_with_signal},
    {"s", &Stub::step},
    {"S", &Stub::step_with_signal},
    {"bs", &Stub::step_back},
    {"bc", &Stub::go_back},
    {"D", &Stub::detach},
    {"k", &Stub::kill},
    {"R", &Stub::restart},
};

void Stub::handle(std::string_view packet) {
  constexpr std::string_view kSeparators = ":;,=";
  for (const Row& row : kRows) {
    if (!packet.starts_with(row.name)) continue;
    std::string_view rest = packet.substr(row.name.size());
    if (row.name.size() > 1) {
      if (!rest.empty() && kSeparators.find(rest[0]) == kSeparators.npos) continue;
      if (!rest.empty()) rest.remove_prefix(1);
    }
    return (this->*row.handler)(rest);
  }
  answer("");
}

void Stub::begin() {
  end();
  hart_ = step_hart_ = debuggee_.current_hart();
  multiprocess_ = knows_swbreak_ = knows_hwbreak_ = physical_ = false;
  last_stop_.clear();
  passed_.reset();
  wish_ = Wish::kNone;
}

void Stub::end() {
  points_.clear();
  verbs_.reset();
  debuggee_.set_stop_points({}, {});
}

void Stub::refuse(std::string_view why) { answer(fmt::format("E.{}", why)); }

// Text on gdb's console; gdb takes it while the guest runs, or as a part of the answer to `monitor`.
void Stub::say(std::string_view text) {
  constexpr size_t kPiece = (kPacketSize - 1) / 2;
  for (; !text.empty(); text.remove_prefix(std::min(kPiece, text.size()))) answer("O" + to_hex(text.substr(0, kPiece)));
}

void Stub::supported(std::string_view features) {
  for (const std::string& feature : split(features, ';')) {
    multiprocess_ = multiprocess_ || feature == "multiprocess+";
    knows_swbreak_ = knows_swbreak_ || feature == "swbreak+";
    knows_hwbreak_ = knows_hwbreak_ || feature == "hwbreak+";
  }
  answer(fmt::format("PacketSize={:x};QStartNoAckMode+;vContSupported+;multiprocess+;qXfer:features:read+;qXfer:memory-map:read+;"
                     "ReverseStep+;ReverseContinue+;swbreak+;hwbreak+;error-message+",
                     kPacketSize));
}

// The answer itself is still acknowledged: gdb_listener.cpp.
void Stub::no_acks(std::string_view) { ok(); }

// To a machine that was there before: gdb leaves it running when it quits.
void Stub::attached(std::string_view) { answer("1"); }

void Stub::attach(std::string_view) { why_stopped(""); }

void Stub::extended(std::string_view) { ok(); }

void Stub::symbols(std::string_view) { ok(); }

std::string Stub::thread_name(unsigned hart) const {
  return multiprocess_ ? fmt::format("p1.{:x}", hart + 1) : fmt::format("{:x}", hart + 1);
}

std::optional<Stub::Thread> Stub::thread_of(std::string_view text) const {
  if (text.starts_with('p')) {
    const size_t dot = text.find('.');
    if (dot == text.npos) return Thread{true, hart_};  // a whole process
    text.remove_prefix(dot + 1);
  }
  if (text == "-1" || text == "0") return Thread{true, hart_};
  const auto number = take_hex(text);
  if (!number || !text.empty() || *number == 0 || *number > debuggee_.machine().hart_count()) return std::nullopt;
  return Thread{false, static_cast<unsigned>(*number - 1)};
}

void Stub::current_thread(std::string_view) { answer("QC" + thread_name(hart_)); }

void Stub::first_threads(std::string_view) {
  std::string text;
  for (unsigned hart = 0; hart < debuggee_.machine().hart_count(); ++hart) text += (hart == 0 ? "m" : ",") + thread_name(hart);
  answer(text);
}

void Stub::more_threads(std::string_view) { answer("l"); }

void Stub::thread_text(std::string_view thread) {
  const auto found = thread_of(thread);
  if (!found) return refuse("there is no such hart");
  const riscv::Hart& hart = debuggee_.machine().hart(found->hart);
  const std::string state = hart.stopped   ? "stopped by firmware"
                            : hart.waiting ? fmt::format("waits in wfi, in {} mode", "US?M"[static_cast<unsigned>(hart.privilege) & 3])
                                           : fmt::format("running in {} mode", "US?M"[static_cast<unsigned>(hart.privilege) & 3]);
  answer(to_hex(fmt::format("hart {}: {}", found->hart, state)));
}

void Stub::select_thread(std::string_view thread) {
  const std::string_view what = thread.substr(0, 1);
  if (what != "g" && what != "c") return answer("");
  const auto found = thread_of(thread.substr(1));
  if (!found) return refuse("there is no such hart");
  (what == "g" ? hart_ : step_hart_) = found->hart;
  ok();
}

void Stub::thread_alive(std::string_view thread) { thread_of(thread) ? ok() : refuse("there is no such hart"); }

void Stub::transfer(std::string_view range, const std::string& document) {
  const auto offset = take_hex(range);
  if (!offset || !range.starts_with(',')) return refuse("no range");
  range.remove_prefix(1);
  const auto length = take_hex(range);
  if (!length || !range.empty()) return refuse("no range");
  if (*offset >= document.size()) return answer("l");
  const std::string part = document.substr(*offset, std::min<uint64_t>(*length, kPacketSize / 2));
  answer((*offset + part.size() < document.size() ? "m" : "l") + part);
}

void Stub::transfer_features(std::string_view arguments) {
  constexpr std::string_view kFile = "target.xml:";
  if (!arguments.starts_with(kFile)) return answer("E00");
  transfer(arguments.substr(kFile.size()), target_description(debuggee_.machine()));
}

void Stub::transfer_map(std::string_view arguments) {
  if (!arguments.starts_with(':')) return answer("E00");
  transfer(arguments.substr(1), memory_map());
}

// QEMU can keep interrupts and timers away from single steps; then the steps are none of the run's.
void Stub::step_bits(std::string_view) { answer("ENABLE=1"); }
void Stub::step_mask(std::string_view) { answer("0x1"); }
void Stub::set_step_mask(std::string_view mask) {
  if (mask.starts_with("0x")) mask.remove_prefix(2);
  const auto bits = take_hex(mask);
  if (bits != 1 || !mask.empty()) return refuse("interrupts are never kept from single steps here: they are steps of the run");
  ok();
}

void Stub::physical_mode(std::string_view) { answer(physical_ ? "1" : "0"); }
void Stub::set_physical_mode(std::string_view mode) {
  const auto on = take_hex(mode);
  if (!on || *on > 1 || !mode.empty()) return refuse("0 or 1");
  physical_ = *on == 1;
  ok();
}

void Stub::detach(std::string_view) {
  wish_ = Wish::kDetach;
  ok();
}

void Stub::kill(std::string_view) { wish_ = Wish::kKill; }

void Stub::kill_process(std::string_view) {
  wish_ = Wish::kKill;
  ok();
}

}  // namespace vitrine::app::gdb
