// SPDX-License-Identifier: MIT
// `vitrine run F OPTION...`, where F is a snapshot: its machine, run as these options say.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"

namespace vitrine::app {

// `given`: the same words as options, on top of what the caller begins with. Options that would change the
// machine are refused. Of the run that made the snapshot only the machine is taken over, not the way it was
// run.
core::Result<MachineOptions> snapshot_options(const std::string& path, const std::vector<std::string>& words,
                                              MachineOptions given);

}  // namespace vitrine::app
