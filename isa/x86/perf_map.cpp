// SPDX-License-Identifier: MIT
#include "isa/x86/perf_map.h"

#include <fmt/format.h>
#include <unistd.h>

namespace vitrine::x86 {

core::Result<std::unique_ptr<PerfMap>> PerfMap::create() {
  auto file = ToolFile::create(fmt::format("/tmp/perf-{}.map", getpid()));
  if (!file) return file.error();
  return std::unique_ptr<PerfMap>(new PerfMap(std::move(*file)));
}

void PerfMap::added(std::string_view name, std::span<const uint8_t> code) noexcept {
  const Line line{code.data(),
                  fmt::format("{:x} {:x} {}\n", reinterpret_cast<uintptr_t>(code.data()), code.size(), name)};
  file_.write(line.text.data(), line.text.size());
  lines_.push_back(line);
}

void PerfMap::forgotten(const uint8_t* from) noexcept {
  std::erase_if(lines_, [&](const Line& line) { return line.at >= from; });
  file_.empty();
  for (const Line& line : lines_) file_.write(line.text.data(), line.text.size());
}

}  // namespace vitrine::x86
