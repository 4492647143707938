// SPDX-License-Identifier: MIT
#include "isa/x86/jitdump.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace vitrine::x86 {
namespace {

struct FileHeader {
  uint32_t magic = 0x4a695444;  // "JiTD", in the writer's byte order
  uint32_t version = 1;
  uint32_t total_size = sizeof(FileHeader);
  uint32_t machine = EM_X86_64;
  uint32_t pad = 0;
  uint32_t pid = static_cast<uint32_t>(getpid());
  uint64_t timestamp = 0;
  uint64_t flags = 0;  // times are those of CLOCK_MONOTONIC
};
static_assert(sizeof(FileHeader) == 40);

enum RecordKind : uint32_t { kCodeLoad = 0, kCodeClose = 3 };

struct RecordHeader {
  uint32_t kind = kCodeClose;
  uint32_t total_size = sizeof(RecordHeader);
  uint64_t timestamp = 0;
};
static_assert(sizeof(RecordHeader) == 16);

// Behind it: the name with its zero, then the code.
struct CodeLoad {
  RecordHeader header;
  uint32_t pid, tid;
  uint64_t virtual_address, code_address, code_size, code_index;
};
static_assert(sizeof(CodeLoad) == 56);

uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

size_t page_size() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

core::Result<std::unique_ptr<Jitdump>> Jitdump::create(const std::string& folder) {
  const std::string path = fmt::format("{}/jit-{}.dump", folder, getpid());
  auto file = ToolFile::create(path);
  if (!file) return file.error();
  FileHeader header;
  header.timestamp = now();
  file->write(&header, sizeof header);
  // An executable mapping of the file: perf records all of those with their names, and finds the file by it.
  void* const marker = mmap(nullptr, page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, file->descriptor(), 0);
  if (marker == MAP_FAILED) {
    const int reason = errno;
    unlink(path.c_str());
    return core::error(
        core::ErrorKind::kHost,
        "perf cannot be led to '{}', since the file cannot be mapped executable: {}. Name a folder of a "
        "file system that is not mounted noexec.",
        path, std::strerror(reason));
  }
  return std::unique_ptr<Jitdump>(new Jitdump(std::move(*file), marker));
}

Jitdump::~Jitdump() {
  RecordHeader close;
  close.timestamp = now();
  file_.write(&close, sizeof close);
  munmap(marker_, page_size());
}

void Jitdump::added(std::string_view name, std::span<const uint8_t> code) noexcept {
  const auto address = reinterpret_cast<uint64_t>(code.data());
  const uint64_t size = sizeof(CodeLoad) + name.size() + 1 + code.size();
  CodeLoad load{{kCodeLoad, static_cast<uint32_t>(size), now()},
                static_cast<uint32_t>(getpid()),
                static_cast<uint32_t>(syscall(SYS_gettid)),
                address,
                address,
                code.size(),
                index_++};
  std::string record(reinterpret_cast<const char*>(&load), sizeof load);
  record.append(name);
  record += '\0';
  record.append(reinterpret_cast<const char*>(code.data()), code.size());
  file_.write(record.data(), record.size());
}

}  // namespace vitrine::x86
