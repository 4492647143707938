// SPDX-License-Identifier: MIT
// Recognising files. Raw machine code has no magic, so a short magic alone never condemns a file: two more
// fields have to make sense as well.
#include "core/file_kind.h"

#include <algorithm>
#include <cctype>

#include "core/assert.h"
#include "core/file.h"

namespace vitrine::core {
namespace {

using Bytes = std::span<const std::byte>;

constexpr FileKindRow kRows[] = {
    {FileKind::kElf, "an ELF file", ""},
    {FileKind::kLinuxImage, "a RISC-V Linux kernel (Image)", ""},
    {FileKind::kGzip, "a gzip file", ""},
    {FileKind::kXz, "an xz-compressed file", "Unpack it and give the result: xz -dc FILE > kernel"},
    {FileKind::kZstd, "a zstd-compressed file", "Unpack it and give the result: zstd -dc FILE > kernel"},
    {FileKind::kBzip2, "a bzip2-compressed file", "Unpack it and give the result: bzip2 -dc FILE > kernel"},
    {FileKind::kLz4, "an lz4-compressed file", "Unpack it and give the result: lz4 -dc FILE > kernel"},
    {FileKind::kLzma, "an lzma-compressed file",
     "Unpack it and give the result: xz --format=lzma -dc FILE > kernel"},
    {FileKind::kLzop, "an lzop-compressed file", "Unpack it and give the result: lzop -dc FILE > kernel"},
    {FileKind::kDeviceTree, "a flattened device tree or a U-Boot FIT image",
     "A device tree is given with --dtb. A FIT image is taken apart with: dumpimage -T flat_dt -p 0 -o "
     "kernel "
     "FILE"},
    {FileKind::kUImage, "a U-Boot uImage",
     "Give the kernel that is inside it: dumpimage -p 0 -o kernel FILE"},
    {FileKind::kEfiZboot, "a compressed EFI kernel (zboot, vmlinuz.efi)",
     "Give the uncompressed kernel (Image), as the kernel's build makes it in arch/riscv/boot."},
    {FileKind::kPe, "an EFI or Windows program (PE/COFF) and not a RISC-V Linux kernel",
     "EFI programs need EFI firmware; give a kernel (ELF file, Linux Image or raw machine code)."},
    {FileKind::kCpio, "a cpio archive", "An initial file system is given with --initrd, beside a kernel."},
    {FileKind::kPartitioned, "a disk image with a partition table",
     "A disk is given with --disk, beside a kernel."},
    {FileKind::kExt, "a disk image with an ext2, ext3 or ext4 file system",
     "A disk is given with --disk, beside a kernel."},
    {FileKind::kSquashfs, "a disk image with a squashfs file system",
     "A disk is given with --disk, beside a kernel."},
    {FileKind::kIso9660, "a CD image (ISO 9660)", "A disk is given with --disk, beside a kernel."},
    {FileKind::kQcow2, "a qcow2 disk image",
     "Make a raw image and give that with --disk, beside a kernel: qemu-img convert -O raw FILE disk.img"},
    {FileKind::kTar, "a tar archive", "Unpack it first: tar -xf FILE"},
    {FileKind::kAr, "a static library or a Debian package (ar archive)",
     "A package is unpacked with: dpkg-deb -x FILE folder. A library has to be linked into a program."},
    {FileKind::kZip, "a zip archive", "Unpack it first: unzip FILE"},
    {FileKind::kMachO, "a macOS program (Mach-O), not RISC-V", "Build it with a RISC-V cross compiler."},
    {FileKind::kBitcode, "LLVM bitcode", "Compile and link it: clang --target=riscv64 ... FILE"},
    {FileKind::kPicture, "a picture (JPEG, PNG or GIF)",
     "Give a kernel: an ELF file, a Linux Image or raw machine code."},
    {FileKind::kPdf, "a PDF document", "Give a kernel: an ELF file, a Linux Image or raw machine code."},
    {FileKind::kScript, "a script", "Give the kernel that it starts or builds."},
    {FileKind::kHexText, "an Intel HEX or S-record text",
     "Make a binary and give that: objcopy -I ihex -O binary FILE kernel (srec in place of ihex for "
     "S-records)"},
    {FileKind::kText, "a text file", "Give a kernel: an ELF file, a Linux Image or raw machine code."},
    {FileKind::kSnapshot, "a snapshot of a machine, made by vitrine", "It is run by itself: vitrine run FILE"},
    {FileKind::kEmpty, "an empty file", "Give a kernel: an ELF file, a Linux Image or raw machine code."},
    {FileKind::kUnknown, "raw data", ""},
};

bool at(Bytes file, size_t offset, std::string_view magic) {
  if (file.size() < offset || file.size() - offset < magic.size()) return false;
  return std::equal(magic.begin(), magic.end(), file.begin() + static_cast<ptrdiff_t>(offset),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

bool is_partitioned(Bytes file) {
  if (at(file, 512, "EFI PART")) return true;
  if (file.size() < 1024 || file.size() % 512 != 0 || !at(file, 510, "\x55\xaa")) return false;
  bool any = false;
  for (size_t entry = 446; entry < 510; entry += 16) {
    const auto status = little<uint8_t>(file, entry);
    const auto type = little<uint8_t>(file, entry + 4);
    if (status != 0 && status != 0x80) return false;
    if (type != 0 && little<uint32_t>(file, entry + 12) == 0) return false;
    any |= type != 0;
  }
  return any;
}

// Magic 0xef53, a block size that exists, a known state and revision.
bool is_ext(Bytes file) {
  if (file.size() < 2048 || !at(file, 0x438, "\x53\xef")) return false;
  return little<uint32_t>(file, 0x418) <= 6 && little<uint16_t>(file, 0x43a) <= 7 &&
         little<uint32_t>(file, 0x44c) <= 1;
}

// Letters of other alphabets, in UTF-8 or Latin-1, are few in a README; control characters are none.
bool is_text(Bytes file) {
  const Bytes head = file.first(std::min<size_t>(file.size(), 4096));
  const auto plain = [](std::byte b) {
    const auto c = static_cast<unsigned char>(b);
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t' || c == '\f';
  };
  const auto high = [](std::byte b) { return static_cast<unsigned char>(b) >= 0x80; };
  const auto letters = std::count_if(head.begin(), head.end(), plain);
  const auto others = std::count_if(head.begin(), head.end(), high);
  return head.size() >= 16 && letters + others == std::ssize(head) && others <= letters / 4;
}

bool is_hex_text(Bytes file) {
  if (!is_text(file)) return false;
  const auto first = static_cast<char>(file[0]);
  if (first != ':' && first != 'S') return false;
  const auto is_hex = [](std::byte b) {
    const auto c = static_cast<char>(b);
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
  };
  return std::all_of(file.begin() + 1, file.begin() + 10, is_hex);
}

struct Magic {
  size_t offset;
  std::string_view bytes;
  FileKind kind;
};
using namespace std::string_view_literals;
constexpr Magic kMagics[] = {
    {0x38, "RSC\x05"sv, FileKind::kLinuxImage},  // before MZ: a kernel with an EFI stub has both
    {0,
     "\x7f"
     "ELF"sv,
     FileKind::kElf},
    {0, "\x1f\x8b\x08"sv, FileKind::kGzip},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     FileKind::kXz},
    {0, "\x28\xb5\x2f\xfd"sv, FileKind::kZstd},
    {0, "\x04\x22\x4d\x18"sv, FileKind::kLz4},
    {0, "\x02\x21\x4c\x18"sv, FileKind::kLz4},
    {0, "\x89LZO\0"sv, FileKind::kLzop},
    {0, "\xd0\x0d\xfe\xed"sv, FileKind::kDeviceTree},
    {0, "\x27\x05\x19\x56"sv, FileKind::kUImage},
    {0, "070701"sv, FileKind::kCpio},
    {0, "070702"sv, FileKind::kCpio},
    {0, "070707"sv, FileKind::kCpio},
    {0, "hsqs"sv, FileKind::kSquashfs},
    {0, "QFI\xfb"sv, FileKind::kQcow2},
    {0, "!<arch>\n"sv, FileKind::kAr},
    {0, "PK\x03\x04"sv, FileKind::kZip},
    {0, "\xcf\xfa\xed\xfe"sv, FileKind::kMachO},
    {0, "BC\xc0\xde"sv, FileKind::kBitcode},
    {0, "\xff\xd8\xff"sv, FileKind::kPicture},
    {0, "\x89PNG\r\n"sv, FileKind::kPicture},
    {0, "GIF8"sv, FileKind::kPicture},
    {0, "%PDF-"sv, FileKind::kPdf},
    {0, "vitrine-snapshot"sv, FileKind::kSnapshot},
    {0, "#!/"sv, FileKind::kScript},
    {0, "#! /"sv, FileKind::kScript},
    {257, "ustar"sv, FileKind::kTar},
    {0x8001, "CD001"sv, FileKind::kIso9660},
};

std::string shell_quoted(std::string_view path) {
  const bool plain = !path.empty() && std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || std::string_view("/._-+,:=@%").find(c) != std::string_view::npos;
  });
  const char* folder = path.starts_with('-') ? "./" : "";  // or it would be taken for an option
  if (plain) return fmt::format("{}{}", folder, path);
  std::string out = fmt::format("'{}", folder);
  for (const char c : printable(path)) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

FileKind recognise(Bytes file) {
  if (file.empty()) return FileKind::kEmpty;
  for (const Magic& magic : kMagics)
    if (at(file, magic.offset, magic.bytes)) return magic.kind;
  if (at(file, 0, "MZ") && at(file, 4, "zimg")) return FileKind::kEfiZboot;
  if (at(file, 0, "BZh") && at(file, 4, "1AY&SY")) return FileKind::kBzip2;
  // lzma has no magic: properties 0x5d, and a dictionary size that is a power of two from 64 KiB.
  if (at(file, 0, "\x5d\x00\x00"sv) && file.size() > 13 && little<uint64_t>(file, 5) == ~uint64_t{0})
    return FileKind::kLzma;
  if (is_partitioned(file)) return FileKind::kPartitioned;
  if (is_ext(file)) return FileKind::kExt;
  // The PE header's offset stands at 0x3c; "MZ" alone is also the RISC-V instruction that EFI stubs begin
  // with.
  if (at(file, 0, "MZ") && file.size() >= 0x40 && at(file, little<uint32_t>(file, 0x3c), "PE\0\0"sv))
    return FileKind::kPe;
  if (is_hex_text(file)) return FileKind::kHexText;
  return is_text(file) ? FileKind::kText : FileKind::kUnknown;
}

const FileKindRow& describe(FileKind kind) {
  const FileKindRow& row = kRows[static_cast<size_t>(kind)];
  VT_ASSERT(row.kind == kind, "the rows of file kinds are not in the order of the enumeration");
  return row;
}

std::string advice_for(FileKind kind, std::string_view path) {
  std::string text(describe(kind).advice);
  if (const size_t place = text.find("FILE"); place != std::string::npos)
    text.replace(place, 4, shell_quoted(path));
  return text;
}

}  // namespace vitrine::core
