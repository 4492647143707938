// SPDX-License-Identifier: MIT
// Tables, JUnit, TAP, JSON, Gradescope.
#include "app/suite_report.h"

#include <fmt/format.h>

#include <ctime>

#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using nlohmann::json;

constexpr size_t kLinesShown = 5;

std::string dump(const json& value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string indented(const std::string& text, std::string_view by, size_t most) {
  std::vector<std::string> lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string all;
  for (size_t i = lines.size() - std::min(most, lines.size()); i < lines.size(); ++i)
    all += fmt::format("{}{}\n", by, lines[i]);
  return all;
}

std::string one_line(const std::string& text) {
  std::string line = core::printable(text, 2000);
  for (char& c : line)
    if (c == '\n') c = ' ';
  return line;
}

// What a reader of the report needs to go on.
std::string details_of(const SuiteResult& r) {
  std::string text = r.words + "\n";
  if (!r.console.empty()) text += "The console's last lines:\n" + indented(r.console, "  ", 20);
  if (!r.again.empty()) text += "Again: " + r.again + "\n";
  if (!r.why.empty()) text += "Why: " + r.why + "\n";
  return text;
}

}  // namespace

VerdictCounts count_verdicts(const std::vector<SuiteResult>& results) {
  VerdictCounts counts{};
  for (const SuiteResult& result : results) ++counts[static_cast<size_t>(result.verdict)];
  return counts;
}

std::string counts_text(const VerdictCounts& counts) {
  std::string text;
  for (size_t i = 0; i < kVerdicts; ++i)
    if (counts[i] != 0 || i == 0)
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i], verdict_words(static_cast<Verdict>(i)));
  return text;
}

std::string table_text(const std::vector<SuiteResult>& results, size_t most) {
  std::string text;
  size_t shown = 0, bad = 0;
  for (const SuiteResult& r : results) {
    if (is_good(r.verdict) || ++bad > most) continue;
    ++shown;
    text +=
        fmt::format("\n{}  {}\n  {}\n", verdict_name(r.verdict), core::printable(r.name), one_line(r.words));
    text += indented(r.console, "  | ", kLinesShown);
    if (!r.again.empty()) text += fmt::format("  Again: {}\n", core::printable(r.again, 4000));
    if (!r.why.empty()) text += fmt::format("  Why:   {}\n", core::printable(r.why, 4000));
  }
  if (bad > shown) text += fmt::format("\n... and {} more; the results have them all.\n", bad - shown);
  return text + fmt::format("{}{} tests: {}\n", text.empty() ? "" : "\n", results.size(),
                            counts_text(count_verdicts(results)));
}

std::string xml_text(std::string_view text) {
  // nlohmann's writer is the one that knows which bytes are UTF-8: what it leaves out is replaced there.
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string clean = core::parse_json(quoted).get<std::string>();
  std::string out;
  for (const char c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        out += (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f ? fmt::format("\\x{:02x}", byte)
                                                                       : std::string(1, c);
    }
  }
  return out;
}

namespace {

std::string utc(double seconds) {
  const auto time = static_cast<time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return text.data();
}

std::string junit_case(const SuiteResult& r) {
  const size_t slash = r.name.rfind('/');
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"",
                                 xml_text(slash == std::string::npos ? "vitrine" : r.name.substr(0, slash)),
                                 xml_text(r.name), r.host_seconds);
  const auto child = [&](std::string_view element, std::string_view type) {
    return fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n", element,
                       xml_text(type), xml_text(one_line(r.words)), xml_text(details_of(r)));
  };
  switch (r.verdict) {
    case Verdict::kPass: return text + "/>\n";
    case Verdict::kFail: return text + child("failure", r.reason);
    case Verdict::kUnexpectedPass: return text + child("failure", "unexpected-pass");
    case Verdict::kCrashed: return text + child("error", "crashed: " + r.reason);
    case Verdict::kError: return text + child("error", r.reason);
    case Verdict::kExpectedFailure:
    case Verdict::kSkipped:
      return text + fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                                xml_text(one_line(r.words)));
  }
  return text;
}

// Tests that have no result are errors: a part of a suite never looks like all of it.
std::vector<SuiteResult> with_missing(const MergedResults& merged) {
  std::vector<SuiteResult> all = merged.results;
  for (const std::string& name : merged.missing) {
    SuiteResult result;
    result.name = name;
    result.reason = "no-result";
    result.words = "this test has no result: its suite did not come so far";
    all.push_back(std::move(result));
  }
  for (const unsigned shard : merged.absent) {
    SuiteResult result;
    result.name = fmt::format("shard {} of {}", shard, merged.shards);
    result.reason = "no-result";
    result.words = "there are no results of this shard";
    result.points = 0;
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace

std::string junit_xml(const MergedResults& merged) {
  const std::vector<SuiteResult> all = with_missing(merged);
  const VerdictCounts counts = count_verdicts(all);
  const auto of = [&](Verdict verdict) { return counts[static_cast<size_t>(verdict)]; };
  double seconds = 0, first = 0;
  for (const SuiteResult& r : all) {
    seconds += r.host_seconds;
    if (r.ended != 0 && (first == 0 || r.ended < first)) first = r.ended;
  }
  const std::string numbers = fmt::format(
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.6f}\"", all.size(),
      of(Verdict::kFail) + of(Verdict::kUnexpectedPass), of(Verdict::kCrashed) + of(Verdict::kError),
      of(Verdict::kSkipped) + of(Verdict::kExpectedFailure), seconds);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite name=\"vitrine\" {0} "
      "timestamp=\"{1}\">\n",
      numbers, utc(first));
  for (const SuiteResult& r : all) text += junit_case(r);
  return text + "  </testsuite>\n</testsuites>\n";
}

std::string tap_text(const MergedResults& merged) {
  const std::vector<SuiteResult> all = with_missing(merged);
  std::string text = fmt::format("TAP version 14\n1..{}\n", all.size());
  const auto escaped = [](const std::string& words) {
    std::string out;
    for (const char c : one_line(words))
      out += c == '#' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    return out;
  };
  for (size_t i = 0; i < all.size(); ++i) {
    const SuiteResult& r = all[i];
    const bool ok = r.verdict == Verdict::kPass || r.verdict == Verdict::kSkipped;
    text += fmt::format("{}ok {} - {}", ok ? "" : "not ", i + 1, escaped(r.name));
    if (r.verdict == Verdict::kSkipped) text += " # SKIP " + escaped(r.words);
    if (r.verdict == Verdict::kExpectedFailure) text += " # TODO " + escaped(r.words);
    text += '\n';
    if (!ok)
      text += fmt::format("  ---\n  verdict: {}\n  message: {}\n  ...\n", verdict_name(r.verdict),
                          json_string(one_line(r.words)));
  }
  return text;
}

std::string suite_json(const MergedResults& merged) {
  json tests = json::array(), counts = json::object();
  const VerdictCounts all = count_verdicts(merged.results);
  for (size_t i = 0; i < kVerdicts; ++i) counts[std::string(verdict_name(static_cast<Verdict>(i)))] = all[i];
  double score = 0, points = 0;
  for (const SuiteResult& r : merged.results) {
    score += r.score();
    points += r.points;
    tests.push_back({{"name", r.name},
                     {"verdict", verdict_name(r.verdict)},
                     {"reason", r.reason},
                     {"words", r.words},
                     {"steps", r.steps},
                     {"guest_seconds", r.guest_seconds},
                     {"host_seconds", r.host_seconds},
                     {"cpu_seconds", r.cpu_seconds},
                     {"score", r.score()},
                     {"points", r.points},
                     {"labels", r.labels},
                     {"hidden", r.hidden},
                     {"console", r.console},
                     {"log", r.log},
                     {"kept", r.kept},
                     {"again", r.again},
                     {"why", r.why},
                     {"key", r.key},
                     {"ended", r.ended}});
  }
  return dump({{"counts", counts},
               {"score", score},
               {"points", points},
               {"shards", merged.shards},
               {"absent_shards", merged.absent},
               {"missing", merged.missing},
               {"repeated", merged.repeated},
               {"unsteady", merged.unsteady},
               {"tests", tests}});
}

// Students see the words of what is visible, and of what is hidden nothing but, later, the points.
std::string gradescope_json(const MergedResults& merged) {
  json tests = json::array();
  for (const SuiteResult& r : with_missing(merged)) {
    json test = {{"name", one_line(r.name)},
                 {"score", r.score()},
                 {"max_score", r.points},
                 {"status", r.verdict == Verdict::kPass ? "passed" : "failed"},
                 {"visibility", r.hidden ? "hidden" : "visible"}};
    if (!r.labels.empty()) test["tags"] = r.labels;
    if (!r.hidden) test["output"] = r.verdict == Verdict::kPass ? "" : r.words + "\n" + r.console;
    tests.push_back(std::move(test));
  }
  return dump({{"visibility", "visible"}, {"stdout_visibility", "hidden"}, {"tests", tests}});
}

}  // namespace vitrine::app
