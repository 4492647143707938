// SPDX-License-Identifier: MIT
// Roles of this program as a child of a workload.
#include "child.h"

int child(const char* role) { return role[0] == 0; }
