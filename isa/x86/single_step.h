// SPDX-License-Identifier: MIT
// Single steps of the host: the trap flag makes the processor trap behind each instruction (Intel SDM 3, 18.3.1.4), and somebody
// looks at its registers in between. For one thread at a time.
#pragma once

#include <array>
#include <cstdint>

namespace vitrine::x86 {

struct HostState {
  uint64_t rip = 0, flags = 0;
  std::array<uint64_t, 16> gp = {};   // by number: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 ... r15
  std::array<uint64_t, 16> xmm = {};  // bits 63:0
  uint32_t mxcsr = 0;
};

// Called in a signal handler, before each instruction.
class StepLooker {
 public:
  // False: no need to read all registers at this address.
  [[nodiscard]] virtual bool wants(uint64_t rip) noexcept = 0;
  virtual void look(const HostState& state) noexcept = 0;

 protected:
  ~StepLooker() = default;
};

// From construction to destruction, in the thread that does both.
class SingleStep {
 public:
  explicit SingleStep(StepLooker& looker);
  ~SingleStep();
  SingleStep(const SingleStep&) = delete;
  SingleStep& operator=(const SingleStep&) = delete;
};

}  // namespace vitrine::x86
