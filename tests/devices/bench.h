// SPDX-License-Identifier: MIT
// A bench for one device: clock, scheduler, wires that remember their levels, and the two properties that
// every device must have: a restored device goes on exactly as the saved one, and a look changes nothing.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/console.h"
#include "core/device.h"
#include "core/irq_line.h"
#include "core/scheduler.h"
#include "core/state.h"

namespace vitrine::devices::test {

// What would be a hart or an interrupt controller: remembers levels and how often each wire rose.
class Wires final : public core::IrqSink {
 public:
  void irq_changed(unsigned input, bool level) override {
    levels[input] = level;
    if (level) ++rises[input];
    log.push_back(input * 2 + level);
  }
  [[nodiscard]] bool level(unsigned input) { return levels[input]; }
  core::IrqLine line(unsigned input) { return {this, input}; }

  std::map<unsigned, bool> levels;
  std::map<unsigned, unsigned> rises;
  std::vector<unsigned> log;
};

class Output final : public core::ByteSink {
 public:
  void put(uint8_t byte) override { text.push_back(static_cast<char>(byte)); }
  std::string text;
};

class Feeder final : public core::InputObserver {
 public:
  void input_taken(unsigned bytes) override { taken += bytes; }
  void input_discarded(unsigned bytes) override { discarded += bytes; }
  unsigned taken = 0, discarded = 0;
};

struct Bench {
  core::Clock clock;
  core::Attention attention;
  core::Scheduler scheduler{clock, attention};
  Wires wires;

  // Lets the guest's clock run, with every event at its time.
  void advance_to(core::Ticks when) {
    while (scheduler.next_when() <= when && scheduler.next_when() != core::kNever) {
      clock.jump_to(scheduler.next_when());
      scheduler.run_due();
    }
    clock.jump_to(when);
  }
  void advance(core::Ticks ticks) { advance_to(clock.ticks() + ticks); }
};

inline std::vector<std::byte> save(Bench& bench, core::Device& device) {
  core::StateWriter writer;
  bench.clock.serialize(writer);
  bench.scheduler.serialize(writer);
  device.serialize(writer);
  return writer.data();
}

inline void restore(Bench& bench, core::Device& device, const std::vector<std::byte>& state) {
  core::StateReader reader(state);
  bench.clock.serialize(reader);
  bench.scheduler.serialize(reader);
  device.serialize(reader);
  ASSERT_TRUE(reader.good()) << reader.error();
}

// One random act of the guest or of the world on a device.
using RandomAct = std::function<void(std::mt19937_64&)>;

// A register access anywhere in the table, with values that set few or many bits, or a step of time. What
// came out goes into `log`.
inline void random_access(Bench& bench, core::Device& device, std::mt19937_64& random,
                          std::vector<uint64_t>& log) {
  const auto rows = device.registers();
  const core::RegisterRow& row = rows[random() % rows.size()];
  unsigned width = row.width;
  while (!(device.widths() & width)) width *= 2;
  const uint64_t stride = row.stride ? row.stride : row.width;
  const uint64_t offset = (row.offset + stride * (random() % row.count)) & ~uint64_t{width - 1};
  const uint64_t mask = width == 8 ? ~uint64_t{0} : (uint64_t{1} << width * 8) - 1;
  switch (random() % 4) {
    case 0: bench.advance(random() % 3000); break;
    case 1: log.push_back(device.read(offset, width)); break;
    case 2: device.write(offset, width, uint64_t{1} << random() % 8 & mask); break;
    default: device.write(offset, width, random() >> random() % 64 & mask); break;
  }
}

// Rig: { Bench bench; <device> device; std::vector<uint64_t> log; void act(std::mt19937_64&); std::string
// seen(); } The second rig lives another life before the restore, so that a field that is not restored shows.
template <typename Rig>
void expect_restore_is_exact(unsigned rounds = 40, unsigned acts = 200) {
  for (unsigned seed = 1; seed <= rounds; ++seed) {
    Rig first, second;
    std::mt19937_64 random(seed), other(seed + 1000);
    for (unsigned i = 0; i < acts; ++i) first.act(random), second.act(other);
    const auto state = save(first.bench, first.device);
    restore(second.bench, second.device, state);
    ASSERT_EQ(save(second.bench, second.device), state) << "seed " << seed;
    second.bench.wires = first.bench.wires;
    first.log.clear(), second.log.clear();
    const std::string before_first = first.seen(), before_second = second.seen();
    std::mt19937_64 same = random;
    for (unsigned i = 0; i < acts; ++i) first.act(random), second.act(same);
    EXPECT_EQ(first.log, second.log) << "seed " << seed;
    EXPECT_EQ(first.bench.wires.log, second.bench.wires.log) << "seed " << seed;
    EXPECT_EQ(first.seen().substr(before_first.size()), second.seen().substr(before_second.size()));
    ASSERT_EQ(save(first.bench, first.device), save(second.bench, second.device)) << "seed " << seed;
  }
}

// After each of many random acts, a look at every register leaves state and wires as they are.
template <typename Rig>
void expect_peek_is_silent(unsigned acts = 300) {
  Rig rig;
  std::mt19937_64 random(7);
  for (unsigned i = 0; i < acts; ++i) {
    rig.act(random);
    const auto state = save(rig.bench, rig.device);
    const auto wires = rig.bench.wires.log;
    for (const core::RegisterRow& row : rig.device.registers())
      for (unsigned width : {1u, 2u, 4u, 8u})
        if ((rig.device.widths() & width) && row.offset % width == 0)
          (void)rig.device.peek(row.offset, width);
    ASSERT_EQ(save(rig.bench, rig.device), state);
    ASSERT_EQ(rig.bench.wires.log, wires);
  }
}

// The table a debugger shows: names, sentences, widths, no two rows on one byte.
inline void expect_table_is_sound(const core::Device& device) {
  const auto rows = device.registers();
  ASSERT_FALSE(rows.empty());
  for (const core::RegisterRow& row : rows) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_TRUE(row.doc.size() > 10 && row.doc.back() == '.') << row.name;
    EXPECT_TRUE(row.width == 1 || row.width == 2 || row.width == 4 || row.width == 8) << row.name;
    EXPECT_TRUE(row.readable || row.writable) << row.name;
    EXPECT_TRUE(row.count == 1 || row.stride >= row.width) << row.name;
    const uint64_t last = row.offset + uint64_t{row.stride} * (row.count - 1);
    EXPECT_EQ(core::find_register(rows, row.offset), &row) << row.name;
    EXPECT_EQ(core::find_register(rows, last), &row) << row.name;
  }
}

}  // namespace vitrine::devices::test
