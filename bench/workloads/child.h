// SPDX-License-Identifier: MIT
// What this program does when a workload starts it again: `workloads child ROLE` (exec.c and pipeline.c do).
#ifndef VITRINE_BENCH_CHILD_H
#define VITRINE_BENCH_CHILD_H

int child(const char* role);

#endif
