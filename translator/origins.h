// SPDX-License-Identifier: MIT
// Which node of the IR each piece of a block's host code comes from, and where the node's value is when that is done. Noted by
// lowering if somebody wants to show it (block_trace.h).
#pragma once

#include <cstdint>
#include <vector>

#include "translator/ir.h"

namespace vitrine::translator {

struct ValuePlace {
  enum Kind : uint8_t {
    kNowhere,       // it has no value, or none of its own: what needs it computes it along the way
    kConstant,      // in no register
    kHostRegister,  // `number` as the host encodes it: 0 rax, 1 rcx, 2 rdx, 3 rbx ...
    kHart,          // guest register x`number`, in the hart's memory
  } kind = kNowhere;
  uint8_t number = 0;
};

struct Origins {
  struct Piece {
    uint32_t offset;  // in the block's code; it ends where the next one begins
    ir::Ref node;     // kNoRef: of the block as a whole, its entry and its ways out
    bool cold;        // behind the straight line
  };
  std::vector<Piece> pieces;       // by offset
  std::vector<ValuePlace> values;  // by node

  void clear() {
    pieces.clear();
    values.clear();
  }
  // The piece that an offset lies in; there is at least one.
  [[nodiscard]] const Piece& at(uint32_t offset) const {
    size_t i = 0;
    while (i + 1 < pieces.size() && pieces[i + 1].offset <= offset) ++i;
    return pieces[i];
  }
};

}  // namespace vitrine::translator
