// SPDX-License-Identifier: MIT
// The device models that -device knows: ours with their properties, and QEMU's others with what is nearest to
// them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/qemu_draft.h"

namespace vitrine::app::qemu {

struct Property {
  std::string_view name;
  // The only value that it can have here; empty: any, since it changes nothing that a guest or user could see
  // (tuning of the host's side), or since it is read by whoever builds the device.
  std::string_view only;
  std::string_view help;
};

struct Driver {
  std::string_view name;
  std::string_view bus;
  std::string_view help;
  std::span<const Property> properties;  // besides those of every virtio device, if it is one
};

std::span<const Driver> drivers();
const Driver* find_driver(std::string_view name);

// Refuses what nobody took and no row knows: "Property 'virtio-blk-device.foo' not found".
Done check_properties(QemuKeyvals& device, const Driver& driver);

// The error for a name that is none of drivers(): what it would need, and what there is instead.
core::Error unknown_driver(const QemuKeyvals& device, const std::string& name);

}  // namespace vitrine::app::qemu
