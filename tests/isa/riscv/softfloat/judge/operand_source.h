// SPDX-License-Identifier: MIT
//
// Random operands that go where floating-point code breaks: special exponents, fractions that make ties and
// carries, operands that cancel, products and quotients at the edges of the result's range. Uniform bits
// alone would meet a tie of binary64 once in 2^50 cases.
#pragma once

#include <cstdint>

#include "tests/isa/riscv/softfloat/judge/operation.h"

namespace vitrine::riscv::softfloat::judge {

class OperandSource {
 public:
  explicit OperandSource(uint64_t seed) : state_(seed) {}

  Operands next(const Operation& op);
  uint64_t random();

 private:
  int below(int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); }
  int between(int low, int high) { return low + below(high - low + 1); }
  bool one_in(int n) { return below(n) == 0; }

  uint64_t integer(const Type& t);
  uint64_t fraction(const Type& t);
  int exponent(const Type& t, const Type& result);
  /// A number of about this (unbiased) exponent; clamped, so that it may come out subnormal, infinite or NaN.
  uint64_t with_exponent(const Type& t, int e) { return with_exponent(t, e, fraction(t)); }
  uint64_t with_exponent(const Type& t, int e, uint64_t fraction_bits);
  uint64_t number(const Operation& op) { return with_exponent(op.source, exponent(op.source, op.result)); }
  uint64_t few_digits(const Type& t, int e);
  uint64_t hair_from_power(const Type& t, int e);
  uint64_t near(const Type& t, uint64_t a);

  void relate(const Operation& op, Operands& x);
  void relate_sum(const Type& t, Operands& x);
  void relate_product(const Operation& op, Operands& x);
  void relate_fma(const Operation& op, Operands& x);

  uint64_t state_;
};

}  // namespace vitrine::riscv::softfloat::judge
