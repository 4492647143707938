// SPDX-License-Identifier: MIT
// Locks on disk images by flock(2): it belongs to the open file, so that a second open of this process meets
// it too, and no close of another descriptor drops it (which POSIX record locks do). /proc/locks knows the
// holder.
#include "devices/virtio/file_lock.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/file.h"

namespace vitrine::devices {
namespace {

// The process that holds a flock on this file, or 0. A line is "1: FLOCK ADVISORY WRITE 1234 08:01:4711 0
// EOF". Some file systems show another device number there than stat does, so only the inode is compared.
pid_t holder_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return 0;
  const std::string inode = ":" + std::to_string(status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, file;
    pid_t pid = 0;
    if (!(words >> number >> kind >> advisory >> access >> pid >> file) || kind != "FLOCK") continue;
    if (file.ends_with(inode)) return pid;
  }
  return 0;
}

std::string who(pid_t pid) {
  if (pid == 0) return "another process";
  if (pid == getpid()) return "another drive of this machine";
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::string command;
  std::getline(comm, command);
  return "process " + std::to_string(pid) + (command.empty() ? "" : " (" + command + ")");
}

}  // namespace

core::Result<> lock_image(int fd, const std::string& path, bool exclusive) {
  int result;
  do {
    result = flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return core::Ok{};
  if (errno != EWOULDBLOCK) {
    if (!exclusive) return core::Ok{};  // a file system without locks: readers do no harm
    return core::error(
        core::ErrorKind::kHost,
        "The disk image '{}' cannot be locked: {}. Copy it to another file system, or use it read-only.",
        core::printable(path), strerror(errno));
  }
  return core::error(
      core::ErrorKind::kHost,
      "The disk image '{}' is in use by {}. Stop it, or give this machine a copy of the image.",
      core::printable(path), who(holder_of(fd)));
}

}  // namespace vitrine::devices
