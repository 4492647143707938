// SPDX-License-Identifier: MIT
// What isa/riscv/choices.inc says of the machine, which docs/conformance.md tells, holds for the machine that
// runs: a program for each CSR and for each choice, on each engine.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "app/machine.h"
#include "isa/riscv/csr.h"
#include "tests/app/bare_machine.h"
#include "tests/app/guests.h"
#include "tests/isa/riscv/bench/encode.h"

namespace vitrine::app {
namespace {

using namespace bench::reg;   // NOLINT: register names, as in assembly
using namespace bench::insn;  // NOLINT
using test::operator+;

constexpr uint64_t kStart = 0x8000'0000, kHandler = kStart + 0x400, kData = kStart + 0x4000;
constexpr unsigned kMstatus = 0x300, kMie = 0x304, kMtvec = 0x305, kMcause = 0x342, kMtval = 0x343,
                   kMip = 0x344, kSatp = 0x180;
constexpr unsigned kRomSteps = 6;
constexpr uint64_t kUntouched = 0xdead'beef;

struct Nowhere final : core::ByteSink, MachineObserver {
  void put(uint8_t) override {}
  void notice(std::string_view) override {}
};

// A machine that has run a program in M mode. s0 is kData; traps end in a loop.
class Ran {
 public:
  Ran(EngineKind engine, const test::Words& program, const std::map<unsigned, uint64_t>& x = {}) {
    test::Words words = {auipc(t6, 0), addi(t6, t6, 0x400), csrw(kMtvec, t6), auipc(s0, 4),
                         addi(s0, s0, -12)};
    const uint64_t begin = words.size();
    words = words + program;
    words.resize(0x500 / 4, kSelf);
    image_ = test::raw_image(words);
    config_ = test::bare_machine("choices", image_);
    config_.engine = engine;
    auto machine = Machine::create(config_, {nowhere_, world_, nowhere_});
    EXPECT_TRUE(machine.ok());
    machine_ = std::move(*machine);
    run(kRomSteps + begin);
    for (const auto& [number, value] : x) hart().set_x(number, value);
  }
  Ran& run(uint64_t steps = 200) {
    machine_->run(machine_->clock().step() + steps);
    return *this;
  }
  Machine& machine() { return *machine_; }
  riscv::Hart& hart() { return machine_->hart(0); }
  uint64_t x(unsigned number) { return hart().x[number]; }
  uint64_t csr(unsigned number) { return riscv::peek_csr(hart(), number).value(); }
  bool trapped(uint64_t cause) { return hart().pc == kHandler && csr(kMcause) == cause; }
  uint64_t word(uint64_t at) {
    uint64_t value = 0;
    EXPECT_TRUE(machine_->ram().read_value({at}, value));
    return value;
  }

 private:
  Nowhere nowhere_;
  riscv::World world_;
  MachineConfig config_;
  std::vector<std::byte> image_;
  std::unique_ptr<Machine> machine_;
};

// The instructions that open PMP to everybody, with t0 and t1.
const test::Words kOpenPmp = {addi(t0, zero, -1), csrw(0x3b0, t0), addi(t0, zero, 0x1f), csrw(0x3a0, t0)};
// mret to the instruction behind these four, in the mode that t1 has as MPP (bits 12:11).
const test::Words kLeave = {csrrc(zero, kMstatus, t2), csrrs(zero, kMstatus, t1), auipc(t0, 0),
                            addi(t0, t0, 16),          csrw(0x341, t0),           0x30200073};
constexpr uint64_t kMpp = 3 << 11, kMppS = 1 << 11;

using Probe = std::function<bool(EngineKind)>;
const std::map<std::string, Probe>& probes() {
  static const std::map<std::string, Probe> kProbes = {
      {"reset-vector",
       [](EngineKind e) {
         const auto image = test::raw_image({kSelf});
         MachineConfig config = test::bare_machine("choices", image);
         config.engine = e;
         Nowhere nowhere;
         riscv::World world;
         auto machine = Machine::create(config, {nowhere, world, nowhere});
         const riscv::Hart& hart = (*machine)->hart(0);
         uint64_t any = 0;
         for (unsigned i = 0; i < 32; ++i) any |= hart.x[i] | hart.f[i];
         return hart.pc == 0x1000 && any == 0 && riscv::peek_csr(hart, kMtvec) == 0u;
       }},
      {"unknown-csr",
       [](EngineKind e) {
         return Ran(e, {csrr(a0, 0x7c0)}).run().trapped(2) && Ran(e, {csrr(a0, 0x30c)}).run().trapped(2);
       }},
      {"misaligned-in-ram",
       [](EngineKind e) {
         Ran ran(e, {sd(a1, 0, a0), ld(a2, 0, a0)}, {{a0, kData + 0xffd}, {a1, 0x1122'3344'5566'7788}});
         return ran.run().x(a2) == 0x1122'3344'5566'7788;
       }},
      {"misaligned-on-device",
       [](EngineKind e) {
         return Ran(e, {lw(a1, 1, a0)}, {{a0, 0x0200'0000}}).run().trapped(5) &&
                Ran(e, {sw(a1, 1, a0)}, {{a0, 0x0200'0000}}).run().trapped(7);
       }},
      {"misaligned-atomic",
       [](EngineKind e) {
         return Ran(e, {lr_w(a1, a0)}, {{a0, kData + 2}}).run().trapped(4) &&
                Ran(e, {sc_w(a1, a2, a0)}, {{a0, kData + 2}}).run().trapped(6) &&
                Ran(e, {amoadd_d(a1, a2, a0)}, {{a0, kData + 4}}).run().trapped(6);
       }},
      {"vacant",
       [](EngineKind e) {
         return Ran(e, {lw(a1, 0, a0)}, {{a0, 0x7000'0000}}).run().trapped(5) &&
                Ran(e, {sw(a1, 0, a0)}, {{a0, 0x7000'0000}}).run().trapped(7) &&
                Ran(e, {jalr(zero, 0, a0)}, {{a0, 0x7000'0000}}).run().trapped(1);
       }},
      {"reservation-set",
       [](EngineKind e) {
         const auto result = [&](uint32_t lr, uint32_t sc) {
           return Ran(e, {lr, addi(a2, a0, 4), sc}, {{a0, kData}}).run().x(a1);
         };
         return result(lr_d(a3, a0), sc_d(a1, zero, a0)) == 0 &&
                result(lr_d(a3, a0), sc_w(a1, zero, a0)) == 1 &&
                result(lr_d(a3, a0), sc_w(a1, zero, a2)) == 1;
       }},
      {"own-store",
       [](EngineKind e) {
         Ran ran(e, {lr_w(a3, a0), sw(a3, 0, a0), sc_w(a1, a2, a0)}, {{a0, kData}, {a1, 9}, {a2, 7}});
         return ran.run().x(a1) == 0 && ran.word(kData) == 7;
       }},
      {"trap-ends-reservation",
       [](EngineKind e) {
         Ran ran(e,
                 {auipc(t0, 0), addi(t0, t0, 20), csrw(kMtvec, t0), lr_w(a3, a0), kEcall, sc_w(a1, a2, a0)},
                 {{a0, kData}});
         return ran.run().x(a1) == 1;
       }},
      {"sc-failure",
       [](EngineKind e) {
         return Ran(e, {sc_w(a1, a2, a0)}, {{a0, kData}}).run().x(a1) == 1;
       }},
      {"illegal-xtval",
       [](EngineKind e) {
         Ran ran(e, {0x7c0'0500b});
         return ran.run().trapped(2) && ran.csr(kMtval) == 0x7c0'0500b;
       }},
      {"ebreak-xtval",
       [](EngineKind e) {
         Ran ran(e, {kNop, kEbreak});
         return ran.run().trapped(3) && ran.csr(kMtval) == kStart + 6 * 4;
       }},
      {"access-xtval",
       [](EngineKind e) {
         Ran ran(e, {lw(a1, 8, a0)}, {{a0, 0x7000'0000}});
         return ran.run().trapped(5) && ran.csr(kMtval) == 0x7000'0008;
       }},
      {"vectored",
       [](EngineKind e) {
         return Ran(e, {csrw(kMtvec, a0), csrr(a1, kMtvec)}, {{a0, 0x8000'0005}}).run().x(a1) == 0x8000'0005;
       }},
      {"asid",
       [](EngineKind e) {
         constexpr uint64_t kAll = uint64_t{8} << 60 | ((uint64_t{1} << 60) - 1);
         return Ran(e, {csrw(kSatp, a0), csrr(a1, kSatp)}, {{a0, kAll}}).run().x(a1) == kAll;
       }},
      {"sv48",
       [](EngineKind e) {
         return Ran(e, {csrw(kSatp, a0), csrr(a1, kSatp)}, {{a0, uint64_t{9} << 60 | 1}, {a1, 1}})
                        .run()
                        .x(a1) == 0 &&
                Ran(e, {csrw(kSatp, a0), csrr(a1, kSatp)}, {{a0, uint64_t{8} << 60 | 1}}).run().x(a1) ==
                    (uint64_t{8} << 60 | 1);
       }},
      {"accessed-dirty",
       [](EngineKind e) {
         // A gigapage at 0x80000000 without A and D, by MPRV as S.
         const test::Words program = kOpenPmp + test::Words{sd(a1, 0, a0),
                                                            csrw(kSatp, a2),
                                                            csrrs(zero, kMstatus, a3),
                                                            lw(a4, 0, s0),
                                                            csrrc(zero, kMstatus, a3),
                                                            ld(a5, 0, a0),
                                                            csrrs(zero, kMstatus, a3),
                                                            sw(a4, 0, s0),
                                                            csrrc(zero, kMstatus, a3),
                                                            ld(a6, 0, a0)};
         constexpr uint64_t kLeaf = (kStart >> 12) << 10 | 7, kA = 0x40, kD = 0x80;
         Ran ran(e, program,
                 {{a0, kData + 0x1010},
                  {a1, kLeaf},
                  {a2, uint64_t{8} << 60 | (kData + 0x1000) >> 12},
                  {a3, 1 << 17 | kMppS}});
         ran.run();
         return ran.x(a5) == (kLeaf | kA) && ran.x(a6) == (kLeaf | kA | kD);
       }},
      {"pmp-none-matches",
       [](EngineKind e) {
         const std::map<unsigned, uint64_t> x = {{t1, kMppS}, {t2, kMpp}, {a0, kData}};
         return Ran(e, kLeave + test::Words{kEcall}, x).run().trapped(1) &&
                Ran(e, kOpenPmp + kLeave + test::Words{kEcall}, x).run().trapped(9) &&
                Ran(e, {lw(a1, 0, a0), kEcall}, x).run().trapped(11);
       }},
      {"pmp-count",
       [](EngineKind e) {
         return Ran(e, {csrr(a0, 0x3a4)}).run().trapped(2) && Ran(e, {csrr(a0, 0x3c0)}).run().trapped(2) &&
                Ran(e, {csrw(0x3bf, a0), csrr(a1, 0x3bf)}, {{a0, 1}}).run().x(a1) == 1;
       }},
      {"wfi",
       [](EngineKind e) {
         return Ran(e, {csrw(kMie, a0), csrw(kMip, a0), kWfi, addi(a1, zero, 5)}, {{a0, 2}}).run(4).x(a1) ==
                5;
       }},
      {"wfi-in-u",
       [](EngineKind e) {
         const std::map<unsigned, uint64_t> user = {{t1, 0}, {t2, kMpp}},
                                            supervisor = {{t1, kMppS | 1 << 21}, {t2, kMpp}};
         const test::Words program = kOpenPmp + kLeave + test::Words{kWfi};
         // kOpenPmp takes t0 only, so t1 and t2 stay.
         return Ran(e, program, user).run().trapped(2) && Ran(e, program, supervisor).run().trapped(2);
       }},
      {"mcycle",
       [](EngineKind e) {
         Ran ran(e, {csrr(a0, 0xb00), csrr(a1, 0xb02), kNop, csrr(a2, 0xb00), csrr(a3, 0xb02)});
         ran.run();
         return ran.x(a2) - ran.x(a0) == 3 && ran.x(a3) - ran.x(a1) == 3;
       }},
      {"time",
       [](EngineKind e) {
         test::Words program = {csrr(a0, 0xc01), addi(a2, zero, 1000), addi(a2, a2, -1), bne(a2, zero, -4),
                                csrr(a1, 0xc01)};
         Ran ran(e, program);
         const uint64_t passed = (ran.run(3000).x(a1) - ran.x(a0));
         return passed >= 20 && passed <= 21 && core::kTicksPerSecond == 10'000'000;  // 2002 instructions
       }},
      {"hpm-count",
       [](EngineKind e) {
         return Ran(e, {csrr(a0, 0xb13)}).run().trapped(2) &&
                Ran(e, {csrw(0xb12, a0), csrr(a1, 0xb12)}, {{a0, 6}}).run().x(a1) == 6;
       }},
      {"reserved-rounding",
       [](EngineKind e) {
         return Ran(e, {csrrs(zero, kMstatus, a0), csrw(2, a1), fadd(kS, 1, 2, 3)}, {{a0, 1 << 13}, {a1, 5}})
                    .run()
                    .trapped(2) &&
                !Ran(e, {csrrs(zero, kMstatus, a0), csrw(2, a1), fadd(kS, 1, 2, 3)}, {{a0, 1 << 13}, {a1, 4}})
                     .run()
                     .trapped(2);
       }},
      {"reserved-fence",
       [](EngineKind e) {
         return Ran(e, {0x3ff8878f, addi(a0, zero, 3)}).run().x(a0) == 3;
       }},
      {"coherent-fetch",
       [](EngineKind e) {
         Ran ran(e, {auipc(t0, 0), sw(a1, 8, t0), addi(a0, zero, 1)}, {{a1, addi(a0, zero, 2)}});
         return ran.run().x(a0) == 2;
       }},
      {"block-size",
       [](EngineKind e) {
         test::Words program;
         for (int64_t at = -8; at <= 64; at += 8) program.push_back(sd(a1, at, s0));
         program.push_back(cbo_zero(a0));
         Ran ran(e, program, {{a0, kData + 0x29}, {a1, 1}});
         ran.run();
         uint64_t inside = 0;
         for (uint64_t at = 0; at < 64; at += 8) inside |= ran.word(kData + at);
         return inside == 0 && ran.word(kData - 8) == 1 && ran.word(kData + 64) == 1;
       }},
      {"interrupt-order",
       [](EngineKind e) {
         // All of S's are pending, and MTI (mtimecmp is 0); then one after the other is disabled.
         const auto taken = [&](uint64_t enabled) {
           Ran ran(e, {csrw(kMip, a0), csrw(kMie, a1), csrrs(zero, kMstatus, a2)},
                   {{a0, 0x222}, {a1, enabled}, {a2, 8}});
           return ran.run().csr(kMcause) - (uint64_t{1} << 63);
         };
         return taken(0x2a2) == 7 && taken(0x222) == 9 && taken(0x22) == 1 && taken(0x20) == 5;
       }},
      {"no-vector",
       [](EngineKind e) { return Ran(e, {0x0d0072d7}).run().trapped(2); }},  // vsetvli t0, zero, e32
  };
  return kProbes;
}

std::vector<EngineKind> engines() {
#ifdef VITRINE_HAS_TRANSLATOR
  return {EngineKind::kInterpreter, EngineKind::kTranslator};
#else
  return {EngineKind::kInterpreter};
#endif
}

TEST(Choices, EachCsr_ResetOnesAndZeros) {
  struct Row {
    unsigned number;
    const char* name;
    uint64_t reset, ones, zeros;
  };
#define CSR(number, name, reset, ones, zeros, why) {number, name, reset, ones, zeros},
  const auto rows = [] {
    constexpr uint64_t kOnes = ~uint64_t{0};
    return std::vector<Row>{
#include "isa/riscv/choices.inc"
    };
  }();
  for (const EngineKind engine : engines())
    for (const Row& row : rows) {
      // All but mtvec, which the prologue sets, is as it is at reset.
      const bool read_only = row.number >> 10 == 3, floating = row.number < 0x10;
      test::Words program = {csrw(kMtvec, zero)};
      if (floating) program.push_back(csrrs(zero, kMstatus, a5));
      program.push_back(csrr(a0, row.number));
      if (program.size() % 2 == 0) program.push_back(kNop);
      if (!read_only)
        program = program + test::Words{csrw(row.number, a4), csrr(a1, row.number), csrw(row.number, zero),
                                        csrr(a2, row.number)};
      Ran ran(engine, program,
              {{a0, kUntouched}, {a1, kUntouched}, {a2, kUntouched}, {a4, ~uint64_t{0}}, {a5, 1 << 13}});
      ran.run(program.size());
      EXPECT_EQ(ran.x(a0), row.reset) << row.name << std::hex << " 0x" << ran.x(a0);
      if (read_only) continue;
      EXPECT_EQ(ran.x(a1), row.ones) << row.name << std::hex << " 0x" << ran.x(a1);
      EXPECT_EQ(ran.x(a2), row.zeros) << row.name << std::hex << " 0x" << ran.x(a2);
    }
}

TEST(Choices, EachChoice_IsWhatTheMachineDoes) {
  size_t count = 0;
#define CHOICE(id, open, chosen, spec)                           \
  ++count;                                                       \
  ASSERT_TRUE(probes().contains(id)) << "no program for " << id; \
  for (const EngineKind engine : engines())                      \
    EXPECT_TRUE(probes().at(id)(engine)) << id << ": " << chosen << ", engine " << static_cast<int>(engine);
#include "isa/riscv/choices.inc"
  EXPECT_EQ(count, probes().size()) << "a program for a choice that choices.inc does not have";
}

}  // namespace
}  // namespace vitrine::app
