// SPDX-License-Identifier: MIT
// What a machine is made from. Everything that the guest can observe is in here, and makes the run's
// identity; nothing that only changes how fast we are (caches, engine) can change the guest's run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/breaks.h"
#include "core/chaos.h"
#include "isa/riscv/hart.h"

namespace vitrine::app {

// Lockstep: the translator, compared with the interpreter behind every block (lockstep.h); cached: the interpreter that
// judges may use its caches, which makes it faster, and a judge of blocks alone.
enum class EngineKind { kInterpreter, kTranslator, kLockstep, kLockstepCached };
constexpr bool is_lockstep(EngineKind engine) {
  return engine == EngineKind::kLockstep || engine == EngineKind::kLockstepCached;
}
#ifdef VITRINE_HAS_TRANSLATOR
inline constexpr EngineKind kDefaultEngine = EngineKind::kTranslator;
#else
inline constexpr EngineKind kDefaultEngine =
    EngineKind::kInterpreter;  // a host for which there is no translator
#endif
// The lazy two are machines of their own, which the guest can tell apart (mmu/kept_translations.h).
enum class MmuKind { kShadow, kTlb, kShadowLazy, kTlbFenced };
inline bool is_lazy(MmuKind kind) { return kind == MmuKind::kShadowLazy || kind == MmuKind::kTlbFenced; }
const char* mmu_name(MmuKind kind);

// A disk's image. `snapshot`: writes stay in memory.
struct DiskConfig {
  std::string path;
  bool read_only = false;
  bool snapshot = false;
};

// A virtio device in a slot of the board, in the order of the command line. slot -1: the highest free one.
struct VirtioConfig {
  enum class Kind { kBlock, kRng, kConsole } kind = Kind::kBlock;
  int slot = -1;
  std::string path = {};    // block: the image
  bool read_only = false;   // block
  bool snapshot = false;    // block: writes stay in memory
  std::string serial = {};  // block: what GET_ID answers; empty: a name of ours
  [[nodiscard]] DiskConfig disk() const { return {path, read_only, snapshot}; }
};

// `-device loader`: bytes at an address before the run.
struct LoaderConfig {
  std::string path;
  uint64_t at = 0;
  bool raw = true;             // false: an ELF, to its own addresses
  std::vector<uint8_t> bytes;  // not empty: these, and no file
};

struct MachineConfig {
  // Firmware: a file, "none" (the kernel starts in M mode at 0x8000_0000), "builtin" (our SBI), or empty:
  // decided by the kernel. An ELF that covers 0x8000_0000 starts there with none; any other kernel gets the
  // built-in SBI.
  std::string bios;
  std::string kernel;
  std::span<const std::byte> kernel_bytes;  // not empty: the kernel itself, which `kernel` only names
  std::string initrd;
  std::string append;
  std::string dtb;  // instead of the generated one
  std::vector<VirtioConfig> virtio;
  std::optional<DiskConfig> port_disk;  // devices/port_disk.h
  std::vector<LoaderConfig> loaders;
  bool virtio_legacy = false;
  bool aclint = false;

  uint64_t memory = 512ull << 20;
  unsigned harts = 1;
  riscv::HartConfig cpu;
  uint64_t seed = 1;
  int64_t date = 1767225600;  // seconds since 1970 at reset: 2026-01-01
  uint64_t slice = 20'000;
  uint64_t steps_per_tick = 100;

  MmuKind mmu = MmuKind::kShadow;  // part of the identity only if it is a lazy one

  core::BreakSet breaks;  // what is wrong on purpose (core/breaks.h)
  core::ChaosPlan chaos;  // what is right and unhelpful (core/chaos.h)

  // Not part of the identity.
  EngineKind engine = kDefaultEngine;
  bool caching = true;
  unsigned decoded_pages = 1024;       // that the interpreter keeps
  uint64_t code_memory = 64ull << 20;  // bytes of host code that the translator keeps
  unsigned translated_pages = 8192;    // that it knows
  unsigned untrack_after = 16;  // writes to a page table in a row; 0: never
  uint64_t stress = 0;  // caches are disturbed at every so many slow accesses; 0: never
  struct HostTools {                   // that get names of generated code (isa/x86/host_tools.h)
    bool perf_map = false;
    std::string jitdump = {};  // a folder
    bool gdb = false;
    [[nodiscard]] bool any() const { return perf_map || gdb || !jitdump.empty(); }
  } host_tools = {};

  // What the guest writes to its disks stays in memory; the run is the same.
  void keep_disks_as_they_are();
};

}  // namespace vitrine::app
