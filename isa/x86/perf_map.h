// SPDX-License-Identifier: MIT
// /tmp/perf-PID.map: a line "START SIZE NAME" for each piece of generated code, numbers in hexadecimal. `perf
// report` looks there for the names of samples in memory that is of no file. It knows no time: after a flush
// the file begins anew, and samples from before it get names of after it. A run that flushes is better served
// by jitdump.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "isa/x86/code_listener.h"
#include "isa/x86/tool_file.h"

namespace vitrine::x86 {

class PerfMap final : public HostTool {
 public:
  static core::Result<std::unique_ptr<PerfMap>> create();
  void added(std::string_view name, std::span<const uint8_t> code) noexcept override;
  void forgotten(const uint8_t* from) noexcept override;
  [[nodiscard]] std::string problem() const override { return file_.problem(); }

 private:
  explicit PerfMap(ToolFile file) : file_(std::move(file)) {}
  struct Line {
    const uint8_t* at;
    std::string text;
  };
  ToolFile file_;
  std::vector<Line> lines_;
};

}  // namespace vitrine::x86
