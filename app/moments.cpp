// SPDX-License-Identifier: MIT
// Words for moments, and the run in which they are looked for.
#include "app/moments.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/replay.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;
using Kind = Moment::Kind;

namespace {

constexpr std::string_view kForms = "@STEP, event:NUMBER, event:KIND[#N], pc:SYMBOL[+OFFSET][#N], line:TEXT, last-trap, exit";

core::Error not_a_moment(std::string_view word, std::string_view why) {
  return core::error(ErrorKind::kUsage, "'{}': {}. Moments look like: {}.", core::printable(word), why, kForms);
}

// "TEXT#n": takes the number off. False: what is behind # is none.
bool take_count(std::string_view& text, uint64_t& number) {
  const size_t mark = text.rfind('#');
  if (mark == std::string_view::npos) return true;
  const auto count = parse_number(text.substr(mark + 1));
  if (!count || *count == 0) return false;
  number = *count;
  text = text.substr(0, mark);
  return true;
}

core::Result<Moment> parse_event(Moment moment, std::string_view text) {
  if (const auto number = parse_number(text)) {
    moment.kind = Kind::kEvent;
    moment.number = *number;
    return moment;
  }
  moment.kind = Kind::kOfKind;
  if (!take_count(text, moment.number)) return not_a_moment(moment.words, "what is behind # is not a number of at least 1");
  const auto kind = core::event_named(text);
  if (kind && core::row_of(*kind).column != core::EventColumn::kCounter) {
    moment.event = *kind;
    return moment;
  }
  std::vector<std::string_view> names;
  for (const core::EventRow& row : core::event_rows())
    if (row.column != core::EventColumn::kCounter) names.push_back(row.name);
  const std::string_view meant = nearest(text, names);
  return not_a_moment(moment.words,
                      fmt::format("there is no such kind of events{}",
                                  meant.empty() ? "; docs/events.md lists them" : fmt::format("; did you mean {}?", meant)));
}

core::Result<Moment> parse_pc(Moment moment, std::string_view text) {
  moment.kind = Kind::kPc;
  moment.number = 1;
  if (!take_count(text, moment.number)) return not_a_moment(moment.words, "what is behind # is not a number of at least 1");
  if (const auto address = parse_number(text)) {
    moment.offset = *address;
    return moment;
  }
  const size_t plus = text.rfind('+');
  if (plus != std::string_view::npos) {
    const auto offset = parse_number(text.substr(plus + 1));
    if (!offset) return not_a_moment(moment.words, "what is behind + is not a number");
    moment.offset = *offset;
  }
  moment.text = text.substr(0, plus);
  if (moment.text.empty()) return not_a_moment(moment.words, "there is no symbol");
  return moment;
}

// Listens to the run for all that is not a place of pc.
class Listener final : public core::EventSink, public core::ByteSink {
 public:
  explicit Listener(std::vector<Moment>& moments) : moments_(moments) {}
  void watch(const core::Clock& clock) { clock_ = &clock; }

  void event(const core::Event& event, const core::EventWords&) noexcept override {
    for (Moment& moment : moments_) {
      const bool is_trap = core::row_of(event.kind).column == core::EventColumn::kGuestTrap;
      if (moment.kind == Kind::kEvent && moment.number == event.number) moment.step = event.place.step;
      if (moment.kind == Kind::kLastTrap && is_trap) moment.step = event.place.step;
      if (moment.kind != Kind::kOfKind || moment.event != event.kind) continue;
      ++moment.seen;
      if (moment.number == 0 || moment.seen == moment.number) moment.step = event.place.step;
    }
  }

  void put(uint8_t byte) override {
    if (byte == '\n' || line_.size() == kLongest) line_.clear();
    if (byte != '\n') line_ += static_cast<char>(byte);
    for (Moment& moment : moments_)
      if (moment.kind == Kind::kLine && !moment.step && line_.ends_with(moment.text)) moment.step = clock_->step();
  }

  // Nothing more that it could hear.
  [[nodiscard]] bool done() const {
    return std::all_of(moments_.begin(), moments_.end(), [](const Moment& moment) {
      const bool last = moment.kind == Kind::kLastTrap || (moment.kind == Kind::kOfKind && moment.number == 0);
      return moment.kind == Kind::kPc || (moment.step && !last);
    });
  }

 private:
  static constexpr size_t kLongest = 1 << 16;
  std::vector<Moment>& moments_;
  const core::Clock* clock_ = nullptr;
  std::string line_;
};

// Addresses instead of symbols.
core::Result<> resolve(const Machine& machine, std::vector<Moment>& moments) {
  for (Moment& moment : moments) {
    if (moment.kind != Kind::kPc || moment.text.empty()) continue;
    std::optional<uint64_t> value;
    for (const auto* image : {&machine.boot().kernel_image, &machine.boot().firmware_image})
      if (*image && !value) value = (*image)->symbols.find(moment.text);
    if (!value)
      return core::error(ErrorKind::kUsage, "'{}': neither kernel nor firmware has a symbol '{}'; an address does, too.",
                         core::printable(moment.words), core::printable(moment.text));
    moment.offset += *value;
    moment.text.clear();
  }
  return core::Ok{};
}

// Around the engine: looks at pc before each step, as long as a place is looked for. Interrupts come between runs.
class PlaceWatch final : public riscv::Engine {
 public:
  PlaceWatch(riscv::Engine& engine, std::vector<Moment*>& wanted) : engine_(engine), wanted_(wanted) {}

  void run(riscv::Hart& hart, uint64_t steps) override {
    if (wanted_.empty()) return engine_.run(hart, steps);
    do {
      for (const Moment* moment : wanted_)
        if (moment->offset == hart.pc) [[unlikely]] {
          note(hart);
          break;
        }
      engine_.run(hart, 1);
    } while (--steps != 0 && !hart.attention->wanted);
  }

 private:
  void note(const riscv::Hart& hart) {
    std::erase_if(wanted_, [&](Moment* moment) {
      if (moment->offset != hart.pc || ++moment->seen != moment->number) return false;
      moment->step = hart.clock->step();
      return true;
    });
  }

  riscv::Engine& engine_;
  std::vector<Moment*>& wanted_;
};

}  // namespace

bool is_moment(std::string_view word) {
  return word.starts_with("@") || word.starts_with("event:") || word.starts_with("pc:") || word.starts_with("line:") ||
         word == "last-trap" || word == "exit";
}

core::Result<Moment> parse_moment(std::string_view word) {
  Moment moment;
  moment.words = word;
  if (word.starts_with("@")) {
    const auto step = parse_number(word.substr(1));
    if (!step) return not_a_moment(word, "what is behind @ is not a number");
    moment.number = *step;
    return moment;
  }
  if (word.starts_with("event:")) return parse_event(std::move(moment), word.substr(6));
  if (word.starts_with("pc:")) return parse_pc(std::move(moment), word.substr(3));
  if (word == "last-trap" || word == "exit") {
    moment.kind = word == "exit" ? Kind::kExit : Kind::kLastTrap;
    return moment;
  }
  if (!word.starts_with("line:") || word.size() == 5) return not_a_moment(word, "this names none");
  moment.kind = Kind::kLine;
  moment.text = word.substr(5);
  return moment;
}

core::Result<> find_moments(const KeptRun& run, std::vector<Moment>& moments, Search& search) {
  const bool places = std::any_of(moments.begin(), moments.end(), [](const Moment& m) { return m.kind == Kind::kPc; });
  const bool only_steps = std::all_of(moments.begin(), moments.end(), [](const Moment& m) { return m.kind == Kind::kStep; });
  for (Moment& moment : moments)
    if (moment.kind == Kind::kStep) moment.step = moment.number;
  if (only_steps) return core::Ok{};
  Listener listener(moments);
  std::vector<Moment*> wanted;
  Replay::AroundEngine around;
  if (places) around = [&wanted](riscv::Engine& engine) { return std::make_unique<PlaceWatch>(engine, wanted); };
  // Steps one at a time: blocks would be of no use.
  auto replay = Replay::create(run, listener, places ? std::optional(EngineKind::kInterpreter) : search.engine, std::move(around));
  if (!replay) return replay.error();
  Machine& machine = (*replay)->machine();
  listener.watch(machine.clock());
  search.first = machine.clock().step();
  if (auto done = resolve(machine, moments); !done) return done;
  machine.events().add_sink(listener);
  for (Moment& moment : moments)
    if (moment.kind == Kind::kPc) wanted.push_back(&moment);
  constexpr core::Step kStretch = 4'000'000;
  while ((!listener.done() || !wanted.empty()) && !(*replay)->at_end())
    if (auto done = (*replay)->advance(machine.clock().step() + kStretch); !done) return done;
  if (!listener.done())
    if (auto done = (*replay)->finish(); !done) return done;
  search.reached = machine.clock().step();
  for (Moment& moment : moments)
    if (moment.kind == Kind::kExit && search.reached != search.first) moment.step = search.reached - 1;
  return core::Ok{};
}

std::string missing_text(const Moment& moment, const Search& search) {
  std::string what;
  switch (moment.kind) {
    case Kind::kStep: what = moment.number < search.first ? "the run begins later, with a snapshot" : "the run did not come so far"; break;
    case Kind::kEvent: what = "there were not so many events"; break;
    case Kind::kOfKind:
      what = fmt::format("there were {} events of this kind", moment.seen);
      break;
    case Kind::kPc:
      what = moment.seen == 0 ? fmt::format("pc was never {:#x}", moment.offset)
                              : fmt::format("pc was {:#x} only {} times", moment.offset, moment.seen);
      break;
    case Kind::kLine: what = "no line of the console contains that"; break;
    case Kind::kLastTrap: what = "the guest took no trap"; break;
    case Kind::kExit: what = "the run made no step"; break;
  }
  return fmt::format("{}: {}. The run goes from step {} to step {}.", core::printable(moment.words), what, search.first, search.reached);
}

}  // namespace vitrine::app
