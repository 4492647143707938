// SPDX-License-Identifier: MIT
// The PLIC. Every change ends in update(), which recomputes all context lines: accesses are rare (1,500 in a
// Linux boot) and sources few, so nothing is kept that could become stale.
#include "devices/plic.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "devices/line_state.h"

namespace vitrine::devices {
namespace {

constexpr uint64_t kPriority = 0;
constexpr uint64_t kPending = 0x1000;
constexpr uint64_t kEnable = 0x2000, kEnableStride = 0x80;
constexpr uint64_t kContext = 0x200000, kContextStride = 0x1000;

}  // namespace

Plic::Plic(std::string name, unsigned sources, std::vector<core::IrqLine> contexts, Senses gateways)
    : name_(std::move(name)), gateways_(gateways) {
  VT_ASSERT(sources >= 1 && sources <= kMaxSources, "a PLIC has 1 to 1023 sources");
  sources_.resize(sources + 1);
  const uint32_t words = sources / 32 + 1;
  for (const core::IrqLine& line : contexts) contexts_.push_back({line, 0, std::vector<uint32_t>(words)});

  const auto count = static_cast<uint32_t>(contexts_.size());
  registers_.push_back({"priority", kPriority, 4, true, true,
                        "Priority of the source: 0 never interrupts, 7 is the most urgent.", sources + 1, 4});
  registers_.push_back(
      {"pending", kPending, 4, true, false, "A bit per source whose request waits for a claim.", words, 4});
  for (uint32_t c = 0; c < count; ++c)
    registers_.push_back({"enable", static_cast<uint32_t>(kEnable + c * kEnableStride), 4, true, true,
                          "A bit per source that may interrupt this context.", words, 4});
  registers_.push_back({"threshold", kContext, 4, true, true,
                        "Only sources of a higher priority interrupt this context.", count, kContextStride});
  registers_.push_back({"claim", kContext + 4, 4, true, true,
                        "Read: claims the most urgent source, 0 if none. Write: completes a source.", count,
                        kContextStride});
}

Plic::Place Plic::locate(uint64_t offset) const {
  using Kind = Place::Kind;
  const auto words = static_cast<uint32_t>((sources_.size() + 31) / 32);
  if (offset < kPending) {
    const uint64_t source = offset / 4;
    return exists(source) ? Place{Kind::kPriority, static_cast<uint32_t>(source)} : Place{Kind::kNothing};
  }
  if (offset < kEnable) {
    const uint64_t word = (offset - kPending) / 4;
    return word < words ? Place{Kind::kPending, static_cast<uint32_t>(word)} : Place{Kind::kNothing};
  }
  const bool banked = offset >= kContext;
  const uint64_t context = banked ? (offset - kContext) / kContextStride : (offset - kEnable) / kEnableStride;
  if (context >= contexts_.size()) return {Kind::kNothing};
  const auto c = static_cast<uint32_t>(context);
  if (banked) {
    const uint64_t reg = (offset - kContext) % kContextStride;
    return {reg == 0 ? Kind::kThreshold : reg == 4 ? Kind::kClaim : Kind::kNothing, 0, c};
  }
  const uint64_t word = (offset - kEnable) % kEnableStride / 4;
  return {word < words ? Kind::kEnable : Kind::kNothing, static_cast<uint32_t>(word), c};
}

// The bits of an enable word whose sources exist.
uint32_t Plic::existing_in_word(uint32_t word) const {
  uint32_t bits = 0;
  for (uint32_t b = 0; b < 32; ++b) bits |= uint32_t{exists(uint64_t{word} * 32 + b)} << b;
  return bits;
}

uint32_t Plic::pending_word(uint32_t word) const {
  uint32_t bits = 0;
  for (uint32_t b = 0; b < 32 && word * 32 + b < sources_.size(); ++b)
    bits |= uint32_t{sources_[word * 32 + b].pending} << b;
  return bits;
}

bool Plic::enabled(const Context& context, uint32_t source) const {
  return context.enable[source / 32] >> (source % 32) & 1;
}

// The source that this context would claim, or 0. Of equal priorities the lowest number wins.
uint32_t Plic::best(const Context& context) const {
  uint32_t found = 0;
  unsigned priority = context.threshold;
  for (uint32_t s = 1; s < sources_.size(); ++s) {
    if (!sources_[s].pending || sources_[s].priority <= priority || !enabled(context, s)) continue;
    found = s;
    priority = sources_[s].priority;
  }
  return found;
}

void Plic::update() {
  for (Context& context : contexts_) context.line.set(best(context) != 0);
}

void Plic::forward(Source& source) {
  if (!source.level || source.claimed) return;
  source.pending = true;
  if (gateways_ == Senses::kEdges) source.level = false;
}

void Plic::irq_changed(unsigned source, bool level) {
  VT_ASSERT(exists(source), "a device is wired to a PLIC source that does not exist");
  if (gateways_ == Senses::kEdges && !level) return;
  if (loses_ && level && std::any_of(sources_.begin(), sources_.end(), [](const Source& s) { return s.claimed; })) return;
  sources_[source].level = level;
  forward(sources_[source]);
  update();
}

uint32_t Plic::claim(const Context& context) {
  const uint32_t source = best(context);
  if (source == 0) return 0;
  sources_[source].pending = false;
  sources_[source].claimed = true;
  update();
  return source;
}

// "If the completion ID does not match an interrupt source that is currently enabled for the target, the
// completion is silently ignored." (Interrupt Completion)
void Plic::complete(const Context& context, uint64_t source) {
  if (!exists(source) || !enabled(context, static_cast<uint32_t>(source))) return;
  sources_[source].claimed = false;
  forward(sources_[source]);
  update();
}

uint64_t Plic::peek(uint64_t offset, unsigned) const {
  const Place place = locate(offset);
  switch (place.kind) {
    case Place::Kind::kNothing: return 0;
    case Place::Kind::kPriority: return sources_[place.index].priority;
    case Place::Kind::kPending: return pending_word(place.index);
    case Place::Kind::kEnable: return contexts_[place.context].enable[place.index];
    case Place::Kind::kThreshold: return contexts_[place.context].threshold;
    case Place::Kind::kClaim: return best(contexts_[place.context]);
  }
  return 0;
}

uint64_t Plic::read(uint64_t offset, unsigned width) {
  const Place place = locate(offset);
  return place.kind == Place::Kind::kClaim ? claim(contexts_[place.context]) : peek(offset, width);
}

void Plic::write(uint64_t offset, unsigned, uint64_t value) {
  const Place place = locate(offset);
  switch (place.kind) {
    case Place::Kind::kNothing:
    case Place::Kind::kPending: return;
    case Place::Kind::kPriority: sources_[place.index].priority = value & kMaxPriority; break;
    case Place::Kind::kEnable:
      contexts_[place.context].enable[place.index] =
          static_cast<uint32_t>(value) & existing_in_word(place.index);
      break;
    case Place::Kind::kThreshold: contexts_[place.context].threshold = value & kMaxPriority; break;
    case Place::Kind::kClaim: return complete(contexts_[place.context], value);
  }
  update();
}

void Plic::reset() {
  for (Source& source : sources_) source = {.level = gateways_ == Senses::kLevels && source.level};
  for (Context& context : contexts_) {
    context.threshold = 0;
    context.enable.assign(context.enable.size(), 0);
  }
  update();
}

void Plic::serialize(core::Archive& ar) {
  ar.section(name_);
  for (size_t s = 1; s < sources_.size(); ++s) {
    ar.field("priority", sources_[s].priority);
    ar.field("level", sources_[s].level);
    ar.field("pending", sources_[s].pending);
    ar.field("claimed", sources_[s].claimed);
  }
  for (Context& context : contexts_) {
    ar.field("threshold", context.threshold);
    for (uint32_t& word : context.enable) ar.field("enable", word);
    serialize_line(ar, "line", context.line);
  }
}

}  // namespace vitrine::devices
