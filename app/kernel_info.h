// SPDX-License-Identifier: MIT
// kernel.toml: where a kernel keeps the process that a hart runs, and where in it the name and the number
// are. docs/your-kernel.md is for those who write one.
//
//   current = "cpus[hart].proc"                             a variable, by debug information; [hart]: its
//   element for the hart current = { symbol = "cpus", stride = 136, offset = 0 }  the same by numbers current
//   = { register = "tp" }                           a register of the hart; or a list of any of these type =
//   "struct proc"                                    what current points to, where that does not follow name
//   = "name"     or { offset = 360, size = 16 }, { offset = 8, pointer = true } pid = "pid"       or { offset
//   = 48, size = 4 }; may be left out
//
// This reads the file; processes.h finds what it names in a kernel and looks there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace vitrine::app {

struct KernelInfo {
  // A pointer to the process that a hart runs. Tried in order; the first that leads to a name counts.
  struct Current {
    unsigned line = 0;
    std::string reg;                   // a register; or else ...
    std::string symbol;                // ... a variable
    bool per_hart = false;             // by debug information: an array with an element for each hart
    std::vector<std::string> members;  // by debug information
    bool by_numbers = false;
    uint64_t offset = 0, stride = 0;
  };
  struct Field {
    unsigned line = 0;
    std::string member;  // by debug information: "a", "a.b"; or else ...
    uint64_t offset = 0, size = 0;
    bool pointer = false;  // to the text
  };

  std::string file;
  std::vector<Current> current;
  std::string type;  // without `struct`; empty: what current points to
  unsigned type_line = 0;
  Field name;
  std::optional<Field> pid;
};

// `file` is for messages, which name the line.
core::Result<KernelInfo> parse_kernel_info(std::string_view text, const std::string& file);

}  // namespace vitrine::app
