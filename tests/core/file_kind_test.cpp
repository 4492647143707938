// SPDX-License-Identifier: MIT
// Recognising files by their first bytes; above all, never taking raw machine code for something else.
#include "core/file_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "elf_builder.h"

namespace vitrine::core {
namespace {

FileBytes at_offset(size_t offset, std::string_view magic, size_t size = 65536) {
  FileBytes file(size);
  const FileBytes bytes = bytes_of(magic);
  std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<ptrdiff_t>(offset));
  return file;
}

TEST(FileKind, EveryRow_StandsAtItsPlaceAndHasAName) {
  for (unsigned i = 0; i <= static_cast<unsigned>(FileKind::kUnknown); ++i)
    EXPECT_FALSE(describe(static_cast<FileKind>(i)).name.empty());
}

TEST(FileKind, MagicsAtOffsets) {
  EXPECT_EQ(recognise(at_offset(0x8001, "CD001")), FileKind::kIso9660);
  EXPECT_EQ(recognise(at_offset(257, "ustar")), FileKind::kTar);
  EXPECT_EQ(recognise(at_offset(512, "EFI PART")), FileKind::kPartitioned);
  EXPECT_EQ(recognise(at_offset(0x38, "RSC\x05")), FileKind::kLinuxImage);
}

// A master boot record: entry 0 is Linux (0x83) from sector 2048, 4096 sectors long.
FileBytes partitioned() {
  FileBytes file(8192);
  put(file, 446 + 4, 0x83, 1);
  put(file, 446 + 8, 2048, 4);
  put(file, 446 + 12, 4096, 4);
  put(file, 510, 0xaa55, 2);
  return file;
}

TEST(FileKind, MasterBootRecord_NeedsSensibleEntries) {
  EXPECT_EQ(recognise(partitioned()), FileKind::kPartitioned);
  FileBytes status = partitioned();
  put(status, 446 + 16, 0x13, 1);
  EXPECT_EQ(recognise(status), FileKind::kUnknown) << "an entry's status is 0 or 0x80";
  FileBytes active = partitioned();
  put(active, 446, 0x80, 1);
  EXPECT_EQ(recognise(active), FileKind::kPartitioned) << "one to boot from";
  FileBytes nothing = partitioned();
  put(nothing, 446 + 12, 0, 4);
  EXPECT_EQ(recognise(nothing), FileKind::kUnknown) << "a partition has sectors";
  FileBytes none = partitioned();
  put(none, 446 + 4, 0, 1);
  EXPECT_EQ(recognise(none), FileKind::kUnknown) << "a table without a partition";
  FileBytes odd = partitioned();
  odd.resize(8191);
  EXPECT_EQ(recognise(odd), FileKind::kUnknown) << "disks have whole sectors";
}

TEST(FileKind, Ext_NeedsASensibleSuperblock) {
  FileBytes file(4096);
  put(file, 0x438, 0xef53, 2);
  put(file, 0x43a, 1, 2);
  put(file, 0x418, 2, 4);
  put(file, 0x44c, 1, 4);
  EXPECT_EQ(recognise(file), FileKind::kExt);
  put(file, 0x418, 7, 4);
  EXPECT_EQ(recognise(file), FileKind::kUnknown) << "there are no blocks of 128 KiB";
  put(file, 0x418, 6, 4);
  EXPECT_EQ(recognise(file), FileKind::kExt);
  put(file, 0x43a, 8, 2);
  EXPECT_EQ(recognise(file), FileKind::kUnknown) << "its state has three bits";
  put(file, 0x43a, 1, 2);
  put(file, 0x44c, 2, 4);
  EXPECT_EQ(recognise(file), FileKind::kUnknown) << "its revision is 0 or 1";
}

// Two letters and a digit are no bzip2; one byte and a small dictionary are no lzma.
TEST(FileKind, WeakMagics_NeedTheRestOfTheHeader) {
  EXPECT_EQ(recognise(at_offset(0, "BZh91AY&SY")), FileKind::kBzip2);
  EXPECT_EQ(recognise(at_offset(0, "BZh91AY&SZ")), FileKind::kUnknown);
  FileBytes lzma = at_offset(0, "\x5d");
  put(lzma, 1, 1 << 23, 4);
  put(lzma, 5, ~uint64_t{0}, 8);
  EXPECT_EQ(recognise(lzma), FileKind::kLzma);
  EXPECT_EQ(recognise(std::span(lzma).first(13)), FileKind::kUnknown) << "nothing is packed in it";
  put(lzma, 5, 100, 8);
  EXPECT_EQ(recognise(lzma), FileKind::kUnknown) << "the size stands at its end";
}

TEST(FileKind, MzAlone_IsNotAnEfiProgram) {
  FileBytes file(512, std::byte{0x13});
  put(file, 0, 0x5a4d, 2);
  EXPECT_EQ(recognise(file), FileKind::kUnknown);
  put(file, 0x3c, 0xffffffff, 4);
  EXPECT_EQ(recognise(file), FileKind::kUnknown) << "the PE header would lie outside";
  put(file, 0x3c, 0x80, 4);
  put(file, 0x80, 0x00004550, 4);
  EXPECT_EQ(recognise(file), FileKind::kPe);
  put(file, 4, 0x676d697a, 4);  // "zimg"
  EXPECT_EQ(recognise(file), FileKind::kEfiZboot);
}

TEST(FileKind, Texts) {
  EXPECT_EQ(recognise(bytes_of("int main(void) { return 0; }\n")), FileKind::kText);
  EXPECT_EQ(recognise(bytes_of(":10000000130510026FF0DFFF\n")), FileKind::kHexText);
  EXPECT_EQ(recognise(bytes_of("S00600004844521B\nS1130000\n")), FileKind::kHexText);
  EXPECT_EQ(recognise(bytes_of("Some text of a person\n")), FileKind::kText);
  EXPECT_EQ(recognise({}), FileKind::kEmpty);
}

TEST(FileKind, MachineCode_IsUnknown) {
  // addi sp, sp, -16; sd ra, 8(sp); auipc a0, 0; jal ra, ...
  const FileBytes code =
      bytes_of(std::string_view("\x13\x01\x01\xff\x23\x34\x11\x00\x17\x05\x00\x00\xef\x00\x40\x00", 16));
  EXPECT_EQ(recognise(code), FileKind::kUnknown);
}

TEST(FileKind, AnyBytesOfAnyLength_AreTakenCalmly) {
  std::mt19937 random(11);
  unsigned unknown = 0;
  for (int i = 0; i < 10'000; ++i) {
    FileBytes file(random() % 700);
    for (std::byte& b : file) b = static_cast<std::byte>(random());
    unknown += recognise(file) == FileKind::kUnknown;
  }
  EXPECT_GT(unknown, 9'900u) << "random bytes pass for something";
}

TEST(FileKind, Advice_QuotesNamesForAShell) {
  EXPECT_THAT(advice_for(FileKind::kXz, "vmlinux.xz"), ::testing::HasSubstr("xz -dc vmlinux.xz > kernel"));
  EXPECT_THAT(advice_for(FileKind::kXz, "a b; rm"), ::testing::HasSubstr("xz -dc 'a b; rm' > kernel"));
  EXPECT_THAT(advice_for(FileKind::kXz, "it's"), ::testing::HasSubstr("xz -dc 'it'\\''s' > kernel"));
  EXPECT_THAT(advice_for(FileKind::kXz, "a\x1b[2J"), ::testing::HasSubstr("'a\\x1b[2J'"));
  EXPECT_THAT(advice_for(FileKind::kXz, "FILE"), ::testing::HasSubstr("xz -dc FILE > kernel"));
  EXPECT_THAT(advice_for(FileKind::kXz, "-f"), ::testing::HasSubstr("xz -dc ./-f > kernel"));
}

}  // namespace
}  // namespace vitrine::core
