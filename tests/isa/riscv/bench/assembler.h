// SPDX-License-Identifier: MIT
// Guest programs longer than a few instructions: encode.h's words one behind the other, labels, and constants of 64
// bits. Next: encode.h, ../machine_runtime.cpp (a program made with it).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

class Assembler {
 public:
  struct Label {
    size_t id;
  };
  explicit Assembler(uint64_t base) : base_(base) {}

  // The address of what comes next.
  [[nodiscard]] uint64_t at() const { return base_ + bytes_.size(); }
  void add(Word word) {
    for (unsigned i = 0; i < word.size; ++i) bytes_.push_back(static_cast<uint8_t>(word.bits >> (8 * i)));
  }
  void add(std::initializer_list<Word> words) {
    for (const Word& word : words) add(word);
  }
  void align(uint64_t to) {
    while (at() % to != 0) add(uint16_t{insn::kCNop});
  }

  Label label() {
    labels_.push_back(0);
    return {labels_.size() - 1};
  }
  void bind(Label label) { labels_[label.id] = at(); }
  Label here() {
    const Label label = this->label();
    bind(label);
    return label;
  }
  // The address of a label that is bound.
  [[nodiscard]] uint64_t address_of(Label label) const { return labels_[label.id]; }

  void jump(Label to, unsigned link = 0) {
    fixups_.push_back({bytes_.size(), to.id});
    add(insn::jal(link, 0));
  }
  // `make` is one of insn::beq to insn::bgeu.
  void branch(uint32_t (*make)(unsigned, unsigned, int64_t), unsigned a, unsigned b, Label to) {
    fixups_.push_back({bytes_.size(), to.id});
    add(make(a, b, 0));
  }

  // Up to eight instructions, as the assembler's `li`.
  void li(unsigned rd, uint64_t value) {
    const auto low = static_cast<int64_t>(value << 52) >> 52;
    if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
      const auto high = static_cast<uint32_t>((value + 0x800) >> 12 & 0xfffff);
      if (high != 0) add(insn::lui(rd, high));
      if (high == 0) return add(insn::addi(rd, 0, low));
      if (low != 0) add(insn::addiw(rd, rd, low));
      return;
    }
    auto rest = static_cast<int64_t>(value - static_cast<uint64_t>(low)) >> 12;
    unsigned shift = 12;
    for (; (rest & 1) == 0; rest >>= 1) ++shift;
    li(rd, static_cast<uint64_t>(rest));
    add(insn::slli(rd, rd, shift));
    if (low != 0) add(insn::addi(rd, rd, low));
  }
  void set_csr(unsigned number, uint64_t value, unsigned with) {
    if (value == 0) return add(insn::csrw(number, 0));
    li(with, value);
    add(insn::csrw(number, with));
  }

  // All labels are bound.
  std::vector<uint8_t> finish() {
    for (const auto& [offset, id] : fixups_) {
      uint32_t word = 0;
      for (unsigned i = 4; i-- > 0;) word = word << 8 | bytes_[offset + i];
      const auto distance = static_cast<int64_t>(labels_[id] - base_ - offset);
      const bool far = (word & 0x7f) == 0x6f;
      EXPECT_EQ(distance >> (far ? 20 : 12), distance >> 63) << "a jump at offset " << offset << " reaches too far";
      word |= far ? insn::jal(0, distance) : insn::b_type(distance, 0, 0, 0);
      for (unsigned i = 0; i < 4; ++i) bytes_[offset + i] = static_cast<uint8_t>(word >> (8 * i));
    }
    fixups_.clear();
    return bytes_;
  }

 private:
  uint64_t base_;
  std::vector<uint8_t> bytes_;
  std::vector<uint64_t> labels_;
  std::vector<std::pair<size_t, size_t>> fixups_;  // offset of a jump or branch, label
};

}  // namespace vitrine::bench
