// SPDX-License-Identifier: MIT
// The machine's source of "random" bytes: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom
// number generators", 2018), started from the run's seed by SplitMix64 as its authors advise. The same seed
// gives the same run, so it is predictable by design and no source of secrets.
#pragma once

#include <bit>
#include <cstdint>

#include "core/state.h"

namespace vitrine::devices {

class RandomGenerator {
 public:
  explicit RandomGenerator(uint64_t seed) {
    for (uint64_t& word : state_) word = split_mix(seed);
  }

  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  void serialize(core::Archive& ar) { ar.field("generator", state_); }

 private:
  static uint64_t split_mix(uint64_t& seed) {
    uint64_t z = seed += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }

  uint64_t state_[4];
};

}  // namespace vitrine::devices
