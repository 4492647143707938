// SPDX-License-Identifier: MIT
// Host code of one block for a reader: labels instead of addresses, names for what lies outside, guest names
// behind ';'. What every block has in common is left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "isa/x86/disassembler.h"
#include "translator/lowering.h"

namespace vitrine::pages {

using Names = std::map<uint64_t, std::string>;  // of addresses and other numbers

// `code` runs at `address`. Left out: the payment for the block at its front, undo, and what a waiting link
// leads to.
std::string host_listing(const x86::Disassembler& disassembler, const translator::LoweringOutput& output,
                         uint64_t address, const Names& names);

}  // namespace vitrine::pages
