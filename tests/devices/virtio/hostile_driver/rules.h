// SPDX-License-Identifier: MIT
// The rules that a driver must keep, each with a way to break it and what the device answers.
#pragma once
#include "driver.h"

enum { ON_DISK = 1, ON_CONSOLE = 2, ON_ENTROPY = 4, ON_ANY = 7, ON_MODERN = 8, ON_LEGACY = 16, ON_BOTH = 24, ON_READ_ONLY = 32 };

struct rule {
  const char* name;
  enum outcome (*breaks)(const struct slot* s);  // from whatever state on; returns what became of it
  enum outcome answer;                           // and what is right
  unsigned on;
};

extern const struct rule chain_rules[], queue_rules[], order_rules[], request_rules[];
