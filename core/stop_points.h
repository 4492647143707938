// SPDX-License-Identifier: MIT
// Stop points: where a debugger wants the machine to stop. Break points are guest-virtual addresses of instructions, in every
// address space and before there is one; watch points are ranges of guest-virtual addresses that harts load from or store to.
//
// What costs nothing where nobody looks: code of a page that holds a break point is run by the interpreter, which stops at
// the instructions of that place in their pages only; data of a page that holds a watch point has no direct paths, so each of its
// accesses comes to the memory management unit, which asks here. Whoever changes the set makes caches forget
// (app::Machine::stop_points_changed). The guest can see none of it.
//
//   break point    the machine stands before the instruction, and the step that would execute it has not been made
//   watch point    the machine stands behind the step whose instruction made the access
//   anything else  a listener of events, for example, says request(): behind the step
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/attention.h"
#include "core/memory_port.h"
#include "core/scheduler.h"

namespace vitrine::core {

class StopPoints {
 public:
  struct Watch {
    GuestVirt at;
    uint64_t size = 1;  // bytes, > 0
    bool loads = false, stores = true;
    friend bool operator==(const Watch&, const Watch&) = default;
  };
  struct Hit {
    enum class Kind : uint8_t { kBreak, kLoad, kStore, kRequest } kind;
    unsigned hart = 0;
    GuestVirt at;       // of kBreak the instruction; of an access its first byte that is watched
    uint64_t mark = 0;  // of kRequest: what the listener gave
  };

  explicit StopPoints(Attention& attention) : attention_(attention) {}

  // True: it is another set than before, and caches have to forget.
  bool set(std::vector<uint64_t> breaks, std::vector<Watch> watches);
  // Nothing stops while it is not armed; caches need not forget anything. No step is passed any more.
  void arm(bool on) {
    armed_ = on;
    passed_ = kNever;
  }
  [[nodiscard]] bool armed() const { return armed_; }

  // What stopped the machine; it stays until it is taken.
  [[nodiscard]] bool is_hit() const { return hit_.has_value(); }
  [[nodiscard]] std::optional<Hit> take() { return std::exchange(hit_, std::nullopt); }

  // --- Of instructions. A step that was passed is made, whatever stands there: a debugger goes on from a break point.
  void pass(Step step) { passed_ = step; }
  [[nodiscard]] bool stops_before(uint64_t pc, Step step) const {
    return armed_ && step != passed_ && std::binary_search(breaks_.begin(), breaks_.end(), pc);
  }
  void reached(unsigned hart, uint64_t pc) { note({Hit::Kind::kBreak, hart, {pc}}); }
  [[nodiscard]] bool in_code_page(uint64_t pc) const {
    return has_page(code_pages_, pc);
  }
  // Some break point has this place in its page.
  [[nodiscard]] bool at_offset(uint64_t offset) const {
    return std::any_of(breaks_.begin(), breaks_.end(), [&](uint64_t at) { return at % kPageSize == offset; });
  }

  // --- Of data
  [[nodiscard]] bool watches_page(GuestVirt at, AccessKind kind) const {
    return has_page(kind == AccessKind::kStore ? stored_pages_ : loaded_pages_, at.value);
  }
  [[nodiscard]] bool loads_watched_in(GuestVirt first, uint64_t size) const;  // whole pages
  // An access that was made.
  void accessed(unsigned hart, GuestVirt at, uint64_t size, AccessKind kind) {
    if (!watches_.empty() && armed_) look(hart, at, size, kind);
  }

  // The machine stops behind the present step.
  void request(unsigned hart, uint64_t mark) {
    if (armed_) note({Hit::Kind::kRequest, hart, {0}, mark});
  }

 private:
  static bool has_page(const std::vector<uint64_t>& pages, uint64_t address) {
    return !pages.empty() && std::binary_search(pages.begin(), pages.end(), address >> kPageShift);
  }
  void look(unsigned hart, GuestVirt at, uint64_t size, AccessKind kind);
  void note(const Hit& hit) {
    if (!hit_) hit_ = hit;
    attention_.wanted = true;
  }

  Attention& attention_;
  bool armed_ = true;
  Step passed_ = kNever;
  std::optional<Hit> hit_;
  std::vector<uint64_t> breaks_;  // sorted, as the page numbers below
  std::vector<Watch> watches_;
  std::vector<uint64_t> code_pages_, loaded_pages_, stored_pages_;
};

}  // namespace vitrine::core
