// SPDX-License-Identifier: MIT
// A machine for tests of the built-in SBI: harts with real memory ports over 4 MiB of RAM, a scheduler, and a
// console and an observer that remember. Without an engine, a test makes calls as an ecall would (call
// below); with one, see sbi_system_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/bus.h"
#include "core/guest_ram.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/sbi.h"
#include "mmu/mmu.h"

namespace vitrine::riscv::test {

inline constexpr uint64_t kRamBase = 0x8000'0000, kRamSize = 4 << 20, kRamEnd = kRamBase + kRamSize;
inline constexpr uint64_t kEntry = 0x8020'0000, kTree = 0x8030'0000;
inline constexpr uint64_t kNever = ~uint64_t{0};

// Extension ids, error and CSR numbers as the specifications print them.
inline constexpr uint64_t kBase = 0x10, kTime = 0x54494D45, kIpi = 0x735049, kRfence = 0x52464E43,
                          kHsm = 0x48534D, kSrst = 0x53525354, kDbcn = 0x4442434E;
inline constexpr uint64_t kNotSupported = -2, kInvalidParam = -3, kInvalidAddress = -5,
                          kAlreadyAvailable = -6;
inline constexpr unsigned kSstatus = 0x100, kSie = 0x104, kStvec = 0x105, kSepc = 0x141, kScause = 0x142,
                          kStval = 0x143, kSip = 0x144, kStimecmp = 0x14d, kSatp = 0x180;

class Console final : public SbiConsole {
 public:
  void put(uint8_t byte) noexcept override { output.push_back(static_cast<char>(byte)); }
  int get() noexcept override {
    if (input.empty()) return -1;
    const uint8_t byte = input.front();
    input.pop_front();
    return byte;
  }
  void type(std::string_view text) { input.insert(input.end(), text.begin(), text.end()); }
  std::string output;
  std::deque<uint8_t> input;
};

class Resets final : public SbiObserver {
 public:
  void system_reset(ResetType type, ResetReason reason) noexcept override {
    seen.emplace_back(type, reason);
    if (stop) stop();
  }
  std::function<void()> stop;  // as the board asks its loop to stop
  std::vector<std::pair<ResetType, ResetReason>> seen;
};

struct Rig {
  explicit Rig(unsigned harts = 1, const HartConfig& config = {}) : ram(*owned_ram) {
    for (unsigned id = 0; id < harts; ++id) {
      ports.push_back(std::make_unique<mmu::Mmu>(id % mmu::AddressSpaces::kMaxHarts, ram, bus, spaces));
      auto hart = std::make_unique<Hart>();
      hart->id = id;
      hart->config = config;
      hart->memory = ports.back().get();
      hart->clock = &clock;
      hart->attention = &attention;
      hart->events = &events;
      comparators.push_back(std::make_unique<core::ScheduledEvent>(
          scheduler, "stimecmp" + std::to_string(id), [h = hart.get()] { update_stimecmp(*h); }));
      hart->stimecmp_event = comparators.back().get();
      owned_harts.push_back(std::move(hart));
    }
    sbi = std::make_unique<Sbi>(pointers(), ram, scheduler, console, resets);
    sbi->reset(hart(0), kEntry, kTree);
  }

  Hart& hart(unsigned id) { return *owned_harts.at(id); }
  std::vector<Hart*> pointers() {
    std::vector<Hart*> all;
    for (auto& hart : owned_harts) all.push_back(hart.get());
    return all;
  }

  struct Result {
    uint64_t error, value;
    friend bool operator==(const Result&, const Result&) = default;
    friend void PrintTo(const Result& r, std::ostream* os) {
      *os << "{error " << static_cast<int64_t>(r.error) << ", value " << r.value << "}";
    }
  };
  // An ecall of a hart with these arguments in a0 and on.
  Result call_on(unsigned id, uint64_t extension, uint64_t function,
                 std::initializer_list<uint64_t> arguments = {}) {
    Hart& h = hart(id);
    unsigned a = 10;
    for (const uint64_t value : arguments) h.set_x(a++, value);
    h.set_x(16, function);
    h.set_x(17, extension);
    h.next_pc = h.pc + 4;
    h.redirected = false;
    sbi->call(h);
    return {h.x[10], h.x[11]};
  }
  Result call(uint64_t extension, uint64_t function, std::initializer_list<uint64_t> arguments = {}) {
    return call_on(0, extension, function, arguments);
  }
  // A legacy call: one value.
  uint64_t legacy(uint64_t extension, std::initializer_list<uint64_t> arguments = {}) {
    return call(extension, 0, arguments).error;
  }
  // Another hart, started as a guest would.
  void start(unsigned id) { ASSERT_EQ(call(kHsm, 0, {id, kEntry, 0}), (Result{0, 0})); }

  uint64_t csr(unsigned id, unsigned number) { return *peek_csr(hart(id), number); }
  bool pending(unsigned id, unsigned interrupt) { return (csr(id, kSip) >> interrupt) & 1; }
  // Time passes, with events at their time.
  void advance_to(core::Ticks when) {
    while (scheduler.next_when() <= when && scheduler.next_when() != core::kNever) {
      clock.jump_to(scheduler.next_when());
      scheduler.run_due();
    }
    clock.jump_to(when);
  }
  void write(uint64_t at, std::string_view text) { ASSERT_TRUE(ram.write({at}, text.data(), text.size())); }
  std::string read(uint64_t at, size_t size) {
    std::string text(size, '\0');
    EXPECT_TRUE(ram.read({at}, text.data(), size));
    return text;
  }
  void serialize(core::Archive& ar) {
    clock.serialize(ar);
    for (auto& hart : owned_harts) hart->serialize(ar);
    sbi->serialize(ar);
    scheduler.serialize(ar);
  }

  core::Clock clock;
  core::Attention attention;
  core::Scheduler scheduler{clock, attention};
  std::unique_ptr<core::GuestRam> owned_ram = std::move(*core::GuestRam::create({kRamBase}, kRamSize));
  core::GuestRam& ram;
  core::Bus bus;
  core::Events events;
  mmu::AddressSpaces spaces{ram, attention, events, mmu::AddressSpaces::Kind::kTlb};
  std::vector<std::unique_ptr<mmu::Mmu>> ports;
  std::vector<std::unique_ptr<core::ScheduledEvent>> comparators;
  std::vector<std::unique_ptr<Hart>> owned_harts;
  Console console;
  Resets resets;
  std::unique_ptr<Sbi> sbi;
};

// Which harts have SSIP.
inline std::set<unsigned> interrupted(Rig& rig) {
  std::set<unsigned> ids;
  for (unsigned id = 0; id < rig.owned_harts.size(); ++id)
    if (rig.pending(id, 1)) ids.insert(id);
  return ids;
}

inline HartConfig without_sstc() {
  HartConfig config;
  config.sstc = false;
  return config;
}

}  // namespace vitrine::riscv::test
