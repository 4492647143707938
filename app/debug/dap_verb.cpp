// SPDX-License-Identifier: MIT
// `vitrine dap`
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "app/debug/dap_adapter.h"
#include "app/debug/dap_channel.h"
#include "app/outcome.h"
#include "app/program.h"
#include "core/file.h"

namespace vitrine::app {

// Standard input and output are the client's alone: whoever else writes to the one writes to standard error, and the other is
// empty.
int dap_verb(const Program& program, const std::vector<std::string>& words) {
  if (!words.empty()) {
    complain(fmt::format("dap: '{}' is one word too many: what is to be run, the client says.", core::printable(words[0])));
    return exit_code::kUsage;
  }
  const int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in < 0 || out < 0 || nothing < 0) {
    complain("dap: standard input and output are needed for the client.");
    return exit_code::kMissing;
  }
  dup2(nothing, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  std::signal(SIGPIPE, SIG_IGN);  // a client that is gone
  dap::Channel channel(in, out);
  dap::Adapter adapter(program, channel);
  return adapter.run();
}

}  // namespace vitrine::app
