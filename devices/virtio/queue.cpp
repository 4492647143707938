// SPDX-License-Identifier: MIT
// The split virtqueue: taking chains and giving them back.
#include "devices/virtio/queue.h"

#include <bit>

#include "core/assert.h"

namespace vitrine::devices {
namespace {

enum DescriptorFlag : uint16_t { kNext = 1, kWrite = 2, kIndirect = 4 };
constexpr uint16_t kNoInterrupt = 1;  // in the available ring's flags
constexpr uint64_t kDescriptorSize = 16;

// What a broken queue is restored with: the words are for people and are not kept in a state.
constexpr std::string_view kBrokenBefore = "the queue was broken when the state was saved";

constexpr uint64_t available_bytes(uint32_t size) { return 6 + uint64_t{2} * size; }
constexpr uint64_t used_bytes(uint32_t size) { return 6 + uint64_t{8} * size; }

}  // namespace

void VirtQueue::enable(const QueueLayout& layout, bool indirect, bool event_index) {
  disable();
  layout_ = layout;
  indirect_ = indirect;
  event_index_ = event_index;
  enabled_ = true;
}

void VirtQueue::disable() { *this = VirtQueue(*ram_); }

// Empty if the three areas can be used: then any access inside them succeeds.
std::string_view VirtQueue::layout_fault() const {
  if (layout_.size > kMaxSize || !std::has_single_bit(layout_.size))
    return "the queue's size is not a power of two up to 1024";
  if (!ram_->contains({layout_.descriptors}, kDescriptorSize * layout_.size))
    return "the descriptor table is not in RAM";
  if (!ram_->contains({layout_.available}, available_bytes(layout_.size)))
    return "the available ring is not in RAM";
  if (!ram_->contains({layout_.used}, used_bytes(layout_.size))) return "the used ring is not in RAM";
  return {};
}

uint16_t VirtQueue::available_index() const {
  uint16_t index = 0;
  VT_ASSERT(ram_->read_value({layout_.available + 2}, index), "the layout was not checked");
  return index;
}

bool VirtQueue::waiting() const {
  if (!enabled_ || !why_broken_.empty()) return false;
  return !layout_fault().empty() || available_index() != next_available_;
}

VirtQueue::Take VirtQueue::take(Chain& chain) {
  if (!waiting()) return Take::kNothing;
  why_broken_ = layout_fault();
  if (!why_broken_.empty()) return Take::kBroken;
  if (static_cast<uint16_t>(available_index() - next_available_) > layout_.size) {
    why_broken_ = "the available ring's index ran ahead by more than the queue";
    return Take::kBroken;
  }
  uint16_t head = 0;
  const uint64_t slot = layout_.available + 4 + uint64_t{2} * (next_available_ % layout_.size);
  VT_ASSERT(ram_->read_value({slot}, head), "the layout was not checked");
  why_broken_ = walk(head, chain);
  if (!why_broken_.empty()) return Take::kBroken;
  ++next_available_;
  // avail_event: notify me when the index passes this one, that is for each new chain.
  if (event_index_)
    VT_ASSERT(ram_->write_value({layout_.used + used_bytes(layout_.size) - 2}, next_available_),
              "the layout was not checked");
  return Take::kChain;
}

// Follows a chain through the table and at most one indirect table. Returns what is wrong with it.
std::string_view VirtQueue::walk(uint16_t head, Chain& chain) const {
  chain.head = head;
  chain.descriptors = 0;
  chain.readable.clear();
  chain.writable.clear();
  Table table{layout_.descriptors, layout_.size};
  bool inside = false;
  uint64_t bytes = 0;
  uint32_t index = head;
  for (uint32_t length = 0; length < layout_.size;) {
    Descriptor d;
    if (index >= table.size) return "a descriptor's index is beyond its table";
    if (!ram_->read_value({table.at + kDescriptorSize * index}, d)) return "a descriptor is not in RAM";
    if (d.flags & kIndirect) {
      if (const auto fault = enter_indirect(d, inside, table); !fault.empty()) return fault;
      inside = true;
      index = 0;
      continue;
    }
    if (const auto fault = add(d, chain, bytes); !fault.empty()) return fault;
    ++chain.descriptors;
    if (!(d.flags & kNext)) return {};
    index = d.next;
    ++length;
  }
  return "a chain is longer than its queue";
}

// "The device MUST ignore the write-only flag in the descriptor that refers to an indirect table."
// (2.7.5.3.2)
std::string_view VirtQueue::enter_indirect(const Descriptor& d, bool inside, Table& table) const {
  if (!indirect_) return "an indirect descriptor was not negotiated";
  if (inside) return "an indirect table has an indirect descriptor";
  if (d.flags & kNext) return "an indirect descriptor has a next one";
  if (d.size == 0 || d.size % kDescriptorSize != 0)
    return "an indirect table's size is not that of descriptors";
  if (!ram_->contains({d.address}, d.size)) return "an indirect table is not in RAM";
  table = {d.address, static_cast<uint32_t>(d.size / kDescriptorSize)};
  return {};
}

std::string_view VirtQueue::add(const Descriptor& d, Chain& chain, uint64_t& bytes) const {
  if (d.size == 0) return {};
  if (!ram_->contains({d.address}, d.size)) return "a buffer is not in RAM";
  bytes += d.size;
  if (bytes > ram_->size()) return "a chain names more bytes than RAM has";
  if (!(d.flags & kWrite) && !chain.writable.empty()) return "a buffer to read follows one to write";
  (d.flags & kWrite ? chain.writable : chain.readable).push_back({{d.address}, d.size});
  return {};
}

void VirtQueue::give_back(uint16_t head, uint32_t written) {
  const struct { uint32_t id, written; } element = {head, written};
  const uint64_t slot = layout_.used + 4 + uint64_t{8} * (next_used_ % layout_.size);
  ++next_used_;
  const bool done = ram_->write_value({slot}, element) && ram_->write_value({layout_.used + 2}, next_used_);
  VT_ASSERT(done, "a chain was given back to a queue that did not hand it out");
}

// With an event index: once for the step of the used index over used_event (2.7.7.2).
bool VirtQueue::interrupt_due() {
  if (!enabled_ || !layout_fault().empty()) return false;
  uint16_t word = 0;
  const uint64_t at = layout_.available + (event_index_ ? available_bytes(layout_.size) - 2 : 0);
  VT_ASSERT(ram_->read_value({at}, word), "the layout was checked");
  const uint16_t before = asked_used_;
  asked_used_ = next_used_;
  if (!event_index_) return !(word & kNoInterrupt);
  return static_cast<uint16_t>(next_used_ - word - 1) < static_cast<uint16_t>(next_used_ - before);
}

void VirtQueue::serialize(core::Archive& ar) {
  ar.field("size", layout_.size);
  ar.field("descriptors", layout_.descriptors);
  ar.field("available", layout_.available);
  ar.field("used", layout_.used);
  ar.field("enabled", enabled_);
  ar.field("indirect", indirect_);
  ar.field("event_index", event_index_);
  ar.field("next_available", next_available_);
  ar.field("next_used", next_used_);
  ar.field("asked_used", asked_used_);
  bool broken = !why_broken_.empty();
  ar.field("broken", broken);
  if (ar.loading()) why_broken_ = broken ? kBrokenBefore : std::string_view{};
}

}  // namespace vitrine::devices
