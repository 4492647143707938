// SPDX-License-Identifier: MIT
// Walking through folders.
#include "app/suite_find.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>

#include "app/suite_console.h"
#include "app/suite_file.h"
#include "core/file.h"
#include "core/file_kind.h"
#include "core/state.h"

namespace vitrine::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kHead = 4096;
constexpr uint64_t kMostText = 1 << 20;

struct Class {
  bool guest = false;
  std::string problem = {};
};

// ELF-64 header: e_type at 16, e_machine at 18, e_phoff at 32, e_phnum at 56; of a program header p_type is
// first, 3 is PT_INTERP.
bool wants_interpreter(std::span<const std::byte> file) {
  const uint64_t at = core::little<uint64_t>(file, 32), count = core::little<uint16_t>(file, 56);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t row = at + i * 56;
    if (row < at || row + 4 > file.size()) return false;
    if (core::little<uint32_t>(file, row) == 3) return true;
  }
  return false;
}

Class class_of_elf(std::span<const std::byte> file, const std::string& path) {
  constexpr uint16_t kRiscv = 243, kExecutable = 2, kShared = 3;
  if (file.size() < 64) return {true};  // whoever loads it says what is missing
  const auto type = core::little<uint16_t>(file, 16), machine = core::little<uint16_t>(file, 18);
  if (machine != kRiscv || (type != kExecutable && type != kShared)) return {};
  if (file[4] == std::byte{1})
    return {false, fmt::format("'{}' is for RV32, and Vitrine runs RV64.", core::printable(path))};
  return {!wants_interpreter(file)};
}

Class class_of(const std::string& path) {
  auto head = core::read_head(path, kHead);
  if (!head) return {false, head.error().message};
  const core::FileKind kind = core::recognise(head->bytes);
  if (kind == core::FileKind::kLinuxImage) return {true};
  return kind == core::FileKind::kElf ? class_of_elf(head->bytes, path) : Class{};
}

bool is_file(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed);
}

// NAME.SUFFIX beside NAME or NAME.elf; empty: there is none.
std::string beside(const fs::path& guest, const char* suffix) {
  fs::path whole = guest, stem = guest;
  whole += suffix;
  stem.replace_extension(suffix);
  for (const fs::path& path : {whole, stem})
    if (path != guest && path.filename() != "suite.toml" && is_file(path)) return path.string();
  return {};
}

std::string reference_of(const fs::path& guest) {
  for (const char* const suffix : {".signature", ".reference_output"}) {
    for (const char* const folder : {".", "references", "../references"}) {
      const std::string path =
          beside((guest.parent_path() / folder / guest.filename()).lexically_normal(), suffix);
      if (!path.empty()) return path;
    }
  }
  return {};
}

core::Result<std::vector<std::string>> lines_of(const std::string& path) {
  auto bytes = core::read_file(path, kMostText);
  if (!bytes) return bytes.error();
  return console_lines({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

// Is there anything that a guest cannot just claim?
bool is_checked(const SuiteTest& test) {
  const auto has_nonce = [](const std::string& line) { return line.find("{nonce}") != std::string::npos; };
  return !test.rules.empty() || !test.signature_file.empty() ||
         std::any_of(test.expect.begin(), test.expect.end(), has_nonce);
}

// What holds for all tests of a folder.
struct Scope {
  SuiteTest base;
  std::vector<std::string> exclude;
};

class Finder {
 public:
  core::Result<> add(const std::string& path);
  FoundTests take();

 private:
  void walk(const fs::path& folder, const fs::path& below, Scope scope);
  void look_at(const fs::path& file, const std::string& name, const Scope& scope, bool named);
  void add_test(const fs::path& file, const std::string& name, const Scope& scope, std::string sidecar,
                std::string problem);
  void add_problem(const std::string& name, const Scope& scope, std::string problem);
  static void read_scope(const fs::path& folder, Scope& scope);

  FoundTests found_;
  std::vector<std::string> given_;  // of each test: its path
};

void Finder::read_scope(const fs::path& folder, Scope& scope) {
  const fs::path file = folder / "suite.toml";
  std::error_code failed;
  if (!fs::exists(file, failed)) return;
  if (auto done = read_suite_file(file.string(), scope.base, &scope.exclude);
      !done && scope.base.problem.empty())
    scope.base.problem = done.error().message;
}

core::Result<> Finder::add(const std::string& path) {
  std::error_code failed;
  const fs::path given(path);
  Scope scope;
  if (fs::is_directory(given, failed)) return walk(given, "", scope), core::Ok{};
  if (fs::exists(given, failed)) {
    read_scope(given.parent_path().empty() ? "." : given.parent_path(), scope);
    scope.exclude.clear();
    return look_at(given, given.filename().string(), scope, true), core::Ok{};
  }
  glob_t many{};
  const bool some = glob(path.c_str(), GLOB_NOMAGIC, nullptr, &many) == 0 &&
                    !(many.gl_pathc == 1 && path == many.gl_pathv[0]);
  const std::vector<std::string> all(many.gl_pathv, many.gl_pathv + (some ? many.gl_pathc : 0));
  globfree(&many);
  if (all.empty())
    return core::error(core::ErrorKind::kMissing, "There is no file and no folder '{}'.",
                       core::printable(path));
  for (const std::string& one : all)
    if (auto done = add(one); !done) return done;
  return core::Ok{};
}

void Finder::walk(const fs::path& folder, const fs::path& below, Scope scope) {
  read_scope(folder, scope);
  std::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    entries.push_back(at->path());
  if (failed)
    return add_problem((below / ".").string(), scope,
                       fmt::format("The folder '{}' cannot be read: {}.", core::printable(folder.string()),
                                   failed.message()));
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    const std::string name = (below / entry.filename()).string();
    const auto leaves_out = [&](const std::string& pattern) {
      return matches(pattern, name) || matches(pattern, entry.filename().string());
    };
    if (entry.filename().string().starts_with('.') ||
        std::any_of(scope.exclude.begin(), scope.exclude.end(), leaves_out))
      continue;
    if (fs::is_directory(fs::symlink_status(entry, failed)))
      walk(entry, name, scope);
    else if (is_file(entry) || (fs::is_symlink(entry, failed) && !fs::exists(entry, failed)))
      look_at(entry, name, scope, false);
  }
}

void Finder::look_at(const fs::path& file, const std::string& name, const Scope& scope, bool named) {
  if (file.extension() == ".toml" &&
      !file.stem().string().ends_with(".kernel")) {  // a NAME.kernel.toml is of processes.h
    if (file.filename() != "suite.toml" && names_kernel(file.string()))
      return add_test(file, name.substr(0, name.size() - 5), scope, file.string(), "");
    if (!named) return;
  }
  std::string sidecar = beside(file, ".toml");
  if (!sidecar.empty() && names_kernel(sidecar)) sidecar.clear();
  const bool told_of = !sidecar.empty() || !beside(file, ".expect").empty();
  const bool is_text = file.extension() == ".expect" || file.extension() == ".toml";
  Class kind = class_of(file.string());
  if (!kind.problem.empty()) return add_problem(name, scope, std::move(kind.problem));
  if (kind.guest || named || (told_of && !is_text))
    return add_test(file, name, scope, std::move(sidecar), "");
  ++found_.passed_over;
}

void Finder::add_test(const fs::path& file, const std::string& name, const Scope& scope, std::string sidecar,
                      std::string problem) {
  SuiteTest test = scope.base;
  test.name = name;
  test.kernel = file.string();
  if (test.problem.empty()) test.problem = std::move(problem);
  if (!sidecar.empty())
    if (auto done = read_suite_file(sidecar, test, nullptr); !done && test.problem.empty())
      test.problem = done.error().message;
  if (const std::string expect = beside(file, ".expect"); !expect.empty()) {
    auto lines = lines_of(expect);
    if (lines)
      test.expect.insert(test.expect.end(), lines->begin(), lines->end());
    else if (test.problem.empty())
      test.problem = lines.error().message;
    test.expect_file = expect;
  }
  test.signature_file = reference_of(file);
  if (test.trust_host && !is_checked(test) && test.problem.empty())
    test.problem = fmt::format(
        "'{}' has trust = \"host\" and nothing that the host could check: a rule, a reference signature, or "
        "a line with {{nonce}}.",
        core::printable(name));
  given_.push_back(file.lexically_normal().string());
  found_.tests.push_back(std::move(test));
}

void Finder::add_problem(const std::string& name, const Scope& scope, std::string problem) {
  SuiteTest test = scope.base;
  test.name = name;
  test.problem = std::move(problem);
  given_.push_back("");
  found_.tests.push_back(std::move(test));
}

// A file that was named twice is one test; different files of one name are told apart by their whole paths.
FoundTests Finder::take() {
  std::map<std::string, unsigned> names;
  std::map<std::string, bool> known;
  FoundTests found{{}, found_.passed_over};
  std::vector<std::string> given;
  for (size_t i = 0; i < found_.tests.size(); ++i) {
    if (!given_[i].empty() && !known.emplace(given_[i], true).second) continue;
    ++names[found_.tests[i].name];
    found.tests.push_back(std::move(found_.tests[i]));
    given.push_back(given_[i]);
  }
  for (size_t i = 0; i < found.tests.size(); ++i)
    if (names[found.tests[i].name] > 1)
      found.tests[i].name = given[i].empty() ? fmt::format("{}#{}", found.tests[i].name, i) : given[i];
  return found;
}

std::string size_and_time(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return fmt::format("{}@{}.{}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace

core::Result<FoundTests> find_tests(const std::vector<std::string>& paths) {
  Finder finder;
  for (const std::string& path : paths)
    if (auto done = finder.add(path); !done) return done.error();
  return finder.take();
}

std::string test_key(const SuiteTest& test) {
  std::string all;
  const auto add = [&all](std::string_view text) { all += fmt::format("{}:{}\n", text.size(), text); };
  const auto add_all = [&](const std::vector<std::string>& list) {
    all += fmt::format("{}\n", list.size());
    for (const std::string& text : list) add(text);
  };
  for (const std::string& word : test.words) add(word + size_and_time(word.substr(0, word.find(','))));
  for (const SuiteAnswer& answer : test.dialogue) add(answer.wait), add(answer.send);
  for (const auto* list : {&test.end_at, &test.expect, &test.panics, &test.ends}) add_all(*list);
  for (const SuiteRule& rule : test.rules)
    add(fmt::format("{} {} {} {} {} {} {}", static_cast<int>(rule.kind), rule.what, rule.equals.value_or(0),
                    rule.at_least.value_or(0), rule.at_most.value_or(~uint64_t{0}), rule.equals_nonce,
                    rule.text.value_or("")));
  add(fmt::format("{} {} {} {}", test.trust_host, test.points, test.known_failure, test.skip));
  add(size_and_time(test.signature_file));
  uint64_t hash = core::hash_bytes(std::as_bytes(std::span(all)));
  if (auto kernel = core::read_file(test.kernel, uint64_t{1} << 30)) hash = core::hash_bytes(*kernel, hash);
  return fmt::format("{:016x}", hash);
}

}  // namespace vitrine::app
