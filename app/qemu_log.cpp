// SPDX-License-Identifier: MIT
// `-d` and `-D`: QEMU's log items, onto the event log (event_log.h) and the log of what is executed
// (execution_log.h). Lines have our form; what an item tells of is the same.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/qemu_draft.h"
#include "app/text.h"

namespace vitrine::app::qemu {
namespace {

struct Item {
  std::string_view name;
  void (*set)(LogOptions& log);  // null: nothing is logged
  std::string_view words;
};

void add_kinds(LogOptions& log, std::string_view kinds) {
  log.kinds += log.kinds.empty() ? "" : ",";
  log.kinds += kinds;
}

constexpr Item kItems[] = {
    {"out_asm", [](LogOptions& log) { log.host_code = true; }, "host code of each block that is translated"},
    {"in_asm", [](LogOptions& log) { log.guest_code = true; },
     "the guest's instructions of each block that is translated"},
    {"op", [](LogOptions& log) { log.ir = true; }, "the IR of each block, as it is built"},
    {"op_opt", [](LogOptions& log) { log.ir_optimised = true; }, "the IR of each block after the passes"},
    {"int", [](LogOptions& log) { add_kinds(log, "guest-traps"); }, "guest traps: exceptions and interrupts"},
    {"exec", [](LogOptions& log) { log.entries = true; }, "each block that is entered (slow: one at a time)"},
    {"mmu", [](LogOptions& log) { add_kinds(log, "hidden-fault,guest-page-fault"); },
     "hidden faults and the guest's page faults"},
    {"cpu_reset", [](LogOptions& log) { log.resets = true; }, "registers at a reset"},
    {"unimp", [](LogOptions& log) { log.unanswered = true; }, "accesses that no device answers"},
    {"guest_errors", [](LogOptions& log) { log.unanswered = true; },
     "the same; what breaks a virtio device is always said"},
    {"nochain", [](LogOptions&) {}, "nothing: with exec, blocks are never chained"},
    {"none", [](LogOptions& log) { log = LogOptions{}; }, "nothing"},
    {"op_ind", nullptr, ""},
    {"cpu", nullptr, ""},
    {"fpu", nullptr, ""},
    {"vpu", nullptr, ""},
    {"pcall", nullptr, ""},
    {"page", nullptr, ""},
    {"plugin", nullptr, ""},
    {"strace", nullptr, ""},
    {"tid", nullptr, ""},
    {"all", nullptr, ""},
};

std::string items_list() {
  std::string text = "Log items (comma separated):\n";
  for (const Item& item : kItems)
    text += fmt::format("{:<15} {}\n", item.name,
                        item.set ? item.words : "accepted, and nothing is written in this version");
  return text;
}

const Item* find_item(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kItems), std::end(kItems), [&](const Item& item) { return item.name == name; });
  return found == std::end(kItems) ? nullptr : found;
}

}  // namespace

Done set_log(Draft& draft, const Word& word) {
  std::vector<std::string> silent;
  for (const std::string& name : split(word.value, ',')) {
    const Item* const item = find_item(name);
    if (!item && !name.starts_with("trace:")) {
      draft.answer(items_list(), 1);
      return core::Ok{};
    }
    if (item && item->set)
      item->set(draft.options.run.log);
    else
      silent.push_back(name);
  }
  if (!silent.empty())
    draft.note(fmt::format("{}: this version writes no log of that kind: {}", word.option(),
                           fmt::join(silent, ", ")));
  return core::Ok{};
}

Done finish_log(Draft& draft) {
  LogOptions& log = draft.options.run.log;
  if (log.any()) log.file = draft.options.log_file;
  if (log.entries) draft.note("-d exec: blocks run one at a time, which is slow");
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
