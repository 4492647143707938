// SPDX-License-Identifier: MIT
// The tables that generate.py writes, and the program that goes through them: each snippet of code with each of its cases.
#include "kit.h"

struct operand_case {
  u64 in[3], out;
  u64 more;  // INTEGER: not for the judge. FLOAT: flags, and fcsr << 8 before. MEMORY: what stands there afterwards
};
struct snippet {
  u64 code, end;  // the ebreak that ends it
  const struct operand_case* cases;
  u64 count;
  uint8_t in[3], out, kind, unused[3];
  const char* text;
};
enum { INTEGER, FLOAT, MEMORY };
extern const struct snippet snippets[], snippets_end[];

static u64 memory[1024] __attribute__((aligned(4096)));
enum { PLACE = 512 };

static void go_through(const struct snippet* s, const struct operand_case* c) {
  if (s->kind == INTEGER && c->more && on_judge()) return;
  u64 before[32];
  for (unsigned r = 1; r < 32; r++) f.x[r] = r * 0x0101010101010101;
  f.status = SR_FS(1);
  if (s->kind == MEMORY) {
    memory[PLACE - 1] = memory[PLACE + 1] = 0xa5a5a5a5a5a5a5a5, memory[PLACE] = c->in[0];
    f.x[s->in[0]] = (u64)&memory[PLACE] - c->in[2], f.x[s->in[1]] = c->in[1];
  } else {
    for (unsigned i = 0; i < 3; i++)
      if (s->in[i]) f.x[s->in[i]] = c->in[i];
  }
  if (s->kind == FLOAT) f.x[A3] = c->more >> 8;
  for (unsigned r = 1; r < 32; r++) before[r] = f.x[r];
  run_at(USER, s->code);
  CHECK(f.cause, BREAKPOINT), CHECK(f.epc, s->end);
  if (s->out) CHECK(f.x[s->out], c->out);
  if (s->kind == FLOAT) CHECK(f.x[A1], c->more & 0xff);
  if (s->kind == MEMORY) CHECK(memory[PLACE], c->more), CHECK(memory[PLACE - 1] ^ memory[PLACE + 1], 0);
  u64 others = 0;
  for (unsigned r = 1; r < 32; r++)
    if (r != s->out && !(s->kind == FLOAT && r == A1)) others |= f.x[r] ^ before[r];
  CHECK(others, 0);
}

int main(void) {
  fresh();
  // Twice: the second time both engines have seen the code before.
  for (unsigned round = 0; round < 2; round++)
    for (const struct snippet* s = snippets; s < snippets_end; s++)
      for (unsigned i = 0; i < s->count; i++) note(s->text, i), go_through(s, &s->cases[i]);
  return 0;
}
