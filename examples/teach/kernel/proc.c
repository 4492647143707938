// SPDX-License-Identifier: MIT
// Processes: how one begins, waits and ends, and which runs next.
//
//            proc_fork                      schedule              proc_exit             proc_wait
//   UNUSED ------------> RUNNABLE <----------------------> RUNNING ----------> ZOMBIE ------------> UNUSED
//                            ^      chosen / slice over       |                (until the parent
//                            |                                | sleep_on        has its status)
//                            +----------- SLEEPING <----------+
//                               wakeup
//
// Each process has a page that is its kernel stack: its trap frame at the top, below it whatever the kernel
// was doing for it. To switch processes is to switch these stacks (switch_stack in entry.S).
#include "kernel.h"

#define SLICE (TICKS_PER_SECOND / 100)
#define STACK_MARK 0x6b63617473646e65UL  // at the bottom of each kernel stack: overwritten, it was too small

_Static_assert(offsetof(struct proc, pid) == 0 && offsetof(struct proc, name) == 4, "teach.kernel.toml");

struct proc proc[NPROC];
static struct proc boot;  // stands for kernel_main(), which nobody comes back to
struct proc* current = &boot;
static int last_pid;

extern void switch_stack(uint64_t* save_sp, uint64_t new_sp);
extern char process_start[];

// A process that will run `start` on its kernel stack and then go to user mode with what is in its frame.
static struct proc* new_proc(void (*start)(void)) {
  struct proc* p = proc;
  while (p < &proc[NPROC] && p->state != UNUSED) p++;
  if (p == &proc[NPROC]) return NULL;
  memset(p, 0, sizeof *p);
  p->pagetable = vm_new();
  p->kernel_stack = page_alloc();
  if (p->pagetable == NULL || p->kernel_stack == NULL) {
    if (p->pagetable != NULL) vm_free(p->pagetable);
    if (p->kernel_stack != NULL) page_free(p->kernel_stack);
    return NULL;
  }
  p->kernel_stack[0] = STACK_MARK;
  p->frame = (struct trap_frame*)((uint64_t)p->kernel_stack + PAGE) - 1;
  uint64_t* saved = (uint64_t*)p->frame - 14;  // what switch_stack() takes up: ra, s0 ...
  saved[0] = (uint64_t)process_start;
  saved[1] = (uint64_t)start;
  p->kernel_sp = (uint64_t)saved;
  p->pid = ++last_pid;
  return p;
}

static void free_proc(struct proc* p) {
  vm_free(p->pagetable);
  page_free(p->kernel_stack);
  p->state = UNUSED;
}

// Process 1: has no program yet, `start` will load one.
void proc_first(void (*start)(void)) {
  struct proc* p = new_proc(start);
  if (p == NULL) panic("no memory for the first process");
  p->frame->sstatus = SSTATUS_SPIE;  // sret goes to user mode, with interrupts on
  for (int i = 0; i < 3; i++) p->files[i].kind = CONSOLE;
  p->state = RUNNABLE;
}

int proc_fork(void) {
  struct proc* p = new_proc(syscall_in_child);
  if (p == NULL) return -E_AGAIN;
  if (vm_copy(current->pagetable, p->pagetable) != 0) {
    free_proc(p);
    return -E_NOMEM;
  }
  *p->frame = *current->frame;
  p->frame->x[REG_A0] = 0;  // what fork returns to the child
  copy_string(p->name, current->name, sizeof p->name);
  p->parent = current;
  p->heap_start = current->heap_start;
  p->heap_end = current->heap_end;
  memcpy(p->files, current->files, sizeof p->files);
  for (int i = 0; i < NFILE; i++) {
    if (p->files[i].kind >= FILE_READ) fs_hold(p->files[i].index);
  }
  p->state = RUNNABLE;
  return p->pid;
}

// The memory goes when the parent waits: until the next schedule() we still stand on it.
void proc_exit(int status) {
  if (current == &proc[0]) panic("process 1 ended with status %d", status);
  for (int i = 0; i < NFILE; i++) {
    if (current->files[i].kind >= FILE_READ) fs_close(current->files[i].index);
  }
  for (struct proc* p = proc; p < &proc[NPROC]; p++) {
    if (p->state != UNUSED && p->parent == current) p->parent = &proc[0];  // orphans go to process 1
  }
  wakeup(&proc[0]);
  wakeup(current->parent);
  current->exit_status = status;
  current->state = ZOMBIE;
  schedule();
  panic("a zombie runs");
}

// The pid of an ended child and its status. pid WAIT_ANY: whichever; WAIT_NOHANG: 0 if none has ended yet.
int proc_wait(int pid, int* status, int flags) {
  for (;;) {
    bool child = false;
    for (struct proc* p = proc; p < &proc[NPROC]; p++) {
      if (p->state == UNUSED || p->parent != current || (pid != WAIT_ANY && p->pid != pid)) continue;
      child = true;
      if (p->state == ZOMBIE) {
        *status = p->exit_status;
        free_proc(p);
        return p->pid;
      }
    }
    if (!child) return -E_CHILD;
    if (flags & WAIT_NOHANG) return 0;
    if (current->killed) return -E_INTR;
    sleep_on(current, "child");
  }
}

struct proc* proc_find(int pid) {
  for (struct proc* p = proc; p < &proc[NPROC]; p++) {
    if (p->state != UNUSED && p->pid == pid) return p;
  }
  return NULL;
}

// Nobody is ended by force in the middle of a system call: it is told, woken, and ends at its next return.
int proc_kill(int pid) {
  struct proc* p = proc_find(pid);
  if (p == NULL) return -E_SRCH;
  if (p == &proc[0]) return -E_INVAL;
  p->killed = true;
  if (p->state == SLEEPING) p->state = RUNNABLE;
  return 0;
}

const char* proc_state_name(const struct proc* p) {
  static const char* const names[] = {"unused", "runnable", "running", "sleeping", "zombie"};
  return names[p->state];
}

// Waits until wakeup(channel). What was waited for may be gone again by the time we run, and kill wakes too:
// so callers look again, in a loop. No wake-up is lost between look and sleep, since nothing interrupts us.
void sleep_on(void* channel, const char* waits_for) {
  current->channel = channel;
  current->waits_for = waits_for;
  current->state = SLEEPING;
  schedule();
}

void wakeup(void* channel) {
  for (struct proc* p = proc; p < &proc[NPROC]; p++) {
    if (p->state == SLEEPING && p->channel == channel) p->state = RUNNABLE;
  }
}

static bool sleeps_until(const struct proc* p) { return p->state == SLEEPING && p->channel == &p->wake_time; }

static void wake_sleepers(void) {
  uint64_t now = time_now();
  for (struct proc* p = proc; p < &proc[NPROC]; p++) {
    if (sleeps_until(p) && p->wake_time <= now) p->state = RUNNABLE;
  }
}

// Round robin: the next runnable one in the table, beginning after the one that ran last.
static struct proc* next_runnable(void) {
  static int turn;
  for (int i = 1; i <= NPROC; i++) {
    struct proc* p = &proc[(turn + i) % NPROC];
    if (p->state == RUNNABLE) {
      turn = (int)(p - proc);
      return p;
    }
  }
  return NULL;
}

// Nobody can run. The timer is set for the first sleeper, and for no other reason: a machine at rest stays at
// rest. wfi goes on when an interrupt is pending, although interrupts are off (priv 3.3.3); were they on
// already, one could come between our last look and wfi, and we would sleep over it. Then they are let in.
static void idle(void) {
  uint64_t first = TIMER_NEVER;
  for (struct proc* p = proc; p < &proc[NPROC]; p++) {
    if (sleeps_until(p) && p->wake_time < first) first = p->wake_time;
  }
  sbi_set_timer(first);
  asm volatile("wfi");
  csr_set(sstatus, SSTATUS_SIE);
  csr_clear(sstatus, SSTATUS_SIE);
}

// Gives the hart to the next process; returns when this one has it again. The caller has set current->state.
void schedule(void) {
  struct proc *last = current, *next;
  for (;;) {
    wake_sleepers();  // here, since a slice that ends early takes its timer interrupt with it
    next = next_runnable();
    if (next != NULL) break;
    idle();
  }
  next->state = RUNNING;
  sbi_set_timer(time_now() + SLICE);
  if (next == last) return;
  if (last != &boot && last->kernel_stack[0] != STACK_MARK)
    panic("kernel stack of pid %d overflowed", last->pid);
  counters.switches++;
  current = next;
  vm_activate(next->pagetable);
  switch_stack(&last->kernel_sp, next->kernel_sp);
}
