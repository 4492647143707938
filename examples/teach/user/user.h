// SPDX-License-Identifier: MIT
// What a program can use: the system calls (stubs.S, one for each row of syscalls.def) and a small library.
#pragma once
#include "../shared/abi.h"
#include "../shared/format.h"

int fork(void);
int exec(const char* path, char** argv);
void exit(int code) __attribute__((noreturn));
int wait(int pid, int* status, int flags);
int kill(int pid);
int getpid(void);
int sleep(unsigned milliseconds);
void* sbrk(size_t bytes);
int open(const char* name, int mode);
int close(int fd);
int64_t read(int fd, void* to, size_t n);
int64_t write(int fd, const void* from, size_t n);
int remove(const char* name);
int list(int index, struct file_info* out);
int procinfo(int index, struct process_info* out);
int pageinfo(int pid, uint64_t from, struct page_info* out);
int sysinfo(struct system_info* out);
int64_t callcount(int number);
int trace(bool on);
void poweroff(int code) __attribute__((noreturn));
void panic(const char* reason) __attribute__((noreturn));

void printf(const char* text, ...) __attribute__((format(printf, 1, 2)));
int read_line(char* to, size_t room);  // without the newline; its length, or -1 at the end of the input
int number(const char* text);          // decimal; -1 if it is none
const char* error_text(int64_t error);
int failed(const char* what, int64_t error);  // prints both, returns 1: "return failed(name, fd);"
bool find_process(int pid, struct process_info* out);
