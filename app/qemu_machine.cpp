// SPDX-License-Identifier: MIT
// The board, its size and its clock: -machine, -m, -smp, -accel, -rtc, -icount, -action, and what will be the
// debugger's (-s, -S, -gdb, -d).
#include <algorithm>
#include <utility>

#include "app/board_table.h"
#include "app/debug/gdb_listener.h"
#include "app/qemu_draft.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::qemu {
namespace {

constexpr std::string_view kOtherMachines[] = {"none",
                                               "spike",
                                               "sifive_e",
                                               "sifive_u",
                                               "shakti_c",
                                               "opentitan",
                                               "amd-microblaze-v-generic",
                                               "microchip-icicle-kit",
                                               "virt"};

Done set_machine_type(Draft& draft, const QemuKeyvals& words, const std::string& type) {
  if (type == "virt") {
    draft.machine_type = type;
    return core::Ok{};
  }
  const std::string_view meant = nearest(type, kOtherMachines);
  return words.error(
      "unsupported machine type '{}'; this version has virt only{}\nUse -machine help to list "
      "supported machines",
      core::printable(type), meant == "virt" ? ". Did you mean virt?" : "");
}

// Properties of QEMU's board that say nothing here, or only what is so anyway.
void ignore_board_properties(QemuKeyvals& words) {
  words.ignore({"graphics", "dump-guest-core", "mem-merge", "suppress-vmdesc", "phandle-start", "aia-guests",
                "strict-boot", "hmat"});
}

Done set_on_or_refuse(QemuKeyvals& words, const char* key, const char* why) {
  auto on = words.take_bool(key, false);
  if (!on) return on.error();
  if (*on) return words.error("{}=on: {}", key, why);
  return core::Ok{};
}

Done set_board_properties(Draft& draft, QemuKeyvals& words) {
  MachineConfig& machine = draft.options.machine;
  auto aclint = words.take_bool("aclint", machine.aclint);
  if (!aclint) return aclint.error();
  machine.aclint = *aclint;
  if (const auto aia = words.take("aia"); aia && *aia != "none")
    return words.error("aia={}: this version has a PLIC and no AIA; leave it out", core::printable(*aia));
  for (const auto& [key, why] :
       {std::pair{"usb", "this version has no USB; keys go to the serial console"},
        std::pair{"nvdimm", "this version has no NVDIMM; use -drive with -device virtio-blk-device"},
        std::pair{"iommu-sys", "this version has no IOMMU"}})
    if (auto done = set_on_or_refuse(words, key, why); !done) return done;
  if (const auto acpi = words.take("acpi"); acpi && qemu_bool(*acpi).value_or(false))
    draft.note(words.option() + ": there are no ACPI tables; the guest has a device tree");
  return core::Ok{};
}

}  // namespace

Done set_machine(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("type");
  if (words.asks_for_help()) {
    draft.answer(machine_list());
    return core::Ok{};
  }
  QemuOptions& options = draft.options;
  if (const auto type = words.take("type"))
    if (auto done = set_machine_type(draft, words, *type); !done) return done;
  if (auto done = set_board_properties(draft, words); !done) return done;
  ignore_board_properties(words);
  if (const auto accel = words.take("accel"))
    for (const std::string& each : split(*accel, ':'))
      draft.accelerators.emplace_back(word.option(), each, "accel");
  const std::pair<const char*, std::string*> texts[] = {{"kernel", &options.machine.kernel},
                                                        {"initrd", &options.machine.initrd},
                                                        {"append", &options.machine.append},
                                                        {"dtb", &options.machine.dtb},
                                                        {"dumpdtb", &options.dump_dtb}};
  for (const auto& [key, text] : texts)
    if (auto value = words.take(key)) *text = *value;
  if (auto firmware = words.take("firmware")) draft.bios = *firmware;
  if (const auto id = words.take("memory-backend"); id && draft.objects.count(*id) == 0)
    return words.error("there is no -object memory-backend-ram with id={} before it", core::printable(*id));
  for (const QemuKeyvals::Pair& pair : words.pairs())
    if (!pair.taken) return words.error("Property 'virt-machine.{}' not found", core::printable(pair.key));
  return core::Ok{};
}

Done set_memory(Draft& draft, const Word& word) {
  constexpr uint64_t kMost = uint64_t{64} << 30;
  constexpr uint64_t kGrain = 8192;  // QEMU's own
  QemuKeyvals words = word.keyvals("size");
  const auto size = words.take("size");
  if (words.take("slots") || words.take("maxmem"))
    draft.note(word.option() +
               ": memory cannot be added to a running machine; slots and maxmem mean nothing");
  words.ignore({"maxmem"});
  if (auto done = words.finish(); !done) return done;
  if (!size) return core::Ok{};
  const auto bytes = qemu_size(*size, 1 << 20);
  if (!bytes)
    return word.error(
        "Parameter 'size' expects a non-negative number below 2^64\nA suffix k, M, G or T means "
        "kibibytes and so on; without one it is mebibytes: 128M, 2G, 256.");
  if (*bytes > kMost) return word.error("a guest has at most 64G");
  if (*bytes != 0) draft.options.machine.memory = (*bytes + kGrain - 1) / kGrain * kGrain;
  return core::Ok{};
}

namespace {

struct Topology {
  uint64_t cpus = 0, maxcpus = 0, sockets = 0, cores = 0, threads = 0;
};

// QEMU's rule for what was not said: cores before sockets before threads.
void complete(Topology& t) {
  const auto at_least_one = [](uint64_t n) { return std::max<uint64_t>(n, 1); };
  if (t.cpus || t.maxcpus) {
    const uint64_t all = t.maxcpus ? t.maxcpus : t.cpus;
    if (t.cores == 0)
      t.cores = all / (at_least_one(t.sockets) * at_least_one(t.threads));
    else if (t.sockets == 0)
      t.sockets = all / (t.cores * at_least_one(t.threads));
    else if (t.threads == 0)
      t.threads = all / (t.sockets * t.cores);
    t.maxcpus = all;
    if (t.sockets == 0) t.sockets = 1;
    if (t.threads == 0) t.threads = 1;
  } else {
    t.sockets = at_least_one(t.sockets);
    t.cores = at_least_one(t.cores);
    t.threads = at_least_one(t.threads);
    t.maxcpus = t.sockets * t.cores * t.threads;
  }
  if (t.cpus == 0) t.cpus = t.maxcpus;
}

}  // namespace

Done set_smp(Draft& draft, const Word& word) {
  constexpr uint64_t kMost = 512;  // so that products stay small
  QemuKeyvals words = word.keyvals("cpus");
  Topology t;
  uint64_t one = 1;  // levels that this board does not have
  const std::pair<const char*, uint64_t*> numbers[] = {
      {"cpus", &t.cpus},       {"maxcpus", &t.maxcpus}, {"sockets", &t.sockets}, {"cores", &t.cores},
      {"threads", &t.threads}, {"dies", &one},          {"clusters", &one}};
  for (const auto& [key, number] : numbers) {
    const auto text = words.take(key);
    if (!text) continue;
    const auto value = qemu_number(*text);
    if (!value) return word.error("Parameter 'smp.{}' expects integer", key);
    if (*value == 0) return word.error("CPU topology parameters must be greater than zero");
    if (*value > kMost)
      return word.error("Invalid SMP CPUs {}. The max CPUs supported by machine 'virt' is {}", *value,
                        board::kMaxHarts);
    *number = *value;
    if (number == &one && one != 1) return word.error("{} not supported by this machine's CPU topology", key);
  }
  if (auto done = words.finish(); !done) return done;
  complete(t);
  if (t.sockets * t.cores * t.threads != t.maxcpus)
    return word.error(
        "Invalid CPU topology: product of the hierarchy must match maxcpus: sockets ({}) * cores ({}) "
        "* threads ({}) != maxcpus ({})",
        t.sockets, t.cores, t.threads, t.maxcpus);
  if (t.maxcpus < t.cpus)
    return word.error("Invalid CPU topology: maxcpus must be equal to or greater than smp: {} < {}",
                      t.maxcpus, t.cpus);
  if (t.cpus > board::kMaxHarts)
    return word.error("Invalid SMP CPUs {}. The max CPUs supported by machine 'virt' is {}", t.cpus,
                      board::kMaxHarts);
  draft.options.machine.harts = static_cast<unsigned>(t.cpus);
  return core::Ok{};
}

Done set_accel(Draft& draft, const Word& word) {
  QemuKeyvals words =
      word.row->value.empty() ? QemuKeyvals(word.option(), "kvm", "accel") : word.keyvals("accel");
  if (words.asks_for_help()) {
    draft.answer("Accelerators supported:\ntcg\n");
    return core::Ok{};
  }
  draft.accelerators.push_back(std::move(words));
  return core::Ok{};
}

namespace {

// The first accelerator that works is taken, and that is tcg: here the name of whatever engine runs the
// guest.
Done finish_accelerators(Draft& draft) {
  for (QemuKeyvals& words : draft.accelerators) {
    const std::string name = words.take("accel").value_or("");
    if (name != "tcg") continue;
    words.ignore({"thread", "tb-size", "split-wx", "one-insn-per-tb"});
    for (const QemuKeyvals::Pair& pair : words.pairs())
      if (!pair.taken) return words.error("Property 'tcg-accel.{}' not found", core::printable(pair.key));
    if (&words != &draft.accelerators.front()) draft.note(words.option() + ": falling back to tcg");
    return core::Ok{};
  }
  if (draft.accelerators.empty()) return core::Ok{};
  QemuKeyvals& words = draft.accelerators.back();
  const std::string name = core::printable(words.take("accel").value_or(""));
  return words.error(
      "invalid accelerator {}\nA RISC-V guest has to be emulated on this processor; use -accel tcg, or "
      "leave it out.",
      name);
}

}  // namespace

Done set_rtc(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("");
  words.ignore({"clock", "driftfix"});
  const std::string base = words.take("base").value_or("utc");
  if (auto done = words.finish(); !done) return done;
  int64_t& date = draft.options.machine.date;
  if (base == "utc") {
    date = draft.host->now;
  } else if (base == "localtime") {
    date = draft.host->now + draft.host->utc_offset;
  } else if (const auto given = parse_date(base); given && base != "now") {
    date = *given;
  } else {
    return word.error("invalid datetime format\nvalid formats: '2006-06-17T16:01:21' or '2006-06-17'");
  }
  return core::Ok{};
}

// Runs are always deterministic here; what is left of -icount is the speed of guest time (2^shift ns an
// instruction) and that nothing is slept.
Done set_icount(Draft& draft, const Word& word) {
  constexpr uint64_t kNanosecondsPerTick = 1'000'000'000 / core::kTicksPerSecond;
  constexpr uint64_t kLargestShift = 10;  // QEMU's
  QemuKeyvals words = word.keyvals("shift");
  words.ignore({"align"});
  const std::string shift = words.take("shift").value_or("auto");
  auto sleep = words.take_bool("sleep", true);
  if (!sleep) return sleep.error();
  if (words.take("rr") || words.take("rrfile") || words.take("rrsnapshot"))
    return word.error(
        "recordings come with a later version; two runs with the same options and the same input from "
        "a file are the same run anyway");
  if (auto done = words.finish(); !done) return done;
  if (!*sleep) draft.options.run.clock = ClockMode::kVirtual;
  if (shift == "auto") return core::Ok{};
  const auto number = qemu_number(shift);
  if (!number || *number > kLargestShift) return word.error("icount: Invalid shift value");
  const uint64_t steps = kNanosecondsPerTick >> *number;
  draft.options.machine.steps_per_tick = std::max<uint64_t>(steps, 1);
  if (steps == 0)
    draft.note(fmt::format("{}: an instruction takes {} ns at most, which is a tick of the machine's clock",
                           word.option(), kNanosecondsPerTick));
  return core::Ok{};
}

Done set_seed(Draft& draft, const Word& word) {
  const auto number = qemu_number(word.value);
  if (!number) return word.error("Invalid seed number: {}", core::printable(word.value));
  draft.options.machine.seed = *number;
  return core::Ok{};
}

Done set_action(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("");
  words.ignore({"panic", "watchdog"});
  const std::string reboot = words.take("reboot").value_or("reset");
  const std::string shutdown = words.take("shutdown").value_or("poweroff");
  if (auto done = words.finish(); !done) return done;
  if (reboot != "reset" && reboot != "shutdown")
    return word.error("Parameter 'reboot' does not accept value '{}'", core::printable(reboot));
  if (shutdown != "poweroff")
    return word.error("shutdown={}: this version ends when the guest powers off", core::printable(shutdown));
  draft.options.run.reboot = reboot == "reset";
  return core::Ok{};
}

Done set_gdb(Draft& draft, const Word& word) {
  std::string text = word.row->value.empty() ? "tcp::1234" : word.value;
  if (text == "none") return draft.gdb.clear(), core::Ok{};
  // Behind the address stand suboptions of a chardev, the older ones without a value.
  const size_t comma = std::min(text.find(','), text.size());
  bool waits = false;
  for (const std::string& part : split(text.substr(std::min(comma + 1, text.size())), ',')) {
    std::string name = part.substr(0, part.find('='));
    std::optional<bool> on = true;
    if (name != part)
      on = parse_switch(part.substr(name.size() + 1));
    else if (name.starts_with("no") && name != "nodelay" && name != "no")
      name.erase(0, 2), on = false;
    if (part.empty()) continue;
    if (!on) return word.error("Parameter '{}' expects 'on' or 'off'", core::printable(name));
    if (name == "wait") waits = *on;
    else if (name != "server" && name != "delay" && name != "nodelay" && name != "ipv4" && name != "ipv6" && name != "telnet")
      return word.error("Invalid parameter '{}'", core::printable(name));
  }
  text.resize(comma);
  if (!text.starts_with("tcp:") && !text.starts_with("unix:"))
    return word.error("'{}' is not in this version; use tcp:HOST:PORT or unix:PATH", core::printable(text));
  if (auto address = gdb::parse_address(text); !address) return word.error("{}", address.error().message);
  draft.gdb = text;
  draft.gdb_waits = waits;
  return core::Ok{};
}

Done set_semihosting(Draft& draft, const Word& word) {
  QemuKeyvals words = word.keyvals("enable");
  words.ignore({"target", "chardev", "userspace", "arg"});
  auto on = words.take_bool("enable", true);
  if (!on) return on.error();
  if (auto done = words.finish(); !done) return done;
  if (*on)
    draft.note(word.option() +
               ": this version has no semihosting; the guest's ebreak is a breakpoint exception");
  return core::Ok{};
}

Done finish_machine(Draft& draft) {
  if (auto done = finish_accelerators(draft); !done) return done;
  if (!draft.machine_type && draft.options.dump_dtb.empty())
    draft.note("no -machine was given: this is virt, the only machine there is (QEMU would take spike)");
  // A machine that waits for somebody who cannot come would be a silent hang: it runs, and says so.
  if (draft.gdb.empty() && draft.frozen)
    draft.note("-S does not hold the guest back: this version has no monitor to start it with; with -s gdb starts it");
  if (!draft.gdb.empty()) draft.options.run.gdb = draft.gdb;
  draft.options.run.freeze = !draft.gdb.empty() && (draft.frozen || draft.gdb_waits);
  draft.options.run.stay_when_stuck = true;
  draft.options.run.judge_panics = false;
  draft.options.run.banner = false;
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
