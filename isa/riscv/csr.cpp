// SPDX-License-Identifier: MIT
// The CSR rows with their legalisation, and Zicsr. What is WARL keeps its old value or takes the nearest
// legal one; each choice is said where it is made. A number that has no row traps, with the instruction in
// xtval: OpenSBI and Linux probe that way for pmpaddr16, mhpmcounter19, mstateen0 and the rest of what this
// hart does not have.
#include "isa/riscv/csr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "isa/riscv/counters.h"
#include "isa/riscv/csr_words.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/plain_csr.h"

namespace vitrine::riscv {
namespace {

using mstatus::kFs, mstatus::kMpp, mstatus::kMxr, mstatus::kSd, mstatus::kSum, mstatus::kUxl;

constexpr uint64_t bit(unsigned n) { return uint64_t{1} << n; }
void assign(uint64_t& to, uint64_t value, uint64_t mask) { to = (to & ~mask) | (value & mask); }

// --- Interrupt bits
// ------------------------------------------------------------------------------------------------------
constexpr uint64_t kSupervisorBits = bit(irq::kSsi) | bit(irq::kSti) | bit(irq::kSei);
constexpr uint64_t kMachineBits = bit(irq::kMsi) | bit(irq::kMti) | bit(irq::kMei);
// All but ecall from M (11), which M itself always takes, and the reserved ones (table 3.6).
constexpr uint64_t kDelegable = 0xffff & ~(bit(10) | bit(11) | bit(14));

// LCOFI exists with the counters that raise it.
uint64_t supervisor_bits(const Hart& hart) {
  return kSupervisorBits | (hart.config.sscofpmf ? bit(irq::kLcof) : 0);
}

void may_interrupt(Hart& hart) {
  if (interrupt_to_take(hart) >= 0) hart.attention->wanted = true;
}

// --- mstatus and its view, sstatus
// ---------------------------------------------------------------------------------------
using mstatus::kSstatusReadable, mstatus::kSstatusWritable;
constexpr uint64_t kMstatusWritable = kSstatusWritable | mstatus::kMie | mstatus::kMpie | kMpp |
                                      mstatus::kMprv | mstatus::kTvm | mstatus::kTw | mstatus::kTsr;

// SD says that FS (or VS, XS) is Dirty.
uint64_t with_sd(uint64_t value) { return (value & kFs) == kFs ? value | kSd : value & ~kSd; }

void write_mstatus_bits(Hart& hart, uint64_t value, uint64_t mask) {
  if (((value & kMpp) >> mstatus::kMppShift) == 2) mask &= ~kMpp;  // MPP = 2 is no mode: MPP keeps its value
  if (!hart.extensions.has(Extension::F)) mask &= ~kFs;
  assign(hart.csr.mstatus, value, mask);
  context_changed(hart);
  may_interrupt(hart);
}

uint64_t read_mstatus(const Hart& h, unsigned) { return with_sd(h.csr.mstatus); }
void write_mstatus(Hart& h, unsigned, uint64_t v) { write_mstatus_bits(h, v, kMstatusWritable); }
uint64_t read_sstatus(const Hart& h, unsigned) { return with_sd(h.csr.mstatus & kSstatusReadable); }
void write_sstatus(Hart& h, unsigned, uint64_t v) { write_mstatus_bits(h, v, kSstatusWritable); }

// misa: only C can be switched, and not off while the next instruction is only 2-aligned (3.1.1).
uint64_t read_misa(const Hart& h, unsigned) { return h.csr.misa; }
void write_misa(Hart& h, unsigned, uint64_t v) {
  constexpr uint64_t kC = bit('C' - 'A');
  if (!h.config.extensions.has(Extension::C)) return;
  if (!(v & kC) && (h.pc + 4) % 4 != 0) return;
  assign(h.csr.misa, v, kC);
  if (v & kC)
    h.extensions.set(Extension::C);
  else
    h.extensions.clear(Extension::C);
  h.redirected = true;  // decoded pages are per set of extensions: look again
}

// --- Interrupt enables and pending bits
// ----------------------------------------------------------------------------------
uint64_t read_mie(const Hart& h, unsigned) { return h.csr.mie; }
void write_mie(Hart& h, unsigned, uint64_t v) {
  assign(h.csr.mie, v, supervisor_bits(h) | kMachineBits);
  may_interrupt(h);
}
uint64_t read_sie(const Hart& h, unsigned) { return h.csr.mie & h.csr.mideleg; }
void write_sie(Hart& h, unsigned, uint64_t v) {
  assign(h.csr.mie, v, h.csr.mideleg);
  may_interrupt(h);
}
uint64_t read_mip(const Hart& h, unsigned) { return pending_interrupts(h); }
// MSIP, MTIP and MEIP are wires; STIP is one while stimecmp drives it (Sstc).
void write_mip(Hart& h, unsigned, uint64_t v) {
  const bool sstc = h.csr.menvcfg & envcfg::kStce;
  assign(h.csr.mip_software, v, supervisor_bits(h) & ~(sstc ? bit(irq::kSti) : 0));
  may_interrupt(h);
}
uint64_t read_sip(const Hart& h, unsigned) { return pending_interrupts(h) & h.csr.mideleg; }
void write_sip(Hart& h, unsigned, uint64_t v) {
  assign(h.csr.mip_software, v, h.csr.mideleg & (bit(irq::kSsi) | bit(irq::kLcof)));
  may_interrupt(h);
}
uint64_t read_medeleg(const Hart& h, unsigned) { return h.csr.medeleg; }
void write_medeleg(Hart& h, unsigned, uint64_t v) { h.csr.medeleg = v & kDelegable; }
uint64_t read_mideleg(const Hart& h, unsigned) { return h.csr.mideleg; }
void write_mideleg(Hart& h, unsigned, uint64_t v) {
  h.csr.mideleg = v & supervisor_bits(h);
  may_interrupt(h);
}

// --- Trap registers of M and S
// -------------------------------------------------------------------------------------------
template <TrapCsrs Csrs::*kLevel>
struct Trap {
  static uint64_t read_tvec(const Hart& h, unsigned) { return (h.csr.*kLevel).tvec; }
  // Modes 2 and 3 are reserved: the write is ignored.
  static void write_tvec(Hart& h, unsigned, uint64_t v) {
    if ((v & 3) < 2) (h.csr.*kLevel).tvec = v;
  }
  static uint64_t read_epc(const Hart& h, unsigned) {
    return (h.csr.*kLevel).epc & ~uint64_t{h.extensions.has(Extension::C) ? 1u : 3u};
  }
  static void write_epc(Hart& h, unsigned, uint64_t v) { (h.csr.*kLevel).epc = v & ~uint64_t{1}; }
  static uint64_t read_cause(const Hart& h, unsigned) { return (h.csr.*kLevel).cause; }
  static void write_cause(Hart& h, unsigned, uint64_t v) { (h.csr.*kLevel).cause = v; }
  static uint64_t read_tval(const Hart& h, unsigned) { return (h.csr.*kLevel).tval; }
  static void write_tval(Hart& h, unsigned, uint64_t v) { (h.csr.*kLevel).tval = v; }
  static uint64_t read_scratch(const Hart& h, unsigned) { return (h.csr.*kLevel).scratch; }
  static void write_scratch(Hart& h, unsigned, uint64_t v) { (h.csr.*kLevel).scratch = v; }
};
using M = Trap<&Csrs::m>;
using S = Trap<&Csrs::s>;

// --- Address translation
// -------------------------------------------------------------------------------------------------
uint64_t read_satp(const Hart& h, unsigned) { return h.csr.satp; }
// "If satp is written with an unsupported MODE, the entire write has no effect" (10.1.11).
void write_satp(Hart& h, unsigned, uint64_t v) {
  const uint64_t mode = v >> 60;
  if (mode != 0 && (mode < 8 || mode > 5u + h.config.max_levels)) return;
  h.csr.satp = v;
  context_changed(h);
}
bool satp_accessible(const Hart& h, unsigned) {
  return !(h.privilege == Privilege::kSupervisor && (h.csr.mstatus & mstatus::kTvm));
}

// --- Environment configuration
// -------------------------------------------------------------------------------------------
constexpr uint64_t kEnvcfgCommon = envcfg::kFiom | envcfg::kCbcfe | envcfg::kCbze;

// CBIE = 2 is reserved: the field keeps its value.
uint64_t cbie_mask(uint64_t v) { return ((v & envcfg::kCbie) >> 4) == 2 ? 0 : envcfg::kCbie; }
uint64_t read_menvcfg(const Hart& h, unsigned) { return h.csr.menvcfg; }
void write_menvcfg(Hart& h, unsigned, uint64_t v) {
  uint64_t mask = kEnvcfgCommon | cbie_mask(v);
  if (!h.config.svade) mask |= envcfg::kAdue;
  if (h.config.svpbmt) mask |= envcfg::kPbmte;
  if (h.config.sstc) mask |= envcfg::kStce;
  assign(h.csr.menvcfg, v, mask);
  // With STCE, STIP is the comparison and nothing else: what software had set is gone.
  if (h.csr.menvcfg & envcfg::kStce) h.csr.mip_software &= ~bit(irq::kSti);
  context_changed(h);
  update_stimecmp(h);
}
uint64_t read_senvcfg(const Hart& h, unsigned) { return h.csr.senvcfg; }
void write_senvcfg(Hart& h, unsigned, uint64_t v) { assign(h.csr.senvcfg, v, kEnvcfgCommon | cbie_mask(v)); }

// --- Counters (counters.h)
// -----------------------------------------------------------------------------------------------
constexpr uint32_t kCounterBits = ((1u << (kHpmCounters + 3)) - 1);  // CY TM IR and hpm3..18

template <unsigned kFirst>
struct Count {
  static uint64_t read(const Hart& h, unsigned i) { return read_counter(h, kFirst + i); }
  static void write(Hart& h, unsigned i, uint64_t v) { write_counter(h, kFirst + i, v); }
};
uint64_t read_inhibit(const Hart& h, unsigned) { return h.csr.mcountinhibit; }
void write_inhibit(Hart& h, unsigned, uint64_t v) { write_counter_inhibit(h, v); }
uint64_t read_hpm_event(const Hart& h, unsigned i) { return h.csr.hpm_event[i]; }
void write_hpm_event(Hart& h, unsigned i, uint64_t v) { write_counter_event(h, 3 + i, v); }
// "Bits of scountovf are readable if the corresponding bit of mcounteren is set" (Sscofpmf 2.1), in M always.
uint64_t read_scountovf(const Hart& h, unsigned) {
  const uint64_t visible = h.privilege == Privilege::kMachine ? ~uint64_t{0} : h.csr.mcounteren;
  return counter_overflows(h) & visible;
}
bool sscofpmf_present(const Hart& h, unsigned) { return h.config.sscofpmf; }

uint64_t read_time(const Hart& h, unsigned) { return h.time(); }
uint64_t read_mcounteren(const Hart& h, unsigned) { return h.csr.mcounteren; }
void write_mcounteren(Hart& h, unsigned, uint64_t v) {
  h.csr.mcounteren = static_cast<uint32_t>(v) & kCounterBits;
}
uint64_t read_scounteren(const Hart& h, unsigned) { return h.csr.scounteren; }
void write_scounteren(Hart& h, unsigned, uint64_t v) {
  h.csr.scounteren = static_cast<uint32_t>(v) & kCounterBits;
}

// Lower modes see a counter if each mode above lets them (3.1.11, 10.1.5).
template <unsigned kFirst>
bool counter_accessible(const Hart& h, unsigned index) {
  const unsigned n = kFirst + index;
  if (h.privilege != Privilege::kMachine && !((h.csr.mcounteren >> n) & 1)) return false;
  return h.privilege != Privilege::kUser || ((h.csr.scounteren >> n) & 1);
}

// --- Sstc
// ----------------------------------------------------------------------------------------------------------------
uint64_t read_stimecmp(const Hart& h, unsigned) { return h.csr.stimecmp; }
void write_stimecmp(Hart& h, unsigned, uint64_t v) {
  h.csr.stimecmp = v;
  update_stimecmp(h);
}
// "stimecmp: illegal instruction unless menvcfg.STCE and mcounteren.TM are set, in modes less than M"
// (Sstc 2.2).
bool stimecmp_accessible(const Hart& h, unsigned) {
  if (!h.config.sstc) return false;
  return h.privilege == Privilege::kMachine || ((h.csr.menvcfg & envcfg::kStce) && (h.csr.mcounteren & 2));
}

// --- Physical memory protection (3.7)
// --------------------------------------------------------------------------------------
constexpr uint8_t kPmpLock = 0x80, kPmpWritable = 0x9f, kPmpTor = 1 << 3, kPmpModes = 3 << 3;

bool pmp_present(const Hart& h, unsigned) { return h.config.pmp; }
// pmpcfg0 and pmpcfg2: eight bytes each. `index` counts registers, which are even-numbered on RV64.
uint64_t read_pmpcfg(const Hart& h, unsigned index) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= uint64_t{h.csr.pmpcfg[index * 8 + i]} << (8 * i);
  return value;
}
void write_pmpcfg(Hart& h, unsigned index, uint64_t v) {
  for (unsigned i = 0; i < 8; ++i) {
    uint8_t& config = h.csr.pmpcfg[index * 8 + i];
    if (config & kPmpLock) continue;
    uint8_t wanted = static_cast<uint8_t>(v >> (8 * i)) & kPmpWritable;
    if ((wanted & 3) == 2) wanted &= ~uint8_t{3};  // W without R is reserved: neither
    config = wanted;
  }
  protection_changed(h);
}
uint64_t read_pmpaddr(const Hart& h, unsigned i) { return h.csr.pmpaddr[i]; }
// A locked entry's address is locked, and so is the one below a locked TOR entry (3.7.1).
void write_pmpaddr(Hart& h, unsigned i, uint64_t v) {
  if (h.csr.pmpcfg[i] & kPmpLock) return;
  if (i + 1 < kPmpCsrs && (h.csr.pmpcfg[i + 1] & kPmpLock) && (h.csr.pmpcfg[i + 1] & kPmpModes) == kPmpTor)
    return;
  h.csr.pmpaddr[i] = v & ((uint64_t{1} << 54) - 1);
  protection_changed(h);
}

// --- Floating point (20.2)
// -------------------------------------------------------------------------------------------------
bool float_accessible(const Hart& h, unsigned) { return !h.float_off && h.extensions.has(Extension::F); }
void dirty(Hart& h) { h.csr.mstatus |= kFs; }
uint64_t read_fflags(const Hart& h, unsigned) { return h.csr.fflags; }
void write_fflags(Hart& h, unsigned, uint64_t v) {
  h.csr.fflags = v & 0x1f;
  dirty(h);
}
uint64_t read_frm(const Hart& h, unsigned) { return h.csr.frm; }
void write_frm(Hart& h, unsigned, uint64_t v) {
  h.csr.frm = v & 7;
  dirty(h);
}
uint64_t read_fcsr(const Hart& h, unsigned) { return h.csr.fflags | (h.csr.frm << 5); }
void write_fcsr(Hart& h, unsigned, uint64_t v) {
  h.csr.fflags = v & 0x1f;
  h.csr.frm = (v >> 5) & 7;
  dirty(h);
}

// --- Identification
// ----------------------------------------------------------------------------------------------------------
uint64_t read_mvendorid(const Hart& h, unsigned) { return h.config.mvendorid; }
uint64_t read_marchid(const Hart& h, unsigned) { return h.config.marchid; }
uint64_t read_mimpid(const Hart& h, unsigned) { return h.config.mimpid; }
uint64_t read_mhartid(const Hart& h, unsigned) { return h.id; }
uint64_t read_zero(const Hart&, unsigned) { return 0; }

// --- Triggers (Sdtrig 5.7)
// ----------------------------------------------------------------------------------------------------- There
// are none, and this is how a hart says so: tselect holds 0 only, and tdata1 of it has type 0, "no trigger";
// tdata2 and tdata3 of such a trigger hold nothing.
void ignore_write(Hart&, unsigned, uint64_t) {}

// clang-format off
constexpr std::array kCsrRows = {
    //      number count stride name         read             write             accessible                 spec            reads       writes      what
    CsrRow{0x001,  1,  1, "fflags",        read_fflags,     write_fflags,     float_accessible,          "20.2",         kInnocuous, kCtrl,      "the program's own flags"},
    CsrRow{0x002,  1,  1, "frm",           read_frm,        write_frm,        float_accessible,          "20.2",         kInnocuous, kCtrl,      "the program's own rounding mode"},
    CsrRow{0x003,  1,  1, "fcsr",          read_fcsr,       write_fcsr,       float_accessible,          "20.2",         kInnocuous, kCtrl,      "the program's own flags and rounding mode"},
    CsrRow{0x100,  1,  1, "sstatus",       read_sstatus,    write_sstatus,    nullptr,                   "priv 10.1.1",  kBehav,     kCtrl,      "privilege, interrupt enables, FS, the address map (SUM, MXR)"},
    CsrRow{0x104,  1,  1, "sie",           read_sie,        write_sie,        nullptr,                   "priv 10.1.3",  kBehav,     kCtrl,      "interrupt enables"},
    CsrRow{0x105,  1,  1, "stvec",         S::read_tvec,    S::write_tvec,    nullptr,                   "priv 10.1.2",  kBehav,     kCtrl,      "where S takes guest traps"},
    CsrRow{0x106,  1,  1, "scounteren",    read_scounteren, write_scounteren, nullptr,                   "priv 10.1.5",  kBehav,     kCtrl,      "which counters U may read"},
    CsrRow{0x10a,  1,  1, "senvcfg",       read_senvcfg,    write_senvcfg,    nullptr,                   "priv 10.1.10", kBehav,     kCtrl,      "what cache-block instructions do in U"},
    CsrRow{0x140,  1,  1, "sscratch",      S::read_scratch, S::write_scratch, nullptr,                   "priv 10.1.6",  kBehav,     kCtrl,      "a trap register of S"},
    CsrRow{0x141,  1,  1, "sepc",          S::read_epc,     S::write_epc,     nullptr,                   "priv 10.1.7",  kBehav,     kCtrl,      "a trap register of S"},
    CsrRow{0x142,  1,  1, "scause",        S::read_cause,   S::write_cause,   nullptr,                   "priv 10.1.8",  kBehav,     kCtrl,      "a trap register of S"},
    CsrRow{0x143,  1,  1, "stval",         S::read_tval,    S::write_tval,    nullptr,                   "priv 10.1.9",  kBehav,     kCtrl,      "a trap register of S"},
    CsrRow{0x144,  1,  1, "sip",           read_sip,        write_sip,        nullptr,                   "priv 10.1.3",  kBehav,     kCtrl,      "pending interrupts"},
    CsrRow{0x14d,  1,  1, "stimecmp",      read_stimecmp,   write_stimecmp,   stimecmp_accessible,       "Sstc 2.1",     kBehav,     kCtrl,      "the timer of S"},
    CsrRow{0x180,  1,  1, "satp",          read_satp,       write_satp,       satp_accessible,           "priv 10.1.11", kBehav,     kCtrl,      "the address map"},
    CsrRow{0x300,  1,  1, "mstatus",       read_mstatus,    write_mstatus,    nullptr,                   "priv 3.1.6",   kBehav,     kCtrl,      "privilege, interrupt enables, FS, the address map"},
    CsrRow{0x301,  1,  1, "misa",          read_misa,       write_misa,       nullptr,                   "priv 3.1.1",   kBehav,     kCtrl,      "which extensions there are"},
    CsrRow{0x302,  1,  1, "medeleg",       read_medeleg,    write_medeleg,    nullptr,                   "priv 3.1.8",   kBehav,     kCtrl,      "who takes which guest trap"},
    CsrRow{0x303,  1,  1, "mideleg",       read_mideleg,    write_mideleg,    nullptr,                   "priv 3.1.8",   kBehav,     kCtrl,      "who takes which interrupt"},
    CsrRow{0x304,  1,  1, "mie",           read_mie,        write_mie,        nullptr,                   "priv 3.1.9",   kBehav,     kCtrl,      "interrupt enables"},
    CsrRow{0x305,  1,  1, "mtvec",         M::read_tvec,    M::write_tvec,    nullptr,                   "priv 3.1.7",   kBehav,     kCtrl,      "where M takes guest traps"},
    CsrRow{0x306,  1,  1, "mcounteren",    read_mcounteren, write_mcounteren, nullptr,                   "priv 3.1.11",  kBehav,     kCtrl,      "which counters S and U may read"},
    CsrRow{0x30a,  1,  1, "menvcfg",       read_menvcfg,    write_menvcfg,    nullptr,                   "priv 3.1.18",  kBehav,     kCtrl,      "the address map (ADUE, PBMTE), the timer of S (STCE), what cache-block instructions do below M"},
    CsrRow{0x320,  1,  1, "mcountinhibit", read_inhibit,    write_inhibit,    nullptr,                   "priv 3.1.12",  kBehav,     kCtrl,      "which counters run"},
    CsrRow{0x323, kHpmCounters, 1, "mhpmevent3", read_hpm_event, write_hpm_event, nullptr,               "priv 3.1.10",  kBehav,     kCtrl,      "what a counter counts"},
    CsrRow{0x340,  1,  1, "mscratch",      M::read_scratch, M::write_scratch, nullptr,                   "priv 3.1.13",  kBehav,     kCtrl,      "a trap register of M"},
    CsrRow{0x341,  1,  1, "mepc",          M::read_epc,     M::write_epc,     nullptr,                   "priv 3.1.14",  kBehav,     kCtrl,      "a trap register of M"},
    CsrRow{0x342,  1,  1, "mcause",        M::read_cause,   M::write_cause,   nullptr,                   "priv 3.1.15",  kBehav,     kCtrl,      "a trap register of M"},
    CsrRow{0x343,  1,  1, "mtval",         M::read_tval,    M::write_tval,    nullptr,                   "priv 3.1.16",  kBehav,     kCtrl,      "a trap register of M"},
    CsrRow{0x344,  1,  1, "mip",           read_mip,        write_mip,        nullptr,                   "priv 3.1.9",   kBehav,     kCtrl,      "pending interrupts"},
    CsrRow{0x3a0,  2,  2, "pmpcfg0",       read_pmpcfg,     write_pmpcfg,     pmp_present,               "priv 3.7.1",   kBehav,     kCtrl,      "the address map (protection)"},
    CsrRow{0x3b0, kPmpCsrs, 1, "pmpaddr0", read_pmpaddr,    write_pmpaddr,    pmp_present,               "priv 3.7.1",   kBehav,     kCtrl,      "the address map (protection)"},
    CsrRow{0x7a0,  1,  1, "tselect",       read_zero,       ignore_write,     nullptr,                   "Sdtrig 5.7.1", kInnocuous, kInnocuous, "nothing: there are no triggers"},
    CsrRow{0x7a1,  3,  1, "tdata1",        read_zero,       ignore_write,     nullptr,                   "Sdtrig 5.7.2", kInnocuous, kInnocuous, "nothing: there are no triggers"},
    CsrRow{0xb00,  1,  1, "mcycle",        Count<0>::read,    Count<0>::write,     nullptr,                   "priv 3.1.10",  kBehav,     kCtrl,      "a counter"},
    CsrRow{0xb02,  1,  1, "minstret",      Count<2>::read,  Count<2>::write,   nullptr,                   "priv 3.1.10",  kBehav,     kCtrl,      "a counter"},
    CsrRow{0xb03, kHpmCounters, 1, "mhpmcounter3", Count<3>::read, Count<3>::write,      nullptr,                   "priv 3.1.10",  kBehav,     kCtrl,      "a counter"},
    CsrRow{0xc00,  1,  1, "cycle",         Count<0>::read,    nullptr,          counter_accessible<0>,     "8.1",          kBehav,     kInnocuous, "a counter"},
    CsrRow{0xc01,  1,  1, "time",          read_time,       nullptr,          counter_accessible<1>,     "8.1",          kBehav,     kInnocuous, "the timer"},
    CsrRow{0xc02,  1,  1, "instret",       Count<2>::read,  nullptr,          counter_accessible<2>,     "8.1",          kBehav,     kInnocuous, "a counter"},
    CsrRow{0xc03, kHpmCounters, 1, "hpmcounter3", Count<3>::read, nullptr,         counter_accessible<3>,     "8.2",          kBehav,     kInnocuous, "a counter"},
    CsrRow{0xda0,  1,  1, "scountovf",     read_scountovf,  nullptr,          sscofpmf_present,          "Sscofpmf 2.1", kBehav,     kInnocuous, "which counters overflowed"},
    CsrRow{0xf11,  1,  1, "mvendorid",     read_mvendorid,  nullptr,          nullptr,                   "priv 3.1.2",   kInnocuous, kInnocuous, "a constant"},
    CsrRow{0xf12,  1,  1, "marchid",       read_marchid,    nullptr,          nullptr,                   "priv 3.1.3",   kInnocuous, kInnocuous, "a constant"},
    CsrRow{0xf13,  1,  1, "mimpid",        read_mimpid,     nullptr,          nullptr,                   "priv 3.1.4",   kInnocuous, kInnocuous, "a constant"},
    CsrRow{0xf14,  1,  1, "mhartid",       read_mhartid,    nullptr,          nullptr,                   "priv 3.1.5",   kInnocuous, kInnocuous, "a constant"},
    CsrRow{0xf15,  1,  1, "mconfigptr",    read_zero,       nullptr,          nullptr,                   "priv 3.1.17",  kInnocuous, kInnocuous, "a constant"},
};
// clang-format on

// number -> 1 + place in kCsrRows, for the 4,096 numbers.
constexpr auto kIndex = [] {
  std::array<uint8_t, 4096> index{};
  for (size_t row = 0; row < kCsrRows.size(); ++row)
    for (unsigned i = 0; i < kCsrRows[row].count; ++i)
      index[kCsrRows[row].number + i * kCsrRows[row].stride] = static_cast<uint8_t>(row + 1);
  return index;
}();

// The number itself says who may: bits 11:10 = 3 are read-only, bits 9:8 are the least privilege (2.1).
bool permitted(const Hart& hart, unsigned number, const CsrRow& row, unsigned index, bool writes) {
  if (static_cast<unsigned>(hart.privilege) < ((number >> 8) & 3)) return false;
  if (writes && ((number >> 10) == 3 || !row.write)) return false;
  return !row.accessible || row.accessible(hart, index);
}

enum class Change { kWrite, kSet, kClear };

// csrrs and csrrc modify what software wrote: an SEIP that only the wire holds up is not written into the
// software bit (3.1.9), and likewise for sip.
uint64_t base_of_change(const Hart& hart, unsigned number, uint64_t value) {
  if (number == 0x344) return hart.csr.mip_software;
  if (number == 0x144) return hart.csr.mip_software & hart.csr.mideleg;
  return value;
}

// A machine that is wrong on purpose (core/breaks.inc).
bool silent(const Hart& hart, uint64_t operand) {
  return hart.config.breaks.has(core::Break::kSieSilent) && hart.privilege == Privilege::kUser && operand == mstatus::kSie;
}

// Zicsr 7.1: rd = x0 of csrrw does not read, rs1 = x0 (or immediate 0) of csrrs and csrrc does not write.
void access(Hart& hart, const Operands& i, Change change, uint64_t operand) noexcept {
  const auto number = static_cast<unsigned>(i.imm);
  const bool writes = change == Change::kWrite || i.rs1 != 0;
  unsigned index = 0;
  const CsrRow* row = find_csr(number, index);
  if (!row || !permitted(hart, number, *row, index, writes)) {
    if (number == kSstatus && change != Change::kWrite && silent(hart, operand)) return;
    return enter_illegal(hart);
  }
  const bool reads = change != Change::kWrite || (i.rd & 31) != 0;
  const uint64_t old = reads ? row->read(hart, index) : 0;
  const uint64_t base = change == Change::kWrite ? 0 : base_of_change(hart, number, old);
  const uint64_t value = change == Change::kWrite ? operand : change == Change::kSet ? base | operand : base & ~operand;
  const auto do_it = [&] {
    if (writes) row->write(hart, index, value);
    hart.set_x(i.rd, old);
  };
  if (accessed_in_place(hart, number, writes, value)) return do_it();
  constexpr unsigned kSatp = 0x180;
  core::EventNote event(*hart.events, writes && number == kSatp ? core::EventKind::kAddressSpaceChange : core::EventKind::kCsrAccess);
  const uint64_t before = hart.events->listening() ? row->read(hart, index) : 0;
  do_it();
  const uint64_t after = hart.events->listening() ? row->read(hart, index) : 0;
  event.tell(number, before, after, [&] {
    if (writes && number == kSatp)
      return after == value ? hart.memory->effect() : fmt::format("satp stays {:#x}: {:#x} has a MODE that is not there", after, value);
    const std::string name = csr_name(*row, index);
    if (!writes) return fmt::format("{} is {:#x}", name, before);
    const std::string fields = changed_fields(number, before, after);
    return fmt::format("{} {:#x} -> {:#x}{}{}", name, before, after, fields.empty() ? "" : ": ", fields);
  });
}

}  // namespace

std::span<const CsrRow> csr_rows() { return kCsrRows; }

const CsrRow* find_csr(unsigned number, unsigned& index) {
  const uint8_t place = kIndex[number & 0xfff];
  if (place == 0) return nullptr;
  const CsrRow& row = kCsrRows[place - 1];
  index = (number - row.number) / row.stride;
  return &row;
}

std::string csr_name(const CsrRow& row, unsigned index) {
  if (row.count == 1) return std::string(row.name);
  const size_t digits = row.name.find_last_not_of("0123456789") + 1;
  const unsigned first = static_cast<unsigned>(std::stoul(std::string(row.name.substr(digits))));
  return std::string(row.name.substr(0, digits)) + std::to_string(first + index * row.stride);
}

std::optional<uint64_t> peek_csr(const Hart& hart, unsigned number) {
  unsigned index = 0;
  const CsrRow* row = find_csr(number, index);
  if (!row) return std::nullopt;
  return row->read(hart, index);
}

bool poke_csr(Hart& hart, unsigned number, uint64_t value) {
  unsigned index = 0;
  const CsrRow* row = find_csr(number, index);
  if (!row || !row->write) return false;
  row->write(hart, index, value);
  return true;
}

void protection_changed(Hart& hart) noexcept {
  hart.memory->set_protection(hart.config.pmp && !hart.config.breaks.has(core::Break::kPmpIgnored), hart.csr.pmpcfg, hart.csr.pmpaddr);
}

namespace handler {

void csrrw(Hart& h, const Operands& i) noexcept { access(h, i, Change::kWrite, h.x[i.rs1]); }
void csrrs(Hart& h, const Operands& i) noexcept { access(h, i, Change::kSet, h.x[i.rs1]); }
void csrrc(Hart& h, const Operands& i) noexcept { access(h, i, Change::kClear, h.x[i.rs1]); }
void csrrwi(Hart& h, const Operands& i) noexcept { access(h, i, Change::kWrite, i.rs1); }
void csrrsi(Hart& h, const Operands& i) noexcept { access(h, i, Change::kSet, i.rs1); }
void csrrci(Hart& h, const Operands& i) noexcept { access(h, i, Change::kClear, i.rs1); }

}  // namespace handler
}  // namespace vitrine::riscv
