// SPDX-License-Identifier: MIT
// Images: the files that are put into guest RAM before a machine starts. A kernel or firmware is an ELF file,
// a Linux `Image` (plain or gzipped) or raw machine code; anything else that is recognised is refused with
// what to do instead. All of it is hostile input: each field is checked without overflow before it is used.
// Next to read: core/elf.h (the ELF format), core/file_kind.h (what a file is).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/guest_ram.h"
#include "core/result.h"
#include "core/symbols.h"

namespace vitrine::core {

enum class ImageKind : uint8_t { kElf64, kLinuxImage, kRaw };

// What the file was given as. Data (initial file systems, device trees, what is loaded beside) is never
// looked into and never unpacked.
enum class ImageUse : uint8_t { kKernel, kFirmware, kData };

struct ImageSegment {
  GuestPhys at;              // ELF: p_paddr; others: 0, an offset from where the image is placed
  uint64_t memory_size = 0;  // at least bytes.size(); the rest is zero
  std::vector<std::byte> bytes;
  GuestVirt linked_at;  // ELF: p_vaddr
  bool executable = true;
};

struct Image {
  ImageKind kind = ImageKind::kRaw;
  std::string path;
  bool gzipped = false;
  uint64_t file_size = 0;
  std::vector<ImageSegment> segments;  // ELF: PT_LOAD by physical address, none overlapping; others: one
  std::optional<GuestPhys> entry;      // ELF: physical address, if it lies in an executable segment
  uint64_t text_offset = 0;            // Linux Image: distance from RAM's start that it was built for
  uint64_t image_size = 0;             // Linux Image: bytes in memory, with what follows the file's end
  uint64_t content_hash = 0;           // XXH3 of the file as it is on the disk
  SymbolTable symbols;                 // ELF
  std::vector<std::string> notes;      // oddities that do not stop the load, full sentences

  [[nodiscard]] bool covers(GuestPhys at) const;
  // The extent of all segments: first byte, and one past the last.
  [[nodiscard]] GuestPhys low() const;
  [[nodiscard]] GuestPhys high() const;
  // The value of an ELF symbol: a virtual address as linked ("tohost", "begin_signature").
  [[nodiscard]] std::optional<uint64_t> symbol(std::string_view name) const { return symbols.find(name); }
  // Where a virtual address of the program is in memory; nullopt outside of its segments.
  [[nodiscard]] std::optional<GuestPhys> physical(GuestVirt at) const;
  // The same for a symbol: what a host that watches `tohost` needs.
  [[nodiscard]] std::optional<GuestPhys> symbol_at(std::string_view name) const;
};

inline constexpr uint64_t kMaxImageFile = uint64_t{4} << 30;
inline constexpr uint64_t kMaxUnpacked = uint64_t{512} << 20;  // a gzip file may grow a thousandfold
inline constexpr uint64_t kMinKernelFile = 64;

// Reads, recognises, unpacks, checks. Nothing is placed.
Result<Image> read_image(const std::string& path, ImageUse use);
// The same for a file's bytes; `path` is for messages.
Result<Image> parse_image(const std::string& path, std::vector<std::byte> file, ImageUse use);

// Copies the image into RAM: ELF segments to their own addresses, others to `at`. Nothing is written unless
// all of it fits; the message says which memory would be needed. RAM must be as create() or clear() left it
// where segments have no bytes: their rest is zero already.
Result<> place_image(GuestRam& ram, const Image& image, GuestPhys at);

// Lines about an image, for `vitrine inspect` and logs; each ends with a newline.
std::string describe_image(const Image& image);

}  // namespace vitrine::core
