// SPDX-License-Identifier: MIT
// gdb's JIT interface: files in memory that gdb reads like those of a library. Each is an ELF that holds
// nothing but symbols. gdb learns of a file when __jit_debug_register_code is called, on which it has a
// breakpoint; a gdb that attaches later walks the list. Spec: "Debugging with GDB", chapter "JIT Compilation
// Interface".
//
// Symbols must be there as soon as the code is, and a file for each piece of code would make gdb slow, so
// files grow as the digits of a number do: kFanOut files of a level become one of the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "isa/x86/code_listener.h"

namespace vitrine::x86 {

struct CodeSymbol {
  const uint8_t* at;
  size_t size;
  std::string name;
};
// An ELF file with these symbols, of code that stands where they say. At least one.
std::vector<uint8_t> make_symbol_file(const std::vector<CodeSymbol>& symbols);

class GdbJit final : public HostTool {
 public:
  GdbJit();
  ~GdbJit() override;
  void added(std::string_view name, std::span<const uint8_t> code) noexcept override;
  void forgotten(const uint8_t* from) noexcept override;
  [[nodiscard]] std::string problem() const override { return {}; }

 private:
  static constexpr size_t kFanOut = 16;
  struct File;
  void merge(size_t level);
  std::vector<std::vector<std::unique_ptr<File>>> levels_;
};

}  // namespace vitrine::x86
