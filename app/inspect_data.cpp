// SPDX-License-Identifier: MIT
// Looking into device trees (Devicetree Specification, chapter 5), cpio archives (Linux, buffer-format.rst),
// partition tables (UEFI Specification, chapter 5) and ext superblocks (Linux, filesystems/ext4/super.rst).
#include "app/inspect_data.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "core/file.h"
#include "core/file_kind.h"

namespace vitrine::app {
namespace {

using Bytes = std::span<const std::byte>;
using core::little;
using core::printable;
using core::size_text;

// --- Device trees. libfdt checks the whole blob before anything is looked up in it.

// The strings of a property, "a, b"; empty if it is not there.
std::string strings_of(const void* tree, int node, const char* property) {
  std::string out;
  const int count = node < 0 ? 0 : fdt_stringlist_count(tree, node, property);
  for (int i = 0; i < std::min(count, 8); ++i) {
    int length = 0;
    const char* text = fdt_stringlist_get(tree, node, property, i, &length);
    if (!text) break;
    out += (i != 0 ? ", " : "") + printable({text, static_cast<size_t>(length)});
  }
  return out;
}

void add_strings(std::string& out, std::string_view name, const void* tree, int node, const char* property) {
  if (const std::string text = strings_of(tree, node, property); !text.empty())
    out += inspect_line(name, text);
}

// The first range of a `reg` property with two cells each, which is what 64-bit boards have.
std::string first_range(const void* tree, int node) {
  int length = 0;
  const auto* reg = static_cast<const std::byte*>(fdt_getprop(tree, node, "reg", &length));
  if (!reg || length < 16) return "no range of 64 bits";
  const Bytes cells(reg, static_cast<size_t>(length));
  return fmt::format("{} at {:#x}", size_text(core::big<uint64_t>(cells, 8)), core::big<uint64_t>(cells, 0));
}

std::string describe_board(const void* tree) {
  std::string out;
  add_strings(out, "model", tree, 0, "model");
  add_strings(out, "board", tree, 0, "compatible");
  const int cpus = fdt_path_offset(tree, "/cpus");
  unsigned harts = 0;
  int node = 0;
  if (cpus >= 0) {
    fdt_for_each_subnode(node, tree, cpus) {
      if (strings_of(tree, node, "device_type") != "cpu") continue;
      if (harts++ == 0) add_strings(out, "cpu", tree, node, "riscv,isa");
    }
  }
  out += inspect_line("harts", std::to_string(harts));
  fdt_for_each_subnode(node, tree, 0) {
    if (strings_of(tree, node, "device_type") == "memory")
      out += inspect_line("memory", first_range(tree, node));
  }
  const int chosen = fdt_path_offset(tree, "/chosen");
  add_strings(out, "console", tree, chosen, "stdout-path");
  add_strings(out, "append", tree, chosen, "bootargs");
  return out;
}

std::string describe_fit(const void* tree, int images) {
  std::string out = inspect_line("form", "U-Boot FIT image");
  add_strings(out, "text", tree, 0, "description");
  int node = 0;
  int shown = 0;
  fdt_for_each_subnode(node, tree, images) {
    if (++shown > 16) return out + inspect_line("", "... and more");
    const char* name = fdt_get_name(tree, node, nullptr);
    out += inspect_line(
        "image", fmt::format("{}: {} {} {}", name ? printable(name) : "?", strings_of(tree, node, "type"),
                             strings_of(tree, node, "arch"), strings_of(tree, node, "description")));
  }
  return out;
}

// --- cpio

std::optional<uint64_t> hex_field(Bytes header, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) {
    const auto c = static_cast<unsigned char>(header[at + i]);
    if (!std::isxdigit(c)) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Member {
  std::string_view name;
  uint64_t size = 0;
  uint64_t next = 0;  // offset of the following member
};

// The member at `at`; nothing at the archive's end or at damage.
std::optional<Member> member_at(Bytes archive, uint64_t at) {
  constexpr uint64_t kHeader = 110;
  const auto padded = [](uint64_t n) { return (n + 3) & ~uint64_t{3}; };
  if (archive.size() < at || archive.size() - at < kHeader) return std::nullopt;
  const Bytes header = archive.subspan(at, kHeader);
  if (!text_of(header).starts_with("07070")) return std::nullopt;
  const auto size = hex_field(header, 54);
  const auto name_size = hex_field(header, 94);
  if (!size || !name_size || *name_size == 0 || *name_size > 4096) return std::nullopt;
  if (*name_size > archive.size() - at - kHeader) return std::nullopt;
  const uint64_t data = padded(at + kHeader + *name_size);
  if (data > archive.size() || *size > archive.size() - data) return std::nullopt;
  return Member{text_of(archive.subspan(at + kHeader, *name_size - 1)), *size, padded(data + *size)};
}

// --- Partitions

struct TypeName {
  uint8_t type;
  const char* name;
};
constexpr TypeName kTypes[] = {{0x05, "extended"}, {0x07, "NTFS or exFAT"}, {0x0b, "FAT32"},
                               {0x0c, "FAT32"},    {0x0e, "FAT16"},         {0x82, "Linux swap"},
                               {0x83, "Linux"},    {0xef, "EFI system"},    {0xee, "GPT behind"},
                               {0x0f, "extended"}};

std::string mbr_partitions(Bytes head) {
  std::string out;
  for (unsigned i = 0; i < 4; ++i) {
    const size_t at = 446 + 16 * i;
    const auto type = little<uint8_t>(head, at + 4);
    if (type == 0) continue;
    const auto* known =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](TypeName t) { return t.type == type; });
    out += inspect_line(
        "partition", fmt::format("{}: {} from sector {}, type {:#04x}{}{}", i + 1,
                                 size_text(uint64_t{little<uint32_t>(head, at + 12)} * 512),
                                 little<uint32_t>(head, at + 8), type, known == std::end(kTypes) ? "" : " ",
                                 known == std::end(kTypes) ? "" : known->name));
  }
  return out;
}

// UTF-16 with only its ASCII part; others become '?'.
std::string gpt_name(Bytes entry) {
  std::string name;
  for (size_t i = 56; i < 128; i += 2) {
    const auto unit = little<uint16_t>(entry, i);
    if (unit == 0) break;
    name += unit >= 0x20 && unit < 0x7f ? static_cast<char>(unit) : '?';
  }
  return name;
}

std::string gpt_partitions(Bytes head) {
  const auto table = little<uint64_t>(head, 512 + 72);
  const auto count = little<uint32_t>(head, 512 + 80);
  const auto entry_size = little<uint32_t>(head, 512 + 84);
  std::string out;
  if (entry_size < 128 || entry_size > 4096 || table < 2 || table > head.size() / 512)
    return inspect_line("partitions", "the table (GPT) is damaged or far away");
  unsigned shown = 0;
  for (uint64_t i = 0; i < std::min<uint64_t>(count, 128); ++i) {
    const uint64_t at = table * 512 + i * entry_size;
    if (at + 128 > head.size()) break;
    const Bytes entry = head.subspan(at, 128);
    if (little<uint64_t>(entry, 0) == 0 && little<uint64_t>(entry, 8) == 0) continue;
    if (++shown > 16) return out + inspect_line("", "... and more");
    const auto first = little<uint64_t>(entry, 32);
    const auto last = little<uint64_t>(entry, 40);
    const bool sound = last >= first && last < uint64_t{1} << 52;
    out +=
        inspect_line("partition", fmt::format("{}: {} from sector {}{}{}", i + 1,
                                              sound ? size_text((last - first + 1) * 512) : "damaged", first,
                                              gpt_name(entry).empty() ? "" : ", ", gpt_name(entry)));
  }
  return out.empty() ? inspect_line("partitions", "none (GPT)") : out;
}

}  // namespace

std::string inspect_line(std::string_view name, std::string_view text) {
  return fmt::format("{:<10}{}\n", name, text);
}

std::string describe_tree(Bytes blob) {
  if (blob.size() < sizeof(fdt_header) || fdt_check_full(blob.data(), blob.size()) != 0)
    return inspect_line("damage", "its header or structure is damaged; no guest can use it");
  const int images = fdt_path_offset(blob.data(), "/images");
  return images >= 0 ? describe_fit(blob.data(), images) : describe_board(blob.data());
}

std::string describe_cpio(Bytes archive) {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t at = 0;
  bool init = false;
  bool ended = false;
  while (const auto member = member_at(archive, at)) {
    at = member->next;
    ended = member->name == "TRAILER!!!";
    if (ended) break;
    ++files;
    bytes += member->size;
    init |= member->name == "init" || member->name == "/init" || member->name == "./init";
  }
  std::string out = inspect_line("holds", fmt::format("{} entries, {}", files, size_text(bytes)));
  if (!ended) return out + inspect_line("damage", fmt::format("it breaks off at byte {}", at));
  return out + inspect_line("init", init ? "/init is there: Linux starts it"
                                         : "there is no /init: Linux will look for a root disk");
}

std::string describe_partitions(Bytes head) {
  if (head.size() >= 512 + 92 && text_of(head.subspan(512, 8)) == "EFI PART") return gpt_partitions(head);
  return head.size() >= 512 ? mbr_partitions(head) : std::string();
}

std::string describe_ext(Bytes head) {
  constexpr size_t kSuper = 1024;
  constexpr uint32_t kJournal = 4, kExtents = 0x40, k64Bit = 0x80, kRecover = 4;
  if (head.size() < kSuper + 1024) return {};
  const Bytes super = head.subspan(kSuper, 1024);
  const auto compatible = little<uint32_t>(super, 0x5c);
  const auto incompatible = little<uint32_t>(super, 0x60);
  const auto log_size = little<uint32_t>(super, 0x18);
  if (log_size > 6) return {};
  uint64_t blocks = little<uint32_t>(super, 4);
  if (incompatible & k64Bit) blocks |= uint64_t{little<uint32_t>(super, 0x150)} << 32;
  const std::string_view label = text_of(super.subspan(0x78, 16));
  const char* version = incompatible & kExtents ? "ext4" : compatible & kJournal ? "ext3" : "ext2";
  std::string out = inspect_line("holds", version);
  if (blocks < uint64_t{1} << 44)
    out += inspect_line("extent", fmt::format("{} blocks of {}, {}", blocks, size_text(1024u << log_size),
                                              size_text(blocks * (1024u << log_size))));
  if (label[0] != 0) out += inspect_line("label", printable(label.substr(0, label.find('\0'))));
  if (incompatible & kRecover)
    out += inspect_line("note", "it was not unmounted; the guest will repeat its journal");
  return out;
}

}  // namespace vitrine::app
