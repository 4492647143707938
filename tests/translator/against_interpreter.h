// SPDX-License-Identifier: MIT
// Tests of behaviour: a scenario runs on the interpreter without any cache, and on the translator in several
// forms. After every Bench::run, and at the end, the whole state of the machine must be equal. Next:
// tests/isa/riscv/bench/bench.h.
#pragma once

#include <string>
#include <utility>

#include "tests/isa/riscv/bench/bench.h"

namespace vitrine::bench {

// A form of the translator: what it looks addresses up in, and how much host code it keeps.
struct Form {
  const char* name;
  bool shadow;
  uint64_t code_memory;
  bool old_host;
  bool scattered = false;
};
// The last keeps so little that it forgets all of it again and again.
inline constexpr Form kForms[] = {{"shadow tables", true, 4 << 20, false},
                                  {"software TLB, for an old host", false, 4 << 20, true},
                                  {"no predictions", true, 4 << 20, false, true},
                                  {"little code memory", true, 256 << 10, false}};

// What a scenario expects by itself it checks in both engines.
template <typename Scenario>
void like_the_interpreter(Board board, Scenario scenario) {
  Outcome reference;
  {
    SCOPED_TRACE("interpreter without caches");
    Bench plain(board, Caches::kNone);
    scenario(plain);
    reference = outcome_of(plain);
  }
  for (const Form& form : kForms) {
    if (testing::Test::HasFatalFailure()) return;
    SCOPED_TRACE(std::string("translator, ") + form.name);
    board.shadow = form.shadow;
    board.code_memory = form.code_memory;
    board.old_host = form.old_host;
    board.scattered = form.scattered;
    Bench bench(board, Caches::kTranslator);
    scenario(bench);
    expect_same(reference, outcome_of(bench));
    EXPECT_GT(bench.translator_counters().entries, 0u) << "no translated code ran";
  }
}
template <typename Scenario>
void like_the_interpreter(Scenario scenario) {
  like_the_interpreter(Board{}, scenario);
}

}  // namespace vitrine::bench
