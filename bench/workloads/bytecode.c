// SPDX-License-Identifier: MIT
// An interpreter of a small stack machine: a switch in a loop, so a jump through a table for each operation.
// Its program counts the steps of Collatz sequences.
#include "workload.h"

enum operation {
  kPush,
  kLoad,
  kStore,
  kAdd,
  kMul,
  kHalf,
  kOdd,
  kLess,
  kSub,
  kJump,
  kJumpIfZero,
  kDup,
  kMix,
  kStop
};

struct code {
  uint8_t operation;
  int8_t operand;
};

// Variables: 0 limit, 1 n, 2 x, 3 steps of all sequences.
static const struct code program[] = {
    {kPush, 1}, {kStore, 1},                                 //  0 n = 1
    {kLoad, 1}, {kLoad, 0},  {kLess, 0}, {kJumpIfZero, 32},  //  2 while n < limit
    {kLoad, 1}, {kStore, 2},                                 //  6   x = n
    {kPush, 1}, {kLoad, 2},  {kLess, 0}, {kJumpIfZero, 27},  //  8   while 1 < x
    {kLoad, 3}, {kPush, 1},  {kAdd, 0},  {kStore, 3},        // 12     steps += 1
    {kLoad, 2}, {kDup, 0},   {kOdd, 0},  {kJumpIfZero, 24},  // 16     if x is odd
    {kPush, 3}, {kMul, 0},   {kPush, 1}, {kAdd, 0},          // 20       x = 3 x + 1, which is even
    {kHalf, 0}, {kStore, 2}, {kJump, 8},                     // 24     x /= 2
    {kLoad, 1}, {kPush, 1},  {kAdd, 0},  {kStore, 1},       {kJump, 2},  // 27   n += 1
    {kLoad, 3}, {kMix, 0},   {kStop, 0},                                 // 32
};

static const struct code* volatile start =
    program;  // volatile: the program is not known when this is compiled

static uint64_t interpret(const struct code* code, int64_t limit) {
  int64_t variables[4] = {limit, 0, 0, 0};
  int64_t stack[16];
  int64_t* top = stack;  // the next free place
  uint64_t sum = 0;
  const struct code* pc = code;
  for (;;) {
    const struct code now = *pc++;
    switch ((enum operation)now.operation) {
      case kPush: *top++ = now.operand; break;
      case kLoad: *top++ = variables[now.operand]; break;
      case kStore: variables[now.operand] = *--top; break;
      case kAdd: --top, top[-1] += *top; break;
      case kSub: --top, top[-1] -= *top; break;
      case kMul: --top, top[-1] *= *top; break;
      case kHalf: top[-1] >>= 1; break;
      case kOdd: top[-1] &= 1; break;
      case kLess: --top, top[-1] = top[-1] < *top; break;
      case kJump: pc = code + now.operand; break;
      case kJumpIfZero:
        if (*--top == 0) pc = code + now.operand;
        break;
      case kDup: *top = top[-1], ++top; break;
      case kMix: sum = mix(sum, (uint64_t) * --top); break;
      case kStop: return sum;
    }
  }
}

void bytecode_prepare(void) {}

uint64_t bytecode_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round)
    sum = mix(sum, interpret(start, 2000 + (int64_t)(round % 8)));
  return sum;
}
