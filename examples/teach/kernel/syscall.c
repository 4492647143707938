// SPDX-License-Identifier: MIT
// System calls: what a process may ask for. The rows of shared/syscalls.def give each a number and a name;
// here is one function for each, and syscall(), which finds it, counts it and can trace it.
#include "kernel.h"

typedef const uint64_t* arguments;  // a0 to a5 of the caller

// ---- Processes

static int64_t sys_fork(arguments a) {
  (void)a;
  return proc_fork();
}

static int64_t sys_exec(arguments a) {
  char path[32];
  int error = copy_in_string(path, a[0], sizeof path);
  return error != 0 ? error : exec(path, a[1]);
}

static int64_t sys_exit(arguments a) { proc_exit((int)a[0] & 255); }

static int64_t sys_wait(arguments a) {
  int status = 0;
  int pid = proc_wait((int)a[0], &status, (int)a[2]);
  if (pid > 0 && a[1] != 0 && copy_out(a[1], &status, sizeof status) != 0) return -E_FAULT;
  return pid;
}

static int64_t sys_kill(arguments a) { return proc_kill((int)a[0]); }

static int64_t sys_getpid(arguments a) {
  (void)a;
  return current->pid;
}

static int64_t sys_sleep(arguments a) {
  current->wake_time = time_now() + (a[0] & 0xffffffff) * (TICKS_PER_SECOND / 1000);
  while (time_now() < current->wake_time) {
    if (current->killed) return -E_INTR;
    sleep_on(&current->wake_time, "timer");
  }
  return 0;
}

// Grows the heap: only a promise, vm_fault() keeps it page by page. Returns where the new part begins.
static int64_t sys_sbrk(arguments a) {
  uint64_t start = current->heap_end;
  if (a[0] > HEAP_LIMIT - start) return -E_NOMEM;
  current->heap_end += a[0];
  return (int64_t)start;
}

// ---- Files

static struct open_file* file_of(uint64_t fd) {
  return fd < NFILE && current->files[fd].kind != CLOSED ? &current->files[fd] : NULL;
}

static int64_t sys_open(arguments a) {
  char name[32];
  int fd = 0;
  while (fd < NFILE && current->files[fd].kind != CLOSED) fd++;
  if (fd == NFILE) return -E_MFILE;
  int error = copy_in_string(name, a[0], sizeof name);
  if (error != 0) return error;
  int index = fs_open(name, a[1] == OPEN_WRITE);
  if (index < 0) return index;
  current->files[fd] = (struct open_file){a[1] == OPEN_WRITE ? FILE_WRITE : FILE_READ, index, 0};
  return fd;
}

static int64_t sys_close(arguments a) {
  struct open_file* f = file_of(a[0]);
  if (f == NULL) return -E_BADF;
  if (f->kind != CONSOLE) fs_close(f->index);
  f->kind = CLOSED;
  return 0;
}

// The file system fills the user's pages directly, one at a time: user_bytes() says where they are in RAM.
static int64_t sys_read(arguments a) {
  struct open_file* f = file_of(a[0]);
  if (f == NULL || f->kind == FILE_WRITE) return -E_BADF;
  if (f->kind == CONSOLE) return console_read(a[1], a[2]);
  uint64_t done = 0;
  while (done < a[2]) {
    uint64_t count = a[2] - done;
    uint8_t* to = user_bytes(a[1] + done, PTE_W, &count);
    int n = to == NULL ? -E_FAULT : fs_read(f->index, f->offset, to, (uint32_t)count);
    if (n <= 0) return done > 0 ? (int64_t)done : n;
    done += (uint64_t)n;
    f->offset += (uint64_t)n;
  }
  return (int64_t)done;
}

static int64_t sys_write(arguments a) {
  struct open_file* f = file_of(a[0]);
  if (f == NULL || f->kind == FILE_READ) return -E_BADF;
  uint64_t done = 0;
  while (done < a[2]) {
    uint64_t count = a[2] - done;
    const uint8_t* from = user_bytes(a[1] + done, PTE_R, &count);
    int n = -E_FAULT;
    if (from != NULL && f->kind == CONSOLE) {
      for (n = 0; n < (int)count; n++) console_put((char)from[n]);
    } else if (from != NULL) {
      n = fs_write(f->index, f->offset, from, (uint32_t)count);
    }
    if (n <= 0) return done > 0 ? (int64_t)done : n;
    done += (uint64_t)n;
    f->offset += (uint64_t)n;
  }
  return (int64_t)done;
}

static int64_t sys_remove(arguments a) {
  char name[32];
  int error = copy_in_string(name, a[0], sizeof name);
  return error != 0 ? error : fs_remove(name);
}

static int64_t sys_list(arguments a) {
  struct file_info info = {.size = 0};
  int result = fs_list((int)a[0], &info);
  if (result > 0 && copy_out(a[1], &info, sizeof info) != 0) return -E_FAULT;
  return result;
}

// ---- Looking inside: these are what `ps`, `pages`, `uptime` and `syscalls` show.

static int64_t sys_procinfo(arguments a) {
  if (a[0] >= NPROC) return -E_INVAL;
  const struct proc* p = &proc[a[0]];
  if (p->state == UNUSED) return 0;
  struct process_info info = {.pid = p->pid, .faults = p->faults, .slices = p->slices};
  info.parent = p->parent != NULL ? p->parent->pid : 0;
  info.pages = vm_count(p->pagetable);
  copy_string(info.name, p->name, sizeof info.name);
  copy_string(info.state, proc_state_name(p), sizeof info.state);
  if (p->state == SLEEPING) copy_string(info.waits_for, p->waits_for, sizeof info.waits_for);
  return copy_out(a[1], &info, sizeof info) != 0 ? -E_FAULT : 1;
}

static void spell_flags(pte_t pte, char* out) {
  static const pte_t bits[] = {PTE_R, PTE_W, PTE_X, PTE_U, PTE_G, PTE_A, PTE_D, PTE_COW};
  for (int i = 0; i < 8; i++) out[i] = pte & bits[i] ? "rwxugadc"[i] : '-';
  out[8] = 0;
}

// The first run of equal mappings of process a[0] from address a[1] on: 1, or 0 when there is none.
static int64_t sys_pageinfo(arguments a) {
  const struct proc* p = proc_find((int)a[0]);
  if (p == NULL) return -E_SRCH;
  int level;
  uint64_t va = a[1], end = 1UL << 38;  // the lower half of Sv39; the upper is not used here
  const pte_t* pte = vm_next_leaf(p->pagetable, &va, end, &level);
  if (pte == NULL) return 0;
  struct page_info info = {.va = va, .pa = PTE_ADDRESS(*pte), .page_size = LEVEL_BYTES(level)};
  pte_t first = *pte;
  do {
    info.bytes += info.page_size;
    va = info.va + info.bytes;
    pte = vm_next_leaf(p->pagetable, &va, end, &level);
  } while (pte != NULL && va == info.va + info.bytes && LEVEL_BYTES(level) == info.page_size &&
           *pte == PTE_OF(info.pa + info.bytes, first & PTE_FLAGS));
  spell_flags(first, info.flags);
  return copy_out(a[2], &info, sizeof info) != 0 ? -E_FAULT : 1;
}

static int64_t sys_sysinfo(arguments a) {
  struct system_info info = counters;
  info.microseconds = time_now() / (TICKS_PER_SECOND / 1000000);
  info.pages = page_total();
  info.free_pages = page_unused();
  return copy_out(a[0], &info, sizeof info);
}

static uint64_t counts[SYSCALL_END];
static bool tracing;

static int64_t sys_callcount(arguments a) { return a[0] < SYSCALL_END ? (int64_t)counts[a[0]] : -E_INVAL; }

static int64_t sys_trace(arguments a) {
  tracing = a[0] != 0;
  return 0;
}

static int64_t sys_poweroff(arguments a) { sbi_power_off(a[0] != 0); }

static int64_t sys_panic(arguments a) {
  char text[64];
  if (copy_in_string(text, a[0], sizeof text) != 0) copy_string(text, "(no reason)", sizeof text);
  panic("%s", text);
}

// ---- The table, and the way through it.

static const struct {
  int64_t (*call)(arguments);
  const char *name, *arguments;
} table[SYSCALL_END] = {
#define SYSCALL(number, name, arguments) [number] = {sys_##name, #name, arguments},
#include "../shared/syscalls.def"
#undef SYSCALL
};

// Writes the call as a C programmer would: "open("notes", 1)". Before the call, since exec leaves no
// arguments.
static void spell_call(char* to, size_t room, uint64_t number, arguments a) {
  char text[24];
  ksnprintf(to, room, "%s(", table[number].name);
  for (int i = 0; table[number].arguments[i] != 0; i++) {
    size_t n = strlen(to);
    const char* comma = i > 0 ? ", " : "";
    char kind = table[number].arguments[i];
    if (kind == 's' && copy_in_string(text, a[i], sizeof text) == 0) {
      ksnprintf(to + n, room - n, "%s\"%s\"", comma, text);
    } else if (kind == 'd') {
      ksnprintf(to + n, room - n, "%s%ld", comma, (int64_t)a[i]);
    } else {
      ksnprintf(to + n, room - n, "%s0x%lx", comma, a[i]);
    }
  }
}

// Console output is not traced: trace and text would be mixed. exit is shown before it happens, since nothing
// comes after.
void syscall(struct trap_frame* frame) {
  uint64_t number = frame->x[REG_A7];
  arguments a = &frame->x[REG_A0];
  if (number >= SYSCALL_END || table[number].call == NULL) {
    frame->x[REG_A0] = (uint64_t)-E_INVAL;
    return;
  }
  char call[80], who[16];
  bool to_console = number == SYS_write && a[0] < NFILE && current->files[a[0]].kind == CONSOLE;
  bool shown = tracing && !to_console;
  counts[number]++;
  if (shown) spell_call(call, sizeof call, number, a);
  if (shown) copy_string(who, current->name, sizeof who);  // exec changes the name as well
  if (shown && number == SYS_exit) kprintf("  %d %s: %s)\n", current->pid, who, call);
  int64_t result = table[number].call(a);
  frame->x[REG_A0] = (uint64_t)result;
  if (shown) kprintf("  %d %s: %s) = %ld\n", current->pid, who, call, result);
}

void syscall_in_child(void) {
  if (tracing) kprintf("  %d %s: fork() = 0\n", current->pid, current->name);
}
