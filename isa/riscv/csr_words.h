// SPDX-License-Identifier: MIT
// What a write of a CSR changed, field by field, for logs: "SUM 0 -> 1, FS 1 -> 3". Of the CSRs whose fields
// are worth a name: xstatus, xie, xip (privileged spec 3.1.6, 3.1.9, 10.1.1, 10.1.3). Next: csr.cpp, which
// makes the event.
#pragma once

#include <cstdint>
#include <string>

namespace vitrine::riscv {

// Empty if nothing changed, or the CSR has no fields here.
std::string changed_fields(unsigned csr, uint64_t before, uint64_t after);

}  // namespace vitrine::riscv
