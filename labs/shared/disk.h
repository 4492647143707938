// SPDX-License-Identifier: MIT
// A virtio disk (virtio 1.2, 5.2), the driver's half: requests of one block each.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { MOST_DEPTH = 32, BLOCK = 512 };

struct disk_counts {
  uint64_t told;           // stores to the register that tells the device
  uint64_t bytes_written;  // into our memory, as the device says
  uint64_t wrong_lengths;  // requests of which it says another length than it must
  uint64_t failed;         // requests that it refused
};
extern struct disk_counts disk_counts;

void start_disk(void);
// Up to `depth` requests are put into the queue before the device is told. `look` sees each block.
void read_blocks(uint64_t blocks, uint64_t depth, void (*look)(uint64_t block, const uint8_t* data));
// One request whose data is to go to that physical address. True: the device has refused it.
bool disk_refuses(uint64_t data_at);
