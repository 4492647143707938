// SPDX-License-Identifier: MIT
// Instructions and bytes of memory, as the hart sees them that stopped.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/dap_adapter.h"
#include "app/diagnosis.h"
#include "app/kept_line.h"
#include "app/text.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::app::dap {

using core::ErrorKind;

namespace {

constexpr int64_t kMostInstructions = 100'000, kMostBytesRead = 8 << 20;
constexpr uint64_t kLongestFunction = 1 << 20;  // bytes that are decoded to find where instructions begin

core::Result<uint64_t> place_of(debug::State& state, std::string_view request, const Json& arguments) {
  const std::string text = text_of(arguments, "memoryReference");
  if (text.empty()) return missing(request, "memoryReference");
  auto place = debug::parse_place(state, text);
  if (!place) return place;
  return *place + static_cast<uint64_t>(number_of(arguments, "offset").value_or(0));
}

// Where the instructions before an address begin, so many of them, the farthest first. Instructions have two lengths: from the
// beginning of the function on they are known; without one it is what the bytes before look like.
std::vector<uint64_t> beginnings_before(debug::State& state, uint64_t at, size_t count) {
  std::vector<uint64_t> all;  // the nearest first
  while (all.size() < count) {
    const auto begin = symbol_of(state.machine(), at - 1);
    std::vector<uint64_t> inside;
    if (begin && at - *begin <= kLongestFunction) {
      for (uint64_t pc = *begin; pc < at;) {
        const auto insn = state.instruction_at(pc);
        if (!insn) break;
        inside.push_back(pc);
        pc += insn->length;
        if (pc > at) inside.clear();
      }
    }
    if (inside.empty()) {
      const auto wide = state.instruction_at(at - 4);
      inside.push_back(wide && wide->length == 4 ? at - 4 : at - 2);
    }
    all.insert(all.end(), inside.rbegin(), inside.rend());
    at = inside.front();
  }
  all.resize(count);
  std::reverse(all.begin(), all.end());
  return all;
}

// The line of one instruction after the other: it is looked up where the one before ends.
class LineFinder {
 public:
  explicit LineFinder(const SourceLines& lines) : lines_(lines) {}
  const std::optional<SourceLines::Line>& at(uint64_t address) {
    if (!line_ || address < line_->first || address >= line_->end) line_ = lines_.line_at(address);
    return line_;
  }

 private:
  const SourceLines& lines_;
  std::optional<SourceLines::Line> line_;
};

}  // namespace

Adapter::Answer Adapter::disassemble(const Json& arguments) {
  const Look look(state(), focus_);
  auto base = place_of(state(), "disassemble", arguments);
  if (!base) return base.error();
  const int64_t count = number_of(arguments, "instructionCount").value_or(-1),
                offset = number_of(arguments, "instructionOffset").value_or(0);
  if (count < 0) return missing("disassemble", "instructionCount");
  if (count > kMostInstructions || offset < -kMostInstructions || offset > kMostInstructions)
    return core::error(ErrorKind::kUsage, "disassemble: at most {} instructions are shown at once.", kMostInstructions);
  uint64_t pc = *base & ~uint64_t{1};
  for (int64_t i = 0; i < offset; ++i) {
    const auto insn = state().instruction_at(pc);
    pc += insn ? insn->length : 2;
  }
  std::vector<uint64_t> before;
  if (offset < 0) before = beginnings_before(state(), pc, static_cast<size_t>(-offset));
  Json all = Json::array();
  LineFinder lines(state().lines());
  std::string file;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t at = static_cast<size_t>(i) < before.size() ? before[static_cast<size_t>(i)] : pc;
    const auto insn = state().instruction_at(at);
    if (at == pc) pc += insn ? insn->length : 2;
    Json it = {{"address", hex(at)},
               {"instruction", insn ? riscv::disassemble(*insn, at, riscv::Style::friendly) : "(nothing can be fetched)"}};
    if (!insn) it["presentationHint"] = "invalid";
    if (insn) it["instructionBytes"] = fmt::format("{:0{}x}", insn->bits, 2 * insn->length);
    if (symbol_of(machine(), at) == at) it["symbol"] = symbol_text(machine(), at);
    if (const auto& line = lines.at(at)) {
      if (line->file != file) it["location"] = source_json(file = line->file);
      it["line"] = line->number - (lines_from_1_ ? 0 : 1);
    }
    all.push_back(std::move(it));
  }
  return Json{{"instructions", all}};
}

Adapter::Answer Adapter::read_memory(const Json& arguments) {
  const Look look(state(), focus_);
  auto at = place_of(state(), "readMemory", arguments);
  if (!at) return at.error();
  const int64_t count = number_of(arguments, "count").value_or(-1);
  if (count < 0) return missing("readMemory", "count");
  if (count > kMostBytesRead)
    return core::error(ErrorKind::kUsage, "readMemory: at most {} bytes are read at once.", kMostBytesRead);
  const auto size = static_cast<size_t>(count);
  const std::string bytes = debuggee_->read_memory(focus_, {*at}, size).bytes;
  Json body = {{"address", hex(*at)}, {"data", kept::base64(bytes)}};
  // Up to where something can be read again.
  uint64_t hole = bytes.size();
  while (hole < size && (hole == bytes.size() || debuggee_->read_memory(focus_, {*at + hole}, 1).bytes.empty()))
    hole += core::kPageSize - (*at + hole) % core::kPageSize;
  if (bytes.size() < size) body["unreadableBytes"] = std::min<uint64_t>(hole, size) - bytes.size();
  return body;
}

// All of it, or nothing.
Adapter::Answer Adapter::write_memory(const Json& arguments) {
  const Look look(state(), focus_);
  auto at = place_of(state(), "writeMemory", arguments);
  if (!at) return at.error();
  const auto bytes = kept::from_base64(text_of(arguments, "data"));
  if (!bytes) return core::error(ErrorKind::kUsage, "writeMemory: 'data' is no base64.");
  if (auto done = debuggee_->write_memory(focus_, {*at}, *bytes); !done) return done.error();
  return Json{{"offset", 0}, {"bytesWritten", bytes->size()}};
}

}  // namespace vitrine::app::dap
