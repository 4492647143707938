// SPDX-License-Identifier: MIT
// The reading thread, and the sender.
#include "app/debug/dap_channel.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "app/debug/dap_messages.h"

namespace vitrine::app::dap {
namespace {

constexpr size_t kMostWaiting = 1000;  // messages that are read ahead

bool is_urgent(const Json& message) {
  if (!message.is_object()) return false;
  const auto command = message.find("command");
  if (command == message.end() || !command->is_string()) return false;
  const std::string& name = command->get_ref<const std::string&>();
  return name == "pause" || name == "disconnect" || name == "terminate";
}

}  // namespace

Channel::Channel(int in, int out) : in_(in), out_(out), stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_ < 0) throw std::system_error(errno, std::generic_category(), "an event descriptor");
  // Signals are for the machine's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { read_all(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Channel::~Channel() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  room_.notify_all();
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(stop_, &one, sizeof one);
  thread_.join();
  close(stop_);
}

void Channel::read_all() {
  MessageReader reader;
  std::array<char, 65536> buffer;
  while (true) {
    std::array<pollfd, 2> wanted = {{{stop_, POLLIN, 0}, {in_, POLLIN, 0}}};
    if (poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) break;
    if (wanted[0].revents) return;
    if (!wanted[1].revents) continue;
    const ssize_t got = read(in_, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    reader.put({buffer.data(), static_cast<size_t>(got)});
    while (auto json = reader.next()) push({core::parse_json(*json), false, {}});
    if (!reader.problem().empty()) break;
  }
  push({{}, true, reader.problem()});
}

void Channel::push(Word word) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return over_ || words_.size() < kMostWaiting; });
  if (interrupts(word) && interrupt_) interrupt_();
  words_.push_back(std::move(word));
  came_.notify_one();
}

bool Channel::interrupts(const Word& word) const {
  if (listens_ == Listens::kToNone) return false;
  return listens_ == Listens::kToAll || word.end || is_urgent(word.message);
}

void Channel::interrupt_by(Listens listens, std::function<void()> interrupt) {
  const std::lock_guard lock(mutex_);
  listens_ = listens;
  interrupt_ = std::move(interrupt);
  if (interrupt_ && std::any_of(words_.begin(), words_.end(), [this](const Word& word) { return interrupts(word); })) interrupt_();
}

Channel::Word Channel::next() {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return !words_.empty(); });
  Word word = words_.front();
  if (!word.end) words_.pop_front();
  room_.notify_one();
  return word;
}

bool Channel::waits() {
  const std::lock_guard lock(mutex_);
  return !words_.empty();
}

std::optional<Channel::Word> Channel::take() {
  if (!waits()) return std::nullopt;
  return next();
}

// Bytes that are no UTF-8 come as U+FFFD.
void Channel::send(Json message) {
  const std::lock_guard lock(sending_);
  message["seq"] = ++sent_;
  const std::string bytes = framed(message.dump(-1, ' ', false, Json::error_handler_t::replace));
  for (size_t done = 0; done < bytes.size() && !gone_;) {
    const ssize_t written = write(out_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    gone_ = written <= 0;
    if (!gone_) done += static_cast<size_t>(written);
  }
}

void Channel::event(std::string_view name, Json body) {
  send({{"type", "event"}, {"event", std::string(name)}, {"body", std::move(body)}});
}

}  // namespace vitrine::app::dap
