// SPDX-License-Identifier: MIT
// The kernel's parts and what each offers to the others, from the bottom up (README.md has an order to read
// them).
//
// One rule makes the kernel simple: one hart, and interrupts are off while it runs. So kernel code is never
// interrupted half way, and needs no locks. Another process can run only inside schedule(), which is called
// by sleep_on() (somebody waits) and by trap() (a time slice is over).
#pragma once
#include "../shared/abi.h"
#include "../shared/format.h"
#include "riscv.h"

// print.c: messages of the kernel itself.
void kprintf(const char* text, ...) __attribute__((format(printf, 1, 2)));
void ksnprintf(char* to, size_t room, const char* text, ...) __attribute__((format(printf, 3, 4)));
void panic(const char* text, ...) __attribute__((noreturn, format(printf, 1, 2)));

// sbi.c: calls to the firmware below us.
void sbi_init(void);
void sbi_put(char c);
void sbi_set_timer(uint64_t time);
void sbi_power_off(bool failed) __attribute__((noreturn));
#define TIMER_NEVER (~0UL)

// fdt.c: the device tree.
uint64_t fdt_ram_end(const void* tree);

// page.c: physical pages.
void page_init(uint64_t ram_end);
void* page_alloc(void);       // full of zeros, one holder; null when memory is full
void page_share(void* page);  // one holder more
void page_free(void* page);   // one holder less; the last one gives it back
unsigned page_holders(void* page);
uint64_t page_total(void);
uint64_t page_unused(void);

// vm.c: address spaces, and the system's side of a page fault.
#define USER_START 0x10000UL   // below it nothing is ever mapped, so that a null pointer faults
#define USER_END 0x40000000UL  // one entry of the root page table
#define STACK_BYTES 0x10000UL  // as far as a user stack may grow
#define HEAP_LIMIT (USER_END - 2 * STACK_BYTES)
struct proc;
void vm_init(uint64_t ram_end);
pte_t* vm_new(void);
int vm_map(pte_t* root, uint64_t va, void* page, uint64_t rights);
int vm_copy(pte_t* from, pte_t* to);
void vm_free(pte_t* root);
void vm_activate(pte_t* root);
pte_t* vm_next_leaf(pte_t* root, uint64_t* va, uint64_t end, int* level);
uint32_t vm_count(pte_t* root);
const char* vm_fault(struct proc* p, uint64_t va, uint64_t right);  // null: mended; otherwise why not

// user.c: memory of the current process, as seen by the kernel. Zero, or -E_FAULT.
uint8_t* user_bytes(uint64_t va, uint64_t right, uint64_t* count);
int copy_in(void* to, uint64_t from, uint64_t n);
int copy_out(uint64_t to, const void* from, uint64_t n);
int copy_in_string(char* to, uint64_t from, size_t room);

// proc.c: processes and who runs next.
#define NPROC 32
#define NFILE 8
enum proc_state { UNUSED, RUNNABLE, RUNNING, SLEEPING, ZOMBIE };

struct trap_frame {  // entry.S knows this layout
  uint64_t x[32];    // x[0] is not used
  uint64_t sepc, sstatus;
};
_Static_assert(sizeof(struct trap_frame) == 34 * 8, "FRAME in entry.S");
enum { REG_RA = 1, REG_SP = 2, REG_A0 = 10, REG_A1 = 11, REG_A7 = 17 };

struct open_file {
  enum { CLOSED, CONSOLE, FILE_READ, FILE_WRITE } kind;
  int index;        // which file
  uint64_t offset;  // where the next byte is read or written
};

struct proc {
  int pid;
  char name[16];
  enum proc_state state;
  pte_t* pagetable;
  struct proc* parent;
  void* channel;           // SLEEPING: what it waits for, any address that both sides know ...
  const char* waits_for;   // ... and in words
  uint64_t wake_time;      // for sleep()
  bool killed;             // ends as soon as it would go back to user mode
  int exit_status;         // ZOMBIE: for the parent
  uint64_t* kernel_stack;  // one page; the trap frame of user mode lies at its top
  uint64_t kernel_sp;      // where switch_stack() goes on
  struct trap_frame* frame;
  uint64_t heap_start, heap_end;
  struct open_file files[NFILE];
  uint32_t faults, slices;
};

extern struct proc proc[NPROC];
extern struct proc* current;
void proc_first(void (*start)(void));
int proc_fork(void);
void proc_exit(int status) __attribute__((noreturn));
int proc_wait(int pid, int* status, int flags);
int proc_kill(int pid);
struct proc* proc_find(int pid);
const char* proc_state_name(const struct proc* p);
void sleep_on(void* channel, const char* waits_for);
void wakeup(void* channel);
void schedule(void);

// exec.c: replaces the program of the current process.
int exec(const char* path, uint64_t argv);

// trap.c: everything that enters the kernel, and the interrupt controller.
void trap_init(uint64_t hart);
void plic_enable(int line);
extern struct system_info counters;

// syscall.c: the calls that a process can make.
void syscall(struct trap_frame* frame);
void syscall_in_child(void);  // fork returns twice: this is the second time

// console.c: the terminal.
void console_init(void);
void console_put(char c);
int console_read(uint64_t to, uint64_t n);
void console_interrupt(void);

// virtio.c: the disk. Blocks have BLOCK bytes; zero, or -E_IO.
#define BLOCK 1024
bool virtio_init(void);
uint64_t virtio_blocks(void);
int virtio_transfer(uint32_t block, void* data, bool write);
bool virtio_interrupt(int line);

// block.c: the disk or its stand-in, behind a cache.
enum block_device { RAM_DISK, VIRTIO_DISK };
void block_use(enum block_device device);
uint64_t block_count(void);
uint8_t* block_read(uint32_t block);  // good until seven other blocks were read; null: -E_IO
int block_write(uint32_t block);      // what the caller changed in it goes to the disk now

// fs.c: files. Each returns a negative error, or what it says.
const char* fs_mount(void);                 // null, or what is wrong with this disk
int fs_open(const char* name, bool write);  // the file's index; it stays open until fs_close
void fs_hold(int index);                    // one opener more
void fs_close(int index);
int fs_read(int index, uint64_t offset, void* to, uint32_t n);  // how many bytes
int fs_write(int index, uint64_t offset, const void* from, uint32_t n);
int fs_remove(const char* name);
int fs_list(int index, struct file_info* out);  // 1, 0 for an empty place, or the end
