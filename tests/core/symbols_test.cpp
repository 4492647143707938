// SPDX-License-Identifier: MIT
// Symbols: by name, and the nearest one below an address.
#include "core/symbols.h"

#include <gtest/gtest.h>

namespace vitrine::core {
namespace {

// Names are given with ranks; all symbols lie in one section that ends at 0x2000.
class Table {
 public:
  Table& add(std::string_view name, uint64_t value, uint8_t rank = 6, uint64_t end = 0x2000) {
    symbols_.push_back(
        {value, end, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), rank});
    text_ += name;
    return *this;
  }
  [[nodiscard]] SymbolTable build() const { return {text_, symbols_}; }

 private:
  std::string text_;
  std::vector<Symbol> symbols_;
};

TEST(Symbols, Nearest_IsTheOneAtOrBelow) {
  const SymbolTable table = Table().add("second", 0x1010).add("first", 0x1000).build();
  EXPECT_EQ(table.text(0x1000), "first");
  EXPECT_EQ(table.text(0x100f), "first+0xf");
  EXPECT_EQ(table.text(0x1010), "second");
  EXPECT_EQ(table.text(0x1fff), "second+0xfef");
  EXPECT_EQ(table.text(0x0fff), "");
}

TEST(Symbols, Nearest_EndsWithTheSection) {
  const SymbolTable table = Table().add("main", 0x1000).add("end", 0x2000, 2, 0x2000).build();
  EXPECT_EQ(table.text(0x1fff), "main+0xfff");
  EXPECT_EQ(table.text(0x2000), "end") << "a symbol names its own address in any case";
  EXPECT_EQ(table.text(0x2001), "");
  EXPECT_EQ(table.text(~uint64_t{0}), "");
}

TEST(Symbols, SeveralAtOneAddress_HighestRankThenFirstName) {
  const SymbolTable table = Table().add("label", 0x1000, 1).add("zz", 0x1000, 6).add("aa", 0x1000, 6).build();
  EXPECT_EQ(table.text(0x1000), "aa");
  EXPECT_EQ(table.find("label"), 0x1000u);
}

TEST(Symbols, Nameless_IsFoundByNameOnly) {
  const SymbolTable table = Table().add("main", 0x1000).add("$x", 0x1004, Symbol::kNameless).build();
  EXPECT_EQ(table.text(0x1006), "main+0x6");
  EXPECT_EQ(table.find("$x"), 0x1004u);
}

TEST(Symbols, OneNameTwice_GlobalWins) {
  const SymbolTable table =
      Table().add("init", 0x1000, 5).add("init", 0x1800, 6).add("init", 0x1400, 5).build();
  EXPECT_EQ(table.find("init"), 0x1800u);
  EXPECT_EQ(table.size(), 3u);
}

TEST(Symbols, Find_WantsTheWholeName) {
  const SymbolTable table = Table().add("tohost", 0x1000).build();
  EXPECT_EQ(table.find("tohos"), std::nullopt);
  EXPECT_EQ(table.find("tohostx"), std::nullopt);
  EXPECT_EQ(table.find(""), std::nullopt);
}

TEST(Symbols, Empty_KnowsNothing) {
  const SymbolTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find("main"), std::nullopt);
  EXPECT_EQ(table.nearest(0), std::nullopt);
}

}  // namespace
}  // namespace vitrine::core
