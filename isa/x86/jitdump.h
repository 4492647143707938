// SPDX-License-Identifier: MIT
// jit-PID.dump: names, bytes and times of generated code, for `perf record -k mono`, then `perf inject
// --jit`, then `perf report` or `perf annotate`. The format is that of Linux,
// tools/perf/Documentation/jitdump-specification.txt.
#pragma once

#include <memory>
#include <string>

#include "isa/x86/code_listener.h"
#include "isa/x86/tool_file.h"

namespace vitrine::x86 {

class Jitdump final : public HostTool {
 public:
  // In that folder, which must be there.
  static core::Result<std::unique_ptr<Jitdump>> create(const std::string& folder);
  ~Jitdump() override;
  Jitdump(const Jitdump&) = delete;
  Jitdump& operator=(const Jitdump&) = delete;
  void added(std::string_view name, std::span<const uint8_t> code) noexcept override;
  // Nothing to say: a later piece of code at the same place takes over from its time on.
  void forgotten(const uint8_t*) noexcept override {}
  [[nodiscard]] std::string problem() const override { return file_.problem(); }

 private:
  Jitdump(ToolFile file, void* marker) : file_(std::move(file)), marker_(marker) {}
  ToolFile file_;
  void* marker_;
  uint64_t index_ = 0;
};

}  // namespace vitrine::x86
