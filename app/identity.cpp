// SPDX-License-Identifier: MIT
// The line, field by field.
#include "app/identity.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>
#include <span>

#include "app/breaking.h"
#include "app/chaos_option.h"
#include "app/device_tree.h"
#include "core/file.h"
#include "core/state.h"

#ifndef VITRINE_VERSION
#error "the build defines VITRINE_VERSION"
#endif

namespace vitrine::app {
namespace {

uint64_t hash_of(std::string_view text) { return core::hash_bytes(std::as_bytes(std::span(text))); }

// A file whose contents are hashed is the same one wherever it lies.
std::string name_of(const std::string& path) { return core::printable(path.substr(path.rfind('/') + 1)); }

std::string image_text(const std::string& path, const std::optional<core::Image>& image) {
  if (!image) return name_of(path);
  return fmt::format("{}#{:016x}", name_of(path), image->content_hash);
}

std::string loader_text(const LoaderConfig& loader) {
  auto bytes = core::read_file(loader.path, core::kMaxImageFile);
  return fmt::format("{}#{:016x}", name_of(loader.path), bytes ? core::hash_bytes(*bytes) : 0);
}

std::string firmware_text(const MachineConfig& config, const BootPlan& boot) {
  switch (boot.firmware) {
    case Firmware::kNone: return "none";
    case Firmware::kBuiltin: return "builtin";
    case Firmware::kImage: return image_text(config.bios, boot.firmware_image);
  }
  return {};
}

std::string disk_text(const DiskConfig& disk, const std::string& named = {}) {
  struct stat info {};
  stat(disk.path.c_str(), &info);
  const char* access = disk.snapshot ? ",snapshot" : disk.read_only ? ",ro" : "";
  const std::string serial = named.empty() ? "" : ",serial=" + core::printable(named);
  return fmt::format("{}{}{}#{}@{}.{:09}", core::printable(disk.path), access, serial, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

std::string virtio_text(const VirtioConfig& device) {
  std::string text;
  switch (device.kind) {
    case VirtioConfig::Kind::kBlock: text = "disk:" + disk_text(device.disk(), device.serial); break;
    case VirtioConfig::Kind::kRng: text = "rng"; break;
    case VirtioConfig::Kind::kConsole: text = "console"; break;
  }
  return device.slot < 0 ? text : fmt::format("{},slot={}", text, device.slot);
}

std::string cpu_text(const riscv::HartConfig& cpu) {
  const unsigned sv = cpu.max_levels == 5 ? 57 : cpu.max_levels == 4 ? 48 : 39;
  return fmt::format("{},sv{}{}", isa_string(cpu), sv, cpu.pmp ? ",pmp" : "");
}

}  // namespace

std::string identity_line(const MachineConfig& config, const BootPlan& boot, ClockMode clock,
                          const std::string& input) {
  std::string line = fmt::format(
      "vitrine-{} machine=virt{}{} cpu={} memory={} harts={} slice={} steps-per-tick={} seed={} date={} "
      "clock={} "
      "bios={} kernel={}",
      version(), config.aclint ? ",aclint" : "", config.virtio_legacy ? ",virtio-legacy" : "",
      cpu_text(config.cpu), size_option(config.memory), config.harts, config.slice, config.steps_per_tick,
      config.seed, date_text(config.date), clock_name(clock), firmware_text(config, boot),
      config.kernel.empty() ? "none" : image_text(config.kernel, boot.kernel_image));
  if (is_lazy(config.mmu)) line += fmt::format(" mmu={}", mmu_name(config.mmu));
  if (config.breaks.any()) line += " broken=" + break_names(config.breaks);
  if (config.chaos.any()) line += " chaos=" + chaos_option(config.chaos);
  if (!config.initrd.empty())
    line += fmt::format(" initrd={}#{:016x}", name_of(config.initrd), boot.initrd_hash);
  if (!config.dtb.empty())
    line += fmt::format(" dtb={}#{:016x}", name_of(config.dtb),
                        core::hash_bytes(std::as_bytes(std::span(boot.tree))));
  if (!config.append.empty()) line += fmt::format(" append=\"{}\"", core::printable(config.append, 2048));
  for (const LoaderConfig& loader : config.loaders)
    line += loader.bytes.empty()
                ? fmt::format(" loader={}@{:#x}", loader_text(loader), loader.at)
                : fmt::format(" loader=data#{:016x}@{:#x}",
                              core::hash_bytes(std::as_bytes(std::span(loader.bytes))), loader.at);
  for (const VirtioConfig& device : config.virtio) line += " " + virtio_text(device);
  if (config.port_disk) line += " port-disk:" + disk_text(*config.port_disk);
  if (!input.empty()) line += fmt::format(" input={} bytes#{:016x}", input.size(), hash_of(input));
  return line;
}

std::string size_option(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"", "K", "M", "G", "T"};
  unsigned unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

std::string date_text(int64_t seconds_since_1970) {
  const time_t time = seconds_since_1970;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

void MachineConfig::keep_disks_as_they_are() {
  for (VirtioConfig& device : virtio)
    if (device.kind == VirtioConfig::Kind::kBlock && !device.read_only) device.snapshot = true;
  if (port_disk && !port_disk->read_only) port_disk->snapshot = true;
}

const char* version() { return VITRINE_VERSION; }

const char* clock_name(ClockMode clock) {
  switch (clock) {
    case ClockMode::kPaced: return "paced";
    case ClockMode::kVirtual: return "virtual";
    case ClockMode::kReal: return "real";
  }
  return "";
}

const char* mmu_name(MmuKind kind) {
  switch (kind) {
    case MmuKind::kShadow: return "shadow";
    case MmuKind::kTlb: return "tlb";
    case MmuKind::kShadowLazy: return "shadow-lazy";
    case MmuKind::kTlbFenced: return "tlb-fenced";
  }
  return "";
}

}  // namespace vitrine::app
