// SPDX-License-Identifier: MIT
// The driver's steps.
#include "driver.h"

volatile struct virtqueue queues[2];
volatile struct request all_buffers[2];
unsigned now_for;

static void fence(void) { __asm__ volatile("fence iorw, iorw" : : : "memory"); }

uint32_t in(const struct slot* s, uint32_t offset) {
  const uint32_t value = *(volatile uint32_t*)(s->at + offset);
  fence();
  return value;
}

void out(const struct slot* s, uint32_t offset, uint32_t value) {
  fence();
  *(volatile uint32_t*)(s->at + offset) = value;
  fence();
}

void reset(const struct slot* s) { out(s, STATUS, 0); }

void acknowledge(const struct slot* s) {
  out(s, STATUS, ACKNOWLEDGE);
  out(s, STATUS, ACKNOWLEDGE | DRIVER);
}

int agree(const struct slot* s, uint64_t features) {
  for (unsigned half = 0; half < (s->legacy ? 1u : 2u); ++half) {
    out(s, DRIVER_FEATURES_SEL, half);
    out(s, DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
  }
  if (s->legacy) return 1;
  out(s, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
  return (in(s, STATUS) & FEATURES_OK) != 0;
}

static void clear(volatile void* at, size_t size, int byte) {
  for (size_t i = 0; i < size; ++i) ((volatile uint8_t*)at)[i] = (uint8_t)byte;
}

void place_at(const struct slot* s, unsigned number, uint32_t size, uint64_t table, uint64_t available, uint64_t used) {
  out(s, QUEUE_SEL, number);
  out(s, QUEUE_NUM, size);
  if (s->legacy) {
    out(s, GUEST_PAGE_SIZE, 4096);
    out(s, QUEUE_ALIGN, 4096);
    return out(s, QUEUE_PFN, (uint32_t)(table / 4096));
  }
  const uint64_t areas[] = {table, available, used};
  for (unsigned i = 0; i < 3; ++i) {
    out(s, QUEUE_DESC + 16 * i, (uint32_t)areas[i]);
    out(s, QUEUE_DESC + 16 * i + 4, (uint32_t)(areas[i] >> 32));
  }
  out(s, QUEUE_READY, 1);
}

void place(const struct slot* s, unsigned number) {
  clear(&queue, sizeof queue, 0);
  clear(&buffers, sizeof buffers, UNTOUCHED);
  place_at(s, number, SIZE, (uintptr_t)queue.table, (uintptr_t)&queue.available, (uintptr_t)&queue.used);
}

void go(const struct slot* s) { out(s, STATUS, ACKNOWLEDGE | DRIVER | (s->legacy ? 0 : FEATURES_OK) | DRIVER_OK); }

void start(const struct slot* s, uint64_t features) {
  reset(s);
  acknowledge(s);
  agree(s, features | (s->legacy ? 0 : F_VERSION_1));
  place(s, s->working);
  go(s);
}

void describe(unsigned index, uint64_t address, uint32_t size, unsigned flags, unsigned next) {
  volatile struct descriptor* d = &queue.table[index];
  d->address = address;
  d->size = size;
  d->flags = (uint16_t)flags;
  d->next = (uint16_t)next;
}

void offer(unsigned head) {
  queue.available.heads[queue.available.index % SIZE] = (uint16_t)head;
  fence();
  ++queue.available.index;
}

void notify(const struct slot* s) { out(s, QUEUE_NOTIFY, s->working); }

enum outcome outcome(const struct slot* s, unsigned offered) {
  for (unsigned patience = 0; patience < 4000; ++patience) {
    if (in(s, STATUS) & NEEDS_RESET)  // 2.1.2: and the driver is told
      return in(s, INTERRUPT_STATUS) & 2 ? REFUSED : BROKEN_PROMISE;
    if (queue.used.index == offered) return in(s, INTERRUPT_STATUS) & 1 ? SERVED : BROKEN_PROMISE;
  }
  return queue.used.index == 0 ? IGNORED : BROKEN_PROMISE;
}

static const char kGreeting[] = "(hello from the console)\n";

unsigned good(const struct slot* s) {
  switch (s->id) {
    case DISK:
      buffers.header.type = 0;  // VIRTIO_BLK_T_IN
      buffers.header.sector = 1;
      describe(0, (uintptr_t)&buffers.header, 16, NEXT, 1);
      describe(1, (uintptr_t)buffers.data, 512, NEXT | DEVICE_WRITES, 2);
      describe(2, (uintptr_t)&buffers.status, 1, DEVICE_WRITES, 0);
      return 3;
    case CONSOLE: describe(0, (uintptr_t)kGreeting, sizeof kGreeting - 1, 0, 0); return 1;
    default: describe(0, (uintptr_t)buffers.data, 64, DEVICE_WRITES, 0); return 1;
  }
}

// Sector n of each disk is full of the byte n + 1. 64 bytes of chance are not all alike.
static int right(const struct slot* s) {
  if (queue.used.done[0].head != 0) return 0;
  if (s->id == CONSOLE) return queue.used.done[0].written == 0;
  unsigned same = 0;
  const unsigned size = s->id == DISK ? 512 : 64, expected = s->id == DISK ? 2 : buffers.data[0];
  for (unsigned i = 0; i < size; ++i) same += buffers.data[i] == expected;
  for (unsigned i = size; i < sizeof buffers.data; ++i)
    if (buffers.data[i] != UNTOUCHED) return 0;
  if (s->id == ENTROPY) return same < 64 && queue.used.done[0].written == 64;
  return same == 512 && buffers.status == 0 && queue.used.done[0].written == 513;
}

int works(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  return outcome(s, 1) == SERVED && right(s);
}

void say(const char* text) {
  volatile uint8_t* const uart = (volatile uint8_t*)UART;
  for (; *text; ++text) {
    while (!(uart[5] & 0x20)) continue;
    uart[0] = (uint8_t)*text;
  }
}

void say_number(uint64_t number) {
  char text[24];
  int at = sizeof text - 1;
  text[at] = 0;
  do text[--at] = (char)('0' + number % 10);
  while (number /= 10);
  say(text + at);
}
