// SPDX-License-Identifier: MIT
// What -help, -version and the various lists print. Scripts read some of it: the first line of the version, a
// line of -help that begins with -gdb.
#include <fmt/format.h>

#include <iterator>

#include "app/identity.h"
#include "app/qemu_draft.h"
#include "app/qemu_drivers.h"

namespace vitrine::app::qemu {
namespace {

// The QEMU whose words for this machine are understood here: the first with -cpu max, acpi= and svadu=, and
// newer than all that scripts ask for ("at least 7.2"). What a guest sees is the board of 7.2, which has not
// changed for guests up to this version.
constexpr const char* kSpeaks = "8.2.0";

// "-gdb dev        text", the text in a column of its own; long forms get a line to themselves.
void add_row(std::string& text, const OptionRow& row) {
  constexpr size_t kColumn = 16;
  std::string form = fmt::format("-{}", row.name);
  if (!row.alias.empty()) form += fmt::format(" or -{}", row.alias);
  if (!row.value.empty()) form += fmt::format(" {}", row.value);
  text += form;
  size_t at = form.size();
  std::string_view help = row.help;
  while (true) {
    const size_t end = help.find('\n');
    if (at + 1 > kColumn) text += '\n', at = 0;
    text.append(kColumn - at, ' ');
    text += help.substr(0, end);
    text += '\n';
    at = 0;
    if (end == std::string_view::npos) return;
    help.remove_prefix(end + 1);
  }
}

}  // namespace

std::string version_text() {
  return fmt::format(
      "QEMU emulator version {} (Vitrine {})\n"
      "This is Vitrine, which takes QEMU's command line; it is not QEMU.\n",
      kSpeaks, version());
}

std::string help_text(const std::string& program) {
  std::string text = version_text();
  text += fmt::format("usage: {} [options]\n", program);
  std::string_view group;
  for (const OptionRow& row : option_rows()) {
    if (row.help.empty()) continue;
    if (row.group != group) text += fmt::format("\n{}:\n", row.group);
    group = row.group;
    add_row(text, row);
  }
  text +=
      "\nKeys while a guest runs with -nographic or -serial mon:stdio:\n"
      "Ctrl-A x ends, Ctrl-A h helps, Ctrl-A Ctrl-A sends Ctrl-A\n"
      "\nThe environment variable VITRINE_OPTS adds options of `vitrine run`, such as\n"
      "VITRINE_OPTS='--clock virtual --stats'; also --break, --lint, --log, --kernel-info.\n"
      "Other options of QEMU are named with what is nearest to them when they are used.\n";
  return text;
}

std::string machine_list() {
  return "Supported machines are:\nvirt                 RISC-V VirtIO board (default)\n";
}

std::string device_list() {
  std::string text;
  for (const Driver& driver : drivers()) {
    text += fmt::format("name \"{}\"", driver.name);
    if (!driver.bus.empty()) text += fmt::format(", bus {}", driver.bus);
    text += fmt::format(", desc \"{}\"\n", driver.help);
  }
  return text;
}

std::string device_properties(std::string_view name) {
  std::string text = fmt::format("{} options:\n", name);
  const Driver* driver = find_driver(name);
  for (const Property& property : driver->properties) {
    text += fmt::format("  {}=<value>", property.name);
    if (!property.help.empty()) text += fmt::format(" - {}", property.help);
    if (!property.only.empty()) text += fmt::format(" (only {})", property.only);
    text += '\n';
  }
  return text;
}

Done show_help(Draft& draft, const Word&) {
  draft.answer(help_text(draft.host->program));
  return core::Ok{};
}

Done show_version(Draft& draft, const Word&) {
  draft.answer(version_text());
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
