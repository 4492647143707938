// SPDX-License-Identifier: MIT
// elfutils' libdw, as far as it is opened and closed.
#include "app/dwarf_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace vitrine::app {

DwarfFile::DwarfFile(const std::string& path) {
  elf_version(EV_CURRENT);
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return;
  elf_ = elf_begin(fd_, ELF_C_READ_MMAP, nullptr);
  if (elf_) dwarf_ = dwarf_begin_elf(elf_, DWARF_C_READ, nullptr);
}

// libelf asks for memory that may be written, and does not write to it as long as nothing is updated.
DwarfFile::DwarfFile(std::span<const std::byte> elf) {
  elf_version(EV_CURRENT);
  elf_ = elf_memory(const_cast<char*>(reinterpret_cast<const char*>(elf.data())), elf.size());
  if (elf_) dwarf_ = dwarf_begin_elf(elf_, DWARF_C_READ, nullptr);
}

DwarfFile::~DwarfFile() {
  if (dwarf_) dwarf_end(dwarf_);
  if (elf_) elf_end(elf_);
  if (fd_ >= 0) close(fd_);
}

void DwarfFile::each_unit(const std::function<bool(Dwarf_Die& unit)>& look) const {
  if (!dwarf_) return;
  Dwarf_Off offset = 0, next = 0;
  size_t header = 0;
  while (dwarf_nextcu(dwarf_, offset, &next, &header, nullptr, nullptr, nullptr) == 0) {
    Dwarf_Die unit;
    const bool there = dwarf_offdie(dwarf_, offset + header, &unit) != nullptr;
    offset = next;
    if (there && !look(unit)) return;
  }
}

}  // namespace vitrine::app
