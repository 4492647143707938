// SPDX-License-Identifier: MIT
// --disk and its kin: a file and words behind it.
#include <fmt/format.h>

#include "app/board_table.h"
#include "app/options.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::Result;

namespace {

core::Error bad_value(std::string_view option, std::string_view given, std::string_view what) {
  return core::error(core::ErrorKind::kUsage, "{} {}: {}.", option, core::printable(given), what);
}

}  // namespace

Result<DiskConfig> parse_image(const char* option, std::string_view text, int* slot) {
  DiskConfig disk;
  std::string_view path = text;
  while (true) {  // words from the end; what is before them is the file, commas and all
    const size_t comma = path.rfind(',');
    if (comma == std::string_view::npos) break;
    const std::string_view word = path.substr(comma + 1);
    if (word == "ro") {
      disk.read_only = true;
    } else if (word == "snapshot") {
      disk.snapshot = true;
    } else if (slot && word.starts_with("slot=")) {
      const auto number = parse_number(word.substr(5));
      if (!number || *number >= board::kVirtioSlots)
        return bad_value(option, text, fmt::format("slots are numbered 0 to {}", board::kVirtioSlots - 1));
      *slot = static_cast<int>(*number);
    } else {
      break;
    }
    path = path.substr(0, comma);
  }
  if (path.empty())
    return bad_value(option, text, "there is no file; disks look like FILE, FILE,ro or FILE,snapshot");
  if (disk.read_only && disk.snapshot)
    return bad_value(option, text, "ro and snapshot exclude each other: ro refuses writes, snapshot forgets them");
  disk.path = path;
  return disk;
}

Result<VirtioConfig> parse_disk(std::string_view text) {
  VirtioConfig disk;
  auto image = parse_image("--disk", text, &disk.slot);
  if (!image) return image.error();
  disk.path = std::move(image->path);
  disk.read_only = image->read_only;
  disk.snapshot = image->snapshot;
  return disk;
}

}  // namespace vitrine::app
