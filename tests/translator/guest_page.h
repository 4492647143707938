// SPDX-License-Identifier: MIT
// One page of guest code for tests of the builder: nops, and what a test puts there.
#pragma once

#include <cstring>
#include <initializer_list>

#include "core/address.h"
#include "tests/isa/riscv/bench/bench.h"
#include "translator/builder.h"

namespace vitrine::translator {

class GuestPage {
 public:
  static constexpr uint64_t kAddress = 0x8000'3000;

  GuestPage() {
    for (unsigned at = 0; at < core::kPageSize; at += 4) std::memcpy(bytes_ + at, &bench::insn::kNop, 4);
  }
  GuestPage& put(unsigned offset, std::initializer_list<bench::Word> program) {
    for (const bench::Word& word : program) {
      std::memcpy(bytes_ + offset, &word.bits, word.size);
      offset += word.size;
    }
    return *this;
  }
  [[nodiscard]] const uint8_t* bytes() const { return bytes_; }

 private:
  uint8_t bytes_[core::kPageSize + 2];  // an instruction may be put across the end
};

}  // namespace vitrine::translator
