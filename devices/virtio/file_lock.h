// SPDX-License-Identifier: MIT
// Locks on disk images: writers alone, readers together. Two machines that write one image destroy its file
// system.
#pragma once

#include <string>

#include "core/result.h"

namespace vitrine::devices {

// Locks the open file until its descriptor is closed, or says who uses it. Also between two descriptors of
// this process.
core::Result<> lock_image(int fd, const std::string& path, bool exclusive);

}  // namespace vitrine::devices
