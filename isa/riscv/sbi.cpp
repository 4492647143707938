// SPDX-License-Identifier: MIT
// The built-in SBI: dispatch, what firmware leaves behind at reset, and all extensions but hart state
// management (sbi_hsm.cpp) and the legacy calls (sbi_legacy.cpp). Section numbers are those of the SBI
// specification 2.0.
#include "isa/riscv/sbi.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/assert.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"

namespace vitrine::riscv {
namespace {

constexpr uint64_t bit(unsigned n) { return uint64_t{1} << n; }
constexpr uint64_t bit(Cause cause) { return bit(static_cast<unsigned>(cause)); }

namespace csr_number {
constexpr unsigned kScounteren = 0x106, kStimecmp = 0x14d, kMstatus = 0x300, kMedeleg = 0x302,
                   kMideleg = 0x303, kMcounteren = 0x306, kMenvcfg = 0x30a, kPmpcfg0 = 0x3a0,
                   kPmpaddr0 = 0x3b0;
}  // namespace csr_number

// Extension ids by the names that rows use.
namespace extension_id {
#define SBI_EXTENSION(extension, id, what) constexpr uint64_t extension = id;
#include "isa/riscv/sbi_rows.inc"
}  // namespace extension_id

constexpr SbiCall kCalls[] = {
#define SBI_CALL(extension, function, name, arguments, section) \
  {extension_id::extension, function, #extension, #name, arguments, section},
#define SBI_LEGACY(id, name, arguments, section) \
  {id, SbiCall::kAnyFunction, "legacy", #name, arguments, section},
#include "isa/riscv/sbi_rows.inc"
};

// No two rows answer one call: of an extension, either every function is its own row, or there is one legacy
// row.
consteval bool rows_are_distinct() {
  for (const SbiCall& a : kCalls)
    for (const SbiCall& b : kCalls)
      if (&a != &b && a.extension == b.extension &&
          (a.function == b.function || a.function == SbiCall::kAnyFunction))
        return false;
  return true;
}
static_assert(rows_are_distinct());

// --- What firmware leaves behind

constexpr uint64_t kDelegatedExceptions =
    bit(Cause::kFetchMisaligned) | bit(Cause::kFetchAccess) | bit(Cause::kIllegal) | bit(Cause::kBreakpoint) |
    bit(Cause::kLoadMisaligned) | bit(Cause::kLoadAccess) | bit(Cause::kStoreMisaligned) |
    bit(Cause::kStoreAccess) | bit(Cause::kEcallU) | bit(Cause::kFetchPage) | bit(Cause::kLoadPage) |
    bit(Cause::kStorePage);
constexpr uint64_t kDelegatedInterrupts = bit(irq::kSsi) | bit(irq::kSti) | bit(irq::kSei);
constexpr uint64_t kCbieFlush = uint64_t{1} << 4;
constexpr uint64_t kFsInitial = uint64_t{1} << 13;

struct CsrValue {
  unsigned number;
  uint64_t value;
};
// Written in this order; legalisation drops what the hart does not have (menvcfg). Everything else is as
// after reset.
constexpr CsrValue kFirmwareCsrs[] = {
    {csr_number::kMedeleg, kDelegatedExceptions},
    {csr_number::kMideleg, kDelegatedInterrupts},
    {csr_number::kMcounteren, ~uint64_t{0}},
    // U mode reads cycle, time and instret, as under OpenSBI: Linux without a PMU driver leaves the register
    // alone, and its vDSO reads the time in U mode.
    {csr_number::kScounteren, 7},
    {csr_number::kMenvcfg,
     envcfg::kStce | envcfg::kAdue | envcfg::kPbmte | envcfg::kCbcfe | envcfg::kCbze | kCbieFlush},
    // The floating-point unit is on, as under OpenSBI: small kernels that were compiled for it do not turn it
    // on.
    {csr_number::kMstatus, kFsInitial},
    // One region, NAPOT over all addresses: read, write, execute.
    {csr_number::kPmpaddr0, ~uint64_t{0}},
    {csr_number::kPmpcfg0, 0x1f},
};

}  // namespace

std::span<const SbiCall> sbi_calls() { return kCalls; }

const SbiCall* find_sbi_call(uint64_t extension, uint64_t function) {
  const auto row = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const SbiCall& call) {
    return call.extension == extension &&
           (call.function == function || call.function == SbiCall::kAnyFunction);
  });
  return row == std::end(kCalls) ? nullptr : row;
}

const Sbi::Body Sbi::kBodies[] = {
#define SBI_CALL(extension, function, name, arguments, section) &Sbi::extension##_##name,
#define SBI_LEGACY(id, name, arguments, section) &Sbi::legacy_##name,
#include "isa/riscv/sbi_rows.inc"
};

Sbi::Sbi(std::vector<Hart*> harts, core::GuestRam& ram, core::Scheduler& scheduler, SbiConsole& console,
         SbiObserver& observer)
    : ram_(ram), console_(console), observer_(observer) {
  VT_ASSERT(!harts.empty() && harts.size() <= kMaxHarts, "the board limits the number of harts");
  for (Hart* hart : harts) {
    VT_ASSERT(hart->id == slots_.size(), "the board numbers its harts from 0");
    const size_t number = slots_.size();
    auto due = [this, number] { update_timer(slots_[number]); };
    slots_.push_back({hart, std::make_unique<core::ScheduledEvent>(
                                scheduler, "sbi_timer" + std::to_string(number), std::move(due))});
    hart->firmware = this;
  }
}

Sbi::~Sbi() {
  for (const Slot& slot : slots_) slot.hart->firmware = nullptr;
}

void Sbi::reset(Hart& boot, uint64_t entry, uint64_t device_tree) {
  for (Slot& slot : slots_) {
    prepare(*slot.hart, entry, device_tree);
    slot.hart->stopped = slot.hart != &boot;
  }
}

// The hart as firmware hands it over, at reset and for hart_start. What comes in by wire is not the hart's to
// reset.
void Sbi::prepare(Hart& hart, uint64_t entry, uint64_t argument) {
  reset_hart(hart, entry);
  for (const CsrValue& csr : kFirmwareCsrs) poke_csr(hart, csr.number, csr.value);
  hart.privilege = Privilege::kSupervisor;
  context_changed(hart);
  hart.set_x(kA0, hart.id);
  hart.set_x(kA1, argument);
  Slot& slot = slots_[hart.id];
  slot.deadline = slot.suspended_at = core::kNever;
  update_timer(slot);
}

void Sbi::call(Hart& hart) noexcept {
  const SbiCall* const row = find_sbi_call(hart.x[kA7], hart.x[kA6]);
  const Answer answer = row ? (this->*kBodies[row - kCalls])(hart) : failure(SbiError::kNotSupported);
  if (!answer) return;
  hart.set_x(kA0, answer->a0);
  if (!row || row->function != SbiCall::kAnyFunction) hart.set_x(kA1, answer->a1);
}

std::string Sbi::name_of(uint64_t a7, uint64_t a6) const {
  const SbiCall* const row = find_sbi_call(a7, a6);
  return row ? std::string(row->extension_name) + " " + std::string(row->name) : "a call that this SBI does not have";
}

void Sbi::serialize(core::Archive& ar) {
  ar.section("sbi");
  for (Slot& slot : slots_) {
    ar.field("deadline", slot.deadline);
    ar.field("suspended_at", slot.suspended_at);
  }
}

template <typename F>
bool Sbi::for_each(uint64_t mask, uint64_t base, F f) {
  constexpr uint64_t kAllHarts = ~uint64_t{0};
  if (base == kAllHarts) {
    for (const Slot& slot : slots_) f(*slot.hart);
    return true;
  }
  // Bits that stand for existing harts; base + bit does not wrap.
  const uint64_t there = base < slots_.size() ? ~uint64_t{0} >> (64 - (slots_.size() - base)) : 0;
  if (mask & ~there) return false;
  for (uint64_t rest = mask; rest != 0; rest &= rest - 1)
    f(*slots_[base + static_cast<unsigned>(__builtin_ctzll(rest))].hart);
  return true;
}

// A stopped hart cannot be interrupted, and starts with nothing pending.
bool Sbi::send_ipi(uint64_t mask, uint64_t base) {
  return for_each(mask, base, [](Hart& hart) {
    if (hart.stopped) return;
    hart.csr.mip_software |= bit(irq::kSsi);
    hart.attention->wanted = true;
  });
}

// Counted for each hart that it names.
bool Sbi::fence(uint64_t mask, uint64_t base, const core::TranslationFence& what) {
  return for_each(mask, base, [&](Hart& hart) { hart.memory->fence_translations(what); });
}

// "If start_addr and size are both 0, or if size is equal to 2^XLEN-1", all addresses (chapter 8).
core::TranslationFence Sbi::fence_of_range(uint64_t start, uint64_t size) {
  if (start == 0 && size == 0) return {};
  return {.first = start, .size = size};
}
core::TranslationFence Sbi::fence_of_space(uint64_t start, uint64_t size, uint64_t asid) {
  core::TranslationFence what = fence_of_range(start, size);
  what.one_space = true;
  what.asid = static_cast<uint16_t>(asid);
  return what;
}

// --- Base (chapter 4)

Sbi::Answer Sbi::base_get_spec_version(Hart&) { return success(kSpecVersion); }
Sbi::Answer Sbi::base_get_impl_id(Hart&) { return success(kImplementationId); }
Sbi::Answer Sbi::base_get_impl_version(Hart&) { return success(kImplementationVersion); }
Sbi::Answer Sbi::base_probe_extension(Hart& hart) {
  return success(std::any_of(std::begin(kCalls), std::end(kCalls),
                             [&](const SbiCall& call) { return call.extension == hart.x[kA0]; }));
}
Sbi::Answer Sbi::base_get_mvendorid(Hart& hart) { return success(hart.config.mvendorid); }
Sbi::Answer Sbi::base_get_marchid(Hart& hart) { return success(hart.config.marchid); }
Sbi::Answer Sbi::base_get_mimpid(Hart& hart) { return success(hart.config.mimpid); }

// --- Timer (chapter 6)

// With Sstc, STIP is the comparison of stimecmp and nothing else can set it, so the timer is stimecmp.
// Without, STIP is a bit that firmware writes when the time has come.
void Sbi::set_timer(Hart& hart, uint64_t when) {
  if (hart.csr.menvcfg & envcfg::kStce) {
    poke_csr(hart, csr_number::kStimecmp, when);
    return;
  }
  slots_[hart.id].deadline = when;
  update_timer(slots_[hart.id]);
}

// All ones is "infinitely far into the future".
void Sbi::update_timer(Slot& slot) {
  Hart& hart = *slot.hart;
  const uint64_t when = interrupt_time(hart, slot.deadline);
  const bool never = slot.deadline == ~uint64_t{0}, due = !never && hart.time() >= when;
  if (due) {
    hart.csr.mip_software |= bit(irq::kSti);
    hart.attention->wanted = true;
  } else {
    hart.csr.mip_software &= ~bit(irq::kSti);
  }
  if (due || never)
    slot.timer->disarm();
  else
    slot.timer->arm(hart.tick_of(when));
}

void Sbi::time_changed() {
  for (Slot& slot : slots_) update_timer(slot);
}

Sbi::Answer Sbi::time_set_timer(Hart& hart) {
  set_timer(hart, hart.x[kA0]);
  return success();
}

// --- Interrupts between harts, remote fences (chapters 7 and 8)

Sbi::Answer Sbi::ipi_send_ipi(Hart& hart) {
  return send_ipi(hart.x[kA0], hart.x[kA1]) ? success() : failure(SbiError::kInvalidParam);
}
Sbi::Answer Sbi::answer_to_fence(Hart& hart, const core::TranslationFence& what) {
  return fence(hart.x[kA0], hart.x[kA1], what) ? success() : failure(SbiError::kInvalidParam);
}
// No translation is named, and every fetch is coherent but on a chaotic machine, where one fence is for all harts.
Sbi::Answer Sbi::rfence_remote_fence_i(Hart& hart) {
  hart.memory->fence_instructions();
  return answer_to_fence(hart, {.size = 0});
}
Sbi::Answer Sbi::rfence_remote_sfence_vma(Hart& hart) {
  return answer_to_fence(hart, fence_of_range(hart.x[kA2], hart.x[kA3]));
}
Sbi::Answer Sbi::rfence_remote_sfence_vma_asid(Hart& hart) {
  return answer_to_fence(hart, fence_of_space(hart.x[kA2], hart.x[kA3], hart.x[kA4]));
}

// --- System reset (chapter 10)

// "Does not return if it succeeds": no hart runs on.
void Sbi::reset_system(ResetType type, ResetReason reason) {
  for (const Slot& slot : slots_) slot.hart->stopped = true;
  observer_.system_reset(type, reason);
}

// Both arguments are 32 bits wide.
Sbi::Answer Sbi::srst_system_reset(Hart& hart) {
  const auto type = static_cast<uint32_t>(hart.x[kA0]), reason = static_cast<uint32_t>(hart.x[kA1]);
  if (type > static_cast<uint32_t>(ResetType::kWarmReboot) ||
      reason > static_cast<uint32_t>(ResetReason::kSystemFailure))
    return failure(SbiError::kInvalidParam);
  reset_system(static_cast<ResetType>(type), static_cast<ResetReason>(reason));
  return std::nullopt;
}

// --- Debug console (chapter 12)

// The memory must be RAM, all of it: a device is never read or written on the guest's behalf.
bool Sbi::console_may_access(uint64_t count, uint64_t low, uint64_t high) const {
  return count == 0 || (high == 0 && ram_.contains({low}, count));
}

Sbi::Answer Sbi::dbcn_write(Hart& hart) {
  const uint64_t count = hart.x[kA0], from = hart.x[kA1];
  if (!console_may_access(count, from, hart.x[kA2])) return failure(SbiError::kInvalidParam);
  const uint64_t written = std::min(count, kMostConsoleBytes);
  if (written == 0) return success();
  const uint8_t* const bytes = ram_.host({from});
  for (uint64_t i = 0; i < written; ++i) console_.put(bytes[i]);
  return success(written);
}

Sbi::Answer Sbi::dbcn_read(Hart& hart) {
  const uint64_t count = hart.x[kA0], to = hart.x[kA1];
  if (!console_may_access(count, to, hart.x[kA2])) return failure(SbiError::kInvalidParam);
  const uint64_t most = std::min(count, kMostConsoleBytes);
  uint64_t done = 0;
  while (done < most) {
    std::array<uint8_t, 256> chunk;
    size_t size = 0;
    while (size < chunk.size() && done + size < most) {
      const int byte = console_.get();
      if (byte < 0) break;
      chunk[size++] = static_cast<uint8_t>(byte);
    }
    if (size == 0) break;
    const bool in_ram = ram_.write({to + done}, chunk.data(), size);
    VT_ASSERT(in_ram, "the range was checked");
    done += size;
  }
  return success(done);
}

Sbi::Answer Sbi::dbcn_write_byte(Hart& hart) {
  console_.put(static_cast<uint8_t>(hart.x[kA0]));
  return success();
}

}  // namespace vitrine::riscv
