// SPDX-License-Identifier: MIT
// Where gdb connects: a socket, and a thread that reads it. One client at a time; a second one is told why not. Packets wait here
// until the machine's thread takes them; Ctrl-C reaches the machine at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/debug/gdb_packets.h"
#include "core/result.h"

namespace vitrine::app::gdb {

struct Address {
  std::string path;  // of a Unix socket; empty: TCP
  std::string host = "127.0.0.1";
  uint16_t port = 1234;  // 0: any that is free
};
// "tcp:HOST:PORT", "HOST:PORT", ":PORT", "PORT", "unix:PATH"; the empty text is the default. Without a host it is this machine's
// own address, which others cannot reach. The error says what is wrong, without the option's name.
core::Result<Address> parse_address(std::string_view text);

class Listener {
 public:
  // From now on clients can connect. `wanted` is called by the thread whenever there is something to take while the machine may be
  // moving: a client, its end, Ctrl-C, a signal that ends the program.
  static core::Result<std::unique_ptr<Listener>> open(const Address& address, std::function<void()> wanted);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "127.0.0.1:1234", "unix:PATH".
  [[nodiscard]] const std::string& name() const { return name_; }

  struct Word {
    enum class Kind : uint8_t { kConnected, kPacket, kInterrupt, kGone } kind;
    std::string data;     // of kPacket
    unsigned client = 0;  // counted
  };
  // The next of them, in order; nothing came until then.
  std::optional<Word> next(std::chrono::milliseconds wait);
  // Something interrupts the motion that is about to begin.
  [[nodiscard]] bool wants_stop();
  // To the client of the last word, unless it is gone.
  void send(std::string_view data);
  // Once everything was sent, the client's connection ends.
  void hang_up();

 private:
  Listener() = default;
  core::Result<> listen_tcp(const Address& address);
  core::Result<> listen_unix(const Address& address);
  void serve();
  void greet();
  void read_client();
  void take(const Item& item);
  void push(Word word);
  [[nodiscard]] bool is_full();
  void drop_client();
  bool write_all(int fd, std::string_view bytes);
  static void refuse(int fd);

  std::string name_, path_;
  int listening_ = -1, stop_ = -1;
  std::atomic<int> client_{-1};
  std::function<void()> wanted_;
  PacketReader reader_;        // the thread's
  bool acknowledges_ = true;   // the thread's
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Word> words_;
  unsigned served_ = 0;  // which client the last word was of
  std::mutex sending_;
  std::string last_sent_;
  unsigned clients_ = 0;
  std::thread thread_;
};

}  // namespace vitrine::app::gdb
