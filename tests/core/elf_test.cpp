// SPDX-License-Identifier: MIT
// ELF files: what is loaded, and which message each foreign or damaged file gets. Files are built in
// elf_builder.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/image.h"
#include "elf_builder.h"

namespace vitrine::core {
namespace {

using ::testing::HasSubstr;

Image load(const FileBytes& file) {
  auto image = parse_image("prog.elf", file, ImageUse::kKernel);
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message);
  return image.ok() ? *image : Image{};
}

std::string refusal(const FileBytes& file) {
  const auto image = parse_image("prog.elf", file, ImageUse::kKernel);
  if (image.ok()) return "it was accepted";
  EXPECT_EQ(image.error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(image.error().message, HasSubstr("'prog.elf'"));
  return image.error().message;
}

// small_program() with one field changed.
FileBytes with(size_t offset, uint64_t value, unsigned width) {
  FileBytes file = small_program().build().file;
  put(file, offset, value, width);
  return file;
}
FileBytes with_ph(unsigned segment, size_t field, uint64_t value, unsigned width = 8) {
  return with(BuiltElf::program_header(segment) + field, value, width);
}

TEST(Elf, SmallProgram_IsLoadedAsItSays) {
  const Image image = load(small_program().build().file);
  EXPECT_EQ(image.kind, ImageKind::kElf64);
  EXPECT_FALSE(image.gzipped);
  ASSERT_EQ(image.segments.size(), 2u);
  EXPECT_EQ(image.segments[0].at.value, 0x80000000u);
  EXPECT_EQ(image.segments[0].memory_size, 8u);
  EXPECT_EQ(image.segments[0].bytes, bytes_of("\x13\x05\x10\x02\x6f\xf0\xdf\xff"));
  EXPECT_TRUE(image.segments[0].executable);
  EXPECT_EQ(image.segments[1].at.value, 0x80002000u);
  EXPECT_EQ(image.segments[1].memory_size, 0x100u);
  EXPECT_EQ(image.segments[1].bytes, bytes_of("data"));
  EXPECT_FALSE(image.segments[1].executable);
  ASSERT_TRUE(image.entry.has_value());
  EXPECT_EQ(image.entry->value, 0x80000000u);
  EXPECT_EQ(image.low().value, 0x80000000u);
  EXPECT_EQ(image.high().value, 0x80002100u);
  EXPECT_EQ(image.symbol("tohost"), 0x80000100u);
  EXPECT_EQ(image.symbol("fromhost"), std::nullopt);
  EXPECT_TRUE(image.notes.empty());
}

TEST(Elf, Covers_OnlySegments) {
  const Image image = load(small_program().build().file);
  EXPECT_TRUE(image.covers({0x80000000}));
  EXPECT_TRUE(image.covers({0x80000007}));
  EXPECT_FALSE(image.covers({0x80000008}));
  EXPECT_FALSE(image.covers({0x7fffffff}));
  EXPECT_TRUE(image.covers({0x800020ff})) << "the zero-filled rest belongs to the segment";
  EXPECT_FALSE(image.covers({0x80002100}));
}

TEST(Elf, SegmentsOutOfOrder_AreSortedByAddress) {
  ElfBuilder builder = small_program();
  std::swap(builder.segments[0], builder.segments[1]);
  const Image image = load(builder.build().file);
  EXPECT_EQ(image.segments[0].at.value, 0x80000000u);
  EXPECT_EQ(image.segments[1].at.value, 0x80002000u);
}

TEST(Elf, StaticPie_IsLoadedAtItsAddresses) {
  ElfBuilder builder = small_program();
  builder.type = 3;
  EXPECT_EQ(load(builder.build().file).low().value, 0x80000000u);
}

TEST(Elf, LinkedHigh_EntryAndSymbolsAreFoundAtPhysicalAddresses) {
  ElfBuilder builder;
  builder.segments.push_back({0x80200000, bytes_of("0123456789abcdef"), 0x1000, 0xffffffff80000000});
  builder.entry = 0xffffffff80000004;
  builder.text_address = 0xffffffff80000000;
  builder.symbols = {{"tohost", 0xffffffff80000008, 1}, {"elsewhere", 0x1234, 1, 1, 0xfff1}};
  const Image image = load(builder.build().file);
  EXPECT_EQ(image.entry->value, 0x80200004u);
  EXPECT_EQ(image.symbol("tohost"), 0xffffffff80000008u);
  EXPECT_EQ(image.symbol_at("tohost")->value, 0x80200008u);
  EXPECT_EQ(image.symbol("elsewhere"), 0x1234u);
  EXPECT_EQ(image.symbol_at("elsewhere"), std::nullopt);
  EXPECT_EQ(image.symbols.text(0xffffffff8000000a), "tohost+0x2");
}

TEST(Elf, EntryOutsideCode_IsNotedAndNotUsed) {
  for (const uint64_t entry : {uint64_t{0}, uint64_t{0x80002000}, uint64_t{0x80000001}, ~uint64_t{0}}) {
    const Image image = load(with(elf_field::kEntry, entry, 8));
    EXPECT_EQ(image.entry, std::nullopt) << std::hex << entry;
    ASSERT_EQ(image.notes.size(), 1u);
    EXPECT_THAT(image.notes[0], HasSubstr("entry point"));
  }
}

TEST(Elf, EmptyLoadSegments_AreSkipped) {
  ElfBuilder builder = small_program();
  builder.segments.push_back({0x80000000, {}, 0});  // inside another, but of no size
  EXPECT_EQ(load(builder.build().file).segments.size(), 2u);
}

TEST(Elf, OtherSegmentTypes_AreNotLoaded) {
  ElfBuilder builder = small_program();
  builder.segments.push_back({0x80000000, bytes_of("attributes"), 10, ~uint64_t{0}, 4, 0x70000003});
  EXPECT_EQ(load(builder.build().file).segments.size(), 2u);
}

TEST(Elf, ForFirmware_IsTheSame) {
  const auto image = parse_image("fw.elf", small_program().build().file, ImageUse::kFirmware);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().kind, ImageKind::kElf64);
}

TEST(Elf, AsData_IsNotLookedInto) {
  const FileBytes file = small_program().build().file;
  auto image = parse_image("disk", file, ImageUse::kData);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->kind, ImageKind::kRaw);
  EXPECT_EQ(image->segments.at(0).bytes, file);
}

TEST(ElfRefused, Rv32_SaysSo) {
  EXPECT_THAT(refusal(with(elf_field::kClass, 1, 1)), HasSubstr("is a 32-bit RISC-V (RV32) program"));
  EXPECT_THAT(refusal(with(elf_field::kClass, 1, 1)), HasSubstr("Vitrine runs RV64"));
}

TEST(ElfRefused, OtherMachines_AreNamed) {
  struct Row {
    uint16_t number;
    const char* text;
  };
  for (const Row& row :
       {Row{62, "is an x86-64 program, not RISC-V"}, Row{183, "is an AArch64"}, Row{40, "32-bit Arm"},
        Row{8, "is a MIPS program"}, Row{258, "is a LoongArch program"}, Row{9999, "machine number 9999"}})
    EXPECT_THAT(refusal(with(elf_field::kMachine, row.number, 2)), HasSubstr(row.text));
}

TEST(ElfRefused, BigEndian_SaysSo) {
  FileBytes file = with(elf_field::kData, 2, 1);
  put(file, elf_field::kMachine, 0xf300, 2);  // 243 as big endian
  EXPECT_THAT(refusal(file), HasSubstr("is a big-endian RISC-V program"));
  put(file, elf_field::kMachine, 0x1500, 2);
  EXPECT_THAT(refusal(file), HasSubstr("is a PowerPC64 program"));
}

TEST(ElfRefused, Types_SayWhatToDo) {
  EXPECT_THAT(refusal(with(elf_field::kType, 1, 2)), HasSubstr("object file that is not linked. Link it"));
  EXPECT_THAT(refusal(with(elf_field::kType, 4, 2)), HasSubstr("is a core dump"));
  EXPECT_THAT(refusal(with(elf_field::kType, 0, 2)), HasSubstr("has ELF type 0"));
  EXPECT_THAT(refusal(with(elf_field::kType, 0xfe00, 2)), HasSubstr("has ELF type 65024"));
}

TEST(ElfRefused, IdentificationOutOfRange) {
  EXPECT_THAT(refusal(with(elf_field::kClass, 3, 1)), HasSubstr("class 3 does not exist"));
  EXPECT_THAT(refusal(with(elf_field::kData, 0, 1)), HasSubstr("byte order 0 does not exist"));
  EXPECT_THAT(refusal(with(elf_field::kVersion, 2, 1)), HasSubstr("ELF version 2"));
}

TEST(ElfRefused, LinuxProgram_IsToldFromKernel) {
  ElfBuilder builder = small_program();
  builder.segments.push_back({0, bytes_of("/lib/ld-linux-riscv64-lp64d.so.1"), 32, ~uint64_t{0}, 4, 3});
  EXPECT_THAT(refusal(builder.build().file), HasSubstr("run it there"));
}

TEST(ElfRefused, ProgramHeaderTable) {
  EXPECT_THAT(refusal(with(elf_field::kPhnum, 0, 2)), HasSubstr("no program headers"));
  EXPECT_THAT(refusal(with(elf_field::kPhentsize, 55, 2)), HasSubstr("program headers of 55 bytes"));
  EXPECT_THAT(refusal(with(elf_field::kPhentsize, 0, 2)), HasSubstr("program headers of 0 bytes"));
  EXPECT_THAT(refusal(with(elf_field::kPhnum, 0xffff, 2)), HasSubstr("has 65535 program headers"));
  EXPECT_THAT(refusal(with(elf_field::kPhnum, 500, 2)), HasSubstr("lie beyond its end"));
  for (const uint64_t offset : {uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 111, uint64_t{1000000}})
    EXPECT_THAT(refusal(with(elf_field::kPhoff, offset, 8)), HasSubstr("lie beyond its end"));
}

TEST(ElfRefused, NothingToLoad) {
  FileBytes file = with_ph(0, elf_field::kPhType, 4, 4);
  put(file, BuiltElf::program_header(1), 4, 4);
  EXPECT_THAT(refusal(file), HasSubstr("no segment to load"));
}

TEST(ElfRefused, SegmentFields) {
  EXPECT_THAT(refusal(with_ph(0, elf_field::kPhFilesz, 9)), HasSubstr("0x9 bytes in the file and only 0x8"));
  for (const uint64_t offset : {uint64_t{100000}, ~uint64_t{0}, ~uint64_t{0} - 7})
    EXPECT_THAT(refusal(with_ph(0, elf_field::kPhOffset, offset)), HasSubstr("is truncated: segment 0"));
  EXPECT_THAT(refusal(with_ph(1, elf_field::kPhMemsz, ~uint64_t{0})), HasSubstr("end of the address space"));
  EXPECT_THAT(refusal(with_ph(1, elf_field::kPhPaddr, ~uint64_t{0} - 4)),
              HasSubstr("end of the address space"));
  EXPECT_THAT(refusal(with_ph(1, elf_field::kPhVaddr, ~uint64_t{0} - 4)),
              HasSubstr("end of the address space"));
}

TEST(ElfRefused, SegmentUpToTheVeryEnd) {
  // 0x100 bytes that end at 2^64 have no "one past the last" address.
  EXPECT_THAT(refusal(with_ph(1, elf_field::kPhPaddr, 0 - uint64_t{0x100})),
              HasSubstr("end of the address space"));
  EXPECT_EQ(load(with_ph(1, elf_field::kPhPaddr, 0 - uint64_t{0x101})).high().value, ~uint64_t{0});
}

TEST(ElfRefused, OverlapByOneByte) {
  EXPECT_THAT(refusal(with_ph(1, elf_field::kPhPaddr, 0x80000007)), HasSubstr("overlapping segments"));
  EXPECT_EQ(load(with_ph(1, elf_field::kPhPaddr, 0x80000008)).segments.size(), 2u);
}

// --- Placing

std::unique_ptr<GuestRam> ram_of(uint64_t size) { return std::move(*GuestRam::create({0x80000000}, size)); }

TEST(PlaceElf, Bytes_AreWhereTheSegmentsSay) {
  auto ram = ram_of(1 << 20);
  const Image image = load(small_program().build().file);
  ASSERT_TRUE(place_image(*ram, image, {0x12345678}).ok()) << "an ELF file has its own addresses";
  EXPECT_EQ(std::memcmp(ram->host({0x80000000}), "\x13\x05\x10\x02\x6f\xf0\xdf\xff\0", 9), 0);
  EXPECT_EQ(std::memcmp(ram->host({0x80002000}), "data\0\0\0\0", 8), 0);
}

TEST(PlaceElf, BeyondRam_SaysWhichMemoryIsNeeded) {
  auto ram = ram_of(1 << 20);
  const Image image = load(with_ph(1, elf_field::kPhPaddr, 0x80100000));
  const auto placed = place_image(*ram, image, {0});
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.error().kind, ErrorKind::kBadImage);
  EXPECT_THAT(placed.error().message, HasSubstr("0x100 bytes at 0x80100000, and RAM is 1 MiB at 0x80000000"));
  EXPECT_THAT(placed.error().message, HasSubstr("--memory 2M"));
  EXPECT_EQ(ram->hash(), 0u) << "nothing is written unless all of it fits";
}

TEST(PlaceElf, LastByteOfRam_Fits) {
  auto ram = ram_of(1 << 20);
  EXPECT_TRUE(place_image(*ram, load(with_ph(1, elf_field::kPhPaddr, 0x80100000 - 0x100)), {0}).ok());
  EXPECT_FALSE(place_image(*ram, load(with_ph(1, elf_field::kPhPaddr, 0x80100000 - 0xff)), {0}).ok());
}

TEST(PlaceElf, BelowRam_SaysHowToLink) {
  auto ram = ram_of(1 << 20);
  const auto placed = place_image(*ram, load(with_ph(0, elf_field::kPhPaddr, 0x10000)), {0});
  ASSERT_FALSE(placed.ok());
  EXPECT_THAT(placed.error().message, HasSubstr("Link it for 0x80000000"));
}

TEST(PlaceElf, HugeBss_IsRefusedWithoutTouchingIt) {
  auto ram = ram_of(1 << 20);
  const auto placed = place_image(*ram, load(with_ph(1, elf_field::kPhMemsz, uint64_t{1} << 62)), {0});
  ASSERT_FALSE(placed.ok());
  EXPECT_THAT(placed.error().message, HasSubstr("0x4000000000000000 bytes at 0x80002000"));
}

}  // namespace
}  // namespace vitrine::core
