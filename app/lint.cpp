// SPDX-License-Identifier: MIT
// What is heard, and which rule it is a matter of.
#include "app/lint.h"

#include <fmt/format.h>

#include "app/board_table.h"
#include "app/diagnosis.h"
#include "app/text.h"

namespace vitrine::app {
namespace {

using core::Event;
using core::EventKind;

constexpr LintRow kRows[] = {
#define LINT(kind, name, what, why, spec) {LintRule::kind, name, what, why, spec},
#include "core/lint_rules.inc"
#undef LINT
};

constexpr uint32_t kWfi = 0x10500073;

// Calls of SBI that fence on other harts (SBI 2.0, chapters 5 and 8).
constexpr uint64_t kRemoteFence = 0x52464e43, kLegacyFenceI = 5, kLegacyFenceVma = 6, kLegacyFenceVmaAsid = 7;

mmu::Walk walk_of(Machine& machine, const Event& event) {
  using core::AccessKind;
  AccessKind kind = AccessKind::kLoad;
  if (event.kind == EventKind::kHiddenFault) kind = static_cast<AccessKind>(event.before);
  if (event.kind == EventKind::kGuestPageFault &&
      event.before == static_cast<uint64_t>(riscv::Cause::kFetchPage))
    kind = AccessKind::kFetch;
  if (event.kind == EventKind::kGuestPageFault &&
      event.before == static_cast<uint64_t>(riscv::Cause::kStorePage))
    kind = AccessKind::kStore;
  return machine.mmu(event.place.hart).look({event.at}, kind);
}

}  // namespace

const LintRow& row_of(LintRule rule) { return kRows[static_cast<size_t>(rule)]; }

Lint::Lint(Machine& machine, Say say)
    : machine_(machine),
      say_(std::move(say)),
      virtio_(board::kVirtioSlots, LintVirtio(machine.config().virtio_legacy)) {
  machine_.events().add_sink(*this);
  machine_.ram().add_listener(this);
  for (unsigned i = 0; i < machine_.hart_count(); ++i) machine_.hart(i).code_observer = this;
}

Lint::~Lint() {
  machine_.events().remove_sink(*this);
  for (unsigned i = 0; i < machine_.hart_count(); ++i) machine_.hart(i).code_observer = nullptr;
}

void Lint::find(LintRule rule, const core::EventPlace& place, uint64_t culprit,
                const std::string& what) noexcept {
  if (places_[{rule, culprit}]++ != 0) return;
  const LintRow& row = row_of(rule);
  say_(fmt::format("lint: {}: step {}, hart {}, pc {}: {}.\n  {} ({})", row.name, place.step, place.hart,
                   address_text(machine_, place.pc), what, row.why, row.spec));
}

void Lint::event(const Event& event, const core::EventWords&) noexcept {
  switch (event.kind) {
    case EventKind::kDeviceRead:
    case EventKind::kDeviceWrite:
    case EventKind::kDeviceFetch: return look_at_device(event);
    case EventKind::kWait: return look_at_wait(event);
    case EventKind::kFenceI: return fence_code(1u << event.place.hart);
    case EventKind::kPageTableWrite:
      return tables_.written(event.place, event.at & ~uint64_t{7}, event.before, event.after);
    case EventKind::kHiddenFault:
    case EventKind::kGuestPageFault:
    case EventKind::kUnkeptAccess: {
      const uint64_t satp = machine_.hart(event.place.hart).csr.satp;
      const std::string wrong = tables_.used(event.place.hart, satp, event.at, walk_of(machine_, event));
      if (!wrong.empty()) find(LintRule::kNoFenceVma, event.place, wrong);
      return;
    }
    case EventKind::kTranslationFence: {
      const uint32_t function = event.instruction >> 25;
      if (function != 0x09 && function != 0x0b) return;  // sfence.w.inval and sfence.inval.ir name nothing
      if (event.instruction >> 15 & 31) return tables_.fence_address(event.place.hart, event.at);
      return tables_.fence_all(event.place.hart);
    }
    case EventKind::kHypercall:
      if ((event.at == kRemoteFence && event.before == 0) || event.at == kLegacyFenceI) fence_code(~0u);
      if ((event.at == kRemoteFence && event.before != 0) || event.at == kLegacyFenceVma ||
          event.at == kLegacyFenceVmaAsid)
        tables_.fence_everybody();
      return;
    default: return;
  }
}

void Lint::look_at_device(const Event& event) noexcept {
  const core::GuestPhys at{event.at};
  const core::Bus::Mapping* const mapping = machine_.bus().find(at);
  if (!mapping) {
    const char* const does = event.kind == EventKind::kDeviceRead    ? "reads"
                             : event.kind == EventKind::kDeviceWrite ? "writes"
                                                                     : "fetches";
    return find(LintRule::kNothingThere, event.place,
                fmt::format("{} {} bytes at {:#x}, where nothing is", does, event.before, at.value));
  }
  if (event.kind != EventKind::kDeviceWrite || at.value < board::kVirtio.base) return;
  const uint64_t slot = (at.value - board::kVirtio.base) / board::kVirtio.size;
  if (slot >= virtio_.size() || mapping->base.value != board::virtio_slot(static_cast<unsigned>(slot)).base)
    return;
  const LintVirtio::Wrong wrong =
      virtio_[slot].written(at.value - mapping->base.value, static_cast<uint32_t>(event.after));
  if (!wrong.what.empty())
    find(wrong.mixed ? LintRule::kVirtioMixed : LintRule::kVirtioOrder, event.place,
         fmt::format("{}: {}", mapping->device->name(), wrong.what));
}

bool Lint::timers_never(const riscv::Hart& hart) const {
  constexpr uint64_t kMachine = uint64_t{1} << riscv::irq::kMti,
                     kSupervisor = uint64_t{1} << riscv::irq::kSti;
  if (hart.csr.mie & ~(kMachine | kSupervisor)) return false;
  if (hart.csr.mie & kSupervisor) {
    if (!hart.config.sstc || !(hart.csr.menvcfg & riscv::envcfg::kStce)) return false;  // firmware may set it
    if (hart.csr.stimecmp != ~uint64_t{0}) return false;
  }
  if (!(hart.csr.mie & kMachine)) return true;
  return machine_.bus().peek({board::kClint.base + 0x4000 + 8 * hart.id}, 8) == ~uint64_t{0};
}

void Lint::look_at_wait(const Event& event) noexcept {
  const riscv::Hart& hart = machine_.hart(event.place.hart);
  if (event.instruction != kWfi || !hart.waiting) return;
  if (hart.csr.mie == 0)
    find(LintRule::kWfiUnarmed, event.place, "the hart waits, and no interrupt is enabled in mie");
  else if (timers_never(hart))
    find(LintRule::kWfiUnarmed, event.place, "the hart waits for its timer alone, which is not set");
}

// --- Instructions

uint32_t Lint::running_harts() const {
  uint32_t harts = 0;
  for (unsigned i = 0; i < machine_.hart_count(); ++i)
    if (!machine_.hart(i).stopped) harts |= 1u << i;
  return harts;
}

void Lint::after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (!(flags & (core::kCode | core::kTranslated))) return;
  constexpr size_t kMany = 1 << 20;
  if (written_.size() > kMany) written_.clear();
  const Written written{machine_.system().current().pc, machine_.clock().step(), running_harts()};
  for (uint64_t halfword = at.value & ~uint64_t{1}; halfword < at.value + size; halfword += 2)
    written_[halfword] = written;
}

void Lint::fence_code(uint32_t harts) noexcept {
  for (auto entry = written_.begin(); entry != written_.end();) {
    entry->second.harts &= ~harts;
    entry = entry->second.harts == 0 ? written_.erase(entry) : std::next(entry);
  }
}

// One finding serves the whole page: a program that was loaded there would give one for each of its
// instructions.
void Lint::decoded(const riscv::Hart& hart, core::GuestPhys at, unsigned length) noexcept {
  if (written_.empty()) return;
  const uint32_t bit = 1u << hart.id;
  for (uint64_t halfword = at.value; halfword < at.value + length; halfword += 2) {
    const auto found = written_.find(halfword);
    if (found == written_.end() || !(found->second.harts & bit)) continue;
    const Written written = found->second;
    const uint64_t page = at.value & core::kPageMask;
    for (uint64_t other = page; other < page + core::kPageSize; other += 2)
      if (const auto same = written_.find(other); same != written_.end()) same->second.harts &= ~bit;
    const core::EventPlace place{hart.id, static_cast<uint8_t>(hart.privilege),
                                 hart.page_address + at.page_offset(),
                                 hart.run_end - static_cast<uint64_t>(hart.budget)};
    return find(LintRule::kNoFenceI, place, written.pc,
                fmt::format("the instruction, at {:#x} in RAM, was written at step {} by pc {}, and the hart "
                            "has executed no fence.i since",
                            at.value, written.step, address_text(machine_, written.pc)));
  }
}

void Lint::restarted() {
  written_.clear();
  tables_ = {};
  virtio_.assign(virtio_.size(), LintVirtio(machine_.config().virtio_legacy));
}

// --- At the end

uint64_t Lint::findings() const {
  uint64_t all = 0;
  for (const auto& [place, count] : places_) all += count;
  return all;
}

std::string Lint::summary() const {
  std::string text = places_.empty()
                         ? "lint: nothing found"
                         : fmt::format("lint: {} at {} place{}",
                                       findings() == 1 ? "1 finding" : fmt::format("{} findings", findings()),
                                       places_.size(), places_.size() == 1 ? "" : "s");
  const MachineConfig& config = machine_.config();
  if (is_lazy(config.mmu) || !config.caching)
    text += fmt::format("; {} needs --mmu shadow or tlb", row_of(LintRule::kNoFenceVma).name);
  if (!config.caching)
    text += fmt::format("; {} sees nothing with --no-cache", row_of(LintRule::kNoFenceI).name);
  for (const auto& [place, count] : places_)
    if (count > 1)
      text += fmt::format("\n  {} times {} at pc {}", count, row_of(place.rule).name,
                          address_text(machine_, place.pc));
  return text;
}

}  // namespace vitrine::app
