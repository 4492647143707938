// SPDX-License-Identifier: MIT
// `vitrine qemu ...`: from the words to the exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <system_error>

#include "app/debug/gdb_server.h"
#include "app/options.h"
#include "app/outcome.h"
#include "app/qemu.h"
#include "app/qemu_options.h"
#include "app/session.h"
#include "app/statistics.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

constexpr int kRefused = 1;  // QEMU's exit code for whatever it will not do

// A number in a file for as long as we run.
class PidFile {
 public:
  PidFile() = default;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  core::Result<> write(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const std::string line = fmt::format("{}\n", getpid());
    const bool good = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (fd >= 0) close(fd);
    if (!good)
      return core::error(core::ErrorKind::kHost, "cannot create PID file: '{}': {}", core::printable(path),
                         strerror(errno));
    path_ = path;
    return core::Ok{};
  }

 private:
  std::string path_;
};

class Qemu {
 public:
  Qemu(std::string program, std::vector<std::string> words)
      : program_(std::move(program)), words_(std::move(words)) {}
  int run();

 private:
  void complain(std::string_view text) const {
    std::fprintf(stderr, "%s: %s\n", program_.c_str(), std::string(text).c_str());
  }
  int refuse(const core::Error& error) const {
    complain(error.message);
    return kRefused;
  }
  static core::Result<int> open_port(const QemuStream& port);
  core::Result<> open_ports();
  core::Result<> make_log() const;
  int dump_tree() const;
  int run_with_gdb() const;
  int conclude(Session& session, const Outcome& outcome) const;

  std::string program_;
  std::vector<std::string> words_;
  QemuOptions options_;
};

// VITRINE_OPTS holds options of `vitrine run`, which go on top of QEMU's.
core::Result<> add_environment(QemuOptions& qemu, const std::string& text) {
  if (text.empty()) return core::Ok{};
  MachineOptions base;
  base.config = qemu.machine;
  base.run = qemu.run;
  base.dump_dtb = qemu.dump_dtb;
  auto parsed = parse_words(split_words(text), 0, std::move(base));
  if (!parsed) return core::error(parsed.error().kind, "VITRINE_OPTS: {}", parsed.error().message);
  qemu.machine = std::move(parsed->options.config);
  qemu.run = std::move(parsed->options.run);
  qemu.dump_dtb = std::move(parsed->options.dump_dtb);
  return core::Ok{};
}

std::string environment() {
  const char* text = std::getenv("VITRINE_OPTS");
  return text ? text : "";
}

// Where the console's input goes.
bool input_to_virtio(const QemuOptions& qemu) { return qemu.virtio_console.kind == QemuStream::Kind::kStdio; }

// The descriptor that a port's output goes to, or -1.
core::Result<int> Qemu::open_port(const QemuStream& port) {
  using Kind = QemuStream::Kind;
  if (port.kind == Kind::kNone) return -1;
  if (port.kind == Kind::kStdio) return STDOUT_FILENO;
  const int how = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (port.append ? O_APPEND : O_TRUNC);
  const int fd = open(port.path.c_str(), how, 0666);
  if (fd >= 0) return fd;
  const std::string path = core::printable(port.path);
  return core::error(core::ErrorKind::kHost, "file:{}: Could not open '{}': {}", path, path, strerror(errno));
}

core::Result<> Qemu::open_ports() {
  using Kind = QemuStream::Kind;
  RunOptions& run = options_.run;
  auto serial = open_port(options_.serial);
  if (!serial) return serial.error();
  auto virtio = open_port(options_.virtio_console);
  if (!virtio) return virtio.error();
  run.console = *serial;
  run.virtio_console = *virtio;
  run.input_to_virtio = input_to_virtio(options_);
  const QemuStream& mine = run.input_to_virtio ? options_.virtio_console : options_.serial;
  run.standard_input = mine.kind == Kind::kStdio;
  run.keys = mine.keys ? EscapeKeys::kAlways : EscapeKeys::kNever;
  run.terminal_signals = mine.signals;
  // Somebody is there to see time pass, though the guest is not connected to him.
  struct stat info {};
  if (!run.clock && !run.standard_input && fstat(STDIN_FILENO, &info) == 0 &&
      (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(STDIN_FILENO)))
    run.clock = ClockMode::kPaced;
  return core::Ok{};
}

// -D: scripts look for the file, whatever comes to stand in it.
core::Result<> Qemu::make_log() const {
  const std::string& path = options_.log_file;
  if (path.empty()) return core::Ok{};
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    return core::error(core::ErrorKind::kHost, "Error opening logfile {}: {}", core::printable(path),
                       strerror(errno));
  close(fd);
  return core::Ok{};
}

int Qemu::dump_tree() const {
  const std::string& path = options_.dump_dtb;
  auto plan = plan_boot(options_.machine);
  if (!plan) return refuse(plan.error());
  std::FILE* file = std::fopen(path.c_str(), "we");
  bool good = file && std::fwrite(plan->tree.data(), 1, plan->tree.size(), file) == plan->tree.size();
  if (file) good = std::fclose(file) == 0 && good;
  if (!good) {
    complain(fmt::format("Failed to dump dtb to '{}': {}", core::printable(path), strerror(errno)));
    return kRefused;
  }
  complain(fmt::format("info: dtb dumped to {}. Exiting.", core::printable(path)));
  return 0;
}

// QEMU's exit codes; a limit that VITRINE_OPTS set keeps its own.
int Qemu::conclude(Session& session, const Outcome& outcome) const {
  using Kind = Outcome::Kind;
  if (options_.run.stats) std::fputs(statistics_text(session).c_str(), stderr);
  switch (outcome.kind) {
    case Kind::kQuit:
      std::fputs("QEMU: Terminated\n", stdout);
      std::fflush(stdout);
      return 0;
    case Kind::kSignal: complain(fmt::format("terminating on signal {}", outcome.code)); return 0;
    case Kind::kPass:
    case Kind::kEndText:
    case Kind::kPanic:  // an orderly power-off after all
    case Kind::kReset: return 0;
    case Kind::kFail: return static_cast<int>(outcome.code & 0xff);
    case Kind::kOutputGone:
    case Kind::kBroken: complain(outcome.words); return kRefused;
    case Kind::kFaultLoop:
    case Kind::kNothingWakes:
    case Kind::kInstructionLimit:
    case Kind::kEnginesDiffer:
    case Kind::kTimeLimit: complain(outcome.words); return exit_code_of(outcome);
  }
  return kRefused;
}

// The guest's end is told to gdb, and is the program's.
int Qemu::run_with_gdb() const {
  MachineOptions options;
  options.config = options_.machine;
  options.run = options_.run;
  auto debuggee = Debuggee::of_new(options);
  if (!debuggee) return refuse(debuggee.error());
  gdb::ServerOptions server;
  server.report_exit = true;
  server.tell = false;
  auto outcome = gdb::run(**debuggee, server);
  if (!outcome) return refuse(outcome.error());
  const int code = conclude(*(*debuggee)->session(), *outcome);
  if (!options_.run.stats_json.empty())
    if (auto done = write_statistics_json(*(*debuggee)->session(), *outcome); !done) return refuse(done.error());
  return code;
}

int Qemu::run() {
  auto parsed = parse_qemu(words_, this_host(program_));
  if (!parsed) return refuse(parsed.error());
  options_ = std::move(*parsed);
  if (options_.answer) {
    std::fputs(options_.answer->c_str(), stdout);
    return std::fflush(stdout) == 0 ? options_.answer_code : kRefused;
  }
  if (auto done = add_environment(options_, environment()); !done) return refuse(done.error());
  for (const std::string& note : options_.notes) complain(note);
  if (!options_.dump_dtb.empty()) return dump_tree();

  PidFile pid_file;
  if (!options_.pid_file.empty())
    if (auto done = pid_file.write(options_.pid_file); !done) return refuse(done.error());
  if (auto done = open_ports(); !done) return refuse(done.error());
  if (auto done = make_log(); !done) return refuse(done.error());
  options_.run.program = program_;
  const std::string more = environment();
  if (!more.empty()) options_.run.command_line = "VITRINE_OPTS=" + shell_word(more) + " ";
  options_.run.kept_words = KeptWords{true, program_, words_, more};
  options_.run.command_line += program_;
  for (const std::string& word : words_) options_.run.command_line += " " + shell_word(word);
  if (options_.run.gdb) return run_with_gdb();
  auto session = Session::create(options_.machine, options_.run);
  if (!session) return refuse(session.error());
  if (options_.run.state_hash_every) std::fprintf(stderr, "%s\n", (*session)->identity().c_str());
  const Outcome outcome = (*session)->run();
  const int code = conclude(**session, outcome);
  if (!options_.run.stats_json.empty())
    if (auto done = write_statistics_json(**session, outcome); !done) return refuse(done.error());
  return code;
}

}  // namespace

core::Result<MachineOptions> read_qemu_words(const KeptWords& words) {
  auto parsed = parse_qemu(words.words, this_host(words.program));
  if (!parsed) return parsed.error();
  if (auto done = add_environment(*parsed, words.environment); !done) return done.error();
  MachineOptions options;
  options.config = std::move(parsed->machine);
  options.run = std::move(parsed->run);
  options.run.input_to_virtio = input_to_virtio(*parsed);
  return options;
}

int qemu_main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<size_t>(argc));
  std::string program = words.empty() ? "qemu" : words[0];
  program.erase(0, program.rfind('/') + 1);
  if (program == "qemu") program = "vitrine qemu";
  try {
    return Qemu(program, {words.begin() + !words.empty(), words.end()}).run();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: the host has no more memory\n", program.c_str());
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "%s: the host does not give what is needed: %s\n", program.c_str(), error.what());
  }
  return kRefused;
}

}  // namespace vitrine::app
