// SPDX-License-Identifier: MIT
// The flattened device tree, produced from the board table and the machine's configuration (Devicetree
// Specification 0.4; node names and properties as QEMU's virt has them, since guests look for those).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/machine_config.h"
#include "core/result.h"

namespace vitrine::app {

struct TreeInput {
  const MachineConfig& config;
  uint64_t initrd_start = 0;  // equal: no initrd
  uint64_t initrd_end = 0;
};

// The blob, as small as it can be.
std::vector<uint8_t> make_device_tree(const TreeInput& input);

// Puts command line and initrd into a tree that the user brought (--dtb). The blob is checked first.
core::Result<std::vector<uint8_t>> amend_device_tree(std::vector<uint8_t> blob, const TreeInput& input);

// riscv,isa of this configuration: "rv64imafdc_zicsr_...".
std::string isa_string(const riscv::HartConfig& cpu);

}  // namespace vitrine::app
