// SPDX-License-Identifier: MIT
// The three programs of pipeline.c; standard input to standard output.
#ifndef VITRINE_BENCH_PIPELINE_H
#define VITRINE_BENCH_PIPELINE_H

int pipeline_generate(void);  // 4,000 words, a line each
int pipeline_sort(void);      // lines, sorted
int pipeline_count(void);     // a line for each word that is there, with how often

#endif
