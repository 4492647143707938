// SPDX-License-Identifier: MIT
// The program, whatever it runs on. Who runs it provides say().
#pragma once
#include <stdint.h>

void say(const char* name, uint64_t value);  // a line "name=value"

// Counts the primes below limit / lines, 2 * limit / lines, ...: a line for each, and one for all.
void work(uint64_t limit, uint64_t lines);
