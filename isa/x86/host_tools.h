// SPDX-License-Identifier: MIT
// Names of generated code for tools of the host: perf by a map or a dump, gdb by its JIT interface. Any of
// them, or none. Next: perf_map.h, jitdump.h, gdb_jit.h; how to use them: docs/host-tools.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "isa/x86/code_listener.h"

namespace vitrine::x86 {

class HostTools final : public HostTool {
 public:
  struct Options {
    bool perf_map = false;
    std::string jitdump = {};  // a folder, or empty
    bool gdb = false;
    [[nodiscard]] bool any() const { return perf_map || !jitdump.empty() || gdb; }
  };
  // Fails if a file cannot be made.
  static core::Result<std::unique_ptr<HostTools>> create(const Options& options);

  void added(std::string_view name, std::span<const uint8_t> code) noexcept override;
  void forgotten(const uint8_t* from) noexcept override;
  [[nodiscard]] std::string problem() const override;

 private:
  std::vector<std::unique_ptr<HostTool>> tools_;
};

}  // namespace vitrine::x86
