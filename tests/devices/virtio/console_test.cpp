// SPDX-License-Identifier: MIT
// The virtio console, by virtio 1.2 section 5.3.
#include "devices/virtio/console.h"

#include "devices/virtio/mmio.h"
#include "tests/devices/virtio/driver.h"

namespace vitrine::devices::test {
namespace {

constexpr uint64_t kData = kRamBase + 0x2'0000;

struct ConsoleTest : testing::Test {
  Bench bench;
  Output output;
  Feeder feeder;
  std::unique_ptr<core::GuestRam> ram = make_ram();
  VirtioConsole* console = new VirtioConsole("console0", bench.scheduler, output);
  VirtioMmio slot{"console0", *ram, bench.wires.line(2), std::unique_ptr<VirtioModel>(console),
                  VirtioVersion::kModern};
  Rings input{*ram, 8}, out{*ram, 8, kRamBase + 0x8000};

  ConsoleTest() { console->set_input_observer(&feeder); }
  void start() { start_modern(slot, kVersion1, {&input, &out}); }
  void post(uint16_t head, uint32_t size) {
    input.chain(head, {{kData + 0x1000 * head, size, true}});
    input.offer(head);
    slot.write(reg::kQueueNotify, 4, 0);
  }
};

TEST_F(ConsoleTest, Identity_OnePort) {
  EXPECT_EQ(slot.read(reg::kDeviceId, 4), 3u);
  EXPECT_EQ(slot.read(reg::kConfig + 4, 4), 1u);
  EXPECT_EQ(slot.read(reg::kDeviceFeatures, 4), 0x3000'0004u);
}

TEST_F(ConsoleTest, Output_GoesToTheSink) {
  start();
  put_text(*ram, kData, "Hello ");
  put_text(*ram, kData + 64, "world");
  out.chain(0, {{kData, 6, false}, {kData + 64, 5, false}});
  out.offer(0);
  slot.write(reg::kQueueNotify, 4, 1);
  EXPECT_EQ(output.text, "Hello world");
  EXPECT_EQ(out.used_index(), 1);
  EXPECT_EQ(out.used_len(0), 0u);
  EXPECT_TRUE(bench.wires.level(2));
}

TEST_F(ConsoleTest, Output_HugeQueueComesInPortionsAndWhole) {
  start();
  for (uint16_t n = 0; n < 8; ++n) out.chain(n, {{kRamBase, 0x8'0000, false}});
  for (uint16_t n = 0; n < 8; ++n) out.offer(n);
  slot.write(reg::kQueueNotify, 4, 1);
  EXPECT_EQ(output.text.size(), 1u << 20);
  bench.advance(10);
  EXPECT_EQ(output.text.size(), 4u << 20);
  EXPECT_EQ(out.used_index(), 8);
}

TEST_F(ConsoleTest, EmergencyWrite_WorksBeforeAnything) {
  slot.write(reg::kConfig + 8, 4, 'E');
  EXPECT_EQ(output.text, "E");
}

TEST_F(ConsoleTest, Input_BytesOfOneMomentShareABuffer) {
  start();
  EXPECT_FALSE(console->listens());
  post(0, 64);
  EXPECT_TRUE(console->listens());
  for (char c : std::string("ls\n")) console->receive(static_cast<uint8_t>(c));
  EXPECT_EQ(input.used_index(), 0);
  bench.advance(0);
  EXPECT_EQ(input.used_index(), 1);
  EXPECT_EQ(input.used_len(0), 3u);
  EXPECT_EQ(get_text(*ram, kData, 3), "ls\n");
  EXPECT_EQ(feeder.taken, 3u);
  EXPECT_FALSE(console->listens()) << "the posted buffer is used";
}

TEST_F(ConsoleTest, Input_WaitsForBuffersAndFillsSeveral) {
  start();
  for (char c : std::string("abcdefg")) console->receive(static_cast<uint8_t>(c));
  bench.advance(5);
  EXPECT_EQ(feeder.taken, 0u);
  EXPECT_EQ(console->room(), 256u - 7);
  post(0, 4);
  EXPECT_EQ(get_text(*ram, kData, 4), "abcd");
  post(1, 4);
  EXPECT_EQ(get_text(*ram, kData + 0x1000, 4), std::string("efg\0", 4));
  EXPECT_EQ(input.used_len(1), 3u);
  EXPECT_EQ(feeder.taken, 7u);
}

TEST_F(ConsoleTest, Input_BufferWithoutWritableBytesGivesNothing) {
  start();
  console->receive('x');
  input.chain(0, {{kData, 4, false}});
  input.offer(0);
  post(1, 4);
  EXPECT_EQ(input.used_len(0), 0u);
  EXPECT_EQ(get_text(*ram, kData + 0x1000, 1), "x");
}

TEST_F(ConsoleTest, Reset_DiscardsWhatTheGuestDidNotGet) {
  start();
  console->receive('x');
  console->receive('y');
  slot.write(reg::kStatus, 4, 0);
  EXPECT_EQ(feeder.discarded, 2u);
  EXPECT_EQ(console->room(), 256u);
}

TEST_F(ConsoleTest, Table_IsSound) { expect_table_is_sound(slot); }

}  // namespace
}  // namespace vitrine::devices::test
