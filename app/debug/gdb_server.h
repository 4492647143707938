// SPDX-License-Identifier: MIT
// A run under gdb: --gdb of `vitrine run` and `vitrine replay`, -gdb and -s of `vitrine qemu`. While nobody is connected the guest runs,
// unless it is held back; who connects stops it, and who goes away lets it run on.
#pragma once

#include <string>

#include "app/debuggee.h"

namespace vitrine::app::gdb {

struct ServerOptions {
  std::string address;  // as parse_address() takes it
  bool freeze = false;       // the guest waits for gdb to let it go
  bool report_exit = false;  // the guest's end is the program's, whether somebody looks on or not
  bool tell = true;          // where gdb can connect, on stderr; false: only if it was not said which port
  std::string program = "vitrine";  // how messages begin
};

// Until the run and whoever looks at it have come to an end. An error: nobody can connect, or it is not the run that it was.
core::Result<Outcome> serve(Debuggee& debuggee, const ServerOptions& options);

// The same of a new run, as its options say, to its end, which is told to it.
core::Result<Outcome> run(Debuggee& debuggee, ServerOptions options);

}  // namespace vitrine::app::gdb
