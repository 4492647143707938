// SPDX-License-Identifier: MIT
// What the guest prints, each byte with the step that printed it, in the past and present of a run that is travelled in. What is
// printed again on the way to a moment is known, and goes no further.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/console.h"
#include "core/scheduler.h"

namespace vitrine::app {

class ConsoleLog final : public core::ByteSink {
 public:
  // Both before the first byte. `onward` hears each byte once.
  void watch(const core::Clock& clock) { clock_ = &clock; }
  void pass_on(core::ByteSink& onward) { onward_ = &onward; }

  void put(uint8_t byte) override;
  // What is printed meanwhile was not.
  void mute(bool on) { muted_ = on; }
  // The machine was put to another moment.
  void moved();
  // Up to the present moment.
  [[nodiscard]] std::string_view text() const { return std::string_view(text_).substr(0, printed_); }
  // All of it that is known, and the step that printed a byte.
  [[nodiscard]] std::string_view all() const { return text_; }
  [[nodiscard]] core::Step step_of(size_t byte) const { return steps_[byte]; }

 private:
  core::ByteSink* onward_ = nullptr;
  const core::Clock* clock_ = nullptr;
  std::string text_;
  std::vector<core::Step> steps_;
  size_t printed_ = 0;  // of text_
  bool muted_ = false;
};

}  // namespace vitrine::app
