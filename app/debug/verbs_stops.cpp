// SPDX-License-Identifier: MIT
// Stop points: break, watch, rwatch, awatch, catch, delete, info.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::debug {

namespace {

constexpr uint64_t kMostWatched = 1 << 20;  // bytes

std::string point_text(State& state, const StopPoint& point) {
  switch (point.kind) {
    case StopPoint::Kind::kBreak: return fmt::format("{}: break at {}", point.number, address_text(state.machine(), point.at.value));
    case StopPoint::Kind::kCatch: return fmt::format("{}: catch {}", point.number, event_name_text(point.event));
    case StopPoint::Kind::kWatch: break;
  }
  const char* const what = point.loads ? (point.stores ? "loads and stores" : "loads") : "stores";
  return fmt::format("{}: watch {} of {} byte{} at {}", point.number, what, point.size, point.size == 1 ? "" : "s",
                     address_text(state.machine(), point.at.value));
}

Answer add(State& state, StopPoint point) {
  point.number = state.next_number++;
  state.points.push_back(std::move(point));
  return point_text(state, state.points.back()) + "\n";
}

Answer set_break(State& state, const Words& words) {
  if (words.size() > 2) return usage(words[0], "it wants one place.");
  StopPoint point;
  point.at = {state.hart().pc};
  point.words = "here";
  if (words.size() == 2) {
    auto place = parse_place(state, words[1]);
    if (!place) return place.error();
    point.at = {*place};
    point.words = words[1];
  }
  if (point.at.value & 1) return usage(words[0], fmt::format("no instruction begins at an odd address, {:#x}.", point.at.value));
  return add(state, std::move(point));
}

Answer set_watch(State& state, const Words& words, bool loads, bool stores) {
  if (words.size() != 2 && words.size() != 3) return usage(words[0], "it wants an address, and perhaps a number of bytes (8).");
  auto at = parse_place(state, words[1]);
  if (!at) return at.error();
  StopPoint point;
  point.kind = StopPoint::Kind::kWatch;
  point.words = words[1];
  point.at = {*at};
  point.size = 8;
  point.loads = loads;
  point.stores = stores;
  if (words.size() == 3) {
    auto size = parse_count(words[0], words[2]);
    if (!size) return size.error();
    if (*size > kMostWatched) return usage(words[0], fmt::format("{} bytes are too many; {} are possible.", *size, kMostWatched));
    point.size = *size;
  }
  return add(state, std::move(point));
}

Answer watch(State& state, const Words& words) { return set_watch(state, words, false, true); }
Answer watch_loads(State& state, const Words& words) { return set_watch(state, words, true, false); }
Answer watch_both(State& state, const Words& words) { return set_watch(state, words, true, true); }

Answer set_catch(State& state, const Words& words) {
  if (words.size() != 2) return usage(words[0], "it wants a kind of exit or guest trap.");
  auto kind = parse_kind(words[1]);
  if (!kind) return kind.error();
  StopPoint point;
  point.kind = StopPoint::Kind::kCatch;
  point.words = words[1];
  point.event = *kind;
  return add(state, std::move(point));
}

Answer remove(State& state, const Words& words) {
  if (words.size() < 2) return usage(words[0], "it wants numbers of stop points (info shows them), or all.");
  if (words.size() == 2 && words[1] == "all") {
    state.points.clear();
    return std::string("There are no stop points any more.\n");
  }
  for (size_t i = 1; i < words.size(); ++i) {
    const auto number = parse_number(words[i]);
    const auto is_it = [&](const StopPoint& point) { return point.number == number; };
    if (!number || std::none_of(state.points.begin(), state.points.end(), is_it))
      return usage(words[0], fmt::format("there is no stop point '{}'; info shows them.", core::printable(words[i])));
    std::erase_if(state.points, is_it);
  }
  return std::string();
}

std::string run_line(State& state) {
  Debuggee& it = state.it();
  if (!it.live()) return fmt::format("A kept run, at step {} of {} to {}.\n", it.now(), it.first(), it.last());
  if (it.at_edge()) return fmt::format("A new run, at step {}: as far as it has come.\n", it.now());
  return fmt::format("A new run, at step {} of {} to {}.\n", it.now(), it.first(), it.last());
}

Answer info(State& state, const Words& words) {
  if (words.size() > 1) return usage(words[0], "it takes no words.");
  std::string text = run_line(state);
  if (const auto outcome = state.it().outcome()) text += fmt::format("It has ended: {}\n", outcome->words);
  for (unsigned i = 0; i < state.machine().hart_count(); ++i) {
    const riscv::Hart& hart = state.machine().hart(i);
    text += fmt::format("Hart {}{}: {}{}, {} steps.\n", i, i == state.hart_number() ? " (looked at)" : "", where_is(state.machine(), hart),
                        hart.stopped ? ", not started" : hart.waiting ? ", waits" : "", hart.steps_now());
  }
  if (state.points.empty()) return text + "There are no stop points.\n";
  for (const StopPoint& point : state.points) text += point_text(state, point) + "\n";
  return text;
}

constexpr Verb kVerbs[] = {
    {"break", "br", "[WHERE]", "Stops before the instruction there (here), in every address space.", Wants::kPlace, set_break},
    {"watch", "wa", "WHERE [SIZE]", "Stops behind each store to these bytes (8).", Wants::kPlace, watch},
    {"rwatch", "", "WHERE [SIZE]", "Stops behind each load from these bytes (8).", Wants::kPlace, watch_loads},
    {"awatch", "", "WHERE [SIZE]", "Stops behind each load from and store to these bytes (8).", Wants::kPlace, watch_both},
    {"catch", "", "KIND", "Stops behind each exit or guest trap of a kind (docs/events.md).", Wants::kEvent, set_catch},
    {"delete", "d", "N... | all", "Removes stop points.", Wants::kNothing, remove},
    {"info", "i", "", "Says where the run is, what each hart does, and which stop points there are.", Wants::kNothing, info},
};

}  // namespace

std::span<const Verb> stop_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
