// SPDX-License-Identifier: MIT
// Behaviours 4, 13, 14 and 15: the state of the floating-point unit in mstatus, NaN boxing, minimum and
// maximum, conversions to integers and reserved rounding modes. (What the operations compute is judged by
// softfloat's tests.)
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly

constexpr uint64_t kNx = 1, kDz = 8, kNv = 16;  // fflags (20.2)

// Runs one instruction with FS on and clear flags; the program goes on after it.
void execute(Bench& b, Word word) {
  b.put(kCode, {word, insn::kSelf});
  b.set_csr(csr::fcsr, 0);
  b.set_bits(csr::mstatus, status::kFs);
  b.start(kCode);
  b.run_quietly(1);
  ASSERT_EQ(b.pc(), kCode + word.size) << "it trapped: " << testing::PrintToString(b.machine_trap());
}

// --- 4. mstatus.FS (3.1.6.6)

void set_fs(Bench& b, uint64_t fs) {
  b.clear_bits(csr::mstatus, status::kFs);
  b.set_bits(csr::mstatus, fs);
}

bool is_float(const riscv::Row& row) {
  using riscv::Extension;
  const bool listed = row.extension == Extension::F || row.extension == Extension::D ||
                      row.extension == Extension::Zfh || row.extension == Extension::Zfhmin;
  return listed || row.name == "c.fld" || row.name == "c.fsd" || row.name == "c.fldsp" ||
         row.name == "c.fsdsp";
}

// "When an extension's status is set to Off, any instruction that attempts to read or write the corresponding
// state will cause an illegal-instruction exception."
TEST(Behaviour04, FsOff_EveryFloatInstruction_Illegal) {
  under_every_cache([](Bench& b) {
    set_fs(b, 0);
    unsigned count = 0;
    for (const riscv::Row& row : riscv::kRows) {
      if (!is_float(row)) continue;
      ++count;
      // All registers are 0, as their fields are: loads and stores would go to address 0.
      const uint32_t word = row.match;
      b.put(kCode, {row.length == 2 ? Word(static_cast<uint16_t>(word)) : Word(word)});
      b.start(kCode);
      b.run_quietly(1);
      EXPECT_EQ(b.machine_trap(), (Trap{cause::kIllegal, kCode, word})) << row.name;
    }
    EXPECT_EQ(count, 30u + 32 + 34 + 4) << "F, D, Zfh and the compressed ones of RV64";
    b.note();
  });
}

TEST(Behaviour04, FsOff_EveryAccessToItsCsrs_Illegal) {
  under_every_cache([](Bench& b) {
    set_fs(b, 0);
    for (const unsigned number : {csr::fflags, csr::frm, csr::fcsr}) {
      for (const uint32_t word :
           {insn::csrr(t0, number), insn::csrrw(zero, number, zero), insn::csrrs(t0, number, t1),
            insn::csrrc(t0, number, t1), insn::csrrwi(t0, number, 1), insn::csrrsi(t0, number, 0),
            insn::csrrci(t0, number, 1)}) {
        b.put(kCode, {word});
        b.start(kCode);
        b.run_quietly(1);
        EXPECT_EQ(b.machine_trap(), (Trap{cause::kIllegal, kCode, word}));
      }
    }
  });
}

TEST(Behaviour04, WhatChangesFloatState_MakesDirtyAndSd) {
  const uint32_t changing[] = {
      insn::flw(1, 0, a0),
      insn::fld(1, 0, a0),
      insn::flh(1, 0, a0),
      insn::fadd(insn::kS, 1, 2, 3),
      insn::fsgnj(insn::kD, 1, 2, 3),
      insn::fmv_f(insn::kS, 1, a1),
      insn::fcvt_from(insn::kD, insn::kW, 1, a1),
      insn::fmin(insn::kH, 1, 2, 3),
      insn::csrrwi(0, csr::fflags, 1),
      insn::csrrwi(0, csr::frm, 1),
      insn::csrrsi(0, csr::fcsr, 1),
      insn::csrw(csr::fcsr, a1),
      // only a flag changes: 1.0 / 3.0 to an integer, a comparison with a signalling NaN
      insn::fcvt_int(insn::kW, insn::kD, a2, 4),
      insn::feq(insn::kD, a2, 5, 5),
  };
  for (const uint32_t word : changing) {
    SCOPED_TRACE(word);
    for (const uint64_t before : {status::kFsInitial, status::kFsClean}) {
      under_every_cache([&](Bench& b) {
        b.put(kCode, {word, insn::csrr(a4, csr::sstatus), insn::csrr(a5, csr::mstatus)});
        b.set_x(a0, kData);
        b.set_f(4, 0x3fd5'5555'5555'5555);  // 1/3
        b.set_f(5, 0x7ff0'0000'0000'0001);  // a signalling NaN
        set_fs(b, before);
        EXPECT_EQ(b.csr(csr::mstatus) & status::kSd, 0u);
        b.run(3);
        for (const uint64_t status : {b.x(a4), b.x(a5)}) {
          EXPECT_EQ(status & status::kFs, status::kFsDirty);
          EXPECT_NE(status & status::kSd, 0u) << "SD summarises";
        }
      });
    }
  }
}

// Hardware may set Dirty more often; what only reads f registers and raises nothing does not here.
TEST(Behaviour04, WhatOnlyReads_StaysClean) {
  for (const uint32_t word :
       {insn::fsw(1, 0, a0), insn::fsd(1, 0, a0), insn::fmv_x(insn::kD, a2, 1), insn::fclass(insn::kS, a2, 1),
        insn::csrr(a2, csr::fcsr), insn::csrr(a2, csr::frm)}) {
    under_every_cache([&](Bench& b) {
      b.put(kCode, {word});
      b.set_x(a0, kData);
      set_fs(b, status::kFsClean);
      b.run(1);
      EXPECT_EQ(b.csr(csr::mstatus) & (status::kFs | status::kSd), status::kFsClean) << std::hex << word;
    });
  }
}

TEST(Behaviour04, SdIsReadOnly_FollowsFs) {
  under_every_cache([](Bench& b) {
    b.set_x(a1, status::kSd | status::kFsClean);
    b.set_x(a2, status::kFsDirty);
    b.put(kCode,
          {insn::csrw(csr::mstatus, a1), insn::csrr(t0, csr::mstatus), insn::csrw(csr::sstatus, a2),
           insn::csrr(t1, csr::mstatus), insn::csrw(csr::sstatus, zero), insn::csrr(t2, csr::sstatus)});
    b.run(6);
    EXPECT_EQ(b.x(t0) & (status::kSd | status::kFs), status::kFsClean);
    EXPECT_EQ(b.x(t1) & (status::kSd | status::kFs), status::kSd | status::kFsDirty);
    EXPECT_EQ(b.x(t2) & (status::kSd | status::kFs), 0u);
  });
}

// FS off in S mode holds for U as well, and at once, for code that has run (and is decoded) already.
TEST(Behaviour04, FsSwitchedOff_RunningLoop_IllegalAtOnce) {
  under_every_cache([](Bench& b) {
    b.put(kCode, {insn::fadd(insn::kD, 1, 1, 2), insn::bne(t0, zero, 8), insn::jal(zero, -8),
                  insn::csrw(csr::sstatus, zero), insn::jal(zero, -16)});
    b.set_f(1, 0);
    b.set_f(2, 0x3ff0'0000'0000'0000);  // 1.0
    set_fs(b, status::kFsInitial);
    b.start(kCode, kS);
    b.run(300);
    EXPECT_EQ(b.f(1), 0x4059'0000'0000'0000u) << "100.0";
    b.set_x(t0, 1);
    b.run(10);
    b.expect_machine_trap({cause::kIllegal, kCode, insn::fadd(insn::kD, 1, 1, 2)});
    EXPECT_EQ(b.f(1), 0x4059'4000'0000'0000u) << "101.0";
  });
}

TEST(Behaviour04, NoFloatingPoint_FsIsReadOnlyZero) {
  Board board;
  using riscv::Extension;
  for (const Extension e : {Extension::F, Extension::D, Extension::Zfh, Extension::Zfhmin})
    board.config.extensions.clear(e);
  under_every_cache(board, [](Bench& b) {
    EXPECT_EQ(b.csr(csr::misa) & (1 << 5 | 1 << 3), 0u);
    b.set_bits(csr::mstatus, status::kFsDirty);
    EXPECT_EQ(b.csr(csr::mstatus) & (status::kFs | status::kSd), 0u);
    b.put(kCode, {insn::flw(0, 0, a0)});
    b.run(1);
    b.expect_machine_trap({cause::kIllegal, kCode, insn::flw(0, 0, a0)});
  });
}

// --- 13. NaN boxing: "all other floating-point operations on narrower n-bit operations check if the input
// operands are correctly NaN-boxed, i.e., all upper FLEN-n bits are 1. If so, the n least-significant bits
// are used as the input value, otherwise the input value is treated as an n-bit canonical NaN" (21.2).

constexpr uint64_t kBoxS = 0xffff'ffff'0000'0000, kBoxH = 0xffff'ffff'ffff'0000;
constexpr uint64_t kOneS = kBoxS | 0x3f80'0000, kOneH = kBoxH | 0x3c00;
constexpr uint64_t kNanS = kBoxS | 0x7fc0'0000, kNanH = kBoxH | 0x7e00;
constexpr uint64_t kNanD = 0x7ff8'0000'0000'0000;
// 1.0, not boxed, or not quite.
const uint64_t kUnboxedS[] = {0x3f80'0000, 0xffff'fffe'3f80'0000, 0x7fff'ffff'3f80'0000,
                              0x3ff0'0000'3f80'0000};
const uint64_t kUnboxedH[] = {0x3c00, kBoxS | 0x3c00, 0xffff'ffff'fffe'3c00, 0x7fff'ffff'ffff'3c00};

struct Narrow {
  const char* name;
  uint32_t fmt;
  uint64_t box, one, nan;
  const uint64_t (&unboxed)[4];
};
const Narrow kNarrow[] = {{"S", insn::kS, kBoxS, kOneS, kNanS, kUnboxedS},
                          {"H", insn::kH, kBoxH, kOneH, kNanH, kUnboxedH}};

TEST(Behaviour13, UnboxedInput_IsTheCanonicalNan) {
  for (const Narrow& n : kNarrow) {
    for (const uint64_t unboxed : n.unboxed) {
      SCOPED_TRACE(n.name);
      under_every_cache([&](Bench& b) {
        const auto computes_nan = [&](uint32_t word) {
          b.set_f(3, 0);
          execute(b, word);
          EXPECT_EQ(b.f(3), n.nan) << std::hex << word << " of " << unboxed;
          EXPECT_EQ(b.csr(csr::fflags), 0u) << "a quiet NaN raises nothing";
        };
        b.set_f(1, unboxed);
        b.set_f(2, n.one);
        for (const bool first : {true, false}) {
          const unsigned x = first ? 1 : 2, y = first ? 2 : 1;
          computes_nan(insn::fadd(n.fmt, 3, x, y));
          computes_nan(insn::fsub(n.fmt, 3, x, y));
          computes_nan(insn::fmul(n.fmt, 3, x, y));
          computes_nan(insn::fdiv(n.fmt, 3, x, y));
        }
        computes_nan(insn::fsqrt(n.fmt, 3, 1));
        computes_nan(insn::fmadd(n.fmt, 3, 1, 2, 2));
        computes_nan(insn::fmadd(n.fmt, 3, 2, 1, 2));
        computes_nan(insn::fmadd(n.fmt, 3, 2, 2, 1));
        computes_nan(insn::fsgnj(n.fmt, 3, 1, 2));  // the sign of 1.0
        b.note();
      });
    }
  }
}

TEST(Behaviour13, UnboxedInput_ComparisonsClassesConversions) {
  for (const Narrow& n : kNarrow) {
    for (const uint64_t unboxed : n.unboxed) {
      SCOPED_TRACE(n.name);
      under_every_cache([&](Bench& b) {
        const auto gives = [&](uint32_t word, uint64_t value, uint64_t flags) {
          execute(b, word);
          EXPECT_EQ(b.x(t0), value) << std::hex << word;
          EXPECT_EQ(b.csr(csr::fflags), flags) << std::hex << word;
        };
        b.set_f(1, unboxed);
        b.set_f(2, n.one);
        gives(insn::feq(n.fmt, t0, 1, 1), 0, 0);
        gives(insn::flt(n.fmt, t0, 1, 2), 0, kNv);
        gives(insn::fle(n.fmt, t0, 2, 1), 0, kNv);
        gives(insn::fclass(n.fmt, t0, 1), 1 << 9, 0);
        gives(insn::fcvt_int(insn::kW, n.fmt, t0, 1), 0x7fff'ffff, kNv);
        gives(insn::fcvt_int(insn::kLu, n.fmt, t0, 1), ~uint64_t{0}, kNv);
        execute(b, insn::fcvt(insn::kD, n.fmt, 3, 1));
        EXPECT_EQ(b.f(3), kNanD);
        // The minimum of a NaN and a number is the number.
        execute(b, insn::fmin(n.fmt, 3, 1, 2));
        EXPECT_EQ(b.f(3), n.one);
        // The sign of the canonical NaN is plus.
        b.set_f(2, n.one | uint64_t{0x8000} << (n.fmt == insn::kS ? 16 : 0));
        execute(b, insn::fsgnj(n.fmt, 3, 2, 1));
        EXPECT_EQ(b.f(3), n.one);
        b.note();
      });
    }
  }
}

// "Floating-point n-bit transfer operations move values ... ignoring upper bits" (21.2).
TEST(Behaviour13, Transfers_MoveRawBits) {
  under_every_cache([](Bench& b) {
    b.set_f(1, 0x1234'5678'9abc'def0);
    b.set_x(a0, kData);
    execute(b, insn::fmv_x(insn::kS, t0, 1));
    EXPECT_EQ(b.x(t0), 0xffff'ffff'9abc'def0);
    execute(b, insn::fmv_x(insn::kH, t0, 1));
    EXPECT_EQ(b.x(t0), 0xffff'ffff'ffff'def0);
    b.write64(kData, 0);
    execute(b, insn::fsw(1, 0, a0));
    EXPECT_EQ(b.read64(kData), 0x9abc'def0u);
    execute(b, insn::fsh(1, 4, a0));
    EXPECT_EQ(b.read64(kData), 0xdef0'9abc'def0u);
    execute(b, insn::fsd(1, 0, a0));
    EXPECT_EQ(b.read64(kData), 0x1234'5678'9abc'def0u);
  });
}

TEST(Behaviour13, NarrowResults_AreBoxed) {
  under_every_cache([](Bench& b) {
    const auto gives = [&](uint32_t word, uint64_t value) {
      b.set_f(3, 0);
      execute(b, word);
      EXPECT_EQ(b.f(3), value) << std::hex << word;
    };
    b.set_x(a0, kData);
    b.write64(kData, 0x1234'5678'9abc'def0);
    gives(insn::flw(3, 0, a0), 0xffff'ffff'9abc'def0);
    gives(insn::flh(3, 0, a0), 0xffff'ffff'ffff'def0);
    gives(insn::fld(3, 0, a0), 0x1234'5678'9abc'def0);
    b.set_x(t0, 0x1234'5678'9abc'def0);
    gives(insn::fmv_f(insn::kS, 3, t0), 0xffff'ffff'9abc'def0);
    gives(insn::fmv_f(insn::kH, 3, t0), 0xffff'ffff'ffff'def0);
    b.set_f(1, kOneS);
    gives(insn::fadd(insn::kS, 3, 1, 1), kBoxS | 0x4000'0000);
    b.set_f(1, kOneH);
    gives(insn::fadd(insn::kH, 3, 1, 1), kBoxH | 0x4000);
    gives(insn::fcvt(insn::kS, insn::kH, 3, 1), kOneS);
    b.set_x(t0, 1);
    gives(insn::fcvt_from(insn::kH, insn::kL, 3, t0), kOneH);
    // A boxed half is a quiet NaN when read as single precision.
    gives(insn::fadd(insn::kS, 3, 1, 1), kNanS);
    b.set_f(2, kOneS);
    gives(insn::fmin(insn::kS, 3, 1, 2), kOneS);
  });
}

// --- 14. "For FMIN and FMAX, the value -0.0 is considered to be less than the value +0.0. If both inputs are
// NaNs, the result is the canonical NaN. If only one operand is a NaN, the result is the non-NaN operand.
// Signaling NaN inputs set the invalid operation exception flag, even when the result is not NaN" (20.6).

struct Values {
  const char* name;
  uint32_t fmt;
  uint64_t plus_zero, minus_zero, one, quiet, signalling, canonical;
};
const Values kValues[] = {
    {"S", insn::kS, kBoxS, kBoxS | 0x8000'0000, kOneS, kBoxS | 0xffc0'1234, kBoxS | 0x7f80'0001, kNanS},
    {"D", insn::kD, 0, uint64_t{1} << 63, 0x3ff0'0000'0000'0000, 0xfff8'0000'0000'1234, 0x7ff0'0000'0000'0001,
     kNanD},
    {"H", insn::kH, kBoxH, kBoxH | 0x8000, kOneH, kBoxH | 0xfe12, kBoxH | 0x7c01, kNanH},
};

TEST(Behaviour14, MinMax_ZerosAndNans) {
  for (const Values& v : kValues) {
    struct Row {
      uint64_t a, b, minimum, maximum, flags;
    };
    const Row rows[] = {
        {v.plus_zero, v.minus_zero, v.minus_zero, v.plus_zero, 0},
        {v.plus_zero, v.plus_zero, v.plus_zero, v.plus_zero, 0},
        {v.minus_zero, v.minus_zero, v.minus_zero, v.minus_zero, 0},
        {v.quiet, v.one, v.one, v.one, 0},
        {v.quiet, v.minus_zero, v.minus_zero, v.minus_zero, 0},
        {v.signalling, v.one, v.one, v.one, kNv},
        {v.quiet, v.quiet, v.canonical, v.canonical, 0},
        {v.quiet, v.signalling, v.canonical, v.canonical, kNv},
        {v.signalling, v.signalling, v.canonical, v.canonical, kNv},
        {v.minus_zero, v.one, v.minus_zero, v.one, 0},
    };
    SCOPED_TRACE(v.name);
    under_every_cache([&](Bench& b) {
      for (const Row& row : rows) {
        for (const bool swapped : {false, true}) {
          b.set_f(1, swapped ? row.b : row.a);
          b.set_f(2, swapped ? row.a : row.b);
          execute(b, insn::fmin(v.fmt, 3, 1, 2));
          EXPECT_EQ(b.f(3), row.minimum) << std::hex << row.a << " " << row.b;
          EXPECT_EQ(b.csr(csr::fflags), row.flags);
          execute(b, insn::fmax(v.fmt, 3, 1, 2));
          EXPECT_EQ(b.f(3), row.maximum) << std::hex << row.a << " " << row.b;
          EXPECT_EQ(b.csr(csr::fflags), row.flags);
        }
      }
      b.note();
    });
  }
}

// --- 15. Conversions to integers: the table "Domains of float-to-integer conversions and behavior for
// invalid inputs" (20.7). NV excludes NX; 32-bit results are sign-extended, fcvt.wu's too.

struct Conversion {
  double input;
  uint32_t integer, rm;
  uint64_t result, flags;
};
constexpr double k2p31 = 2147483648.0, k2p32 = 4294967296.0, k2p63 = 9223372036854775808.0, k2p64 = 2 * k2p63;
constexpr uint64_t kMinW = 0xffff'ffff'8000'0000, kMaxW = 0x7fff'ffff, kMinL = uint64_t{1} << 63,
                   kMaxL = kMinL - 1, kOnes = ~uint64_t{0};
const double kInfinity = std::numeric_limits<double>::infinity(),
             kNan = std::numeric_limits<double>::quiet_NaN();

const Conversion kConversions[] = {
    // w
    {k2p31, insn::kW, insn::kRtz, kMaxW, kNv},
    {k2p31 - 1, insn::kW, insn::kRne, kMaxW, 0},
    {k2p31 - 0.5, insn::kW, insn::kRtz, kMaxW, kNx},
    {k2p31 - 0.5, insn::kW, insn::kRne, kMaxW, kNv},
    {k2p31 - 0.5, insn::kW, insn::kRup, kMaxW, kNv},
    {k2p31 - 0.5, insn::kW, insn::kRdn, kMaxW, kNx},
    {k2p31 - 0.5, insn::kW, insn::kRmm, kMaxW, kNv},
    {-k2p31, insn::kW, insn::kRne, kMinW, 0},
    {-k2p31 - 0.5, insn::kW, insn::kRtz, kMinW, kNx},
    {-k2p31 - 0.5, insn::kW, insn::kRne, kMinW, kNx},  // to even: -2^31
    {-k2p31 - 0.5, insn::kW, insn::kRdn, kMinW, kNv},
    {-k2p31 - 1, insn::kW, insn::kRtz, kMinW, kNv},
    {kInfinity, insn::kW, insn::kRne, kMaxW, kNv},
    {-kInfinity, insn::kW, insn::kRne, kMinW, kNv},
    {kNan, insn::kW, insn::kRne, kMaxW, kNv},
    // wu
    {k2p32 - 1, insn::kWu, insn::kRtz, kOnes, 0},
    {k2p31, insn::kWu, insn::kRtz, kMinW, 0},
    {k2p32, insn::kWu, insn::kRtz, kOnes, kNv},
    {k2p32 - 0.5, insn::kWu, insn::kRtz, kOnes, kNx},
    {k2p32 - 0.5, insn::kWu, insn::kRne, kOnes, kNv},
    {-0.0, insn::kWu, insn::kRtz, 0, 0},
    {-0.75, insn::kWu, insn::kRtz, 0, kNx},
    {-0.75, insn::kWu, insn::kRne, 0, kNv},  // -1 is out of range
    {-0.5, insn::kWu, insn::kRne, 0, kNx},   // to even: 0
    {-0.25, insn::kWu, insn::kRdn, 0, kNv},
    {-0.75, insn::kWu, insn::kRup, 0, kNx},
    {-1.0, insn::kWu, insn::kRtz, 0, kNv},
    {kInfinity, insn::kWu, insn::kRne, kOnes, kNv},
    {-kInfinity, insn::kWu, insn::kRne, 0, kNv},
    {kNan, insn::kWu, insn::kRne, kOnes, kNv},
    // l
    {k2p63, insn::kL, insn::kRtz, kMaxL, kNv},
    {9223372036854774784.0, insn::kL, insn::kRtz, 0x7fff'ffff'ffff'fc00, 0},
    {-k2p63, insn::kL, insn::kRne, kMinL, 0},
    {-9223372036854777856.0, insn::kL, insn::kRtz, kMinL, kNv},
    {kInfinity, insn::kL, insn::kRne, kMaxL, kNv},
    {-kInfinity, insn::kL, insn::kRne, kMinL, kNv},
    {kNan, insn::kL, insn::kRne, kMaxL, kNv},
    // lu
    {k2p64, insn::kLu, insn::kRtz, kOnes, kNv},
    {18446744073709549568.0, insn::kLu, insn::kRtz, 0xffff'ffff'ffff'f800, 0},
    {-0.75, insn::kLu, insn::kRtz, 0, kNx},
    {-1.0, insn::kLu, insn::kRtz, 0, kNv},
    {-kInfinity, insn::kLu, insn::kRne, 0, kNv},
    {kNan, insn::kLu, insn::kRne, kOnes, kNv},
    // each mode on ties and near them
    {2.5, insn::kL, insn::kRne, 2, kNx},
    {2.5, insn::kL, insn::kRtz, 2, kNx},
    {2.5, insn::kL, insn::kRdn, 2, kNx},
    {2.5, insn::kL, insn::kRup, 3, kNx},
    {2.5, insn::kL, insn::kRmm, 3, kNx},
    {-2.5, insn::kL, insn::kRne, static_cast<uint64_t>(-2), kNx},
    {-2.5, insn::kL, insn::kRtz, static_cast<uint64_t>(-2), kNx},
    {-2.5, insn::kL, insn::kRdn, static_cast<uint64_t>(-3), kNx},
    {-2.5, insn::kL, insn::kRup, static_cast<uint64_t>(-2), kNx},
    {-2.5, insn::kL, insn::kRmm, static_cast<uint64_t>(-3), kNx},
};

TEST(Behaviour15, FloatToInteger_SaturationAndFlags) {
  under_every_cache([](Bench& b) {
    for (const Conversion& c : kConversions) {
      b.set_f(1, std::bit_cast<uint64_t>(c.input));
      execute(b, insn::fcvt_int(c.integer, insn::kD, t0, 1, c.rm));
      EXPECT_EQ(b.x(t0), c.result) << c.input << " integer " << c.integer << " rm " << c.rm;
      EXPECT_EQ(b.csr(csr::fflags), c.flags) << c.input << " integer " << c.integer << " rm " << c.rm;
      // The same through frm.
      b.put(kCode, {insn::csrrwi(zero, csr::frm, c.rm), insn::fcvt_int(c.integer, insn::kD, t1, 1)});
      b.start(kCode);
      b.run_quietly(2);
      EXPECT_EQ(b.x(t1), c.result) << c.input;
    }
    b.note();
  });
}

TEST(Behaviour15, HalfAndSingleToInteger_SameTable) {
  under_every_cache([](Bench& b) {
    const auto converts = [&](uint32_t fmt, uint64_t input, uint32_t integer, uint64_t result,
                              uint64_t flags) {
      b.set_f(1, input);
      execute(b, insn::fcvt_int(integer, fmt, t0, 1, insn::kRtz));
      EXPECT_EQ(b.x(t0), result) << std::hex << input;
      EXPECT_EQ(b.csr(csr::fflags), flags) << std::hex << input;
    };
    converts(insn::kS, kBoxS | 0x4f00'0000, insn::kW, kMaxW, kNv);   // 2^31
    converts(insn::kS, kBoxS | 0xcf00'0000, insn::kW, kMinW, 0);     // -2^31
    converts(insn::kS, kBoxS | 0x5f80'0000, insn::kLu, kOnes, kNv);  // 2^64
    converts(insn::kS, kBoxS | 0xbf00'0000, insn::kLu, 0, kNx);      // -0.5
    converts(insn::kH, kBoxH | 0x7bff, insn::kW, 65504, 0);
    converts(insn::kH, kBoxH | 0x7c00, insn::kW, kMaxW, kNv);  // infinity
    converts(insn::kH, kBoxH | 0xfc00, insn::kLu, 0, kNv);     // minus infinity
    converts(insn::kH, kBoxH | 0xbc00, insn::kWu, 0, kNv);     // -1
    converts(insn::kH, kBoxH | 0x7e00, insn::kL, kMaxL, kNv);  // NaN
  });
}

// "Some instructions ... have the rm field but are nevertheless mathematically unaffected by the rounding
// mode"; 5 and 6 are reserved in rm, 5 to 7 in frm, and then "any subsequent attempt to execute a
// floating-point operation with a dynamic rounding mode will raise an illegal-instruction exception" (20.2).
TEST(Behaviour15, ReservedRoundingMode_Illegal) {
  under_every_cache([](Bench& b) {
    set_fs(b, status::kFsDirty);
    for (const uint32_t rm : {5u, 6u}) {
      for (const uint32_t word :
           {insn::fadd(insn::kS, 1, 2, 3, rm), insn::fsqrt(insn::kD, 1, 2, rm),
            insn::fmadd(insn::kH, 1, 2, 3, 4, rm), insn::fcvt_int(insn::kW, insn::kD, t0, 2, rm),
            insn::fcvt_from(insn::kD, insn::kW, 1, t0, rm), insn::fcvt(insn::kD, insn::kS, 1, 2, rm)}) {
        b.put(kCode, {word});
        b.start(kCode);
        b.run_quietly(1);
        b.expect_machine_trap({cause::kIllegal, kCode, word});
      }
    }
    b.note();
  });
}

TEST(Behaviour15, ReservedFrm_OnlyDynamicOperationsAreIllegal) {
  under_every_cache([](Bench& b) {
    for (const uint64_t frm : {5, 6, 7}) {
      const auto runs = [&](uint32_t word) {
        set_fs(b, status::kFsDirty);
        b.set_csr(csr::frm, frm);
        b.put(kCode, {word, insn::kSelf});
        b.set_x(a0, kData);
        b.start(kCode);
        b.run_quietly(1);
        return b.pc() == kCode + 4;
      };
      EXPECT_FALSE(runs(insn::fadd(insn::kD, 1, 2, 3)));
      EXPECT_EQ(b.machine_trap(), (Trap{cause::kIllegal, kCode, insn::fadd(insn::kD, 1, 2, 3)}));
      EXPECT_FALSE(runs(insn::fcvt_int(insn::kL, insn::kS, t0, 1)));
      EXPECT_FALSE(runs(insn::fcvt(insn::kD, insn::kS, 1, 2)))
          << "exact, but an operation with a dynamic mode";
      EXPECT_TRUE(runs(insn::fadd(insn::kD, 1, 2, 3, insn::kRne)));
      EXPECT_TRUE(runs(insn::fsgnj(insn::kD, 1, 2, 3)));
      EXPECT_TRUE(runs(insn::fmin(insn::kD, 1, 2, 3)));
      EXPECT_TRUE(runs(insn::feq(insn::kD, t0, 2, 3)));
      EXPECT_TRUE(runs(insn::fmv_x(insn::kD, t0, 2)));
      EXPECT_TRUE(runs(insn::fld(1, 0, a0)));
      EXPECT_TRUE(runs(insn::csrr(t0, csr::frm)));
      EXPECT_EQ(b.x(t0), frm) << "frm holds what was written";
    }
    b.note();
  });
}

TEST(Behaviour15, Division_ByZeroAndInvalid_Flags) {
  under_every_cache([](Bench& b) {
    b.set_f(1, 0x3ff0'0000'0000'0000);
    b.set_f(2, 0);
    execute(b, insn::fdiv(insn::kD, 3, 1, 2));
    EXPECT_EQ(b.f(3), 0x7ff0'0000'0000'0000u);
    EXPECT_EQ(b.csr(csr::fflags), kDz);
    execute(b, insn::fdiv(insn::kD, 3, 2, 2));
    EXPECT_EQ(b.f(3), kNanD);
    EXPECT_EQ(b.csr(csr::fflags), kNv);
    b.set_f(1, 0xbff0'0000'0000'0000);
    execute(b, insn::fsqrt(insn::kD, 3, 1));
    EXPECT_EQ(b.f(3), kNanD);
    EXPECT_EQ(b.csr(csr::fflags), kNv);
  });
}

}  // namespace
}  // namespace vitrine::bench
