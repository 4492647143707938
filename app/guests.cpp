// SPDX-License-Identifier: MIT
// Guests by name. What is in the cache, and how it boots, is described in tools/guests/README.md.
#include "app/guests.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "app/embedded_teach.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::Result;

constexpr GuestRow kGuests[] = {
    {"teach", "our teaching kernel, built in: processes, Sv39, a shell (default)"},
    {"linux", "Debian 13's kernel and a busybox shell; fetched once"},
    {"linux-disk", "the same with a Debian root file system: python3, gcc, sqlite3"},
};

bool readable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

std::string cached(std::string_view guest, std::string_view file) {
  return fmt::format("{}/{}/{}", guest_cache(), guest, file);
}

// In the checkout that the program was built from, or where `cmake --install` put it.
std::string fetch_script() {
  const std::string in_checkout = std::string(VITRINE_SOURCE_DIR) + "/tools/guests/fetch";
  if (readable(in_checkout)) return in_checkout;
  std::array<char, 4096> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program(self.data(), length > 0 ? static_cast<size_t>(length) : 0);
  const std::string installed = program.substr(0, program.rfind('/') + 1) + "../share/vitrine/guests/fetch";
  return readable(installed) ? installed : in_checkout;
}

// Its results go to our stderr: stdout is the guest's console.
Result<int> run_script(const std::vector<std::string>& words) {
  std::fflush(stderr);
  const pid_t child = fork();
  if (child < 0) return core::error(ErrorKind::kHost, "No process can be started: {}.", strerror(errno));
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    std::fprintf(stderr, "vitrine: %s cannot be run: %s\n", arguments[0], strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<> fetch(std::string_view guest) {
  if (guest_is_cached(guest)) return core::Ok{};
  const std::string script = fetch_script();
  if (!readable(script))
    return core::error(
        ErrorKind::kMissing,
        "The guest {} is not in {}, and the script that fetches it is not there any more: {}. Run it "
        "from a checkout: tools/guests/fetch {}",
        guest, guest_cache(), script, guest);
  std::fprintf(stderr, "vitrine: the guest %.*s is not in %s yet; making it from Debian's packages (once)\n",
               static_cast<int>(guest.size()), guest.data(), guest_cache().c_str());
  auto status = run_script({script, std::string(guest)});
  if (!status) return status.error();
  if (*status == 0 && guest_is_cached(guest)) return core::Ok{};
  if (*status == 127)
    return core::error(ErrorKind::kMissing, "The script {} wants python3: {}", script, apt_get_install("python3"));
  return core::error(ErrorKind::kMissing,
                     "The guest {} could not be made; the lines above say why. To try again: {} {}", guest,
                     shell_word(script), guest);
}

Result<> use_teach(MachineOptions& options) {
  if (!options.config.kernel.empty()) return core::Ok{};
  options.config.kernel = "teach";
  options.config.kernel_bytes = embedded_teach();
  return core::Ok{};
}

// The console is the UART; a panic must end the run and not spin.
Result<> use_linux(MachineOptions& options) {
  if (auto done = fetch("linux"); !done) return done;
  MachineConfig& config = options.config;
  if (!options.has_bios) config.bios = cached("linux", "opensbi-1.6/fw_dynamic.bin");
  if (config.kernel.empty()) config.kernel = cached("linux", "Image");
  if (config.initrd.empty()) config.initrd = cached("linux", "initramfs.cpio.gz");
  config.append = "console=ttyS0 panic=-1" + (config.append.empty() ? "" : " " + config.append);
  return core::Ok{};
}

// The cached disk is for everybody: what is written to it stays in memory. A disk of the user's takes its
// place.
Result<> use_linux_disk(MachineOptions& options) {
  if (auto done = fetch("linux-disk"); !done) return done;
  if (auto done = use_linux(options); !done) return done;
  MachineConfig& config = options.config;
  const auto is_disk = [](const VirtioConfig& device) { return device.kind == VirtioConfig::Kind::kBlock; };
  if (std::none_of(config.virtio.begin(), config.virtio.end(), is_disk)) {
    const std::string image = cached("linux-disk", "root.ext4");
    config.virtio.insert(config.virtio.begin(), {.path = image, .snapshot = true});
    if (!options.quiet) std::fprintf(stderr,
                 "vitrine: what the guest writes to its disk is forgotten at the end. To keep it:\n"
                 "  cp --no-preserve=mode %s my.ext4\n  %s run linux-disk --disk my.ext4\n",
                 shell_word(image).c_str(), options.command.c_str());
  }
  config.append += " vt.root=/dev/vda";
  if (!options.has_memory) config.memory = uint64_t{1} << 30;
  return core::Ok{};
}

}  // namespace

std::span<const GuestRow> guest_rows() { return kGuests; }
bool is_guest_name(std::string_view name) {
  return std::any_of(std::begin(kGuests), std::end(kGuests), [name](const GuestRow& row) { return row.name == name; });
}

std::string apt_get_install(const std::string& words) {
  return (geteuid() == 0 ? "apt-get install " : "sudo apt-get install ") + words;
}

std::string guest_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = cache && *cache ? cache : fmt::format("{}/.cache", home && *home ? home : "");
  return base + "/vitrine/guests";
}

bool guest_is_cached(std::string_view name) {
  if (name == "teach") return true;
  if (name == "linux-disk" && !readable(cached(name, "root.ext4"))) return false;
  return readable(cached("linux", "Image")) && readable(cached("linux", "initramfs.cpio.gz")) &&
         readable(cached("linux", "opensbi-1.6/fw_dynamic.bin"));
}

Result<> use_guest(const std::string& guest, MachineOptions& options) {
  if (guest == "teach") return use_teach(options);
  if (guest == "linux") return use_linux(options);
  if (guest == "linux-disk") return use_linux_disk(options);
  if (!options.config.kernel.empty())
    return core::error(ErrorKind::kUsage, "Two kernels are given, '{}' and --kernel {}; leave one out.",
                       core::printable(guest), core::printable(options.config.kernel));
  options.config.kernel = guest;
  if (access(guest.c_str(), F_OK) == 0 || guest.find('/') != std::string::npos) return core::Ok{};
  std::vector<std::string_view> names;
  for (const GuestRow& row : kGuests) names.push_back(row.name);
  const std::string_view meant = nearest(guest, names);
  return core::error(ErrorKind::kMissing, "'{}' is neither a guest (teach, linux, linux-disk) nor a file{}",
                     core::printable(guest), meant.empty() ? "." : fmt::format("; did you mean {}?", meant));
}

}  // namespace vitrine::app
