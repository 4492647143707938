// SPDX-License-Identifier: MIT
// Fields of CSRs by name.
#include "isa/riscv/csr_words.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace vitrine::riscv {
namespace {

struct Field {
  std::string_view name;
  unsigned shift;
  unsigned width = 1;
};
constexpr Field kStatus[] = {{"SIE", 1},     {"MIE", 3},    {"SPIE", 5},  {"MPIE", 7}, {"SPP", 8},
                             {"MPP", 11, 2}, {"FS", 13, 2}, {"MPRV", 17}, {"SUM", 18}, {"MXR", 19},
                             {"TVM", 20},    {"TW", 21},    {"TSR", 22}};
constexpr Field kEnabled[] = {{"SSIE", 1}, {"MSIE", 3},  {"STIE", 5},   {"MTIE", 7},
                              {"SEIE", 9}, {"MEIE", 11}, {"LCOFIE", 13}};
constexpr Field kPending[] = {{"SSIP", 1}, {"MSIP", 3},  {"STIP", 5},   {"MTIP", 7},
                              {"SEIP", 9}, {"MEIP", 11}, {"LCOFIP", 13}};

std::span<const Field> fields_of(unsigned csr) {
  switch (csr) {
    case 0x100:
    case 0x300: return kStatus;
    case 0x104:
    case 0x304: return kEnabled;
    case 0x144:
    case 0x344: return kPending;
    default: return {};
  }
}

}  // namespace

std::string changed_fields(unsigned csr, uint64_t before, uint64_t after) {
  std::string text;
  for (const Field& field : fields_of(csr)) {
    const uint64_t mask = (uint64_t{1} << field.width) - 1, from = before >> field.shift & mask,
                   to = after >> field.shift & mask;
    if (from != to) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", field.name, from, to);
  }
  return text;
}

}  // namespace vitrine::riscv
