// SPDX-License-Identifier: MIT
// Five bodies under gravity, a thousand small steps a round: square roots and divisions in a chain.
#include <math.h>

#include "fp.h"

enum { kBodies = 5, kSteps = 1000 };

static struct body { double x, y, z, vx, vy, vz, mass; } bodies[kBodies];

// A heavy body in the middle, light ones on circles around it.
void nbody_prepare(void) {
  bodies[0] = (struct body){.mass = 40};
  for (int i = 1; i < kBodies; ++i) {
    const double radius = 4.0 * i + 1.0, speed = sqrt(40.0 / radius);
    bodies[i] = (struct body){.x = radius, .z = 0.125 * i, .vy = speed, .mass = 0.0625 / i};
    if (i % 2) bodies[i] = (struct body){.y = -radius, .z = -0.25, .vx = speed, .mass = 0.03125 * i};
  }
}

static void step(double dt) {
  for (int i = 0; i < kBodies; ++i) {
    struct body* a = &bodies[i];
    for (int j = i + 1; j < kBodies; ++j) {
      struct body* b = &bodies[j];
      const double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      const double square = dx * dx + dy * dy + dz * dz;
      const double pull = dt / (square * sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  }
  for (int i = 0; i < kBodies; ++i) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

uint64_t nbody_run(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kSteps; ++i) step(0.001);
    for (int i = 0; i < kBodies; ++i) sum = mix_double(mix_double(sum, bodies[i].x), bodies[i].vy);
  }
  return sum;
}
