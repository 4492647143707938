// SPDX-License-Identifier: MIT
// What tests need of the world outside: files that are gone afterwards, and what a program of the host
// prints.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::test {

// A new folder in $TMPDIR, and everything that will be in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* const base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/vitrine-test-XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // The path of a file with this content; empty if it cannot be written.
  std::string write(std::string_view name, std::string_view bytes) const {
    std::ofstream out(file(name), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path_.empty() || !out.flush() ? std::string() : file(name);
  }

 private:
  std::string path_;
};

inline std::string_view as_text(const void* bytes, size_t size) {
  return {static_cast<const char*>(bytes), size};
}

// What a command prints; nothing if it fails. What it complains of is not shown, unless the command says so.
inline std::optional<std::string> output_of(const std::string& command) {
  FILE* const pipe = popen(("{ " + command + "; } 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 65536> part;
  while (const size_t n = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), n);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

}  // namespace vitrine::test
