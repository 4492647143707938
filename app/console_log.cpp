// SPDX-License-Identifier: MIT
// What the guest prints, with its steps.
#include "app/console_log.h"

#include <algorithm>

namespace vitrine::app {

void ConsoleLog::put(uint8_t byte) {
  if (muted_ || printed_++ < text_.size()) return;
  text_ += static_cast<char>(byte);
  steps_.push_back(clock_->step());
  if (onward_) onward_->put(byte);
}

// A byte that is printed by a step is there in the moments behind it.
void ConsoleLog::moved() {
  printed_ = static_cast<size_t>(std::lower_bound(steps_.begin(), steps_.end(), clock_->step()) - steps_.begin());
}

}  // namespace vitrine::app
