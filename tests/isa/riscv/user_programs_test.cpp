// SPDX-License-Identifier: MIT
// Random straight-line user programs (integer, floating point, loads, stores, AMOs, compressed ones, short
// jumps) under QEMU's user mode and here: all registers, fcsr and the memory they wrote must be equal
// afterwards. The options are in program_options.h; ctest runs 200 programs.
//
// Many programs make one run of QEMU. One that differs is run again by itself, shrunk, and written with what
// QEMU says as a file that the test of stored cases, at the end, can load.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

#include "isa/riscv/decoder.h"
#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/program_options.h"
#include "tests/isa/riscv/shrink.h"
#include "tests/isa/riscv/user_case.h"

namespace vitrine::bench {
namespace {

using riscv::Extension;
using riscv::Insn;
using riscv::Row;
namespace fx = riscv;

constexpr uint64_t kDefaultPrograms = 200;
constexpr unsigned kInstructions = 250;  // of each program
constexpr double kShrinkSeconds = 60;
std::set<riscv::Op> rows_used;  // by all programs

using Registers = UserCase::Registers;
using Slot = UserCase::Slot;
constexpr uint64_t kArena = UserCase::kArena;
constexpr auto& kPointers = UserCase::kPointers;
bool is_fixed(unsigned r) { return UserCase::is_fixed(r); }
bool is_pointer(unsigned r) { return r != UserCase::kSlotRegister && is_fixed(r); }

class Generator {
 public:
  static UserCase of(uint64_t seed) {
    Generator generator(seed);
    UserCase one;
    one.before = generator.registers();
    one.code = generator.instructions(kInstructions);
    return one;
  }

 private:
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

// --- Comparing
// --------------------------------------------------------------------------------------------------

// What differs in a slot; empty if nothing.
std::string difference(const Registers& theirs, const Registers& ours) {
  std::string text;
  for (unsigned r = 1; r < 32; ++r)
    if (theirs.x[r] != ours.x[r])
      text += fmt::format(" x{} QEMU {:#x}, ours {:#x}", r, theirs.x[r], ours.x[r]);
  for (unsigned r = 0; r < 32; ++r)
    if (theirs.f[r] != ours.f[r])
      text += fmt::format(" f{} QEMU {:#x}, ours {:#x}", r, theirs.f[r], ours.f[r]);
  if (theirs.fcsr != ours.fcsr) text += fmt::format(" fcsr QEMU {:#x}, ours {:#x}", theirs.fcsr, ours.fcsr);
  return text;
}

using Differs = std::function<bool(const UserCase&)>;

// Instructions become nops of their size, registers 0, as long as the case differs.
UserCase shrink_case(const UserCase& whole, const Differs& differs, double seconds) {
  const Patience patience(seconds);
  std::vector<size_t> needed(whole.code.size() + 64);  // instructions, then x and f registers
  std::iota(needed.begin(), needed.end(), size_t{0});
  const auto with = [&](const std::vector<size_t>& these) {
    UserCase smaller;
    smaller.before.fcsr = whole.before.fcsr;
    for (const Word& word : whole.code)
      smaller.code.push_back(word.size == 4 ? Word(insn::kNop) : Word(static_cast<uint16_t>(insn::kCNop)));
    for (unsigned r = 0; r < 32; ++r)
      if (is_fixed(r)) smaller.before.x[r] = whole.before.x[r];
    for (const size_t i : these) {
      const size_t r = i - whole.code.size();
      if (i < whole.code.size())
        smaller.code[i] = whole.code[i];
      else
        (r < 32 ? smaller.before.x[r] : smaller.before.f[r - 32]) =
            r < 32 ? whole.before.x[r] : whole.before.f[r - 32];
    }
    return smaller;
  };
  drop_items(needed, patience, [&](const std::vector<size_t>& rest) { return differs(with(rest)); });
  UserCase small = with(needed);
  UserCase plain = small;
  plain.before.fcsr = 0;
  if (differs(plain)) small = plain;
  // Now the nops themselves.
  drop_items(small.code, patience, [&](const std::vector<Word>& rest) {
    UserCase shorter = small;
    shorter.code = rest;
    return differs(shorter);
  });
  return small;
}

bool differs_from_qemu(const UserCase& one, uint64_t arena, Caches caches) {
  const UserProgram program = user_program({one}, arena);
  std::string why;
  const auto theirs = program.run_under_qemu(why);
  return theirs && *theirs != program.run_here(caches);
}

// The shrunk case with what QEMU says, as the text of a file.
std::string shrunk_text(uint64_t seed, uint64_t arena, Caches caches) {
  const UserCase whole = Generator::of(seed);
  if (!differs_from_qemu(whole, arena, caches))
    return "not by itself: memory that another program left is part of it\n";
  const UserCase small = shrink_case(
      whole, [&](const UserCase& one) { return differs_from_qemu(one, arena, caches); }, kShrinkSeconds);
  const UserProgram program = user_program({small}, arena);
  std::string why;
  const auto theirs = program.run_under_qemu(why);
  const std::string found = difference(slot_of(*theirs, 0).after, slot_of(program.run_here(caches), 0).after);
  return fmt::format(
      "# random user program, seed {}, caches: {}, shrunk; what is expected is QEMU's\n#{}\n{}{}", seed,
      name_of(caches), found.empty() ? " memory" : found, small.to_text(arena),
      expect_text(small, arena, *theirs));
}

void compare(uint64_t seed, uint64_t count) {
  std::vector<UserCase> cases;
  for (uint64_t i = 0; i < count; ++i) cases.push_back(Generator::of(seed + i));
  const UserProgram program = user_program(cases, seed);
  std::string why;
  const auto theirs = program.run_under_qemu(why);
  ASSERT_TRUE(theirs.has_value()) << why;
  for (const Caches caches : kEveryCache) {
    const std::vector<uint8_t> ours = program.run_here(caches);
    for (uint64_t i = 0; i < count; ++i) {
      const size_t at = kArena + i * sizeof(Slot);
      if (std::memcmp(&(*theirs)[at], &ours[at], sizeof(Slot)) == 0) continue;
      const std::string text = shrunk_text(seed + i, seed, caches);
      FAIL() << "--seed=" << seed + i << " --programs=1, caches: " << name_of(caches) << "\n"
             << text << keep_failure(fmt::format("user-{}-{}.user", seed + i, name_of(caches)), text);
    }
    ASSERT_TRUE(*theirs == ours) << "the arena differs, seeds " << seed << " to " << seed + count - 1;
  }
}

TEST(UserPrograms, RandomStraightLine_AsQemu) {
  if (!UserProgram::oracle_is_there())
    GTEST_SKIP() << "qemu-riscv64 (Debian: qemu-user) is not installed: no oracle for user programs.";
  constexpr uint64_t kTogether = 50;
  uint64_t done = 0;
  while (more_programs(done) && !HasFatalFailure()) {
    const uint64_t left = program_options().seconds != 0 ? kTogether : program_options().programs - done;
    compare(program_options().first_seed + done, std::min(kTogether, left));
    done += std::min(kTogether, left);
  }
  // 296 rows, less branches and jumps (13; those that skip are made by hand), system instructions, sc, and
  // what QEMU lacks.
  if (done >= kDefaultPrograms) {
    EXPECT_GE(rows_used.size(), 240u);
  }
}

// --- Shrunk and stored

// The planted difference: an engine for which `rem` and what it reads does not matter, but that it is there.
TEST(UserPrograms, Shrink_OnlyWhatIsNeeded) {
  const auto has_rem = [](const UserCase& one) {
    for (const Word& word : one.code)
      if (riscv::decode(word.bits, riscv::ExtensionSet::standard()).op == riscv::Op::rem &&
          one.before.x[5] != 0)
        return true;
    return false;
  };
  uint64_t seed = 1;
  while (seed < 1000 && !has_rem(Generator::of(seed))) ++seed;
  ASSERT_LT(seed, 1000u);
  const UserCase small = shrink_case(Generator::of(seed), has_rem, 60);
  EXPECT_EQ(small.code.size(), 1u) << small.to_text(1);
  EXPECT_TRUE(has_rem(small));
  for (unsigned r = 0; r < 32; ++r) {
    EXPECT_EQ(small.before.fcsr, 0u);
    EXPECT_EQ(small.before.f[r], 0u);
    if (!is_fixed(r) && r != 5) {
      EXPECT_EQ(small.before.x[r], 0u);
    }
  }
}

TEST(UserPrograms, TextAndBack_TheSameCase) {
  const UserCase one = Generator::of(3);
  const UserProgram program = user_program({one}, 9);
  const std::vector<uint8_t> data = program.run_here(Caches::kNone);
  const auto stored = StoredUserCase::from_text(one.to_text(9) + expect_text(one, 9, data));
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  StoredUserCase again = stored.value();
  EXPECT_EQ(user_program({again.program}, again.arena_seed).code, program.code);
  again.after.x[UserCase::kSlotRegister] = slot_of(data, 0).after.x[UserCase::kSlotRegister];
  EXPECT_EQ(difference(slot_of(data, 0).after, again.after), "");
}

void check_stored(const StoredUserCase& stored, Caches caches) {
  const std::vector<uint8_t> data = user_program({stored.program}, stored.arena_seed).run_here(caches);
  Registers after = slot_of(data, 0).after;
  after.x[UserCase::kSlotRegister] = stored.after.x[UserCase::kSlotRegister];
  EXPECT_EQ(difference(stored.after, after), "");
  std::vector<uint8_t> memory = arena_of(stored.arena_seed);
  for (const auto& [at, value] : stored.memory) std::memcpy(&memory.at(at), &value, sizeof value);
  EXPECT_EQ(memory, std::vector<uint8_t>(data.begin(), data.begin() + kArena)) << "memory";
}

TEST(UserPrograms, Stored_AsQemuSaid) {
  unsigned count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VITRINE_STORED_PROGRAMS)) {
    if (entry.path().extension() != ".user") continue;
    std::ifstream file(entry.path());
    const auto stored = StoredUserCase::from_text({std::istreambuf_iterator<char>(file), {}});
    ASSERT_TRUE(stored.ok()) << entry.path() << ": " << stored.error().message;
    for (const Caches caches : kEveryCache) {
      SCOPED_TRACE(entry.path().filename().string() + ", caches: " + name_of(caches));
      check_stored(stored.value(), caches);
    }
    ++count;
  }
  EXPECT_GE(count, 1u);
}

}  // namespace
}  // namespace vitrine::bench

int main(int argc, char** argv) {
  return vitrine::bench::run_program_tests(argc, argv, vitrine::bench::kDefaultPrograms);
}
