// SPDX-License-Identifier: MIT
// Extensions by the names of the extension table, and the properties of the privileged architecture.
#include "app/cpu_option.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using riscv::Extension;
using riscv::HartConfig;

struct ExtensionRow {
  const char* name;
  Extension extension;
};
constexpr ExtensionRow kExtensions[] = {
#define EXTENSION(name, what) {#name, Extension::name},
#include "isa/riscv/extension_rows.inc"
};

// The kernel of the machine: without these there is none.
bool is_fixed(Extension extension) {
  return extension == Extension::I || extension == Extension::Zicsr || extension == Extension::Sm ||
         extension == Extension::S;
}

struct PropertyRow {
  const char* name;
  void (*set)(HartConfig& cpu, bool on);
};
// `sv39=on` asks for at least that, `sv57=off` for less.
void set_levels(HartConfig& cpu, uint8_t levels, bool on) {
  if (on)
    cpu.max_levels = std::max(cpu.max_levels, levels);
  else
    cpu.max_levels = std::min<uint8_t>(cpu.max_levels, static_cast<uint8_t>(levels - 1));
}
constexpr PropertyRow kProperties[] = {
    {"pmp", [](HartConfig& cpu, bool on) { cpu.pmp = on; }},
    {"svade", [](HartConfig& cpu, bool on) { cpu.svade = on; }},
    {"svadu", [](HartConfig& cpu, bool on) { cpu.svade = !on; }},
    {"sstc", [](HartConfig& cpu, bool on) { cpu.sstc = on; }},
    {"sscofpmf", [](HartConfig& cpu, bool on) { cpu.sscofpmf = on; }},
    {"svpbmt", [](HartConfig& cpu, bool on) { cpu.svpbmt = on; }},
    {"svnapot", [](HartConfig& cpu, bool on) { cpu.svnapot = on; }},
    {"sv48", [](HartConfig& cpu, bool on) { set_levels(cpu, 4, on); }},
    {"sv57", [](HartConfig& cpu, bool on) { set_levels(cpu, 5, on); }},
};

const ExtensionRow* find_extension(const std::string& name) {
  const auto* row = std::find_if(std::begin(kExtensions), std::end(kExtensions), [&](const ExtensionRow& r) {
    return lower(r.name) == name && !is_fixed(r.extension);
  });
  return row == std::end(kExtensions) ? nullptr : row;
}

// What an extension cannot be without. Switching the needed one off takes the others with it.
constexpr struct {
  Extension extension;
  Extension needs;
} kNeeds[] = {
    {Extension::D, Extension::F}, {Extension::Zfhmin, Extension::F}, {Extension::Zfh, Extension::Zfhmin}};

core::Result<> set_extension(HartConfig& cpu, const ExtensionRow& row, bool on) {
  if (!on) {
    cpu.extensions.clear(row.extension);
    for (const auto& need : kNeeds)
      if (!cpu.extensions.has(need.needs)) cpu.extensions.clear(need.extension);
    return core::Ok{};
  }
  for (const auto& need : kNeeds)
    if (need.extension == row.extension && !cpu.extensions.has(need.needs))
      return core::error(ErrorKind::kUsage,
                         "The processor cannot have {} without {}, which an earlier word switched off.",
                         lower(row.name), lower(riscv::name_of(need.needs)));
  cpu.extensions.set(row.extension);
  return core::Ok{};
}

core::Result<> set_word(HartConfig& cpu, std::string_view word) {
  std::string name = lower(word.substr(0, word.find('=')));
  std::optional<bool> on;
  if (word.starts_with("+") || word.starts_with("-")) {
    on = word[0] == '+';
    name = lower(word.substr(1));
  } else if (const size_t at = word.find('='); at != std::string_view::npos) {
    on = parse_switch(word.substr(at + 1));
  } else {
    on = true;
  }
  if (!on)
    return core::error(ErrorKind::kUsage, "'{}' is not a switch of the processor; it is {}=on or {}=off.",
                       core::printable(word), core::printable(name), core::printable(name));
  for (const PropertyRow& row : kProperties) {
    if (name != row.name) continue;
    row.set(cpu, *on);
    return core::Ok{};
  }
  if (name == "sv39" && *on) return core::Ok{};
  if (const ExtensionRow* row = find_extension(name)) return set_extension(cpu, *row, *on);
  const std::vector<std::string> names = cpu_properties();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view meant = nearest(name, views);
  std::string message = "The processor has nothing called '" + core::printable(name) + "'";
  message += meant.empty() ? "; there are:" : "; did you mean " + std::string(meant) + "? There are:";
  for (const std::string& each : names) message += " " + each;
  return core::Error{ErrorKind::kUsage, message + "."};
}

}  // namespace

std::vector<std::string> cpu_properties() {
  std::vector<std::string> names;
  for (const ExtensionRow& row : kExtensions)
    if (!is_fixed(row.extension)) names.push_back(lower(row.name));
  for (const PropertyRow& row : kProperties) names.emplace_back(row.name);
  return names;
}

core::Result<HartConfig> parse_cpu(std::string_view spec) {
  HartConfig cpu;
  bool first = true;
  for (const std::string& word : split(spec, ',')) {
    const bool model = std::exchange(first, false) && word.find('=') == std::string::npos && word[0] != '+' &&
                       word[0] != '-';
    if (model && (word == "rv64" || word.empty())) continue;
    if (model && word == "max") {
      cpu.max_levels = 5;
      cpu.sscofpmf = true;
      continue;
    }
    if (model && word == "rv32")
      return core::error(ErrorKind::kUsage,
                         "This is a 64-bit machine; rv32 is not a processor of ours. There are: rv64 max.");
    if (word.empty()) continue;
    if (auto done = set_word(cpu, word); !done) return done.error();
  }
  return cpu;
}

}  // namespace vitrine::app
