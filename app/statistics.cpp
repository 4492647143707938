// SPDX-License-Identifier: MIT
// Rows of counters, and their two forms.
#include "app/statistics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "app/diagnosis.h"
#include "app/identity.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

struct Row {
  const char* key;    // in JSON
  const char* words;  // for people
  uint64_t count;
};

#ifdef VITRINE_HAS_TRANSLATOR
void add_translator_rows(const translator::Translator& translator, const mmu::MmuCounters& mmu, std::vector<Row>& rows) {
  const translator::Translator::Counters& counters = translator.counters();
  using translator::Exit;
  const auto exits = [&](Exit cause) { return counters.exits[static_cast<size_t>(cause)]; };
  rows.insert(rows.end(), {
      {"blocks_translated", "blocks translated", counters.blocks},
      {"instructions_translated", "instructions translated", counters.instructions},
      {"host_code_bytes", "bytes of host code made", counters.code_bytes},
      {"translation_microseconds", "microseconds of host time in translation", counters.nanoseconds / 1000},
      {"entries_into_code", "ways from C++ into generated code", counters.entries},
      {"interpreted_steps", "steps of cold code, interpreted", counters.interpreted_steps},
      {"slow_paths", "instructions of generated code on the slow path",
       exits(Exit::kInstruction) + exits(Exit::kAddress) + exits(Exit::kFault) + exits(Exit::kFloat)},
      {"exits_instruction", "  of these: helpers (privileged, sensitive or rare)", exits(Exit::kInstruction)},
      {"exits_address", "  of these: accesses that no table may answer", exits(Exit::kAddress)},
      {"exits_fault", "  of these: accesses that no table answered yet, or page faults", exits(Exit::kFault)},
      {"exits_float", "  of these: floating point done again", exits(Exit::kFloat)},
      {"exits_interrupt", "ways out of generated code because something else was due", exits(Exit::kInterrupt)},
      {"jump_misses", "ways out because the next block was not found", exits(Exit::kMissing)},
      {"translated_pages_dropped", "translated pages dropped by writes", counters.dropped_pages},
      {"code_memory_flushes", "flushes of code memory", counters.flushes},
      {"prediction_misses", "lookups behind predictions that missed", counters.prediction_misses},
      {"jump_lookups", "far jumps that the jump table did not know", counters.jump_lookups},
      {"scattered_sites", "accesses with a table lookup of their own", counters.scattered_sites},
      {"predictions_cleared", "times that all predictions were cleared", mmu.predictions_cleared},
  });
}
#endif

std::vector<Row> counter_rows(Session& session) {
  Machine& machine = session.machine();
  const mmu::MmuCounters& mmu = machine.mmu_counters();
  const riscv::CodeCache::Counters& code = machine.code_counters();
  uint64_t retired = 0, traps = 0;
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    retired += machine.hart(i).retired();
    traps += machine.hart(i).traps;
  }
  std::vector<Row> rows = {
      {"instructions", "instructions retired", retired},
      {"guest_traps", "guest traps (exceptions and interrupts)", traps},
      {"page_walks", "page walks", mmu.walks},
      {"fills", "translations filled in", mmu.fills},
      {"slow_accesses", "loads and stores on the slow path", mmu.slow_accesses},
      {"device_accesses", "device accesses", mmu.device_accesses},
      {"page_table_writes", "writes to page tables in use", mmu.table_writes},
      {"tables_untracked", "page tables that lost tracking", mmu.untracked},
      {"satp_switches", "switches of satp to another space", mmu.space_switches},
      {"spaces_evicted", "address spaces evicted", mmu.spaces_evicted},
      {"upper_halves_shared", "spaces that joined others in the upper half", mmu.groups_joined},
      {"upper_halves_left", "spaces that left a shared upper half", mmu.groups_left},
      {"write_paths_revoked", "write paths revoked", mmu.write_paths_revoked},
      {"fences", "sfence.vma and its kin", mmu.fences},
      {"decoded_instructions", "instructions decoded", code.decoded},
      {"decoded_pages", "pages decoded", code.pages},
      {"code_lines_invalidated", "lines of code invalidated by writes", code.invalidated},
      {"code_cache_flushes", "flushes of the decode cache", code.flushes},
      {"machine_resets", "restarts of the machine", session.resets()},
  };
#ifdef VITRINE_HAS_TRANSLATOR
  if (const translator::Translator* translator = machine.translator()) add_translator_rows(*translator, mmu, rows);
#endif
  return rows;
}

struct TrapRow {
  uint64_t cause;
  uint64_t count;
};

std::vector<TrapRow> trap_rows(const Machine& machine) {
  std::vector<TrapRow> rows;
  const auto& counters = machine.trap_counters();
  for (uint64_t i = 0; i < counters.size(); ++i)
    if (counters[i]) rows.push_back({i < 16 ? i : uint64_t{1} << 63 | (i - 16), counters[i]});
  return rows;
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

double per_million(uint64_t count, core::Step steps) {
  return steps == 0 ? 0 : static_cast<double>(count) * 1e6 / static_cast<double>(steps);
}

double guest_seconds(Session& session) {
  return static_cast<double>(session.machine().clock().ticks()) / static_cast<double>(core::kTicksPerSecond);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

const char* outcome_name(Outcome::Kind kind) {
  using Kind = Outcome::Kind;
  switch (kind) {
    case Kind::kPass: return "pass";
    case Kind::kFail: return "fail";
    case Kind::kPanic: return "panic";
    case Kind::kReset: return "reset";
    case Kind::kFaultLoop: return "fault-loop";
    case Kind::kNothingWakes: return "nothing-wakes";
    case Kind::kInstructionLimit: return "instruction-limit";
    case Kind::kTimeLimit: return "time-limit";
    case Kind::kQuit: return "quit";
    case Kind::kSignal: return "signal";
    case Kind::kEnginesDiffer: return "engines-differ";
    case Kind::kOutputGone: return "output-gone";
    case Kind::kBroken: return "broken";
  }
  return "";
}

// While it did not sleep.
double speed(Session& session) {
  const double host = session.host_seconds() - session.slept_seconds();
  return host > 0 ? static_cast<double>(session.machine().clock().step()) / host / 1e6 : 0;
}

}  // namespace

std::string summary_text(Session& session) {
  return fmt::format("{} instructions, {:.3f} s guest time, {:.3f} s host time, {:.0f} million a second",
                     grouped(session.machine().clock().step()), guest_seconds(session),
                     session.host_seconds(), speed(session));
}

std::string statistics_text(Session& session) {
  const core::Step steps = session.machine().clock().step();
  std::string text = fmt::format("{}\n{:>20} {:>14}\n", session.identity(), "count", "per M steps");
  const auto line = [&](uint64_t count, std::string_view words) {
    text += fmt::format("{:>20} {:>14.3f}  {}\n", grouped(count), per_million(count, steps), words);
  };
  line(steps, "steps");
  for (const Row& row : counter_rows(session)) line(row.count, row.words);
  for (const TrapRow& row : trap_rows(session.machine()))
    line(row.count, "  guest traps: " + cause_name(row.cause));
  return text;
}

std::string statistics_json(Session& session, const Outcome& outcome) {
  const Machine& machine = session.machine();
  const core::Step steps = machine.clock().step();
  std::string text = fmt::format(
      "{{\n  \"identity\": {},\n  \"outcome\": {},\n  \"exit_code\": {},\n  \"steps\": {},\n"
      "  \"guest_seconds\": {:.7f},\n  \"idle_seconds\": {:.7f},\n  \"host_seconds\": {:.6f},\n"
      "  \"slept_seconds\": {:.6f},\n"
      "  \"million_steps_per_second\": {:.3f},\n  \"counters\": {{",
      json_string(session.identity()), json_string(outcome_name(outcome.kind)), exit_code_of(outcome), steps,
      guest_seconds(session), static_cast<double>(machine.clock().idle()) / 1e7, session.host_seconds(),
      session.slept_seconds(), speed(session));
  const char* comma = "";
  for (const Row& row : counter_rows(session)) {
    text += fmt::format("{}\n    {}: {}", comma, json_string(row.key), row.count);
    comma = ",";
  }
  text += "\n  },\n  \"per_million_steps\": {";
  comma = "";
  for (const Row& row : counter_rows(session)) {
    text += fmt::format("{}\n    {}: {:.6f}", comma, json_string(row.key), per_million(row.count, steps));
    comma = ",";
  }
  text += "\n  },\n  \"guest_traps_by_cause\": {";
  comma = "";
  for (const TrapRow& row : trap_rows(machine)) {
    text += fmt::format("{}\n    {}: {}", comma, json_string(cause_name(row.cause)), row.count);
    comma = ",";
  }
  return text + "\n  }\n}\n";
}

namespace {

core::Error cannot_write(const std::string& path) {
  return core::error(core::ErrorKind::kMissing, "The statistics cannot be written to '{}': {}.", core::printable(path),
                     strerror(errno));
}

}  // namespace

core::Result<> check_statistics_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const bool there = access(path.c_str(), F_OK) == 0;  // a file of others' folders, or /dev/stdout
  if (access(there ? path.c_str() : folder.c_str(), W_OK) != 0) return cannot_write(path);
  return core::Ok{};
}

core::Result<> write_statistics_json(Session& session, const Outcome& outcome) {
  const std::string& path = session.options().stats_json;
  const std::string text = statistics_json(session, outcome);
  std::FILE* file = std::fopen(path.c_str(), "we");
  const bool good = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if ((file && std::fclose(file) != 0) || !good)
    return cannot_write(path);
  return core::Ok{};
}

}  // namespace vitrine::app
