// SPDX-License-Identifier: MIT
//
// The second judge: the SSE unit of an x86-64 host, its rounding mode and exception flags set and read
// through MXCSR. It agrees with RISC-V on tininess after rounding. Where it differs by definition:
//   * it has no RMM, no conversions to unsigned integers nor from uint64, no such min and max: not judged;
//   * NaN results keep payloads: replaced by the canonical NaN;
//   * an invalid conversion to an integer gives the "integer indefinite": only flags are judged;
//   * a fused infinity times zero plus a quiet NaN does not raise its invalid flag: RISC-V's rule is added.
#include "tests/isa/riscv/softfloat/judge/judge.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <bit>
#include <type_traits>

namespace vitrine::riscv::softfloat::judge {

namespace {

constexpr unsigned kDefaultMxcsr = 0x1f80;  // all exceptions masked, no flag, to nearest, subnormals kept

unsigned mxcsr_for(Rounding rm) {
  constexpr unsigned kField[] = {0 << 13, 3 << 13, 1 << 13, 2 << 13};  // RNE, RTZ, RDN, RUP
  return kDefaultMxcsr | kField[static_cast<int>(rm)];
}

Flags riscv_flags(unsigned mxcsr) {
  return static_cast<Flags>(((mxcsr & 1 << 0) != 0 ? kNV : 0) | ((mxcsr & 1 << 2) != 0 ? kDZ : 0) |
                            ((mxcsr & 1 << 3) != 0 ? kOF : 0) | ((mxcsr & 1 << 4) != 0 ? kUF : 0) |
                            ((mxcsr & 1 << 5) != 0 ? kNX : 0));
}

/// The value passes through here; the compiler may neither know it nor move its computation across.
template <class T>
void pin(T& value) {
  if constexpr (std::is_floating_point_v<T> || sizeof(T) == 16)
    asm volatile("" : "+x"(value));
  else
    asm volatile("" : "+r"(value));
}

template <class T>
uint64_t to_bits(T value) {
  if constexpr (std::is_same_v<T, float>)
    return std::bit_cast<uint32_t>(value);
  else if constexpr (std::is_same_v<T, double>)
    return std::bit_cast<uint64_t>(value);
  else
    return static_cast<uint64_t>(value);
}

template <class T>
T from_bits(uint64_t bits) {
  if constexpr (std::is_same_v<T, float>)
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  else if constexpr (std::is_same_v<T, double>)
    return std::bit_cast<double>(bits);
  else
    return static_cast<T>(bits);
}

template <class T, class Operation>
Outcome measure(Rounding rm, const Operands& x, Operation operation) {
  T a = from_bits<T>(x[0]), b = from_bits<T>(x[1]), c = from_bits<T>(x[2]);
  _mm_setcsr(mxcsr_for(rm));
  pin(a), pin(b), pin(c);
  auto result = operation(a, b, c);
  pin(result);
  const unsigned status = _mm_getcsr();
  _mm_setcsr(kDefaultMxcsr);
  return {to_bits(result), riscv_flags(status)};
}

__attribute__((target("fma"), noinline)) float fused(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
__attribute__((target("fma"), noinline)) double fused(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}
__attribute__((target("f16c"), noinline)) int64_t half_from_single(float a) {
  return _mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(a), _MM_FROUND_CUR_DIRECTION), 0);
}
__attribute__((target("f16c"), noinline)) float single_from_half(int64_t a) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi64_si128(a)));
}

template <class T>
T square_root(T a) {
  if constexpr (std::is_same_v<T, float>)
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a)));
  else
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(a)));
}

/// comiss and comisd, the signalling comparisons: for < and <= a compiler may take the quiet ones. Asked as
/// "b above a", they are false for an unordered pair, whose carry flag is set.
bool less(float a, float b) { return _mm_comigt_ss(_mm_set_ss(b), _mm_set_ss(a)) != 0; }
bool less(double a, double b) { return _mm_comigt_sd(_mm_set_sd(b), _mm_set_sd(a)) != 0; }
bool less_or_equal(float a, float b) { return _mm_comige_ss(_mm_set_ss(b), _mm_set_ss(a)) != 0; }
bool less_or_equal(double a, double b) { return _mm_comige_sd(_mm_set_sd(b), _mm_set_sd(a)) != 0; }

template <class T>
Outcome floating(const Operation& op, const Operands& x, Rounding rm) {
  switch (op.kind) {
    case Kind::Add: return measure<T>(rm, x, [](T a, T b, T) { return a + b; });
    case Kind::Sub: return measure<T>(rm, x, [](T a, T b, T) { return a - b; });
    case Kind::Mul: return measure<T>(rm, x, [](T a, T b, T) { return a * b; });
    case Kind::Div: return measure<T>(rm, x, [](T a, T b, T) { return a / b; });
    case Kind::Sqrt: return measure<T>(rm, x, [](T a, T, T) { return square_root(a); });
    case Kind::Fma: return measure<T>(rm, x, [](T a, T b, T c) { return fused(a, b, c); });
    case Kind::Eq: return measure<T>(rm, x, [](T a, T b, T) { return int64_t{a == b}; });
    case Kind::Lt: return measure<T>(rm, x, [](T a, T b, T) { return int64_t{less(a, b)}; });
    default: return measure<T>(rm, x, [](T a, T b, T) { return int64_t{less_or_equal(a, b)}; });
  }
}

/// One lambda a width: with both conversions in one, the compiler may run both and choose, and both leave
/// flags.
Outcome integer_from_single(const Operation& op, const Operands& x, Rounding rm) {
  if (op.result.width == 32)
    return measure<float>(rm, x,
                          [](float a, float, float) { return int64_t{_mm_cvtss_si32(_mm_set_ss(a))}; });
  return measure<float>(rm, x, [](float a, float, float) { return int64_t{_mm_cvtss_si64(_mm_set_ss(a))}; });
}

Outcome integer_from_double(const Operation& op, const Operands& x, Rounding rm) {
  if (op.result.width == 32)
    return measure<double>(rm, x,
                           [](double a, double, double) { return int64_t{_mm_cvtsd_si32(_mm_set_sd(a))}; });
  return measure<double>(rm, x,
                         [](double a, double, double) { return int64_t{_mm_cvtsd_si64(_mm_set_sd(a))}; });
}

/// int32 and uint32 are converted as the int64 that they were extended to.
Outcome from_integer(const Operation& op, const Operands& x, Rounding rm) {
  if (op.result.width == 32)
    return measure<int64_t>(rm, x, [](int64_t a, int64_t, int64_t) { return static_cast<float>(a); });
  return measure<int64_t>(rm, x, [](int64_t a, int64_t, int64_t) { return static_cast<double>(a); });
}

Outcome converted(const Operation& op, const Operands& x, Rounding rm) {
  if (op.source.width == 64) return measure<double>(rm, x, [](double a, double, double) { return float(a); });
  if (op.source.width == 16)
    return measure<int64_t>(rm, x, [](int64_t a, int64_t, int64_t) { return single_from_half(a); });
  if (op.result.width == 64) return measure<float>(rm, x, [](float a, float, float) { return double(a); });
  return measure<float>(rm, x, [](float a, float, float) { return half_from_single(a); });
}

/// By CPUID, for clang's __builtin_cpu_supports does not know the name.
bool has_f16c() {
  unsigned eax, ebx, ecx, edx;
  return __builtin_cpu_supports("avx") && __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 &&
         (ecx & bit_F16C) != 0;
}

bool is_wide(const Type& t) { return t.width >= 32; }

class HostJudge : public Judge {
 public:
  bool accepts(const Operation& op, Rounding rm) const override {
    if (rm == Rounding::RMM) return false;
    switch (op.kind) {
      case Kind::Min:
      case Kind::Max:
      case Kind::Classify: return false;
      case Kind::Fma: return is_wide(op.source) && __builtin_cpu_supports("fma");
      case Kind::Convert:
        if (is_wide(op.source) && is_wide(op.result)) return true;
        return op.source.width + op.result.width == 48 && has_f16c();
      case Kind::ToInteger: return is_wide(op.source) && op.result.is_signed;
      case Kind::FromInteger: return is_wide(op.result) && (op.source.is_signed || op.source.width == 32);
      default: return is_wide(op.source);
    }
  }

  Expected expected(const Operation& op, const Operands& x, Rounding rm) override {
    Outcome result = run(op, x, rm);
    const Type& t = op.source;
    if (op.kind == Kind::ToInteger && (result.flags & kNV) != 0) return {std::nullopt, result.flags};
    if (op.kind == Kind::Fma &&
        ((t.is_infinite(x[0]) && t.is_zero(x[1])) || (t.is_zero(x[0]) && t.is_infinite(x[1]))))
      result.flags |= kNV;
    if (!op.result.is_integer() && op.result.is_nan(result.bits)) result.bits = op.result.canonical_nan();
    return {result.bits, result.flags};
  }

 private:
  static Outcome run(const Operation& op, const Operands& x, Rounding rm) {
    const bool narrow = op.source.width == 32;
    switch (op.kind) {
      case Kind::Convert: return converted(op, x, rm);
      case Kind::FromInteger: return judge::from_integer(op, x, rm);
      case Kind::ToInteger: return narrow ? integer_from_single(op, x, rm) : integer_from_double(op, x, rm);
      default: return narrow ? floating<float>(op, x, rm) : floating<double>(op, x, rm);
    }
  }
};

}  // namespace

Appointment appoint_host_judge() { return {std::make_unique<HostJudge>()}; }

}  // namespace vitrine::riscv::softfloat::judge

#else

namespace vitrine::riscv::softfloat::judge {

Appointment appoint_host_judge() {
  return {nullptr, "this host is not x86-64: there is no MXCSR to set and read"};
}

}  // namespace vitrine::riscv::softfloat::judge

#endif
