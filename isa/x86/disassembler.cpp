// SPDX-License-Identifier: MIT
// Capstone, loaded on demand: its header says what the functions look like, dlsym says where they are.
#include "isa/x86/disassembler.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/assert.h"

namespace vitrine::x86 {
namespace {

core::Error missing(const std::string& reason) {
  return core::error(
      core::ErrorKind::kMissing,
      "Host code cannot be shown, since Capstone cannot be loaded: {}. Install the package libcapstone{}.",
      reason, CS_API_MAJOR);
}

// The 64-bit register that a name is a part of. The old eight have names of their own for their parts; r8 to
// r15 have suffixes: r8d, r8w, r8b.
std::string whole(std::string_view name) {
  static constexpr std::array<std::array<std::string_view, 5>, 8> kOld = {{{"rax", "eax", "ax", "al", "ah"},
                                                                           {"rcx", "ecx", "cx", "cl", "ch"},
                                                                           {"rdx", "edx", "dx", "dl", "dh"},
                                                                           {"rbx", "ebx", "bx", "bl", "bh"},
                                                                           {"rsp", "esp", "sp", "spl", ""},
                                                                           {"rbp", "ebp", "bp", "bpl", ""},
                                                                           {"rsi", "esi", "si", "sil", ""},
                                                                           {"rdi", "edi", "di", "dil", ""}}};
  for (const auto& parts : kOld)
    if (std::find(parts.begin(), parts.end(), name) != parts.end()) return std::string(parts[0]);
  const bool numbered = name.size() >= 3 && name[0] == 'r' && name[1] >= '0' && name[1] <= '9';
  if (numbered && (name.back() == 'd' || name.back() == 'w' || name.back() == 'b')) name.remove_suffix(1);
  return std::string(name);
}

}  // namespace

struct Disassembler::Library {
  void* file = nullptr;
  csh handle = 0;
  decltype(&cs_open) open = nullptr;
  decltype(&cs_close) close = nullptr;
  decltype(&cs_option) option = nullptr;
  decltype(&cs_malloc) make = nullptr;
  decltype(&cs_free) free = nullptr;
  decltype(&cs_disasm_iter) next = nullptr;
  decltype(&cs_reg_name) register_name = nullptr;

  ~Library() {
    if (handle != 0) close(&handle);
    if (file != nullptr) dlclose(file);
  }
  bool find() {
    return find(open, "cs_open") && find(close, "cs_close") && find(option, "cs_option") &&
           find(make, "cs_malloc") && find(free, "cs_free") && find(next, "cs_disasm_iter") &&
           find(register_name, "cs_reg_name");
  }
  std::vector<Operand> named(const cs_insn& insn) const;

 private:
  template <typename F>
  bool find(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(file, name));
    return function != nullptr;
  }
  std::string name_of(unsigned reg) const {
    return reg == X86_REG_INVALID ? "" : whole(register_name(handle, reg));
  }
};

std::vector<Operand> Disassembler::Library::named(const cs_insn& insn) const {
  std::vector<Operand> all;
  const cs_x86& detail = insn.detail->x86;
  for (unsigned i = 0; i < detail.op_count; ++i) {
    const cs_x86_op& op = detail.operands[i];
    if (op.type == X86_OP_REG) {
      all.push_back({.base = name_of(op.reg), .size = op.size});
    } else if (op.type == X86_OP_MEM) {
      all.push_back({.base = name_of(op.mem.base),
                     .memory = true,
                     .indexed = op.mem.index != X86_REG_INVALID,
                     .displacement = op.mem.disp,
                     .size = op.size});
    }
  }
  return all;
}

core::Result<Disassembler> Disassembler::open() {
  auto library = std::make_unique<Library>();
  // The number behind the name is that of the interface which the header describes.
  library->file = dlopen(fmt::format("libcapstone.so.{}", CS_API_MAJOR).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library->file == nullptr || !library->find()) return missing(dlerror());
  if (library->open(CS_ARCH_X86, CS_MODE_64, &library->handle) != CS_ERR_OK)
    return missing("it knows no x86-64");
  library->option(library->handle, CS_OPT_DETAIL, CS_OPT_ON);
  return Disassembler(std::move(library));
}

Disassembler::Disassembler(std::unique_ptr<Library> library) : library_(std::move(library)) {}
Disassembler::Disassembler(Disassembler&&) noexcept = default;
Disassembler::~Disassembler() = default;

std::vector<Instruction> Disassembler::instructions(std::span<const uint8_t> code, uint64_t address) const {
  std::vector<Instruction> all;
  cs_insn* const insn = library_->make(library_->handle);
  VT_ASSERT(insn != nullptr, "no memory for one instruction of Capstone's");
  const uint8_t* at = code.data();
  size_t left = code.size();
  while (left != 0) {
    const uint8_t* const begin = at;
    Instruction one;
    one.address = address;
    if (library_->next(library_->handle, &at, &left, &address, insn)) {
      one.mnemonic = insn->mnemonic;
      one.operands = insn->op_str;
      one.named = library_->named(*insn);
    } else {  // it has not moved
      one.mnemonic = ".byte";
      one.operands = fmt::format("{:#04x}", *at);
      ++at, --left, ++address;
    }
    one.bytes = {begin, at};
    all.push_back(std::move(one));
  }
  library_->free(insn, 1);
  return all;
}

std::string Disassembler::text(std::span<const uint8_t> code, uint64_t address,
                               const Listing& listing) const {
  constexpr size_t kWordsAt = 48;  // the column, counted from the mnemonic
  std::string all;
  for (const Instruction& one : instructions(code, address)) {
    if (listing.addresses) all += fmt::format("{:#x}  ", one.address);
    if (listing.bytes) all += fmt::format("{:<30}  ", fmt::format("{:02x}", fmt::join(one.bytes, " ")));
    std::string line =
        one.operands.empty() ? one.mnemonic : fmt::format("{:<6} {}", one.mnemonic, one.operands);
    std::vector<std::string> words;
    for (const Operand& operand : one.named) {
      std::string word = listing.name ? listing.name(operand) : "";
      if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(std::move(word));
    }
    if (!words.empty()) line = fmt::format("{:<{}} ; {}", line, kWordsAt, fmt::join(words, ", "));
    all += line + "\n";
  }
  return all;
}

}  // namespace vitrine::x86
