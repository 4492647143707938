// SPDX-License-Identifier: MIT
// The roles of this program as a child.
#include "child.h"

#include <string.h>

#include "pipeline.h"

int child(const char* role) {
  if (!strcmp(role, "exit")) return 42;
  if (!strcmp(role, "generate")) return pipeline_generate();
  if (!strcmp(role, "sort")) return pipeline_sort();
  if (!strcmp(role, "count")) return pipeline_count();
  return 2;
}
