// SPDX-License-Identifier: MIT
// Memory and code: x, xp, disasm, list, where.
#include <fmt/format.h>

#include <cstring>

#include "app/debug/motion.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::app::debug {

namespace {

constexpr uint64_t kMostShown = 65'536;  // bytes, instructions, lines

// "/8xw", as gdb has it: how many, in which form, how large.
struct Format {
  uint64_t count = 1;
  char form = 'x';
  unsigned size = 8;
};

core::Result<Format> parse_format(const std::string& word) {
  Format format;
  const size_t slash = word.find('/');
  if (slash == word.npos) return format;
  const std::string_view text = std::string_view(word).substr(slash + 1);
  const size_t letters = std::min(text.find_first_not_of("0123456789"), text.size());
  if (letters > 0) format.count = parse_number(text.substr(0, letters)).value_or(0);
  for (const char c : text.substr(letters)) {
    switch (c) {
      case 'b': format.size = 1; break;
      case 'h': format.size = 2; break;
      case 'w': format.size = 4; break;
      case 'g': format.size = 8; break;
      case 'x': case 'd': case 'u': case 't': case 'a': case 'c': case 's': case 'i': format.form = c; break;
      default:
        return usage("x", fmt::format("'{}' has the letter '{}', which means nothing: forms are x d u t a c s i, sizes b h w g.",
                                      core::printable(word), core::printable(std::string(1, c))));
    }
  }
  if (format.count == 0 || format.count > kMostShown)
    return usage("x", fmt::format("'{}': one shows 1 to {} of a kind.", core::printable(word), kMostShown));
  if (format.form == 'c') format.size = 1;
  return format;
}

std::string value_text(State& state, uint64_t value, const Format& format) {
  const unsigned unused = 64 - 8 * format.size;
  const int64_t with_sign = static_cast<int64_t>(value << unused) >> unused;
  switch (format.form) {
    case 'd': return fmt::format("{}", with_sign);
    case 'u': return fmt::format("{}", value);
    case 't': return fmt::format("{:0{}b}", value, 8 * format.size);
    case 'a': return address_text(state.machine(), value);
    case 'c': return value >= 0x20 && value < 0x7f ? fmt::format("'{}'", static_cast<char>(value)) : fmt::format("'\\x{:02x}'", value);
    default: return fmt::format("0x{:0{}x}", value, 2 * format.size);
  }
}

using Reader = Debuggee::Bytes (*)(State& state, uint64_t at, size_t size);
Debuggee::Bytes read_virtual(State& state, uint64_t at, size_t size) { return state.it().read_memory(state.hart_number(), {at}, size); }
Debuggee::Bytes read_physical(State& state, uint64_t at, size_t size) { return state.it().read_physical({at}, size); }

core::Error unreadable(State& state, uint64_t at, bool physical) {
  if (physical) return core::error(core::ErrorKind::kUsage, "Physical address {:#x}: neither RAM nor a register of a device is there.", at);
  const mmu::Walk walk = state.machine().mmu(state.hart_number()).look({at}, core::AccessKind::kLoad);
  if (walk.fault != core::FaultKind::kNone)
    return core::error(core::ErrorKind::kUsage, "{:#x} cannot be read in {}: {}. Why: walk {:#x}. By physical address: xp", at,
                       privilege_name(state.hart().privilege), walk.reason, at);
  return core::error(core::ErrorKind::kUsage, "{:#x} leads to physical address {:#x}, where neither RAM nor a register of a device is.", at,
                     walk.physical.value);
}

// Up to 32 bytes a line.
Answer values(State& state, uint64_t at, const Format& format, Reader read, bool physical) {
  const unsigned per_line = format.form == 'a' ? 1 : format.form == 't' ? std::max(1u, 8 / format.size) : std::min(8u, 32 / format.size);
  const auto memory = read(state, at, format.count * format.size);
  if (memory.bytes.size() < format.size) return unreadable(state, at, physical);
  std::string text;
  const uint64_t whole = memory.bytes.size() / format.size;
  for (uint64_t i = 0; i < std::min(format.count, whole); ++i) {
    uint64_t value = 0;
    std::memcpy(&value, memory.bytes.data() + i * format.size, format.size);
    const uint64_t here = at + i * format.size;
    if (i % per_line == 0) text += fmt::format("{}{}:", text.empty() ? "" : "\n", physical ? fmt::format("{:#x}", here) : address_text(state.machine(), here));
    text += " " + value_text(state, value, format);
  }
  text += "\n";
  if (memory.device) text += "Among these are registers of devices; the look changed nothing in them.\n";
  if (whole < format.count) text += unreadable(state, at + whole * format.size, physical).message + "\n";
  return text;
}

// `count` strings, each up to its zero byte.
Answer strings(State& state, uint64_t at, uint64_t count, Reader read, bool physical) {
  constexpr size_t kLongest = 4096;
  std::string text;
  for (; count > 0; --count) {
    const std::string bytes = read(state, at, kLongest).bytes;
    if (bytes.empty()) return text.empty() ? Answer(unreadable(state, at, physical)) : Answer(text);
    const size_t length = std::min(bytes.find('\0'), bytes.size());
    text += fmt::format("{:#x}: \"{}\"\n", at, core::printable(std::string_view(bytes).substr(0, length), kLongest));
    at += length + 1;
  }
  return text;
}

// Break points are marked by their numbers, what runs next by '>'.
std::string instruction_line(State& state, uint64_t at, const riscv::Insn& insn) {
  std::string mark = at == state.hart().pc ? ">" : "";
  for (const StopPoint& point : state.points)
    if (point.kind == StopPoint::Kind::kBreak && point.at.value == at) mark += std::to_string(point.number);
  return fmt::format("{:>4} {:#x}: {:<8}  {}\n", mark, at, fmt::format("{:0{}x}", insn.bits, 2 * insn.length),
                     riscv::disassemble(insn, at, riscv::Style::friendly));
}

Answer instructions(State& state, uint64_t at, uint64_t count) {
  std::string text, symbol;
  for (; count > 0; --count) {
    const auto insn = state.instruction_at(at);
    if (!insn) {
      if (text.empty()) return core::error(core::ErrorKind::kUsage, "No instruction can be fetched at {:#x} in {}. Why: walk {:#x}", at, privilege_name(state.hart().privilege), at);
      return text + fmt::format("     {:#x}: nothing can be fetched\n", at);
    }
    const std::string here = symbol_text(state.machine(), at);
    const std::string name = here.substr(0, here.find('+'));
    if (name != symbol) text += fmt::format("{}:\n", here);
    symbol = name;
    text += instruction_line(state, at, *insn);
    at += insn->length;
  }
  return text;
}

Answer examine(State& state, const Words& words, Reader read, bool physical) {
  auto format = parse_format(words[0]);
  if (!format) return format.error();
  if (words.size() != 2) return usage("x", "it wants an address.");
  auto at = parse_place(state, words[1]);
  if (!at) return at.error();
  if (format->form == 's') return strings(state, *at, format->count, read, physical);
  if (format->form == 'i' && physical) return usage("xp", "instructions are shown by their virtual addresses. Use: x/i");
  if (format->form == 'i') return instructions(state, *at, format->count);
  return values(state, *at, *format, read, physical);
}
Answer x(State& state, const Words& words) { return examine(state, words, read_virtual, false); }
Answer xp(State& state, const Words& words) { return examine(state, words, read_physical, true); }

Answer disasm(State& state, const Words& words) {
  if (words.size() > 3) return usage(words[0], "it takes a place and a number of instructions.");
  uint64_t at = state.hart().pc, count = 10;
  if (words.size() > 1) {
    auto place = parse_place(state, words[1]);
    if (!place) return place.error();
    at = *place;
  }
  if (words.size() > 2) {
    auto number = parse_count(words[0], words[2]);
    if (!number) return number.error();
    count = std::min(*number, kMostShown);
  }
  return instructions(state, at, count);
}

// --- C source

Answer list(State& state, const Words& words) {
  if (words.size() > 2) return usage(words[0], "it takes one place.");
  uint64_t at = state.hart().pc;
  if (words.size() == 2) {
    auto place = parse_place(state, words[1]);
    if (!place) return place.error();
    at = *place;
  }
  const auto line = state.lines().line_at(at);
  if (!line)
    return core::error(core::ErrorKind::kMissing,
                       "No line of source is known for {}: the kernel's file has no debug information for it (compile with -g), or "
                       "another program runs there. Its instructions: disasm",
                       address_text(state.machine(), at));
  const std::string head = fmt::format("{}: {}:{}\n", address_text(state.machine(), at), core::printable(line->file), line->number);
  constexpr unsigned kAround = 5;
  constexpr uint64_t kLargest = 16 << 20;
  auto file = core::read_file(line->file, kLargest);
  if (!file) return head + file.error().message + "\n";
  const std::string_view all(reinterpret_cast<const char*>(file->data()), file->size());
  std::string text = head;
  unsigned number = 0;
  for (const std::string& each : split(all, '\n')) {
    if (++number + kAround < line->number || number > line->number + kAround) continue;
    text += fmt::format("{:>4} {:>5}  {}\n", number == line->number ? ">" : "", number, core::printable(each, 400));
  }
  return text;
}

Answer where(State& state, const Words& words) {
  if (words.size() > 1) return usage(words[0], "it takes no words.");
  std::string text;
  unsigned number = 0;
  for (const Frame& frame : frames(state)) {
    const std::string line = state.lines().at(frame.pc - (number ? 1 : 0));
    text += fmt::format("#{} {}{}, sp {:#x}\n", number++, address_text(state.machine(), frame.pc), line.empty() ? "" : ", " + line, frame.sp);
  }
  return text;
}

constexpr Verb kVerbs[] = {
    {"x", "", "[/FMT] WHERE", "Shows memory as the hart sees it: x/8xw sp; forms x d u t a c s i, sizes b h w g.", Wants::kPlace, x},
    {"xp", "", "[/FMT] ADDRESS", "The same by physical address.", Wants::kPlace, xp},
    {"disasm", "di", "[WHERE] [N]", "Shows N instructions (10) from there (pc) on.", Wants::kPlace, disasm},
    {"list", "l", "[WHERE]", "Shows the lines of source around a place (pc), by the kernel's debug information.", Wants::kPlace, list},
    {"where", "bt", "", "Shows the functions that called each other, by what they keep on the stack.", Wants::kNothing, where},
};

}  // namespace

std::span<const Verb> memory_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
