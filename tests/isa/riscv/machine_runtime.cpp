// SPDX-License-Identifier: MIT
// The runtime of programs for a whole machine, as guest code.
#include "tests/isa/riscv/machine_runtime.h"

#include <fmt/format.h>

#include <cstring>

#include "tests/isa/riscv/bench/assembler.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using Label = Assembler::Label;

constexpr uint64_t kDump = kRuntime + 0x6000;    // x, f, then CSRs
constexpr uint64_t kCursor = kRuntime + 0x7000;  // where the next program begins
constexpr uint64_t kHeader = kRuntimeEnd;        // everything, status mask
constexpr uint64_t kFirstProgram = kHeader + 0x10;
constexpr uint64_t kEndOfPrograms = 1;  // an address that no piece has
constexpr uint64_t kFinisher = 0x10'0000;

// Offsets in an area.
constexpr int64_t kLogAt = 32, kLogEnd = 40, kMask = 48, kList = 56, kCrossings = 64;

struct Range {
  uint64_t from, to;
};
// What a program starts with as zeros, and what of it has a checksum.
constexpr Range kCleared[] = {{kCode, kData + 0x8000}, {kTables, kTables + kTablesSize}};
constexpr Range kCodeAndData[] = {{kCode, kMachineArea}, {kData, kInit}}, kAllTables = {kTables, kTables + kTablesSize};

struct DumpedCsr {
  const char* name;
  unsigned number;
};
constexpr DumpedCsr kDumpedCsrs[] = {{"mstatus", csr::mstatus},   {"mie", csr::mie},
                                     {"mip", csr::mip},           {"mideleg", csr::mideleg},
                                     {"medeleg", csr::medeleg},   {"mtvec", csr::mtvec},
                                     {"mepc", csr::mepc},         {"mcause", csr::mcause},
                                     {"mtval", csr::mtval},       {"mscratch", csr::mscratch},
                                     {"stvec", csr::stvec},       {"sepc", csr::sepc},
                                     {"scause", csr::scause},     {"stval", csr::stval},
                                     {"sscratch", csr::sscratch}, {"satp", csr::satp},
                                     {"fcsr", csr::fcsr},         {"pmpcfg0", csr::pmpcfg0},
                                     {"pmpaddr0", csr::pmpaddr0}, {"pmpaddr1", csr::pmpaddr0 + 1}};
constexpr size_t kCsrs = std::size(kDumpedCsrs);

// --- Trap handlers. They are the same for M and S but for the CSRs.
struct Level {
  unsigned status, tvec, scratch, epc, cause, tval, ie;
  uint64_t reads_code;  // status bits that make the code of the interrupted program readable
  uint32_t ret;
};
constexpr Level kMachineLevel{csr::mstatus, csr::mtvec, csr::mscratch, csr::mepc,
                              csr::mcause,  csr::mtval, csr::mie,      status::kMprv | status::kMxr,
                              insn::kMret};
constexpr Level kSupervisorLevel{csr::sstatus, csr::stvec, csr::sscratch, csr::sepc,
                                 csr::scause,  csr::stval, csr::sie,      status::kSum | status::kMxr,
                                 insn::kSret};

// t6 is the area, and what it was is kept there with t3, t4 and t5.
void save(Assembler& a, const Level& level) {
  a.add({insn::csrrw(t6, level.scratch, t6), insn::sd(t3, 0, t6), insn::sd(t4, 8, t6), insn::sd(t5, 16, t6),
         insn::csrrw(t3, level.scratch, t6), insn::sd(t3, 24, t6)});
}
void restore(Assembler& a) {
  a.add({insn::ld(t3, 0, t6), insn::ld(t4, 8, t6), insn::ld(t5, 16, t6), insn::ld(t6, 24, t6)});
}

// kQemuDiffers, "ebreak".
void hide_address_of_breakpoint(Assembler& a, const Level& level) {
  const Label other = a.label();
  a.add({insn::csrr(t4, level.cause), insn::addi(t4, t4, -3)});
  a.branch(insn::bne, t4, zero, other);
  a.add(insn::csrw(level.tval, zero));
  a.bind(other);
}

// kQemuDiffers, "AMO": cause 5 of an atomic other than lr becomes 7.
void correct_cause_of_amo(Assembler& a, const Level& level) {
  const Label readable = a.label(), done = a.label();
  a.add({insn::csrr(t4, level.cause), insn::addi(t4, t4, -5)});
  a.branch(insn::bne, t4, zero, done);
  a.li(t3, level.reads_code);
  a.add({insn::csrr(t5, level.epc), insn::csrrs(t4, level.status, t3), insn::lhu(t3, 0, t5), insn::andi(t3, t3, 0x7f),
         insn::addi(t3, t3, -0x2f)});
  a.branch(insn::bne, t3, zero, readable);
  a.add({insn::lhu(t3, 2, t5), insn::srli(t3, t3, 11), insn::addi(t3, t3, -2)});
  a.branch(insn::beq, t3, zero, readable);
  a.add(insn::csrrsi(0, level.cause, 2));
  a.bind(readable);
  a.add(insn::csrw(level.status, t4));
  a.bind(done);
}

// kQemuDiffers, "misaligned load".
void round_address_of_access_fault(Assembler& a, const Level& level) {
  const Label other = a.label();
  a.add({insn::csrr(t4, level.cause), insn::andi(t3, t4, -3), insn::addi(t3, t3, -5)});
  a.branch(insn::bne, t3, zero, other);
  a.add(insn::csrrci(0, level.tval, 7));
  a.bind(other);
}

// kQemuDiffers, "A and D": counts faults at the first byte of a page.
void count_crossing(Assembler& a, const Level& level) {
  const Label other = a.label();
  a.add(insn::csrr(t4, level.cause));
  a.branch(insn::blt, t4, zero, other);
  a.li(t3, 1 << 5 | 1 << 7 | 1 << 13 | 1 << 15);
  a.add({insn::srl(t3, t3, t4), insn::andi(t3, t3, 1)});
  a.branch(insn::beq, t3, zero, other);
  a.add({insn::csrr(t3, level.tval), insn::slli(t3, t3, 52)});
  a.branch(insn::bne, t3, zero, other);
  a.add({insn::ld(t3, kCrossings, t6), insn::addi(t3, t3, 1), insn::sd(t3, kCrossings, t6)});
  a.bind(other);
}

// Appends an entry, and goes to `full` behind the last.
void log(Assembler& a, const Level& level, Label full) {
  hide_address_of_breakpoint(a, level);
  correct_cause_of_amo(a, level);
  round_address_of_access_fault(a, level);
  count_crossing(a, level);
  a.add({insn::ld(t3, kLogAt, t6), insn::csrr(t4, level.cause), insn::sd(t4, 0, t3), insn::csrr(t4, level.epc),
         insn::sd(t4, 8, t3), insn::csrr(t4, level.tval), insn::sd(t4, 16, t3), insn::csrr(t4, level.status),
         insn::ld(t5, kMask, t6), insn::r_type(0, t5, t4, 7, t4, 0x33), insn::sd(t4, 24, t3),
         insn::addi(t3, t3, kLogEntrySize), insn::sd(t3, kLogAt, t6), insn::ld(t5, kLogEnd, t6)});
  a.branch(insn::bgeu, t3, t5, full);
}

// Where the program goes on: behind the instruction, whose first halfword tells its length.
void step_over(Assembler& a, const Level& level) {
  a.li(t3, level.reads_code);
  a.add({insn::csrr(t5, level.epc), insn::csrrs(t4, level.status, t3), insn::lhu(t3, 0, t5),
         insn::csrw(level.status, t4), insn::andi(t3, t3, 3), insn::addi(t3, t3, -3),
         insn::i_type(1, t3, 3, t3, 0x13),  // seqz
         insn::slli(t3, t3, 1), insn::addi(t3, t3, 2), insn::add(t5, t5, t3), insn::csrw(level.epc, t5)});
}

void mask_interrupt(Assembler& a, const Level& level) {
  a.add({insn::addi(t5, zero, 1), insn::sll(t5, t5, t4), insn::csrrc(0, level.ie, t5)});
}

// In t4 is the cause. An ecall with t5 = kNext or kAbort, or a fetch that faulted, is not stepped over.
void sort_exceptions(Assembler& a, Label ecall, Label fetch) {
  const Label other = a.label();
  a.add(insn::addi(t3, t4, -12));
  a.branch(insn::beq, t3, zero, fetch);
  a.add(insn::addi(t3, zero, 2));
  a.branch(insn::bltu, t4, t3, fetch);
  a.add(insn::addi(t3, zero, 8));
  a.branch(insn::bltu, t4, t3, other);
  a.add(insn::addi(t3, zero, 12));
  a.branch(insn::bltu, t4, t3, ecall);
  a.bind(other);
}

void vectors(Assembler& a, Label handler) {
  for (unsigned i = 0; i < 16; ++i) a.jump(handler);
}

std::vector<uint8_t> machine_handler() {
  Assembler a(kMachineVectors);
  const Label handler = a.label(), interrupt = a.label(), ecall = a.label(), fetch = a.label(), over = a.label(),
              leave = a.label(), dump = a.label(), next = a.label();
  vectors(a, handler);
  a.bind(handler);
  save(a, kMachineLevel);
  log(a, kMachineLevel, dump);
  a.add(insn::csrr(t4, csr::mcause));
  a.branch(insn::blt, t4, zero, interrupt);
  sort_exceptions(a, ecall, fetch);
  a.bind(over);
  step_over(a, kMachineLevel);
  a.bind(leave);
  restore(a);
  a.add(insn::kMret);
  a.bind(interrupt);
  mask_interrupt(a, kMachineLevel);
  a.jump(leave);
  a.bind(fetch);
  a.add(insn::csrw(csr::mepc, ra));
  a.jump(leave);
  a.bind(ecall);
  a.add(insn::ld(t5, 16, t6));
  a.li(t3, kAbort);
  a.branch(insn::beq, t5, t3, dump);
  a.li(t3, kNext);
  a.branch(insn::bne, t5, t3, over);
  a.bind(next);
  a.add({insn::sd(zero, 16, t6), insn::ld(t3, kList, t6), insn::ld(t4, 0, t3), insn::addi(t3, t3, 8),
         insn::sd(t3, kList, t6)});
  a.branch(insn::beq, t4, zero, dump);
  a.add(insn::csrw(csr::mepc, t4));
  a.li(t3, status::kMprv | status::kMpie);
  a.add(insn::csrrc(0, csr::mstatus, t3));
  a.li(t3, status::kMppM);
  a.add(insn::csrrs(0, csr::mstatus, t3));
  a.jump(leave);
  a.bind(dump);
  a.li(t3, kRuntime);
  a.add(insn::jalr(0, 0, t3));
  return a.finish();
}

std::vector<uint8_t> supervisor_handler() {
  Assembler a(kSupervisorVectors);
  const Label handler = a.label(), interrupt = a.label(), ecall = a.label(), fetch = a.label(), over = a.label(),
              leave = a.label(), full = a.label();
  vectors(a, handler);
  a.bind(handler);
  save(a, kSupervisorLevel);
  log(a, kSupervisorLevel, full);
  a.add(insn::csrr(t4, csr::scause));
  a.branch(insn::blt, t4, zero, interrupt);
  sort_exceptions(a, ecall, fetch);
  a.bind(over);
  step_over(a, kSupervisorLevel);
  a.bind(leave);
  restore(a);
  a.add(insn::kSret);
  a.bind(interrupt);
  mask_interrupt(a, kSupervisorLevel);
  a.jump(leave);
  a.bind(fetch);
  a.add(insn::csrw(csr::sepc, ra));
  a.jump(leave);
  a.bind(ecall);  // of U mode; those of S mode are never delegated
  a.add(insn::ld(t5, 16, t6));
  a.li(t3, kNext);
  a.branch(insn::bne, t5, t3, over);
  restore(a);
  a.add(insn::kEcall);
  a.bind(full);
  a.li(t5, kAbort);
  a.add(insn::kEcall);
  return a.finish();
}

// --- The runtime. It begins with the end of a program, where the handler jumps to.
class Runtime {
 public:
  std::vector<uint8_t> code() {
    dump();
    report();
    a_.bind(next_program_);
    clear();
    copy();
    reset_devices();
    reset_csrs();
    fill_areas();
    start();
    routines();
    start_of_all();
    EXPECT_LE(a_.at(), kDump);
    return a_.finish();
  }
  [[nodiscard]] uint64_t entry() const { return a_.address_of(first_); }

 private:
  // A program is over: all registers into kDump. t6 is M's area.
  void dump() {
    a_.li(t5, kDump);
    for (unsigned r = 1; r < t3; ++r) a_.add(insn::sd(r, 8 * r, t5));
    a_.add(insn::sd(zero, 0, t5));
    for (unsigned r = t3; r <= t6; ++r) a_.add({insn::ld(t4, 8 * (r - t3), t6), insn::sd(t4, 8 * r, t5)});
    a_.add({insn::csrr(t4, csr::mstatus), insn::ld(t3, kMask, t6), insn::r_type(0, t3, t4, 7, t4, 0x33),
            insn::sd(t4, 0x200, t5)});
    a_.li(t4, status::kFsDirty);
    a_.add(insn::csrrs(0, csr::mstatus, t4));
    for (size_t i = 1; i < kCsrs; ++i)
      a_.add({insn::csrr(t4, kDumpedCsrs[i].number), insn::sd(t4, 0x200 + 8 * static_cast<int64_t>(i), t5)});
    a_.add(insn::addi(t5, t5, 0x100));
    for (unsigned r = 0; r < 32; ++r) a_.add(insn::fsd(r, 8 * r, t5));
    const Label forever = a_.here();  // the mtvec of whatever goes wrong from here on
    a_.set_csr(csr::mtvec, a_.address_of(forever), t5);
    a_.li(t5, status::kMprv | status::kMxr | status::kMie);
    a_.add({insn::csrrc(0, csr::mstatus, t5), insn::csrw(csr::mie, 0)});
  }

  void report() {
    put_character('P');
    put_checksum({{kDump, kDump + 0x100}});
    put_checksum({{kDump + 0x100, kDump + 0x200}});
    put_checksum({{kDump + 0x200, kDump + 0x200 + 8 * kCsrs}});
    put_checksum({std::begin(kCodeAndData), std::end(kCodeAndData)});
    put_checksum({kAllTables}, ~(pte::A | pte::D));
    put_checksum({kAllTables});
    put_checksum({{kMachineArea + kLogOffset, kMachineArea + kAreaSize}});
    put_checksum({{kSupervisorArea + kLogOffset, kSupervisorArea + kAreaSize}});
    for (const uint64_t area : {kMachineArea, kSupervisorArea}) put_count(area);
    a_.li(t0, kMachineArea);
    a_.li(t1, kSupervisorArea);
    a_.add({insn::ld(a0, kCrossings, t0), insn::ld(t1, kCrossings, t1), insn::add(a0, a0, t1)});
    a_.jump(put_number_, ra);
    put_character('\n');
    const Label brief = a_.label();
    a_.li(t0, kHeader);
    a_.add(insn::ld(t0, 0, t0));
    a_.branch(insn::beq, t0, zero, brief);
    put_all(kDump, kDump + 0x200 + 8 * kCsrs);
    for (const Range& range : kCodeAndData) put_all(range.from, range.to);
    put_all(kAllTables.from, kAllTables.to);
    for (const uint64_t area : {kMachineArea, kSupervisorArea}) put_all(area + kLogOffset, area + kAreaSize);
    put_character('\n');
    a_.bind(brief);
  }

  void put_character(char c) {
    a_.li(a0, static_cast<uint64_t>(c));
    a_.jump(put_, ra);
  }
  void put_checksum(const std::vector<Range>& ranges, uint64_t mask = ~uint64_t{0}) {
    a_.li(a2, 0);
    a_.li(a4, mask);
    for (const Range& range : ranges) {
      a_.li(a0, range.from);
      a_.li(a1, range.to);
      a_.jump(checksum_, ra);
    }
    a_.add(insn::addi(a0, a2, 0));
    a_.jump(put_number_, ra);
  }
  void put_count(uint64_t area) {
    a_.li(t0, area);
    a_.add(insn::ld(a0, kLogAt, t0));
    a_.li(t1, area + kLogOffset);
    a_.add({insn::sub(a0, a0, t1), insn::srli(a0, a0, 5)});
    a_.jump(put_number_, ra);
  }
  void put_all(uint64_t from, uint64_t to) {
    a_.li(s0, from);
    a_.li(s1, to);
    const Label loop = a_.here();
    a_.add(insn::ld(a0, 0, s0));
    a_.jump(put_number_, ra);
    a_.add(insn::addi(s0, s0, 8));
    a_.branch(insn::bltu, s0, s1, loop);
  }

  // What is 0 already is left alone: a store to a page of code or of page tables costs emulators more than a load.
  void clear() {
    for (const Range& range : kCleared) {
      a_.li(t0, range.from);
      a_.li(t1, range.to);
      const Label loop = a_.here(), next = a_.label();
      a_.add({insn::ld(t2, 0, t0), insn::ld(t3, 8, t0), insn::ld(t4, 16, t0), insn::ld(t5, 24, t0)});
      for (const unsigned other : {t3, t4, t5}) a_.add(insn::r_type(0, other, t2, 6, t2, 0x33));  // or
      a_.branch(insn::beq, t2, zero, next);
      for (unsigned i = 0; i < 4; ++i) a_.add(insn::sd(zero, 8 * i, t0));
      a_.bind(next);
      a_.add(insn::addi(t0, t0, 32));
      a_.branch(insn::bltu, t0, t1, loop);
    }
  }

  // Pieces: address, count of doublewords, these. A count of 0 ends a program.
  void copy() {
    const Label piece = a_.label(), loop = a_.label(), done = a_.label();
    a_.li(s0, kCursor);
    a_.add({insn::ld(s1, 0, s0), insn::ld(t0, 0, s1), insn::addi(t1, zero, kEndOfPrograms)});
    a_.branch(insn::beq, t0, t1, finish_);
    a_.bind(piece);
    a_.add({insn::ld(t0, 0, s1), insn::ld(t1, 8, s1), insn::addi(s1, s1, 16)});
    a_.branch(insn::beq, t1, zero, done);
    a_.bind(loop);
    a_.add({insn::ld(t2, 0, s1), insn::sd(t2, 0, t0), insn::addi(s1, s1, 8), insn::addi(t0, t0, 8),
            insn::addi(t1, t1, -1)});
    a_.branch(insn::bne, t1, zero, loop);
    a_.jump(piece);
    a_.bind(done);
    a_.add(insn::sd(s1, 0, s0));
  }

  void reset_devices() {
    a_.li(t0, kUart);
    a_.add({insn::sb(zero, 1, t0), insn::lbu(t1, 2, t0), insn::sb(zero, 7, t0)});  // IER; IIR; SCR
    // The PLIC: source 10 on, for nobody; claims until there are none.
    a_.li(t0, kPlic);
    a_.add({insn::addi(t1, zero, 1), insn::sw(t1, 40, t0)});
    for (const uint64_t context : {0, 1}) {
      a_.li(t1, kPlic + 0x2000 + 0x80 * context);
      a_.li(t2, kPlic + 0x20'0000 + 0x1000 * context);
      a_.li(t3, 1 << 10);
      a_.add({insn::sw(t3, 0, t1), insn::sw(zero, 0, t2)});
      const Label loop = a_.here();
      a_.add({insn::lw(t4, 4, t2), insn::sw(t4, 4, t2)});
      a_.branch(insn::bne, t4, zero, loop);
      a_.add(insn::sw(zero, 0, t1));
    }
    a_.li(t0, kClint);
    a_.add(insn::sw(zero, 0, t0));
    a_.li(t0, kClint + 0x4000);
    a_.add({insn::addi(t1, zero, -1), insn::sd(t1, 0, t0)});
  }

  void reset_csrs() {
    for (const unsigned zeroed :
         {csr::mstatus, csr::mie, csr::medeleg, csr::mideleg, csr::satp, csr::mcounteren, csr::scounteren, csr::senvcfg,
          csr::mepc, csr::mcause, csr::mtval, csr::sepc, csr::scause, csr::stval, csr::pmpcfg0})
      a_.set_csr(zeroed, 0, t0);
    for (unsigned i = 0; i < 8; ++i) a_.set_csr(csr::pmpaddr0 + i, 0, t0);
    // The last entry of PMP lets U and S do everything.
    a_.set_csr(csr::pmpaddr0 + 15, (uint64_t{1} << 54) - 1, t0);
    a_.set_csr(csr::pmpcfg2, uint64_t{0x1f} << 56, t0);
    // Sstc on; ADUE, which QEMU 7.2 does not have and acts as if it were 1.
    a_.set_csr(csr::menvcfg, uint64_t{1} << 63 | uint64_t{1} << 61, t0);
    a_.set_csr(csr::stimecmp, ~uint64_t{0}, t0);
    a_.set_csr(csr::mip, 0, t0);
    a_.set_csr(csr::mtvec, kMachineVectors, t0);
    a_.set_csr(csr::stvec, kSupervisorVectors, t0);
    a_.set_csr(csr::mscratch, kMachineArea, t0);
    a_.set_csr(csr::sscratch, kSupervisorArea, t0);
    a_.set_csr(csr::mstatus, status::kFsInitial, t0);
    a_.set_csr(csr::fcsr, 0, t0);
  }

  void fill_areas() {
    a_.li(t2, kHeader);
    a_.add(insn::ld(t2, 8, t2));
    for (const uint64_t area : {kMachineArea, kSupervisorArea}) {
      a_.li(t0, area);
      a_.li(t1, area + kLogOffset);
      a_.add(insn::sd(t1, kLogAt, t0));
      a_.li(t1, area + kAreaSize - kLogEntrySize);
      a_.add({insn::sd(t1, kLogEnd, t0), insn::sd(t2, kMask, t0)});
    }
    a_.li(t0, kMachineArea);
    a_.li(t1, kInitList);
    a_.add(insn::sd(t1, kList, t0));
  }

  void start() {
    a_.li(t6, kInit);
    a_.add({insn::sfence_vma(0, 0), insn::kFenceI, insn::sc_w(t0, t0, t6)});  // no reservation is left
    a_.add(insn::addi(t5, t6, 0x100));
    for (unsigned r = 0; r < 32; ++r) a_.add(insn::fld(r, 8 * r, t5));
    a_.add(insn::csrw(csr::fcsr, 0));
    a_.li(t0, kCode);
    a_.add(insn::csrw(csr::mepc, t0));
    a_.li(t0, status::kMppM);
    a_.add(insn::csrrs(0, csr::mstatus, t0));
    for (unsigned r = 1; r <= 31; ++r) a_.add(insn::ld(r, 8 * r, t6));
    a_.add(insn::kMret);
  }

  void routines() {
    // a0 to the serial port; t0 and t1 are lost.
    a_.bind(put_);
    a_.li(t0, kUart);
    const Label wait = a_.here();
    a_.add({insn::lbu(t1, 5, t0), insn::andi(t1, t1, 0x20)});
    a_.branch(insn::beq, t1, zero, wait);
    a_.add({insn::sb(a0, 0, t0), insn::jalr(0, 0, ra)});
    // A space and a0 as 16 digits.
    a_.bind(put_number_);
    a_.add({insn::addi(s4, ra, 0), insn::addi(s2, a0, 0), insn::addi(s3, zero, 60), insn::addi(a0, zero, ' ')});
    a_.jump(put_, ra);
    const Label digit = a_.here(), letter = a_.label(), put = a_.label();
    a_.add({insn::srl(a0, s2, s3), insn::andi(a0, a0, 15), insn::addi(t0, zero, 10)});
    a_.branch(insn::bgeu, a0, t0, letter);
    a_.add(insn::addi(a0, a0, '0'));
    a_.jump(put);
    a_.bind(letter);
    a_.add(insn::addi(a0, a0, 'a' - 10));
    a_.bind(put);
    a_.jump(put_, ra);
    a_.add(insn::addi(s3, s3, -4));
    a_.branch(insn::bge, s3, zero, digit);
    a_.add(insn::jalr(0, 0, s4));
    // a2 = a2 * constant + (doubleword & a4), for all from a0 to a1.
    a_.bind(checksum_);
    a_.li(a3, 0x9e37'79b9'7f4a'7c15);
    const Label loop = a_.here();
    for (unsigned i = 0; i < 4; ++i)
      a_.add({insn::ld(t0, 8 * i, a0), insn::muldiv(0, a2, a2, a3), insn::r_type(0, a4, t0, 7, t0, 0x33),
              insn::add(a2, a2, t0)});
    a_.add(insn::addi(a0, a0, 32));
    a_.branch(insn::bltu, a0, a1, loop);
    a_.add(insn::jalr(0, 0, ra));
    // Behind the last program.
    const Label stay = a_.here();
    a_.add(insn::kSelf);
    a_.bind(finish_);
    a_.set_csr(csr::mtvec, a_.address_of(stay), t0);
    put_character('E');
    put_character('\n');
    a_.li(t0, kFinisher);
    a_.li(t1, 0x5555);
    a_.add(insn::sw(t1, 0, t0));  // machines without a finisher fault
    a_.add(insn::kSelf);
  }

  void start_of_all() {
    a_.bind(first_);
    a_.li(t0, kCursor);
    a_.li(t1, kFirstProgram);
    a_.add(insn::sd(t1, 0, t0));
    a_.jump(next_program_);
  }

  Assembler a_{kRuntime};
  Label put_ = a_.label(), put_number_ = a_.label(), checksum_ = a_.label(), finish_ = a_.label(),
        next_program_ = a_.label(), first_ = a_.label();
};

void put64(std::vector<uint8_t>& bytes, uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// Pieces next to each other become one, and all begin and end at multiples of 8: what is between them is 0 anyway.
std::vector<TestProgram::Piece> in_doublewords(const TestProgram& program) {
  std::vector<TestProgram::Piece> all;
  for (const TestProgram::Piece& piece : program.memory) {
    const uint64_t end = all.empty() ? 0 : all.back().at + all.back().bytes.size();
    if (piece.at < end || piece.at >= end + 64) all.push_back({piece.at & ~uint64_t{7}, {}});
    all.back().bytes.resize(piece.at - all.back().at);
    all.back().bytes.insert(all.back().bytes.end(), piece.bytes.begin(), piece.bytes.end());
  }
  for (TestProgram::Piece& piece : all) piece.bytes.resize((piece.bytes.size() + 7) & ~size_t{7});
  return all;
}

void put_program(std::vector<uint8_t>& bytes, const TestProgram& program) {
  for (const TestProgram::Piece& piece : in_doublewords(program)) {
    put64(bytes, piece.at);
    put64(bytes, piece.bytes.size() / 8);
    bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
  }
  put64(bytes, 0);
  put64(bytes, 0);
}

}  // namespace

std::vector<uint8_t> MachineImage::bytes() const {
  static const std::vector<uint8_t> fixed = [] {
    std::vector<uint8_t> memory(kHeader - kRam);
    const auto place = [&](uint64_t at, const std::vector<uint8_t>& code) {
      std::memcpy(&memory[at - kRam], code.data(), code.size());
    };
    Runtime runtime;
    place(kRuntime, runtime.code());
    place(kMachineVectors, machine_handler());
    place(kSupervisorVectors, supervisor_handler());
    Assembler reset(kRam);
    const Label first = reset.label(), other = reset.label();
    reset.add(insn::csrr(t0, csr::mhartid));
    reset.branch(insn::beq, t0, zero, first);
    reset.bind(other);  // the second hart, with its interrupts masked
    reset.add(insn::kWfi);
    reset.jump(other);
    reset.bind(first);
    reset.li(t0, runtime.entry());
    reset.add(insn::jalr(0, 0, t0));
    place(kRam, reset.finish());
    return memory;
  }();
  std::vector<uint8_t> all = fixed;
  put64(all, everything);
  put64(all, status_mask);
  for (const TestProgram& program : programs) put_program(all, program);
  put64(all, kEndOfPrograms);
  return all;
}

bool same_result(const std::string& ours, const std::string& qemus) {
  constexpr size_t kTablesAt = 6, kCrossingsAt = 11, kWidth = 17;  // numbers; the first word is the P
  const auto without_tables = [](std::string line) { return line.erase(kTablesAt * kWidth - 15, kWidth); };
  if (ours == qemus) return true;
  const bool crossed =
      ours.size() == 1 + kCrossingsAt * kWidth && ours.substr(ours.size() - 16) != std::string(16, '0');
  return crossed && ours.size() == qemus.size() && without_tables(ours) == without_tables(qemus);
}

std::vector<Field> fields_of(const std::vector<uint64_t>& numbers) {
  std::vector<std::string> names;
  for (unsigned r = 0; r < 32; ++r) names.push_back(fmt::format("x{}", r));
  for (unsigned r = 0; r < 32; ++r) names.push_back(fmt::format("f{}", r));
  for (const DumpedCsr& one : kDumpedCsrs) names.emplace_back(one.name);
  for (const Range& range : {kCodeAndData[0], kCodeAndData[1], kAllTables})
    for (uint64_t at = range.from; at < range.to; at += 8) names.push_back(fmt::format("memory at {:#x}", at));
  for (const char* level : {"M", "S"})
    for (uint64_t i = 0; i < (kAreaSize - kLogOffset) / kLogEntrySize; ++i)
      for (const char* what : {"cause", "epc", "tval", "status"})
        names.push_back(fmt::format("guest trap {} in {}: {}", i, level, what));
  std::vector<Field> fields;
  for (size_t i = 0; i < std::min(names.size(), numbers.size()); ++i) fields.push_back({names[i], numbers[i]});
  return fields;
}

}  // namespace vitrine::bench
