// SPDX-License-Identifier: MIT
// Fields of CSRs, decoded.
#include "app/debug/csr_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

CsrFields fields(std::span<const Field> all, uint64_t value) {
  CsrFields list;
  for (const Field& field : all) {
    const uint64_t part = value >> field.shift & ((uint64_t{1} << field.width) - 1);
    list.push_back({std::string(field.name), field.words ? fmt::format("{} ({})", part, field.words[part]) : std::to_string(part)});
  }
  return list;
}

// A bit for each cause of a kind.
CsrFields causes(bool interrupts, uint64_t value) {
  CsrFields list;
  for (const riscv::TrapRow& row : riscv::trap_rows())
    if (((row.cause & riscv::kInterruptCause) != 0) == interrupts) list.push_back({std::string(row.words), std::to_string(value >> (row.cause & 63) & 1)});
  return list;
}

CsrFields trap_vector(uint64_t value) {
  CsrFields list = fields(kTvecFields, value);
  list.push_back({"base", fmt::format("{:#x}", value & ~uint64_t{3})});
  return list;
}

CsrFields satp(uint64_t value) {
  return {{"MODE", fmt::format("{} ({})", value >> 60, mode_name(mmu::mode_of(value)))},
          {"ASID", std::to_string(value >> 44 & 0xffff)},
          {"root table at", fmt::format("{:#x}", (value & ((uint64_t{1} << 44) - 1)) << 12)}};
}

CsrFields extensions(uint64_t value) {
  std::string text;
  for (unsigned bit = 0; bit < 26; ++bit)
    if (value >> bit & 1) text += static_cast<char>('A' + bit);
  return {{"MXL", std::to_string(value >> 62)}, {"extensions", text}};
}

bool is_of_causes(unsigned csr) {
  constexpr unsigned kAll[] = {0x302, 0x303, 0x304, 0x344, 0x104, 0x144};
  return std::find(std::begin(kAll), std::end(kAll), csr) != std::end(kAll);
}

}  // namespace

CsrFields csr_fields(unsigned csr, uint64_t value) {
  switch (csr) {
    case 0x300: return fields(kStatus, value);
    case 0x100: return fields(kSupervisorStatus, value);
    case 0x301: return extensions(value);
    case 0x302: return causes(false, value);
    case 0x303: case 0x304: case 0x344: case 0x104: case 0x144: return causes(true, value);
    case 0x305: case 0x105: return trap_vector(value);
    case 0x180: return satp(value);
    case 0x30a: case 0x10a: return fields(kEnvironment, value);
    case 0x306: case 0x106: case 0x320: return fields(kCounters, value);
    default: return {};
  }
}

std::string csr_fields_text(unsigned csr, uint64_t value) {
  if (csr == 0x342 || csr == 0x142) return cause_name(value);
  if (csr == 0x180 && mmu::mode_of(value) == mmu::Mode::kBare) return "bare: no paging";
  const bool names_only = is_of_causes(csr);
  std::string text;
  for (const CsrField& field : csr_fields(csr, value)) {
    if (names_only && field.value == "0") continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", field.name, names_only ? "" : " " + field.value);
  }
  return names_only && text.empty() ? "none" : text;
}

}  // namespace vitrine::app::debug
