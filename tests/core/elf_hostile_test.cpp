// SPDX-License-Identifier: MIT
// Hostile ELF files: cut at every byte, mutated at random, and built to cost more than they are worth. None
// may crash, hang or fill the host's memory; whatever is accepted must keep the loader's promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "core/image.h"
#include "elf_builder.h"

namespace vitrine::core {
namespace {

using ::testing::HasSubstr;

// A program with enough symbols that the tables are worth damaging.
ElfBuilder program_with_symbols() {
  ElfBuilder builder = small_program();
  for (int i = 0; i < 20; ++i)
    builder.symbols.push_back({"function_" + std::to_string(i), 0x80000000u + 8u * i});
  builder.symbols.push_back({"absolute", 77, 0, 1, 0xfff1});
  return builder;
}

// What a loaded image promises whatever the file was.
void check_promises(const Image& image, size_t file_size) {
  uint64_t bytes = 0;
  uint64_t end = 0;
  for (const ImageSegment& s : image.segments) {
    ASSERT_LE(s.bytes.size(), s.memory_size);
    ASSERT_GE(s.at.value, end) << "segments overlap or are not sorted";
    ASSERT_GT(s.at.value + s.memory_size, s.at.value);
    end = s.at.value + s.memory_size;
    bytes += s.bytes.size();
  }
  ASSERT_LE(bytes, 2 * file_size);
  ASSERT_FALSE(image.segments.empty());
  if (image.entry) {
    ASSERT_TRUE(image.covers(*image.entry));
  }
  for (const char* name : {"tohost", "_start", "", "no such name"}) (void)image.symbol_at(name);
  for (const uint64_t at : {uint64_t{0}, uint64_t{0x80000004}, ~uint64_t{0}}) (void)image.symbols.text(at);
  ASSERT_TRUE(describe_image(image).ends_with('\n'));
}

TEST(ElfHostile, TruncatedAtEveryByte_IsRefusedOrWithoutSymbols) {
  const BuiltElf elf = program_with_symbols().build();
  const Image whole = *parse_image("p", elf.file, ImageUse::kKernel);
  ASSERT_EQ(whole.symbols.size(), 23u);
  for (size_t size = 0; size < elf.file.size(); ++size) {
    const FileBytes cut(elf.file.begin(), elf.file.begin() + static_cast<ptrdiff_t>(size));
    auto image = parse_image("p", cut, ImageUse::kKernel);
    if (size < elf.segments_end) {
      ASSERT_FALSE(image.ok()) << size;
      ASSERT_EQ(image.error().kind, ErrorKind::kBadImage) << size;
      ASSERT_FALSE(image.error().message.empty());
      continue;
    }
    ASSERT_TRUE(image.ok()) << size << ": " << image.error().message;
    check_promises(*image, size);
    ASSERT_EQ(image->segments.size(), 2u);
    ASSERT_EQ(image->segments[1].bytes, whole.segments[1].bytes);
    ASSERT_TRUE(image->symbols.empty()) << size;
    ASSERT_EQ(image->notes.size(), 1u) << size;
    ASSERT_THAT(image->notes[0], HasSubstr("no symbols"));
  }
}

// Bytes at random places, and whole fields set to the values at which sums wrap.
void mutate(FileBytes& file, std::mt19937_64& random) {
  static constexpr uint64_t kCorners[] = {0,
                                          1,
                                          63,
                                          64,
                                          0x7fffffff,
                                          0x80000000,
                                          0xffffffff,
                                          0x100000000,
                                          uint64_t{1} << 63,
                                          ~uint64_t{0},
                                          ~uint64_t{0} - 63};
  const unsigned changes = 1 + random() % 4;
  for (unsigned i = 0; i < changes; ++i) {
    const unsigned width = 1u << (random() % 4);
    const uint64_t value = random() % 2 ? kCorners[random() % std::size(kCorners)] : random();
    const size_t place = random() % (file.size() / width) * width;
    for (unsigned b = 0; b < width; ++b) file[place + b] = static_cast<std::byte>(value >> (8 * b));
  }
  if (random() % 16 == 0) file.resize(1 + random() % file.size());
}

TEST(ElfHostile, RandomMutations_KeepThePromises) {
  const FileBytes original = program_with_symbols().build().file;
  auto ram = std::move(*GuestRam::create({0x80000000}, 1 << 20));
  std::mt19937_64 random(20230);
  unsigned accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    FileBytes file = original;
    mutate(file, random);
    auto image = parse_image("p", file, i % 2 ? ImageUse::kKernel : ImageUse::kFirmware);
    if (!image.ok()) continue;
    ++accepted;
    check_promises(*image, file.size());
    if (HasFatalFailure()) FAIL() << "mutation " << i;
    (void)place_image(*ram, *image, {0x80000000}).ok();
  }
  // Both outcomes have to occur, or the mutations are too gentle or too rough to test anything.
  EXPECT_GT(accepted, 1000u);
  EXPECT_LT(accepted, 9000u);
}

TEST(ElfHostile, SegmentsThatShareTheirBytes_AreRefused) {
  // 1,000 segments at different addresses, all of them the same 64 KiB of the file.
  ElfBuilder builder;
  for (uint64_t i = 0; i < 1000; ++i) builder.segments.push_back({0x80000000 + (i << 20), {}, 1 << 16});
  FileBytes file = builder.build().file;
  const size_t shared = file.size();
  file.resize(shared + (1 << 16));
  for (unsigned i = 0; i < 1000; ++i) {
    put(file, BuiltElf::program_header(i) + elf_field::kPhOffset, shared, 8);
    put(file, BuiltElf::program_header(i) + elf_field::kPhFilesz, 1 << 16, 8);
  }
  const auto image = parse_image("p", file, ImageUse::kKernel);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("hold more bytes than the file has"));
}

TEST(ElfHostile, SymbolNamesThatOverlap_EndWithANote) {
  // 40,000 symbols with one name of 4,000 bytes: 160 MB of names in a file of 1 MB.
  ElfBuilder builder = small_program();
  builder.symbols.assign(40'000, {"", 0x80000000});
  builder.symbols[0].name = std::string(4000, 'n');
  BuiltElf elf = builder.build();
  for (size_t at = elf.symbols_at + 24; at + 24 <= elf.strings_at; at += 24) put(elf.file, at, 1, 4);
  const auto image = parse_image("p", elf.file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_TRUE(image.value().symbols.empty());
  ASSERT_EQ(image.value().notes.size(), 1u);
  EXPECT_THAT(image.value().notes[0], HasSubstr("names overlap"));
}

// Damage to one field of the sections: the program loads, the symbols are absent, the reason is noted.
TEST(ElfHostile, DamagedSymbolTables_AreNotedOnly) {
  const BuiltElf elf = small_program().build();
  constexpr size_t kType = 4, kOffset = 24, kSize = 32, kLink = 40, kEntrySize = 56;
  const size_t symtab = elf.sections_at + 2 * 64;
  const size_t strtab = elf.sections_at + 3 * 64;
  struct Row {
    size_t at;
    uint64_t value;
    unsigned width;
    const char* note;
  };
  for (const Row& row : {Row{elf_field::kShoff, ~uint64_t{0} - 100, 8, "section headers are damaged"},
                         Row{elf_field::kShnum, 0xfff0, 2, "section headers are damaged"},
                         Row{elf_field::kShentsize, 32, 2, "section headers are damaged"},
                         Row{symtab + kOffset, ~uint64_t{0}, 8, "symbol table is damaged"},
                         Row{symtab + kSize, uint64_t{1} << 40, 8, "symbol table is damaged"},
                         Row{symtab + kEntrySize, 0, 8, "symbol table is damaged"},
                         Row{symtab + kLink, 4, 4, "names no string table"},
                         Row{symtab + kLink, 1, 4, "string table is damaged"},
                         Row{strtab + kOffset, elf.file.size(), 8, "string table is damaged"},
                         Row{strtab + kSize, ~uint64_t{0}, 8, "string table is damaged"},
                         Row{strtab + kType, 8, 4, "string table is damaged"}}) {
    FileBytes file = elf.file;
    put(file, row.at, row.value, row.width);
    const auto image = parse_image("p", file, ImageUse::kKernel);
    ASSERT_TRUE(image.ok());
    EXPECT_TRUE(image.value().symbols.empty());
    ASSERT_EQ(image.value().notes.size(), 1u) << row.note;
    EXPECT_THAT(image.value().notes[0], HasSubstr(row.note));
  }
}

TEST(ElfHostile, SymbolNamesOutsideTheStrings_AreSkipped) {
  BuiltElf elf = small_program().build();
  put(elf.file, elf.symbols_at + 24, 0xffffffff, 4);  // the name of _start
  const auto image = parse_image("p", elf.file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().symbol("_start"), std::nullopt);
  EXPECT_EQ(image.value().symbol("tohost"), 0x80000100u);
}

TEST(ElfHostile, LastNameWithoutEnd_IsSkipped) {
  BuiltElf elf = small_program().build();
  elf.file[elf.sections_at - 1] = std::byte{'x'};  // the zero that ends "tohost"
  const auto image = parse_image("p", elf.file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().symbol("_start"), 0x80000000u);
  EXPECT_EQ(image.value().symbols.size(), 1u);
}

TEST(ElfHostile, StrippedProgram_HasNoSymbolsAndNoNote) {
  FileBytes file = small_program().build().file;
  put(file, elf_field::kShoff, 0, 8);
  put(file, elf_field::kShnum, 0, 2);
  const auto image = parse_image("p", file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_TRUE(image.value().symbols.empty());
  EXPECT_TRUE(image.value().notes.empty());
}

TEST(ElfHostile, NamesForATerminal_HaveNoControlCharacters) {
  ElfBuilder builder = small_program();
  builder.symbols = {{"\x1b[2Jgone\n", 0x80000000}};
  const auto image = parse_image("p", builder.build().file, ImageUse::kKernel);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().symbols.text(0x80000000), "\\x1b[2Jgone\\x0a");
}

}  // namespace
}  // namespace vitrine::core
