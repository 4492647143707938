// SPDX-License-Identifier: MIT
// QEMU's options, one row each. -help is made from the rows that have a help text; the others are known by
// name only: they mean nothing for this machine (accept), or there is something to say about them (say,
// refuse).
#include <algorithm>
#include <iterator>

#include "app/qemu_draft.h"

namespace vitrine::app::qemu {
namespace {

template <std::string MachineConfig::*Member>
Done set_text(Draft& draft, const Word& word) {
  draft.options.machine.*Member = word.value;
  return core::Ok{};
}
template <std::string QemuOptions::*Member>
Done set_path(Draft& draft, const Word& word) {
  draft.options.*Member = word.value;
  return core::Ok{};
}
template <bool Draft::*Member>
Done set_flag(Draft& draft, const Word&) {
  draft.*Member = true;
  return core::Ok{};
}
Done set_bios(Draft& draft, const Word& word) {
  draft.bios = word.value;
  return core::Ok{};
}
Done set_no_reboot(Draft& draft, const Word&) {
  draft.options.run.reboot = false;
  return core::Ok{};
}
Done accept_none(Draft&, const Word& word) {
  if (word.value == "none") return core::Ok{};
  return word.error("{}", word.row->instead);
}

constexpr std::string_view kStandard = "Standard options", kBlock = "Disks", kPorts = "Console and display",
                           kBoot = "Kernel and firmware", kDebug = "Running and debugging";
constexpr std::string_view kNone;
constexpr std::string_view kNoNetwork =
    "there is no network in this version; files go in and out on a disk (mke2fs -d FOLDER disk.img 64M)";
constexpr std::string_view kDriveInstead =
    "this board has virtio disks only; use -drive file=F,if=none,format=raw,id=x0 -device "
    "virtio-blk-device,drive=x0";
constexpr std::string_view kNoFolders =
    "there are no shared folders in this version; put the files on a disk (mke2fs -d FOLDER disk.img 64M)";
constexpr std::string_view kNoScreen = "there are no graphics in this version; use -nographic";
constexpr std::string_view kNoSnapshots = "snapshots and migration come with a later version";
constexpr std::string_view kNoMonitor =
    "there is no monitor in this version; leave it out, or use -monitor none";
constexpr std::string_view kNoUsb =
    "there is no USB in this version; keys go to the serial port (-nographic)";

// clang-format off
constexpr OptionRow kRows[] = {
// group      name                 alias        value             help
  {kStandard, "h",                 "help",      "",               "print this and end", show_help, kNone},
  {kStandard, "version",           "",          "",               "print the version and end", show_version, kNone},
  {kStandard, "machine",           "M",         "[type=]virt[,prop=value]...",
   "the board: virt is the only one ('-machine help')\n"
   "aclint=on|off  also software interrupts for S mode (default: off)\n"
   "dumpdtb=FILE   write the device tree to FILE and end\n"
   "accel=tcg, acpi=off, usb=off and such say what is so anyway", set_machine, kNone},
  {kStandard, "cpu",               "",          "model[,name=on|off]...",
   "the processor: rv64, max or base ('-cpu help'); names are extensions\n"
   "and pmp, sstc, svadu, sv48, sv57 ...", set_cpu, kNone},
  {kStandard, "accel",             "",          "tcg[,...]",      "the only accelerator there is", set_accel, kNone},
  {kStandard, "smp",               "",          "[cpus=]N[,...]", "number of harts (default: 1)", set_smp, kNone},
  {kStandard, "m",                 "",          "[size=]N[K|M|G]", "memory, in MiB without a letter (default: 128)", set_memory, kNone},
  {kStandard, "device",            "",          "driver[,prop=value]...",
   "add a device ('-device help', '-device DRIVER,help');\n"
   "without bus=virtio-mmio-bus.N it takes the highest free slot", add_device, kNone},
  {kStandard, "global",            "",          "driver.prop=value",
   "a default of a driver; virtio-mmio.force-legacy=false for virtio 1.x\n"
   "devices (default: legacy ones)", set_global, kNone},
  {kStandard, "object",            "",          "type,id=ID[,...]", "rng-random, rng-builtin, memory-backend-ram", add_object, kNone},
  {kStandard, "name",              "",          "string",         "a name for the guest; changes nothing here", accept, kNone},
  {kStandard, "nodefaults",        "",          "",               "no ports that were not asked for", set_flag<&Draft::no_defaults>, kNone},
  {kStandard, "seed",              "",          "N",              "seed of the guest's entropy (default: 1)", set_seed, kNone},
  {kStandard, "L",                 "",          "path",           "look for firmware there too", set_folder, kNone},

  {kBlock,    "drive",             "",          "file=F,if=none,format=raw,id=ID[,readonly=on][,snapshot=on]",
   "an image for -device virtio-blk-device,drive=ID; if=virtio makes the\n"
   "device too; a comma in a value is written twice", add_drive, kNone},
  {kBlock,    "snapshot",          "",          "",               "images stay as they are; the guest's writes are kept in memory", set_flag<&Draft::snapshot>, kNone},

  {kPorts,    "nographic",         "",          "",               "the serial port is here (as -display none -serial mon:stdio)", set_display, kNone},
  {kPorts,    "serial",            "",          "dev",            "what the serial port leads to: mon:stdio, stdio, file:F, null,\nchardev:ID, none", add_serial, kNone},
  {kPorts,    "chardev",           "",          "stdio|file|null,id=ID[,...]", "a port's other end, by name", add_backend, kNone},
  {kPorts,    "monitor",           "",          "none",           "there is no monitor in this version", set_monitor, kNone},
  {kPorts,    "mon",               "",          "chardev=ID",     "with a chardev that has mux=on: the keys of mon:stdio", add_mon, kNone},
  {kPorts,    "display",           "",          "none",           "there are no graphics in this version", set_display, kNone},
  {kPorts,    "echr",              "",          "1",              "the key before a command key: Ctrl-A", set_escape, kNone},

  {kBoot,     "bios",              "",          "FILE|none|default|builtin",
   "firmware: a file, none (the kernel starts in M mode), an installed\n"
   "OpenSBI, or Vitrine's built-in SBI (default: default)", set_bios, kNone},
  {kBoot,     "kernel",            "",          "FILE",           "ELF file, Linux Image or raw code", set_text<&MachineConfig::kernel>, kNone},
  {kBoot,     "append",            "",          "text",           "the kernel's command line", set_text<&MachineConfig::append>, kNone},
  {kBoot,     "initrd",            "",          "FILE",           "initial file system", set_text<&MachineConfig::initrd>, kNone},
  {kBoot,     "dtb",               "",          "FILE",           "device tree instead of the board's own", set_text<&MachineConfig::dtb>, kNone},

  {kDebug,    "no-reboot",         "",          "",               "end when the guest restarts the machine", set_no_reboot, kNone},
  {kDebug,    "action",            "",          "reboot=reset|shutdown", "the same", set_action, kNone},
  {kDebug,    "rtc",               "",          "base=utc|localtime|DATE", "the real-time clock at the start (default: utc)", set_rtc, kNone},
  {kDebug,    "icount",            "",          "[shift=]N|auto[,sleep=off]",
   "guest time counts instructions, always; N: 2^N ns each;\nsleep=off: nothing waits", set_icount, kNone},
  {kDebug,    "S",                 "",          "",               "hold the guest until gdb lets it go", set_flag<&Draft::frozen>, kNone},
  {kDebug,    "gdb",               "",          "dev",            "gdb server, tcp:HOST:PORT or unix:PATH", set_gdb, kNone},
  {kDebug,    "s",                 "",          "",               "as -gdb tcp::1234", set_gdb, kNone},
  {kDebug,    "d",                 "",          "item,...",       "log what happens ('-d help' lists what)", set_log, kNone},
  {kDebug,    "D",                 "",          "FILE",           "where the log goes", set_path<&QemuOptions::log_file>, kNone},
  {kDebug,    "semihosting",       "",          "",               "there is none in this version yet", set_semihosting, kNone},
  {kDebug,    "semihosting-config", "",         "enable=on|off[,...]", "the same", set_semihosting, kNone},
  {kDebug,    "pidfile",           "",          "FILE",           "write the process's number to FILE", set_path<&QemuOptions::pid_file>, kNone},

// What says nothing for this machine.
  {kNone, "uuid",             "", "uuid",   "", accept, kNone},
  {kNone, "boot",             "", "order",  "", accept, kNone},
  {kNone, "k",                "", "layout", "", accept, kNone},
  {kNone, "mem-path",         "", "path",   "", accept, kNone},
  {kNone, "mem-prealloc",     "", "",       "", accept, kNone},
  {kNone, "overcommit",       "", "opts",   "", accept, kNone},
  {kNone, "compat",           "", "opts",   "", accept, kNone},
  {kNone, "msg",              "", "opts",   "", accept, kNone},
  {kNone, "no-user-config",   "", "",       "", accept, kNone},
  {kNone, "nodefconfig",      "", "",       "", accept, kNone},
  {kNone, "singlestep",       "", "",       "", accept, kNone},
  {kNone, "one-insn-per-tb",  "", "",       "", accept, kNone},
  {kNone, "dfilter",          "", "ranges", "", accept, kNone},
  {kNone, "watchdog-action",  "", "action", "", accept, kNone},
  {kNone, "async-teardown",   "", "",       "", accept, kNone},
  {kNone, "only-migratable",  "", "",       "", accept, kNone},
  {kNone, "enable-sync-profile", "", "",    "", accept, kNone},
  {kNone, "full-screen",      "", "",       "", accept, kNone},
  {kNone, "no-shutdown",      "", "",       "", say, "this version ends when the guest powers off"},
  {kNone, "trace",            "", "opts",   "", say, "this version writes no trace"},

// What there is none of: `none` is fine, and anything else names what is nearest.
  {kNone, "vga",              "", "type",   "", accept_none, kNoScreen},
  {kNone, "net",              "", "opts",   "", accept_none, kNoNetwork},
  {kNone, "nic",              "", "opts",   "", accept_none, kNoNetwork},
  {kNone, "parallel",         "", "dev",    "", accept_none, "this board has no parallel port; use -serial"},
  {kNone, "debugcon",         "", "dev",    "", accept_none, "this board has no debug console; use -serial"},
  {kNone, "netdev",           "", "opts",   "", refuse, kNoNetwork},
  {kNone, "enable-kvm",       "", "",       "", set_accel, kNone},
  {kNone, "hda",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "hdb",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "hdc",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "hdd",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "fda",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "fdb",              "", "file",   "", refuse, kDriveInstead},
  {kNone, "sd",               "", "file",   "", refuse, kDriveInstead},
  {kNone, "mtdblock",         "", "file",   "", refuse, kDriveInstead},
  {kNone, "cdrom",            "", "file",   "", refuse, "this board has virtio disks only; use -drive file=F,if=none,format=raw,readonly=on,id=cd -device virtio-blk-device,drive=cd"},
  {kNone, "blockdev",         "", "opts",   "", refuse, "use -drive file=F,if=none,format=raw,id=ID"},
  {kNone, "pflash",           "", "file",   "", refuse, "this version has no flash memory; firmware is loaded into RAM by -bios FILE"},
  {kNone, "option-rom",       "", "file",   "", refuse, "this version has no option ROMs; use -device loader,file=F,addr=A"},
  {kNone, "fsdev",            "", "opts",   "", refuse, kNoFolders},
  {kNone, "virtfs",           "", "opts",   "", refuse, kNoFolders},
  {kNone, "iscsi",            "", "opts",   "", refuse, kDriveInstead},
  {kNone, "usb",              "", "",       "", refuse, kNoUsb},
  {kNone, "usbdevice",        "", "name",   "", refuse, kNoUsb},
  {kNone, "audio",            "", "opts",   "", refuse, "there is no sound in this version"},
  {kNone, "audiodev",         "", "opts",   "", refuse, "there is no sound in this version"},
  {kNone, "vnc",              "", "display", "", refuse, kNoScreen},
  {kNone, "spice",            "", "opts",   "", refuse, kNoScreen},
  {kNone, "curses",           "", "",       "", refuse, kNoScreen},
  {kNone, "sdl",              "", "",       "", refuse, kNoScreen},
  {kNone, "qmp",              "", "dev",    "", refuse, kNoMonitor},
  {kNone, "qmp-pretty",       "", "dev",    "", refuse, kNoMonitor},
  {kNone, "preconfig",        "", "",       "", refuse, kNoMonitor},
  {kNone, "loadvm",           "", "tag",    "", refuse, kNoSnapshots},
  {kNone, "incoming",         "", "uri",    "", refuse, kNoSnapshots},
  {kNone, "dump-vmstate",     "", "file",   "", refuse, kNoSnapshots},
  {kNone, "daemonize",        "", "",       "", refuse, "this version stays in the foreground; end the line with & in a shell, and use -serial file:F"},
  {kNone, "chroot",           "", "dir",    "", refuse, "not in this version; start it with chroot(8)"},
  {kNone, "runas",            "", "user",   "", refuse, "not in this version; start it with runuser(1)"},
  {kNone, "sandbox",          "", "on",     "", say, "this version has no sandbox; start it with bwrap(1) or systemd-run(1)"},
  {kNone, "fw_cfg",           "", "opts",   "", refuse, "this version has no fw_cfg device; use -append or -device loader"},
  {kNone, "smbios",           "", "opts",   "", refuse, "there are no SMBIOS tables in this version; the guest has a device tree"},
  {kNone, "acpitable",        "", "opts",   "", refuse, "there are no ACPI tables in this version; the guest has a device tree"},
  {kNone, "numa",             "", "opts",   "", refuse, "memory is one node in this version; use -m"},
  {kNone, "tpmdev",           "", "opts",   "", refuse, "there is no TPM in this version"},
  {kNone, "plugin",           "", "file",   "", refuse, "there are no plugins in this version; VITRINE_OPTS=--stats counts what the guest does"},
  {kNone, "set",              "", "opts",   "", refuse, "write the value where the drive or device is defined"},
  {kNone, "add-fd",           "", "opts",   "", refuse, "name the file instead"},
  {kNone, "readconfig",       "", "file",   "", refuse, "write the options on the command line"},
  {kNone, "writeconfig",      "", "file",   "", refuse, "keep the command line instead"},
};
// clang-format on

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

const OptionRow* find_option(std::string_view name) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const OptionRow& r) {
    return r.name == name || (!r.alias.empty() && r.alias == name);
  });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace vitrine::app::qemu
