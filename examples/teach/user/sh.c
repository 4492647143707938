// SPDX-License-Identifier: MIT
// The shell: reads a line, starts the program of that name in a child, waits for it. With & it does not wait.
#include "user.h"

enum { MOST_WORDS = 15 };

static const char* const help[][2] = {
    {"hello", "the smallest program"},
    {"ps", "the processes"},
    {"pages [PID]", "the page table of a process: where, to where, with which rights"},
    {"fault KIND", "do something forbidden and see what becomes of it (fault alone lists the kinds)"},
    {"spin [SECONDS] &", "compute, and be preempted"},
    {"syscalls [on|off]", "count the system calls since boot, or show each one as it happens"},
    {"forktest", "fork until the process table is full; copy on write"},
    {"uptime", "the machine since boot: time, memory, switches, interrupts"},
    {"kill PID", "end a process"},
    {"ls, cat FILE, rm FILE", "look at files, remove one"},
    {"write FILE [WORDS]", "create a file (without words: the lines that you type, Ctrl-D ends)"},
    {"echo WORDS", "say so"},
    {"halt [CODE]", "power off; a CODE other than 0 tells the machine's owner that something failed"},
    {"panic [WORDS]", "make the kernel panic"},
};

static void print_help(void) {
  for (size_t i = 0; i < sizeof help / sizeof help[0]; i++) printf("  %-24s%s\n", help[i][0], help[i][1]);
}

static int split(char* line, char** words) {
  int n = 0;
  while (*line != 0) {
    while (*line == ' ') *line++ = 0;
    if (*line == 0) break;
    if (n == MOST_WORDS) return -1;
    words[n++] = line;
    while (*line != 0 && *line != ' ') line++;
  }
  words[n] = NULL;
  return n;
}

static void run(char** words, bool wait_for_it) {
  int status, pid = fork();
  if (pid == 0) {
    int error = exec(words[0], words);
    if (error == -E_NOENT) {
      printf("%s: no such command, try help\n", words[0]);
      exit(127);
    }
    exit(failed(words[0], error));
  } else if (pid < 0) {
    failed("fork", pid);
  } else if (!wait_for_it) {
    printf("[%d] %s\n", pid, words[0]);
  } else if (wait(pid, &status, 0) == pid && status != 0 && status != KILLED_STATUS) {
    printf("(exit code %d)\n", status);
  }
}

static void report_ended(void) {
  int status, pid;
  while ((pid = wait(WAIT_ANY, &status, WAIT_NOHANG)) > 0) printf("[%d] ended\n", pid);
}

int main(void) {
  char line[LINE_BYTES + 1];
  char* words[MOST_WORDS + 1];
  for (;;) {
    report_ended();
    printf("teach$ ");
    if (read_line(line, sizeof line) < 0) *line = 0, printf("\n");  // Ctrl-D: somebody has to be there
    int n = split(line, words);
    bool background = n > 1 && strcmp(words[n - 1], "&") == 0;
    if (background) words[n - 1] = NULL;
    if (n < 0) {
      printf("too many words\n");
    } else if (n > 0 && strcmp(words[0], "help") == 0) {
      print_help();
    } else if (n > 0) {
      run(words, !background);
    }
  }
}
