// SPDX-License-Identifier: MIT
// The two mappings of code memory.
#include "isa/x86/code_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/assert.h"

namespace vitrine::x86 {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlignment = 16;  // of what append() gets: cache lines are fetched in halves

core::Error failed(const char* what) {
  return core::error(core::ErrorKind::kHost, "Memory for generated code cannot be had: {}: {}.", what,
                     std::strerror(errno));
}

struct Mappings {
  void* write;
  void* execute;
};

core::Result<Mappings> map_named(size_t size) {
  const int fd = memfd_create("vitrine-code", MFD_CLOEXEC);
  if (fd < 0) return failed("memfd_create");
  if (ftruncate(fd, static_cast<off_t>(size)) != 0) {
    const core::Error error = failed("ftruncate");
    close(fd);
    return error;
  }
  void* const write = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  void* const execute = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  const core::Error error = failed("mmap");
  close(fd);
  if (write != MAP_FAILED && execute != MAP_FAILED) return Mappings{write, execute};
  if (write != MAP_FAILED) munmap(write, size);
  if (execute != MAP_FAILED) munmap(execute, size);
  return error;
}

// mremap of nothing to somewhere else maps shared memory a second time (mremap(2)).
core::Result<Mappings> map_nameless(size_t size) {
  void* const write = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (write == MAP_FAILED) return failed("mmap");
  void* const execute = mremap(write, 0, size, MREMAP_MAYMOVE);
  if (execute != MAP_FAILED && mprotect(execute, size, PROT_READ | PROT_EXEC) == 0)
    return Mappings{write, execute};
  const core::Error error = failed("mremap");
  if (execute != MAP_FAILED) munmap(execute, size);
  munmap(write, size);
  return error;
}

}  // namespace

core::Result<std::unique_ptr<CodeMemory>> CodeMemory::create(size_t size, Name name) {
  size = (size + kPage - 1) & ~(kPage - 1);
  auto mapped = name == Name::kOurs ? map_named(size) : map_nameless(size);
  if (!mapped) return mapped.error();
  return std::unique_ptr<CodeMemory>(
      new CodeMemory(static_cast<uint8_t*>(mapped->write), static_cast<uint8_t*>(mapped->execute), size));
}

CodeMemory::~CodeMemory() {
  munmap(write_, size_);
  munmap(execute_, size_);
}

// Space is taken from the front, so it is known which pages are next, and the host need not be asked for each of them twice.
// A host that cannot do it (before Linux 5.14) gives them one by one.
void CodeMemory::have_pages(size_t end) {
  constexpr size_t kAtOnce = 32 * kPage;
  const size_t more = std::min(size_, std::max(end, had_ + kAtOnce)) & ~(kPage - 1);
#ifdef MADV_POPULATE_WRITE
  if (had_ != 0) {  // a program that ends at once needs little
    madvise(write_ + had_, more - had_, MADV_POPULATE_WRITE);
    madvise(execute_ + had_, more - had_, MADV_POPULATE_READ);
  }
#endif
  had_ = more;
}

const uint8_t* CodeMemory::append(const void* code, size_t size) {
  VT_ASSERT(size <= left(), "generated code does not fit its memory");
  if (used_ + size > had_) have_pages(used_ + size);
  std::memcpy(write_ + used_, code, size);
  const uint8_t* const at = execute_ + used_;
  used_ = std::min(size_, (used_ + size + kAlignment - 1) & ~(kAlignment - 1));
  return at;
}

void CodeMemory::point(const uint8_t* after, const uint8_t* target) {
  const auto displacement = static_cast<int32_t>(target - after);
  std::memcpy(write_ + (after - execute_) - sizeof displacement, &displacement, sizeof displacement);
}

void CodeMemory::redirect(const uint8_t* from, const uint8_t* target) {
  constexpr uint8_t kJmp = 0xe9;
  write_[from - execute_] = kJmp;
  point(from + 5, target);
}

}  // namespace vitrine::x86
