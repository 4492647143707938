// SPDX-License-Identifier: MIT
// Kept runs. Each line carries a hash of all before it, which no mutation would keep right: if the first byte is odd, what
// follows are lines without hashes and the target adds them. What is read can be unpacked within its bounds.
#include <fmt/format.h>

#include "app/identity.h"
#include "app/kept_line.h"
#include "app/kept_run.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

namespace {

std::string with_hashes(std::string_view text) {
  std::string file;
  uint64_t hash = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    hash = app::kept::line_hash(line, hash);
    file += fmt::format("{:08x} {}{}", static_cast<uint32_t>(hash), line, end == std::string_view::npos ? "" : "\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return file;
}

}  // namespace

namespace vitrine::app {
// The run's identity, with which nothing else is built here.
const char* version() { return "fuzz"; }
std::string last_run_path() { return {}; }
const char* clock_name(ClockMode clock) { return clock == ClockMode::kPaced ? "paced" : clock == ClockMode::kVirtual ? "virtual" : "real"; }
}  // namespace vitrine::app

VITRINE_FUZZ_TARGET(input) {
  const bool sealed = input.byte() & 1;
  const auto run = app::parse_kept_run(sealed ? with_hashes(input.text()) : std::string(input.text()), "input");
  if (!run) return fuzz::require(run.error().message.find("'input'") != std::string::npos, "a refusal names the file");
  fuzz::require(run.value().disks.size() == run.value().header.disks.size(), "each disk has its contents");
  std::vector<uint8_t> bytes;
  for (const app::KeptDisk& disk : run.value().disks)
    for (const auto& [first, piece] : disk.pieces)
      if (app::unpack_kept(piece, bytes)) fuzz::require(bytes.size() <= piece.count * app::kKeptBlock, "a piece is no larger than it says");
}
