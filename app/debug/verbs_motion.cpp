// SPDX-License-Identifier: MIT
// Motion: step, next, finish, until, back, continue, rcontinue, goto.
#include <fmt/format.h>

#include "app/debug/motion.h"
#include "app/debug/queries.h"
#include "app/debug/verbs_block.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

using core::ErrorKind;
using core::Step;
using debugger::Stop;
using riscv::Hart;

namespace {

core::Error no_more_words(const Words& words) {
  return usage(words[0], fmt::format("there is one word too many: '{}'.", core::printable(words.back())));
}

struct Amount {
  uint64_t count = 1;
  std::optional<unsigned> hart;
};
// "[N] [hart H]"
core::Result<Amount> parse_amount(State& state, const Words& words) {
  Amount amount;
  amount.hart = state.chosen;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "hart" && i + 1 < words.size()) {
      const auto number = parse_number(words[++i]);
      if (!number || *number >= state.machine().hart_count())
        return usage(words[0], fmt::format("'{}' is no hart; there are {}, from 0 on.", core::printable(words[i]), state.machine().hart_count()));
      amount.hart = static_cast<unsigned>(*number);
    } else {
      auto count = parse_count(words[0], words[i]);
      if (!count) return count.error();
      amount.count = *count;
    }
  }
  return amount;
}

// Without a hart the machine's steps are counted, whoever makes them.
Answer step(State& state, const Words& words) {
#ifdef VITRINE_HAS_TRANSLATOR
  if (names_level(words)) return step_inside(state, words);
#endif
  auto amount = parse_amount(state, words);
  if (!amount) return amount.error();
  Debuggee& it = state.it();
  state.arm();
  if (!amount->hart) return told(state, it.run(it.now() + std::min(amount->count, core::kNever - it.now())));
  while (true) {
    auto stop = it.step(*amount->hart);
    if (!stop || stop->kind != Stop::Kind::kStep || --amount->count == 0) return told(state, stop);
  }
}

Answer back(State& state, const Words& words) {
#ifdef VITRINE_HAS_TRANSLATOR
  if (names_level(words)) return back_inside(state, words);
#endif
  auto amount = parse_amount(state, words);
  if (!amount) return amount.error();
  Debuggee& it = state.it();
  state.arm();
  if (it.now() == it.first()) return told(state, it.run_back());
  if (!amount->hart) return told(state, it.go_to(it.now() - std::min(amount->count, it.now() - it.first())));
  while (true) {
    auto stop = it.step_back(*amount->hart);
    if (!stop || stop->kind != Stop::Kind::kStep || --amount->count == 0) return told(state, stop);
  }
}

Answer next(State& state, const Words& words) {
  if (words.size() == 2 && !parse_number(words[1])) return go_to_event(state, words, true);
  auto amount = parse_amount(state, words);
  if (!amount) return amount.error();
  const unsigned number = amount->hart.value_or(state.hart_number());
  while (true) {
    auto stop = over(state, number);
    if (!stop || stop->kind != Stop::Kind::kStep || --amount->count == 0) return told(state, stop);
  }
}

Answer prev(State& state, const Words& words) { return go_to_event(state, words, false); }

Answer finish(State& state, const Words& words) {
  if (words.size() > 1) return no_more_words(words);
  return told(state, out(state, state.hart_number()));
}

Answer until(State& state, const Words& words) {
  if (words.size() != 2) return usage(words[0], "it wants a place.");
  auto place = parse_place(state, words[1]);
  if (!place) return place.error();
  const auto chosen = state.chosen;
  state.arm({*place});
  while (true) {
    auto stop = state.it().run();
    if (stop && stop->kind == Stop::Kind::kBreak && chosen && stop->hart != *chosen && stop->at.value == *place) continue;
    if (stop && stop->kind == Stop::Kind::kBreak && stop->at.value == *place) stop->kind = Stop::Kind::kStep;
    return told(state, stop);
  }
}

Answer go_on(State& state, const Words& words) {
  if (words.size() > 2) return no_more_words(words);
  Step until = core::kNever;
  if (words.size() == 2) {
    const auto number = parse_number(words[1].starts_with('@') ? std::string_view(words[1]).substr(1) : words[1]);
    if (!number) return usage(words[0], fmt::format("'{}' is no step.", core::printable(words[1])));
    if (*number < state.it().now()) return usage(words[0], fmt::format("step {} is in the past. Use: goto @{}", *number, *number));
    until = *number;
  }
  state.arm();
  return told(state, state.it().run(until));
}

Answer go_back(State& state, const Words& words) {
  if (words.size() > 1) return no_more_words(words);
  state.arm();
  return told(state, state.it().run_back(), true);
}

constexpr Verb kVerbs[] = {
    {"step", "s", "[N] [hart H] | guest|ir|host", "Makes N steps of the machine (1), or of one hart; a guest trap's entry is one step. Or one inside the block.", Wants::kLevel, step},
    {"next", "n", "[N] | KIND", "Makes N instructions, with what they call or trap to; or goes on to the next event of a kind.", Wants::kEvent, next},
    {"finish", "fin", "", "Goes on until the present function has returned.", Wants::kNothing, finish},
    {"until", "u", "WHERE", "Goes on until a hart comes to this place.", Wants::kPlace, until},
    {"continue", "c", "[@STEP]", "Goes on until something stops it, or to that step.", Wants::kNothing, go_on},
    {"back", "b", "[N] [hart H] | guest|ir|host", "Undoes N steps of the machine (1), or of one hart. Or one inside the block.", Wants::kLevel, back},
    {"rcontinue", "rc", "", "Goes back to the last moment at which something would have stopped it.", Wants::kNothing, go_back},
    {"prev", "p", "KIND", "Goes back to the last event of a kind before now.", Wants::kEvent, prev},
    {"goto", "g", "MOMENT", "Goes to a moment: @N, +N, -N, start, end, line:TEXT, pc:PLACE[#n], event:KIND[#n], last-trap.", Wants::kMoment, go_to_moment},
    {"writer", "w", "WHERE [SIZE]", "Goes back to the instruction that wrote these bytes (8) last.", Wants::kPlace, go_to_writer},
    {"changes", "ch", "CSR", "Goes back to the step that changed this CSR last.", Wants::kCsr, go_to_change},
};

}  // namespace

std::span<const Verb> motion_verbs() { return kVerbs; }

std::string standing_text(State& state) { return state.prompted ? std::string() : place_text(state) + "\n"; }

namespace {

std::string bytes_text(std::string_view bytes) {
  std::string digits;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) digits += fmt::format("{:02x}", static_cast<uint8_t>(*byte));
  return digits.empty() ? "unreadable" : "0x" + digits;
}

std::string break_text(State& state, const Stop& stop) {
  for (const StopPoint& point : state.points)
    if (point.kind == StopPoint::Kind::kBreak && point.at == stop.at)
      return fmt::format("Break point {}, {}: hart {}.\n", point.number, point.words, stop.hart);
  return fmt::format("Hart {} is at {}.\n", stop.hart, address_text(state.machine(), stop.at.value));
}

std::string access_text(State& state, const Stop& stop, bool back) {
  const bool store = stop.kind == Stop::Kind::kStore;
  for (const StopPoint& point : state.points) {
    if (point.kind != StopPoint::Kind::kWatch || !(store ? point.stores : point.loads) || stop.at.value - point.at.value >= point.size) continue;
    std::string text = fmt::format("Watch point {}, {}: hart {} {} {}", point.number, point.words, stop.hart,
                                   back ? (store ? "is about to write to" : "is about to read") : (store ? "wrote to" : "read"),
                                   address_text(state.machine(), stop.at.value));
    const std::string now = state.it().read_memory(stop.hart, point.at, std::min<uint64_t>(point.size, 8)).bytes;
    if (back || !store || point.last.empty())
      text += fmt::format("; there is {}", bytes_text(now));
    else if (now == point.last)
      text += fmt::format("; it stays {}", bytes_text(now));
    else
      text += fmt::format("; {} became {}", bytes_text(point.last), bytes_text(now));
    return text + ".\n";
  }
  return fmt::format("Hart {} {} {}.\n", stop.hart, store ? "writes to" : "reads", address_text(state.machine(), stop.at.value));
}

// Forwards the event's step was made; backwards it is the next one.
std::string caught_text(State& state, const Stop& stop, bool back) {
  const core::EventKind kind = Debuggee::caught(stop);
  const std::string words = state.words_of(kind, back ? stop.step : stop.step - 1);
  const std::string effect = words.empty() ? std::string(core::row_of(kind).sentence) : core::printable(words);
  const unsigned number = [&] {
    for (const StopPoint& point : state.points)
      if (point.kind == StopPoint::Kind::kCatch && point.event == kind) return point.number;
    return 0u;
  }();
  return number ? fmt::format("Catch point {}, {}: hart {}: {}\n", number, event_name_text(kind), stop.hart, effect)
                : fmt::format("{}: hart {}: {}\n", event_name_text(kind), stop.hart, effect);
}

}  // namespace

std::string stop_text(State& state, const Stop& stop, bool back) {
  std::string text;
  switch (stop.kind) {
    case Stop::Kind::kStep: break;
    case Stop::Kind::kBreak: text = break_text(state, stop); break;
    case Stop::Kind::kLoad:
    case Stop::Kind::kStore: text = access_text(state, stop, back); break;
    case Stop::Kind::kRequest: text = caught_text(state, stop, back); break;
    case Stop::Kind::kStart: text = "Here the run begins; nothing is before it.\n"; break;
    case Stop::Kind::kInterrupted: text = "Interrupted.\n"; break;
    case Stop::Kind::kEnd:
      if (const auto outcome = state.it().outcome())
        text = fmt::format("The run ends here: {}\n", outcome->words);
      else
        text = "What was kept of the run ends here.\n";
  }
  return text + standing_text(state);
}

Answer told(State& state, const core::Result<Stop>& stop, bool back) {
  if (!stop) return stop.error();
  const bool named = stop.value().kind == Stop::Kind::kBreak || stop.value().kind == Stop::Kind::kLoad ||
                     stop.value().kind == Stop::Kind::kStore || stop.value().kind == Stop::Kind::kRequest;
  if (named && state.chosen) state.chosen = stop.value().hart;
  return stop_text(state, stop.value(), back);
}

}  // namespace vitrine::app::debug
