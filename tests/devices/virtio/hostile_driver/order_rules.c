// SPDX-License-Identifier: MIT
// The order of things (virtio 1.2, 2.1, 3.1.1, 4.2.2): features, queues and status at the wrong time, and what is changed while
// the device uses it.
#include "rules.h"

static enum outcome one(const struct slot* s) {
  offer(0);
  notify(s);
  return outcome(s, 1);
}

static enum outcome foreign_features(const struct slot* s) {
  reset(s);
  acknowledge(s);
  return agree(s, F_VERSION_1 | 1ull << 63) ? SERVED : REFUSED;
}
static enum outcome features_too_late(const struct slot* s) {
  start(s, 0);
  out(s, DRIVER_FEATURES_SEL, 0);
  out(s, DRIVER_FEATURES, (uint32_t)F_INDIRECT);
  describe(0, (uintptr_t)buffers.data, 16, INDIRECT, 0);
  return one(s);
}
static enum outcome nothing_placed(const struct slot* s) {
  start(s, 0);
  reset(s);
  acknowledge(s);
  agree(s, F_VERSION_1);
  go(s);
  return one(s);
}
static enum outcome notified_before_all(const struct slot* s) {
  start(s, 0);
  reset(s);
  good(s);
  return one(s);
}
static enum outcome notified_before_driver_ok(const struct slot* s) {
  reset(s);
  acknowledge(s);
  agree(s, F_VERSION_1);
  place(s, s->working);
  good(s);
  return one(s);
}
static enum outcome queue_before_features(const struct slot* s) {
  reset(s);
  acknowledge(s);
  place(s, s->working);
  agree(s, F_VERSION_1);
  go(s);
  good(s);
  return one(s);
}
static enum outcome foreign_queues(const struct slot* s) {
  start(s, 0);
  static const uint32_t numbers[] = {2, 7, 0xffff, 0x10000, 0x80000000, 0xffffffff};
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
    place_at(s, numbers[i], SIZE, RAM, RAM, RAM);
    out(s, QUEUE_NOTIFY, numbers[i]);
    if (in(s, QUEUE_NUM_MAX) != 0) return BROKEN_PROMISE;
  }
  return outcome(s, 1);
}
// What is written of a ready queue counts from the next time that it becomes ready.
static enum outcome moved_while_ready(const struct slot* s) {
  start(s, 0);
  good(s);
  out(s, QUEUE_SEL, s->working);
  out(s, QUEUE_DESC, (uint32_t)UART);
  out(s, QUEUE_DRIVER, (uint32_t)UART);
  out(s, QUEUE_DEVICE, (uint32_t)UART);
  out(s, QUEUE_NUM, 1);
  out(s, QUEUE_READY, 1);
  return one(s);
}
static enum outcome taken_away(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  out(s, QUEUE_SEL, s->working);
  out(s, s->legacy ? QUEUE_PFN : QUEUE_READY, 0);
  return outcome(s, 1);
}
static enum outcome reset_in_use(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  reset(s);
  const enum outcome seen = outcome(s, 1);
  for (unsigned i = 0; i < sizeof buffers.data; ++i)
    if (buffers.data[i] != UNTOUCHED) return BROKEN_PROMISE;
  return buffers.status != UNTOUCHED || in(s, STATUS) != 0 ? BROKEN_PROMISE : seen;
}
// The queue is back at once, as it was, but behind DRIVER_OK, which would ring for it: nobody does.
static enum outcome reset_forgets_the_bell(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  reset(s);
  acknowledge(s);
  agree(s, s->legacy ? 0 : F_VERSION_1);
  go(s);
  place_at(s, s->working, SIZE, (uintptr_t)queue.table, (uintptr_t)&queue.available, (uintptr_t)&queue.used);
  return outcome(s, 1);
}
static enum outcome descriptor_changed_in_use(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  queue.table[1].address = UART;
  return outcome(s, 1);
}
static enum outcome index_changed_in_use(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  queue.available.index = 1000;
  return outcome(s, 1000);
}
// Every request that is seen has its answer: the second is what stands there when the device looks.
static enum outcome header_changed_in_use(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  notify(s);
  buffers.header.type = 0xffff;
  const enum outcome seen = outcome(s, 1);
  return buffers.status == 2 ? seen : BROKEN_PROMISE;
}
static enum outcome needs_reset_by_driver(const struct slot* s) {
  start(s, 0);
  out(s, STATUS, in(s, STATUS) | NEEDS_RESET);
  good(s);
  return one(s);
}
static enum outcome ring_a_thousand_times(const struct slot* s) {
  start(s, 0);
  describe(0, (uintptr_t)buffers.data, 16, NEXT, 0);
  offer(0);
  for (unsigned i = 0; i < 1000; ++i) notify(s);
  return outcome(s, 1);
}
static enum outcome goes_on_when_broken(const struct slot* s) {
  ring_a_thousand_times(s);
  out(s, INTERRUPT_ACK, 1);  // not the change of configuration
  place(s, s->working);
  go(s);
  good(s);
  return one(s);
}
// Broken by a request, not by the queue, which goes on behind it.
static enum outcome asks_on_when_broken(const struct slot* s) {
  start(s, 0);
  good(s);
  describe(3, (uintptr_t)&buffers.status, 1, DEVICE_WRITES, 0);  // no header
  offer(3);
  notify(s);
  if (outcome(s, 1) != REFUSED) return BROKEN_PROMISE;
  offer(0);
  notify(s);
  for (unsigned i = 0; i < 4000; ++i) (void)in(s, STATUS);
  return queue.used.index == 0 ? REFUSED : SERVED;
}
// Whoever writes down each offence writes a lot.
static enum outcome broken_a_thousand_times(const struct slot* s) {
  enum outcome seen = BROKEN_PROMISE;
  for (unsigned i = 0; i < 1000; ++i) {
    start(s, 0);
    good(s);
    seen = (offer(SIZE), notify(s), outcome(s, 1));
    if (seen != REFUSED) return seen;
  }
  return seen;
}
static enum outcome acknowledges_what_was_not(const struct slot* s) {
  start(s, 0);
  out(s, INTERRUPT_ACK, 0xffffffff);
  return outcome(s, 1);
}
static enum outcome other_widths(const struct slot* s) {
  start(s, 0);
  good(s);
  offer(0);
  for (uint32_t at = 0; at < CONFIG; at += 8) {
    *(volatile uint8_t*)(s->at + at) = 0;
    *(volatile uint16_t*)(s->at + at) = 0;
    *(volatile uint64_t*)(s->at + at) = 0;
    if (*(volatile uint8_t*)(s->at + at) | *(volatile uint16_t*)(s->at + at)) return BROKEN_PROMISE;
    if (*(volatile uint64_t*)(s->at + at)) return BROKEN_PROMISE;
  }
  notify(s);
  return outcome(s, 1);
}
static enum outcome every_register(const struct slot* s) {
  uint64_t random = 1;
  for (unsigned round = 0; round < 20; ++round)
    for (uint32_t at = 0; at < 0x1000; at += 4) {
      if (s->id == CONSOLE && at == CONFIG + 8) continue;  // prints
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      out(s, at, (uint32_t)(random >> 32));
      (void)in(s, at);
    }
  for (unsigned i = 0; i < sizeof buffers.guard; ++i)
    if (buffers.guard[i] != UNTOUCHED) return BROKEN_PROMISE;
  return IGNORED;
}

const struct rule order_rules[] = {
    {"features that were not offered", foreign_features, REFUSED, ON_ANY | ON_MODERN},
    {"features are written too late", features_too_late, REFUSED, ON_ANY | ON_MODERN},
    {"no queue is placed", nothing_placed, IGNORED, ON_ANY | ON_BOTH},
    {"a notification before everything", notified_before_all, IGNORED, ON_ANY | ON_BOTH},
    {"a notification before DRIVER_OK", notified_before_driver_ok, IGNORED, ON_ANY | ON_MODERN},
    {"a queue before the features", queue_before_features, SERVED, ON_ANY | ON_BOTH},
    {"queues that are not there", foreign_queues, IGNORED, ON_ANY | ON_BOTH},
    {"a queue is moved while it is ready", moved_while_ready, SERVED, ON_ANY | ON_MODERN},
    {"a queue is taken away in use", taken_away, IGNORED, ON_DISK | ON_BOTH},
    {"a reset in use", reset_in_use, IGNORED, ON_DISK | ON_BOTH},
    {"a reset in use, and all as before", reset_forgets_the_bell, IGNORED, ON_DISK | ON_BOTH},
    {"a descriptor is changed in use", descriptor_changed_in_use, REFUSED, ON_DISK | ON_BOTH},
    {"the available index is changed in use", index_changed_in_use, REFUSED, ON_DISK | ON_BOTH},
    {"a header is changed in use", header_changed_in_use, SERVED, ON_DISK | ON_BOTH},
    {"the driver sets NEEDS_RESET", needs_reset_by_driver, SERVED, ON_ANY | ON_BOTH},
    {"a broken queue is rung a thousand times", ring_a_thousand_times, REFUSED, ON_ANY | ON_BOTH},
    {"the driver goes on without a reset", goes_on_when_broken, REFUSED, ON_ANY | ON_BOTH},
    {"another request behind one that broke the device", asks_on_when_broken, REFUSED, ON_DISK | ON_BOTH},
    {"a device is broken a thousand times", broken_a_thousand_times, REFUSED, ON_ANY | ON_BOTH},
    {"interrupts are acknowledged that were not", acknowledges_what_was_not, IGNORED, ON_ANY | ON_BOTH},
    {"registers in other widths than theirs", other_widths, SERVED, ON_ANY | ON_BOTH},
    {"all registers are written at random", every_register, IGNORED, ON_ANY | ON_BOTH},
    {0, 0, IGNORED, 0},
};
