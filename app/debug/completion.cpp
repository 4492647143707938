// SPDX-License-Identifier: MIT
// Candidates for words.
#include "app/debug/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/debug/verbs.h"
#include "core/breaks.h"
#include "core/file.h"
#include "isa/riscv/csr.h"
#include "isa/riscv/registers.h"

namespace vitrine::app::debug {

namespace {

class Candidates {
 public:
  Candidates(State& state, std::string_view word) : state_(state), word_(word) {}

  void for_verb_word(Wants wants) {
    switch (wants) {
      case Wants::kNothing: return;
      case Wants::kPlace: return places("");
      case Wants::kEvent: return events("");
      case Wants::kCsr: return csrs("");
      case Wants::kVerb: return verbs();
      case Wants::kMoment: return moments();
      case Wants::kFile: return files();
      case Wants::kRegister: return registers("");
      case Wants::kDevice: return devices();
      case Wants::kLevel:
        for (const char* level : {"guest", "ir", "host", "hart"}) add(level);
        return;
      case Wants::kBreak:
        for (const core::BreakRow& row : core::break_rows()) add(row.name);
        return;
    }
  }
  void verbs() {
    for (const VerbGroup& group : verb_groups())
      for (const Verb& verb : group.verbs) add(verb.name);
  }
  std::vector<std::string> sorted() {
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    if (all_.size() > Completion::kMost) all_.resize(Completion::kMost);
    return std::move(all_);
  }

 private:
  // Names of others that would do something to a terminal, or are two words, are left out.
  void add(std::string name) {
    if (name.starts_with(word_) && name.find_first_of(" \t'\"\\") == name.npos && core::printable(name, 4096) == name) all_.push_back(std::move(name));
  }
  void add(std::string_view name) { add(std::string(name)); }
  void add(const char* name) { add(std::string(name)); }

  // Symbols; registers where '$' is typed.
  void places(const std::string& before) {
    if (word_.starts_with(before + "$")) return registers(before + "$"), csrs(before + "$");
    if (!word_.starts_with(before)) return;
    const BootPlan& boot = state_.machine().boot();
    for (const auto* image : {&boot.kernel_image, &boot.firmware_image})
      if (*image)
        for (const std::string_view name : (*image)->symbols.beginning_with(word_.substr(before.size()), Completion::kMost))
          add(before + std::string(name));
  }
  void registers(const std::string& before) {
    add(before + "pc");
    for (unsigned i = 0; i < 32; ++i) {
      add(before + std::string(riscv::kXNames[i]));
      add(before + std::string(riscv::kFNames[i]));
    }
  }
  void csrs(const std::string& before) {
    for (const riscv::CsrRow& row : riscv::csr_rows())
      for (unsigned i = 0; i < row.count; ++i) add(before + std::string(riscv::csr_name(row, i)));
  }
  void events(const std::string& before) {
    for (const core::EventRow& row : core::event_rows())
      if (row.column != core::EventColumn::kCounter) add(before + std::string(row.name));
  }
  void moments() {
    for (const char* moment : {"start", "end", "exit", "last-trap", "line:"}) add(moment);
    word_.starts_with("event:") ? events("event:") : add("event:");
    word_.starts_with("pc:") ? places("pc:") : add("pc:");
  }
  void devices() {
    for (const core::Bus::Mapping& mapping : state_.machine().bus().mappings()) add(mapping.device->name());
  }
  void files() {
    namespace fs = std::filesystem;
    const size_t slash = word_.rfind('/');
    const std::string folder(slash == word_.npos ? "" : word_.substr(0, slash + 1));
    std::error_code problem;
    size_t seen = 0;
    for (fs::directory_iterator it(state_.folder / (folder.empty() && state_.folder.empty() ? "." : folder), problem), end; !problem && it != end && ++seen < kMostFiles; it.increment(problem)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') && !word_.substr(folder.size()).starts_with('.')) continue;
      std::error_code unknown;
      add(folder + name + (it->is_directory(unknown) ? "/" : ""));
    }
  }

  static constexpr size_t kMostFiles = 20'000;
  State& state_;
  std::string_view word_;
  std::vector<std::string> all_;
};

}  // namespace

std::string Completion::common() const {
  if (candidates.empty()) return {};
  const std::string &first = candidates.front(), &last = candidates.back();  // sorted: these differ the earliest
  const auto [end, unused] = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  return std::string(first.begin(), end);
}

bool Completion::final() const { return candidates.size() == 1 && !candidates[0].ends_with('/') && !candidates[0].ends_with(':'); }

Completion complete(State& state, std::string_view line) {
  Completion completion;
  const size_t blank = line.find_last_of(" \t");
  completion.begin = blank == line.npos ? 0 : blank + 1;
  Candidates candidates(state, line.substr(completion.begin));
  const size_t first = line.find_first_not_of(" \t");
  if (first == line.npos || first == completion.begin) {
    candidates.verbs();
  } else {
    const std::string_view word = line.substr(first, line.find_first_of(" \t/", first) - first);
    if (auto verb = find_verb(word)) candidates.for_verb_word((*verb)->wants);
  }
  completion.candidates = candidates.sorted();
  return completion;
}

}  // namespace vitrine::app::debug
