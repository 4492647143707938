// SPDX-License-Identifier: MIT
// Fields of CSRs, decoded.
#include "app/debug/csr_fields.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "app/diagnosis.h"
#include "app/explain.h"
#include "isa/riscv/hart.h"
#include "isa/riscv/traps.h"

namespace vitrine::app::debug {

namespace {

struct Field {
  std::string_view name;
  unsigned shift, width = 1;
  const char* const* words = nullptr;  // of each value
};

constexpr const char* kModes[] = {"U mode", "S mode", "reserved", "M mode"};
constexpr const char* kUnit[] = {"off", "initial", "clean", "dirty"};
constexpr const char* kTvec[] = {"direct", "vectored", "reserved", "reserved"};
constexpr const char* kCbie[] = {"illegal", "flush", "reserved", "invalidate"};

// 3.1.6, 10.1.1
constexpr Field kStatus[] = {{"SIE", 1},   {"MIE", 3},          {"SPIE", 5}, {"MPIE", 7}, {"SPP", 8, 1, kModes}, {"MPP", 11, 2, kModes},
                             {"FS", 13, 2, kUnit}, {"MPRV", 17}, {"SUM", 18}, {"MXR", 19}, {"TVM", 20}, {"TW", 21}, {"TSR", 22}};
constexpr Field kSupervisorStatus[] = {{"SIE", 1}, {"SPIE", 5}, {"SPP", 8, 1, kModes}, {"FS", 13, 2, kUnit}, {"SUM", 18}, {"MXR", 19}};
// 3.1.18, 10.1.10
constexpr Field kEnvironment[] = {{"FIOM", 0}, {"CBIE", 4, 2, kCbie}, {"CBCFE", 6}, {"CBZE", 7}, {"ADUE", 61}, {"PBMTE", 62}, {"STCE", 63}};
constexpr Field kTvecFields[] = {{"MODE", 0, 2, kTvec}};
constexpr Field kCounters[] = {{"CY", 0}, {"TM", 1}, {"IR", 2}};

std::string fields(std::span<const Field> all, uint64_t value) {
  std::string text;
  for (const Field& field : all) {
    const uint64_t part = value >> field.shift & ((uint64_t{1} << field.width) - 1);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field.name, part);
    if (field.words) text += fmt::format(" ({})", field.words[part]);
  }
  return text;
}

// A word for each bit that is set.
std::string interrupts(uint64_t value) {
  std::string text;
  for (const riscv::TrapRow& row : riscv::trap_rows())
    if (row.cause & riscv::kInterruptCause && value >> (row.cause & 63) & 1) text += fmt::format("{}{}", text.empty() ? "" : ", ", row.words);
  return text.empty() ? "none" : text;
}
std::string exceptions(uint64_t value) {
  std::string text;
  for (const riscv::TrapRow& row : riscv::trap_rows())
    if (!(row.cause & riscv::kInterruptCause) && value >> row.cause & 1) text += fmt::format("{}{}", text.empty() ? "" : ", ", row.words);
  return text.empty() ? "none" : text;
}

std::string satp(uint64_t value) {
  const mmu::Mode mode = mmu::mode_of(value);
  if (mode == mmu::Mode::kBare) return "bare: no paging";
  return fmt::format("MODE {} ({}), ASID {}, root table at {:#x}", value >> 60, mode_name(mode), value >> 44 & 0xffff,
                     (value & ((uint64_t{1} << 44) - 1)) << 12);
}

std::string extensions(uint64_t value) {
  std::string text;
  for (unsigned bit = 0; bit < 26; ++bit)
    if (value >> bit & 1) text += static_cast<char>('A' + bit);
  return fmt::format("MXL {}, extensions {}", value >> 62, text);
}

}  // namespace

std::string csr_fields_text(unsigned csr, uint64_t value) {
  switch (csr) {
    case 0x300: return fields(kStatus, value);
    case 0x100: return fields(kSupervisorStatus, value);
    case 0x301: return extensions(value);
    case 0x302: return exceptions(value);
    case 0x303: case 0x304: case 0x344: case 0x104: case 0x144: return interrupts(value);
    case 0x305: case 0x105: return fields(kTvecFields, value) + fmt::format(", base {:#x}", value & ~uint64_t{3});
    case 0x342: case 0x142: return cause_name(value);
    case 0x180: return satp(value);
    case 0x30a: case 0x10a: return fields(kEnvironment, value);
    case 0x306: case 0x106: case 0x320: return fields(kCounters, value);
    default: return {};
  }
}

}  // namespace vitrine::app::debug
