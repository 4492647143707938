// SPDX-License-Identifier: MIT
#include "tools/pages/host_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>

#include "translator/host_names.h"

namespace vitrine::pages {
namespace {

using x86::Instruction;

bool is_jump(const Instruction& i) { return i.mnemonic[0] == 'j' || i.mnemonic == "call"; }

// The number that the operands end with, or 0.
uint64_t last_number(const Instruction& i) {
  const size_t at = i.operands.rfind("0x");
  return at == i.operands.npos ? 0 : std::strtoull(i.operands.c_str() + at, nullptr, 16);
}

class Writer {
 public:
  Writer(const translator::LoweringOutput& output, uint64_t address, const Names& names,
         std::vector<Instruction> code)
      : names_(names), code_(std::move(code)), begin_(address), end_(address + output.code.size()) {
    for (const translator::Link& link : output.links)
      links_[reinterpret_cast<uint64_t>(link.after)] = link.target;
    find_regions();
  }

  std::string text() {
    std::string all;
    bool shown = true;
    for (const Instruction& i : code_) {
      if (targets_.count(i.address) != 0) shown = hidden_.count(i.address) == 0;
      if (i.address < body_ || !shown) continue;
      if (const auto label = labels_.find(i.address); label != labels_.end()) all += label->second + ":\n";
      all += line(i);
    }
    return all;
  }

 private:
  uint64_t target_of(const Instruction& i) const {
    const uint64_t target = is_jump(i) ? last_number(i) : 0;
    return target >= begin_ && target < end_ ? target : 0;
  }
  const uint16_t* link_of(const Instruction& i) const {
    const auto link = links_.find(i.address + i.bytes.size());
    return link == links_.end() ? nullptr : &link->second;
  }

  // A region begins wherever a jump leads. Those that only the block's entry or a link leads to are left out.
  void find_regions() {
    const auto pays =
        std::find_if(code_.begin(), code_.end(), [](const Instruction& i) { return i.mnemonic == "js"; });
    body_ = pays == code_.end() ? begin_ : pays->address + pays->bytes.size();
    std::set<uint64_t> reached;
    for (const Instruction& i : code_) {
      const uint64_t target = target_of(i);
      if (target == 0 || (target > begin_ && target < body_)) continue;  // into the entry: f registers are there now
      targets_.insert(target);
      if (i.address >= body_ && link_of(i) == nullptr) reached.insert(target);
    }
    std::set_difference(targets_.begin(), targets_.end(), reached.begin(), reached.end(),
                        std::inserter(hidden_, hidden_.end()));
    unsigned number = 0;
    for (uint64_t target : targets_)
      if (hidden_.count(target) == 0) labels_[target] = fmt::format("L{}", ++number);
  }

  // Constants, by their place: "[vitrine_float_constants + 0x20]".
  std::string constant_of(const Instruction& i) const {
    for (const x86::Operand& operand : i.named) {
      if (!operand.memory || operand.base != "rip") continue;
      const uint64_t target = i.address + i.bytes.size() + static_cast<uint64_t>(operand.displacement);
      const auto behind = names_.upper_bound(target);
      if (behind == names_.begin()) return {};
      const auto& [address, name] = *std::prev(behind);
      return fmt::format("[{} + {:#x}]", name, target - address);
    }
    return {};
  }
  std::string operands_of(const Instruction& i) const {
    if (const std::string constant = constant_of(i); !constant.empty())
      return i.operands.substr(0, i.operands.rfind('[')) + constant;
    const uint64_t number = last_number(i);
    std::string name;
    if (const auto named = names_.find(number); number != 0 && named != names_.end()) name = named->second;
    if (const auto label = labels_.find(target_of(i)); label != labels_.end()) name = label->second;
    if (name.empty()) return i.operands;
    return i.operands.substr(0, i.operands.rfind("0x")) + name;
  }

  std::string line(const Instruction& i) const {
    if (const uint16_t* link = link_of(i))
      return fmt::format("    {:<7} {}\n", i.mnemonic,
                         *link == 0 ? "next" : fmt::format("link to {:#x}", *link));
    const std::string host = fmt::format("    {:<7} {}", i.mnemonic, operands_of(i));
    std::vector<std::string> words;
    for (const x86::Operand& operand : i.named)
      if (std::string word = translator::operand_name(operand);
          !word.empty() && std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(std::move(word));
    if (words.empty()) return host.substr(0, host.find_last_not_of(' ') + 1) + "\n";
    return fmt::format("{:<52} ; {}\n", host, fmt::join(words, ", "));
  }

  const Names& names_;
  std::vector<Instruction> code_;
  uint64_t begin_, end_, body_ = 0;
  std::map<uint64_t, uint16_t> links_;  // by the end of the jump
  std::set<uint64_t> targets_, hidden_;
  std::map<uint64_t, std::string> labels_;
};

}  // namespace

std::string host_listing(const x86::Disassembler& disassembler, const translator::LoweringOutput& output,
                         uint64_t address, const Names& names) {
  return Writer(output, address, names, disassembler.instructions(output.code, address)).text();
}

}  // namespace vitrine::pages
