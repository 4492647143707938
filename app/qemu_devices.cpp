// SPDX-License-Identifier: MIT
// Drives and the devices that use them: -drive, -device, -global, -object. Devices get their slots as on
// QEMU: each, in the order of the command line, the slot that its bus= names, or else the highest free one.
#include <algorithm>
#include <array>
#include <iterator>

#include "app/board_table.h"
#include "app/qemu_draft.h"
#include "app/qemu_drivers.h"
#include "core/file.h"
#include "core/file_kind.h"

namespace vitrine::app::qemu {
namespace {

struct Drive {
  std::string id;
  std::string interface;
  std::string path;
  bool read_only = false;
  bool snapshot = false;
  bool used = false;
  std::string option;
};

// Tuning of QEMU's block layer. Here every write that the guest flushed is on the disk, whatever `cache`
// says.
void ignore_tuning(QemuKeyvals& words) {
  words.ignore({"media", "cache", "cache.direct", "cache.no-flush", "cache.writeback", "aio", "discard",
                "index", "bus", "unit", "detect-zeroes", "werror", "rerror", "auto-read-only", "copy-on-read",
                "file.locking"});
}

constexpr const char* kMakeRaw = "this version reads raw images; make one with: qemu-img convert -O raw";

Done check_format(const QemuKeyvals& words, const Drive& drive, const std::string& format) {
  static constexpr std::string_view kOther[] = {"qcow2", "qcow",      "qed",   "vmdk",  "vdi", "vhdx",
                                                "vpc",   "parallels", "bochs", "cloop", "dmg", "luks"};
  const std::string paths = core::printable(drive.path) + " " + core::printable(drive.path) + ".raw";
  if (std::find(std::begin(kOther), std::end(kOther), format) != std::end(kOther))
    return words.error("format={}: {} {}", format, kMakeRaw, paths);
  if (!format.empty() && format != "raw" && format != "file" && format != "host_device")
    return words.error("Unknown driver '{}'", core::printable(format));
  auto head = core::read_head(drive.path, 64);
  if (format.empty() && head.ok() && core::recognise(head->bytes) == core::FileKind::kQcow2)
    return words.error("this is a qcow2 image; {} {}", kMakeRaw, paths);
  return core::Ok{};
}

// "nbd://host", "fat:rw:folder": QEMU's other kinds of image.
Done check_protocol(const QemuKeyvals& words, std::string& path) {
  if (path.starts_with("file:")) path.erase(0, 5);
  const size_t colon = path.find(':');
  if (colon == std::string::npos || path.find('/') < colon) return core::Ok{};
  const std::string protocol = core::printable(path.substr(0, colon));
  if (protocol == "fat" || protocol == "vvfat")
    return words.error(
        "a folder as a disk is not in this version; make an image with: mke2fs -d FOLDER disk.img 64M");
  return words.error("Unknown protocol '{}'; this version takes images from files", protocol);
}

Done check_interface(const QemuKeyvals& words, const std::string& interface) {
  if (interface == "none" || interface == "virtio") return core::Ok{};
  if (interface == "pflash")
    return words.error(
        "if=pflash: this version has no flash memory; firmware is loaded into RAM by -bios FILE");
  for (const std::string_view other : {"ide", "scsi", "sd", "mtd", "floppy", "xen"})
    if (interface == other)
      return words.error(
          "machine type does not support if={}; use if=none,id=x0 and -device virtio-blk-device,drive=x0",
          interface);
  return words.error("unsupported bus type '{}'", core::printable(interface));
}

core::Result<Drive> read_drive(const Draft& draft, QemuKeyvals& words, size_t number) {
  Drive drive;
  drive.option = words.option();
  drive.interface = words.take("if").value_or("none");
  if (auto done = check_interface(words, drive.interface); !done) return done.error();
  drive.id = words.take("id").value_or(fmt::format("{}{}", drive.interface, number));
  drive.path = words.take("file").value_or("");
  const std::string format = words.take("format").value_or(words.take("driver").value_or(""));
  const bool cdrom = words.take("media").value_or("") == "cdrom";
  auto snapshot = words.take_bool("snapshot", draft.snapshot);
  if (!snapshot) return snapshot.error();
  drive.snapshot = *snapshot;
  drive.read_only = cdrom;
  for (const char* key : {"readonly", "read-only"}) {
    auto read_only = words.take_bool(key, drive.read_only);
    if (!read_only) return read_only.error();
    drive.read_only = *read_only;
  }
  ignore_tuning(words);
  for (const QemuKeyvals::Pair& pair : words.pairs())
    if (!pair.taken)
      return words.error("Block format 'raw' does not support the option '{}'", core::printable(pair.key));
  if (auto done = check_protocol(words, drive.path); !done) return done.error();
  if (auto done = check_format(words, drive, format); !done) return done.error();
  return drive;
}

core::Result<std::vector<Drive>> read_drives(Draft& draft) {
  std::vector<Drive> drives;
  for (QemuKeyvals& words : draft.drives) {
    auto drive = read_drive(draft, words, drives.size());
    if (!drive) return drive.error();
    for (const Drive& other : drives)
      if (other.id == drive->id)
        return words.error("Duplicate ID '{}' for drive", core::printable(drive->id));
    drives.push_back(std::move(*drive));
  }
  return drives;
}

VirtioConfig disk_of(const Drive& drive) {
  VirtioConfig disk;
  disk.kind = VirtioConfig::Kind::kBlock;
  disk.path = drive.path;
  disk.read_only = drive.read_only;
  disk.snapshot = drive.snapshot && !drive.read_only;
  return disk;
}

// --- Devices
// -------------------------------------------------------------------------------------------------------

struct Slots {
  std::array<bool, board::kVirtioSlots> taken{};

  Done give(const QemuKeyvals& device, const std::optional<std::string>& bus, VirtioConfig& config) {
    constexpr std::string_view kBus = "virtio-mmio-bus.";
    if (bus) {
      const auto number = bus->starts_with(kBus) ? qemu_number(bus->substr(kBus.size())) : std::nullopt;
      if (!number || *number >= taken.size())
        return device.error("Bus '{}' not found; the board has virtio-mmio-bus.0 to virtio-mmio-bus.{}{}",
                            core::printable(*bus), taken.size() - 1,
                            bus->starts_with("pci") ? ", and no PCIe in this version" : "");
      if (taken[*number]) return device.error("Bus '{}' is full", *bus);
      config.slot = static_cast<int>(*number);
    } else {
      const auto free = std::find(taken.rbegin(), taken.rend(), false);
      if (free == taken.rend())
        return device.error("the board has {} virtio slots, and all are taken", taken.size());
      config.slot = static_cast<int>(taken.rend() - free) - 1;
    }
    taken[static_cast<size_t>(config.slot)] = true;
    return core::Ok{};
  }
};

struct Builder {
  Draft& draft;
  std::vector<Drive>& drives;
  Slots slots;
  bool has_console = false;

  Done add(QemuKeyvals& device);
  Done add_block(QemuKeyvals& device);
  Done add_rng(QemuKeyvals& device);
  Done add_serial_bus(QemuKeyvals& device);
  Done add_console(QemuKeyvals& device);
  Done plug(QemuKeyvals& device, const Driver& driver, VirtioConfig config);
};

// What every virtio device ends with: its slot, and no property that nobody knows.
Done Builder::plug(QemuKeyvals& device, const Driver& driver, VirtioConfig config) {
  if (auto done = slots.give(device, device.take("bus"), config); !done) return done;
  if (auto done = check_properties(device, driver); !done) return done;
  draft.options.machine.virtio.push_back(std::move(config));
  return core::Ok{};
}

Done Builder::add_block(QemuKeyvals& device) {
  const auto id = device.take("drive");
  if (!id) return device.error("drive property not set");
  const auto drive = std::find_if(drives.begin(), drives.end(), [&](const Drive& d) { return d.id == *id; });
  if (drive == drives.end())
    return device.error("Property 'virtio-blk-device.drive' can't find value '{}'", core::printable(*id));
  if (drive->used)
    return device.error("Drive '{}' is already in use by another device", core::printable(*id));
  if (drive->path.empty()) return device.error("Device needs media, but drive is empty");
  drive->used = true;
  VirtioConfig disk = disk_of(*drive);
  disk.serial = device.take("serial").value_or("");
  return plug(device, *find_driver("virtio-blk-device"), std::move(disk));
}

Done Builder::add_rng(QemuKeyvals& device) {
  if (const auto id = device.take("rng"); id && draft.objects.count(*id) == 0)
    return device.error("Device '{}' not found", core::printable(*id));
  VirtioConfig rng;
  rng.kind = VirtioConfig::Kind::kRng;
  return plug(device, *find_driver("virtio-rng-device"), std::move(rng));
}

Done Builder::add_serial_bus(QemuKeyvals& device) {
  if (std::exchange(has_console, true))
    return device.error("this version has one virtio console; the serial port is the other console");
  VirtioConfig console;
  console.kind = VirtioConfig::Kind::kConsole;
  return plug(device, *find_driver("virtio-serial-device"), std::move(console));
}

// The port of the device before it.
Done Builder::add_console(QemuKeyvals& device) {
  if (!has_console)
    return device.error(
        "No 'virtio-serial-bus' bus found for device 'virtconsole'; put -device virtio-serial-device "
        "before it");
  if (draft.virtio_console)
    return device.error("this version has one virtio console; the serial port is the other");
  draft.virtio_console = PortWord{device.option(), "none"};
  if (const auto id = device.take("chardev")) draft.virtio_console->value = "chardev:" + *id;
  device.ignore({"bus"});
  return check_properties(device, *find_driver("virtconsole"));
}

Done Builder::add(QemuKeyvals& device) {
  const std::string name = device.take("driver").value_or("");
  if (name == "loader") return add_loader(draft, device);
  if (name == "virtio-blk-device") return add_block(device);
  if (name == "virtio-rng-device") return add_rng(device);
  if (name == "virtio-serial-device") return add_serial_bus(device);
  if (name == "virtconsole") return add_console(device);
  return unknown_driver(device, name);
}

}  // namespace

Done add_drive(Draft& draft, const Word& word) {
  draft.drives.push_back(word.keyvals(""));
  return core::Ok{};
}

Done add_device(Draft& draft, const Word& word) {
  QemuKeyvals device = word.keyvals("driver");
  if (device.asks_for_help()) {
    const std::string name = device.take("driver").value_or("help");
    draft.answer(find_driver(name) ? device_properties(name) : device_list());
    return core::Ok{};
  }
  draft.devices.push_back(std::move(device));
  return core::Ok{};
}

Done add_object(Draft& draft, const Word& word) {
  QemuKeyvals object = word.keyvals("qom-type");
  const std::string type = object.take("qom-type").value_or("");
  const std::string id = object.take("id").value_or("");
  const bool entropy = type == "rng-random" || type == "rng-builtin";
  if (!entropy && type != "memory-backend-ram" && type != "iothread") {
    if (type.starts_with("filter-"))
      return object.error("{}: there is no network in this version", core::printable(type));
    return object.error(
        "Parameter 'qom-type' does not accept value '{}'; this version has rng-random, rng-builtin, "
        "memory-backend-ram and iothread",
        core::printable(type));
  }
  if (id.empty()) return object.error("Parameter 'id' is missing");
  if (!draft.objects.emplace(id, type).second)
    return object.error("attempt to add duplicate property '{}' to object", core::printable(id));
  if (type == "rng-random")
    draft.note(object.option() +
               ": the guest's entropy comes from -seed, so that runs can be repeated: no keys are "
               "secret in it");
  return core::Ok{};
}

Done set_global(Draft& draft, const Word& word) {
  std::string driver, property, value;
  if (word.value.starts_with("driver=")) {
    QemuKeyvals words = word.keyvals("");
    driver = words.take("driver").value_or("");
    property = words.take("property").value_or("");
    value = words.take("value").value_or("");
    if (auto done = words.finish(); !done) return done;
  } else {
    const size_t equals = word.value.find('=');
    const size_t dot = word.value.rfind('.', equals);
    if (equals == std::string::npos || dot == std::string::npos)
      return word.error("Invalid parameter '{}'; it is driver.property=value", core::printable(word.value));
    driver = word.value.substr(0, dot);
    property = word.value.substr(dot + 1, equals - dot - 1);
    value = word.value.substr(equals + 1);
  }
  if (driver == "virtio-mmio" && property == "force-legacy") {
    const auto legacy = qemu_bool(value);
    if (!legacy) return word.error("Parameter 'force-legacy' expects 'on' or 'off'");
    draft.options.machine.virtio_legacy = *legacy;
  } else if (driver.ends_with("-riscv-cpu")) {
    draft.cpu_globals += fmt::format(",{}={}", property, value);
  } else if (driver == "virtio-mmio") {
    return word.error("Property 'virtio-mmio.{}' not found", core::printable(property));
  } else {
    draft.note(fmt::format("{}: nothing here takes it", word.option()));
  }
  return core::Ok{};
}

// QEMU takes a bare word for an IDE disk, which this board cannot have: the guest would not see it.
Done add_disk_image(Draft&, const std::string& path) {
  const std::string name = core::printable(path);
  if (auto head = core::read_head(path, 1); !head)
    return core::error(core::ErrorKind::kMissing, "{}: Could not open '{}': {}", name, name,
                       head.error().message);
  return core::error(
      core::ErrorKind::kUsage,
      "{}: the machine has no controller for a bare disk image. For a disk: -drive "
      "file={},if=none,format=raw,id=x0 -device virtio-blk-device,drive=x0; for a kernel: -kernel {}",
      name, name, name);
}

Done finish_devices(Draft& draft) {
  auto drives = read_drives(draft);
  if (!drives) return drives.error();
  Builder builder{draft, *drives, {}, false};
  for (QemuKeyvals& device : draft.devices)
    if (auto done = builder.add(device); !done) return done;
  for (Drive& drive : *drives) {
    if (drive.interface == "virtio" && !drive.used) {
      QemuKeyvals device(drive.option, "virtio-blk-device,drive=" + drive.id, "driver");
      if (auto done = builder.add(device); !done) return done;
    } else if (!drive.used) {
      draft.note(fmt::format("{}: no device uses this drive; add -device virtio-blk-device,drive={}",
                             drive.option, core::printable(drive.id)));
    }
  }
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
