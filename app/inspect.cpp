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

struct Subject {
  const std::string& path;
  const std::string& program;  // as it was called
};

// What the file is used for, and the words that do it.
std::string use_line(const Subject& it, std::string_view option) {
  const std::string file = shell_word(core::printable(it.path));
  return inspect_line("use", option.empty() ? fmt::format("{} run {}", it.program, file)
                                            : fmt::format("{} run KERNEL {} {}", it.program, option, file));
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

std::string inspect_program(const Subject& it, const Image& image) {
  const Start start = start_of(image);
  const std::string code = code_lines(image, start);
  const bool raw = image.kind == ImageKind::kRaw;
  if (raw && code.empty())
    return inspect_line("note", "it does not begin with an instruction, so it is data; as a raw disk:") +
           use_line(it, "--disk");
  std::string out = core::describe_image(image) + inspect_line("start", start.words);
  if (const std::string name = image.symbols.text(start.entry); !name.empty())
    out += inspect_line("", fmt::format("that is {}", name));
  out += code.empty() ? inspect_line("note", "there is no instruction where it starts") : code;
  out += use_line(it, "");
  if (raw)
    out += inspect_line("", fmt::format("as firmware, in M mode at {:#x}: {} run --bios {}",
                                        board::kFirmware, it.program, shell_word(core::printable(it.path))));
  return out;
}

// A file that may be a program: what the loader says, be it yes or no.
std::string try_program(const Subject& it) {
  const auto image = core::read_image(it.path, core::ImageUse::kKernel);
  if (image.ok()) return inspect_program(it, image.value());
  return inspect_line("refused", image.error().message);
}

// --- Data

std::string inspect_initrd(const Subject& it, Bytes archive) {
  return describe_cpio(archive) + use_line(it, "--initrd");
}

std::string inspect_gzip(const Subject& it, const core::FileHead& head) {
  const FileKind inside = core::recognise(core::gunzip_head(head.bytes, kHead));
  if (inside == FileKind::kElf || inside == FileKind::kLinuxImage) return try_program(it);
  std::string out = inspect_line("holds", core::describe(inside).name);
  if (inside != FileKind::kCpio) return out;
  const auto file = core::read_file(it.path, core::kMaxImageFile);
  if (!file.ok()) return out + inspect_line("refused", file.error().message);
  const auto archive = core::gunzip(it.path, file.value(), core::kMaxUnpacked);
  if (!archive.ok()) return out + inspect_line("refused", archive.error().message);
  return out + inspect_initrd(it, archive.value());
}

std::string inspect_cpio(const Subject& it) {
  const auto file = core::read_file(it.path, core::kMaxImageFile);
  return file.ok() ? inspect_initrd(it, file.value()) : inspect_line("refused", file.error().message);
}

std::string inspect_tree(const Subject& it) {
  const auto file = core::read_file(it.path, kMaxTree);
  if (!file.ok()) return inspect_line("refused", file.error().message);
  return describe_tree(file.value()) + use_line(it, "--dtb");
}

std::string inspect_unknown(const Subject& it, const core::FileHead& head) {
  if (head.size > kMaxRawProgram)
    return inspect_line("note", "too large for a program; as a raw disk it can be given:") +
           use_line(it, "--disk");
  if (head.size < core::kMinKernelFile) return inspect_line("note", "too short for a kernel");
  return inspect_line("note", "no magic: raw machine code, or data") + try_program(it);
}

std::string details(const Subject& it, FileKind kind, const core::FileHead& head) {
  switch (kind) {
    case FileKind::kElf:
    case FileKind::kLinuxImage: return try_program(it);
    case FileKind::kGzip: return inspect_gzip(it, head);
    case FileKind::kCpio: return inspect_cpio(it);
    case FileKind::kDeviceTree: return inspect_tree(it);
    case FileKind::kPartitioned: return describe_partitions(head.bytes) + use_line(it, "--disk");
    case FileKind::kExt: return describe_ext(head.bytes) + use_line(it, "--disk");
    case FileKind::kSquashfs:
    case FileKind::kIso9660: return use_line(it, "--disk");
    case FileKind::kUnknown: return inspect_unknown(it, head);
    default: return inspect_line("advice", core::advice_for(kind, it.path));
  }
}

}  // namespace

core::Result<std::string> inspect_file(const std::string& path, const std::string& program) {
  auto head = core::read_head(path, kHead);
  if (!head) return head.error();
  const FileKind kind = core::recognise(head->bytes);
  return fmt::format("{} is {}, {}\n", core::printable(path), core::describe(kind).name,
                     core::size_text(head->size)) +
         details({path, program}, kind, *head);
}

}  // namespace vitrine::app
