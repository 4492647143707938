// SPDX-License-Identifier: MIT
// The program on the ISA: it is the kernel, alone on the machine, in S mode. It has all instructions, and nobody to ask but firmware.
// Parameters (boot arguments): limit=N, lines=L.
#include "work.h"

#include "../shared/lab.h"

void say(const char* name, uint64_t value) { report(name, value); }

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  asm volatile("csrci sstatus, 2");  // interrupts off: an instruction of the system ISA. Here it is as good as any other
  work(parameter("limit", 2), parameter("lines", 1));
  power_off();
}
