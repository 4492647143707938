// SPDX-License-Identifier: MIT
// Firmware and images: -bios, -L, and which of -kernel, -initrd and -append may stand together.
#include <unistd.h>

#include "app/qemu_draft.h"
#include "core/file.h"

namespace vitrine::app::qemu {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::vector<std::string> folders(const Draft& draft) {
  std::vector<std::string> all = draft.firmware_folders;
  all.insert(all.end(), draft.host->firmware_folders.begin(), draft.host->firmware_folders.end());
  return all;
}

// Where QEMU would have OpenSBI of its own we take one that is installed; the last resort is our built-in
// SBI.
std::string default_firmware(Draft& draft) {
  for (const std::string& folder : draft.firmware_folders)
    if (std::string path = folder + "/opensbi-riscv64-generic-fw_dynamic.bin"; exists(path)) return path;
  for (const std::string& path : draft.host->default_firmware)
    if (exists(path)) return path;
  draft.note(
      "no OpenSBI is installed: Vitrine's built-in SBI is the firmware (for OpenSBI: apt install opensbi)");
  return "builtin";
}

// "" if there is no such firmware.
std::string find_firmware(const Draft& draft, const std::string& name) {
  if (exists(name)) return name;
  if (name.find('/') != std::string::npos) return {};
  for (const std::string& folder : folders(draft))
    if (std::string path = folder + "/" + name; exists(path)) return path;
  return {};
}

}  // namespace

Done set_folder(Draft& draft, const Word& word) {
  if (word.value != "help" && word.value != "?") {
    draft.firmware_folders.push_back(word.value);
    return core::Ok{};
  }
  std::string list;
  for (const std::string& folder : folders(draft)) list += folder + "\n";
  draft.answer(list);
  return core::Ok{};
}

Done finish_boot(Draft& draft) {
  MachineConfig& machine = draft.options.machine;
  using core::ErrorKind;
  if (machine.kernel.empty() && !machine.initrd.empty())
    return core::error(ErrorKind::kUsage, "-initrd only allowed with -kernel option");
  if (machine.kernel.empty() && !machine.append.empty())
    return core::error(ErrorKind::kUsage, "-append only allowed with -kernel option");
  const std::string bios = draft.bios.value_or("default");
  if (bios == "none" || bios == "builtin") {
    machine.bios = bios;
  } else if (bios == "default" || bios.empty()) {
    machine.bios = default_firmware(draft);
  } else {
    machine.bios = find_firmware(draft, bios);
    if (machine.bios.empty())
      return core::error(
          ErrorKind::kMissing,
          "Unable to load the RISC-V firmware \"{}\": there is no such file. There are also: -bios none "
          "(the kernel starts in M mode), -bios default, -bios builtin",
          core::printable(bios));
  }
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
