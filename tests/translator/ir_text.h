// SPDX-License-Identifier: MIT
// IR from text, so that tests of passes are text in and text out. The notation is that of ir::to_text(),
// indented as one likes; a line that begins with `;` starts the next guest instruction, and what it says is
// not read:
//
//     ; addi a0, a0, 1
//     v0 = get a0
//     v1 = const 1
//     v2 = add v0, v1
//          set a0, v2
//
// The numbers must be those that to_text() would print: the place of the node in the list.
#pragma once

#include <string>
#include <string_view>

#include "translator/ir.h"

namespace vitrine::translator {

// Instructions are nops at 0x1000, 0x1004 and on. A mistake in the text fails the test that runs.
ir::Block block_from(std::string_view text);

// to_text() without indentation, and of the instruction lines the semicolon only.
std::string plain_text(const ir::Block& block);

// The same of text that a test wrote.
std::string plain_text(std::string_view text);

// What a block does, whatever the order in which the nodes of an expression were made (which C++ leaves
// open): one line for each node that changes something, with its inputs written out.
//
//     ; ld a1, 8(a0)
//       set a1, load(add(get a0, const 8), +0, s64)
std::string effects_text(const ir::Block& block);

}  // namespace vitrine::translator
