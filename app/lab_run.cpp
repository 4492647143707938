// SPDX-License-Identifier: MIT
// Sessions of a lab, and what is read from them.
#include "app/lab_run.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "app/lab_qemu.h"
#include "app/options.h"
#include "app/outcome.h"
#include "app/session.h"
#include "app/statistics.h"
#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Result;

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
// A broken machine may run for ever.
constexpr core::Step kMostSteps = 4'000'000'000;
constexpr double kMostSeconds = 300;

struct FinishedRun {
  LabRunResult result;
  nlohmann::json statistics;
};

// A file in memory: a guest's console, or its disk.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("lab", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (file_ >= 0) close(file_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  // False: the host has no memory.
  [[nodiscard]] bool fill(const std::string& text) const {
    return pwrite(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  }
  // Each 32-bit word says which it is, so that a guest can tell whether it got what it asked for.
  [[nodiscard]] bool number_words(uint64_t size) const {
    std::vector<uint32_t> words(size / sizeof(uint32_t));
    std::iota(words.begin(), words.end(), 0u);
    return pwrite(file_, words.data(), size, 0) == static_cast<ssize_t>(size);
  }
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", file_); }
  [[nodiscard]] int descriptor() const { return file_; }
  [[nodiscard]] std::string text() const {
    std::string text(static_cast<size_t>(std::max<off_t>(lseek(file_, 0, SEEK_END), 0)), '\0');
    const ssize_t got = pread(file_, text.data(), text.size(), 0);
    text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    std::erase(text, '\r');
    return text;
  }

 private:
  int file_;
};

std::string value_text(const LabParameter& parameter) {
  return parameter.text ? *parameter.text : fmt::format("{:.0f}", parameter.value);
}

std::string boot_arguments(const Lab& lab, const LabRun& run) {
  std::string words;
  for (const LabParameter& parameter : lab.parameters)
    words += fmt::format("{}{}={}", words.empty() ? "" : " ", parameter.name, value_text(parameter));
  return run.append.empty() ? words : words + " " + run.append;
}

std::string typed_text(const Lab& lab, const LabRun& run) {
  std::string text = run.typed;
  for (const LabParameter& parameter : lab.parameters) {
    const std::string place = "{" + parameter.name + "}";
    for (size_t at = text.find(place); at != std::string::npos; at = text.find(place))
      text.replace(at, place.size(), value_text(parameter));
  }
  return text + "\n";
}

Result<MachineOptions> options_of(const Lab& lab, const LabRun& run, const LabRequest& request) {
  std::vector<std::string> words = run.options;
  words.insert(words.end(), request.options.begin(), request.options.end());
  const auto broken = std::find_if(lab.breaks.begin(), lab.breaks.end(),
                                   [&](const LabBreak& b) { return b.name == request.broken; });
  if (broken != lab.breaks.end() && std::count(broken->runs.begin(), broken->runs.end(), run.name) != 0)
    words.insert(words.end(), {"--break", broken->name});
  auto parsed = parse_words(words, 0);
  if (!parsed) return core::error(ErrorKind::kUsage, "The run '{}': {}", run.name, parsed.error().message);
  MachineOptions options = std::move(parsed->options);
  options.config.kernel = run.kernel;
  options.config.initrd = run.initrd;
  options.config.append = boot_arguments(lab, run);
  options.run.standard_input = false;
  options.run.keys = EscapeKeys::kNever;
  options.run.banner = false;
  options.run.notices = false;
  if (!options.run.clock) options.run.clock = ClockMode::kVirtual;
  if (options.run.max_instructions == core::kNever) options.run.max_instructions = kMostSteps;
  if (!options.run.max_seconds) options.run.max_seconds = kMostSeconds;
  return options;
}

// A line "name=value" or "name: value".
std::optional<std::pair<std::string, double>> counter_of(const std::string& line) {
  const size_t end = line.find_first_of("=: ");
  if (end == std::string::npos || line[end] == ' ') return std::nullopt;
  const auto number = parse_number(line.substr(line.substr(end, 2) == ": " ? end + 2 : end + 1));
  if (!number) return std::nullopt;
  return std::pair(line.substr(0, end), static_cast<double>(*number));
}

// A guest knows two of the three layers of addresses; the third, GPA -> HVA, is ours.
std::string sentences(const std::string& output, core::GuestRam& ram) {
  static constexpr std::string_view kGuestPhysical = "GPA ";
  std::string text;
  for (const std::string& line : split(output, '\n')) {
    if (line.empty() || counter_of(line)) continue;
    text += line;
    const size_t at = line.find(kGuestPhysical);
    const auto address =
        at == std::string::npos ? std::nullopt : parse_number(line.substr(at + kGuestPhysical.size()));
    if (address && ram.contains({*address}, 1))
      text += fmt::format(" -> HVA {}", fmt::ptr(ram.host({*address})));
    text += '\n';
  }
  return text;
}

FinishedRun run_elsewhere(const Lab& lab, const LabRun& run) {
  const auto done = run_qemu(run.kernel, run.initrd, boot_arguments(lab, run));
  FinishedRun finished;
  finished.result.name = run.name;
  finished.result.absent = !done;
  finished.result.good = !done || done->good;
  finished.result.outcome = !done ? "There is no qemu-system-riscv64 on this machine." : "QEMU has run it.";
  if (done) finished.result.output = done->output;
  return finished;
}

Result<FinishedRun> run_once(const Lab& lab, const LabRun& run, const LabRequest& request) {
  if (run.qemu) return run_elsewhere(lab, run);
  auto options = options_of(lab, run, request);
  if (!options) return options.error();
  const MemoryFile console, disk, port_disk, keys;
  if (console.descriptor() < 0 || !keys.fill(typed_text(lab, run)) || !disk.number_words(run.disk << 10) ||
      !port_disk.number_words(run.port_disk << 10))
    return core::error(ErrorKind::kHost, "The host gives no memory for the files of '{}'.", run.name);
  options->run.console = console.descriptor();
  if (!run.typed.empty()) options->run.input = keys.path();
  const std::string its_disk = run.disk ? disk.path() : run.disk_file;
  if (!its_disk.empty()) options->config.virtio.push_back({.path = its_disk, .snapshot = true});
  if (run.port_disk) options->config.port_disk = DiskConfig{.path = port_disk.path(), .snapshot = true};
  auto session = Session::create(options->config, options->run);
  if (!session) return session.error();
  const Outcome outcome = (*session)->run();
  const std::string output = console.text();
  FinishedRun finished;
  finished.statistics = core::parse_json(statistics_json(**session, outcome));
  finished.result = {.name = run.name,
                     .outcome = outcome.words,
                     .good = exit_code_of(outcome) == exit_code::kSuccess,
                     .output = output,
                     .says = sentences(output, (*session)->machine().ram()),
                     .state = (*session)->machine().state_hash(),
                     .steps = (*session)->machine().clock().step()};
  return finished;
}

// The last line of that name.
double printed(const std::string& output, const std::string& name) {
  double value = kNothing;
  for (const std::string& line : split(output, '\n'))
    if (const auto counter = counter_of(line); counter && counter->first == name) value = counter->second;
  return value;
}

// Lines "name=value" that both have, with other values; and names that only the other run has.
double differences(const std::string& output, const std::string& other) {
  double different = 0;
  for (const std::string& line : split(other, '\n'))
    if (const auto counter = counter_of(line))
      different += !(printed(output, counter->first) == counter->second);
  return different;
}

double statistic(const nlohmann::json& statistics, const std::vector<std::string>& path) {
  const nlohmann::json* at = &statistics;
  for (const std::string& key : path) {
    if (!at->is_object() || !at->contains(key)) return kNothing;
    at = &at->at(key);
  }
  return at->is_number() ? at->get<double>() : kNothing;
}

// Which of the runs was the first that ended in the same state, or printed the same: 1 for the first of all.
template <typename Same>
double first_like(const std::vector<FinishedRun>& runs, Same same) {
  return static_cast<double>(std::find_if(runs.begin(), runs.end(), same) - runs.begin() + 1);
}

double value_of(const LabCounter& counter, const std::vector<FinishedRun>& runs) {
  const auto named = [&](const std::string& name) -> const LabRunResult& {
    return std::find_if(runs.begin(), runs.end(), [&](const FinishedRun& r) { return r.result.name == name; })
        ->result;
  };
  if (named(counter.run).absent) return kNothing;
  const FinishedRun& run = *std::find_if(runs.begin(), runs.end(),
                                         [&](const FinishedRun& r) { return r.result.name == counter.run; });
  switch (counter.kind) {
    case LabCounter::Kind::kPrinted: return printed(run.result.output, counter.printed);
    case LabCounter::Kind::kState:
      return first_like(runs,
                        [&](const FinishedRun& other) { return other.result.state == run.result.state; });
    case LabCounter::Kind::kOutput:
      return first_like(runs,
                        [&](const FinishedRun& other) { return other.result.output == run.result.output; });
    case LabCounter::Kind::kDiffers: return differences(run.result.output, named(counter.printed).output);
    case LabCounter::Kind::kStatistic: return statistic(run.statistics, counter.path);
  }
  return kNothing;
}

std::string last_lines(const std::string& output) {
  const std::vector<std::string> lines = split(output, '\n');
  std::string last;
  for (size_t i = lines.size() > 6 ? lines.size() - 6 : 0; i < lines.size(); ++i)
    if (!lines[i].empty()) last += "\n  " + core::printable(lines[i]);
  return last.empty() ? " It printed nothing." : " It printed last:" + last;
}

}  // namespace

Result<LabResult> run_lab(const Lab& lab, const LabRequest& request) {
  LabResult result;
  auto values = with_abbreviations(lab, default_values(lab));
  if (!values) return values.error();
  result.values = std::move(*values);
  std::vector<FinishedRun> runs;
  for (const LabRun& run : lab.runs) {
    auto finished = run_once(lab, run, request);
    if (!finished) return finished.error();
    if (!finished->result.good && request.broken.empty())
      return core::error(ErrorKind::kBadImage,
                         "The guest of the lab '{}' did not end in order, in the run '{}': {}{}", lab.name,
                         run.name, finished->result.outcome, last_lines(finished->result.output));
    runs.push_back(std::move(*finished));
  }
  const bool complete =
      std::none_of(runs.begin(), runs.end(), [](const FinishedRun& run) { return run.result.absent; });
  for (const LabCounter& counter : lab.counters) {
    const double value = value_of(counter, runs);
    if (std::isnan(value) && request.broken.empty() && complete)
      return core::error(
          ErrorKind::kBadImage, "{}/lab.toml: the counter '{}' has no value: \"{}\" is not there.{}",
          lab.folder, counter.name, counter.text,
          counter.kind == LabCounter::Kind::kPrinted ? last_lines(runs.back().result.output) : "");
    result.counters[counter.name] = value;
  }
  for (FinishedRun& run : runs) result.runs.push_back(std::move(run.result));
  return result;
}

Result<double> read_prediction(const LabValues& values, const std::string& text) {
  std::string plain = text;  // 1,234 is a number
  if (plain.find_first_not_of("0123456789,_' ") == std::string::npos)
    std::erase_if(plain, [](char c) { return c < '0' || c > '9'; });
  return evaluate(plain, values);
}

Result<std::vector<LabVerdict>> judge(const Lab& lab, const LabResult& result, const LabValues& predictions) {
  std::vector<LabVerdict> verdicts;
  for (const LabQuestion& question : lab.questions) {
    LabVerdict verdict{.question = &question};
    auto answer = evaluate(question.answer, result.values);
    if (!answer) return answer.error();
    verdict.answer = *answer;
    auto measured = evaluate(question.measured, result.counters);
    verdict.measured = measured ? *measured : kNothing;  // a run with a break said nothing
    verdict.absent = !measured && std::any_of(result.runs.begin(), result.runs.end(),
                                              [](const auto& run) { return run.absent; });
    if (const auto found = predictions.find(question.id); found != predictions.end()) {
      verdict.given = true;
      verdict.predicted = found->second;
      for (const LabMisconception& wrong : question.misconceptions) {
        auto value = evaluate(wrong.answer, result.values);
        if (!value || verdict.right() || *value != verdict.predicted) continue;
        verdict.misconception = &wrong;
        break;
      }
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

bool shows_symptom(const LabBreak& broken, const LabResult& result) {
  auto value = evaluate(broken.symptom, result.counters);
  return !value || *value != 0;
}

}  // namespace vitrine::app
