// SPDX-License-Identifier: MIT
// The one piece of code that both the thunks and the blocks have in them (thunks.cpp, emit_control.h). Apart from thunks.h,
// so that who uses the translator does not read asmjit's headers: they take two seconds of a compiler.
#pragma once

#include <asmjit/x86.h>

#include <cstdint>

namespace vitrine::translator {

// A jump to the guest's pc in rdx: through the code View, or out.
void emit_jump_to_rdx(asmjit::x86::Assembler& a, const uint8_t* leave);

}  // namespace vitrine::translator
