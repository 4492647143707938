// SPDX-License-Identifier: MIT
// Walking through blocks of our teaching kernel. Judge: the interpreter, at each step of the block; and the machine, which must not
// notice.
#include "app/debug/block_stepper.h"

#include "isa/riscv/instruction_table.h"

#include <random>

#include "tests/app/travel_case.h"

namespace vitrine::app::debug {
namespace {

using core::Step;
using Level = BlockStepper::Level;
namespace ir = translator::ir;

class BlockStepperTest : public TravelCase {
 protected:
  std::unique_ptr<Debuggee> open(EngineKind engine) {
    auto made = Debuggee::of_kept(kept, engine);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  // The last write to a register before an instruction of the block was left out, since a later one overwrites it.
  static bool was_left_out(const ir::Block& block, unsigned x, const ir::Instruction* before) {
    const auto end = static_cast<size_t>(before - block.insns.data());
    bool left_out = false;
    for (size_t i = 0; i < end; ++i) {
      if (block.insns[i].insn.rd != x || !(riscv::row_of(block.insns[i].insn.op).x_registers & riscv::kRd)) continue;
      left_out = std::none_of(block.nodes.begin(), block.nodes.end(),
                              [&](const ir::Node& node) { return node.insn == i && node.op == ir::Op::set_x && node.reg == x; });
    }
    return left_out;
  }
  static std::array<uint64_t, 32> registers_of(Debuggee& it, unsigned hart) {
    std::array<uint64_t, 32> x{};
    std::copy_n(it.machine().hart(hart).x, 32, x.begin());
    return x;
  }
};

// Guest registers at the beginning of each guest instruction are those of the interpreter; a value that a register is set to is
// the one that is shown of the IR.
TEST_P(BlockStepperTest, EachInstruction_RegistersOfTheInterpreter) {
  auto it = open(EngineKind::kTranslator);
  auto judge = open(EngineKind::kInterpreter);
  std::mt19937_64 random(GetParam());
  unsigned walked = 0, values = 0;
  for (int i = 0; i < 60; ++i) {
    const Step moment = 500'000 + random() % (kept.end->step - 600'000);
    ASSERT_TRUE(it->go_to(moment));
    const unsigned hart = it->current_hart();
    const uint64_t hash = it->machine().state_hash(), pc = it->machine().hart(hart).pc;
    auto stepper = BlockStepper::of_next_block(*it);
    ASSERT_EQ(it->now(), moment);
    ASSERT_EQ(it->machine().state_hash(), hash);
    if (!stepper) continue;  // all harts wait
    BlockStepper& block = **stepper;
    if (block.trace().input.pc != pc || block.trace().steps < block.trace().block.insns.size()) continue;  // an interrupt came, or it was left early
    ++walked;
    EXPECT_FALSE(block.guest()) << "the entry";
    for (Step step = moment; block.step(Level::kGuest) && block.guest() && step < moment + block.trace().steps; ++step) {
      ASSERT_TRUE(judge->go_to(step));
      const auto expected = registers_of(*judge, hart);
      EXPECT_EQ(judge->machine().hart(hart).pc, block.guest()->pc);
      for (unsigned x = 0; x < 32; ++x) {
        if (was_left_out(block.trace().block, x, block.guest())) continue;
        ASSERT_EQ(block.guest_register(x), expected[x]) << "x" << x << " at @" << step << "\n" << block.listing();
      }
    }
    while (block.step(Level::kHost)) {}
    const auto& nodes = block.trace().block.nodes;
    ASSERT_TRUE(judge->go_to(moment + block.trace().steps));
    const auto after = registers_of(*judge, hart);
    for (unsigned x = 1; x < 32; ++x) {
      std::optional<ir::Ref> last;
      for (const ir::Node& node : nodes)
        if (node.op == ir::Op::set_x && node.reg == x) last = node.in[0];
      if (!last) continue;
      const auto shown = block.value(*last);
      if (!shown) continue;
      EXPECT_EQ(*shown, after[x]) << "v" << *last << " for x" << x << "\n" << block.listing();
      ++values;
    }
  }
  EXPECT_GT(walked, 10u);
  EXPECT_GT(values, 20u);
}

TEST_P(BlockStepperTest, ForwardAndBack_SamePlaces) {
  auto it = open(EngineKind::kTranslator);
  ASSERT_TRUE(it->go_to(700'000));
  auto stepper = BlockStepper::of_next_block(*it);
  ASSERT_TRUE(stepper) << stepper.error().message;
  for (const Level level : {Level::kGuest, Level::kIr, Level::kHost}) {
    while ((*stepper)->step_back(Level::kHost)) {}
    std::vector<size_t> places = {(*stepper)->place()};
    while ((*stepper)->step(level)) places.push_back((*stepper)->place());
    EXPECT_GT(places.size(), 2u);
    while ((*stepper)->step_back(level)) {
      places.pop_back();
      ASSERT_FALSE(places.empty());
      EXPECT_EQ((*stepper)->place(), places.back());
    }
    EXPECT_EQ(places.size(), 1u);
  }
  ASSERT_TRUE((*stepper)->step(Level::kGuest));
  EXPECT_NE((*stepper)->text().find("guest"), std::string::npos) << (*stepper)->text();
}

INSTANTIATE_TEST_SUITE_P(Harts, BlockStepperTest, testing::Values(1, 3));

}  // namespace
}  // namespace vitrine::app::debug
