// SPDX-License-Identifier: MIT
// Byte streams of the machine to the world. Output goes to a ByteSink at once. Input is different: every byte
// enters the machine at a recorded step, so a device never reads from the host; it is *offered* bytes by the
// input feeder (core/input.h) through a ByteReceiver, and tells the feeder what became of them.
#pragma once

#include <cstdint>

namespace vitrine::core {

// Where a console's output goes (terminal, file, test).
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void put(uint8_t byte) = 0;
};

// Told by a receiving device. `taken` counts bytes that the guest read; `discarded` bytes that the guest
// threw away unread (FIFO reset, device reset): a feeder that reads from a file offers those again.
class InputObserver {
 public:
  virtual ~InputObserver() = default;
  virtual void input_taken(unsigned bytes) = 0;
  virtual void input_discarded(unsigned bytes) = 0;
};

// The receiving side of a console device.
class ByteReceiver {
 public:
  virtual ~ByteReceiver() = default;
  // Bytes that fit now.
  [[nodiscard]] virtual unsigned room() const = 0;
  // Takes one byte; only called while room() > 0. May raise the device's interrupt line.
  virtual void receive(uint8_t byte) = 0;
  // True while the guest shows that it waits for input: its receive interrupt is enabled, its receive buffers
  // are posted, or it polled for input many times in a row. A file's bytes are only offered then.
  [[nodiscard]] virtual bool listens() const = 0;
  virtual void set_input_observer(InputObserver* observer) = 0;
};

}  // namespace vitrine::core
