// SPDX-License-Identifier: MIT
// gzip within bounds: the first two bytes are the limit, the rest is the file.
#include <algorithm>

#include "core/gzip.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const uint64_t limit = input.take<uint16_t>();
  const auto head = core::gunzip_head(input.bytes(), 64);
  fuzz::require(head.size() <= 64, "a head is no longer than was asked");
  const auto all = core::gunzip("input", input.bytes(), limit);
  if (!all) return;
  fuzz::require(all.value().size() <= limit, "no more than the limit is unpacked");
  fuzz::require(head.size() == std::min<size_t>(64, all.value().size()) &&
                    std::equal(head.begin(), head.end(), all.value().begin()),
                "the head is how the whole begins");
}
