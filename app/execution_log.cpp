// SPDX-License-Identifier: MIT
// Text about blocks and registers.
#include "app/execution_log.h"

#include <fmt/format.h>

#include "app/hart_state.h"
#include "isa/riscv/disassembler.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "translator/block_log.h"
#endif

namespace vitrine::app {
namespace {

char letter_of(riscv::Privilege privilege) { return "US?M"[static_cast<unsigned>(privilege) & 3]; }

class EntryLog final : public riscv::Engine {
 public:
  EntryLog(riscv::Engine& engine, bool single_steps, LogFile& file, SymbolText symbol)
      : engine_(engine), single_steps_(single_steps), file_(file), symbol_(std::move(symbol)) {}

  void run(riscv::Hart& hart, uint64_t steps) override {
    const core::Step end = hart.clock->step() + steps;
    do {
      const core::Step begin = hart.clock->step();
      const uint64_t pc = hart.pc;
      const char mode = letter_of(hart.privilege);
      engine_.run(hart, single_steps_ ? 1 : end - begin);
      const std::string symbol = symbol_(pc);
      file_.write(fmt::format("exec @{} hart {} {} {:#x}{}: {} steps\n", begin, hart.id, mode, pc,
                              symbol.empty() ? "" : " (" + symbol + ")", hart.clock->step() - begin));
    } while (hart.clock->step() < end && !hart.attention->wanted);
  }

 private:
  riscv::Engine& engine_;
  bool single_steps_;
  LogFile& file_;
  SymbolText symbol_;
};

#ifdef VITRINE_HAS_TRANSLATOR
class BlockWriter final : public translator::TranslationObserver {
 public:
  BlockWriter(const LogOptions& options, LogFile& file) : options_(options), file_(file) {}

  void translated(const translator::Translation& translation) override {
    const translator::BuildInput& input = translation.input;
    std::string text = fmt::format("---- block {} {:#x}, {} instructions\n", letter_of(input.privilege),
                                   input.pc, translation.block.insns.size());
    if (options_.guest_code) {
      text += "in_asm:\n";
      for (const translator::ir::Instruction& each : translation.block.insns)
        text += fmt::format("{:#x}:  {:0{}x}  {}\n", each.pc, each.insn.bits, 2 * each.insn.length,
                            riscv::disassemble(each.insn, each.pc, riscv::Style::friendly));
    }
    if (options_.ir) text += "op:\n" + translator::ir_as_built(input, host_);
    if (options_.ir_optimised) text += "op_opt:\n" + translator::ir::to_text(translation.block);
    if (options_.host_code)
      text += "out_asm:\n" + translator::host_code_text(translation.code, translation.code_size);
    file_.write(text);
  }
  void flushed() override { file_.write("---- code memory begins anew\n"); }

 private:
  LogOptions options_;
  LogFile& file_;
  translator::HostAbilities host_ = translator::HostAbilities::of_this_host();
};
#endif

}  // namespace

#ifdef VITRINE_HAS_TRANSLATOR
std::unique_ptr<translator::TranslationObserver> make_block_log(const LogOptions& options, LogFile& file) {
  return std::make_unique<BlockWriter>(options, file);
}
#endif

std::unique_ptr<riscv::Engine> make_entry_log(riscv::Engine& engine, bool single_steps, LogFile& file,
                                              SymbolText symbol) {
  return std::make_unique<EntryLog>(engine, single_steps, file, std::move(symbol));
}

void log_reset(Machine& machine, LogFile& file) {
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    std::string text = fmt::format("reset of hart {} at step {}\n", i, machine.clock().step());
    for (const StateRow& row : state_rows(machine, static_cast<int>(i)))
      text += fmt::format("  {} {}\n", row.name, row.value);
    file.write(text);
  }
}

}  // namespace vitrine::app
