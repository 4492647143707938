// SPDX-License-Identifier: MIT
// The types of a kernel, as its compiler wrote them down: DWARF in an ELF file, or BTF in a Linux kernel,
// which carries it in its own data for BPF programs (kernel documentation, "BPF Type Format"). Enough of them
// to find a member of a structure; not its values. Either may be missing or damaged, and then a type or a
// member is not found. Next: kernel_info.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::app {

class KernelTypes {
 public:
  // A type of this object; its number means nothing outside.
  using Type = uint64_t;
  struct Member {
    uint64_t offset;
    Type type;
  };

  virtual ~KernelTypes() = default;
  // By the name in C, without `struct`. What is only declared there has no members.
  [[nodiscard]] virtual std::optional<Type> structure(std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<Type> variable(std::string_view name) const = 0;
  // The following ask a type; `const`, `volatile` and typedefs are looked through.
  // Members of members without a name count as its own.
  [[nodiscard]] virtual std::optional<Member> member(Type structure, std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<Type> pointee(Type pointer) const = 0;
  [[nodiscard]] virtual std::optional<Type> element(Type array) const = 0;
  [[nodiscard]] virtual uint64_t size(Type type) const = 0;  // 0: not known
};

// Of the ELF file at `path`, or of its bytes, which outlive the result. nullptr: there is no debug
// information.
std::unique_ptr<KernelTypes> dwarf_types(const std::string& path);
std::unique_ptr<KernelTypes> dwarf_types(std::span<const std::byte> elf);
// Looks for BTF anywhere in the file. nullptr: there is none.
std::unique_ptr<KernelTypes> btf_types(std::vector<std::byte> file);

}  // namespace vitrine::app
