// SPDX-License-Identifier: MIT
// QEMU as a child process, with a time limit.
#include "app/lab_qemu.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace vitrine::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kMost{60};

// False: the time is over.
bool read_all(int from, std::string& text) {
  const auto end = Clock::now() + kMost;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd ready{.fd = from, .events = POLLIN, .revents = 0};
    const int found = left > 0 ? poll(&ready, 1, static_cast<int>(left)) : 0;
    if (found < 0 && errno == EINTR) continue;
    if (found <= 0) return false;
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) text.append(buffer.data(), static_cast<size_t>(got));
  }
}

// Its output goes to `to`. 0: there is no such program.
pid_t start(const std::vector<std::string>& words, int to) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) child = 0;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

}  // namespace

std::optional<QemuRun> run_qemu(const std::string& kernel, const std::string& initrd,
                                const std::string& append) {
  std::vector<std::string> words = {
      "qemu-system-riscv64", "-M", "virt", "-nographic", "-no-reboot", "-kernel", kernel, "-append", append};
  if (!initrd.empty()) words.insert(words.end(), {"-initrd", initrd});
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = start(words, pipe[1]);
  close(pipe[1]);
  QemuRun run;
  const bool in_time = child != 0 && read_all(pipe[0], run.output);
  close(pipe[0]);
  if (child == 0) return std::nullopt;
  if (!in_time) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::erase(run.output, '\r');
  run.good = in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return run;
}

}  // namespace vitrine::app
