// SPDX-License-Identifier: MIT
// QEMU's words made into a machine of ours and the way it is run. The rows of options are in
// qemu_option_table.cpp; the small languages inside the words in qemu_words.h.
//
// QEMU's order of things is kept: all names are checked first, then options take effect from left to right,
// then what refers to each other (drives and devices, character devices and ports) is put together. What QEMU
// has and we do not is an error that names the nearest thing that we do have.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/machine_config.h"
#include "app/run_options.h"
#include "core/result.h"

namespace vitrine::app {

// Where a port of the machine leads.
struct QemuStream {
  enum class Kind : uint8_t { kNone, kStdio, kFile } kind = Kind::kNone;
  std::string path;      // kFile
  bool append = false;   // kFile: keep what is in it
  bool keys = false;     // kStdio: Ctrl-A and a key are ours ("mon:stdio")
  bool signals = false;  // kStdio: Ctrl-C and Ctrl-Z mean what they mean in a shell

  friend bool operator==(const QemuStream&, const QemuStream&) = default;
};

struct QemuOptions {
  MachineConfig machine;
  RunOptions run;
  QemuStream serial;
  QemuStream virtio_console;

  std::string dump_dtb;  // -machine dumpdtb=F: write the tree there and end
  std::string log_file;  // -D
  std::string pid_file;
  std::vector<std::string> notes;  // one line each, for stderr

  // -help and its kin: print this on stdout and end.
  std::optional<std::string> answer;
  int answer_code = 0;
};

// What the parser wants to know about the host.
struct QemuHost {
  std::string program = "qemu-system-riscv64";  // as messages and -help call us
  int64_t now = 0;                              // seconds since 1970, the default of -rtc
  int64_t utc_offset = 0;                       // seconds that local time is ahead
  // Firmware for `-bios default`, the first that exists; and the folders where `-bios NAME` is looked for
  // besides the present one (-L adds to them).
  std::vector<std::string> default_firmware;
  std::vector<std::string> firmware_folders;
};
QemuHost this_host(const std::string& program);

core::Result<QemuOptions> parse_qemu(std::span<const std::string> words, const QemuHost& host);

}  // namespace vitrine::app
