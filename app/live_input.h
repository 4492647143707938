// SPDX-License-Identifier: MIT
// Live console input: a thread that reads a terminal or a pipe and keeps what came until the machine's thread
// takes it between two turns. On a terminal some keys are ours (KeyFilter). Next to read: core/input.h, where
// bytes enter the machine.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "app/wake.h"

namespace vitrine::app {

// Ctrl-A and the key after it: x quits, h helps, c is the debugger's, a second Ctrl-A is sent as one.
class KeyFilter {
 public:
  enum Command : unsigned { kNone = 0, kQuit = 1, kHelp = 2, kDebugger = 4 };
  static constexpr char kEscape = 1;

  // What is left for the guest of some bytes; commands() has what was asked for. Ctrl-A may be the last byte
  // of one call and its key the first of the next.
  std::string filter(std::string_view bytes);
  unsigned take_commands() { return std::exchange(commands_, kNone); }

 private:
  bool escaped_ = false;
  unsigned commands_ = kNone;
};

class LiveInput {
 public:
  // The thread runs until the input ends or this is destroyed. `wake` is rung when there is something to
  // take.
  LiveInput(int fd, bool keys, Wake& wake);
  ~LiveInput();
  LiveInput(const LiveInput&) = delete;
  LiveInput& operator=(const LiveInput&) = delete;

  // Everything that came since the last call.
  std::string take_bytes();
  unsigned take_commands() { return commands_.exchange(KeyFilter::kNone); }
  // Nothing will come any more, once what is here has been taken.
  [[nodiscard]] bool ended() const { return ended_.load(); }
  // The input ended because its terminal went away.
  [[nodiscard]] bool hung_up() const { return hung_up_.load(); }

 private:
  // What is read ahead of the machine; then the pipe fills up and its writer waits. A terminal's bytes are
  // dropped then: its keys must work however much was pasted.
  static constexpr size_t kReadAhead = 64 << 10;

  void read_all();
  bool wait_for_bytes();
  bool read_some();

  const int fd_;
  const bool keys_;
  const bool terminal_;
  Wake& wake_;
  int stop_fd_;
  KeyFilter filter_;
  std::mutex mutex_;
  std::string bytes_;
  std::atomic<unsigned> commands_{KeyFilter::kNone};
  std::atomic<bool> ended_{false};
  std::atomic<bool> hung_up_{false};
  std::thread thread_;
};

}  // namespace vitrine::app
