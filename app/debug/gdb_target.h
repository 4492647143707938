// SPDX-License-Identifier: MIT
// The registers that gdb sees, from the tables of registers and CSRs: their numbers in packets, their description in XML, their
// values as bytes.
// "Debugging with GDB", appendix G, "Target Descriptions"; numbers as QEMU has them.
//
//   0 to 31   x registers          33 to 64   f registers            4162   step   the machine's
//   32        pc                   65         priv                   4163   space  the root of the page table, and its mode: satp
//                                  66 + n     CSR n             4164   block  host code of the block that begins at pc; 0: none
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/machine.h"
#include "app/poke.h"

namespace vitrine::app::gdb {

inline constexpr unsigned kRegStep = kRegEnd, kRegSpace = kRegStep + 1, kRegBlock = kRegSpace + 1;  // the others: app/poke.h
inline constexpr unsigned kRegistersOfG = kRegPrivilege;  // 0 to 64 are what `g` answers, 8 bytes each

// target.xml for the harts of this machine.
std::string target_description(const Machine& machine);
// The map of memory for gdb, which asks by guest-virtual addresses.
std::string memory_map();

// The numbers of all CSRs that a hart has in whatever mode it will be.
std::vector<unsigned> csrs_of(const riscv::Hart& hart);

// Nothing changes by looking. nullopt: there is no such register.
std::optional<uint64_t> register_value(const Machine& machine, unsigned hart, unsigned number);

}  // namespace vitrine::app::gdb
