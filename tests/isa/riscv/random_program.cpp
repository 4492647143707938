// SPDX-License-Identifier: MIT
// Making random programs.
#include "tests/isa/riscv/random_program.h"

#include <array>
#include <bit>
#include <cstring>

#include "isa/riscv/instruction.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using riscv::Row;
using Kind = Action::Kind;
namespace fx = riscv;

// What is where. Physical code and data; under page tables the supervisor sees them at their own addresses,
// users (and the supervisor, with SUM) from kUser on, and everybody who may write them the tables themselves
// at kTableWindow.
constexpr uint64_t kCodeBytes = 0x3000, kCodeEnd = kCode + kCodeBytes;
constexpr uint64_t kUser = 0x4000'0000, kTableWindow = 0x6000'0000;
constexpr uint64_t kSecondTables = kTables + 0x4'0000;
constexpr unsigned kDataPages = 6;

// Handlers: an exception is stepped over; an interrupt is masked when it has come once, or a level would come
// for ever. t6 is theirs.
std::vector<Word> handler(unsigned cause, unsigned epc, unsigned ie, uint32_t ret) {
  using namespace reg;  // NOLINT: register names, as in assembly
  return {insn::csrr(t6, cause), insn::blt(t6, zero, 20),
          insn::csrr(t6, epc),   insn::addi(t6, t6, 4),
          insn::csrw(epc, t6),   ret,
          insn::csrw(ie, zero),  ret};
}

void set(std::vector<Action>& actions, unsigned number, uint64_t value) {
  actions.push_back({Kind::kCsr, number, value});
}

}  // namespace

RandomProgram::RandomProgram(uint64_t seed) : random_(seed * 0x9e37'79b9'7f4a'7c15 + 1) {
  program_.board.steps_per_tick = 1 + below(100);
  program_.board.slice = one_in(4) ? 20 + below(200) : 20'000;
  program_.board.config.svade = one_in(8);
  program_.board.config.sscofpmf = one_in(3);
  program_.board.config.max_levels = static_cast<uint8_t>(3 + below(3));
  const std::vector<uint8_t> code = random_code(kCodeBytes);
  make_memory(code, random_());
  const uint64_t count = 4 + below(5);
  for (uint64_t i = 0; i < count; ++i) {
    TestProgram::Chunk chunk;
    seat(chunk.actions);
    configure(chunk.actions);
    if (i > 0 && one_in(2)) write_memory(chunk.actions);
    if (one_in(2)) set_timers_and_wires(chunk.actions);
    chunk.steps = 20 + below(one_in(4) ? 400 : 150);
    program_.chunks.push_back(std::move(chunk));
  }
}

// Written into the memory of a machine of its own, and what is not 0 there is taken.
void RandomProgram::make_memory(const std::vector<uint8_t>& code, uint64_t flags_seed) {
  Bench b(program_.board, Caches::kNone);
  ASSERT_TRUE(b.ram().write({kCode}, code.data(), code.size()));
  b.put(kMachineHandler, handler(csr::mcause, csr::mepc, csr::mie, insn::kMret));
  b.put(kSupervisorHandler, handler(csr::scause, csr::sepc, csr::sie, insn::kSret));
  std::mt19937_64 flags(flags_seed);
  // Two address spaces; the second differs in some pages.
  for (const uint64_t pool : {kTables, kSecondTables}) {
    PageTables tables(b, pool);
    for (uint64_t at = kRam; at < kCodeEnd; at += 0x1000) {
      tables.map(at, at, pte::kAll);
      tables.map(at - kRam + kUser, at, pte::kAll | pte::U);
    }
    for (unsigned page = 0; page < kDataPages; ++page) {
      static constexpr uint64_t kFlags[] = {
          pte::kReadWrite, pte::kReadWrite, pte::kAll,       pte::V | pte::R | pte::W,
          pte::kRead,      pte::kExecute,   pte::kReadWrite, 0};
      const uint64_t at = kData + 0x1000 * page;
      const uint64_t to = kData + 0x1000 * (flags() % 4 ? page : flags() % kDataPages);
      tables.map(at, to, kFlags[flags() % 8]);
      tables.map(at - kRam + kUser, to, kFlags[flags() % 8] | pte::U);
    }
    tables.map(kUser + 0x20'0000, kRam, pte::kAll | pte::U, 1);  // a superpage over it all
    tables.map_range(kTableWindow, pool, 0x8000, pte::kReadWrite | (flags() % 2 ? pte::U : 0));
  }
  static constexpr std::array<uint8_t, core::kPageSize> kNothing{};
  for (uint64_t at = kRam; at < kRam + program_.board.memory; at += core::kPageSize) {
    const uint8_t* const page = b.ram().host({at});
    if (std::memcmp(page, kNothing.data(), core::kPageSize) != 0)
      program_.memory.push_back({at, {page, page + core::kPageSize}});
  }
}

// --- Values
// -----------------------------------------------------------------------------------------------------

uint64_t RandomProgram::random_value() {
  switch (below(8)) {
    case 0: return below(64);
    case 1: return ~below(64);
    case 2: return uint64_t{1} << below(64);
    case 3: return (uint64_t{1} << below(64)) - 1;
    case 4: return static_cast<uint64_t>(int64_t{static_cast<int32_t>(random_())});
    default: return random_();
  }
}

// Corner cases; numbers near each other in size, that sums and products of them round in all ways; what is
// not boxed.
uint64_t RandomProgram::random_float() {
  static constexpr uint64_t kDoubles[] = {0,
                                          0x3ff0'0000'0000'0000,
                                          0x3ff8'0000'0000'0000,
                                          0x7ff0'0000'0000'0000,
                                          0x7ff8'0000'0000'0000,
                                          0x7ff0'0000'0000'0001,
                                          0x0000'0000'0000'0001,
                                          0x000f'ffff'ffff'ffff,
                                          0x0010'0000'0000'0000,
                                          0x7fef'ffff'ffff'ffff,
                                          0x41e0'0000'0000'0000,
                                          0x43e0'0000'0000'0000};
  static constexpr uint32_t kSingles[] = {0, 0x3f80'0000, 0x3fc0'0000, 0x7f80'0000, 0x7fc0'0000, 0x7f80'0001,
                                          1, 0x007f'ffff, 0x0080'0000, 0x7f7f'ffff, 0x4f00'0000, 0x5f00'0000};
  static constexpr uint16_t kHalves[] = {0,      0x3c00, 0x3e00, 0x7c00, 0x7e00,
                                         0x7c01, 1,      0x03ff, 0x0400, 0x7bff};
  constexpr uint64_t kBoxedSingle = 0xffff'ffff'0000'0000, kBoxedHalf = 0xffff'ffff'ffff'0000;
  const uint64_t sign = below(2) << 63,
                 mantissa = one_in(2) ? random_() >> 12 : random_() >> 12 & ~0xffff'ffffull;
  switch (below(8)) {
    case 0: return sign | pick(kDoubles);
    case 1: return kBoxedSingle | sign >> 32 | pick(kSingles);
    case 2: return kBoxedHalf | sign >> 48 | pick(kHalves);
    case 3: return sign | (0x3ff - 30 + below(60)) << 52 | mantissa;
    case 4: return kBoxedSingle | sign >> 32 | (0x7f - 15 + below(30)) << 23 | mantissa >> 29;
    case 5: return kBoxedHalf | sign >> 48 | (0xf - 6 + below(12)) << 10 | mantissa >> 42;
    case 6: return sign | below(3) << 52 | mantissa;  // subnormal, or nearly
    default: return random_();
  }
}

uint64_t RandomProgram::code_address(Privilege mode, bool paged) {
  const uint64_t at =
      kCode + (one_in(6) ? 0x1000 * below(3) + 0xff0 + 2 * below(8) : 2 * below(kCodeBytes / 2));
  if (!paged || mode == kM) return at;
  if (mode == kU) return at - kRam + (one_in(4) ? kUser + 0x20'0000 : kUser);
  return at;
}

uint64_t RandomProgram::data_address(bool paged) {
  const uint64_t page = 0x1000 * below(kDataPages);
  const uint64_t offset = one_in(4) ? 0xff0 + below(32) : 8 * below(512);
  const uint64_t at = kData + page + offset;
  if (one_in(12)) return code_address(kM, false);
  if (one_in(40)) return random_();
  if (one_in(40)) return kClint + (one_in(2) ? 0xbff8 : 0x4000);
  if (!paged) return at;
  if (one_in(8)) return kTableWindow + 0x1000 * below(5) + 8 * (one_in(2) ? below(512) : below(24));
  return one_in(2) ? at : at - kRam + kUser + (one_in(4) ? 0x20'0000 : 0);
}

// --- Instructions
// -----------------------------------------------------------------------------------------------

std::vector<uint8_t> RandomProgram::random_code(size_t bytes) {
  std::vector<uint8_t> code;
  code.reserve(bytes + 4);
  while (code.size() < bytes) {
    const Word word = random_instruction();
    for (unsigned i = 0; i < word.size; ++i) code.push_back(static_cast<uint8_t>(word.bits >> (8 * i)));
  }
  code.resize(bytes);
  return code;
}

Word RandomProgram::random_instruction() {
  if (one_in(60)) return static_cast<uint32_t>(random_());
  if (one_in(60)) return static_cast<uint16_t>(random_());
  while (true) {
    const Row& row = riscv::kRows[1 + below(riscv::kOpCount - 1)];
    // Uniform over rows would be half floating point; and what ends or waits is thinned out.
    if ((row.effects & fx::kFloat) && !one_in(3)) continue;
    if ((row.name == "wfi" || row.name == "mret" || row.name == "sret" || row.name.substr(0, 3) == "wrs") &&
        !one_in(4))
      continue;
    const uint32_t word = random_of_row(row);
    if (row.length == 2) return static_cast<uint16_t>(word);
    return word;
  }
}

// The row's fixed bits, the rest random; what its constraint excludes is left alone (it is another row, or
// illegal).
uint32_t RandomProgram::random_of_row(const Row& row) {
  const auto noise = static_cast<uint32_t>(random_());
  const uint32_t word = (row.match & row.mask) | (noise & ~row.mask);
  return row.length == 4 ? shape(row, word) : word & 0xffff;
}

// Registers and immediates that lead somewhere, where the row leaves them open.
uint32_t RandomProgram::shape(const Row& row, uint32_t word) {
  const auto put = [&](unsigned low, unsigned width, uint32_t value) {
    const uint32_t field = ((uint32_t{1} << width) - 1) << low & ~row.mask;
    word = (word & ~field) | (value << low & field);
  };
  const uint32_t effects = row.effects;
  const bool csr = row.name.substr(0, 3) == "csr";
  if (one_in(2)) put(7, 5, static_cast<uint32_t>(one_in(8) ? 0 : 16 + below(14)));  // rd: away from addresses
  if (effects & (fx::kLoad | fx::kStore | fx::kAmo) || row.name.substr(0, 4) == "cbo.") {
    if (!one_in(16)) put(15, 5, data_register());
    const auto offset = static_cast<uint32_t>(one_in(4) ? random_() : 8 * (below(16) - 8));
    if (effects & fx::kAmo) return word;
    if (effects & fx::kStore) {
      put(7, 5, offset & 31);
      put(25, 7, offset >> 5 & 127);
    } else {
      put(20, 12, offset & 0xfff);
    }
  } else if (effects & fx::kBranch) {
    // imm[12|10:5] and imm[4:1|11]: +-64 bytes.
    const bool back = one_in(4);
    put(25, 7, back ? 0x7e | static_cast<uint32_t>(below(2)) : static_cast<uint32_t>(below(2)));
    put(7, 5, back ? static_cast<uint32_t>(below(32)) | 1 : static_cast<uint32_t>(below(32)) & ~1u);
  } else if (row.name == "jal") {
    if (!one_in(8)) word = insn::jal(word >> 7 & 31, static_cast<int64_t>(2 * below(256)) - 128);
  } else if (row.name == "jalr") {
    put(15, 5, one_in(2) ? 1 : 5);
    put(20, 12, static_cast<uint32_t>(below(64)));
  } else if (csr) {
    put(20, 12, random_csr());
    if (one_in(2)) put(15, 5, 0);  // a read
    if ((word >> 20) == csr::satp) put(15, 5, 6 + static_cast<uint32_t>(below(2)));
  } else if ((effects & fx::kFloat) && !one_in(8)) {
    put(12, 3, one_in(3) ? static_cast<uint32_t>(below(5)) : insn::kDyn);
  }
  return word;
}

unsigned RandomProgram::random_csr() {
  static constexpr unsigned kOften[] = {
      csr::fflags,  csr::frm,           csr::fcsr,       csr::sstatus,    csr::sie,     csr::sepc,
      csr::scause,  csr::sip,           csr::satp,       csr::mstatus,    csr::mie,     csr::mip,
      csr::mepc,    csr::mscratch,      csr::sscratch,   csr::minstret,   csr::mcycle,  csr::time,
      csr::instret, csr::stimecmp,      csr::mideleg,    csr::medeleg,    csr::menvcfg, csr::senvcfg,
      csr::misa,    csr::mcountinhibit, csr::mcounteren, csr::scounteren, csr::stval,   csr::mtval};
  if (one_in(24)) return static_cast<unsigned>(below(4096));
  if (!one_in(5)) return pick(kOften);
  const auto rows = riscv::csr_rows();
  const riscv::CsrRow& row = rows[below(rows.size())];
  return static_cast<unsigned>(row.number + row.stride * below(row.count));
}

// --- Interference
// -----------------------------------------------------------------------------------------------

void RandomProgram::seat(Actions& actions) {
  static constexpr Privilege kModes[] = {kM, kS, kS, kU, kU};
  const Privilege mode = pick(kModes);
  const bool paged = !one_in(4);
  const uint64_t root = one_in(3) ? kSecondTables : kTables;
  const uint64_t satp = paged ? uint64_t{8} << 60 | below(4) << 44 | root >> 12 : 0;
  const uint64_t pc = code_address(mode, paged);
  set_registers(actions, paged && mode != kM);
  const uint64_t mepc = code_address(kS, paged), sepc = code_address(kU, paged);
  const uint64_t vectored = one_in(8),
                 extensions = one_in(10) ? ~uint64_t{4} : ~uint64_t{0};  // C off, or all
  // PMP as it was at first; what is locked stays.
  set(actions, csr::pmpaddr0, (uint64_t{1} << 54) - 1);
  set(actions, csr::pmpcfg0, 0x1f);
  actions.push_back({Kind::kAlignPc});  // misa.C may be cleared here
  set(actions, csr::misa, extensions);
  set(actions, csr::mtvec, kMachineHandler | vectored);
  set(actions, csr::stvec, kSupervisorHandler);
  set(actions, csr::mepc, mepc);
  set(actions, csr::sepc, sepc);
  actions.push_back({Kind::kWake});
  actions.push_back(
      {Kind::kStart, extensions & 4 ? pc : pc & ~uint64_t{3}, static_cast<uint64_t>(mode), satp});
}

void RandomProgram::set_registers(Actions& actions, bool paged) {
  std::array<uint64_t, 32> x{};
  for (unsigned r = 1; r < 32; ++r) x[r] = random_value();
  for (unsigned r = 8; r < 16; ++r) x[r] = data_address(paged);
  x[1] = code_address(paged ? kU : kM, paged);
  x[5] = code_address(paged ? kS : kM, paged);
  x[2] = data_address(paged) & ~uint64_t{7};  // c.ldsp and the like
  x[6] = uint64_t{8} << 60 | kTables >> 12;
  x[7] = uint64_t{8} << 60 | below(9) << 44 | kSecondTables >> 12;
  for (unsigned r = 1; r < 32; ++r) actions.push_back({Kind::kX, r, x[r]});
  for (unsigned r = 0; r < 32; ++r) actions.push_back({Kind::kF, r, random_float()});
}

void RandomProgram::configure(Actions& actions) {
  uint64_t status = random_() & (status::kSie | status::kMie | status::kSpie | status::kMpie | status::kSpp);
  status |= below(4) << 11;
  if (!one_in(6)) status |= (1 + below(3)) << 13;  // FS
  if (one_in(2)) status |= status::kSum;
  if (one_in(3)) status |= status::kMxr;
  if (one_in(5)) status |= status::kMprv;
  if (one_in(6)) status |= status::kTvm;
  if (one_in(6)) status |= status::kTw;
  if (one_in(6)) status |= status::kTsr;
  const uint64_t delegated = random_(), exceptions = random_(), enabled = random_(), counters = random_();
  const uint64_t envcfg =
      (random_() & 0xf1) | (one_in(4) ? 0 : uint64_t{1} << 61) | below(2) << 62 | below(2) << 63;
  const uint64_t senvcfg = random_();
  // An event counter that counts instructions in some modes, and soon overflows.
  const uint64_t event = one_in(3) ? below(8) << 60 | 2 : 0, count = ~below(200);
  set(actions, csr::mhpmevent3, event);
  set(actions, csr::mhpmcounter3, count);
  set(actions, csr::mstatus, status);
  set(actions, csr::mideleg, delegated);
  set(actions, csr::medeleg, exceptions);
  set(actions, csr::mie, enabled);
  set(actions, csr::mcounteren, counters);
  set(actions, csr::scounteren, counters >> 20);
  set(actions, csr::menvcfg, envcfg);
  set(actions, csr::senvcfg, senvcfg);
}

void RandomProgram::write_memory(Actions& actions) {
  const uint64_t count = 1 + below(6);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = one_in(2)   ? code_address(kM, false)
                        : one_in(2) ? kData + below(0x1000 * kDataPages)
                                    : 0;
    if (at != 0) {
      const Word word = one_in(8) ? Word(static_cast<uint32_t>(random_())) : random_instruction();
      Action write{Kind::kWrite, at};
      for (unsigned byte = 0; byte < word.size; ++byte)
        write.bytes.push_back(static_cast<uint8_t>(word.bits >> (8 * byte)));
      actions.push_back(std::move(write));
      continue;
    }
    // A leaf of one of the tables: other flags, or another page.
    const uint64_t pool = one_in(2) ? kTables : kSecondTables;
    const uint64_t page = 0x1000 * below(0x10 + kDataPages);
    const bool user = one_in(2);
    const uint64_t flip = one_in(2) ? uint64_t{1} << below(8) : uint64_t{1} << (10 + below(4));
    actions.push_back({Kind::kFlipLeaf, pool, (user ? kUser : kRam) + page, flip});
  }
}

void RandomProgram::set_timers_and_wires(Actions& actions) {
  const uint64_t supervisor = below(8), machine = below(8), wires = random_();
  const bool far = one_in(3);
  actions.push_back({Kind::kStimecmpIn, far ? ~uint64_t{0} : supervisor});
  actions.push_back({Kind::kMtimecmpIn, far ? ~uint64_t{0} : machine});
  actions.push_back({Kind::kWire, 11, wires & 1});
  actions.push_back({Kind::kWire, 9, wires >> 1 & 1});
  actions.push_back({Kind::kWire, 3, (wires & 12) == 0});
  set(actions, csr::mip, wires >> 8);  // SSIP, and STIP without Sstc
}

}  // namespace vitrine::bench
