// SPDX-License-Identifier: MIT
// The machine's thread, between gdb and the machine.
#include "app/debug/gdb_server.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "app/debug/gdb_listener.h"
#include "app/debug/gdb_stub.h"

namespace vitrine::app::gdb {
namespace {

using Word = Listener::Word;
using Kind = Outcome::Kind;
constexpr std::chrono::milliseconds kLookPeriod{50};

class Server {
 public:
  Server(Debuggee& debuggee, Listener& listener, const ServerOptions& options)
      : debuggee_(debuggee),
        listener_(listener),
        options_(options),
        stub_(debuggee, [&listener](std::string_view data) { listener.send(data); }, {options.report_exit}),
        runs_(debuggee.live() && !options.freeze) {}

  core::Result<Outcome> run() {
    while (!over_) {
      const bool alone = !connected_ && runs_;
      const auto word = listener_.next(alone ? std::chrono::milliseconds(0) : kLookPeriod);
      if (word) {
        take(*word);
      } else if (alone) {
        if (auto done = go_on(); !done) return done.error();
      }
      look_outside();
    }
    listener_.hang_up();
    return *over_;
  }

 private:
  // Nobody looks on.
  core::Result<> go_on() {
    auto stop = debuggee_.run();
    if (!stop) return stop.error();
    if (stop->kind == debugger::Stop::Kind::kEnd) over_ = debuggee_.outcome();
    return core::Ok{};
  }

  void take(const Word& word) {
    switch (word.kind) {
      case Word::Kind::kPacket: return obey(word.data);
      // It interrupted what went on, or came when nothing did.
      case Word::Kind::kInterrupt: return debuggee_.forget_interrupt();
      case Word::Kind::kConnected:
        debuggee_.forget_interrupt();
        connected_ = true;
        return stub_.begin();
      case Word::Kind::kGone:
        debuggee_.forget_interrupt();
        if (connected_) leave(runs_ || stub_.went_on());
        return;
    }
  }

  void leave(bool runs) {
    connected_ = false;
    stub_.end();
    runs_ = debuggee_.live() && runs;
    if (debuggee_.live() && stub_.told_end()) over_ = stub_.told_end();
  }

  void obey(const std::string& packet) {
    if (listener_.wants_stop()) debuggee_.interrupt();
    stub_.handle(packet);
    switch (stub_.wish()) {
      case Stub::Wish::kNone: break;
      case Stub::Wish::kDetach: return leave(true);
      case Stub::Wish::kKill: over_ = Outcome{Kind::kQuit, 0, "Ended by gdb."}; return;
      case Stub::Wish::kExit: over_ = stub_.told_end() ? *stub_.told_end() : Outcome{Kind::kBroken, 0, "The run cannot be gone on with."}; return;
    }
    // Not the guest's end, but the program's.
    const auto end = stub_.told_end();
    if (debuggee_.live() && end && (end->kind == Kind::kQuit || end->kind == Kind::kSignal || end->kind == Kind::kOutputGone)) over_ = end;
  }

  void look_outside() {
    if (over_) return;
    if (const int signal = StopSignals::received())
      over_ = Outcome{Kind::kSignal, static_cast<unsigned>(signal), fmt::format("Ended by {}.", strsignal(signal))};
    else if (debuggee_.session() && debuggee_.session()->quit_wanted())
      over_ = Outcome{Kind::kQuit, 0, "Quit by Ctrl-A x."};
  }

  Debuggee& debuggee_;
  Listener& listener_;
  const ServerOptions& options_;
  Stub stub_;
  bool connected_ = false;
  bool runs_;  // when nobody is connected
  std::optional<Outcome> over_;
};

}  // namespace

core::Result<Outcome> serve(Debuggee& debuggee, const ServerOptions& options) {
  auto address = parse_address(options.address);
  if (!address) return core::error(core::ErrorKind::kUsage, "--gdb={}: {}.", options.address, address.error().message);
  Wake wake;
  const StopSignals signals(wake);  // until the session has its own
  auto listener = Listener::open(*address, [&debuggee] { debuggee.interrupt(); });
  if (!listener) return listener.error();
  const bool any_port = address->path.empty() && address->port == 0;
  if (options.tell || any_port) std::fprintf(stderr, "gdb: %s\n", (*listener)->name().c_str());
  return Server(debuggee, **listener, options).run();
}

core::Result<Outcome> run(Debuggee& debuggee, ServerOptions options) {
  const RunOptions& run = debuggee.options();
  options.address = run.gdb.value_or("");
  options.freeze = run.freeze;
  auto outcome = serve(debuggee, options);
  if (!outcome) return outcome;
  return debuggee.finish(std::move(*outcome));
}

}  // namespace vitrine::app::gdb
