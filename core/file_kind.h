// SPDX-License-Identifier: MIT
// What a file is, told from its first bytes, and what to do with one that is not a kernel. One row a kind:
// the loader's refusals and `vitrine inspect` both read it here. Next to read: core/image.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::core {

enum class FileKind : uint8_t {
  kElf,         // any ELF file
  kLinuxImage,  // Linux `Image` for RISC-V
  kGzip,
  kXz,
  kZstd,
  kBzip2,
  kLz4,
  kLzma,
  kLzop,
  kDeviceTree,  // flattened device tree, or a U-Boot FIT image, which has the same form
  kUImage,
  kEfiZboot,  // compressed EFI kernel
  kPe,        // other PE/COFF: EFI and Windows programs
  kCpio,
  kPartitioned,  // disk with an MBR or GPT
  kExt,          // ext2, ext3, ext4
  kSquashfs,
  kIso9660,
  kQcow2,
  kTar,
  kAr,  // static library, Debian package
  kZip,
  kMachO,
  kBitcode,
  kPicture,
  kPdf,
  kScript,
  kHexText,  // Intel HEX or S-records
  kText,
  kSnapshot,  // of ours (app/snapshot_file.h)
  kEmpty,
  kUnknown,  // no magic: raw machine code or data
};

struct FileKindRow {
  FileKind kind;
  std::string_view name;  // after "this is ..."
  // What to do when it was given as a kernel or firmware; FILE stands for its name. Empty: it can be loaded.
  std::string_view advice;
};

FileKind recognise(std::span<const std::byte> file);
const FileKindRow& describe(FileKind kind);
// The advice with the file's name in place of FILE, quoted for a shell.
std::string advice_for(FileKind kind, std::string_view path);

// Little- and big-endian numbers of a file. The caller has checked that offset + sizeof(T) <= file.size().
template <typename T>
T little(std::span<const std::byte> file, size_t offset) {
  T value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value = static_cast<T>(static_cast<uint64_t>(value) << 8 | static_cast<uint64_t>(file[offset + i]));
  return value;
}
template <typename T>
T big(std::span<const std::byte> file, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(static_cast<uint64_t>(value) << 8 | static_cast<uint64_t>(file[offset + i]));
  return value;
}

}  // namespace vitrine::core
