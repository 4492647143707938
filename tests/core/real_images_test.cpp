// SPDX-License-Identifier: MIT
// The loaders on files that others made: the example kernel of this tree judged by readelf, programs from the
// RISC-V cross compiler, this test program itself, and the guests that tools/guests fetched. What is not on
// the machine is skipped aloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/file.h"
#include "core/file_kind.h"
#include "core/gzip.h"
#include "core/image.h"
#include "gzip_files.h"
#include "tests/outside.h"

namespace vitrine::core {
namespace {

using test::output_of;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

uint64_t number(const std::string& text, int base) { return std::stoull(text, nullptr, base); }

// "  LOAD  0x001000 0x...vaddr 0x...paddr 0xfilesz 0xmemsz R E 0x1000"
void compare_segments(const Image& image, const std::string& readelf) {
  std::istringstream in(readelf);
  std::map<uint64_t, std::vector<std::string>> loads;
  for (std::string line; std::getline(in, line);)
    if (const auto w = words(line); w.size() >= 6 && w[0] == "LOAD" && number(w[5], 16) != 0)
      loads[number(w[3], 16)] = w;
  ASSERT_EQ(image.segments.size(), loads.size());
  size_t i = 0;
  for (const auto& [paddr, w] : loads) {
    const ImageSegment& s = image.segments[i++];
    EXPECT_EQ(s.at.value, paddr);
    EXPECT_EQ(s.linked_at.value, number(w[2], 16));
    EXPECT_EQ(s.bytes.size(), number(w[4], 16));
    EXPECT_EQ(s.memory_size, number(w[5], 16));
  }
}

// "   12: 0000000080000000   16 FUNC    GLOBAL DEFAULT    1 _start"
void compare_symbols(const Image& image, const std::string& readelf) {
  std::istringstream in(readelf);
  unsigned compared = 0;
  std::map<std::string, std::vector<uint64_t>> values;
  for (std::string line; std::getline(in, line);) {
    const auto w = words(line);
    if (w.size() != 8 || w[6] == "UND" || w[6] == "Ndx" || w[3] == "SECTION" || w[3] == "FILE") continue;
    values[w[7]].push_back(number(w[1], 16));
  }
  for (const auto& [name, all] : values) {
    const auto value = image.symbol(name);
    ASSERT_TRUE(value.has_value()) << name;
    EXPECT_THAT(all, ::testing::Contains(*value)) << name;
    ++compared;
  }
  EXPECT_GT(compared, 5u);
}

// 64 bits of a file at an offset, for comparing contents without the loader.
void compare_bytes(const Image& image, const std::string& path, const std::string& readelf) {
  std::ifstream file(path, std::ios::binary);
  std::istringstream in(readelf);
  for (std::string line; std::getline(in, line);) {
    const auto w = words(line);
    if (w.size() < 6 || w[0] != "LOAD" || number(w[4], 16) == 0) continue;
    std::string bytes(number(w[4], 16), '\0');
    file.seekg(static_cast<std::streamoff>(number(w[1], 16)));
    ASSERT_TRUE(file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
    for (const ImageSegment& s : image.segments) {
      if (s.at.value != number(w[3], 16)) continue;
      EXPECT_EQ(std::memcmp(s.bytes.data(), bytes.data(), bytes.size()), 0);
    }
  }
}

void compare_with_readelf(const std::string& path) {
  const auto segments = output_of("readelf -lW '" + path + "'");
  const auto symbols = output_of("readelf -sW '" + path + "'");
  if (!segments || !symbols)
    GTEST_SKIP() << "readelf is not here (package binutils), nothing to compare with";
  auto image = read_image(path, ImageUse::kKernel);
  ASSERT_TRUE(image.ok()) << image.error().message;
  compare_segments(*image, *segments);
  compare_symbols(*image, *symbols);
  compare_bytes(*image, path, *segments);
  ASSERT_TRUE(image->entry.has_value());
  const auto entry = segments->find("Entry point 0x");
  ASSERT_NE(entry, std::string::npos);
  EXPECT_EQ(image->entry->value, number(segments->substr(entry + 12, 18), 16));
}

TEST(RealImages, ExampleKernel_IsWhatReadelfSays) {
  const std::string path = VITRINE_SOURCE_DIR "/examples/teach/teach.elf";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not built";
  compare_with_readelf(path);
}

class CrossCompiled : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!output_of("riscv64-unknown-elf-gcc --version"))
      GTEST_SKIP() << "riscv64-unknown-elf-gcc is not here (package gcc-riscv64-unknown-elf)";
    std::ofstream(folder_.file("p.c"))
        << "int counter = 7; int cleared[100];\n"
           "static int twice(int n) { return n + n; }\n"
           "__attribute__((noinline)) int add(int n) { return counter += n; }\n"
           "void _start(void) { cleared[3] = add(twice(3)); for (;;); }\n";
  }
  // Builds p.c with these flags into `name`.
  std::string build(const std::string& name, const std::string& flags) {
    const std::string path = folder_.file(name);
    EXPECT_TRUE(output_of("riscv64-unknown-elf-gcc -nostdlib -g -o " + path + " " + folder_.file("p.c") +
                          " " + flags))
        << flags;
    return path;
  }
  test::TemporaryFolder folder_;
};

TEST_F(CrossCompiled, Programs_AreWhatReadelfSays) {
  compare_with_readelf(build("a", "-O2 -mcmodel=medany -Wl,-Ttext=0x80000000"));
  compare_with_readelf(build("b", "-O0 -mcmodel=medany -Wl,-Ttext=0x80200000 -Wl,-Tdata=0x80400000"));
  compare_with_readelf(build("c", "-O2 -mcmodel=medany -Wl,-N -Wl,-Ttext=0x80000000"));
}

TEST_F(CrossCompiled, Rv32_SaysSo) {
  const auto image =
      read_image(build("rv32", "-march=rv32imac -mabi=ilp32 -Wl,-Ttext=0x80000000"), ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("32-bit RISC-V (RV32)"));
}

TEST_F(CrossCompiled, ObjectFile_SaysSo) {
  const auto image = read_image(build("p.o", "-c"), ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("not linked"));
}

TEST_F(CrossCompiled, Stripped_LoadsWithoutSymbols) {
  auto image = read_image(build("s", "-s -mcmodel=medany -Wl,-Ttext=0x80000000"), ImageUse::kKernel);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_TRUE(image->symbols.empty());
  EXPECT_TRUE(image->entry.has_value());
}

TEST(RealImages, ThisProgram_IsForTheHost) {
#if defined(__x86_64__)
  const auto image = read_image("/proc/self/exe", ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("is an x86-64 program, not RISC-V"));
#else
  GTEST_SKIP() << "the host is not x86-64";
#endif
}

// --- What tools/guests/fetch has put into the cache

class FetchedGuests : public ::testing::Test {
 protected:
  static std::string path(const std::string& name) {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const std::string base = cache && *cache ? cache : std::string(home ? home : "") + "/.cache";
    return base + "/vitrine/guests/" + name;
  }
};
#define NEEDS_GUEST(name) \
  if (!fs::exists(path(name))) GTEST_SKIP() << path(name) << " is not here: run tools/guests/fetch"

TEST_F(FetchedGuests, DebianKernel_IsALinuxImagePlainAndGzipped) {
  NEEDS_GUEST("linux/Image");
  auto image = read_image(path("linux/Image"), ImageUse::kKernel);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->kind, ImageKind::kLinuxImage);
  EXPECT_EQ(image->text_offset, 0x200000u);
  EXPECT_GT(image->image_size, image->file_size) << "with its bss";
  EXPECT_LT(image->image_size, image->file_size + (64 << 20));
  auto packed = parse_image("Image.gz", gzipped(image->segments[0].bytes), ImageUse::kKernel);
  ASSERT_TRUE(packed.ok());
  EXPECT_TRUE(packed->gzipped);
  EXPECT_EQ(packed->segments[0].bytes, image->segments[0].bytes);
  auto ram = std::move(*GuestRam::create({0x80000000}, 16 << 20));
  EXPECT_THAT(place_image(*ram, *image, {0x80200000}).error().message,
              HasSubstr("It needs at least --memory"));
}

TEST_F(FetchedGuests, OpenSbi_IsRawFirmware) {
  NEEDS_GUEST("linux/opensbi-1.6/fw_dynamic.bin");
  auto image = read_image(path("linux/opensbi-1.6/fw_dynamic.bin"), ImageUse::kFirmware);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->kind, ImageKind::kRaw);
}

TEST_F(FetchedGuests, InitialFileSystem_IsRecognisedInsideGzip) {
  NEEDS_GUEST("linux/initramfs.cpio.gz");
  const auto image = read_image(path("linux/initramfs.cpio.gz"), ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("gzip file that holds a cpio archive"));
  const auto head = read_head(path("linux/initramfs.cpio.gz"), 4096);
  EXPECT_EQ(recognise(gunzip_head(head.value().bytes, 64)), FileKind::kCpio);
}

TEST_F(FetchedGuests, Disks_AreRecognised) {
  NEEDS_GUEST("u-boot-disk/disk.img");
  EXPECT_EQ(recognise(read_head(path("u-boot-disk/disk.img"), 65536)->bytes), FileKind::kPartitioned);
  NEEDS_GUEST("linux-disk/root.ext4");
  EXPECT_EQ(recognise(read_head(path("linux-disk/root.ext4"), 65536)->bytes), FileKind::kExt);
}

}  // namespace
}  // namespace vitrine::core
