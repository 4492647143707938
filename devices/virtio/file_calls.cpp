// SPDX-License-Identifier: MIT
// The host's file calls.
#include "devices/virtio/file_calls.h"

#include <fcntl.h>
#include <unistd.h>

namespace vitrine::devices {

ssize_t FileCalls::preadv(int fd, const iovec* to, int count, off_t offset) {
  return ::preadv(fd, to, count, offset);
}
ssize_t FileCalls::pwritev(int fd, const iovec* from, int count, off_t offset) {
  return ::pwritev(fd, from, count, offset);
}
int FileCalls::fdatasync(int fd) { return ::fdatasync(fd); }
int FileCalls::fallocate(int fd, int mode, off_t offset, off_t size) {
  return ::fallocate(fd, mode, offset, size);
}

FileCalls& FileCalls::host() {
  static FileCalls calls;
  return calls;
}

}  // namespace vitrine::devices
