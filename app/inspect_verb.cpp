// SPDX-License-Identifier: MIT
// `vitrine inspect FILE...`
#include <fmt/format.h>

#include <cstdio>

#include "app/inspect.h"
#include "app/outcome.h"
#include "app/program.h"

namespace vitrine::app {

int inspect_verb(const Program& program, const std::vector<std::string>& words) {
  if (words.empty()) {
    complain(fmt::format("inspect wants a file: {} inspect FILE", program.name));
    return exit_code::kUsage;
  }
  int code = exit_code::kSuccess;
  for (const std::string& path : words) {
    auto text = inspect_file(path, program.name);
    if (text) {
      std::fputs(text->c_str(), stdout);
    } else {
      complain(text.error().message);
      code = exit_code_of(text.error().kind);
    }
  }
  return code;
}

}  // namespace vitrine::app
