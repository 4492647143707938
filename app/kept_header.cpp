// SPDX-License-Identifier: MIT
// Lines of headers.
#include "app/kept_header.h"

#include <fmt/format.h>

#include "app/identity.h"
#include "app/kept_line.h"

namespace vitrine::app::kept {
namespace {

constexpr uint64_t kMaxSectors = uint64_t{1} << 50;

bool read_disk(std::vector<KeptDiskHeader>& disks, std::string_view value) {
  KeptDiskHeader& disk = disks.emplace_back();
  return read_number(next_word(value), disk.sectors) && read_number(next_word(value), disk.size) &&
         read_text(value, disk.path) && disk.sectors < kMaxSectors;
}

bool read_clock(ClockMode& clock, std::string_view value) {
  for (const ClockMode mode : {ClockMode::kPaced, ClockMode::kVirtual, ClockMode::kReal})
    if (value == clock_name(mode)) return clock = mode, true;
  return false;
}

}  // namespace

std::vector<std::string> header_lines(const KeptHeader& header) {
  std::vector<std::string> lines;
  const auto field = [&lines](std::string_view name, std::string_view value) {
    lines.push_back(fmt::format("{} {}", name, escaped(value)));
  };
  field("version", header.version);
  field("verb", header.words.qemu ? "qemu" : "run");
  field("program", header.words.program);
  for (const std::string& word : header.words.words) field("word", word);
  field("environment", header.words.environment);
  field("folder", header.folder);
  lines.push_back(fmt::format("date {}", header.date));
  field("clock", clock_name(header.clock));
  field("identity", header.identity);
  if (header.snapshot)
    lines.push_back(
        fmt::format("snapshot {:016x} {}", header.snapshot->checksum, escaped(header.snapshot->path)));
  using Input = KeptHeader::Input;
  if (header.input_kind == Input::kFile) field("input", header.input);
  if (header.input_kind == Input::kTooLong) lines.emplace_back("long-input");
  for (const KeptDiskHeader& disk : header.disks)
    lines.push_back(fmt::format("disk {} {} {}", disk.sectors, disk.size, escaped(disk.path)));
  return lines;
}

bool read_header_line(KeptHeader& header, std::string_view name, std::string_view value) {
  if (name == "version") return read_text(value, header.version);
  if (name == "program") return read_text(value, header.words.program);
  if (name == "environment") return read_text(value, header.words.environment);
  if (name == "folder") return read_text(value, header.folder);
  if (name == "identity") return read_text(value, header.identity);
  if (name == "date") return read_number(value, header.date);
  if (name == "word") return read_text(value, header.words.words.emplace_back());
  if (name == "verb") return header.words.qemu = value == "qemu", value == "qemu" || value == "run";
  if (name == "clock") return read_clock(header.clock, value);
  if (name == "snapshot") {
    KeptSnapshot& snapshot = header.snapshot.emplace();
    return read_hexadecimal(next_word(value), snapshot.checksum) && read_text(value, snapshot.path);
  }
  if (name == "input") return header.input_kind = KeptHeader::Input::kFile, read_text(value, header.input);
  if (name == "long-input") return header.input_kind = KeptHeader::Input::kTooLong, true;
  return name == "disk" && read_disk(header.disks, value);
}

}  // namespace vitrine::app::kept
