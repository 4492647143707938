// SPDX-License-Identifier: MIT
// The front end of a split driver for a disk.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { MOST_DEPTH = 32 };

struct disk_counts {
  uint64_t told;           // stores to the register that tells the device
  uint64_t bytes_written;  // into our memory, as the device says
  uint64_t wrong_lengths;  // requests of which it says another length than it must
  uint64_t failed;         // requests that it refused
};
extern struct disk_counts disk_counts;

void start_disk(void);
void read_blocks(uint64_t blocks, uint64_t depth);
// One request whose data is to go to that physical address. True: the device has refused it, and wants to be started anew
// (DEVICE_NEEDS_RESET, virtio 1.2, 2.1.2).
bool disk_refuses(uint64_t data_at);
