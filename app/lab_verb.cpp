// SPDX-License-Identifier: MIT
// `vitrine lab [NAME] [OPTION]...`: lists the labs, or asks for predictions, runs, and shows what was
// predicted, what was measured, and why.
#include "app/lab_verb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "app/lab.h"
#include "app/lab_report.h"
#include "app/lab_run.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Result;

struct Wanted {
  std::string name, broken, answers, path, engine;
  std::vector<std::string> set;
  bool ask = true, sheet = false, solution = false, json = false;
};

struct TextOption {
  std::string_view name;
  std::string Wanted::*place;
};
constexpr TextOption kTexts[] = {{"--break", &Wanted::broken},
                                 {"--answers", &Wanted::answers},
                                 {"--path", &Wanted::path},
                                 {"--engine", &Wanted::engine}};
struct FlagOption {
  std::string_view name;
  bool Wanted::*place;
  bool value;
};
constexpr FlagOption kFlags[] = {{"--no-ask", &Wanted::ask, false},
                                 {"--sheet", &Wanted::sheet, true},
                                 {"--solution", &Wanted::solution, true},
                                 {"--json", &Wanted::json, true}};

int fail(const core::Error& error) {
  complain(error.message);
  return exit_code_of(error.kind);
}

core::Error usage(const std::string& text) { return core::error(ErrorKind::kUsage, "{}", text); }

std::string meant(const std::string& word, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(word, views);
  if (!near.empty()) return fmt::format("; did you mean {}?", near);
  return names.empty() ? "; there are none." : fmt::format("; there are: {}.", fmt::join(names, ", "));
}

template <typename List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name);
  return names;
}

// --- Words

Result<> take_option(const std::vector<std::string>& words, size_t& at, Wanted& wanted) {
  const std::string& word = words[at];
  for (const FlagOption& flag : kFlags)
    if (word == flag.name) return wanted.*flag.place = flag.value, core::Ok{};
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto text =
      std::find_if(std::begin(kTexts), std::end(kTexts), [&](const TextOption& o) { return o.name == name; });
  if (text == std::end(kTexts) && name != "--set")
    return usage(
        fmt::format("lab has no option '{}'{}", core::printable(word), meant(name, lab_option_names())));
  if (equals == std::string::npos && ++at == words.size())
    return usage(fmt::format("{} wants a value behind it.", name));
  const std::string value = equals == std::string::npos ? words[at] : word.substr(equals + 1);
  if (name == "--set")
    wanted.set.push_back(value);
  else
    wanted.*text->place = value;
  return core::Ok{};
}

Result<Wanted> parse(const std::vector<std::string>& words) {
  Wanted wanted;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-")) {
      if (auto done = take_option(words, i, wanted); !done) return done.error();
    } else if (wanted.name.empty()) {
      wanted.name = words[i];
    } else {
      return usage(fmt::format("There is one word too many: '{}'.", core::printable(words[i])));
    }
  }
  return wanted;
}

Result<> set_parameter(LabParameter& parameter, const std::string& given) {
  const auto number = parse_number(given);
  const double value = parameter.text ? static_cast<double>(given.size())
                       : number       ? static_cast<double>(*number)
                                      : -1;
  if ((!parameter.text && !number) || value < parameter.low || value > parameter.high)
    return usage(fmt::format("--set {}={}: not {} from {} to {}{}.", parameter.name, core::printable(given),
                             parameter.text ? "a text of" : "a whole number", number_text(parameter.low),
                             number_text(parameter.high), parameter.text ? " characters" : ""));
  if (const char* const wrong = parameter.text ? wrong_text(given) : nullptr)
    return usage(fmt::format("--set {}: {}.", parameter.name, wrong));
  parameter.value = value;
  if (parameter.text) parameter.text = given;
  return core::Ok{};
}

// The lab with the values of --set for its own.
Result<> choose_values(Lab& lab, const std::vector<std::string>& set) {
  for (const std::string& text : set) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos)
      return usage(fmt::format("--set {}: write NAME=VALUE.", core::printable(text)));
    const auto parameter = std::find_if(lab.parameters.begin(), lab.parameters.end(),
                                        [&](const auto& p) { return p.name == name; });
    if (parameter == lab.parameters.end())
      return usage(fmt::format("--set: the lab '{}' has no parameter '{}'{}", lab.name, core::printable(name),
                               meant(name, names_of(lab.parameters))));
    if (auto done = set_parameter(*parameter, text.substr(equals + 1)); !done) return done;
  }
  return core::Ok{};
}

// --- Predictions

Result<std::string> read_text(const std::string& path) {
  constexpr uint64_t kMost = 1 << 20;
  auto file = core::read_file(path, kMost);
  if (!file) return file.error();
  return std::string(reinterpret_cast<const char*>(file->data()), file->size());
}

Result<LabValues> read_answers(const Lab& lab, const LabValues& values, const std::string& path) {
  auto file = read_text(path);
  if (!file) return file.error();
  const auto json = core::parse_json(*file);
  if (json.is_discarded() || !json.is_object())
    return core::error(ErrorKind::kBadImage,
                       "'{}' is no JSON object of the form {{\"question\": 12, \"other\": \"2 * pages\"}}.",
                       core::printable(path));
  std::vector<std::string> ids;
  for (const LabQuestion& question : lab.questions) ids.push_back(question.id);
  LabValues predictions;
  for (const auto& [id, answer] : json.items()) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      return core::error(ErrorKind::kBadImage, "'{}': the lab '{}' has no question '{}'{}",
                         core::printable(path), lab.name, core::printable(id), meant(id, ids));
    if (answer.is_null()) continue;
    auto value = answer.is_number()   ? Result<double>(answer.get<double>())
                 : answer.is_string() ? read_prediction(values, answer.get<std::string>())
                                      : Result<double>(usage("neither a number nor a formula"));
    if (!value)
      return core::error(ErrorKind::kBadImage, "'{}': {}: {}.", core::printable(path), core::printable(id),
                         value.error().message);
    predictions[id] = *value;
  }
  return predictions;
}

// Until each question has a prediction, or was left out, or the input ends.
LabValues ask(const Lab& lab, const LabValues& values) {
  std::string words;
  for (const auto& [name, value] : values) words += (words.empty() ? "" : ", ") + name;
  std::fputs(lab_introduction(lab).c_str(), stdout);
  const std::string folder = std::filesystem::path(lab.folder).lexically_normal().string();
  std::printf("\nRead first: the sheet (--sheet prints it). It and the guest's source are in\n  %s\n", core::printable(folder).c_str());
  std::fputs(("\n" + wrapped("Each prediction is a number, or a formula of " + words +
                                 ". An empty line: you do not know.",
                             ""))
                 .c_str(),
             stdout);
  LabValues predictions;
  for (size_t i = 0; i < lab.questions.size(); ++i) {
    std::fputs(("\n" + question_text(lab, i)).c_str(), stdout);
    while (true) {
      std::fputs("   your prediction: ", stdout);
      std::fflush(stdout);
      std::string line;
      if (!std::getline(std::cin, line)) return std::fputs("\n", stdout), predictions;
      if (line.find_first_not_of(" \t\r") == std::string::npos) break;
      auto value = read_prediction(values, line);
      if (value) {
        predictions[lab.questions[i].id] = *value;
        if (line.find_first_not_of("0123456789") != std::string::npos)
          std::printf("   that is %s\n", number_text(*value).c_str());
        break;
      }
      std::printf("   %s.\n", value.error().message.c_str());
    }
  }
  std::fputs("\n", stdout);
  return predictions;
}

// --- The verb's ways

int print(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!written) complain("the output cannot be written.");
  return written ? exit_code::kSuccess : exit_code::kMissing;
}

int list(const Program& program, const Wanted& wanted) {
  const std::string folder = wanted.path.empty() ? labs_folder() : wanted.path;
  std::vector<Lab> labs;
  int code = exit_code::kSuccess;
  for (const std::string& one : labs_in(folder)) {
    auto lab = read_lab(one);
    if (lab)
      labs.push_back(std::move(*lab));
    else
      code = fail(lab.error());
  }
  if (labs.empty() && code == exit_code::kSuccess)
    return fail(core::error(ErrorKind::kMissing, "There is no lab in '{}': no folder there has a lab.toml.",
                            core::printable(folder)));
  const int written = print(wanted.json ? labs_json(labs) : lab_list(labs, program.name));
  return written ? written : code;
}

// `--path` names a folder of labs, or one lab.
Result<Lab> find_lab(Wanted& wanted) {
  const std::string folder = wanted.path.empty() ? labs_folder() : wanted.path;
  const std::vector<std::string> folders = labs_in(folder);
  std::vector<std::string> names;
  for (const std::string& one : folders) names.push_back(one.substr(one.rfind('/') + 1));
  const auto found = std::find(names.begin(), names.end(), wanted.name);
  if (found != names.end()) return read_lab(folders[static_cast<size_t>(found - names.begin())]);
  return core::error(ErrorKind::kMissing, "There is no lab '{}' in {}{}", core::printable(wanted.name),
                     core::printable(folder), meant(wanted.name, names));
}

Result<LabValues> predictions_for(const Lab& lab, const Wanted& wanted) {
  auto all = with_abbreviations(lab, default_values(lab));
  if (!all) return all.error();
  if (!wanted.answers.empty()) return read_answers(lab, *all, wanted.answers);
  if (!wanted.ask || wanted.json || !wanted.broken.empty()) return LabValues{};
  return ask(lab, *all);
}

int run_and_tell(const Lab& lab, const Wanted& wanted) {
  const auto broken = std::find_if(lab.breaks.begin(), lab.breaks.end(),
                                   [&](const auto& b) { return b.name == wanted.broken; });
  const LabBreak* const its = broken == lab.breaks.end() ? nullptr : &*broken;
  if (!its && !wanted.broken.empty())
    return fail(
        usage(fmt::format("--break: the lab '{}' has no break '{}'{}", lab.name,
                          core::printable(wanted.broken), meant(wanted.broken, names_of(lab.breaks)))));
  auto predictions = predictions_for(lab, wanted);
  if (!predictions) return fail(predictions.error());
  LabRequest request{.broken = wanted.broken, .options = {}};
  if (!wanted.engine.empty()) request.options = {"--engine", wanted.engine};
  auto result = run_lab(lab, request);
  if (!result) return fail(result.error());
  auto verdicts = judge(lab, *result, *predictions);
  if (!verdicts) return fail(verdicts.error());
  const int written =
      print(wanted.json ? lab_json(lab, *result, *verdicts, its) : lab_results(lab, *result, *verdicts, its));
  if (written != exit_code::kSuccess) return written;
  const bool exact =
      std::all_of(verdicts->begin(), verdicts->end(), [](const LabVerdict& v) { return v.exact(); });
  return exact || its ? exit_code::kSuccess : 1;
}

}  // namespace

std::vector<std::string> lab_option_names() {
  std::vector<std::string> names = {"--set"};
  for (const TextOption& option : kTexts) names.emplace_back(option.name);
  for (const FlagOption& option : kFlags) names.emplace_back(option.name);
  return names;
}

int lab_verb(const Program& program, const std::vector<std::string>& words) {
  auto wanted = parse(words);
  if (!wanted) {
    complain(wanted.error().message);
    std::fprintf(stderr, "How it is used: %s lab --help\n", program.name.c_str());
    return exit_code::kUsage;
  }
  if (wanted->name.empty()) return list(program, *wanted);
  auto lab = find_lab(*wanted);
  if (!lab) return fail(lab.error());
  if (auto done = choose_values(*lab, wanted->set); !done) return fail(done.error());
  if (wanted->solution) return print(lab_solution(*lab));
  if (wanted->sheet) {
    auto sheet = read_text(lab->folder + "/sheet.md");
    return sheet ? print(lab_sheet(*lab, *sheet)) : fail(sheet.error());
  }
  return run_and_tell(*lab, *wanted);
}

}  // namespace vitrine::app
