// SPDX-License-Identifier: MIT
// What tools of the host call generated code: "guest_S_ffffffff80001234" is the block of that guest address
// in that guest privilege, "vitrine_lookup_S_8_read" a thunk.
#pragma once

#include <cstdint>
#include <string>

#include "isa/x86/code_listener.h"
#include "isa/x86/disassembler.h"
#include "translator/thunks.h"

namespace vitrine::translator {

// `set` of predictions, that is privilege: 0 U, 1 S, 2 M.
std::string block_name(unsigned set, uint64_t pc);
// All thunks, which end at `end`.
void name_thunks(const Thunks& thunks, const uint8_t* end, x86::CodeListener& listener);

// For a listing: "a5" for rbx and for its place in the hart, "pc" for hart.pc, or "": a temporary.
std::string operand_name(const x86::Operand& operand);

}  // namespace vitrine::translator
