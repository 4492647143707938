// SPDX-License-Identifier: MIT
// Frames, scopes, variables, and expressions. A reference to variables says what they are of, so that none has to be remembered;
// what it leads to is always the present moment's.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "app/debug/completion.h"
#include "app/debug/csr_fields.h"
#include "app/debug/dap_adapter.h"
#include "app/debug/gdb_target.h"
#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/explain.h"
#include "app/text.h"
#include "core/file.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/registers.h"

namespace vitrine::app::dap {

using core::ErrorKind;
using riscv::Hart;

namespace {

// What variables are of. `detail`: a frame's level, a CSR's number, whether a walk is of a fetch.
struct Container {
  enum class Kind : uint8_t { kFrame, kRegisters, kFloat, kCsrs, kCsr, kPages, kWalk, kMaps, kMachine, kCount } kind{};
  unsigned hart = 0, detail = 0;
};
using Kind = Container::Kind;
constexpr unsigned kMostHarts = 64, kMostDetails = 4096, kFetch = 0, kStack = 1;

// From 1 on.
int reference(const Container& it) {
  return static_cast<int>(1 + static_cast<unsigned>(it.kind) +
                          static_cast<unsigned>(Kind::kCount) * (it.hart + kMostHarts * it.detail));
}
std::optional<Container> container_of(const Json& arguments, const Machine& machine) {
  const int64_t number = number_of(arguments, "variablesReference").value_or(0) - 1;
  constexpr int64_t kKinds = static_cast<int64_t>(Kind::kCount);
  if (number < 0 || number >= kKinds * kMostHarts * kMostDetails) return std::nullopt;
  const Container it{static_cast<Kind>(number % kKinds), static_cast<unsigned>(number / kKinds % kMostHarts),
                     static_cast<unsigned>(number / kKinds / kMostHarts)};
  return it.hart < machine.hart_count() ? std::optional(it) : std::nullopt;
}

// Of a hart and a level.
int frame_id(unsigned hart, size_t level) { return static_cast<int>(1 + level * kMostHarts + hart); }
struct FrameName {
  unsigned hart, level;
};
std::optional<FrameName> frame_of(const Json& arguments, const Machine& machine) {
  const auto id = number_of(arguments, "frameId");
  if (!id || *id < 1 || *id > kMostHarts * kMostDetails) return std::nullopt;
  const FrameName name{static_cast<unsigned>((*id - 1) % kMostHarts), static_cast<unsigned>((*id - 1) / kMostHarts)};
  return name.hart < machine.hart_count() ? std::optional(name) : std::nullopt;
}

// A variable with children, if `children` is not 0.
Json variable(std::string_view name, const std::string& value, int children = 0) {
  return {{"name", std::string(name)}, {"value", value}, {"variablesReference", children}};
}

std::string word_text(uint64_t value) { return fmt::format("{:#018x}", value); }

// With the number that it is, if it is boxed as a narrow one (volume I, 12.2), and as a wide one otherwise.
std::string float_text(uint64_t bits) {
  const bool narrow = bits >> 32 == 0xffffffff;
  return narrow ? fmt::format("{} ({}, single)", word_text(bits), std::bit_cast<float>(static_cast<uint32_t>(bits)))
                : fmt::format("{} ({})", word_text(bits), std::bit_cast<double>(bits));
}

Json walk_levels(Machine& machine, const Container& of) {
  const Hart& hart = machine.hart(of.hart);
  const core::GuestVirt at{of.detail == kFetch ? hart.pc : hart.x[riscv::kSp]};
  const core::AccessKind use = of.detail == kFetch ? core::AccessKind::kFetch : core::AccessKind::kLoad;
  const mmu::Walk walk = machine.mmu(of.hart).look(at, use);
  Json all = Json::array();
  const unsigned levels = mmu::levels_of(mmu::mode_of(hart.csr.satp));
  for (unsigned i = 0; i < walk.depth; ++i) {
    uint64_t entry = 0;
    const bool there = machine.ram().read(walk.entry_at[i], &entry, sizeof entry);
    Json it = variable(fmt::format("level {}", levels - 1 - i),
                       fmt::format("entry {} at {:#x}: {}", (walk.entry_at[i].value & ~core::kPageMask) / 8, walk.entry_at[i].value,
                                   there ? fmt::format("{} {}", word_text(entry), entry_flags(entry)) : "not in RAM"));
    all.push_back(std::move(it));
  }
  if (walk.fault != core::FaultKind::kNone)
    all.push_back(variable(
        "result", fmt::format("{}: {}", walk.fault == core::FaultKind::kPage ? "guest page fault" : "access fault", walk.reason)));
  else
    all.push_back(variable("physical", hex(walk.physical.value)));
  return all;
}

std::string walk_text(Machine& machine, unsigned hart, uint64_t at, core::AccessKind use) {
  const mmu::Walk walk = machine.mmu(hart).look({at}, use);
  if (walk.fault != core::FaultKind::kNone) return fmt::format("{:#x} -> {}", at, walk.reason);
  return fmt::format("{:#x} -> {:#x}{}", at, walk.physical.value, walk.depth == 0 ? " (not translated)" : "");
}

}  // namespace

// --- Frames

Adapter::Answer Adapter::stack_trace(const Json& arguments) {
  auto hart = hart_of(arguments);
  if (!hart) return hart.error();
  const Look look(state(), *hart);
  const auto all = debug::frames(state());
  const auto first = static_cast<size_t>(std::max<int64_t>(0, number_of(arguments, "startFrame").value_or(0)));
  const auto levels = static_cast<size_t>(std::max<int64_t>(0, number_of(arguments, "levels").value_or(0)));
  Json frames = Json::array();
  for (size_t i = first; i < all.size() && (levels == 0 || i - first < levels); ++i) {
    Json frame = {{"id", frame_id(*hart, i)},
                  {"name", debug::frame_text(state(), all[i], i == 0)},
                  {"instructionPointerReference", hex(all[i].pc)},
                  {"line", 0},
                  {"column", 0}};
    // A return address may be the beginning of the next line already.
    if (const auto line = state().lines().line_at(all[i].pc - (i ? 1 : 0))) {
      frame["source"] = source_json(line->file);
      frame["line"] = line->number - (lines_from_1_ ? 0 : 1);
    }
    frames.push_back(std::move(frame));
  }
  return Json{{"stackFrames", frames}, {"totalFrames", all.size()}};
}

// What callers had in registers is not known, but where they go on and their stack: the rest is the hart's, as it is now.
Adapter::Answer Adapter::scopes(const Json& arguments) {
  const auto frame = frame_of(arguments, machine());
  if (!frame) return core::error(ErrorKind::kUsage, "scopes: there is no such frame.");
  Json all = Json::array();
  const auto add = [&](const char* name, Kind kind, bool expensive, unsigned detail = 0) {
    Json scope = {{"name", name}, {"variablesReference", reference({kind, frame->hart, detail})}, {"expensive", expensive}};
    if (kind == Kind::kRegisters || kind == Kind::kFloat) scope["presentationHint"] = "registers";
    all.push_back(std::move(scope));
  };
  if (frame->level > 0) add("Frame", Kind::kFrame, false, frame->level);
  add("Registers", Kind::kRegisters, false);
  add("Floating point", Kind::kFloat, true);
  add("CSRs", Kind::kCsrs, true);
  add("Page table", Kind::kPages, true);
  add("Machine", Kind::kMachine, false);
  return Json{{"scopes", all}};
}

// --- Variables

namespace {

// pc and the addresses in registers with their symbols.
Json integer(const Machine& machine, std::string_view name, uint64_t value, bool writable) {
  const std::string symbol = symbol_text(machine, value);
  Json it = variable(name, symbol.empty() ? word_text(value) : fmt::format("{} <{}>", word_text(value), symbol));
  it["type"] = "uint64";
  it["memoryReference"] = hex(value);
  if (!writable) it["presentationHint"] = {{"attributes", {"readOnly"}}};
  return it;
}

Json csr_variables(const Machine& machine, unsigned number, bool writable) {
  Json all = Json::array();
  const Hart& hart = machine.hart(number);
  for (const unsigned csr : gdb::csrs_of(hart)) {
    const uint64_t value = riscv::peek_csr(hart, csr).value_or(0);
    const std::string words = debug::csr_fields_text(csr, value);
    unsigned index = 0;
    const riscv::CsrRow* const row = riscv::find_csr(csr, index);
    const bool fields = !debug::csr_fields(csr, value).empty();
    Json it =
        variable(riscv::csr_name(*row, index), words.empty() ? word_text(value) : fmt::format("{} {}", word_text(value), words),
                 fields ? reference({Kind::kCsr, number, csr}) : 0);
    it["type"] = fmt::format("CSR {:#x}", csr);
    it["memoryReference"] = hex(value);
    if (!writable || !row->write) it["presentationHint"] = {{"attributes", {"readOnly"}}};
    all.push_back(std::move(it));
  }
  return all;
}

// One line of the verb maps: "0x... -> 0x...  4 KiB  R W".
Json map_variables(const debug::Answer& text) {
  Json all = Json::array();
  if (!text) return all;
  for (const std::string& line : split(text.value(), '\n')) {
    const size_t arrow = line.find(" -> ");
    if (line.empty()) continue;
    all.push_back(arrow == line.npos ? variable("", line) : variable(line.substr(0, arrow), line.substr(arrow + 4)));
  }
  return all;
}

}  // namespace

Adapter::Answer Adapter::variables(const Json& arguments) {
  const auto of = container_of(arguments, machine());
  if (!of) return core::error(ErrorKind::kUsage, "variables: there is no such reference.");
  const Look look(state(), of->hart);
  const Hart& hart = machine().hart(of->hart);
  const bool writable = debuggee_->at_edge();
  Json all = Json::array();
  switch (of->kind) {
    case Kind::kFrame: {
      const auto frames = debug::frames(state());
      if (of->detail >= frames.size()) break;
      all.push_back(integer(machine(), "pc", frames[of->detail].pc, false));
      all.push_back(integer(machine(), "sp", frames[of->detail].sp, false));
      break;
    }
    case Kind::kRegisters:
      all.push_back(integer(machine(), "pc", hart.pc, writable));
      for (unsigned i = 1; i < 32; ++i) all.push_back(integer(machine(), riscv::kXNames[i], hart.x[i], writable));
      break;
    case Kind::kFloat:
      for (unsigned i = 0; i < 32; ++i) {
        all.push_back(variable(riscv::kFNames[i], float_text(hart.f[i])));
        all.back()["type"] = "float64";
      }
      break;
    case Kind::kCsrs: all = csr_variables(machine(), of->hart, writable); break;
    case Kind::kCsr:
      if (const auto value = riscv::peek_csr(hart, of->detail))
        for (const auto& field : debug::csr_fields(of->detail, *value)) all.push_back(variable(field.name, field.value));
      break;
    case Kind::kPages:
      all.push_back(variable("satp", fmt::format("{} {}", word_text(hart.csr.satp), debug::csr_fields_text(0x180, hart.csr.satp)),
                             reference({Kind::kCsr, of->hart, 0x180})));
      all.push_back(variable("fetch of pc", walk_text(machine(), of->hart, hart.pc, core::AccessKind::kFetch),
                             reference({Kind::kWalk, of->hart, kFetch})));
      all.push_back(variable("load of sp", walk_text(machine(), of->hart, hart.x[riscv::kSp], core::AccessKind::kLoad),
                             reference({Kind::kWalk, of->hart, kStack})));
      all.push_back(variable("mappings", "all of this page table", reference({Kind::kMaps, of->hart, 0})));
      break;
    case Kind::kWalk: all = walk_levels(machine(), *of); break;
    case Kind::kMaps: all = map_variables(debug::obey(state(), "maps")); break;
    case Kind::kMachine: {
      all.push_back(variable("step", fmt::format("{} (of {} to {})", debuggee_->now(), debuggee_->first(), debuggee_->last())));
      all.push_back(variable("present", writable ? "as far as the run has come" : "the past, or the end: nothing can be changed"));
      all.push_back(variable("mode", privilege_name(hart.privilege)));
      all.push_back(variable("steps of the hart", std::to_string(hart.steps_now())));
      const auto process = state().processes() ? state().processes()->running(of->hart, hart.csr.satp) : std::nullopt;
      all.push_back(variable("process", process ? process->text() : "not known"));
      all.push_back(variable("next", debug::place_text(state())));
      break;
    }
    case Kind::kCount: break;
  }
  const auto first = static_cast<size_t>(std::max<int64_t>(0, number_of(arguments, "start").value_or(0)));
  const auto count = static_cast<size_t>(std::max<int64_t>(0, number_of(arguments, "count").value_or(0)));
  if (first > 0 || count > 0) {
    Json part = Json::array();
    for (size_t i = first; i < all.size() && (count == 0 || i - first < count); ++i) part.push_back(std::move(all[i]));
    all = std::move(part);
  }
  return Json{{"variables", all}};
}

Adapter::Answer Adapter::set_variable(const Json& arguments) {
  const auto of = container_of(arguments, machine());
  const std::string name = text_of(arguments, "name");
  if (!of || (of->kind != Kind::kRegisters && of->kind != Kind::kFloat && of->kind != Kind::kCsrs))
    return core::error(ErrorKind::kUsage, "'{}' cannot be set: registers and CSRs can, whole.", core::printable(name));
  const Look look(state(), of->hart);
  std::optional<unsigned> number;
  if (name == "pc") number = kRegPc;
  for (unsigned i = 0; i < 32; ++i) {
    if (of->kind == Kind::kRegisters && name == riscv::kXNames[i]) number = i;
    if (of->kind == Kind::kFloat && name == riscv::kFNames[i]) number = kRegF + i;
  }
  if (of->kind == Kind::kCsrs)
    if (const auto csr = debug::parse_csr(name)) number = kRegCsr + csr.value();
  if (!number) return core::error(ErrorKind::kUsage, "There is no register '{}'.", core::printable(name));
  const auto value = debug::parse_place(state(), text_of(arguments, "value"));
  if (!value) return value.error();
  if (auto done = debuggee_->write_register(of->hart, *number, value.value()); !done) return done.error();
  const uint64_t now = gdb::register_value(machine(), of->hart, *number).value_or(0);
  return Json{{"value", of->kind == Kind::kFloat ? float_text(now) : word_text(now)}};
}

// --- Expressions

namespace {

bool is_of(std::span<const debug::Verb> verbs, const debug::Verb* verb) {
  return std::any_of(verbs.begin(), verbs.end(), [&](const debug::Verb& each) { return each.name == verb->name; });
}

}  // namespace

// In the debug console: the terminal's verbs. While the machine moves, those that ask the guest or type to it.
Adapter::Answer Adapter::evaluate(const Json& arguments) {
  const std::string text = text_of(arguments, "expression"), context = text_of(arguments, "context");
  const auto words = split_words(text);
  if (words.empty()) return Json{{"result", ""}, {"variablesReference", 0}};
  const auto frame = frame_of(arguments, machine());
  const Look look(state(), frame ? frame->hart : focus_);
  const auto verb = debug::find_verb(words[0].substr(0, words[0].find('/')));
  if (context == "repl" && verb) {
    if (moving_ && !is_of(debug::session_verbs(), verb.value()))
      return core::error(ErrorKind::kUsage, "{}: the machine is moving; pause it first.", words[0]);
    return obey(text);
  }
  if (moving_) return core::error(ErrorKind::kUsage, "The machine is moving; pause it first.");
  const bool inside = text.starts_with('*');
  const auto place = debug::parse_place(state(), inside ? std::string_view(text).substr(1) : std::string_view(text));
  if (!place) return context == "repl" ? Answer(verb.error()) : Answer(place.error());
  const uint64_t at = place.value();
  std::string result = text.starts_with('$') ? word_text(at) : address_text(machine(), at);
  if (inside || !text.starts_with('$')) {
    const auto memory = debuggee_->read_memory(state().hart_number(), {at}, 8);
    uint64_t word = 0;
    if (memory.bytes.size() == 8) std::memcpy(&word, memory.bytes.data(), 8);
    if (memory.bytes.size() != 8 && inside) return core::error(ErrorKind::kUsage, "{:#x} cannot be read. Why: walk {:#x}", at, at);
    if (memory.bytes.size() == 8) result += fmt::format(": {}", word_text(word));
  }
  return Json{{"result", result}, {"variablesReference", 0}, {"memoryReference", hex(at)}};
}

Adapter::Answer Adapter::completions(const Json& arguments) {
  const std::string text = text_of(arguments, "text");
  const int64_t shift = columns_from_1_ ? 1 : 0, column = number_of(arguments, "column").value_or(0) - shift;
  const std::string_view line =
      std::string_view(text).substr(0, static_cast<size_t>(std::clamp<int64_t>(column, 0, static_cast<int64_t>(text.size()))));
  const debug::Completion found = debug::complete(state(), line);
  Json all = Json::array();
  for (const std::string& word : found.candidates)
    all.push_back({{"label", word}, {"start", static_cast<int64_t>(found.begin) + shift}, {"length", line.size() - found.begin}});
  return Json{{"targets", all}};
}

// What moves is told behind the answer.
Adapter::Answer Adapter::obey(const std::string& line) {
  const core::Step before = debuggee_->now();
  const bool was_moving = std::exchange(moving_, true);
  if (!was_moving) {
    pause_wanted_ = false;
    debuggee_->forget_interrupt();
    channel_.interrupt_by(Channel::Listens::kToUrgent, [this] { debuggee_->interrupt(); });
  }
  const auto answer = debug::obey(state(), line);
  moving_ = was_moving;
  if (!was_moving) channel_.interrupt_by(Channel::Listens::kToNone, {});
  tell_console();
  if (state().quit) {
    state().quit = false;
    (void)terminate({});
  } else if (!was_moving && debuggee_->now() != before) {
    afterwards_ = [this] {
      focus_ = debuggee_->current_hart();
      tell_standing("goto", debug::place_text(state()));
    };
  }
  if (!answer) return answer.error();
  std::string text = answer.value();
  while (text.ends_with('\n')) text.pop_back();
  return Json{{"result", text}, {"variablesReference", 0}};
}

}  // namespace vitrine::app::dap
