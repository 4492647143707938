// SPDX-License-Identifier: MIT
// The serial port: a National Semiconductor 16550A UART (data sheet PC16550D, whose register names are used
// here), byte-wide registers one byte apart. Wider accesses act on the one register that they address, as on
// QEMU's board.
//
//     offset  DLAB = 0, read / write            DLAB = 1
//       0     RBR receiver / THR transmitter    DLL divisor, low byte
//       1     IER interrupt enable              DLM divisor, high byte
//       2     IIR interrupt id / FCR FIFO control
//       3     LCR line control (bit 7 is DLAB)
//       4     MCR modem control (bit 4 loops the transmitter to the receiver)
//       5     LSR line status          6  MSR modem status          7  SCR scratch
//
// Transmission takes no guest time: a byte written to THR is with the sink at once, and the transmitter is
// empty again. Only the character timeout of the receive FIFO takes time (four characters at the programmed
// rate). Received bytes come from the input feeder (core/console.h); one that the guest loops back never
// leaves the chip. Next to read: devices/uart16550_interrupts.cpp, the interrupt conditions.
#pragma once

#include <string>
#include <vector>

#include "core/console.h"
#include "core/device.h"
#include "core/irq_line.h"
#include "core/scheduler.h"

namespace vitrine::devices {

class Uart16550 final : public core::Device, public core::ByteReceiver {
 public:
  static constexpr unsigned kFifoSize = 16;
  static constexpr uint64_t kClockHz = 3'686'400;  // the baud rate is this / (16 divisor)
  // So many reads of LSR without data, and nothing transmitted or received in between, show a guest that
  // polls for input.
  static constexpr unsigned kPollsThatListen = 8;

  Uart16550(std::string name, core::Scheduler& scheduler, core::IrqLine line, core::ByteSink& sink);

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override;
  [[nodiscard]] unsigned widths() const override { return 1 | 2 | 4 | 8; }
  uint64_t read(uint64_t offset, unsigned width) override;
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  [[nodiscard]] std::string access_text(uint64_t offset, unsigned width, uint64_t value, bool write) const override;
  void reset() override;
  void serialize(core::Archive& ar) override;

  [[nodiscard]] unsigned room() const override;
  void receive(uint8_t byte) override;
  [[nodiscard]] bool listens() const override;
  void set_input_observer(core::InputObserver* observer) override { observer_ = observer; }
  // The line holds a break (a console's "send break"): the guest sees a zero byte with BI.
  void receive_break();

 private:
  // A received character with the line errors that arrived with it.
  struct Character {
    uint8_t byte;
    uint8_t errors;  // LSR bits
    bool external;   // from the feeder, which is told what became of it
  };

  // uart16550.cpp: registers
  uint8_t read_register(uint64_t offset);
  void write_register(uint64_t offset, uint8_t value);
  [[nodiscard]] bool dlab() const { return lcr_ & 0x80; }
  [[nodiscard]] bool looped() const { return mcr_ & 0x10; }
  [[nodiscard]] bool fifo_enabled() const { return fcr_ & 1; }
  uint8_t take_byte();
  uint8_t take_lsr();
  void transmit(uint8_t byte);
  void write_ier(uint8_t value);
  void write_fcr(uint8_t value);
  void write_lcr(uint8_t value);
  void write_mcr(uint8_t value);
  void put_character(Character c);
  void clear_receiver();
  [[nodiscard]] uint8_t lsr() const;
  [[nodiscard]] uint8_t msr_inputs() const;

  // uart16550_interrupts.cpp
  [[nodiscard]] uint8_t interrupt_id() const;
  [[nodiscard]] unsigned trigger_level() const;
  [[nodiscard]] core::Ticks timeout_ticks() const;
  void restart_timeout();
  void update_line();

  std::string name_;
  core::Scheduler& scheduler_;
  core::IrqLine line_;
  core::ByteSink& sink_;
  core::InputObserver* observer_ = nullptr;
  core::ScheduledEvent timeout_event_;

  uint16_t divisor_ = 0;
  uint8_t ier_ = 0, fcr_ = 0, lcr_ = 0, mcr_ = 0, scr_ = 0;
  uint8_t msr_deltas_ = 0;           // MSR bits 3:0
  bool overrun_ = false;             // LSR bit 1
  bool thr_empty_pending_ = false;   // THR became empty and the guest was not told yet
  bool timeout_pending_ = false;     // characters wait for four character times
  unsigned idle_polls_ = 0;          // see kPollsThatListen
  std::vector<Character> received_;  // oldest first; at most 16, or 1 without FIFO
};

}  // namespace vitrine::devices
