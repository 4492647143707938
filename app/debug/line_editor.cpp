// SPDX-License-Identifier: MIT
// libedit, loaded on demand: its header says what the functions look like, dlsym says where they are.
#include "app/debug/line_editor.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <histedit.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cwchar>
#include <iostream>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace vitrine::app::debug {

// --- Signals while a line is typed

namespace {

// What is allocated meanwhile is not reported as leaked.
struct LibraryLeak {
#ifdef __SANITIZE_ADDRESS__
  LibraryLeak() { __lsan_disable(); }
  ~LibraryLeak() { __lsan_enable(); }
#else
  ~LibraryLeak() {}
#endif
};

constexpr std::array kSignals = {SIGINT, SIGWINCH, SIGCONT, SIGTERM};
std::atomic<unsigned> came{0};  // a bit for each of kSignals
std::atomic<int> bell{-1};

void note_signal(int signal) {
  const int saved = errno;  // a signal handler must not change it
  for (unsigned i = 0; i < kSignals.size(); ++i)
    if (kSignals[i] == signal) came |= 1u << i;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(bell, &one, sizeof one);
  errno = saved;
}

// They ring, as long as this lives.
class Signals {
 public:
  Signals() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    came = 0;
    bell = fd_;
    struct sigaction action{};
    action.sa_handler = note_signal;
    for (unsigned i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~Signals() {
    for (unsigned i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
    bell = -1;
    close(fd_);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Sleeps until there is a byte of standard input (or its end) or one of them came, which it returns, or 0.
  int wait() {
    while (true) {
      if (const int signal = take()) return signal;
      std::array<pollfd, 2> wanted = {pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{fd_, POLLIN, 0}};
      if (poll(wanted.data(), wanted.size(), -1) > 0 && wanted[1].revents == 0) return 0;
      uint64_t count;
      [[maybe_unused]] const auto taken = ::read(fd_, &count, sizeof count);
    }
  }

 private:
  static int take() {
    for (unsigned i = 0; i < kSignals.size(); ++i)
      if (came.fetch_and(~(1u << i)) >> i & 1) return kSignals[i];
    return 0;
  }
  int fd_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

// Words in columns, as `ls` shows them.
std::string in_columns(const std::vector<std::string>& words) {
  constexpr size_t kMost = 200;
  winsize size{};
  const size_t width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const size_t shown = std::min(words.size(), kMost);
  size_t longest = 0;
  for (size_t i = 0; i < shown; ++i) longest = std::max(longest, words[i].size());
  const size_t columns = std::max<size_t>(1, width / (longest + 2)), rows = (shown + columns - 1) / columns;
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    std::string line;
    for (size_t i = row; i < shown; i += rows) line += fmt::format("{:<{}}", words[i], longest + 2);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return shown < words.size() ? text + fmt::format("and {} more\n", words.size() - shown) : text;
}

}  // namespace

// --- libedit

class LineEditor::Editor {
 public:
  static std::unique_ptr<Editor> open(TypedLines& lines, Complete complete) {
    std::unique_ptr<Editor> it(new Editor(lines, std::move(complete)));
    return it->begin() ? std::move(it) : nullptr;
  }
  ~Editor() {
    if (history_) history_end_(history_);
    if (el_) el_end_(el_);
  }

  std::optional<std::string> read(const std::string& prompt) {
    prompt_ = prompt;
    Signals signals;
    signals_ = &signals;
    reading_ = this;
    while (true) {
      int count = 0;
      left_ = false;
      el_set_(el_, EL_PREP_TERM, 1);  // or the prompt would be seen before keys are taken one by one
      const char* const line = el_gets_(el_, &count);
      if (left_) {
        std::fputs("^C\n", stdout);
        continue;
      }
      if (!line || count <= 0) return std::nullopt;
      std::string text(line, static_cast<size_t>(count));
      while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
      remember(text);
      return text;
    }
  }

 private:
  Editor(TypedLines& lines, Complete complete) : lines_(lines), complete_(std::move(complete)) {}

  template <typename F>
  bool find(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library_, name));
    return function != nullptr;
  }
  bool begin() {
    library_ = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);  // stays: it may be a terminal's keeper until the end
    if (!library_ || !find(el_init_, "el_init") || !find(el_end_, "el_end") || !find(el_set_, "el_set") ||
        !find(el_gets_, "el_gets") || !find(el_line_, "el_line") || !find(el_insertstr_, "el_insertstr") || !find(el_resize_, "el_resize") ||
        !find(history_init_, "history_init") || !find(history_end_, "history_end") || !find(history_call_, "history"))
      return false;
    std::setlocale(LC_CTYPE, "C.UTF-8");
    el_ = el_init_("vitrine", stdin, stdout, stderr);
    history_ = history_init_();
    if (!el_ || !history_) return false;
    HistEvent event;
    history_call_(history_, &event, H_SETSIZE, 1000);
    for (const std::string& line : lines_.lines()) history_call_(history_, &event, H_ENTER, line.c_str());
    el_set_(el_, EL_PROMPT, prompt_of);
    el_set_(el_, EL_GETCFN, read_key_of);
    el_set_(el_, EL_HIST, history_call_, history_);
    el_set_(el_, EL_EDITOR, "emacs");
    {
      const LibraryLeak leak;  // it copies both texts and never frees them
      el_set_(el_, EL_ADDFN, "complete", "completes a word", complete_word_of);
    }
    el_set_(el_, EL_BIND, "^I", "complete", nullptr);
    el_set_(el_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    return true;
  }

  void remember(const std::string& line) {
    if (line.empty() || (!lines_.lines().empty() && lines_.lines().back() == line)) return;
    HistEvent event;
    history_call_(history_, &event, H_ENTER, line.c_str());
    lines_.add(line);
  }

  // There is one terminal, and one line that is typed.
  static const char* prompt_of(EditLine*) { return reading_->prompt_.c_str(); }
  static int read_key_of(EditLine*, wchar_t* key) { return reading_->read_key(*key); }
  static unsigned char complete_word_of(EditLine*, int) { return reading_->complete_word(); }

  // As libedit wants it: 1, or 0 at the end of the input, or -1: the line is given up.
  int read_key(wchar_t& key) {
    while (true) {
      switch (signals_->wait()) {
        case 0: break;
        case SIGINT: left_ = true; return -1;
        case SIGWINCH: el_resize_(el_); continue;
        case SIGCONT:  // a shell has set the terminal meanwhile
          el_set_(el_, EL_PREP_TERM, 0);
          el_set_(el_, EL_PREP_TERM, 1);
          el_set_(el_, EL_REFRESH);
          continue;
        case SIGTERM:
          el_set_(el_, EL_PREP_TERM, 0);
          std::signal(SIGTERM, SIG_DFL);
          raise(SIGTERM);
          continue;
      }
      char byte = 0;
      const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return 0;
      const size_t used = std::mbrtowc(&key, &byte, 1, &bytes_);
      if (used == static_cast<size_t>(-1)) bytes_ = {};
      if (used <= 1) return 1;
    }
  }

  unsigned char complete_word() {
    const LineInfo* const line = el_line_(el_);
    const std::string typed(line->buffer, line->cursor);
    const Completion found = complete_(typed);
    if (found.candidates.empty()) return CC_ERROR;
    std::string more = found.common().substr(typed.size() - found.begin);
    if (found.final()) more += ' ';
    if (!more.empty()) return el_insertstr_(el_, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    std::fputs(("\n" + in_columns(found.candidates)).c_str(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  TypedLines& lines_;
  Complete complete_;
  std::string prompt_;
  inline static Editor* reading_ = nullptr;
  Signals* signals_ = nullptr;
  std::mbstate_t bytes_{};
  bool left_ = false;
  void* library_ = nullptr;
  EditLine* el_ = nullptr;
  ::History* history_ = nullptr;
  decltype(&el_init) el_init_ = nullptr;
  decltype(&el_end) el_end_ = nullptr;
  decltype(&el_set) el_set_ = nullptr;
  decltype(&el_gets) el_gets_ = nullptr;
  decltype(&el_line) el_line_ = nullptr;
  decltype(&el_insertstr) el_insertstr_ = nullptr;
  decltype(&el_resize) el_resize_ = nullptr;
  decltype(&history_init) history_init_ = nullptr;
  decltype(&history_end) history_end_ = nullptr;
  decltype(&::history) history_call_ = nullptr;
};

LineEditor::LineEditor(TypedLines& lines, Complete complete) : editor_(Editor::open(lines, std::move(complete))) {}
LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  if (editor_) return editor_->read(prompt);
  std::fputs(prompt.c_str(), stdout);
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace vitrine::app::debug
