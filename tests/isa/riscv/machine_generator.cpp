// SPDX-License-Identifier: MIT
// Making random programs for a whole machine.
#include "tests/isa/riscv/machine_generator.h"

#include <array>
#include <cstring>
#include <random>

#include "isa/riscv/decoder.h"
#include "tests/isa/riscv/bench/assembler.h"
#include "tests/isa/riscv/bench/page_tables.h"
#include "tests/isa/riscv/machine_runtime.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
namespace fx = riscv;
using riscv::Extension;
using riscv::Row;

// Registers that random instructions do not write: where a faulting fetch goes on, pointers, the counter of loops, the
// mask of change_in_loop(), what an ecall wants, and a temporary.
constexpr unsigned kPointers[] = {sp, s0, s1, a0, a1};
constexpr unsigned kCounter = t4, kWish = t5, kTemporary = t6, kValue = t3, kMask = s3;
constexpr bool is_pointer(unsigned r) { return r == sp || (r >= s0 && r <= a1); }
constexpr bool is_fixed(unsigned r) { return r == ra || is_pointer(r) || r == kMask || r >= kCounter; }

// The windows through which address spaces show physical memory from kRam on.
//   kIdentity  supervisor   code, data, the supervisor's handler and area, page tables
//   kUser      user         code, data
//   kAlias     both         data pages in another order
//   kUserSuper user         a superpage of 2 MiB
//   kDataSuper either       another, whose flags change
//   kHigh      supervisor   code, data: at a negative address
// As physical addresses they are nothing, on QEMU's board as well.
constexpr uint64_t kIdentity = kRam, kUser = 0xc000'0000, kAlias = 0xc020'0000, kUserSuper = 0xc040'0000,
                   kDataSuper = 0xc060'0000, kHigh = 0xffff'ffff'c000'0000;
constexpr uint64_t kUnmapped = 0x5'0000;  // nor is there a device
constexpr uint64_t kSecondTables = kTables + 0xd000;

constexpr uint64_t kDelegableExceptions = 0xb1ff;  // not ecall from S: the supervisor's handler calls M with it
constexpr uint64_t kInterrupts = 0xaaa, kSupervisorInterrupts = 0x222;

const Board kBoard = machine_board();

class Generator {
 public:
  Generator(uint64_t seed, Audience audience)
      : random_(seed * 0xd134'2543'de82'ef95 + 1), fenced_(audience == Audience::kQemuToo) {}

  MachineProgram program() {
    make_tables();
    const uint64_t segments = 3 + below(5);
    std::vector<uint64_t> list;
    for (uint64_t i = 0; i < segments && code_.at() < kMachineArea - 0x1800; ++i) {
      if (i > 0) list.push_back(code_.at());
      segment();
    }
    place(kCode, code_.finish());
    make_data();
    make_init(list);
    TestProgram program;
    program.board = machine_board();
    program.memory = std::move(memory_);
    return {std::move(program), std::move(parts_)};
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <typename T, size_t N>
  const T& pick(const T (&list)[N]) {
    return list[below(N)];
  }

  // --- Memory
  void place(uint64_t at, std::vector<uint8_t> bytes) { memory_.push_back({at, std::move(bytes)}); }

  void make_data() {
    for (unsigned page = 0; page < kMachineDataPages; ++page)
      for (const uint64_t half : {0, 0xf00}) {
        std::vector<uint8_t> bytes;
        for (unsigned i = 0; i < 0x100; ++i) bytes.push_back(static_cast<uint8_t>(random_()));
        place(kData + 0x1000 * page + half, std::move(bytes));
      }
  }

  void make_init(const std::vector<uint64_t>& list) {
    std::vector<uint64_t> values;
    for (unsigned r = 0; r < 32; ++r) values.push_back(r == kWish ? 0 : random_value());
    for (unsigned r = 0; r < 32; ++r) values.push_back(random_float());
    values.insert(values.end(), list.begin(), list.end());
    values.push_back(0);
    std::vector<uint8_t> bytes(8 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    place(kInit, std::move(bytes));
  }

  uint64_t random_value() {
    switch (below(6)) {
      case 0: return below(64);
      case 1: return ~below(64);
      case 2: return uint64_t{1} << below(64);
      case 3: return static_cast<uint64_t>(int64_t{static_cast<int32_t>(random_())});
      default: return random_();
    }
  }
  uint64_t random_float() {
    switch (below(4)) {
      case 0: return 0xffff'ffff'0000'0000 | (random_() & 0x80ff'ffff) | 0x3f00'0000;
      case 1: return 0xffff'ffff'ffff'0000 | (random_() & 0xffff);
      case 2: return (random_() & 0x800f'ffff'ffff'ffff) | (0x3f0 + below(32)) << 52;
      default: return random_();
    }
  }

  // --- Page tables. The flags of data pages but the first are random, and so are A and D.
  uint64_t leaf_flags(bool user) {
    static constexpr uint64_t kFlags[] = {
        pte::kReadWrite, pte::kReadWrite,          pte::kAll, pte::V | pte::R | pte::W, pte::kRead,
        pte::V | pte::R, pte::V | pte::X | pte::A, 0};
    uint64_t flags = pick(kFlags);
    if (one_in(16)) flags = below(256);
    return flags | (user != one_in(12) ? pte::U : 0) | (one_in(8) ? pte::G : 0);
  }
  uint64_t aged(uint64_t flags) {
    if (one_in(3)) flags &= ~pte::A;
    if (one_in(3)) flags &= ~pte::D;
    return flags;
  }
  struct Entry {
    uint64_t at, address;
    bool is_pointer;
  };

  void make_tables() {
    Bench scratch(machine_board(), Caches::kNone);
    for (const uint64_t pool : {kTables, kSecondTables}) {
      PageTables tables(scratch, pool, pool == kTables ? 3 + static_cast<unsigned>(below(3)) : 3);
      satps_[pool == kSecondTables] = tables.satp(below(4));
      tables.map(kSupervisorHandler, kSupervisorHandler, aged(pte::kExecute));
      tables.map(kSupervisorArea, kSupervisorArea, aged(pte::kReadWrite));
      tables.map(kSupervisorArea + 0x1000, kSupervisorArea + 0x1000, aged(pte::kReadWrite));
      for (uint64_t at = kCode; at < kMachineArea; at += 0x1000) {
        tables.map(at, at, aged(pte::kAll));
        tables.map(at - kRam + kUser, at, aged(pte::kAll | pte::U));
        tables.map(at - kRam + kHigh, at, aged(pte::kAll));
      }
      map_data(tables);
      tables.map_range(kTables, kTables, kTablesSize, pte::kReadWrite);
      tables.map(kUserSuper, kRam, aged(pte::kAll | pte::U), 1);
      edits_.push_back({tables.map(kDataSuper, kRam, aged(pte::kReadWrite | pte::U), 1), kDataSuper, false});
      edits_.push_back({tables.entry(kAlias, 1), kAlias, true});
    }
    for (uint64_t at = kTables; at < kTables + kTablesSize; at += 0x80) {
      std::vector<uint8_t> bytes(0x80);
      ASSERT_TRUE(scratch.ram().read({at}, bytes.data(), bytes.size()));
      if (std::any_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; })) place(at, std::move(bytes));
    }
  }
  void map_data(PageTables& tables) {
    for (unsigned page = 0; page < kMachineDataPages; ++page) {
      const uint64_t at = kData + 0x1000 * page, offset = at - kRam;
      const uint64_t to = kData + 0x1000 * below(kMachineDataPages);
      for (const uint64_t window : {kIdentity, kUser, kHigh, kAlias}) {
        const bool user = window == kUser || (window == kAlias && page % 2 == 0);
        const bool fixed = page == 0 && window != kAlias;
        const uint64_t flags = fixed ? pte::kReadWrite | (user ? pte::U : 0) : leaf_flags(user);
        const uint64_t entry =
            tables.map(window + offset, window == kAlias ? to : at, fixed && fenced_ ? flags : aged(flags));
        if (!fixed) edits_.push_back({entry, window + offset, false});
      }
    }
  }

  // --- Segments
  // What is known while one is made. A guest trap that was not meant may prove `mode` wrong; everything must be defined
  // then, too.
  struct Where {
    Privilege mode = kM;
    uint64_t window = kIdentity;  // through which the code runs
    bool paged = false;           // satp, for S and U
    bool mprv = false, tvm = false, tw = false, tsr = false;
    bool sure = true;  // the mode is what it says
  };
  uint64_t here_in(uint64_t window) const { return code_.at() - kRam + window; }

  void segment() {
    where_ = {};
    configure();
    enter();
    const uint64_t items = 10 + below(40);
    for (uint64_t i = 0; i < items; ++i) part([this] { item(); });
    code_.li(kWish, kNext);
    code_.add(insn::kEcall);
    // Reached only when that was not obeyed, which would be a difference.
    code_.add({insn::kEbreak, insn::kSelf});
  }

  template <typename Make>
  void part(Make make) {
    const uint64_t at = code_.at();
    make();
    if (code_.at() > at) parts_.push_back({at, code_.at() - at});
  }

  // In M mode, interrupts masked.
  void configure() {
    if (!one_in(4)) part([this] { quiet(); });
    where_.tsr = one_in(8);  // then S takes no guest trap, from which it could not return
    set_csr(csr::mideleg, where_.tsr ? 0 : random_() & kSupervisorInterrupts);
    set_csr(csr::medeleg, where_.tsr || one_in(3) ? 0 : delegated_exceptions());
    set_csr(csr::mie, enabled_interrupts());
    set_csr(csr::mtvec, kMachineVectors | below(2));
    set_csr(csr::stvec, kSupervisorVectors | below(2));
    if (one_in(4)) part([this] { protect(); });
    if (!one_in(4)) part([this] { raise_some(); });
    const uint64_t space = below(5);
    where_.paged = space > 0;
    set_csr(csr::satp, where_.paged ? satps_[space % 2] : 0);
    code_.add(insn::sfence_vma(0, 0));
  }

  // For QEMU both kinds of access faults go to the same mode (kQemuDiffers, "AMO").
  uint64_t delegated_exceptions() {
    const uint64_t bits = random_() & kDelegableExceptions;
    return fenced_ ? (bits & ~(uint64_t{1} << 7)) | (bits >> 5 & 1) << 7 : bits;
  }
  // For QEMU only sets in which the lowest number is the most urgent, as it believes.
  uint64_t enabled_interrupts() {
    static constexpr uint64_t kInOrder[] = {1 << 3 | 1 << 7 | 1 << 9, 1 << 1 | 1 << 5, 1 << 11};
    return random_() & (fenced_ ? pick(kInOrder) : kInterrupts);
  }

  void quiet() {
    code_.li(kTemporary, kClint);
    code_.add(insn::sw(zero, 0, kTemporary));
    code_.li(kTemporary, kClint + 0x4000);
    code_.add({insn::addi(kValue, zero, -1), insn::sd(kValue, 0, kTemporary)});
    set_csr(csr::stimecmp, ~uint64_t{0});
    set_csr(csr::mip, 0);
    if (!std::exchange(external_, false)) return;
    code_.li(kTemporary, kUart);
    code_.add(insn::sb(zero, 1, kTemporary));
    for (const uint64_t context : {0, 1}) {
      code_.li(kTemporary, kPlic + 0x20'0000 + 0x1000 * context);
      code_.add({insn::lw(kValue, 4, kTemporary), insn::sw(kValue, 4, kTemporary)});
      code_.li(kTemporary, kPlic + 0x2000 + 0x80 * context);
      code_.add(insn::sw(zero, 0, kTemporary));
    }
  }

  // PMP entries 0 and 1 over single data pages but the first, or (for QEMU, kQemuDiffers) one over all of them; the
  // last entry allows the rest.
  void protect() {
    uint64_t config = 0;
    for (unsigned i = 0; i < (fenced_ ? 1 : 2); ++i) {
      const uint64_t page = kData + 0x1000 * (1 + below(kMachineDataPages - 1));
      set_csr(csr::pmpaddr0 + i, fenced_ ? kData >> 2 | 0xfff : page >> 2 | 0x1ff);
      uint64_t rwx = below(8);
      if ((rwx & 3) == 2) rwx |= 1;  // W without R is reserved
      if (!one_in(3)) config |= (0x18 | rwx) << (8 * i);
    }
    all_is_protected_ = fenced_ && config != 0;
    set_csr(csr::pmpcfg0, config);
  }

  void raise_some() {
    const uint64_t count = 1 + below(5);
    for (uint64_t i = 0; i < count; ++i) raise();
  }
  // An interrupt becomes pending; it is taken when something allows it.
  void raise() {
    switch (below(6)) {
      case 0:
        code_.li(kTemporary, kClint);
        return code_.add({insn::addi(kValue, zero, 1), insn::sw(kValue, 0, kTemporary)});
      case 1: code_.li(kTemporary, kClint + 0x4000); return code_.add(insn::sd(zero, 0, kTemporary));
      case 2: return set_csr(csr::stimecmp, 0);
      case 3: return raise_external();
      default:
        code_.li(kTemporary, random_() & kSupervisorInterrupts);
        return code_.add(insn::csrrs(0, csr::mip, kTemporary));
    }
  }
  // The transmitter of the UART is empty, and the PLIC tells M or S.
  void raise_external() {
    if (external_) return;
    external_ = true;
    code_.li(kTemporary, kPlic + 0x2000 + 0x80 * below(2));
    code_.li(kValue, 1 << 10);
    code_.add(insn::sw(kValue, 0, kTemporary));
    code_.li(kTemporary, kUart);
    code_.add({insn::addi(kValue, zero, 2), insn::sb(kValue, 1, kTemporary)});
  }

  // mret into a mode, with pointers that mean something there.
  void enter() {
    static constexpr Privilege kModes[] = {kM, kS, kS, kU, kU};
    where_.mode = pick(kModes);
    where_.mprv = where_.mode == kM && one_in(6);
    where_.tvm = one_in(8), where_.tw = one_in(8);
    uint64_t value =
        random_() & (status::kSie | status::kSpie | status::kMpie | status::kSpp | status::kSum | status::kMxr);
    value |= static_cast<uint64_t>(where_.mode) << 11;
    if (where_.mprv) value |= status::kMprv;
    if (where_.tvm) value |= status::kTvm;
    if (where_.tw) value |= status::kTw;
    if (where_.tsr) value |= status::kTsr;
    if (!one_in(6)) value |= (1 + below(3)) << 13;
    where_.window = code_window();
    point_all();
    set_csr(csr::mstatus, value);
    leave_to(csr::mepc, insn::kMret);
  }
  uint64_t code_window() {
    static constexpr uint64_t kSupervisors[] = {kIdentity, kIdentity, kHigh}, kUsers[] = {kUser, kUserSuper};
    if (where_.mode == kM || !where_.paged) return kIdentity;
    return where_.mode == kS ? pick(kSupervisors) : pick(kUsers);
  }
  // xRET to the instruction behind it, through the window of the mode that comes. Six instructions, whatever the
  // address: bits 12 and up of it fit 32 bits as a number with a sign in each window.
  void leave_to(unsigned epc, uint32_t ret) {
    const uint64_t to = here_in(where_.window) + 24,
                   upper = static_cast<uint64_t>(static_cast<int64_t>(to + 0x800) >> 12);
    code_.add({insn::lui(kTemporary, static_cast<uint32_t>((upper + 0x800) >> 12)),
               insn::addiw(kTemporary, kTemporary, static_cast<int64_t>(upper)), insn::slli(kTemporary, kTemporary, 12),
               insn::addi(kTemporary, kTemporary, static_cast<int64_t>(to)), insn::csrw(epc, kTemporary), ret});
  }

  // --- Pointers
  // Through which windows the current mode sees data; sometimes one that it must not use.
  uint64_t data_window(bool safe) {
    static constexpr uint64_t kSupervisors[] = {kIdentity, kIdentity, kHigh, kAlias, kDataSuper, kUser},
                              kUsers[] = {kUser, kUser, kUserSuper, kAlias, kDataSuper, kIdentity};
    const bool translated = where_.paged && (where_.mode != kM || where_.mprv);
    if (!translated) return kIdentity;
    const bool supervisor = where_.mode == kS;
    if (safe) return supervisor ? (one_in(2) ? kIdentity : kHigh) : kUser;
    return supervisor ? pick(kSupervisors) : pick(kUsers);
  }
  uint64_t data_address(bool aligned = false) {
    const uint64_t page = 0x1000 * (1 + below(kMachineDataPages - 1));
    const uint64_t offset = one_in(3) ? 0xff0 + below(32) : one_in(2) ? below(0x100) : 8 * below(512);
    return (data_window(false) + kData - kRam + page + offset) & ~uint64_t{aligned ? 7u : 0u};
  }
  void point_all() {
    code_.li(s0, data_window(true) + kData - kRam + 0x800 + 8 * below(192));
    code_.li(sp, data_address(true));
    for (const unsigned r : {s1, a0, a1}) code_.li(r, one_in(60) ? far_away() : data_address(one_in(2)));
  }
  // Where nothing is, in any mode.
  uint64_t far_away() {
    const uint64_t list[] = {kUnmapped + below(0x1000), uint64_t{1} << (39 + below(24)),
                             0x8000'0000'0000'0000 | random_() >> 8, ~below(0x1000) & ~uint64_t{0x800}};
    return list[below(4)];
  }

  // --- Items
  void item() {
    switch (below(48)) {
      case 0: return code_.add(insn::kEcall);
      case 1: return code_.add(one_in(2) ? Word(insn::kEbreak) : Word(insn::kCEbreak));
      case 2: return code_.add(illegal());
      case 3:
      case 4: return counted_loop();
      case 5:
      case 6: return change_code();
      case 7:
      case 8:
      case 9: return change_entry();
      case 10: return point_anew();
      case 11: return jump_astray();
      case 12: return reserve();
      case 13: return step_down();
      case 14:
      case 15: return interrupt_item();
      case 16: return fence();
      case 17: return machine_item();
      case 18:
      case 19:
      case 20: return csr_item();
      case 21: return float_status();
      case 22:
      case 23: return skip();
      case 24: return access_item();
      default: return code_.add(instruction());
    }
  }

  Word illegal() {
    while (true) {
      const auto word = static_cast<uint32_t>(random_()) | 3;
      if ((word & 0x1c) != 0x1c && riscv::decode(word, kBoard.config.extensions).op == riscv::Op::illegal) return word;
    }
  }

  // Any row but those that jump, change modes or CSRs, or would use another address than a pointer's.
  bool usable(const riscv::Insn& insn) const {
    const Row& row = riscv::row_of(insn.op);
    if (fenced_ && insn.op == riscv::Op::ctzw) return false;
    if (insn.op == riscv::Op::illegal || insn.op == riscv::Op::ecall || insn.op == riscv::Op::ebreak) return false;
    for (const Extension e : {Extension::S, Extension::Sm, Extension::Zicsr, Extension::Svinval})
      if (row.extension == e) return false;
    if (row.has(fx::kBranch) || row.has(fx::kJump)) return false;
    if ((row.x_registers & riscv::kRd) && is_fixed(insn.rd)) return false;
    if ((row.has(fx::kLoad) || row.has(fx::kStore) || row.has(fx::kAmo)) && !is_pointer(insn.rs1)) return false;
    return row.name.substr(0, 3) != "sc.";  // reserve() has it
  }
  Word instruction() {
    return of_rows([](const Row&) { return true; });
  }
  template <typename Wanted>
  Word of_rows(Wanted wanted) {
    while (true) {
      const Row& row = riscv::kRows[1 + below(riscv::kOpCount - 1)];
      if ((row.has(fx::kFloat) && !one_in(3)) || !wanted(row)) continue;
      uint32_t word = (row.match & row.mask) | (static_cast<uint32_t>(random_()) & ~row.mask);
      if (row.length == 2) word &= 0xffff;
      if (row.has(fx::kLoad) || row.has(fx::kStore) || row.has(fx::kAmo)) word = with_pointer(row, word);
      if (row.has(fx::kFloat) && row.length == 4 && !(row.mask & 0x7000) && (word >> 12 & 7) > 4 && !one_in(16))
        word |= 0x7000;
      if (!usable(riscv::decode(word, kBoard.config.extensions))) continue;
      if (row.length == 2) return static_cast<uint16_t>(word);
      return word;
    }
  }
  // Offsets are small: pointers often stand next to a page's end.
  uint32_t with_pointer(const Row& row, uint32_t word) {
    if (row.length == 2) return word;
    word = (word & ~(31u << 15)) | pick(kPointers) << 15;
    if (row.has(fx::kAmo) || one_in(8)) return word;
    const auto offset = static_cast<uint32_t>(below(64)) - 32;
    if (row.has(fx::kStore)) return (word & 0x01ff'f07f) | (offset & 31) << 7 | (offset >> 5 & 0x7f) << 25;
    return (word & 0xf'ffff) | offset << 20;
  }
  void access_item() {
    const uint64_t count = 1 + below(4);
    for (uint64_t i = 0; i < count; ++i)
      code_.add(of_rows([](const Row& row) { return row.has(fx::kLoad) || row.has(fx::kStore) || row.has(fx::kAmo); }));
  }

  void counted_loop() {
    code_.add(insn::addi(kCounter, zero, static_cast<int64_t>(2 + below(5))));
    const auto top = code_.here();
    const uint64_t count = 1 + below(5);
    for (uint64_t i = 0; i < count; ++i) one_in(5) ? skip() : code_.add(instruction());
    code_.add(insn::addi(kCounter, kCounter, -1));
    code_.branch(insn::bne, kCounter, zero, top);
  }

  // A branch or jump over an instruction.
  void skip() {
    const Word over = instruction();
    const auto a = static_cast<unsigned>(below(32)), b = static_cast<unsigned>(below(32));
    unsigned link = static_cast<unsigned>(below(32));
    if (is_fixed(link)) link = one_in(2) ? ra : 0;
    const int64_t four = 4 + over.size, two = 2 + over.size;
    const auto near = static_cast<uint32_t>(two) << 2 | static_cast<uint32_t>(below(8)) << 7;
    switch (below(11)) {
      case 0: code_.add(insn::beq(a, b, four)); break;
      case 1: code_.add(insn::bne(a, b, four)); break;
      case 2: code_.add(insn::blt(a, b, four)); break;
      case 3: code_.add(insn::bge(a, b, four)); break;
      case 4: code_.add(insn::bltu(a, b, four)); break;
      case 5: code_.add(insn::bgeu(a, b, four)); break;
      case 6: code_.add(insn::jal(link, four)); break;
      case 7: code_.add(insn::c_j(two)); break;
      case 8: code_.add(insn::c(0xc001 | near)); break;  // c.beqz
      case 9: code_.add(insn::c(0xe001 | near)); break;  // c.bnez
      default: jump_by_register(link, over.size);
    }
    code_.add(over);
  }
  void jump_by_register(unsigned link, unsigned size) {
    const unsigned how = static_cast<unsigned>(below(3));
    const int64_t length = 8 + (how == 0 ? 4 : 2) + size;
    code_.add({insn::auipc(kTemporary, 0), insn::addi(kTemporary, kTemporary, length + (how == 0 && one_in(2)))});
    if (how == 0) code_.add(insn::jalr(link, 0, kTemporary));
    if (how == 1) code_.add(insn::c_jr(kTemporary));
    if (how == 2) code_.add(insn::c_jalr(kTemporary));
  }

  // A fetch that faults, and goes on at ra.
  void jump_astray() {
    uint64_t to = far_away() ^ 0x10'0000;  // not where an access goes (kQemuDiffers, "MPRV")
    if (where_.sure && where_.mode != kM && where_.paged && one_in(2))
      to = (where_.mode == kS ? kUser : kIdentity) + kCode - kRam + 2 * below(0x800);
    code_.li(kTemporary, to);
    code_.add(insn::jalr(ra, 0, kTemporary));
  }

  // --- Code that changes
  uint64_t writable_code(uint64_t offset) {
    if (where_.mode == kM || !where_.paged) return kIdentity + offset;
    if (where_.mode == kU) return (one_in(2) ? kUser : kUserSuper) + offset;
    return (one_in(2) ? kIdentity : kHigh) + offset;
  }
  // Four bytes: an instruction, or two.
  uint32_t patch() {
    const auto wide = [](const Row& row) { return row.length == 4 && row.has(fx::kPure); };
    const auto narrow = [](const Row& row) { return row.length == 2 && row.has(fx::kPure); };
    if (one_in(2)) return of_rows(wide).bits;
    const uint32_t low = of_rows(narrow).bits;
    return low | of_rows(narrow).bits << 16;
  }
  void fence_of_code() {
    if (one_in(2)) return code_.add(insn::kFenceI);
    if (fenced_ || one_in(2)) code_.add(one_in(2) ? Word(insn::c_j(2)) : Word(insn::jal(0, 4)));  // ends QEMU's block
  }
  void change_code() {
    if (where_.mprv) return;
    if (one_in(2)) return change_in_loop();
    // The slot comes after the stores, whose length depends on its address: it stands at a place that is always behind
    // them.
    const uint64_t slot = (code_.at() + 96) & ~uint64_t{3};
    code_.li(kTemporary, writable_code(slot - kRam));
    code_.li(kValue, patch());
    code_.add(insn::sw(kValue, 0, kTemporary));
    fence_of_code();
    while (code_.at() < slot) code_.add(insn::c(insn::kCNop));
    code_.add(patch());
  }
  // Each time round the other of two instructions, by exclusive or.
  void change_in_loop() {
    code_.align(4);
    const uint64_t slot = (code_.at() + 96) & ~uint64_t{3};
    const uint32_t first = patch(), second = patch();
    code_.li(kTemporary, writable_code(slot - kRam));
    code_.li(kMask, first ^ second);
    code_.add(insn::addi(kCounter, zero, static_cast<int64_t>(2 + below(6))));
    while (code_.at() < slot) code_.add(insn::c(insn::kCNop));
    const auto top = code_.here();
    code_.add(first);
    code_.add({insn::lw(kValue, 0, kTemporary), insn::r_type(0, kMask, kValue, 4, kValue, 0x33),
               insn::sw(kValue, 0, kTemporary)});
    if (one_in(2)) code_.add(insn::kFenceI);
    code_.add(insn::addi(kCounter, kCounter, -1));
    code_.branch(insn::bne, kCounter, zero, top);
  }

  // --- Page tables that change
  void change_entry() {
    if (!where_.sure || where_.mode == kU || where_.mprv) return;
    if (where_.mode == kS && (where_.tvm && fenced_)) return;
    const Entry& entry = edits_[below(edits_.size())];
    code_.li(kTemporary, entry.at);
    if (entry.is_pointer) {  // away and back
      code_.add({insn::ld(kValue, 0, kTemporary),
                 insn::xori(kValue, kValue, one_in(2) ? 1 : static_cast<int64_t>(pte::U)),
                 insn::sd(kValue, 0, kTemporary)});
    } else {
      const bool large = entry.address == kDataSuper;
      uint64_t value = pte::make(large ? kRam : kData + 0x1000 * below(kMachineDataPages), aged(leaf_flags(one_in(2))));
      if (!large && one_in(12))
        value = pte::make(kData + 0x8000, aged(leaf_flags(one_in(2)))) | pte::N;  // 64 KiB (Svnapot)
      if (!fenced_ && one_in(10)) value |= uint64_t{1} << (54 + below(10));
      if (large && one_in(6)) value |= 1 << 10;  // misaligned
      if (large) value &= ~pte::X;
      // A pointer would make a table of what is no table, with reserved bits (kQemuDiffers, "entry").
      if (large && fenced_ && (value & (pte::R | pte::W | pte::X)) == 0) value &= ~pte::V;
      code_.li(kValue, value);
      if (one_in(4))
        code_.add(insn::amoswap_d(0, kValue, kTemporary));
      else
        code_.add(insn::sd(kValue, 0, kTemporary));
    }
    if (!fenced_ && one_in(3)) return;
    code_.li(kTemporary, entry.address);
    code_.add(insn::sfence_vma(one_in(2) ? kTemporary : 0, 0));
  }
  void fence() {
    switch (below(5)) {
      case 0: return code_.add(insn::sfence_vma(pick(kPointers), 0));
      case 1:
        if (fenced_ && (where_.mode == kU || !where_.sure || where_.tvm)) return;
        return code_.add({insn::kSfenceWInval, insn::sinval_vma(pick(kPointers), 0), insn::kSfenceInvalIr});
      case 2: return code_.add(insn::kFenceI);
      case 3: return code_.add(insn::kFence);
      default: return code_.add(insn::kPause);
    }
  }
  void point_anew() {
    if (one_in(4)) return point_all();
    if (one_in(4)) {
      code_.add(insn::c(0x6101 | (1 + below(31)) << 2));  // c.addi16sp
      return code_.li(sp, data_address(true));
    }
    code_.li(pick({s1, a0, a1}), one_in(8) ? far_away() : data_address());
  }

  // lr and sc to the page that is always there, of the same width and address, or of another address.
  void reserve() {
    if (!where_.sure || (all_is_protected_ && (where_.mode != kM || where_.mprv))) return;
    const auto width = static_cast<uint32_t>(2 + below(2));
    code_.add(insn::atomic(2, width, kValue, 0, s0, static_cast<uint32_t>(below(4))));
    code_.add(insn::addi(kTemporary, s0, one_in(4) ? 8 : 0));
    const uint64_t count = below(3);
    for (uint64_t i = 0; i < count; ++i)
      code_.add(of_rows([](const Row& row) { return row.has(fx::kPure) && row.length == 4; }));
    code_.add(insn::atomic(3, width, kValue, kValue, kTemporary, static_cast<uint32_t>(below(4))));
  }

  // --- Modes
  // From M or S to a lower mode, or to the same.
  void step_down() {
    if (!where_.sure || where_.mode == kU || where_.mprv) return;
    const bool machine = where_.mode == kM;
    const Privilege to = one_in(3) ? where_.mode : machine && one_in(2) ? kS : kU;
    const bool by_mret = machine && (to == kM || !one_in(4));
    const unsigned status = machine ? csr::mstatus : csr::sstatus;
    const uint64_t field = by_mret ? status::kMpp : status::kSpp;
    code_.add(insn::csrrci(0, status, machine ? 8 : 2));  // or a handler's return would change the field
    code_.li(kTemporary, field);
    code_.add(insn::csrrc(0, status, kTemporary));
    code_.li(kTemporary, (static_cast<uint64_t>(to) << (by_mret ? 11 : 8)) & field);
    code_.add(insn::csrrs(0, status, kTemporary));
    const Where before = where_;
    where_.mode = to;
    where_.window = to == before.mode ? before.window : code_window();
    leave_to(by_mret ? csr::mepc : csr::sepc, by_mret ? insn::kMret : insn::kSret);
    if (!machine && where_.tsr) where_.sure = false;  // it was illegal, and we are where we were
    point_all();
  }

  // Interrupts are allowed, forbidden, enabled, masked, made pending.
  void interrupt_item() {
    const bool machine = where_.mode == kM;
    const unsigned status = machine ? csr::mstatus : csr::sstatus, ie = machine ? csr::mie : csr::sie;
    switch (below(6)) {
      case 0: return code_.add(insn::csrrsi(0, status, machine ? 8 : 2));
      case 1: return code_.add(insn::csrrci(0, status, machine ? 8 : 2));
      case 2: return code_.add(insn::csrrsi(0, machine ? csr::mip : csr::sip, 2));
      case 3: return code_.add(insn::csrrci(0, machine ? csr::mip : csr::sip, 2));
      default:
        code_.li(kTemporary, enabled_interrupts());
        if (!fenced_ && one_in(2)) return code_.add(insn::csrrs(0, ie, kTemporary));
        return code_.add(one_in(3) ? insn::csrrc(0, ie, kTemporary) : insn::csrrw(0, ie, kTemporary));
    }
  }

  // Of M mode only: devices, waiting, memory as another mode sees it. Interrupts are forbidden while a device changes
  // its line, since QEMU looks at lines between blocks only.
  void machine_item() {
    if (where_.mode != kM || where_.mprv) {
      if (where_.tw && where_.mode == kS && where_.sure) code_.add(insn::kWfi);  // illegal
      return;
    }
    switch (below(4)) {
      case 0: return look_at_devices();
      case 1: return wait_for_interrupt();
      case 2: return through_other_eyes();
      default:
        code_.add(insn::csrrci(0, csr::mstatus, 8));
        raise();
        if (one_in(2)) code_.add(insn::csrrsi(0, csr::mstatus, 8));
    }
  }
  void look_at_devices() {
    code_.li(kTemporary, kUart);
    code_.add({insn::sb(s4, 7, kTemporary), insn::lbu(s4, 7, kTemporary)});
    code_.li(kTemporary, kClint);
    code_.add(insn::lw(s5, 0, kTemporary));
    code_.li(kTemporary, kClint + 0x4000);
    code_.add(one_in(2) ? insn::lwu(s5, 4, kTemporary) : insn::ld(s5, 0, kTemporary));
    code_.li(kTemporary, kPlic + 0x1000);
    code_.add(insn::lw(s4, 0, kTemporary));
  }
  void wait_for_interrupt() {
    code_.add(insn::csrrci(0, csr::mstatus, 8));
    code_.li(kTemporary, kClint);
    code_.add({insn::addi(kValue, zero, 1), insn::sw(kValue, 0, kTemporary), insn::csrrsi(0, csr::mie, 8), insn::kWfi,
               insn::sw(zero, 0, kTemporary)});
  }
  // MPRV: loads and stores with the rights of S or U.
  void through_other_eyes() {
    const Where before = where_;
    where_.mode = !fenced_ && one_in(2) ? kS : kU;  // kQemuDiffers, "MPRV"
    code_.li(kTemporary, status::kMpp);
    code_.add(insn::csrrc(0, csr::mstatus, kTemporary));
    code_.li(s1, data_address());
    code_.li(a0, data_address());
    code_.li(kTemporary, status::kMprv | static_cast<uint64_t>(where_.mode) << 11 | (one_in(2) ? status::kSum : 0));
    code_.add(insn::csrrs(0, csr::mstatus, kTemporary));
    access_item();
    access_item();
    code_.li(kTemporary, status::kMprv);
    code_.add(insn::csrrc(0, csr::mstatus, kTemporary));
    where_ = before;
  }

  // --- CSRs
  void set_csr(unsigned number, uint64_t value) { code_.set_csr(number, value, kTemporary); }

  struct Legal {
    unsigned number;
    uint64_t mask;
  };
  void csr_item() {
    static constexpr uint64_t kSupervisorStatus =
        status::kSie | status::kSpie | status::kSpp | status::kSum | status::kMxr;
    static constexpr uint64_t kMachineStatus = kSupervisorStatus | status::kMie | status::kMpie;
    static constexpr Legal kMachines[] = {{csr::mstatus, kMachineStatus},    {csr::mie, kInterrupts},
                                          {csr::mip, kSupervisorInterrupts}, {csr::medeleg, kDelegableExceptions},
                                          {csr::mepc, ~uint64_t{1}},         {csr::mcause, 7},
                                          {csr::mtval, ~uint64_t{0}}};
    static constexpr Legal kSupervisors[] = {
        {csr::sstatus, kSupervisorStatus}, {csr::sie, kInterrupts}, {csr::sip, 2},
        {csr::sepc, ~uint64_t{1}},         {csr::scause, 7},        {csr::stval, ~uint64_t{0}}};
    if (one_in(4)) return read_csr();
    if (where_.mode == kS && where_.paged && one_in(6)) return change_space();
    const Legal& one = (where_.mode == kM || one_in(12)) && one_in(2) ? pick(kMachines) : pick(kSupervisors);
    if (where_.tsr && one.number == csr::medeleg) return;
    const bool exceptions = one.number == csr::medeleg, interrupts = one.number == csr::mie || one.number == csr::sie;
    code_.li(kTemporary, exceptions   ? delegated_exceptions()
                         : interrupts ? enabled_interrupts()
                                      : random_() & one.mask);
    // What a status register has of FS is not QEMU's, so it is neither read nor written whole here.
    if (one.number == csr::mstatus || one.number == csr::sstatus)
      return code_.add(one_in(2) ? insn::csrrs(0, one.number, kTemporary) : insn::csrrc(0, one.number, kTemporary));
    const unsigned rd = one_in(2) ? s4 : 0;
    if (exceptions || interrupts || one_in(3)) return code_.add(insn::csrrw(rd, one.number, kTemporary));
    code_.add(one_in(2) ? insn::csrrs(rd, one.number, kTemporary) : insn::csrrc(rd, one.number, kTemporary));
  }
  void read_csr() {
    static constexpr unsigned kRead[] = {csr::mie,    csr::mip,     csr::mideleg,  csr::medeleg, csr::mepc,
                                         csr::mcause, csr::mtval,   csr::mscratch, csr::mtvec,   csr::sie,
                                         csr::sip,    csr::sepc,    csr::scause,   csr::stval,   csr::sscratch,
                                         csr::stvec,  csr::satp,    csr::mhartid,  csr::fflags,  csr::frm,
                                         csr::fcsr,   csr::pmpcfg0, 0x5c0,         0x7c0,        0x9ff};
    code_.add(insn::csrr(s5, pick(kRead)));
    if (where_.mode != kM && one_in(4))
      code_.add(insn::csrr(s5, pick({csr::time, csr::cycle, csr::instret})));  // illegal
  }
  void change_space() {
    code_.li(kTemporary, satps_[below(2)]);
    code_.add({insn::csrw(csr::satp, kTemporary), insn::sfence_vma(0, 0)});
  }
  void float_status() {
    if (where_.mode != kU && one_in(3)) {
      code_.li(kTemporary, status::kFs);
      return code_.add(
          (one_in(4) ? insn::csrrc : insn::csrrs)(0, where_.mode == kM ? csr::mstatus : csr::sstatus, kTemporary));
    }
    switch (below(4)) {
      case 0: return code_.add(insn::csrr(s4, csr::fcsr));
      case 1: return code_.add(insn::csrrwi(s4, csr::fflags, static_cast<unsigned>(below(32))));
      case 2: return code_.add(insn::csrrci(s4, csr::fflags, static_cast<unsigned>(below(32))));
      default: return code_.add(insn::csrrwi(s4, csr::frm, static_cast<unsigned>(below(one_in(8) ? 8 : 5))));
    }
  }

  std::mt19937_64 random_;
  bool fenced_;
  Assembler code_{kCode};
  std::vector<TestProgram::Piece> memory_;
  std::vector<MachineProgram::Part> parts_;
  std::vector<Entry> edits_;
  uint64_t satps_[2] = {};
  Where where_;
  bool external_ = false, all_is_protected_ = false;
};

}  // namespace

Board machine_board() {
  Board board;
  for (const Extension e :
       {Extension::Zicond, Extension::Zicbom, Extension::Zicbop, Extension::Zicboz, Extension::Zawrs})
    board.config.extensions.clear(e);
  board.config.max_levels = 5;
  board.config.svpbmt = false;
  board.memory = 8 << 20;
  board.uart = true;
  board.slice = 1'000'000'000;  // its end would end a reservation, at a step that depends on the programs before
  return board;
}

MachineProgram machine_program(uint64_t seed, Audience audience) { return Generator(seed, audience).program(); }

}  // namespace vitrine::bench
