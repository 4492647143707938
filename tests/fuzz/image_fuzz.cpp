// SPDX-License-Identifier: MIT
// Images: ELF, Linux Image, gzip around them, device trees and what else is recognised. The first byte is what the file
// was given as. Nothing outside of RAM is written, and a refusal writes nothing.
#include "core/image.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

namespace {
constexpr core::GuestPhys kBase{0x8000'0000};
constexpr uint64_t kSize = 1 << 20;
}  // namespace

VITRINE_FUZZ_TARGET(input) {
  static const auto ram = std::move(core::GuestRam::create(kBase, kSize).value());
  static const uint64_t empty = ram->hash();
  const auto use = static_cast<core::ImageUse>(input.byte() % 3);
  const auto file = input.bytes();
  const auto image = core::parse_image("input", {file.begin(), file.end()}, use);
  if (!image) return fuzz::require(!image.error().message.empty(), "a refusal says why");
  fuzz::require(!core::describe_image(image.value()).empty(), "an image can be told of");
  for (const core::ImageSegment& segment : image.value().segments)
    fuzz::require(segment.memory_size >= segment.bytes.size(), "a segment has room for its bytes");
  if (core::place_image(*ram, image.value(), kBase).ok())
    ram->clear();
  else
    fuzz::require(ram->hash() == empty, "an image that does not fit leaves RAM alone");
}
