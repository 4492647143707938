// SPDX-License-Identifier: MIT
// The arithmetic half of the vocabulary in which semantic bodies are written, for the backend in which a
// value is a number (the interpreter). The translator's backend has the same names, and there a value is an
// IR node. Shift amounts are taken modulo the width, division follows the unprivileged spec's table (13.2):
// nothing here is undefined for any input.
#pragma once

#include <bit>
#include <cstdint>

namespace vitrine::riscv {

struct Numbers {
  using Value = uint64_t;

  static constexpr Value constant(int64_t v) { return static_cast<Value>(v); }
  static constexpr Value add(Value a, Value b) { return a + b; }
  static constexpr Value sub(Value a, Value b) { return a - b; }
  static constexpr Value and_(Value a, Value b) { return a & b; }
  static constexpr Value or_(Value a, Value b) { return a | b; }
  static constexpr Value xor_(Value a, Value b) { return a ^ b; }
  static constexpr Value not_(Value a) { return ~a; }
  static constexpr Value sll(Value a, Value n) { return a << (n & 63); }
  static constexpr Value srl(Value a, Value n) { return a >> (n & 63); }
  static constexpr Value sra(Value a, Value n) {
    return static_cast<Value>(static_cast<int64_t>(a) >> (n & 63));
  }
  static constexpr Value rotr(Value a, Value n) { return std::rotr(a, static_cast<int>(n & 63)); }
  // 32-bit shifts: the result is sign-extended from bit 31.
  static constexpr Value sllw(Value a, Value n) { return sext32(static_cast<uint32_t>(a) << (n & 31)); }
  static constexpr Value srlw(Value a, Value n) { return sext32(static_cast<uint32_t>(a) >> (n & 31)); }
  static constexpr Value sraw(Value a, Value n) {
    return static_cast<Value>(int64_t{static_cast<int32_t>(a) >> (n & 31)});
  }
  static constexpr Value rotrw(Value a, Value n) {
    return sext32(std::rotr(static_cast<uint32_t>(a), static_cast<int>(n & 31)));
  }
  static constexpr Value sext8(Value a) { return static_cast<Value>(int64_t{static_cast<int8_t>(a)}); }
  static constexpr Value sext16(Value a) { return static_cast<Value>(int64_t{static_cast<int16_t>(a)}); }
  static constexpr Value sext32(Value a) { return static_cast<Value>(int64_t{static_cast<int32_t>(a)}); }
  static constexpr Value zext8(Value a) { return static_cast<uint8_t>(a); }
  static constexpr Value zext16(Value a) { return static_cast<uint16_t>(a); }
  static constexpr Value zext32(Value a) { return static_cast<uint32_t>(a); }

  // Comparisons give 0 or 1.
  static constexpr Value eq(Value a, Value b) { return a == b; }
  static constexpr Value ne(Value a, Value b) { return a != b; }
  static constexpr Value lt(Value a, Value b) { return static_cast<int64_t>(a) < static_cast<int64_t>(b); }
  static constexpr Value ge(Value a, Value b) { return static_cast<int64_t>(a) >= static_cast<int64_t>(b); }
  static constexpr Value ltu(Value a, Value b) { return a < b; }
  static constexpr Value geu(Value a, Value b) { return a >= b; }
  static constexpr Value select(Value condition, Value a, Value b) { return condition ? a : b; }

  static constexpr Value mul(Value a, Value b) { return a * b; }
  static constexpr Value mulh(Value a, Value b) {
    return static_cast<Value>((static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b)) >>
                              64);
  }
  static constexpr Value mulhu(Value a, Value b) {
    return static_cast<Value>((static_cast<unsigned __int128>(a) * b) >> 64);
  }
  static constexpr Value mulhsu(Value a, Value b) {
    return static_cast<Value>((static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<__int128>(b)) >>
                              64);
  }

  // Division by zero: quotient all ones, remainder the dividend. INT_MIN / -1: quotient INT_MIN, remainder 0.
  static constexpr Value div(Value a, Value b) {
    if (b == 0) return ~Value{0};
    if (b == ~Value{0}) return -a;
    return static_cast<Value>(static_cast<int64_t>(a) / static_cast<int64_t>(b));
  }
  static constexpr Value rem(Value a, Value b) {
    if (b == 0) return a;
    if (b == ~Value{0}) return 0;
    return static_cast<Value>(static_cast<int64_t>(a) % static_cast<int64_t>(b));
  }
  static constexpr Value divu(Value a, Value b) { return b == 0 ? ~Value{0} : a / b; }
  static constexpr Value remu(Value a, Value b) { return b == 0 ? a : a % b; }
  static constexpr Value divw(Value a, Value b) {
    const auto n = static_cast<int32_t>(a), d = static_cast<int32_t>(b);
    if (d == 0) return ~Value{0};
    if (d == -1) return sext32(-static_cast<uint32_t>(n));
    return static_cast<Value>(int64_t{n / d});
  }
  static constexpr Value remw(Value a, Value b) {
    const auto n = static_cast<int32_t>(a), d = static_cast<int32_t>(b);
    if (d == 0) return sext32(a);
    if (d == -1) return 0;
    return static_cast<Value>(int64_t{n % d});
  }
  static constexpr Value divuw(Value a, Value b) {
    return zext32(b) == 0 ? ~Value{0} : sext32(static_cast<uint32_t>(a) / static_cast<uint32_t>(b));
  }
  static constexpr Value remuw(Value a, Value b) {
    return zext32(b) == 0 ? sext32(a) : sext32(static_cast<uint32_t>(a) % static_cast<uint32_t>(b));
  }

  // Bits. Counts of zero are the width.
  static constexpr Value clz(Value a) { return static_cast<Value>(std::countl_zero(a)); }
  static constexpr Value ctz(Value a) { return static_cast<Value>(std::countr_zero(a)); }
  static constexpr Value cpop(Value a) { return static_cast<Value>(std::popcount(a)); }
  static constexpr Value clz32(Value a) {
    return static_cast<Value>(std::countl_zero(static_cast<uint32_t>(a)));
  }
  static constexpr Value ctz32(Value a) {
    return static_cast<Value>(std::countr_zero(static_cast<uint32_t>(a)));
  }
  static constexpr Value byte_swap(Value a) { return __builtin_bswap64(a); }
  // Each byte: all ones if any bit of it is set.
  static constexpr Value or_combine(Value a) {
    Value result = 0;
    for (unsigned i = 0; i < 64; i += 8)
      if ((a >> i) & 0xff) result |= Value{0xff} << i;
    return result;
  }
  // Each byte: its bits in reverse.
  static constexpr Value reverse_bits_in_bytes(Value a) {
    a = ((a >> 1) & 0x5555555555555555) | ((a & 0x5555555555555555) << 1);
    a = ((a >> 2) & 0x3333333333333333) | ((a & 0x3333333333333333) << 2);
    return ((a >> 4) & 0x0f0f0f0f0f0f0f0f) | ((a & 0x0f0f0f0f0f0f0f0f) << 4);
  }
  // Carry-less product, its bits 63:0, 127:64 and 126:63.
  static constexpr Value clmul(Value a, Value b) { return static_cast<Value>(carryless(a, b)); }
  static constexpr Value clmulh(Value a, Value b) { return static_cast<Value>(carryless(a, b) >> 64); }
  static constexpr Value clmulr(Value a, Value b) { return static_cast<Value>(carryless(a, b) >> 63); }
  // Crossbar permutations: each nibble (byte) of b selects one of a; out of range gives 0.
  static constexpr Value xperm4(Value a, Value b) {
    Value result = 0;
    for (unsigned i = 0; i < 64; i += 4) result |= ((a >> (((b >> i) & 0xf) * 4)) & 0xf) << i;
    return result;
  }
  static constexpr Value xperm8(Value a, Value b) {
    Value result = 0;
    for (unsigned i = 0; i < 64; i += 8) {
      const Value index = (b >> i) & 0xff;
      if (index < 8) result |= ((a >> (index * 8)) & 0xff) << i;
    }
    return result;
  }

 private:
  static constexpr unsigned __int128 carryless(Value a, Value b) {
    unsigned __int128 result = 0;
    for (unsigned i = 0; i < 64; ++i)
      if ((b >> i) & 1) result ^= static_cast<unsigned __int128>(a) << i;
    return result;
  }
};

}  // namespace vitrine::riscv
