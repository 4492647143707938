// SPDX-License-Identifier: MIT
// Stop points. They are those of the terminal's verbs, which show and remove them as well; the client replaces all of a kind at
// once.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/dap_adapter.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::dap {

using core::ErrorKind;
using debug::StopPoint;

namespace {

constexpr size_t kMostPoints = 1000;        // of a kind
constexpr uint64_t kMostWatched = 1 << 20;  // bytes
constexpr uint64_t kWatched = 8;            // if nobody says how many

core::Result<const Json*> list_of(std::string_view request, const Json& arguments, const char* key) {
  const Json& list = member(arguments, key);
  if (!list.is_array() && !list.is_null()) return missing(request, key);
  if (list.size() > kMostPoints)
    return core::error(ErrorKind::kUsage, "{}: {} are too many; {} are possible.", request, list.size(), kMostPoints);
  return &list;
}

}  // namespace

void Adapter::forget_points(const std::string& of) {
  const Numbers& numbers = points_[of];
  std::erase_if(state().points,
                [&](const StopPoint& point) { return std::find(numbers.begin(), numbers.end(), point.number) != numbers.end(); });
  points_.erase(of);
}

// One stop point may be at several places, which have its number.
Json Adapter::add_point(StopPoint point, const std::vector<uint64_t>& places, Numbers& numbers) {
  point.number = state().next_number++;
  numbers.push_back(point.number);
  for (const uint64_t at : places) {
    point.at = {at};
    state().points.push_back(point);
  }
  Json it = {{"id", point.number}, {"verified", true}};
  if (point.kind != StopPoint::Kind::kCatch && !places.empty()) it["instructionReference"] = hex(places[0]);
  return it;
}

Json Adapter::refuse_point(const std::string& why, Numbers& numbers) {
  numbers.push_back(state().next_number++);
  return {{"id", numbers.back()}, {"verified", false}, {"reason", "failed"}, {"message", why}};
}

Adapter::Answer Adapter::set_breakpoints(const Json& arguments) {
  const std::string path = text_of(member(arguments, "source"), "path");
  if (path.empty()) return missing("setBreakpoints", "source.path");
  auto list = list_of("setBreakpoints", arguments, "breakpoints");
  if (!list) return list.error();
  const std::string kind = "source " + path;
  forget_points(kind);
  Numbers& numbers = points_[kind];
  const auto file = state().lines().file_like(path);
  if (file) paths_[*file] = path;
  Json all = Json::array();
  for (const Json& wanted : **list) {
    const int64_t line = number_of(wanted, "line").value_or(0) + (lines_from_1_ ? 0 : 1);
    if (!file) {
      all.push_back(refuse_point(state().lines().files().empty()
                                     ? "No program of the guest has debug information: compile it with -g, and name it in "
                                       "'symbols' if it is not the kernel."
                                     : fmt::format("No program of the guest was made of {}.", core::printable(path)),
                                 numbers));
      continue;
    }
    const auto found =
        line < 1 || line > INT32_MAX ? SourceLines::Places() : state().lines().places_of(*file, static_cast<unsigned>(line));
    if (found.addresses.empty()) {
      all.push_back(refuse_point(fmt::format("There is no code at line {} or behind it.", line), numbers));
      continue;
    }
    StopPoint point;
    point.words = fmt::format("{}:{}", core::printable(found.file), found.number);
    Json it = add_point(std::move(point), found.addresses, numbers);
    it["line"] = found.number - (lines_from_1_ ? 0 : 1);
    it["source"] = {{"path", path}};
    all.push_back(std::move(it));
  }
  return Json{{"breakpoints", all}};
}

Adapter::Answer Adapter::breakpoint_locations(const Json& arguments) {
  const std::string path = text_of(member(arguments, "source"), "path");
  const auto first = number_of(arguments, "line");
  if (path.empty() || !first) return missing("breakpointLocations", "source.path or line");
  const int64_t shift = lines_from_1_ ? 0 : 1, last = number_of(arguments, "endLine").value_or(*first) + shift;
  Json all = Json::array();
  const auto file = state().lines().file_like(path);
  for (int64_t line = *first + shift; file && line >= 1 && line <= last && line < INT32_MAX && all.size() < kMostPoints;) {
    const auto found = state().lines().places_of(*file, static_cast<unsigned>(line));
    if (found.addresses.empty() || found.number > last) break;
    all.push_back({{"line", found.number - shift}});
    line = int64_t{found.number} + 1;
  }
  return Json{{"breakpoints", all}};
}

Adapter::Answer Adapter::set_function_breakpoints(const Json& arguments) {
  auto list = list_of("setFunctionBreakpoints", arguments, "breakpoints");
  if (!list) return list.error();
  forget_points("function");
  Numbers& numbers = points_["function"];
  Json all = Json::array();
  for (const Json& wanted : **list) {
    StopPoint point;
    point.words = text_of(wanted, "name");
    const auto at = debug::parse_place(state(), point.words);
    if (!at)
      all.push_back(refuse_point(at.error().message, numbers));
    else if (at.value() & 1)
      all.push_back(refuse_point(fmt::format("No instruction begins at an odd address, {:#x}.", at.value()), numbers));
    else
      all.push_back(add_point(std::move(point), {at.value()}, numbers));
  }
  return Json{{"breakpoints", all}};
}

Adapter::Answer Adapter::set_instruction_breakpoints(const Json& arguments) {
  auto list = list_of("setInstructionBreakpoints", arguments, "breakpoints");
  if (!list) return list.error();
  forget_points("instruction");
  Numbers& numbers = points_["instruction"];
  Json all = Json::array();
  for (const Json& wanted : **list) {
    const auto base = parse_number(text_of(wanted, "instructionReference"));
    const uint64_t at = base.value_or(1) + static_cast<uint64_t>(number_of(wanted, "offset").value_or(0));
    if (!base || at & 1) {
      all.push_back(
          refuse_point(base ? "No instruction begins at an odd address." : "That is no address of an instruction.", numbers));
      continue;
    }
    StopPoint point;
    point.words = address_text(machine(), at);
    all.push_back(add_point(std::move(point), {at}, numbers));
  }
  return Json{{"breakpoints", all}};
}

// "PLACE", or "PLACE SIZE" as the verb watch takes it. A register holds no memory.
Adapter::Answer Adapter::data_breakpoint_info(const Json& arguments) {
  const std::string name = text_of(arguments, "name");
  const auto none = [](const std::string& why) { return Json{{"dataId", nullptr}, {"description", why}}; };
  if (number_of(arguments, "variablesReference").value_or(0) != 0)
    return none("A register is no memory. Its changes: in the debug console, changes CSR; of memory: writer PLACE.");
  auto words = split_words(name);
  if (words.empty() || words.size() > 2) return none("Give an address or a symbol, and perhaps a number of bytes: last_pid 4");
  auto size = number_of(arguments, "bytes");
  if (words.size() == 2) {
    const auto given = parse_number(words[1]);
    size = given && *given <= kMostWatched ? static_cast<int64_t>(*given) : 0;
  }
  const auto at = debug::parse_place(state(), words[0]);
  if (!at) return none(at.error().message);
  const auto bytes = static_cast<uint64_t>(size.value_or(kWatched));
  if (size && (*size < 1 || bytes > kMostWatched)) return none(fmt::format("One watches 1 to {} bytes.", kMostWatched));
  return Json{{"dataId", fmt::format("{:#x}/{}", at.value(), bytes)},
              {"description", fmt::format("{} bytes at {}", bytes, address_text(machine(), at.value()))},
              {"accessTypes", {"read", "write", "readWrite"}},
              {"canPersist", true}};
}

Adapter::Answer Adapter::set_data_breakpoints(const Json& arguments) {
  auto list = list_of("setDataBreakpoints", arguments, "breakpoints");
  if (!list) return list.error();
  forget_points("data");
  Numbers& numbers = points_["data"];
  Json all = Json::array();
  for (const Json& wanted : **list) {
    const auto parts = split(text_of(wanted, "dataId"), '/');
    const auto at = parse_number(parts[0]);
    const uint64_t size = parts.size() == 2 ? parse_number(parts[1]).value_or(0) : 0;
    const std::string access = text_of(wanted, "accessType");
    if (!at || size < 1 || size > kMostWatched) {
      all.push_back(refuse_point("That dataId is none of dataBreakpointInfo's.", numbers));
      continue;
    }
    StopPoint point;
    point.kind = StopPoint::Kind::kWatch;
    point.words = address_text(machine(), *at);
    point.size = size;
    point.loads = access == "read" || access == "readWrite";
    point.stores = access != "read";
    all.push_back(add_point(std::move(point), {*at}, numbers));
  }
  return Json{{"breakpoints", all}};
}

Adapter::Answer Adapter::set_exception_breakpoints(const Json& arguments) {
  std::vector<std::string> kinds = texts_of(arguments, "filters");
  auto options = list_of("setExceptionBreakpoints", arguments, "filterOptions");
  if (!options) return options.error();
  for (const Json& option : **options) kinds.push_back(text_of(option, "filterId"));
  if (kinds.size() > kMostPoints) return core::error(ErrorKind::kUsage, "setExceptionBreakpoints: {} are too many.", kinds.size());
  forget_points("exception");
  Numbers& numbers = points_["exception"];
  Json all = Json::array();
  for (const std::string& name : kinds) {
    const auto kind = debug::parse_kind(name);
    if (!kind) {
      all.push_back(refuse_point(kind.error().message, numbers));
      continue;
    }
    StopPoint point;
    point.kind = StopPoint::Kind::kCatch;
    point.words = name;
    point.event = kind.value();
    all.push_back(add_point(std::move(point), {0}, numbers));
  }
  return Json{{"breakpoints", all}};
}

// The code that is there tells which program it is.
bool Adapter::is_meant(const debugger::Stop& stop) const {
  constexpr uint64_t kCompared = 64;
  for (const unsigned number : hit_points(stop)) {
    const bool by_address = std::none_of(points_.begin(), points_.end(), [&](const auto& kind) {
      const bool named = kind.first == "function" || kind.first.starts_with("source ");
      return named && std::find(kind.second.begin(), kind.second.end(), number) != kind.second.end();
    });
    if (by_address) return true;
  }
  bool others = false;
  for (const core::Image& program : programs_)
    for (const core::ImageSegment& segment : program.segments) {
      const uint64_t offset = stop.at.value - segment.linked_at.value;
      if (!segment.executable || offset >= segment.bytes.size()) continue;
      const auto size = static_cast<size_t>(std::min<uint64_t>(kCompared, segment.bytes.size() - offset));
      const std::string there = debuggee_->read_memory(stop.hart, stop.at, size).bytes;
      if (std::equal(there.begin(), there.end(), reinterpret_cast<const char*>(segment.bytes.data()) + offset)) return true;
      others = true;
    }
  return !others;
}

}  // namespace vitrine::app::dap
