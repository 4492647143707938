// SPDX-License-Identifier: MIT
// Random programs for a whole machine on three machines: the interpreter, the translator, and QEMU's `virt` board. The
// options are in program_options.h; `--qemu=N` says how many run on all three, `--programs=N` how many on our two.
//
// When something differs, the program is shrunk, shown with the first registers, CSRs and guest traps that differ, and
// written as a file: moved to stored/ it is a test of AsQemuSaid. What QEMU is known to do otherwise is in kQemuDiffers
// (machine_runtime.h). Next: machine_generator.h.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/isa/riscv/machine_generator.h"
#include "tests/isa/riscv/machine_run.h"
#include "tests/isa/riscv/program_options.h"
#include "tests/isa/riscv/step_coverage.h"

namespace vitrine::bench {
namespace {

constexpr uint64_t kDefaultPrograms = 2000, kDefaultQemu = 200;
constexpr uint64_t kTogether = 50;  // programs of one image
// The engine that is the machine's on this host: the translator where there is one.
constexpr Caches kEngine = kEveryCache.back();
constexpr double kShrinkSeconds = 120;

struct Batch {
  std::vector<MachineProgram> programs;
  MachineImage image;
};
Batch batch_of(uint64_t seed, uint64_t count, Audience audience) {
  Batch batch;
  if (audience == Audience::kOurEnginesOnly) batch.image.status_mask = ~uint64_t{0};
  for (uint64_t i = 0; i < count; ++i) {
    batch.programs.push_back(machine_program(seed + i, audience));
    batch.image.programs.push_back(batch.programs.back().program);
  }
  return batch;
}

// What a program left that did otherwise on `side`, as a failure with everything that is needed to look at it.
std::string told(const MachineProgram& program, const MachineSide& side, uint64_t seed, const char* again,
                 const std::string& ours, const std::string& theirs) {
  if (!machine_differs(program.program, side))
    return fmt::format("seed {}, {}: not by itself; what another program left is part of it\n{}\n{}\n", seed, side.name,
                       ours, theirs);
  const std::string text =
      shrunk_machine_text(program, side, fmt::format("machine program, seed {}", seed), kShrinkSeconds);
  return fmt::format("--seed={} {}\n{}{}", seed, again, text,
                     keep_failure(fmt::format("machine-{}-{}.machine", seed, side.name), text));
}

std::string line_of(const MachineResult& result, size_t i) {
  return i < result.lines.size() ? result.lines[i] : result.why;
}

// --- Our engines

void compare_engines(uint64_t seed, uint64_t count) {
  const bool plain = seed / kTogether % 2 == 0;  // half of them could run under QEMU, half have no fences
  const Batch batch = batch_of(seed, count, plain ? Audience::kQemuToo : Audience::kOurEnginesOnly);
  const MachineResult expected = run_machine_here(batch.image, Caches::kAll);
  ASSERT_TRUE(expected.ended) << "seeds from " << seed << ": " << expected.why;
  ASSERT_EQ(expected.lines.size(), count);
  const Caches third = seed / kTogether % 4 < 2 ? Caches::kTranslations : Caches::kTiny;
  for (const Caches caches : kEveryCache) {
    const bool now_and_then = seed / kTogether % 20 == 0;
    if (caches != kEngine && !(now_and_then && caches == third)) continue;
    const MachineResult other = run_machine_here(batch.image, caches);
    for (size_t i = 0; i < count; ++i)
      if (expected.lines[i] != line_of(other, i))
        FAIL() << told(batch.programs[i], side_of(caches), seed + i, "--programs=1", expected.lines[i],
                       line_of(other, i));
    ASSERT_EQ(expected.states, other.states)
        << "seeds " << seed << " and on, " << name_of(caches) << ": the machine's state differs, and no line does";
  }
}

TEST(MachinePrograms, Translator_AsInterpreter) {
  const uint64_t first = program_options().first_seed;
  uint64_t done = 0;
  while (more_programs(done) && !HasFatalFailure()) {
    const uint64_t left = program_options().seconds != 0 ? kTogether : program_options().programs - done;
    compare_engines(first + done, std::min(kTogether, left));
    done += std::min(kTogether, left);
    if (done % 10'000 == 0) std::cout << done << " programs; --seed=" << first + done << " goes on here" << std::endl;
  }
}

// --- QEMU

// The programs that QEMU gets, as the interpreter runs them without any cache.
void expect_reached(const StepCoverage& coverage) {
  const std::set<std::string> never = {"c.ebreak",   "ebreak",     "ecall",                  // always trap
                                       "czero.eqz",  "czero.nez",  "wrs.nto",    "wrs.sto",  // not in this machine
                                       "cbo.clean",  "cbo.flush",  "cbo.inval",  "cbo.zero",
                                       "prefetch.i", "prefetch.r", "prefetch.w", "ctzw"};
  EXPECT_EQ(coverage.rows_never_retired(), never);
  for (const unsigned cause : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 11u, 12u, 13u, 15u})
    EXPECT_GT(coverage.exceptions(cause), 5u) << "cause " << cause;
  for (const unsigned number : {1u, 3u, 5u, 7u, 9u, 11u}) EXPECT_GT(coverage.interrupts(number), 5u) << number;
}

void compare_with_qemu(uint64_t seed, uint64_t count, StepCoverage* coverage) {
  const Batch batch = batch_of(seed, count, Audience::kQemuToo);
  const MachineResult ours = run_machine_here(batch.image, coverage ? Caches::kNone : Caches::kAll, coverage);
  ASSERT_TRUE(ours.ended) << "seeds from " << seed << ": " << ours.why;
  const MachineResult translated = run_machine_here(batch.image, kEngine);
  const MachineResult theirs = run_machine_under_qemu(batch.image);
  for (size_t i = 0; i < count; ++i) {
    if (ours.lines.at(i) != line_of(translated, i))
      FAIL() << told(batch.programs[i], side_of(kEngine), seed + i, "--programs=1", ours.lines[i],
                     line_of(translated, i));
    if (!same_result(ours.lines[i], line_of(theirs, i)))
      FAIL() << told(batch.programs[i], kQemu, seed + i, "--programs=0 --qemu=1", ours.lines[i], line_of(theirs, i));
  }
}

TEST(MachinePrograms, AsUnderQemu) {
  if (!qemu_machine_is_there())
    GTEST_SKIP() << "qemu-system-riscv64 (Debian: qemu-system-misc) is not installed: no oracle for whole machines.";
  const uint64_t first = program_options().first_seed, programs = program_options().qemu;
  StepCoverage coverage;
  uint64_t looked_at = 0;
  for (uint64_t done = 0; done < programs && !HasFatalFailure(); done += kTogether) {
    const uint64_t count = std::min(kTogether, programs - done);
    const bool look = looked_at < kDefaultQemu || program_options().coverage;
    compare_with_qemu(first + done, count, look ? &coverage : nullptr);
    looked_at += look ? count : 0;
    if ((done + count) % 5'000 == 0)
      std::cout << done + count << " programs with QEMU; --seed=" << first + done + count << " goes on here"
                << std::endl;
  }
  if (HasFatalFailure() || looked_at == 0) return;
  std::cout << "of " << looked_at << " programs: " << coverage.summary() << "\n";
  if (program_options().coverage) {
    std::cout << coverage.table() << "\nWhat QEMU does otherwise, and how it is compared all the same:\n";
    for (const QemuDiffers& row : kQemuDiffers)
      std::cout << fmt::format("* {}: QEMU: {}; ours: {}. So: {}.\n", row.what, row.qemu, row.ours, row.so);
  }
  if (looked_at >= kDefaultQemu) expect_reached(coverage);
}

// --- Stored, and what keeps and finds them

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(MachinePrograms, Stored_AsExpected) {
  unsigned count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VITRINE_STORED_PROGRAMS)) {
    if (entry.path().extension() != ".machine") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = text_of(entry.path()), word = "# expect: ";
    auto program = TestProgram::from_text(text);
    ASSERT_TRUE(program.ok()) << program.error().message;
    const size_t at = text.find(word);
    ASSERT_NE(at, std::string::npos) << "no line '# expect: P ...'";
    const std::string expected = text.substr(at + word.size(), text.find('\n', at) - at - word.size());
    for (const Caches caches : kEveryCache) {
      const MachineResult ours = run_machine_here({{*program}}, caches);
      ASSERT_EQ(ours.lines.size(), 1u) << ours.why;
      EXPECT_TRUE(same_result(ours.lines[0], expected)) << name_of(caches) << ": " << ours.lines[0];
    }
    ++count;
  }
  EXPECT_GE(count, 1u);
}

// The interpreter, wrong on purpose in one thing.
MachineResult run_broken(const MachineImage& image, core::Break wrong) {
  core::BreakSet breaks;
  breaks.add(wrong);
  return run_machine_here(image, Caches::kAll, nullptr, breaks);
}

// Machines that are wrong in one thing are found out by the first batch.
TEST(MachinePrograms, MachineWithABreak_LeavesSomethingElse) {
  using core::Break;
  const Batch batch = batch_of(1, 30, Audience::kQemuToo);
  const MachineResult right = run_machine_here(batch.image, Caches::kAll);
  ASSERT_TRUE(right.ended) << right.why;
  for (const Break wrong : {Break::kDelegationIgnored, Break::kTrapLeavesInterruptsOn, Break::kDirtyBitNotSet,
                            Break::kSumIgnored, Break::kMxrIgnored, Break::kUserBitIgnored, Break::kPmpIgnored})
    EXPECT_NE(right.lines, run_broken(batch.image, wrong).lines) << row_of(wrong).name;
}

TEST(MachinePrograms, Shrink_FewPartsAndTheSameDifference) {
  const MachineSide broken{
      "no SUM", [](const MachineImage& image) { return run_broken(image, core::Break::kSumIgnored); }, false};
  uint64_t seed = 1;
  while (seed < kTogether && !machine_differs(machine_program(seed, Audience::kQemuToo).program, broken)) ++seed;
  ASSERT_LT(seed, kTogether);
  const MachineProgram whole = machine_program(seed, Audience::kQemuToo);
  const std::string text = shrunk_machine_text(whole, broken, "planted", 30);
  auto small = TestProgram::from_text(text);
  ASSERT_TRUE(small.ok()) << small.error().message;
  EXPECT_TRUE(machine_differs(*small, broken));
  EXPECT_NE(text.find("no SUM: 0x"), std::string::npos) << "what differs is told:\n" << text.substr(0, 1000);
  unsigned left = 0;
  for (const MachineProgram::Part& part : whole.parts)
    left += text.find(fmt::format("write {:#x} ", part.at)) != std::string::npos;
  EXPECT_LT(left, whole.parts.size() / 4) << text;
}

TEST(MachinePrograms, SameSeed_SameProgram) {
  const auto text = [](uint64_t seed) { return machine_program(seed, Audience::kQemuToo).program.to_text(); };
  EXPECT_EQ(text(5), text(5));
  EXPECT_NE(text(5), text(6));
}

}  // namespace
}  // namespace vitrine::bench

int main(int argc, char** argv) {
  return vitrine::bench::run_program_tests(argc, argv, vitrine::bench::kDefaultPrograms, vitrine::bench::kDefaultQemu);
}
