// SPDX-License-Identifier: MIT
// Queues where none can be (virtio 1.2, 2.7, 4.2.3.2; legacy 4.2.4): of a wrong size, in device space, outside RAM, over
// one another, and written by the device itself.
#include "rules.h"

// A queue of this layout, in which one chain is offered as far as there is RAM to say so.
static enum outcome laid_out(const struct slot* s, uint32_t size, uint64_t table, uint64_t available, uint64_t used) {
  start(s, 0);
  reset(s);
  acknowledge(s);
  agree(s, s->legacy ? 0 : F_VERSION_1);
  good(s);
  offer(0);
  place_at(s, s->working, size, table, available, used);
  go(s);
  notify(s);
  return outcome(s, 1);
}
#define TABLE ((uintptr_t)queue.table)
#define AVAILABLE ((uintptr_t)&queue.available)
#define USED ((uintptr_t)&queue.used)

static enum outcome size_zero(const struct slot* s) { return laid_out(s, 0, TABLE, AVAILABLE, USED); }
static enum outcome size_three(const struct slot* s) { return laid_out(s, 3, TABLE, AVAILABLE, USED); }
static enum outcome size_too_large(const struct slot* s) { return laid_out(s, 2048, TABLE, AVAILABLE, USED); }
static enum outcome size_greatest(const struct slot* s) { return laid_out(s, 0xffffffff, TABLE, AVAILABLE, USED); }
static enum outcome size_greatest_power(const struct slot* s) { return laid_out(s, 0x80000000, TABLE, AVAILABLE, USED); }
static enum outcome table_in_device(const struct slot* s) { return laid_out(s, SIZE, UART, AVAILABLE, USED); }
static enum outcome available_in_device(const struct slot* s) { return laid_out(s, SIZE, TABLE, CLINT, USED); }
static enum outcome used_in_device(const struct slot* s) { return laid_out(s, SIZE, TABLE, AVAILABLE, FINISHER); }
static enum outcome used_in_own_registers(const struct slot* s) { return laid_out(s, SIZE, TABLE, AVAILABLE, (uintptr_t)s->at); }
static enum outcome table_over_ram_end(const struct slot* s) { return laid_out(s, SIZE, RAM_END - 16, AVAILABLE, USED); }
static enum outcome available_over_ram_end(const struct slot* s) { return laid_out(s, SIZE, TABLE, RAM_END - 4, USED); }
static enum outcome used_over_ram_end(const struct slot* s) { return laid_out(s, SIZE, TABLE, AVAILABLE, RAM_END - 8); }
static enum outcome table_wraps(const struct slot* s) { return laid_out(s, SIZE, ~0ull - 63, AVAILABLE, USED); }
static enum outcome available_wraps(const struct slot* s) { return laid_out(s, SIZE, TABLE, ~0ull - 1, USED); }
static enum outcome used_wraps(const struct slot* s) { return laid_out(s, SIZE, TABLE, AVAILABLE, ~0ull - 3); }

// The legacy interface: pages.
static enum outcome pages(const struct slot* s, uint32_t page_size, uint32_t align, uint32_t page) {
  start(s, 0);
  reset(s);
  acknowledge(s);
  good(s);
  offer(0);
  out(s, GUEST_PAGE_SIZE, page_size);
  out(s, QUEUE_SEL, s->working);
  out(s, QUEUE_NUM, SIZE);
  out(s, QUEUE_ALIGN, align);
  out(s, QUEUE_PFN, page);
  go(s);
  notify(s);
  return outcome(s, 1);
}
static enum outcome page_of_device(const struct slot* s) { return pages(s, 4096, 4096, UART / 4096); }
static enum outcome page_is_last(const struct slot* s) { return pages(s, 4096, 4096, (RAM_END - 4096) / 4096); }
static enum outcome page_size_is_zero(const struct slot* s) { return pages(s, 0, 4096, (uint32_t)(TABLE / 4096)); }
static enum outcome pages_are_greatest(const struct slot* s) { return pages(s, 0xffffffff, 4096, 0xffffffff); }
static enum outcome align_is_zero(const struct slot* s) { return pages(s, 4096, 0, (uint32_t)(TABLE / 4096)); }
static enum outcome align_is_three(const struct slot* s) { return pages(s, 4096, 3, (uint32_t)(TABLE / 4096)); }
static enum outcome align_is_greatest(const struct slot* s) { return pages(s, 4096, 0x80000000, (uint32_t)(TABLE / 4096)); }

// The used ring on the descriptor table: what the device writes are descriptors. It may serve or refuse what it finds; it
// ends, and stays in its buffers.
static enum outcome ended(const struct slot* s, enum outcome seen) {
  (void)s;
  for (unsigned i = 0; i < sizeof buffers.guard; ++i)
    if (buffers.guard[i] != UNTOUCHED) return BROKEN_PROMISE;
  return seen == BROKEN_PROMISE ? BROKEN_PROMISE : IGNORED;
}
static enum outcome used_on_table(const struct slot* s) {
  laid_out(s, SIZE, TABLE, AVAILABLE, TABLE);
  for (unsigned i = 0; i < 100; ++i) offer(i % SIZE), notify(s);
  return ended(s, IGNORED);
}
static enum outcome used_on_available(const struct slot* s) {
  laid_out(s, SIZE, TABLE, AVAILABLE, AVAILABLE);
  for (unsigned i = 0; i < 100; ++i) notify(s);
  return ended(s, IGNORED);
}
// Elements of the used ring fall on the available index: a device that believes its own writes never ends.
static enum outcome used_feeds_available(const struct slot* s) {
  laid_out(s, 1, TABLE, AVAILABLE, AVAILABLE - 2);
  for (unsigned i = 0; i < 100; ++i) notify(s);
  laid_out(s, 1, TABLE, AVAILABLE, AVAILABLE - 6);
  for (unsigned i = 0; i < 100; ++i) notify(s);
  return ended(s, IGNORED);
}
// What the device delivers falls on its own queue.
static enum outcome data_on_queue(const struct slot* s, uint64_t at, uint32_t size) {
  start(s, 0);
  good(s);
  queue.table[s->id == DISK ? 1 : 0].address = at;
  queue.table[s->id == DISK ? 1 : 0].size = size;
  offer(0);
  notify(s);
  for (unsigned i = 0; i < 4000; ++i) (void)in(s, STATUS);
  return ended(s, IGNORED);
}
static enum outcome data_on_table(const struct slot* s) { return data_on_queue(s, TABLE, s->id == DISK ? 512 : sizeof queue.table); }
static enum outcome data_on_available(const struct slot* s) { return data_on_queue(s, AVAILABLE, s->id == DISK ? 512 : sizeof queue.available); }
static enum outcome data_on_used(const struct slot* s) { return data_on_queue(s, USED, s->id == DISK ? 512 : sizeof queue.used); }

const struct rule queue_rules[] = {
    {"a queue of no descriptor", size_zero, REFUSED, ON_ANY | ON_BOTH},
    {"a queue of three", size_three, REFUSED, ON_ANY | ON_BOTH},
    {"a queue of more than the device has", size_too_large, REFUSED, ON_ANY | ON_BOTH},
    {"a queue of 2^32 - 1", size_greatest, REFUSED, ON_ANY | ON_BOTH},
    {"a queue of 2^31", size_greatest_power, REFUSED, ON_ANY | ON_BOTH},
    {"the table is a device", table_in_device, REFUSED, ON_ANY | ON_MODERN},
    {"the available ring is a device", available_in_device, REFUSED, ON_ANY | ON_MODERN},
    {"the used ring is the finisher", used_in_device, REFUSED, ON_ANY | ON_MODERN},
    {"the used ring is the device's own registers", used_in_own_registers, REFUSED, ON_ANY | ON_MODERN},
    {"the table goes over RAM's end", table_over_ram_end, REFUSED, ON_ANY | ON_MODERN},
    {"the available ring goes over RAM's end", available_over_ram_end, REFUSED, ON_ANY | ON_MODERN},
    {"the used ring goes over RAM's end", used_over_ram_end, REFUSED, ON_ANY | ON_MODERN},
    {"the table overflows 64 bits", table_wraps, REFUSED, ON_ANY | ON_MODERN},
    {"the available ring overflows 64 bits", available_wraps, REFUSED, ON_ANY | ON_MODERN},
    {"the used ring overflows 64 bits", used_wraps, REFUSED, ON_ANY | ON_MODERN},
    {"the queue's page is a device", page_of_device, REFUSED, ON_ANY | ON_LEGACY},
    {"the queue's page is RAM's last", page_is_last, REFUSED, ON_ANY | ON_LEGACY},
    {"pages have no size", page_size_is_zero, REFUSED, ON_ANY | ON_LEGACY},
    {"page number and size are greatest", pages_are_greatest, REFUSED, ON_ANY | ON_LEGACY},
    {"the alignment is 0", align_is_zero, REFUSED, ON_ANY | ON_LEGACY},
    {"the alignment is 3", align_is_three, REFUSED, ON_ANY | ON_LEGACY},
    {"the alignment is 2^31", align_is_greatest, REFUSED, ON_ANY | ON_LEGACY},
    {"the used ring lies on the table", used_on_table, IGNORED, ON_ANY | ON_MODERN},
    {"the used ring lies on the available ring", used_on_available, IGNORED, ON_ANY | ON_MODERN},
    {"the used ring feeds the available ring", used_feeds_available, IGNORED, ON_ANY | ON_MODERN},
    {"the device writes its table", data_on_table, IGNORED, ON_DISK | ON_ENTROPY | ON_BOTH},
    {"the device writes its available ring", data_on_available, IGNORED, ON_DISK | ON_ENTROPY | ON_BOTH},
    {"the device writes its used ring", data_on_used, IGNORED, ON_DISK | ON_ENTROPY | ON_BOTH},
    {0, 0, IGNORED, 0},
};
