// SPDX-License-Identifier: MIT
// Fields and variations.
#include "classes/resources.h"

#include <fmt/format.h>

namespace vitrine::classes {
namespace {

using R = Resource;
namespace ms = riscv::mstatus;
namespace env = riscv::envcfg;

uint64_t field_of(uint64_t value, uint64_t mask) { return (value & mask) / (mask & (~mask + 1)); }

class Fields {
 public:
  std::vector<Field> list;

  void add(R resource, std::string name, std::function<uint64_t(const System&)> get) {
    list.push_back({resource, std::move(name), std::move(get)});
  }
  void bits(R resource, std::string name, uint64_t riscv::Csrs::*csr, uint64_t mask) {
    add(resource, std::move(name), [=](const System& s) { return field_of(s.csr.*csr, mask); });
  }
  template <typename T>
  void all(R resource, std::string name, T riscv::Csrs::*csr) {
    add(resource, std::move(name), [=](const System& s) { return static_cast<uint64_t>(s.csr.*csr); });
  }
  void trap_registers(char level, riscv::TrapCsrs riscv::Csrs::*csrs) {
    const auto one = [&](const char* name, uint64_t riscv::TrapCsrs::*value) {
      add(R::kTrapRegisters, fmt::format("{}{}", level, name),
          [=](const System& s) { return (s.csr.*csrs).*value; });
    };
    one("tvec", &riscv::TrapCsrs::tvec);
    one("epc", &riscv::TrapCsrs::epc);
    one("cause", &riscv::TrapCsrs::cause);
    one("tval", &riscv::TrapCsrs::tval);
    one("scratch", &riscv::TrapCsrs::scratch);
  }
};

void add_status(Fields& f) {
  constexpr auto kStatus = &riscv::Csrs::mstatus;
  f.add(R::kPrivilege, "mode", [](const System& s) { return static_cast<uint64_t>(s.mode); });
  f.bits(R::kPrivilege, "mstatus.SPP", kStatus, ms::kSpp);
  f.bits(R::kPrivilege, "mstatus.MPP", kStatus, ms::kMpp);
  f.bits(R::kInterruptEnables, "mstatus.SIE", kStatus, ms::kSie);
  f.bits(R::kInterruptEnables, "mstatus.SPIE", kStatus, ms::kSpie);
  f.bits(R::kInterruptEnables, "mstatus.MIE", kStatus, ms::kMie);
  f.bits(R::kInterruptEnables, "mstatus.MPIE", kStatus, ms::kMpie);
  f.bits(R::kFloat, "mstatus.FS", kStatus, ms::kFs);
  f.bits(R::kAddressMap, "mstatus.SUM", kStatus, ms::kSum);
  f.bits(R::kAddressMap, "mstatus.MXR", kStatus, ms::kMxr);
  f.bits(R::kAddressMap, "mstatus.MPRV", kStatus, ms::kMprv);
  f.bits(R::kSettings, "mstatus.TVM", kStatus, ms::kTvm);
  f.bits(R::kSettings, "mstatus.TW", kStatus, ms::kTw);
  f.bits(R::kSettings, "mstatus.TSR", kStatus, ms::kTsr);
}

void add_settings(Fields& f) {
  for (const auto& [name, csr] :
       {std::pair{"menvcfg", &riscv::Csrs::menvcfg}, std::pair{"senvcfg", &riscv::Csrs::senvcfg}}) {
    f.bits(R::kSettings, fmt::format("{}.FIOM", name), csr, env::kFiom);
    f.bits(R::kSettings, fmt::format("{}.CBIE", name), csr, env::kCbie);
    f.bits(R::kSettings, fmt::format("{}.CBCFE", name), csr, env::kCbcfe);
    f.bits(R::kSettings, fmt::format("{}.CBZE", name), csr, env::kCbze);
  }
  f.bits(R::kAddressMap, "menvcfg.ADUE", &riscv::Csrs::menvcfg, env::kAdue);
  f.bits(R::kAddressMap, "menvcfg.PBMTE", &riscv::Csrs::menvcfg, env::kPbmte);
  f.bits(R::kTimers, "menvcfg.STCE", &riscv::Csrs::menvcfg, env::kStce);
  f.add(R::kSettings, "misa.C", [](const System& s) { return uint64_t{s.compressed}; });
}

void add_arrays(Fields& f) {
  for (unsigned i = 0; i < riscv::kPmpCsrs; ++i) {
    f.add(R::kAddressMap, fmt::format("pmp{}cfg", i),
          [i](const System& s) { return uint64_t{s.csr.pmpcfg[i]}; });
    f.add(R::kAddressMap, fmt::format("pmpaddr{}", i), [i](const System& s) { return s.csr.pmpaddr[i]; });
  }
  for (unsigned i = 0; i < 3 + riscv::kHpmCounters; ++i) {
    if (i == 1) continue;
    const std::string name = i == 0 ? "mcycle" : i == 2 ? "minstret" : fmt::format("mhpmcounter{}", i);
    f.add(R::kCounters, name, [i](const System& s) { return s.csr.counters[i].value; });
  }
  for (unsigned i = 0; i < riscv::kHpmCounters; ++i)
    f.add(R::kCounters, fmt::format("mhpmevent{}", i + 3),
          [i](const System& s) { return s.csr.hpm_event[i]; });
}

std::vector<Field> make_fields() {
  Fields f;
  add_status(f);
  f.trap_registers('s', &riscv::Csrs::s);
  f.trap_registers('m', &riscv::Csrs::m);
  f.all(R::kTrapRegisters, "medeleg", &riscv::Csrs::medeleg);
  f.all(R::kInterruptEnables, "mideleg", &riscv::Csrs::mideleg);
  f.all(R::kInterruptEnables, "mie", &riscv::Csrs::mie);
  f.add(R::kPendingInterrupts, "mip", [](const System& s) { return s.csr.mip_software | s.csr.mip_lines; });
  f.all(R::kAddressMap, "satp", &riscv::Csrs::satp);
  f.all(R::kTimers, "stimecmp", &riscv::Csrs::stimecmp);
  f.add(R::kTimers, "time's offset", [](const System& s) { return s.time_offset; });
  f.all(R::kCounters, "mcounteren", &riscv::Csrs::mcounteren);
  f.all(R::kCounters, "scounteren", &riscv::Csrs::scounteren);
  f.all(R::kCounters, "mcountinhibit", &riscv::Csrs::mcountinhibit);
  add_settings(f);
  add_arrays(f);
  f.add(R::kReservation, "reservation", [](const System& s) -> uint64_t {
    return s.reservation.valid ? s.reservation.at.value | s.reservation.width << 1 | 1 : 0;
  });
  return f.list;
}

// --- Variations

class Variations {
 public:
  std::vector<Variation> list;

  void add(R resource, std::string words, std::function<void(State&)> apply) {
    list.push_back({resource, std::move(words), std::move(apply)});
  }
  void flip(R resource, std::string words, uint64_t riscv::Csrs::*csr, uint64_t mask) {
    add(resource, std::move(words), [=](State& s) { s.system.csr.*csr ^= mask; });
  }
  void flip32(R resource, std::string words, uint32_t riscv::Csrs::*csr, uint32_t mask) {
    add(resource, std::move(words), [=](State& s) { s.system.csr.*csr ^= mask; });
  }
  void trap_register(std::string name, riscv::TrapCsrs riscv::Csrs::*level,
                     uint64_t riscv::TrapCsrs::*value) {
    add(R::kTrapRegisters, "another " + name, [=](State& s) { (s.system.csr.*level).*value ^= 0x40; });
  }
  void trap_registers(const std::string& level, riscv::TrapCsrs riscv::Csrs::*csrs) {
    trap_register(level + "tvec", csrs, &riscv::TrapCsrs::tvec);
    trap_register(level + "epc", csrs, &riscv::TrapCsrs::epc);
    trap_register(level + "cause", csrs, &riscv::TrapCsrs::cause);
    trap_register(level + "tval", csrs, &riscv::TrapCsrs::tval);
    trap_register(level + "scratch", csrs, &riscv::TrapCsrs::scratch);
  }
};

void vary_status(Variations& v) {
  constexpr auto kStatus = &riscv::Csrs::mstatus;
  v.flip(R::kPrivilege, "mstatus.SPP inverted", kStatus, ms::kSpp);
  v.add(R::kPrivilege, "mstatus.MPP = U", [](State& s) { s.system.csr.mstatus &= ~ms::kMpp; });
  v.flip(R::kInterruptEnables, "mstatus.SIE inverted", kStatus, ms::kSie);
  v.flip(R::kInterruptEnables, "mstatus.SPIE inverted", kStatus, ms::kSpie);
  v.flip(R::kInterruptEnables, "mstatus.MIE inverted", kStatus, ms::kMie);
  v.flip(R::kInterruptEnables, "mstatus.MPIE inverted", kStatus, ms::kMpie);
  v.add(R::kFloat, "mstatus.FS = Dirty", [](State& s) { s.system.csr.mstatus |= ms::kFs; });
  v.flip(R::kAddressMap, "mstatus.SUM inverted", kStatus, ms::kSum);
  v.flip(R::kAddressMap, "mstatus.MXR inverted", kStatus, ms::kMxr);
}

void vary_interrupts(Variations& v) {
  using namespace riscv::irq;
  const auto bit = [](unsigned n) { return uint64_t{1} << n; };
  const uint64_t supervisor = bit(kSsi) | bit(kSti) | bit(kSei);
  v.flip(R::kInterruptEnables, "mie inverted", &riscv::Csrs::mie,
         supervisor | bit(kMsi) | bit(kMti) | bit(kMei));
  v.flip(R::kInterruptEnables, "mideleg inverted", &riscv::Csrs::mideleg, supervisor);
  v.flip(R::kPendingInterrupts, "software interrupts pending", &riscv::Csrs::mip_software, bit(kSsi));
  v.flip(R::kPendingInterrupts, "interrupt lines high", &riscv::Csrs::mip_lines,
         bit(kSei) | bit(kMti) | bit(kMei));
  v.flip(R::kTrapRegisters, "medeleg inverted", &riscv::Csrs::medeleg, bit(0) | bit(4));
}

void vary_counters(Variations& v) {
  v.add(R::kTimers, "time 1000 further", [](State& s) { s.system.time_offset += 1000; });
  v.flip(R::kTimers, "another stimecmp", &riscv::Csrs::stimecmp, 0x1000);
  v.add(R::kCounters, "each counter 12345 further", [](State& s) {
    for (riscv::Counter& counter : s.system.csr.counters) counter.value += 12345;
  });
  v.flip32(R::kCounters, "mcountinhibit inverted", &riscv::Csrs::mcountinhibit, 0x7fffd);
  v.flip32(R::kCounters, "mcounteren inverted", &riscv::Csrs::mcounteren, 0x7ffff);
  v.flip32(R::kCounters, "scounteren inverted", &riscv::Csrs::scounteren, 0x7ffff);
  v.add(R::kCounters, "other events counted", [](State& s) {
    for (uint64_t& event : s.system.csr.hpm_event) event ^= 3 | uint64_t{1} << 63;
  });
}

void vary_settings(Variations& v) {
  v.flip(R::kSettings, "menvcfg.FIOM inverted", &riscv::Csrs::menvcfg, env::kFiom);
  v.flip(R::kSettings, "senvcfg.FIOM inverted", &riscv::Csrs::senvcfg, env::kFiom);
  v.add(R::kSettings, "menvcfg.CBIE = 3, senvcfg.CBIE = 3", [](State& s) {
    s.system.csr.menvcfg |= env::kCbie;
    s.system.csr.senvcfg |= env::kCbie;
  });
  v.flip(R::kAddressMap, "menvcfg.PBMTE inverted", &riscv::Csrs::menvcfg, env::kPbmte);
  v.flip(R::kAddressMap, "menvcfg.ADUE inverted", &riscv::Csrs::menvcfg, env::kAdue);
  v.flip(R::kAddressMap, "another ASID in satp", &riscv::Csrs::satp, uint64_t{1} << 44);
  v.add(R::kAddressMap, "other PMP regions, switched off", [](State& s) {
    s.system.csr.pmpaddr[0] >>= 1;  // half as much is open, all of RAM among it
    for (unsigned i = 1; i < riscv::kPmpCsrs; ++i) {
      s.system.csr.pmpaddr[i] ^= 0x100;
      s.system.csr.pmpcfg[i] ^= 1;
    }
  });
  v.add(R::kSettings, "misa.C = 0", [](State& s) {
    s.system.compressed = false;
    s.system.csr.misa &= ~uint64_t{4};
  });
}

std::vector<Variation> make_variations() {
  Variations v;
  vary_status(v);
  v.trap_registers("s", &riscv::Csrs::s);
  v.trap_registers("m", &riscv::Csrs::m);
  vary_interrupts(v);
  vary_counters(v);
  vary_settings(v);
  return v.list;
}

}  // namespace

std::string_view name_of(Resource resource) {
  static constexpr std::string_view kNames[] = {
      "privilege", "trap registers", "address map", "interrupt enables", "pending interrupts",
      "timers",    "counters",       "FS",          "reservation",       "settings"};
  return kNames[static_cast<size_t>(resource)];
}

std::span<const Field> fields() {
  static const std::vector<Field> kFields = make_fields();
  return kFields;
}

std::vector<FieldChange> changes(const System& before, const System& after) {
  std::vector<FieldChange> result;
  if (before.mode == after.mode && before.csr == after.csr && before.reservation == after.reservation &&
      before.time_offset == after.time_offset && before.compressed == after.compressed)
    return result;
  for (const Field& field : fields()) {
    const uint64_t from = field.get(before), to = field.get(after);
    if (from != to) result.push_back({&field, from, to});
  }
  return result;
}

std::span<const Variation> variations() {
  static const std::vector<Variation> kVariations = make_variations();
  return kVariations;
}

}  // namespace vitrine::classes
