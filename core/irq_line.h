// SPDX-License-Identifier: MIT
// IrqLine: a wire from a device to one input of an interrupt controller (or of a hart). A device knows its
// line and nothing of what is at the other end, which may sense levels or edges.
#pragma once

namespace vitrine::core {

class IrqSink {
 public:
  virtual ~IrqSink() = default;
  // Input `input` now has this level. Called only on changes.
  virtual void irq_changed(unsigned input, bool level) = 0;
};

class IrqLine {
 public:
  IrqLine() = default;
  IrqLine(IrqSink* sink, unsigned input) : sink_(sink), input_(input) {}
  void set(bool level) {
    if (level == level_) return;
    level_ = level;
    if (sink_) sink_->irq_changed(input_, level);
  }
  // The same, for a device whose conditions changed: a line that stays high falls for a moment, so that who
  // senses edges sees that there is something new.
  void assert_anew(bool level) {
    if (level) set(false);
    set(level);
  }
  [[nodiscard]] bool level() const { return level_; }
  // After a restore: the wire takes the level that its device's state implies, and the sink (restored by
  // itself) is not told again.
  void restore_level(bool level) { level_ = level; }

 private:
  IrqSink* sink_ = nullptr;
  unsigned input_ = 0;
  bool level_ = false;
};

}  // namespace vitrine::core
