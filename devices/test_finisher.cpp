// SPDX-License-Identifier: MIT
// The test finisher: decodes the one word and tells the observer.
#include "devices/test_finisher.h"

#include <utility>

namespace vitrine::devices {
namespace {

constexpr core::RegisterRow kRegisters[] = {
    {"FINISH", 0, 4, false, true, "Ends the run: 0x5555 pass, code<<16 | 0x3333 fail, 0x7777 reset."},
};

}  // namespace

TestFinisher::TestFinisher(std::string name, core::Scheduler& scheduler, FinishObserver& observer)
    : name_(std::move(name)), scheduler_(scheduler), observer_(observer) {}

std::span<const core::RegisterRow> TestFinisher::registers() const { return kRegisters; }

uint64_t TestFinisher::read(uint64_t offset, unsigned width) { return peek(offset, width); }
uint64_t TestFinisher::peek(uint64_t, unsigned) const { return 0; }

// A status of another value means nothing and is ignored, as on the board this device comes from.
void TestFinisher::write(uint64_t offset, unsigned, uint64_t value) {
  if (offset != 0) return;
  const auto code = static_cast<uint16_t>(value >> 16);
  switch (value & 0xffff) {
    case 0x5555: observer_.finish_requested({FinishRequest::Kind::kPass, 0}); break;
    case 0x3333: observer_.finish_requested({FinishRequest::Kind::kFail, code}); break;
    case 0x7777: observer_.finish_requested({FinishRequest::Kind::kReset, 0}); break;
    default: return;
  }
  scheduler_.want_attention();
}

void TestFinisher::serialize(core::Archive& ar) { ar.section(name_); }

}  // namespace vitrine::devices
