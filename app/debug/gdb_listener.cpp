// SPDX-License-Identifier: MIT
// gdb's socket.
#include "app/debug/gdb_listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "app/terminal.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::gdb {

using core::ErrorKind;

namespace {

constexpr int kLookPeriod = 50;  // milliseconds between two looks at signals
constexpr timeval kSendTimeout{10, 0};

core::Error host_error(const std::string& name, const char* what) {
  return core::error(ErrorKind::kHost, "gdb cannot connect to {}: {}: {}.", core::printable(name), what, strerror(errno));
}

}  // namespace

core::Result<Address> parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:", kTcp = "tcp:";
  Address address;
  if (text.empty()) return address;
  if (text.starts_with(kUnix)) {
    address.path = text.substr(kUnix.size());
    if (address.path.empty() || address.path.size() >= sizeof(sockaddr_un::sun_path))
      return core::error(ErrorKind::kUsage, "a Unix socket's path has 1 to {} bytes", sizeof(sockaddr_un::sun_path) - 1);
    return address;
  }
  if (text.starts_with(kTcp)) text.remove_prefix(kTcp.size());
  const size_t colon = text.rfind(':');
  const std::string_view host = colon == text.npos ? "" : text.substr(0, colon);
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 0xffff)
    return core::error(ErrorKind::kUsage, "not an address; they look like tcp:127.0.0.1:1234, :1234 or unix:PATH, and port 0 is any that is free");
  if (!host.empty()) address.host = host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  address.port = static_cast<uint16_t>(*port);
  return address;
}

core::Result<std::unique_ptr<Listener>> Listener::open(const Address& address, std::function<void()> wanted) {
  std::unique_ptr<Listener> it(new Listener);
  it->wanted_ = std::move(wanted);
  if (auto done = address.path.empty() ? it->listen_tcp(address) : it->listen_unix(address); !done) return done.error();
  it->stop_ = eventfd(0, EFD_CLOEXEC);
  if (it->stop_ < 0 || listen(it->listening_, 4) != 0) return host_error(it->name_, "it cannot be listened to");
  it->thread_ = std::thread([listener = it.get()] { listener->serve(); });
  return it;
}

core::Result<> Listener::listen_tcp(const Address& address) {
  name_ = fmt::format("{}:{}", address.host, address.port);
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  if (const int problem = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found); problem != 0)
    return core::error(ErrorKind::kMissing, "gdb cannot connect to {}: {}.", core::printable(name_), gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  listening_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (listening_ >= 0) setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listening_ < 0 || bind(listening_, found->ai_addr, found->ai_addrlen) != 0) return host_error(name_, "it cannot be had");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (getsockname(listening_, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
      getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
    name_ = bound.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host.data(), port.data()) : fmt::format("{}:{}", host.data(), port.data());
  return core::Ok{};
}

// What a program that is gone left behind is replaced, and nothing else.
core::Result<> Listener::listen_unix(const Address& address) {
  name_ = "unix:" + address.path;
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, address.path.data(), address.path.size());
  listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto bound = [&] { return bind(listening_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0; };
  if (listening_ < 0) return host_error(name_, "it cannot be had");
  if (!bound()) {
    struct stat info {};
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool left = lstat(address.path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && probe >= 0 &&
                      connect(probe, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 && errno == ECONNREFUSED;
    if (probe >= 0) close(probe);
    errno = EADDRINUSE;
    if (!left || unlink(address.path.c_str()) != 0 || !bound()) return host_error(name_, "it cannot be had");
  }
  path_ = address.path;
  return core::Ok{};
}

Listener::~Listener() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = write(stop_, &one, sizeof one);
    thread_.join();
  }
  for (const int fd : {client_.load(), listening_, stop_})
    if (fd >= 0) close(fd);
  if (!path_.empty()) unlink(path_.c_str());
}

void Listener::serve() {
  while (true) {
    std::array<pollfd, 3> fds = {{{stop_, POLLIN, 0}, {listening_, POLLIN, 0}, {is_full() ? -1 : client_.load(), POLLIN, 0}}};
    poll(fds.data(), fds.size(), kLookPeriod);
    if (fds[0].revents != 0) return;
    if (StopSignals::received() != 0) wanted_();
    // First whoever is there: it may have gone before the other one came.
    if (fds[2].fd >= 0 && fds[2].revents != 0)
      read_client();
    else if (fds[1].revents != 0)
      greet();
  }
}

void Listener::greet() {
  const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  if (client_.load() >= 0) return refuse(fd);
  reader_ = PacketReader();
  acknowledges_ = true;
  {
    const std::lock_guard lock(sending_);
    last_sent_.clear();
    client_ = fd;
    ++clients_;
  }
  push({Word::Kind::kConnected, {}});
}

// gdb shows what its first packet is answered with, if the connection stays until it has read that.
void Listener::refuse(int fd) {
  constexpr int kPatience = 500;  // milliseconds
  std::array<char, 4096> bytes;
  const auto receive = [&] {
    pollfd waiting{fd, POLLIN, 0};
    return poll(&waiting, 1, kPatience) > 0 ? recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT) : 0;
  };
  for (ssize_t got = receive(); got > 0 && std::memchr(bytes.data(), '#', static_cast<size_t>(got)) == nullptr;) got = receive();
  const std::string answer = "+" + framed("E.another gdb is connected to this run; one at a time");
  [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  for (unsigned packets = 0; packets < 8 && receive() > 0;) ++packets;
  close(fd);
}

void Listener::read_client() {
  std::array<char, 16384> bytes;
  const ssize_t got = recv(client_.load(), bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) return drop_client();
  reader_.put({bytes.data(), static_cast<size_t>(got)});
  while (const auto item = reader_.next()) take(*item);
}

// Acknowledgements go out from here, so that they come before any answer.
void Listener::take(const Item& item) {
  const std::lock_guard lock(sending_);
  const auto acknowledge = [&](std::string_view sign) {
    if (acknowledges_) write_all(client_.load(), sign);
  };
  switch (item.kind) {
    case Item::Kind::kAgain:
      if (acknowledges_) write_all(client_.load(), last_sent_);
      return;
    case Item::Kind::kDamaged: return acknowledge("-");
    case Item::Kind::kInterrupt: return push({Word::Kind::kInterrupt, {}});
    case Item::Kind::kPacket:
      acknowledge("+");
      if (item.data == "QStartNoAckMode") acknowledges_ = false;
      return push({Word::Kind::kPacket, item.data});
  }
}

// Whoever has taken such a word can forget its interrupt: it is not one that comes later.
void Listener::push(Word word) {
  {
    const std::lock_guard lock(mutex_);
    if (word.kind != Word::Kind::kPacket) wanted_();
    word.client = clients_;
    words_.push_back(std::move(word));
  }
  came_.notify_one();
}

void Listener::drop_client() {
  {
    const std::lock_guard lock(sending_);
    const int fd = client_.exchange(-1);
    if (fd >= 0) close(fd);
  }
  push({Word::Kind::kGone, {}});
}

std::optional<Listener::Word> Listener::next(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  if (!came_.wait_for(lock, wait, [this] { return !words_.empty(); })) return std::nullopt;
  Word word = std::move(words_.front());
  words_.pop_front();
  served_ = word.client;
  return word;
}

// Nobody sends so many without waiting for an answer.
bool Listener::is_full() {
  constexpr size_t kMost = 1000;
  const std::lock_guard lock(mutex_);
  return words_.size() >= kMost;
}

bool Listener::wants_stop() {
  const std::lock_guard lock(mutex_);
  return std::any_of(words_.begin(), words_.end(), [](const Word& word) { return word.kind != Word::Kind::kPacket; });
}

bool Listener::write_all(int fd, std::string_view bytes) {
  while (fd >= 0 && !bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      shutdown(fd, SHUT_RDWR);  // the thread sees its end
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void Listener::send(std::string_view data) {
  const std::lock_guard lock(sending_);
  if (served_ != clients_) return;
  last_sent_ = framed(data);
  write_all(client_.load(), last_sent_);
}

void Listener::hang_up() {
  const std::lock_guard lock(sending_);
  if (client_.load() >= 0) shutdown(client_.load(), SHUT_WR);
}

}  // namespace vitrine::app::gdb
