// SPDX-License-Identifier: MIT
// Random straight-line user programs (integer, floating point, loads, stores, AMOs, compressed ones, short
// jumps) under QEMU's user mode and here: all registers, fcsr and the memory they wrote must be equal
// afterwards.
//
//   riscv_user_programs_test                              what ctest runs: 200 programs
//   riscv_user_programs_test --programs=100000            a long run
//   riscv_user_programs_test --seed=1234 --programs=1     one of them again
//
// Many programs make one run of QEMU. One that differs is run again by itself and cut short until the
// instruction is found after which the two part.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>
#include <set>
#include <sstream>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/bench/bench.h"
#include "tests/isa/riscv/user_program.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using riscv::Extension;
using riscv::Insn;
using riscv::Row;
namespace fx = riscv;

constexpr unsigned kInstructions = 250;  // of each program
uint64_t first_seed = 1, programs = 200;
std::set<riscv::Op> rows_used;  // by all programs

// The data: an arena that programs load from and store to, then one slot a program: initial registers, final
// registers.
constexpr uint64_t kArena = 0x4000;
struct Registers {
  uint64_t x[32], f[32], fcsr;
};
struct Slot {
  Registers before, after;
};
static_assert(sizeof(Slot) < 2048, "a slot is reached by 12-bit offsets");

// These hold addresses in the arena, and keep them; x30 points to the program's slot.
constexpr unsigned kSlotRegister = 30;
constexpr unsigned kPointers[] = {2, 8, 31};
bool is_fixed(unsigned r) {
  return r == kSlotRegister || std::find(kPointers, std::end(kPointers), r) != std::end(kPointers);
}
bool is_pointer(unsigned r) { return r != kSlotRegister && is_fixed(r); }

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed * 0x9e37'79b9'7f4a'7c15 + 7) {}

  Registers registers() {
    Registers r{};
    for (unsigned i = 1; i < 32; ++i) r.x[i] = integer();
    // In the middle of the arena: every 12-bit offset stays inside. Aligned, for AMOs.
    for (const unsigned i : kPointers) r.x[i] = UserProgram::kDataAt + 0x1000 + 64 * below(kArena / 64 - 128);
    for (uint64_t& f : r.f) f = real();
    r.fcsr = below(5) << 5 | below(32);
    return r;
  }
  std::vector<Word> instructions(unsigned count) {
    std::vector<Word> code;
    while (code.size() < count) {
      const Word next = instruction();
      if (below(20) == 0) code.push_back(skip(next.size));
      code.push_back(next);
    }
    code.resize(count, Word(insn::kNop));
    return code;
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  uint64_t integer() {
    switch (below(6)) {
      case 0: return below(100);
      case 1: return ~below(100);
      case 2: return uint64_t{1} << below(64);
      case 3: return static_cast<uint64_t>(int64_t{static_cast<int32_t>(random_())});
      default: return random_() >> below(64);
    }
  }
  // Numbers near each other in size meet often; corner cases; what is not boxed.
  uint64_t real() {
    const uint64_t sign = random_() << 63;
    switch (below(8)) {
      case 0: return sign | (0x3ff - 30 + below(60)) << 52 | (random_() >> 12);
      case 1:
        return ~uint64_t{0} << 32 | sign >> 32 | (0x7f - 20 + below(40)) << 23 | (random_() & 0x7f'ffff);
      case 2: return ~uint64_t{0} << 16 | sign >> 48 | (0xf - 6 + below(12)) << 10 | (random_() & 0x3ff);
      case 3: {
        constexpr uint64_t kCorners[] = {
            0, 0x7ff0'0000'0000'0000, 0x7ff8'0000'0000'0000, 0x7ff0'0000'0000'0001,
            1, 0x000f'ffff'ffff'ffff, 0x7fef'ffff'ffff'ffff, 0x3ff0'0000'0000'0000};
        return sign | kCorners[below(8)];
      }
      case 4: {
        constexpr uint64_t kCorners[] = {0, 0x7f80'0000, 0x7fc0'0000, 0x7f80'0001,
                                         1, 0x007f'ffff, 0x7f7f'ffff, 0x3f80'0000};
        return ~uint64_t{0} << 32 | sign >> 32 | kCorners[below(8)];
      }
      case 5: {
        constexpr uint64_t kCorners[] = {0, 0x7c00, 0x7e00, 0x7c01, 1, 0x03ff, 0x7bff, 0x3c00};
        return ~uint64_t{0} << 16 | sign >> 48 | kCorners[below(8)];
      }
      case 6: return ~uint64_t{0} << 32 | (random_() >> 32);
      default: return random_();
    }
  }

  // A jump or branch over an instruction of that size.
  Word skip(unsigned size) {
    const int64_t over = 4 + size;
    const auto a = static_cast<unsigned>(below(32)), b = static_cast<unsigned>(below(32));
    unsigned link = static_cast<unsigned>(below(32));
    if (is_fixed(link)) link = 0;
    switch (below(8)) {
      case 0: return insn::beq(a, b, over);
      case 1: return insn::bne(a, b, over);
      case 2: return insn::blt(a, b, over);
      case 3: return insn::bge(a, b, over);
      case 4: return insn::bltu(a, b, over);
      case 5: return insn::bgeu(a, b, over);
      case 6: return insn::jal(link, over);
      default: return insn::c_j(2 + size);
    }
  }

  // The decoder says what a word is, so that it can be dropped: what QEMU 7.2 lacks, what leaves the program,
  // writes a pointer, or would use another address.
  static bool usable(const Insn& insn) {
    const Row& matched = riscv::row_of(insn.row);
    const Row& row = riscv::row_of(insn.op);
    if (insn.op == riscv::Op::illegal || insn.op == riscv::Op::ctzw) return false;
    for (const Extension e : {Extension::Zicond, Extension::Zicbom, Extension::Zicbop, Extension::Zicboz,
                              Extension::Zawrs, Extension::Svinval, Extension::S, Extension::Sm,
                              Extension::Zicsr, Extension::Zifencei, Extension::Zihintpause})
      if (row.extension == e || matched.extension == e) return false;
    if (insn.op == riscv::Op::ecall || insn.op == riscv::Op::ebreak) return false;
    if (row.has(fx::kBranch) || row.has(fx::kJump)) return false;
    if ((row.x_registers & riscv::kRd) && is_fixed(insn.rd)) return false;
    const bool memory = row.has(fx::kLoad) || row.has(fx::kStore) || row.has(fx::kAmo);
    if (memory && !is_pointer(insn.rs1)) return false;
    return row.name.substr(0, 3) !=
           "sc.";  // its success depends on what came before; the atomics' sweep has it
  }
  Word instruction() {
    while (true) {
      if (below(40) == 0) return status_access();
      const Row& row = riscv::kRows[1 + below(riscv::kOpCount - 1)];
      uint32_t word = (row.match & row.mask) | (static_cast<uint32_t>(random_()) & ~row.mask);
      if (row.length == 2) word &= 0xffff;
      const bool memory = row.has(fx::kLoad) || row.has(fx::kStore) || row.has(fx::kAmo);
      if (memory && row.length == 4) word = (word & ~(31u << 15)) | kPointers[below(3)] << 15;
      // A rounding mode that exists.
      if (row.has(fx::kFloat) && row.length == 4 && !(row.mask & 0x7000) && (word >> 12 & 7) > 4)
        word |= 0x7000;
      const Insn insn = riscv::decode(word, riscv::ExtensionSet::standard());
      if (!usable(insn)) continue;
      rows_used.insert(insn.row);
      if (row.length == 2) return static_cast<uint16_t>(word);
      return word;
    }
  }
  // Reads fcsr or flags, or sets a rounding mode.
  Word status_access() {
    unsigned rd = static_cast<unsigned>(below(30));
    if (is_fixed(rd)) rd = 0;
    switch (below(4)) {
      case 0: return insn::csrr(rd, csr::fcsr);
      case 1: return insn::csrrwi(rd, csr::fflags, static_cast<unsigned>(below(32)));
      case 2: return insn::csrrci(rd, csr::fflags, static_cast<unsigned>(below(32)));
      default: return insn::csrrwi(rd, csr::frm, static_cast<unsigned>(below(5)));
    }
  }
  std::mt19937_64 random_;
};

// --- Programs in one file
// ---------------------------------------------------------------------------------------

// Offsets of a slot's fields from its pointer.
constexpr int64_t kAfter = offsetof(Slot, after);

void add_program(UserProgram& program, uint64_t seed, unsigned instructions) {
  Generator generator(seed);
  const Registers before = generator.registers();
  const size_t at = program.data.size();
  program.data.resize(at + sizeof(Slot));
  std::memcpy(&program.data[at], &before, sizeof before);

  program.add(insn::ld(t0, offsetof(Registers, fcsr), kSlotRegister));
  program.add(insn::csrw(csr::fcsr, t0));
  for (unsigned r = 0; r < 32; ++r) program.add(insn::fld(r, offsetof(Registers, f) + 8 * r, kSlotRegister));
  for (unsigned r = 1; r < 32; ++r)
    if (r != kSlotRegister) program.add(insn::ld(r, 8 * r, kSlotRegister));
  for (const Word& word : generator.instructions(instructions)) program.add(word);
  program.add(uint16_t{insn::kCNop});  // the last one may have been a jump over 2 bytes, or
  program.add(uint16_t{insn::kCNop});  // over 4
  program.add(uint16_t{insn::kCNop});
  for (unsigned r = 0; r < 32; ++r) program.add(insn::sd(r, kAfter + 8 * r, kSlotRegister));
  for (unsigned r = 0; r < 32; ++r)
    program.add(insn::fsd(r, kAfter + offsetof(Registers, f) + 8 * r, kSlotRegister));
  program.add(insn::csrr(t0, csr::fcsr));
  program.add(insn::sd(t0, kAfter + offsetof(Registers, fcsr), kSlotRegister));
  program.add(insn::addi(kSlotRegister, kSlotRegister, sizeof(Slot)));
}

UserProgram build(uint64_t seed, uint64_t count, unsigned instructions) {
  UserProgram program;
  program.data.resize(kArena);
  std::mt19937_64 random(seed);
  for (uint8_t& byte : program.data) byte = static_cast<uint8_t>(random());
  program.add_data_address(kSlotRegister, kArena);
  for (uint64_t i = 0; i < count; ++i) add_program(program, seed + i, instructions);
  program.finish();
  return program;
}

// --- Comparing
// --------------------------------------------------------------------------------------------------

// What differs in a slot, or the first byte of the arena; empty if nothing.
std::string difference(const Slot& theirs, const Slot& ours) {
  std::ostringstream text;
  text << std::hex;
  for (unsigned r = 1; r < 32; ++r)
    if (theirs.after.x[r] != ours.after.x[r])
      text << " x" << std::dec << r << std::hex << " QEMU 0x" << theirs.after.x[r] << ", ours 0x"
           << ours.after.x[r];
  for (unsigned r = 0; r < 32; ++r)
    if (theirs.after.f[r] != ours.after.f[r])
      text << " f" << std::dec << r << std::hex << " QEMU 0x" << theirs.after.f[r] << ", ours 0x"
           << ours.after.f[r];
  if (theirs.after.fcsr != ours.after.fcsr)
    text << " fcsr QEMU 0x" << theirs.after.fcsr << ", ours 0x" << ours.after.fcsr;
  return text.str();
}

bool same_outcome(uint64_t seed, unsigned instructions, std::string& text) {
  const UserProgram program = build(seed, 1, instructions);
  std::string why;
  const auto theirs = program.run_under_qemu(why);
  if (!theirs) {
    text = "QEMU: " + why;
    return false;
  }
  const std::vector<uint8_t> ours = program.run_here(Caches::kAll);
  Slot a, b;
  std::memcpy(&a, &(*theirs)[kArena], sizeof a);
  std::memcpy(&b, &ours[kArena], sizeof b);
  text = difference(a, b);
  if (text.empty() && *theirs != ours) text = " memory";
  return text.empty();
}

// The fewest instructions after which the two differ.
std::string explain(uint64_t seed) {
  std::string text;
  if (same_outcome(seed, kInstructions, text))
    return "not by itself: memory that another program left is part of it";
  unsigned low = 0, high = kInstructions;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    (same_outcome(seed, middle, text) ? low : high) = middle;
  }
  same_outcome(seed, high, text);
  Generator generator(seed);
  (void)generator.registers();
  const Word last = generator.instructions(high).back();
  const Insn insn = riscv::decode(last.bits, riscv::ExtensionSet::standard());
  return "instruction " + std::to_string(high) + ", " + riscv::disassemble(insn, 0, riscv::Style::friendly) +
         ":" + text;
}

void compare(uint64_t seed, uint64_t count) {
  const UserProgram program = build(seed, count, kInstructions);
  std::string why;
  const auto theirs = program.run_under_qemu(why);
  ASSERT_TRUE(theirs.has_value()) << why;
  for (const Caches caches : {Caches::kNone, Caches::kAll}) {
    const std::vector<uint8_t> ours = program.run_here(caches);
    for (uint64_t i = 0; i < count; ++i) {
      const size_t at = kArena + i * sizeof(Slot);
      if (std::memcmp(&(*theirs)[at], &ours[at], sizeof(Slot)) == 0) continue;
      FAIL() << "--seed=" << seed + i << " --programs=1, caches: " << name_of(caches) << "; "
             << explain(seed + i);
    }
    ASSERT_TRUE(*theirs == ours) << "the arena differs, seeds " << seed << " to " << seed + count - 1;
  }
}

TEST(UserPrograms, RandomStraightLine_AsQemu) {
  if (!UserProgram::oracle_is_there())
    GTEST_SKIP() << "qemu-riscv64 (Debian: qemu-user) is not installed: no oracle for user programs.";
  constexpr uint64_t kTogether = 50;
  for (uint64_t done = 0; done < programs && !HasFatalFailure(); done += kTogether)
    compare(first_seed + done, std::min(kTogether, programs - done));
  // 296 rows, less branches and jumps (13; those that skip are made by hand), system instructions, sc, and
  // what QEMU lacks.
  if (programs >= 200) {
    EXPECT_GE(rows_used.size(), 240u);
  }
}

}  // namespace

bool take_number(const char* argument, const char* name, uint64_t& value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0) return false;
  value = std::strtoull(argument + length, nullptr, 0);
  return true;
}

void take_options(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (take_number(argv[i], "--seed=", first_seed) || take_number(argv[i], "--programs=", programs))
      continue;
    std::cerr << argv[i] << " is no option of this test; there are --seed=N and --programs=N.\n";
    std::exit(2);
  }
}

}  // namespace vitrine::bench

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  vitrine::bench::take_options(argc, argv);
  return RUN_ALL_TESTS();
}
