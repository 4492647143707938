// SPDX-License-Identifier: MIT
// The platform-level interrupt controller (sifive,plic-1.0.0): it gathers the devices' lines and offers the
// most urgent one to each context (a privilege level of a hart). Where that stands: RISC-V PLIC
// specification 1.0.0; its words (gateway, claim, completion) are used here.
//
//     0x000000 + 4 s          priority of source s, 0 (never) to 7
//     0x001000 + 4 w          pending bits, source 32 w + b in bit b
//     0x002000 + 0x80 c + 4 w enable bits of context c
//     0x200000 + 0x1000 c     threshold of context c
//     0x200004 + 0x1000 c     read: claim; write: complete
//
// Life of a level-triggered interrupt: the line is high -> its gateway forwards one request (pending) -> a
// context claims it (pending falls, the gateway is closed) -> the handler completes it (the gateway opens; a
// line that is still high makes it pending again). A line that falls early does not take the request back.
//
// A gateway that senses edges forwards one request for each rise of its line; a rise during service is kept
// until the completion, and more than one count as one. QEMU's board behaves like that, and kernels rely on
// it: xv6 of 2022 never ends the UART's transmitter interrupt, that of 2020 never acknowledges the disk's.
//
// One deviation from the specification, as on QEMU's board: a claim honours the context's threshold, as the
// notification does. Source 0 does not exist; what lies beyond the last source or context reads 0, and writes
// there are ignored (OpenSBI makes them).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/breaks.h"
#include "core/device.h"
#include "core/irq_line.h"

namespace vitrine::devices {

class Plic final : public core::Device, public core::IrqSink {
 public:
  static constexpr unsigned kMaxSources = 1023;
  static constexpr unsigned kMaxPriority = 7;
  enum class Senses : uint8_t { kLevels, kEdges };

  // Sources 1 to `sources` (the device tree's riscv,ndev). contexts[c] is the wire of context c; the board's
  // order is hart 0 M (MEI 11), hart 0 S (SEI 9), hart 1 M, ...
  Plic(std::string name, unsigned sources, std::vector<core::IrqLine> contexts,
       Senses gateways = Senses::kLevels);

  void set_breaks(core::BreakSet breaks) { loses_ = breaks.has(core::Break::kInterruptLost); }

  // The device end: input `source` of an IrqLine.
  void irq_changed(unsigned source, bool level) override;

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const core::RegisterRow> registers() const override { return registers_; }
  [[nodiscard]] unsigned widths() const override { return 4; }
  uint64_t read(uint64_t offset, unsigned width) override;
  void write(uint64_t offset, unsigned width, uint64_t value) override;
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned width) const override;
  // A reset of the whole machine, in any order: every device lowers its own line in its own reset, so no
  // request survives here.
  void reset() override;
  void serialize(core::Archive& ar) override;

 private:
  struct Source {
    uint8_t priority = 0;
    bool level = false;    // of the device's line; sensing edges: it rose, and that was not forwarded yet
    bool pending = false;  // the gateway's request, not yet claimed
    bool claimed = false;  // between claim and completion: the gateway is closed
  };
  struct Context {
    core::IrqLine line;
    uint8_t threshold = 0;
    std::vector<uint32_t> enable;
  };
  // Where an offset leads.
  struct Place {
    enum class Kind : uint8_t { kNothing, kPriority, kPending, kEnable, kThreshold, kClaim } kind;
    uint32_t index = 0;  // source, or word of 32 sources
    uint32_t context = 0;
  };

  [[nodiscard]] Place locate(uint64_t offset) const;
  [[nodiscard]] bool exists(uint64_t source) const { return source != 0 && source < sources_.size(); }
  [[nodiscard]] bool enabled(const Context& context, uint32_t source) const;
  [[nodiscard]] uint32_t best(const Context& context) const;
  [[nodiscard]] uint32_t pending_word(uint32_t word) const;
  [[nodiscard]] uint32_t existing_in_word(uint32_t word) const;
  uint32_t claim(const Context& context);
  void complete(const Context& context, uint64_t source);
  void forward(Source& source);
  void update();

  std::string name_;
  Senses gateways_;
  bool loses_ = false;  // requests that come while a source is claimed
  std::vector<Source> sources_;  // [0] is the one that does not exist
  std::vector<Context> contexts_;
  std::vector<core::RegisterRow> registers_;
};

}  // namespace vitrine::devices
