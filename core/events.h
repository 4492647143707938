// SPDX-License-Identifier: MIT
// Events: what happens to a guest that its hypervisor sees. The kinds are rows of core/event_kinds.inc. Everybody who sees
// one, whatever the engine, counts it here: that is always on, costs a few host instructions on slow paths only, and none in
// generated code. If somebody listens (a log, an explanation, a debugger), each is told as well, with the words of whoever
// did it.
//
//   core::EventNote event(events, core::EventKind::kCsrAccess);    counted now, at this pc and in this mode
//   ... do it ...
//   event.tell(number, old_value, new_value, [&] { return words; });    told, if somebody listens
//
// Where this stands in the spec: nowhere. The words are docs/translator.md's, "Exits, by cause". Next: core/event_places.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event_places.h"

namespace vitrine::core {

enum class EventColumn : uint8_t { kExit, kGuestTrap, kCounter };
enum class EventCause : uint8_t { kInstruction, kAddress, kFault, kInterrupt, kNone };

enum class EventKind : uint8_t {
#define EVENT(kind, name, column, cause, unit, operands, sentence, doc) kind,
#include "core/event_kinds.inc"
#undef EVENT
  kCount
};
inline constexpr size_t kEventKinds = static_cast<size_t>(EventKind::kCount);

struct EventRow {
  EventKind kind;
  std::string_view name;  // for options, logs and JSON: kebab case
  EventColumn column;
  EventCause cause;          // of exits; kNone otherwise
  std::string_view unit;     // what one of them is
  std::array<std::string_view, 3> operands;  // what Event::at, before and after hold; "-": nothing
  std::string_view sentence;
  std::string_view doc;  // page and heading below docs/
};

[[nodiscard]] std::span<const EventRow, kEventKinds> event_rows();
[[nodiscard]] const EventRow& row_of(EventKind kind);
[[nodiscard]] std::optional<EventKind> event_named(std::string_view name);
[[nodiscard]] std::string_view name_of(EventColumn column);  // "exit"
[[nodiscard]] std::string_view name_of(EventCause cause);    // "instruction"

// Where the guest is. Privileges are the architecture's numbers (0 U, 1 S, 3 M), as in core/memory_port.h.
struct EventPlace {
  unsigned hart = 0;
  uint8_t privilege = 3;
  uint64_t pc = 0;
  uint64_t step = 0;
  uint64_t satp = 0;  // which address space
};

// The hart that runs, as those may know it who see an event and have no hart: memory, devices.
class EventContext {
 public:
  virtual ~EventContext() = default;
  [[nodiscard]] virtual EventPlace place() const noexcept = 0;
  // The bits of the instruction at pc; 0 if they cannot be read. Nothing changes by looking.
  [[nodiscard]] virtual uint32_t instruction() const noexcept = 0;
};

inline constexpr unsigned kPrivileges = 4;
// Causes of guest traps: exceptions, then interrupts from kTrapInterrupts on, by the architecture's numbers.
inline constexpr unsigned kTrapCauses = 128;
inline constexpr unsigned kTrapInterrupts = 64;

struct EventCounters {
  using ByPrivilege = std::array<uint64_t, kPrivileges>;
  std::array<ByPrivilege, kEventKinds> by_kind = {};     // the mode that the event began in
  std::array<ByPrivilege, kTrapCauses> guest_traps = {};  // by cause and the mode whose handler is entered

  [[nodiscard]] uint64_t of(EventKind kind) const;
  // All kinds of a column.
  [[nodiscard]] uint64_t of(EventColumn column) const;
  [[nodiscard]] static uint64_t sum(const ByPrivilege& counts) {
    return counts[0] + counts[1] + counts[2] + counts[3];
  }
};

struct Event {
  EventKind kind;
  EventPlace place;
  uint32_t instruction = 0;  // bits; 0: none
  uint64_t number = 0;       // in the order of their beginnings, from 1 on: the same on either engine
  uint64_t at = 0, before = 0, after = 0;  // EventRow::operands
};

// What an event did, in words of whoever did it. Made only when somebody wants them.
class EventWords {
 public:
  [[nodiscard]] virtual std::string text() const = 0;

 protected:
  ~EventWords() = default;
};

// Who listens. Called when the event's effect is there, on the thread of the machine. Looks, and changes nothing of the machine
// but asking it to stop.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void event(const Event& event, const EventWords& effect) noexcept = 0;
};

class Events {
 public:
  Events() = default;
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // Whose turn it is: set by the machine's loop. nullptr: nobody's.
  void set_running(const EventContext* context) noexcept { running_ = context; }
  // Several may listen; each is told in the order in which they came, and lives until it is removed.
  void add_sink(EventSink& sink) { sinks_.push_back(&sink); }
  void remove_sink(EventSink& sink) { std::erase(sinks_, &sink); }
  [[nodiscard]] bool listening() const noexcept { return !sinks_.empty(); }

  // Of kinds that are counters: n of them, of no place, told to nobody.
  void count(EventKind kind, uint64_t n = 1) noexcept { counters_.by_kind[static_cast<size_t>(kind)][kNowhere] += n; }
  // A guest trap by its cause, beside the event of its entry.
  void count_guest_trap(bool interrupt, unsigned number, uint8_t to) noexcept {
    ++counters_.guest_traps[(interrupt ? kTrapInterrupts : 0) + (number & 63)][to & 3];
  }

  [[nodiscard]] const EventCounters& counters() const { return counters_; }
  [[nodiscard]] uint64_t of(EventKind kind) const { return counters_.of(kind); }
  // How many exits and guest traps there have been: the number of the last one.
  [[nodiscard]] uint64_t last_number() const { return last_number_; }
  // Exits by pc and kind.
  [[nodiscard]] const EventPlaces& places() const { return places_; }

 private:
  friend class EventNote;
  static constexpr unsigned kNowhere = 2;  // the privilege that does not exist
  void note(Event& event) noexcept;
  void tell(const Event& event, const EventWords& words) noexcept {
    for (EventSink* const sink : sinks_) sink->event(event, words);
  }

  EventCounters counters_;
  EventPlaces places_;
  const EventContext* running_ = nullptr;
  std::vector<EventSink*> sinks_;
  uint64_t last_number_ = 0;
};

// One exit or guest trap, from its beginning to its end. It is counted when it is made, at the pc and in the mode of that
// moment. It is told once, at the latest when it goes: so a log holds what the counters have counted.
class EventNote {
 public:
  EventNote(Events& events, EventKind kind) noexcept : events_(events) {
    event_.kind = kind;
    events_.note(event_);
    told_ = !events_.listening();
  }
  ~EventNote() {
    if (!told_) [[unlikely]] tell(0, 0, 0);
  }
  EventNote(const EventNote&) = delete;
  EventNote& operator=(const EventNote&) = delete;

  // `words` is called, if at all, before tell() returns, and gives what a std::string is made of.
  template <class Words>
  void tell(uint64_t at, uint64_t before, uint64_t after, const Words& words) noexcept {
    if (told_) [[likely]]
      return;
    struct Made final : EventWords {
      explicit Made(const Words& w) : words(w) {}
      [[nodiscard]] std::string text() const override { return words(); }
      const Words& words;
    };
    send(at, before, after, Made(words));
  }
  void tell(uint64_t at, uint64_t before = 0, uint64_t after = 0) noexcept {
    tell(at, before, after, [] { return ""; });
  }

 private:
  void send(uint64_t at, uint64_t before, uint64_t after, const EventWords& words) noexcept {
    told_ = true;
    event_.at = at;
    event_.before = before;
    event_.after = after;
    events_.tell(event_, words);
  }

  Events& events_;
  Event event_{};
  bool told_;
};

}  // namespace vitrine::core
