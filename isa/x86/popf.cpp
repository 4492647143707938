// SPDX-License-Identifier: MIT
// POPF in user mode. A fault would come as SIGSEGV.
#include "isa/x86/popf.h"

#include <csetjmp>
#include <csignal>

namespace vitrine::x86 {
namespace {

sigjmp_buf trapped_to;

void trapped(int) { siglongjmp(trapped_to, 1); }

uint64_t flags() {
  uint64_t value;
  // 128 bytes below rsp may be in use (the ABI's red zone).
  asm volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tpopq %0\n\tlea 128(%%rsp), %%rsp"
               : "=r"(value)
               :
               : "memory");
  return value;
}

// popf, then what pushf reads; all other flags follow `wanted` for these two instructions only.
uint64_t flags_after_popf(uint64_t wanted, uint64_t then) {
  uint64_t value = wanted;
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "pushq %0\n\tpopfq\n\t"
      "pushfq\n\tpopq %0\n\t"
      "pushq %1\n\tpopfq\n\t"
      "lea 128(%%rsp), %%rsp"
      : "+r"(value)
      : "r"(then)
      : "memory", "cc");
  return value;
}

}  // namespace

Popf execute_popf() {
  Popf result;
  uint16_t code_segment = 0;
  asm volatile("mov %%cs, %0" : "=r"(code_segment));
  result.cpl = code_segment & 3;
  result.before = flags();
  result.iopl = (result.before >> 12) & 3;
  result.wanted = result.before ^ (kInterruptFlag | kCarryFlag);
  struct sigaction mine = {}, theirs = {};
  mine.sa_handler = trapped;
  sigaction(SIGSEGV, &mine, &theirs);
  if (sigsetjmp(trapped_to, 1) == 0)
    result.after = flags_after_popf(result.wanted, result.before);
  else
    result.trapped = true, result.after = result.before;
  sigaction(SIGSEGV, &theirs, nullptr);
  return result;
}

}  // namespace vitrine::x86
