// SPDX-License-Identifier: MIT
// Inside a block: step and back by guest instruction, IR operation or host instruction, and the view of all its places.
#include "app/debug/verbs_block.h"

#include <fmt/format.h>

#include "app/debug/block_stepper.h"

namespace vitrine::app::debug {
namespace {

using Level = BlockStepper::Level;

std::optional<Level> level_named(std::string_view word) {
  if (word == "guest") return Level::kGuest;
  if (word == "ir") return Level::kIr;
  if (word == "host") return Level::kHost;
  return std::nullopt;
}

// The walk that goes on, or a new one through the block that runs next. `fresh`: it is new.
core::Result<BlockStepper*> walk(State& state, bool& fresh) {
  Debuggee& it = state.it();
  fresh = !state.block || state.block->moment() != it.now();
  if (!fresh) return state.block.get();
  state.block.reset();
  auto block = BlockStepper::of_next_block(it);
  if (!block) return block.error();
  state.block = std::move(*block);
  return state.block.get();
}

// The machine goes where the block went.
Answer leave(State& state) {
  const core::Step behind = state.block->moment() + state.block->trace().steps;
  state.block.reset();
  auto stop = state.it().go_to(behind);
  if (!stop) return stop.error();
  return fmt::format("The block is left.\n{}\n", place_text(state));
}

Answer inside(State& state, const Words& words) {
  const bool registers = words.size() == 2 && words[1] == "regs";
  if (words.size() > 1 && !registers) return usage(words[0], "it takes no other word than regs.");
  bool fresh = false;
  auto block = walk(state, fresh);
  if (!block) return block.error();
  return registers ? (*block)->registers() : (*block)->listing();
}

constexpr Verb kVerbs[] = {
    {"inside", "", "[regs]", "The block that runs next: guest, IR and host beside each other, as it really runs; an arrow where step ir or host stands. regs: all host registers there.", Wants::kNothing, inside},
};

}  // namespace

bool names_level(const Words& words) { return words.size() == 2 && level_named(words[1]); }

Answer step_inside(State& state, const Words& words) {
  bool fresh = false;
  auto block = walk(state, fresh);
  if (!block) return block.error();
  if (fresh) return (*block)->text();
  if (!(*block)->step(*level_named(words[1]))) return leave(state);
  return (*block)->text();
}

Answer back_inside(State& state, const Words& words) {
  bool fresh = false;
  auto block = walk(state, fresh);
  if (!block) return block.error();
  if (fresh || !(*block)->step_back(*level_named(words[1]))) return "The block's entry: further back is another block (back).\n" + (*block)->text();
  return (*block)->text();
}

std::span<const Verb> block_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
