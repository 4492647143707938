// SPDX-License-Identifier: MIT
// gzip within bounds. The packed files are zlib's, made with its own interface.
#include "core/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "gzip_files.h"

namespace vitrine::core {
namespace {

using ::testing::HasSubstr;

FileBytes varied(size_t size) {
  std::mt19937 random(5);
  FileBytes data(size);
  for (std::byte& b : data) b = static_cast<std::byte>(random() % 7);
  return data;
}

TEST(Gunzip, RoundTrip) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}, size_t{5 << 20}}) {
    const FileBytes data = varied(size);
    auto out = gunzip("k.gz", gzipped(data), 16 << 20);
    ASSERT_TRUE(out.ok()) << out.error().message;
    EXPECT_EQ(*out, data);
  }
}

TEST(Gunzip, Limit_IsExact) {
  const FileBytes packed = gzipped(varied(100'000));
  EXPECT_TRUE(gunzip("k.gz", packed, 100'000).ok());
  const auto out = gunzip("k.gz", packed, 99'999);
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(out.error().message, HasSubstr("unpacks to more than 97.6 KiB"));
}

TEST(Gunzip, Bomb_StopsAtTheLimit) {
  const FileBytes packed = gzipped(FileBytes(64 << 20));  // a hundredth of that and less
  ASSERT_LT(packed.size(), 400'000u);
  const auto out = gunzip("k.gz", packed, 1 << 20);
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message, HasSubstr("more than 1 MiB"));
}

TEST(Gunzip, TruncatedAtEveryByte_IsRefused) {
  const FileBytes packed = gzipped(varied(500));
  for (size_t size = 0; size < packed.size(); ++size) {
    const auto out = gunzip("k.gz", std::span(packed).first(size), 1 << 20);
    ASSERT_FALSE(out.ok()) << size;
    EXPECT_THAT(out.error().message, HasSubstr("truncated")) << size;
  }
}

TEST(Gunzip, WrongChecksum_IsRefused) {
  FileBytes packed = gzipped(varied(500));
  packed[packed.size() - 8] ^= std::byte{1};
  EXPECT_THAT(gunzip("k.gz", packed, 1 << 20).error().message, HasSubstr("incorrect data check"));
}

TEST(Gunzip, WhatFollows_IsLeftAlone) {
  const FileBytes data = varied(500);
  FileBytes packed = gzipped(data);
  packed.resize(packed.size() + 512);
  auto out = gunzip("k.gz", packed, 1 << 20);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out, data);
}

TEST(Gunzip, RandomMutations_EndWithoutACrash) {
  const FileBytes data = varied(2000);
  const FileBytes packed = gzipped(data);
  std::mt19937 random(7);
  for (int i = 0; i < 10'000; ++i) {
    FileBytes file = packed;
    file[random() % file.size()] ^= static_cast<std::byte>(1 + random() % 255);
    auto out = gunzip("k.gz", file, 1 << 20);
    // The check sum tells every change of the data; the header's names and times are free.
    if (out.ok()) {
      ASSERT_EQ(*out, data) << i;
    }
    (void)gunzip_head(file, 100);
  }
}

TEST(GunzipHead, CutInput_GivesWhatThereIs) {
  const FileBytes data = varied(100'000);
  const FileBytes packed = gzipped(data);
  const auto head = gunzip_head(std::span(packed).first(packed.size() / 2), 1000);
  ASSERT_EQ(head.size(), 1000u);
  EXPECT_TRUE(std::equal(head.begin(), head.end(), data.begin()));
  EXPECT_LE(gunzip_head(std::span(packed).first(30), 1000).size(), 1000u);
  EXPECT_TRUE(gunzip_head({}, 1000).empty());
}

}  // namespace
}  // namespace vitrine::core
