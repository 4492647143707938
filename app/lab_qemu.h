// SPDX-License-Identifier: MIT
// A lab's guest on another machine, where there is one: QEMU, as a process of its own. It is a witness of
// fidelity: it says what the guest prints, and has no counters.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vitrine::app {

struct QemuRun {
  std::string output;
  bool good = false;  // it ended in order, in time
};

// Nothing: there is no qemu-system-riscv64 on this host.
std::optional<QemuRun> run_qemu(const std::string& kernel, const std::string& initrd,
                                const std::string& append);

}  // namespace vitrine::app
