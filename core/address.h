// SPDX-License-Identifier: MIT
// Kinds of address are types: a guest-virtual address never passes for a guest-physical one by accident.
// The chain is GVA -> GPA -> HVA (-> HPA, which is the host kernel's business). Host addresses are plain
// pointers.
#pragma once

#include <compare>
#include <cstdint>

namespace vitrine::core {

inline constexpr unsigned kPageShift = 12;
inline constexpr uint64_t kPageSize = uint64_t{1} << kPageShift;
inline constexpr uint64_t kPageMask = ~(kPageSize - 1);

// A guest-virtual address: what a load, a store or a fetch of the guest computes.
struct GuestVirt {
  uint64_t value = 0;
  friend auto operator<=>(const GuestVirt&, const GuestVirt&) = default;
  [[nodiscard]] constexpr uint64_t page_offset() const { return value & ~kPageMask; }
  [[nodiscard]] constexpr uint64_t page() const { return value >> kPageShift; }
};

// A guest-physical address: what stands on the bus of the virtual machine.
struct GuestPhys {
  uint64_t value = 0;
  friend auto operator<=>(const GuestPhys&, const GuestPhys&) = default;
  [[nodiscard]] constexpr uint64_t page_offset() const { return value & ~kPageMask; }
  [[nodiscard]] constexpr uint64_t page() const { return value >> kPageShift; }
};

constexpr GuestVirt operator+(GuestVirt a, uint64_t n) { return {a.value + n}; }
constexpr GuestPhys operator+(GuestPhys a, uint64_t n) { return {a.value + n}; }

}  // namespace vitrine::core
