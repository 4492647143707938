// SPDX-License-Identifier: MIT
// Binary trees made with malloc, walked, and freed: small allocations, pointers, recursion.
#include <stdlib.h>

#include "workload.h"

enum { kDepth = 14, kSmallDepth = 6 };

struct node {
  struct node *left, *right;
  uint64_t value;
};

void trees_prepare(void) {}

static struct node* make(int depth, uint64_t value) {
  struct node* node = malloc(sizeof *node);
  if (!node) give_up("trees: no memory");
  *node = (struct node){NULL, NULL, value};
  if (depth > 0) {
    node->left = make(depth - 1, 2 * value);
    node->right = make(depth - 1, 2 * value + 1);
  }
  return node;
}

static uint64_t total(const struct node* node) {
  return node ? node->value + total(node->left) - total(node->right) : 0;
}

static void destroy(struct node* node) {
  if (!node) return;
  destroy(node->left);
  destroy(node->right);
  free(node);
}

// One round is a tree of 32,767 nodes that lives while 256 trees of 127 nodes come and go.
uint64_t trees_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    struct node* large = make(kDepth, round + 1);
    for (uint64_t i = 0; i < 1 << (kDepth - kSmallDepth); ++i) {
      struct node* small = make(kSmallDepth, i);
      sum = mix(sum, total(small));
      destroy(small);
    }
    sum = mix(sum, total(large));
    destroy(large);
  }
  return sum;
}
