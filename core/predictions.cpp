// SPDX-License-Identifier: MIT
// Emptying the slots of predictions: all of a table are looked at, since a slot belongs to a site, not to an address. Each
// revocation of a page that predictions may know does this, so the loops are without branches, for the widest vectors of the host.
#include "core/memory_port.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define VT_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VT_WIDEST
#endif

namespace vitrine::core {
namespace {

VT_WIDEST uint64_t empty_overlapping(PredictionTable& table, uint64_t first, uint64_t bytes) {
  uint64_t emptied = 0;
  for (unsigned i = 0; i < kPredictions; ++i) {
    const uint64_t here = static_cast<uint64_t>(table.start[i] - first < bytes) |
                          static_cast<uint64_t>(first - table.start[i] < table.length[i] + PredictionTable::kTail);
    table.length[i] &= here - 1;
    emptied += here;
  }
  return emptied;
}

VT_WIDEST uint64_t empty_leading_to(PredictionTable& table, uint64_t host) {
  uint64_t emptied = 0;
  for (unsigned i = 0; i < kPredictions; ++i) {
    const auto here =
        static_cast<uint64_t>(host - (table.start[i] + table.addend[i]) < table.length[i] + PredictionTable::kTail);
    table.length[i] &= here - 1;
    emptied += here;
  }
  return emptied;
}

}  // namespace

void PredictionSet::clear(uint64_t first, uint64_t bytes) {
  losses += empty_overlapping(read, first, bytes);
  losses += empty_overlapping(write, first, bytes);
}

void PredictionSet::clear_writes_to(uint64_t host) { losses += empty_leading_to(write, host); }

}  // namespace vitrine::core
