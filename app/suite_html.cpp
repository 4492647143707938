// SPDX-License-Identifier: MIT
// Results as one page that needs nothing else: no script, no other file.
#include <fmt/format.h>

#include "app/suite_report.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Suite: {title}</title>
<style>
body {{ font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .25em .6em; border-bottom: 1px solid #ddd; vertical-align: top; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
pre {{ background: #f5f5f5; padding: .6em; overflow-x: auto; white-space: pre-wrap; }}
.pass {{ color: #186a3b; }} .fail, .unexpected-pass, .crashed, .error {{ color: #a31515; font-weight: bold; }}
.skipped, .expected-failure {{ color: #7a5c00; }}
summary {{ cursor: pointer; }}
</style></head><body>
)";

std::string row_of(const SuiteResult& r) {
  const std::string name = xml_text(r.name), verdict(verdict_name(r.verdict));
  std::string cell = name;
  if (!r.words.empty() || !r.console.empty()) {
    std::string inside = fmt::format("<p>{}</p>", xml_text(r.words));
    if (!r.console.empty()) inside += fmt::format("<pre>{}</pre>", xml_text(r.console));
    if (!r.again.empty()) inside += fmt::format("<p>Again: <code>{}</code></p>", xml_text(r.again));
    if (!r.why.empty()) inside += fmt::format("<p>Why: <code>{}</code></p>", xml_text(r.why));
    cell = fmt::format("<details{}><summary>{}</summary>{}</details>", is_good(r.verdict) ? "" : " open",
                       name, inside);
  }
  return fmt::format(
      "<tr><td class=\"{0}\">{0}</td><td>{1}</td><td>{2}</td><td class=\"number\">{3}</td><td "
      "class=\"number\">{4:.3f}</td>"
      "<td class=\"number\">{5:g}/{6:g}</td></tr>\n",
      verdict, cell, xml_text(r.reason), r.steps, r.cpu_seconds, r.score(), r.points);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text = "<ul>";
  for (const std::string& name : names) text += fmt::format("<li>{}</li>", xml_text(name));
  return text + "</ul>\n";
}

}  // namespace

// What is not good stands first.
std::string suite_html(const MergedResults& merged) {
  const std::string counts = counts_text(count_verdicts(merged.results));
  std::string text = fmt::format(fmt::runtime(kHead), fmt::arg("title", counts));
  text += fmt::format("<h1>{} tests</h1><p>{}</p>\n", merged.results.size(), counts);
  if (!merged.missing.empty()) text += "<h2 class=\"error\">Without a result</h2>" + list_of(merged.missing);
  for (const unsigned shard : merged.absent)
    text +=
        fmt::format("<p class=\"error\">There are no results of shard {} of {}.</p>\n", shard, merged.shards);
  if (!merged.unsteady.empty())
    text += "<h2 class=\"error\">Another verdict when it ran again</h2>" + list_of(merged.unsteady);
  text +=
      "<table><tr><th>verdict</th><th>test</th><th>reason</th><th>steps</th><th>CPU "
      "s</th><th>points</th></tr>\n";
  for (const bool good : {false, true})
    for (const SuiteResult& r : merged.results)
      if (is_good(r.verdict) == good) text += row_of(r);
  return text + "</table></body></html>\n";
}

}  // namespace vitrine::app
