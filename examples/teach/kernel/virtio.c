// SPDX-License-Identifier: MIT
// The disk: a virtio block device in one of the board's virtio-mmio slots (virtio 1.1: 4.2 the registers, 2.6
// the queue, 5.2 the disk). A split driver: this is its front end, the emulator has the back end, and they
// meet in memory. One request is one notification and one interrupt, however many bytes it moves.
//
// Two kinds of transport look nearly the same: `legacy` (version 1 in the register) and modern (version 2).
// They differ in how features are agreed upon and in how the queue's place is told.
//
//   descriptors        available (we write)      used (the device writes)
//   0 header  --+      index: how many so far    index: how many so far
//   1 data    <-+      ring: first descriptor    ring: first descriptor, bytes written
//   2 status  <-+      of each request           of each request
#include "board.h"
#include "kernel.h"

enum {  // registers (4.2.2, and 4.2.4 for the legacy ones)
  MAGIC = 0x000,
  VERSION = 0x004,
  DEVICE_ID = 0x008,
  DRIVER_FEATURES = 0x020,
  DRIVER_FEATURES_SELECT = 0x024,
  GUEST_PAGE_SIZE = 0x028,  // legacy
  QUEUE_SELECT = 0x030,
  QUEUE_SIZE_MAX = 0x034,
  QUEUE_SIZE = 0x038,
  QUEUE_ALIGN = 0x03c,  // legacy
  QUEUE_PAGE = 0x040,   // legacy
  QUEUE_READY = 0x044,
  QUEUE_NOTIFY = 0x050,
  INTERRUPT_STATUS = 0x060,
  INTERRUPT_ACK = 0x064,
  STATUS = 0x070,
  QUEUE_DESCRIPTORS = 0x080,  // 64 bits in two registers, as the two below
  QUEUE_AVAILABLE = 0x090,
  QUEUE_USED = 0x0a0,
  CAPACITY = 0x100,  // in sectors of 512 bytes
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, FAILED = 128 };  // STATUS (2.1)
enum { NEXT = 1, DEVICE_WRITES = 2 };                                // descriptor flags (2.6.5)
enum { READ = 0, WRITE = 1, STATUS_OK = 0, STATUS_PENDING = 0xff };  // request (5.2.6)
enum { QUEUE = 4, SECTORS = BLOCK / 512 };

// The layout that legacy devices demand serves modern ones as well: the used ring on a page of its own.
static struct {
  struct {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
  } descriptors[QUEUE];
  struct {
    uint16_t flags, index, ring[QUEUE];
  } available;
  struct {
    uint16_t flags, index;
    struct {
      uint32_t id, length;
    } ring[QUEUE];
  } used __attribute__((aligned(4096)));
} queue __attribute__((aligned(4096)));
_Static_assert(__builtin_offsetof(__typeof__(queue), used) == PAGE, "where a legacy device looks for it");

static struct {
  uint32_t type, reserved;
  uint64_t sector;
} header;
static volatile uint8_t status;

static uint64_t base;  // of our slot; 0: no disk
static int our_line;
static uint64_t sectors;

static uint32_t get(uint64_t at) { return read32(base + at); }
static void set(uint64_t at, uint32_t value) { write32(base + at, value); }

static void set_address(uint64_t at, const void* address) {
  set(at, (uint32_t)(uint64_t)address);
  set(at + 4, (uint32_t)((uint64_t)address >> 32));
}

static bool find_disk(void) {
  for (int slot = 0; slot < VIRTIO_SLOTS; slot++) {
    base = VIRTIO_SLOT(slot);
    our_line = VIRTIO_LINE(slot);
    if (get(MAGIC) == 0x74726976 && get(DEVICE_ID) == 2 && (get(VERSION) == 1 || get(VERSION) == 2))
      return true;
  }
  base = 0;
  return false;
}

// We want no feature but, of a modern device, that it is one (VIRTIO_F_VERSION_1, bit 32). Without the flush
// feature a write is durable once it completes.
static bool agree_on_features(bool modern) {
  set(DRIVER_FEATURES_SELECT, 0);
  set(DRIVER_FEATURES, 0);
  if (!modern) return true;
  set(DRIVER_FEATURES_SELECT, 1);
  set(DRIVER_FEATURES, 1);
  set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
  return get(STATUS) & FEATURES_OK;
}

static void give_queue(bool modern) {
  set(QUEUE_SELECT, 0);
  set(QUEUE_SIZE, QUEUE);
  if (modern) {
    set_address(QUEUE_DESCRIPTORS, queue.descriptors);
    set_address(QUEUE_AVAILABLE, &queue.available);
    set_address(QUEUE_USED, &queue.used);
    set(QUEUE_READY, 1);
  } else {
    set(QUEUE_ALIGN, PAGE);
    set(QUEUE_PAGE, (uint32_t)((uint64_t)&queue / PAGE));
  }
}

// The steps of 3.1.1, in their order.
bool virtio_init(void) {
  if (!find_disk()) return false;
  bool modern = get(VERSION) == 2;
  set(STATUS, 0);
  set(STATUS, ACKNOWLEDGE | DRIVER);
  if (!modern) set(GUEST_PAGE_SIZE, PAGE);
  set(QUEUE_SELECT, 0);
  if (!agree_on_features(modern) || get(QUEUE_SIZE_MAX) < QUEUE) {
    set(STATUS, FAILED);
    base = 0;
    return false;
  }
  give_queue(modern);
  set(STATUS, get(STATUS) | DRIVER_OK);
  sectors = get(CAPACITY) | (uint64_t)get(CAPACITY + 4) << 32;
  plic_enable(our_line);
  return true;
}

uint64_t virtio_blocks(void) { return sectors / SECTORS; }

static void describe(int i, const volatile void* address, uint32_t length, uint16_t flags) {
  queue.descriptors[i].address = (uint64_t)address;
  queue.descriptors[i].length = length;
  queue.descriptors[i].flags = flags;
  queue.descriptors[i].next = (uint16_t)(i + 1);
}

// One request, and the process sleeps until it is done. The file system's lock lets in one caller at a time.
int virtio_transfer(uint32_t block, void* data, bool write) {
  header.type = write ? WRITE : READ;
  header.sector = (uint64_t)block * SECTORS;
  status = STATUS_PENDING;
  describe(0, &header, sizeof header, NEXT);
  describe(1, data, BLOCK, write ? NEXT : NEXT | DEVICE_WRITES);
  describe(2, &status, 1, DEVICE_WRITES);
  queue.available.ring[queue.available.index % QUEUE] = 0;
  fence_io();  // the device must not see the new index before what it leads to (2.6.13)
  queue.available.index++;
  fence_io();
  set(QUEUE_NOTIFY, 0);
  while (*(volatile uint16_t*)&queue.used.index != queue.available.index) sleep_on(&queue, "disk");
  fence_io();  // nor do we look at the data before the index
  return status == STATUS_OK ? 0 : -E_IO;
}

bool virtio_interrupt(int line) {
  if (base == 0 || line != our_line) return false;
  set(INTERRUPT_ACK, get(INTERRUPT_STATUS) & 3);
  wakeup(&queue);
  return true;
}
