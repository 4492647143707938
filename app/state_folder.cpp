// SPDX-License-Identifier: MIT
// By the XDG Base Directory Specification: "State that should persist between (application) restarts, but that is not important or
// portable enough to the user that it should be stored in $XDG_DATA_HOME."
#include "app/state_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace vitrine::app {

std::string state_file(std::string_view name) {
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  if (state && *state == '/') return fmt::format("{}/vitrine/{}", state, name);
  return home && *home == '/' ? fmt::format("{}/.local/state/vitrine/{}", home, name) : "";
}

bool make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    if (mkdir(path.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) return false;
  return true;
}

}  // namespace vitrine::app
