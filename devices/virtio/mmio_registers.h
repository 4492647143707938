// SPDX-License-Identifier: MIT
// The registers of virtio over MMIO (virtio 1.2, tables of 4.2.2 and 4.2.4). Only the transport's files
// include this.
#pragma once

#include <cstdint>

#include "core/device.h"

namespace vitrine::devices::virtio_mmio {

enum Offset : uint64_t {
  kMagicValue = 0x000,
  kVersion = 0x004,
  kDeviceId = 0x008,
  kVendorId = 0x00c,
  kDeviceFeatures = 0x010,
  kDeviceFeaturesSel = 0x014,
  kDriverFeatures = 0x020,
  kDriverFeaturesSel = 0x024,
  kGuestPageSize = 0x028,  // legacy
  kQueueSel = 0x030,
  kQueueNumMax = 0x034,
  kQueueNum = 0x038,
  kQueueAlign = 0x03c,  // legacy
  kQueuePfn = 0x040,    // legacy
  kQueueReady = 0x044,
  kQueueNotify = 0x050,
  kInterruptStatus = 0x060,
  kInterruptAck = 0x064,
  kStatus = 0x070,
  kQueueDescLow = 0x080,
  kQueueDescHigh = 0x084,
  kQueueDriverLow = 0x090,
  kQueueDriverHigh = 0x094,
  kQueueDeviceLow = 0x0a0,
  kQueueDeviceHigh = 0x0a4,
  kShmSel = 0x0ac,
  kShmLenLow = 0x0b0,
  kShmLenHigh = 0x0b4,
  kShmBaseLow = 0x0b8,
  kShmBaseHigh = 0x0bc,
  kConfigGeneration = 0x0fc,
  kConfig = 0x100,
};

constexpr uint32_t kMagic = 0x7472'6976;   // "virt"
constexpr uint32_t kVendor = 0x554d'4551;  // the board's

enum Status : uint32_t { kDriverOk = 4, kFeaturesOk = 8, kNeedsReset = 64 };
enum Interrupt : uint32_t { kUsedBuffer = 1, kConfigChange = 2 };

inline constexpr core::RegisterRow kRows[] = {
    {"MagicValue", kMagicValue, 4, true, false, "The letters virt."},
    {"Version", kVersion, 4, true, false, "1 legacy, 2 standard."},
    {"DeviceID", kDeviceId, 4, true, false, "Kind of device, 0 for an empty slot."},
    {"VendorID", kVendorId, 4, true, false, "Who made the board."},
    {"DeviceFeatures", kDeviceFeatures, 4, true, false,
     "32 offered feature bits, chosen by DeviceFeaturesSel."},
    {"DeviceFeaturesSel", kDeviceFeaturesSel, 4, false, true, "Which 32 bits DeviceFeatures shows."},
    {"DriverFeatures", kDriverFeatures, 4, false, true,
     "32 accepted feature bits, chosen by DriverFeaturesSel."},
    {"DriverFeaturesSel", kDriverFeaturesSel, 4, false, true, "Which 32 bits DriverFeatures takes."},
    {"GuestPageSize", kGuestPageSize, 4, false, true, "Legacy: unit of QueuePFN in bytes."},
    {"QueueSel", kQueueSel, 4, false, true, "The queue that the queue registers mean."},
    {"QueueNumMax", kQueueNumMax, 4, true, false, "Largest size of this queue, 0 if there is no such queue."},
    {"QueueNum", kQueueNum, 4, false, true, "Size of this queue in descriptors."},
    {"QueueAlign", kQueueAlign, 4, false, true, "Legacy: alignment of the used ring in bytes."},
    {"QueuePFN", kQueuePfn, 4, true, true, "Legacy: page of the queue, 0 stops it."},
    {"QueueReady", kQueueReady, 4, true, true, "1 while this queue is in use."},
    {"QueueNotify", kQueueNotify, 4, false, true, "A write of a queue's number tells of new buffers."},
    {"InterruptStatus", kInterruptStatus, 4, true, false, "Bit 0 used buffers, bit 1 configuration change."},
    {"InterruptACK", kInterruptAck, 4, false, true, "Clears bits of InterruptStatus."},
    {"Status", kStatus, 4, true, true, "How far the driver got; writing 0 resets the device."},
    {"QueueDescLow", kQueueDescLow, 4, false, true, "Address of the descriptor table, low word."},
    {"QueueDescHigh", kQueueDescHigh, 4, false, true, "Address of the descriptor table, high word."},
    {"QueueDriverLow", kQueueDriverLow, 4, false, true, "Address of the available ring, low word."},
    {"QueueDriverHigh", kQueueDriverHigh, 4, false, true, "Address of the available ring, high word."},
    {"QueueDeviceLow", kQueueDeviceLow, 4, false, true, "Address of the used ring, low word."},
    {"QueueDeviceHigh", kQueueDeviceHigh, 4, false, true, "Address of the used ring, high word."},
    {"SHMSel", kShmSel, 4, false, true, "Shared memory region; there is none."},
    {"SHMLen", kShmLenLow, 4, true, false, "Length of the region, all ones.", 2, 4},
    {"SHMBase", kShmBaseLow, 4, true, false, "Base of the region, all ones.", 2, 4},
    {"ConfigGeneration", kConfigGeneration, 4, true, false,
     "Changes with the configuration space; ours never does."},
};

}  // namespace vitrine::devices::virtio_mmio
