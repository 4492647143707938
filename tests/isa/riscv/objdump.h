// SPDX-License-Identifier: MIT
// Outside disassemblers as oracles: hands them encodings in a small ELF file and reads back one line for
// each. Next: objdump_oracle_test.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::test {

// A program that disassembles, and how to ask it. name is what messages call it.
struct Disassembler {
  std::string name;
  std::string command;  // a shell command; the file name is appended
};

// GNU binutils for RISC-V and LLVM, each if a program of theirs can be run; the newest first.
std::optional<Disassembler> find_gnu_objdump();
std::optional<Disassembler> find_llvm_objdump();

// Disassembles consecutive instructions, the first at address 0, each of `length` bytes (2 or 4) and none of
// them the beginning of a longer one. The file says that it is for the extensions named in arch
// ("rv64i2p1_m2p0..."). Returns one text for each instruction, normalised: one space after the mnemonic, none
// after commas, no
// "<symbol>" and no "# comment". Empty if the tool failed or did not print one line for each.
std::vector<std::string> run(const Disassembler& tool, const std::vector<uint32_t>& instructions,
                             unsigned length, const std::string& arch);

}  // namespace vitrine::test
