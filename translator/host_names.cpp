// SPDX-License-Identifier: MIT
#include "translator/host_names.h"

#include <fmt/format.h>

#include <map>

namespace vitrine::translator {

std::string block_name(unsigned set, uint64_t pc) { return fmt::format("guest_{}_{:x}", "USM"[set], pc); }

// A thunk ends where the next one begins.
void name_thunks(const Thunks& thunks, const uint8_t* end, x86::CodeListener& listener) {
  std::map<const uint8_t*, std::string> names;
  names[thunks.not_translated] = "vitrine_not_translated";
  names[reinterpret_cast<const uint8_t*>(reinterpret_cast<uintptr_t>(thunks.enter))] = "vitrine_enter";
  names[thunks.leave] = "vitrine_leave";
  names[thunks.slow] = "vitrine_slow";
  names[thunks.fflags_of_mxcsr] = "vitrine_fflags_table";
  for (unsigned set = 0; set < core::kPredictionSets; ++set)
    for (unsigned log_width = 0; log_width < 4; ++log_width)
      for (unsigned write = 0; write < 2; ++write)
        names[thunks.lookup[set][log_width][write]] =
            fmt::format("vitrine_lookup_{}_{}_{}", "USM"[set], 1 << log_width, write != 0 ? "write" : "read");
  for (auto one = names.begin(); one != names.end(); ++one) {
    const auto next = std::next(one);
    const uint8_t* const until = next == names.end() ? end : next->first;
    listener.added(one->second, {one->first, until});
  }
}

}  // namespace vitrine::translator
