// SPDX-License-Identifier: MIT
// QEMU's command line for Vitrine's machine: `vitrine qemu ...`, or the program called by the name
// `qemu-system-riscv64`, so that other people's Makefiles and scripts run unchanged. Words become options in
// qemu_options.h; what scripts rely on beyond the options (probes, exit codes, pipes) is judged by
// tests/app/qemu_contract_test.py, which also takes a real QEMU.
#pragma once

#include "app/options.h"

namespace vitrine::app {

// argv[0] is the name we were called by ("qemu" of `vitrine qemu`, or a path), the rest are QEMU's options.
// Returns the process's exit code, which is QEMU's: 0 for a guest that powered off or was ended by the user
// or a signal, the guest's own code (cut to 8 bits) from the finisher, 1 for everything that we refuse.
int qemu_main(int argc, char** argv);

// The machine that such words ask for, with those of VITRINE_OPTS, and the way it is run but for its console.
core::Result<MachineOptions> read_qemu_words(const KeptWords& words);

}  // namespace vitrine::app
