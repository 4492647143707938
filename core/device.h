// SPDX-License-Identifier: MIT
// What a device is to the rest of the machine: a name, a table of registers, reads and writes by offset, a
// reset, its state. It knows neither where it sits on the bus nor who the CPU is; interrupt line, clock, byte
// sinks and guest RAM are handed to its constructor. The debugger shows any device through this interface and
// includes none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/state.h"

namespace vitrine::core {

// One register, for checks, logs and views. Ranges of equal registers (PLIC priorities) are one row with a
// count.
struct RegisterRow {
  std::string_view name;  // the data sheet's name
  uint32_t offset;        // of the first
  uint8_t width;          // bytes: 1, 2, 4 or 8
  bool readable;
  bool writable;
  std::string_view doc;  // what it is, one sentence
  uint32_t count = 1;    // registers of this kind, `stride` bytes apart
  uint32_t stride = 0;
};

class Device {
 public:
  virtual ~Device() = default;

  // Name of this instance, as in logs and state: "uart0", "virtio-blk@1".
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::span<const RegisterRow> registers() const = 0;
  // Access widths that the device answers, an OR of 1, 2, 4, 8. Others, and misaligned ones, are bus errors.
  [[nodiscard]] virtual unsigned widths() const = 0;

  // `offset` is inside the device's range, aligned to `width`, and `width` is one of widths(). `value` has
  // only its low `width` bytes set. What the device does not know reads as 0 and ignores writes.
  virtual uint64_t read(uint64_t offset, unsigned width) = 0;
  virtual void write(uint64_t offset, unsigned width, uint64_t value) = 0;

  // What a look by a debugger shows: as read(), without any side effect.
  [[nodiscard]] virtual uint64_t peek(uint64_t offset, unsigned width) const = 0;

  // An access in words, for logs: "THR <- 'h'", "mtimecmp[0] <- 0x12d687", "LSR -> 0x60"; asked for behind the access. A
  // device has its own words where its table does not tell what an offset is.
  [[nodiscard]] virtual std::string access_text(uint64_t offset, unsigned width, uint64_t value, bool write) const;

  // Power-on state. Interrupt lines fall.
  virtual void reset() = 0;
  virtual void serialize(Archive& ar) = 0;
};

// The register that an offset falls into, or nullptr.
inline const RegisterRow* find_register(std::span<const RegisterRow> rows, uint64_t offset) {
  for (const RegisterRow& row : rows) {
    const uint64_t first = row.offset;
    const uint64_t stride = row.stride ? row.stride : row.width;
    if (offset < first || offset >= first + stride * row.count) continue;
    if ((offset - first) % stride < row.width) return &row;
  }
  return nullptr;
}

// "LSR -> 0x60".
std::string access_text(std::string_view name, uint64_t value, bool write);

}  // namespace vitrine::core
