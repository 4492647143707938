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
DECLARE(nbody)
DECLARE(mandelbrot)
DECLARE(spectral)
DECLARE(fft)
DECLARE(fp_matrix)
DECLARE(lu)
DECLARE(getpid)
DECLARE(pipe)
DECLARE(fork_exit)
DECLARE(fork_exec)
DECLARE(mmap)
DECLARE(mprotect)
DECLARE(signal)
DECLARE(read_4k)
DECLARE(patch)
DECLARE(atomics)
DECLARE(files)
DECLARE(pipeline)
void hash_large_prepare(void);
void hash_small_prepare(void);
uint64_t hash_run(uint64_t rounds);

// clang-format off
const struct workload workloads[] = {
  // name, family, rounds, rounds with --quick
  {"sieve",       "integer",      75,    25, sieve_prepare, sieve_run},
  {"quicksort",   "integer",      51,    17, quicksort_prepare, quicksort_run},
  {"sha256",      "integer",     225,    75, sha256_prepare, sha256_run},
  {"hash_large",  "integer",      90,    30, hash_large_prepare, hash_run},
  {"hash_small",  "integer",     630,   210, hash_small_prepare, hash_run},
  {"lz",          "integer",     132,    44, lz_prepare, lz_run},
  {"bytecode",    "integer",      54,    18, bytecode_prepare, bytecode_run},
  {"fib",         "integer",     108,    36, fib_prepare, fib_run},
  {"strings",     "integer",     510,   170, strings_prepare, strings_run},
  {"int_matrix",  "integer",      81,    27, int_matrix_prepare, int_matrix_run},
  {"crc32",       "integer",    1650,   550, crc32_prepare, crc32_run},
  {"division",    "integer",    3000,  1000, division_prepare, division_run},
  {"trees",       "integer",      60,    20, trees_prepare, trees_run},
  {"queens",      "integer",     810,   270, queens_prepare, queens_run},
  {"indirect",    "integer",     900,   300, indirect_prepare, indirect_run},
  {"nbody",       "fp",          750,   250, nbody_prepare, nbody_run},
  {"mandelbrot",  "fp",          240,    80, mandelbrot_prepare, mandelbrot_run},
  {"spectral",    "fp",         3000,  1000, spectral_prepare, spectral_run},
  {"fft",         "fp",          540,   180, fft_prepare, fft_run},
  {"fp_matrix",   "fp",          165,    55, fp_matrix_prepare, fp_matrix_run},
  {"lu",          "fp",          390,   130, lu_prepare, lu_run},
  {"getpid",      "os",         1500,   500, getpid_prepare, getpid_run},
  {"pipe",        "os",          150,    50, pipe_prepare, pipe_run},
  {"fork_exit",   "os",         1500,   500, fork_exit_prepare, fork_exit_run},
  {"fork_exec",   "os",          480,   160, fork_exec_prepare, fork_exec_run},
  {"mmap",        "os",          240,    80, mmap_prepare, mmap_run},
  {"mprotect",    "os",         6000,  2000, mprotect_prepare, mprotect_run},
  {"signal",      "os",          360,   120, signal_prepare, signal_run},
  {"read_4k",     "os",          120,    40, read_4k_prepare, read_4k_run},
  {"patch",       "os",         6000,  2000, patch_prepare, patch_run},
  {"atomics",     "os",         7500,  2500, atomics_prepare, atomics_run},
  {"files",       "os",          240,    80, files_prepare, files_run},
  {"pipeline",    "os",           42,    14, pipeline_prepare, pipeline_run},
};
// clang-format on
const size_t workload_count = sizeof workloads / sizeof *workloads;
