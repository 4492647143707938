// SPDX-License-Identifier: MIT
// virtio-blk over MMIO (virtio 1.2: 4.2 for the registers, 2.7 for the queue, 5.2 for requests), the driver's half. Requests lie in
// memory; the device is told once for as many as there are. It polls, with interrupts off.
#include "disk.h"

#include "lab.h"

enum { QUEUE = 128, BLOCK = 512 };  // descriptors, three for each request
enum { DESC_NEXT = 1, DESC_WRITE = 2, NO_INTERRUPT = 1 };
// Registers, in bytes
enum {
  VERSION = 0x04, DEVICE_ID = 0x08, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_NUM = 0x38, QUEUE_READY = 0x44,
  QUEUE_NOTIFY = 0x50, STATUS = 0x70, QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };

static struct { uint64_t at; uint32_t length; uint16_t flags, next; } descriptors[QUEUE] __attribute__((aligned(16)));
static volatile struct { uint16_t flags, index, ring[QUEUE]; } available __attribute__((aligned(2)));
static volatile struct { uint16_t flags, index; struct { uint32_t id, length; } ring[QUEUE]; } used __attribute__((aligned(4)));
static struct { struct { uint32_t type, reserved; uint64_t sector; } header; uint8_t data[BLOCK]; uint8_t status; } requests[MOST_DEPTH];

static volatile uint32_t* device;
struct disk_counts disk_counts;

static uint32_t get(unsigned offset) { return device[offset / 4]; }
static void set(unsigned offset, uint32_t value) { device[offset / 4] = value; }
static void set_address(unsigned offset, volatile void* at) {
  set(offset, (uint32_t)(uint64_t)at);
  set(offset + 4, (uint32_t)((uint64_t)at >> 32));
}

// The virt board has eight slots. Fifteen stores, once.
void start_disk(void) {
  unsigned slot = 0;
  for (; slot < 8; slot++) {
    device = (uint32_t*)(0x10001000UL + 0x1000UL * slot);
    if (get(DEVICE_ID) == 2) break;
  }
  if (slot == 8) give_up("there is no virtio disk", 0);
  if (get(VERSION) != 2) give_up("the disk has the legacy interface, version", get(VERSION));
  set(STATUS, 0);
  available.flags = NO_INTERRUPT;
  available.index = used.index = 0;
  set(STATUS, ACKNOWLEDGE | DRIVER);
  set(DRIVER_FEATURES_SEL, 1);
  set(DRIVER_FEATURES, 1);  // VIRTIO_F_VERSION_1, bit 32
  set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
  if (!(get(STATUS) & FEATURES_OK)) give_up("the disk refuses, status", get(STATUS));
  set(QUEUE_SEL, 0);
  set(QUEUE_NUM, QUEUE);
  set_address(QUEUE_DESC, descriptors);
  set_address(QUEUE_DRIVER, &available);
  set_address(QUEUE_DEVICE, &used);
  set(QUEUE_READY, 1);
  set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

// One request: what is asked, where the data goes, where the status goes.
static void enqueue(unsigned i, uint64_t sector, uint64_t data_at) {
  const uint16_t first = (uint16_t)(3 * i);
  requests[i].header.type = 0;  // IN
  requests[i].header.sector = sector;
  requests[i].status = 0xff;
  descriptors[first].at = (uint64_t)&requests[i].header, descriptors[first].length = 16;
  descriptors[first].flags = DESC_NEXT, descriptors[first].next = first + 1;
  descriptors[first + 1].at = data_at, descriptors[first + 1].length = BLOCK;
  descriptors[first + 1].flags = DESC_NEXT | DESC_WRITE, descriptors[first + 1].next = first + 2;
  descriptors[first + 2].at = (uint64_t)&requests[i].status, descriptors[first + 2].length = 1;
  descriptors[first + 2].flags = DESC_WRITE;
  available.ring[available.index % QUEUE] = first;
  asm volatile("fence rw, rw" : : : "memory");  // the entry before the index (2.7.13.3.1)
  available.index++;
}

void read_blocks(uint64_t blocks, uint64_t depth) {
  uint16_t seen = 0;
  for (uint64_t done = 0; done < blocks;) {
    const uint64_t now = smaller(depth, blocks - done);
    for (uint64_t i = 0; i < now; i++) enqueue((unsigned)i, done + i, (uint64_t)requests[i].data);
    asm volatile("fence rw, rw" : : : "memory");
    set(QUEUE_NOTIFY, 0);
    disk_counts.told++;
    for (; seen != available.index; seen++) {
      while (seen == used.index) {
      }
      asm volatile("fence rw, rw" : : : "memory");
      const uint32_t length = used.ring[seen % QUEUE].length;
      disk_counts.bytes_written += length;
      disk_counts.wrong_lengths += length != BLOCK + 1;  // and the status
      disk_counts.failed += requests[used.ring[seen % QUEUE].id / 3].status != 0;
    }
    done += now;
  }
}

bool disk_refuses(uint64_t data_at) {
  enqueue(0, 0, data_at);
  asm volatile("fence rw, rw" : : : "memory");
  set(QUEUE_NOTIFY, 0);
  while (used.index != available.index && !(get(STATUS) & NEEDS_RESET)) {
  }
  return used.index != available.index;
}
