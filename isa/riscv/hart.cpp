// SPDX-License-Identifier: MIT
// The state of a hart, field by field: what is saved, restored and hashed. Derived fields and caches are not in it.
#include "isa/riscv/hart.h"

namespace vitrine::riscv {
namespace {

void serialize(core::Archive& ar, const char* prefix, TrapCsrs& trap) {
  const std::string p(prefix);
  ar.field(p + "tvec", trap.tvec);
  ar.field(p + "epc", trap.epc);
  ar.field(p + "cause", trap.cause);
  ar.field(p + "tval", trap.tval);
  ar.field(p + "scratch", trap.scratch);
}

void serialize(core::Archive& ar, Csrs& csr) {
  ar.field("mstatus", csr.mstatus);
  ar.field("misa", csr.misa);
  ar.field("medeleg", csr.medeleg);
  ar.field("mideleg", csr.mideleg);
  ar.field("mie", csr.mie);
  ar.field("mip_software", csr.mip_software);
  ar.field("mip_lines", csr.mip_lines);
  serialize(ar, "m", csr.m);
  serialize(ar, "s", csr.s);
  ar.field("mcounteren", csr.mcounteren);
  ar.field("scounteren", csr.scounteren);
  ar.field("mcountinhibit", csr.mcountinhibit);
  ar.field("menvcfg", csr.menvcfg);
  ar.field("senvcfg", csr.senvcfg);
  ar.field("satp", csr.satp);
  ar.field("stimecmp", csr.stimecmp);
  for (Counter& counter : csr.counters) {
    ar.field("counter", counter.value);
    ar.field("counter_since", counter.since);
  }
  ar.field("hpm_event", csr.hpm_event);
  ar.field("pmpcfg", csr.pmpcfg);
  ar.field("pmpaddr", csr.pmpaddr);
  ar.field("frm", csr.frm);
  ar.field("fflags", csr.fflags);
}

}  // namespace

void Hart::serialize(core::Archive& ar) {
  ar.section("hart" + std::to_string(id));
  for (unsigned i = 1; i < 32; ++i) ar.field("x", x[i]);
  ar.field("f", f);
  ar.field("pc", pc);
  ar.field("privilege", privilege);
  ar.field("waiting", waiting);
  ar.field("stopped", stopped);
  riscv::serialize(ar, csr);
  ar.field("reservation_valid", reservation.valid);
  ar.field("reservation_width", reservation.width);
  ar.field("reservation_at", reservation.at.value);
  // Between runs of the machine's loop the hart's own count is up to date.
  uint64_t own_steps = steps_now();
  ar.field("steps", own_steps);
  if (ar.loading()) {
    steps = own_steps;
    slice_start = clock->step();
  }
  ar.field("traps", traps);
  ar.field("retired_in", retired_in);
  ar.field("retired_mark", retired_mark);
  ar.field("watches_overflow", watches_overflow);
}

}  // namespace vitrine::riscv
