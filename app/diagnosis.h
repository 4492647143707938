// SPDX-License-Identifier: MIT
// What a guest that cannot go on is told about, in words: where each hart is, what it last trapped for, and
// what the console said last.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/machine.h"

namespace vitrine::app {

// "S mode at 0xffffffff80001234 (wait+0x10)".
std::string where_is(const Machine& machine, const riscv::Hart& hart);
// "load page fault at address 0x10" from a cause register and its value.
std::string cause_text(uint64_t cause, uint64_t tval);
// "load page fault".
std::string cause_name(uint64_t cause);
const char* privilege_name(riscv::Privilege privilege);

// "main+0x12", from the symbols of the guest's images, or empty; and with the address: "0x8020012a (main+0x12)".
std::string symbol_text(const Machine& machine, uint64_t pc);
std::string address_text(const Machine& machine, uint64_t address);
// Where a symbol of the images is; and where the symbol is that an address belongs to.
std::optional<uint64_t> symbol_at(const Machine& machine, std::string_view name);
std::optional<uint64_t> symbol_of(const Machine& machine, uint64_t address);

// A hart that traps at the first instruction of its handler.
std::string fault_loop_text(const Machine& machine);
// Every hart waits and nothing is scheduled. `why_no_input` ends the sentence about input.
std::string nothing_wakes_text(const Machine& machine, std::string_view why_no_input);
// A line a hart: state, place, last trap.
std::string harts_text(const Machine& machine);

}  // namespace vitrine::app
