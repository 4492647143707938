// SPDX-License-Identifier: MIT
// What is inside a file that is not a program: device tree, initial file system, disk. Each function takes
// bytes of a hostile file and gives lines; what does not make sense is said or left out.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vitrine::app {

// One line of `vitrine inspect`: a name, then text in one column.
std::string inspect_line(std::string_view name, std::string_view text);

// A whole flattened device tree, or U-Boot's FIT image, which has the same form.
std::string describe_tree(std::span<const std::byte> blob);
// A whole cpio archive of the "newc" kind.
std::string describe_cpio(std::span<const std::byte> archive);
// The first 64 KiB of a disk: MBR or GPT.
std::string describe_partitions(std::span<const std::byte> head);
// The same for ext2, ext3, ext4.
std::string describe_ext(std::span<const std::byte> head);

}  // namespace vitrine::app
