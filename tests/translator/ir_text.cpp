// SPDX-License-Identifier: MIT
// The reader of IR text.
#include "tests/translator/ir_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "isa/riscv/decoder.h"
#include "isa/riscv/registers.h"

namespace vitrine::translator {
namespace {

constexpr uint64_t kFirstPc = 0x1000;
constexpr uint32_t kNop = 0x0000'0013;

std::string trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return std::string(line.substr(first, line.find_last_not_of(' ') - first + 1));
}

std::vector<std::string> words_of(std::string line) {
  std::replace(line.begin(), line.end(), ',', ' ');
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

template <typename Names>
bool find_register(const Names& names, const std::string& word, uint8_t& number) {
  const auto found = std::find(std::begin(names), std::end(names), word);
  if (found == std::end(names)) return false;
  number = static_cast<uint8_t>(found - std::begin(names));
  return true;
}

bool is_value(const std::string& word) { return word.size() > 1 && word[0] == 'v' && isdigit(word[1]) != 0; }

ir::Op op_named(const std::string& name) {
  for (unsigned op = 0; op < static_cast<unsigned>(ir::Op::kCount); ++op)
    if (ir::row_of(static_cast<ir::Op>(op)).name == name) return static_cast<ir::Op>(op);
  ADD_FAILURE() << "no such operation: " << name;
  return ir::Op::constant;
}

// One operand, by what it looks like: v3, a0, s32 (a signed access of 32 bits), +8, 0x1000.
void take_operand(ir::Node& node, const std::string& word, unsigned& inputs) {
  const bool access = node.op == ir::Op::load || node.op == ir::Op::store;
  if (is_value(word)) {
    ASSERT_LT(inputs, 3u) << word;
    node.in[inputs++] = static_cast<ir::Ref>(std::atoi(word.c_str() + 1));
  } else if (access && (word[0] == 's' || word[0] == 'u')) {
    node.is_signed = word[0] == 's';
    node.width = static_cast<uint8_t>(std::atoi(word.c_str() + 1) / 8);
  } else if (isdigit(word[0]) != 0 || word[0] == '-' || word[0] == '+') {
    node.imm = static_cast<int64_t>(word[0] == '-' ? std::strtoll(word.c_str(), nullptr, 0)
                                                   : std::strtoull(word.c_str(), nullptr, 0));
  } else {
    ASSERT_TRUE(find_register(riscv::kXNames, word, node.reg) ||
                find_register(riscv::kFNames, word, node.reg))
        << word;
  }
}

ir::Node node_from(std::vector<std::string> words, size_t place) {
  if (words.size() > 2 && words[1] == "=") {
    EXPECT_EQ(words[0], "v" + std::to_string(place)) << "the numbers are the places in the list";
    words.erase(words.begin(), words.begin() + 2);
  }
  ir::Node node{op_named(words[0])};
  unsigned inputs = 0;
  for (size_t i = 1; i < words.size(); ++i) take_operand(node, words[i], inputs);
  EXPECT_EQ(inputs, node.row().inputs) << "operands of " << words[0];
  if (node.op == ir::Op::set_f) node.width = 8;
  return node;
}

}  // namespace

ir::Block block_from(std::string_view text) {
  ir::Block block;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line);
    if (line.empty()) continue;
    if (line[0] == ';') {
      block.insns.push_back(
          {kFirstPc + 4 * block.insns.size(), riscv::decode(kNop, riscv::ExtensionSet::standard())});
      continue;
    }
    ir::Node node = node_from(words_of(line), block.nodes.size());
    node.insn = static_cast<uint16_t>(block.insns.size() - 1);
    block.nodes.push_back(node);
  }
  block.count_uses();
  return block;
}

std::string plain_text(std::string_view text) {
  std::string plain;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line);
    if (!line.empty()) plain += (line[0] == ';' ? ";" : line) + "\n";
  }
  return plain;
}

namespace {

// The line of each node in to_text(), without its number: "add v0, v1".
std::vector<std::string> lines_of(const ir::Block& block) {
  std::vector<std::string> nodes;
  std::istringstream lines{plain_text(block)};
  for (std::string line; std::getline(lines, line);) {
    if (line[0] == ';') continue;
    const size_t equals = line.find(" = ");
    nodes.push_back(equals == std::string::npos ? line : line.substr(equals + 3));
  }
  return nodes;
}

// The same with every input as an expression: "add(get a0, const 8)".
std::string written_out(const std::vector<std::string>& lines, size_t node, bool outermost) {
  std::string text;
  unsigned inputs = 0;
  for (const std::string& word : words_of(lines[node])) {
    if (text.empty()) {
      text = word;
      continue;
    }
    text += text.find(' ') == std::string::npos ? " " : ", ";
    text += is_value(word) ? written_out(lines, std::stoul(word.substr(1)), false) : word;
    inputs += is_value(word);
  }
  if (outermost || inputs == 0) return text;
  return text.replace(text.find(' '), 1, "(") + ")";
}

}  // namespace

std::string plain_text(const ir::Block& block) { return plain_text(ir::to_text(block)); }

std::string effects_text(const ir::Block& as_built) {
  ir::Block block = as_built;
  block.count_uses();
  const std::vector<std::string> lines = lines_of(block);
  std::string text;
  unsigned shown = 0;  // instructions
  for (size_t i = 0; i < lines.size(); ++i) {
    for (; shown <= block.nodes[i].insn; ++shown) text += ";\n";
    const ir::Node& node = block.nodes[i];
    const bool dead_load = node.op == ir::Op::load && node.uses == 0;
    if (!node.row().has(ir::kValue) || dead_load) text += written_out(lines, i, true) + "\n";
  }
  return text;
}

}  // namespace vitrine::translator
