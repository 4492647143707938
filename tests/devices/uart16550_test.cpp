// SPDX-License-Identifier: MIT
// The 16550A, by its data sheet. What Linux's driver probes is in uart16550_linux_test.cpp.
#include "devices/uart16550.h"

#include "tests/devices/bench.h"
#include "tests/devices/uart_bench.h"

namespace vitrine::devices::test {
namespace {

using namespace uart_bench;

TEST_F(UartTest, Thr_BytesGoToTheSinkAtOnce) {
  for (char c : std::string("ok\n")) out(kRbr, static_cast<uint8_t>(c));
  EXPECT_EQ(output.text, "ok\n");
  EXPECT_EQ(in(kLsr), 0x60) << "transmitter empty, no data";
}

TEST_F(UartTest, Dlab_DivisorReplacesDataAndIer) {
  out(kIer, 0x05);
  out(kLcr, 0x83);
  out(kRbr, 0x34), out(kIer, 0x12);
  EXPECT_EQ(in(kRbr), 0x34);
  EXPECT_EQ(in(kIer), 0x12);
  out(kLcr, 0x03);
  EXPECT_EQ(in(kIer), 0x05);
  EXPECT_EQ(output.text, "") << "nothing was transmitted";
}

TEST_F(UartTest, WideAccesses_ActOnTheAddressedByte) {
  uart.write(kScr & ~1u, 2, 0x1234);
  EXPECT_EQ(in(kScr), 0) << "MSR was addressed, not SCR";
  uart.write(0, 8, 0x41);
  uart.write(0, 4, 0xffff'ff42);
  EXPECT_EQ(output.text, "AB");
  EXPECT_EQ(uart.read(4, 4), 0u);
  EXPECT_EQ(uart.read(0x10, 1), 0u) << "nothing beyond SCR";
}

TEST_F(UartTest, ReservedBits_ReadZero) {
  out(kIer, 0xff), out(kMcr, 0xff);
  EXPECT_EQ(in(kIer), 0x0f);
  EXPECT_EQ(in(kMcr), 0x1f);
}

TEST_F(UartTest, Receive_WithoutFifoHoldsOne) {
  EXPECT_EQ(uart.room(), 1u);
  uart.receive('x');
  EXPECT_EQ(uart.room(), 0u);
  EXPECT_EQ(in(kLsr), 0x61);
  EXPECT_EQ(in(kRbr), 'x');
  EXPECT_EQ(in(kLsr), 0x60);
  EXPECT_EQ(feeder.taken, 1u);
}

TEST_F(UartTest, Receive_FifoKeepsOrderAndHolds16) {
  out(kIir, 0x01);
  EXPECT_EQ(uart.room(), 16u);
  for (int i = 0; i < 16; ++i) uart.receive(static_cast<uint8_t>(i));
  EXPECT_EQ(uart.room(), 0u);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(in(kRbr), i);
  EXPECT_EQ(feeder.taken, 16u);
  EXPECT_EQ(in(kLsr)&1, 0);
}

TEST_F(UartTest, Interrupt_ReceivedDataWithoutFifo) {
  uart.receive('x');
  EXPECT_EQ(in(kIir), 0x01);
  out(kIer, 0x01);
  EXPECT_TRUE(line());
  EXPECT_EQ(in(kIir), 0x04);
  in(kRbr);
  EXPECT_FALSE(line());
}

TEST_F(UartTest, Interrupt_TriggerLevels) {
  const unsigned levels[] = {1, 4, 8, 14};
  out(kIer, 0x01);
  for (unsigned n = 0; n < 4; ++n) {
    out(kIir, static_cast<uint8_t>(n << 6 | 0x03));
    for (unsigned i = 1; i <= levels[n]; ++i) {
      EXPECT_FALSE(line()) << n << " " << i;
      uart.receive('x');
    }
    EXPECT_TRUE(line()) << n;
    EXPECT_EQ(in(kIir), 0xc4);
    in(kRbr);
    EXPECT_FALSE(line()) << "the FIFO dropped below its level";
    out(kIir, 0x03);
  }
}

// 8N1 at divisor 2: 10 bits of 16 * 2 cycles at 3.6864 MHz are 868.06 ticks; four characters 3472.2, so 3473.
TEST_F(UartTest, Interrupt_CharacterTimeoutAfterFourCharacters) {
  set_divisor(2);
  out(kLcr, 0x03), out(kIir, 0x81), out(kIer, 0x01);
  uart.receive('a');
  uart.receive('b');
  bench.advance(3472);
  EXPECT_FALSE(line());
  bench.advance(1);
  EXPECT_TRUE(line());
  EXPECT_EQ(in(kIir), 0xcc);
  EXPECT_EQ(in(kRbr), 'a');
  EXPECT_FALSE(line()) << "reading RBR resets the timeout";
  bench.advance(3473);
  EXPECT_TRUE(line()) << "and starts it anew for what is left";
  EXPECT_EQ(in(kRbr), 'b');
  bench.advance(10'000);
  EXPECT_FALSE(line());
}

TEST_F(UartTest, Interrupt_EveryCharacterRestartsTheTimeout) {
  set_divisor(2);
  out(kLcr, 0x03), out(kIir, 0x81), out(kIer, 0x01);
  uart.receive('a');
  bench.advance(3000);
  uart.receive('b');
  bench.advance(3000);
  EXPECT_FALSE(line());
  bench.advance(473);
  EXPECT_TRUE(line());
}

// 5 data bits, parity, 2 stop bits, divisor 3: 4 * 9 * 48 cycles are 4687.5 ticks.
TEST_F(UartTest, Interrupt_TimeoutFollowsTheFormat) {
  set_divisor(3);
  out(kLcr, 0x0c), out(kIir, 0x81), out(kIer, 0x01);
  uart.receive('a');
  bench.advance(4687);
  EXPECT_FALSE(line());
  bench.advance(1);
  EXPECT_TRUE(line());
}

TEST_F(UartTest, Interrupt_ThreIsRaisedByEnableAndByTransmission_AndClearedByIir) {
  out(kIer, 0x02);
  EXPECT_TRUE(line());
  EXPECT_EQ(in(kIir), 0x02);
  EXPECT_FALSE(line()) << "reading IIR cleared it";
  EXPECT_EQ(in(kIir), 0x01);
  out(kRbr, 'x');
  EXPECT_TRUE(line());
  EXPECT_EQ(in(kIir), 0x02);
  out(kIer, 0x00), out(kIer, 0x02);
  EXPECT_TRUE(line()) << "enabling it again raises it again";
  out(kIer, 0x00);
  EXPECT_FALSE(line());
}

TEST_F(UartTest, Interrupt_IirReadClearsThreOnlyIfItIsTheSource) {
  out(kIer, 0x03);
  uart.receive('x');
  EXPECT_EQ(in(kIir), 0x04) << "received data is more urgent";
  in(kRbr);
  EXPECT_EQ(in(kIir), 0x02) << "so the THRE interrupt is still pending";
}

TEST_F(UartTest, Interrupt_PriorityOrder) {
  out(kIer, 0x0f), out(kMcr, 0x10);  // loop: the modem inputs fall, deltas
  out(kLcr, 0x40);                   // break: line status and data
  EXPECT_EQ(in(kIir), 0x06);
  in(kLsr);
  EXPECT_EQ(in(kIir), 0x04);
  in(kRbr);
  EXPECT_EQ(in(kIir), 0x02);
  EXPECT_EQ(in(kIir), 0x00);
  EXPECT_TRUE(line());
  in(kMsr);
  EXPECT_EQ(in(kIir), 0x01);
  EXPECT_FALSE(line());
}

// What xv6 of 2022 needs of a gateway that senses edges: its handler reads LSR and RBR, never IIR, and so
// leaves THRE pending for good.
TEST_F(UartTest, Interrupt_WhatIsNewAssertsTheLineAnew) {
  const auto rises = [this] { return bench.wires.rises[10]; };
  out(kIir, 0x01);  // FIFO
  out(kIer, 0x03);
  EXPECT_EQ(rises(), 1u) << "THRE";
  in(kLsr);
  in(kMsr);
  in(kScr);
  EXPECT_EQ(rises(), 1u) << "a look at what is known is nothing new";
  uart.receive('a');
  EXPECT_EQ(rises(), 2u);
  uart.receive('b');
  EXPECT_EQ(rises(), 3u) << "after the handler's last look, perhaps";
  in(kRbr);
  EXPECT_EQ(rises(), 4u);
  out(kRbr, 'x');
  EXPECT_EQ(rises(), 5u) << "THRE again";
  out(kIer, 0);
  EXPECT_EQ(rises(), 5u);
  EXPECT_FALSE(bench.wires.level(10));
}

TEST_F(UartTest, Overrun_WithoutFifoReplacesTheByte) {
  out(kMcr, 0x10);
  out(kRbr, 'a'), out(kRbr, 'b');
  EXPECT_EQ(in(kLsr), 0x63);
  EXPECT_EQ(in(kLsr), 0x61) << "reading LSR clears OE";
  EXPECT_EQ(in(kRbr), 'b');
}

TEST_F(UartTest, Overrun_WithFifoLosesTheNewByte) {
  out(kIir, 0x01), out(kMcr, 0x10);
  for (int i = 0; i < 20; ++i) out(kRbr, static_cast<uint8_t>(i));
  EXPECT_EQ(in(kLsr), 0x63);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(in(kRbr), i);
  EXPECT_EQ(in(kLsr), 0x60);
}

TEST_F(UartTest, Break_ShowsWithItsOwnCharacter) {
  out(kIir, 0x01);
  uart.receive('a');
  uart.receive_break();
  uart.receive('b');
  EXPECT_EQ(in(kLsr), 0xe1) << "an error is in the FIFO, not at its top";
  EXPECT_EQ(in(kRbr), 'a');
  EXPECT_EQ(in(kLsr), 0xf9) << "BI and FE of the character on top";
  EXPECT_EQ(in(kLsr), 0x61) << "once";
  EXPECT_EQ(in(kRbr), 0);
  EXPECT_EQ(in(kRbr), 'b');
  EXPECT_EQ(feeder.taken, 2u) << "a break is no byte of the feeder's";
}

TEST_F(UartTest, Loopback_KeepsBytesInsideAndInputOutside) {
  out(kMcr, 0x10);
  EXPECT_EQ(uart.room(), 0u);
  out(kRbr, 'L');
  EXPECT_EQ(output.text, "");
  EXPECT_EQ(in(kRbr), 'L');
  EXPECT_EQ(feeder.taken, 0u);
}

TEST_F(UartTest, Loopback_ModemOutputsBecomeInputs) {
  EXPECT_EQ(in(kMsr), 0xb0);
  const struct { uint8_t mcr, msr; } cases[] = {{0x11, 0x20}, {0x12, 0x10}, {0x14, 0x40}, {0x18, 0x80}};
  for (auto [mcr, msr] : cases) {
    out(kMcr, mcr);
    EXPECT_EQ(in(kMsr)&0xf0, msr);
  }
}

TEST_F(UartTest, Msr_DeltasLatchUntilRead) {
  out(kMcr, 0x10);
  EXPECT_EQ(in(kMsr), 0x0b) << "CTS, DSR and DCD fell";
  EXPECT_EQ(in(kMsr), 0x00);
  out(kMcr, 0x14);
  EXPECT_EQ(in(kMsr), 0x40) << "a rising RI is no trailing edge";
  out(kMcr, 0x10);
  EXPECT_EQ(in(kMsr), 0x04);
}

TEST_F(UartTest, FifoClear_DiscardsUnreadInput) {
  out(kIir, 0x01);
  for (int i = 0; i < 5; ++i) uart.receive('x');
  in(kRbr);
  out(kIir, 0x03);
  EXPECT_EQ(feeder.discarded, 4u);
  EXPECT_EQ(in(kLsr)&1, 0);
  uart.receive('y');
  out(kIir, 0x02);  // FCR0 is 0: the mode changes, which clears too
  EXPECT_EQ(feeder.discarded, 5u);
  out(kIir, 0x02);
  EXPECT_EQ(in(kIir), 0x01) << "no FIFO bits in IIR";
}

TEST_F(UartTest, FifoClear_DoesNotCountBreaksAndLoopedBytes) {
  out(kIir, 0x01);
  uart.receive('x');
  uart.receive_break();
  out(kMcr, 0x10);
  out(kRbr, 'l');
  out(kIir, 0x03);
  EXPECT_EQ(feeder.discarded, 1u);
}

TEST_F(UartTest, Fcr_WithoutBit0ProgramsNothing) {
  uart.receive('z');
  out(kIir, 0xc2);
  EXPECT_EQ(in(kRbr), 'z') << "clear was not programmed";
}

TEST_F(UartTest, Reset_DiscardsUnreadInputAndLowersTheLine) {
  out(kIer, 0x01);
  uart.receive('x');
  EXPECT_TRUE(line());
  uart.reset();
  EXPECT_FALSE(line());
  EXPECT_EQ(feeder.discarded, 1u);
  EXPECT_EQ(in(kIer), 0);
  EXPECT_EQ(in(kMsr), 0xb0);
}

TEST_F(UartTest, Listens_WithReceiveInterrupt) {
  EXPECT_FALSE(uart.listens());
  out(kIer, 0x02);
  EXPECT_FALSE(uart.listens());
  out(kIer, 0x01);
  EXPECT_TRUE(uart.listens());
  out(kMcr, 0x10);
  EXPECT_FALSE(uart.listens()) << "looped back";
}

TEST_F(UartTest, Listens_AfterSomeIdlePolls) {
  const auto poll = [&](int n) {
    for (int i = 0; i < n; ++i) in(kLsr);
  };
  poll(Uart16550::kPollsThatListen - 1);
  EXPECT_FALSE(uart.listens());
  poll(1);
  EXPECT_TRUE(uart.listens());
  out(kRbr, 'x');
  EXPECT_FALSE(uart.listens()) << "a byte went out";
  poll(Uart16550::kPollsThatListen);
  EXPECT_TRUE(uart.listens());
  uart.receive('y');
  EXPECT_FALSE(uart.listens()) << "a byte came in";
  poll(100);
  EXPECT_FALSE(uart.listens()) << "there is data: these polls wait for nothing";
}

TEST_F(UartTest, Table_IsSound) { expect_table_is_sound(uart); }

// The world's side too: what the feeder is told is part of what comes out. Polls come in bursts and the rate
// is high, so that the poll count and the timeout matter.
struct UartRig {
  Bench bench;
  Output output;
  Feeder feeder;
  Uart16550 device{"uart0", bench.scheduler, bench.wires.line(10), output};
  std::vector<uint64_t> log;
  UartRig() { device.set_input_observer(&feeder); }

  void act(std::mt19937_64& random) {
    const Feeder before = feeder;
    switch (random() % 10) {
      case 0:
      case 1:
        if (device.room()) device.receive(static_cast<uint8_t>(random()));
        break;
      case 2: device.receive_break(); break;
      case 3: device.write(kIir, 1, 0x81); break;
      case 4:
        for (unsigned i = 0; i < 40; ++i) log.push_back(device.read(kLsr, 1));
        break;
      case 5:  // 115200 baud, no loop
        for (auto [at, value] : {std::pair{kLcr, 0x80}, {kRbr, 2}, {kIer, 0}, {kLcr, 3}, {kMcr, 0}})
          device.write(at, 1, static_cast<uint64_t>(value));
        break;
      case 6: bench.advance(random() % 5000); break;
      case 7: device.write(kIer, 1, random() % 2); break;
      default: random_access(bench, device, random, log); break;
    }
    log.push_back(feeder.taken - before.taken);
    log.push_back(feeder.discarded - before.discarded);
    log.push_back(device.listens() * 100 + device.room());
  }
  std::string seen() { return output.text; }
};

TEST(Uart, Restore_IsExact) { expect_restore_is_exact<UartRig>(); }
TEST(Uart, Restore_KeepsThePollCount) {
  UartRig first, second;
  for (unsigned i = 0; i < 5; ++i) first.device.read(kLsr, 1);
  restore(second.bench, second.device, save(first.bench, first.device));
  for (unsigned i = 5; i < Uart16550::kPollsThatListen - 1; ++i) second.device.read(kLsr, 1);
  EXPECT_FALSE(second.device.listens());
  second.device.read(kLsr, 1);
  EXPECT_TRUE(second.device.listens());
}

TEST(Uart, Peek_IsSilent) { expect_peek_is_silent<UartRig>(); }

}  // namespace
}  // namespace vitrine::devices::test
