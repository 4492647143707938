// SPDX-License-Identifier: MIT
// The test bench: a small machine (harts with their memory ports, RAM, CLINT, PLIC, the machine's loop) in
// which a test puts a few instructions, runs some steps and looks. Instructions come from encode.h, page
// tables from page_tables.h; what must be found afterwards is written in the test, from the specification.
//
// under_every_cache() runs a scenario on the interpreter without any cache, with cached translations only,
// with everything cached, and with so few decoded pages that they are dropped all the time. Beyond the test's
// own expectations, the four must agree on the whole state of the machine after every run.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/bus.h"
#include "core/guest_ram.h"
#include "core/scheduler.h"
#include "devices/clint.h"
#include "devices/plic.h"
#include "devices/uart16550.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/handler.h"
#include "isa/riscv/interpreter.h"
#include "isa/riscv/system.h"
#include "mmu/mmu.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "translator/translator.h"
#endif
#include "tests/isa/riscv/bench/encode.h"

namespace vitrine::bench {

using riscv::Hart;
using riscv::HartConfig;
using riscv::Privilege;
inline constexpr Privilege kU = Privilege::kUser, kS = Privilege::kSupervisor, kM = Privilege::kMachine;

// --- The layout
// -------------------------------------------------------------------------------------------------
inline constexpr uint64_t kRam = 0x8000'0000;
// Pages full of `j .`, where traps go: a trap leaves pc in one of them.
inline constexpr uint64_t kMachineHandler = kRam, kSupervisorHandler = kRam + 0x1000;
inline constexpr uint64_t kCode = kRam + 0x2000;
inline constexpr uint64_t kData = kRam + 0x1'0000;
inline constexpr uint64_t kTables = kRam + 0x10'0000;  // page tables are made from here on
inline constexpr uint64_t kClint = 0x0200'0000, kPlic = 0x0c00'0000, kUart = 0x1000'0000;

// CSR numbers as the specification prints them.
namespace csr {
inline constexpr unsigned fflags = 0x001, frm = 0x002, fcsr = 0x003, sstatus = 0x100, sie = 0x104,
                          stvec = 0x105, scounteren = 0x106, senvcfg = 0x10a, sscratch = 0x140, sepc = 0x141,
                          scause = 0x142, stval = 0x143, sip = 0x144, stimecmp = 0x14d, satp = 0x180,
                          mstatus = 0x300, misa = 0x301, medeleg = 0x302, mideleg = 0x303, mie = 0x304,
                          mtvec = 0x305, mcounteren = 0x306, menvcfg = 0x30a, mcountinhibit = 0x320,
                          mscratch = 0x340, mepc = 0x341, mcause = 0x342, mtval = 0x343, mip = 0x344,
                          pmpcfg0 = 0x3a0, pmpcfg2 = 0x3a2, pmpaddr0 = 0x3b0, mhpmevent3 = 0x323,
                          mcycle = 0xb00, minstret = 0xb02, mhpmcounter3 = 0xb03, cycle = 0xc00, time = 0xc01,
                          instret = 0xc02, mvendorid = 0xf11, mhartid = 0xf14;
}

// mstatus bits (privileged 3.1.6), exception codes (table 3.6) and interrupt numbers.
namespace status {
inline constexpr uint64_t kSie = 1 << 1, kMie = 1 << 3, kSpie = 1 << 5, kMpie = 1 << 7, kSpp = 1 << 8,
                          kMppS = 1 << 11, kMppM = 3 << 11, kMpp = 3 << 11, kFsInitial = 1 << 13,
                          kFsClean = 2 << 13, kFsDirty = 3 << 13, kFs = 3 << 13, kMprv = 1 << 17,
                          kSum = 1 << 18, kMxr = 1 << 19, kTvm = 1 << 20, kTw = 1 << 21, kTsr = 1 << 22,
                          kSd = uint64_t{1} << 63;
}
namespace cause {
inline constexpr uint64_t kFetchMisaligned = 0, kFetchAccess = 1, kIllegal = 2, kBreakpoint = 3,
                          kLoadMisaligned = 4, kLoadAccess = 5, kStoreMisaligned = 6, kStoreAccess = 7,
                          kEcallU = 8, kEcallS = 9, kEcallM = 11, kFetchPage = 12, kLoadPage = 13,
                          kStorePage = 15, kInterrupt = uint64_t{1} << 63;
}

// --- What a test asks for
// ---------------------------------------------------------------------------------------
// The interpreter with these caches, or the translator.
enum class Caches : uint8_t { kNone, kTranslations, kAll, kTiny, kTranslator };
inline constexpr std::array kEveryCache = {Caches::kNone, Caches::kTranslations, Caches::kAll, Caches::kTiny,
#ifdef VITRINE_HAS_TRANSLATOR
                                           Caches::kTranslator
#endif
};
const char* name_of(Caches caches);

struct Board {
  unsigned harts = 1;
  HartConfig config = {};
  uint64_t memory = 4 << 20;
  uint64_t slice = 20'000;
  uint64_t steps_per_tick = 100;
  bool open_pmp = true;  // entry 0 lets U and S do everything, as firmware sets it
  // Of the translator: bytes of host code that it keeps, what stands behind the Views, and whether it makes
  // code for an x86-64 without BMI, LZCNT, POPCNT and FMA.
  uint64_t code_memory = 1 << 20;
  bool shadow = true;
  bool old_host = false;
  bool scattered = false;  // no access has a prediction
  mmu::Model model = mmu::Model::kCoherent;  // others: translations are kept until a fence
  bool uart = false;  // a serial port on the PLIC's line 10, and gateways that sense edges, as on QEMU's board
};

// An instruction in a program: 4 bytes, or 2.
struct Word {
  uint32_t bits;
  unsigned size;
  constexpr Word(uint32_t word) : bits(word), size(4) {}  // NOLINT: programs are lists of numbers
  constexpr Word(uint16_t word) : bits(word), size(2) {}  // NOLINT
};

// What a trap left in xcause, xepc and xtval.
struct Trap {
  uint64_t cause, epc, tval;
  friend bool operator==(const Trap&, const Trap&) = default;
  friend void PrintTo(const Trap& t, std::ostream* os) {
    *os << "{cause " << std::hex << "0x" << t.cause << ", epc 0x" << t.epc << ", tval 0x" << t.tval << "}"
        << std::dec;
  }
};

class Bench {
  struct HartParts : core::IrqSink {
    std::unique_ptr<Hart> hart;
    std::unique_ptr<mmu::Mmu> mmu;
    std::unique_ptr<core::ScheduledEvent> stimecmp_event;
    void irq_changed(unsigned input, bool level) override { riscv::set_interrupt_line(*hart, input, level); }
  };

 public:
  Bench(const Board& board, Caches caches);
  ~Bench();

  [[nodiscard]] Caches caches() const { return caches_; }
  Hart& hart(unsigned id = 0) { return *harts_.at(id)->hart; }
  core::GuestRam& ram() { return *ram_; }
  core::Clock& clock() { return clock_; }
  devices::Plic& plic() { return *plic_; }
  devices::Clint& clint() { return *clint_; }
  // What the guest sent to the serial port.
  [[nodiscard]] const std::string& console() const { return console_.text; }
  mmu::Mmu& mmu(unsigned id = 0) { return *harts_.at(id)->mmu; }
  core::Events& events() { return events_; }
  [[nodiscard]] const mmu::MmuCounters& mmu_counters() const { return spaces_->counters; }
  [[nodiscard]] const riscv::CodeCache::Counters& code_counters() const { return interpreter_->counters(); }
#ifdef VITRINE_HAS_TRANSLATOR
  // Under Caches::kTranslator only.
  [[nodiscard]] const translator::Translator::Counters& translator_counters() const {
    return translator_->counters();
  }
#endif

  // --- Preparing. Writes into memory are announced like DMA, so they may also be made between runs.
  uint64_t put(uint64_t at, std::initializer_list<Word> program);  // the address after it
  uint64_t put(uint64_t at, const std::vector<Word>& program);
  template <typename T>
  void write(uint64_t at, T value) {
    ASSERT_TRUE(ram_->write_value({at}, value)) << std::hex << at;
  }
  void write64(uint64_t at, uint64_t value) { write(at, value); }
  // pc, mode and satp, as an xRET would leave them.
  void start(uint64_t pc, Privilege mode = kM, uint64_t satp = 0, unsigned id = 0);
  void set_mode(Privilege mode, unsigned id = 0);
  void set_x(unsigned r, uint64_t value, unsigned id = 0) { hart(id).set_x(r, value); }
  void set_f(unsigned r, uint64_t value) { hart().f[r] = value; }
  void set_csr(unsigned number, uint64_t value, unsigned id = 0);
  void set_bits(unsigned number, uint64_t bits) { set_csr(number, csr(number) | bits); }
  void clear_bits(unsigned number, uint64_t bits) { set_csr(number, csr(number) & ~bits); }
  // The level of an interrupt wire of a hart.
  void set_line(unsigned number, bool level, unsigned id = 0) {
    riscv::set_interrupt_line(hart(id), number, level);
  }

  // --- Running
  // Exactly that many steps of the machine; the whole state is noted for the comparison of caches.
  void run(uint64_t steps = 1);
  // The same without a note, for long tests that note() now and then.
  void run_quietly(uint64_t steps);
  void note();
  // The same, but if everybody waits for ever, a machine software interrupt wakes hart 0.
  void run_and_wake(uint64_t steps);
  // Until everybody waits and nothing is scheduled (true), or that many steps are over.
  bool run_until_idle(uint64_t at_most = 100'000);

  // --- Looking
  uint64_t x(unsigned r, unsigned id = 0) { return hart(id).x[r]; }
  uint64_t f(unsigned r) { return hart().f[r]; }
  uint64_t pc(unsigned id = 0) { return hart(id).pc; }
  Privilege mode(unsigned id = 0) { return hart(id).privilege; }
  uint64_t csr(unsigned number, unsigned id = 0) const;
  template <typename T>
  T read(uint64_t at) {
    T value{};
    EXPECT_TRUE(ram_->read_value({at}, value)) << std::hex << at;
    return value;
  }
  uint64_t read64(uint64_t at) { return read<uint64_t>(at); }
  Trap machine_trap(unsigned id = 0) const {
    return {csr(csr::mcause, id), csr(csr::mepc, id), csr(csr::mtval, id)};
  }
  Trap supervisor_trap(unsigned id = 0) const {
    return {csr(csr::scause, id), csr(csr::sepc, id), csr(csr::stval, id)};
  }
  // The hart took exactly this trap last, and stands at the handler's first instruction in that mode.
  void expect_machine_trap(const Trap& trap, unsigned id = 0);
  void expect_supervisor_trap(const Trap& trap, unsigned id = 0);

  // --- Comparing
  std::vector<std::string> state();
  uint64_t state_hash();
  [[nodiscard]] const std::vector<uint64_t>& notes() const { return notes_; }

 private:
  void serialize(core::Archive& ar);
  void build_harts(const Board& board);
  riscv::Engine& make_translator(const Board& board);
  void build_devices(const Board& board);

  Caches caches_;
  core::Attention attention_;
  core::Events events_;
  core::Clock clock_;
  core::Scheduler scheduler_{clock_, attention_};
  std::unique_ptr<core::GuestRam> ram_;
  core::Bus bus_;
  std::unique_ptr<mmu::AddressSpaces> spaces_;
  std::vector<std::unique_ptr<HartParts>> harts_;
  std::unique_ptr<riscv::Interpreter> interpreter_;
#ifdef VITRINE_HAS_TRANSLATOR
  std::unique_ptr<translator::Translator> translator_;
#endif
  riscv::World world_;
  std::unique_ptr<riscv::System> system_;
  std::unique_ptr<devices::Clint> clint_;
  std::unique_ptr<devices::Plic> plic_;
  struct Console final : core::ByteSink {
    void put(uint8_t byte) override { text += static_cast<char>(byte); }
    std::string text;
  } console_;
  std::unique_ptr<devices::Uart16550> uart_;
  std::vector<uint64_t> notes_;
};

// The first difference between two states, as text; empty if there is none.
std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b);

// What the comparison keeps of a run.
struct Outcome {
  std::vector<uint64_t> notes;
  std::vector<std::string> state;
};
Outcome outcome_of(Bench& bench);
void expect_same(const Outcome& reference, const Outcome& other);

template <typename Scenario>
void under_every_cache(const Board& board, Scenario scenario) {
  Outcome reference;
  for (const Caches caches : kEveryCache) {
    SCOPED_TRACE(std::string("caches: ") + name_of(caches));
    Bench bench(board, caches);
    scenario(bench);
    if (testing::Test::HasFatalFailure() || testing::Test::IsSkipped()) return;
    Outcome outcome = outcome_of(bench);
    if (caches == Caches::kNone)
      reference = std::move(outcome);
    else
      expect_same(reference, outcome);
  }
}
template <typename Scenario>
void under_every_cache(Scenario scenario) {
  under_every_cache(Board{}, scenario);
}

}  // namespace vitrine::bench
