// SPDX-License-Identifier: MIT
// The way to the client and back: a thread reads messages while the machine moves, so that some can interrupt it; whoever has
// something to say sends it, from any thread. Bytes: dap_messages.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/json.h"

namespace vitrine::app::dap {

using Json = nlohmann::json;

class Channel {
 public:
  // The descriptors stay the caller's.
  Channel(int in, int out);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // What came: a message, which may be no JSON (is_discarded()); or the stream's end, which stays, and why.
  struct Word {
    Json message;
    bool end = false;
    std::string problem;
  };
  // Waits for the next one.
  Word next();
  [[nodiscard]] bool waits();  // one is there
  // The next one if it is there.
  std::optional<Word> take();

  // Which messages stop a motion by calling `interrupt`, from now on. What is there already counts, too.
  enum class Listens : uint8_t { kToNone, kToUrgent, kToAll };  // urgent: pause, the session's end, the stream's end
  void interrupt_by(Listens listens, std::function<void()> interrupt);

  // Gives it its number. Once the client takes nothing any more, nothing is sent.
  void send(Json message);
  void event(std::string_view name, Json body);

 private:
  void read_all();
  void push(Word word);
  [[nodiscard]] bool interrupts(const Word& word) const;

  const int in_, out_;
  int stop_;
  std::mutex mutex_;
  std::condition_variable came_, room_;
  std::deque<Word> words_;
  bool over_ = false;
  Listens listens_ = Listens::kToNone;
  std::function<void()> interrupt_;
  std::mutex sending_;
  int64_t sent_ = 0;
  bool gone_ = false;
  std::thread thread_;
};

}  // namespace vitrine::app::dap
