// SPDX-License-Identifier: MIT
//
// The operations under judgement, one row each: what they take and give, and how to call ours. The judges
// read the types from here, not from isa/riscv/softfloat/format.h, so that a wrong parameter there is found.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/riscv/softfloat/softfloat.h"
#include "tests/isa/riscv/softfloat/outcome.h"

namespace vitrine::riscv::softfloat::judge {

/// A floating-point format or an integer type, with the terms of IEEE 754-2019, table 3.5.
struct Type {
  const char* name;
  int width;
  int precision;  ///< p; 0 for an integer
  int emax;
  bool is_signed;

  constexpr bool is_integer() const { return precision == 0; }
  constexpr int emin() const { return 1 - emax; }
  constexpr int fraction_bits() const { return precision - 1; }
  constexpr uint64_t fraction_mask() const { return (uint64_t{1} << fraction_bits()) - 1; }
  constexpr int max_field() const { return 2 * emax + 1; }
  constexpr uint64_t sign_bit() const { return uint64_t{1} << (width - 1); }
  constexpr int field(uint64_t a) const { return static_cast<int>(a >> fraction_bits()) & max_field(); }
  constexpr uint64_t fraction(uint64_t a) const { return a & fraction_mask(); }
  constexpr bool sign(uint64_t a) const { return (a & sign_bit()) != 0; }
  constexpr bool is_nan(uint64_t a) const { return field(a) == max_field() && fraction(a) != 0; }
  constexpr bool is_signalling_nan(uint64_t a) const {
    return is_nan(a) && (fraction(a) >> (fraction_bits() - 1)) == 0;
  }
  constexpr bool is_infinite(uint64_t a) const { return field(a) == max_field() && fraction(a) == 0; }
  constexpr bool is_zero(uint64_t a) const { return field(a) == 0 && fraction(a) == 0; }
  constexpr uint64_t encode(bool s, int biased, uint64_t f) const {
    return (s ? sign_bit() : 0) | static_cast<uint64_t>(biased) << fraction_bits() | f;
  }
  constexpr uint64_t infinity(bool s) const { return encode(s, max_field(), 0); }
  constexpr uint64_t canonical_nan() const {
    return encode(false, max_field(), uint64_t{1} << (fraction_bits() - 1));
  }
};

inline constexpr Type kF16{"f16", 16, 11, 15, true}, kF32{"f32", 32, 24, 127, true},
    kF64{"f64", 64, 53, 1023, true};
inline constexpr Type kI32{"i32", 32, 0, 0, true}, kU32{"u32", 32, 0, 0, false};
inline constexpr Type kI64{"i64", 64, 0, 0, true}, kU64{"u64", 64, 0, 0, false};
inline constexpr Type kTruth{"bool", 1, 0, 0, false}, kMask{"mask", 10, 0, 0, false};

enum class Kind {
  Add,
  Sub,
  Mul,
  Div,
  Sqrt,
  Fma,
  Convert,
  ToInteger,
  FromInteger,
  Min,
  Max,
  Eq,
  Lt,
  Le,
  Classify
};

/// Encodings; an operation uses as many as it has operands. Integers are extended to 64 bits as their type
/// says.
using Operands = std::array<uint64_t, 3>;

/// Starts from `flags` and accrues into it.
using Function = uint64_t (*)(const Operands&, Rounding, Flags& flags);

struct Operation {
  std::string name;  ///< such as "f64.add" or "f16.to_u32"
  Kind kind;
  Type source;
  Type result;
  int arity;
  Flags possible;      ///< the flags that it can raise at all
  Function reference;  ///< isa/riscv/softfloat/softfloat.h
  Function fast;       ///< isa/riscv/softfloat/host_fast.h, or null

  bool rounds() const { return kind <= Kind::FromInteger; }
};

const std::vector<Operation>& operations();

}  // namespace vitrine::riscv::softfloat::judge
