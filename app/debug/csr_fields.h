// SPDX-License-Identifier: MIT
// Fields of CSRs, decoded, as words: what a value means. Privileged spec, chapters 3 and 10.
#pragma once

#include <cstdint>
#include <string>

namespace vitrine::app::debug {

// "MIE 1, MPP 3 (M mode), FS 1 (initial)"; empty: the CSR is a number and nothing else.
std::string csr_fields_text(unsigned csr, uint64_t value);

}  // namespace vitrine::app::debug
