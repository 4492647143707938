// SPDX-License-Identifier: MIT
// `vitrine doctor`: what is there and what is missing, a line each, with the command that mends it. Three
// marks: ok, missing (something does not work without it), and `-` (nothing is wrong; said what it would be
// for).
#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/guests.h"
#include "app/identity.h"
#include "app/outcome.h"
#include "app/program.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

enum class Mark { kOk, kOptional, kMissing };

class Report {
 public:
  void line(Mark mark, const std::string& subject, const std::string& words) {
    static constexpr const char* kMarks[] = {"ok", "-", "missing"};
    std::printf("%-8s %-14s %s\n", kMarks[static_cast<int>(mark)], subject.c_str(), words.c_str());
    if (mark == Mark::kMissing) complete_ = false;
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  bool complete_ = true;
};

std::string source(const char* path) { return fmt::format("{}/{}", VITRINE_SOURCE_DIR, path); }

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool on_path(const std::string& tool) {
  const char* path = std::getenv("PATH");
  // Administration tools that ordinary users' PATH leaves out work for them all the same.
  for (const std::string& folder : split(std::string(path ? path : "") + ":/usr/sbin:/sbin", ':'))
    if (access((folder + "/" + tool).c_str(), X_OK) == 0) return true;
  return false;
}

// The first words of a package list's lines.
std::vector<std::string> packages(const char* list) {
  std::ifstream file(source(fmt::format("tools/packages/{}.txt", list).c_str()));
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    if (words >> name && name[0] != '#') names.push_back(name);
  }
  return names;
}

// What dpkg says is installed for this architecture, "name\nname\n"; empty where there is no dpkg.
std::string installed_packages() {
  std::string text;
  std::FILE* pipe = popen(
      "dpkg-query -W -f='${Package} ${Architecture} ${db:Status-Status}\\n' 2>/dev/null | "
      "sed -nE \"s/ ($(dpkg --print-architecture 2>/dev/null)|all) installed$//p\"",
      "re");
  if (!pipe) return text;
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  pclose(pipe);
  return text;
}

void check_packages(Report& report, const std::string& installed, const char* list, const char* what,
                    Mark mark) {
  std::string missing;
  for (const std::string& name : packages(list))
    if (("\n" + installed).find("\n" + name + "\n") == std::string::npos) missing += " " + name;
  if (installed.empty())
    report.line(
        Mark::kOptional, "packages",
        fmt::format("to {}: this is no Debian; their names are in tools/packages/{}.txt", what, list));
  else if (missing.empty())
    report.line(Mark::kOk, "packages", fmt::format("to {}: all there", what));
  else
    report.line(mark, "packages",
                fmt::format("to {}: {}{}", what, apt_get_install("--no-install-recommends"), missing));
}

void check_host(Report& report) {
  utsname host{};
  uname(&host);
  struct sysinfo info {};
  sysinfo(&info);
  report.line(Mark::kOk, "vitrine", fmt::format("{}, from {}", version(), VITRINE_SOURCE_DIR));
  report.line(Mark::kOk, "host",
              fmt::format("{} {} on {}, {} processors", host.sysname, host.release, host.machine,
                          sysconf(_SC_NPROCESSORS_ONLN)));
  const uint64_t memory = uint64_t{info.totalram} * info.mem_unit;
  const bool enough = memory >= uint64_t{1} << 30;
  report.line(enough ? Mark::kOk : Mark::kMissing, "memory",
              fmt::format("{}{}", core::size_text(memory),
                          enough ? "" : "; Linux guests want 512M: give a smaller --memory"));
}

void check_terminal(Report& report) {
  if (!isatty(STDIN_FILENO))
    report.line(Mark::kOptional, "terminal",
                "standard input is none: a pipe's bytes go to the guest, and no key is ours");
  else if (tcgetpgrp(STDIN_FILENO) != getpgrp())
    report.line(Mark::kOptional, "terminal", "we are in the background: the guest gets no input");
  else
    report.line(Mark::kOk, "terminal", "Ctrl-A x quits, Ctrl-A h helps");
}

void check_guests(Report& report, const Program& program) {
  for (const GuestRow& row : guest_rows()) {
    const std::string subject = fmt::format("guest");
    if (guest_is_cached(row.name))
      report.line(Mark::kOk, subject, fmt::format("{}: {} run {}", row.name, program.name, row.name));
    else
      report.line(Mark::kOptional, subject,
                  fmt::format("{}: not made yet; {} run {} does it, or {} {}", row.name, program.name,
                              row.name, shell_word(source("tools/guests/fetch")), row.name));
  }
  struct Tool {
    const char* name;
    const char* package;
  };
  constexpr Tool kTools[] = {
      {"python3", "python3"}, {"apt-get", "apt"}, {"dpkg-deb", "dpkg"}, {"mke2fs", "e2fsprogs"}};
  for (const Tool& tool : kTools)
    if (!on_path(tool.name))
      report.line(Mark::kOptional, "guest tools",
                  fmt::format("{}: {}", tool.name, apt_get_install(tool.package)));
  if (geteuid() != 0 && !on_path("fakeroot"))
    report.line(Mark::kOptional, "guest tools", "fakeroot, for linux-disk: " + apt_get_install("fakeroot"));
  if (!exists("/usr/share/keyrings/debian-archive-keyring.gpg"))
    report.line(Mark::kOptional, "guest tools", "Debian's keys: " + apt_get_install("debian-archive-keyring"));
}

}  // namespace

int doctor_verb(const Program& program, const std::vector<std::string>& words) {
  if (!words.empty()) {
    complain(fmt::format("doctor takes no words; '{}' is one too many.", core::printable(words[0])));
    return exit_code::kUsage;
  }
  Report report;
  check_host(report);
  const std::string installed = installed_packages();
  if (exists(source("tools/packages/build.txt"))) {
    check_packages(report, installed, "build", "build", Mark::kMissing);
    check_packages(report, installed, "test", "test", Mark::kOptional);
  } else {
    report.line(Mark::kOptional, "sources",
                fmt::format("not at {} any more; the program works without them", VITRINE_SOURCE_DIR));
  }
  check_guests(report, program);
  check_terminal(report);
  return report.complete() ? exit_code::kSuccess : exit_code::kMissing;
}

}  // namespace vitrine::app
