// SPDX-License-Identifier: MIT
// `vitrine explain [RUN] WHEN... [--json]`
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/explain.h"
#include "app/explain_verb.h"
#include "app/help.h"
#include "app/moments.h"
#include "app/program.h"
#include "app/replay.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kOptions[] = {"--json", "--engine", "--kernel-info", "--help"};
constexpr int kNeverCame = 1;

struct Wish {
  std::string run;  // empty: the last one
  std::vector<Moment> moments;
  std::optional<EngineKind> engine;
  std::string kernel_info;  // empty: as the run had it
  bool json = false;
};

struct Collector final : core::ByteSink {
  void put(uint8_t byte) override { text += static_cast<char>(byte); }
  std::string text;
};

int fail(const Program& program, const core::Error& error, bool usage = false) {
  complain(error.message);
  if (usage && error.kind == core::ErrorKind::kUsage)
    std::fprintf(stderr, "How it is used: %s explain --help\n", program.name.c_str());
  return exit_code_of(error.kind);
}

core::Result<Wish> parse(const std::vector<std::string>& words) {
  using core::ErrorKind;
  Wish wish;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--json") {
      wish.json = true;
    } else if (word == "--engine") {
      if (++i == words.size()) return core::error(ErrorKind::kUsage, "--engine wants a value behind it.");
      auto read = parse_words({"--engine", words[i]}, 0);
      if (!read) return read.error();
      wish.engine = read->options.config.engine;
    } else if (word == "--kernel-info") {
      if (++i == words.size()) return core::error(ErrorKind::kUsage, "--kernel-info wants a value behind it.");
      wish.kernel_info = std::filesystem::absolute(words[i]);  // the run may have been made in another folder
    } else if (word.starts_with("-")) {
      const std::string_view meant = nearest(word, kOptions);
      return core::error(ErrorKind::kUsage, "There is no option {}{}", core::printable(word),
                         meant.empty() ? "." : fmt::format("; did you mean {}?", meant));
    } else if (!is_moment(word) && wish.run.empty() && wish.moments.empty()) {
      wish.run = word;
    } else {
      auto moment = parse_moment(word);
      if (!moment) return moment.error();
      wish.moments.push_back(std::move(*moment));
    }
  }
  if (wish.moments.empty()) return core::error(ErrorKind::kUsage, "explain wants a moment, such as last-trap or exit.");
  return wish;
}

// In rising order of steps, in one run; told in the order in which they were asked for.
core::Result<std::vector<Explanation>> explain(const KeptRun& run, const Wish& wish, std::vector<Moment*> moments, Search& search) {
  std::stable_sort(moments.begin(), moments.end(), [](const Moment* a, const Moment* b) { return *a->step < *b->step; });
  Collector console;
  auto replay = Replay::create(run, console, wish.engine);
  if (!replay) return replay.error();
  search.first = (*replay)->machine().clock().step();
  const std::string& info = wish.kernel_info.empty() ? (*replay)->options().kernel_info : wish.kernel_info;
  auto processes = Processes::open((*replay)->machine(), info);
  if (!processes) return processes.error();
  Explainer explainer(**replay, **processes, console.text);
  std::vector<std::pair<Moment*, Explanation>> made;
  for (Moment* moment : moments) {
    if (!made.empty() && made.back().second.step == *moment->step) {
      made.emplace_back(moment, made.back().second);
    } else {
      const bool ends = std::any_of(moments.begin(), moments.end(), [&](const Moment* other) {
        return other->kind == Moment::Kind::kExit && other->step == moment->step;
      });
      auto it = explainer.explain(*moment->step, ends);
      if (!it) return it.error();
      made.emplace_back(moment, std::move(*it));
    }
    made.back().second.moment = moment->words;
  }
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Explanation> all;
  for (auto& [moment, it] : made) all.push_back(std::move(it));
  return all;
}

void print(const std::vector<Explanation>& all, const KeptRun& run, bool json) {
  if (json) return (void)std::fputs(explanations_json(all, run).c_str(), stdout);
  for (const Explanation& it : all) std::printf("%s%s", &it == all.data() ? "" : "\n", explanation_text(it).c_str());
}

// Those that never came are said on standard error.
int conclude(const KeptRun& run, const Wish& wish, std::vector<Explanation>& all, Search& search) {
  std::vector<std::string> missing;
  std::erase_if(all, [&](const Explanation& it) {
    const bool gone = !it.made && !it.outcome;
    if (gone) search.reached = std::max(search.reached, it.step_reached);
    if (gone) missing.push_back(it.moment);
    return gone;
  });
  if (!all.empty() || wish.json) print(all, run, wish.json);
  for (const Moment& moment : wish.moments)
    if (!moment.step || std::find(missing.begin(), missing.end(), moment.words) != missing.end())
      complain(missing_text(moment, search));
  const bool whole = missing.empty() && all.size() == wish.moments.size();
  if (!whole && !run.end)
    complain(run.full_at ? "More came from outside, or was written to disks, than is kept; what was kept ends there."
                         : "The run was killed, or still runs: it is kept so far.");
  return whole ? exit_code::kSuccess : kNeverCame;
}

}  // namespace

std::vector<std::string> explain_option_names() { return {"--json", "--engine", "--kernel-info"}; }

int explain_verb(const Program& program, const std::vector<std::string>& words) {
  auto wish = parse(words);
  if (!wish) return fail(program, wish.error(), true);
  auto run = open_kept_run(wish->run);
  if (!run) return fail(program, run.error());
  Search search{wish->engine};
  if (auto done = find_moments(*run, wish->moments, search); !done) return fail(program, done.error());
  std::vector<Moment*> found;
  for (Moment& moment : wish->moments)
    if (moment.step) found.push_back(&moment);
  std::vector<Explanation> all;
  if (!found.empty()) {
    auto made = explain(*run, *wish, found, search);
    if (!made) return fail(program, made.error());
    all = std::move(*made);
  }
  return conclude(*run, *wish, all, search);
}

}  // namespace vitrine::app
