// SPDX-License-Identifier: MIT
// A guest whose drivers break every rule that a driver must keep, one by one, on each virtio device of the board. For each
// rule: the device answers what is right, the others work on, and after a reset it works as if nothing had been. Prints a
// line for each problem and a count; ends through the finisher, with 1 if there was one.
#include "rules.h"

enum { SLOTS = 8 };
static struct slot slots[SLOTS];
static unsigned count, rules, problems;

static void find(void) {
  for (unsigned i = 0; i < SLOTS; ++i) {
    struct slot* s = &slots[count];
    s->at = (volatile uint8_t*)(0x10001000ull + 0x1000 * i);
    s->id = in(s, MAGIC) == 0x74726976 ? in(s, DEVICE_ID) : 0;
    s->legacy = in(s, VERSION) == 1;
    s->working = s->id == CONSOLE ? 1 : 0;
    s->read_only = s->id == DISK && (in(s, DEVICE_FEATURES) & 1 << 5);
    if (s->id == DISK || s->id == CONSOLE || s->id == ENTROPY) ++count;
  }
}

static void problem(const struct slot* s, const struct rule* rule, const char* what) {
  ++problems;
  say("PROBLEM: slot at ");
  say_number((uintptr_t)s->at >> 12);
  say(", device ");
  say_number(s->id);
  say(": ");
  say(rule->name);
  say(": ");
  say(what);
  say("\n");
}

static int applies(const struct slot* s, const struct rule* rule) {
  const unsigned kind = s->read_only ? ON_READ_ONLY : s->id == DISK ? ON_DISK : s->id == CONSOLE ? ON_CONSOLE : ON_ENTROPY;
  return (rule->on & kind) && (rule->on & (s->legacy ? ON_LEGACY : ON_MODERN));
}

static void maltreat(const struct slot* s, const struct rule* rule) {
  static const char* const names[] = {"it was ignored", "it was served", "it was refused", "a promise was broken"};
  now_for = MALTREATED;
  const enum outcome seen = rule->breaks(s);
  if (seen != rule->answer) problem(s, rule, names[seen]);
  now_for = WITNESS;
  for (unsigned i = 0; i < count; ++i)
    if (&slots[i] != s && !works(&slots[i])) problem(&slots[i], rule, "another device works no more");
  now_for = MALTREATED;
  if (!works(s)) problem(s, rule, "it does not work after a reset");
  ++rules;
}

int main(void) {
  static const struct rule* const tables[] = {chain_rules, queue_rules, order_rules, request_rules};
  find();
  for (unsigned i = 0; i < count; ++i)
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; ++t)
      for (const struct rule* rule = tables[t]; rule->name; ++rule)
        if (applies(&slots[i], rule)) maltreat(&slots[i], rule);
  say("hostile driver: ");
  say_number(count);
  say(" devices, ");
  say_number(rules);
  say(" offences, ");
  say_number(problems);
  say(" problems\n");
  *(volatile uint32_t*)FINISHER = problems ? 1 << 16 | 0x3333 : 0x5555;
  for (;;) continue;
}
