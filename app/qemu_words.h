// SPDX-License-Identifier: MIT
// The small languages inside QEMU's options: lists of `key=value`, sizes, numbers, on and off. Next to read:
// qemu_options.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace vitrine::app {

// "virtio-blk-device,drive=x0,scsi=off": a first word whose key may be left out, then key=value. A comma
// inside a value is doubled ("file=a,,b.img"); a key with no value is "on". Keys are taken one by one;
// whoever took all that it knows asks with finish() whether there was something else.
class QemuKeyvals {
 public:
  // `implied` is the key of a first word without "="; empty: it has none.
  QemuKeyvals(std::string option, std::string_view text, std::string_view implied);

  // The last value given for the key. Asking makes the key known.
  std::optional<std::string> take(std::string_view key);
  // The same, with on, off, yes, no, true, false, y or n as value.
  core::Result<bool> take_bool(std::string_view key, bool otherwise);
  // Keys that are understood but say nothing that matters here.
  void ignore(std::initializer_list<std::string_view> keys);
  // Gives up on a key that nobody took: "-m 128M,foo=1: Invalid parameter 'foo'".
  [[nodiscard]] core::Result<> finish() const;
  // "help" or "?" stands where the first word or any key stands.
  [[nodiscard]] bool asks_for_help() const;
  // Pairs as given, those taken included.
  struct Pair {
    std::string key, value;
    bool taken = false;
    bool has_value = true;
  };
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }

  // "-device virtio-blk-device,drive=x0", the beginning of every message about it.
  [[nodiscard]] const std::string& option() const { return option_; }
  template <typename... Args>
  [[nodiscard]] core::Error error(fmt::format_string<Args...> format, Args&&... args) const {
    return {core::ErrorKind::kUsage, option_ + ": " + fmt::format(format, std::forward<Args>(args)...)};
  }

 private:
  std::string option_;
  std::vector<Pair> pairs_;
};

std::optional<bool> qemu_bool(std::string_view text);
// Decimal (a fraction is allowed with a suffix) or hexadecimal, with B, K, M, G, T, P or E; without one it
// counts `unit`s of bytes. nullopt: no such thing, or 2^64 and more.
std::optional<uint64_t> qemu_size(std::string_view text, uint64_t unit);
// Decimal, or hexadecimal after 0x.
std::optional<uint64_t> qemu_number(std::string_view text);

}  // namespace vitrine::app
