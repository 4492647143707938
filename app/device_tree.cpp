// SPDX-License-Identifier: MIT
// The device tree, node by node in the order of the board table. libfdt's sequential-write functions make the
// blob.
#include "app/device_tree.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "app/board_table.h"
#include "core/assert.h"
#include "isa/riscv/handler.h"

namespace vitrine::app {
namespace {

using riscv::Extension;

// Handles that nodes refer to each other by.
constexpr uint32_t kPlicHandle = 1;
constexpr uint32_t kFinisherHandle = 2;
constexpr uint32_t kFirstHartHandle = 16;  // cpu: + 2 i, its interrupt controller: + 2 i + 1

class Writer {
 public:
  Writer() : blob_(kRoom) {
    check(fdt_create(blob_.data(), kRoom));
    check(fdt_finish_reservemap(blob_.data()));
  }

  // A node for as long as the object lives.
  class Node {
   public:
    Node(Writer& writer, const std::string& name) : writer_(writer) {
      writer_.check(fdt_begin_node(writer_.blob_.data(), name.c_str()));
    }
    ~Node() { writer_.check(fdt_end_node(writer_.blob_.data())); }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

   private:
    Writer& writer_;
  };

  void empty(const char* name) { check(fdt_property(blob_.data(), name, nullptr, 0)); }
  void text(const char* name, std::string_view value) {
    check(fdt_property(blob_.data(), name, std::string(value).c_str(), static_cast<int>(value.size() + 1)));
  }
  // Several strings, each ended by a zero byte.
  void texts(const char* name, std::initializer_list<std::string_view> values) {
    std::string all;
    for (const std::string_view value : values) all.append(value).push_back('\0');
    check(fdt_property(blob_.data(), name, all.data(), static_cast<int>(all.size())));
  }
  void cells(const char* name, const std::vector<uint32_t>& values) {
    std::vector<fdt32_t> big;
    for (const uint32_t value : values) big.push_back(cpu_to_fdt32(value));
    check(fdt_property(blob_.data(), name, big.data(), static_cast<int>(big.size() * 4)));
  }
  void cell(const char* name, uint32_t value) { cells(name, {value}); }
  void reg(uint64_t base, uint64_t size) { cells("reg", {high(base), low(base), high(size), low(size)}); }

  std::vector<uint8_t> finish() {
    check(fdt_finish(blob_.data()));
    blob_.resize(fdt_totalsize(blob_.data()));
    return std::move(blob_);
  }

  static uint32_t high(uint64_t v) { return static_cast<uint32_t>(v >> 32); }
  static uint32_t low(uint64_t v) { return static_cast<uint32_t>(v); }

 private:
  static constexpr size_t kRoom = 64 << 10;
  void check(int error) { VT_ASSERT(error == 0, "libfdt refused a node or property"); }
  std::vector<uint8_t> blob_;
};

std::string unit(const char* name, uint64_t address) { return fmt::format("{}@{:x}", name, address); }

// Names of extensions as the device-tree binding has them, in ISA-string order; false: not in this
// configuration.
std::vector<std::string> multi_letter_extensions(const riscv::HartConfig& cpu) {
  struct Name {
    const char* name;
    bool present;
  };
  const auto has = [&](Extension e) { return cpu.extensions.has(e); };
  const std::array names = {
      Name{"zicbom", has(Extension::Zicbom)},
      Name{"zicbop", has(Extension::Zicbop)},
      Name{"zicboz", has(Extension::Zicboz)},
      Name{"zicntr", true},
      Name{"zicond", has(Extension::Zicond)},
      Name{"zicsr", has(Extension::Zicsr)},
      Name{"zifencei", has(Extension::Zifencei)},
      Name{"zihintpause", has(Extension::Zihintpause)},
      Name{"zihpm", true},
      Name{"zawrs", has(Extension::Zawrs)},
      Name{"zfh", has(Extension::Zfh)},
      Name{"zfhmin", has(Extension::Zfhmin) || has(Extension::Zfh)},
      Name{"zba", has(Extension::Zba)},
      Name{"zbb", has(Extension::Zbb)},
      Name{"zbc", has(Extension::Zbc)},
      Name{"zbkb", has(Extension::Zbkb)},
      Name{"zbkc", has(Extension::Zbkc)},
      Name{"zbkx", has(Extension::Zbkx)},
      Name{"zbs", has(Extension::Zbs)},
      Name{"sscofpmf", cpu.sscofpmf},
      Name{"sstc", cpu.sstc},
      Name{"svade", cpu.svade},
      Name{"svadu", !cpu.svade},
      Name{"svinval", has(Extension::Svinval)},
      Name{"svnapot", cpu.svnapot},
      Name{"svpbmt", cpu.svpbmt},
  };
  std::vector<std::string> result;
  for (const Name& name : names)
    if (name.present) result.emplace_back(name.name);
  return result;
}

std::string single_letters(const riscv::HartConfig& cpu) {
  std::string letters;
  for (const auto& [e, letter] : {std::pair{Extension::I, 'i'},
                                  {Extension::M, 'm'},
                                  {Extension::A, 'a'},
                                  {Extension::F, 'f'},
                                  {Extension::D, 'd'},
                                  {Extension::C, 'c'}})
    if (cpu.extensions.has(e)) letters.push_back(letter);
  return letters;
}

void write_chosen(Writer& w, const TreeInput& input) {
  const Writer::Node chosen(w, "chosen");
  if (!input.config.append.empty()) w.text("bootargs", input.config.append);
  w.text("stdout-path", "/soc/" + unit("serial", board::kUart.base));
  if (input.initrd_end > input.initrd_start) {
    w.cells("linux,initrd-start", {Writer::high(input.initrd_start), Writer::low(input.initrd_start)});
    w.cells("linux,initrd-end", {Writer::high(input.initrd_end), Writer::low(input.initrd_end)});
  }
  // Entropy for the guest's own generator; the same for the same seed (SplitMix64).
  std::vector<uint32_t> words;
  uint64_t state = input.config.seed;
  for (unsigned i = 0; i < 4; ++i) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    words.push_back(Writer::high(z));
    words.push_back(Writer::low(z));
  }
  w.cells("rng-seed", words);
}

void write_hart(Writer& w, const riscv::HartConfig& cpu, unsigned hart) {
  const Writer::Node node(w, unit("cpu", hart));
  w.cell("phandle", kFirstHartHandle + 2 * hart);
  w.text("device_type", "cpu");
  w.cell("reg", hart);
  w.text("status", "okay");
  w.text("compatible", "riscv");
  w.text("riscv,isa", isa_string(cpu));
  w.text("riscv,isa-base", "rv64i");
  std::string all;
  for (const char letter : single_letters(cpu)) all.append(1, letter).push_back('\0');
  for (const std::string& name : multi_letter_extensions(cpu)) all.append(name).push_back('\0');
  all.pop_back();  // text() ends the last one
  w.text("riscv,isa-extensions", all);
  w.text("mmu-type", cpu.max_levels == 5 ? "riscv,sv57" : cpu.max_levels == 4 ? "riscv,sv48" : "riscv,sv39");
  for (const char* block : {"riscv,cbom-block-size", "riscv,cbop-block-size", "riscv,cboz-block-size"})
    w.cell(block, 64);
  const Writer::Node controller(w, "interrupt-controller");
  w.cell("#interrupt-cells", 1);
  w.empty("interrupt-controller");
  w.text("compatible", "riscv,cpu-intc");
  w.cell("phandle", kFirstHartHandle + 2 * hart + 1);
}

void write_cpus(Writer& w, const MachineConfig& config) {
  const Writer::Node cpus(w, "cpus");
  w.cell("#address-cells", 1);
  w.cell("#size-cells", 0);
  w.cell("timebase-frequency", static_cast<uint32_t>(core::kTicksPerSecond));
  for (unsigned hart = 0; hart < config.harts; ++hart) write_hart(w, config.cpu, hart);
  const Writer::Node map(w, "cpu-map");
  const Writer::Node cluster(w, "cluster0");
  for (unsigned hart = 0; hart < config.harts; ++hart) {
    const Writer::Node core(w, fmt::format("core{}", hart));
    w.cell("cpu", kFirstHartHandle + 2 * hart);
  }
}

// For each hart its interrupt controller and the inputs that the device drives.
std::vector<uint32_t> hart_inputs(const MachineConfig& config, std::initializer_list<unsigned> inputs) {
  std::vector<uint32_t> cells;
  for (unsigned hart = 0; hart < config.harts; ++hart)
    for (const unsigned input : inputs) {
      cells.push_back(kFirstHartHandle + 2 * hart + 1);
      cells.push_back(input);
    }
  return cells;
}

void write_device(Writer& w, const board::Place& place, std::initializer_list<std::string_view> compatible) {
  w.texts("compatible", compatible);
  w.reg(place.base, place.size);
  if (place.irq == 0) return;
  w.cell("interrupts", place.irq);
  w.cell("interrupt-parent", kPlicHandle);
}

void write_soc(Writer& w, const MachineConfig& config) {
  const Writer::Node soc(w, "soc");
  w.cell("#address-cells", 2);
  w.cell("#size-cells", 2);
  w.text("compatible", "simple-bus");
  w.empty("ranges");
  {
    const Writer::Node node(w, unit("rtc", board::kRtc.base));
    write_device(w, board::kRtc, {"google,goldfish-rtc"});
  }
  {
    const Writer::Node node(w, unit("serial", board::kUart.base));
    write_device(w, board::kUart, {"ns16550a"});
    w.cell("clock-frequency", board::kUartClock);
  }
  {
    const Writer::Node node(w, unit("test", board::kFinisher.base));
    write_device(w, board::kFinisher, {"sifive,test1", "sifive,test0", "syscon"});
    w.cell("phandle", kFinisherHandle);
  }
  for (unsigned slot = board::kVirtioSlots; slot-- > 0;) {
    const board::Place place = board::virtio_slot(slot);
    const Writer::Node node(w, unit("virtio_mmio", place.base));
    write_device(w, place, {"virtio,mmio"});
  }
  if (config.port_disk) {
    const Writer::Node node(w, unit("port-disk", board::kPortDisk.base));
    write_device(w, board::kPortDisk, {"vitrine,port-disk"});
  }
  {
    const Writer::Node node(w, unit("plic", board::kPlic.base));
    write_device(w, board::kPlic, {"sifive,plic-1.0.0", "riscv,plic0"});
    w.cell("phandle", kPlicHandle);
    w.cell("riscv,ndev", board::kPlicSources);
    w.cells("interrupts-extended", hart_inputs(config, {riscv::irq::kMei, riscv::irq::kSei}));
    w.empty("interrupt-controller");
    w.cell("#interrupt-cells", 1);
    w.cell("#address-cells", 0);
  }
  {
    const Writer::Node node(w, unit("clint", board::kClint.base));
    write_device(w, board::kClint, {"sifive,clint0", "riscv,clint0"});
    w.cells("interrupts-extended", hart_inputs(config, {riscv::irq::kMsi, riscv::irq::kMti}));
  }
  if (config.aclint) {
    const Writer::Node node(w, unit("sswi", board::kSswi.base));
    write_device(w, board::kSswi, {"riscv,aclint-sswi"});
    w.cells("interrupts-extended", hart_inputs(config, {riscv::irq::kSsi}));
    w.empty("interrupt-controller");
    w.cell("#interrupt-cells", 0);
  }
}

// What a guest writes into the finisher to end the run.
void write_syscon(Writer& w, const char* name, uint32_t value) {
  const Writer::Node node(w, name);
  w.cell("value", value);
  w.cell("offset", 0);
  w.cell("regmap", kFinisherHandle);
  w.text("compatible", std::string("syscon-") + name);
}

}  // namespace

std::string isa_string(const riscv::HartConfig& cpu) {
  std::string isa = "rv64" + single_letters(cpu);
  for (const std::string& name : multi_letter_extensions(cpu)) isa += "_" + name;
  return isa;
}

std::vector<uint8_t> make_device_tree(const TreeInput& input) {
  Writer w;
  {
    const Writer::Node root(w, "");
    w.cell("#address-cells", 2);
    w.cell("#size-cells", 2);
    w.text("compatible", "riscv-virtio");
    w.text("model", "riscv-virtio,qemu");
    write_chosen(w, input);
    write_syscon(w, "poweroff", 0x5555);
    write_syscon(w, "reboot", 0x7777);
    {
      const Writer::Node memory(w, unit("memory", board::kRam));
      w.text("device_type", "memory");
      w.reg(board::kRam, input.config.memory);
    }
    write_cpus(w, input.config);
    write_soc(w, input.config);
  }
  return w.finish();
}

core::Result<std::vector<uint8_t>> amend_device_tree(std::vector<uint8_t> blob, const TreeInput& input) {
  const auto bad = [&](const char* why) {
    return core::error(core::ErrorKind::kBadImage, "'{}' is not a flattened device tree: {}.",
                       input.config.dtb, why);
  };
  if (blob.size() < sizeof(fdt_header) || fdt_check_full(blob.data(), blob.size()) != 0)
    return bad("its header or structure is damaged");
  const size_t room = fdt_totalsize(blob.data()) + input.config.append.size() + 1024;
  std::vector<uint8_t> result(room);
  if (fdt_open_into(blob.data(), result.data(), static_cast<int>(room)) != 0)
    return bad("libfdt cannot open it");
  int chosen = fdt_path_offset(result.data(), "/chosen");
  if (chosen < 0) chosen = fdt_add_subnode(result.data(), 0, "chosen");
  if (chosen < 0) return bad("it has no room for /chosen");
  int failed = 0;
  if (!input.config.append.empty())
    failed |= fdt_setprop_string(result.data(), chosen, "bootargs", input.config.append.c_str());
  if (input.initrd_end > input.initrd_start) {
    failed |= fdt_setprop_u64(result.data(), chosen, "linux,initrd-start", input.initrd_start);
    failed |= fdt_setprop_u64(result.data(), chosen, "linux,initrd-end", input.initrd_end);
  }
  if (failed) return bad("it takes no more properties");
  fdt_pack(result.data());
  result.resize(fdt_totalsize(result.data()));
  return result;
}

}  // namespace vitrine::app
