// SPDX-License-Identifier: MIT
// Where things are on the `virt` board (and abi.h says how fast its clock runs). A kernel for many boards
// would read all of this from the device tree; this one reads only the size of the memory there (fdt.c).
//
//   physical address                                      also seen by the kernel at
//   0x0c00_0000  PLIC, the interrupt controller           0xcc00_0000
//   0x1000_0000  UART 16550, the console      line 10     0xd000_0000
//   0x1000_1000  virtio slot 0                line 1      0xd000_1000
//   ...
//   0x1000_8000  virtio slot 7                line 8      0xd000_8000
//   0x8000_0000  RAM: the firmware (SBI)                  not mapped
//   0x8020_0000  RAM: this kernel, then free pages        the same address
//
// Read next: vm.c, which draws the address space that the right column comes from.
#pragma once

#define RAM_BASE 0x80000000UL
#define RAM_LIMIT 0xc0000000UL      // we use the first GiB: one entry of the root page table
#define RAM_LEAST (32UL << 20)      // assumed when there is no device tree
#define DEVICE_OFFSET 0xc0000000UL  // kernel address of a device register = physical address + this

#define PLIC (0x0c000000UL + DEVICE_OFFSET)
#define UART (0x10000000UL + DEVICE_OFFSET)
#define UART_LINE 10
#define VIRTIO_SLOT(n) (0x10001000UL + 0x1000UL * (n) + DEVICE_OFFSET)
#define VIRTIO_SLOTS 8
#define VIRTIO_LINE(n) (1 + (n))
