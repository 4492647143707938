// SPDX-License-Identifier: MIT
// suite.toml, and NAME.toml of one test: any text; the first byte says which of the two. The words of `options` are judged
// by the command line, which is not built here: none is refused.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>

#include "app/suite_file.h"
#include "app/suite_words.h"
#include "core/file.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

namespace vitrine::app {
core::Result<> check_suite_words(const std::vector<std::string>&) { return core::Ok{}; }
}  // namespace vitrine::app

VITRINE_FUZZ_TARGET(input) {
  static const int file = memfd_create("suite.toml", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  const bool of_folder = input.byte() & 1;
  const auto text = input.text();
  fuzz::require(ftruncate(file, 0) == 0 && pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
                "a file in memory can be written");
  app::SuiteTest test;
  std::vector<std::string> exclude;
  const auto done = app::read_suite_file(path, test, of_folder ? &exclude : nullptr);
  if (done) return fuzz::require(std::isfinite(test.points) && test.points >= 0, "points can be added");
  fuzz::require(done.error().message.starts_with(path), "a refusal names the file");
}
