// SPDX-License-Identifier: MIT
#include "isa/x86/host_tools.h"

#include "isa/x86/gdb_jit.h"
#include "isa/x86/jitdump.h"
#include "isa/x86/perf_map.h"

namespace vitrine::x86 {

core::Result<std::unique_ptr<HostTools>> HostTools::create(const Options& options) {
  auto tools = std::make_unique<HostTools>();
  if (options.perf_map) {
    auto map = PerfMap::create();
    if (!map) return map.error();
    tools->tools_.push_back(std::move(*map));
  }
  if (!options.jitdump.empty()) {
    auto dump = Jitdump::create(options.jitdump);
    if (!dump) return dump.error();
    tools->tools_.push_back(std::move(*dump));
  }
  if (options.gdb) tools->tools_.push_back(std::make_unique<GdbJit>());
  return tools;
}

void HostTools::added(std::string_view name, std::span<const uint8_t> code) noexcept {
  for (const auto& tool : tools_) tool->added(name, code);
}

void HostTools::forgotten(const uint8_t* from) noexcept {
  for (const auto& tool : tools_) tool->forgotten(from);
}

std::string HostTools::problem() const {
  for (const auto& tool : tools_)
    if (std::string problem = tool->problem(); !problem.empty()) return problem;
  return {};
}

}  // namespace vitrine::x86
