// SPDX-License-Identifier: MIT
// Attention: the one word by which the rest of the machine asks the running engine to stop after the current
// instruction: a deadline moved nearer, an interrupt became pending, a limit or the user wants in. Engines
// test it after every slow path; only the thread that owns the machine writes it.
#pragma once

namespace vitrine::core {

struct Attention {
  bool wanted = false;
};

}  // namespace vitrine::core
