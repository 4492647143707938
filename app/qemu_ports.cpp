// SPDX-License-Identifier: MIT
// Ports and what they lead to: -serial, -chardev, the virtio console's chardev, -monitor, -display,
// -nographic.
//
// QEMU's rules, in short. "stdio" gives the port the terminal, and Ctrl-C still ends the program.
// "mon:stdio", which is what -nographic means by itself, shares it with the monitor: Ctrl-A and a key are the
// program's, Ctrl-C is the guest's. Only one port can have the terminal. -nodefaults takes away the ports
// that nobody asked for.
#include "app/qemu_draft.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::qemu {
namespace {

using Kind = QemuStream::Kind;

constexpr const char* kBackends = "this version has stdio, mon:stdio, file:PATH, null and none";
constexpr const char* kNoMonitor = "there is no monitor in this version; use -monitor none";

core::Result<QemuStream> file_stream(const std::string& option, const std::string& path, bool append) {
  if (path.empty()) return core::error(core::ErrorKind::kUsage, "{}: there is no file name", option);
  return QemuStream{Kind::kFile, path, append, false, false};
}

// What -serial takes; a backend of a -chardev if it was named before or is named later.
core::Result<QemuStream> stream_of(Draft& draft, const PortWord& port) {
  const auto bad = [&](std::string_view why) {
    return core::error(core::ErrorKind::kUsage, "{}: {}", port.option, why);
  };
  std::string value = port.value;
  const bool shared = value.starts_with("mon:");
  if (shared) value.erase(0, 4);
  QemuStream stream;
  if (value == "none" || value == "null") return stream;
  if (value == "stdio") {
    if (std::exchange(draft.stdio_taken, true)) return bad("cannot use stdio by multiple character devices");
    return QemuStream{Kind::kStdio, {}, false, shared, !shared};
  }
  if (value.starts_with("file:")) return file_stream(port.option, value.substr(5), false);
  if (value.starts_with("chardev:")) {
    const auto found = draft.backends.find(value.substr(8));
    if (found == draft.backends.end())
      return bad(fmt::format("there is no -chardev with id={}", core::printable(value.substr(8))));
    if (std::exchange(found->second.used, true))
      return bad(
          fmt::format("chardev {} has one port already; this version joins no two ports", found->first));
    return found->second.stream;
  }
  if (value == "vc" || value.starts_with("vc:"))
    return bad(std::string("there is no window to show it in; ") + kBackends);
  for (const char* other : {"pty", "tcp:", "telnet:", "websocket:", "unix:", "udp:", "pipe:", "/dev/",
                            "fdname:", "msmouse", "braille", "con:"})
    if (value.starts_with(other)) return bad(std::string("not in this version; ") + kBackends);
  return bad(fmt::format("'{}' is not a valid char driver; {}", core::printable(value), kBackends));
}

Done check_monitor(Draft& draft, const Word& word, const std::string& value) {
  draft.default_monitor = false;
  if (value == "none" || value == "null" || value == "vc" || value.starts_with("vc:")) return core::Ok{};
  return word.error("{}", kNoMonitor);
}

}  // namespace

Done add_backend(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("backend");
  if (words.asks_for_help()) {
    draft.answer("Available chardev backend types:\n  file\n  null\n  stdio\n");
    return core::Ok{};
  }
  const std::string type = words.take("backend").value_or("");
  const auto id = words.take("id");
  if (!id) return word.error("chardev: no id specified");
  Backend backend;
  auto mux = words.take_bool("mux", false);
  if (!mux) return mux.error();
  backend.mux = *mux;
  if (words.take("logfile"))
    return word.error("logfile: not in this version; use -chardev file,id=...,path=...");
  if (type == "stdio") {
    auto signals = words.take_bool("signal", true);
    if (!signals) return signals.error();
    if (std::exchange(draft.stdio_taken, true))
      return word.error("cannot use stdio by multiple character devices");
    backend.stream = {Kind::kStdio, {}, false, backend.mux, *signals};
  } else if (type == "file") {
    auto append = words.take_bool("append", false);
    if (!append) return append.error();
    auto stream = file_stream(word.option(), words.take("path").value_or(""), *append);
    if (!stream) return stream.error();
    backend.stream = *stream;
  } else if (type != "null") {
    return word.error("'{}' is not a valid char driver name; this version has stdio, file and null",
                      core::printable(type));
  }
  if (auto done = words.finish(); !done) return done;
  if (!draft.backends.emplace(*id, backend).second)
    return word.error("Duplicate ID '{}' for chardev", core::printable(*id));
  return core::Ok{};
}

Done add_serial(Draft& draft, const Word& word) {
  draft.serials.push_back({word.option(), word.value});
  if (word.value.starts_with("mon:")) draft.default_monitor = false;
  return core::Ok{};
}

Done set_monitor(Draft& draft, const Word& word) { return check_monitor(draft, word, word.value); }

// A monitor on a shared chardev is how "mon:stdio" is written in full: the keys are there, the monitor is
// not.
Done add_mon(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("chardev");
  const std::string id = words.take("chardev").value_or("");
  const std::string mode = words.take("mode").value_or("readline");
  words.ignore({"pretty"});
  if (auto done = words.finish(); !done) return done;
  const auto found = draft.backends.find(id);
  if (found == draft.backends.end()) return word.error("chardev \"{}\" not found", core::printable(id));
  if (mode != "readline" || !found->second.mux) return word.error("{}", kNoMonitor);
  draft.default_monitor = false;
  return core::Ok{};
}

Done set_display(Draft& draft, const Word& word) {
  if (word.row->value.empty()) {  // -nographic
    draft.no_graphics = true;
    return core::Ok{};
  }
  QemuKeyvals words = word.keyvals("type");
  if (words.asks_for_help()) {
    draft.answer("Available display backend types:\nnone\n");
    return core::Ok{};
  }
  const std::string type = words.take("type").value_or("");
  for (const char* other :
       {"gtk", "sdl", "vnc", "curses", "cocoa", "egl-headless", "spice-app", "dbus", "default"})
    if (type == other || type.starts_with(std::string(other) + ":"))
      return word.error("there are no graphics in this version; use -nographic");
  if (type != "none")
    return word.error("Parameter 'type' does not accept value '{}'; use -nographic", core::printable(type));
  if (auto done = words.finish(); !done) return done;
  draft.no_display = true;
  return core::Ok{};
}

Done set_escape(Draft&, const Word& word) {
  constexpr uint64_t kCtrlA = 1;
  const auto number = qemu_number(word.value);
  if (number == kCtrlA || word.value == "\x01") return core::Ok{};
  return word.error("this version has Ctrl-A (1) only");
}

namespace {

// The serial port that nobody spoke of.
PortWord default_serial(Draft& draft) {
  if (draft.no_defaults) return {"-nodefaults", "none"};
  if (draft.no_graphics) return {"-nographic", draft.default_monitor ? "mon:stdio" : "stdio"};
  if (draft.no_display) return {"-display none", "none"};  // QEMU: a window that nobody sees
  draft.note(
      "there are no graphics in this version: the console is here, as with -nographic (Ctrl-A x ends)");
  return {"-nographic", "mon:stdio"};
}

}  // namespace

Done finish_ports(Draft& draft) {
  if (draft.serials.empty()) draft.serials.push_back(default_serial(draft));
  auto serial = stream_of(draft, draft.serials.front());
  if (!serial) return serial.error();
  draft.options.serial = *serial;
  for (size_t i = 1; i < draft.serials.size(); ++i) {
    auto other = stream_of(draft, draft.serials[i]);
    if (!other) return other.error();
    if (other->kind != Kind::kNone)
      draft.note(draft.serials[i].option +
                 ": the board has one serial port; nothing is connected to this one");
  }
  if (draft.virtio_console) {
    auto console = stream_of(draft, *draft.virtio_console);
    if (!console) return console.error();
    draft.options.virtio_console = *console;
  }
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
