// SPDX-License-Identifier: MIT
// The trap flag.
#include "isa/x86/single_step.h"

#include <ucontext.h>

#include <csignal>

#include "core/assert.h"

namespace vitrine::x86 {
namespace {

StepLooker* looker_now = nullptr;
struct sigaction action_before;

constexpr std::array<int, 16> kGregs = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
constexpr uint64_t kTrapFlag = 1 << 8;

void trapped(int, siginfo_t*, void* context) {
  const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
  const auto rip = static_cast<uint64_t>(machine.gregs[REG_RIP]);
  if (!looker_now || !looker_now->wants(rip)) return;
  HostState state;
  state.rip = rip;
  state.flags = static_cast<uint64_t>(machine.gregs[REG_EFL]) & ~kTrapFlag;
  for (size_t i = 0; i < kGregs.size(); ++i) state.gp[i] = static_cast<uint64_t>(machine.gregs[kGregs[i]]);
  for (size_t i = 0; i < state.xmm.size(); ++i) {
    const auto& words = machine.fpregs->_xmm[i].element;
    state.xmm[i] = words[0] | uint64_t{words[1]} << 32;
  }
  state.mxcsr = machine.fpregs->mxcsr;
  looker_now->look(state);
}

// Behind the red zone, which belongs to the compiler.
[[gnu::noinline]] void set_trap_flag(bool on) {
  if (on)
    asm volatile("sub $128, %%rsp; pushfq; orq %0, (%%rsp); popfq; add $128, %%rsp" : : "i"(kTrapFlag) : "memory", "cc");
  else
    asm volatile("sub $128, %%rsp; pushfq; andq %0, (%%rsp); popfq; add $128, %%rsp" : : "i"(~kTrapFlag) : "memory", "cc");
}

}  // namespace

SingleStep::SingleStep(StepLooker& looker) {
  VT_ASSERT(!looker_now, "two who step at a time");
  struct sigaction action = {};
  action.sa_sigaction = trapped;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, &action_before);
  looker_now = &looker;
  set_trap_flag(true);
}

SingleStep::~SingleStep() {
  set_trap_flag(false);
  looker_now = nullptr;
  sigaction(SIGTRAP, &action_before, nullptr);
}

}  // namespace vitrine::x86
