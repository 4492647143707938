// SPDX-License-Identifier: MIT
//
// The outside judge: GNU MPFR computes every operation with correct rounding to any precision, and says in a
// "ternary value" whether and how the result differs from the exact one.
//
// Two ways lead from there to a format's result, and they are held against each other on every case:
//   * MPFR's own emulation of a format (precision, exponent range, mpfr_subnormalize), for all but RMM;
//   * by hand: truncate to many digits, cut these at the format's quantum exactly, and round what is cut off
//     as the definition of the mode says. For RMM, which MPFR does not have, this way is alone.
// Flags follow from IEEE 754-2019, clause 7, not from MPFR's flags, except for overflow and division by zero.
#include <stdint.h>
#define MPFR_USE_INTMAX_T  // mpfr_set_uj and the like; needs the header above
#include <mpfr.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/isa/riscv/softfloat/judge/judge.h"

namespace vitrine::riscv::softfloat::judge {

namespace {

/// Exact for every operand, every integer part, and far beyond the half of any last digit.
constexpr mpfr_prec_t kManyDigits = 256;

class Number {
 public:
  Number() { mpfr_init2(value_, kManyDigits); }
  ~Number() { mpfr_clear(value_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  operator mpfr_ptr() { return value_; }
  operator mpfr_srcptr() const { return value_; }

 private:
  mpfr_t value_;
};

/// Narrows MPFR's exponent range while it lives. MPFR's exponents are of fractions 0.1xxx: one more than
/// IEEE's.
class ExponentRange {
 public:
  explicit ExponentRange(const Type& t) : emin_(mpfr_get_emin()), emax_(mpfr_get_emax()) {
    mpfr_set_emin(t.emin() + 1 - t.fraction_bits());
    mpfr_set_emax(t.emax + 1);
  }
  ~ExponentRange() {
    mpfr_set_emin(emin_);
    mpfr_set_emax(emax_);
  }

 private:
  mpfr_exp_t emin_, emax_;
};

int exponent_of(mpfr_srcptr a) { return static_cast<int>(mpfr_get_exp(a)) - 1; }

void decode(mpfr_ptr out, const Type& t, uint64_t a) {
  if (t.is_integer()) {
    t.is_signed ? mpfr_set_sj(out, static_cast<int64_t>(a), MPFR_RNDN) : mpfr_set_uj(out, a, MPFR_RNDN);
    return;
  }
  if (t.is_nan(a)) return mpfr_set_nan(out);
  if (t.is_infinite(a)) return mpfr_set_inf(out, t.sign(a) ? -1 : 1);
  const bool normal = t.field(a) != 0;
  const uint64_t significand = t.fraction(a) | (normal ? uint64_t{1} << t.fraction_bits() : 0);
  const int exponent = (normal ? t.field(a) - t.emax : t.emin()) - t.fraction_bits();
  mpfr_set_uj_2exp(out, significand, exponent, MPFR_RNDN);
  mpfr_setsign(out, out, t.sign(a), MPFR_RNDN);
}

/// The encoding of a number that the format has.
uint64_t encode(const Type& t, mpfr_srcptr a) {
  const bool sign = mpfr_signbit(a) != 0;
  if (mpfr_nan_p(a)) return t.canonical_nan();
  if (mpfr_inf_p(a)) return t.infinity(sign);
  if (mpfr_zero_p(a)) return t.encode(sign, 0, 0);
  const int e = exponent_of(a);
  static Number units;
  mpfr_abs(units, a, MPFR_RNDN);
  mpfr_mul_2si(units, units, t.fraction_bits() - std::max(e, t.emin()), MPFR_RNDN);
  const uint64_t digits = mpfr_get_uj(units, MPFR_RNDZ);
  return t.encode(sign, e < t.emin() ? 0 : e + t.emax, digits & t.fraction_mask());
}

mpfr_rnd_t mpfr_mode(Rounding rm) {
  switch (rm) {
    case Rounding::RTZ: return MPFR_RNDZ;
    case Rounding::RDN: return MPFR_RNDD;
    case Rounding::RUP: return MPFR_RNDU;
    default: return MPFR_RNDN;
  }
}

class MpfrJudge : public Judge {
 public:
  bool accepts(const Operation&, Rounding) const override { return true; }

  Expected expected(const Operation& op, const Operands& x, Rounding rm) override {
    for (int i = 0; i < op.arity; ++i) decode(operand_[i], op.source, x[i]);
    Outcome result = op.kind == Kind::ToInteger ? to_integer(op, rm)
                     : op.rounds()              ? rounded(op, rm)
                                                : exact(op, x);
    if (is_invalid(op, x, result)) result.flags |= kNV;
    return {result.bits, result.flags};
  }

 private:
  /// IEEE 754-2019, 7.2: a signalling NaN, or a NaN from numbers; RISC-V's choice for fma; ordering of a NaN.
  static bool is_invalid(const Operation& op, const Operands& x, const Outcome& result) {
    if (op.source.is_integer() || op.kind == Kind::Classify || op.kind == Kind::ToInteger) return false;
    const Type& t = op.source;
    bool any_nan = false;
    for (int i = 0; i < op.arity; ++i) {
      if (t.is_signalling_nan(x[i])) return true;
      any_nan |= t.is_nan(x[i]);
    }
    if (op.kind == Kind::Lt || op.kind == Kind::Le) return any_nan;
    if (op.kind == Kind::Fma &&
        ((t.is_infinite(x[0]) && t.is_zero(x[1])) || (t.is_zero(x[0]) && t.is_infinite(x[1]))))
      return true;
    return !any_nan && !op.result.is_integer() && op.result.is_nan(result.bits);
  }

  /// The operation, correctly rounded to the precision of r. The ternary value.
  int compute(Kind kind, mpfr_ptr r, mpfr_rnd_t mode) {
    const Number &a = operand_[0], &b = operand_[1], &c = operand_[2];
    switch (kind) {
      case Kind::Add: return mpfr_add(r, a, b, mode);
      case Kind::Sub: return mpfr_sub(r, a, b, mode);
      case Kind::Mul: return mpfr_mul(r, a, b, mode);
      case Kind::Div: return mpfr_div(r, a, b, mode);
      case Kind::Sqrt: return mpfr_sqrt(r, a, mode);
      case Kind::Fma: return mpfr_fma(r, a, b, c, mode);
      default: return mpfr_set(r, a, mode);
    }
  }

  Outcome rounded(const Operation& op, Rounding rm) {
    const Outcome by_hand = rounded_by_hand(op, rm);
    if (rm != Rounding::RMM && by_hand != rounded_by_mpfr(op, rm)) {
      std::fprintf(stderr, "the two ways of the MPFR judge disagree on %s\n", op.name.c_str());
      std::abort();
    }
    return by_hand;
  }

  Outcome rounded_by_mpfr(const Operation& op, Rounding rm) {
    const Type& t = op.result;
    const mpfr_rnd_t mode = mpfr_mode(rm);
    mpfr_set_prec(narrow_, t.precision);
    mpfr_clear_flags();
    int ternary = compute(op.kind, narrow_, mode);
    Flags flags = mpfr_divby0_p() ? kDZ : 0;
    const bool tiny = mpfr_regular_p(narrow_) && exponent_of(narrow_) < t.emin();
    {
      ExponentRange range(t);
      mpfr_clear_flags();
      ternary = mpfr_check_range(narrow_, ternary, mode);
      if (mpfr_overflow_p()) flags |= kOF;
      ternary = mpfr_subnormalize(narrow_, ternary, mode);
    }
    if (ternary != 0) flags |= tiny ? kNX | kUF : kNX;
    return {encode(t, narrow_), flags};
  }

  /// |wide_|, of which `truncated` says whether digits are missing at its end, rounded to a multiple of
  /// 2^quantum and left in rounded_. Whether that is inexact.
  bool round_wide(Rounding rm, bool negative, bool truncated, int quantum) {
    mpfr_mul_2si(scaled_, wide_, -quantum, MPFR_RNDN);
    mpfr_abs(scaled_, scaled_, MPFR_RNDN);
    mpfr_trunc(rounded_, scaled_);
    mpfr_sub(rest_, scaled_, rounded_, MPFR_RNDN);  // exact: the digits after the point
    const int half = mpfr_cmp_d(rest_, 0.5);
    const bool inexact = truncated || !mpfr_zero_p(rest_);
    const bool above_half = half > 0 || (half == 0 && truncated);
    const bool tie = half == 0 && !truncated;
    bool up = false;
    switch (rm) {
      case Rounding::RNE: {
        mpfr_div_2ui(rest_, rounded_, 1, MPFR_RNDN);
        up = above_half || (tie && !mpfr_integer_p(rest_));
        break;
      }
      case Rounding::RTZ: break;
      case Rounding::RDN: up = negative && inexact; break;
      case Rounding::RUP: up = !negative && inexact; break;
      case Rounding::RMM: up = above_half || tie; break;
    }
    if (up) mpfr_add_ui(rounded_, rounded_, 1, MPFR_RNDN);
    mpfr_mul_2si(rounded_, rounded_, quantum, MPFR_RNDN);
    mpfr_setsign(rounded_, rounded_, negative, MPFR_RNDN);
    return inexact;
  }

  Outcome rounded_by_hand(const Operation& op, Rounding rm) {
    const Type& t = op.result;
    mpfr_clear_flags();
    const bool truncated = compute(op.kind, wide_, MPFR_RNDZ) != 0;
    const Flags flags = mpfr_divby0_p() ? kDZ : 0;
    if (!mpfr_regular_p(wide_)) {
      // NaN, infinity and zero are exact. Only the sign of a zero sum still depends on the mode.
      compute(op.kind, wide_, mpfr_mode(rm));
      return {encode(t, wide_), flags};
    }
    const bool negative = mpfr_signbit(wide_) != 0;
    const int e = exponent_of(wide_);

    round_wide(rm, negative, truncated, e - t.fraction_bits());
    const int unbounded_exponent = exponent_of(rounded_);
    if (unbounded_exponent > t.emax) return {overflow_result(t, rm, negative), kOF | kNX};

    const bool inexact = round_wide(rm, negative, truncated, std::max(e, t.emin()) - t.fraction_bits());
    const bool underflow = inexact && unbounded_exponent < t.emin();
    return {encode(t, rounded_), static_cast<Flags>((inexact ? kNX : 0) | (underflow ? kUF : 0))};
  }

  static uint64_t overflow_result(const Type& t, Rounding rm, bool negative) {
    const bool to_infinity = rm == Rounding::RNE || rm == Rounding::RMM ||
                             (rm == Rounding::RDN && negative) || (rm == Rounding::RUP && !negative);
    return to_infinity ? t.infinity(negative) : t.infinity(negative) - 1;
  }

  Outcome to_integer(const Operation& op, Rounding rm) {
    const Type& t = op.result;
    const uint64_t highest = t.is_signed ? t.sign_bit() - 1 : t.sign_bit() - 1 + t.sign_bit();
    const uint64_t lowest = t.is_signed ? 0 - t.sign_bit() : 0;
    const uint64_t highest_bits =
        t.width == 32 && !t.is_signed ? static_cast<uint64_t>(static_cast<uint32_t>(highest)) : highest;
    if (mpfr_nan_p(operand_[0])) return {highest_bits, kNV};
    rm == Rounding::RMM ? mpfr_round(rounded_, operand_[0]) : mpfr_rint(rounded_, operand_[0], mpfr_mode(rm));
    decode(scaled_, t, highest_bits);
    if (mpfr_greater_p(rounded_, scaled_)) return {highest_bits, kNV};
    decode(scaled_, t, lowest);
    if (mpfr_less_p(rounded_, scaled_)) return {lowest, kNV};
    const Flags flags = mpfr_equal_p(rounded_, operand_[0]) ? 0 : kNX;
    const uint64_t bits = t.is_signed ? static_cast<uint64_t>(mpfr_get_sj(rounded_, MPFR_RNDZ))
                                      : static_cast<uint64_t>(mpfr_get_uj(rounded_, MPFR_RNDZ));
    return {bits, flags};
  }

  Outcome exact(const Operation& op, const Operands& x) {
    const Number &a = operand_[0], &b = operand_[1];
    switch (op.kind) {
      case Kind::Min: mpfr_min(rounded_, a, b, MPFR_RNDN); return {encode(op.result, rounded_), 0};
      case Kind::Max: mpfr_max(rounded_, a, b, MPFR_RNDN); return {encode(op.result, rounded_), 0};
      case Kind::Eq: return {mpfr_equal_p(a, b) != 0, 0};
      case Kind::Lt: return {mpfr_less_p(a, b) != 0, 0};
      case Kind::Le: return {mpfr_lessequal_p(a, b) != 0, 0};
      default: return {classified(op.source, x[0]), 0};
    }
  }

  /// The bit of the fclass table.
  uint64_t classified(const Type& t, uint64_t bits) {
    const Number& a = operand_[0];
    if (mpfr_nan_p(a)) return t.is_signalling_nan(bits) ? 1 << 8 : 1 << 9;
    const int distance = mpfr_inf_p(a) ? 3 : mpfr_zero_p(a) ? 0 : exponent_of(a) >= t.emin() ? 2 : 1;
    return mpfr_signbit(a) ? 1 << (3 - distance) : 1 << (4 + distance);
  }

  Number operand_[3], narrow_, wide_, scaled_, rounded_, rest_;
};

}  // namespace

Appointment appoint_mpfr_judge() { return {std::make_unique<MpfrJudge>()}; }

}  // namespace vitrine::riscv::softfloat::judge
