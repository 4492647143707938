// SPDX-License-Identifier: MIT
// gdb's JIT interface: the files are judged by readelf, the list by what gdb's manual says of it. gdb itself
// is asked in tests/app/host_tools_test.py.
#include "isa/x86/gdb_jit.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/outside.h"

// As gdb's manual declares them.
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version, action_flag;
  jit_code_entry *relevant_entry, *first_entry;
};
extern jit_descriptor __jit_debug_descriptor;
}

namespace vitrine::x86 {
namespace {

struct Symbol {
  uint64_t value, size;
  std::string type, name;
};

// "   Num:    Value          Size Type    Bind   Vis      Ndx Name"; nothing if there is no readelf.
std::vector<Symbol> readelf(const void* bytes, size_t size, std::string& complaints) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("symbols", test::as_text(bytes, size));
  const auto output = test::output_of("readelf -W --syms " + path + " 2>&1");
  std::vector<Symbol> symbols;
  std::istringstream lines(output.value_or("Error: readelf fails"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("Warning") != line.npos || line.find("Error") != line.npos) complaints += line + "\n";
    std::istringstream words(line);
    std::string number, bind, visibility, section;
    Symbol one;
    if (words >> number >> std::hex >> one.value >> std::dec >> one.size >> one.type >> bind >> visibility >>
            section >> one.name &&
        number.back() == ':')
      symbols.push_back(one);
  }
  return symbols;
}

bool there_is_readelf() { return test::output_of("readelf --version").has_value(); }

std::vector<const jit_code_entry*> entries() {
  std::vector<const jit_code_entry*> all;
  const jit_code_entry* before = nullptr;
  for (const jit_code_entry* e = __jit_debug_descriptor.first_entry; e != nullptr;
       before = e, e = e->next_entry) {
    EXPECT_EQ(e->prev_entry, before);
    all.push_back(e);
  }
  return all;
}

std::multiset<std::string> names() {
  std::multiset<std::string> all;
  std::string complaints;
  for (const jit_code_entry* e : entries())
    for (const Symbol& symbol : readelf(e->symfile_addr, e->symfile_size, complaints))
      all.insert(symbol.name);
  EXPECT_EQ(complaints, "");
  return all;
}

const uint8_t* at(uint64_t address) { return reinterpret_cast<const uint8_t*>(address); }

TEST(GdbJit, SymbolFile_AsReadelfSees) {
  if (!there_is_readelf()) GTEST_SKIP() << "there is no readelf (Debian package binutils)";
  const auto file = make_symbol_file(
      {{at(0x7f0000001000), 0x40, "guest_S_ffffffff80001234"}, {at(0x7f0000002000), 7, "b"}});
  std::string complaints;
  const auto symbols = readelf(file.data(), file.size(), complaints);
  EXPECT_EQ(complaints, "");
  ASSERT_EQ(symbols.size(), 2u);
  EXPECT_EQ(symbols[0].name, "guest_S_ffffffff80001234");
  EXPECT_EQ(symbols[0].value, 0x7f0000001000u);
  EXPECT_EQ(symbols[0].size, 0x40u);
  EXPECT_EQ(symbols[0].type, "FUNC");
  EXPECT_EQ(symbols[1].name, "b");
  EXPECT_EQ(symbols[1].value, 0x7f0000002000u);
}

TEST(GdbJit, ManyPieces_FewFilesThatNameEachOnce) {
  if (!there_is_readelf()) GTEST_SKIP() << "there is no readelf (Debian package binutils)";
  GdbJit gdb;
  std::multiset<std::string> expected;
  for (uint64_t i = 0; i < 300; ++i) {
    const std::string name = "guest_M_" + std::to_string(i);
    gdb.added(name, {at(0x10000 + 64 * i), 64});
    expected.insert(name);
  }
  EXPECT_LE(entries().size(), 45u);  // fifteen for each digit of a number with base 16
  EXPECT_EQ(names(), expected);
}

TEST(GdbJit, Forgotten_OnlyWhatStandsThere) {
  if (!there_is_readelf()) GTEST_SKIP() << "there is no readelf (Debian package binutils)";
  GdbJit gdb;
  for (uint64_t i = 0; i < 40; ++i) gdb.added("n" + std::to_string(i), {at(0x10000 + 64 * i), 64});
  gdb.forgotten(at(0x10000 + 64 * 3));
  EXPECT_EQ(names(), (std::multiset<std::string>{"n0", "n1", "n2"}));
  gdb.added("again", {at(0x10000 + 64 * 3), 10});
  EXPECT_EQ(names(), (std::multiset<std::string>{"again", "n0", "n1", "n2"}));
}

TEST(GdbJit, End_NothingIsLeft) {
  {
    GdbJit one, other;
    one.added("a", {at(0x1000), 1});
    other.added("b", {at(0x2000), 1});
    EXPECT_EQ(entries().size(), 2u);
  }
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(__jit_debug_descriptor.version, 1u);
  EXPECT_EQ(__jit_debug_descriptor.action_flag, 0u);
}

}  // namespace
}  // namespace vitrine::x86
