// SPDX-License-Identifier: MIT
// The UART: registers (tests/fuzz/registers.h), bytes that arrive, a break on the line.
#include "devices/uart16550.h"
#include "tests/fuzz/registers.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  devices::test::Bench bench;
  devices::test::Output output;
  devices::test::Feeder feeder;
  devices::Uart16550 uart("uart", bench.scheduler, bench.wires.line(1), output);
  uart.set_input_observer(&feeder);
  unsigned received = 0;
  fuzz::drive(bench, uart, input, [&](unsigned what) {
    if (what == 4) return uart.receive_break();
    if (uart.room() == 0) return;
    uart.receive(input.byte());
    ++received;
  });
  fuzz::require(feeder.taken + feeder.discarded <= received, "no byte arrives twice");
}
