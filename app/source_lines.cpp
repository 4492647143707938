// SPDX-License-Identifier: MIT
// elfutils' libdw, as far as it is needed.
#include "app/source_lines.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <string_view>

#include "core/file.h"

namespace vitrine::app {

struct SourceLines::Dwarf {
  int fd = -1;
  Elf* elf = nullptr;
  ::Dwarf* dwarf = nullptr;
  ~Dwarf() {
    if (dwarf) dwarf_end(dwarf);
    if (elf) elf_end(elf);
    if (fd >= 0) close(fd);
  }
};

SourceLines::SourceLines() = default;
SourceLines::~SourceLines() = default;

void SourceLines::open(const std::string& path) {
  elf_version(EV_CURRENT);
  dwarf_ = std::make_unique<Dwarf>();
  dwarf_->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (dwarf_->fd < 0) return;
  dwarf_->elf = elf_begin(dwarf_->fd, ELF_C_READ_MMAP, nullptr);
  if (dwarf_->elf) dwarf_->dwarf = dwarf_begin_elf(dwarf_->elf, DWARF_C_READ, nullptr);
}

// libelf asks for memory that may be written, and does not write to it as long as nothing is updated.
void SourceLines::open(std::span<const std::byte> elf) {
  elf_version(EV_CURRENT);
  dwarf_ = std::make_unique<Dwarf>();
  char* const bytes = const_cast<char*>(reinterpret_cast<const char*>(elf.data()));
  dwarf_->elf = elf_memory(bytes, elf.size());
  if (dwarf_->elf) dwarf_->dwarf = dwarf_begin_elf(dwarf_->elf, DWARF_C_READ, nullptr);
}

// Tables of addresses are often missing, so each unit is asked.
std::string SourceLines::at(uint64_t address) const {
  if (!dwarf_ || !dwarf_->dwarf) return {};
  Dwarf_Off offset = 0, next = 0;
  size_t header = 0;
  while (dwarf_nextcu(dwarf_->dwarf, offset, &next, &header, nullptr, nullptr, nullptr) == 0) {
    Dwarf_Die unit;
    const bool there = dwarf_offdie(dwarf_->dwarf, offset + header, &unit) != nullptr;
    offset = next;
    if (!there || dwarf_haspc(&unit, address) != 1) continue;
    Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
    int number = 0;
    if (!line || dwarf_lineno(line, &number) != 0) continue;
    const char* const name = dwarf_linesrc(line, nullptr, nullptr);
    if (!name) continue;
    std::string_view file = name;
    const size_t slash = file.rfind('/');
    if (slash != file.npos && slash != 0) file = file.substr(file.rfind('/', slash - 1) + 1);
    return fmt::format("{}:{}", core::printable(file), number);
  }
  return {};
}

}  // namespace vitrine::app
