// SPDX-License-Identifier: MIT
// User programs here and under QEMU.
#include "tests/isa/riscv/user_program.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/outside.h"

namespace vitrine::bench {
namespace {

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename T>
void append(std::string& file, const T& structure) {
  file.append(reinterpret_cast<const char*>(&structure), sizeof structure);
}

Elf64_Phdr segment(uint64_t at, uint64_t offset, uint64_t size, uint32_t flags) {
  Elf64_Phdr header{};
  header.p_type = PT_LOAD;
  header.p_flags = flags;
  header.p_offset = offset;
  header.p_vaddr = header.p_paddr = at;
  header.p_filesz = header.p_memsz = size;
  header.p_align = 0x1000;
  return header;
}

std::string elf_file(const std::vector<uint8_t>& code, const std::vector<uint8_t>& data) {
  const uint64_t code_offset = 0x1000, data_offset = (code_offset + code.size() + 0xfff) & ~uint64_t{0xfff};
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_RISCV;
  header.e_version = EV_CURRENT;
  header.e_entry = UserProgram::kCodeAt;
  header.e_phoff = sizeof header;
  header.e_flags = 5;  // RVC, double-float ABI
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  std::string file;
  append(file, header);
  append(file, segment(UserProgram::kCodeAt, code_offset, code.size(), PF_R | PF_X));
  append(file, segment(UserProgram::kDataAt, data_offset, data.size(), PF_R | PF_W));
  file.resize(code_offset);
  file.append(code.begin(), code.end());
  file.resize(data_offset);
  file.append(data.begin(), data.end());
  return file;
}

}  // namespace

void UserProgram::add(Word word) {
  for (unsigned i = 0; i < word.size; ++i) code.push_back(static_cast<uint8_t>(word.bits >> (8 * i)));
}

// lui would extend the sign of 0x8..., so the address is built from its upper half.
void UserProgram::add_data_address(unsigned r, uint64_t offset) {
  add_load_immediate(r, (kDataAt + offset) >> 12);
  add(insn::slli(r, r, 12));
}

void UserProgram::add_load_immediate(unsigned r, uint64_t value) {
  add(insn::lui(r, static_cast<uint32_t>((value + 0x800) >> 12)));
  add(insn::addi(r, r, static_cast<int64_t>(value & 0xfff)));
}

void UserProgram::finish() {
  using namespace reg;  // NOLINT: register names, as in assembly
  add(insn::addi(a0, zero, 1));
  add_data_address(a1);
  add_load_immediate(a2, data.size());
  add(insn::addi(a7, zero, 64));
  add(insn::kEcall);
  add(insn::addi(a0, zero, 0));
  add(insn::addi(a7, zero, 93));
  add(insn::kEcall);
}

bool UserProgram::oracle_is_there() {
  static const bool there = std::system("qemu-riscv64 -version >/dev/null 2>&1") == 0;
  return there;
}

std::optional<std::vector<uint8_t>> UserProgram::run_under_qemu(std::string& why) const {
  const test::TemporaryFolder folder;
  const std::string file = elf_file(code, data);
  folder.write("program", file);
  const std::string command = "chmod +x " + folder.file("program") + " && timeout 60 qemu-riscv64 -cpu " +
                              kCpu + " " + folder.file("program") + " >" + folder.file("output") + " 2>" +
                              folder.file("errors");
  const int status = std::system(command.c_str());
  std::vector<uint8_t> output = read_file(folder.file("output"));
  if (status == 0 && output.size() == data.size()) return output;
  const std::vector<uint8_t> errors = read_file(folder.file("errors"));
  why = "status " + std::to_string(status) + ", " + std::to_string(output.size()) + " of " +
        std::to_string(data.size()) + " bytes; " + std::string(errors.begin(), errors.end());
  return std::nullopt;
}

std::vector<uint8_t> UserProgram::run_here(Caches caches) const {
  Board board;
  board.memory = 16 << 20;
  Bench b(board, caches);
  EXPECT_TRUE(b.ram().write({kCodeAt}, code.data(), code.size()));
  EXPECT_TRUE(b.ram().write({kDataAt}, data.data(), data.size()));
  b.set_bits(csr::mstatus, status::kFsInitial);
  b.start(kCodeAt, kU);
  for (unsigned i = 0; i < 10'000 && b.pc() != kMachineHandler; ++i) b.run_quietly(10'000);
  EXPECT_EQ(b.csr(csr::mcause), cause::kEcallU) << testing::PrintToString(b.machine_trap());
  std::vector<uint8_t> output(data.size());
  EXPECT_TRUE(b.ram().read({kDataAt}, output.data(), output.size()));
  return output;
}

}  // namespace vitrine::bench
