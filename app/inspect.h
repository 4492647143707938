// SPDX-License-Identifier: MIT
// `vitrine inspect FILE`: what a file is, what is in it, how it would be loaded, and the command line that
// uses it. Next to read: app/inspect_data.h (device trees, archives, disks), core/image.h (what the loaders
// accept).
#pragma once

#include <string>

#include "core/result.h"

namespace vitrine::app {

// Text of a few lines, each with its newline. A file that no machine can use is described too, with what to
// do; an error is only a file that cannot be read. `program`: as it was called, for the words that use the file.
core::Result<std::string> inspect_file(const std::string& path, const std::string& program);

}  // namespace vitrine::app
