// SPDX-License-Identifier: MIT
#define TOML_IMPLEMENTATION
#include "app/toml.h"
