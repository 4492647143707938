// SPDX-License-Identifier: MIT
// Reading ELF64. The order is that of the gABI: identification, header, program headers, then sections for
// the symbols. `fits` is the one bounds check; every offset and size of the file goes through it first.
#include "core/elf.h"

#include <algorithm>
#include <cstring>

#include "core/file.h"
#include "core/file_kind.h"

namespace vitrine::core {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t kHeaderSize = 64;
constexpr size_t kProgramHeaderSize = 56;
constexpr size_t kSectionHeaderSize = 64;
constexpr size_t kSymbolSize = 24;
constexpr uint16_t kMachineRiscv = 243;
constexpr size_t kMaxSegments = 1024;
constexpr uint64_t kMaxSymbols = 4'000'000;
constexpr uint64_t kMaxNameBytes = 64 << 20;  // of all symbols together: tables may let names overlap
constexpr size_t kMaxName = 4096;

bool fits(Bytes file, uint64_t offset, uint64_t size) {
  return offset <= file.size() && size <= file.size() - offset;
}

struct Machine {
  uint16_t number;
  const char* name;
};
constexpr Machine kMachines[] = {
    {2, "a SPARC"},       {3, "an x86 (32-bit)"},
    {4, "a 68000"},       {8, "a MIPS"},
    {20, "a PowerPC"},    {21, "a PowerPC64"},
    {22, "an IBM S/390"}, {40, "a 32-bit Arm"},
    {42, "a SuperH"},     {43, "a SPARC V9"},
    {50, "an Itanium"},   {62, "an x86-64"},
    {94, "an Xtensa"},    {183, "an AArch64 (64-bit Arm)"},
    {247, "a BPF"},       {252, "a C-SKY"},
    {258, "a LoongArch"},
};

std::string program_for(uint16_t machine) {
  for (const Machine& m : kMachines)
    if (m.number == machine) return fmt::format("{} program", m.name);
  return fmt::format("a program for machine number {}", machine);
}

template <typename... Args>
Error bad(const Image& image, fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::kBadImage,
          fmt::format("'{}' {}", printable(image.path), fmt::format(format, std::forward<Args>(args)...))};
}

constexpr char kNeed[] = "Vitrine runs RV64 programs: build it with -march=rv64gc -mabi=lp64d.";

// Class, data, machine and type: is it a program for this machine at all?
Result<> check_identity(Bytes file, const Image& image) {
  if (file.size() < 20) return bad(image, "is a truncated ELF file of {}.", size_text(file.size()));
  const auto elf_class = little<uint8_t>(file, 4);
  const auto data = little<uint8_t>(file, 5);
  if (elf_class != 1 && elf_class != 2)
    return bad(image, "is a damaged ELF file: class {} does not exist.", elf_class);
  if (data != 1 && data != 2) return bad(image, "is a damaged ELF file: byte order {} does not exist.", data);
  const auto machine = data == 1 ? little<uint16_t>(file, 18) : big<uint16_t>(file, 18);
  if (machine != kMachineRiscv) {
    return bad(image, "is {}, not RISC-V. {}", program_for(machine), kNeed);
  }
  if (elf_class == 1) return bad(image, "is a 32-bit RISC-V (RV32) program. {}", kNeed);
  if (data == 2) return bad(image, "is a big-endian RISC-V program; Vitrine is little-endian. {}", kNeed);
  if (file.size() < kHeaderSize) return bad(image, "is a truncated ELF file of {}.", size_text(file.size()));
  if (little<uint8_t>(file, 6) != 1)
    return bad(image, "has ELF version {}; only version 1 exists.", little<uint8_t>(file, 6));
  switch (const auto type = little<uint16_t>(file, 16)) {
    case 2:
    case 3: return Ok{};
    case 1:
      return bad(image,
                 "is an object file that is not linked. Link it: riscv64-unknown-elf-gcc -nostdlib -T "
                 "link.ld ...");
    case 4: return bad(image, "is a core dump, not a program. Give the program that it came from.");
    default: return bad(image, "has ELF type {}, which is not a program (EXEC or DYN).", type);
  }
}

struct ProgramHeader {
  uint32_t type, flags;
  uint64_t offset, vaddr, paddr, filesz, memsz;
};
constexpr uint32_t kLoad = 1;
constexpr uint32_t kInterp = 3;

ProgramHeader program_header(Bytes file, uint64_t at) {
  return {little<uint32_t>(file, at),      little<uint32_t>(file, at + 4),  little<uint64_t>(file, at + 8),
          little<uint64_t>(file, at + 16), little<uint64_t>(file, at + 24), little<uint64_t>(file, at + 32),
          little<uint64_t>(file, at + 40)};
}

Result<> add_segment(Bytes file, const ProgramHeader& header, unsigned number, Image& image) {
  if (header.filesz > header.memsz)
    return bad(image, "is damaged: segment {} has {:#x} bytes in the file and only {:#x} in memory.", number,
               header.filesz, header.memsz);
  if (!fits(file, header.offset, header.filesz))
    return bad(image, "is truncated: segment {} wants {:#x} bytes at offset {:#x}, the file has {:#x}.",
               number, header.filesz, header.offset, file.size());
  if (header.paddr + header.memsz < header.paddr || header.vaddr + (header.memsz - 1) < header.vaddr)
    return bad(image,
               "is damaged: segment {} ({:#x} bytes at {:#x}) goes beyond the end of the address space.",
               number, header.memsz, header.paddr);
  const Bytes bytes = file.subspan(header.offset, header.filesz);
  image.segments.push_back(
      {{header.paddr}, header.memsz, {bytes.begin(), bytes.end()}, {header.vaddr}, (header.flags & 1) != 0});
  return Ok{};
}

Result<> check_overlap(Image& image) {
  auto& segments = image.segments;
  std::sort(segments.begin(), segments.end(),
            [](const ImageSegment& a, const ImageSegment& b) { return a.at < b.at; });
  for (size_t i = 1; i < segments.size(); ++i) {
    const ImageSegment& before = segments[i - 1];
    if (segments[i].at.value - before.at.value < before.memory_size)
      return bad(image, "has overlapping segments: {:#x} bytes at {:#x}, and another at {:#x}.",
                 before.memory_size, before.at.value, segments[i].at.value);
  }
  return Ok{};
}

Result<> read_segments(Bytes file, Image& image) {
  const auto table = little<uint64_t>(file, 32);
  const auto entry_size = little<uint16_t>(file, 54);
  const auto count = little<uint16_t>(file, 56);
  if (count == 0) return bad(image, "has no program headers, so there is nothing to load; link it first.");
  if (entry_size != kProgramHeaderSize)
    return bad(image, "is damaged: program headers of {} bytes; they have {}.", entry_size,
               kProgramHeaderSize);
  if (count > kMaxSegments)
    return bad(image, "has {} program headers; at most {} are read.", count, kMaxSegments);
  if (!fits(file, table, uint64_t{count} * kProgramHeaderSize))
    return bad(image, "is truncated: its {} program headers at offset {:#x} lie beyond its end ({:#x}).",
               count, table, file.size());
  uint64_t copied = 0;
  for (unsigned i = 0; i < count; ++i) {
    const ProgramHeader header = program_header(file, table + i * kProgramHeaderSize);
    if (header.type == kInterp)
      return bad(image,
                 "is a dynamically linked program of an operating system, not a kernel. Boot a kernel and "
                 "run it there.");
    if (header.type != kLoad || header.memsz == 0) continue;
    // Segments that share their bytes would let a small file fill the host's memory.
    copied += std::min<uint64_t>(header.filesz, file.size());
    if (copied > 2 * file.size())
      return bad(image, "is damaged: its segments hold more bytes than the file has.");
    if (auto added = add_segment(file, header, i, image); !added) return added;
  }
  if (image.segments.empty()) return bad(image, "has no segment to load (PT_LOAD); link it first.");
  return check_overlap(image);
}

// The entry point is a virtual address, the hart starts at a physical one.
void set_entry(uint64_t entry, Image& image) {
  for (const ImageSegment& segment : image.segments) {
    const uint64_t offset = entry - segment.linked_at.value;
    if (offset >= segment.memory_size || !segment.executable) continue;
    if (entry & 1) break;
    image.entry = segment.at + offset;
    return;
  }
  image.notes.push_back(
      fmt::format("The entry point {:#x} is not in an executable segment and is not used.", entry));
}

struct Section {
  uint32_t type, link;
  uint64_t address, offset, size, entry_size;
};
constexpr uint32_t kSymtab = 2;
constexpr uint32_t kStrtab = 3;
constexpr uint32_t kDynsym = 11;

class SymbolReader {
 public:
  SymbolReader(Bytes file, Image& image) : file_(file), image_(image) {}

  void read() {
    const auto table = little<uint64_t>(file_, 40);
    const auto entry_size = little<uint16_t>(file_, 58);
    count_ = little<uint16_t>(file_, 60);
    if (count_ == 0 || table == 0) return;  // stripped of its sections
    if (entry_size != kSectionHeaderSize || !fits(file_, table, uint64_t{count_} * kSectionHeaderSize))
      return absent("the section headers are damaged");
    table_ = table;
    for (const uint32_t wanted : {kSymtab, kDynsym}) {
      for (unsigned i = 0; i < count_; ++i)
        if (section(i).type == wanted) return read_table(section(i));
    }
  }

 private:
  void absent(std::string_view why) { image_.notes.push_back(fmt::format("There are no symbols: {}.", why)); }

  [[nodiscard]] Section section(unsigned i) const {
    const uint64_t at = table_ + uint64_t{i} * kSectionHeaderSize;
    return {little<uint32_t>(file_, at + 4),  little<uint32_t>(file_, at + 40),
            little<uint64_t>(file_, at + 16), little<uint64_t>(file_, at + 24),
            little<uint64_t>(file_, at + 32), little<uint64_t>(file_, at + 56)};
  }

  void read_table(const Section& table) {
    if (table.entry_size != kSymbolSize || !fits(file_, table.offset, table.size))
      return absent("the symbol table is damaged");
    if (table.link >= count_) return absent("the symbol table names no string table");
    const Section strings = section(table.link);
    if (strings.type != kStrtab || !fits(file_, strings.offset, strings.size) || strings.size > UINT32_MAX)
      return absent("the string table is damaged");
    if (table.size / kSymbolSize > kMaxSymbols) return absent("there are too many");
    const Bytes text = file_.subspan(strings.offset, strings.size);
    std::vector<Symbol> symbols;
    for (uint64_t at = 0; at + kSymbolSize <= table.size; at += kSymbolSize)
      if (!add(text, table.offset + at, symbols)) return absent("their names overlap without end");
    image_.symbols =
        SymbolTable({reinterpret_cast<const char*>(text.data()), text.size()}, std::move(symbols));
  }

  // Length of the name at `offset` of the string table; 0 if there is none.
  static size_t name_length(Bytes text, uint64_t offset) {
    if (offset >= text.size()) return 0;
    const size_t room = std::min<size_t>(text.size() - offset, kMaxName);
    const void* end = std::memchr(text.data() + offset, 0, room);
    return end ? static_cast<size_t>(static_cast<const std::byte*>(end) - (text.data() + offset)) : 0;
  }

  bool add(Bytes text, uint64_t at, std::vector<Symbol>& symbols) {
    constexpr unsigned kTypeSection = 3, kTypeFile = 4, kTypeTls = 6;
    const auto name = little<uint32_t>(file_, at);
    const auto info = little<uint8_t>(file_, at + 4);
    const auto index = little<uint16_t>(file_, at + 6);
    const auto value = little<uint64_t>(file_, at + 8);
    const unsigned type = info & 15;
    if (index == 0 || type == kTypeSection || type == kTypeFile || type == kTypeTls) return true;
    const size_t length = name_length(text, name);
    if (length == 0) return true;
    name_bytes_ += length;
    if (name_bytes_ > kMaxNameBytes) return false;
    const std::string_view word(reinterpret_cast<const char*>(text.data() + name), length);
    Symbol symbol{value, value, name, static_cast<uint32_t>(length), Symbol::kNameless};
    set_reach(index, symbol);
    if (symbol.end != value || index < count_) symbol.rank = rank(type, info >> 4, word);
    symbols.push_back(symbol);
    return true;
  }

  // How far "symbol+offset" may go: to the end of its section.
  void set_reach(uint16_t index, Symbol& symbol) const {
    if (index >= count_) return;  // absolute and other special ones
    const Section home = section(index);
    if (symbol.value - home.address < home.size) symbol.end = home.address + home.size;
  }

  // Functions before data before labels, global before local. "$x", "$d" mark code and data for
  // disassemblers,
  // ".L" labels are the compiler's own.
  static uint8_t rank(unsigned type, unsigned binding, std::string_view name) {
    constexpr unsigned kTypeObject = 1, kTypeFunction = 2;
    if (name[0] == '$' || name.starts_with(".L")) return Symbol::kNameless;
    const int by_type = type == kTypeFunction ? 5 : type == kTypeObject ? 3 : 1;
    return static_cast<uint8_t>(by_type + (binding != 0 ? 1 : 0));
  }

  Bytes file_;
  Image& image_;
  uint64_t table_ = 0;
  unsigned count_ = 0;
  uint64_t name_bytes_ = 0;
};

}  // namespace

Result<> parse_elf(Bytes file, Image& image) {
  if (auto good = check_identity(file, image); !good) return good;
  if (auto good = read_segments(file, image); !good) return good;
  set_entry(little<uint64_t>(file, 24), image);
  SymbolReader(file, image).read();
  return Ok{};
}

}  // namespace vitrine::core
