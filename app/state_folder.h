// SPDX-License-Identifier: MIT
// Where the program keeps what it remembers of a user from one call to the next: the last run, the debugger's lines.
#pragma once

#include <string>
#include <string_view>

namespace vitrine::app {

// $XDG_STATE_HOME/vitrine/NAME or ~/.local/state/vitrine/NAME. Empty: nowhere.
std::string state_file(std::string_view name);
// The folders that a path names, for the user alone. False, and errno: one cannot be made.
bool make_folders(const std::string& path);

}  // namespace vitrine::app
