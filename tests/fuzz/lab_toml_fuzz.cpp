// SPDX-License-Identifier: MIT
// lab.toml: any text, in a folder that has the lab's guest. The words of `options` are judged by the command line, which is
// not built here: none is refused. What is accepted can be asked for its numbers.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "app/lab.h"
#include "app/options.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

namespace vitrine::app {
core::Result<ParsedWords> parse_words(const std::vector<std::string>&, size_t, MachineOptions) { return ParsedWords{}; }
}  // namespace vitrine::app

namespace {

// lab.toml is a file in memory: what is tried is written some thousand times a second.
class Folder {
 public:
  Folder() {
    fuzz::require(mkdtemp(name_.data()) != nullptr, "there is a place for a folder");
    std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(file_), name_ + "/lab.toml");
    std::filesystem::create_symlink("/dev/null", name_ + "/guest.elf");
  }
  ~Folder() {
    std::error_code gone_already;
    std::filesystem::remove_all(name_, gone_already);
  }
  void write(std::string_view text) const {
    fuzz::require(ftruncate(file_, 0) == 0 && pwrite(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
                  "a file in memory can be written");
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = std::filesystem::temp_directory_path() / "lab-fuzz-XXXXXX";
  int file_ = memfd_create("lab.toml", 0);
};

void check(const app::Lab& lab) {
  fuzz::require(lab.minutes >= 0, "a lab takes no negative time");
  for (const app::LabParameter& parameter : lab.parameters)
    fuzz::require(parameter.low <= parameter.value && parameter.value <= parameter.high, "a value is in its range");
  auto values = app::with_abbreviations(lab, app::default_values(lab));
  fuzz::require(values.ok(), "what is abbreviated has a value");
  for (const app::LabQuestion& question : lab.questions)
    fuzz::require(app::evaluate(question.answer, *values).ok(), "a question has an answer");
}

}  // namespace

VITRINE_FUZZ_TARGET(input) {
  static const Folder folder;
  folder.write(input.text());
  auto lab = app::read_lab(folder.name());
  if (lab) return check(*lab);
  fuzz::require(lab.error().message.starts_with(folder.name()), "a refusal names the file");
}
