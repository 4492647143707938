// SPDX-License-Identifier: MIT
// virtio over MMIO: registers, negotiation, queues, interrupt.
#include "devices/virtio/mmio.h"

#include <bit>
#include <utility>

#include "devices/line_state.h"
#include "devices/virtio/mmio_registers.h"

namespace vitrine::devices {

using namespace virtio_mmio;

namespace {

constexpr void set_low(uint64_t& value, uint32_t word) { value = (value & ~uint64_t{0xffff'ffff}) | word; }
constexpr void set_high(uint64_t& value, uint32_t word) {
  value = (value & 0xffff'ffff) | uint64_t{word} << 32;
}

}  // namespace

VirtioMmio::VirtioMmio(std::string name, core::GuestRam& ram, core::IrqLine line,
                       std::unique_ptr<VirtioModel> model, VirtioVersion version)
    : name_(std::move(name)),
      ram_(ram),
      line_(std::move(line)),
      model_(std::move(model)),
      version_(version),
      rows_(std::begin(kRows), std::end(kRows)),
      queue_registers_(model_->queues()),
      queues_(model_->queues(), VirtQueue(ram)) {
  for (core::RegisterRow row : model_->config_rows()) {
    row.offset += kConfig;
    rows_.push_back(row);
  }
  model_->attach(*this);
  reset();
}

uint64_t VirtioMmio::offered() const {
  const uint64_t common =
      model_->features() | uint64_t{1} << kFeatureIndirect | uint64_t{1} << kFeatureEventIndex;
  return legacy() ? common & 0xffff'ffff : common | uint64_t{1} << kFeatureVersion1;
}

bool VirtioMmio::serving() const { return !(status_ & kNeedsReset) && (legacy() || (status_ & kDriverOk)); }

// Registers are words; the configuration space is read in any width.
uint64_t VirtioMmio::peek(uint64_t offset, unsigned width) const {
  if (offset >= kConfig) return read_config(offset - kConfig, width);
  return width == 4 ? read_register(offset) : 0;
}

void VirtioMmio::write(uint64_t offset, unsigned width, uint64_t value) {
  if (offset >= kConfig) return model_->write_config(offset - kConfig, width, value);
  if (width == 4) write_register(offset, static_cast<uint32_t>(value));
}

// Beyond its end the space reads as ones, as on QEMU's board.
uint64_t VirtioMmio::read_config(uint64_t offset, unsigned width) const {
  const auto config = model_->config();
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= uint64_t{offset + i < config.size() ? config[offset + i] : uint8_t{0xff}} << 8 * i;
  return value;
}

uint32_t VirtioMmio::read_register(uint64_t offset) const {
  switch (offset) {
    case kMagicValue: return kMagic;
    case kVersion: return static_cast<uint32_t>(version_);
    case kDeviceId: return model_->device_id();
    case kVendorId: return kVendor;
    case kDeviceFeatures:
      return device_features_sel_ > 1 ? 0 : static_cast<uint32_t>(offered() >> 32 * device_features_sel_);
    case kInterruptStatus: return interrupt_status_;
    case kStatus: return status_;
    case kShmLenLow:
    case kShmLenHigh:
    case kShmBaseLow:
    case kShmBaseHigh: return ~uint32_t{0};  // "a length of -1": no such region
    default: return queue_sel_ < queues_.size() ? read_queue_register(offset) : 0;
  }
}

uint32_t VirtioMmio::read_queue_register(uint64_t offset) const {
  switch (offset) {
    case kQueueNumMax: return VirtQueue::kMaxSize;
    case kQueuePfn: return legacy() ? queue_registers_[queue_sel_].pfn : 0;
    case kQueueReady: return !legacy() && queues_[queue_sel_].enabled();
    default: return 0;
  }
}

void VirtioMmio::write_register(uint64_t offset, uint32_t value) {
  switch (offset) {
    case kDeviceFeaturesSel: device_features_sel_ = value; return;
    case kDriverFeatures: return write_driver_features(value);
    case kDriverFeaturesSel: driver_features_sel_ = value; return;
    case kGuestPageSize: guest_page_size_ = value; return;
    case kQueueSel: queue_sel_ = value; return;
    case kQueueNotify: return notify(value);
    case kInterruptAck: interrupt_status_ &= ~value; return line_.assert_anew(interrupt_status_ != 0);
    case kStatus: return write_status(value);
    default:
      if (queue_sel_ < queues_.size()) write_queue_register(offset, value);
  }
}

void VirtioMmio::write_queue_register(uint64_t offset, uint32_t value) {
  QueueRegisters& q = queue_registers_[queue_sel_];
  if (offset == kQueueNum) q.layout.size = value;
  if (legacy()) {
    if (offset == kQueueAlign) q.align = value;
    if (offset == kQueuePfn) set_pfn(queue_sel_, value);
    return;
  }
  switch (offset) {
    case kQueueDescLow: return set_low(q.layout.descriptors, value);
    case kQueueDescHigh: return set_high(q.layout.descriptors, value);
    case kQueueDriverLow: return set_low(q.layout.available, value);
    case kQueueDriverHigh: return set_high(q.layout.available, value);
    case kQueueDeviceLow: return set_low(q.layout.used, value);
    case kQueueDeviceHigh: return set_high(q.layout.used, value);
    case kQueueReady: return set_ready(queue_sel_, value & 1);
    default: return;
  }
}

void VirtioMmio::write_driver_features(uint32_t value) {
  if (driver_features_sel_ > 1) return;
  driver_features_sel_ ? set_high(driver_features_, value) : set_low(driver_features_, value);
  if (legacy()) accepted_ = driver_features_ & offered();
}

// "If the driver ... FEATURES_OK ... the device MUST NOT accept features that it did not offer" (3.1.1 step
// 5, 2.2.2): the refusal is that the bit does not stick. NEEDS_RESET is the device's own bit.
void VirtioMmio::write_status(uint32_t value) {
  value &= 0xff;
  if (value == 0) return reset_device();
  value = (value & ~kNeedsReset) | (status_ & kNeedsReset);
  if (!legacy() && (value & ~status_ & kFeaturesOk)) {
    if (driver_features_ & ~offered())
      value &= ~uint32_t{kFeaturesOk};
    else
      accepted_ = driver_features_;
  }
  const bool starts = value & ~status_ & kDriverOk;
  status_ = value;
  // Buffers may have been made available before.
  for (unsigned q = 0; starts && q < queues_.size(); ++q)
    if (waiting(q)) model_->notified(q);
}

void VirtioMmio::set_ready(unsigned queue, bool ready) {
  if (ready == queues_[queue].enabled()) return;
  if (!ready) return queues_[queue].disable();
  queues_[queue].enable(queue_registers_[queue].layout, negotiated(kFeatureIndirect),
                        negotiated(kFeatureEventIndex));
}

// The legacy layout: one run of memory, in which the used ring begins at the next multiple of QueueAlign. An
// alignment that is no power of two puts it nowhere, and the queue is broken at its first use. The products
// do not overflow: page number and page size have 32 bits.
void VirtioMmio::set_pfn(unsigned queue, uint32_t pfn) {
  QueueRegisters& q = queue_registers_[queue];
  q.pfn = pfn;
  queues_[queue].disable();
  if (pfn == 0) return;
  QueueLayout& at = q.layout;
  at.descriptors = uint64_t{pfn} * guest_page_size_;
  at.available = at.descriptors + uint64_t{16} * at.size;
  const uint64_t end = at.available + 6 + uint64_t{2} * at.size;
  at.used = std::has_single_bit(q.align) ? (end + q.align - 1) & ~uint64_t{q.align - 1} : ~uint64_t{0};
  queues_[queue].enable(at, negotiated(kFeatureIndirect), negotiated(kFeatureEventIndex));
}

void VirtioMmio::notify(uint32_t queue) {
  if (queue < queues_.size() && serving()) model_->notified(queue);
}

bool VirtioMmio::take(unsigned queue, Chain& chain) {
  if (!serving()) return false;
  const VirtQueue::Take result = queues_[queue].take(chain);
  if (result == VirtQueue::Take::kBroken) give_up(queues_[queue].why_broken());
  return result == VirtQueue::Take::kChain;
}

bool VirtioMmio::waiting(unsigned queue) const { return serving() && queues_[queue].waiting(); }

void VirtioMmio::give_back(unsigned queue, const Chain& chain, uint32_t written) {
  queues_[queue].give_back(chain.head, forgets_length_ ? 0 : written);
}

void VirtioMmio::interrupt(unsigned queue) {
  if (queues_[queue].interrupt_due()) raise(kUsedBuffer);
}

void VirtioMmio::raise(uint32_t cause) {
  interrupt_status_ |= cause;
  line_.assert_anew(true);
}

// "...the device MUST set DEVICE_NEEDS_RESET ... and, if DRIVER_OK is set, MUST send a device configuration
// change notification" (2.1.2).
void VirtioMmio::give_up(std::string_view why) {
  status_ |= kNeedsReset;
  if (status_ & kDriverOk) raise(kConfigChange);
  if (observer_) observer_->device_needs_reset(name_, why);
}

void VirtioMmio::reset() {
  guest_page_size_ = 0;
  reset_device();
}

// GuestPageSize belongs to the transport, not to the device: Linux writes it once, before it resets the
// device.
void VirtioMmio::reset_device() {
  model_->reset();
  for (VirtQueue& queue : queues_) queue.disable();
  for (QueueRegisters& q : queue_registers_) q = {.layout = {.size = VirtQueue::kMaxSize}};
  device_features_sel_ = driver_features_sel_ = 0;
  driver_features_ = accepted_ = 0;
  status_ = interrupt_status_ = 0;
  queue_sel_ = 0;
  line_.set(false);
}

void VirtioMmio::serialize(core::Archive& ar) {
  ar.section(name_);
  ar.field("device_features_sel", device_features_sel_);
  ar.field("driver_features_sel", driver_features_sel_);
  ar.field("driver_features", driver_features_);
  ar.field("accepted", accepted_);
  ar.field("status", status_);
  ar.field("interrupt_status", interrupt_status_);
  ar.field("guest_page_size", guest_page_size_);
  ar.field("queue_sel", queue_sel_);
  for (QueueRegisters& q : queue_registers_) {
    ar.field("queue_num", q.layout.size);
    ar.field("queue_desc", q.layout.descriptors);
    ar.field("queue_driver", q.layout.available);
    ar.field("queue_device", q.layout.used);
    ar.field("queue_align", q.align);
    ar.field("queue_pfn", q.pfn);
  }
  for (VirtQueue& queue : queues_) queue.serialize(ar);
  serialize_line(ar, "line", line_);
  model_->serialize(ar);
}

}  // namespace vitrine::devices
