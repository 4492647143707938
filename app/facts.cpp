// SPDX-License-Identifier: MIT
// Facts as JSON.
#include "app/facts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "app/statistics.h"
#include "app/statistics_rows.h"
#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using nlohmann::json;

// Where a symbol's bytes are in RAM, whatever the guest has made of its page tables since.
std::optional<core::GuestPhys> place_of(const Machine& machine, const std::string& name) {
  const size_t plus = name.rfind('+');
  const auto offset = plus == std::string::npos ? uint64_t{0} : parse_number(name.substr(plus + 1));
  if (!offset) return std::nullopt;
  const std::string symbol = name.substr(0, plus);
  if (const auto address = parse_number(symbol)) return core::GuestPhys{*address + *offset};
  for (const auto* image : {&machine.boot().kernel_image, &machine.boot().firmware_image})
    if (*image)
      if (const auto at = (*image)->symbol_at(symbol)) return core::GuestPhys{at->value + *offset};
  return std::nullopt;
}

json bytes_at(const Machine& machine, std::optional<core::GuestPhys> at, uint64_t size) {
  std::vector<uint8_t> bytes(size);
  if (!at || !machine.ram().read(*at, bytes.data(), size)) return nullptr;
  std::string text;
  text.reserve(2 * size);
  for (const uint8_t byte : bytes) text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return text;
}

json memory_of(const Session& session, const Machine& machine) {
  json memory = json::object();
  for (const std::string& text : session.options().look)
    if (const auto look = parse_look(text))
      memory[text] = bytes_at(machine, place_of(machine, look->name), look->bytes);
  return memory;
}

// The end need not be in the image: it stands behind the last byte, as a rule of the whole segment.
json signature_of(const Machine& machine) {
  const auto& image = machine.boot().kernel_image ? machine.boot().kernel_image : machine.boot().firmware_image;
  if (!image) return nullptr;
  const auto begin = image->symbol("begin_signature"), end = image->symbol("end_signature");
  if (!begin || !end || *end <= *begin || *end - *begin > kMostLooked) return nullptr;
  return bytes_at(machine, place_of(machine, "begin_signature"), *end - *begin);
}

json reached_by(const Session& session) {
  json reached = json::object();
  if (session.reach())
    for (const ReachCounter::Place& place : session.reach()->places())
      reached[place.name] = place.pc ? json(place.count) : json(nullptr);
  return reached;
}

core::Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0)
      return core::error(core::ErrorKind::kHost, "The facts of the run cannot be written: {}.",
                         strerror(errno));
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return core::Ok{};
}

}  // namespace

std::optional<Look> parse_look(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == 0 || colon == std::string::npos) return std::nullopt;
  const auto bytes = parse_number(text.substr(colon + 1));
  if (!bytes || *bytes == 0 || *bytes > kMostLooked) return std::nullopt;
  return Look{text.substr(0, colon), *bytes};
}

core::Result<> write_facts(Session& session, const Outcome& outcome) {
  const Machine& machine = session.machine();
  json facts = {{"kind", outcome_name(outcome.kind)},
                {"code", outcome.code},
                {"exit_code", exit_code_of(outcome)},
                {"words", outcome.words},
                {"steps", steps_made(session)},
                {"guest_seconds", guest_seconds(session)},
                {"identity", session.identity()},
                {"panic", session.console().panic_line()},
                {"reached", reached_by(session)},
                {"memory", memory_of(session, machine)},
                {"signature", signature_of(machine)},
                {"statistics", core::parse_json(statistics_json(session, outcome))}};
  if (const Dialogue* const dialogue = session.dialogue()) {
    facts["answers"] = dialogue->given();
    facts["waits_for"] = dialogue->waits_for();
  }
  return write_all(session.options().facts, facts.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace vitrine::app
