// SPDX-License-Identifier: MIT
// Kept runs as files: what is written is read again; what is cut or damaged is not believed.
#include "app/kept_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "app/identity.h"
#include "app/kept_line.h"

namespace vitrine::app {
namespace {

class KeptRunFile : public testing::Test {
 protected:
  KeptRunFile() {
    header.version = version();
    header.words = {false, "./vitrine", {"--memory", "", "a b", "\\ \n"}, "--x y"};
    header.folder = "/some where";
    header.date = -5;
    header.clock = ClockMode::kReal;
    header.identity = "vitrine x=\"1 2\"";
    header.disks = {{"a disk", 5000, 5000 * 512 - 3}, {"b", 8, 4096}};
    header.input_kind = KeptHeader::Input::kFile;
    for (int c = 0; c < 256; ++c) header.input += static_cast<char>(c);
    std::filesystem::remove(path);
  }
  ~KeptRunFile() override { std::filesystem::remove(path); }

  static std::vector<uint8_t> letters(size_t size) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>('a' + i % 23);
    return bytes;
  }
  std::string text() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string written() {
    KeptRunWriter writer(path, header);
    EXPECT_EQ(writer.problem(), "");
    writer.record({false, {10, 1, 2, 3}, "ls\n", std::nullopt, false});
    const uint64_t hashes[] = {1, ~uint64_t{0}, 0};
    writer.disk_read(0, 7, hashes);
    EXPECT_TRUE(writer.disk_overwritten(0, 8, letters(2 * kKeptBlock)));
    EXPECT_TRUE(writer.disk_overwritten(0, 100, std::vector<uint8_t>(3 * kKeptBlock)));
    EXPECT_TRUE(writer.disk_overwritten(1, 0, letters(100)));
    writer.record({true, {~uint64_t{0} - 1, 5, 6, 0}, "", 7, true});
    writer.end(~uint64_t{0} - 1, {Outcome::Kind::kFail, 9, "It ended.\n  With two lines."});
    return text();
  }

  KeptHeader header;
  const std::string path = testing::TempDir() + "kept_run_test." + std::to_string(getpid());
};

TEST_F(KeptRunFile, WrittenAndRead_TheSame) {
  written();
  auto run = read_kept_run(path);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->header.words.words, header.words.words);
  EXPECT_EQ(run->header.words.environment, "--x y");
  EXPECT_FALSE(run->header.words.qemu);
  EXPECT_EQ(run->header.folder, header.folder);
  EXPECT_EQ(run->header.date, -5);
  EXPECT_EQ(run->header.clock, ClockMode::kReal);
  EXPECT_EQ(run->header.identity, header.identity);
  EXPECT_EQ(run->header.input, header.input);
  ASSERT_EQ(run->records.size(), 2u);
  EXPECT_EQ(run->records[0].bytes, "ls\n");
  EXPECT_EQ(run->records[0].key, (KeptKey{10, 1, 2, 3}));
  EXPECT_FALSE(run->records[0].moved_to || run->records[0].stop || run->records[0].idle);
  EXPECT_TRUE(run->records[1].idle && run->records[1].stop);
  EXPECT_EQ(run->records[1].moved_to, 7u);
  ASSERT_EQ(run->disks.size(), 2u);
  EXPECT_EQ(run->header.disks[0].path, "a disk");
  EXPECT_EQ(run->header.disks[0].sectors, 5000u);
  EXPECT_EQ(run->header.disks[0].size, 5000u * 512 - 3);
  const KeptDisk& disk = run->disks[0];
  EXPECT_EQ(disk.hashes, (std::unordered_map<uint64_t, uint64_t>{{7, 1}, {8, ~uint64_t{0}}, {9, 0}}));
  for (const uint64_t block : {0, 7, 10, 99, 103}) EXPECT_FALSE(disk.overwritten(block)) << block;
  for (const uint64_t block : {8, 9, 100, 102}) EXPECT_TRUE(disk.overwritten(block)) << block;
  std::vector<uint8_t> bytes;
  EXPECT_TRUE(unpack_kept(*disk.overwritten(9), bytes));
  EXPECT_EQ(bytes, letters(2 * kKeptBlock));
  EXPECT_TRUE(unpack_kept(*disk.overwritten(102), bytes));
  EXPECT_EQ(bytes, std::vector<uint8_t>(3 * kKeptBlock));
  EXPECT_TRUE(unpack_kept(*run->disks[1].overwritten(0), bytes));
  EXPECT_EQ(bytes, letters(100));
  ASSERT_TRUE(run->end);
  EXPECT_EQ(run->end->outcome.code, 9u);
  EXPECT_EQ(run->end->outcome.words, "It ended.\n  With two lines.");
}

// A cut between lines is a run that was killed; it never has an end that was not written.
TEST_F(KeptRunFile, CutAtEachByte_RefusedOrWithoutItsEnd) {
  const std::string whole = written();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto run = parse_kept_run(whole.substr(0, size), "cut");
    EXPECT_FALSE(run.ok() && run.value().end) << size;
  }
}

TEST_F(KeptRunFile, EachByteChanged_RefusedOrWithoutItsEnd) {
  const std::string whole = written();
  std::mt19937 dice(1);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ (1 << dice() % 8));
    const auto run = parse_kept_run(other, "damaged");
    // The last line without its end is a line that was being written.
    EXPECT_TRUE(!run.ok() || (at == whole.size() - 1 && !run.value().end)) << at;
  }
}

TEST_F(KeptRunFile, LinesExchanged_Refused) {
  const std::string whole = written();
  const size_t last = whole.rfind('\n', whole.size() - 2) + 1, before = whole.rfind('\n', last - 2) + 1;
  EXPECT_FALSE(parse_kept_run(whole.substr(0, before) + whole.substr(last), "x").ok());
}

TEST_F(KeptRunFile, OtherVersion_SaysWhich) {
  header.version = "9.8.7";
  const auto run = parse_kept_run(written(), "x");
  ASSERT_FALSE(run.ok());
  EXPECT_NE(run.error().message.find("vitrine 9.8.7"), std::string::npos) << run.error().message;
}

TEST_F(KeptRunFile, TooManyRecords_FullAndSaysWhere) {
  KeptRunWriter writer(path, header);
  const std::string bytes(1 << 20, '\xff');  // four times that, escaped
  for (core::Step step = 1; step <= 4; ++step) writer.record({false, {step, 0, 0, 1}, bytes, std::nullopt, false});
  writer.end(9, {Outcome::Kind::kPass, 0, ""});
  const auto run = parse_kept_run(text(), "x");
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run.value().full_at, 2u);
  EXPECT_EQ(run.value().records.size(), 1u);
  EXPECT_FALSE(run.value().end);
  EXPECT_LT(text().size(), kMaxKeptRecords + (1 << 20));
}

// Lines that are whole and make no sense: somebody made them.
TEST_F(KeptRunFile, LinesThatCannotBe_Refused) {
  const auto with = [&](const std::string& line) {
    std::string all;
    uint64_t hash = 0;
    const auto add = [&](std::string_view text) {
      hash = kept::line_hash(text, hash);
      all += fmt::format("{:08x} {}\n", static_cast<uint32_t>(hash), text);
    };
    for (const std::string& text : {std::string("vitrine-kept-run 2"), std::string("version ") + version(), std::string("disk 16 8192 d"),
                                    std::string("begin"), std::string("r 0 0 12"), std::string("z 0 1 1")})
      add(text);
    if (!line.empty()) add(line);
    return parse_kept_run(all, "x");
  };
  ASSERT_TRUE(with("").ok()) << with("").error().message;
  ASSERT_TRUE(with("r 0 1 ab").ok());
  for (const char* line : {"r 1 0 12", "r 0 2 12", "r 0 0 12", "r 0 1", "r 0 1 xyz", "r 0 1 12 13", "z 0 1 1", "z 0 0 2", "z 0 0 0",
                           "z 0 2 1", "z 0 0 18446744073709551615", "z 0 0 1 x", "w 0 0 1", "w 0 0 1 abc", "w 0 0 1 ab!=", "q 1"})
    EXPECT_FALSE(with(line).ok()) << line;
}

TEST_F(KeptRunFile, PieceThatIsNoFrame_IsNotUnpacked) {
  std::vector<uint8_t> bytes;
  EXPECT_FALSE(unpack_kept({0, 1, "no frame of zstd"}, bytes));
}

TEST_F(KeptRunFile, Base64_AsInTheRfc) {
  const std::pair<const char*, const char*> rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};  // RFC 4648, section 10
  for (const auto& [bytes, word] : rows) {
    EXPECT_EQ(kept::base64(bytes), word);
    EXPECT_EQ(kept::from_base64(word), bytes);
  }
  for (const char* word : {"Z", "Zg=", "Zg==Zg==", "=g==", "Z===", "Zm9\n"}) EXPECT_FALSE(kept::from_base64(word)) << word;
}

TEST_F(KeptRunFile, PlaceOfALink_NotReplaced) {
  const std::string target = path + ".target";
  std::filesystem::create_symlink(target, path);
  const KeptRunWriter writer(path, header);
  EXPECT_NE(writer.problem(), "");
  EXPECT_TRUE(std::filesystem::is_symlink(path));
}

}  // namespace
}  // namespace vitrine::app
