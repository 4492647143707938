// SPDX-License-Identifier: MIT
#include "isa/x86/gdb_jit.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

// The names and types are gdb's.
extern "C" {
enum JitAction : uint32_t { kJitNoAction = 0, kJitRegister, kJitUnregister };
struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
__attribute__((used, visibility("default")))
jit_descriptor __jit_debug_descriptor = {1, kJitNoAction, nullptr, nullptr};
// gdb stops here and looks at the descriptor.
__attribute__((noinline, used, visibility("default"))) void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
}

namespace vitrine::x86 {
namespace {

void tell_gdb(jit_code_entry& entry, JitAction action) {
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_descriptor.relevant_entry = &entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = kJitNoAction;
}

// Strings of a string table; the first is the empty one.
class Strings {
 public:
  Elf64_Word add(const std::string& text) {
    const auto at = static_cast<Elf64_Word>(bytes_.size());
    bytes_ += text + '\0';
    return at;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(1, '\0');
};

template <typename T>
void put(std::vector<uint8_t>& file, size_t at, const T& object) {
  std::memcpy(file.data() + at, &object, sizeof object);
}

}  // namespace

// Header, section headers, symbols, strings. The section .text has a place and a size, but no bytes in the
// file.
std::vector<uint8_t> make_symbol_file(const std::vector<CodeSymbol>& symbols) {
  enum Index : Elf64_Word { kNull, kText, kSymtab, kStrings, kSections };
  const uint8_t *begin = symbols.front().at, *end = begin;
  Strings names;
  std::vector<Elf64_Sym> table(1, Elf64_Sym{});
  for (const CodeSymbol& symbol : symbols) {
    begin = std::min(begin, symbol.at);
    end = std::max(end, symbol.at + symbol.size);
    Elf64_Sym one{};
    one.st_name = names.add(symbol.name);
    one.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    one.st_shndx = kText;
    one.st_value = reinterpret_cast<uint64_t>(symbol.at);
    one.st_size = symbol.size;
    table.push_back(one);
  }
  Elf64_Shdr sections[kSections] = {};
  const auto section = [&](Index index, const char* name, Elf64_Word type) -> Elf64_Shdr& {
    sections[index].sh_name = names.add(name);
    sections[index].sh_type = type;
    sections[index].sh_addralign = 1;
    return sections[index];
  };
  Elf64_Shdr& text = section(kText, ".text", SHT_NOBITS);
  text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  text.sh_addr = reinterpret_cast<uint64_t>(begin);
  text.sh_size = static_cast<uint64_t>(end - begin);
  Elf64_Shdr& symtab = section(kSymtab, ".symtab", SHT_SYMTAB);
  symtab.sh_offset = sizeof(Elf64_Ehdr) + sizeof sections;
  symtab.sh_size = table.size() * sizeof(Elf64_Sym);
  symtab.sh_link = kStrings;
  symtab.sh_info = 1;  // the first global one
  symtab.sh_entsize = sizeof(Elf64_Sym);
  symtab.sh_addralign = 8;
  Elf64_Shdr& strings = section(kStrings, ".strtab", SHT_STRTAB);
  strings.sh_offset = symtab.sh_offset + symtab.sh_size;
  strings.sh_size = names.bytes().size();

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;  // symbols are addresses
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSections;
  header.e_shstrndx = kStrings;

  std::vector<uint8_t> file(strings.sh_offset + strings.sh_size);
  put(file, 0, header);
  put(file, sizeof header, sections);
  std::memcpy(file.data() + symtab.sh_offset, table.data(), symtab.sh_size);
  std::memcpy(file.data() + strings.sh_offset, names.bytes().data(), strings.sh_size);
  return file;
}

struct GdbJit::File {
  explicit File(std::vector<CodeSymbol> of) : symbols(std::move(of)), bytes(make_symbol_file(symbols)) {
    jit_code_entry*& first = __jit_debug_descriptor.first_entry;
    entry = {first, nullptr, reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (first != nullptr) first->prev_entry = &entry;
    first = &entry;
    tell_gdb(entry, kJitRegister);
  }
  ~File() {
    jit_code_entry*& before =
        entry.prev_entry != nullptr ? entry.prev_entry->next_entry : __jit_debug_descriptor.first_entry;
    before = entry.next_entry;
    if (entry.next_entry != nullptr) entry.next_entry->prev_entry = entry.prev_entry;
    tell_gdb(entry, kJitUnregister);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::vector<CodeSymbol> symbols;
  std::vector<uint8_t> bytes;
  jit_code_entry entry{};
};

GdbJit::GdbJit() = default;
GdbJit::~GdbJit() = default;

void GdbJit::added(std::string_view name, std::span<const uint8_t> code) noexcept {
  if (levels_.empty()) levels_.resize(1);
  levels_[0].push_back(
      std::make_unique<File>(std::vector<CodeSymbol>{{code.data(), code.size(), std::string(name)}}));
  for (size_t level = 0; levels_[level].size() == kFanOut; ++level) merge(level);
}

// All files of a level become one of the next.
void GdbJit::merge(size_t level) {
  if (levels_.size() == level + 1) levels_.resize(level + 2);
  std::vector<CodeSymbol> all;
  for (const auto& file : levels_[level])
    for (CodeSymbol& symbol : file->symbols) all.push_back(std::move(symbol));
  levels_[level].clear();
  levels_[level + 1].push_back(std::make_unique<File>(std::move(all)));
}

void GdbJit::forgotten(const uint8_t* from) noexcept {
  for (auto& level : levels_) {
    for (auto& file : level) {
      std::vector<CodeSymbol> left = file->symbols;
      std::erase_if(left, [&](const CodeSymbol& symbol) { return symbol.at >= from; });
      if (left.size() == file->symbols.size()) continue;
      file.reset();
      if (!left.empty()) file = std::make_unique<File>(std::move(left));
    }
    std::erase(level, nullptr);
  }
}

}  // namespace vitrine::x86
