// SPDX-License-Identifier: MIT
// Packets about registers, memory and stop points.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/gdb_packets.h"
#include "app/debug/gdb_stub.h"
#include "app/debug/gdb_target.h"

namespace vitrine::app::gdb {
namespace {

constexpr unsigned kWordDigits = 16;

// As bytes in memory order.
std::string word_hex(uint64_t value) { return fmt::format("{:016x}", __builtin_bswap64(value)); }

std::optional<uint64_t> word_of(std::string_view digits) {
  if (digits.size() != kWordDigits) return std::nullopt;
  const auto value = take_hex(digits);
  if (!value || !digits.empty()) return std::nullopt;
  return __builtin_bswap64(*value);
}

struct Range {
  uint64_t at, size;
};
// "ADDRESS,LENGTH", and what stands behind it.
std::optional<Range> take_range(std::string_view& text) {
  const auto at = take_hex(text);
  if (!at || !text.starts_with(',')) return std::nullopt;
  text.remove_prefix(1);
  const auto size = take_hex(text);
  if (!size) return std::nullopt;
  return Range{*at, *size};
}

constexpr std::string_view kBadPacket = "the packet makes no sense";

}  // namespace

void Stub::read_registers(std::string_view) {
  std::string text;
  for (unsigned number = 0; number < kRegistersOfG; ++number) text += word_hex(*register_value(debuggee_.machine(), hart_, number));
  answer(text);
}

// Those that are other ones than they were.
void Stub::write_registers(std::string_view values) {
  if (values.size() % kWordDigits != 0 || values.size() > size_t{kRegistersOfG} * kWordDigits) return refuse(kBadPacket);
  for (unsigned number = 0; !values.empty(); ++number, values.remove_prefix(kWordDigits)) {
    const auto value = word_of(values.substr(0, kWordDigits));
    if (!value) return refuse(kBadPacket);
    if (value == register_value(debuggee_.machine(), hart_, number)) continue;
    if (auto done = debuggee_.write_register(hart_, number, *value); !done) return refuse(done.error().message);
  }
  ok();
}

void Stub::read_register(std::string_view number) {
  const auto which = take_hex(number);
  const auto value = which && number.empty() && *which <= kRegBlock
                         ? register_value(debuggee_.machine(), hart_, static_cast<unsigned>(*which))
                         : std::nullopt;
  if (!value) return refuse("there is no such register");
  answer(word_hex(*value));
}

void Stub::write_register(std::string_view assignment) {
  const auto which = take_hex(assignment);
  if (!which || *which > kRegBlock || !assignment.starts_with('=')) return refuse(kBadPacket);
  const auto value = word_of(assignment.substr(1));
  if (!value) return refuse(kBadPacket);
  if (*which == kRegStep) {
    const std::string problem = go_to(*value);
    return problem.empty() ? ok() : refuse(problem);
  }
  if (auto done = debuggee_.write_register(hart_, static_cast<unsigned>(*which), *value); !done)
    return refuse(done.error().message);
  ok();
}

// A shorter answer than what was asked for is one.
void Stub::read_memory(std::string_view range) {
  const auto asked = take_range(range);
  if (!asked || !range.empty()) return refuse(kBadPacket);
  const size_t size = std::min<uint64_t>(asked->size, kPacketSize / 2);
  const std::string bytes = physical_ ? debuggee_.read_physical({asked->at}, size).bytes : debuggee_.read_memory(hart_, {asked->at}, size).bytes;
  if (bytes.empty() && size != 0) return answer("E14");
  answer(to_hex(bytes));
}

void Stub::poke(unsigned hart, uint64_t at, std::string_view bytes) {
  auto done = physical_ ? debuggee_.write_physical({at}, bytes) : debuggee_.write_memory(hart, {at}, bytes);
  done ? ok() : refuse(done.error().message);
}

void Stub::write_memory(std::string_view assignment) {
  const auto range = take_range(assignment);
  if (!range || !assignment.starts_with(':')) return refuse(kBadPacket);
  const auto bytes = from_hex(assignment.substr(1));
  if (!bytes || bytes->size() != range->size) return refuse(kBadPacket);
  poke(hart_, range->at, *bytes);
}

void Stub::write_memory_binary(std::string_view assignment) {
  const auto range = take_range(assignment);
  if (!range || !assignment.starts_with(':') || assignment.size() - 1 != range->size) return refuse(kBadPacket);
  poke(hart_, range->at, assignment.substr(1));
}

// "TYPE,ADDRESS,KIND": 0 and 1 are break points, 2 watches stores, 3 loads, 4 both. Conditions behind it were not offered. They are
// applied at the next motion: gdb takes all points out at each stop.
void Stub::change_points(std::string_view point, bool in) {
  const auto type = take_hex(point);
  if (!type || !point.starts_with(',')) return refuse(kBadPacket);
  point.remove_prefix(1);
  if (*type > 4) return answer("");
  const auto range = take_range(point);
  if (!range) return refuse(kBadPacket);
  constexpr uint64_t kMostWatched = 16 << 20;  // bytes; each page of them is listed
  if (*type >= 2 && (range->size == 0 || range->size > kMostWatched || range->at + range->size - 1 < range->at))
    return refuse("a watch point has 1 byte to 16 MiB");
  const Point it{static_cast<unsigned>(*type), range->at, range->size};
  in ? void(points_.insert(it)) : void(points_.erase(it));
  ok();
}

}  // namespace vitrine::app::gdb
