// SPDX-License-Identifier: MIT
// What GUEST in `vitrine run GUEST` stands for: a name of a guest that we know, or a kernel's file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/options.h"
#include "core/result.h"

namespace vitrine::app {

struct GuestRow {
  std::string_view name;
  std::string_view words;  // for help
};
std::span<const GuestRow> guest_rows();
bool is_guest_name(std::string_view name);

// Fills in the images, the command line and the disks of a guest, as far as options did not say otherwise.
// Guests made from packages are fetched into the user's cache the first time (tools/guests/fetch); that is
// said on stderr, and so is what happens to disks.
core::Result<> use_guest(const std::string& guest, MachineOptions& options);

// $XDG_CACHE_HOME/vitrine/guests or ~/.cache/vitrine/guests.
std::string guest_cache();
// Is everything there that the guest boots from?
bool guest_is_cached(std::string_view name);

// The command that installs Debian packages: root needs no sudo, and in a small system there is none.
std::string apt_get_install(const std::string& words);

}  // namespace vitrine::app
