// SPDX-License-Identifier: MIT
// The order in which a virtio device is set up, register by register.
#include "app/lint_virtio.h"

#include <fmt/format.h>

#include "devices/virtio/mmio_registers.h"

namespace vitrine::app {
namespace {

using namespace devices::virtio_mmio;

constexpr uint32_t kAcknowledge = 1, kDriver = 2;
constexpr uint32_t kMostQueues = 64;  // further ones share the last place

LintVirtio::Wrong order(std::string what) { return {false, std::move(what)}; }
LintVirtio::Wrong mixed(std::string what) { return {true, std::move(what)}; }

}  // namespace

void LintVirtio::reset() {
  status_ = selected_ = selected_features_ = 0;
  features_ = 0;
  page_size_ = false;
  queues_.assign(1, Queue{});
}

LintVirtio::Queue& LintVirtio::queue() {
  const uint32_t number = selected_ < kMostQueues ? selected_ : kMostQueues;
  if (queues_.size() <= number) queues_.resize(number + 1);
  return queues_[number];
}

LintVirtio::Wrong LintVirtio::written(uint64_t offset, uint32_t value) {
  switch (offset) {
    case kStatus: return status_written(value);
    case kQueueSel: return selected_ = value, Wrong{};
    case kQueueNotify:
      if (!(status_ & kDriverOk))
        return order(fmt::format("queue {} is notified before DRIVER_OK", value & 0xffff));
      return {};
    case kDriverFeaturesSel: return selected_features_ = value, Wrong{};
    case kDriverFeatures:
      if (selected_features_ < 2) {
        features_ &= ~(uint64_t{0xffff'ffff} << 32 * selected_features_);
        features_ |= uint64_t{value} << 32 * selected_features_;
      }
      if (status_ & (legacy_ ? kDriverOk : kFeaturesOk))
        return order(fmt::format("features are written after {}", legacy_ ? "DRIVER_OK" : "FEATURES_OK"));
      if (!(status_ & kDriver)) return order("features are written before the status DRIVER");
      return {};
    default: return legacy_ ? legacy(offset, value) : modern(offset, value);
  }
}

// 3.1.1: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK, queues, DRIVER_OK.
LintVirtio::Wrong LintVirtio::status_written(uint32_t value) {
  if (value == 0) return reset(), Wrong{};
  const uint32_t before = status_, added = value & ~before;
  status_ = value;
  if (legacy_ && added & kFeaturesOk)
    return mixed("FEATURES_OK is set in a legacy device, which does not have it");
  if (added & kDriver && !(value & kAcknowledge)) return order("DRIVER is set without ACKNOWLEDGE");
  if (added & kFeaturesOk && !(value & kDriver)) return order("FEATURES_OK is set without DRIVER");
  if (!legacy_ && added & kFeaturesOk && !(features_ >> 32 & 1))
    return mixed("FEATURES_OK is set in a modern device, and VIRTIO_F_VERSION_1 was not accepted");
  if (!legacy_ && added & kDriverOk && !(before & kFeaturesOk))
    return order("DRIVER_OK is set before FEATURES_OK");
  return {};
}

LintVirtio::Wrong LintVirtio::modern(uint64_t offset, uint32_t value) {
  Queue& q = queue();
  switch (offset) {
    case kGuestPageSize: return mixed("GuestPageSize is written, a register of legacy devices");
    case kQueueAlign: return mixed("QueueAlign is written, a register of legacy devices");
    case kQueuePfn: return mixed("QueuePFN is written, a register of legacy devices");
    case kQueueReady: return ready_written(q, value & 1);
    case kQueueNum: q.size = true; break;
    case kQueueDescLow: q.places |= 1; break;
    case kQueueDriverLow: q.places |= 2; break;
    case kQueueDeviceLow: q.places |= 4; break;
    case kQueueDescHigh:
    case kQueueDriverHigh:
    case kQueueDeviceHigh: break;
    default: return {};
  }
  if (q.ready) return order(fmt::format("queue {} is changed while it is ready", selected_));
  return {};
}

LintVirtio::Wrong LintVirtio::ready_written(Queue& q, bool ready) {
  q.ready = ready;
  if (!ready) return {};
  if (!(status_ & kFeaturesOk))
    return order(fmt::format("queue {} is made ready before FEATURES_OK", selected_));
  if (status_ & kDriverOk) return order(fmt::format("queue {} is made ready after DRIVER_OK", selected_));
  if (!q.size) return order(fmt::format("queue {} is made ready before QueueNum says its size", selected_));
  if (q.places != 7)
    return order(
        fmt::format("queue {} is made ready before all three of its areas have an address", selected_));
  return {};
}

LintVirtio::Wrong LintVirtio::legacy(uint64_t offset, uint32_t value) {
  Queue& q = queue();
  switch (offset) {
    case kQueueReady:
    case kQueueDescLow:
    case kQueueDescHigh:
    case kQueueDriverLow:
    case kQueueDriverHigh:
    case kQueueDeviceLow:
    case kQueueDeviceHigh:
      return mixed(fmt::format("register {:#x} is written, which legacy devices do not have", offset));
    case kGuestPageSize: page_size_ = true; return {};
    case kQueueNum: q.size = true; return {};
    case kQueueAlign: q.align = true; return {};
    case kQueuePfn: return pfn_written(q, value);
    default: return {};
  }
}

// 4.2.4: "The driver writes its page size"; then for each queue size, alignment, page number.
LintVirtio::Wrong LintVirtio::pfn_written(Queue& q, uint32_t pfn) {
  if (pfn == 0) return {};
  if (!page_size_)
    return order(fmt::format("QueuePFN of queue {} is written before GuestPageSize", selected_));
  if (!q.size) return order(fmt::format("QueuePFN of queue {} is written before QueueNum", selected_));
  if (!q.align) return order(fmt::format("QueuePFN of queue {} is written before QueueAlign", selected_));
  if (status_ & kDriverOk) return order(fmt::format("queue {} is set up after DRIVER_OK", selected_));
  return {};
}

}  // namespace vitrine::app
