// SPDX-License-Identifier: MIT
// Options for the machine of a snapshot.
#include "app/snapshot_words.h"

#include <algorithm>
#include <filesystem>

#include "app/program.h"
#include "app/qemu.h"
#include "app/replay.h"
#include "app/snapshot.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;

namespace {

constexpr std::string_view kOfMachine[] = {
    "--bios",  "--kernel", "--initrd",   "--append",         "--dtb",           "--memory",    "--harts",
    "--cpu",   "--disk",   "--seed",     "--date",           "--break",         "--port-disk", "--chaos",
    "--slice", "--rng",    "--dump-dtb", "--steps-per-tick", "--virtio-console"};

// In suites the kernel is named by an option, and so is the snapshot.
core::Result<> check_words(const std::string& path, const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const bool behind = equals == std::string::npos && machine_option_has_value(name);
    if (behind) ++i;
    const bool of_machine =
        std::find(std::begin(kOfMachine), std::end(kOfMachine), name) != std::end(kOfMachine);
    if (of_machine && !(name == "--kernel" && i < words.size() &&
                        (behind ? words[i] : words[i].substr(equals + 1)) == path))
      return core::error(ErrorKind::kUsage,
                         "{} would make another machine of it: '{}' is a snapshot, and has its own.", name,
                         core::printable(path));
    if (name == "--lint")
      return core::error(ErrorKind::kUsage,
                         "--lint looks at a run from its beginning, and '{}' is a snapshot.",
                         core::printable(path));
  }
  return core::Ok{};
}

// Where the files of the words were, or, where there is no such folder, here.
void find_from(const std::string& folder, MachineConfig& config) {
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed)) return;
  const auto place = [&](std::string& path) {
    if (!path.empty() && path[0] != '/') path = folder + "/" + path;
  };
  if (config.bios != "none" && config.bios != "builtin") place(config.bios);
  if (config.kernel_bytes.empty()) place(config.kernel);
  for (std::string* path : {&config.initrd, &config.dtb}) place(*path);
  for (LoaderConfig& loader : config.loaders) place(loader.path);
  for (VirtioConfig& device : config.virtio) place(device.path);
  if (config.port_disk) place(config.port_disk->path);
}

// What makes no other run (machine_config.h).
void take_engine(MachineConfig& config, const MachineConfig& from) {
  config.engine = from.engine;
  config.caching = from.caching;
  config.decoded_pages = from.decoded_pages;
  config.code_memory = from.code_memory;
  config.translated_pages = from.translated_pages;
  config.untrack_after = from.untrack_after;
  config.stress = from.stress;
  config.host_tools = from.host_tools;
}

core::Result<> take_mmu(MachineConfig& config, MmuKind given) {
  if (is_lazy(given) || (is_lazy(config.mmu) && given != MachineConfig{}.mmu))
    return core::error(ErrorKind::kUsage, "--mmu {} would make another machine of it: it has {}.",
                       mmu_name(given), mmu_name(config.mmu));
  if (!is_lazy(config.mmu)) config.mmu = given;
  return core::Ok{};
}

// Tests of a suite find their disks as they were.
core::Result<> check_for_suite(const std::string& path, const MachineConfig& config) {
  for (const DiskConfig& disk : disks_of(config))
    if (!disk.read_only && !disk.snapshot)
      return core::error(ErrorKind::kUsage,
                         "The machine of '{}' writes to its disk '{}', and tests must not: make the snapshot "
                         "with the disk given as "
                         "FILE,snapshot.",
                         core::printable(path), core::printable(disk.path));
  return core::Ok{};
}

}  // namespace

core::Result<MachineOptions> snapshot_options(const std::string& path, const std::vector<std::string>& words,
                                              MachineOptions given) {
  if (auto good = check_words(path, words); !good) return good.error();
  auto snapshot = Snapshot::open(path);
  if (!snapshot) return snapshot.error();
  const SnapshotHeader& header = (*snapshot)->header();
  auto first = kept_options(header.made, true);
  if (!first)
    return core::error(first.error().kind, "The machine of '{}' cannot be built. {}", core::printable(path),
                       first.error().message);
  MachineConfig config = std::move(first->config);
  find_from(header.made.folder, config);
  take_engine(config, given.config);
  if (auto good = take_mmu(config, given.config.mmu); !good) return good.error();
  if (given.run.facts >= 0)
    if (auto good = check_for_suite(path, config); !good) return good.error();
  given.config = std::move(config);
  given.run.one_console = first->run.one_console;
  given.run.input_to_virtio = first->run.input_to_virtio;
  given.run.htif = first->run.htif;
  if (!given.run.clock) given.run.clock = first->run.clock;
  given.run.from = std::move(*snapshot);
  return given;
}

}  // namespace vitrine::app
