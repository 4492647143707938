// SPDX-License-Identifier: MIT
// Reading files: what is read, what is refused and how, and text that is fit for a terminal.
#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/outside.h"

namespace vitrine::core {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  test::TemporaryFolder temporary_;
  const std::string& folder_ = temporary_.path();
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(FileTest, Read_GivesEveryByte) {
  std::string text(3'000'000, 'x');
  text[0] = '\0';
  text.back() = 'y';
  auto bytes = read_file(write("f", text), 1 << 30);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(text_of(*bytes), text);
  EXPECT_TRUE(read_file(write("empty", ""), 10)->empty());
}

TEST_F(FileTest, Limit_IsExact) {
  const std::string path = write("f", std::string(1000, 'x'));
  EXPECT_TRUE(read_file(path, 1000).ok());
  const auto bytes = read_file(path, 999);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(bytes.error().message, HasSubstr("too large: at most 999 bytes"));
}

TEST_F(FileTest, HugeSparseFile_IsRefusedAtOnce) {
  const std::string path = write("f", "x");
  ASSERT_EQ(truncate(path.c_str(), int64_t{1} << 40), 0);
  EXPECT_THAT(read_file(path, uint64_t{4} << 30).error().message, HasSubstr("at most 4 GiB"));
  auto head = read_head(path, 4096);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->bytes.size(), 4096u);
  EXPECT_EQ(head->size, uint64_t{1} << 40);
}

TEST_F(FileTest, FileOfUnknownSize_IsReadToItsEnd) {
  auto bytes = read_file("/proc/self/status", 1 << 20);  // its size is given as 0
  ASSERT_TRUE(bytes.ok());
  EXPECT_THAT(text_of(*bytes), HasSubstr("Name:"));
  EXPECT_FALSE(read_file("/proc/self/status", 3).ok());
}

TEST_F(FileTest, Missing_IsMissing) {
  for (const std::string& path : {folder_ + "/none", folder_ + "/none/below", write("f", "x") + "/below"}) {
    const auto bytes = read_file(path, 10);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().kind, ErrorKind::kMissing);
    EXPECT_EQ(bytes.error().message, "There is no file '" + path + "'.");
  }
}

TEST_F(FileTest, EmptyName_IsAUsageError) { EXPECT_EQ(read_file("", 10).error().kind, ErrorKind::kUsage); }

TEST_F(FileTest, NotPermitted_IsMissing) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const std::string path = write("f", "x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_EQ(read_file(path, 10).error().kind, ErrorKind::kMissing);
  EXPECT_THAT(read_file(path, 10).error().message, HasSubstr("permission denied"));
}

TEST_F(FileTest, SymlinkLoop_IsMissing) {
  const std::string path = folder_ + "/loop";
  ASSERT_EQ(symlink(path.c_str(), path.c_str()), 0);
  EXPECT_EQ(read_file(path, 10).error().kind, ErrorKind::kMissing);
}

TEST_F(FileTest, NameThatIsTooLong_IsMissing) {
  EXPECT_EQ(read_file(std::string(300, 'x'), 10).error().kind, ErrorKind::kMissing);
}

TEST_F(FileTest, Directory_IsRefused) {
  EXPECT_THAT(read_file(folder_, 10).error().message, HasSubstr("is a directory"));
  EXPECT_EQ(read_file(folder_, 10).error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(read_head(folder_, 10).error().message, HasSubstr("is a directory"));
}

TEST_F(FileTest, Devices_AreRefused) {
  EXPECT_THAT(read_file("/dev/zero", 10).error().message, HasSubstr("is a device"));
  EXPECT_THAT(read_file("/dev/null", 10).error().message, HasSubstr("is a device"));
}

TEST_F(FileTest, FifoWithoutAWriter_DoesNotBlock) {
  const std::string path = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(read_file(path, 10)->empty());
  EXPECT_THAT(read_head(path, 10).error().message, HasSubstr("is a pipe"));
}

TEST_F(FileTest, Pipe_IsReadToItsEndWithinTheLimit) {
  for (const uint64_t limit : {uint64_t{200'000}, uint64_t{199'999}}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::thread writer([&] {
      const std::string text(200'000, 'p');
      for (size_t sent = 0; sent < text.size();) {
        const ssize_t n = ::write(ends[1], text.data() + sent, text.size() - sent);
        if (n <= 0) break;
        sent += static_cast<size_t>(n);
      }
      close(ends[1]);
    });
    const auto bytes = read_file("/dev/fd/" + std::to_string(ends[0]), limit);
    EXPECT_EQ(bytes.ok(), limit == 200'000);
    if (bytes.ok()) {
      EXPECT_EQ(bytes.value().size(), 200'000u);
    }
    writer.join();
    close(ends[0]);
  }
}

TEST(Printable, ControlCharacters_AreShown) {
  EXPECT_EQ(printable("plain name.elf"), "plain name.elf");
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\u009b2J")
      << "CSI, as U+009B";
  EXPECT_EQ(printable("Größe"), "Größe");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(SizeText, Units) {
  EXPECT_EQ(size_text(0), "0 bytes");
  EXPECT_EQ(size_text(1), "1 byte");
  EXPECT_EQ(size_text(1023), "1023 bytes");
  EXPECT_EQ(size_text(1024), "1 KiB");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(128 << 20), "128 MiB");
  EXPECT_EQ(size_text(uint64_t{3} << 30), "3 GiB");
  EXPECT_EQ(size_text(~uint64_t{0}), "15.9 EiB");
}

}  // namespace
}  // namespace vitrine::core
