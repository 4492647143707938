// SPDX-License-Identifier: MIT
// All workloads, one row each. The harness reads the rows too, so that nothing else names a workload; the
// families' means are taken over them.
#include "workload.h"

#define DECLARE(name)        \
  void name##_prepare(void); \
  uint64_t name##_run(uint64_t rounds);
DECLARE(sieve)
DECLARE(quicksort)
DECLARE(sha256)
DECLARE(lz)
DECLARE(bytecode)
DECLARE(fib)
DECLARE(strings)
DECLARE(int_matrix)
DECLARE(crc32)
DECLARE(division)
DECLARE(trees)
DECLARE(queens)
DECLARE(indirect)
void hash_large_prepare(void);
void hash_small_prepare(void);
uint64_t hash_run(uint64_t rounds);

// clang-format off
const struct workload workloads[] = {
  //                family      full quick
  {"sieve",        "integer",     75,   25, sieve_prepare,      sieve_run},
  {"quicksort",    "integer",     36,   12, quicksort_prepare,  quicksort_run},
  {"sha256",       "integer",    390,  130, sha256_prepare,     sha256_run},
  {"hash_large",   "integer",     90,   30, hash_large_prepare, hash_run},
  {"hash_small",   "integer",    750,  250, hash_small_prepare, hash_run},
  {"lz",           "integer",    150,   50, lz_prepare,         lz_run},
  {"bytecode",     "integer",    600,  200, bytecode_prepare,   bytecode_run},
  {"fib",          "integer",    150,   50, fib_prepare,        fib_run},
  {"strings",      "integer",    900,  300, strings_prepare,    strings_run},
  {"int_matrix",   "integer",     90,   30, int_matrix_prepare, int_matrix_run},
  {"crc32",        "integer",   2400,  800, crc32_prepare,      crc32_run},
  {"division",     "integer",    900,  300, division_prepare,   division_run},
  {"trees",        "integer",     60,   20, trees_prepare,      trees_run},
  {"queens",       "integer",    150,   50, queens_prepare,     queens_run},
  {"indirect",     "integer",    900,  300, indirect_prepare,   indirect_run},
};
// clang-format on
const size_t workload_count = sizeof workloads / sizeof *workloads;
