// SPDX-License-Identifier: MIT
// The translator: the second engine. Code that runs for the first time is interpreted; what runs again becomes host code,
// block by block (builder.h, passes.h, lowering.h), kept in pages (translated_page.h) until its bytes change. Steps,
// traps, interrupts and state are those of the interpreter, bit for bit. The essay, with drawings: docs/translator.md.
//
// The life of a step: run() finds the block of hart.pc through the code View, or makes it, and enters it. Blocks go from
// one to the next without coming back here, until the budget does not hold the next block, an instruction on the slow path
// asks for attention, or a block is missing.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/guest_ram.h"
#include "core/result.h"
#include "isa/riscv/engine.h"
#include "isa/riscv/interpreter.h"
#include "isa/x86/code_memory.h"
#include "isa/x86/host_tools.h"
#include "translator/block_trace.h"
#include "translator/builder.h"
#include "translator/lowering.h"
#include "translator/observer.h"
#include "translator/thunks.h"
#include "translator/translated_page.h"

namespace vitrine::translator {

class Translator final : public riscv::Engine, public core::RamListener {
 public:
  struct Options {
    size_t code_memory = 64 << 20;  // bytes of host code kept; when they are full, all of it goes
    size_t max_pages = 8192;        // TranslatedPages kept, up to 8 KiB each, by where blocks begin; when there are so many, all go
    unsigned threshold = 16;        // a block is translated when it is reached for the n-th time
    bool verify = false;            // the verifier runs after every pass
    bool all_scattered = false;     // every access looks into the linear table, as those do whose predictions keep missing
    HostAbilities host = HostAbilities::of_this_host();  // what generated code may use
    TranslationObserver* observer = nullptr;
    // For comparison with another engine: run() returns behind each block, whose very steps are its budget.
    bool one_block = false;
    x86::HostTools::Options host_tools = {};             // that get a name for each block
  };
  // `interpreter` runs what is cold. An error if the host gives no memory for code.
  static core::Result<std::unique_ptr<Translator>> create(core::GuestRam& ram, core::Attention& attention,
                                                          riscv::Interpreter& interpreter, const Options& options);
  ~Translator() override;

  void run(riscv::Hart& hart, uint64_t steps) override;
  void after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept override;

  // The next run() makes a block for where it stands, anew, runs it once by single steps of the host, and returns.
  void trace_next(BlockTrace& trace) { trace_ = &trace; }

  // Everything translated is forgotten, with its pages or without. No generated code runs at this moment.
  void flush();
  void forget_pages(riscv::Hart& hart);

  struct Counters {
    uint64_t blocks = 0;              // translated
    uint64_t instructions = 0;        // translated, each time it is
    uint64_t code_bytes = 0;          // host code made
    uint64_t entries = 0;             // ways from C++ into generated code
    uint64_t translated_steps = 0;    // steps since generated code was entered, until it was left
    uint64_t slow_paths = 0;          // of these: on the slow path
    uint64_t interpreted_steps = 0;   // steps of cold code
    uint64_t jump_lookups = 0;        // far jumps that the jump table did not know, and the View did
    uint64_t scattered_sites = 0;     // accesses that were given a table lookup of their own
    uint64_t dropped_pages = 0;       // pages whose translated bytes were written
    uint64_t flushes = 0;             // code memory was full
    uint64_t nanoseconds = 0;         // of host time in translation
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

  // For reports, in signal handlers too: is this host address in code that we made, and in which block (its guest
  // address; 0: in a thunk)?
  [[nodiscard]] bool made(uint64_t host) const noexcept { return memory_->contains(reinterpret_cast<const void*>(host)); }
  [[nodiscard]] uint64_t block_of(uint64_t host) const noexcept;
  // --- For people who ask between two rounds (block_views.cpp)
  struct BlockView {
    PageKey page;
    uint64_t pc = 0;
    const uint8_t* code = nullptr;  // host code, cold parts included
    size_t size = 0;
    bool apart = false;  // each access makes its own check (lowering.h)
  };
  // Host code of the block that begins at pc; nullptr: none is translated.
  [[nodiscard]] const uint8_t* block_at(const PageKey& page, uint64_t pc) const;
  // Those that can be entered now, by guest address.
  [[nodiscard]] std::vector<BlockView> blocks() const;
  // Its jumps to blocks that are not there yet.
  [[nodiscard]] std::vector<Link> waiting(const BlockView& block) const;
  // The block made again from the same bytes, not installed. nullopt: it is gone.
  struct BlockStory {
    BuildInput input;
    ir::Block block;  // after the passes
    // As like the code that runs as can be: the same but for addresses, unless accesses of the page were scattered since.
    std::vector<uint8_t> code;
    Origins origins;
  };
  std::optional<BlockStory> story_of(const BlockView& block);
  [[nodiscard]] const HostAbilities& host_abilities() const { return host_; }

  // A sentence about names for tools of the host that could not be written, or empty.
  [[nodiscard]] std::string host_tools_problem() const { return host_tools_ ? host_tools_->problem() : ""; }

 private:
  Translator(core::GuestRam& ram, core::Attention& attention, riscv::Interpreter& interpreter, const Options& options,
             std::unique_ptr<x86::CodeMemory> memory, std::unique_ptr<TranslatedPages> pages,
             std::unique_ptr<x86::HostTools> host_tools);

  class Tracer;
  void run_traced(riscv::Hart& hart, core::Step end);

  // What generated code calls (thunks.h).
  static uint64_t slow_path(riscv::Hart* hart, uint32_t index);
  void step_anew(riscv::Hart& hart);
  void adopt(riscv::Hart& hart);
  bool is_hot(const TranslatedPage& page, uint64_t pc);
  const uint8_t* find(riscv::Hart& hart);
  const uint8_t* find_apart(riscv::Hart& hart);
  const uint32_t* attach(riscv::Hart& hart);
  const uint8_t* translate(TranslatedPage& page, uint64_t pc, bool apart = false);
  BuildInput make_block(const TranslatedPage& page, const uint32_t* entries, uint64_t pc, bool apart, Origins* origins);
  void sample_misses(const core::PredictionSet& set, uint64_t misses, uint64_t steps);
  void scatter(uint32_t site);
  bool run_translated(riscv::Hart& hart, const uint8_t* code, core::Step end);
  void install(TranslatedPage& page, uint64_t pc, const uint8_t* code, bool apart);
  void note_lines(TranslatedPage& page);
  void drop(TranslatedPage& page) noexcept;

  core::GuestRam& ram_;
  core::Attention& attention_;
  riscv::Interpreter& interpreter_;
  Options options_;
  std::unique_ptr<x86::CodeMemory> memory_;
  std::unique_ptr<x86::HostTools> host_tools_;  // none: nullptr
  HostAbilities host_ = options_.host;
  Thunks thunks_;
  size_t code_begin_ = 0;  // where blocks begin in code memory, behind the thunks
  std::unique_ptr<Lowering> lowering_;
  ir::Block block_;
  LoweringOutput output_;
  std::vector<Site> sites_;
  std::unique_ptr<TranslatedPages> pages_;
  // How often an address was looked for in vain, by a hash of its page: places of their own would be mostly zeros.
  static constexpr unsigned kHeatPagesLog = 7;
  std::array<uint8_t, kHalfwords << kHeatPagesLog> heat_ = {};
  std::vector<riscv::Hart*> harts_;           // that run generated code
  std::vector<TranslatedPage*> of_ram_page_;  // lists, by RAM page
  struct Place {
    uint64_t host, guest;
    TranslatedPage* page;
    uint32_t first_site, size;
  };
  const Place& place_of_site(uint32_t site) const;
  std::vector<Place> places_;  // of all blocks in code memory, in its order
  riscv::ExtensionSet translated_for_;
  uint64_t physical_addend_ = 0;  // of all of RAM (core/memory_port.h)
  uint16_t samples_ = 0;          // stretches with many misses of predictions
  std::unordered_map<const uint8_t*, size_t> steps_of_;  // instructions of each block, if one_block
  BlockTrace* trace_ = nullptr;  // who wants the next block
  Counters counters_;
};

}  // namespace vitrine::translator
