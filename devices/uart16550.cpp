// SPDX-License-Identifier: MIT
// The 16550A's registers: what each read and write does.
#include "devices/uart16550.h"

#include <utility>

#include "core/assert.h"
#include "devices/line_state.h"
#include "devices/uart16550_bits.h"

namespace vitrine::devices {

using namespace uart;

namespace {

constexpr uint16_t kDivisorAtReset = 12;  // the data sheet leaves it open

constexpr core::RegisterRow kRegisters[] = {
    {"RBR/THR/DLL", kRbr, 1, true, true, "Received byte / byte to send; with DLAB the divisor's low byte."},
    {"IER/DLM", kIer, 1, true, true, "Enabled interrupts; with DLAB the divisor's high byte."},
    {"IIR/FCR", kIir, 1, true, true, "The most urgent pending interrupt / FIFO control."},
    {"LCR", kLcr, 1, true, true, "Character format, break, DLAB."},
    {"MCR", kMcr, 1, true, true, "Modem outputs and loop-back."},
    {"LSR", kLsr, 1, true, false, "Data ready, receive errors, transmitter empty."},
    {"MSR", kMsr, 1, true, false, "Modem inputs and their changes since the last read."},
    {"SCR", kScr, 1, true, true, "A byte for the guest's own use."},
};

}  // namespace

Uart16550::Uart16550(std::string name, core::Scheduler& scheduler, core::IrqLine line, core::ByteSink& sink)
    : name_(std::move(name)),
      scheduler_(scheduler),
      line_(std::move(line)),
      sink_(sink),
      timeout_event_(scheduler, name_ + ".timeout", [this] {
        timeout_pending_ = true;
        update_line();
      }) {
  reset();
}

std::span<const core::RegisterRow> Uart16550::registers() const { return kRegisters; }

uint64_t Uart16550::read(uint64_t offset, unsigned) { return offset > kScr ? 0 : read_register(offset); }

void Uart16550::write(uint64_t offset, unsigned, uint64_t value) {
  if (offset <= kScr) write_register(offset, static_cast<uint8_t>(value));
}

uint64_t Uart16550::peek(uint64_t offset, unsigned) const {
  switch (offset) {
    case kRbr: return dlab() ? divisor_ & 0xff : received_.empty() ? 0 : received_.front().byte;
    case kIer: return dlab() ? divisor_ >> 8 : ier_;
    case kIir: return interrupt_id() | (fifo_enabled() ? kFifosEnabled : 0);
    case kLcr: return lcr_;
    case kMcr: return mcr_;
    case kLsr: return lsr();
    case kMsr: return msr_inputs() | msr_deltas_;
    case kScr: return scr_;
    default: return 0;
  }
}

// One offset has up to three names; what is sent and received is text, mostly.
std::string Uart16550::access_text(uint64_t offset, unsigned width, uint64_t value, bool write) const {
  const bool character = offset == kRbr && !dlab();
  const std::string_view name = character        ? (write ? "THR" : "RBR")
                                : offset == kRbr ? "DLL"
                                : offset == kIer ? (dlab() ? "DLM" : "IER")
                                : offset == kIir ? (write ? "FCR" : "IIR")
                                                 : std::string_view();
  if (name.empty()) return Device::access_text(offset, width, value, write);
  const uint64_t byte = value & 0xff;
  if (character && byte >= ' ' && byte <= '~')
    return std::string(name) + (write ? " <- '" : " -> '") + static_cast<char>(byte) + "'";
  return core::access_text(name, value, write);
}

// Reads with side effects; the rest is what a look shows.
uint8_t Uart16550::read_register(uint64_t offset) {
  const auto value = static_cast<uint8_t>(peek(offset, 1));
  switch (offset) {
    case kRbr: return dlab() ? value : take_byte();
    case kIir:
      // "Reading the IIR ... (if source of interrupt)" resets the THRE interrupt, and no other.
      if (interrupt_id() != kThrEmpty) return value;
      thr_empty_pending_ = false;
      break;
    case kLsr: return take_lsr();
    case kMsr:
      if (!msr_deltas_) return value;
      msr_deltas_ = 0;
      break;
    default: return value;
  }
  update_line();
  return value;
}

void Uart16550::write_register(uint64_t offset, uint8_t value) {
  switch (offset) {
    case kRbr:
      if (!dlab()) return transmit(value);
      divisor_ = static_cast<uint16_t>((divisor_ & 0xff00) | value);
      return;
    case kIer:
      if (!dlab()) return write_ier(value);
      divisor_ = static_cast<uint16_t>((divisor_ & 0x00ff) | value << 8);
      return;
    case kIir: return write_fcr(value);
    case kLcr: return write_lcr(value);
    case kMcr: return write_mcr(value);
    case kScr: scr_ = value; return;
    default: return;  // LSR and MSR: "intended for factory testing"
  }
}

uint8_t Uart16550::take_byte() {
  if (received_.empty()) return 0;
  const Character c = received_.front();
  received_.erase(received_.begin());
  idle_polls_ = 0;
  restart_timeout();
  update_line();
  if (c.external && observer_) observer_->input_taken(1);
  return c.byte;
}

// Errors belong to the oldest character: "revealed to the CPU when its associated character is at the top of
// the FIFO", and a read of LSR clears them.
uint8_t Uart16550::take_lsr() {
  const uint8_t value = lsr();
  overrun_ = false;
  if (!received_.empty()) received_.front().errors = 0;
  if (!(value & kDr) && idle_polls_ < kPollsThatListen) ++idle_polls_;
  if (value & (kOe | kPe | kFe | kBi)) update_line();
  return value;
}

uint8_t Uart16550::lsr() const {
  uint8_t value = kThre | kTemt;
  if (overrun_) value |= kOe;
  if (received_.empty()) return value;
  value |= kDr | received_.front().errors;
  if (!fifo_enabled()) return value;
  for (const Character& c : received_)
    if (c.errors) value |= kFifoError;
  return value;
}

void Uart16550::transmit(uint8_t byte) {
  idle_polls_ = 0;
  if (looped())
    put_character({byte, 0, false});
  else
    sink_.put(byte);
  thr_empty_pending_ = true;  // full and empty again within this write
  update_line();
}

// Enabling the THRE interrupt while the transmitter is empty raises it, each time: Linux's 8250 driver probes
// this.
void Uart16550::write_ier(uint8_t value) {
  const uint8_t was = ier_;
  ier_ = value & (kErbfi | kEtbei | kElsi | kEdssi);
  if ((was ^ ier_) & kEtbei) thr_empty_pending_ = ier_ & kEtbei;
  update_line();
}

// "FCR0 must be a 1 when other FCR bits are written to or they will not be programmed"; changing it clears
// both FIFOs. The transmit FIFO is always empty here.
void Uart16550::write_fcr(uint8_t value) {
  const bool mode_changes = (value ^ fcr_) & kFifoEnable;
  fcr_ = value & kFifoEnable ? value & (kFifoEnable | 0xc0) : 0;
  if (mode_changes || (fifo_enabled() && (value & kClearReceive))) clear_receiver();
  if (mode_changes || (fifo_enabled() && (value & kClearTransmit))) thr_empty_pending_ = true;
  update_line();
}

// A looped transmitter that starts to hold a break sends one zero character with BI to its own receiver.
void Uart16550::write_lcr(uint8_t value) {
  const bool break_starts = value & ~lcr_ & kSetBreak;
  lcr_ = value;
  if (break_starts && looped()) put_character({0, kBi | kFe, false});
}

void Uart16550::write_mcr(uint8_t value) {
  const uint8_t before = msr_inputs();
  mcr_ = value & (kDtr | kRts | kOut1 | kOut2 | kLoop);
  const uint8_t now = msr_inputs();
  const uint8_t changed = before ^ now;
  if (changed & kCts) msr_deltas_ |= kDcts;
  if (changed & kDsr) msr_deltas_ |= kDdsr;
  if (changed & before & kRi) msr_deltas_ |= kTeri;  // the trailing edge only
  if (changed & kDcd) msr_deltas_ |= kDdcd;
  if (changed) update_line();
}

// The modem is always there, ready and connected; looped, the four inputs are the four outputs.
uint8_t Uart16550::msr_inputs() const {
  if (!looped()) return kCts | kDsr | kDcd;
  uint8_t inputs = 0;
  if (mcr_ & kRts) inputs |= kCts;
  if (mcr_ & kDtr) inputs |= kDsr;
  if (mcr_ & kOut1) inputs |= kRi;
  if (mcr_ & kOut2) inputs |= kDcd;
  return inputs;
}

// A full FIFO keeps what it has and loses the new character; without FIFO the new one overwrites the old.
void Uart16550::put_character(Character c) {
  if (received_.size() < (fifo_enabled() ? kFifoSize : 1)) {
    received_.push_back(c);
  } else {
    overrun_ = true;
    if (!fifo_enabled()) {
      const bool lost = received_.front().external;
      received_.front() = c;
      if (lost && observer_) observer_->input_discarded(1);
    }
  }
  idle_polls_ = 0;
  restart_timeout();
  update_line();
}

void Uart16550::clear_receiver() {
  unsigned lost = 0;
  for (const Character& c : received_) lost += c.external;
  received_.clear();
  restart_timeout();
  if (lost && observer_) observer_->input_discarded(lost);
}

unsigned Uart16550::room() const {
  if (looped()) return 0;  // the pin is disconnected
  const auto limit = fifo_enabled() ? kFifoSize : 1u;
  return received_.size() >= limit ? 0 : limit - static_cast<unsigned>(received_.size());
}

void Uart16550::receive(uint8_t byte) {
  VT_ASSERT(room() > 0, "a byte was offered to a full receiver");
  put_character({byte, 0, true});
}

void Uart16550::receive_break() {
  if (!looped()) put_character({0, kBi | kFe, false});
}

bool Uart16550::listens() const { return !looped() && ((ier_ & kErbfi) || idle_polls_ >= kPollsThatListen); }

void Uart16550::reset() {
  clear_receiver();
  divisor_ = kDivisorAtReset;
  ier_ = fcr_ = lcr_ = mcr_ = scr_ = 0;
  msr_deltas_ = 0;
  overrun_ = thr_empty_pending_ = false;
  idle_polls_ = 0;
  update_line();
}

void Uart16550::serialize(core::Archive& ar) {
  ar.section(name_);
  ar.field("divisor", divisor_);
  ar.field("ier", ier_);
  ar.field("fcr", fcr_);
  ar.field("lcr", lcr_);
  ar.field("mcr", mcr_);
  ar.field("scr", scr_);
  ar.field("msr_deltas", msr_deltas_);
  ar.field("overrun", overrun_);
  ar.field("thr_empty_pending", thr_empty_pending_);
  ar.field("timeout_pending", timeout_pending_);
  ar.field("idle_polls", idle_polls_);
  auto count = static_cast<uint64_t>(received_.size());
  ar.field("received", count);
  if (count > kFifoSize) return ar.fail("the receive FIFO of " + name_ + " holds more than 16 characters");
  if (ar.loading()) received_.resize(count);
  for (Character& c : received_) {
    ar.field("byte", c.byte);
    ar.field("errors", c.errors);
    ar.field("external", c.external);
  }
  serialize_line(ar, "line", line_);
}

}  // namespace vitrine::devices
