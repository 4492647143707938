// SPDX-License-Identifier: MIT
// The test bench's machine, put together as app/machine.cpp does it, and the comparison of caches.
#include "tests/isa/riscv/bench/bench.h"

#include <stdexcept>

namespace vitrine::bench {

using core::IrqLine;
namespace irq = riscv::irq;

const char* name_of(Caches caches) {
  switch (caches) {
    case Caches::kNone: return "none";
    case Caches::kTranslations: return "translations";
    case Caches::kAll: return "all";
    case Caches::kTiny: return "tiny";
    case Caches::kTranslator: return "translator";
  }
  return "?";
}

Bench::Bench(const Board& board, Caches caches) : caches_(caches), clock_(board.steps_per_tick) {
  auto ram = core::GuestRam::create({kRam}, board.memory);
  if (!ram) throw std::runtime_error(ram.error().message);
  ram_ = std::move(*ram);
  using Kind = mmu::AddressSpaces::Kind;
  const bool shadow = board.shadow && (caches == Caches::kTranslator || caches == Caches::kAll);
  const Kind kind = caches == Caches::kNone ? Kind::kNone : shadow ? Kind::kShadow : Kind::kTlb;
  spaces_ = std::make_unique<mmu::AddressSpaces>(*ram_, attention_, events_, kind, board.model);
  riscv::Interpreter::Options engine;
  engine.caching = caches >= Caches::kAll;
  if (caches == Caches::kTiny) engine.max_pages = 2;
  interpreter_ = std::make_unique<riscv::Interpreter>(*ram_, engine);
  riscv::Engine& runs = caches == Caches::kTranslator ? make_translator(board) : *interpreter_;
  riscv::System::Options options;
  options.slice = board.slice;
  options.fault_loop = ~0u;
  system_ = std::make_unique<riscv::System>(scheduler_, attention_, runs, world_, options);
  ram_->add_listener(system_.get());
  build_harts(board);
  build_devices(board);
  for (uint64_t at = 0; at < 2 * core::kPageSize; at += 4) write(kMachineHandler + at, insn::kSelf);
  for (unsigned id = 0; id < board.harts; ++id) {
    reset_hart(hart(id), kCode);
    set_csr(csr::mtvec, kMachineHandler, id);
    set_csr(csr::stvec, kSupervisorHandler, id);
    if (!board.open_pmp || !board.config.pmp) continue;
    set_csr(csr::pmpaddr0, (uint64_t{1} << 54) - 1, id);
    set_csr(csr::pmpcfg0, 0x1f, id);  // NAPOT, R W X
  }
  // The CLINT's comparators are 0 after reset: their interrupt would be pending from the start.
  for (unsigned id = 0; id < board.harts; ++id) clint_->write(0x4000 + 8 * id, 8, ~uint64_t{0});
  attention_.wanted = false;
}

Bench::~Bench() = default;

// Everything is translated when it is first reached, so that short programs are translated at all.
riscv::Engine& Bench::make_translator([[maybe_unused]] const Board& board) {
#ifdef VITRINE_HAS_TRANSLATOR
  translator::Translator::Options options;
  options.threshold = 1;
  options.code_memory = board.code_memory;
  options.verify = true;
  options.all_scattered = board.scattered;
  if (board.old_host) options.host = {};
  auto made = translator::Translator::create(*ram_, attention_, *interpreter_, options);
  if (!made) throw std::runtime_error(made.error().message);
  translator_ = std::move(*made);
  return *translator_;
#else
  throw std::runtime_error("this build has no translator");
#endif
}

void Bench::build_harts(const Board& board) {
  for (unsigned id = 0; id < board.harts; ++id) {
    auto parts = std::make_unique<HartParts>();
    parts->mmu = std::make_unique<mmu::Mmu>(id, *ram_, bus_, *spaces_);
    parts->hart = std::make_unique<Hart>();
    Hart& hart = *parts->hart;
    hart.id = id;
    hart.config = board.config;
    hart.memory = parts->mmu.get();
    hart.clock = &clock_;
    hart.attention = &attention_;
    hart.events = &events_;
    parts->stimecmp_event = std::make_unique<core::ScheduledEvent>(
        scheduler_, "stimecmp" + std::to_string(id), [&hart] { riscv::update_stimecmp(hart); });
    hart.stimecmp_event = parts->stimecmp_event.get();
    system_->add(hart);
    harts_.push_back(std::move(parts));
  }
}

void Bench::build_devices(const Board& board) {
  std::vector<IrqLine> contexts;
  std::vector<devices::Clint::HartLines> timers;
  for (const auto& parts : harts_) {
    contexts.emplace_back(parts.get(), irq::kMei);
    contexts.emplace_back(parts.get(), irq::kSei);
    timers.push_back({IrqLine(parts.get(), irq::kMsi), IrqLine(parts.get(), irq::kMti)});
  }
  clint_ = std::make_unique<devices::Clint>("clint", scheduler_, std::move(timers));
  using Senses = devices::Plic::Senses;
  plic_ = std::make_unique<devices::Plic>("plic", 31, std::move(contexts), board.uart ? Senses::kEdges : Senses::kLevels);
  if (!bus_.plug({kClint}, 0x1'0000, *clint_) || !bus_.plug({kPlic}, 0x60'0000, *plic_))
    throw std::runtime_error("the bench's devices overlap");
  if (!board.uart) return;
  uart_ = std::make_unique<devices::Uart16550>("uart", scheduler_, IrqLine(plic_.get(), 10), console_);
  if (!bus_.plug({kUart}, 0x100, *uart_)) throw std::runtime_error("the bench's devices overlap");
}

uint64_t Bench::put(uint64_t at, std::initializer_list<Word> program) {
  return put(at, std::vector<Word>(program));
}

uint64_t Bench::put(uint64_t at, const std::vector<Word>& program) {
  for (const Word& word : program) {
    EXPECT_TRUE(ram_->write({at}, &word.bits, word.size)) << std::hex << at;
    at += word.size;
  }
  return at;
}

void Bench::set_mode(Privilege mode, unsigned id) {
  hart(id).privilege = mode;
  riscv::context_changed(hart(id));
}

void Bench::start(uint64_t pc, Privilege mode, uint64_t satp, unsigned id) {
  set_csr(csr::satp, satp, id);
  hart(id).pc = pc;
  set_mode(mode, id);
}

void Bench::set_csr(unsigned number, uint64_t value, unsigned id) {
  ASSERT_TRUE(riscv::poke_csr(hart(id), number, value)) << std::hex << number;
}

uint64_t Bench::csr(unsigned number, unsigned id) const {
  const auto value = riscv::peek_csr(*harts_.at(id)->hart, number);
  EXPECT_TRUE(value.has_value()) << std::hex << number;
  return value.value_or(0);
}

void Bench::run_quietly(uint64_t steps) {
  const core::Step until = clock_.step() + steps;
  ASSERT_EQ(system_->run(until), riscv::StopReason::kStepLimit);
  ASSERT_EQ(clock_.step(), until);
}

void Bench::run(uint64_t steps) {
  run_quietly(steps);
  note();
}

void Bench::run_and_wake(uint64_t steps) {
  const core::Step until = clock_.step() + steps;
  while (system_->run(until) == riscv::StopReason::kNothingWakes) {
    set_csr(csr::mie, csr(csr::mie) | 1 << 3);
    set_line(3, true);
  }
  ASSERT_EQ(clock_.step(), until);
}

void Bench::note() { notes_.push_back(state_hash()); }

bool Bench::run_until_idle(uint64_t at_most) {
  const riscv::StopReason why = system_->run(clock_.step() + at_most);
  note();
  return why == riscv::StopReason::kNothingWakes;
}

void Bench::expect_machine_trap(const Trap& trap, unsigned id) {
  EXPECT_EQ(machine_trap(id), trap);
  EXPECT_EQ(pc(id), kMachineHandler);
  EXPECT_EQ(mode(id), kM);
}

void Bench::expect_supervisor_trap(const Trap& trap, unsigned id) {
  EXPECT_EQ(supervisor_trap(id), trap);
  EXPECT_EQ(pc(id), kSupervisorHandler);
  EXPECT_EQ(mode(id), kS);
}

void Bench::serialize(core::Archive& ar) {
  uint64_t memory = ram_->hash();
  ar.section("machine");
  ar.field("ram", memory);
  clock_.serialize(ar);
  for (const auto& parts : harts_) {
    parts->hart->serialize(ar);
    parts->mmu->serialize(ar);
  }
  system_->serialize(ar);
  clint_->serialize(ar);
  plic_->serialize(ar);
  if (uart_) uart_->serialize(ar);
  ar.section("events");
  scheduler_.serialize(ar);
}

std::vector<std::string> Bench::state() {
  core::StateLister lister;
  serialize(lister);
  return lister.lines();
}

uint64_t Bench::state_hash() {
  core::StateHasher hasher;
  serialize(hasher);
  return hasher.digest();
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i] != b[i]) return a[i] + " against " + b[i] + " (line " + std::to_string(i) + ")";
  return a.size() == b.size() ? "" : "states of different length";
}

Outcome outcome_of(Bench& bench) { return {bench.notes(), bench.state()}; }

void expect_same(const Outcome& reference, const Outcome& other) {
  EXPECT_EQ(first_difference(reference.state, other.state), "") << "differs from the machine without caches";
  ASSERT_EQ(reference.notes.size(), other.notes.size());
  for (size_t i = 0; i < reference.notes.size(); ++i)
    ASSERT_EQ(reference.notes[i], other.notes[i])
        << "state after run " << i << " differs from that without caches";
}

}  // namespace vitrine::bench
