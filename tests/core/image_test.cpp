// SPDX-License-Identifier: MIT
// Images that are not ELF: Linux Image, gzip, raw, and what is refused with advice. The header of a Linux
// Image is written here from Documentation/arch/riscv/boot-image-header.rst.
#include "core/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>

#include "elf_builder.h"
#include "gzip_files.h"

namespace vitrine::core {
namespace {

using ::testing::HasSubstr;

FileBytes linux_kernel(uint64_t image_size, size_t file_size = 4096) {
  FileBytes file(file_size, std::byte{0x5a});
  put(file, 0, 0x106f5a4d, 4);  // "MZ", a harmless instruction, and a jump
  put(file, 4, 0x00010d60, 4);
  put(file, 8, 0x200000, 8);  // text_offset
  put(file, 16, image_size, 8);
  put(file, 24, 0, 8);  // flags: little endian
  put(file, 32, 2, 4);  // version 0.2
  put(file, 36, 0, 4);
  put(file, 40, 0, 8);
  put(file, 48, 0x0000005643534952, 8);  // "RISCV"
  put(file, 56, 0x05435352, 4);          // "RSC\x05"
  put(file, 60, 0x40, 4);                // the PE header follows
  put(file, 64, 0x00004550, 4);
  put(file, 70, 1, 2);                // one section, whose table follows the optional header of no bytes
  put(file, 84, 0, 2);
  put(file, 88 + 16, file_size - 128, 4);  // its size in the file, and where it begins
  put(file, 88 + 20, 128, 4);
  return file;
}

std::unique_ptr<GuestRam> ram_of(uint64_t size) { return std::move(*GuestRam::create({0x80000000}, size)); }

std::string refusal(const FileBytes& file, ImageUse use = ImageUse::kKernel) {
  const auto image = parse_image("some file", file, use);
  if (image.ok()) return "it was accepted";
  EXPECT_EQ(image.error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(image.error().message, HasSubstr("'some file'"));
  return image.error().message;
}

TEST(LinuxImage, WithEfiStub_IsAKernelAndNotAnEfiProgram) {
  const FileBytes file = linux_kernel(0x3000);
  auto image = parse_image("Image", file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->kind, ImageKind::kLinuxImage);
  EXPECT_EQ(image->text_offset, 0x200000u);
  EXPECT_EQ(image->image_size, 0x3000u);
  EXPECT_EQ(image->entry, std::nullopt);
  ASSERT_EQ(image->segments.size(), 1u);
  EXPECT_EQ(image->segments[0].at.value, 0u);
  EXPECT_EQ(image->segments[0].bytes, file);
  EXPECT_EQ(image->segments[0].memory_size, 0x3000u);
  EXPECT_EQ(image->file_size, 4096u);
  EXPECT_EQ(image->content_hash, XXH3_64bits(file.data(), file.size()));
  EXPECT_TRUE(image->notes.empty());
}

TEST(LinuxImage, WithoutImageSize_NeedsItsFile) {
  auto image = parse_image("Image", linux_kernel(0), ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->segments[0].memory_size, 4096u);
}

TEST(LinuxImage, Placed_WhereItIsToldAndWithItsBss) {
  const FileBytes file = linux_kernel(0x3000);
  const auto image = parse_image("Image", file, ImageUse::kKernel);
  auto ram = ram_of(4 << 20);
  ASSERT_TRUE(place_image(*ram, image.value(), {0x80200000}).ok());
  EXPECT_EQ(std::memcmp(ram->host({0x80200000}), file.data(), file.size()), 0);
  // The file fits at the end of RAM, the memory that it asks for does not.
  const auto placed = place_image(*ram, image.value(), {0x80400000 - 0x2000});
  ASSERT_FALSE(placed.ok());
  EXPECT_THAT(placed.error().message, HasSubstr("0x3000 bytes at 0x803fe000, and RAM is 4 MiB"));
  EXPECT_THAT(placed.error().message, HasSubstr("--memory 5M"));
}

// What stood there before does not show through: of the second segment four bytes are in the file and 256 in memory.
TEST(Elf, BytesBehindTheFile_BecomeZero) {
  auto ram = ram_of(1 << 20);
  ram->fill([] { return ~uint64_t{0}; });
  auto image = parse_image("k.elf", small_program().build().file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  ASSERT_TRUE(place_image(*ram, *image, {}).ok());
  EXPECT_EQ(std::memcmp(ram->host({0x80002000}), "data", 4), 0);
  for (uint64_t at = 0x80002004; at < 0x80002100; ++at) ASSERT_EQ(*ram->host({at}), 0) << std::hex << at;
  EXPECT_EQ(*ram->host({0x80002100}), 0xff);
  EXPECT_EQ(*ram->host({0x80001fff}), 0xff);
}

TEST(LinuxImage, AbsurdSize_IsRefused) {
  for (const uint64_t size : {~uint64_t{0}, uint64_t{1} << 63, uint64_t{1} << 40})
    EXPECT_THAT(refusal(linux_kernel(size)), HasSubstr("damaged Linux kernel"));
}

TEST(LinuxImage, BigEndian_IsRefused) {
  FileBytes file = linux_kernel(0x3000);
  put(file, 24, 1, 8);
  EXPECT_THAT(refusal(file), HasSubstr("big-endian"));
}

TEST(LinuxImage, CutAtEveryByteOfItsHeader_IsRefused) {
  const FileBytes file = linux_kernel(0x3000);
  for (size_t size = 0; size < 64; ++size)
    EXPECT_NE(refusal({file.begin(), file.begin() + static_cast<ptrdiff_t>(size)}), "it was accepted")
        << size;
}

TEST(LinuxImage, CutInItsSections_IsTruncated) {
  const FileBytes file = linux_kernel(0x3000);
  for (const ptrdiff_t size : {129, 2048, 4096 - 513})
    EXPECT_THAT(refusal({file.begin(), file.begin() + size}), HasSubstr("truncated Linux kernel")) << size;
  EXPECT_TRUE(parse_image("Image", {file.begin(), file.end() - 512}, ImageUse::kKernel).ok()) << "padding";
}

TEST(LinuxImage, RandomMutations_KeepThePromises) {
  const FileBytes original = linux_kernel(0x3000, 256);
  auto ram = ram_of(1 << 20);
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    FileBytes file = original;
    put(file, random() % 57, random() % 2 ? random() : ~uint64_t{0}, 1u << (random() % 4));
    auto image = parse_image("Image", file, ImageUse::kKernel);
    if (!image.ok()) continue;
    ASSERT_EQ(image->segments.size(), 1u);
    ASSERT_GE(image->segments[0].memory_size, image->segments[0].bytes.size());
    const bool placed = place_image(*ram, *image, {0x80000000}).ok();
    ASSERT_EQ(placed, image->segments[0].memory_size <= 1u << 20);
    ASSERT_TRUE(describe_image(*image).ends_with('\n'));
  }
}

TEST(Gzipped, Kernels_AreUnpacked) {
  auto kernel = parse_image("Image.gz", gzipped(linux_kernel(0x3000)), ImageUse::kKernel);
  ASSERT_TRUE(kernel.ok()) << kernel.error().message;
  EXPECT_TRUE(kernel->gzipped);
  EXPECT_EQ(kernel->kind, ImageKind::kLinuxImage);
  EXPECT_EQ(kernel->segments[0].bytes, linux_kernel(0x3000));
  const FileBytes packed = gzipped(small_program().build().file);
  auto elf = parse_image("prog.gz", packed, ImageUse::kKernel);
  ASSERT_TRUE(elf.ok());
  EXPECT_EQ(elf->kind, ImageKind::kElf64);
  EXPECT_EQ(elf->content_hash, XXH3_64bits(packed.data(), packed.size()))
      << "of the file as it is on the disk";
}

TEST(Gzipped, AsData_StaysPacked) {
  const FileBytes packed = gzipped(FileBytes(1000));
  EXPECT_EQ(parse_image("initrd.gz", packed, ImageUse::kData).value().segments[0].bytes, packed);
}

TEST(Gzipped, OtherContents_AreNamed) {
  EXPECT_THAT(
      refusal(gzipped(bytes_of("070701" + std::string(200, '0')))),
      HasSubstr("is a gzip file that holds a cpio archive. An initial file system is given with --initrd"));
  EXPECT_THAT(refusal(gzipped(gzipped(FileBytes(200)))), HasSubstr("holds a gzip file"));
  EXPECT_THAT(refusal(gzipped({})), HasSubstr("holds an empty file"));
  EXPECT_THAT(refusal(gzipped(FileBytes(63))), HasSubstr("has only 63 bytes"));
}

TEST(Gzipped, Damaged_IsRefused) {
  FileBytes packed = gzipped(linux_kernel(0x3000));
  packed.resize(packed.size() / 2);
  EXPECT_THAT(refusal(packed), HasSubstr("truncated gzip file"));
}

TEST(Raw, AnythingWithoutAMagic_IsOneSegment) {
  const FileBytes file(64, std::byte{0x13});
  auto image = parse_image("k.bin", file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->kind, ImageKind::kRaw);
  EXPECT_EQ(image->segments.at(0).memory_size, 64u);
  EXPECT_EQ(image->image_size, 0u);
  auto ram = ram_of(1 << 20);
  ASSERT_TRUE(place_image(*ram, *image, {0x80000010}).ok());
  EXPECT_EQ(*ram->host({0x8000000f}), 0);
  EXPECT_EQ(*ram->host({0x80000010}), 0x13);
  EXPECT_EQ(*ram->host({0x8000004f}), 0x13);
  EXPECT_EQ(*ram->host({0x80000050}), 0);
}

TEST(Raw, BelowRam_WantsAnotherAddress) {
  auto ram = ram_of(1 << 20);
  const auto image = parse_image("k.bin", FileBytes(64), ImageUse::kData);
  for (const uint64_t at : {uint64_t{0x1000}, uint64_t{0x7fffffff}, ~uint64_t{0}, ~uint64_t{0} - 63})
    EXPECT_THAT(place_image(*ram, image.value(), {at}).error().message, HasSubstr("Give another address"))
        << std::hex << at;
}

TEST(Raw, ShortKernel_IsRefusedShortFirmwareIsNot) {
  EXPECT_THAT(refusal(FileBytes(63, std::byte{0x13})),
              HasSubstr("has only 63 bytes; a kernel has at least 64"));
  EXPECT_TRUE(parse_image("fw", FileBytes(4, std::byte{0x13}), ImageUse::kFirmware).ok());
  EXPECT_TRUE(parse_image("d", FileBytes(1), ImageUse::kData).ok());
}

TEST(Raw, Empty_IsRefusedForEveryUse) {
  for (const ImageUse use : {ImageUse::kKernel, ImageUse::kFirmware, ImageUse::kData})
    EXPECT_THAT(refusal({}, use), HasSubstr("is empty"));
}

TEST(Place, Bytes_AreAnnounced) {
  struct Listener : RamListener {
    void after_write(GuestPhys at, size_t size, uint8_t) noexcept override {
      if (at.value <= 0x80001000 && 0x80001000 < at.value + size) ++heard;
    }
    int heard = 0;
  } listener;
  auto ram = ram_of(1 << 20);
  ram->add_listener(&listener);
  ram->set_flag({0x80001000}, kCode);
  const auto image = parse_image("d", FileBytes(8192), ImageUse::kData);
  ASSERT_TRUE(place_image(*ram, image.value(), {0x80000000}).ok());
  EXPECT_EQ(listener.heard, 1);
}

TEST(Refused, FilesOfOtherKinds_SayWhatToDo) {
  struct Row {
    std::string_view magic;
    const char* what;
    const char* advice;
  };
  using namespace std::string_view_literals;
  for (const Row& row : {
           Row{"\xd0\x0d\xfe\xed"sv, "flattened device tree", "--dtb"},
           Row{"\x27\x05\x19\x56"sv, "U-Boot uImage", "dumpimage -p 0 -o kernel 'some file'"},
           Row{"\xfd"
               "7zXZ\0"sv,
               "xz-compressed", "xz -dc 'some file' > kernel"},
           Row{"\x28\xb5\x2f\xfd"sv, "zstd-compressed", "zstd -dc 'some file' > kernel"},
           Row{"BZh91AY&SY"sv, "bzip2-compressed", "bzip2 -dc 'some file' > kernel"},
           Row{"070701"sv, "cpio archive", "--initrd"},
           Row{"hsqs"sv, "squashfs", "--disk"},
           Row{"QFI\xfb"sv, "qcow2", "qemu-img convert"},
           Row{"#!/bin/sh\n"sv, "a script", "kernel that it starts"},
           Row{"!<arch>\n"sv, "static library or a Debian package", "dpkg-deb -x"},
       }) {
    FileBytes file = bytes_of(row.magic);
    file.resize(2048);
    for (const ImageUse use : {ImageUse::kKernel, ImageUse::kFirmware}) {
      EXPECT_THAT(refusal(file, use), HasSubstr(row.what));
      EXPECT_THAT(refusal(file, use), HasSubstr(row.advice));
    }
    EXPECT_TRUE(parse_image("x", file, ImageUse::kData).ok());
  }
}

TEST(ReadImage, MissingFile_IsMissing) {
  const auto image = read_image("/nonexistent/kernel", ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().kind, ErrorKind::kMissing);
  EXPECT_THAT(image.error().message, HasSubstr("There is no file '/nonexistent/kernel'"));
}

}  // namespace
}  // namespace vitrine::core
