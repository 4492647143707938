// SPDX-License-Identifier: MIT
// A UART on a bench, for the two UART test files.
#pragma once

#include "devices/uart16550.h"
#include "tests/devices/bench.h"

namespace vitrine::devices::test::uart_bench {

enum : uint64_t { kRbr = 0, kIer = 1, kIir = 2, kLcr = 3, kMcr = 4, kLsr = 5, kMsr = 6, kScr = 7 };

struct UartTest : testing::Test {
  Bench bench;
  Output output;
  Feeder feeder;
  Uart16550 uart{"uart0", bench.scheduler, bench.wires.line(10), output};
  UartTest() { uart.set_input_observer(&feeder); }

  uint8_t in(uint64_t offset) { return static_cast<uint8_t>(uart.read(offset, 1)); }
  void out(uint64_t offset, uint8_t value) { uart.write(offset, 1, value); }
  bool line() { return bench.wires.level(10); }
  void set_divisor(uint16_t divisor) {
    out(kLcr, 0x80);
    out(kRbr, static_cast<uint8_t>(divisor));
    out(kIer, static_cast<uint8_t>(divisor >> 8));
    out(kLcr, 0x00);
  }
};

}  // namespace vitrine::devices::test::uart_bench
