// SPDX-License-Identifier: MIT
// What a run was made of, as lines "NAME VALUE": in kept runs (kept_run.h) and in snapshots (snapshot.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/kept_run.h"

namespace vitrine::app::kept {

std::vector<std::string> header_lines(const KeptHeader& header);
// One of them. False: it is none.
bool read_header_line(KeptHeader& header, std::string_view name, std::string_view value);

}  // namespace vitrine::app::kept
