// SPDX-License-Identifier: MIT
// A page table, as the hart would walk it: runs of pages that are next to each other on both sides and have
// equal flags are one line. With a pid: that process's table (pages 2 shows the shell's).
#include "user.h"

static const char* size_name(uint64_t bytes) {
  return bytes >> 30 ? "1 GiB" : bytes >> 20 ? "2 MiB" : "4 KiB";
}

int main(int argc, char** argv) {
  int pid = argc > 1 ? number(argv[1]) : getpid();
  uint64_t va = 0;
  struct page_info run;
  struct process_info process;
  if (!find_process(pid, &process)) return failed(argc > 1 ? argv[1] : "pages", -E_SRCH);
  printf("The page table of process %d (%s):\n", pid, process.name);
  printf("  virtual address           physical address          pages          flags\n");
  while (pageinfo(pid, va, &run) > 0) {
    uint64_t count = run.bytes / run.page_size;
    printf("  %010lx - %010lx   %010lx - %010lx %5lu x %s  %s\n", run.va, run.va + run.bytes - 1, run.pa,
           run.pa + run.bytes - 1, count, size_name(run.page_size), run.flags);
    va = run.va + run.bytes;
  }
  printf("r read, w write, x execute, u user mode, g global, a accessed, d dirty, c copy on write\n");
  return 0;
}
