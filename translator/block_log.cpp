// SPDX-License-Identifier: MIT
// Blocks as text.
#include "translator/block_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/address.h"
#include "isa/riscv/registers.h"
#include "isa/x86/disassembler.h"
#include "translator/ir.h"
#include "translator/passes.h"
#include "translator/registers.h"

namespace vitrine::translator {
namespace {

using riscv::Hart;

// The host's name of a 64-bit register; its places are those of the instruction encoding.
constexpr std::string_view kHostNames[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                           "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
std::string_view name_of(const asmjit::x86::Gp& host) { return kHostNames[host.id()]; }

// What the fixed register map says of an operand.
std::string guest_name(const x86::Operand& operand) {
  if (!operand.memory) {
    if (operand.base == name_of(kBudget)) return "budget";
    for (const Mapping& m : kMapped)
      if (operand.base == name_of(m.host)) return std::string(riscv::kXNames[m.guest]);
    return {};
  }
  if (operand.base != name_of(kHart) || operand.indexed) return {};
  const auto offset = static_cast<uint64_t>(operand.displacement + kHartBias);
  if (offset - offsetof(Hart, x) < sizeof Hart::x / 33 * 32)
    return std::string(riscv::kXNames[(offset - offsetof(Hart, x)) / 8]);
  if (offset - offsetof(Hart, f) < sizeof Hart::f)
    return std::string(riscv::kFNames[(offset - offsetof(Hart, f)) / 8]);
  if (offset == offsetof(Hart, pc)) return "pc";
  if (offset == offsetof(Hart, site)) return "site";
  return {};
}

}  // namespace

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
  return text + host_text(kept);
}

std::string BlockLog::host_text(const Kept& kept) {
  auto disassembler = x86::Disassembler::open();
  if (!disassembler) return fmt::format("Host code: {}\n", disassembler.error().message);
  const auto address = reinterpret_cast<uint64_t>(kept.code);
  x86::Listing listing;
  listing.addresses = true;
  listing.name = guest_name;
  return fmt::format("Host code, {} bytes:\n{}", kept.code_size,
                     disassembler->text({kept.code, kept.code_size}, address, listing));
}

}  // namespace vitrine::translator
