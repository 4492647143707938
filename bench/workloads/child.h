// SPDX-License-Identifier: MIT
// What this program does when a workload starts it again as `workloads child ROLE` (fork_exec, pipeline).
// Returns the exit code.
#ifndef VITRINE_BENCH_CHILD_H
#define VITRINE_BENCH_CHILD_H

int child(const char* role);

#endif
