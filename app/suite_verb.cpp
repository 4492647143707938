// SPDX-License-Identifier: MIT
// The words of `vitrine suite`, and its three ways.
#include "app/suite_verb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>

#include "app/chaos_option.h"
#include "app/help.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/suite_report.h"
#include "app/suite_results.h"
#include "app/suite_run.h"
#include "app/suite_shard.h"
#include "app/suite_words.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Result;

// Options with a text behind them, for all three; which verb knows them is in `of`.
struct Texts {
  std::string jobs, shard, plan, filter, out, seeds;  // run
  std::string junit, tap, html, json, gradescope;  // report
  std::string shards;                              // plan
};
struct TextOption {
  std::string_view of, name;
  std::string Texts::*place;
};
constexpr TextOption kTexts[] = {
    {"run", "--jobs", &Texts::jobs},     {"run", "--shard", &Texts::shard},
    {"run", "--plan", &Texts::plan},     {"run", "--filter", &Texts::filter},
    {"run", "--out", &Texts::out},       {"run", "--seeds", &Texts::seeds},
    {"report", "--junit", &Texts::junit},
    {"report", "--tap", &Texts::tap},    {"report", "--html", &Texts::html},
    {"report", "--json", &Texts::json},  {"report", "--gradescope", &Texts::gradescope},
    {"plan", "--shards", &Texts::shards}};
struct Flags {
  bool fail_fast = false, resume = false;
  bool durations = false;  // what it is followed by are results, as are all words of `plan`
};
struct FlagOption {
  std::string_view of, name;
  bool Flags::*place;
};
constexpr FlagOption kFlags[] = {{"run", "--fail-fast", &Flags::fail_fast},
                                 {"run", "--resume", &Flags::resume},
                                 {"plan", "--durations", &Flags::durations}};

struct Wanted {
  Texts texts;
  Flags flags;
  std::vector<std::string> paths;
  std::vector<std::string> machine;  // words of `vitrine run`
};

int fail(const core::Error& error) {
  complain(error.message);
  return exit_code_of(error.kind);
}

core::Error usage(const std::string& text) { return core::error(ErrorKind::kUsage, "{}", text); }

std::vector<std::string> names_of(std::string_view verb) {
  std::vector<std::string> names;
  for (const TextOption& option : kTexts)
    if (verb.empty() || option.of == verb) names.emplace_back(option.name);
  for (const FlagOption& option : kFlags)
    if (verb.empty() || option.of == verb) names.emplace_back(option.name);
  return names;
}

// One of ours, with its value; false: it is none.
Result<bool> take_own(std::string_view verb, const std::vector<std::string>& words, size_t& at,
                      Wanted& wanted) {
  const std::string word = words[at].starts_with("-j")
                               ? "--jobs" + (words[at].size() > 2 ? "=" + words[at].substr(2) : "")
                               : words[at];
  for (const FlagOption& option : kFlags)
    if (option.of == verb && option.name == word) return wanted.flags.*option.place = true;
  const size_t equals = word.find('=');
  for (const TextOption& option : kTexts) {
    if (option.of != verb || option.name != word.substr(0, equals)) continue;
    if (equals == std::string::npos && ++at == words.size())
      return usage(fmt::format("{} wants a value behind it.", option.name));
    wanted.texts.*option.place = equals == std::string::npos ? words[at] : word.substr(equals + 1);
    if ((wanted.texts.*option.place).empty())
      return usage(fmt::format("{} wants a value behind it.", option.name));
    return true;
  }
  return false;
}

core::Error unknown(std::string_view verb, const std::string& word) {
  std::vector<std::string> names = names_of(verb);
  if (verb == "run")
    for (std::string& name : machine_option_names()) names.push_back(std::move(name));
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view meant = nearest(std::string_view(word).substr(0, word.find('=')), views);
  return usage(fmt::format("suite {} has no option {}{}", verb, core::printable(word),
                           meant.empty() ? "." : fmt::format("; did you mean {}?", meant)));
}

Result<Wanted> parse(std::string_view verb, const std::vector<std::string>& words) {
  Wanted wanted;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("-") || words[i] == "-") {
      wanted.paths.push_back(words[i]);
      continue;
    }
    auto own = take_own(verb, words, i, wanted);
    if (!own) return own.error();
    if (*own) continue;
    if (verb != "run") return unknown(verb, words[i]);
    wanted.machine.push_back(words[i]);
    if (!machine_option_has_value(words[i])) continue;
    if (++i == words.size()) return usage(fmt::format("{} wants a value behind it.", words[i - 1]));
    wanted.machine.push_back(words[i]);
  }
  if (wanted.paths.empty())
    return usage(fmt::format("suite {} wants at least one {}.", verb,
                             verb == "run" ? "file or folder" : "folder of results"));
  return wanted;
}

// --- run

Result<SuiteRequest> request_of(const Program& program, const Wanted& wanted) {
  SuiteRequest request;
  request.program = program.name;
  request.command = command_line(program);
  request.paths = wanted.paths;
  if (auto done = check_suite_words(wanted.machine); !done) return done.error();
  request.words = wanted.machine;
  if (!wanted.texts.jobs.empty()) {
    const auto jobs = parse_number(wanted.texts.jobs);
    if (!jobs || *jobs == 0 || *jobs > 4096)
      return usage(fmt::format("-j {}: not a number from 1 to 4096.", core::printable(wanted.texts.jobs)));
    request.jobs = static_cast<unsigned>(*jobs);
  }
  if (!wanted.texts.shard.empty()) {
    auto shard = parse_shard(wanted.texts.shard);
    if (!shard) return shard.error();
    request.shard = *shard;
  }
  if (!wanted.texts.seeds.empty()) {
    auto seeds = parse_chaos(wanted.texts.seeds);
    if (!seeds || seeds->seed == 0 || seeds->seed > 100'000)
      return usage(fmt::format("--seeds {}: not a number from 1 to 100000, with kinds of chaos behind it or none for all, as in 100,sc,stores.",
                               core::printable(wanted.texts.seeds)));
    request.seeds = *seeds;
  }
  request.plan = wanted.texts.plan;
  request.filter = wanted.texts.filter;
  request.out = wanted.texts.out;
  request.fail_fast = wanted.flags.fail_fast;
  request.resume = wanted.flags.resume;
  return request;
}

int run(const Program& program, const Wanted& wanted) {
  auto request = request_of(program, wanted);
  if (!request) return fail(request.error());
  auto code = run_suite(*request);
  return code ? *code : fail(code.error());
}

// --- report

Result<> write_file(const std::string& path, const std::string& text) {
  if (path == "-") return std::fwrite(text.data(), 1, text.size(), stdout), core::Ok{};
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (file) return core::Ok{};
  return core::error(ErrorKind::kMissing, "'{}' cannot be written: {}.", core::printable(path),
                     strerror(errno));
}

struct Form {
  std::string Texts::*place;
  std::string (*make)(const MergedResults&);
};
constexpr Form kForms[] = {{&Texts::junit, junit_xml},
                           {&Texts::tap, tap_text},
                           {&Texts::html, suite_html},
                           {&Texts::json, suite_json},
                           {&Texts::gradescope, gradescope_json}};

bool tell_what_is_odd(const MergedResults& merged) {
  for (const std::string& problem : merged.problems) complain(problem);
  if (merged.repeated)
    complain(
        fmt::format("{} results are of tests that had one already; each test counts once.", merged.repeated));
  for (const std::string& name : merged.unsteady)
    complain(
        fmt::format("'{}' ran twice, the same both times, with different verdicts.", core::printable(name)));
  for (const unsigned shard : merged.absent)
    complain(fmt::format("There are no results of shard {} of {}.", shard, merged.shards));
  if (!merged.missing.empty())
    complain(fmt::format("{} tests have no result: {}{}.", merged.missing.size(),
                         core::printable(merged.missing[0]), merged.missing.size() > 1 ? ", ..." : ""));
  return merged.absent.empty() && merged.missing.empty() && merged.unsteady.empty();
}

int report(const Wanted& wanted) {
  auto merged = read_results(wanted.paths);
  if (!merged) return fail(merged.error());
  bool to_stdout = false;
  for (const Form& form : kForms) {
    const std::string& path = wanted.texts.*form.place;
    if (path.empty()) continue;
    to_stdout = to_stdout || path == "-";
    if (auto done = write_file(path, form.make(*merged)); !done) return fail(done.error());
  }
  constexpr size_t kMost = 20;
  if (!to_stdout) std::fputs(table_text(merged->results, kMost).c_str(), stdout);
  const bool whole = tell_what_is_odd(*merged);
  return suite_exit_code(merged->results, whole);
}

// --- plan

int plan(const Wanted& wanted) {
  const auto shards = parse_number(wanted.texts.shards);
  if (!shards || *shards == 0 || *shards > 100'000)
    return fail(usage("suite plan wants --shards N, a number of at least 1."));
  auto merged = read_results(wanted.paths);
  if (!merged) return fail(merged.error());
  const auto count = static_cast<unsigned>(*shards);
  if (auto done = write_file("-", plan_json(merged->results, count)); !done) return fail(done.error());
  const std::vector<double> seconds = plan_seconds(merged->results, count);
  const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
  complain(fmt::format("{} tests in {} shards of {:.2f} to {:.2f} s.", merged->results.size(), count, *least,
                       *most));
  return exit_code::kSuccess;
}

}  // namespace

std::vector<std::string> suite_option_names() { return names_of(""); }

int suite_verb(const Program& program, const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words[0];
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (std::any_of(words.begin(), words.end(), is_help))
    return std::fputs(suite_help(program.name).c_str(), stdout), exit_code::kSuccess;
  if (verb != "run" && verb != "report" && verb != "plan") {
    complain(fmt::format("suite {}: there are: run, report, plan.", core::printable(verb)));
    std::fprintf(stderr, "How it is used: %s suite --help\n", program.name.c_str());
    return exit_code::kUsage;
  }
  auto wanted = parse(verb, {words.begin() + 1, words.end()});
  if (!wanted) {
    complain(wanted.error().message);
    std::fprintf(stderr, "How it is used: %s suite --help\n", program.name.c_str());
    return exit_code::kUsage;
  }
  if (verb == "report") return report(*wanted);
  return verb == "plan" ? plan(*wanted) : run(program, *wanted);
}

}  // namespace vitrine::app
