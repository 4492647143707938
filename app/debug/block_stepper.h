// SPDX-License-Identifier: MIT
// Walking through one block, forwards and backwards, by guest instructions, IR operations or host instructions, with the values
// of guest registers, IR values and host registers at each place. What is shown was seen: the block that really runs was run once,
// host instruction by host instruction (translator/block_trace.h), and the machine was put back.
//
// A place is before a host instruction, or at an IR operation that has none of its own: one that was folded into another, or whose
// value stands where it is wanted already. Next: verbs_translation.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/debuggee.h"
#include "isa/x86/disassembler.h"
#include "translator/block_trace.h"

namespace vitrine::app::debug {

class BlockStepper {
 public:
  enum class Level : uint8_t { kGuest, kIr, kHost };

  // Of the block that runs next. Says why there is none.
  static core::Result<std::unique_ptr<BlockStepper>> of_next_block(Debuggee& debuggee);

  // The moment that the block was entered at.
  [[nodiscard]] core::Step moment() const { return moment_; }
  // To the next place of a level, or the one before. False: there is none, and nothing moves.
  bool step(Level level);
  bool step_back(Level level);
  [[nodiscard]] size_t place() const { return place_; }
  [[nodiscard]] size_t places() const { return places_.size(); }

  // --- At the present place
  // nullopt: the block's entry, or a way out; or the passes left nothing of the guest's instruction.
  [[nodiscard]] std::optional<translator::ir::Ref> node() const;
  [[nodiscard]] const translator::ir::Instruction* guest() const;
  // The host instruction that is next, or nullptr: the operation has none, or the block was left.
  [[nodiscard]] const x86::Instruction* host() const;
  [[nodiscard]] const x86::HostState& host_state() const { return moment_at(place_).host; }
  [[nodiscard]] uint64_t guest_register(unsigned x) const { return guest_register_at(place_, x); }
  // What is known of a node's value here; none: it is not computed yet, or never stands anywhere by itself.
  [[nodiscard]] std::optional<uint64_t> value(translator::ir::Ref node) const { return value_at(place_, node); }
  [[nodiscard]] const translator::BlockTrace& trace() const { return trace_; }

  // Where it stands: guest, IR, host, and what was made on the way there, if that was forwards.
  [[nodiscard]] std::string text() const;
  // All places, an arrow at the present one, and what each operation made.
  [[nodiscard]] std::string listing() const;
  // All host registers, and the bytes of the host instruction that is next.
  [[nodiscard]] std::string registers() const;

 private:
  struct Place {
    size_t moment;  // of the trace
    translator::ir::Ref node;  // kNoRef: the block's own, or of an instruction of which the passes left nothing
    int insn;                  // of the block; -1: the block's own
    bool host;                 // a host instruction is next
  };
  explicit BlockStepper(x86::Disassembler disassembler) : disassembler_(std::move(disassembler)) {}
  void find_places();
  [[nodiscard]] const translator::BlockTrace::Moment& moment_at(size_t place) const { return trace_.moments[places_[place].moment]; }
  [[nodiscard]] uint64_t guest_register_at(size_t place, unsigned x) const;
  [[nodiscard]] int insn_of(size_t place) const { return places_[place].insn; }
  [[nodiscard]] static std::string name_of(unsigned host);
  [[nodiscard]] bool differ(Level level, size_t a, size_t b) const;
  [[nodiscard]] std::optional<uint64_t> value_at(size_t place, translator::ir::Ref node) const;
  [[nodiscard]] std::string changes() const;
  [[nodiscard]] std::string line(size_t place) const;
  [[nodiscard]] const x86::Instruction* host_at(size_t place) const;

  x86::Disassembler disassembler_;
  translator::BlockTrace trace_;
  std::vector<x86::Instruction> code_;
  std::vector<Place> places_;
  size_t place_ = 0, from_ = 0;  // and where the last motion began; the same: it went back
  core::Step moment_ = 0;
};

}  // namespace vitrine::app::debug
