// SPDX-License-Identifier: MIT
// The interpreter. From top to bottom: how one handler passes control to the next, the slow form of an
// instruction, its fast form, the handlers of special slots, the tables made from the instruction rows, and
// the loop around it all.
//
// A handler gets everything hot in registers: its slot, the hart, the remaining step budget, the data View.
// It ends by calling the next slot's handler in tail position (direct threading: one indirect jump an
// instruction, and each handler has its own, which branch prediction likes). Where tail calls are not to be
// had (no optimisation, sanitizers), handlers return the next slot to a loop instead; nothing else differs.
#include "isa/riscv/interpreter.h"

#include <array>

#include "isa/riscv/backend.h"
#include "isa/riscv/semantics_control.h"
#include "isa/riscv/semantics_float.h"
#include "isa/riscv/semantics_integer.h"
#include "isa/riscv/semantics_memory.h"
#include "isa/riscv/semantics_system.h"

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(VITRINE_NO_TAIL_CALLS)
#define VT_THREADED 1
#if defined(__clang__)
#define VT_TAIL [[clang::musttail]]
#else
#define VT_TAIL
#endif
#else
#define VT_THREADED 0
#define VT_TAIL
#endif

namespace vitrine::riscv {
namespace {

using core::CodeEntry;
using core::View;

VT_INLINE uint64_t pc_of(const Slot* s, const Hart* h) {
  const auto bytes = reinterpret_cast<const char*>(s) - reinterpret_cast<const char*>(h->page->slots);
  return h->page_address + static_cast<uint64_t>(bytes) / (sizeof(Slot) / 2);
}

// --- Passing control
// ---------------------------------------------------------------------------------------------------------

// Leaves the threaded code: the loop in Interpreter::run goes on at pc.
VT_INLINE const Slot* leave_at(uint64_t pc, Hart* h, int64_t budget) {
  h->pc = pc;
  h->budget = budget;
  return nullptr;
}

// The budget is used up. Out of line, so that the fast forms do not work out pc for it.
[[gnu::noinline, gnu::cold]] const Slot* budget_used(const Slot* s, Hart* h, int64_t budget, View*) {
  return leave_at(pc_of(s, h), h, budget);
}

#if VT_THREADED
#define VT_GO(s, h, budget, view) VT_TAIL return (s)->run(s, h, budget, view)
#else
#define VT_GO(s, h, budget, view) return (h)->budget = (budget), static_cast<void>(view), (s)
#endif

// One step is done; on to slot `s`.
#define VT_NEXT(s, h, budget, view)                   \
  do {                                                \
    if (--budget == 0) [[unlikely]]                   \
      VT_TAIL return budget_used(s, h, budget, view); \
    VT_GO(s, h, budget, view);                        \
  } while (false)

// One step is done; on to another page, if it is known.
#define VT_FAR(target, h, budget, view)           \
  do {                                            \
    if (--budget == 0) [[unlikely]]               \
      return leave_at(target, h, budget);         \
    const Slot* const to = enter_page(target, h); \
    if (!to) [[unlikely]]                         \
      return leave_at(target, h, budget);         \
    VT_GO(to, h, budget, view);                   \
  } while (false)

// What the code View has for the page of an address.
VT_INLINE DecodedPage* known_page(uint64_t address, const Hart* h) {
  const CodeEntry& entry =
      h->memory->code_view->code[(address >> core::kPageShift) & (core::kCodeEntries - 1)];
  return entry.tag == (address & core::kPageMask) ? static_cast<DecodedPage*>(entry.payload) : nullptr;
}

VT_INLINE const Slot* enter_page(uint64_t target, Hart* h) {
  DecodedPage* const page = known_page(target, h);
  if (!page) return nullptr;
  const Slot* const slot = page->slots + ((target & ~core::kPageMask) >> 1);
  if (!slot->run) [[unlikely]]
    return nullptr;  // not prepared
  h->page = page;
  h->page_address = target & core::kPageMask;
  return slot;
}

// --- Slow form: any instruction, complete
// ---------------------------------------------------------------------------------------

using Body = void (*)(Hart&, const Operands&);

template <class Semantics, uint32_t kEffects>
void complete(Hart& hart, const Operands& i) {
  if constexpr (kEffects & kFloat) {
    if (hart.float_off) return enter_illegal(hart);
  }
  SlowBackend backend(hart);
  Semantics::run(backend, i);
}

template <Body kBody>
[[gnu::noinline]] const Slot* slow(const Slot* s, Hart* h, int64_t budget, View*) {
  h->pc = pc_of(s, h);
  h->next_pc = h->pc + s->operands.length;
  h->redirected = false;
  h->clock->set_step(h->run_end - static_cast<uint64_t>(budget));
  const Operands operands = s->operands;  // the instruction may overwrite itself, and so its slot
  kBody(*h, operands);
  --budget;
  if (h->redirected || h->attention->wanted || budget == 0) return leave_at(h->next_pc, h, budget);
  const Slot* const next = s + operands.length / 2;
  VT_GO(next, h, budget, h->memory->data_view);
}

// --- Fast form
// -------------------------------------------------------------------------------------------------------------------

// Near: a branch or jump whose target lies in its own page.
template <class Semantics, Body kBody, uint32_t kEffects, unsigned kLength, bool kNear>
[[gnu::flatten]] const Slot* fast(const Slot* s, Hart* h, int64_t budget, View* view) {
  if constexpr (kEffects & kFloat) {
    if (h->float_off) [[unlikely]]
      VT_TAIL return slow<kBody>(s, h, budget, view);
  }
  FastBackend b(*h, view, pc_of(s, h));
  Semantics::run(b, s->operands);
  if constexpr (kEffects & (kLoad | kStore | kFloat)) {
    if (b.missed) [[unlikely]]
      VT_TAIL return slow<kBody>(s, h, budget, view);
  }
  if constexpr (kEffects & kBranch) {
    if (b.taken) {
      if constexpr (kNear) {
        s = reinterpret_cast<const Slot*>(reinterpret_cast<const char*>(s) +
                                          int64_t{s->operands.imm} * (sizeof(Slot) / 2));
        VT_NEXT(s, h, budget, view);
      } else {
        VT_FAR(pc_of(s, h) + static_cast<uint64_t>(int64_t{s->operands.imm}), h, budget, view);
      }
    }
  }
  if constexpr (kEffects & kJump) {
    if constexpr (kNear) {
      s = reinterpret_cast<const Slot*>(reinterpret_cast<const char*>(s) +
                                        int64_t{s->operands.imm} * (sizeof(Slot) / 2));
      VT_NEXT(s, h, budget, view);
    } else {
      VT_FAR(b.target, h, budget, view);
    }
  } else {
    s += kLength / 2;
    VT_NEXT(s, h, budget, view);
  }
}

// --- Special slots
// -------------------------------------------------------------------------------------------------------------------

// An instruction whose second half lies in the next page: fetched anew each time, since the two pages change
// independently.
const Slot* crossing(const Slot* s, Hart* h, int64_t budget, View*) {
  h->pc = pc_of(s, h);
  h->clock->set_step(h->run_end - static_cast<uint64_t>(budget));
  step_plainly(*h);
  return leave_at(h->pc, h, budget - 1);
}

// An instruction at a place of its page where a debugger has a break point, in this page or another.
const Slot* maybe_stops(const Slot* s, Hart* h, int64_t budget, View* view) {
  const uint64_t pc = pc_of(s, h);
  if (!h->stops->stops_before(pc, h->run_end - static_cast<uint64_t>(budget))) return crossing(s, h, budget, view);
  h->attention->wanted = true;
  return leave_at(pc, h, budget);
}

const Slot* page_end(const Slot*, Hart* h, int64_t budget, View* view) {
  const uint64_t target = h->page_address + core::kPageSize;
  const Slot* const to = enter_page(target, h);
  if (!to) return leave_at(target, h, budget);
  VT_GO(to, h, budget, view);
}

Handler handler_for(const Insn& insn, unsigned offset, const ExtensionSet& available);
bool jumps_near(const Insn& insn, unsigned offset);

[[gnu::noinline]] const Slot* undecoded(const Slot* s, Hart* h, int64_t budget, View* view) {
  CodeCache& cache = *h->decoded;
  DecodedPage& page = *h->page;
  const uint8_t* const bytes = cache.host(page);
  const auto index = static_cast<unsigned>(s - page.slots);
  const unsigned offset = index * 2;
  Slot& slot = page.slots[index];
  uint16_t low = 0, high = 0;
  std::memcpy(&low, bytes + offset, 2);
  const unsigned length = instruction_length(low);
  const bool may_stop = h->stops && h->stops->at_offset(offset);
  if (may_stop || (length == 4 && offset + 4 > core::kPageSize)) {
    cache.mark(page, offset, 2);
    slot.run = may_stop ? maybe_stops : crossing;
    VT_GO(s, h, budget, view);
  }
  if (length == 4) std::memcpy(&high, bytes + offset + 2, 2);
  const Insn insn = decode(low | (static_cast<uint32_t>(high) << 16), h->extensions);
  cache.mark(page, offset, length);
  if (h->code_observer) h->budget = budget, h->code_observer->decoded(*h, cache.address(page) + offset, length);
  cache.prepare(page, index + length / 2);
  if (jumps_near(insn, offset)) cache.prepare(page, static_cast<unsigned>(static_cast<int>(offset) + insn.imm) / 2);
  slot.operands = operands_of(insn);
  if (insn.rd == 0 && (row_of(insn.op).x_registers & kRd)) slot.operands.rd = 32;
  slot.run = handler_for(insn, offset, h->extensions);
  VT_GO(s, h, budget, view);
}

// --- Tables from the rows
// -----------------------------------------------------------------------------------------------------------

// What the threaded code does itself: not system instructions, which are helpers of the handler.
constexpr bool has_fast_form(uint32_t effects) { return !(effects & kHelper) || (effects & kFloat); }

constexpr uint32_t kHasNear = kBranch | kJump;

struct Forms {
  Body body;
  Handler slow;
  Handler fast2, fast4;  // by length; of branches and jumps: into another page
  Handler near2, near4;
};

template <class Semantics, uint32_t kEffects>
constexpr Forms forms() {
  constexpr Body body = complete<Semantics, kEffects>;
  Forms f{body, slow<body>, slow<body>, slow<body>, slow<body>, slow<body>};
  if constexpr (has_fast_form(kEffects)) {
    f.fast2 = f.near2 = fast<Semantics, body, kEffects, 2, false>;
    f.fast4 = f.near4 = fast<Semantics, body, kEffects, 4, false>;
  }
  if constexpr (kEffects & kHasNear) {
    f.near2 = fast<Semantics, body, kEffects, 2, true>;
    f.near4 = fast<Semantics, body, kEffects, 4, true>;
  }
  return f;
}

// The body of each row as a type, so that it can be instantiated for the backends that it is used with, and
// no other.
#define SEMANTICS(name)                                  \
  struct Semantics_##name {                              \
    template <class B>                                   \
    VT_INLINE static void run(B& b, const Operands& i) { \
      sem_##name(b, i);                                  \
    }                                                    \
  };
SEMANTICS(illegal)
#define INSN(name, pattern, format, classes_i, classes_ii, effects, extension, constraint, spec) \
  SEMANTICS(name)
#define INSN_C(name, pattern, format, expands, extension, constraint, spec)
#define INSN_AS(name, pattern, format, expands, extension, constraint, spec)
#include "isa/riscv/instruction_rows.inc"
#undef SEMANTICS

constexpr std::array<Forms, kOpCount> kForms = {
    forms<Semantics_illegal, kHelper>(),
#define INSN(name, pattern, format, classes_i, classes_ii, effects, extension, constraint, spec) \
  forms<Semantics_##name, (effects)>(),
#define INSN_C(name, pattern, format, expands, extension, constraint, spec) Forms{},
#define INSN_AS(name, pattern, format, expands, extension, constraint, spec) Forms{},
#include "isa/riscv/instruction_rows.inc"
};

const Forms& forms_of(Op op) { return kForms[static_cast<size_t>(op)]; }

// A branch or jump, at this offset of its page, to another place of the page.
bool jumps_near(const Insn& insn, unsigned offset) {
  if (!row_of(insn.op).has(kBranch) && insn.op != Op::jal) return false;
  const int64_t target = static_cast<int64_t>(offset) + insn.imm;
  return target >= 0 && target < static_cast<int64_t>(core::kPageSize);
}

// The handler for an instruction at this offset of its page.
Handler handler_for(const Insn& insn, unsigned offset, const ExtensionSet& available) {
  const Forms& f = forms_of(insn.op);
  const Row& row = row_of(insn.op);
  if (row.has(kBranch) || insn.op == Op::jal) {
    if (!available.has(Extension::C) && insn.imm % 4 != 0) return f.slow;  // may trap on a misaligned target
    if (jumps_near(insn, offset)) return insn.length == 2 ? f.near2 : f.near4;
  }
  if (insn.op == Op::jalr && !available.has(Extension::C)) return f.slow;
  return insn.length == 2 ? f.fast2 : f.fast4;
}

}  // namespace

// --- One instruction with nothing cached
// --------------------------------------------------------------------------------------------

void step_plainly(Hart& hart) noexcept {
  hart.next_pc = hart.pc;
  uint16_t low = 0, high = 0;
  core::Fault fault = hart.memory->fetch_halfword({hart.pc}, low);
  if (!fault && instruction_length(low) == 4) fault = hart.memory->fetch_halfword({hart.pc + 2}, high);
  if (fault) {
    enter_access_fault(hart, core::AccessKind::kFetch, fault);
  } else {
    const Insn insn = decode(low | (static_cast<uint32_t>(high) << 16), hart.extensions);
    hart.next_pc = hart.pc + insn.length;
    forms_of(insn.op).body(hart, operands_of(insn));
  }
  hart.pc = hart.next_pc;
}

void execute(Hart& hart, Op op, const Operands& operands) noexcept {
  hart.next_pc = hart.pc + operands.length;
  hart.redirected = false;
  forms_of(op).body(hart, operands);
}

// --- The loop around it
// ----------------------------------------------------------------------------------------------------------------

Interpreter::Interpreter(core::GuestRam& ram, const Options& options)
    : cache_(ram, undecoded, page_end, options.max_pages), caching_(options.caching) {}

// The slot of hart.pc, or nullptr if it cannot be had: the instruction then runs plainly (and may fault
// there).
const Slot* Interpreter::locate(Hart& hart) {
  if (!(hart.extensions == decoded_for_)) {
    cache_.drop_all();
    hart.memory->forget_code();
    decoded_for_ = hart.extensions;
  }
  if (const Slot* s = enter_page(hart.pc, &hart)) return s;
  DecodedPage* page = known_page(hart.pc, &hart);
  if (!page) {
    core::CodePage code;
    if (hart.memory->fetch_page({hart.pc}, code) || !code.cacheable) return nullptr;
    bool full = false;
    page = cache_.page(code.page, full);
    if (full) hart.memory->forget_code();
    hart.memory->keep_code({hart.pc}, page);
  }
  cache_.prepare(*page, static_cast<unsigned>(hart.pc % core::kPageSize / 2));
  return enter_page(hart.pc, &hart);
}

void Interpreter::forget(Hart& hart) noexcept {
  cache_.drop_all();
  hart.memory->forget_code();
}

void Interpreter::run(Hart& hart, uint64_t steps) {
  core::Clock& clock = *hart.clock;
  hart.run_end = clock.step() + steps;
  hart.budget = static_cast<int64_t>(steps);
  hart.decoded = &cache_;
  do {
    clock.set_step(hart.run_end - static_cast<uint64_t>(hart.budget));
    const Slot* s = caching_ ? locate(hart) : nullptr;
    if (!s) {
      if (hart.stops && hart.stops->stops_before(hart.pc, clock.step())) break;
      step_plainly(hart);
      --hart.budget;
      continue;
    }
#if VT_THREADED
    s->run(s, &hart, hart.budget, hart.memory->data_view);
#else
    while (s) s = s->run(s, &hart, hart.budget, hart.memory->data_view);
#endif
  } while (hart.budget > 0 && !hart.attention->wanted);
  clock.set_step(hart.run_end - static_cast<uint64_t>(hart.budget));
}

}  // namespace vitrine::riscv
