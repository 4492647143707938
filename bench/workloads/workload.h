// SPDX-License-Identifier: MIT
// What a workload is: a preparation that is not timed, a run that is, and a checksum that must be the same on
// every machine. table.c names all workloads; main.c runs one in a process, ../bare/main.c runs some without
// one. Read sieve.c next, the smallest.
#ifndef VITRINE_BENCH_WORKLOAD_H
#define VITRINE_BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

struct workload {
  const char* name;
  const char* family;
  uint64_t full_rounds;  // a run that the slowest engine measures well
  uint64_t
      quick_rounds;  // --quick: 300 to 500 million guest instructions where the interpreter does 400 a second
  void (*prepare)(void);
  // Does `rounds` equal pieces of work; the result depends on `rounds` and nothing else.
  uint64_t (*run)(uint64_t rounds);
};

extern const struct workload workloads[];
extern const size_t workload_count;

// From whoever runs the workload: memory that is zero and lives until the end, and the way out when something
// that cannot happen has happened.
void* need_memory(size_t bytes);
_Noreturn void give_up(const char* why);

// Marsaglia's xorshift64: numbers that are the same everywhere. The state must not be 0.
static inline uint64_t next_random(uint64_t* state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

// Folds one value into a checksum; order matters.
static inline uint64_t mix(uint64_t sum, uint64_t value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
  return sum ^ sum >> 29;
}

#endif
