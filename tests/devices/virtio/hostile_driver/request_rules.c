// SPDX-License-Identifier: MIT
// Requests that no driver may make of its kind of device (virtio 1.2, sections 5.2 to 5.4).
#include "rules.h"

enum { READ = 0, WRITE = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IO_ERROR = 1, UNSUPPORTED = 2 };
#define F_DISCARD (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)
#define CAPACITY 64u  // sectors of each disk

// A disk's request; `status` is what it must answer.
static enum outcome request(const struct slot* s, uint32_t type, uint64_t sector, uint32_t size, uint8_t status) {
  good(s);
  buffers.header.type = type;
  buffers.header.sector = sector;
  queue.table[1].size = size;
  if (type == WRITE || type == DISCARD || type == WRITE_ZEROES) queue.table[1].flags = NEXT;
  offer(0);
  notify(s);
  const enum outcome seen = outcome(s, 1);
  if (seen == SERVED && buffers.status != status) return BROKEN_PROMISE;
  for (unsigned i = 0; i < sizeof buffers.guard; ++i)
    if (buffers.guard[i] != UNTOUCHED) return BROKEN_PROMISE;
  return seen;
}
static enum outcome request_anew(const struct slot* s, uint32_t type, uint64_t sector, uint32_t size, uint8_t status) {
  start(s, 0);
  return request(s, type, sector, size, status);
}

static enum outcome read_at_end(const struct slot* s) { return request_anew(s, READ, CAPACITY, 512, IO_ERROR); }
static enum outcome read_over_end(const struct slot* s) { return request_anew(s, READ, CAPACITY - 1, 1024, IO_ERROR); }
static enum outcome read_at_greatest(const struct slot* s) { return request_anew(s, READ, ~0ull, 512, IO_ERROR); }
static enum outcome read_wraps(const struct slot* s) { return request_anew(s, READ, 1ull << 55, 512, IO_ERROR); }
static enum outcome read_wraps_at_end(const struct slot* s) { return request_anew(s, READ, (1ull << 55) - 1, 1024, IO_ERROR); }
static enum outcome read_odd(const struct slot* s) { return request_anew(s, READ, 1, 511, IO_ERROR); }
static enum outcome write_over_end(const struct slot* s) { return request_anew(s, WRITE, CAPACITY - 1, 1024, IO_ERROR); }
static enum outcome write_wraps(const struct slot* s) { return request_anew(s, WRITE, 1ull << 55, 512, IO_ERROR); }
static enum outcome write_odd(const struct slot* s) { return request_anew(s, WRITE, 1, 100, IO_ERROR); }
static enum outcome write_read_only(const struct slot* s) { return request_anew(s, WRITE, 1, 512, IO_ERROR); }
static enum outcome unknown(const struct slot* s) { return request_anew(s, 0xffffffff, 1, 512, UNSUPPORTED); }
static enum outcome discard_not_agreed(const struct slot* s) { return request_anew(s, DISCARD, 0, 16, UNSUPPORTED); }
static enum outcome zeroes_not_agreed(const struct slot* s) { return request_anew(s, WRITE_ZEROES, 0, 16, UNSUPPORTED); }

// A range to erase.
static enum outcome erase(const struct slot* s, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags, uint32_t size, uint8_t status) {
  start(s, F_DISCARD | F_WRITE_ZEROES);
  *(volatile uint64_t*)buffers.data = sector;
  *(volatile uint32_t*)(buffers.data + 8) = sectors;
  *(volatile uint32_t*)(buffers.data + 12) = flags;
  return request(s, type, 0, size, status);
}
static enum outcome erase_half(const struct slot* s) { return erase(s, DISCARD, 0, 1, 0, 8, IO_ERROR); }
static enum outcome erase_two(const struct slot* s) { return erase(s, DISCARD, 0, 1, 0, 32, IO_ERROR); }
static enum outcome erase_over_end(const struct slot* s) { return erase(s, DISCARD, CAPACITY - 1, 2, 0, 16, IO_ERROR); }
static enum outcome erase_wraps(const struct slot* s) { return erase(s, DISCARD, ~0ull, 2, 0, 16, IO_ERROR); }
static enum outcome erase_too_much(const struct slot* s) { return erase(s, WRITE_ZEROES, 0, 0xffffffff, 0, 16, IO_ERROR); }
static enum outcome erase_with_flags(const struct slot* s) { return erase(s, DISCARD, 0, 1, 1, 16, UNSUPPORTED); }
static enum outcome zeroes_with_flags(const struct slot* s) { return erase(s, WRITE_ZEROES, 0, 1, 0x80000000, 16, UNSUPPORTED); }

static enum outcome offered(const struct slot* s) {
  offer(0);
  notify(s);
  return outcome(s, 1);
}
static enum outcome short_header(const struct slot* s) {
  start(s, 0);
  good(s);
  queue.table[0].size = 15;
  return offered(s);
}
static enum outcome no_header(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 512, DEVICE_WRITES, 0);
  return offered(s);
}
static enum outcome no_status(const struct slot* s) {
  start(s, 0);
  good(s);
  queue.table[0].flags = 0;
  return offered(s);
}
static enum outcome empty_status(const struct slot* s) {
  start(s, 0);
  buffers.header.type = WRITE;
  describe(0, (uintptr_t)&buffers.header, 16, NEXT, 1);
  describe(1, (uintptr_t)&buffers.status, 0, DEVICE_WRITES, 0);
  return offered(s);
}
static enum outcome empty_chain(const struct slot* s) {
  start(s, 0);
  describe(0, 0, 0, 0, 0);
  return offered(s);
}
// Answers on the request itself: it was read before.
static enum outcome answer_on_header(const struct slot* s) {
  start(s, 0);
  good(s);
  queue.table[1].address = (uintptr_t)&buffers.header;
  queue.table[2].address = (uintptr_t)&buffers.header;
  const enum outcome seen = offered(s);
  return ((volatile uint8_t*)&buffers.header)[0] == OK ? seen : BROKEN_PROMISE;
}
static enum outcome one_chain_eight_times(const struct slot* s) {
  start(s, 0);
  good(s);
  for (unsigned i = 0; i < SIZE; ++i) offer(0);
  notify(s);
  return outcome(s, SIZE);
}

// The console and the entropy device: buffers of the wrong direction.
static enum outcome wrong_direction(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 64, s->id == CONSOLE ? DEVICE_WRITES : 0, 0);
  const enum outcome seen = offered(s);
  for (unsigned i = 0; i < 64; ++i)
    if (buffers.data[i] != UNTOUCHED) return BROKEN_PROMISE;
  return queue.used.done[0].written == 0 ? seen : BROKEN_PROMISE;
}
static enum outcome input_to_read(const struct slot* s) {
  reset(s);
  acknowledge(s);
  agree(s, F_VERSION_1);
  place(s, 0);
  go(s);
  describe(0, (uintptr_t)buffers.data, 64, 0, 0);
  offer(0);
  out(s, QUEUE_NOTIFY, 0);
  return outcome(s, 1);
}
// More than the device gives at a time.
static enum outcome much_entropy(const struct slot* s) {
  start(s, 0);
  describe(0, RAM_END - (16 << 20), 16 << 20, DEVICE_WRITES, 0);
  const enum outcome seen = offered(s);
  return queue.used.done[0].written <= 16 << 20 && queue.used.done[0].written > 0 ? seen : BROKEN_PROMISE;
}

const struct rule request_rules[] = {
    {"a read behind the end", read_at_end, SERVED, ON_DISK | ON_BOTH},
    {"a read over the end", read_over_end, SERVED, ON_DISK | ON_BOTH},
    {"a read at the greatest sector", read_at_greatest, SERVED, ON_DISK | ON_BOTH},
    {"a read whose place overflows", read_wraps, SERVED, ON_DISK | ON_BOTH},
    {"a read whose end overflows", read_wraps_at_end, SERVED, ON_DISK | ON_BOTH},
    {"a read of no whole sector", read_odd, SERVED, ON_DISK | ON_BOTH},
    {"a write over the end", write_over_end, SERVED, ON_DISK | ON_BOTH},
    {"a write whose place overflows", write_wraps, SERVED, ON_DISK | ON_BOTH},
    {"a write of no whole sector", write_odd, SERVED, ON_DISK | ON_BOTH},
    {"a write to what is read-only", write_read_only, SERVED, ON_READ_ONLY | ON_BOTH},
    {"a request of no kind", unknown, SERVED, ON_DISK | ON_BOTH},
    {"a discard that was not agreed", discard_not_agreed, SERVED, ON_DISK | ON_BOTH},
    {"write-zeroes that was not agreed", zeroes_not_agreed, SERVED, ON_DISK | ON_BOTH},
    {"a range of half its size", erase_half, SERVED, ON_DISK | ON_BOTH},
    {"two ranges where one is the most", erase_two, SERVED, ON_DISK | ON_BOTH},
    {"a range over the end", erase_over_end, SERVED, ON_DISK | ON_BOTH},
    {"a range that overflows", erase_wraps, SERVED, ON_DISK | ON_BOTH},
    {"a range of too many sectors", erase_too_much, SERVED, ON_DISK | ON_BOTH},
    {"a discard with flags", erase_with_flags, SERVED, ON_DISK | ON_BOTH},
    {"write-zeroes with flags", zeroes_with_flags, SERVED, ON_DISK | ON_BOTH},
    {"a header of 15 bytes", short_header, REFUSED, ON_DISK | ON_BOTH},
    {"no header", no_header, REFUSED, ON_DISK | ON_BOTH},
    {"no status", no_status, REFUSED, ON_DISK | ON_BOTH},
    {"a status of no byte", empty_status, REFUSED, ON_DISK | ON_BOTH},
    {"a chain of nothing", empty_chain, REFUSED, ON_DISK | ON_BOTH},
    {"a chain of nothing", empty_chain, SERVED, ON_CONSOLE | ON_ENTROPY | ON_BOTH},
    {"the answer lies on the request", answer_on_header, SERVED, ON_DISK | ON_BOTH},
    {"one chain is offered eight times", one_chain_eight_times, SERVED, ON_ANY | ON_BOTH},
    {"buffers of the wrong direction", wrong_direction, SERVED, ON_CONSOLE | ON_ENTROPY | ON_BOTH},
    {"a buffer for input that is to be read", input_to_read, IGNORED, ON_CONSOLE | ON_BOTH},
    {"16 MiB of chance", much_entropy, SERVED, ON_ENTROPY | ON_BOTH},
    {0, 0, IGNORED, 0},
};
