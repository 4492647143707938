// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/softfloat/judge/operand_source.h"

#include <algorithm>

namespace vitrine::riscv::softfloat::judge {

namespace {

int exponent_of(const Type& t, uint64_t a) { return std::max(t.field(a), 1) - t.emax; }

/// A product of the operation's type, only to find operands: nothing is expected to equal it.
uint64_t rounded_product(const Type& t, uint64_t a, uint64_t b) {
  Flags ignored = 0;
  if (t.width == 16) return mul<Binary16>(a, b, Rounding::RNE, ignored);
  if (t.width == 32) return mul<Binary32>(a, b, Rounding::RNE, ignored);
  return mul<Binary64>(a, b, Rounding::RNE, ignored);
}

}  // namespace

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
uint64_t OperandSource::random() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t OperandSource::integer(const Type& t) {
  uint64_t a = random() >> below(t.width);
  if (one_in(3)) a = uint64_t{1} << below(t.width);
  if (one_in(4)) a |= uint64_t{1} << below(t.width);
  if (one_in(4)) a += static_cast<uint64_t>(between(-2, 2));
  if (one_in(2)) a = 0 - a;
  if (t.width == 64) return a;
  return t.is_signed ? static_cast<uint64_t>(static_cast<int32_t>(a)) : static_cast<uint32_t>(a);
}

uint64_t OperandSource::fraction(const Type& t) {
  const uint64_t one = 1;
  const int i = below(t.fraction_bits()), j = below(t.fraction_bits());
  const uint64_t few = static_cast<uint64_t>(below(4));
  uint64_t bits = random();
  switch (below(10)) {
    case 0: bits = few; break;
    case 1: bits = 0 - one - few; break;
    case 2: bits = one << i; break;
    case 3: bits = (one << i) - 1; break;
    case 4: bits = 0 - (one << i); break;
    case 5: bits = (one << i) + (one << j); break;
    case 6: bits = (one << i) - (one << j); break;
    case 7: bits &= 0 - (one << (t.fraction_bits() / 2 + below(2))); break;
    default: break;
  }
  return bits & t.fraction_mask();
}

int OperandSource::exponent(const Type& t, const Type& result) {
  switch (below(8)) {
    case 0: return t.emin() - 1 + below(4);
    case 1: return t.emax + 1 - below(4);
    case 2: return between(-t.precision - 2, t.precision + 2);
    case 3: return between(-2, 2);
    case 4:
      if (result.is_integer()) return between(-2, result.width + 1);
      return one_in(2) ? between(result.emin() - result.precision - 2, result.emin() + 1)
                       : between(result.emax - 1, result.emax + 1);
    default: return between(t.emin() - 1, t.emax + 1);
  }
}

uint64_t OperandSource::with_exponent(const Type& t, int e, uint64_t fraction_bits) {
  return t.encode(one_in(2), std::clamp(e + t.emax, 0, t.max_field()), fraction_bits);
}

/// At most half the precision: products of two such numbers are exact, or ties when subnormal.
uint64_t OperandSource::few_digits(const Type& t, int e) {
  return with_exponent(t, e, fraction(t) & ~((uint64_t{1} << (t.fraction_bits() / 2 + 1)) - 1));
}

/// A few units in the last place above or below a power of two. Products and quotients of two such numbers,
/// too, lie a hair from a power of two, closer than p digits can say: where tininess after rounding is
/// decided.
uint64_t OperandSource::hair_from_power(const Type& t, int e) {
  const auto few = static_cast<uint64_t>(below(4));
  return with_exponent(t, e, one_in(2) ? few : ~few & t.fraction_mask());
}

/// A few units in the last place away, perhaps in another exponent.
uint64_t OperandSource::near(const Type& t, uint64_t a) {
  const uint64_t magnitude = (a & ~t.sign_bit()) + static_cast<uint64_t>(between(-2, 2));
  return (a & t.sign_bit()) | (magnitude & ~t.sign_bit());
}

void OperandSource::relate_sum(const Type& t, Operands& x) {
  switch (below(4)) {
    case 0: x[1] = near(t, x[0]) ^ (one_in(2) ? t.sign_bit() : 0); break;
    case 1: x[1] = with_exponent(t, exponent_of(t, x[0]) - below(t.precision + 4)); break;
    case 2: x[1] = with_exponent(t, exponent_of(t, x[0]) + between(-2, 2)); break;
    default: break;
  }
}

/// Products and quotients at the edges of the range, and exact ones.
void OperandSource::relate_product(const Operation& op, Operands& x) {
  const Type& t = op.source;
  const int edge = one_in(3) ? t.emax + between(-1, 1) : t.emin() + between(-t.precision - 2, 1);
  const int e = exponent_of(t, x[0]);
  switch (below(4)) {
    case 0: x[1] = with_exponent(t, op.kind == Kind::Div ? e - edge : edge - e); break;
    case 1:
      x[0] = few_digits(t, e);
      x[1] = few_digits(t, op.kind == Kind::Div ? e - edge : edge - e);
      break;
    case 2:
      if (op.kind == Kind::Div) {
        x[1] = few_digits(t, exponent(t, t));
        x[0] = rounded_product(t, x[1], few_digits(t, one_in(2) ? edge : below(8)));
        if (one_in(2)) x[0] = near(t, x[0]);
      }
      break;
    default:
      if (one_in(2)) return;
      x[0] = hair_from_power(t, e);
      x[1] = hair_from_power(t, op.kind == Kind::Div ? e - t.emin() + below(3) : t.emin() - below(3) - e);
      break;
  }
}

/// Addends that cancel the product, lie close to it, or meet it at any distance of digits.
void OperandSource::relate_fma(const Operation& op, Operands& x) {
  const Type& t = op.source;
  if (one_in(2)) relate_product(op, x);
  const int e = exponent_of(t, x[0]) + exponent_of(t, x[1]);
  switch (below(4)) {
    case 0: x[2] = near(t, rounded_product(t, x[0], x[1])) ^ (one_in(4) ? 0 : t.sign_bit()); break;
    case 1: x[2] = rounded_product(t, x[0], x[1]) ^ t.sign_bit(); break;
    case 2: x[2] = with_exponent(t, e + between(-2 * t.precision - 3, t.precision + 3)); break;
    default:  // about 2^emin, less or more a product of the order of its last digit
      if (one_in(2)) return;
      x[1] = with_exponent(t, t.emin() - t.precision + between(-3, 2) - exponent_of(t, x[0]));
      x[2] = hair_from_power(t, t.emin() - below(2));
      break;
  }
}

void OperandSource::relate(const Operation& op, Operands& x) {
  const Type& t = op.source;
  switch (op.kind) {
    case Kind::Mul:
    case Kind::Div: return relate_product(op, x);
    case Kind::Fma: return relate_fma(op, x);
    case Kind::Sqrt: {  // squares and their neighbours
      const uint64_t root = few_digits(t, between(t.emin() / 2, t.emax / 2));
      if (one_in(3)) x[0] = near(t, rounded_product(t, root, root));
      if (one_in(2)) x[0] &= ~t.sign_bit();
      return;
    }
    default: return op.arity == 2 ? relate_sum(t, x) : void();
  }
}

Operands OperandSource::next(const Operation& op) {
  if (op.source.is_integer()) return {integer(op.source), 0, 0};
  Operands x{number(op), number(op), number(op)};
  if (!one_in(4)) relate(op, x);
  return x;
}

}  // namespace vitrine::riscv::softfloat::judge
