// SPDX-License-Identifier: MIT
// The front end of a split driver: one virtio device over MMIO with one queue (virtio 1.2: 4.2 for the registers, 2.7 for the
// queue). Requests lie in memory that both sides see; the device is told once for as many as there are. No interrupts: who
// waits looks at the used ring.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3 };

// A piece of a request: where it lies, and whether the device writes there.
struct piece {
  uint64_t at;
  uint32_t length;
  bool device_writes;
};

// Looks for a device of that kind, and starts it with one of its queues. Fifteen stores to its registers.
void start_device(uint32_t kind, uint32_t queue);
// A request of up to three pieces. Its number is `i`, of at most 32 at a time.
void enqueue(unsigned i, const struct piece* pieces, unsigned count);
// One store, for all that was put into the queue.
void tell_device(void);
// The next request that the device has done: its number, and how many bytes it says it has written.
struct done { unsigned i; uint32_t length; };
struct done wait_for_done(void);
// True: the device will not do what it was told to, and wants to be started anew (DEVICE_NEEDS_RESET, virtio 1.2, 2.1.2).
bool device_refuses(void);
