// SPDX-License-Identifier: MIT
// What an 8250 driver asks a chip before it believes that it is a 16550A with working interrupts: the
// questions of Linux's autoconfiguration and start-up, in its order, with the answers of the real chip.
#include "tests/devices/uart_bench.h"

namespace vitrine::devices::test {
namespace {

using namespace uart_bench;
using UartLinux = UartTest;

TEST_F(UartLinux, Presence_IerHoldsExactlyFourBits) {
  out(kIer, 0);
  EXPECT_EQ(in(kIer)&0x0f, 0);
  out(kIer, 0x0f);
  EXPECT_EQ(in(kIer)&0x0f, 0x0f);
  out(kIer, 0);
}

TEST_F(UartLinux, Presence_LoopedModemStatusMirrorsModemControl) {
  const uint8_t saved = in(kMcr);
  out(kMcr, 0x10 | 0x08 | 0x02);
  EXPECT_EQ(in(kMsr)&0xf0, 0x90);
  out(kMcr, saved);
}

TEST_F(UartLinux, Kind_FifosWorkAndNoExtendedRegisters) {
  out(kLcr, 0xbf), out(kIir, 0), out(kLcr, 0);
  out(kIir, 0x01);
  EXPECT_EQ(in(kIir) >> 6, 3) << "a 16550 would say 2, an 8250 says 0";
  for (uint8_t mode : {uint8_t{0x80}, uint8_t{0xbf}}) {
    out(kLcr, mode);
    EXPECT_NE(in(kIir), 0) << "0 would be an enhanced feature register";
  }
  out(kLcr, 0);
}

TEST_F(UartLinux, Kind_NoNationalSuperIo) {
  out(kIir, 0x01);
  out(kLcr, 0);
  const uint8_t mcr = in(kMcr);
  out(kLcr, 0xe0);
  const uint8_t before = in(kIir);
  out(kLcr, 0), out(kMcr, mcr ^ 0x10);
  out(kLcr, 0xe0);
  const uint8_t after = in(kIir);
  out(kLcr, 0), out(kMcr, mcr);
  EXPECT_EQ((before ^ after) & 0x10, 0);
}

TEST_F(UartLinux, Kind_No64ByteFifoNorUnitEnable) {
  out(kLcr, 0), out(kIir, 0x21);
  EXPECT_EQ(in(kIir) >> 5, 6);
  out(kIir, 0x01), out(kLcr, 0x80), out(kIir, 0x21);
  EXPECT_EQ(in(kIir) >> 5, 6) << "a 16750 would say 7";
  out(kLcr, 0);
  out(kIer, 0x40);
  EXPECT_EQ(in(kIer)&0x40, 0) << "an XScale UART has bit 6";
}

TEST_F(UartLinux, FifoSize_Is16ByLoopingBack256) {
  out(kLcr, 0), out(kIir, 0x07), out(kMcr, 0x10);
  set_divisor(1);
  out(kLcr, 0x03);
  for (int i = 0; i < 256; ++i) out(kRbr, static_cast<uint8_t>(i));
  bench.advance(200'000);
  int count = 0;
  while ((in(kLsr)&1) && count < 256) in(kRbr), ++count;
  EXPECT_EQ(count, 16);
}

TEST_F(UartLinux, Startup_ThreInterruptIsReassertedByEachEnable) {
  out(kIer, 0x02);
  const uint8_t first = in(kIir);
  out(kIer, 0x00), out(kIer, 0x02);
  const uint8_t second = in(kIir);
  out(kIer, 0x00);
  EXPECT_EQ(first & 1, 0);
  EXPECT_EQ(second & 1, 0) << "a chip that stays silent has the THRE bug";
}

TEST_F(UartLinux, Startup_TransmitterEmptyAndInterruptGoTogether) {
  out(kIer, 0x02);
  const uint8_t lsr = in(kLsr), iir = in(kIir);
  out(kIer, 0x00);
  EXPECT_TRUE((lsr & 0x40) && !(iir & 1)) << "the opposite is the TXEN bug";
}

}  // namespace
}  // namespace vitrine::devices::test
