// SPDX-License-Identifier: MIT
// What actions do, and programs as text.
#include "tests/isa/riscv/test_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/bench/page_tables.h"

namespace vitrine::bench {
namespace {

using Kind = Action::Kind;

// Words of the text, and how many numbers follow.
struct KindRow {
  const char* word;
  unsigned numbers;
};
constexpr KindRow kKinds[] = {{"csr", 2},         {"x", 2},           {"f", 2},        {"write", 1},
                              {"start", 3},       {"align_pc", 0},    {"wake", 0},     {"wire", 2},
                              {"stimecmp_in", 1}, {"mtimecmp_in", 1}, {"flip_leaf", 3}};
static_assert(std::size(kKinds) == static_cast<size_t>(Kind::kCount));

constexpr size_t kBytesOfALine = 32;

void flip_leaf(Bench& b, uint64_t root, uint64_t address, uint64_t flip) {
  uint64_t table = root;
  for (unsigned level = 2; level > 0; --level) {
    uint64_t pointer = 0;
    if (!b.ram().read_value({table + (address >> (12 + 9 * level) & 511) * 8}, pointer) ||
        (pointer & 0xf) != pte::V)
      return;
    table = pointer >> 10 << 12;
  }
  const uint64_t at = table + (address >> 12 & 511) * 8;
  uint64_t entry = 0;
  if (b.ram().read_value({at}, entry)) b.write64(at, entry ^ flip);
}

std::string hex(const uint8_t* bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

core::Error wrong(size_t line, const std::string& text) {
  return core::error(core::ErrorKind::kUsage, "line {}: '{}' is nothing that a stored program has", line,
                     text);
}

bool bytes_from(const std::string& text, std::vector<uint8_t>& bytes) {
  if (text.empty() || text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdef") != text.npos)
    return false;
  for (size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return true;
}

// How many bytes from here on repeat one halfword.
size_t run_of_halfword(const std::vector<uint8_t>& bytes, size_t from) {
  size_t at = from;
  while (at + 2 <= bytes.size() && std::memcmp(&bytes[at], &bytes[from], 2) == 0) at += 2;
  return at - from;
}

// One instruction a line, since this is code: with what it is.
std::string code_line(uint64_t at, const uint8_t* bytes, size_t left, size_t& size) {
  uint32_t bits = 0;
  std::memcpy(&bits, bytes, std::min<size_t>(left, 4));
  size = std::min<size_t>(left, riscv::instruction_length(static_cast<uint16_t>(bits)));
  if (size == 2) bits &= 0xffff;
  const riscv::Insn insn = riscv::decode(bits, riscv::ExtensionSet::standard());
  return fmt::format("{:<40} # {}\n", fmt::format("write {:#x} {}", at, hex(bytes, size)),
                     riscv::disassemble(insn, at, riscv::Style::friendly));
}

std::string piece_text(const TestProgram::Piece& piece) {
  std::string text;
  const bool code = piece.at >= kCode && piece.at < kData;
  for (size_t i = 0; i < piece.bytes.size();) {
    const uint64_t at = piece.at + i;
    if (const size_t run = run_of_halfword(piece.bytes, i); run > kBytesOfALine) {
      if (piece.bytes[i] != 0 || piece.bytes[i + 1] != 0)
        text += fmt::format("fill {:#x} {:#x} {}\n", at, run, hex(&piece.bytes[i], 2));
      i += run;
    } else if (size_t size = 0; code) {
      text += code_line(at, &piece.bytes[i], piece.bytes.size() - i, size);
      i += size;
    } else {  // up to where a run begins
      size = 8;
      while (size < kBytesOfALine &&
             run_of_halfword(piece.bytes, std::min(i + size, piece.bytes.size())) <= kBytesOfALine)
        size += 8;
      size = std::min(size, piece.bytes.size() - i);
      const auto begin = piece.bytes.begin() + static_cast<ptrdiff_t>(i);
      const bool nothing =
          std::all_of(begin, begin + static_cast<ptrdiff_t>(size), [](uint8_t byte) { return byte == 0; });
      if (!nothing) text += fmt::format("write {:#x} {}\n", at, hex(&piece.bytes[i], size));
      i += size;
    }
  }
  return text;
}

std::string action_text(const Action& action) {
  const KindRow& row = kKinds[static_cast<size_t>(action.kind)];
  std::string text = row.word;
  const uint64_t numbers[] = {action.a, action.b, action.c};
  const bool is_register = action.kind == Kind::kX || action.kind == Kind::kF;
  for (unsigned i = 0; i < row.numbers; ++i)
    text += is_register && i == 0 ? fmt::format(" {}", numbers[i]) : fmt::format(" {:#x}", numbers[i]);
  if (action.kind == Kind::kWrite) text += " " + hex(action.bytes.data(), action.bytes.size());
  return text + "\n";
}

bool action_from(const std::string& word, std::istringstream& words, Action& action) {
  for (size_t kind = 0; kind < std::size(kKinds); ++kind) {
    if (word != kKinds[kind].word) continue;
    action.kind = static_cast<Kind>(kind);
    uint64_t* const numbers[] = {&action.a, &action.b, &action.c};
    for (unsigned i = 0; i < kKinds[kind].numbers; ++i) {
      std::string number;
      if (!(words >> number)) return false;
      *numbers[i] = std::stoull(number, nullptr, 0);
    }
    std::string bytes;
    return action.kind != Kind::kWrite || (words >> bytes && bytes_from(bytes, action.bytes));
  }
  return false;
}

}  // namespace

void Action::apply(Bench& bench) const {
  switch (kind) {
    case Kind::kCsr: return bench.set_csr(static_cast<unsigned>(a), b);
    case Kind::kX: return bench.set_x(static_cast<unsigned>(a), b);
    case Kind::kF: return bench.set_f(static_cast<unsigned>(a), b);
    case Kind::kWrite: {
      ASSERT_TRUE(bench.ram().write({a}, bytes.data(), bytes.size())) << std::hex << a;
      return;
    }
    case Kind::kStart: return bench.start(a, static_cast<Privilege>(b), c);
    case Kind::kAlignPc: bench.hart().pc &= ~uint64_t{3}; return;
    case Kind::kWake: bench.hart().waiting = false; return;
    case Kind::kWire: return bench.set_line(static_cast<unsigned>(a), b != 0);
    case Kind::kStimecmpIn:
      return bench.set_csr(csr::stimecmp, a == ~uint64_t{0} ? a : bench.clock().ticks() + a);
    case Kind::kMtimecmpIn:
      bench.clint().write(0x4000, 8, a == ~uint64_t{0} ? a : bench.clock().ticks() + a);
      return;
    case Kind::kFlipLeaf: return flip_leaf(bench, a, b, c);
    case Kind::kCount: break;
  }
  FAIL() << "an action of no kind";
}

void TestProgram::load(Bench& bench) const {
  for (const Piece& piece : memory)
    ASSERT_TRUE(bench.ram().write({piece.at}, piece.bytes.data(), piece.bytes.size()));
}

std::string TestProgram::to_text() const {
  std::string text = fmt::format("board steps_per_tick {} slice {} svade {:d} sscofpmf {:d} levels {}\n",
                                 board.steps_per_tick, board.slice, board.config.svade, board.config.sscofpmf,
                                 board.config.max_levels);
  for (const Piece& piece : memory) text += piece_text(piece);
  for (const Chunk& chunk : chunks) {
    text += "chunk\n";
    for (const Action& action : chunk.actions) text += action_text(action);
    text += fmt::format("run {}\n", chunk.steps);
  }
  return text;
}

core::Result<TestProgram> TestProgram::from_text(const std::string& text) {
  TestProgram program;
  std::istringstream lines(text);
  size_t number = 0;
  bool in_chunk = false;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string word, name;
    if (!(words >> word)) continue;
    Action action{Kind::kWake};
    if (word == "board") {
      unsigned levels = 0;
      if (!(words >> name >> program.board.steps_per_tick >> name >> program.board.slice >> name >>
            program.board.config.svade >> name >> program.board.config.sscofpmf >> name >> levels))
        return wrong(number, line);
      program.board.config.max_levels = static_cast<uint8_t>(levels);
    } else if (word == "chunk") {
      program.chunks.emplace_back();
      in_chunk = true;
    } else if (word == "run" && in_chunk) {
      if (!(words >> program.chunks.back().steps)) return wrong(number, line);
    } else if (word == "fill" && !in_chunk) {
      std::string at, size, halfword;
      std::vector<uint8_t> bytes;
      if (!(words >> at >> size >> halfword) || !bytes_from(halfword, bytes) || bytes.size() != 2)
        return wrong(number, line);
      Piece piece{std::stoull(at, nullptr, 0), {}};
      for (uint64_t i = 0; i < std::stoull(size, nullptr, 0); ++i) piece.bytes.push_back(bytes[i % 2]);
      program.memory.push_back(std::move(piece));
    } else if (!action_from(word, words, action)) {
      return wrong(number, line);
    } else if (in_chunk) {
      program.chunks.back().actions.push_back(std::move(action));
    } else if (action.kind == Kind::kWrite) {
      program.memory.push_back({action.a, std::move(action.bytes)});
    } else {
      return wrong(number, line);
    }
  }
  return program;
}

}  // namespace vitrine::bench
