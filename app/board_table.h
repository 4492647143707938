// SPDX-License-Identifier: MIT
// The board on one page: QEMU's `virt` of version 7.2, as far as we have its devices. The machine is built
// from these rows, and so is the device tree (device_tree.cpp): what is not here is not there.
#pragma once

#include <cstdint>

namespace vitrine::app::board {

struct Place {
  uint64_t base;
  uint64_t size;
  unsigned irq = 0;  // PLIC source, 0: none
};

//                                        base          size         PLIC source
inline constexpr Place kRom{0x1000, 0xf000};             // reset vector, fw_dynamic information
inline constexpr Place kFinisher{0x10'0000, 0x1000};     // power off, reset, exit code
inline constexpr Place kRtc{0x10'1000, 0x1000, 11};      // Goldfish
inline constexpr Place kClint{0x200'0000, 0x1'0000};     // M software and timer interrupts
inline constexpr Place kSswi{0x2f0'0000, 0x4000};        // ACLINT S software interrupts, by option
inline constexpr Place kPlic{0xc00'0000, 0x60'0000};     //
inline constexpr Place kUart{0x1000'0000, 0x100, 10};    // 16550A
inline constexpr Place kVirtio{0x1000'1000, 0x1000, 1};  // slot i: base + i * size, source 1 + i
inline constexpr Place kPortDisk{0x1001'0000, 0x1000};   // ours alone, by option; QEMU has nothing there
inline constexpr uint64_t kRam = 0x8000'0000;

inline constexpr unsigned kVirtioSlots = 8;
inline constexpr unsigned kPlicSources = 96;
inline constexpr unsigned kMaxHarts = 8;
inline constexpr uint64_t kUartClock = 3'686'400;

// Where things are put in RAM.
inline constexpr uint64_t kFirmware = kRam;
inline constexpr uint64_t kKernelOffset = 0x20'0000;       // 2 MiB after the firmware's start
inline constexpr uint64_t kInitrdDistance = 128ull << 20;  // initrd at kernel + min(memory / 2, this)
inline constexpr uint64_t kTreeAlign = 2ull << 20;         // device tree: as high as possible, so aligned,
inline constexpr uint64_t kTreeBelow = 3ull << 30;         // and below 3 GiB

constexpr Place virtio_slot(unsigned slot) {
  return {kVirtio.base + slot * kVirtio.size, kVirtio.size, kVirtio.irq + slot};
}

}  // namespace vitrine::app::board
