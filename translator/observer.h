// SPDX-License-Identifier: MIT
// Who wants to know what is translated: reports, names for host tools. The translator itself keeps of a block
// only what running it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "translator/builder.h"

namespace vitrine::translator {

// A block that was just installed. References live during the call only.
struct Translation {
  const ir::Block& block;  // after the passes
  BuildInput input;        // what it was built from: build() and the passes make the same block again
  const uint8_t* code;     // where it is entered, and its host code's size, cold parts included
  size_t code_size;
};

class TranslationObserver {
 public:
  virtual ~TranslationObserver() = default;
  virtual void translated(const Translation& translation) = 0;
  // Code memory begins anew: no host address of before means anything any more.
  virtual void flushed() = 0;
};

}  // namespace vitrine::translator
