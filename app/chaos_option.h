// SPDX-License-Identifier: MIT
// The option --chaos SEED[,KIND...]: what it says, and how it is told. What the kinds are: core/chaos.inc.
#pragma once

#include <string>
#include <string_view>

#include "core/chaos.h"
#include "core/result.h"

namespace vitrine::app {

// "7": all kinds; "7,sc,ram": these.
core::Result<core::ChaosPlan> parse_chaos(std::string_view text);
// The option's text again.
std::string chaos_option(const core::ChaosPlan& plan);
// A sentence for whoever looks at the run.
std::string chaos_text(const core::ChaosPlan& plan);

}  // namespace vitrine::app
