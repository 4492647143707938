// SPDX-License-Identifier: MIT
// Blocks as text.
#include "translator/block_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/address.h"
#include "isa/x86/disassembler.h"
#include "translator/host_names.h"
#include "translator/ir.h"
#include "translator/passes.h"

namespace vitrine::translator {
void BlockLog::translated(const Translation& translation) {
  const uint64_t pc = translation.input.pc, offset = pc % core::kPageSize;
  const ir::Instruction& last = translation.block.insns.back();
  const uint64_t end = std::min(offset + (last.pc - pc) + last.insn.length, core::kPageSize);
  const uint8_t* const page = translation.input.page;
  blocks_[pc].push_back(
      {translation.input, {page + offset, page + end}, translation.code, translation.code_size});
}

std::string BlockLog::text(uint64_t pc, riscv::Privilege privilege, const uint8_t* page) const {
  const auto found = blocks_.find(pc);
  if (found == blocks_.end()) return {};
  const auto fits = [&](const Kept& kept) {
    return kept.input.privilege == privilege && (!page || kept.input.page == page);
  };
  const auto kept = std::find_if(found->second.rbegin(), found->second.rend(), fits);
  return kept == found->second.rend() ? std::string() : text(*kept);
}

std::string BlockLog::text(const Kept& kept) const {
  alignas(8) uint8_t page[core::kPageSize] = {};
  std::memcpy(page + kept.input.pc % core::kPageSize, kept.bytes.data(), kept.bytes.size());
  BuildInput input = kept.input;
  input.page = page;
  ir::Block block;
  build(block, input, host_);
  std::string text = fmt::format("IR as it is built:\n{}", ir::to_text(block));
  optimise(block);
  text += fmt::format("IR after the passes:\n{}", ir::to_text(block));
  return text + fmt::format("Host code, {} bytes:\n{}", kept.code_size, host_code_text(kept.code, kept.code_size));
}

std::string ir_as_built(const BuildInput& input, const HostAbilities& host) {
  ir::Block block;
  build(block, input, host);
  return ir::to_text(block);
}

std::string host_code_text(const uint8_t* code, size_t size) {
  auto disassembler = x86::Disassembler::open();
  if (!disassembler) return disassembler.error().message + "\n";
  const auto address = reinterpret_cast<uint64_t>(code);
  x86::Listing listing;
  listing.addresses = true;
  listing.name = operand_name;
  return disassembler->text({code, size}, address, listing);
}

}  // namespace vitrine::translator
