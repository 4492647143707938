// SPDX-License-Identifier: MIT
// Popek and Goldberg's classes of instructions and CSR accesses, in words: what the columns of
// instruction_rows.inc and csr.cpp say for the two instances of a hypervisor, why, and whether the condition
// holds. Nothing is measured here; what measures, and must agree, is classes/measure.h. For readers:
// docs/instruction-classes.md.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/riscv/csr.h"
#include "isa/riscv/hart.h"
#include "isa/riscv/instruction.h"

namespace vitrine::riscv {

// A class is a class of a stated instance: which mode is the hypervisor's, and which the guest kernel's.
enum class Instance : uint8_t { kOne, kTwo };
inline constexpr std::array kInstances = {Instance::kOne, Instance::kTwo};
struct InstanceWords {
  std::string_view name;  // "i", "ii"
  std::string_view what;
  Privilege low, high;  // the guest kernel's mode, the hypervisor's
};
const InstanceWords& words_of(Instance);
char letter_of(Privilege);

inline constexpr uint16_t kSensitive = kCtrl | kBehav;

// "privileged", "control-sensitive", ...: the words of the definitions. Every instruction is sensitive in
// some way or innocuous, and privileged or not.
std::vector<std::string_view> class_words(uint16_t classes);
std::string class_text(uint16_t classes);  // with commas
struct ClassDefinition {
  std::string_view word, meaning;
};
std::span<const ClassDefinition> class_definitions();

// What the hypervisor can set so that the lower mode traps on what is not privileged by nature.
struct Closing {
  enum class Kind : uint8_t { kNone, kFloat, kCounter, kTimer, kInval, kClean, kZero };
  Kind kind = Kind::kNone;
  unsigned counter = 0;  // of kCounter: the bit of xcounteren
  explicit operator bool() const { return kind != Kind::kNone; }
};
// "scounteren.CY = 0"
std::string text_of(const Closing&, Instance);
// Can it not be undone by the guest? FS is in sstatus, which in (ii) is the guest's own.
bool is_lasting(const Closing&, Instance);

struct Classification {
  uint16_t classes = kInnocuous;
  std::string reason;
  std::string spec;  // sections, the instruction's first
  Closing closing;   // of what is sensitive and not privileged
  // Classes that the specification gives and this machine cannot show, since it has no caches: `--measure`
  // must not find them.
  uint16_t unseen = kInnocuous;
  bool shows_mode = false;  // behaviour-sensitive, and what it depends on is the mode itself
};
Classification classify(const Row& row, Instance instance);

enum class CsrAccess : uint8_t { kRead, kWrite };
inline constexpr std::array kCsrAccesses = {CsrAccess::kRead, CsrAccess::kWrite};
std::string_view text_of(CsrAccess);
Classification classify(const CsrRow& row, unsigned number, Instance instance, CsrAccess access);

// Is every sensitive instruction privileged? Those that are are counted; beside them are those that trap if
// the hypervisor wants it, by a setting that the guest cannot undo, and those that do not trap.
struct Condition {
  struct Group {
    std::string what;                // "scounteren.CY = 0"; "FS"
    std::vector<std::string> names;  // "lr.w", "sstatus (write)"
  };
  size_t sensitive = 0, privileged = 0;  // instructions and CSR accesses
  std::vector<Group> closed;             // by setting
  std::vector<Group> exceptions;         // by resource
  [[nodiscard]] bool holds() const { return exceptions.empty(); }
  [[nodiscard]] std::string counts() const;  // a sentence
  std::string verdict;
  std::string why;
};
Condition condition_of(Instance instance);
// "hpmcounter3 to hpmcounter18 (read), instret (read)": runs of counted names in short.
std::string listed(const std::vector<std::string>& names);

}  // namespace vitrine::riscv
