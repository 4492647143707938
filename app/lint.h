// SPDX-License-Identifier: MIT
// `--lint`: tells of what a guest does that works here and need not work on a real machine. The rules are
// rows of core/lint_rules.inc. It listens to events, to writes of pages with instructions, and to the
// interpreter when it decodes; it changes nothing, and the run is the same. Each finding is told when it
// happens, once for each place (the rule and the pc of whoever is to blame: for no-fence-i the one that
// wrote), and counted; the exit code stays what it is.
//
// What it cannot see: instructions that are translated to host code are decoded by the interpreter first, but
// not on each way through a block, so no-fence-i finds less with --engine translator. Writes to page tables
// are seen on machines whose shadow follows them (--mmu shadow, tlb), and there only of tables that were
// used.
//
// Where this stands in the spec: the rules say so. Next: app/lint_virtio.h, app/lint_tables.h.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/lint_tables.h"
#include "app/lint_virtio.h"
#include "app/machine.h"

namespace vitrine::app {

enum class LintRule : uint8_t {
#define LINT(kind, name, what, why, spec) kind,
#include "core/lint_rules.inc"
#undef LINT
  kCount
};
struct LintRow {
  LintRule rule;
  std::string_view name, what, why, spec;
};
const LintRow& row_of(LintRule rule);

class Lint final : public core::EventSink, private core::RamListener, private riscv::CodeObserver {
 public:
  // `say` is called for each place. Must live as long as the machine runs.
  using Say = std::function<void(std::string_view)>;
  Lint(Machine& machine, Say say);
  ~Lint() override;
  Lint(const Lint&) = delete;
  Lint& operator=(const Lint&) = delete;

  void event(const core::Event& event, const core::EventWords& effect) noexcept override;

  // The guest begins anew: what it did before is no part of it. What was found stays.
  void restarted();
  // At the end: how much of what was found, a line a place that was come to more than once; and which rules
  // cannot see.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] uint64_t findings() const;

 private:
  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;
  void decoded(const riscv::Hart& hart, core::GuestPhys at, unsigned length) noexcept override;

  // `culprit`: the pc that makes it another place.
  void find(LintRule rule, const core::EventPlace& place, uint64_t culprit, const std::string& what) noexcept;
  void find(LintRule rule, const core::EventPlace& place, const std::string& what) noexcept {
    find(rule, place, place.pc, what);
  }
  void look_at_device(const core::Event& event) noexcept;
  void look_at_wait(const core::Event& event) noexcept;
  void fence_code(uint32_t harts) noexcept;
  [[nodiscard]] uint32_t running_harts() const;
  [[nodiscard]] bool timers_never(const riscv::Hart& hart) const;

  Machine& machine_;
  Say say_;
  std::vector<LintVirtio> virtio_;  // by slot
  LintTables tables_;
  // Halfwords of instructions that were written: by whom, and by which harts no fence.i was executed since.
  struct Written {
    uint64_t pc = 0;
    core::Step step = 0;
    uint32_t harts = 0;
  };
  std::unordered_map<uint64_t, Written> written_;
  struct Place {
    LintRule rule;
    uint64_t pc;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  std::map<Place, uint64_t> places_;
};

}  // namespace vitrine::app
