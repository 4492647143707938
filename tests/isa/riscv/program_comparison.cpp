// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/program_comparison.h"

#include <fmt/format.h>

#include <sstream>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/shrink.h"

namespace vitrine::bench {
namespace {

// State after `steps` of chunk `last`, from the beginning.
std::vector<std::string> state_at(const TestProgram& program, Caches caches, size_t last, uint64_t steps) {
  ProgramRun run(program, caches);
  for (size_t i = 0; i < last; ++i) run.run_chunk(i);
  run.run_chunk(last, steps);
  return run.bench.state();
}

uint64_t hash_at_the_end(const TestProgram& program, Caches caches) {
  ProgramRun run(program, caches);
  for (size_t i = 0; i < program.chunks.size(); ++i) run.run_chunk(i);
  return run.bench.state_hash();
}

}  // namespace

riscv::Insn next_instruction(Bench& b) {
  const auto halfword = [&](uint64_t at) -> uint32_t {
    const mmu::Walk walk = b.mmu().look({at}, core::AccessKind::kFetch);
    uint16_t bits = 0;
    if (walk.fault != core::FaultKind::kNone || !b.ram().read_value(walk.physical, bits)) return 0;
    return bits;
  };
  const uint32_t low = halfword(b.pc());
  const uint32_t high = riscv::instruction_length(static_cast<uint16_t>(low)) == 4 ? halfword(b.pc() + 2) : 0;
  return riscv::decode(high << 16 | low, b.hart().extensions);
}

void ProgramRun::run_chunk(size_t i, uint64_t at_most, StepObserver* observer) {
  const TestProgram::Chunk& chunk = program_.chunks[i];
  for (const Action& action : chunk.actions) action.apply(bench);
  const uint64_t steps = std::min(chunk.steps, at_most);
  if (!observer && bench.caches() != Caches::kNone) return bench.run_and_wake(steps);
  for (uint64_t step = 0; step < steps; ++step) {
    if (observer) observer->before(bench);
    bench.run_and_wake(1);
    if (observer) observer->after(bench);
  }
}

bool differs(const TestProgram& program, Caches caches) {
  return hash_at_the_end(program, Caches::kNone) != hash_at_the_end(program, caches);
}

std::string explain(const TestProgram& program, Caches caches, size_t chunk) {
  uint64_t low = 0, high = program.chunks[chunk].steps;  // equal after `low` steps, different after `high`
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    const bool equal =
        state_at(program, Caches::kNone, chunk, middle) == state_at(program, caches, chunk, middle);
    (equal ? low : high) = middle;
  }
  ProgramRun before(program, Caches::kNone);
  for (size_t i = 0; i < chunk; ++i) before.run_chunk(i);
  before.run_chunk(chunk, low);
  const uint64_t pc = before.bench.pc();
  return fmt::format("after {} steps of chunk {}, at pc {:#x} in mode {}: {}\n  {}", low, chunk, pc,
                     static_cast<unsigned>(before.bench.mode()),
                     riscv::disassemble(next_instruction(before.bench), pc, riscv::Style::friendly),
                     first_difference(state_at(program, Caches::kNone, chunk, high),
                                      state_at(program, caches, chunk, high)));
}

std::string shrunk_text(const TestProgram& program, Caches caches, const std::string& origin,
                        double seconds) {
  const TestProgram small = shrink(
      program, [&](const TestProgram& p) { return differs(p, caches); }, seconds);
  std::string text = fmt::format("# {}, caches: {}, shrunk\n", origin, name_of(caches));
  std::istringstream lines(explain(small, caches, small.chunks.size() - 1));
  for (std::string line; std::getline(lines, line);) text += "# " + line + "\n";
  return text + small.to_text();
}

}  // namespace vitrine::bench
