// SPDX-License-Identifier: MIT
// `vitrine inspect`: what is said about each kind of file. Files are made here by hand, by the tools that
// normally make them where these are installed, or they are the example kernel's.
#include "app/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "app/inspect_data.h"
#include "tests/core/elf_builder.h"
#include "tests/core/gzip_files.h"
#include "tests/outside.h"

namespace vitrine::app {
namespace {

using core::append;
using core::bytes_of;
using core::FileBytes;
using core::gzipped;
using core::put;
using ::testing::HasSubstr;
using ::testing::Not;

class Inspect : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const FileBytes& bytes) {
    std::ofstream(folder_ + "/" + name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return folder_ + "/" + name;
  }
  // The text without the folder's name.
  std::string inspected(const std::string& path) {
    auto text = inspect_file(path, "./vitrine");
    if (!text.ok()) return "error: " + text.error().message;
    std::string out = *text;
    for (size_t at; (at = out.find(folder_ + "/")) != std::string::npos;) out.erase(at, folder_.size() + 1);
    EXPECT_TRUE(out.ends_with('\n'));
    return out;
  }
  std::string inspected(const std::string& name, const FileBytes& bytes) {
    return inspected(write(name, bytes));
  }
  test::TemporaryFolder temporary_;
  const std::string& folder_ = temporary_.path();
};

// --- Programs

TEST_F(Inspect, ElfThatCoversTheStartOfRam_StartsInMMode) {
  const std::string text = inspected("prog", core::small_program().build().file);
  EXPECT_THAT(text, HasSubstr("prog is an ELF file, "));
  EXPECT_THAT(text, HasSubstr("kind      RISC-V program, ELF, 64 bits\n"));
  EXPECT_THAT(text, HasSubstr("start     in M mode at 0x80000000, with no firmware: it covers 0x80000000\n"));
  EXPECT_THAT(text, HasSubstr("that is _start\n"));
  EXPECT_THAT(text, HasSubstr("tohost = 0x80000100\n"));
  // The eight bytes of the segment: 0x02100513, 0xfffdf06f... as the assembler writes them.
  EXPECT_THAT(text, HasSubstr("code      0x80000000  li a0, 33\n          0x80000004  j 0x80000000\n"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run prog\n"));
}

TEST_F(Inspect, ElfElsewhere_StartsInSModeAboveTheSbi) {
  core::ElfBuilder builder;
  builder.segments.push_back({0x80200000, FileBytes(16, std::byte{0x01}), 16});
  builder.entry = 0x80200004;
  const std::string text = inspected("kernel", builder.build().file);
  EXPECT_THAT(text, HasSubstr("start     in S mode at 0x80200004, above the built-in SBI\n"));
  EXPECT_THAT(text, HasSubstr("segment   0x80200000 .. 0x80200010"));
}

TEST_F(Inspect, ExampleKernel_IsDescribed) {
  const std::string path = VITRINE_SOURCE_DIR "/examples/teach/teach.elf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not built";
  const std::string text = inspected(path);
  EXPECT_THAT(text, HasSubstr("in S mode at 0x80200000, above the built-in SBI"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run "));
}

TEST_F(Inspect, LinuxImage_PlainAndGzipped) {
  FileBytes file(4096);
  put(file, 8, 0x200000, 8);
  put(file, 16, 0x800000, 8);
  put(file, 56, 0x05435352, 4);
  const std::string text = inspected("Image", file);
  EXPECT_THAT(text, HasSubstr("Image is a RISC-V Linux kernel (Image), 4 KiB\n"));
  EXPECT_THAT(text, HasSubstr("memory    8 MiB from 0x200000 above the start of RAM\n"));
  EXPECT_THAT(text, HasSubstr("in S mode at 0x80200000"));
  const std::string packed = inspected("Image.gz", gzipped(file));
  EXPECT_THAT(packed, HasSubstr("Image.gz is a gzip file"));
  EXPECT_THAT(packed, HasSubstr("kind      Linux kernel (Image), gzipped\n"));
  EXPECT_THAT(packed, HasSubstr("memory    8 MiB"));
}

TEST_F(Inspect, RawCode_CanBeKernelOrFirmware) {
  FileBytes file;
  for (int i = 0; i < 32; ++i) append(file, 0x00100513, 4);  // li a0, 1
  const std::string text = inspected("fw.bin", file);
  EXPECT_THAT(text, HasSubstr("fw.bin is raw data, 128 bytes\n"));
  EXPECT_THAT(text, HasSubstr("code      0x80200000  li a0, 1\n"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run fw.bin\n"));
  EXPECT_THAT(text, HasSubstr("as firmware, in M mode at 0x80000000: ./vitrine run --bios fw.bin\n"));
}

TEST_F(Inspect, RawFileThatBeginsWithNoInstruction_IsData) {
  const std::string text = inspected("fs.img", FileBytes(4096));
  EXPECT_THAT(text, HasSubstr("does not begin with an instruction"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run KERNEL --disk fs.img\n"));
  EXPECT_THAT(text, Not(HasSubstr("--bios")));
}

TEST_F(Inspect, ProgramWithoutCodeAtItsStart_IsNoted) {
  core::ElfBuilder builder;
  builder.segments.push_back({0x80000000, {}, 4096});  // nothing but zero memory
  EXPECT_THAT(inspected("p", builder.build().file), HasSubstr("no instruction where it starts"));
}

TEST_F(Inspect, RefusedPrograms_SayWhy) {
  FileBytes rv32 = core::small_program().build().file;
  put(rv32, core::elf_field::kClass, 1, 1);
  EXPECT_THAT(inspected("p", rv32), HasSubstr("refused   'p' is a 32-bit RISC-V (RV32) program."));
  EXPECT_THAT(inspected("p", FileBytes(10)), HasSubstr("too short for a kernel"));
  EXPECT_THAT(inspected("e", {}), HasSubstr("e is an empty file, 0 bytes"));
  EXPECT_THAT(inspected("k.xz", bytes_of(std::string_view("\xfd"
                                                          "7zXZ\0----",
                                                          10))),
              HasSubstr("advice    Unpack it and give the result: xz -dc k.xz > kernel"));
}

TEST_F(Inspect, FilesThatCannotBeRead_AreErrors) {
  EXPECT_EQ(inspect_file(folder_ + "/none", "./vitrine").error().kind, core::ErrorKind::kMissing);
  EXPECT_THAT(inspect_file(folder_, "./vitrine").error().message, HasSubstr("is a directory"));
}

TEST_F(Inspect, NamesWithControlCharacters_AreMadeHarmless) {
  EXPECT_THAT(inspected("a\x1b[2J", FileBytes(100)), Not(HasSubstr("\x1b")));
}

// --- Initial file systems

void add_member(FileBytes& archive, const std::string& name, const std::string& data) {
  std::string header = "070701";
  const uint64_t fields[13] = {1, 0100644, 0, 0, 1, 0, data.size(), 0, 0, 0, 0, name.size() + 1, 0};
  for (const uint64_t field : fields) header += fmt::format("{:08X}", field);
  for (const std::string& part : {header + name + '\0', data}) {
    const FileBytes bytes = bytes_of(part);
    archive.insert(archive.end(), bytes.begin(), bytes.end());
    while (archive.size() % 4 != 0) append(archive, 0, 1);
  }
}

FileBytes initrd(bool with_init) {
  FileBytes archive;
  add_member(archive, "etc/motd", "hello");
  if (with_init) add_member(archive, "init", "#!/bin/sh\n");
  add_member(archive, "TRAILER!!!", "");
  return archive;
}

TEST_F(Inspect, InitialFileSystem_PlainAndGzipped) {
  const std::string text = inspected("initrd", initrd(true));
  EXPECT_THAT(text, HasSubstr("initrd is a cpio archive"));
  EXPECT_THAT(text, HasSubstr("holds     2 entries, 15 bytes\n"));
  EXPECT_THAT(text, HasSubstr("init      /init is there"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run KERNEL --initrd initrd\n"));
  const std::string packed = inspected("initrd.gz", gzipped(initrd(false)));
  EXPECT_THAT(packed, HasSubstr("holds     a cpio archive\n"));
  EXPECT_THAT(packed, HasSubstr("holds     1 entries, 5 bytes\n"));
  EXPECT_THAT(packed, HasSubstr("there is no /init"));
}

TEST(DescribeCpio, TruncatedAtEveryByte_SaysSo) {
  const FileBytes whole = initrd(true);
  for (size_t size = 0; size + 4 < whole.size(); ++size) {
    const std::string text = describe_cpio(std::span(whole).first(size));
    EXPECT_EQ(text.find("breaks off") != std::string::npos, text.find("/init") == std::string::npos) << size;
    if (size < 300) {
      EXPECT_THAT(text, HasSubstr("breaks off")) << size;
    }
  }
}

// --- Device trees

// Fails a test rather than giving a tree that is not whole.
FileBytes small_tree() {
  std::vector<char> buffer(4096);
  void* t = buffer.data();
  int bad = fdt_create(t, 4096) | fdt_finish_reservemap(t) | fdt_begin_node(t, "");
  bad |= fdt_property_string(t, "model", "toy board") | fdt_property_string(t, "compatible", "toy,board");
  bad |= fdt_begin_node(t, "cpus");
  for (const char* name : {"cpu@0", "cpu@1"}) {
    bad |= fdt_begin_node(t, name) | fdt_property_string(t, "device_type", "cpu");
    bad |= fdt_property_string(t, "riscv,isa", "rv64imac") | fdt_end_node(t);
  }
  bad |= fdt_end_node(t) | fdt_begin_node(t, "memory@80000000");
  const fdt64_t reg[2] = {cpu_to_fdt64(0x80000000), cpu_to_fdt64(256 << 20)};
  bad |= fdt_property_string(t, "device_type", "memory") | fdt_property(t, "reg", reg, sizeof reg);
  bad |= fdt_end_node(t) | fdt_begin_node(t, "chosen");
  bad |= fdt_property_string(t, "bootargs", "console=ttyS0 \x1b[31m") | fdt_end_node(t);
  bad |= fdt_end_node(t) | fdt_finish(t);
  EXPECT_EQ(bad, 0);
  return bytes_of({buffer.data(), fdt_totalsize(t)});
}

TEST_F(Inspect, DeviceTree_ShowsTheBoard) {
  const std::string text = inspected("board.dtb", small_tree());
  EXPECT_THAT(text, HasSubstr("model     toy board\nboard     toy,board\ncpu       rv64imac\nharts     2\n"
                              "memory    256 MiB at 0x80000000\nappend    console=ttyS0 \\x1b[31m\n"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run KERNEL --dtb board.dtb\n"));
}

TEST(DescribeTree, TruncatedAtEveryByte_IsDamaged) {
  const FileBytes whole = small_tree();
  for (size_t size = 0; size < whole.size(); ++size) {
    const FileBytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_THAT(describe_tree(cut), HasSubstr("damage")) << size;
  }
}

TEST(DescribeTree, FitImage_ListsWhatItHolds) {
  std::vector<char> buffer(4096);
  void* t = buffer.data();
  int bad = fdt_create(t, 4096) | fdt_finish_reservemap(t) | fdt_begin_node(t, "");
  bad |= fdt_property_string(t, "description", "a bundle") | fdt_begin_node(t, "images");
  bad |= fdt_begin_node(t, "kernel") | fdt_property_string(t, "type", "kernel");
  bad |= fdt_property_string(t, "arch", "riscv") | fdt_end_node(t) | fdt_end_node(t);
  bad |= fdt_end_node(t) | fdt_finish(t);
  ASSERT_EQ(bad, 0);
  const std::string text = describe_tree(bytes_of({buffer.data(), fdt_totalsize(t)}));
  EXPECT_THAT(text,
              HasSubstr("form      U-Boot FIT image\ntext      a bundle\nimage     kernel: kernel riscv"));
}

// --- Disks

TEST_F(Inspect, MasterBootRecord_ListsPartitions) {
  FileBytes file(8192);
  put(file, 446 + 4, 0x83, 1);
  put(file, 446 + 8, 2048, 4);
  put(file, 446 + 12, 4096, 4);
  put(file, 510, 0xaa55, 2);
  const std::string text = inspected("disk.img", file);
  EXPECT_THAT(text, HasSubstr("disk.img is a disk image with a partition table, 8 KiB\n"));
  EXPECT_THAT(text, HasSubstr("partition 1: 2 MiB from sector 2048, type 0x83 Linux\n"));
  EXPECT_THAT(text, HasSubstr("use       ./vitrine run KERNEL --disk disk.img\n"));
}

FileBytes gpt_disk() {
  FileBytes file = bytes_of(std::string(512, '\0') + "EFI PART");
  file.resize(8192);
  put(file, 512 + 72, 2, 8);       // entries begin in sector 2
  put(file, 512 + 80, 128, 4);     // of them
  put(file, 512 + 84, 128, 4);     // bytes each
  put(file, 1024 + 0, 0x4477, 8);  // entry 1: some type
  put(file, 1024 + 32, 2048, 8);
  put(file, 1024 + 40, 6143, 8);
  for (size_t i = 0; i < 4; ++i) put(file, 1024 + 56 + 2 * i, static_cast<uint8_t>("boot"[i]), 2);
  return file;
}

TEST_F(Inspect, GuidPartitionTable_ListsPartitions) {
  EXPECT_THAT(inspected("gpt.img", gpt_disk()), HasSubstr("partition 1: 2 MiB from sector 2048, boot\n"));
}

TEST(DescribePartitions, DamagedGpt_IsSaid) {
  for (const auto& [field, value] :
       {std::pair<size_t, uint64_t>{72, ~uint64_t{0}}, {72, 0}, {84, 0}, {84, 64}, {84, 0xffffffff}}) {
    FileBytes file = gpt_disk();
    put(file, 512 + field, value, field == 72 ? 8 : 4);
    EXPECT_THAT(describe_partitions(file), HasSubstr("damaged")) << field << " " << value;
  }
  FileBytes backwards = gpt_disk();
  put(backwards, 1024 + 40, 1, 8);
  EXPECT_THAT(describe_partitions(backwards), HasSubstr("1: damaged from sector 2048"));
}

FileBytes ext_disk() {
  FileBytes file(4096);
  put(file, 1024 + 4, 1000, 4);
  put(file, 1024 + 0x18, 2, 4);  // blocks of 4 KiB
  put(file, 1024 + 0x38, 0xef53, 2);
  put(file, 1024 + 0x5c, 4, 4);
  put(file, 1024 + 0x60, 0x40 | 4, 4);
  for (size_t i = 0; i < 4; ++i) put(file, 1024 + 0x78 + i, static_cast<uint8_t>("root"[i]), 1);
  return file;
}

TEST_F(Inspect, ExtFileSystem_IsDescribed) {
  const std::string text = inspected("root.img", ext_disk());
  EXPECT_THAT(text, HasSubstr("holds     ext4\nextent    1000 blocks of 4 KiB, 3.9 MiB\nlabel     root\n"));
  EXPECT_THAT(text, HasSubstr("was not unmounted"));
  FileBytes older = ext_disk();
  put(older, 1024 + 0x60, 0, 4);
  EXPECT_THAT(describe_ext(older), HasSubstr("holds     ext3\n"));
  put(older, 1024 + 0x5c, 0, 4);
  EXPECT_THAT(describe_ext(older), HasSubstr("holds     ext2\n"));
}

TEST_F(Inspect, RealExt4_IsWhatMke2fsMade) {
  const std::string path = folder_ + "/real.ext4";
  const std::string command =
      "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -b 1024 -L mydisk " + path + " 4M >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "mke2fs is not here (package e2fsprogs)";
  EXPECT_THAT(inspected(path),
              HasSubstr("holds     ext4\nextent    4096 blocks of 1 KiB, 4 MiB\nlabel     mydisk\nuse "));
}

TEST_F(Inspect, RealDeviceTree_IsWhatDtcMade) {
  std::ofstream(folder_ + "/b.dts")
      << "/dts-v1/; / { model = \"by dtc\"; cpus { cpu@0 { device_type = \"cpu\"; "
         "riscv,isa = \"rv64imac\"; reg = <0>; }; }; };";
  const std::string command = "dtc -q -O dtb -o " + folder_ + "/b.dtb " + folder_ + "/b.dts >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "dtc is not here (package device-tree-compiler)";
  EXPECT_THAT(inspected(folder_ + "/b.dtb"),
              HasSubstr("model     by dtc\ncpu       rv64imac\nharts     1\n"));
}

// --- Hostile files of every kind

TEST(InspectData, RandomMutations_AreDescribedOrNot) {
  std::mt19937_64 random(99);
  using Describe = std::string (*)(std::span<const std::byte>);
  const std::pair<FileBytes, Describe> kinds[] = {{small_tree(), describe_tree},
                                                  {initrd(true), describe_cpio},
                                                  {gpt_disk(), describe_partitions},
                                                  {ext_disk(), describe_ext}};
  for (int i = 0; i < 10'000; ++i) {
    const auto& [original, describe] = kinds[i % 4];
    FileBytes file = original;
    for (unsigned n = 1 + random() % 3; n-- > 0;) {
      const uint64_t value = random() % 2 ? random() : ~uint64_t{0};
      const unsigned width = 1u << (random() % 4);
      for (unsigned b = 0, at = static_cast<unsigned>(random() % (file.size() - 8)); b < width; ++b)
        file[at + b] = static_cast<std::byte>(value >> (8 * b));
    }
    if (random() % 8 == 0) file.resize(random() % file.size());
    const std::string text = describe(file);
    ASSERT_LT(text.size(), 20'000u);
    ASSERT_TRUE(text.empty() || text.ends_with('\n'));
    for (const char c : text) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << i;
  }
}

}  // namespace
}  // namespace vitrine::app
