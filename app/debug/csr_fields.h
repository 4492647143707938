// SPDX-License-Identifier: MIT
// Fields of CSRs, decoded, as words: what a value means. Privileged spec, chapters 3 and 10.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::app::debug {

// Each by its name; none: the CSR is a number and nothing else.
struct CsrField {
  std::string name, value;  // "MPP", "3 (M mode)"
};
using CsrFields = std::vector<CsrField>;
CsrFields csr_fields(unsigned csr, uint64_t value);

// "MIE 1, MPP 3 (M mode), FS 1 (initial)"; empty: the CSR is a number and nothing else.
std::string csr_fields_text(unsigned csr, uint64_t value);

}  // namespace vitrine::app::debug
