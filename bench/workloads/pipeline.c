// SPDX-License-Identifier: MIT
// What a shell does for `generate | sort | uniq -c`: three programs started, joined by pipes, their output
// read.
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"
#include "workload.h"

enum { kLines = 4000, kLongest = 16 };

int pipeline_generate(void) {
  uint64_t random = 41;
  for (int i = 0; i < kLines; ++i) {
    const uint64_t number = next_random(&random) >> 20;
    printf("word%u\n", (unsigned)(number % 97 * (number % 13)));
  }
  return fflush(stdout) != 0;
}

static int compare_lines(const void* a, const void* b) { return strcmp(a, b); }

int pipeline_sort(void) {
  static char lines[kLines][kLongest];
  size_t count = 0;
  while (count < kLines && fgets(lines[count], kLongest, stdin)) ++count;
  qsort(lines, count, kLongest, compare_lines);
  for (size_t i = 0; i < count; ++i) fputs(lines[i], stdout);
  return fflush(stdout) != 0;
}

int pipeline_count(void) {
  char last[kLongest] = "", line[kLongest];
  unsigned times = 0;
  while (fgets(line, kLongest, stdin)) {
    if (times > 0 && strcmp(line, last)) printf("%u %s", times, last), times = 0;
    strcpy(last, line);
    ++times;
  }
  printf("%u %s", times, last);
  return fflush(stdout) != 0;
}

// Starts `role` with that input (-1: ours) and returns the end of a pipe where its output comes.
static int start(const char* role, int input, pid_t* child) {
  int ends[2];
  if (pipe(ends) != 0) give_up("no pipe");
  *child = split();
  if (*child == 0) {
    if (input >= 0) dup2(input, STDIN_FILENO), close(input);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    become(role);
  }
  close(ends[1]);
  if (input >= 0) close(input);
  return ends[0];
}

static uint64_t checksum_of(int input) {
  char bytes[4096];
  uint64_t sum = 0;
  ssize_t count;
  while ((count = read(input, bytes, sizeof bytes)) > 0)
    for (ssize_t i = 0; i < count; ++i) sum = mix(sum, (unsigned char)bytes[i]);
  close(input);
  return sum;
}

void pipeline_prepare(void) {}

uint64_t pipeline_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    pid_t children[3];
    int output = start("generate", -1, &children[0]);
    output = start("sort", output, &children[1]);
    output = start("count", output, &children[2]);
    sum = mix(sum, checksum_of(output));
    for (int i = 0; i < 3; ++i)
      if (wait_for(children[i]) != 0) give_up("a program of the pipeline failed");
  }
  return sum;
}
