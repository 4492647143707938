// SPDX-License-Identifier: MIT
// All verbs of the debugger in random order over a run of our teaching kernel. Judge: the same run made undisturbed, whose end has
// one state. And lines that nobody would type, which are refused or done, and nothing else.
#include "app/debug/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "app/debug/completion.h"
#include "tests/app/travel_case.h"

namespace vitrine::app::debug {
namespace {

using core::Step;

// N is a small number, STEP a moment of the run.
constexpr const char* kLines[] = {
    "step", "step N", "s N hart 0", "next", "next N", "finish", "until trap", "continue @STEP", "back", "back N", "back 3 hart 0", "rcontinue",
    "goto STEP", "goto +N", "goto -N", "goto last-trap", "goto pc:trap#2", "next guest-exception", "prev guest-exception", "prev csr-access",
    "writer $sp", "writer 0x80200000", "changes sepc", "changes scause", "step guest", "step ir", "step host", "back guest", "back ir", "back host",
    "inside", "break trap", "break $ra", "watch $sp", "rwatch $sp 4", "awatch $sp 16", "catch guest-interrupt", "catch csr-access", "delete all",
    "delete 1", "info", "hart 0", "hart next", "regs", "regs f", "regs a0 sp", "csr", "csr mstatus satp", "x/4xg $sp", "x/s $a0", "xp/2xw 0x80200000",
    "disasm", "disasm trap 3", "list", "where", "walk $pc fetch", "walk $sp store", "walk 0x10000", "maps", "spaces", "shadow $sp", "shadow 0x10000",
    "blocks", "blocks trap 3", "block", "block trap", "ir", "ir $pc --pass fold", "host", "irq", "devices", "devices uart0", "events 3", "explain",
    "console", "console 2", "send x", "snapshot a.snapshot", "sabotage", "sabotage timer-late", "help", "help step", "quit"};

class DebugVerbsTest : public TravelCase {
 protected:
  std::string filled(std::string line) {
    for (const auto& [mark, value] : {std::pair<std::string, uint64_t>{"STEP", random() % kept.end->step}, {"N", 1 + random() % 500}})
      if (const size_t at = line.find(mark); at != line.npos && line.find("ir") != 0) line.replace(at, mark.size(), std::to_string(value));
    return line;
  }
  std::mt19937_64 random{1234};
};

TEST_P(DebugVerbsTest, AllOfThem_TheRunStaysWhatItIs) {
  std::set<std::string_view> tried;
  for (const EngineKind engine : {EngineKind::kInterpreter, kDefaultEngine}) {
    const uint64_t expected = hashes_at({kept.end->step}, engine)[0];
    auto made = Debuggee::of_kept(kept, engine);
    ASSERT_TRUE(made) << made.error().message;
    State state(**made);
    state.folder = folder;
    // Each once, in a random order.
    std::vector<const char*> lines(std::begin(kLines), std::end(kLines));
    std::shuffle(lines.begin(), lines.end(), random);
    std::string history;
    for (const char* const line : lines) {
      const std::string typed = filled(line);
      history += typed + "\n";
      const Answer answer = obey(state, typed);
      if (!answer) {
        ASSERT_NE(answer.error().kind, core::ErrorKind::kHost) << answer.error().message << "\n" << history;
      }
      tried.insert((*find_verb(std::string_view(typed).substr(0, typed.find_first_of(" /"))))->name);
    }
    ASSERT_TRUE(obey(state, "delete all"));
    ASSERT_TRUE(obey(state, "goto end"));
    EXPECT_EQ((*made)->now(), kept.end->step) << history;
    EXPECT_EQ((*made)->machine().state_hash(), expected) << history;
    EXPECT_EQ((*made)->console().text(), std::exchange(heard.text, {})) << history;
  }
  for (const VerbGroup& group : verb_groups())
    for (const Verb& verb : group.verbs) EXPECT_TRUE(tried.contains(verb.name)) << verb.name;
}

TEST_P(DebugVerbsTest, LinesThatNobodyWouldType_AreRefusedOrDone) {
  kept.end->step = std::min<Step>(kept.end->step, 20'000);  // motion is short
  auto made = Debuggee::of_kept(kept, kDefaultEngine);
  ASSERT_TRUE(made) << made.error().message;
  State state(**made);
  state.folder = folder;
  constexpr std::string_view kPieces[] = {" ", "/", "-", "+", "$", "@", "#", "'", "\"", "\\", "0x", "99999999999999999999", "-1", "0", "\x01\xff", "hart", "%s{}"};
  unsigned refused = 0, done = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string line = filled(kLines[random() % std::size(kLines)]);
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % (line.size() + 1);
      switch (random() % 4) {
        case 0: line.erase(at, random() % 3); break;
        case 1: line.insert(at, kPieces[random() % std::size(kPieces)]); break;
        case 2: line.insert(at, 1, static_cast<char>(random())); break;
        case 3: line = line.substr(0, at) + " " + std::string(kLines[random() % std::size(kLines)]); break;
      }
    }
    const bool may_write = line.find("sn") != line.npos && line.find('/') != line.npos;  // only in our folder
    if (may_write) continue;
    const Answer answer = obey(state, line);
    if (answer) {
      ++done;
    } else {
      ++refused;
      ASSERT_NE(answer.error().message, "") << line;
      ASSERT_EQ(answer.error().message.find("This is a bug"), std::string::npos) << line << "\n" << answer.error().message;
    }
    const Completion completion = complete(state, line);
    ASSERT_LE(completion.begin, line.size());
    ASSERT_LE(completion.candidates.size(), Completion::kMost);
    for (const std::string& candidate : completion.candidates) ASSERT_TRUE(candidate.starts_with(line.substr(completion.begin))) << line;
    if (state.points.size() > 20) {
      ASSERT_TRUE(obey(state, "delete all"));
    }
  }
  EXPECT_GT(refused, 500u);
  EXPECT_GT(done, 200u);
}

INSTANTIATE_TEST_SUITE_P(Harts, DebugVerbsTest, testing::Values(1, 3));

}  // namespace
}  // namespace vitrine::app::debug
