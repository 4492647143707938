// SPDX-License-Identifier: MIT
// Bits of the 16550A's registers, under the data sheet's names. Only the UART's own files include this.
#pragma once

#include <cstdint>

namespace vitrine::devices::uart {

enum Offset : uint64_t { kRbr = 0, kIer = 1, kIir = 2, kLcr = 3, kMcr = 4, kLsr = 5, kMsr = 6, kScr = 7 };

enum Ier : uint8_t { kErbfi = 0x01, kEtbei = 0x02, kElsi = 0x04, kEdssi = 0x08 };
// Interrupt ids by descending priority; bit 0 set means that none is pending.
enum Iir : uint8_t {
  kLineStatus = 0x06,
  kTimeout = 0x0c,
  kDataAvailable = 0x04,
  kThrEmpty = 0x02,
  kModemStatus = 0x00,
  kNone = 0x01,
  kFifosEnabled = 0xc0,
};
enum Fcr : uint8_t { kFifoEnable = 0x01, kClearReceive = 0x02, kClearTransmit = 0x04 };
enum Lcr : uint8_t { kSetBreak = 0x40, kDlab = 0x80 };
enum Mcr : uint8_t { kDtr = 0x01, kRts = 0x02, kOut1 = 0x04, kOut2 = 0x08, kLoop = 0x10 };
enum Lsr : uint8_t {
  kDr = 0x01,
  kOe = 0x02,
  kPe = 0x04,
  kFe = 0x08,
  kBi = 0x10,
  kThre = 0x20,
  kTemt = 0x40,
  kFifoError = 0x80,
};
enum Msr : uint8_t {
  kDcts = 0x01,
  kDdsr = 0x02,
  kTeri = 0x04,
  kDdcd = 0x08,
  kCts = 0x10,
  kDsr = 0x20,
  kRi = 0x40,
  kDcd = 0x80,
};

}  // namespace vitrine::devices::uart
