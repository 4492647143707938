// SPDX-License-Identifier: MIT
// Translated code as it is now: blocks, block, ir, host. Blocks are made as the machine runs, whichever way: those of later moments
// may be there, too.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/disassembler.h"
#ifdef VITRINE_HAS_TRANSLATOR
#include "isa/x86/disassembler.h"
#include "translator/host_names.h"
#include "translator/passes.h"
#include "translator/translator.h"
#endif

namespace vitrine::app::debug {

namespace {

#ifdef VITRINE_HAS_TRANSLATOR

using translator::Translator;
using Block = Translator::BlockView;
using Story = Translator::BlockStory;
namespace ir = translator::ir;

core::Result<Translator*> translator_of(State& state, const std::string& verb) {
  if (Translator* const translator = state.machine().translator()) return translator;
  return usage(verb, "the interpreter runs this machine and makes no blocks. Another run of it: --engine translator.");
}

std::string block_line(State& state, const Block& block) {
  return fmt::format("{:#x} {} from physical {:#x}, {} bytes of host code at {:#x}{}{}\n", block.pc, "USM"[block.page.set % 3],
                     block.page.physical + block.pc % core::kPageSize, block.size, reinterpret_cast<uint64_t>(block.code),
                     block.apart ? ", each access checked alone" : "", [&] {
                       const std::string symbol = symbol_text(state.machine(), block.pc);
                       return symbol.empty() ? "" : "  " + symbol;
                     }());
}

Answer blocks(State& state, const Words& words) {
  auto translator = translator_of(state, words[0]);
  if (!translator) return translator.error();
  if (words.size() > 3) return usage(words[0], "it takes a place and a number.");
  uint64_t from = 0, most = 20;
  if (words.size() > 1) {
    auto place = parse_place(state, words[1]);
    if (!place) return place.error();
    from = *place;
  }
  if (words.size() > 2) {
    auto count = parse_count(words[0], words[2]);
    if (!count) return count.error();
    most = std::min<uint64_t>(*count, 10'000);
  }
  const std::vector<Block> all = (*translator)->blocks();
  if (all.empty()) return std::string("No block is translated: what ran so far was interpreted, since it is cold.\n");
  uint64_t bytes = 0, shown = 0, left = 0;
  std::string text;
  for (const Block& block : all) {
    bytes += block.size;
    if (block.pc < from) continue;
    if (shown == most) {
      ++left;
      continue;
    }
    text += block_line(state, block);
    ++shown;
  }
  text += fmt::format("{} blocks, {} bytes of host code", all.size(), bytes);
  return text + (left == 0 ? "\n" : fmt::format("; {} more behind these: blocks WHERE [N]\n", left));
}

struct Told {
  Block block;
  Story story;
};
// Those whose instructions cover an address.
std::vector<Told> covering(Translator& translator, const std::vector<Block>& all, uint64_t address) {
  constexpr uint64_t kLongest = uint64_t{translator::kMaxInstructions} * 4;
  std::vector<Told> found;
  for (const Block& block : all) {
    if (address - block.pc >= kLongest) continue;
    auto story = translator.story_of(block);
    if (!story || story->block.insns.empty()) continue;
    const ir::Instruction& last = story->block.insns.back();
    if (address < last.pc + last.insn.length) found.push_back({block, std::move(*story)});
  }
  return found;
}

// The reasons of build() (translator/builder.cpp), in its order.
std::string end_text(const Story& story) {
  const ir::Instruction& last = story.block.insns.back();
  const riscv::Row& row = riscv::row_of(last.insn.op);
  const uint64_t end = last.pc + last.insn.length;
  if (last.crosses_page) return "its last instruction goes on in the next page";
  if (row.has(riscv::kJump)) return "a jump";
  if (row.has(riscv::kBranch) && last.insn.imm <= 0) return "a branch back: what follows is a block of its own";
  if (row.has(riscv::kEndsBlock) && !row.has(riscv::kBranch)) return "behind this instruction the mode, the tables or what may run can be others";
  if (end % core::kPageSize == 0) return "the page ends";
  if (story.block.insns.size() == translator::kMaxInstructions) return fmt::format("{} instructions, the most", translator::kMaxInstructions);
  if (row.has(riscv::kBranch)) return fmt::format("{} branches, the most", translator::kMaxSideExits);
  return "the next instruction must begin a block: what it asks at a block's entry has changed";
}

// Where its direct jumps lead: to blocks of its page.
std::string links_text(Translator& translator, const Told& told, const std::vector<Block>& all, const x86::Disassembler& disassembler) {
  std::string text;
  const auto waiting = translator.waiting(told.block);
  for (const x86::Instruction& insn : disassembler.instructions({told.block.code, told.block.size}, reinterpret_cast<uint64_t>(told.block.code))) {
    if (!insn.mnemonic.starts_with('j')) continue;
    const uint8_t* const after = told.block.code + (insn.address - reinterpret_cast<uint64_t>(told.block.code)) + insn.bytes.size();
    for (const translator::Link& link : waiting)
      if (link.after == after)
        text += fmt::format("    {:#x} -> {:#x}, which is not translated yet\n", insn.address,
                            told.block.page.virtual_address + (link.target & ~translator::Link::kApart));
    const auto target = parse_number(insn.operands);
    for (const Block& to : all)
      if (target && reinterpret_cast<uint64_t>(to.code) == *target) text += fmt::format("    {:#x} -> the block at {:#x}\n", insn.address, to.pc);
  }
  return text.empty() ? "  no jump to another block of the page\n" : "  links:\n" + text;
}

core::Result<uint64_t> place_of(State& state, const Words& words) {
  if (words.size() < 2) return state.hart().pc;
  return parse_place(state, words[1]);
}

core::Error none_there(State& state, const std::string& verb, uint64_t address) {
  return usage(verb, fmt::format("no block that is translated now covers {}. blocks shows those that are; inside makes the one that runs next.",
                                 address_text(state.machine(), address)));
}

Answer block(State& state, const Words& words) {
  auto translator = translator_of(state, words[0]);
  if (!translator) return translator.error();
  if (words.size() > 2) return usage(words[0], "it takes one place.");
  auto address = place_of(state, words);
  if (!address) return address.error();
  auto disassembler = x86::Disassembler::open();
  if (!disassembler) return disassembler.error();
  const std::vector<Block> all = (*translator)->blocks();
  std::string text;
  for (const Told& told : covering(**translator, all, *address)) {
    const auto& insns = told.story.block.insns;
    text += block_line(state, told.block);
    for (const ir::Instruction& insn : insns)
      text += fmt::format("  {} {:#x}  {}\n", insn.pc == *address ? "->" : "  ", insn.pc, riscv::disassemble(insn.insn, insn.pc, riscv::Style::friendly));
    text += fmt::format("  key: page {:#x} seen at {:#x} in {} mode{}\n", told.block.page.physical, told.block.page.virtual_address, "USM"[told.block.page.set % 3],
                        told.story.block.uses_float ? "; entered only while FS is not Off and rounding is to nearest even" : "");
    text += fmt::format("  it ends behind {} instructions: {}\n", insns.size(), end_text(told.story));
    text += links_text(**translator, told, all, *disassembler);
  }
  if (text.empty()) return none_there(state, words[0], *address);
  return text;
}

// The block that begins there, in the hart's mode if it can be; or one that covers the address.
core::Result<Told> one_block(State& state, Translator& translator, const std::string& verb, uint64_t address) {
  std::vector<Told> found = covering(translator, translator.blocks(), address);
  if (found.empty()) return none_there(state, verb, address);
  const auto worth = [&](const Told& told) {
    return (told.block.pc == address ? 2 : 0) + ("USM"[told.block.page.set % 3] == mode_letter(state.hart()) ? 1 : 0);
  };
  return std::move(*std::max_element(found.begin(), found.end(), [&](const Told& a, const Told& b) { return worth(a) < worth(b); }));
}

Answer ir_text(State& state, const Words& words) {
  auto translator = translator_of(state, words[0]);
  if (!translator) return translator.error();
  Words places = words;
  std::string_view wanted;
  if (const auto option = std::find(places.begin(), places.end(), "--pass"); option != places.end()) {
    std::string names;
    for (const translator::Pass& pass : translator::passes()) {
      names += (names.empty() ? "" : ", ") + std::string(pass.name);
      if (option + 1 != places.end() && *(option + 1) == pass.name) wanted = pass.name;
    }
    if (wanted.empty()) return usage(words[0], fmt::format("--pass wants the name of a pass: {}.", names));
    places.erase(option, option + 2);
  }
  if (places.size() > 2) return usage(words[0], "it takes one place.");
  auto address = place_of(state, places);
  if (!address) return address.error();
  auto told = one_block(state, **translator, words[0], *address);
  if (!told) return told.error();
  ir::Block made;
  translator::build(made, told->story.input, (*translator)->host_abilities());
  std::string text = block_line(state, told->block), before = ir::to_text(made);
  if (wanted.empty()) text += "As it is built:\n" + before;
  for (const translator::Pass& pass : translator::passes()) {
    pass.run(made);
    std::string after = ir::to_text(made);
    if (pass.name == wanted) text += fmt::format("Before {}:\n{}", pass.name, before);
    if (wanted.empty() || pass.name == wanted) text += after == before ? fmt::format("{} changes nothing.\n", pass.name) : fmt::format("After {}:\n{}", pass.name, after);
    before = std::move(after);
  }
  return text;
}

std::string names_text(const x86::Instruction& insn) {
  std::vector<std::string> names;
  for (const x86::Operand& operand : insn.named)
    if (std::string name = translator::operand_name(operand); !name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

// The code made again is the code that runs, but for addresses.
bool same(const std::vector<x86::Instruction>& runs, const std::vector<x86::Instruction>& again) {
  return std::equal(runs.begin(), runs.end(), again.begin(), again.end(), [](const x86::Instruction& a, const x86::Instruction& b) {
    return a.mnemonic == b.mnemonic && a.bytes.size() == b.bytes.size() && (a.bytes.size() < 2 || a.bytes[0] == b.bytes[0]);
  });
}

Answer host(State& state, const Words& words) {
  auto translator = translator_of(state, words[0]);
  if (!translator) return translator.error();
  if (words.size() > 2) return usage(words[0], "it takes one place.");
  auto address = place_of(state, words);
  if (!address) return address.error();
  auto told = one_block(state, **translator, words[0], *address);
  if (!told) return told.error();
  auto disassembler = x86::Disassembler::open();
  if (!disassembler) return disassembler.error();
  const Story& story = told->story;
  const auto begin = reinterpret_cast<uint64_t>(told->block.code);
  const auto code = disassembler->instructions({told->block.code, told->block.size}, begin);
  const bool known = same(code, disassembler->instructions(story.code, begin));
  std::string text = block_line(state, told->block);
  if (!known) text += "Some of its accesses were translated otherwise since: which instruction each line is for is not known.\n";
  int last = -2;
  for (const x86::Instruction& insn : code) {
    int guest = -2;
    if (known) {
      const translator::Origins::Piece& piece = story.origins.at(static_cast<uint32_t>(insn.address - begin));
      guest = piece.node == ir::kNoRef ? -1 : story.block.nodes[piece.node].insn;
    }
    if (guest != last && guest >= 0) {
      const ir::Instruction& of = story.block.insns[static_cast<size_t>(guest)];
      text += fmt::format("  {:#x}  {}\n", of.pc, riscv::disassemble(of.insn, of.pc, riscv::Style::friendly));
    } else if (guest != last && guest == -1) {
      text += "  the block's own\n";
    }
    last = guest;
    const std::string names = names_text(insn);
    text += fmt::format("      {:#x}  {:<6} {}{}\n", insn.address, insn.mnemonic, insn.operands, names.empty() ? "" : "  ; " + names);
  }
  return text;
}

#else

Answer refused(State&, const Words& words) {
  return usage(words[0], "this build has no translator: it makes host code for x86-64, and this host is another one.");
}
constexpr auto blocks = refused, block = refused, ir_text = refused, host = refused;

#endif

constexpr Verb kVerbs[] = {
    {"blocks", "", "[WHERE] [N]", "Shows N blocks (20) that are translated now, by address, from there on: mode, physical address, size.", Wants::kPlace, blocks},
    {"block", "", "[WHERE]", "Shows every block that covers an address (pc): instructions, key, why it ends, links.", Wants::kPlace, block},
    {"ir", "", "[WHERE] [--pass P]", "Shows the IR of the block there (pc), as it is built and after each pass, or around one.", Wants::kPlace, ir_text},
    {"host", "", "[WHERE]", "Shows the host code of the block there (pc), beside the guest's instructions that it comes from.", Wants::kPlace, host},
};

}  // namespace

std::span<const Verb> translation_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
