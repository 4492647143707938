// SPDX-License-Identifier: MIT
// Images: recognise, unpack, parse, place, describe.
#include "core/image.h"

#include <algorithm>
#include <new>

#include "core/elf.h"
#include "core/file.h"
#include "core/file_kind.h"
#include "core/gzip.h"
#include "core/state.h"

namespace vitrine::core {

bool Image::covers(GuestPhys at) const {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const ImageSegment& s) { return at.value - s.at.value < s.memory_size; });
}

GuestPhys Image::low() const {
  GuestPhys lowest = segments.empty() ? GuestPhys{0} : segments.front().at;
  for (const ImageSegment& s : segments) lowest = std::min(lowest, s.at);
  return lowest;
}

GuestPhys Image::high() const {
  GuestPhys highest{0};
  for (const ImageSegment& s : segments) highest = std::max(highest, s.at + s.memory_size);
  return highest;
}

std::optional<GuestPhys> Image::physical(GuestVirt at) const {
  for (const ImageSegment& s : segments)
    if (at.value - s.linked_at.value < s.memory_size) return s.at + (at.value - s.linked_at.value);
  return std::nullopt;
}

std::optional<GuestPhys> Image::symbol_at(std::string_view name) const {
  const auto value = symbol(name);
  return value ? physical({*value}) : std::nullopt;
}

namespace {

ImageSegment raw_segment(std::vector<std::byte> bytes) {
  ImageSegment segment;
  segment.memory_size = bytes.size();
  segment.bytes = std::move(bytes);
  return segment;
}

// A kernel with an EFI stub is a PE file, too: its section table says where the file has to end. 0: nothing says so.
// (PE format, "COFF File Header" and "Section Table": offset 60 leads to the signature; sections of 40 bytes.)
uint64_t end_by_section_table(std::span<const std::byte> file) {
  const uint64_t pe = little<uint32_t>(file, 60);
  if (pe + 24 > file.size() || little<uint32_t>(file, pe) != 0x4550) return 0;  // "PE", 0, 0
  const uint64_t table = pe + 24 + little<uint16_t>(file, pe + 20);
  uint64_t end = 0;
  for (unsigned i = 0; i < little<uint16_t>(file, pe + 6); ++i) {
    const uint64_t section = table + i * uint64_t{40};
    if (section + 40 > file.size()) return section + 40;
    end = std::max(end, uint64_t{little<uint32_t>(file, section + 16)} + little<uint32_t>(file, section + 20));
  }
  return end;
}

// Linux, Documentation/arch/riscv/boot-image-header.rst: code0, code1, text_offset, image_size, flags,
// version, two reserved words, magic, magic2 "RSC\x05", reserved.
Result<> parse_linux_image(std::vector<std::byte> file, Image& image) {
  const std::string name = printable(image.path);
  if (file.size() < 64)
    return error(ErrorKind::kBadImage, "'{}' is a truncated Linux kernel of {}.", name,
                 size_text(file.size()));
  if (little<uint64_t>(file, 24) & 1)
    return error(ErrorKind::kBadImage, "'{}' is a big-endian Linux kernel; Vitrine is little-endian.", name);
  constexpr uint64_t kPadding = 512;  // of the last section: early kernels leave it out
  if (const uint64_t end = end_by_section_table(file); end > file.size() + kPadding)
    return error(ErrorKind::kBadImage, "'{}' is a truncated Linux kernel: it has {}, and its sections end at {}.", name,
                 size_text(file.size()), size_text(end));
  image.kind = ImageKind::kLinuxImage;
  image.text_offset = little<uint64_t>(file, 8);
  image.image_size = little<uint64_t>(file, 16);
  // The kernel's bss is beyond its file. 64 GiB is far above any kernel, and keeps sums from wrapping.
  if (image.image_size > uint64_t{64} << 30)
    return error(ErrorKind::kBadImage, "'{}' is a damaged Linux kernel: its header asks for {} of memory.",
                 name, size_text(image.image_size));
  if (image.image_size != 0 && image.image_size < file.size() / 2)
    image.notes.push_back(
        "The header's image size is far below the file's; the file may have something attached.");
  image.segments.push_back(raw_segment(std::move(file)));
  ImageSegment& segment = image.segments.back();
  segment.memory_size = std::max(segment.memory_size, image.image_size);
  return Ok{};
}

Error refused(const Image& image, FileKind kind) {
  return error(ErrorKind::kBadImage, "'{}' {} {}. {}", printable(image.path),
               image.gzipped ? "is a gzip file that holds" : "is", describe(kind).name,
               advice_for(kind, image.path));
}

Result<> parse_program(std::vector<std::byte> file, ImageUse use, Image& image) {
  FileKind kind = recognise(file);
  if (kind == FileKind::kGzip) {
    auto unpacked = gunzip(image.path, file, kMaxUnpacked);
    if (!unpacked) return unpacked.error();
    file = std::move(*unpacked);
    image.gzipped = true;
    kind = recognise(file);
  }
  if (kind == FileKind::kGzip) return refused(image, kind);
  if (kind == FileKind::kElf) {
    image.kind = ImageKind::kElf64;
    return parse_elf(file, image);
  }
  if (!describe(kind).advice.empty()) return refused(image, kind);
  if (use == ImageUse::kKernel && file.size() < kMinKernelFile)
    return error(ErrorKind::kBadImage, "'{}' has only {}; a kernel has at least {}.", printable(image.path),
                 size_text(file.size()), size_text(kMinKernelFile));
  if (kind == FileKind::kLinuxImage) return parse_linux_image(std::move(file), image);
  image.segments.push_back(raw_segment(std::move(file)));
  return Ok{};
}

}  // namespace

Result<Image> parse_image(const std::string& path, std::vector<std::byte> file, ImageUse use) {
  Image image;
  image.path = path;
  image.file_size = file.size();
  image.content_hash = hash_bytes(file);
  if (file.empty()) return error(ErrorKind::kBadImage, "'{}' is empty.", printable(path));
  if (use == ImageUse::kData) {
    image.segments.push_back(raw_segment(std::move(file)));
    return image;
  }
  try {
    if (auto parsed = parse_program(std::move(file), use, image); !parsed) return parsed.error();
  } catch (const std::bad_alloc&) {
    return error(ErrorKind::kHost, "The host has no memory to load '{}'.", printable(path));
  }
  return image;
}

Result<Image> read_image(const std::string& path, ImageUse use) {
  auto file = read_file(path, kMaxImageFile);
  if (!file) return file.error();
  return parse_image(path, std::move(*file), use);
}

namespace {

// What would help: more memory when the image only reaches beyond the end, another address otherwise.
std::string remedy(const GuestRam& ram, const Image& image, GuestPhys at, uint64_t size) {
  const uint64_t base = ram.base().value;
  const uint64_t end = at.value + size;
  if (at.value >= base && end > at.value && end - base <= uint64_t{1} << 44) {
    const uint64_t mebibytes = (end - base + ((1 << 20) - 1)) >> 20;
    return fmt::format("It needs at least --memory {}M.", mebibytes);
  }
  if (image.kind != ImageKind::kElf64) return "Give another address.";
  return fmt::format(
      "Link it for {:#x} or above (linker script); a program for Linux has to be run inside a guest.", base);
}

}  // namespace

Result<> place_image(GuestRam& ram, const Image& image, GuestPhys at) {
  const bool relative = image.kind != ImageKind::kElf64;
  for (const ImageSegment& segment : image.segments) {
    const GuestPhys to = relative ? at + segment.at.value : segment.at;
    if (ram.contains(to, segment.memory_size)) continue;
    return error(ErrorKind::kBadImage,
                 "'{}' does not fit into RAM: it has {:#x} bytes at {:#x}, and RAM is {} at {:#x}. {}",
                 printable(image.path), segment.memory_size, to.value, size_text(ram.size()),
                 ram.base().value, remedy(ram, image, to, segment.memory_size));
  }
  for (const ImageSegment& segment : image.segments) {
    const GuestPhys to = relative ? at + segment.at.value : segment.at;
    const bool written = segment.bytes.empty() || ram.write(to, segment.bytes.data(), segment.bytes.size());
    VT_ASSERT(written, "a segment that fits was not written");
    // "If the segment's memory size is larger than the file size, the extra bytes are defined to hold the value 0" (System V ABI,
    // "Program Header", PT_LOAD). A Linux Image clears its own.
    if (!relative) ram.zero(to + segment.bytes.size(), segment.memory_size - segment.bytes.size());
  }
  return Ok{};
}

namespace {

std::string describe_elf(const Image& image) {
  std::string out;
  if (image.entry) out += fmt::format("entry     {:#x}\n", image.entry->value);
  for (const ImageSegment& s : image.segments) {
    out += fmt::format("segment   {:#x} .. {:#x}  {} in the file, {} in memory{}", s.at.value,
                       s.at.value + s.memory_size, size_text(s.bytes.size()), size_text(s.memory_size),
                       s.executable ? ", executable" : "");
    if (s.linked_at.value != s.at.value) out += fmt::format(", linked at {:#x}", s.linked_at.value);
    out += '\n';
  }
  out += image.symbols.empty() ? "symbols   none\n" : fmt::format("symbols   {}\n", image.symbols.size());
  for (const char* name : {"tohost", "fromhost", "begin_signature", "end_signature"})
    if (const auto value = image.symbol(name)) out += fmt::format("          {} = {:#x}\n", name, *value);
  return out;
}

}  // namespace

std::string describe_image(const Image& image) {
  std::string out;
  const char* packed = image.gzipped ? ", gzipped" : "";
  switch (image.kind) {
    case ImageKind::kElf64: out += fmt::format("kind      RISC-V program, ELF, 64 bits{}\n", packed); break;
    case ImageKind::kLinuxImage: out += fmt::format("kind      Linux kernel (Image){}\n", packed); break;
    case ImageKind::kRaw: out += fmt::format("kind      raw{}\n", packed); break;
  }
  out += fmt::format("size      {} ({} bytes)\n", size_text(image.file_size), image.file_size);
  out += fmt::format("hash      {:016x}\n", image.content_hash);
  if (image.kind == ImageKind::kElf64) out += describe_elf(image);
  if (image.kind == ImageKind::kLinuxImage)
    out += fmt::format("memory    {} from {:#x} above the start of RAM\n",
                       size_text(image.segments.front().memory_size), image.text_offset);
  for (const std::string& note : image.notes) out += fmt::format("note      {}\n", note);
  return out;
}

}  // namespace vitrine::core
