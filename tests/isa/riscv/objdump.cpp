// SPDX-License-Identifier: MIT
// Outside disassemblers as oracles; objdump.h has the contract. The ELF file is the smallest that makes the
// tools decode extensions: .text, and .riscv.attributes with the arch string (psABI, "Attributes").
#include "tests/isa/riscv/objdump.h"

#include <elf.h>

#include <array>
#include <cstring>
#include <initializer_list>

#include "tests/outside.h"

namespace vitrine::test {
namespace {

std::string uleb128(size_t value) {
  std::string bytes;
  do {
    const char low = static_cast<char>(value & 0x7f);
    value >>= 7;
    bytes += static_cast<char>(value != 0 ? low | 0x80 : low);
  } while (value != 0);
  return bytes;
}

std::string le32(size_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

// 'A', then one vendor ("riscv") with one sub-section for the whole file: tag 5 is the arch string.
std::string attributes(const std::string& arch) {
  const std::string tags = uleb128(5) + arch + '\0';
  const std::string file = '\x01' + le32(5 + tags.size()) + tags;
  const std::string vendor = std::string("riscv") + '\0' + file;
  return 'A' + le32(4 + vendor.size()) + vendor;
}

std::string machine_code(const std::vector<uint32_t>& instructions, unsigned length) {
  std::string code;
  code.reserve(instructions.size() * length);
  for (uint32_t bits : instructions) code += le32(bits).substr(0, length);
  return code;
}

struct Section {
  const char* name;
  uint32_t type;
  uint64_t flags;
  std::string bytes;
};

template <class T>
void put(std::string& file, const T& structure) {
  file.append(reinterpret_cast<const char*>(&structure), sizeof structure);
}

std::string elf_file(std::vector<Section> sections) {
  std::string names(1, '\0');
  std::vector<Elf64_Shdr> headers(1, Elf64_Shdr{});
  sections.push_back({".shstrtab", SHT_STRTAB, 0, ""});
  for (const Section& s : sections) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = s.type;
    header.sh_flags = s.flags;
    header.sh_addralign = 4;
    headers.push_back(header);
    names += std::string(s.name) + '\0';
  }
  sections.back().bytes = names;

  std::string body;
  for (size_t i = 0; i < sections.size(); ++i) {
    headers[i + 1].sh_offset = sizeof(Elf64_Ehdr) + body.size();
    headers[i + 1].sh_size = sections[i].bytes.size();
    body += sections[i].bytes;
    body.resize((body.size() + 7) & ~size_t{7});
  }

  Elf64_Ehdr ehdr{};
  std::memcpy(ehdr.e_ident, ELFMAG, SELFMAG);
  ehdr.e_ident[EI_CLASS] = ELFCLASS64;
  ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
  ehdr.e_ident[EI_VERSION] = EV_CURRENT;
  ehdr.e_type = ET_REL;
  ehdr.e_machine = EM_RISCV;
  ehdr.e_version = EV_CURRENT;
  ehdr.e_shoff = sizeof(Elf64_Ehdr) + body.size();
  ehdr.e_flags = 5;  // RVC, double-float ABI
  ehdr.e_ehsize = sizeof(Elf64_Ehdr);
  ehdr.e_shentsize = sizeof(Elf64_Shdr);
  ehdr.e_shnum = static_cast<Elf64_Half>(headers.size());
  ehdr.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);

  std::string file;
  put(file, ehdr);
  file += body;
  for (const Elf64_Shdr& header : headers) put(file, header);
  return file;
}

// "   1c: 00a5 8513 \taddi\ta0, a1, 0xa <f+0x4> # comment": what follows the first tab after the bytes.
std::string normalised(std::string_view line) {
  if (const size_t comment = line.find('#'); comment != line.npos) line = line.substr(0, comment);
  if (const size_t symbol = line.find(" <"); symbol != line.npos) line = line.substr(0, symbol);
  std::string text;
  for (char c : line) {
    if (c == '\t') c = ' ';
    if (c == ' ' && (text.empty() || text.back() == ' ' || text.back() == ',')) continue;
    text += c;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// Instruction lines are "<address>:<blanks><hex bytes><blanks>\t<text>".
std::vector<std::string> instruction_lines(std::string_view output) {
  std::vector<std::string> texts;
  while (!output.empty()) {
    const size_t end = std::min(output.find('\n'), output.size());
    std::string_view line = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    const size_t colon = line.find_first_not_of(" 0123456789abcdef");
    if (colon == line.npos || colon == 0 || line[colon] != ':' || line.size() == colon + 1) continue;
    line.remove_prefix(line.find_first_not_of(" \t", colon + 1));
    const size_t bytes_end = line.find('\t');
    if (bytes_end == line.npos) continue;
    texts.push_back(normalised(line.substr(bytes_end)));
  }
  return texts;
}

std::optional<Disassembler> first_that_runs(std::initializer_list<const char*> programs,
                                            const char* options) {
  for (const char* program : programs) {
    if (!output_of(std::string(program) + " --version")) continue;
    return Disassembler{program, std::string(program) + options};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Disassembler> find_gnu_objdump() {
  return first_that_runs({"riscv64-unknown-elf-objdump", "riscv64-linux-gnu-objdump"},
                         " -d -z -M no-aliases ");
}

std::optional<Disassembler> find_llvm_objdump() {
  return first_that_runs({"llvm-objdump-19"}, " -d -z -M no-aliases ");
}

std::vector<std::string> run(const Disassembler& tool, const std::vector<uint32_t>& instructions,
                             unsigned length, const std::string& arch) {
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "code.o", elf_file({
                    {".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, machine_code(instructions, length)},
                    {".riscv.attributes", 0x70000003, 0, attributes(arch)},
                }));
  std::vector<std::string> texts = instruction_lines(output_of(tool.command + path).value_or(""));
  if (texts.size() != instructions.size()) texts.clear();
  return texts;
}

}  // namespace vitrine::test
