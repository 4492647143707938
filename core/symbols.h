// SPDX-License-Identifier: MIT
// Symbols of a guest program: name to address, and address to "main+0x12", for logs and the debugger. Filled
// from an ELF file's symbol table (core/elf.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core {

struct Symbol {
  uint64_t value = 0;
  uint64_t end = 0;   // one past the last address that it may name: its section's end
  uint32_t name = 0;  // offset and length in the table's text
  uint32_t length = 0;
  // Of several symbols with one address the one with the highest rank names it. kNameless: only by name
  // (absolute values, local labels, mapping symbols).
  uint8_t rank = 0;
  static constexpr uint8_t kNameless = 0;
};

class SymbolTable {
 public:
  SymbolTable() = default;
  // `text` holds the names. Symbols may come in any order.
  SymbolTable(std::string text, std::vector<Symbol> symbols);

  [[nodiscard]] size_t size() const { return by_name_.size(); }
  [[nodiscard]] bool empty() const { return by_name_.empty(); }
  [[nodiscard]] std::optional<uint64_t> find(std::string_view name) const;
  // Names that begin so, in their order, at most so many; they live as long as the table.
  [[nodiscard]] std::vector<std::string_view> beginning_with(std::string_view text, size_t most) const;

  struct Place {
    std::string_view name;  // lives as long as the table
    uint64_t offset;
  };
  // The nearest symbol at or below the address, in the same section.
  [[nodiscard]] std::optional<Place> nearest(uint64_t address) const;
  // "main", "main+0x12", or nothing. Names of others: made fit for a terminal.
  [[nodiscard]] std::string text(uint64_t address) const;

 private:
  [[nodiscard]] std::string_view name(const Symbol& symbol) const {
    return std::string_view(text_).substr(symbol.name, symbol.length);
  }
  std::string text_;
  std::vector<Symbol> by_name_;
  std::vector<Symbol> by_address_;
};

}  // namespace vitrine::core
