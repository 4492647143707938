// SPDX-License-Identifier: MIT
// Inspecting a file: its first bytes decide who looks further. Only what can be a program is read whole.
#include "app/inspect.h"

#include <fmt/format.h>

#include <cstring>

#include "app/board_table.h"
#include "app/inspect_data.h"
#include "app/text.h"
#include "core/file.h"
#include "core/file_kind.h"
#include "core/gzip.h"
#include "core/image.h"
#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"

namespace vitrine::app {
namespace {

using core::FileKind;
using core::GuestPhys;
using core::Image;
using core::ImageKind;
using Bytes = std::span<const std::byte>;

constexpr size_t kHead = 64 << 10;
constexpr uint64_t kMaxTree = 64 << 20;
constexpr uint64_t kMaxRawProgram = uint64_t{1} << 30;

// What the file is used for, and the words that do it.
std::string use_line(const std::string& path, std::string_view option) {
  const std::string file = shell_word(core::printable(path));
  return inspect_line("use", option.empty() ? fmt::format("vitrine run {}", file)
                                            : fmt::format("vitrine run KERNEL {} {}", option, file));
}

// --- Programs

struct Start {
  GuestPhys placed;  // where offset 0 of a raw image goes
  uint64_t entry;
  std::string words;
};

// The rule of app/boot.cpp, without options: an ELF file that covers the start of RAM is its own firmware.
Start start_of(const Image& image) {
  const bool elf = image.kind == ImageKind::kElf64;
  const uint64_t usual = board::kRam + board::kKernelOffset;
  if (elf && image.covers(GuestPhys{board::kRam})) {
    const uint64_t entry = image.entry ? image.entry->value : board::kRam;
    return {
        {}, entry, fmt::format("in M mode at {:#x}, with no firmware: it covers {:#x}", entry, board::kRam)};
  }
  const uint64_t entry = image.entry ? image.entry->value : usual;
  return {{elf ? 0 : usual}, entry, fmt::format("in S mode at {:#x}, above the built-in SBI", entry)};
}

// The bytes of the image from a physical address to the end of what the file has there.
Bytes bytes_at(const Image& image, GuestPhys placed, uint64_t address) {
  for (const core::ImageSegment& s : image.segments) {
    const uint64_t offset = address - (placed.value + s.at.value);
    if (offset < s.bytes.size()) return Bytes(s.bytes).subspan(offset);
  }
  return {};
}

// The first instructions: the quickest way to see whether a raw file is code at all. Empty: it begins with
// none.
std::string code_lines(const Image& image, const Start& start) {
  std::string out;
  Bytes code = bytes_at(image, start.placed, start.entry);
  uint64_t pc = start.entry;
  for (int i = 0; i < 4 && code.size() >= 4; ++i) {
    const auto insn = riscv::decode(core::little<uint32_t>(code, 0), riscv::ExtensionSet::standard());
    if (insn.op == riscv::Op::illegal) break;
    out += inspect_line(i == 0 ? "code" : "",
                        fmt::format("{:#x}  {}", pc, riscv::disassemble(insn, pc, riscv::Style::friendly)));
    const unsigned length = riscv::instruction_length(core::little<uint16_t>(code, 0));
    pc += length;
    code = code.subspan(length);
  }
  return out;
}

std::string inspect_program(const std::string& path, const Image& image) {
  const Start start = start_of(image);
  const std::string code = code_lines(image, start);
  const bool raw = image.kind == ImageKind::kRaw;
  if (raw && code.empty())
    return inspect_line("note", "it does not begin with an instruction, so it is data; as a raw disk:") +
           use_line(path, "--disk");
  std::string out = core::describe_image(image) + inspect_line("start", start.words);
  if (const std::string name = image.symbols.text(start.entry); !name.empty())
    out += inspect_line("", fmt::format("that is {}", name));
  out += code.empty() ? inspect_line("note", "there is no instruction where it starts") : code;
  out += use_line(path, "");
  if (raw)
    out += inspect_line("", fmt::format("as firmware, in M mode at {:#x}: vitrine run --bios {}",
                                        board::kFirmware, shell_word(core::printable(path))));
  return out;
}

// A file that may be a program: what the loader says, be it yes or no.
std::string try_program(const std::string& path) {
  const auto image = core::read_image(path, core::ImageUse::kKernel);
  if (image.ok()) return inspect_program(path, image.value());
  return inspect_line("refused", image.error().message);
}

// --- Data

std::string inspect_initrd(const std::string& path, Bytes archive) {
  return describe_cpio(archive) + use_line(path, "--initrd");
}

std::string inspect_gzip(const std::string& path, const core::FileHead& head) {
  const FileKind inside = core::recognise(core::gunzip_head(head.bytes, kHead));
  if (inside == FileKind::kElf || inside == FileKind::kLinuxImage) return try_program(path);
  std::string out = inspect_line("holds", core::describe(inside).name);
  if (inside != FileKind::kCpio) return out;
  const auto file = core::read_file(path, core::kMaxImageFile);
  if (!file.ok()) return out + inspect_line("refused", file.error().message);
  const auto archive = core::gunzip(path, file.value(), core::kMaxUnpacked);
  if (!archive.ok()) return out + inspect_line("refused", archive.error().message);
  return out + inspect_initrd(path, archive.value());
}

std::string inspect_cpio(const std::string& path) {
  const auto file = core::read_file(path, core::kMaxImageFile);
  return file.ok() ? inspect_initrd(path, file.value()) : inspect_line("refused", file.error().message);
}

std::string inspect_tree(const std::string& path) {
  const auto file = core::read_file(path, kMaxTree);
  if (!file.ok()) return inspect_line("refused", file.error().message);
  return describe_tree(file.value()) + use_line(path, "--dtb");
}

std::string inspect_unknown(const std::string& path, const core::FileHead& head) {
  if (head.size > kMaxRawProgram)
    return inspect_line("note", "too large for a program; as a raw disk it can be given:") +
           use_line(path, "--disk");
  if (head.size < core::kMinKernelFile) return inspect_line("note", "too short for a kernel");
  return inspect_line("note", "no magic: raw machine code, or data") + try_program(path);
}

std::string details(const std::string& path, FileKind kind, const core::FileHead& head) {
  switch (kind) {
    case FileKind::kElf:
    case FileKind::kLinuxImage: return try_program(path);
    case FileKind::kGzip: return inspect_gzip(path, head);
    case FileKind::kCpio: return inspect_cpio(path);
    case FileKind::kDeviceTree: return inspect_tree(path);
    case FileKind::kPartitioned: return describe_partitions(head.bytes) + use_line(path, "--disk");
    case FileKind::kExt: return describe_ext(head.bytes) + use_line(path, "--disk");
    case FileKind::kSquashfs:
    case FileKind::kIso9660: return use_line(path, "--disk");
    case FileKind::kUnknown: return inspect_unknown(path, head);
    default: return inspect_line("advice", core::advice_for(kind, path));
  }
}

}  // namespace

core::Result<std::string> inspect_file(const std::string& path) {
  auto head = core::read_head(path, kHead);
  if (!head) return head.error();
  const FileKind kind = core::recognise(head->bytes);
  return fmt::format("{} is {}, {}\n", core::printable(path), core::describe(kind).name,
                     core::size_text(head->size)) +
         details(path, kind, *head);
}

}  // namespace vitrine::app
