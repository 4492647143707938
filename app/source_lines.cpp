// SPDX-License-Identifier: MIT
// elfutils' libdw, as far as it is needed.
#include "app/source_lines.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/dwarf_file.h"
#include "app/machine.h"
#include "core/file.h"

namespace vitrine::app {

namespace {

struct Row {
  uint64_t address = 0;
  int number = 0;  // 0: of no line
  bool statement = false, end = false;
  const char* file = nullptr;
};

Row row_of(Dwarf_Lines* lines, size_t index) {
  Row row;
  Dwarf_Line* const line = dwarf_onesrcline(lines, index);
  Dwarf_Addr address = 0;
  if (!line || dwarf_lineaddr(line, &address) != 0) return row;
  row.address = address;
  dwarf_lineno(line, &row.number);
  dwarf_linebeginstatement(line, &row.statement);
  dwarf_lineendsequence(line, &row.end);
  row.file = dwarf_linesrc(line, nullptr, nullptr);
  return row;
}

// Which function, or which inlined call of one, an address belongs to.
Dwarf_Off scope_of(Dwarf_Die& unit, uint64_t address) {
  Dwarf_Die* scopes = nullptr;
  const int count = dwarf_getscopes(&unit, address, &scopes);
  Dwarf_Off found = 0;
  for (int i = 0; i < count && found == 0; ++i) {
    const int tag = dwarf_tag(&scopes[i]);
    if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) found = dwarf_dieoffset(&scopes[i]);
  }
  std::free(scopes);
  return found;
}

// How many names at their ends are the same.
size_t likeness(const std::string& a, const std::string& b) {
  const std::filesystem::path left(a), right(b);
  size_t same = 0;
  for (auto l = left.end(), r = right.end(); l != left.begin() && r != right.begin() && *--l == *--r;) ++same;
  return same;
}

}  // namespace

// One ELF file. Which unit has an address is looked up once for all: tables of addresses are often missing in the file.
class SourceLines::Program {
 public:
  template <typename Elf>
  explicit Program(const Elf& elf) : dwarf_(elf) {}

  [[nodiscard]] std::optional<Line> line_at(uint64_t address) {
    read_units();
    const auto behind =
        std::upper_bound(ranges_.begin(), ranges_.end(), address, [](uint64_t at, const Range& range) { return at < range.low; });
    if (behind == ranges_.begin() || address >= std::prev(behind)->high) return std::nullopt;
    Dwarf_Die unit;
    Dwarf_Lines* lines = nullptr;
    size_t count = 0;
    if (!open(std::prev(behind)->unit, unit, lines, count)) return std::nullopt;
    size_t low = 0, high = count;  // the last row that is not behind the address
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      (row_of(lines, middle).address <= address ? low : high) = row_of(lines, middle).address <= address ? middle + 1 : middle;
    }
    if (low == 0) return std::nullopt;
    return line_around(unit, lines, count, low - 1);
  }

  using Look = std::function<void(const std::string& file, Dwarf_Die& unit, const Row& row)>;
  // Each row that begins a statement.
  void each_statement(const Look& look) {
    read_units();
    for (const Dwarf_Off offset : units_) {
      Dwarf_Die unit;
      Dwarf_Lines* lines = nullptr;
      size_t count = 0;
      if (!open(offset, unit, lines, count)) continue;
      std::map<const char*, std::string> names;
      for (size_t i = 0; i < count; ++i) {
        const Row row = row_of(lines, i);
        if (!row.file || row.end || !row.statement || row.number <= 0) continue;
        auto [name, fresh] = names.try_emplace(row.file);
        if (fresh) name->second = full_name(unit, row.file);
        look(name->second, unit, row);
      }
    }
  }

 private:
  struct Range {
    uint64_t low, high;
    Dwarf_Off unit;
  };
  // At the first question: who asks for no line does not wait for this.
  void read_units() {
    if (std::exchange(units_are_read_, true)) return;
    dwarf_.each_unit([this](Dwarf_Die& unit) {
      const Dwarf_Off offset = dwarf_dieoffset(&unit);
      Dwarf_Addr base = 0, low = 0, high = 0;
      for (ptrdiff_t next = 0; (next = dwarf_ranges(&unit, next, &base, &low, &high)) > 0;) ranges_.push_back({low, high, offset});
      units_.push_back(offset);
      return true;
    });
    std::stable_sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.low < b.low; });
  }
  bool open(Dwarf_Off offset, Dwarf_Die& unit, Dwarf_Lines*& lines, size_t& count) const {
    return dwarf_offdie(dwarf_.dwarf(), offset, &unit) && dwarf_getsrclines(&unit, &lines, &count) == 0;
  }
  static std::string full_name(Dwarf_Die& unit, const char* file) {
    std::filesystem::path path(file);
    Dwarf_Attribute attribute;
    const char* const folder = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
    if (folder && path.is_relative()) path = folder / path;
    return path.lexically_normal().string();
  }
  static std::optional<Line> line_around(Dwarf_Die& unit, Dwarf_Lines* lines, size_t count, size_t index) {
    const Row row = row_of(lines, index);
    if (!row.file || row.end || row.number <= 0) return std::nullopt;
    const auto same = [&](const Row& other) {
      return !other.end && other.number == row.number && other.file && std::string_view(other.file) == row.file;
    };
    size_t first = index, end = index + 1;
    while (first > 0 && same(row_of(lines, first - 1))) --first;
    while (end < count && same(row_of(lines, end))) ++end;
    return Line{full_name(unit, row.file), static_cast<unsigned>(row.number), row_of(lines, first).address,
                end < count ? row_of(lines, end).address : row.address + 1};
  }

  DwarfFile dwarf_;
  bool units_are_read_ = false;
  std::vector<Dwarf_Off> units_;
  std::vector<Range> ranges_;
};

SourceLines::SourceLines() = default;
SourceLines::~SourceLines() = default;

void SourceLines::open(const std::string& path) {
  programs_.push_back(std::make_unique<Program>(path));
  files_.reset();
}
void SourceLines::open(std::span<const std::byte> elf) {
  programs_.push_back(std::make_unique<Program>(elf));
  files_.reset();
}

void SourceLines::open_kernel_of(const Machine& machine) {
  const auto& kernel = machine.boot().kernel_image;
  const MachineConfig& config = machine.config();
  if (!config.kernel_bytes.empty())
    open(config.kernel_bytes);
  else if (kernel && kernel->kind == core::ImageKind::kElf64 && !kernel->gzipped)
    open(kernel->path);
}

std::optional<SourceLines::Line> SourceLines::line_at(uint64_t address) const {
  for (const auto& program : programs_)
    if (auto line = program->line_at(address)) return line;
  return std::nullopt;
}

std::string SourceLines::at(uint64_t address) const {
  const auto line = line_at(address);
  if (!line) return {};
  std::string_view file = line->file;
  const size_t slash = file.rfind('/');
  if (slash != file.npos && slash != 0) file = file.substr(file.rfind('/', slash - 1) + 1);
  return fmt::format("{}:{}", core::printable(file), line->number);
}

SourceLines::Places SourceLines::places_of(const std::string& file, unsigned number) const {
  Places found;
  std::map<std::pair<size_t, Dwarf_Off>, uint64_t> lowest;  // in each scope of each program
  for (size_t i = 0; i < programs_.size(); ++i)
    programs_[i]->each_statement([&](const std::string& name, Dwarf_Die& unit, const Row& row) {
      const auto line = static_cast<unsigned>(row.number);
      if (line < number || (found.number != 0 && line > found.number) || name != file) return;
      if (line != found.number) lowest.clear();
      found.number = line;
      const auto [at, fresh] = lowest.try_emplace({i, scope_of(unit, row.address)}, row.address);
      if (!fresh) at->second = std::min(at->second, row.address);
    });
  found.file = file;
  for (const auto& [scope, address] : lowest) found.addresses.push_back(address);
  std::sort(found.addresses.begin(), found.addresses.end());
  found.addresses.erase(std::unique(found.addresses.begin(), found.addresses.end()), found.addresses.end());
  return found;
}

const std::set<std::string>& SourceLines::files() const {
  if (!files_) {
    files_.emplace();
    for (const auto& program : programs_)
      program->each_statement([this](const std::string& name, Dwarf_Die&, const Row&) { files_->insert(name); });
  }
  return *files_;
}

std::optional<std::string> SourceLines::file_like(const std::string& path) const {
  namespace fs = std::filesystem;
  if (files().contains(path)) return path;
  std::error_code problem;
  std::optional<std::string> best;
  size_t most = 0;
  for (const std::string& file : files()) {
    if (fs::exists(file, problem)) {
      if (fs::equivalent(file, path, problem)) return file;
    } else if (const size_t same = likeness(path, file); same > most) {
      most = same;
      best = file;
    }
  }
  return best;
}

}  // namespace vitrine::app
