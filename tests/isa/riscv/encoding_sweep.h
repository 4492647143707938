// SPDX-License-Identifier: MIT
// Encodings made from the instruction rows: every row with corner values in every field, words one fixed bit
// away from a row, and random words. A new row is swept without a line of test code. Next:
// objdump_oracle_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/riscv/instruction.h"

namespace vitrine::test {

// All combinations of corner values of the row's fields; then each field through all its values (or, if it is
// wider than 6 bits, each bit of it alone set and alone clear) with the others at two backgrounds.
std::vector<uint32_t> operand_corners(const riscv::Row& row);

// With a few operands, each fixed bit of the row inverted, but for those that would change the length.
std::vector<uint32_t> near_misses(const riscv::Row& row);

// `count` random 32-bit encodings of each of the 28 major opcodes of 32-bit instructions; always the same
// ones.
std::vector<uint32_t> random_words(unsigned count);

// Every 16-bit encoding, in order.
std::vector<uint32_t> all_compressed();

}  // namespace vitrine::test
