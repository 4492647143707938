// SPDX-License-Identifier: MIT
// Texts and JSON of labs.
#include "app/lab_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kColumns = 80;

Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::floor(value) && std::fabs(value) < 9e15) return static_cast<int64_t>(value);
  return value;
}

// With abbreviations. Their formulas have been evaluated when the lab was read.
LabValues values_of(const Lab& lab) {
  auto all = with_abbreviations(lab, default_values(lab));
  return all ? *all : default_values(lab);
}

std::string parameter_lines(const Lab& lab) {
  std::string text;
  const LabValues values = values_of(lab);
  for (const LabParameter& p : lab.parameters) {
    const std::string range =
        fmt::format("{} to {}{}", number_text(p.low), number_text(p.high), p.text ? " characters" : "");
    text += wrapped(fmt::format("{} ({})", p.what, range), "                       ",
                    fmt::format("  {:12} {:>6}  ", p.name, p.text ? *p.text : number_text(p.value)));
  }
  for (const auto& [name, formula] : lab.abbreviations)
    text += fmt::format("  {:12} {:>6}  = {}\n", name, number_text(values.at(name)), formula);
  return text;
}

std::string run_lines(const Lab& lab) {
  size_t width = 0;
  for (const LabRun& run : lab.runs) width = std::max(width, run.name.size());
  std::string text;
  for (const LabRun& run : lab.runs) {
    std::string options;
    for (const std::string& option : run.options)
      options += (options.empty() ? "" : " ") + shell_word(option);
    text += wrapped(fmt::format("{}{}", run.what, options.empty() ? "" : fmt::format(" ({})", options)),
                    std::string(width + 4, ' '), fmt::format("  {:{}}  ", run.name, width));
  }
  return text;
}

std::string verdict_lines(const LabVerdict& v, const LabBreak* broken) {
  const char* const verdict = !v.given ? "" : v.right() ? "   right" : "   not right";
  std::string text = fmt::format("   predicted {:>9}   measured {:>9}   by the formula {:>9}{}\n",
                                 v.given ? number_text(v.predicted) : "-", number_text(v.measured),
                                 number_text(v.answer), verdict);
  if (v.absent) text += "   Not measured: there is no qemu-system-riscv64 on this machine.\n";
  text += wrapped(v.question->answer, "               ", "   formula: ");
  if (v.misconception) text += wrapped(v.misconception->says, "     ", "   ! ");
  if (!broken) text += wrapped(v.question->because, "   ");
  if (broken && !v.exact()) text += "   The break has changed this answer.\n";
  if (!broken && !v.exact())
    text += "   Measurement and formula differ: this lab, or the machine, has a mistake.\n";
  return text;
}

std::string first_lines(const std::string& says) {
  constexpr size_t kMost = 6;
  std::string text;
  size_t lines = 0;
  for (const std::string& line : split(says, '\n'))
    if (!line.empty() && ++lines <= kMost) text += "   " + core::printable(line) + "\n";
  return lines <= kMost ? text : text + fmt::format("   ... and {} more lines\n", lines - kMost);
}

Json value_json(const LabParameter& p) { return p.text ? Json(*p.text) : number(p.value); }

Json question_json(const LabVerdict& v) {
  Json json = {{"id", v.question->id},
               {"asks", v.question->asks},
               {"predicted", v.given ? number(v.predicted) : Json(nullptr)},
               {"measured", number(v.measured)},
               {"answer", number(v.answer)},
               {"formula", v.question->answer},
               {"right", v.given ? Json(v.right()) : Json(nullptr)},
               {"exact", v.exact()},
               {"absent", v.absent},
               {"misconception", v.misconception ? Json(v.misconception->says) : Json(nullptr)}};
  return json;
}

Json head_json(const Lab& lab) {
  return {{"name", lab.name},       {"title", lab.title},       {"heading", lab.heading},
          {"summary", lab.summary}, {"concepts", lab.concepts}, {"minutes", lab.minutes}};
}

// The same for every text that the JSON library might refuse: guests print what they like.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string wrapped(const std::string& text, const std::string& indent, const std::string& first) {
  std::string out, line = first.empty() ? indent : first;
  bool fresh = true;
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!fresh && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = indent;
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    fresh = false;
  }
  return out + line + "\n";
}

std::string lab_list(std::span<const Lab> labs, const std::string& program) {
  std::string text = "Labs: predict, then measure.\n";
  for (const std::string_view heading : kLectureHeadings) {
    if (std::none_of(labs.begin(), labs.end(), [&](const Lab& lab) { return lab.heading == heading; }))
      continue;
    text += fmt::format("\n{}\n", heading);
    for (const Lab& lab : labs)
      if (lab.heading == heading)
        text += wrapped(fmt::format("{} ({} minutes)", lab.summary, lab.minutes), "      ",
                        fmt::format("  {}: ", lab.name));
  }
  if (labs.empty()) return text + "\nThere are none here.\n";
  return text + fmt::format("\nTo begin: {} lab {}\nIts sheet: --sheet; without questions: --no-ask\n",
                            program, labs.front().name);
}

std::string lab_introduction(const Lab& lab) {
  return fmt::format("{} ({} minutes)\n\n{}\nParameters; --set NAME=VALUE chooses others\n{}\nMachines\n{}",
                     lab.title, lab.minutes,
                     wrapped(fmt::format("Concepts: {}.", fmt::join(lab.concepts, "; ")), ""),
                     parameter_lines(lab), run_lines(lab));
}

std::string question_text(const Lab& lab, size_t number) {
  const std::string first = fmt::format("{}. ", number + 1);
  return wrapped(lab.questions[number].asks, std::string(first.size(), ' '), first);
}

std::string lab_sheet(const Lab& lab, const std::string& sheet) {
  std::string text = sheet + (sheet.empty() || sheet.back() == '\n' ? "" : "\n") + "\n## Predict\n\n";
  for (const LabParameter& p : lab.parameters)
    text +=
        wrapped(fmt::format("`{}={}`: {}", p.name, p.text ? *p.text : fmt::format("{:.0f}", p.value), p.what),
                "  ", "* ");
  text += "\nEach answer is a number, or a formula over the parameters.\n\n";
  for (size_t i = 0; i < lab.questions.size(); ++i)
    text += question_text(lab, i) + "\n   Predicted: ________   Measured: ________   Why:\n\n";
  text += "## Diagnose\n\n";
  for (const LabBreak& broken : lab.breaks)
    text += wrapped(fmt::format("`--break {}`: {}", broken.name, broken.asks), "  ", "* ");
  return text;
}

std::string lab_solution(const Lab& lab) {
  std::string text = lab_introduction(lab) + "\n";
  const LabValues values = values_of(lab);
  const auto value_text = [&](const std::string& formula) {  // "137 = 3 * pages", "0"
    auto value = evaluate(formula, values);
    const std::string number = value ? number_text(*value) : "?";
    return number == formula ? number : fmt::format("{} = {}", number, formula);
  };
  for (size_t i = 0; i < lab.questions.size(); ++i) {
    const LabQuestion& question = lab.questions[i];
    text += question_text(lab, i) + wrapped(value_text(question.answer), "      ", "   -> ");
    text += wrapped(question.because, "   ");
    for (const LabMisconception& wrong : question.misconceptions)
      text += wrapped(fmt::format("{}: {}", value_text(wrong.answer), wrong.says), "     ", "   ! ");
    text += "\n";
  }
  for (const LabBreak& broken : lab.breaks) {
    text += wrapped(broken.asks, "   ", fmt::format("--break {}: ", broken.name)) +
            wrapped(broken.because, "   ");
    text += wrapped(fmt::format("Symptom: {}. Answers that change: {}.", broken.symptom,
                                fmt::join(broken.changes, ", ")),
                    "   ") +
            "\n";
  }
  return text;
}

std::string lab_results(const Lab& lab, const LabResult& result, std::span<const LabVerdict> verdicts,
                        const LabBreak* broken) {
  std::string text;
  for (size_t i = 0; i < verdicts.size(); ++i)
    text += question_text(lab, i) + verdict_lines(verdicts[i], broken) + "\n";
  const auto right =
      std::count_if(verdicts.begin(), verdicts.end(), [](const LabVerdict& v) { return v.right(); });
  const auto given =
      std::count_if(verdicts.begin(), verdicts.end(), [](const LabVerdict& v) { return v.given; });
  if (!result.runs.empty() && !result.runs.front().says.empty()) {
    text += fmt::format("The guest said, on the machine '{}':\n", result.runs.front().name);
    text += first_lines(result.runs.front().says) + "\n";
  }
  if (broken) {
    text += wrapped(broken->asks, "", fmt::format("--break {}: ", broken->name));
    text += fmt::format("The symptom {} ({}).\n",
                        shows_symptom(*broken, result) ? "is there" : "is not there", broken->symptom);
    for (const LabRunResult& run : result.runs)
      if (!run.good) text += wrapped(fmt::format("{}: {}", run.name, run.outcome), "  ", "  ");
    text += "Why: --solution tells.\n";
  } else if (given) {
    text += fmt::format("{} of {} predictions were right.\n", right, given);
  }
  return text;
}

std::string lab_json(const Lab& lab, const LabResult& result, std::span<const LabVerdict> verdicts,
                     const LabBreak* broken) {
  Json json = head_json(lab);
  for (const LabParameter& p : lab.parameters) json["parameters"][p.name] = value_json(p);
  json["runs"] = Json::array();
  for (const LabRunResult& run : result.runs)
    json["runs"].push_back({{"name", run.name},
                            {"outcome", run.outcome},
                            {"good", run.good},
                            {"steps", run.steps},
                            {"state", fmt::format("{:016x}", run.state)},
                            {"output", run.output}});
  for (const auto& [name, value] : result.counters) json["counters"][name] = number(value);
  json["questions"] = Json::array();
  for (const LabVerdict& verdict : verdicts) json["questions"].push_back(question_json(verdict));
  json["break"] = nullptr;
  if (broken)
    json["break"] = {
        {"name", broken->name}, {"symptom", shows_symptom(*broken, result)}, {"changes", broken->changes}};
  return dump(json);
}

std::string labs_json(std::span<const Lab> labs) {
  Json json = Json::array();
  for (const Lab& lab : labs) {
    Json one = head_json(lab);
    for (const LabParameter& p : lab.parameters)
      one["parameters"][p.name] = {
          {"value", value_json(p)}, {"range", {number(p.low), number(p.high)}}, {"what", p.what}};
    one["questions"] = Json::array();
    for (const LabQuestion& question : lab.questions)
      one["questions"].push_back({{"id", question.id}, {"asks", question.asks}});
    one["breaks"] = Json::array();
    for (const LabBreak& broken : lab.breaks)
      one["breaks"].push_back({{"name", broken.name}, {"asks", broken.asks}, {"changes", broken.changes}});
    json.push_back(std::move(one));
  }
  return dump(json);
}

}  // namespace vitrine::app
