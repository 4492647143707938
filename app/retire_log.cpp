// SPDX-License-Identifier: MIT
// An instruction before and after: what it names and what came of it.
#include "app/retire_log.h"

#include <fmt/format.h>

#include "isa/riscv/csr.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/handler.h"

namespace vitrine::app {
namespace {

using riscv::Format;
using riscv::Hart;
using riscv::Insn;
using riscv::Op;
using riscv::Row;

constexpr unsigned kFflags = 0x001, kFrm = 0x002, kFcsr = 0x003, kSstatus = 0x100, kSie = 0x104, kSip = 0x144,
                   kMstatus = 0x300;

struct Before {
  explicit Before(const Hart& hart)
      : pc(hart.pc),
        privilege(hart.privilege),
        traps(hart.traps),
        dirty((hart.csr.mstatus & riscv::mstatus::kFs) == riscv::mstatus::kFs),
        reserved(hart.reservation.valid) {
    insn = riscv::decode(hart.memory->peek_instruction({pc}), hart.extensions);
    rs1 = hart.x[insn.rs1];
    const bool from_f = riscv::row_of(insn.op).f_registers & riscv::kRs2;
    rs2 = from_f ? hart.f[insn.rs2] : hart.x[insn.rs2];
  }
  uint64_t pc;
  riscv::Privilege privilege;
  uint64_t traps;
  bool dirty;  // the floating-point state, as FS has it
  bool reserved;
  Insn insn;
  uint64_t rs1, rs2;
};

// The CSR that an instruction writes, or nothing: csrrs and csrrc of x0 or 0 only read (Zicsr).
std::optional<unsigned> csr_written(const Insn& insn) {
  const Format format = riscv::row_of(insn.op).format;
  if (format != Format::Csr && format != Format::CsrImm) return std::nullopt;
  const bool always = insn.op == Op::csrrw || insn.op == Op::csrrwi;
  if (!always && insn.rs1 == 0) return std::nullopt;
  return static_cast<unsigned>(insn.imm);
}

bool raises_flags(const Insn& insn) { return riscv::row_of(insn.op).f_registers != 0; }

class RetireLog final : public riscv::Engine {
 public:
  RetireLog(riscv::Engine& engine, LogFile& file, MemoryLook look)
      : engine_(engine), file_(file), look_(std::move(look)) {}

  void run(Hart& hart, uint64_t steps) override {
    do {
      const Before before(hart);
      const auto accrued = hart.csr.fflags;
      if (raises_flags(before.insn)) hart.csr.fflags = {};  // so that what it raises is seen, accrued already or not
      engine_.run(hart, 1);
      const auto raised = raises_flags(before.insn) ? hart.csr.fflags : riscv::softfloat::Flags{};
      if (raises_flags(before.insn)) hart.csr.fflags |= accrued;
      if (hart.traps == before.traps) file_.write(line(hart, before, raised));
    } while (--steps != 0 && !hart.attention->wanted);
  }

 private:
  [[nodiscard]] std::string line(const Hart& hart, const Before& before, bool raised) const;
  void add_csrs(std::string& text, const Hart& hart, const Before& before, bool raised) const;
  void add_memory(std::string& text, const Hart& hart, const Before& before) const;

  riscv::Engine& engine_;
  LogFile& file_;
  MemoryLook look_;
};

std::string RetireLog::line(const Hart& hart, const Before& before, bool raised) const {
  const Insn& insn = before.insn;
  const Row& row = riscv::row_of(insn.op);
  std::string text =
      fmt::format("core{:>4}: {} {:#018x} ({:#0{}x})", hart.id, static_cast<unsigned>(before.privilege),
                  before.pc, insn.bits, 2 + 2 * insn.length);
  if (row.x_registers & riscv::kRd && insn.rd != 0)
    text += fmt::format(" x{:<2} {:#018x}", insn.rd, hart.x[insn.rd]);
  if (row.f_registers & riscv::kRd) text += fmt::format(" f{:<2} {:#018x}", insn.rd, hart.f[insn.rd]);
  add_csrs(text, hart, before, raised);
  add_memory(text, hart, before);
  return text + '\n';
}

void RetireLog::add_csrs(std::string& text, const Hart& hart, const Before& before, bool raised) const {
  const auto add = [&](unsigned number) {
    unsigned index = 0;
    const riscv::CsrRow* const row = riscv::find_csr(number, index);
    if (row)
      text += fmt::format(" c{}_{} {:#018x}", number, riscv::csr_name(*row, index), row->read(hart, index));
  };
  const Insn& insn = before.insn;
  const Row& row = riscv::row_of(insn.op);
  const auto add_dirty = [&] {
    if (!before.dirty) add(kMstatus);
  };
  if (const auto number = csr_written(insn)) {
    const bool view = *number == kSstatus || *number == kSie || *number == kSip;
    if (*number == kFcsr) return add(kFflags), add(kFrm), add_dirty();
    if (*number == kSie) add(kSie);  // this view is told of beside its register
    add(view ? *number | 0x200 : *number);
    if (*number == kFflags || *number == kFrm) add_dirty();
    return;
  }
  if (raised) add(kFflags);
  if (insn.op == Op::mret || insn.op == Op::sret) add(kMstatus);
  if (raised || row.f_registers & riscv::kRd) add_dirty();
}

void RetireLog::add_memory(std::string& text, const Hart& hart, const Before& before) const {
  const Insn& insn = before.insn;
  const Row& row = riscv::row_of(insn.op);
  const bool atomic = row.has(riscv::kAmo);
  if (insn.op == Op::cbo_zero)  // a byte at a time, as Spike does it
    for (uint64_t i = 0; i < riscv::kCacheBlock; ++i)
      text += fmt::format(" mem {:#018x} 0x00", (before.rs1 & ~uint64_t{riscv::kCacheBlock - 1}) + i);
  const bool loads = row.has(riscv::kLoad), stores = row.has(riscv::kStore);
  if ((!loads && !stores) || row.format == Format::CacheBlock || row.format == Format::Prefetch) return;
  const unsigned width = 1u << (row.match >> 12 & 3);  // funct3 of loads, stores and atomics alike
  const uint64_t address = before.rs1 + (atomic ? 0 : static_cast<uint64_t>(int64_t{insn.imm}));
  const bool conditional = atomic && !loads;
  if (loads) text += fmt::format(" mem {:#018x}", address);
  if (!stores) return;
  uint64_t value = before.rs2;
  if (conditional && (insn.rd != 0 ? hart.x[insn.rd] != 0 : !before.reserved)) return;
  if (atomic && !conditional) value = look_(hart, address, width).value_or(0);
  if (width < 8) value &= (uint64_t{1} << (8 * width)) - 1;
  text += fmt::format(" mem {:#018x} {:#0{}x}", address, value, 2 + 2 * width);
}

}  // namespace

std::unique_ptr<riscv::Engine> make_retire_log(riscv::Engine& engine, LogFile& file, MemoryLook look) {
  return std::make_unique<RetireLog>(engine, file, std::move(look));
}

}  // namespace vitrine::app
