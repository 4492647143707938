// SPDX-License-Identifier: MIT
// The ground of tests of sessions: a small machine, a screen that can be read, standard inputs to give. Next:
// session_test.cpp (ends), session_input_test.cpp (input and time).
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/session.h"
#include "tests/app/bare_machine.h"
#include "tests/app/guests.h"

namespace vitrine::app {

using test::Words;
using test::operator+;
using Kind = Outcome::Kind;

// A memory file: a place for what a guest prints.
class Screen {
 public:
  Screen() : fd_(memfd_create("screen", MFD_CLOEXEC)) {}
  ~Screen() { close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string text() const {
    std::string text(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), 0);
    EXPECT_EQ(pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  int fd_;
};

// Something else as standard input, for as long as this lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : saved_(dup(STDIN_FILENO)) { dup2(fd, STDIN_FILENO); }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  void write(const std::string& text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), ssize_t(text.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
  }
  [[nodiscard]] int writer() const { return ends_[1]; }

 private:
  int ends_[2];
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() : config(test::bare_machine("test", {})) {
    options = test::silent_run();
    options.console = screen.fd();
    options.max_seconds = 600;  // of the test itself: no guest of ours takes that long, on a busy machine either
  }

  std::unique_ptr<Session> make(const Words& words) {
    image_ = test::raw_image(words);
    config.kernel_bytes = image_;
    auto session = Session::create(config, options);
    EXPECT_TRUE(session.ok()) << (session.ok() ? "" : session.error().message);
    return std::move(*session);
  }
  Outcome run(const Words& words) {
    session = make(words);
    return session->run();
  }

  MachineConfig config;
  RunOptions options;
  Screen screen;
  std::unique_ptr<Session> session;

 private:
  std::vector<std::byte> image_;
};

}  // namespace vitrine::app
