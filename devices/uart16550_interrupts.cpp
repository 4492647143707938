// SPDX-License-Identifier: MIT
// The 16550A's interrupts (data sheet, table "Interrupt Control Functions"): by priority
//
//     IIR   source                                             reset by
//     0110  receiver line status: OE, PE, FE, BI               reading LSR
//     1100  character timeout: FIFO not empty, no character    reading RBR
//           in or out for 4 character times
//     0100  received data: a byte, or the trigger level        reading RBR / FIFO below the level
//     0010  transmitter empty                                  reading IIR when it says so, or writing THR
//     0000  modem status: a delta bit                          reading MSR
//
// The line is high while any enabled one is pending, and is asserted anew whenever a condition may have come
// about: a handler that leaves one pending (xv6 until 2023 never reads IIR) still hears of the next.
#include "devices/uart16550.h"
#include "devices/uart16550_bits.h"

namespace vitrine::devices {

using namespace uart;

uint8_t Uart16550::interrupt_id() const {
  if ((ier_ & kElsi) && (lsr() & (kOe | kPe | kFe | kBi))) return kLineStatus;
  if ((ier_ & kErbfi) && timeout_pending_) return kTimeout;
  if ((ier_ & kErbfi) && received_.size() >= trigger_level()) return kDataAvailable;
  if ((ier_ & kEtbei) && thr_empty_pending_) return kThrEmpty;
  if ((ier_ & kEdssi) && msr_deltas_) return kModemStatus;
  return kNone;
}

unsigned Uart16550::trigger_level() const {
  static constexpr unsigned kLevels[] = {1, 4, 8, 14};
  return fifo_enabled() ? kLevels[fcr_ >> 6] : 1;
}

// Four characters of the programmed format, rounded up to ticks. A divisor of 0 would stop the clock; it
// counts as 1.
core::Ticks Uart16550::timeout_ticks() const {
  const unsigned data = 5 + (lcr_ & 3), stop = lcr_ & 4 ? 2 : 1, parity = lcr_ & 8 ? 1 : 0;
  const uint64_t cycles = uint64_t{4} * (1 + data + parity + stop) * 16 * (divisor_ ? divisor_ : 1);
  return (cycles * core::kTicksPerSecond + kClockHz - 1) / kClockHz;
}

// A character came or went: the timeout is no longer pending, and waits anew while characters are left.
void Uart16550::restart_timeout() {
  timeout_pending_ = false;
  if (fifo_enabled() && !received_.empty())
    timeout_event_.arm(scheduler_.clock().ticks() + timeout_ticks());
  else
    timeout_event_.disarm();
}

void Uart16550::update_line() { line_.assert_anew(interrupt_id() != kNone); }

}  // namespace vitrine::devices
