// SPDX-License-Identifier: MIT
// Counts how often pc is at certain places: exactly, and without the guest being able to tell or to hide it. An engine around
// the interpreter that makes one step at a time; a run that counts is slower, and the same run. Used by suites (suite.h), whose
// rules ask whether a symbol was reached. Next: facts.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/machine.h"
#include "isa/riscv/engine.h"

namespace vitrine::app {

class ReachCounter final : public riscv::Engine {
 public:
  explicit ReachCounter(riscv::Engine& engine) : engine_(engine) {}

  struct Place {
    std::string name;  // as it was asked for: a symbol of the kernel or the firmware, or an address
    std::optional<uint64_t> pc;  // none: there is no such symbol
    uint64_t count = 0;
  };
  void watch(const Machine& machine, const std::vector<std::string>& names);
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }

  void run(riscv::Hart& hart, uint64_t steps) override;

 private:
  void count(uint64_t pc);

  riscv::Engine& engine_;
  std::vector<Place> places_;
  uint64_t bits_ = 0;  // of all places: a pc whose bit is not there is none of them
};

}  // namespace vitrine::app
