// SPDX-License-Identifier: MIT
// The resources of a hart, field by field: what a control-sensitive instruction changes. And the pairs of
// states that a behaviour-sensitive one tells apart: each variation changes one of these fields.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classes/machine.h"

namespace vitrine::classes {

enum class Resource : uint8_t {
  kPrivilege,
  kTrapRegisters,
  kAddressMap,
  kInterruptEnables,
  kPendingInterrupts,
  kTimers,
  kCounters,
  kFloat,
  kReservation,
  kSettings,
};
std::string_view name_of(Resource);

struct Field {
  Resource resource;
  std::string name;  // "mstatus.SPP"
  std::function<uint64_t(const System&)> get;
};
std::span<const Field> fields();

// What two states differ in, but for the mode they started in.
struct FieldChange {
  const Field* field;
  uint64_t before, after;
};
std::vector<FieldChange> changes(const System& before, const System& after);

struct Variation {
  Resource resource;
  std::string words;  // "sstatus.FS = Dirty"
  std::function<void(State&)> apply;
};
std::span<const Variation> variations();

}  // namespace vitrine::classes
