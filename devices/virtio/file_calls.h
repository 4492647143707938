// SPDX-License-Identifier: MIT
// The system calls that a disk image is used with, as an interface, so that tests can make them fail. They
// return as the kernel's wrappers do: -1 and errno.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

namespace vitrine::devices {

class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual ssize_t preadv(int fd, const iovec* to, int count, off_t offset);
  virtual ssize_t pwritev(int fd, const iovec* from, int count, off_t offset);
  virtual int fdatasync(int fd);
  virtual int fallocate(int fd, int mode, off_t offset, off_t size);

  static FileCalls& host();  // the kernel's
};

}  // namespace vitrine::devices
