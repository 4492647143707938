// SPDX-License-Identifier: MIT
// docs/conformance.md: what there is of the architecture, what was chosen where it leaves a choice (choices.inc), and what
// suites of others said (docs/conformance.json, which tools/conformance fills).
#pragma once

#include <string>

namespace vitrine::riscv {

// `folder` holds conformance.json; without it the page says that there are no results.
std::string conformance_page(const std::string& folder);

}  // namespace vitrine::riscv
