// SPDX-License-Identifier: MIT
// Rows of options: CLI11 finds the words, the functions here read them.
#include "app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "app/board_table.h"
#include "app/breaking.h"
#include "app/chaos_option.h"
#include "app/cpu_option.h"
#include "app/debug/gdb_listener.h"
#include "app/event_log.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;
using core::Result;

struct OptionTexts {
  std::map<std::string, std::vector<std::string>> values;  // by row
  std::map<std::string, bool> flags;
  [[nodiscard]] bool has(const char* name) const { return values.count(name) && !values.at(name).empty(); }
};

void OptionTextsDeleter::operator()(OptionTexts* texts) const { delete texts; }

namespace {

using Done = Result<>;

core::Error bad_value(std::string_view option, std::string_view given, std::string_view what) {
  return core::error(ErrorKind::kUsage, "{} {}: {}.", option, core::printable(given), what);
}

Result<uint64_t> number_in(const char* option, const std::string& text, uint64_t low, uint64_t high) {
  const auto value = parse_number(text);
  if (!value || *value < low || *value > high)
    return high == ~uint64_t{0}
               ? bad_value(option, text, fmt::format("not a whole number of at least {}", low))
               : bad_value(option, text, fmt::format("not a whole number from {} to {}", low, high));
  return *value;
}

template <typename T>
Done set_number(const char* option, const std::string& text, uint64_t low, uint64_t high, T& to) {
  auto value = number_in(option, text, low, high);
  if (!value) return value.error();
  to = static_cast<T>(*value);
  return core::Ok{};
}

Done set_memory(MachineOptions& o, const std::string& text) {
  const auto size = parse_size(text, 1 << 20);
  if (!size)
    return bad_value("--memory", text,
                     "not a size; sizes look like 128M, 2G, 512MiB (a bare number counts MiB)");
  constexpr uint64_t kLeast = 1 << 20, kMost = uint64_t{64} << 30;
  if (*size < kLeast || *size > kMost) return bad_value("--memory", text, "not between 1M and 64G");
  if (*size % core::kPageSize) return bad_value("--memory", text, "not a multiple of 4096 bytes");
  o.config.memory = *size;
  o.has_memory = true;
  return core::Ok{};
}

Done set_code_memory(MachineOptions& o, const std::string& text) {
  const auto size = parse_size(text, 1 << 20);
  constexpr uint64_t kLeast = 256 << 10, kMost = uint64_t{1} << 30;
  if (!size || *size < kLeast || *size > kMost)
    return bad_value("--code-memory", text, "not a size from 256K to 1G");
  o.config.code_memory = *size;
  return core::Ok{};
}

Done set_cpu(MachineOptions& o, const std::string& text) {
  auto cpu = parse_cpu(text);
  if (!cpu) return core::error(ErrorKind::kUsage, "--cpu {}: {}", core::printable(text), cpu.error().message);
  o.config.cpu = *cpu;
  return core::Ok{};
}

Done set_disk(MachineOptions& o, const std::string& text) {
  auto disk = parse_disk(text);
  if (!disk) return disk.error();
  o.config.virtio.push_back(std::move(*disk));
  return core::Ok{};
}

Done set_port_disk(MachineOptions& o, const std::string& text) {
  auto disk = parse_image("--port-disk", text);
  if (!disk) return disk.error();
  o.config.port_disk = std::move(*disk);
  return core::Ok{};
}

// What the guest writes there appears where the UART's output does.
void add_virtio_console(MachineOptions& o) {
  o.config.virtio.push_back({.kind = VirtioConfig::Kind::kConsole});
  o.run.one_console = true;
}

struct EngineRow {
  std::string_view name;
  EngineKind kind;
};
constexpr EngineRow kEngines[] = {{"interpreter", EngineKind::kInterpreter},
                                  {"translator", EngineKind::kTranslator},
                                  {"lockstep", EngineKind::kLockstep},
                                  {"lockstep-cached", EngineKind::kLockstepCached}};

Done set_engine(MachineOptions& o, const std::string& text) {
  std::vector<std::string_view> names;
  for (const EngineRow& row : kEngines) {
    if (row.name == text) return o.config.engine = row.kind, o.has_engine = true, core::Ok{};
    names.push_back(row.name);
  }
  const std::string_view meant = nearest(text, names);
  return bad_value(
      "--engine", text,
      fmt::format("there is no such engine{}; there are: {}",
                  meant.empty() ? "" : fmt::format("; did you mean {}?", meant), fmt::join(names, ", ")));
}

Done set_mmu(MachineOptions& o, const std::string& text) {
  for (const MmuKind kind : {MmuKind::kShadow, MmuKind::kTlb, MmuKind::kShadowLazy, MmuKind::kTlbFenced}) {
    if (text != mmu_name(kind)) continue;
    o.config.mmu = kind;
    return core::Ok{};
  }
  return bad_value("--mmu", text,
                   "there are: shadow (shadow page tables), tlb (a coherent software TLB alone), and, as "
                   "machines of their own, shadow-lazy and tlb-fenced (both stale until a fence)");
}

Done set_breaks(MachineOptions& o, const std::string& text) {
  if (text == "help") return o.list_breaks = true, core::Ok{};
  auto breaks = parse_breaks(text);
  if (!breaks) return breaks.error();
  o.config.breaks = *breaks;
  return core::Ok{};
}

Done set_chaos(MachineOptions& o, const std::string& text) {
  auto plan = parse_chaos(text);
  if (!plan) return plan.error();
  o.config.chaos = *plan;
  return core::Ok{};
}

Done set_clock(MachineOptions& o, const std::string& text) {
  if (text == "paced")
    o.run.clock = ClockMode::kPaced;
  else if (text == "virtual")
    o.run.clock = ClockMode::kVirtual;
  else if (text == "real")
    o.run.clock = ClockMode::kReal;
  else
    return bad_value("--clock", text, "not a clock; there are: paced, virtual, real");
  return core::Ok{};
}

// Options that may be given several times: as if their lists were one.
Done add_words(std::string& list, const char* option, const std::string& text) {
  if (text.empty()) return bad_value(option, "''", "nothing is asked for");
  list += (list.empty() ? "" : ",") + text;
  return core::Ok{};
}

Done set_gdb(MachineOptions& o, const std::string& text) {
  if (auto address = gdb::parse_address(text); !address) return bad_value("--gdb", text, address.error().message);
  o.run.gdb = text;
  return core::Ok{};
}

Done set_date(MachineOptions& o, const std::string& text) {
  const auto date = parse_date(text);
  if (!date)
    return bad_value("--date", text,
                     "not a date; dates look like 2026-01-31, 2026-01-31T12:30:00 (UTC) or now");
  o.config.date = *date;
  return core::Ok{};
}

Done set_max_seconds(MachineOptions& o, const std::string& text) {
  o.run.max_seconds = parse_seconds(text);
  if (!o.run.max_seconds) return bad_value("--max-seconds", text, "not a number of seconds greater than 0");
  return core::Ok{};
}

Done set_bios(MachineOptions& o, const std::string& text) {
  if (text.empty()) return bad_value("--bios", "''", "not a file; there are also: none, builtin");
  o.config.bios = text;
  o.has_bios = true;
  return core::Ok{};
}

Done set_log_format(MachineOptions& o, const std::string& text) {
  if (text == "text")
    o.run.log.format = LogFormat::kText;
  else if (text == "json")
    o.run.log.format = LogFormat::kJson;
  else if (text == "spike")
    o.run.log.format = LogFormat::kSpike;
  else
    return bad_value("--log-format", text, "not a format; there are: text, json (one object a line), spike");
  return core::Ok{};
}

// Spike's lines tell of single instructions, which is the interpreter's way.
Done finish_log(MachineOptions& o) {
  if (o.run.log.kinds == "help") return core::Ok{};
  if (auto done = check_log_options(o.run.log); !done) return done;
  if (!wants_retired(o.run.log) || o.config.engine == EngineKind::kInterpreter) return core::Ok{};
  if (is_lockstep(o.config.engine))
    return core::error(ErrorKind::kUsage, "--log retire is not for lockstep: it tells of one engine, the interpreter.");
  if (o.has_engine) o.run.notes.emplace_back("--log retire runs on the interpreter, not on the translator; the run is the same.");
  o.config.engine = EngineKind::kInterpreter;
  return core::Ok{};
}

// In the order of their steps.
Done add_snapshot(MachineOptions& o, const std::string& text) {
  const size_t colon = text.find(':');
  const auto step = parse_number(text.substr(0, colon));
  if (!step || colon == std::string::npos || colon + 1 == text.size())
    return bad_value("--snapshot-at", text, "wants a step and a file, such as 1000000:booted");
  auto& all = o.run.snapshots;
  const auto later = [&](const SnapshotWish& wish) { return wish.step > *step; };
  all.insert(std::find_if(all.begin(), all.end(), later), {*step, text.substr(colon + 1)});
  return core::Ok{};
}

Done set_jitdump(MachineOptions& o, const std::string& text) {
  if (text.empty()) return bad_value("--jitdump", "''", "not a folder; the current one is .");
  o.config.host_tools.jitdump = text;
  return core::Ok{};
}

// Options with a value. The text of the last one counts; those that repeat are all read, in order.
struct ValueRow {
  const char* name;
  bool hidden;
  bool repeats;
  Done (*read)(MachineOptions& options, const std::string& text);
};
// clang-format off
constexpr ValueRow kValues[] = {
  {"--bios",             false, false, set_bios},
  {"--kernel",           false, false, [](MachineOptions& o, const std::string& t) -> Done { o.config.kernel = t; return core::Ok{}; }},
  {"--initrd",           false, false, [](MachineOptions& o, const std::string& t) -> Done { o.config.initrd = t; return core::Ok{}; }},
  {"--append",           false, false, [](MachineOptions& o, const std::string& t) -> Done { o.config.append = t; return core::Ok{}; }},
  {"--dtb",              false, false, [](MachineOptions& o, const std::string& t) -> Done { o.config.dtb = t; return core::Ok{}; }},
  {"--dump-dtb",         false, false, [](MachineOptions& o, const std::string& t) -> Done { o.dump_dtb = t; return core::Ok{}; }},
  {"--memory",           false, false, set_memory},
  {"--harts",            false, false, [](MachineOptions& o, const std::string& t) { return set_number("--harts", t, 1, board::kMaxHarts, o.config.harts); }},
  {"--cpu",              false, false, set_cpu},
  {"--disk",             false, true,  set_disk},
  {"--port-disk",        false, false, set_port_disk},
  {"--engine",           false, false, set_engine},
  {"--mmu",              false, false, set_mmu},
  {"--clock",            false, false, set_clock},
  {"--seed",             false, false, [](MachineOptions& o, const std::string& t) { return set_number("--seed", t, 0, ~uint64_t{0}, o.config.seed); }},
  {"--date",             false, false, set_date},
  {"--break",            false, false, set_breaks},
  {"--chaos",            false, false, set_chaos},
  {"--untrack-after",    false, false, [](MachineOptions& o, const std::string& t) { return set_number("--untrack-after", t, 0, 1'000'000, o.config.untrack_after); }},
  {"--slice",            false, false, [](MachineOptions& o, const std::string& t) { return set_number("--slice", t, 1, 1'000'000'000, o.config.slice); }},
  // For tests: whatever is cached, and however little, the run is the same.
  {"--stress",           true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--stress", t, 1, 1'000'000'000, o.config.stress); }},
  {"--decoded-pages",    true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--decoded-pages", t, 2, 1'000'000, o.config.decoded_pages); }},
  {"--code-memory",      true,  false, [](MachineOptions& o, const std::string& t) { return set_code_memory(o, t); }},
  {"--translated-pages", true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--translated-pages", t, 1, 1'000'000, o.config.translated_pages); }},
  {"--steps-per-tick",   true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--steps-per-tick", t, 1, 1'000'000, o.config.steps_per_tick); }},
  {"--input",            false, false, [](MachineOptions& o, const std::string& t) -> Done { o.run.input = t; return core::Ok{}; }},
  {"--max-instructions", false, false, [](MachineOptions& o, const std::string& t) { return set_number("--max-instructions", t, 1, ~uint64_t{0}, o.run.max_instructions); }},
  {"--max-seconds",      false, false, set_max_seconds},
  {"--state-hash-every", false, false, [](MachineOptions& o, const std::string& t) { return set_number("--state-hash-every", t, 1, ~uint64_t{0}, o.run.state_hash_every); }},
  {"--jitdump",          false, false, set_jitdump},
  {"--log",              false, true,  [](MachineOptions& o, const std::string& t) { return add_words(o.run.log.kinds, "--log", t); }},
  {"--log-filter",       false, true,  [](MachineOptions& o, const std::string& t) { return add_words(o.run.log.filter, "--log-filter", t); }},
  {"--log-file",         false, false, [](MachineOptions& o, const std::string& t) -> Done { o.run.log.file = t; return core::Ok{}; }},
  {"--log-format",       false, false, set_log_format},
  {"--kernel-info",      false, false, [](MachineOptions& o, const std::string& t) -> Done { o.run.kernel_info = t; return core::Ok{}; }},
  {"--record",           false, false, [](MachineOptions& o, const std::string& t) -> Done { return o.run.keep_file = t, o.run.record = true, core::Ok{}; }},
  {"--keep",             false, false, [](MachineOptions& o, const std::string& t) -> Done { o.run.keep_file = t; return core::Ok{}; }},
  {"--snapshot-at",      false, true,  add_snapshot},
  {"--stats-json",       false, false, [](MachineOptions& o, const std::string& t) -> Done { o.run.stats_json = t; return core::Ok{}; }},
  // For runs that are tests of a suite.
  {"--answer",           true,  true,  [](MachineOptions& o, const std::string& t) -> Done { o.run.answers.push_back(t); return core::Ok{}; }},
  {"--end-at",           true,  true,  [](MachineOptions& o, const std::string& t) -> Done { o.run.end_at.push_back(t); return core::Ok{}; }},
  {"--reach",            true,  true,  [](MachineOptions& o, const std::string& t) -> Done { o.run.reach.push_back(t); return core::Ok{}; }},
  {"--look",             true,  true,  [](MachineOptions& o, const std::string& t) -> Done { o.run.look.push_back(t); return core::Ok{}; }},
  {"--max-output",       true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--max-output", t, 1, ~uint64_t{0}, o.run.max_output); }},
  {"--facts",            true,  false, [](MachineOptions& o, const std::string& t) { return set_number("--facts", t, 3, 1000, o.run.facts); }},
};
struct FlagRow {
  const char* name;
  bool hidden;
  void (*set)(MachineOptions& options);
};
constexpr FlagRow kFlags[] = {
  {"--rng",       false, [](MachineOptions& o) { o.config.virtio.push_back({.kind = VirtioConfig::Kind::kRng}); }},
  {"--virtio-console", false, add_virtio_console},
  {"--no-keep",   false, [](MachineOptions& o) { o.run.keep = false; }},
  {"--no-reboot", false, [](MachineOptions& o) { o.run.reboot = false; }},
  {"--perf-map",  false, [](MachineOptions& o) { o.config.host_tools.perf_map = true; }},
  {"--gdb-jit",   false, [](MachineOptions& o) { o.config.host_tools.gdb = true; }},
  {"--lint",      false, [](MachineOptions& o) { o.run.lint = true; }},
  {"--stats",     false, [](MachineOptions& o) { o.run.stats = true; }},
  {"--freeze",    false, [](MachineOptions& o) { o.run.freeze = true; }},
  {"--no-cache",  false, [](MachineOptions& o) { o.config.caching = false; }},  // the judge of the caches
};
// Options that may have a value, behind '='.
struct OptionalValueRow {
  const char* name;  // as CLI11 wants it, with the value that it otherwise has
  Done (*read)(MachineOptions& options, const std::string& text);
};
constexpr OptionalValueRow kOptionalValues[] = {
  {"--gdb{tcp:127.0.0.1:1234}", set_gdb},
};
constexpr std::string_view name_of(const OptionalValueRow& row) { return std::string_view(row.name).substr(0, std::string_view(row.name).find('{')); }
// clang-format on

Result<ParsedWords> unknown_word(const std::string& word) {
  if (!word.starts_with("-"))
    return core::error(ErrorKind::kUsage, "There is one word too many: '{}'.", core::printable(word));
  const std::vector<std::string> names = machine_option_names();
  std::vector<std::string_view> views(names.begin(), names.end());
  views.emplace_back("--help");
  const std::string bare =
      "--" + word.substr(word.find_first_not_of('-') == std::string::npos ? word.size()
                                                                          : word.find_first_not_of('-'));
  const std::string_view meant = nearest(std::string_view(bare).substr(0, bare.find('=')), views);
  return core::error(ErrorKind::kUsage, "There is no option {}{}", core::printable(word),
                     meant.empty() ? "." : fmt::format("; did you mean {}?", meant));
}

}  // namespace

std::vector<std::string> machine_option_names() {
  std::vector<std::string> names;
  for (const ValueRow& row : kValues)
    if (!row.hidden) names.emplace_back(row.name);
  for (const OptionalValueRow& row : kOptionalValues) names.emplace_back(name_of(row));
  for (const FlagRow& row : kFlags)
    if (!row.hidden) names.emplace_back(row.name);
  return names;
}

bool machine_option_has_value(std::string_view name) {
  return std::any_of(std::begin(kValues), std::end(kValues), [name](const ValueRow& row) { return row.name == name; });
}

OptionTextsPointer add_machine_options(CLI::App& parser) {
  OptionTextsPointer texts(new OptionTexts);
  for (const ValueRow& row : kValues)
    parser.add_option(row.name, texts->values[row.name])
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  for (const OptionalValueRow& row : kOptionalValues)
    parser.add_flag(row.name, texts->values[row.name])->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  for (const FlagRow& row : kFlags) parser.add_flag(row.name, texts->flags[row.name]);
  return texts;
}

Result<MachineOptions> read_machine_options(const OptionTexts& texts, MachineOptions options) {
  for (const ValueRow& row : kValues) {
    const std::vector<std::string>& given = texts.values.at(row.name);
    for (size_t i = row.repeats || given.empty() ? 0 : given.size() - 1; i < given.size(); ++i)
      if (auto done = row.read(options, given[i]); !done) return done.error();
  }
  for (const OptionalValueRow& row : kOptionalValues)
    if (const auto& given = texts.values.at(row.name); !given.empty())
      if (auto done = row.read(options, given.back()); !done) return done.error();
  for (const FlagRow& row : kFlags)
    if (texts.flags.at(row.name)) row.set(options);
  if (auto done = finish_log(options); !done) return done.error();
  return options;
}

Result<ParsedWords> parse_words(const std::vector<std::string>& words, size_t positionals,
                                MachineOptions base) {
  CLI::App parser;
  parser.set_help_flag();
  ParsedWords parsed;
  const OptionTextsPointer texts = add_machine_options(parser);
  std::vector<std::string> others;
  parser.add_option("words", others);
  parser.allow_extras();
  try {
    parser.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 wants them backwards
  } catch (const CLI::ArgumentMismatch&) {  // an option's value is all that can be missing
    const std::string& last = words.back();
    return core::error(ErrorKind::kUsage, "{} wants a value behind it.", core::printable(last));
  } catch (const CLI::ParseError& problem) {
    return core::error(ErrorKind::kUsage, "{}.", core::printable(problem.what()));
  }
  for (const std::string& extra : parser.remaining())
    if (extra.starts_with("-") && extra.size() > 1) return unknown_word(extra).error();
  if (others.size() > positionals) return unknown_word(others[positionals]).error();
  auto options = read_machine_options(*texts, std::move(base));
  if (!options) return options.error();
  parsed.options = std::move(*options);
  parsed.words = std::move(others);
  return parsed;
}

}  // namespace vitrine::app
