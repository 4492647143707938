// SPDX-License-Identifier: MIT
// A request is three pieces: a header that the device reads, the data, and a status that it writes.
#include "disk.h"

#include "lab.h"
#include "virtio.h"

static struct { struct { uint32_t type, reserved; uint64_t sector; } header; uint8_t data[BLOCK]; uint8_t status; } requests[MOST_DEPTH];
static uint64_t block_of[MOST_DEPTH];
struct disk_counts disk_counts;

void start_disk(void) { start_device(VIRTIO_BLOCK, 0); }

static void ask(unsigned i, uint64_t sector, uint64_t data_at) {
  requests[i].header.type = 0;  // IN
  requests[i].header.sector = block_of[i] = sector;
  requests[i].status = 0xff;
  const struct piece pieces[] = {
      {(uint64_t)&requests[i].header, 16, false}, {data_at, BLOCK, true}, {(uint64_t)&requests[i].status, 1, true}};
  enqueue(i, pieces, 3);
}

void read_blocks(uint64_t blocks, uint64_t depth, void (*look)(uint64_t block, const uint8_t* data)) {
  for (uint64_t begun = 0; begun < blocks;) {
    const uint64_t now = smaller(depth, blocks - begun);
    for (uint64_t i = 0; i < now; i++) ask((unsigned)i, begun + i, (uint64_t)requests[i].data);
    tell_device();
    disk_counts.told++;
    for (uint64_t i = 0; i < now; i++) {
      const struct done done = wait_for_done();
      disk_counts.bytes_written += done.length;
      disk_counts.wrong_lengths += done.length != BLOCK + 1;  // and the status
      disk_counts.failed += requests[done.i].status != 0;
      if (look) look(block_of[done.i], requests[done.i].data);
    }
    begun += now;
  }
}

bool disk_refuses(uint64_t data_at) {
  ask(0, 0, data_at);
  tell_device();
  return device_refuses();
}
