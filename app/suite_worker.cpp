// SPDX-License-Identifier: MIT
// Words, files and descriptors of a worker, and its end.
#include "app/suite_worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "app/dialogue.h"
#include "app/suite_words.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostOutput = 8 << 20;  // of a console
constexpr size_t kMostMessages = 64 << 10;
constexpr int kFactsAt = 3;

std::string with_nonce(std::string text, const std::string& nonce) {
  constexpr std::string_view kWord = "{nonce}";
  for (size_t at = text.find(kWord); at != std::string::npos; at = text.find(kWord, at + nonce.size()))
    text.replace(at, kWord.size(), nonce);
  return text;
}

bool has_option(const std::vector<std::string>& words, const std::string& name) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return word == name || word.starts_with(name + "="); });
}

// What makes the run: everything but what is only asked of it.
std::vector<std::string> run_words(const SuiteTest& test, const WorkerSetting& setting) {
  std::vector<std::string> words = {"run", "--kernel", test.kernel};
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  for (size_t i = 0; i + 1 < setting.defaults.size(); i += 2)
    if (const std::string& name = setting.defaults[i];
        !has_option(test.words, name) && !has_option(setting.words, name))
      add({name, setting.defaults[i + 1]});
  for (const std::string& word : test.words) words.push_back(with_nonce(word, test.nonce));
  add(setting.words);
  for (const SuiteAnswer& answer : test.dialogue)
    add({"--answer", with_escapes(with_nonce(answer.wait, test.nonce)) + "=>" +
                         with_escapes(with_nonce(answer.send, test.nonce))});
  for (const std::string& end : test.end_at) add({"--end-at", with_escapes(with_nonce(end, test.nonce))});
  return with_snapshots(std::move(words));
}

std::vector<std::string> asked_words(const SuiteTest& test, const std::string& kept) {
  std::vector<std::string> words = {"--facts", std::to_string(kFactsAt), "--keep",
                                    kept,      "--max-output",           std::to_string(kMostOutput)};
  for (const SuiteRule& rule : test.rules) {
    if (rule.kind == SuiteRule::Kind::kCount) continue;
    words.emplace_back(rule.kind == SuiteRule::Kind::kReached ? "--reach" : "--look");
    words.push_back(rule.what);
  }
  return words;
}

double seconds_limit(const std::vector<std::string>& words) {
  double seconds = 600;
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "--max-seconds") seconds = parse_seconds(words[i + 1]).value_or(seconds);
  return seconds;
}

std::string text_of(const std::string& path, uint64_t most) {
  auto bytes = core::read_file(path, most);
  return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : std::string();
}

std::string all_of(int fd) {
  std::string text;
  std::array<char, 16384> part;
  lseek(fd, 0, SEEK_SET);
  for (ssize_t got; (got = read(fd, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<size_t>(got));
  return text;
}

struct Descriptors {
  int in = -1, out = -1, err = -1, facts = -1;
  ~Descriptors() {
    for (const int fd : {in, out, err})
      if (fd >= 0) close(fd);
  }
};

// Between fork and exec. A worker does not outlive the suite, and has a group of its own, so that Ctrl-C is
// the suite's alone.
[[noreturn]] void become(const Descriptors& fds, char* const* words, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Out of the way of the numbers that they get.
  const int facts = fcntl(fds.facts, F_DUPFD, 10);
  if (dup2(fds.in, 0) < 0 || dup2(fds.out, 1) < 0 || dup2(fds.err, 2) < 0 || dup2(facts, kFactsAt) < 0)
    _exit(127);
  close(facts);
  execv("/proc/self/exe", words);
  _exit(127);
}

core::Error no_place(const std::string& path, int why) {
  return core::error(core::ErrorKind::kHost, "'{}' cannot be written: {}.", core::printable(path),
                     strerror(why));
}

}  // namespace

namespace {

// A test's name as a path that stays below a folder: names may be whole paths, or lead upwards.
std::string path_of(const SuiteTest& test) {
  fs::path inside;
  for (const fs::path& part : fs::path(test.name).relative_path())
    inside /= part == ".." ? fs::path("_") : part;
  return inside.string();
}

}  // namespace

std::string log_of(const SuiteTest& test) { return "logs/" + path_of(test) + ".log"; }
std::string kept_of(const SuiteTest& test) { return "kept/" + path_of(test) + ".run"; }

std::string again_command(const SuiteTest& test, const WorkerSetting& setting) {
  std::string command = shell_word(setting.program);
  for (const std::string& word : run_words(test, setting)) command += " " + shell_word(word);
  return command;
}

core::Result<Worker> Worker::start(const SuiteTest& test, const WorkerSetting& setting) {
  Worker worker;
  const std::string folder = setting.folder + "/";
  worker.log_ = folder + log_of(test);
  worker.messages_ = worker.log_ + ".messages";
  worker.kept_ = folder + kept_of(test);
  for (const std::string& path : {worker.log_, worker.kept_}) {
    std::error_code failed;
    fs::create_directories(fs::path(path).parent_path(), failed);
    if (failed) return no_place(path, failed.value());
  }
  Descriptors fds;
  constexpr int kHow = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND;
  fds.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  fds.out = open(worker.log_.c_str(), kHow, 0666);
  if (fds.out < 0) return no_place(worker.log_, errno);
  fds.err = open(worker.messages_.c_str(), kHow, 0666);
  if (fds.err < 0) return no_place(worker.messages_, errno);
  fds.facts = memfd_create("facts", MFD_CLOEXEC);
  if (fds.in < 0 || fds.facts < 0)
    return core::error(core::ErrorKind::kHost, "The host gives no more files: {}.", strerror(errno));
  std::vector<std::string> words = {setting.program};
  for (std::vector<std::string> more : {run_words(test, setting), asked_words(test, worker.kept_)})
    words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const pid_t parent = getpid();
  worker.id_ = fork();
  if (worker.id_ == 0) become(fds, raw.data(), parent);
  if (worker.id_ < 0) {
    close(fds.facts);
    return core::error(core::ErrorKind::kHost, "The host gives no process for '{}': {}.",
                       core::printable(test.name), strerror(errno));
  }
  worker.facts_ = fds.facts;
  worker.started_ = Clock::now();
  // Its own limit comes first, with room for a host that is busy.
  worker.late_ = worker.started_ + std::chrono::duration_cast<Clock::duration>(
                                       std::chrono::duration<double>(2 * seconds_limit(words) + 60));
  return worker;
}

void Worker::kill(bool as_hung) {
  hung_ = hung_ || as_hung;
  ::kill(id_, SIGKILL);
}

WorkerEnd Worker::finish(int status, double cpu_seconds) {
  WorkerEnd end;
  end.status = status;
  end.hung = hung_;
  end.cpu_seconds = cpu_seconds;
  end.host_seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  end.facts = all_of(facts_);
  end.console = text_of(log_, kMostOutput);
  end.messages = text_of(messages_, kMostOutput).substr(0, kMostMessages);
  if (end.messages.empty()) unlink(messages_.c_str());
  abandon();
  return end;
}

void Worker::abandon() {
  if (facts_ >= 0) close(std::exchange(facts_, -1));
}

void Worker::forget_kept_run() const { unlink(kept_.c_str()); }
bool Worker::has_kept_run() const { return access(kept_.c_str(), R_OK) == 0; }

}  // namespace vitrine::app
