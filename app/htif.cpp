// SPDX-License-Identifier: MIT
// Requests of HTIF: end, print, write(2).
#include "app/htif.h"

#include <algorithm>
#include <array>

namespace vitrine::app {

using core::GuestPhys;

Htif::Htif(GuestPhys to_host, std::optional<GuestPhys> from_host, core::GuestRam& ram,
           core::Scheduler& scheduler, core::ByteSink& console)
    : to_host_(to_host), from_host_(from_host), ram_(ram), scheduler_(scheduler), console_(console) {}

std::unique_ptr<Htif> Htif::create(const core::Image& program, core::GuestRam& ram,
                                   core::Scheduler& scheduler, core::ByteSink& console) {
  const auto to_host = program.symbol_at("tohost");
  if (!to_host || !ram.contains(*to_host, 8)) return nullptr;
  auto from_host = program.symbol_at("fromhost");
  if (from_host && !ram.contains(*from_host, 8)) from_host.reset();
  std::unique_ptr<Htif> htif(new Htif(*to_host, from_host, ram, scheduler, console));
  ram.add_listener(htif.get());
  htif->watch();
  return htif;
}

void Htif::watch() { ram_.set_flag(to_host_, core::kWatched); }

void Htif::after_write(GuestPhys at, size_t size, uint8_t) noexcept {
  if (at.value >= to_host_.value + 8 || at.value + size <= to_host_.value) return;
  asked_ = true;
  scheduler_.want_attention();
}

std::optional<uint64_t> Htif::serve() {
  asked_ = false;
  uint64_t word = 0;
  if (!ram_.read_value(to_host_, word) || word == 0) return std::nullopt;
  const uint64_t device = word >> 56, command = word >> 48 & 0xff, payload = word & ((uint64_t{1} << 48) - 1);
  if (device == 0 && (payload & 1)) return payload >> 1;
  if (device == 0) {
    system_call(payload);
  } else if (device == 1 && command == 1) {
    console_.put(static_cast<uint8_t>(payload));
    answer(word & ~payload);
  } else {
    answer(word & ~payload);
  }
  (void)ram_.write_value(to_host_, uint64_t{0});
  asked_ = false;  // that write was ours
  return std::nullopt;
}

void Htif::answer(uint64_t value) {
  if (from_host_) (void)ram_.write_value(*from_host_, value);
}

// Eight words: number, arguments; the result goes into the first. Only write(2) to the console is there; what
// else is asked for fails with -ENOSYS.
void Htif::system_call(uint64_t at) {
  constexpr uint64_t kWrite = 64, kNotThere = ~uint64_t{37};
  constexpr uint64_t kMost = 1 << 20;
  std::array<uint64_t, 8> words{};
  if (!ram_.read(GuestPhys{at}, words.data(), sizeof words)) return answer(1);
  uint64_t result = kNotThere;
  if (words[0] == kWrite && (words[1] == 1 || words[1] == 2)) {
    result = std::min(words[3], kMost);
    for (uint64_t i = 0; i < result; ++i) {
      uint8_t byte;
      if (!ram_.read_value(GuestPhys{words[2] + i}, byte)) break;
      console_.put(byte);
    }
  }
  (void)ram_.write_value(GuestPhys{at}, result);
  answer(1);
}

}  // namespace vitrine::app
