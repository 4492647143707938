// SPDX-License-Identifier: MIT
// Blocks of 1 KiB, from the disk or from its stand-in, behind a cache of eight. A machine without a disk has
// a RAM disk instead, filled from the file system that the kernel carries with it; it forgets at power-off.
#include "kernel.h"

enum { CACHED = 8, RAM_BLOCKS = 256 };

extern const uint8_t fs_image[], fs_image_end[];

static uint8_t ram_disk[RAM_BLOCKS * BLOCK];

static int ram_transfer(uint32_t block, void* data, bool write) {
  uint8_t* at = ram_disk + (uint64_t)block * BLOCK;
  if (write) {
    memcpy(at, data, BLOCK);
  } else {
    memcpy(data, at, BLOCK);
  }
  return 0;
}

static struct {
  uint32_t block;
  uint64_t last_use;  // 0: empty
  uint8_t data[BLOCK] __attribute__((aligned(8)));
} cache[CACHED];

static int (*transfer)(uint32_t block, void* data, bool write);
static uint64_t blocks, uses;

void block_use(enum block_device device) {
  transfer = device == VIRTIO_DISK ? virtio_transfer : ram_transfer;
  blocks = device == VIRTIO_DISK ? virtio_blocks() : RAM_BLOCKS;
  for (int i = 0; i < CACHED; i++) cache[i].last_use = 0;
  if (device == RAM_DISK) memcpy(ram_disk, fs_image, (size_t)(fs_image_end - fs_image));
}

uint64_t block_count(void) { return blocks; }

static int find(uint32_t block) {
  for (int i = 0; i < CACHED; i++) {
    if (cache[i].last_use != 0 && cache[i].block == block) return i;
  }
  return -1;
}

uint8_t* block_read(uint32_t block) {
  if (block >= blocks) return NULL;
  int i = find(block);
  if (i < 0) {  // make room: what was used longest ago goes. It is on the disk, block_write saw to that
    i = 0;
    for (int j = 1; j < CACHED; j++) {
      if (cache[j].last_use < cache[i].last_use) i = j;
    }
    cache[i].last_use = 0;
    if (transfer(block, cache[i].data, false) != 0) return NULL;
    cache[i].block = block;
  }
  cache[i].last_use = ++uses;
  return cache[i].data;
}

int block_write(uint32_t block) {
  int i = find(block);
  if (i < 0) panic("block %u is written but was not read", block);
  int error = transfer(block, cache[i].data, true);
  if (error != 0) cache[i].last_use = 0;  // the disk knows better than we do
  return error;
}
