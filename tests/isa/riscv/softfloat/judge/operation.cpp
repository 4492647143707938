// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/softfloat/judge/operation.h"

#include "isa/riscv/softfloat/host_fast.h"

namespace vitrine::riscv::softfloat::judge {

namespace {

template <class F>
constexpr const Type& kType = kF16;
template <>
constexpr const Type& kType<Binary32> = kF32;
template <>
constexpr const Type& kType<Binary64> = kF64;
template <>
constexpr const Type& kType<int32_t> = kI32;
template <>
constexpr const Type& kType<uint32_t> = kU32;
template <>
constexpr const Type& kType<int64_t> = kI64;
template <>
constexpr const Type& kType<uint64_t> = kU64;

constexpr Flags kComputed = kNV | kOF | kNX;

using Table = std::vector<Operation>;

#define VT_CALL(expression) \
  [](const Operands& x, Rounding rm, Flags& flags) -> uint64_t { return expression; }

template <class F>
void add_computational(Table& table) {
  const Type& t = kType<F>;
  auto row = [&](const char* name, Kind kind, int arity, Flags possible, Function reference, Function fast) {
    table.push_back({std::string(t.name) + "." + name, kind, t, t, arity, possible, reference, fast});
  };
  row("add", Kind::Add, 2, kComputed, VT_CALL(add<F>(x[0], x[1], rm, flags)),
      VT_CALL(fast::add<F>(x[0], x[1], rm, flags)));
  row("sub", Kind::Sub, 2, kComputed, VT_CALL(sub<F>(x[0], x[1], rm, flags)),
      VT_CALL(fast::sub<F>(x[0], x[1], rm, flags)));
  row("mul", Kind::Mul, 2, kComputed | kUF, VT_CALL(mul<F>(x[0], x[1], rm, flags)),
      VT_CALL(fast::mul<F>(x[0], x[1], rm, flags)));
  row("div", Kind::Div, 2, kComputed | kUF | kDZ, VT_CALL(div<F>(x[0], x[1], rm, flags)),
      VT_CALL(fast::div<F>(x[0], x[1], rm, flags)));
  row("sqrt", Kind::Sqrt, 1, kNV | kNX, VT_CALL(sqrt<F>(x[0], rm, flags)),
      VT_CALL(fast::sqrt<F>(x[0], rm, flags)));
  row("fma", Kind::Fma, 3, kComputed | kUF, VT_CALL(fma<F>(x[0], x[1], x[2], rm, flags)),
      VT_CALL(fast::fma<F>(x[0], x[1], x[2], rm, flags)));
}

#undef VT_CALL
#define VT_CALL(expression) [](const Operands& x, Rounding, Flags& flags) -> uint64_t { return expression; }

template <class F>
void add_comparisons(Table& table) {
  const Type& t = kType<F>;
  auto row = [&](const char* name, Kind kind, const Type& result, Function reference) {
    table.push_back({std::string(t.name) + "." + name, kind, t, result, 2, kNV, reference, nullptr});
  };
  row("min", Kind::Min, t, VT_CALL(min<F>(x[0], x[1], flags)));
  row("max", Kind::Max, t, VT_CALL(max<F>(x[0], x[1], flags)));
  row("eq", Kind::Eq, kTruth, VT_CALL(eq<F>(x[0], x[1], flags)));
  row("lt", Kind::Lt, kTruth, VT_CALL(lt<F>(x[0], x[1], flags)));
  row("le", Kind::Le, kTruth, VT_CALL(le<F>(x[0], x[1], flags)));
  table.push_back({std::string(t.name) + ".classify", Kind::Classify, t, kMask, 1, 0,
                   [](const Operands& x, Rounding, Flags&) -> uint64_t { return classify<F>(x[0]); },
                   nullptr});
}

#undef VT_CALL

template <class F, class Int>
void add_integer(Table& table) {
  const Type &f = kType<F>, &i = kType<Int>;
  table.push_back({std::string(f.name) + ".to_" + i.name, Kind::ToInteger, f, i, 1, kNV | kNX,
                   [](const Operands& x, Rounding rm, Flags& flags) {
                     return static_cast<uint64_t>(to_integer<F, Int>(x[0], rm, flags));
                   },
                   nullptr});
  const int digits = i.width - (i.is_signed ? 1 : 0);
  const Flags possible = (digits > f.precision ? kNX : 0) | (digits > f.emax ? kOF : 0);
  table.push_back({std::string(f.name) + ".from_" + i.name, Kind::FromInteger, i, f, 1, possible,
                   [](const Operands& x, Rounding rm, Flags& flags) -> uint64_t {
                     return from_integer<F, Int>(static_cast<Int>(x[0]), rm, flags);
                   },
                   nullptr});
}

template <class To, class From>
void add_conversion(Table& table) {
  const Type &from = kType<From>, &to = kType<To>;
  const Flags possible = to.precision < from.precision ? kComputed | kUF : kNV;
  table.push_back({std::string(to.name) + ".from_" + from.name, Kind::Convert, from, to, 1, possible,
                   [](const Operands& x, Rounding rm, Flags& flags) -> uint64_t {
                     return convert<To, From>(x[0], rm, flags);
                   },
                   nullptr});
}

template <class F, class Other1, class Other2>
void add_format(Table& table) {
  add_computational<F>(table);
  add_comparisons<F>(table);
  add_integer<F, int32_t>(table);
  add_integer<F, uint32_t>(table);
  add_integer<F, int64_t>(table);
  add_integer<F, uint64_t>(table);
  add_conversion<F, Other1>(table);
  add_conversion<F, Other2>(table);
}

}  // namespace

const std::vector<Operation>& operations() {
  static const Table table = [] {
    Table rows;
    add_format<Binary16, Binary32, Binary64>(rows);
    add_format<Binary32, Binary16, Binary64>(rows);
    add_format<Binary64, Binary16, Binary32>(rows);
    return rows;
  }();
  return table;
}

}  // namespace vitrine::riscv::softfloat::judge
