// SPDX-License-Identifier: MIT
// The processor's option: `--cpu rv64,zfh=off,sv57=on`, and the same list after QEMU's -cpu.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "isa/riscv/hart.h"

namespace vitrine::app {

// "[rv64|max][,NAME=on|off]...": a model, then extensions and properties in any order; later ones win. `max`
// has everything that we have: Sv57 instead of Sv39, Sscofpmf too. `-NAME` and `+NAME` are short forms.
core::Result<riscv::HartConfig> parse_cpu(std::string_view spec);

// Every NAME that parse_cpu knows.
std::vector<std::string> cpu_properties();

}  // namespace vitrine::app
