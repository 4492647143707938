// SPDX-License-Identifier: MIT
// The queue in memory, and the few registers.
#include "virtio.h"

#include "lab.h"

enum { QUEUE = 128, PIECES = 3 };  // descriptors; of each request
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
static uint16_t seen;  // of the used ring
static uint32_t queue;
static volatile uint32_t* device;

static uint32_t get(unsigned offset) { return device[offset / 4]; }
static void set(unsigned offset, uint32_t value) { device[offset / 4] = value; }
static void set_address(unsigned offset, volatile void* at) {
  set(offset, (uint32_t)(uint64_t)at);
  set(offset + 4, (uint32_t)((uint64_t)at >> 32));
}
static void order(void) { asm volatile("fence rw, rw" : : : "memory"); }

// The virt board has eight slots.
void start_device(uint32_t kind, uint32_t its_queue) {
  unsigned slot = 0;
  for (; slot < 8; slot++) {
    device = (uint32_t*)(0x10001000UL + 0x1000UL * slot);
    if (get(DEVICE_ID) == kind) break;
  }
  if (slot == 8) give_up("there is no virtio device of the kind", kind);
  if (get(VERSION) != 2) give_up("the device has the legacy interface, version", get(VERSION));
  queue = its_queue;
  set(STATUS, 0);
  available.flags = NO_INTERRUPT;
  available.index = used.index = seen = 0;
  set(STATUS, ACKNOWLEDGE | DRIVER);
  set(DRIVER_FEATURES_SEL, 1);
  set(DRIVER_FEATURES, 1);  // VIRTIO_F_VERSION_1, bit 32
  set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
  if (!(get(STATUS) & FEATURES_OK)) give_up("the device refuses, status", get(STATUS));
  set(QUEUE_SEL, queue);
  set(QUEUE_NUM, QUEUE);
  set_address(QUEUE_DESC, descriptors);
  set_address(QUEUE_DRIVER, &available);
  set_address(QUEUE_DEVICE, &used);
  set(QUEUE_READY, 1);
  set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

void enqueue(unsigned i, const struct piece* pieces, unsigned count) {
  const unsigned first = PIECES * i;
  for (unsigned n = 0; n < count; n++) {
    descriptors[first + n].at = pieces[n].at;
    descriptors[first + n].length = pieces[n].length;
    descriptors[first + n].flags = (uint16_t)((n + 1 < count ? DESC_NEXT : 0) | (pieces[n].device_writes ? DESC_WRITE : 0));
    descriptors[first + n].next = (uint16_t)(first + n + 1);
  }
  available.ring[available.index % QUEUE] = (uint16_t)first;
  order();  // the entry before the index (2.7.13.3.1)
  available.index++;
}

void tell_device(void) {
  order();
  set(QUEUE_NOTIFY, queue);
}

struct done wait_for_done(void) {
  while (seen == used.index) {
  }
  order();
  const unsigned at = seen++ % QUEUE;
  return (struct done){used.ring[at].id / PIECES, used.ring[at].length};
}

bool device_refuses(void) {
  while (used.index != available.index && !(get(STATUS) & NEEDS_RESET)) {
  }
  return used.index != available.index;
}
