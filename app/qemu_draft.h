// SPDX-License-Identifier: MIT
// Inside the parser of QEMU's command line: what has been read and not yet put together, and the functions
// that the rows of qemu_option_table.cpp name, by subject. Next to read: qemu_options.cpp, which calls them
// in order.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/qemu_options.h"
#include "app/qemu_words.h"

namespace vitrine::app::qemu {

using Done = core::Result<>;

struct OptionRow;

// An option as it was typed: "-m", "128M".
struct Word {
  const OptionRow* row = nullptr;
  std::string typed;
  std::string value;

  // "-m 128M", the beginning of a message.
  [[nodiscard]] std::string option() const;
  [[nodiscard]] QemuKeyvals keyvals(std::string_view implied) const;
  template <typename... Args>
  [[nodiscard]] core::Error error(fmt::format_string<Args...> format, Args&&... args) const {
    return {core::ErrorKind::kUsage, option() + ": " + fmt::format(format, std::forward<Args>(args)...)};
  }
};

// A backend of a port, by -chardev or named on the spot.
struct Backend {
  QemuStream stream;
  bool mux = false;
  bool used = false;
};
struct PortWord {
  std::string option;  // for messages
  std::string value;
};

struct Draft {
  QemuOptions options;
  const QemuHost* host = nullptr;

  std::optional<std::string> machine_type;
  std::optional<std::string> bios;
  std::optional<Word> cpu;
  std::string cpu_globals;  // ",NAME=VALUE" of -global rv64-riscv-cpu.NAME=VALUE
  std::vector<QemuKeyvals> accelerators;
  bool no_defaults = false;
  std::vector<std::string> firmware_folders;

  bool snapshot = false;
  std::vector<QemuKeyvals> drives;
  std::vector<QemuKeyvals> devices;
  std::map<std::string, std::string> objects;  // id, type

  bool no_graphics = false;  // -nographic
  bool no_display = false;   // -display none
  bool default_monitor = true;
  std::map<std::string, Backend> backends;
  std::vector<PortWord> serials;
  std::optional<PortWord> virtio_console;
  bool stdio_taken = false;

  std::string gdb;      // where gdb can connect
  bool gdb_waits = false;  // for gdb, with the guest's start
  bool frozen = false;  // -S

  void note(std::string text) { options.notes.push_back(std::move(text)); }
  void answer(std::string text, int code = 0) {
    options.answer = std::move(text);
    options.answer_code = code;
  }
};

using Handler = Done (*)(Draft& draft, const Word& word);

struct OptionRow {
  std::string_view group;  // heading in -help
  std::string_view name;   // without the dash
  std::string_view alias;  // another name, or empty
  std::string_view value;  // what stands after it in -help; empty: it takes none
  std::string_view help;   // lines are split at '\n'; empty: not shown
  Handler handler;
  std::string_view instead;  // of `refuse` and `say`: the reason, and what to do
};
std::span<const OptionRow> option_rows();
const OptionRow* find_option(std::string_view name);

// Handlers that several rows share.
Done accept(Draft&, const Word&);          // understood, and nothing follows from it here
Done say(Draft& draft, const Word& word);  // accepted, with the row's note
Done refuse(Draft&, const Word& word);     // not in this version: the row says what is nearest

// qemu_help.cpp
std::string version_text();
std::string help_text(const std::string& program);
std::string machine_list();
std::string device_list();
std::string device_properties(std::string_view driver);
Done show_help(Draft& draft, const Word& word);
Done show_version(Draft& draft, const Word& word);

// qemu_machine.cpp: the board, its size, its clock
Done set_machine(Draft& draft, const Word& word);
Done set_memory(Draft& draft, const Word& word);
Done set_smp(Draft& draft, const Word& word);
Done set_accel(Draft& draft, const Word& word);
Done set_rtc(Draft& draft, const Word& word);
Done set_icount(Draft& draft, const Word& word);
Done set_seed(Draft& draft, const Word& word);
Done set_action(Draft& draft, const Word& word);
Done set_gdb(Draft& draft, const Word& word);
Done set_semihosting(Draft& draft, const Word& word);
Done finish_machine(Draft& draft);

// qemu_boot.cpp: firmware and images
Done set_folder(Draft& draft, const Word& word);
Done finish_boot(Draft& draft);

// qemu_cpu.cpp
Done set_cpu(Draft& draft, const Word& word);
Done finish_cpu(Draft& draft);

// qemu_devices.cpp: drives, devices, objects, defaults of drivers
Done add_drive(Draft& draft, const Word& word);
Done add_device(Draft& draft, const Word& word);
Done add_object(Draft& draft, const Word& word);
Done set_global(Draft& draft, const Word& word);
Done add_disk_image(Draft& draft, const std::string& path);
Done finish_devices(Draft& draft);
// qemu_log.cpp
Done set_log(Draft& draft, const Word& word);
Done finish_log(Draft& draft);
// qemu_loader.cpp
Done add_loader(Draft& draft, QemuKeyvals& device);

// qemu_ports.cpp: serial port, virtio console, monitor, display
Done add_backend(Draft& draft, const Word& word);
Done add_serial(Draft& draft, const Word& word);
Done set_monitor(Draft& draft, const Word& word);
Done add_mon(Draft& draft, const Word& word);
Done set_display(Draft& draft, const Word& word);
Done set_escape(Draft& draft, const Word& word);
Done finish_ports(Draft& draft);

}  // namespace vitrine::app::qemu
