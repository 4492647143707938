// SPDX-License-Identifier: MIT
// The interpreter: the reference engine and the single-stepper. With caches it runs decoded pages (code_cache.h) by direct
// threading; without, every instruction is fetched by a full page walk, decoded, and run by SlowBackend. Both must agree
// on every state hash: the plain form is the judge of the caches.
#pragma once

#include "isa/riscv/code_cache.h"
#include "isa/riscv/engine.h"

namespace vitrine::riscv {

class Interpreter final : public Engine {
 public:
  struct Options {
    bool caching = true;
    unsigned max_pages = 1024;  // decoded pages kept: up to 33 KiB each, by what of them is executed
  };
  Interpreter(core::GuestRam& ram, const Options& options);

  void run(Hart& hart, uint64_t steps) override;
  // Everything decoded is forgotten. Nothing of it runs at this moment.
  void forget(Hart& hart) noexcept;
  [[nodiscard]] const CodeCache::Counters& counters() const { return cache_.counters; }

 private:
  const Slot* locate(Hart& hart);

  CodeCache cache_;
  bool caching_;
  ExtensionSet decoded_for_;
};

// The instruction `op` at hart.pc, complete: hart.next_pc is what comes next, and hart.redirected says whether that is
// anything but the next instruction, or whether what pc means has changed.
void execute(Hart& hart, Op op, const Operands& operands) noexcept;

// One step at hart.pc with nothing cached: fetch, decode, execute or trap. The caller counts it.
void step_plainly(Hart& hart) noexcept;

}  // namespace vitrine::riscv
