// SPDX-License-Identifier: MIT
// Boot planning and placement.
#include "app/boot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "app/board_table.h"
#include "app/device_tree.h"
#include "core/file.h"
#include "core/state.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::GuestPhys;

constexpr uint64_t kMaxFile = uint64_t{4} << 30;
constexpr uint64_t kPage = core::kPageSize;

// Refuses what cannot fit, before gigabytes of it are read. (An ELF may be large for what it does not load.)
core::Result<> refuse_too_large(const std::string& path, const MachineConfig& config) {
  std::error_code failed;
  const uint64_t size = std::filesystem::file_size(path, failed);  // pipes and the like have none
  if (failed || size <= config.memory) return core::Ok{};
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  if (magic == std::array{'\x7f', 'E', 'L', 'F'}) return core::Ok{};
  return core::error(ErrorKind::kBadImage,
                     "'{}' ({}) is larger than the machine's memory ({}). It needs more than --memory {}M.",
                     core::printable(path), core::size_text(size), core::size_text(config.memory),
                     size >> 20);
}

core::Result<core::Image> read_program(const std::string& path, core::ImageUse use,
                                       const MachineConfig& config) {
  if (auto small = refuse_too_large(path, config); !small) return small.error();
  return core::read_image(path, use);
}

// "An ELF that covers 0x8000_0000 starts there in M mode with no firmware; any other kernel gets the built-in
// SBI."
Firmware choose_firmware(const MachineConfig& config, const std::optional<core::Image>& kernel) {
  if (config.bios == "none") return Firmware::kNone;
  if (config.bios == "builtin") return Firmware::kBuiltin;
  if (!config.bios.empty()) return Firmware::kImage;
  const bool bare =
      kernel && kernel->kind == core::ImageKind::kElf64 && kernel->covers(GuestPhys{board::kRam});
  return bare ? Firmware::kNone : Firmware::kBuiltin;
}

void plan_kernel(BootPlan& plan) {
  const bool alone = plan.firmware == Firmware::kNone;
  plan.kernel_at = alone ? board::kRam : board::kRam + board::kKernelOffset;
  plan.kernel_entry = plan.kernel_at;
  if (!plan.kernel_image) return;
  const core::Image& kernel = *plan.kernel_image;
  if (kernel.entry) plan.kernel_entry = kernel.entry->value;
  if (kernel.kind == core::ImageKind::kElf64) plan.kernel_at = kernel.low().value;
}

core::Result<> plan_initrd(BootPlan& plan, const MachineConfig& config) {
  if (config.initrd.empty()) return core::Ok{};
  if (auto small = refuse_too_large(config.initrd, config); !small) return small.error();
  auto bytes = core::read_file(config.initrd, kMaxFile);
  if (!bytes) return bytes.error();
  plan.initrd = std::move(*bytes);
  plan.initrd_hash = core::hash_bytes(plan.initrd);
  plan.initrd_at = (plan.kernel_entry + std::min(config.memory / 2, board::kInitrdDistance)) & ~(kPage - 1);
  const uint64_t end = board::kRam + config.memory;
  if (plan.initrd_at + plan.initrd.size() > end)
    return core::error(ErrorKind::kBadImage,
                       "The initrd '{}' ({} MiB) does not fit into {} MiB of memory behind the kernel; give "
                       "a larger --memory.",
                       core::printable(config.initrd), plan.initrd.size() >> 20, config.memory >> 20);
  return core::Ok{};
}

core::Result<> plan_tree(BootPlan& plan, const MachineConfig& config) {
  const TreeInput input{config, plan.initrd_at, plan.initrd_at + plan.initrd.size()};
  if (config.dtb.empty()) {
    plan.tree = make_device_tree(input);
  } else {
    auto bytes = core::read_file(config.dtb, 16 << 20);
    if (!bytes) return bytes.error();
    std::vector<uint8_t> blob(bytes->size());
    std::ranges::copy(std::as_bytes(std::span(*bytes)), std::as_writable_bytes(std::span(blob)).begin());
    auto amended = amend_device_tree(std::move(blob), input);
    if (!amended) return amended.error();
    plan.tree = std::move(*amended);
  }
  const uint64_t end = std::min(board::kRam + config.memory, board::kTreeBelow);
  if (plan.tree.size() > end - board::kRam)
    return core::error(ErrorKind::kBadImage, "The device tree ({} bytes) does not fit into memory.",
                       plan.tree.size());
  plan.tree_at = (end - plan.tree.size()) & ~(board::kTreeAlign - 1);
  if (plan.tree_at < board::kRam) plan.tree_at = (end - plan.tree.size()) & ~(kPage - 1);
  return core::Ok{};
}

}  // namespace

core::Result<BootPlan> plan_boot(const MachineConfig& config) {
  BootPlan plan;
  if (!config.kernel.empty()) {
    const auto& bytes = config.kernel_bytes;
    auto kernel = bytes.empty() ? read_program(config.kernel, core::ImageUse::kKernel, config)
                                : core::parse_image(config.kernel, {bytes.begin(), bytes.end()},
                                                    core::ImageUse::kKernel);
    if (!kernel) return kernel.error();
    plan.kernel_image = std::move(*kernel);
  }
  plan.firmware = choose_firmware(config, plan.kernel_image);
  if (plan.firmware == Firmware::kImage) {
    auto firmware = read_program(config.bios, core::ImageUse::kFirmware, config);
    if (!firmware) return firmware.error();
    plan.firmware_image = std::move(*firmware);
  }
  plan_kernel(plan);
  plan.firmware_at = board::kFirmware;
  plan.reset_target = board::kFirmware;
  if (plan.firmware_image && plan.firmware_image->entry)
    plan.reset_target = plan.firmware_image->entry->value;
  // With no firmware QEMU starts where RAM begins, whatever an ELF says of its entry. One that has nothing
  // there is started at its entry instead.
  const bool begins = !plan.kernel_image || plan.kernel_image->kind != core::ImageKind::kElf64 ||
                      plan.kernel_image->covers(GuestPhys{board::kRam});
  if (plan.firmware == Firmware::kNone) plan.reset_target = begins ? board::kRam : plan.kernel_entry;
  if (auto done = plan_initrd(plan, config); !done) return done.error();
  if (auto done = plan_tree(plan, config); !done) return done.error();
  return plan;
}

namespace {

// What goes where, so that nothing is put onto something else: a kernel that was linked to the firmware's
// place would silently run half of each.
class Places {
 public:
  core::Result<> add(const std::string& what, uint64_t at, uint64_t size) {
    if (size == 0) return core::Ok{};
    for (const Row& row : rows_)
      if (at < row.at + row.size && row.at < at + size) return clash(row, {what, at, size});
    rows_.push_back({what, at, size});
    return core::Ok{};
  }
  core::Result<> add(const char* what, const core::Image& image, uint64_t base) {
    if (image.kind == core::ImageKind::kElf64) base = 0;  // its segments say where they go
    const std::string name = fmt::format("{} '{}'", what, core::printable(image.path));
    for (const core::ImageSegment& segment : image.segments)
      if (auto done = add(name, base + segment.at.value, segment.memory_size); !done) return done;
    return core::Ok{};
  }

 private:
  struct Row {
    std::string what;
    uint64_t at, size;
  };
  static core::Error clash(const Row& a, const Row& b) {
    const char* hint = " Give the machine more memory.";
    if (a.what.starts_with("firmware") && b.what.starts_with("kernel"))
      hint = " A kernel that is linked to where firmware goes starts without any: --bios none.";
    return core::error(ErrorKind::kBadImage, "The {} ({:#x} to {:#x}) and the {} ({:#x} to {:#x}) overlap.{}",
                       a.what, a.at, a.at + a.size, b.what, b.at, b.at + b.size, hint);
  }

  std::vector<Row> rows_;
};

core::Result<> check_places(const BootPlan& plan) {
  Places places;
  if (plan.firmware_image)
    if (auto done = places.add("firmware", *plan.firmware_image, plan.firmware_at); !done) return done;
  if (plan.kernel_image)
    if (auto done = places.add("kernel", *plan.kernel_image, plan.kernel_at); !done) return done;
  if (auto done = places.add("initrd", plan.initrd_at, plan.initrd.size()); !done) return done;
  return places.add("device tree", plan.tree_at, plan.tree.size());
}

}  // namespace

core::Result<> place(const BootPlan& plan, const MachineConfig& config, core::GuestRam& ram) {
  if (plan.firmware_image) {
    if (auto done = core::place_image(ram, *plan.firmware_image, GuestPhys{plan.firmware_at}); !done)
      return done.error();
  }
  if (plan.kernel_image) {
    if (auto done = core::place_image(ram, *plan.kernel_image, GuestPhys{plan.kernel_at}); !done)
      return done.error();
  }
  const auto put = [&](uint64_t at, const void* bytes, size_t size, const char* what) -> core::Result<> {
    if (size == 0 || ram.write(GuestPhys{at}, bytes, size)) return core::Ok{};
    return core::error(ErrorKind::kBadImage, "The {} ({} bytes at {:#x}) does not fit into {} MiB of memory.",
                       what, size, at, ram.size() >> 20);
  };
  if (auto done = put(plan.initrd_at, plan.initrd.data(), plan.initrd.size(), "initrd"); !done) return done;
  if (auto done = put(plan.tree_at, plan.tree.data(), plan.tree.size(), "device tree"); !done) return done;
  if (auto done = check_places(plan); !done) return done;
  for (const LoaderConfig& loader : config.loaders) {
    if (!loader.bytes.empty()) {
      if (auto done = put(loader.at, loader.bytes.data(), loader.bytes.size(), "loader's number"); !done)
        return done;
      continue;
    }
    auto image =
        core::read_image(loader.path, loader.raw ? core::ImageUse::kData : core::ImageUse::kFirmware);
    if (!image) return image.error();
    if (auto done = core::place_image(ram, *image, GuestPhys{loader.at}); !done) return done.error();
  }
  return core::Ok{};
}

std::vector<uint8_t> make_reset_rom(const BootPlan& plan) {
  // 1000: auipc t0, 0;  addi a2, t0, 0x28;  csrr a0, mhartid;  ld a1, 32(t0);  ld t0, 24(t0);  jr t0
  static constexpr std::array<uint32_t, 6> kCode = {0x00000297, 0x02828613, 0xf1402573,
                                                    0x0202b583, 0x0182b283, 0x00028067};
  struct {
    uint32_t code[6];
    uint64_t start;
    uint64_t tree;
    // fw_dynamic information (OpenSBI, "FW_DYNAMIC"): magic "OSBI", version, where to go next and in which
    // mode.
    uint64_t magic, version, next, next_mode, options, boot_hart;
  } rom = {
      {}, plan.reset_target, plan.tree_at, 0x4942534f, 2, plan.kernel_image ? plan.kernel_entry : 0, 1, 0, 0};
  std::copy(kCode.begin(), kCode.end(), rom.code);
  std::vector<uint8_t> bytes(sizeof rom);
  std::memcpy(bytes.data(), &rom, sizeof rom);
  return bytes;
}

}  // namespace vitrine::app
