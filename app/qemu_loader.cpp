// SPDX-License-Identifier: MIT
// -device loader: bytes of a file, or a number, at an address before the run.
#include "app/qemu_draft.h"
#include "core/file.h"
#include "core/file_kind.h"

namespace vitrine::app::qemu {
namespace {

bool is_elf(const std::string& path) {
  auto head = core::read_head(path, 64);
  return head.ok() && core::recognise(head->bytes) == core::FileKind::kElf;
}

// data=V,data-len=N: the lowest N bytes of V.
Done load_number(LoaderConfig& loader, QemuKeyvals& device) {
  const auto data = device.take("data");
  const auto length = device.take("data-len");
  auto big_endian = device.take_bool("data-be", false);
  if (!big_endian) return big_endian.error();
  if (!data || !length) return device.error("Both data and data-len must be specified");
  const auto value = qemu_number(*data);
  const auto bytes = qemu_number(*length);
  if (!value) return device.error("Parameter 'data' expects uint64");
  if (!bytes || *bytes > sizeof(uint64_t)) return device.error("data-len cannot be greater than 8 bytes");
  for (uint64_t i = 0; i < *bytes; ++i)
    loader.bytes.push_back(static_cast<uint8_t>(*value >> (8 * (*big_endian ? *bytes - 1 - i : i))));
  return core::Ok{};
}

Done load_file(LoaderConfig& loader, QemuKeyvals& device, bool has_address) {
  loader.path = *device.take("file");
  auto raw = device.take_bool("force-raw", false);
  if (!raw) return raw.error();
  if (device.take("data") || device.take("data-len"))
    return device.error("Specifying a file is not supported when loading memory values");
  loader.raw = *raw || !is_elf(loader.path);
  if (loader.raw && !has_address)
    return device.error("addr must be given: '{}' is no ELF file that says where it goes",
                        core::printable(loader.path));
  return core::Ok{};
}

}  // namespace

Done add_loader(Draft& draft, QemuKeyvals& device) {
  LoaderConfig loader;
  device.ignore({"id"});
  const auto address = device.take("addr");
  if (address) {
    const auto value = qemu_number(*address);
    if (!value) return device.error("Parameter 'addr' expects uint64");
    loader.at = *value;
  }
  if (device.take("cpu-num"))
    return device.error("cpu-num: harts start at the firmware or kernel; give -bios or -kernel instead");
  bool has_file = false;
  for (const QemuKeyvals::Pair& pair : device.pairs()) has_file |= pair.key == "file";
  if (!has_file && !address)
    return device.error("please include valid arguments: file=F,addr=A or data=V,data-len=N,addr=A");
  auto done = has_file ? load_file(loader, device, address.has_value()) : load_number(loader, device);
  if (!done) return done;
  if (auto rest = device.finish(); !rest) return rest;
  draft.options.machine.loaders.push_back(std::move(loader));
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
