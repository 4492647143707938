// SPDX-License-Identifier: MIT
// The classes as one page that needs nothing else: no script, no fonts, no network; it prints as a table.
#include <fmt/format.h>

#include "classes/report.h"
#include "classes/states.h"

namespace vitrine::classes {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Instruction classes</title>
<style>
:root { color-scheme: light dark; --line: #bbb; --soft: #8883; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: .5rem 0 1.5rem; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem .2rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; }
thead { display: table-header-group; }
td.name, code { font-family: ui-monospace, monospace; white-space: nowrap; }
td.spec { white-space: nowrap; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 1.5rem; }
details { margin: .2rem 0; } summary { cursor: pointer; color: GrayText; }
pre { white-space: pre-wrap; background: var(--soft); padding: .4rem; margin: .3rem 0; font-size: 12px; }
.wrong { border: 2px solid; padding: .5rem 1rem; }
tr { break-inside: avoid; }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } table { font-size: 8pt; } details { display: none; } }
</style></head><body>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string witness_details(const std::vector<Witness>& witnesses, size_t pairs) {
  if (witnesses.empty()) return "";
  std::string text;
  for (const Witness& w : witnesses)
    text += fmt::format("{}\n  {}: {}\n  {}: {}\n", w.instruction, w.states[0], w.outcomes[0], w.states[1],
                        w.outcomes[1]);
  const std::string how_many = pairs ? fmt::format(" ({} pairs of states)", pairs) : "";
  return fmt::format("<details><summary>witness{}</summary><pre>{}</pre></details>", how_many, escaped(text));
}

std::string cells(const Line& line, Instance instance) {
  const std::string closing = closing_text(line.column, instance);
  return fmt::format("<td>{}</td><td>{}{}{}</td><td class=\"spec\">{}</td></tr>\n",
                     riscv::class_text(line.column.classes), escaped(line.column.reason),
                     closing.empty() ? "" : "; " + escaped(closing),
                     line.measured ? witness_details(line.measured->witnesses, line.measured->pairs) : "",
                     escaped(line.column.spec));
}

std::string rows_of(const Entry& entry) {
  const std::string name =
      escaped(entry.name) + (entry.access.empty() ? "" : " <span>(" + entry.access + ")</span>");
  return fmt::format("<tr><td class=\"name\" rowspan=\"2\">{}</td><td>(i)</td>{}<tr><td>(ii)</td>{}", name,
                     cells(entry.lines[0], Instance::kOne), cells(entry.lines[1], Instance::kTwo));
}

std::string condition_text(Instance instance) {
  const riscv::Condition condition = riscv::condition_of(instance);
  std::string text =
      fmt::format("<h3>({}) {}</h3><p><strong>{}</strong> {}</p><ul>", riscv::words_of(instance).name,
                  escaped(riscv::words_of(instance).what), escaped(condition.verdict), condition.counts());
  for (const riscv::Condition::Group& closed : condition.closed)
    text += fmt::format("<li>trap with <code>{}</code>: {}</li>", escaped(closed.what),
                        escaped(riscv::listed(closed.names)));
  for (const riscv::Condition::Group& open : condition.exceptions)
    text +=
        fmt::format("<li>do not trap ({}): {}</li>", escaped(open.what), escaped(riscv::listed(open.names)));
  return text + fmt::format("</ul><p>{}</p><p>States: {}.</p>\n", escaped(condition.why),
                            escaped(describe_base(instance)));
}

constexpr std::string_view kTableHead =
    "<table><thead><tr><th>name</th><th>instance</th><th>classes</th><th>why</th><th>section</th></tr></"
    "thead><tbody>\n";

std::string head_of(const Report& report) {
  std::string text(kHead);
  text +=
      "<h1>Instruction classes</h1>\n<p>Popek and Goldberg's classes of each instruction and each CSR "
      "access, for two "
      "instances of a hypervisor. Sections are those of the RISC-V ISA manual, release 20240411; \"priv\" is "
      "volume II. ";
  text += report.measured
              ? "Each was executed in pairs of states; what showed its class is its witness.</p>\n"
              : "These are the columns of Vitrine's tables, not measured.</p>\n";
  if (!report.disagreements.empty()) {
    text += "<div class=\"wrong\"><h2>Measurement and column disagree</h2><ul>";
    for (const Disagreement& d : report.disagreements) text += "<li>" + escaped(d.text) + "</li>";
    text += "</ul></div>\n";
  }
  text += "<dl>";
  for (const riscv::ClassDefinition& d : riscv::class_definitions())
    text += fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(d.word), escaped(d.meaning));
  return text + "</dl>\n<h2>Popek and Goldberg's condition: is everything sensitive privileged?</h2>\n";
}

}  // namespace

std::string as_page(const Report& report) {
  std::string text = head_of(report);
  for (const Instance instance : riscv::kInstances) text += condition_text(instance);
  std::string group;
  for (const Entry& entry : entries(report)) {
    if (entry.group != group) {
      if (!group.empty()) text += "</tbody></table>\n";
      text += fmt::format("<h2>{}</h2>\n{}", escaped(entry.group), kTableHead);
      group = entry.group;
    }
    text += rows_of(entry);
  }
  text += fmt::format("</tbody></table>\n<h2>x86: {}</h2>\n{}", kForeignInstance, kTableHead);
  for (const ForeignInstruction& it : report.x86)
    text += fmt::format(
        "<tr><td class=\"name\">{}</td><td>x86</td><td>{}</td><td>{} {}{}</td><td "
        "class=\"spec\">{}</td></tr>\n",
        escaped(it.name), riscv::class_text(it.classes), escaped(it.reason), escaped(it.note),
        witness_details(it.witnesses, 0), escaped(it.spec));
  return text + "</tbody></table>\n</body></html>\n";
}

}  // namespace vitrine::classes
