// SPDX-License-Identifier: MIT
// Running programs for a whole machine, here and under QEMU.
#include "tests/isa/riscv/machine_run.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <numeric>
#include <sstream>

#include "tests/isa/riscv/machine_generator.h"
#include "tests/isa/riscv/shrink.h"
#include "tests/outside.h"

namespace vitrine::bench {
namespace {

constexpr uint64_t kStepsBetweenLooks = 1'000'000;
constexpr uint64_t kStepsOfAProgram = 500'000;  // several times what any needs; one that needs more is stuck
constexpr uint64_t kStepsOfEverything = 20'000'000;

MachineResult result_of(const std::string& console) {
  MachineResult result;
  std::istringstream lines(console);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (line == "E") result.ended = true;
    if (line[0] == 'P') result.lines.push_back(line);
    if (line[0] != ' ') continue;
    result.fields.emplace_back();
    std::istringstream numbers(line);
    for (std::string number; numbers >> number;) result.fields.back().push_back(std::stoull(number, nullptr, 16));
  }
  return result;
}

// Steps of the program, and of the supervisor's handler, are looked at one by one. The runtime goes 32 at a time, so
// that of a program's first instructions, which only load constants, some are missed.
void run_observed(Bench& b, uint64_t steps, StepObserver& observer) {
  for (uint64_t done = 0; done < steps;) {
    const bool in_runtime = b.mode() == kM && b.pc() >= kRuntime && b.pc() < kRuntimeEnd;
    const bool in_program = b.mode() != kM || (b.pc() >= kCode && b.pc() < kMachineArea);
    const uint64_t count = in_runtime ? 32 : 1;
    if (in_program) observer.before(b);
    b.run_quietly(count);
    if (in_program) observer.after(b);
    done += count;
  }
}

}  // namespace

MachineResult run_machine_here(const MachineImage& image, Caches caches, StepObserver* observer,
                               core::BreakSet breaks) {
  Board board = machine_board();
  board.config.breaks = breaks;
  Bench b(board, caches);
  const std::vector<uint8_t> bytes = image.bytes();
  EXPECT_TRUE(b.ram().write({kRam}, bytes.data(), bytes.size()));
  b.start(kRam);
  bool waits = false;
  const uint64_t limit = (image.programs.size() + 1) * (kStepsOfAProgram + (image.everything ? kStepsOfEverything : 0));
  for (uint64_t steps = 0; steps < limit && !waits && !b.console().ends_with("E\n"); steps += kStepsBetweenLooks) {
    if (observer)
      run_observed(b, kStepsBetweenLooks, *observer);
    else
      waits = b.run_until_idle(kStepsBetweenLooks);
  }
  MachineResult result = result_of(b.console());
  result.states = b.notes();
  if (!result.ended)
    result.why = fmt::format("{} at pc {:#x} in mode {}", waits ? "waits for ever" : "does not come to its end", b.pc(),
                             static_cast<unsigned>(b.mode()));
  return result;
}

bool qemu_machine_is_there() {
  static const bool there = std::system("qemu-system-riscv64 -version >/dev/null 2>&1") == 0;
  return there;
}

// With a second hart, which sleeps, QEMU makes AMOs in one piece; with one only, they are a load and then a store,
// whose faults are a load's.
MachineResult run_machine_under_qemu(const MachineImage& image) {
  const test::TemporaryFolder folder;
  const std::vector<uint8_t> bytes = image.bytes();
  folder.write("image", test::as_text(bytes.data(), bytes.size()));
  const std::string command =
      "timeout 60 qemu-system-riscv64 -M virt -smp 2 -m 32M -bios none -display none -monitor none -serial stdio"
      " -cpu rv64,h=false,v=false,Zfh=true,svinval=true,svnapot=true,"
      "zbkb=true,zbkc=true,zbkx=true"
      " -device loader,addr=0x80000000,force-raw=on,file=" +
      folder.file("image") + " </dev/null 2>" + folder.file("errors");
  MachineResult result;
  if (const auto console = test::output_of(command + " || [ $? = 124 ]")) result = result_of(*console);
  if (!result.ended) result.why = "QEMU does not come to its end";
  return result;
}

namespace {

// The program with these parts only, and the rest nops; and with these pieces of data, and the rest zeros.
TestProgram with_parts(const MachineProgram& whole, const std::vector<size_t>& needed) {
  TestProgram program = whole.program;
  std::vector<bool> kept(whole.parts.size() + program.memory.size());
  for (const size_t i : needed) kept[i] = true;
  for (size_t i = 0; i < whole.parts.size(); ++i) {
    if (kept[i]) continue;
    const MachineProgram::Part& part = whole.parts[i];
    for (TestProgram::Piece& piece : program.memory) {
      if (part.at < piece.at || part.at >= piece.at + piece.bytes.size()) continue;
      for (size_t at = 0; at < part.size; at += 2) std::memcpy(&piece.bytes[part.at - piece.at + at], &kNopHalfword, 2);
    }
  }
  for (size_t i = program.memory.size(); i-- > 0;)
    if (!kept[whole.parts.size() + i] && program.memory[i].at >= kData && program.memory[i].at < kInit)
      program.memory.erase(program.memory.begin() + static_cast<ptrdiff_t>(i));
  return program;
}

}  // namespace

const MachineSide kQemu{"QEMU", run_machine_under_qemu, false};

MachineSide side_of(Caches caches) {
  return {name_of(caches), [caches](const MachineImage& image) { return run_machine_here(image, caches); }, true};
}

bool machine_differs(const TestProgram& program, const MachineSide& other) {
  const MachineImage image{{program}};
  const MachineResult ours = run_machine_here(image, Caches::kAll);
  if (!ours.ended) return false;
  const MachineResult theirs = other.run(image);
  if (other.exact) return ours.lines != theirs.lines || ours.states != theirs.states;
  return theirs.lines.empty() || !same_result(ours.lines.at(0), theirs.lines[0]);
}

std::string machine_difference(const TestProgram& program, const MachineSide& other) {
  MachineImage image{{program}};
  image.everything = true;
  const MachineResult ours = run_machine_here(image, Caches::kAll), theirs = other.run(image);
  if (!theirs.ended) return fmt::format("{}: {}\n", other.name, theirs.why);
  if (ours.fields.size() != 1 || theirs.fields.size() != 1) return "the fields are not there\n";
  const std::vector<Field> left = fields_of(ours.fields[0]), right = fields_of(theirs.fields[0]);
  std::string text;
  unsigned count = 0;
  for (size_t i = 0; i < std::min(left.size(), right.size()) && count < 12; ++i) {
    if (left[i] == right[i]) continue;
    text += fmt::format("{}: {:#x}, {}: {:#x}\n", left[i].name, left[i].value, other.name, right[i].value);
    ++count;
  }
  return text;
}

std::string shrunk_machine_text(const MachineProgram& program, const MachineSide& other, const std::string& origin,
                                double seconds) {
  std::vector<size_t> needed(program.parts.size() + program.program.memory.size());
  std::iota(needed.begin(), needed.end(), size_t{0});
  drop_items(needed, Patience(seconds),
             [&](const std::vector<size_t>& rest) { return machine_differs(with_parts(program, rest), other); });
  const TestProgram small = with_parts(program, needed);
  std::string text = fmt::format("# {}, shrunk; we, and then {}:\n", origin, other.name);
  std::istringstream lines(machine_difference(small, other));
  for (std::string line; std::getline(lines, line);) text += "# " + line + "\n";
  const MachineResult theirs = other.run({{small}});
  text += fmt::format("# expect: {}\n", theirs.lines.empty() ? "nothing" : theirs.lines[0]);
  return text + small.to_text();
}

}  // namespace vitrine::bench
