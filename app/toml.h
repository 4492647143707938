// SPDX-License-Identifier: MIT
// TOML, by the toml++ library without exceptions. It is compiled once, in toml.cpp, where TOML_IMPLEMENTATION is defined.
#pragma once

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>
