// SPDX-License-Identifier: MIT
// The rows of events by number and by name, and their counting.
#include "core/events.h"

#include <algorithm>

namespace vitrine::core {
namespace {

constexpr std::array<std::string_view, 3> parts(std::string_view text) {
  std::array<std::string_view, 3> found;
  for (std::string_view& part : found) {
    const size_t comma = text.find(',');
    part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return found;
}

constexpr std::array<EventRow, kEventKinds> kRows = {{
#define EVENT(kind, name, column, cause, unit, operands, sentence, doc) \
  {EventKind::kind, name, EventColumn::column, EventCause::cause, unit, parts(operands), sentence, doc},
#include "core/event_kinds.inc"
#undef EVENT
}};

}  // namespace

std::span<const EventRow, kEventKinds> event_rows() { return kRows; }

const EventRow& row_of(EventKind kind) { return kRows[static_cast<size_t>(kind)]; }

std::optional<EventKind> event_named(std::string_view name) {
  for (const EventRow& row : kRows)
    if (row.name == name) return row.kind;
  return std::nullopt;
}

std::string_view name_of(EventColumn column) {
  switch (column) {
    case EventColumn::kExit: return "exit";
    case EventColumn::kGuestTrap: return "guest trap";
    case EventColumn::kCounter: return "counter";
  }
  return "";
}

std::string_view name_of(EventCause cause) {
  switch (cause) {
    case EventCause::kInstruction: return "instruction";
    case EventCause::kAddress: return "address";
    case EventCause::kFault: return "fault";
    case EventCause::kInterrupt: return "interrupt";
    case EventCause::kNone: return "-";
  }
  return "";
}

uint64_t EventCounters::of(EventKind kind) const { return sum(by_kind[static_cast<size_t>(kind)]); }

uint64_t EventCounters::of(EventColumn column) const {
  uint64_t all = 0;
  for (const EventRow& row : kRows)
    if (row.column == column) all += of(row.kind);
  return all;
}

void Events::note(Event& event) noexcept {
  event.number = ++last_number_;
  if (running_) event.place = running_->place();
  const EventPlace& place = event.place;
  ++counters_.by_kind[static_cast<size_t>(event.kind)][place.privilege & 3];
  if (!running_) return;
  if (row_of(event.kind).column == EventColumn::kExit) places_.count(place.pc, event.kind, place.privilege, *running_);
  // Behind the event another instruction may stand there.
  if (listening()) event.instruction = running_->instruction();
}

EventPlaces::Place* EventPlaces::take(Place* first, uint64_t pc, EventKind kind, uint8_t privilege,
                                      const EventContext& context) noexcept {
  Place* const least = std::min_element(first, first + kNeighbours, [](const Place& a, const Place& b) { return a.count < b.count; });
  others_ += least->count;
  *least = {pc, 1, context.instruction(), kind, privilege};
  return least;
}

std::vector<EventPlaces::Place> EventPlaces::all() const {
  std::vector<Place> found;
  for (size_t i = 0; places_ && i < kPlaces; ++i)
    if (places_[i].count != 0) found.push_back(places_[i]);
  return found;
}

std::vector<EventPlaces::Place> EventPlaces::most(size_t how_many) const {
  std::vector<Place> found = all();
  // By pc where counts are equal, so that the same run has the same list.
  const auto before = [](const Place& a, const Place& b) {
    return a.count != b.count ? a.count > b.count : a.pc != b.pc ? a.pc < b.pc : a.kind < b.kind;
  };
  std::sort(found.begin(), found.end(), before);
  found.resize(std::min(how_many, found.size()));
  return found;
}

}  // namespace vitrine::core
