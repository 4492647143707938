// SPDX-License-Identifier: MIT
// Chains that no driver may make (virtio 1.2, 2.7.5). A device looks at a whole chain before it does anything, so these are
// for every kind of device.
#include "rules.h"

static struct descriptor indirect[SIZE + 1] __attribute__((aligned(16))), inner[SIZE] __attribute__((aligned(16)));

static enum outcome offered(const struct slot* s, unsigned head) {
  offer(head);
  notify(s);
  return outcome(s, 1);
}

// One buffer of the device's own direction that lies wrong, behind what else the request needs.
static enum outcome buffer(const struct slot* s, uint64_t address, uint32_t size) {
  start(s, 0);
  good(s);
  const unsigned which = s->id == DISK ? 1 : 0;
  queue.table[which].address = address;
  queue.table[which].size = size;
  return offered(s, 0);
}

static enum outcome loops_to_itself(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 16, NEXT, 0);
  return offered(s, 0);
}
static enum outcome loops_through_all(const struct slot* s) {
  start(s, 0);
  for (unsigned i = 0; i < SIZE; ++i) describe(i, (uintptr_t)buffers.data, 16, NEXT, (i + 1) % SIZE);
  return offered(s, 3);
}
static enum outcome loops_without_bytes(const struct slot* s) {
  start(s, 0);
  describe(0, 0, 0, NEXT, 1);
  describe(1, 0, 0, NEXT, 0);
  return offered(s, 0);
}
static enum outcome next_beyond_table(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 16, NEXT, SIZE);
  return offered(s, 0);
}
static enum outcome next_far_beyond_table(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 16, NEXT, 0xffff);
  return offered(s, 0);
}
static enum outcome head_beyond_table(const struct slot* s) {
  start(s, 0);
  good(s);
  return offered(s, SIZE);
}
static enum outcome index_runs_ahead(const struct slot* s) {
  start(s, 0);
  good(s);
  queue.available.index = SIZE + 1;
  notify(s);
  return outcome(s, SIZE + 1);
}
static enum outcome index_runs_back(const struct slot* s) {
  start(s, 0);
  good(s);
  queue.available.index = 0xffff;
  notify(s);
  return outcome(s, 0xffff);
}
static enum outcome reads_behind_writes(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)&buffers.header, 16, NEXT, 1);
  describe(1, (uintptr_t)buffers.data, 512, NEXT | DEVICE_WRITES, 2);
  describe(2, (uintptr_t)buffers.data + 512, 512, NEXT, 3);
  describe(3, (uintptr_t)&buffers.status, 1, DEVICE_WRITES, 0);
  return offered(s, 0);
}

static enum outcome buffer_below_ram(const struct slot* s) { return buffer(s, RAM - 8, 16); }
static enum outcome buffer_over_ram_end(const struct slot* s) { return buffer(s, RAM_END - 8, 16); }
static enum outcome buffer_behind_ram(const struct slot* s) { return buffer(s, RAM_END, 1); }
static enum outcome buffer_at_zero(const struct slot* s) { return buffer(s, 0, 512); }
static enum outcome buffer_nowhere(const struct slot* s) { return buffer(s, NOWHERE, 512); }
static enum outcome buffer_wraps(const struct slot* s) { return buffer(s, ~0ull - 7, 512); }
static enum outcome buffer_wraps_into_ram(const struct slot* s) { return buffer(s, ~0ull - 0x7fffffff, 0xffffffff); }
static enum outcome buffer_is_longest(const struct slot* s) { return buffer(s, (uintptr_t)buffers.data, 0xffffffff); }
static enum outcome buffer_in_uart(const struct slot* s) { return buffer(s, UART, 1); }
static enum outcome buffer_in_finisher(const struct slot* s) { return buffer(s, FINISHER, 4); }
static enum outcome buffer_in_clint(const struct slot* s) { return buffer(s, CLINT, 4); }
static enum outcome buffer_in_plic(const struct slot* s) { return buffer(s, PLIC, 4); }
static enum outcome buffer_in_own_registers(const struct slot* s) { return buffer(s, (uintptr_t)s->at + STATUS, 4); }

// Each buffer is in RAM; together they are more than there is.
static enum outcome more_bytes_than_ram(const struct slot* s) {
  start(s, 0);
  for (unsigned i = 0; i < SIZE; ++i)
    describe(i, RAM, (uint32_t)RAM_SIZE, DEVICE_WRITES | (i + 1 < SIZE ? NEXT : 0), i + 1);
  return offered(s, 0);
}

static enum outcome indirect_chain(const struct slot* s, uint64_t features, uint64_t address, uint32_t size, unsigned flags) {
  start(s, features);
  describe(0, address, size, INDIRECT | flags, 1);
  describe(1, (uintptr_t)buffers.data, 64, 0, 0);
  return offered(s, 0);
}
static enum outcome in_table(const struct slot* s, unsigned flags, unsigned next) {
  indirect[0] = (struct descriptor){(uintptr_t)buffers.data, 16, (uint16_t)flags, (uint16_t)next};
  indirect[1] = indirect[0];
  return indirect_chain(s, F_INDIRECT, (uintptr_t)indirect, 32, 0);
}
static enum outcome indirect_not_agreed(const struct slot* s) { return indirect_chain(s, 0, (uintptr_t)indirect, 32, 0); }
static enum outcome indirect_and_next(const struct slot* s) { return indirect_chain(s, F_INDIRECT, (uintptr_t)indirect, 32, NEXT); }
static enum outcome indirect_empty(const struct slot* s) { return indirect_chain(s, F_INDIRECT, (uintptr_t)indirect, 0, 0); }
static enum outcome indirect_odd_size(const struct slot* s) { return indirect_chain(s, F_INDIRECT, (uintptr_t)indirect, 40, 0); }
static enum outcome indirect_over_ram_end(const struct slot* s) { return indirect_chain(s, F_INDIRECT, RAM_END - 16, 32, 0); }
static enum outcome indirect_in_device(const struct slot* s) { return indirect_chain(s, F_INDIRECT, UART, 16, 0); }
static enum outcome indirect_longest(const struct slot* s) { return indirect_chain(s, F_INDIRECT, RAM, 0xfffffff0, 0); }
// Tables of a good request: but for the rule that is broken, it would be served.
static void copy_good(const struct slot* s, struct descriptor* table, unsigned from) {
  const unsigned many = good(s);
  for (unsigned i = 0; i < many; ++i) {
    table[from + i] = queue.table[i];
    table[from + i].next = (uint16_t)(from + i + 1);
  }
}
static enum outcome indirect_in_indirect(const struct slot* s) {
  start(s, F_INDIRECT);
  const unsigned many = good(s);
  copy_good(s, inner, 0);
  indirect[0] = (struct descriptor){(uintptr_t)inner, 16 * many, INDIRECT, 0};
  describe(0, (uintptr_t)indirect, 16, INDIRECT, 0);
  return offered(s, 0);
}
// No loop: an indirect table has room for it.
static enum outcome longer_than_queue(const struct slot* s) {
  start(s, F_INDIRECT);
  const unsigned before = SIZE + 1 - good(s);
  for (unsigned i = 0; i < before; ++i) indirect[i] = (struct descriptor){0, 0, NEXT, (uint16_t)(i + 1)};
  copy_good(s, indirect, before);
  describe(0, (uintptr_t)indirect, sizeof indirect, INDIRECT, 0);
  return offered(s, 0);
}
static enum outcome indirect_loops(const struct slot* s) { return in_table(s, NEXT, 0); }
static enum outcome indirect_next_beyond(const struct slot* s) { return in_table(s, NEXT, 2); }

const struct rule chain_rules[] = {
    {"a descriptor is its own next", loops_to_itself, REFUSED, ON_ANY | ON_BOTH},
    {"a chain goes round through the whole table", loops_through_all, REFUSED, ON_ANY | ON_BOTH},
    {"a loop names no byte", loops_without_bytes, REFUSED, ON_ANY | ON_BOTH},
    {"next is the first index beyond the table", next_beyond_table, REFUSED, ON_ANY | ON_BOTH},
    {"next is 65535", next_far_beyond_table, REFUSED, ON_ANY | ON_BOTH},
    {"a head is beyond the table", head_beyond_table, REFUSED, ON_ANY | ON_BOTH},
    {"the available index is one more than the queue has", index_runs_ahead, REFUSED, ON_ANY | ON_BOTH},
    {"the available index goes back", index_runs_back, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer to read stands behind one to write", reads_behind_writes, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer begins below RAM", buffer_below_ram, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer goes over RAM's end", buffer_over_ram_end, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer begins at RAM's end", buffer_behind_ram, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is at address 0", buffer_at_zero, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is where nothing is", buffer_nowhere, REFUSED, ON_ANY | ON_BOTH},
    {"address and length overflow 64 bits", buffer_wraps, REFUSED, ON_ANY | ON_BOTH},
    {"address and length overflow into RAM", buffer_wraps_into_ram, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer has the greatest length", buffer_is_longest, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is the UART", buffer_in_uart, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is the finisher", buffer_in_finisher, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is the CLINT", buffer_in_clint, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is the PLIC", buffer_in_plic, REFUSED, ON_ANY | ON_BOTH},
    {"a buffer is the device's own status", buffer_in_own_registers, REFUSED, ON_ANY | ON_BOTH},
    {"buffers are together more than RAM", more_bytes_than_ram, REFUSED, ON_ANY | ON_BOTH},
    {"indirect was not agreed", indirect_not_agreed, REFUSED, ON_ANY | ON_BOTH},
    {"indirect has a next one", indirect_and_next, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table is empty", indirect_empty, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table has half a descriptor", indirect_odd_size, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table goes over RAM's end", indirect_over_ram_end, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table is a device", indirect_in_device, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table is longer than RAM", indirect_longest, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table has an indirect descriptor", indirect_in_indirect, REFUSED, ON_ANY | ON_BOTH},
    {"a chain without a loop is longer than the queue", longer_than_queue, REFUSED, ON_ANY | ON_BOTH},
    {"an indirect table goes round", indirect_loops, REFUSED, ON_ANY | ON_BOTH},
    {"next is beyond an indirect table", indirect_next_beyond, REFUSED, ON_ANY | ON_BOTH},
    {0, 0, IGNORED, 0},
};
