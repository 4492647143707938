// SPDX-License-Identifier: MIT
// From words to options: names first, then values from left to right, then what refers to each other.
#include "app/qemu_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

#include "app/guests.h"
#include "app/options.h"
#include "app/qemu_draft.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;

namespace qemu {

std::string Word::option() const { return core::printable(value.empty() ? typed : typed + " " + value, 200); }

QemuKeyvals Word::keyvals(std::string_view implied) const { return {option(), value, implied}; }

Done accept(Draft&, const Word&) { return core::Ok{}; }

Done say(Draft& draft, const Word& word) {
  draft.note(word.option() + ": " + std::string(word.row->instead));
  return core::Ok{};
}

Done refuse(Draft&, const Word& word) { return word.error("{}", word.row->instead); }

namespace {

// Ours, where it does not belong.
std::string of_run(const std::string& typed) {
  const std::vector<std::string> ours = machine_option_names();
  const std::string name = typed.starts_with("--") ? typed : "-" + typed;
  if (std::find(ours.begin(), ours.end(), name) == ours.end()) return "";
  return fmt::format("\nIt is an option of `vitrine run`. Here it goes into the environment: VITRINE_OPTS='{} ...'", name);
}

core::Error unknown_option(const std::string& typed) {
  if (const std::string where = of_run(typed); !where.empty())
    return core::error(ErrorKind::kUsage, "{}: invalid option{}", core::printable(typed), where);
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_rows()) {
    names.push_back(row.name);
    if (!row.alias.empty()) names.push_back(row.alias);
  }
  const size_t letters = std::min(typed.find_first_not_of('-'), typed.size());
  const std::string_view meant = nearest(std::string_view(typed).substr(letters), names);
  return core::error(ErrorKind::kUsage, "{}: invalid option{}", core::printable(typed),
                     meant.empty() ? std::string() : fmt::format("\nDid you mean -{}?", meant));
}

// Splits the words into options with their values. A word without a dash is QEMU's disk image: no row.
core::Result<std::vector<Word>> read_words(std::span<const std::string> words) {
  std::vector<Word> result;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& typed = words[i];
    if (!typed.starts_with("-")) {
      result.push_back({nullptr, {}, typed});
      continue;
    }
    const OptionRow* row = find_option(typed.substr(typed.starts_with("--") ? 2 : 1));
    if (!row) return unknown_option(typed);
    Word word{row, typed, {}};
    if (!row->value.empty()) {
      if (++i == words.size())
        return core::error(ErrorKind::kUsage, "{}: requires an argument", core::printable(typed));
      word.value = words[i];
    }
    result.push_back(std::move(word));
  }
  return result;
}

}  // namespace
}  // namespace qemu

core::Result<QemuOptions> parse_qemu(std::span<const std::string> words, const QemuHost& host) {
  auto read = qemu::read_words(words);
  if (!read) return read.error();
  qemu::Draft draft;
  draft.host = &host;
  draft.options.machine.memory = uint64_t{128} << 20;
  draft.options.machine.date = host.now;
  draft.options.machine.virtio_legacy = true;
  for (const qemu::Word& word : *read) {
    auto done = word.row ? word.row->handler(draft, word) : qemu::add_disk_image(draft, word.value);
    if (!done) return done.error();
    if (draft.options.answer) return std::move(draft.options);
  }
  for (const auto finish :
       {qemu::finish_machine, qemu::finish_cpu, qemu::finish_devices, qemu::finish_ports, qemu::finish_boot, qemu::finish_log})
    if (auto done = finish(draft); !done) return done.error();
  return std::move(draft.options);
}

QemuHost this_host(const std::string& program) {
  QemuHost host;
  host.program = program;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  host.now = now;
  host.utc_offset = local.tm_gmtoff;
  host.firmware_folders = {"/usr/share/qemu", "/usr/lib/riscv64-linux-gnu/opensbi/generic"};
  // What QEMU itself would take, Debian's own, and what tools/guests/fetch has brought.
  host.default_firmware = {"/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
                           "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
                           guest_cache() + "/linux/opensbi-1.6/fw_dynamic.bin",
                           guest_cache() + "/linux/opensbi-1.1/fw_dynamic.bin"};
  return host;
}

}  // namespace vitrine::app
