// SPDX-License-Identifier: MIT
// What was translated and is still in code memory, as text for people: the guest's instructions, the IR
// before and after the passes, the host code. A block is kept by the guest bytes that it was made from, and
// made again when it is shown.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "translator/observer.h"

namespace vitrine::translator {

// The IR of a block before the passes.
std::string ir_as_built(const BuildInput& input, const HostAbilities& host);
// Host code, an instruction a line, with what the guest has in its operands.
std::string host_code_text(const uint8_t* code, size_t size);

class BlockLog final : public TranslationObserver {
 public:
  explicit BlockLog(const HostAbilities& host = HostAbilities::of_this_host()) : host_(host) {}

  // The last block that was made for this address in code of this privilege, from this host page if `page` is
  // given; empty if there is none.
  [[nodiscard]] std::string text(uint64_t pc, riscv::Privilege privilege, const uint8_t* page) const;

  void translated(const Translation& translation) override;
  void flushed() override { blocks_.clear(); }

 private:
  struct Kept {
    BuildInput input;
    std::vector<uint8_t> bytes;  // the guest's, from input.pc on
    const uint8_t* code;
    size_t code_size;
  };
  [[nodiscard]] std::string text(const Kept& kept) const;

  HostAbilities host_;
  std::unordered_map<uint64_t, std::vector<Kept>> blocks_;  // by pc
};

}  // namespace vitrine::translator
