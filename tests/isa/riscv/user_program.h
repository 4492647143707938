// SPDX-License-Identifier: MIT
// The same user-level program on our machine and under QEMU's user mode, as an outside oracle: code and data
// at fixed addresses, an output area of which the final bytes are the result. QEMU gets a static ELF file;
// ours runs in U mode, bare, until the first ecall.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

class UserProgram {
 public:
  static constexpr uint64_t kCodeAt = 0x8004'0000, kDataAt = 0x8040'0000;

  std::vector<uint8_t> code;
  std::vector<uint8_t> data;  // all of it is the output

  void add(Word word);
  // Loads the data's address, plus an offset that is a multiple of 4096, into a register.
  void add_data_address(unsigned r, uint64_t offset = 0);
  void add_load_immediate(unsigned r, uint64_t value);  // up to 31 bits
  // write(1, data, size); exit(0). On our machine the first ecall ends the run.
  void finish();

  // The data after the run. nullopt: QEMU is not there, or the program did not come to its end; `why` says.
  std::optional<std::vector<uint8_t>> run_under_qemu(std::string& why) const;
  std::vector<uint8_t> run_here(Caches caches) const;

  // QEMU can be run.
  static bool oracle_is_there();
  // Extensions that its CPU gets, beside the standard ones.
  static constexpr const char* kCpu =
      "rv64,zba=true,zbb=true,zbc=true,zbs=true,zbkb=true,zbkc=true,zbkx=true,Zfh=true";
};

}  // namespace vitrine::bench
