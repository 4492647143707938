// SPDX-License-Identifier: MIT
// What is done to a block between building and lowering. Each pass is one walk, and leaves a block that verify()
// accepts. optimise() runs them in this order:
//
//   fold          operations on constants, identities, extensions of what is extended already; base + constant goes into the
//                 access; a jump to a constant becomes direct
//   drop_dead     register writes that nobody can see before the next write to it; values without uses
//   share_checks  loads, and stores, over one base: the first of them checks the addresses of all
//
// That a register which was read or set before is not read again is the builder's doing. They keep what lowering counts on: a value that is used by a later instruction stands in a register at that moment.
#pragma once

#include <span>
#include <string_view>

#include "translator/ir.h"

namespace vitrine::translator {

struct Pass {
  std::string_view name;
  void (*run)(ir::Block&);
};
std::span<const Pass> passes();
void optimise(ir::Block& block);

}  // namespace vitrine::translator
