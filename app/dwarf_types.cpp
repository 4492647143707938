// SPDX-License-Identifier: MIT
// Types by DWARF (version 5: 5.2 modifiers, 5.5 arrays, 5.7 structures). A type is the offset of its entry.
#include <dwarf.h>

#include "app/dwarf_file.h"
#include "app/kernel_types.h"

namespace vitrine::app {
namespace {

class DwarfTypes final : public KernelTypes {
 public:
  template <typename File>
  explicit DwarfTypes(const File& file) : file_(file) {}
  [[nodiscard]] bool any() const { return file_.dwarf() != nullptr; }

  [[nodiscard]] std::optional<Type> structure(std::string_view name) const override {
    return find([&](Dwarf_Die& entry) -> std::optional<Type> {
      if (!is_structure(entry) || !is_named(entry, name) || dwarf_hasattr(&entry, DW_AT_declaration))
        return std::nullopt;
      return dwarf_dieoffset(&entry);
    });
  }

  // A definition may have its type at the declaration that it belongs to.
  [[nodiscard]] std::optional<Type> variable(std::string_view name) const override {
    return find([&](Dwarf_Die& entry) -> std::optional<Type> {
      if (dwarf_tag(&entry) != DW_TAG_variable || !is_named(entry, name)) return std::nullopt;
      return type_of(entry);
    });
  }

  [[nodiscard]] std::optional<Member> member(Type structure, std::string_view name) const override {
    unsigned looks = kLooks;
    return member_in(structure, name, looks, kDeepest);
  }

  [[nodiscard]] std::optional<Type> pointee(Type pointer) const override {
    Dwarf_Die entry;
    if (!strip(pointer, entry) || dwarf_tag(&entry) != DW_TAG_pointer_type) return std::nullopt;
    return type_of(entry);
  }
  [[nodiscard]] std::optional<Type> element(Type array) const override {
    Dwarf_Die entry;
    if (!strip(array, entry) || dwarf_tag(&entry) != DW_TAG_array_type) return std::nullopt;
    return type_of(entry);
  }
  [[nodiscard]] uint64_t size(Type type) const override {
    Dwarf_Die entry;
    Dwarf_Word size = 0;
    if (!strip(type, entry)) return 0;
    if (is_structure(entry)) defined(entry);
    return dwarf_aggregate_size(&entry, &size) == 0 ? size : 0;
  }

 private:
  static constexpr unsigned kDeepest = 16;  // of members without a name
  static constexpr unsigned kLooks =
      100'000;  // at members: structures may be nested by somebody who means harm

  static bool is_structure(Dwarf_Die& entry) {
    return dwarf_tag(&entry) == DW_TAG_structure_type || dwarf_tag(&entry) == DW_TAG_union_type;
  }
  static bool is_named(Dwarf_Die& entry, std::string_view name) {
    const char* const its = dwarf_diename(&entry);
    return its && name == its;
  }
  static std::optional<Type> type_of(Dwarf_Die& entry) {
    Dwarf_Attribute attribute;
    Dwarf_Die type;
    if (!dwarf_attr_integrate(&entry, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, &type))
      return std::nullopt;
    return dwarf_dieoffset(&type);
  }
  bool strip(Type type, Dwarf_Die& entry) const {
    Dwarf_Die found;
    return dwarf_offdie(file_.dwarf(), type, &found) && dwarf_peel_type(&found, &entry) == 0;
  }

  // A number, or before version 4 an expression; a union's members have none.
  static Dwarf_Word offset_of(Dwarf_Die& member) {
    Dwarf_Attribute attribute;
    Dwarf_Word offset = 0;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (!dwarf_attr(&member, DW_AT_data_member_location, &attribute) ||
        dwarf_formudata(&attribute, &offset) == 0)
      return offset;
    const bool sum = dwarf_getlocation(&attribute, &operations, &count) == 0 && count == 1;
    return sum && operations[0].atom == DW_OP_plus_uconst ? operations[0].number : 0;
  }

  // The first entry at the top of any unit.
  template <typename Look>
  std::optional<Type> find(const Look& look) const {
    std::optional<Type> found;
    file_.each_unit([&](Dwarf_Die& unit) {
      Dwarf_Die entry;
      if (dwarf_child(&unit, &entry) != 0) return true;
      do {
        found = look(entry);
      } while (!found && dwarf_siblingof(&entry, &entry) == 0);
      return !found;
    });
    return found;
  }

  // Where a structure is only declared in one unit, another one has its members.
  void defined(Dwarf_Die& entry) const {
    const char* const name = dwarf_diename(&entry);
    if (!name || !dwarf_hasattr(&entry, DW_AT_declaration)) return;
    if (const auto whole = structure(name)) dwarf_offdie(file_.dwarf(), *whole, &entry);
  }

  std::optional<Member> member_in(Type structure, std::string_view name, unsigned& looks,
                                  unsigned depth) const {
    Dwarf_Die entry, child;
    if (depth == 0 || !strip(structure, entry) || !is_structure(entry)) return std::nullopt;
    defined(entry);
    if (dwarf_child(&entry, &child) != 0) return std::nullopt;
    do {
      if (looks == 0 || --looks == 0) return std::nullopt;
      if (dwarf_tag(&child) != DW_TAG_member) continue;
      const auto type = type_of(child);
      const Dwarf_Word offset = offset_of(child);
      if (!type || dwarf_hasattr(&child, DW_AT_data_bit_offset) || dwarf_hasattr(&child, DW_AT_bit_size))
        continue;
      if (is_named(child, name)) return Member{offset, *type};
      if (dwarf_diename(&child)) continue;
      if (const auto inner = member_in(*type, name, looks, depth - 1))
        return Member{offset + inner->offset, inner->type};
    } while (dwarf_siblingof(&child, &child) == 0);
    return std::nullopt;
  }

  DwarfFile file_;
};

template <typename File>
std::unique_ptr<KernelTypes> types_of(const File& file) {
  auto types = std::make_unique<DwarfTypes>(file);
  return types->any() ? std::move(types) : nullptr;
}

}  // namespace

std::unique_ptr<KernelTypes> dwarf_types(const std::string& path) { return types_of(path); }
std::unique_ptr<KernelTypes> dwarf_types(std::span<const std::byte> elf) { return types_of(elf); }

}  // namespace vitrine::app
