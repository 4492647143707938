// SPDX-License-Identifier: MIT
// Programs for a whole machine that report on themselves. One image holds any number of them; the runtime, itself guest
// code in M mode, puts one after the other into memory that it cleared, resets CSRs and devices, starts it at kCode in
// M mode, and takes its traps: cause, epc, tval and status are logged and the program goes on. At its end the runtime
// sends one line to the serial port, so that QEMU needs no debugger to be compared with:
//
//     P <x> <f> <CSRs> <memory> <tables without A, D> <tables> <M log> <S log> <traps in M> <in S> <crossings>
//     E                                                                            behind the last program
//
// checksums and counts, 16 digits each (same_result() compares them). If the image says so, everything that went into
// the checksums follows each line (fields_of()).
//
// What a program is: a TestProgram without chunks. Its pieces of memory are the code at kCode, data, page tables, and
// at kInit the 32 x registers, the 32 f registers, and a list of addresses, ended by 0. An `ecall` with t5 = kNext
// leaves for the next address of that list, in M mode with interrupts masked; behind the last one the program is over.
// So it is when a log is full. A fetch that faults goes on at ra, everything else behind the instruction. An interrupt
// is masked in mie or sie when it was taken. Next: machine_runtime.cpp, machine_generator.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/isa/riscv/test_program.h"

namespace vitrine::bench {

// --- What is where; the rest of bench.h's layout holds as well.
// The trap handlers stand behind 16 jumps to them each, so that vectored mode works, too.
inline constexpr uint64_t kMachineVectors = kMachineHandler + 0x100, kSupervisorVectors = kSupervisorHandler;
// Where handlers save registers, and their logs: one for M, and one for S, at its own address in every address space.
inline constexpr uint64_t kMachineArea = kRam + 0xc000, kSupervisorArea = kRam + 0xe000;
inline constexpr uint64_t kAreaSize = 0x2000, kLogOffset = 0x100, kLogEntrySize = 32;
inline constexpr unsigned kMachineDataPages = 6;  // from kData on
inline constexpr uint64_t kInit = kData + 0x7000, kInitList = kInit + 0x200;
inline constexpr uint64_t kTablesSize = 0x1'8000;
inline constexpr uint64_t kRuntime = kRam + 0x12'0000, kRuntimeEnd = kRuntime + 0x8000;

// In t5, with an ecall: leave for the next address; end the program.
inline constexpr uint64_t kNext = 0x5a5, kAbort = 0x3c3;

// kQemuDiffers, "FS".
inline constexpr uint64_t kStatusForQemu = ~(status::kFs | status::kSd);

// What QEMU 7.2 does otherwise than we do, and how the two are compared all the same.
struct QemuDiffers {
  const char *what, *qemu, *ours, *so;
};
inline constexpr QemuDiffers kQemuDiffers[] = {
    {"ebreak", "xtval = 0", "xtval = its address; the specification permits both", "handlers clear it"},
    {"AMO where no RAM is", "a load's access fault", "a store's, as the specification wants (unprivileged 14.4)",
     "handlers correct xcause, and both are delegated alike"},
    {"PLIC, enable bits", "an interrupt that is pending already is not told to a context that enables it", "it is",
     "only one context enables a source"},
    {"entry of a page table, reserved bits and PBMT", "ignored if Svnapot is there", "page fault (privileged 10.4)",
     "not made"},
    {"FS", "Dirty behind each write of an f register, not behind one of the flags alone", "Dirty behind both",
     "FS and SD are not compared"},
    {"A and D", "set in the first page's entry when the access crosses into a page that faults",
     "not set: nothing was accessed", "not compared, in programs in which a fault was at the first byte of a page"},
    {"order of interrupts", "lowest number first", "MEI MSI MTI SEI SSI STI (privileged 3.1.9)",
     "enabled together are only those on whose order both agree"},
    {"sfence.w.inval and sfence.inval.ir in U mode", "do nothing", "illegal instruction, as the specification wants",
     "not made"},
    {"sinval.vma that is illegal", "xtval = 0", "xtval = the instruction; the specification permits both", "not made"},
    {"PMP and accesses across pages", "an access that an entry covers in part fails",
     "each page's part is an access (permitted: privileged 3.7.1)",
     "an entry covers all data, so that no access leaves it"},
    {"misaligned load that PMP denies, or from where nothing is", "xtval may be the aligned address below",
     "xtval = the first byte that faults", "handlers clear the low bits of xtval for access faults"},
    {"MPRV",
     "an access may use what was translated for a fetch in M mode, or for another MPP if a guest trap changed it",
     "each access has the rights of MPP", "MPP is U, as behind each mret; accesses and fetches use different pages"},
    {"ctzw of 0", "the count is of 64 bits with what stands above", "32", "not made"},
    {"sc that fails", "accesses no memory", "sets A and D, and faults as a store (unprivileged 14.2)",
     "only on a page that is always writable"},
};

struct MachineImage {
  std::vector<TestProgram> programs;
  bool everything = false;                // what the checksums are made of follows
  uint64_t status_mask = kStatusForQemu;  // of mstatus and sstatus, in logs and lines
  // From kRam on.
  [[nodiscard]] std::vector<uint8_t> bytes() const;
};

// Are these two lines of the same program equal, as far as QEMU's are?
bool same_result(const std::string& ours, const std::string& qemus);

// What stands behind a line of an image with everything, by name: registers, CSRs, pages, entries of logs.
struct Field {
  std::string name;
  uint64_t value;
  friend bool operator==(const Field&, const Field&) = default;
};
std::vector<Field> fields_of(const std::vector<uint64_t>& numbers);

}  // namespace vitrine::bench
