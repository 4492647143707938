// SPDX-License-Identifier: MIT
#include "tests/isa/riscv/user_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <sstream>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::bench {
namespace {

using namespace reg;  // NOLINT: register names, as in assembly
using Registers = UserCase::Registers;
using Slot = UserCase::Slot;
static_assert(sizeof(Slot) < 2048, "a slot is reached by 12-bit offsets");

constexpr unsigned kSlotRegister = UserCase::kSlotRegister;
constexpr int64_t kAfter = offsetof(Slot, after);

void add_case(UserProgram& program, const UserCase& one) {
  const size_t at = program.data.size();
  program.data.resize(at + sizeof(Slot));
  std::memcpy(&program.data[at], &one.before, sizeof one.before);

  program.add(insn::ld(t0, offsetof(Registers, fcsr), kSlotRegister));
  program.add(insn::csrw(csr::fcsr, t0));
  for (unsigned r = 0; r < 32; ++r) program.add(insn::fld(r, offsetof(Registers, f) + 8 * r, kSlotRegister));
  for (unsigned r = 1; r < 32; ++r)
    if (r != kSlotRegister) program.add(insn::ld(r, 8 * r, kSlotRegister));
  for (const Word& word : one.code) program.add(word);
  program.add(uint16_t{insn::kCNop});  // the last one may have been a jump over 2 bytes, or
  program.add(uint16_t{insn::kCNop});  // over 4
  program.add(uint16_t{insn::kCNop});
  for (unsigned r = 0; r < 32; ++r) program.add(insn::sd(r, kAfter + 8 * r, kSlotRegister));
  for (unsigned r = 0; r < 32; ++r)
    program.add(insn::fsd(r, kAfter + offsetof(Registers, f) + 8 * r, kSlotRegister));
  program.add(insn::csrr(t0, csr::fcsr));
  program.add(insn::sd(t0, kAfter + offsetof(Registers, fcsr), kSlotRegister));
  program.add(insn::addi(kSlotRegister, kSlotRegister, sizeof(Slot)));
}

std::string registers_text(const char* head, const Registers& all, const Registers& known) {
  std::string text;
  for (unsigned r = 1; r < 32; ++r)
    if (r != kSlotRegister && all.x[r] != known.x[r])
      text += fmt::format("{}x {} {:#x}\n", head, r, all.x[r]);
  for (unsigned r = 0; r < 32; ++r)
    if (all.f[r] != known.f[r]) text += fmt::format("{}f {} {:#x}\n", head, r, all.f[r]);
  if (all.fcsr != known.fcsr) text += fmt::format("{}fcsr {:#x}\n", head, all.fcsr);
  return text;
}

// "x 5 0x1", "f 5 0x1", "fcsr 0x1"; `word` has been read.
bool register_from(const std::string& word, std::istringstream& words, Registers& to) {
  unsigned number = 0;
  std::string value;
  if (word != "fcsr" && (!(words >> number) || number > 31)) return false;
  if (!(words >> value)) return false;
  uint64_t& place = word == "fcsr" ? to.fcsr : word == "x" ? to.x[number] : to.f[number];
  place = std::stoull(value, nullptr, 0);
  return true;
}

bool line_from(const std::string& word, std::istringstream& words, StoredUserCase& stored) {
  std::string first, second;
  if (word == "arena") return static_cast<bool>(words >> stored.arena_seed);
  if (word == "x" || word == "f" || word == "fcsr") {
    if (!register_from(word, words, stored.program.before)) return false;
    stored.after = stored.program.before;
    return true;
  }
  if (word == "insn") {
    if (!(words >> first) || (first.size() != 4 && first.size() != 8)) return false;
    const auto bits = static_cast<uint32_t>(std::stoul(first, nullptr, 16));
    stored.program.code.push_back(first.size() == 8 ? Word(bits) : Word(static_cast<uint16_t>(bits)));
    return true;
  }
  if (word != "expect" || !(words >> first)) return false;
  if (first != "memory")
    return (first == "x" || first == "f" || first == "fcsr") && register_from(first, words, stored.after);
  if (!(words >> first >> second)) return false;
  stored.memory[std::stoull(first, nullptr, 0)] = std::stoull(second, nullptr, 0);
  return true;
}

}  // namespace

bool UserCase::is_fixed(unsigned r) {
  return r == kSlotRegister || std::find(kPointers, std::end(kPointers), r) != std::end(kPointers);
}

std::string UserCase::to_text(uint64_t arena_seed) const {
  std::string text = fmt::format("arena {}\n", arena_seed) + registers_text("", before, Registers{});
  for (const Word& word : code) {
    const riscv::Insn insn = riscv::decode(word.bits, riscv::ExtensionSet::standard());
    text += fmt::format("insn {:0{}x}{:8} # {}\n", word.bits, 2 * word.size, "",
                        riscv::disassemble(insn, 0, riscv::Style::friendly));
  }
  return text;
}

core::Result<StoredUserCase> StoredUserCase::from_text(const std::string& text) {
  StoredUserCase stored;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string word;
    if (words >> word && !line_from(word, words, stored))
      return core::error(core::ErrorKind::kUsage, "line {}: '{}' is nothing that a stored program has",
                         number, line);
  }
  return stored;
}

std::string expect_text(const UserCase& program, uint64_t arena_seed, const std::vector<uint8_t>& data) {
  std::string text = registers_text("expect ", slot_of(data, 0).after, program.before);
  const std::vector<uint8_t> before = arena_of(arena_seed);
  for (uint64_t at = 0; at < UserCase::kArena; at += 8) {
    uint64_t value = 0;
    std::memcpy(&value, &data[at], 8);
    if (std::memcmp(&before[at], &value, 8) != 0)
      text += fmt::format("expect memory {:#x} {:#x}\n", at, value);
  }
  return text;
}

UserProgram user_program(const std::vector<UserCase>& cases, uint64_t arena_seed) {
  UserProgram program;
  program.data = arena_of(arena_seed);
  program.add_data_address(kSlotRegister, UserCase::kArena);
  for (const UserCase& one : cases) add_case(program, one);
  program.finish();
  return program;
}

std::vector<uint8_t> arena_of(uint64_t seed) {
  std::vector<uint8_t> bytes(UserCase::kArena);
  std::mt19937_64 random(seed);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

Slot slot_of(const std::vector<uint8_t>& data, size_t i) {
  Slot slot;
  std::memcpy(&slot, &data.at(UserCase::kArena + i * sizeof slot), sizeof slot);
  return slot;
}

}  // namespace vitrine::bench
