// SPDX-License-Identifier: MIT
// Boot: which image goes where, who starts it, and with which registers. Placement is QEMU's (QEMU-CONTRACT
// in the docs):
//
//   firmware     0x8000_0000                          (an ELF: where it says)
//   kernel       0x8020_0000, with no firmware 0x8000_0000 (an ELF: where it says)
//   initrd       kernel + min(memory / 2, 128 MiB)
//   device tree  as high as possible below 3 GiB, 2 MiB aligned
//
// Reset: every hart begins in M mode in the mask ROM at 0x1000, which loads a0 = hart, a1 = device tree, a2 =
// the fw_dynamic information and jumps to the firmware. With the built-in SBI there is no M-mode code: the
// kernel starts in S.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/machine_config.h"
#include "core/guest_ram.h"
#include "core/image.h"
#include "core/result.h"

namespace vitrine::app {

enum class Firmware { kNone, kBuiltin, kImage };

struct BootPlan {
  Firmware firmware = Firmware::kBuiltin;
  std::optional<core::Image> firmware_image;
  std::optional<core::Image> kernel_image;
  std::vector<std::byte> initrd;
  uint64_t initrd_hash = 0;  // its name in the identity, as an image's content_hash
  std::vector<uint8_t> tree;
  uint64_t firmware_at = 0;
  uint64_t kernel_at = 0;  // where a raw image goes
  uint64_t kernel_entry = 0;
  uint64_t initrd_at = 0;
  uint64_t tree_at = 0;
  uint64_t reset_target = 0;  // where the ROM jumps
};

// Reads the images and decides; nothing is written yet.
core::Result<BootPlan> plan_boot(const MachineConfig& config);
// Puts everything into RAM.
core::Result<> place(const BootPlan& plan, const MachineConfig& config, core::GuestRam& ram);
// The mask ROM for this plan.
std::vector<uint8_t> make_reset_rom(const BootPlan& plan);

}  // namespace vitrine::app
