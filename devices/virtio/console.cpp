// SPDX-License-Identifier: MIT
// The virtio console.
#include "devices/virtio/console.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "devices/virtio/segments.h"

namespace vitrine::devices {
namespace {

constexpr unsigned kInputQueue = 0, kOutputQueue = 1;
constexpr unsigned kFeatureEmergencyWrite = 2;
constexpr uint64_t kEmergencyWrite = 8;

constexpr core::RegisterRow kConfigRows[] = {
    {"cols", 0, 2, true, false, "Columns of the terminal; not offered."},
    {"rows", 2, 2, true, false, "Rows of the terminal; not offered."},
    {"max_nr_ports", 4, 4, true, false, "Number of ports."},
    {"emerg_wr", kEmergencyWrite, 4, false, true, "A byte to show at once, without any queue."},
};

}  // namespace

VirtioConsole::VirtioConsole(std::string name, core::Scheduler& scheduler, core::ByteSink& sink)
    : scheduler_(scheduler),
      sink_(sink),
      input_event_(scheduler, name + ".input", [this] { deliver_input(); }),
      output_event_(scheduler, name + ".output", [this] { send_output(); }) {
  config_[4] = 1;
}

std::span<const core::RegisterRow> VirtioConsole::config_rows() const { return kConfigRows; }

uint64_t VirtioConsole::features() const { return 1 << kFeatureEmergencyWrite; }

// "The driver may use emergency write at any time, even before initialization" (5.3.4).
void VirtioConsole::write_config(uint64_t offset, unsigned, uint64_t value) {
  if (offset == kEmergencyWrite) sink_.put(static_cast<uint8_t>(value));
}

void VirtioConsole::notified(unsigned queue) {
  if (queue == kInputQueue) return deliver_input();
  if (!output_event_.armed()) send_output();
}

void VirtioConsole::send_output() {
  Chain chain;
  uint64_t sent = 0;
  bool any = false;
  while (sent < kBytesPerEvent && port_->take(kOutputQueue, chain)) {
    send(chain.readable);
    sent += total_size(chain.readable) + kDescriptorCost * chain.descriptors;
    port_->give_back(kOutputQueue, chain, 0);
    any = true;
  }
  if (any) port_->interrupt(kOutputQueue);
  if (port_->waiting(kOutputQueue)) output_event_.arm(scheduler_.clock().ticks() + 1);
}

void VirtioConsole::send(std::span<const Segment> segments) {
  for (const Segment& s : segments) {
    const uint8_t* bytes = port_->ram().host(s.at);
    for (uint32_t i = 0; i < s.size; ++i) sink_.put(bytes[i]);
  }
}

void VirtioConsole::deliver_input() {
  Chain chain;
  uint64_t taken = 0;
  bool any = false;
  while (!input_.empty() && port_->take(kInputQueue, chain)) {
    const uint64_t n = copy_to(port_->ram(), chain.writable, input_.data(), input_.size());
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(n));
    port_->give_back(kInputQueue, chain, static_cast<uint32_t>(n));
    taken += n;
    any = true;
  }
  if (any) port_->interrupt(kInputQueue);
  if (taken && observer_) observer_->input_taken(static_cast<unsigned>(taken));
}

void VirtioConsole::receive(uint8_t byte) {
  VT_ASSERT(room() > 0, "a byte was offered to a full receiver");
  input_.push_back(byte);
  input_event_.arm(scheduler_.clock().ticks());
}

bool VirtioConsole::listens() const { return port_->waiting(kInputQueue); }

void VirtioConsole::reset() {
  input_event_.disarm();
  output_event_.disarm();
  const auto lost = static_cast<unsigned>(input_.size());
  input_.clear();
  if (lost && observer_) observer_->input_discarded(lost);
}

void VirtioConsole::serialize(core::Archive& ar) { ar.byte_vector("input", input_, kInputLimit); }

}  // namespace vitrine::devices
