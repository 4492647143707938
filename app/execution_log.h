// SPDX-License-Identifier: MIT
// What is translated, what is entered and what is reset, as text in a log: what QEMU's `-d
// in_asm,op,op_opt,out_asm,exec, cpu_reset` ask for (app/qemu_log.cpp). Events are event_log.h's.
#pragma once

#include <memory>

#include "app/log_file.h"
#include "app/machine.h"
#include "app/run_options.h"

namespace vitrine::app {

#ifdef VITRINE_HAS_TRANSLATOR
// Each block, when it is made: the guest's instructions, the IR before and after the passes, host code.
std::unique_ptr<translator::TranslationObserver> make_block_log(const LogOptions& options, LogFile& file);
#endif

// An engine around the engine: a line for each block that is entered. The engine must return behind each
// block, as Machine::Outside::one_block has it; the interpreter, which knows of no blocks, is run by single
// instructions. What tells a symbol comes later than the engine.
using SymbolText = std::function<std::string(uint64_t pc)>;
std::unique_ptr<riscv::Engine> make_entry_log(riscv::Engine& engine, bool single_steps, LogFile& file,
                                              SymbolText symbol);

// The registers of each hart as they stand, which is at a reset.
void log_reset(Machine& machine, LogFile& file);

}  // namespace vitrine::app
