// SPDX-License-Identifier: MIT
// Writing kept runs. Reading them: kept_run_reader.cpp.
#include "app/kept_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>

#include "app/identity.h"
#include "app/kept_line.h"

namespace vitrine::app {
namespace {

bool make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    if (mkdir(path.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) return false;
  return true;
}

std::string record_text(const KeptRecord& record) {
  const KeptKey& key = record.key;
  std::string text =
      fmt::format("{} {} {} {} {}", record.idle ? 'i' : 'p', key.step, key.ticks, key.events, key.turn);
  if (!record.bytes.empty()) text += " b " + kept::escaped(record.bytes);
  if (record.moved_to) text += fmt::format(" m {}", *record.moved_to);
  if (record.stop) text += " s";
  return text;
}

}  // namespace

std::string last_run_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state && *state == '/') return fmt::format("{}/vitrine/last.run", state);
  return home && *home == '/' ? fmt::format("{}/.local/state/vitrine/last.run", home) : "";
}

KeptRunWriter::KeptRunWriter(const std::string& path, const KeptHeader& header) {
  open_file(path);
  write_header(header);
  put_out();
  if (fd_ >= 0 && rename(temporary_.c_str(), path.c_str()) != 0) give_up("it cannot be put in its place");
  if (fd_ < 0 && !temporary_.empty()) unlink(temporary_.c_str());
}

void KeptRunWriter::open_file(const std::string& path) {
  if (path == last_run_path() && !make_folders(path)) return give_up("its folder cannot be made");
  // Only a file of its own is replaced: what a link or a device leads to is left alone.
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    errno = EINVAL;
    return give_up("something else than a file is there");
  }
  std::string temporary = path + ".XXXXXX";
  fd_ = mkostemp(temporary.data(), O_CLOEXEC | O_APPEND);
  if (fd_ < 0) return give_up("it cannot be made");
  temporary_ = std::move(temporary);
}

KeptRunWriter::~KeptRunWriter() {
  if (fd_ >= 0) close(fd_);
}

void KeptRunWriter::write_header(const KeptHeader& header) {
  const auto field = [this](std::string_view name, std::string_view value) {
    line(fmt::format("{} {}", name, kept::escaped(value)));
  };
  line(fmt::format("{} {}", kept::kMagic, kept::kFormat));
  field("version", header.version);
  field("verb", header.words.qemu ? "qemu" : "run");
  field("program", header.words.program);
  for (const std::string& word : header.words.words) field("word", word);
  field("environment", header.words.environment);
  field("folder", header.folder);
  line(fmt::format("date {}", header.date));
  field("clock", clock_name(header.clock));
  field("identity", header.identity);
  using Input = KeptHeader::Input;
  if (header.input_kind == Input::kFile) field("input", header.input);
  if (header.input_kind == Input::kTooLong) line("long-input");
  line("begin");
}

void KeptRunWriter::line(std::string_view text) {
  hash_ = kept::line_hash(text, hash_);
  pending_ += fmt::format("{:08x} {}\n", static_cast<uint32_t>(hash_), text);
}

void KeptRunWriter::put_out() {
  for (size_t done = 0; done < pending_.size() && fd_ >= 0;) {
    const ssize_t wrote = write(fd_, pending_.data() + done, pending_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return give_up("it cannot be written");
    done += static_cast<size_t>(wrote);
  }
  pending_.clear();
}

void KeptRunWriter::give_up(const char* what) {
  problem_ = fmt::format("{}: {}", what, strerror(errno));
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void KeptRunWriter::record(const KeptRecord& record) {
  if (fd_ < 0 || full_) return;
  const std::string text = record_text(record);
  size_ += text.size();
  full_ = size_ > kMaxKeptRecords;
  line(full_ ? fmt::format("full {}", record.key.step) : text);
  put_out();
}

void KeptRunWriter::reached(core::Step step) {
  if (fd_ < 0 || full_) return;
  const std::string text = fmt::format("at {}", step);
  size_ += text.size();
  line(text);
  put_out();
}

void KeptRunWriter::end(core::Step step, const Outcome& outcome) {
  if (fd_ < 0 || full_) return;
  line(fmt::format("end {} {} {} {}", step, static_cast<int>(outcome.kind), outcome.code,
                   kept::escaped(outcome.words)));
  put_out();
}

}  // namespace vitrine::app
