// SPDX-License-Identifier: MIT
// Types by BTF. A header of 24 bytes, the types one after the other, and a table of names:
//
//   header  u16 magic 0xeb9f | u8 version 1 | u8 flags | u32 its size | u32 type_off | u32 type_len | u32
//   str_off | u32 str_len type    u32 name | u32 info: 31 kind_flag, 28:24 kind, 15:0 vlen | u32 size or type
//   | what the kind adds
//
// A type's number is its place in the list, from 1 on. Everything is checked when it is opened: the file may
// hold anything.
#include <array>
#include <cstring>

#include "app/kernel_types.h"

namespace vitrine::app {
namespace {

enum Kind : uint32_t {
  kInt = 1,
  kPointer,
  kArray,
  kStruct,
  kUnion,
  kEnum,
  kForward,
  kTypedef,
  kVolatile,
  kConst,
  kRestrict,
  kFunction,
  kPrototype,
  kVariable,
  kSection,
  kFloat,
  kDeclTag,
  kTypeTag,
  kEnum64,
  kKinds
};

// Bytes behind the first three words: some that each type of the kind has, and some for each of its vlen
// entries.
struct Extra {
  uint32_t once, each;
};
constexpr std::array<Extra, kKinds> kExtra = {{{0, 0}, {4, 0},  {0, 0}, {12, 0}, {0, 12}, {0, 12}, {0, 8},
                                               {0, 0}, {0, 0},  {0, 0}, {0, 0},  {0, 0},  {0, 0},  {0, 8},
                                               {4, 0}, {0, 12}, {0, 0}, {4, 0},  {0, 0},  {0, 12}}};

constexpr size_t kHeader = 24;
constexpr unsigned kDeepest = 32;     // of typedefs, arrays and members without a name
constexpr unsigned kLooks = 100'000;  // at members: structures may be nested by somebody who means harm

class BtfTypes final : public KernelTypes {
 public:
  explicit BtfTypes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  // `at`: where the header begins. False: it is no BTF.
  bool open(size_t at) {
    const uint64_t size = bytes_.size();
    if (size - at < kHeader || word(at + 4) != kHeader) return false;
    const uint64_t types = at + kHeader + word(at + 8), types_end = types + word(at + 12);
    strings_ = at + kHeader + word(at + 16);
    strings_end_ = strings_ + word(at + 20);
    if (types_end > size || strings_end_ > size || strings_ == strings_end_ ||
        bytes_[strings_end_ - 1] != std::byte{0})
      return false;
    types_ = {0};  // void
    for (uint64_t type = types; type != types_end;) {
      if (types_end - type < 12 || kind_at(type) == 0 || kind_at(type) >= kKinds) return false;
      const Extra extra = kExtra[kind_at(type)];
      const uint64_t length = 12 + extra.once + uint64_t{extra.each} * entries(type);
      if (types_end - type < length) return false;
      types_.push_back(type);
      type += length;
    }
    return types_.size() > 1;
  }

  [[nodiscard]] std::optional<Type> structure(std::string_view name) const override {
    for (Type type = 1; type < types_.size(); ++type)
      if (kind(type) == kStruct && this->name(word(types_[type])) == name) return type;
    return std::nullopt;
  }
  // Only those of each processor are there, and they have no address.
  [[nodiscard]] std::optional<Type> variable(std::string_view) const override { return std::nullopt; }
  [[nodiscard]] std::optional<Member> member(Type structure, std::string_view name) const override {
    unsigned looks = kLooks;
    return member_in(structure, name, looks, kDeepest);
  }
  [[nodiscard]] std::optional<Type> pointee(Type type) const override {
    type = strip(type);
    return kind(type) == kPointer ? std::optional<Type>(word(types_[type] + 8)) : std::nullopt;
  }
  [[nodiscard]] std::optional<Type> element(Type type) const override {
    type = strip(type);
    return kind(type) == kArray ? std::optional<Type>(word(types_[type] + 12)) : std::nullopt;
  }
  [[nodiscard]] uint64_t size(Type type) const override { return size_of(type, kDeepest); }

 private:
  [[nodiscard]] uint32_t word(uint64_t at) const {
    uint32_t value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  [[nodiscard]] uint32_t kind_at(uint64_t at) const { return word(at + 4) >> 24 & 31; }
  [[nodiscard]] uint32_t entries(uint64_t at) const { return word(at + 4) & 0xffff; }
  [[nodiscard]] uint32_t kind(Type type) const {
    return type == 0 || type >= types_.size() ? 0 : kind_at(types_[type]);
  }
  [[nodiscard]] std::string_view name(uint32_t offset) const {
    if (offset >= strings_end_ - strings_) return {};
    return reinterpret_cast<const char*>(bytes_.data() + strings_ + offset);  // the table ends with a NUL
  }

  [[nodiscard]] Type strip(Type type) const {
    for (unsigned depth = 0; depth < kDeepest; ++depth) {
      const uint32_t its = kind(type);
      if (its != kTypedef && its != kVolatile && its != kConst && its != kRestrict && its != kTypeTag)
        return type;
      type = word(types_[type] + 8);
    }
    return 0;
  }

  [[nodiscard]] uint64_t size_of(Type type, unsigned depth) const {
    type = strip(type);
    if (depth == 0) return 0;
    switch (kind(type)) {
      case kPointer: return 8;
      case kArray: return word(types_[type] + 20) * size_of(word(types_[type] + 12), depth - 1);
      case kInt:
      case kStruct:
      case kUnion:
      case kEnum:
      case kFloat:
      case kEnum64: return word(types_[type] + 8);
      default: return 0;
    }
  }

  // An offset in bits; with kind_flag it holds the width of a bit field above bit 24.
  [[nodiscard]] std::optional<Member> member_in(Type structure, std::string_view wanted, unsigned& looks,
                                                unsigned depth) const {
    structure = strip(structure);
    if (depth == 0 || (kind(structure) != kStruct && kind(structure) != kUnion)) return std::nullopt;
    const uint64_t type = types_[structure];
    const bool has_widths = word(type + 4) >> 31;
    for (uint32_t i = 0; i < entries(type) && looks != 0; ++i, --looks) {
      const uint64_t at = type + 12 + uint64_t{12} * i;
      const uint32_t where = word(at + 8), bits = has_widths ? where & 0xff'ffff : where;
      if ((has_widths && where >> 24 != 0) || bits % 8 != 0) continue;
      const std::string_view its = name(word(at));
      if (its == wanted) return Member{bits / 8, word(at + 4)};
      if (!its.empty()) continue;
      if (const auto inner = member_in(word(at + 4), wanted, looks, depth - 1))
        return Member{bits / 8 + inner->offset, inner->type};
      if (looks == 0) break;
    }
    return std::nullopt;
  }

  std::vector<std::byte> bytes_;
  std::vector<uint64_t> types_;  // where each begins
  uint64_t strings_ = 0, strings_end_ = 0;
};

}  // namespace

std::unique_ptr<KernelTypes> btf_types(std::vector<std::byte> file) {
  static constexpr unsigned char kMagic[] = {0x9f, 0xeb, 1, 0, kHeader, 0, 0, 0};
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string_view magic(reinterpret_cast<const char*>(kMagic), sizeof kMagic);
  std::vector<size_t> places;
  for (size_t at = text.find(magic); at != text.npos; at = text.find(magic, at + 1)) places.push_back(at);
  auto types = std::make_unique<BtfTypes>(std::move(file));
  for (const size_t at : places)
    if (types->open(at)) return types;
  return nullptr;
}

}  // namespace vitrine::app
