// SPDX-License-Identifier: MIT
// Spike's commit log: a line for each instruction that retires, with what it wrote, in the form that `spike
// --log-commits` has. It is an engine around the engine, which then runs one instruction at a time.
//
//     core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000
//     core   0: 3 0x0000000080000010 (0x00533023) mem 0x0000000080001000 0x0000000080000000
//     core   0: 3 0x0000000080000014 (0x30529073) c773_mtvec 0x0000000080000000
//
// hart, mode (0 U, 1 S, 3 M), pc, the instruction's bits, then registers, CSRs, addresses read, addresses
// written with what was written there. Instructions that trap, and entries of traps, have no line. The CSR of
// `sstatus`, `sie` and `sip` is the register that they are a view of. mstatus is told behind mret and sret,
// and where FS becomes dirty; fflags when an instruction raises some, whether they are set already or not.
// tests/isa/spike.py holds this against Spike's own log.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/log_file.h"
#include "isa/riscv/engine.h"

namespace vitrine::app {

// Reads guest memory at an address that this hart has just used, and changes nothing.
using MemoryLook =
    std::function<std::optional<uint64_t>(const riscv::Hart& hart, uint64_t address, unsigned width)>;

std::unique_ptr<riscv::Engine> make_retire_log(riscv::Engine& engine, LogFile& file, MemoryLook look);

}  // namespace vitrine::app
