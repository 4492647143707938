// SPDX-License-Identifier: MIT
// Rows of device models.
#include "app/qemu_drivers.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::qemu {
namespace {

// Of every virtio device. Feature bits that QEMU can switch off are offered anyway; a driver need not take
// them.
constexpr Property kVirtio[] = {
    {"id", "", "a name for messages"},
    {"bus", "", "virtio-mmio-bus.N: the slot at 0x10001000 + N * 0x1000; else the highest free one"},
    {"packed", "off", "packed queues"},
    {"iommu_platform", "off", "addresses through an IOMMU"},
    {"any_layout", "", ""},
    {"event_idx", "", ""},
    {"indirect_desc", "", ""},
    {"notify_on_empty", "", ""},
    {"queue_reset", "", ""},
    {"use-disabled-flag", "", ""},
    {"use-started", "", ""},
    {"x-disable-legacy-check", "", ""},
};
constexpr Property kBlock[] = {
    {"drive", "", "the id of a -drive"},
    {"serial", "", "what GET_ID answers, up to 20 bytes"},
    {"scsi", "off", "SCSI commands"},
    {"logical_block_size", "512", "bytes"},
    {"physical_block_size", "", ""},
    {"min_io_size", "", ""},
    {"opt_io_size", "", ""},
    {"num-queues", "", ""},
    {"queue-size", "", ""},
    {"write-cache", "", ""},
    {"config-wce", "", ""},
    {"discard", "", ""},
    {"discard_granularity", "", ""},
    {"report-discard-granularity", "", ""},
    {"write-zeroes", "", ""},
    {"max-discard-sectors", "", ""},
    {"max-write-zeroes-sectors", "", ""},
    {"request-merging", "", ""},
    {"seg-max-adjust", "", ""},
    {"share-rw", "", ""},
    {"bootindex", "", ""},
    {"iothread", "", ""},
    {"werror", "", ""},
    {"rerror", "", ""},
    {"account-failed", "", ""},
    {"account-invalid", "", ""},
};
constexpr Property kRng[] = {
    {"rng", "", "the id of an -object rng-random or rng-builtin"},
    {"max-bytes", "", ""},
    {"period", "", ""},
};
constexpr Property kSerial[] = {
    {"max_ports", "", ""},
    {"emergency-write", "", ""},
};
constexpr Property kConsole[] = {
    {"chardev", "", "the id of a -chardev"},
    {"name", "", ""},
    {"nr", "", ""},
    {"id", "", "a name for messages"},
};
constexpr Property kLoader[] = {
    {"file", "", "an ELF file goes where it says, any other to addr"},
    {"addr", "", "address in RAM"},
    {"force-raw", "", "on: an ELF file is loaded to addr byte by byte too"},
    {"data", "", "a number instead of a file"},
    {"data-len", "", "its bytes, 1 to 8"},
    {"data-be", "", "on: the highest byte first"},
};
constexpr Driver kDrivers[] = {
    {"virtio-blk-device", "virtio-bus", "disk", kBlock},
    {"virtio-rng-device", "virtio-bus", "entropy, from the run's seed", kRng},
    {"virtio-serial-device", "virtio-bus", "console with one port", kSerial},
    {"virtconsole", "virtio-serial-bus", "what the port of virtio-serial-device leads to", kConsole},
    {"loader", "", "bytes of a file or a number into RAM", kLoader},
};

constexpr const char* kNoNetwork =
    "there is no network in this version; files go in and out on a disk (mke2fs -d FOLDER disk.img 64M)";
constexpr const char* kNoScreen =
    "there are no graphics, keyboards or mice in this version; the guest's console is the serial port "
    "(-nographic)";
constexpr const char* kNoUsb = "there is no USB in this version; keys go to the serial port (-nographic)";
constexpr const char* kNoFolders =
    "there are no shared folders in this version; put the files on a disk (mke2fs -d FOLDER disk.img 64M)";
constexpr const char* kDiskInstead = "this version has one kind of disk controller: virtio-blk-device";
constexpr const char* kNoPci = "there is no PCIe in this version";

// By their beginnings.
struct OtherRow {
  std::string_view begins;
  const char* instead;
};
constexpr OtherRow kOthers[] = {
    {"virtio-blk-pci", "there is no PCIe in this version; use virtio-blk-device"},
    {"virtio-rng-pci", "there is no PCIe in this version; use virtio-rng-device"},
    {"virtio-serial-pci", "there is no PCIe in this version; use virtio-serial-device"},
    {"virtserialport", "this version has consoles only; use virtconsole"},
    {"virtio-net", kNoNetwork},
    {"vhost-user-net", kNoNetwork},
    {"e1000", kNoNetwork},
    {"rtl8139", kNoNetwork},
    {"igb", kNoNetwork},
    {"vmxnet3", kNoNetwork},
    {"ne2k_pci", kNoNetwork},
    {"pcnet", kNoNetwork},
    {"usb-net", kNoNetwork},
    {"virtio-gpu", kNoScreen},
    {"virtio-vga", kNoScreen},
    {"virtio-keyboard", kNoScreen},
    {"virtio-mouse", kNoScreen},
    {"virtio-tablet", kNoScreen},
    {"virtio-multitouch", kNoScreen},
    {"virtio-input", kNoScreen},
    {"vhost-user-gpu", kNoScreen},
    {"bochs-display", kNoScreen},
    {"ramfb", kNoScreen},
    {"VGA", kNoScreen},
    {"secondary-vga", kNoScreen},
    {"cirrus-vga", kNoScreen},
    {"ati-vga", kNoScreen},
    {"usb-", kNoUsb},
    {"qemu-xhci", kNoUsb},
    {"nec-usb-xhci", kNoUsb},
    {"ich9-usb", kNoUsb},
    {"pci-ohci", kNoUsb},
    {"piix", kNoUsb},
    {"virtio-9p", kNoFolders},
    {"vhost-user-fs", kNoFolders},
    {"virtio-scsi", kDiskInstead},
    {"vhost-user-blk", kDiskInstead},
    {"scsi-", kDiskInstead},
    {"ide-", kDiskInstead},
    {"sd-card", kDiskInstead},
    {"nvme", kDiskInstead},
    {"ahci", kDiskInstead},
    {"ich9-ahci", kDiskInstead},
    {"sdhci-pci", kDiskInstead},
    {"lsi", kDiskInstead},
    {"megasas", kDiskInstead},
    {"pcie-", kNoPci},
    {"pci-", kNoPci},
    {"ioh3420", kNoPci},
    {"x3130", kNoPci},
    {"xio3130", kNoPci},
    {"pxb", kNoPci},
    {"edu", kNoPci},
    {"ivshmem", kNoPci},
    {"vfio-", "host devices cannot be given to a guest in this version"},
    {"virtio-balloon", "there is no balloon in this version; -m says how much memory the guest has"},
    {"virtio-mem", "memory cannot be added to a running guest in this version; use -m"},
    {"virtio-pmem", kDiskInstead},
    {"virtio-iommu", "there is no IOMMU in this version"},
    {"riscv-iommu", "there is no IOMMU in this version"},
    {"virtio-crypto", "there is no crypto device in this version"},
    {"vhost-vsock", "there are no sockets between guest and host in this version"},
    {"virtio-sound", "there is no sound in this version"},
    {"intel-hda", "there is no sound in this version"},
    {"hda-", "there is no sound in this version"},
    {"AC97", "there is no sound in this version"},
    {"tpm-", "there is no TPM in this version"},
    {"pvpanic", "there is no pvpanic in this version; a panic is read from the console"},
    {"guest-loader", "this version has loader only"},
};

}  // namespace

std::span<const Driver> drivers() { return kDrivers; }

const Driver* find_driver(std::string_view name) {
  const auto* row =
      std::find_if(std::begin(kDrivers), std::end(kDrivers), [&](const Driver& d) { return d.name == name; });
  return row == std::end(kDrivers) ? nullptr : row;
}

Done check_properties(QemuKeyvals& device, const Driver& driver) {
  const std::span<const Property> common =
      driver.bus == "virtio-bus" ? std::span<const Property>(kVirtio) : std::span<const Property>();
  for (const auto rows : {driver.properties, common})
    for (const Property& property : rows) {
      const auto value = device.take(property.name);
      if (!value || property.only.empty()) continue;
      const auto given = qemu_bool(*value), only = qemu_bool(property.only);
      if (only ? given != only : *value != property.only)
        return device.error("{}={}: {} in this version can only be {}", property.name,
                            core::printable(*value), property.help, property.only);
    }
  for (const QemuKeyvals::Pair& pair : device.pairs())
    if (!pair.taken)
      return device.error("Property '{}.{}' not found", driver.name, core::printable(pair.key));
  return core::Ok{};
}

core::Error unknown_driver(const QemuKeyvals& device, const std::string& name) {
  for (const OtherRow& row : kOthers)
    if (name.starts_with(row.begins)) return device.error("{}", row.instead);
  // "virtio-blk" is QEMU's short name of the PCIe device.
  if (find_driver(name + "-device")) return unknown_driver(device, name + "-pci");
  std::vector<std::string_view> names;
  for (const Driver& driver : kDrivers) names.push_back(driver.name);
  const std::string_view meant = nearest(name, names);
  return device.error("'{}' is not a valid device model name{}", core::printable(name),
                      meant.empty() ? "" : fmt::format("\nDid you mean {}?", meant));
}

}  // namespace vitrine::app::qemu
