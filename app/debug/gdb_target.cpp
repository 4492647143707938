// SPDX-License-Identifier: MIT
// Registers as gdb sees them.
#include "app/debug/gdb_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/riscv/csr.h"
#include "isa/riscv/registers.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "translator/translator.h"
#endif

namespace vitrine::app::gdb {
namespace {

using riscv::CsrRow;
using riscv::Hart;

std::string reg(std::string_view name, unsigned number, std::string_view more = "") {
  return fmt::format("  <reg name=\"{}\" bitsize=\"64\" regnum=\"{}\"{}/>\n", name, number, more);
}

}  // namespace

// Asked of a hart in M mode, with all switched on.
std::vector<unsigned> csrs_of(const Hart& hart) {
  Hart probe;
  probe.config = hart.config;
  probe.extensions = hart.config.extensions;
  probe.csr.mstatus |= riscv::mstatus::kFs;
  probe.float_off = false;
  std::vector<unsigned> all;
  for (const CsrRow& row : riscv::csr_rows())
    for (unsigned i = 0; i < row.count; ++i)
      if (!row.accessible || row.accessible(probe, i)) all.push_back(row.number + i * row.stride);
  return all;
}

namespace {

std::string csr_registers(const Hart& hart) {
  std::string text;
  for (const unsigned csr : csrs_of(hart)) {
    unsigned index = 0;
    const CsrRow* const row = riscv::find_csr(csr, index);
    text += reg(riscv::csr_name(*row, index), kRegCsr + csr, " save-restore=\"no\" group=\"csr\"");
  }
  return text;
}

uint64_t block_of([[maybe_unused]] const Machine& machine, [[maybe_unused]] unsigned index) {
#ifdef VITRINE_HAS_TRANSLATOR
  const Hart& hart = machine.hart(index);
  const mmu::Walk walk = machine.mmu(index).look({hart.pc}, core::AccessKind::kFetch);
  if (machine.translator() == nullptr || walk.fault != core::FaultKind::kNone) return 0;
  const unsigned set = std::min(static_cast<unsigned>(hart.privilege), 2u);
  const uint64_t offset = hart.pc % core::kPageSize;
  return reinterpret_cast<uint64_t>(machine.translator()->block_at({walk.physical.value - offset, hart.pc - offset, set}, hart.pc));
#else
  return 0;
#endif
}

}  // namespace

// osabi none: gdb steps by asking for a step. For Linux it would put break points behind the instruction, and miss each guest trap.
std::string target_description(const Machine& machine) {
  std::string text =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
      "<architecture>riscv:rv64</architecture>\n<osabi>none</osabi>\n<feature name=\"org.gnu.gdb.riscv.cpu\">\n";
  for (unsigned i = 0; i < riscv::kXNames.size(); ++i)
    text += reg(riscv::kXNames[i], i, i == riscv::kRa ? " type=\"code_ptr\"" : i == riscv::kSp ? " type=\"data_ptr\"" : "");
  text += reg("pc", kRegPc, " type=\"code_ptr\"");
  text += "</feature>\n<feature name=\"org.gnu.gdb.riscv.fpu\">\n";
  for (unsigned i = 0; i < riscv::kFNames.size(); ++i) text += reg(riscv::kFNames[i], kRegF + i, " type=\"ieee_double\" group=\"float\"");
  text += "</feature>\n<feature name=\"org.gnu.gdb.riscv.virtual\">\n" + reg("priv", kRegPrivilege, " save-restore=\"no\"");
  text += "</feature>\n<feature name=\"org.gnu.gdb.riscv.csr\">\n" + csr_registers(machine.hart(0));
  text += "</feature>\n<feature name=\"vitrine.machine\">\n";
  text += reg("step", kRegStep, " type=\"uint64\" save-restore=\"no\" group=\"vitrine\"");
  text += reg("space", kRegSpace, " type=\"uint64\" save-restore=\"no\" group=\"vitrine\"");
  text += reg("block", kRegBlock, " type=\"uint64\" save-restore=\"no\" group=\"vitrine\"");
  return text + "</feature>\n</target>\n";
}

// All of the address space, in two halves: gdb does not touch what is in none, and where guest-virtual addresses lead is the
// guest's affair.
std::string memory_map() {
  return "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" \"gdb-memory-map.dtd\">\n"
         "<memory-map>\n"
         "<memory type=\"ram\" start=\"0x0\" length=\"0x8000000000000000\"/>\n"
         "<memory type=\"ram\" start=\"0x8000000000000000\" length=\"0x8000000000000000\"/>\n"
         "</memory-map>\n";
}

std::optional<uint64_t> register_value(const Machine& machine, unsigned index, unsigned number) {
  const Hart& hart = machine.hart(index);
  if (number < kRegPc) return hart.x[number];
  if (number == kRegPc) return hart.pc;
  if (number < kRegPrivilege) return hart.f[number - kRegF];
  if (number == kRegPrivilege) return static_cast<uint64_t>(hart.privilege);
  if (number < kRegStep) return riscv::peek_csr(hart, number - kRegCsr);
  if (number == kRegStep) return machine.clock().step();
  if (number == kRegSpace) return hart.csr.satp;
  if (number == kRegBlock) return block_of(machine, index);
  return std::nullopt;
}

}  // namespace vitrine::app::gdb
