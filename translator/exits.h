// SPDX-License-Identifier: MIT
// Why control left generated code. The first three causes and the last one are those of docs/translator.md,
// "Exits, by cause"; the others are the translator's own. Counted on the way out only: generated code counts
// nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vitrine::translator {

enum class Exit : uint8_t {
  kInstruction,  // a helper: privileged, sensitive, or merely rare
  kAddress,  // an access that no table may answer: a device, a page table, a page with code, across two pages
  kFault,    // an access that no table answers yet (an entry was filled), or the guest's own page fault
  kFloat,    // floating point that is done again, exactly
  kMissing,  // the next block is not known at this address, is not there yet, or wants another rounding mode
  kInterrupt,  // the budget does not hold the next block: an event, an interrupt or another hart is due
  kCount
};
using ExitCounters = std::array<uint64_t, static_cast<size_t>(Exit::kCount)>;

}  // namespace vitrine::translator
