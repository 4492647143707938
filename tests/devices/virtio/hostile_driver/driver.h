// SPDX-License-Identifier: MIT
// A virtio driver that can be made to break each rule by itself: its steps one by one, for both interfaces of virtio over MMIO
// (virtio 1.2: split virtqueues 2.7, MMIO 4.2). A guest in M mode on the virt board, without paging or interrupts.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { DISK = 2, CONSOLE = 3, ENTROPY = 4 };  // device ids (section 5)

// Register offsets.
enum {
  MAGIC = 0x00, VERSION = 0x04, DEVICE_ID = 0x08, DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14, DRIVER_FEATURES = 0x20,
  DRIVER_FEATURES_SEL = 0x24, GUEST_PAGE_SIZE = 0x28, QUEUE_SEL = 0x30, QUEUE_NUM_MAX = 0x34, QUEUE_NUM = 0x38,
  QUEUE_ALIGN = 0x3c, QUEUE_PFN = 0x40, QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64,
  STATUS = 0x70, QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CONFIG = 0x100
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum { NEXT = 1, DEVICE_WRITES = 2, INDIRECT = 4 };
#define F_INDIRECT (1ull << 28)
#define F_EVENT_INDEX (1ull << 29)
#define F_VERSION_1 (1ull << 32)

struct slot {
  volatile uint8_t* at;
  uint32_t id;
  int legacy;
  int read_only;     // a disk that says so
  unsigned working;  // the queue that good() uses
};

struct descriptor {
  uint64_t address;
  uint32_t size;
  uint16_t flags, next;
};

// A queue of SIZE where the legacy interface wants it: one run of memory, the used ring at the next page.
enum { SIZE = 8 };
struct virtqueue {
  struct descriptor table[SIZE];
  struct {
    uint16_t flags, index, heads[SIZE], used_event;
  } available;
  uint8_t gap[4096 - 16 * SIZE - 6 - 2 * SIZE];
  struct {
    uint16_t flags, index;
    struct {
      uint32_t head, written;
    } done[SIZE];
    uint16_t avail_event;
  } used;
} __attribute__((aligned(4096)));
extern volatile struct virtqueue queues[2];

// What a request is about. The guard behind it must stay as it is.
struct request {
  struct {
    uint32_t type, reserved;
    uint64_t sector;
  } header;
  uint8_t data[4096];
  uint8_t status;
  uint8_t guard[64];
} __attribute__((aligned(4096)));
extern volatile struct request all_buffers[2];
enum { UNTOUCHED = 0xee };

// There are two of each: one for the device that is maltreated, one for those that must work on.
enum { MALTREATED, WITNESS };
extern unsigned now_for;
#define queue (queues[now_for])
#define buffers (all_buffers[now_for])

// RAM of the machine that the test starts, and what lies around it.
#define RAM 0x80000000ull
#define RAM_SIZE (64ull << 20)
#define RAM_END (RAM + RAM_SIZE)
#define UART 0x10000000ull
#define CLINT 0x2000000ull
#define PLIC 0xc000000ull
#define FINISHER 0x100000ull
#define NOWHERE 0x40000000000000ull

uint32_t in(const struct slot* s, uint32_t offset);
void out(const struct slot* s, uint32_t offset, uint32_t value);

// The steps of section 3.1.1, each by itself.
void reset(const struct slot* s);
void acknowledge(const struct slot* s);
int agree(const struct slot* s, uint64_t features);                // whether FEATURES_OK stuck; true for legacy
void place(const struct slot* s, unsigned number);                 // `queue`, emptied, becomes queue `number`
void place_at(const struct slot* s, unsigned number, uint32_t size, uint64_t table, uint64_t available, uint64_t used);
void go(const struct slot* s);
void start(const struct slot* s, uint64_t features);               // all of them, for the working queue

void describe(unsigned index, uint64_t address, uint32_t size, unsigned flags, unsigned next);
void offer(unsigned head);
void notify(const struct slot* s);

// What became of what was offered since `queue` was placed.
enum outcome { IGNORED, SERVED, REFUSED, BROKEN_PROMISE };
enum outcome outcome(const struct slot* s, unsigned offered);

// A request that keeps every rule, in descriptors 0 to 2, not offered; returns how many descriptors it has.
unsigned good(const struct slot* s);
// The device does a good request from reset on, with the right bytes.
int works(const struct slot* s);

void say(const char* text);
void say_number(uint64_t number);
