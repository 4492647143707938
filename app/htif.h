// SPDX-License-Identifier: MIT
// HTIF, the host-target interface of riscv-tests and their kin: a kernel with a symbol `tohost` writes a
// 64-bit word there to speak to its host, and waits for an answer in `fromhost`.
//
//     63     56 55     48 47                        0
//    +---------+---------+---------------------------+   device 0: a payload with bit 0 set ends the run with
//    code | device  | command |          payload          |             payload >> 1, 0 is success; otherwise
//    the payload
//    +---------+---------+---------------------------+             is the address of a system call's eight
//    words
//                                                        device 1: the console; command 1 prints payload &
//                                                        0xff
//
// There is no specification; this is what the tests' own sources (env/, benchmarks/common/syscalls.c) rely
// on. The word is watched, so it is seen after the very instruction that wrote it.
#pragma once

#include <memory>
#include <optional>

#include "core/attention.h"
#include "core/console.h"
#include "core/guest_ram.h"
#include "core/image.h"
#include "core/scheduler.h"

namespace vitrine::app {

class Htif final : private core::RamListener {
 public:
  // Null if the program has no `tohost` in RAM.
  static std::unique_ptr<Htif> create(const core::Image& program, core::GuestRam& ram,
                                      core::Scheduler& scheduler, core::ByteSink& console);

  // Watches the word; again after the machine was reset.
  void watch();
  // Between turns: does what was asked for. The code if the program has ended.
  [[nodiscard]] bool asked() const { return asked_; }
  // What was written came from no instruction.
  void forget() { asked_ = false; }
  std::optional<uint64_t> serve();

 private:
  Htif(core::GuestPhys to_host, std::optional<core::GuestPhys> from_host, core::GuestRam& ram,
       core::Scheduler& scheduler, core::ByteSink& console);
  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;
  void answer(uint64_t value);
  void system_call(uint64_t at);

  core::GuestPhys to_host_;
  std::optional<core::GuestPhys> from_host_;
  core::GuestRam& ram_;
  core::Scheduler& scheduler_;
  core::ByteSink& console_;
  bool asked_ = false;
};

}  // namespace vitrine::app
