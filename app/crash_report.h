// SPDX-License-Identifier: MIT
// What a bug of ours leaves behind: a failed VT_ASSERT, or a fault of the host (SIGSEGV and its kin) inside
// the emulator. On stderr, then exit code 120:
//
//     vitrine: a bug of ours: segmentation fault, address 0x7f0000001000, host pc 0x7f3b2c001234
//       at step 117240: hart 0, S mode, pc 0x80200590
//       since then in generated code, by now in the block of 0x8020058e, which ends behind step 117266
//       hart 1, U mode, pc 0x10330
//       again: vitrine run kernel.elf --harts 2
//       vitrine-0.1.0 machine=virt ...
//
// All texts are made beforehand: the report is written in a signal handler.
#pragma once

#include <string>

#include "app/machine.h"
#include "core/assert.h"

namespace vitrine::app {

// Before and after a machine runs: how the program was called is all that is known. Once, at the start.
void report_crashes(std::string command_line);

// While a machine runs.
class CrashReport {
 public:
  CrashReport(Machine& machine, std::string replay, std::string identity);
  ~CrashReport();
  CrashReport(const CrashReport&) = delete;
  CrashReport& operator=(const CrashReport&) = delete;

 private:
  static void write(void* self) noexcept;

  Machine& machine_;
  std::string replay_, identity_;
  core::FailureReport before_;
};

// How the host faulted; null while it has not.
struct HostFault {
  uint64_t pc = 0;      // of the host
  uint64_t budget = 0;  // what the register holds that is the budget in generated code
};
const HostFault* host_fault_now() noexcept;

}  // namespace vitrine::app
