// SPDX-License-Identifier: MIT
// Chaos: a machine that is as unhelpful as the architecture permits. What machines do by chance and programs must not count
// on, it does by a stream of random numbers from a seed: the same seed, the same run. A guest that is right does not notice;
// one that lacks a fence, or a loop around sc, comes to grief with some seed.
//
// The streams are state of the machine. A number is drawn only where the guest's own acts lead to (a turn begins, an sc, a
// store), so that engines and caches change nothing. Each kind has a stream of its own: one more kind does not disturb the
// others.
//
// Where this stands in the spec: core/chaos.inc says it for each kind. Next: docs/chaos.md, mmu/store_buffer.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/state.h"

namespace vitrine::core {

enum class Chaos : uint8_t {
#define CHAOS(kind, name, sentence, permission) kind,
#include "core/chaos.inc"
#undef CHAOS
  kCount
};
inline constexpr size_t kChaosKinds = static_cast<size_t>(Chaos::kCount);

struct ChaosRow {
  Chaos kind;
  std::string_view name;  // for options
  std::string_view sentence;
  std::string_view permission;
};
[[nodiscard]] std::span<const ChaosRow, kChaosKinds> chaos_rows();
[[nodiscard]] std::optional<Chaos> chaos_named(std::string_view name);

// What is asked for; belongs to the machine's configuration and to the run's identity.
struct ChaosPlan {
  uint64_t seed = 0;
  uint8_t kinds = 0;  // bit i: kind i; 0: a calm machine

  [[nodiscard]] constexpr bool any() const { return kinds != 0; }
  [[nodiscard]] constexpr bool has(Chaos kind) const { return kinds >> static_cast<unsigned>(kind) & 1; }
  constexpr void add(Chaos kind) { kinds = static_cast<uint8_t>(kinds | 1u << static_cast<unsigned>(kind)); }
  constexpr void add_all() { kinds = (1u << kChaosKinds) - 1; }
  friend constexpr bool operator==(const ChaosPlan&, const ChaosPlan&) = default;
};
static_assert(kChaosKinds <= 8);

// Random numbers: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
class ChaosStream {
 public:
  ChaosStream(uint64_t seed, Chaos kind) : state_(mix(seed * (2 * kChaosKinds + 1) + static_cast<uint64_t>(kind))) {}

  uint64_t next() { return mix(state_ += 0x9e37'79b9'7f4a'7c15); }
  uint64_t below(uint64_t n) { return next() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  // From 1 to 2^most: each power of two as likely as the others.
  uint64_t up_to_power(unsigned most) { return 1 + below(uint64_t{1} << (1 + below(most))); }

  void serialize(Archive& ar) { ar.field("stream", state_); }

 private:
  static constexpr uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }
  uint64_t state_;
};

}  // namespace vitrine::core
