// SPDX-License-Identifier: MIT
// Reading lab.toml. Everything is checked here, so that a lab which can be listed can also be run: keys,
// names, ranges, files, and every formula, by evaluating it. The first mistake is told, with its line.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "app/lab.h"
#include "app/options.h"
#include "app/text.h"
#include "app/toml_reader.h"
#include "core/file.h"

namespace vitrine::app {

const std::vector<std::string_view> kLectureHeadings = {
    "Interfaces",         "What is asked of virtualisation", "Hypervisors",
    "CPU virtualisation", "Memory virtualisation",           "I/O virtualisation",
    "Process VMs",        "OS-level virtualisation",         "Library operating systems"};

namespace {

using core::ErrorKind;
using core::Result;

bool is_name(const std::string& text) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), good);
}

// Reads one file; keeps the first error, and goes on with empty values after it.
class Reader : private TomlReader {
 public:
  Reader(std::string folder, std::string path) : TomlReader(std::move(path)) { lab_.folder = std::move(folder); }

  Result<Lab> read() {
    toml::parse_result parsed = toml::parse_file(path_);
    if (!parsed) return syntax_error(parsed.error());
    const toml::table& root = parsed.table();
    only(root, {"title", "heading", "summary", "concepts", "minutes", "parameters", "let", "run", "counters",
                "question", "break"});
    read_head(root);
    read_parameters(root);
    read_runs(root);
    read_counters(root);
    read_questions(root);
    read_breaks(root);
    if (error_) return *error_;
    return std::move(lab_);
  }

 private:
  double whole(const toml::node& node, const std::string& what) {
    const auto value = node.value_exact<int64_t>();
    constexpr int64_t kMost = int64_t{1} << 53;
    if (!value || *value < -kMost || *value > kMost) bad(node, what + " must be a whole number");
    return static_cast<double>(value.value_or(0));
  }
  // Calls read(table) for each of [[key]].
  template <typename Read>
  void each(const toml::table& table, const char* key, size_t least, Read read) {
    const toml::node* const node = table.get(key);
    const toml::array* const array = node ? node->as_array() : nullptr;
    if (node && (!array || !array->is_array_of_tables()))
      return bad(*node, fmt::format("write [[{}]]: there may be several", key));
    if (array)
      for (const toml::node& element : *array) read(*element.as_table());
    if ((array ? array->size() : 0) < least)
      bad(node ? *node : static_cast<const toml::node&>(table),
          fmt::format("a lab has at least {} [[{}]]", least, key));
  }

  std::string file(const toml::table& table, const char* key, const std::string& otherwise) {
    const std::string name = text_or(table, key, otherwise);
    if (name.empty()) return "";
    const std::string path = lab_.folder + "/" + name;
    if (access(path.c_str(), R_OK) != 0)
      bad(table.contains(key) ? *table.get(key) : static_cast<const toml::node&>(table),
          fmt::format("there is no file '{}'", path));
    return path;
  }

  // A formula that is evaluated now, so that a wrong one is found here.
  std::string formula(const toml::table& table, const char* key, const LabValues& values) {
    const std::string formula = text(table, key);
    if (error_) return formula;
    if (auto value = evaluate(formula, values); !value)
      bad(*table.get(key), fmt::format("{}: {}", key, value.error().message));
    return formula;
  }

  template <typename List>
  bool taken(const List& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(), [&](const auto& other) { return other.name == name; });
  }

  // --- The parts
  void read_head(const toml::table& root) {
    lab_.name = std::filesystem::path(lab_.folder).lexically_normal().filename().string();
    if (lab_.name.empty())
      lab_.name = std::filesystem::path(lab_.folder).lexically_normal().parent_path().filename().string();
    lab_.title = text(root, "title");
    lab_.summary = text(root, "summary");
    lab_.heading = text(root, "heading");
    if (std::find(kLectureHeadings.begin(), kLectureHeadings.end(), lab_.heading) == kLectureHeadings.end() &&
        root.get("heading"))
      bad(*root.get("heading"), fmt::format("'{}' is no heading of the lecture; there are: {}", lab_.heading,
                                            fmt::join(kLectureHeadings, ", ")));
    lab_.concepts = texts_or(root, "concepts", {});
    if (lab_.concepts.empty()) bad(root, "'concepts' is missing");
    if (const toml::node* const minutes = wanted(root, "minutes")) read_minutes(*minutes);
  }

  void read_minutes(const toml::node& node) {
    constexpr double kMost = 24 * 60;
    const double minutes = whole(node, "'minutes'");
    if (minutes < 1 || minutes > kMost) return bad(node, fmt::format("'minutes' is a number from 1 to {}", kMost));
    lab_.minutes = static_cast<int>(minutes);
  }

  void read_parameters(const toml::table& root) {
    const toml::node* const node = wanted(root, "parameters");
    const toml::table* const table = node ? node->as_table() : nullptr;
    if (!table) return;
    // Of a table the file's order is not kept; a parameter's line is.
    for (const auto& [key, value] : *table) {
      const toml::table* const row = value.as_table();
      if (!row)
        return bad(value,
                   fmt::format("'{}' looks like {{ value = 3, range = [1, 8], what = \"...\" }}", key.str()));
      only(*row, {"value", "range", "what"});
      LabParameter parameter;
      parameter.name = key.str();
      if (!is_name(parameter.name))
        bad(value, fmt::format("'{}' is no name: lower-case letters, digits and _", key.str()));
      parameter.what = text(*row, "what");
      read_value(*row, parameter);
      const toml::node* const range = wanted(*row, "range");
      const toml::array* const ends = range ? range->as_array() : nullptr;
      if (range && (!ends || ends->size() != 2)) return bad(*range, "'range' looks like [1, 8]");
      if (!ends) return;
      parameter.low = whole(*ends->get(0), "'range'");
      parameter.high = whole(*ends->get(1), "'range'");
      if (parameter.value < parameter.low || parameter.value > parameter.high)
        bad(value, fmt::format("the value of '{}' is not in its range", parameter.name));
      lines_.emplace_back(value.source().begin.line, parameter.name);
      lab_.parameters.push_back(std::move(parameter));
    }
    const auto line = [&](const std::string& name) {
      return std::find_if(lines_.begin(), lines_.end(), [&](const auto& row) { return row.second == name; })
          ->first;
    };
    std::stable_sort(lab_.parameters.begin(), lab_.parameters.end(),
                     [&](const auto& a, const auto& b) { return line(a.name) < line(b.name); });
    read_abbreviations(root);
  }

  void read_value(const toml::table& row, LabParameter& parameter) {
    const toml::node* const given = wanted(row, "value");
    if (!given) return;
    parameter.text = given->value_exact<std::string>();
    parameter.value = parameter.text ? static_cast<double>(parameter.text->size()) : whole(*given, "'value'");
    if (const char* const wrong = parameter.text ? wrong_text(*parameter.text) : nullptr) bad(*given, wrong);
  }

  void read_abbreviations(const toml::table& root) {
    known_ = default_values(lab_);
    const toml::node* const node = root.get("let");
    if (!node) return;
    if (!node->is_table()) return bad(*node, "[let] is a table of formulas");
    std::vector<std::pair<uint32_t, std::string>> order;
    for (const auto& [key, value] : *node->as_table())
      order.emplace_back(value.source().begin.line, key.str());
    std::sort(order.begin(), order.end());
    for (const auto& [line, name] : order) {
      const toml::table& table = *node->as_table();
      if (!is_name(name) || known_.count(name))
        bad(*table.get(name), fmt::format("'{}' is no new name", name));
      const std::string its = formula(table, name.c_str(), known_);
      if (error_) return;
      known_[name] = *evaluate(its, known_);
      lab_.abbreviations.emplace_back(name, its);
    }
  }

  void read_runs(const toml::table& root) {
    each(root, "run", 1, [&](const toml::table& table) {
      only(table, {"name", "what", "options", "kernel", "initrd", "append", "disk", "port_disk", "typed", "qemu"});
      LabRun run;
      run.name = text(table, "name");
      run.what = text(table, "what");
      run.options = texts_or(table, "options", {});
      run.kernel = file(table, "kernel", "guest.elf");
      run.initrd = file(table, "initrd", "");
      run.append = text_or(table, "append", "");
      if (const toml::node* const disk = table.get("disk"); disk && disk->is_string())
        run.disk_file = file(table, "disk", "");
      else if (disk)
        run.disk = disk_size(*disk, "disk");
      if (const toml::node* const disk = table.get("port_disk")) run.port_disk = disk_size(*disk, "port_disk");
      run.typed = text_or(table, "typed", "");
      run.qemu = table["qemu"].value_or(false);
      check_typed(table, run.typed);
      if (taken(lab_.runs, run.name)) bad(table, fmt::format("there are two runs '{}'", run.name));
      if (auto parsed = parse_words(run.options, 0); !parsed && table.get("options"))
        bad(*table.get("options"), parsed.error().message);
      lab_.runs.push_back(std::move(run));
    });
  }

  void check_typed(const toml::table& table, const std::string& typed) {
    std::vector<std::string_view> names;
    for (const LabParameter& parameter : lab_.parameters) names.push_back(parameter.name);
    for (size_t at = typed.find('{'); at != std::string::npos; at = typed.find('{', at + 1)) {
      const std::string name = typed.substr(at + 1, typed.find('}', at) - at - 1);
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      bad(*table.get("typed"),
          fmt::format("'typed': there is no parameter '{}'; there are: {}", name, fmt::join(names, ", ")));
    }
  }

  uint64_t disk_size(const toml::node& node, const char* key) {
    constexpr double kMost = 64 << 10;
    const double size = whole(node, fmt::format("'{}'", key));
    if (size < 1 || size > kMost) bad(node, fmt::format("'{}' is a number of KiB, from 1 to 65536", key));
    return static_cast<uint64_t>(size);
  }

  // "RUN: exits/page-table-write/S", "RUN: print wrong", "RUN: state", "RUN: output".
  void read_counters(const toml::table& root) {
    const toml::node* const node = wanted(root, "counters");
    if (!node) return;
    if (!node->is_table()) return bad(*node, "[counters] is a table");
    for (const auto& [key, value] : *node->as_table()) {
      LabCounter counter;
      counter.name = key.str();
      counter.text = value.value_exact<std::string>().value_or("");
      const size_t colon = counter.text.find(": ");
      if (!is_name(counter.name))
        bad(value, fmt::format("'{}' is no name: lower-case letters, digits and _", counter.name));
      if (colon == std::string::npos)
        return bad(value,
                   fmt::format("'{}' looks like \"RUN: exits/hidden-fault/count\" or \"RUN: print NAME\"",
                               counter.name));
      counter.run = counter.text.substr(0, colon);
      if (!taken(lab_.runs, counter.run)) bad(value, fmt::format("there is no run '{}'", counter.run));
      const std::string where = counter.text.substr(colon + 2);
      if (where.rfind("print ", 0) == 0) {
        counter.kind = LabCounter::Kind::kPrinted;
        counter.printed = where.substr(6);
      } else if (where == "state" || where == "output") {
        counter.kind = where == "state" ? LabCounter::Kind::kState : LabCounter::Kind::kOutput;
      } else if (where.rfind("differs from ", 0) == 0) {
        counter.kind = LabCounter::Kind::kDiffers;
        counter.printed = where.substr(13);
        if (!taken(lab_.runs, counter.printed))
          bad(value, fmt::format("there is no run '{}'", counter.printed));
      } else {
        counter.path = split(where, '/');
      }
      counted_[counter.name] = 1;
      lab_.counters.push_back(std::move(counter));
    }
  }

  void read_questions(const toml::table& root) {
    each(root, "question", 3, [&](const toml::table& table) {
      only(table, {"id", "asks", "answer", "measured", "because", "misconception"});
      LabQuestion question;
      question.id = text(table, "id");
      question.asks = text(table, "asks");
      question.answer = formula(table, "answer", known_);
      question.measured = formula(table, "measured", counted_);
      question.because = text(table, "because");
      each(table, "misconception", 1, [&](const toml::table& wrong) {
        only(wrong, {"answer", "says"});
        question.misconceptions.push_back({formula(wrong, "answer", known_), text(wrong, "says")});
      });
      for (const LabQuestion& other : lab_.questions)
        if (other.id == question.id) bad(table, fmt::format("there are two questions '{}'", other.id));
      lab_.questions.push_back(std::move(question));
    });
  }

  void read_breaks(const toml::table& root) {
    each(root, "break", 1, [&](const toml::table& table) {
      only(table, {"name", "asks", "because", "runs", "symptom", "changes"});
      LabBreak broken;
      broken.name = text(table, "name");
      broken.asks = text(table, "asks");
      broken.because = text(table, "because");
      broken.symptom = formula(table, "symptom", counted_);
      std::vector<std::string> all;
      for (const LabRun& run : lab_.runs) all.push_back(run.name);
      broken.runs = texts_or(table, "runs", all);
      for (const std::string& run : broken.runs)
        if (!taken(lab_.runs, run)) bad(*table.get("runs"), fmt::format("there is no run '{}'", run));
      check_break(table, broken);
      broken.changes = texts_or(table, "changes", {});
      if (broken.changes.empty())
        bad(table, "'changes' is missing: the ids of questions whose answers change");
      for (const std::string& id : broken.changes)
        if (std::none_of(lab_.questions.begin(), lab_.questions.end(),
                         [&](const auto& question) { return question.id == id; }))
          bad(*table.get("changes"), fmt::format("there is no question '{}'", id));
      lab_.breaks.push_back(std::move(broken));
    });
  }

  void check_break(const toml::table& table, const LabBreak& broken) {
    for (const LabRun& run : lab_.runs) {
      if (std::count(broken.runs.begin(), broken.runs.end(), run.name) == 0) continue;
      std::vector<std::string> words = run.options;
      words.insert(words.end(), {"--break", broken.name});
      if (auto parsed = parse_words(words, 0); !parsed && table.get("name"))
        bad(*table.get("name"), parsed.error().message);
    }
  }

  Lab lab_;
  LabValues known_;    // of formulas over parameters
  LabValues counted_;  // of formulas over counters
  std::vector<std::pair<uint32_t, std::string>> lines_;
};

bool readable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

}  // namespace

const char* wrong_text(std::string_view text) {
  const bool good =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '"'; });
  return good ? nullptr : "a text is made of visible ASCII characters, without spaces and quotes";
}

Result<Lab> read_lab(const std::string& folder) { return Reader(folder, folder + "/lab.toml").read(); }

LabValues default_values(const Lab& lab) {
  LabValues values;
  for (const LabParameter& parameter : lab.parameters) values[parameter.name] = parameter.value;
  return values;
}

Result<LabValues> with_abbreviations(const Lab& lab, LabValues values) {
  for (const auto& [name, formula] : lab.abbreviations) {
    auto value = evaluate(formula, values);
    if (!value) return value.error();
    values[name] = *value;
  }
  return values;
}

std::string labs_folder() {
  const std::string in_checkout = std::string(VITRINE_SOURCE_DIR) + "/labs";
  if (readable(in_checkout)) return in_checkout;
  std::array<char, 4096> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program(self.data(), length > 0 ? static_cast<size_t>(length) : 0);
  return program.substr(0, program.rfind('/') + 1) + "../share/vitrine/labs";
}

std::vector<std::string> labs_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (readable(entry.path().string() + "/lab.toml")) found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace vitrine::app
