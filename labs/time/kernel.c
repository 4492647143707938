// SPDX-License-Identifier: MIT
// A kernel that looks at the clock: it computes, it sleeps, and says how long that took. Parameters (boot arguments):
//
//   work=W    compute for 100 W instructions and a few
//   naps=N    then sleep N times, each time until a deadline
//   nap=U     the deadlines are U microseconds apart
//   stretch=F so many times as far apart
//   look=1    say something of what is random in the machine: the seed in the device tree
//
// `time` counts ticks of 1 / timebase-frequency seconds (10 MHz on the virt board: 10 ticks a microsecond).
#include "../shared/lab.h"

static uint64_t ticks_per_microsecond;
static volatile uint64_t interrupts;

static void set_timer(uint64_t when) { sbi_call(SBI_TIMER, 0, when, 0); }

static void __attribute__((interrupt("supervisor"), aligned(4))) trap(void) {
  const uint64_t cause = csr_read(scause);
  if (cause != (CAUSE_INTERRUPT | 5)) give_up("a trap, cause", cause);
  interrupts++;
  set_timer(~0UL);
}

// A loop of two instructions, from the beginning of a tick to the middle of another one: so the ticks between are exact.
static uint64_t compute(uint64_t hundreds) {
  uint64_t begin, end, rounds = 50 * hundreds + 25;
  asm volatile(
      "   csrr  %1, time     \n"
      "1: csrr  %0, time     \n"
      "   beq   %0, %1, 1b   \n"
      "2: addi  %2, %2, -1   \n"
      "   bnez  %2, 2b       \n"
      "   csrr  %1, time     \n"
      : "=&r"(begin), "=&r"(end), "+&r"(rounds));
  return end - begin;
}

static uint64_t latest;  // how late an interrupt was, in microseconds

// Interrupts are off while it sleeps: wfi ends when one is pending all the same (priv 3.3.3). They are let in for a moment.
static void sleep_until(uint64_t deadline) {
  set_timer(deadline);
  while (!(csr_read(sip) & SI_TIMER)) asm volatile("wfi");
  latest = larger(latest, (csr_read(time) - deadline) / ticks_per_microsecond);
  csr_set(sstatus, SSTATUS_SIE);
  csr_clear(sstatus, SSTATUS_SIE);
}

static void say_seed(const uint8_t* tree) {
  uint32_t length;
  const uint8_t* const seed = tree_property(tree, "chosen", "rng-seed", &length);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < length; i++) sum = 31 * sum + seed[i];
  put("the machine's seed adds up to "), put_hex(sum), put("\n");
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  uint32_t length;
  const uint8_t* const frequency = tree_property(tree, "cpus", "timebase-frequency", &length);
  if (length != 4) give_up("no timebase-frequency of four bytes, but", length);
  ticks_per_microsecond = ((uint64_t)frequency[0] << 24 | (uint64_t)frequency[1] << 16 | (uint64_t)frequency[2] << 8 | frequency[3]) / 1000000;
  csr_write(stvec, trap);
  csr_write(sie, SI_TIMER);

  report("elapsed", compute(parameter("work", 1)));

  const uint64_t naps = parameter("naps", 1);
  const uint64_t apart = parameter("nap", 1000) * parameter("stretch", 1) * ticks_per_microsecond;
  const uint64_t begin = csr_read(time), instructions = csr_read(instret);
  for (uint64_t i = 1; i <= naps; i++) sleep_until(begin + i * apart);
  const uint64_t executed = csr_read(instret) - instructions, slept = csr_read(time) - begin;
  report("slept", slept / ticks_per_microsecond);
  report("executed", executed);
  report("interrupts", interrupts);
  report("latest", latest);

  if (parameter("look", 0)) say_seed(tree);
  power_off();
}
