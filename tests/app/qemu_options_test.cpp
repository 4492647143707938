// SPDX-License-Identifier: MIT
// QEMU's command line in, a machine's configuration out. What QEMU 7.2 does with the same words was looked up
// by running it; qemu_contract_test.py asks a real one again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "app/qemu_draft.h"
#include "app/qemu_options.h"
#include "app/qemu_words.h"

namespace vitrine::app {
namespace {

using Kind = VirtioConfig::Kind;
using StreamKind = QemuStream::Kind;
using Words = std::vector<std::string>;

QemuHost host() {
  QemuHost host;
  host.now = 1'000'000'000;
  host.utc_offset = 7200;
  host.firmware_folders = {"/nowhere"};
  host.default_firmware = {"/nowhere/fw.bin"};
  return host;
}

// The words of a line; no word of these tests has a space.
Words words_of(const std::string& line) {
  Words words;
  size_t at = 0;
  while ((at = line.find_first_not_of(' ', at)) != std::string::npos) {
    const size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

core::Result<QemuOptions> parse(const std::string& line) {
  return parse_qemu(words_of("-M virt " + line), host());
}

QemuOptions good(const std::string& line) {
  auto options = parse(line);
  EXPECT_TRUE(options.ok()) << line << ": " << (options.ok() ? "" : options.error().message);
  return options.ok() ? std::move(*options) : QemuOptions{};
}

std::string error_of(const std::string& line) {
  auto options = parse(line);
  EXPECT_FALSE(options.ok()) << line;
  return options.ok() ? "" : options.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
#define EXPECT_REFUSED(line, part) EXPECT_PRED2(contains, error_of(line), part) << "  of: " << (line)

bool has_note(const QemuOptions& options, const std::string& part) {
  for (const std::string& note : options.notes)
    if (contains(note, part)) return true;
  return false;
}

// --- Words
// ---------------------------------------------------------------------------------------------------------

TEST(QemuWords, Size_Forms) {
  constexpr uint64_t kMega = 1 << 20;
  EXPECT_EQ(qemu_size("128M", kMega), 128 * kMega);
  EXPECT_EQ(qemu_size("128m", kMega), 128 * kMega);
  EXPECT_EQ(qemu_size("256", kMega), 256 * kMega);
  EXPECT_EQ(qemu_size("2G", kMega), 2048 * kMega);
  EXPECT_EQ(qemu_size("1.5G", kMega), 1536 * kMega);
  EXPECT_EQ(qemu_size("512k", kMega), kMega / 2);
  EXPECT_EQ(qemu_size("4096B", kMega), 4096u);
  EXPECT_EQ(qemu_size("0x80", kMega), 128 * kMega);
  EXPECT_EQ(qemu_size("0x1e", 1), 0x1eu) << "e is a digit here";
  for (const char* bad : {"", "M", "foo", "128X", "128MB", "128Mi", "-1", "1e3", "1..5", "0x",
                          "99999999999999999999", "17179869184G", "1.5.5M", "nan", "inf"})
    EXPECT_EQ(qemu_size(bad, kMega), std::nullopt) << bad;
}

TEST(QemuWords, Number_IsDecimalOrHexadecimal) {
  EXPECT_EQ(qemu_number("10"), 10u);
  EXPECT_EQ(qemu_number("0x10"), 16u);
  EXPECT_EQ(qemu_number("0XfF"), 255u);
  EXPECT_EQ(qemu_number("18446744073709551615"), ~uint64_t{0});
  for (const char* bad : {"", "0x", "1 ", "+1", "-1", "18446744073709551616", "1a"})
    EXPECT_EQ(qemu_number(bad), std::nullopt) << bad;
}

TEST(QemuWords, Keyvals_SplitAtSingleCommas) {
  QemuKeyvals words("-drive x", "file=a,,b=c.img,if=none,flag,id=x0", "");
  EXPECT_EQ(words.take("file"), "a,b=c.img");
  EXPECT_EQ(words.take("if"), "none");
  EXPECT_EQ(words.take("flag"), "on");
  EXPECT_FALSE(words.finish().ok());
  EXPECT_EQ(words.finish().error().message, "-drive x: Invalid parameter 'id'");
  EXPECT_EQ(words.take("id"), "x0");
  EXPECT_TRUE(words.finish().ok());
}

TEST(QemuWords, Keyvals_ImpliedKeyAndLastOne) {
  QemuKeyvals words("", "virtio-rng-device,id=a,id=b", "driver");
  EXPECT_EQ(words.take("driver"), "virtio-rng-device");
  EXPECT_EQ(words.take("id"), "b");
  QemuKeyvals written("", "driver=x", "driver");
  EXPECT_EQ(written.take("driver"), "x");
  QemuKeyvals commas("", "a,,b", "driver");
  EXPECT_EQ(commas.take("driver"), "a,b");
  QemuKeyvals nothing("", "", "driver");
  EXPECT_EQ(nothing.take("driver"), std::nullopt);
}

TEST(QemuWords, Keyvals_Help) {
  EXPECT_TRUE(QemuKeyvals("", "help", "driver").asks_for_help());
  EXPECT_TRUE(QemuKeyvals("", "?", "driver").asks_for_help());
  EXPECT_TRUE(QemuKeyvals("", "x,help", "driver").asks_for_help());
  EXPECT_FALSE(QemuKeyvals("", "x,id=help", "driver").asks_for_help());
}

// --- Names of options
// ----------------------------------------------------------------------------------------------

TEST(QemuOptions, OneDashOrTwo) {
  EXPECT_EQ(good("--m 64M").machine.memory, 64u << 20);
  EXPECT_EQ(good("-m 64M").machine.memory, 64u << 20);
  EXPECT_EQ(error_of("-foo"), "-foo: invalid option");
  EXPECT_EQ(error_of("--foo"), "--foo: invalid option");
  EXPECT_REFUSED("---m 1", "---m: invalid option");
  EXPECT_REFUSED("-", "-: invalid option");
}

TEST(QemuOptions, UnknownOption_NamesTheNearest) {
  EXPECT_EQ(error_of("-nographics"), "-nographics: invalid option\nDid you mean -nographic?");
  EXPECT_EQ(error_of("-kernal x"), "-kernal: invalid option\nDid you mean -kernel?");
}

TEST(QemuOptions, Names_AreCheckedBeforeAnythingHappens) {
  EXPECT_REFUSED("-version -foo", "-foo: invalid option");
  EXPECT_REFUSED("-m nonsense -foo", "-foo: invalid option");
  EXPECT_EQ(error_of("-kernel"), "-kernel: requires an argument");
}

TEST(QemuOptions, TableIsSound) {
  std::vector<std::string_view> names;
  for (const qemu::OptionRow& row : qemu::option_rows()) {
    names.push_back(row.name);
    if (!row.alias.empty()) names.push_back(row.alias);
    EXPECT_NE(row.handler, nullptr) << row.name;
    const bool must_say = row.handler == qemu::refuse || row.handler == qemu::say;
    EXPECT_TRUE(!must_say || !row.instead.empty()) << row.name;
    EXPECT_EQ(row.help.empty(), row.group.empty()) << row.name;
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

// --- Answers
// -------------------------------------------------------------------------------------------------------

TEST(QemuAnswers, Version_AsScriptsReadIt) {
  for (const char* form : {"-version", "--version"}) {
    const auto options = good(form);
    ASSERT_TRUE(options.answer);
    EXPECT_EQ(options.answer->substr(0, options.answer->find('\n')),
              "QEMU emulator version 8.2.0 (Vitrine 0.1.0)");
    EXPECT_EQ(options.answer_code, 0);
  }
}

TEST(QemuAnswers, Help_HasEveryVisibleOptionAtTheBeginningOfALine) {
  const auto options = good("-help");
  ASSERT_TRUE(options.answer);
  for (const qemu::OptionRow& row : qemu::option_rows())
    EXPECT_TRUE(row.help.empty() || contains(*options.answer, fmt::format("\n-{}", row.name))) << row.name;
  EXPECT_TRUE(contains(*options.answer, "\n-gdb "));
}

TEST(QemuAnswers, Lists) {
  EXPECT_TRUE(contains(*good("-M ?").answer, "virt "));
  EXPECT_TRUE(contains(*good("-machine help").answer, "virt "));
  EXPECT_TRUE(contains(*good("-cpu help").answer, "rv64\n"));
  EXPECT_TRUE(contains(*good("-device help").answer, "name \"virtio-blk-device\", bus virtio-bus"));
  EXPECT_TRUE(contains(*good("-device virtio-blk-device,help").answer, "  drive="));
  EXPECT_EQ(good("-d help").answer_code, 1) << "as QEMU";
}

// --- Machine
// -------------------------------------------------------------------------------------------------------

TEST(QemuMachine, Defaults) {
  const auto options = good("-bios none");
  EXPECT_EQ(options.machine.memory, 128u << 20);
  EXPECT_EQ(options.machine.harts, 1u);
  EXPECT_TRUE(options.machine.virtio_legacy);
  EXPECT_FALSE(options.machine.aclint);
  EXPECT_EQ(options.machine.date, 1'000'000'000);
  EXPECT_TRUE(options.run.reboot);
  EXPECT_TRUE(options.run.stay_when_stuck);
  EXPECT_FALSE(options.run.banner);
}

TEST(QemuMachine, Memory) {
  EXPECT_EQ(good("-m 8M").machine.memory, 8u << 20);
  EXPECT_EQ(good("-m size=1G").machine.memory, 1u << 30);
  EXPECT_EQ(good("-m 0").machine.memory, 128u << 20) << "the default";
  EXPECT_EQ(good("-m 100M -m 64M").machine.memory, 64u << 20);
  EXPECT_EQ(good("-m 1000001B").machine.memory % 8192, 0u);
  EXPECT_TRUE(has_note(good("-m 128M,slots=2,maxmem=1G"), "slots and maxmem"));
  EXPECT_REFUSED("-m foo", "Parameter 'size' expects a non-negative number below 2^64");
  EXPECT_REFUSED("-m 128MB", "Parameter 'size'");
  EXPECT_REFUSED("-m 128M,foo=1", "-m 128M,foo=1: Invalid parameter 'foo'");
  EXPECT_REFUSED("-m 20000G", "at most 64G");
}

TEST(QemuMachine, Smp) {
  EXPECT_EQ(good("-smp 3").machine.harts, 3u);
  EXPECT_EQ(good("-smp cpus=2").machine.harts, 2u);
  EXPECT_EQ(good("-smp 4,sockets=1,cores=4,threads=1").machine.harts, 4u);
  EXPECT_EQ(good("-smp cores=2").machine.harts, 2u);
  EXPECT_EQ(good("-smp 2,maxcpus=4").machine.harts, 2u);
  EXPECT_EQ(good("-smp 2,cores=2").machine.harts, 2u);
  EXPECT_EQ(good("-smp 4,sockets=2").machine.harts, 4u);
  EXPECT_REFUSED("-smp cpus=2,cores=3", "product of the hierarchy must match maxcpus");
  EXPECT_REFUSED("-smp 2,maxcpus=1", "Invalid CPU topology");
  EXPECT_REFUSED("-smp 0", "must be greater than zero");
  EXPECT_REFUSED("-smp foo", "Parameter 'smp.cpus' expects integer");
  EXPECT_REFUSED("-smp 9", "Invalid SMP CPUs 9. The max CPUs supported by machine 'virt' is 8");
  EXPECT_REFUSED("-smp 99999999999999999", "Invalid SMP CPUs");
  EXPECT_REFUSED("-smp 2,dies=2", "dies not supported");
}

TEST(QemuMachine, Properties) {
  EXPECT_TRUE(good("-M aclint=on").machine.aclint) << "the type may be left out in a second -M";
  const auto options =
      good("-machine virt,dumpdtb=x.dtb,acpi=off,usb=off,accel=tcg,dump-guest-core=off,aia=none");
  EXPECT_EQ(options.dump_dtb, "x.dtb");
  EXPECT_EQ(good("-M virt,kernel=k,append=a").machine.kernel, "k");
  EXPECT_REFUSED("-M virt,foo=on", "Property 'virt-machine.foo' not found");
  EXPECT_REFUSED("-M virt,aclint=maybe", "Parameter 'aclint' expects 'on' or 'off'");
  EXPECT_REFUSED("-M spike", "unsupported machine type 'spike'; this version has virt only");
  EXPECT_REFUSED("-M virt,aia=aplic", "PLIC");
  EXPECT_REFUSED("-M virt,usb=on", "no USB");
  EXPECT_TRUE(has_note(*parse_qemu(Words{"-bios", "none"}, host()), "no -machine was given"));
}

TEST(QemuMachine, Accelerators) {
  good("-accel tcg,thread=single,tb-size=64");
  EXPECT_TRUE(has_note(good("-accel kvm -accel tcg"), "falling back to tcg"));
  EXPECT_TRUE(has_note(good("-M virt,accel=kvm:tcg"), "falling back to tcg"));
  EXPECT_REFUSED("-accel kvm", "invalid accelerator kvm");
  EXPECT_REFUSED("-M virt,accel=kvm", "invalid accelerator kvm");
  EXPECT_REFUSED("-enable-kvm", "invalid accelerator kvm");
  EXPECT_REFUSED("-accel tcg,foo=1", "Property 'tcg-accel.foo' not found");
}

TEST(QemuMachine, Clock) {
  EXPECT_EQ(good("-rtc base=utc,clock=vm").machine.date, 1'000'000'000);
  EXPECT_EQ(good("-rtc base=localtime").machine.date, 1'000'007'200);
  EXPECT_EQ(good("-rtc base=2020-01-01").machine.date, 1'577'836'800);
  EXPECT_EQ(good("-rtc base=2020-01-01T10:11:12").machine.date, 1'577'873'472);
  EXPECT_REFUSED("-rtc base=foo", "invalid datetime format");
  EXPECT_REFUSED("-rtc foo=1", "Invalid parameter 'foo'");
}

TEST(QemuMachine, Icount) {
  EXPECT_EQ(good("-icount 0").machine.steps_per_tick, 100u);
  EXPECT_EQ(good("-icount shift=2").machine.steps_per_tick, 25u) << "4 ns each, 100 ns a tick";
  EXPECT_EQ(good("-icount shift=auto").machine.steps_per_tick, 100u);
  EXPECT_EQ(good("-icount shift=10").machine.steps_per_tick, 1u);
  EXPECT_EQ(good("-icount shift=1,sleep=off").run.clock, ClockMode::kVirtual);
  EXPECT_EQ(good("-icount shift=1,sleep=on,align=off").run.clock, std::nullopt);
  EXPECT_REFUSED("-icount shift=99", "Invalid shift value");
  EXPECT_REFUSED("-icount foo", "Invalid shift value");
  EXPECT_REFUSED("-icount shift=1,rr=record,rrfile=x", "recordings come with a later version");
}

TEST(QemuMachine, RestartAndSeed) {
  EXPECT_FALSE(good("-no-reboot").run.reboot);
  EXPECT_FALSE(good("-action reboot=shutdown").run.reboot);
  EXPECT_REFUSED("-action foo=1", "Invalid parameter 'foo'");
  EXPECT_EQ(good("-seed 7").machine.seed, 7u);
  EXPECT_REFUSED("-seed x", "Invalid seed number");
}

TEST(QemuMachine, Gdb_HasAnAddressAndMayHoldTheGuestBack) {
  EXPECT_FALSE(good("").run.gdb);
  EXPECT_EQ(good("-s").run.gdb, "tcp::1234");
  EXPECT_FALSE(good("-s").run.freeze);
  EXPECT_EQ(good("-S -gdb tcp::26000").run.gdb, "tcp::26000");
  EXPECT_TRUE(good("-S -gdb tcp::26000").run.freeze);
  EXPECT_EQ(good("-gdb unix:/x,server,nowait").run.gdb, "unix:/x");
  EXPECT_FALSE(good("-gdb tcp::1,server=on,wait=off").run.freeze);
  EXPECT_TRUE(good("-gdb tcp::1,server=on,wait").run.freeze);
  EXPECT_FALSE(good("-s -gdb none").run.gdb);
  EXPECT_REFUSED("-gdb tcp::1,wait=maybe", "expects 'on' or 'off'");
  EXPECT_REFUSED("-gdb tcp::70000", "not an address");
  EXPECT_REFUSED("-gdb stdio", "not in this version");
  EXPECT_TRUE(has_note(good("-S"), "-S does not hold the guest back"));
}

TEST(QemuMachine, Logs_AreTheirKindsOrNoted) {
  EXPECT_TRUE(has_note(good("-d int,fpu,trace:x -D log"), "no log of that kind: fpu, trace:x"));
  EXPECT_FALSE(has_note(good("-d int,mmu -D log"), "-d int"));
  EXPECT_EQ(good("-d int,mmu").run.log.kinds, "guest-traps,hidden-fault,guest-page-fault");
  EXPECT_EQ(good("-d int -D log").run.log.file, "log");
  EXPECT_TRUE(good("-D log").run.log.file.empty()) << "nothing is logged";
  EXPECT_TRUE(good("-d guest_errors,unimp").run.log.unanswered);
  EXPECT_TRUE(good("-d in_asm,op,out_asm").run.log.blocks());
  EXPECT_FALSE(good("-d int -d none").run.log.any());
  EXPECT_TRUE(has_note(good("-d exec"), "slow"));
  EXPECT_EQ(good("-d int -D log").log_file, "log");
  EXPECT_EQ(good("-d int,nonsense").answer_code, 1);
  EXPECT_TRUE(has_note(good("-semihosting"), "no semihosting"));
  EXPECT_FALSE(has_note(good("-semihosting-config enable=off"), "semihosting"));
}

// --- Processor
// -----------------------------------------------------------------------------------------------------

riscv::HartConfig cpu(const std::string& text) { return good("-cpu " + text).machine.cpu; }

TEST(QemuCpu, Models) {
  using riscv::Extension;
  EXPECT_EQ(cpu("rv64").max_levels, 3);
  EXPECT_EQ(cpu("max").max_levels, 5);
  const auto base = cpu("base");
  EXPECT_FALSE(base.extensions.has(Extension::Zba));
  EXPECT_FALSE(base.sstc);
  EXPECT_TRUE(base.extensions.has(Extension::D));
  EXPECT_TRUE(base.extensions.has(Extension::C));
  EXPECT_REFUSED("-cpu foo", "unable to find CPU model 'foo'");
  EXPECT_REFUSED("-cpu rv32", "this is a 64-bit machine");
}

TEST(QemuCpu, Properties) {
  using riscv::Extension;
  EXPECT_FALSE(cpu("rv64,pmp=false").pmp);
  EXPECT_FALSE(cpu("rv64,zba=false,Zbb=off").extensions.has(Extension::Zba));
  EXPECT_FALSE(cpu("rv64,zba=false,Zbb=off").extensions.has(Extension::Zbb));
  EXPECT_EQ(cpu("rv64,sv48=on").max_levels, 4);
  EXPECT_EQ(cpu("rv64,sv57=on").max_levels, 5);
  EXPECT_EQ(cpu("rv64,sv39=on").max_levels, 3);
  EXPECT_EQ(cpu("max,sv57=off").max_levels, 4);
  EXPECT_TRUE(cpu("rv64,svadu=off").svade);
  EXPECT_FALSE(cpu("rv64,sstc=off").sstc);
  EXPECT_TRUE(cpu("rv64,sscofpmf=on").sscofpmf);
  EXPECT_EQ(cpu("rv64,mvendorid=0x123,marchid=5").mvendorid, 0x123u);
  EXPECT_TRUE(cpu("rv64,g=true,c=true").extensions.has(Extension::C));
  cpu("rv64,v=false,h=false,zfa=off,vlen=128,elen=64,cbom_blocksize=64");
  EXPECT_FALSE(good("-global rv64-riscv-cpu.zbc=off").machine.cpu.extensions.has(Extension::Zbc));
}

TEST(QemuCpu, Properties_Refused) {
  EXPECT_REFUSED("-cpu rv64,v=true", "does not have vector instructions yet");
  EXPECT_REFUSED("-cpu rv64,h=on", "the hypervisor extension");
  EXPECT_REFUSED("-cpu rv64,foo=on", "Property 'rv64-riscv-cpu.foo' not found");
  EXPECT_REFUSED("-cpu rv64,svadv=on", "Did you mean");
  EXPECT_REFUSED("-cpu rv64,pmp=maybe", "Parameter 'pmp' expects 'on' or 'off'");
  EXPECT_REFUSED("-cpu rv64,+zba", "Expected key=value format, found +zba.");
  EXPECT_REFUSED("-cpu rv64,zba", "Expected key=value format, found zba.");
  EXPECT_REFUSED("-cpu rv64,i=off", "always on");
  EXPECT_REFUSED("-cpu rv64,cbom_blocksize=32", "always 64");
}

// --- Devices
// -------------------------------------------------------------------------------------------------------

const std::string kDrive = " -drive file=/nowhere/d.img,if=none,format=raw,id=x0 ";

TEST(QemuDevices, SlotsFromTheTop) {
  const auto options = good(
      "-device virtio-rng-device -device virtio-rng-device,bus=virtio-mmio-bus.6 -device virtio-rng-device");
  const auto& virtio = options.machine.virtio;
  ASSERT_EQ(virtio.size(), 3u);
  EXPECT_EQ(virtio[0].slot, 7);
  EXPECT_EQ(virtio[1].slot, 6);
  EXPECT_EQ(virtio[2].slot, 5);
}

TEST(QemuDevices, Slots_Refused) {
  EXPECT_REFUSED("-device virtio-rng-device,bus=virtio-mmio-bus.8", "Bus 'virtio-mmio-bus.8' not found");
  EXPECT_REFUSED("-device virtio-rng-device,bus=pcie.0", "no PCIe");
  EXPECT_REFUSED("-device virtio-rng-device -device virtio-rng-device,bus=virtio-mmio-bus.7",
                 "Bus 'virtio-mmio-bus.7' is full");
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += " -device virtio-rng-device";
  EXPECT_REFUSED(nine, "8 virtio slots, and all are taken");
}

TEST(QemuDevices, Disk_InAnyOrder) {
  for (const std::string& line : {kDrive + "-device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0",
                                  "-device virtio-blk-device,bus=virtio-mmio-bus.0,drive=x0" + kDrive,
                                  std::string("-drive id=x0,format=raw,if=none,file=/nowhere/d.img -device "
                                              "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0,scsi=off")}) {
    const auto options = good(line);
    ASSERT_EQ(options.machine.virtio.size(), 1u);
    const VirtioConfig& disk = options.machine.virtio[0];
    EXPECT_EQ(disk.kind, Kind::kBlock);
    EXPECT_EQ(disk.path, "/nowhere/d.img");
    EXPECT_EQ(disk.slot, 0);
    EXPECT_FALSE(disk.read_only);
    EXPECT_FALSE(disk.snapshot);
  }
}

TEST(QemuDevices, Disk_Options) {
  const auto only = [](const std::string& line) { return good(line).machine.virtio.at(0); };
  const std::string device = " -device virtio-blk-device,drive=x0";
  EXPECT_EQ(only("-drive file=a,,b.img,if=none,id=x0" + device).path, "a,b.img");
  EXPECT_TRUE(only("-drive file=d,if=none,id=x0,readonly=on" + device).read_only);
  EXPECT_TRUE(only("-drive file=d,if=none,id=x0,snapshot=on" + device).snapshot);
  EXPECT_TRUE(only("-snapshot" + kDrive + device).snapshot);
  EXPECT_TRUE(only(kDrive + device + " -snapshot").snapshot) << "in any order";
  EXPECT_EQ(only(kDrive + device + ",serial=disk7").serial, "disk7");
  EXPECT_EQ(only("-drive file=d,format=raw,cache=none,aio=native,if=none,id=x0" + device).path, "d");
  const VirtioConfig both = only("-drive file=d,format=raw,if=virtio");
  EXPECT_EQ(both.kind, Kind::kBlock);
  EXPECT_EQ(both.slot, 7);
  EXPECT_TRUE(has_note(good(kDrive), "no device uses this drive"));
}

TEST(QemuDevices, Disk_Refused) {
  EXPECT_REFUSED("-device virtio-blk-device", "drive property not set");
  EXPECT_REFUSED("-device virtio-blk-device,drive=zz",
                 "Property 'virtio-blk-device.drive' can't find value 'zz'");
  EXPECT_REFUSED(kDrive + kDrive, "Duplicate ID 'x0' for drive");
  EXPECT_REFUSED(kDrive + "-device virtio-blk-device,drive=x0 -device virtio-blk-device,drive=x0",
                 "Drive 'x0' is already in use by another device");
  EXPECT_REFUSED("-device virtio-blk-device,foo=1,drive=x0" + kDrive,
                 "Property 'virtio-blk-device.foo' not found");
  EXPECT_REFUSED("-device virtio-blk-device,scsi=on,drive=x0" + kDrive, "can only be off");
  EXPECT_REFUSED("-drive file=d,if=ide", "machine type does not support if=ide");
  EXPECT_REFUSED("-drive file=d,if=foo", "unsupported bus type 'foo'");
  EXPECT_REFUSED("-drive file=d,if=pflash", "-bios FILE");
  EXPECT_REFUSED("-drive file=d,format=qcow2", "qemu-img convert -O raw d d.raw");
  EXPECT_REFUSED("-drive file=d,format=foo", "Unknown driver 'foo'");
  EXPECT_REFUSED("-drive file=d,foo=1", "Block format 'raw' does not support the option 'foo'");
  EXPECT_REFUSED("-drive file=nbd://x,if=none", "Unknown protocol 'nbd'");
  EXPECT_REFUSED("-drive file=fat:rw:dir,if=none", "mke2fs -d");
  EXPECT_REFUSED("-drive file=d,if=none,readonly=maybe", "expects 'on' or 'off'");
  EXPECT_REFUSED("-hda d", "virtio-blk-device");
  EXPECT_REFUSED("/nowhere/disk.img", "/nowhere/disk.img: Could not open '/nowhere/disk.img'");
  EXPECT_REFUSED("-drive if=none,id=x0 -device virtio-blk-device,drive=x0", "drive is empty");
}

TEST(QemuDevices, Disk_Qcow2IsRecognised) {
  const std::string path = testing::TempDir() + "qemu_options_test.qcow2";
  std::ofstream(path, std::ios::binary) << std::string("QFI\xfb\0\0\0\3", 8) << std::string(600, '\0');
  EXPECT_REFUSED("-drive if=none,id=x0,file=" + path, "this is a qcow2 image");
  good("-drive if=none,id=x0,format=raw,file=" + path);
  std::remove(path.c_str());
}

TEST(QemuDevices, Globals) {
  EXPECT_FALSE(good("-global virtio-mmio.force-legacy=false").machine.virtio_legacy);
  EXPECT_FALSE(good("-global driver=virtio-mmio,property=force-legacy,value=off").machine.virtio_legacy);
  EXPECT_REFUSED("-global virtio-mmio.force-legacy=maybe", "expects 'on' or 'off'");
  EXPECT_REFUSED("-global virtio-mmio.foo=1", "Property 'virtio-mmio.foo' not found");
  EXPECT_REFUSED("-global foo", "Invalid parameter 'foo'");
  EXPECT_TRUE(has_note(good("-global foo.bar=1"), "nothing here takes it"));
}

TEST(QemuDevices, Missing_NamesWhatIsNearest) {
  EXPECT_REFUSED("-device virtio-blk-pci,drive=x0" + kDrive, "use virtio-blk-device");
  EXPECT_REFUSED("-device virtio-blk,drive=x0" + kDrive, "use virtio-blk-device");
  EXPECT_REFUSED("-device virtio-net-device,netdev=n", "there is no network in this version");
  EXPECT_REFUSED("-device e1000,netdev=net0,bus=pcie.0", "there is no network in this version");
  EXPECT_REFUSED("-netdev user,id=net0,hostfwd=udp::2000-:2000", "there is no network in this version");
  EXPECT_REFUSED("-object filter-dump,id=n,netdev=net0,file=p", "no network");
  EXPECT_REFUSED("-device virtio-gpu-device", "there are no graphics");
  EXPECT_REFUSED("-device virtio-keyboard-device", "-nographic");
  EXPECT_REFUSED("-device qemu-xhci", "no USB");
  EXPECT_REFUSED("-device virtio-9p-device,fsdev=f", "no shared folders");
  EXPECT_REFUSED("-virtfs local,path=.,mount_tag=t", "mke2fs -d");
  EXPECT_REFUSED("-device pcie-root-port", "no PCIe");
  EXPECT_REFUSED("-device virtio-blk-devise,drive=x0" + kDrive, "Did you mean virtio-blk-device?");
  EXPECT_REFUSED("-device foo", "'foo' is not a valid device model name");
  good("-net none -nic none -vga none -parallel none");
  EXPECT_REFUSED("-vga std", "no graphics");
}

TEST(QemuDevices, Entropy) {
  const auto options = good(
      "-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-device,rng=rng0,max-bytes=1024");
  EXPECT_EQ(options.machine.virtio.at(0).kind, Kind::kRng);
  EXPECT_TRUE(has_note(options, "-seed"));
  EXPECT_REFUSED("-device virtio-rng-device,rng=zz", "Device 'zz' not found");
  EXPECT_REFUSED("-object rng-egd,id=a", "does not accept value 'rng-egd'");
}

TEST(QemuDevices, Loader) {
  const auto only = [](const std::string& line) { return good(line).machine.loaders.at(0); };
  const auto file = only("-device loader,file=/nowhere/x.bin,addr=0x81000000");
  EXPECT_EQ(file.path, "/nowhere/x.bin");
  EXPECT_EQ(file.at, 0x81000000u);
  EXPECT_TRUE(file.raw);
  const auto number = only("-device loader,addr=0x80001000,data=0x11223344,data-len=4");
  EXPECT_EQ(number.bytes, (std::vector<uint8_t>{0x44, 0x33, 0x22, 0x11}));
  const auto big = only("-device loader,addr=0x80001000,data=0x11223344,data-len=4,data-be=on");
  EXPECT_EQ(big.bytes, (std::vector<uint8_t>{0x11, 0x22, 0x33, 0x44}));
  EXPECT_REFUSED("-device loader,addr=0x80000000,data=1", "Both data and data-len must be specified");
  EXPECT_REFUSED("-device loader,addr=1,data=1,data-len=9", "data-len cannot be greater than 8 bytes");
  EXPECT_REFUSED("-device loader,file=/nowhere/x.bin", "addr must be given");
  EXPECT_REFUSED("-device loader,addr=0x80000000,cpu-num=0", "cpu-num");
  EXPECT_REFUSED("-device loader,file=f,addr=1,foo=2", "Invalid parameter 'foo'");
}

TEST(QemuDevices, Loader_ElfGoesWhereItSays) {
  const std::string path = testing::TempDir() + "qemu_options_test.elf";
  std::ofstream(path, std::ios::binary) << "\x7f"
                                        << "ELF" << std::string(100, '\0');
  EXPECT_FALSE(good("-device loader,file=" + path).machine.loaders.at(0).raw);
  EXPECT_TRUE(good("-device loader,addr=0x80000000,force-raw=on,file=" + path).machine.loaders.at(0).raw);
  std::remove(path.c_str());
}

// --- Ports
// ---------------------------------------------------------------------------------------------------------

QemuStream stdio(bool keys, bool signals) { return {StreamKind::kStdio, {}, false, keys, signals}; }

TEST(QemuPorts, SerialForms) {
  EXPECT_EQ(good("-nographic").serial, stdio(true, false));
  EXPECT_EQ(good("-display none -serial mon:stdio").serial, stdio(true, false));
  EXPECT_EQ(good("-display none -serial stdio").serial, stdio(false, true));
  EXPECT_EQ(good("-nographic -monitor none").serial, stdio(false, true))
      << "nothing to share the terminal with";
  EXPECT_EQ(good("-nographic -serial mon:stdio").serial, stdio(true, false));
  EXPECT_EQ(good("-nographic -serial null").serial, QemuStream{});
  EXPECT_EQ(good("-display none").serial, QemuStream{}) << "as on QEMU: a window that nobody sees";
  EXPECT_EQ(good("-nodefaults -nographic").serial, QemuStream{});
  EXPECT_EQ(good("-nodefaults -nographic -serial mon:stdio").serial, stdio(true, false));
  EXPECT_EQ(good("-nographic -serial file:out,txt").serial.path, "out,txt")
      << "no comma has to be doubled here";
  const auto window = good("-bios none");
  EXPECT_EQ(window.serial, stdio(true, false));
  EXPECT_TRUE(has_note(window, "no graphics"));
}

TEST(QemuPorts, Chardevs) {
  EXPECT_EQ(good("-chardev stdio,id=a,mux=on,signal=off -serial chardev:a -mon chardev=a").serial,
            stdio(true, false));
  EXPECT_EQ(good("-chardev stdio,id=a -serial chardev:a").serial, stdio(false, true));
  const auto file = good("-chardev file,id=f,path=out,append=on -serial chardev:f").serial;
  EXPECT_EQ(file.kind, StreamKind::kFile);
  EXPECT_EQ(file.path, "out");
  EXPECT_TRUE(file.append);
  EXPECT_REFUSED("-chardev stdio", "chardev: no id specified");
  EXPECT_REFUSED("-chardev foo,id=a", "'foo' is not a valid char driver name");
  EXPECT_REFUSED("-chardev null,id=a,foo=1", "Invalid parameter 'foo'");
  EXPECT_REFUSED("-chardev null,id=a -chardev null,id=a", "Duplicate ID 'a' for chardev");
  EXPECT_REFUSED("-serial chardev:zz", "no -chardev with id=zz");
  EXPECT_REFUSED("-chardev socket,id=a,path=x", "this version has stdio, file and null");
}

TEST(QemuPorts, VirtioConsole) {
  const auto options = good(
      "-serial null -chardev stdio,id=c,mux=on -device virtio-serial-device -device virtconsole,chardev=c");
  EXPECT_EQ(options.serial, QemuStream{});
  EXPECT_EQ(options.virtio_console, stdio(true, true));
  EXPECT_EQ(options.machine.virtio.at(0).kind, Kind::kConsole);
  EXPECT_EQ(good("-device virtio-serial-device -device virtconsole").virtio_console, QemuStream{});
  EXPECT_REFUSED("-device virtconsole", "No 'virtio-serial-bus' bus found");
  EXPECT_REFUSED("-nographic -chardev stdio,id=c -device virtio-serial-device -device virtconsole,chardev=c",
                 "cannot use stdio by multiple character devices");
}

TEST(QemuPorts, Refused) {
  EXPECT_REFUSED("-serial stdio -serial mon:stdio", "cannot use stdio by multiple character devices");
  EXPECT_REFUSED("-serial foo", "'foo' is not a valid char driver");
  EXPECT_REFUSED("-serial tcp::4444,server", "this version has stdio, mon:stdio, file:PATH, null and none");
  EXPECT_REFUSED("-serial pty", "not in this version");
  EXPECT_REFUSED("-serial file:", "no file name");
  EXPECT_REFUSED("-monitor stdio", "no monitor in this version");
  EXPECT_REFUSED("-monitor telnet::5555,server", "use -monitor none");
  EXPECT_REFUSED("-qmp stdio", "no monitor");
  EXPECT_REFUSED("-display gtk", "use -nographic");
  EXPECT_REFUSED("-display foo", "Parameter 'type' does not accept value 'foo'");
  EXPECT_REFUSED("-echr 2", "Ctrl-A");
  good("-echr 0x1 -monitor none -display none");
}

// --- Firmware and images
// -------------------------------------------------------------------------------------------

TEST(QemuBoot, Firmware) {
  EXPECT_EQ(good("-bios none").machine.bios, "none");
  const auto nothing = good("-bios default");
  EXPECT_EQ(nothing.machine.bios, "builtin");
  EXPECT_TRUE(has_note(nothing, "apt install opensbi"));
  EXPECT_EQ(good("").machine.bios, "builtin") << "the default is default";
  EXPECT_REFUSED("-bios /nowhere/x", "Unable to load the RISC-V firmware \"/nowhere/x\"");
  QemuHost with = host();
  with.default_firmware = {"/nowhere/fw.bin", "/proc/self/exe"};
  with.firmware_folders = {"/nowhere", "/proc/self"};
  EXPECT_EQ(parse_qemu(words_of("-M virt"), with)->machine.bios, "/proc/self/exe");
  EXPECT_EQ(parse_qemu(words_of("-M virt -bios exe"), with)->machine.bios, "/proc/self/exe");
  EXPECT_EQ(parse_qemu(words_of("-M virt -L /proc/self -bios exe"), host())->machine.bios, "/proc/self/exe");
}

TEST(QemuBoot, Images) {
  const auto options = good("-kernel k -initrd i -append a -dtb d");
  EXPECT_EQ(options.machine.kernel, "k");
  EXPECT_EQ(options.machine.initrd, "i");
  EXPECT_EQ(options.machine.append, "a");
  EXPECT_EQ(options.machine.dtb, "d");
  EXPECT_EQ(error_of("-initrd i"), "-initrd only allowed with -kernel option");
  EXPECT_EQ(error_of("-append a"), "-append only allowed with -kernel option");
}

// --- Command lines of others, as they are
// ---------------------------------------------------------------------------

TEST(QemuCommandLines, Xv6) {
  const auto options = good(
      "-machine virt -bios none -kernel kernel/kernel -m 128M -smp 3 -nographic -global "
      "virtio-mmio.force-legacy=false -drive file=fs.img,if=none,format=raw,id=x0 -device "
      "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0");
  EXPECT_TRUE(options.notes.empty());
  EXPECT_EQ(options.machine.harts, 3u);
  EXPECT_FALSE(options.machine.virtio_legacy);
}

TEST(QemuCommandLines, OthersNeedNoNote) {
  for (const char* line : {
           "-nodefaults -nographic -serial mon:stdio -machine virt -accel tcg -bios none -cpu rv64 -m 128M "
           "-kernel "
           "x.flat -smp 2 -append foo",
           "-machine virt -nographic -bios none -device loader,file=os.bin,addr=0x80200000 -drive "
           "file=fs.img,if=none,format=raw,id=x0 -device virtio-blk-device,drive=x0",
           "-cpu rv64,sv39=on -machine virt,aclint=on -smp 1 -m 8M -display none -serial mon:stdio -monitor "
           "none "
           "-no-reboot -bios none -name guest -rtc base=utc -icount shift=auto -snapshot",
       }) {
    const auto options = good(line);
    EXPECT_TRUE(options.notes.empty()) << line << ": " << (options.notes.empty() ? "" : options.notes[0]);
  }
}

}  // namespace
}  // namespace vitrine::app
