// SPDX-License-Identifier: MIT
// Writing, reading and merging results.
#include "app/suite_results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "app/identity.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kMostResults = uint64_t{1} << 30;

struct VerdictRow {
  Verdict verdict;
  std::string_view name, words;
};
constexpr VerdictRow kRows[kVerdicts] = {
    {Verdict::kPass, "pass", "passed"},
    {Verdict::kFail, "fail", "failed"},
    {Verdict::kExpectedFailure, "expected-failure", "failed as expected"},
    {Verdict::kUnexpectedPass, "unexpected-pass", "passed unexpectedly"},
    {Verdict::kSkipped, "skipped", "skipped"},
    {Verdict::kCrashed, "crashed", "crashed the emulator"},
    {Verdict::kError, "error", "could not be run"}};

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string line_of(const SuiteResult& r) {
  return dump({{"test", r.name},
               {"verdict", verdict_name(r.verdict)},
               {"reason", r.reason},
               {"words", r.words},
               {"steps", r.steps},
               {"guest_seconds", r.guest_seconds},
               {"host_seconds", r.host_seconds},
               {"cpu_seconds", r.cpu_seconds},
               {"points", r.points},
               {"score", r.score()},
               {"labels", r.labels},
               {"hidden", r.hidden},
               {"known_failure", r.known_failure},
               {"console", r.console},
               {"log", r.log},
               {"kept", r.kept},
               {"again", r.again},
               {"why", r.why},
               {"key", r.key},
               {"ended", r.ended}});
}

std::string line_of(const SuiteHeader& h) {
  return dump({{"vitrine_suite", 1},
               {"version", version()},
               {"command", h.command},
               {"shard", {h.shard, h.shards}},
               {"tests", h.tests},
               {"started", h.started}});
}

std::optional<SuiteResult> result_in(const json& line) try {
  const auto verdict = verdict_named(line.at("verdict").get<std::string>());
  if (!verdict) return std::nullopt;
  SuiteResult r;
  r.verdict = *verdict;
  line.at("test").get_to(r.name);
  r.reason = line.value("reason", "");
  r.words = line.value("words", "");
  r.steps = line.value("steps", uint64_t{0});
  r.guest_seconds = line.value("guest_seconds", 0.0);
  r.host_seconds = line.value("host_seconds", 0.0);
  r.cpu_seconds = line.value("cpu_seconds", 0.0);
  r.points = line.value("points", 1.0);
  r.labels = line.value("labels", std::vector<std::string>());
  r.hidden = line.value("hidden", false);
  r.known_failure = line.value("known_failure", "");
  r.console = line.value("console", "");
  r.log = line.value("log", "");
  r.kept = line.value("kept", "");
  r.again = line.value("again", "");
  r.why = line.value("why", "");
  r.key = line.value("key", "");
  r.ended = line.value("ended", 0.0);
  return r;
} catch (const json::exception&) {
  return std::nullopt;
}

std::optional<SuiteHeader> header_in(const json& line) try {
  SuiteHeader header;
  line.at("shard").at(0).get_to(header.shard);
  line.at("shard").at(1).get_to(header.shards);
  line.at("tests").get_to(header.tests);
  header.command = line.value("command", "");
  header.started = line.value("started", 0.0);
  return header;
} catch (const json::exception&) {
  return std::nullopt;
}

struct ResultsFile {
  std::vector<SuiteHeader> headers;
  std::vector<SuiteResult> results;
  size_t whole = 0;  // bytes of lines that are whole
  bool damaged = false;
};

ResultsFile parse(std::string_view text) {
  ResultsFile file;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    const json line = core::parse_json(text.substr(0, end));
    if (auto header = header_in(line.is_object() ? line : json::object()))
      file.headers.push_back(std::move(*header));
    else if (auto result = result_in(line.is_object() ? line : json::object()))
      file.results.push_back(std::move(*result));
    else
      file.damaged = true;
    file.whole += end + 1;
  }
  return file;
}

core::Result<std::string> text_of(const std::string& path) {
  auto bytes = core::read_file(path, kMostResults);
  if (!bytes) return bytes.error();
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

core::Error cannot(const std::string& path, const char* what) {
  return core::error(core::ErrorKind::kMissing, "'{}' cannot be {}: {}.", core::printable(path), what,
                     strerror(errno));
}

}  // namespace

std::string_view verdict_name(Verdict verdict) { return kRows[static_cast<size_t>(verdict)].name; }
std::string_view verdict_words(Verdict verdict) { return kRows[static_cast<size_t>(verdict)].words; }

std::optional<Verdict> verdict_named(std::string_view name) {
  for (const VerdictRow& row : kRows)
    if (row.name == name) return row.verdict;
  return std::nullopt;
}

std::string results_name(unsigned shard, unsigned shards) {
  return shards == 1 ? "results.ndjson" : fmt::format("results-{}-of-{}.ndjson", shard, shards);
}

bool is_being_written(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool busy = flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  return busy;
}

ResultsWriter::~ResultsWriter() {
  if (fd_ < 0) return;
  fdatasync(fd_);
  close(fd_);
}

core::Result<> ResultsWriter::open(const std::string& folder, const SuiteHeader& header, bool resume,
                                   std::map<std::string, SuiteResult>& known) {
  path_ = folder + "/" + results_name(header.shard, header.shards);
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) return cannot(path_, "written");
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0)
    return core::error(core::ErrorKind::kUsage, "Another suite is just writing '{}'.",
                       core::printable(path_));
  auto text = text_of(path_);
  if (!text) return text.error();
  if (!text->empty() && !resume)
    return core::error(core::ErrorKind::kUsage,
                       "'{}' has results already: --resume goes on with them, another --out DIR begins anew.",
                       core::printable(path_));
  const ResultsFile file = parse(*text);
  if (ftruncate(fd_, static_cast<off_t>(file.whole)) != 0) return cannot(path_, "written");
  for (const SuiteResult& result : file.results) known[result.name] = result;
  return append(line_of(header));
}

core::Result<> ResultsWriter::add(const SuiteResult& result) { return append(line_of(result)); }

// All of the line, or nothing of it: what a full disk took of it is taken back.
core::Result<> ResultsWriter::append(const std::string& line) {
  const std::string text = line + '\n';
  const off_t before = lseek(fd_, 0, SEEK_END);
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(fd_, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const core::Error error = cannot(path_, "written");
      if (ftruncate(fd_, before) != 0)
        return core::error(error.kind, "{} Its last line is not whole.", error.message);
      return error;
    }
    done += static_cast<size_t>(wrote);
  }
  return core::Ok{};
}

// --- Merging

namespace {

core::Result<std::vector<std::string>> results_below(const std::vector<std::string>& paths) {
  std::set<std::string> files;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      if (!fs::exists(path, failed))
        return core::error(core::ErrorKind::kMissing, "There is no folder and no file '{}'.",
                           core::printable(path));
      files.insert(fs::weakly_canonical(path, failed).string());
      continue;
    }
    size_t before = files.size();
    for (fs::recursive_directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with("results") && name.ends_with(".ndjson") && at->is_regular_file(failed))
        files.insert(fs::weakly_canonical(at->path(), failed).string());
    }
    if (failed)
      return core::error(core::ErrorKind::kMissing, "'{}' cannot be read: {}.", core::printable(path),
                         failed.message());
    if (files.size() == before)
      return core::error(core::ErrorKind::kMissing, "There are no results in '{}': no file results*.ndjson.",
                         core::printable(path));
  }
  return std::vector<std::string>(files.begin(), files.end());
}

// One test, told of again: the later line counts.
void merge(MergedResults& merged, std::map<std::string, SuiteResult>& by_name, const SuiteResult& result) {
  const auto [at, is_new] = by_name.emplace(result.name, result);
  if (is_new) return;
  ++merged.repeated;
  const auto of_host = [](Verdict verdict) {
    return verdict == Verdict::kCrashed || verdict == Verdict::kError;
  };
  const bool steady = at->second.key != result.key || at->second.verdict == result.verdict ||
                      of_host(at->second.verdict) || of_host(result.verdict);
  if (!steady) merged.unsteady.push_back(result.name);
  if (result.ended >= at->second.ended) at->second = result;
}

void look_at_shards(MergedResults& merged, const std::vector<SuiteHeader>& headers) {
  std::set<unsigned> there;
  for (const SuiteHeader& header : headers) merged.shards = std::max(merged.shards, header.shards);
  for (const SuiteHeader& header : headers)
    if (header.shards == merged.shards || header.shards == 1) there.insert(header.shard);
  const bool whole =
      std::any_of(headers.begin(), headers.end(), [](const SuiteHeader& h) { return h.shards == 1; });
  for (unsigned shard = 1; shard <= merged.shards && !whole; ++shard)
    if (!there.contains(shard)) merged.absent.push_back(shard);
}

}  // namespace

core::Result<MergedResults> read_results(const std::vector<std::string>& paths) {
  auto files = results_below(paths);
  if (!files) return files.error();
  MergedResults merged;
  std::map<std::string, SuiteResult> by_name;
  std::set<std::string> wanted;
  std::vector<SuiteHeader> headers;
  for (const std::string& path : *files) {
    auto text = text_of(path);
    if (!text) return text.error();
    ResultsFile file = parse(*text);
    if (file.headers.empty())
      return core::error(core::ErrorKind::kBadImage, "'{}' has no results of a suite.",
                         core::printable(path));
    if (file.damaged)
      merged.problems.push_back(fmt::format("'{}' has lines that are no results.", core::printable(path)));
    if (file.whole != text->size())
      merged.problems.push_back(fmt::format("'{}' ends in the middle of a line.", core::printable(path)));
    for (SuiteHeader& header : file.headers) {
      wanted.insert(header.tests.begin(), header.tests.end());
      headers.push_back(std::move(header));
    }
    for (const SuiteResult& result : file.results) merge(merged, by_name, result);
  }
  look_at_shards(merged, headers);
  for (const std::string& name : wanted)
    if (!by_name.contains(name)) merged.missing.push_back(name);
  for (auto& [name, result] : by_name) merged.results.push_back(std::move(result));
  return merged;
}

}  // namespace vitrine::app
