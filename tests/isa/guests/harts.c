// SPDX-License-Identifier: MIT
// lr and sc of two harts: what one does between the other's lr and sc. Hart 0 makes each lr and sc; its code
// asks hart 1 for one thing at a time and waits until it is done. Unprivileged spec 14.2; RELIABILITY.md 3.
// Our harts run in turn, and no reservation outlives its turn: a hart that waited for another has none. The
// architecture permits that; what it asks for is that loops of lr and sc lose nothing, and here both harts
// run them at once.
//
// harts: 2
#include "kit.h"

#define LOST_WITH_THE_TURN "14.2: may fail; ours does not outlive its turn"
#define SAME_VALUE "14.2: must fail; QEMU 7.2 looks at the value alone"
enum { ROUNDS = 3000 };

// Not in .bss, which hart 0 clears while hart 1 waits.
static volatile u64 asked __attribute__((section(".data"))), done __attribute__((section(".data")));
static volatile u64 words[2][512] __attribute__((aligned(4096), section(".data")));
static volatile u64 seen;  // by hart 1

static u64 load_reserved(volatile u64* at) {
  u64 value;
  asm volatile("lr.d %0, (%1)" : "=r"(value) : "r"(at) : "memory");
  return value;
}
static u64 store_conditional(volatile u64* at, u64 value) {
  u64 failed;
  asm volatile("sc.d %0, %1, (%2)" : "=&r"(failed) : "r"(value), "r"(at) : "memory");
  return failed;
}
// A constrained loop (14.3), which has to get through.
static void add(volatile u64* at, u64 value) {
  u64 old;
  asm volatile("1: lr.d %0, (%1); add %0, %0, %2; sc.d %0, %0, (%1); bnez %0, 1b"
               : "=&r"(old)
               : "r"(at), "r"(value)
               : "memory");
}
static void add_word(volatile u32* at, u64 value) {
  u64 old;
  asm volatile("1: lr.w %0, (%1); add %0, %0, %2; sc.w %0, %0, (%1); bnez %0, 1b"
               : "=&r"(old)
               : "r"(at), "r"(value)
               : "memory");
}

// --- What hart 1 does
static void nothing(void) {}
static void store(void) { words[0][0] = 6; }
static void store_same(void) { words[0][0] = 5; }
static void store_byte(void) { *(volatile uint8_t*)words[0] = 6; }
static void store_and_restore(void) { words[0][0] = 6, words[0][0] = 5; }
static void amo(void) { asm volatile("amoadd.d zero, %0, (%1)" : : "r"((u64)1), "r"(words[0]) : "memory"); }
static void pair(void) { add(words[0], 1); }
static void load(void) { seen = words[0][0]; }
static void reserve(void) { seen = load_reserved(words[0]); }
static void store_elsewhere(void) { words[1][0] = 6; }
static void pair_elsewhere(void) { add(words[1], 1); }
// Hart 0's reservation is none of hart 1's.
static void conditional_without(void) { seen = store_conditional(words[0], 9); }
static void conditional_elsewhere(void) { load_reserved(words[1]), seen = store_conditional(words[0], 9); }

static const struct {
  const char* name;
  void (*act)(void);
  u64 value;            // of the word, behind it
  int must_fail;        // hart 0's sc, for any hart
  int hart1_must_fail;  // hart 1's own
} acts[] = {
    {"nothing", nothing, 5, 0, 0},
    {"store", store, 6, 1, 0},
    {"store of a byte", store_byte, 6, 1, 0},
    {"amoadd", amo, 6, 1, 0},
    {"lr and sc", pair, 6, 1, 0},
    {"load", load, 5, 0, 0},
    {"lr", reserve, 5, 0, 0},
    {"store elsewhere", store_elsewhere, 5, 0, 0},
    {"lr and sc elsewhere", pair_elsewhere, 5, 0, 0},
    {"sc without lr", conditional_without, 5, 0, 1},
    {"lr elsewhere, sc", conditional_elsewhere, 5, 0, 1},
    {"store of the same", store_same, 5, 2, 0},
    {"store and its opposite", store_and_restore, 5, 2, 0},
};
enum { ACTS = sizeof acts / sizeof *acts, ADD = ACTS + 1, ADD_WORDS, ADD_BY_AMO };

static void at_once(u64 what) {
  for (unsigned i = 0; i < ROUNDS; i++) {
    if (what == ADD) add(words[0], 1);
    if (what == ADD_WORDS) add_word((volatile u32*)words[0] + 1, 1);  // beside that of hart 0
    if (what == ADD_BY_AMO) amo();
  }
}

// Where start.S sends hart 1.
static char stack[4096] __attribute__((aligned(16), section(".data"), used));
asm(".globl other_hart\n other_hart: la sp, stack + 4096\n j second");
__attribute__((used)) void second(void) {
  for (u64 next = 1;; next++) {
    while (asked == 0) {
    }
    const u64 what = asked;
    asked = 0;
    asm volatile("fence" : : : "memory");
    if (what <= ACTS)
      acts[what - 1].act();
    else
      at_once(what);
    asm volatile("fence" : : : "memory");
    done = next;
  }
}

// lr; ask hart 1; wait; sc. Hart 1 counts in `done`.
static void between(unsigned mode, unsigned i) {
  const u64 before = done;
  words[0][0] = 5, words[1][0] = 5, seen = 0;
  f.x[A0] = (u64)words[0], f.x[A1] = 7, f.x[A4] = (u64)&asked, f.x[A5] = i + 1, f.x[A6] = (u64)&done,
  f.x[A7] = before;
  code(LR_D(A2, A0), SD(A5, A4, 0), LD(T0, A6, 0), BEQ(T0, A7, -4), SC_D(A3, A1, A0), LD(T1, A0, 0)),
      run(mode), RAN(6);
  CHECK(f.x[A2], 5), CHECK(done, before + 1);
  if (acts[i].must_fail == 1)
    CHECK(f.x[A3], 1);
  else if (acts[i].must_fail == 2)
    CHECK_CHOICE(f.x[A3], 1, 0, SAME_VALUE);
  else
    CHECK_CHOICE(f.x[A3], 1, 0, LOST_WITH_THE_TURN);
  CHECK(f.x[T1], f.x[A3] ? acts[i].value : 7), CHECK(words[0][0], f.x[T1]);
  if (acts[i].hart1_must_fail) CHECK(seen, 1);
}

// Neither hart's additions are lost.
static void both(u64 what) {
  const u64 before = done;
  words[0][0] = 0;
  asm volatile("fence" : : : "memory");
  asked = what;
  if (what == ADD_WORDS)
    for (unsigned i = 0; i < ROUNDS; i++) add_word((volatile u32*)words[0], 1);
  else
    for (unsigned i = 0; i < ROUNDS; i++) add(words[0], 1);
  while (done == before) {
  }
  asm volatile("fence" : : : "memory");
  CHECK(words[0][0], what == ADD_WORDS ? (u64)ROUNDS << 32 | ROUNDS : 2 * ROUNDS);
}

int main(void) {
  fresh();
  for (unsigned mode = USER; mode <= MACHINE; mode += mode == SUPERVISOR ? 2 : 1)
    for (unsigned i = 0; i < ACTS; i++) note(acts[i].name, mode), between(mode, i);
  for (u64 what = ADD; what <= ADD_BY_AMO; what++) note("both", what), both(what);
  return 0;
}
