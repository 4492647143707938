// SPDX-License-Identifier: MIT
// What the workloads of the operating system share. They go to the kernel for nearly everything they do; the
// native side of the comparison is therefore also a comparison of the host's kernel with the guest's.
#ifndef VITRINE_BENCH_OS_H
#define VITRINE_BENCH_OS_H

#include <sys/types.h>

// Starts this program anew in the calling process, as `workloads child ROLE`.
_Noreturn void become(const char* role);
// fork(2), or the end.
pid_t split(void);
// Waits for that child and returns its exit code; a child that ended otherwise is the end.
int wait_for(pid_t child);

#endif
