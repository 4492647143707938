// SPDX-License-Identifier: MIT
// Disks in files: short and interrupted calls, host errors, the sticky failure of fdatasync, locks between
// processes.
#include "devices/virtio/raw_file.h"

#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace vitrine::devices::test {
namespace {

// Passes calls on, until told otherwise: the next calls get these errors, and all move at most `most` bytes.
struct FaultyCalls final : FileCalls {
  ssize_t preadv(int fd, const iovec* to, int count, off_t offset) override {
    return moved('r', to, count, [&](const iovec* v, int n) { return FileCalls::preadv(fd, v, n, offset); });
  }
  ssize_t pwritev(int fd, const iovec* from, int count, off_t offset) override {
    return moved('w', from, count,
                 [&](const iovec* v, int n) { return FileCalls::pwritev(fd, v, n, offset); });
  }
  int fdatasync(int fd) override { return failing('s') ? -1 : FileCalls::fdatasync(fd); }
  int fallocate(int fd, int mode, off_t offset, off_t size) override {
    modes.push_back(mode);
    return failing('a') ? -1 : FileCalls::fallocate(fd, mode, offset, size);
  }

  template <typename Call>
  ssize_t moved(char what, const iovec* v, int count, Call call) {
    if (failing(what)) return -1;
    if (most == 0) return call(v, count);
    const iovec one{v->iov_base, std::min(v->iov_len, most)};
    return call(&one, 1);
  }
  bool failing(char what) {
    log.push_back(what);
    if (errors.empty()) return false;
    errno = errors.front();
    errors.erase(errors.begin());
    return errno != 0;
  }

  std::string log;
  std::vector<int> errors;  // 0: this call works
  std::vector<int> modes;
  size_t most = 0;
};

struct Failures final : BlockObserver {
  void disk_failed(std::string_view message) override { all.emplace_back(message); }
  std::vector<std::string> all;
};

struct RawFileTest : testing::Test {
  std::string path = testing::TempDir() + "vitrine_raw_" + std::to_string(getpid()) + ".img";
  FaultyCalls calls;
  Failures failures;

  ~RawFileTest() override { std::filesystem::remove(path); }
  void make(const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  std::string contents() {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::unique_ptr<RawFile> open(RawFile::Access access = RawFile::Access::kReadWrite) {
    auto file = RawFile::open(path, access, &failures, calls);
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
    return file.ok() ? std::move(file.value()) : nullptr;
  }
  static std::string read(RawFile& file, uint64_t offset, size_t size) {
    std::string text(size, '#');
    const iovec parts[] = {{text.data(), size / 3}, {text.data() + size / 3, size - size / 3}};
    return file.read(offset, parts) ? text : "failed";
  }
  static bool write(RawFile& file, uint64_t offset, std::string text) {
    const iovec parts[] = {{text.data(), text.size() / 2},
                           {text.data() + text.size() / 2, text.size() - text.size() / 2}};
    return file.write(offset, parts);
  }
};

const std::string kSector0(512, '0'), kSector1(512, '1'), kNew(512, 'n');

TEST_F(RawFileTest, ReadsAndWritesItsBytes) {
  make(kSector0 + kSector1);
  auto file = open();
  EXPECT_EQ(file->sectors(), 2u);
  EXPECT_EQ(read(*file, 512, 512), kSector1);
  EXPECT_TRUE(write(*file, 512, kNew));
  EXPECT_EQ(contents(), kSector0 + kNew);
}

TEST_F(RawFileTest, OddSize_RoundsUpAndTheRestReadsZero) {
  make(kSector0 + "tail");
  auto file = open();
  EXPECT_EQ(file->sectors(), 2u);
  EXPECT_EQ(read(*file, 0, 1024), kSector0 + "tail" + std::string(508, '\0'));
  EXPECT_TRUE(write(*file, 512, kNew));
  EXPECT_EQ(file->sectors(), 2u);
  EXPECT_EQ(read(*file, 512, 512), kNew);
}

TEST_F(RawFileTest, ShortAndInterruptedCalls_AreGoneOnWith) {
  make(kSector0 + kSector1);
  auto file = open();
  calls.most = 100;
  calls.errors = {EINTR, 0, EINTR, EINTR};
  EXPECT_EQ(read(*file, 0, 1024), kSector0 + kSector1);
  calls.errors = {EINTR, 0, 0, EINTR};
  EXPECT_TRUE(write(*file, 0, kNew + kNew));
  EXPECT_EQ(contents(), kNew + kNew);
  calls.errors = {EINTR, EINTR};
  EXPECT_TRUE(file->flush());
  EXPECT_TRUE(failures.all.empty());
}

TEST_F(RawFileTest, FileCutWhileInUse_IsAnErrorNotZeroes) {
  make(kSector0 + kSector1);
  auto file = open();
  std::filesystem::resize_file(path, 512);
  EXPECT_EQ(read(*file, 512, 512), "failed");
  ASSERT_EQ(failures.all.size(), 1u);
}

TEST_F(RawFileTest, HostErrors_FailTheRequestAndAreToldOnce) {
  make(kSector0 + kSector1);
  auto file = open();
  calls.errors = {EIO};
  EXPECT_EQ(read(*file, 0, 512), "failed");
  ASSERT_EQ(failures.all.size(), 1u);
  EXPECT_NE(failures.all[0].find(path), std::string::npos);
  EXPECT_NE(failures.all[0].find("Input/output error"), std::string::npos);
  calls.errors = {ENOSPC};
  EXPECT_FALSE(write(*file, 0, kNew));
  EXPECT_EQ(failures.all.size(), 1u);
  EXPECT_EQ(read(*file, 0, 512), kSector0) << "the next request may work again";
  EXPECT_TRUE(write(*file, 0, kNew));
}

TEST_F(RawFileTest, ErrorInTheMiddleOfAShortWrite_Fails) {
  make(kSector0 + kSector1);
  auto file = open();
  calls.most = 100;
  calls.errors = {0, 0, ENOSPC};
  EXPECT_FALSE(write(*file, 0, kNew));
}

TEST_F(RawFileTest, FailedFdatasync_IsFinal) {
  make(kSector0 + kSector1);
  auto file = open();
  EXPECT_TRUE(write(*file, 0, kNew));
  calls.errors = {EIO};
  EXPECT_FALSE(file->flush());
  ASSERT_EQ(failures.all.size(), 1u);
  calls.log.clear();
  EXPECT_FALSE(file->flush()) << "the kernel would say yes now";
  EXPECT_FALSE(write(*file, 0, kNew));
  EXPECT_FALSE(file->write_zeroes(0, 512, true));
  EXPECT_FALSE(file->discard(0, 512));
  EXPECT_EQ(read(*file, 0, 512), "failed");
  EXPECT_EQ(calls.log, "") << "the host is not even asked";
  EXPECT_EQ(failures.all.size(), 1u);
}

TEST_F(RawFileTest, FailedFdatasync_IsToldEvenAfterAnotherFailure) {
  make(kSector0);
  auto file = open();
  calls.errors = {ENOSPC, ENOSPC};
  EXPECT_FALSE(write(*file, 0, kNew));
  EXPECT_FALSE(file->flush());
  EXPECT_EQ(failures.all.size(), 2u);
}

TEST_F(RawFileTest, WriteZeroes_ByTheFileSystemOrByHand) {
  make(std::string(200'000 / 512 * 512, 'x'));
  auto file = open();
  calls.errors = {EOPNOTSUPP};  // fallocate
  EXPECT_TRUE(file->write_zeroes(512, 150'016, false));
  EXPECT_EQ(calls.log, "awww") << "64 KiB at a time";
  const std::string after = contents();
  EXPECT_EQ(after[511], 'x');
  EXPECT_EQ(after.substr(512, 150'016), std::string(150'016, '\0'));
  EXPECT_EQ(after[512 + 150'016], 'x');
  EXPECT_TRUE(file->write_zeroes(0, 512, true));
  EXPECT_EQ(contents().substr(0, 512), std::string(512, '\0'));
  EXPECT_EQ(calls.modes[0] & FALLOC_FL_PUNCH_HOLE, 0);
  EXPECT_NE(calls.modes[1] & FALLOC_FL_PUNCH_HOLE, 0) << "only with unmap";
  calls.errors = {ENOSPC};
  EXPECT_FALSE(file->write_zeroes(0, 512, false));
}

TEST_F(RawFileTest, Discard_IsAHint) {
  make(kSector0);
  auto file = open();
  calls.errors = {EOPNOTSUPP};
  EXPECT_TRUE(file->discard(0, 512));
  calls.errors = {EIO};
  EXPECT_FALSE(file->discard(0, 512));
}

TEST_F(RawFileTest, ReadOnly_NeverWrites) {
  make(kSector0);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  auto file = open(RawFile::Access::kReadOnly);
  EXPECT_TRUE(file->read_only());
  EXPECT_FALSE(write(*file, 0, kNew));
  EXPECT_FALSE(file->write_zeroes(0, 512, false));
  EXPECT_FALSE(file->discard(0, 512));
  EXPECT_TRUE(file->flush());
  EXPECT_EQ(calls.log, "");
}

TEST_F(RawFileTest, Open_SaysWhatIsWrong) {
  auto missing = RawFile::open(path + ".none", RawFile::Access::kReadOnly, nullptr);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, core::ErrorKind::kMissing);
  EXPECT_NE(missing.error().message.find(path + ".none"), std::string::npos);
  auto folder = RawFile::open(testing::TempDir(), RawFile::Access::kReadOnly, nullptr);
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().message.find("is a directory"), std::string::npos);
}

TEST_F(RawFileTest, Lock_TwoDrivesOfOneMachine) {
  make(kSector0);
  auto first = open();
  auto second = RawFile::open(path, RawFile::Access::kReadWrite, nullptr);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use by another drive of this machine"), std::string::npos)
      << second.error().message;
  EXPECT_FALSE(RawFile::open(path, RawFile::Access::kReadOnly, nullptr).ok());
  first.reset();
  EXPECT_TRUE(RawFile::open(path, RawFile::Access::kReadWrite, nullptr).ok());
}

TEST_F(RawFileTest, Lock_ReadersShare) {
  make(kSector0);
  auto first = open(RawFile::Access::kReadOnly);
  auto second = open(RawFile::Access::kReadOnly);
  EXPECT_FALSE(RawFile::open(path, RawFile::Access::kReadWrite, nullptr).ok());
}

TEST_F(RawFileTest, Lock_AnotherProcessIsNamed) {
  make(kSector0);
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto file = RawFile::open(path, RawFile::Access::kReadWrite, nullptr);
    char byte = file.ok();
    if (::write(ready[1], &byte, 1) != 1) _exit(1);
    if (::read(done[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  char locked = 0;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  ASSERT_EQ(locked, 1);
  auto mine = RawFile::open(path, RawFile::Access::kReadWrite, nullptr);
  ASSERT_FALSE(mine.ok());
  EXPECT_NE(mine.error().message.find("process " + std::to_string(child)), std::string::npos)
      << mine.error().message;
  ASSERT_EQ(::write(done[1], "x", 1), 1);
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(RawFile::open(path, RawFile::Access::kReadWrite, nullptr).ok()) << "its end frees the image";
  for (int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
}

// After a process is killed, everything up to its last successful flush is in the file.
TEST_F(RawFileTest, KilledProcess_LosesNothingFlushed) {
  make(kSector0 + kSector1);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto file = RawFile::open(path, RawFile::Access::kReadWrite, nullptr);
    if (!file.ok() || !write(**file, 512, kNew) || !(*file)->flush()) _exit(1);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(contents(), kSector0 + kNew);
}

TEST_F(RawFileTest, State_OfAnotherImageIsRefused) {
  make(kSector0 + kSector1);
  auto file = open();
  core::StateWriter writer;
  file->serialize(writer);
  {
    core::StateReader reader(writer.data());
    file->serialize(reader);
    EXPECT_TRUE(reader.good());
  }
  file.reset();
  make(kSector0);
  auto smaller = open();
  core::StateReader reader(writer.data());
  smaller->serialize(reader);
  EXPECT_FALSE(reader.good());
}

}  // namespace
}  // namespace vitrine::devices::test
