// SPDX-License-Identifier: MIT
// Writing kept runs. Reading them: kept_run_reader.cpp.
#include "app/kept_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "app/kept_header.h"
#include "app/kept_line.h"
#include "app/state_folder.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

std::string record_text(const KeptRecord& record) {
  const KeptKey& key = record.key;
  std::string text =
      fmt::format("{} {} {} {} {}", record.idle ? 'i' : 'p', key.step, key.ticks, key.events, key.turn);
  if (!record.bytes.empty()) text += " b " + kept::escaped(record.bytes);
  if (record.moved_to) text += fmt::format(" m {}", *record.moved_to);
  if (record.stop) text += " s";
  if (record.poke && record.poke->memory) text += fmt::format(" w {} {}", record.poke->at.value, kept::escaped(record.poke->bytes));
  if (record.poke && !record.poke->memory)
    text += fmt::format(" r {} {} {}", record.poke->hart, record.poke->number, record.poke->value);
  return text;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

std::string packed(std::span<const uint8_t> bytes) {
  std::string text(ZSTD_compressBound(bytes.size()), '\0');
  text.resize(ZSTD_compress(text.data(), text.size(), bytes.data(), bytes.size(), 1));
  return text;
}

}  // namespace

std::string last_run_path() { return state_file("last.run"); }

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
  line(fmt::format("{} {}", kept::kMagic, kept::kFormat));
  for (const std::string& text : kept::header_lines(header)) line(text);
  line("begin");
}

void KeptRunWriter::line(std::string_view text) {
  hash_ = kept::line_hash(text, hash_);
  pending_ += fmt::format("{:08x} {}\n", static_cast<uint32_t>(hash_), text);
}

void KeptRunWriter::put_out() {
  if (fd_ >= 0 && !write_all(fd_, pending_)) return give_up("it cannot be written");
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
  if (size_ > kMaxKeptRecords) return end_of_knowledge(record.key.step);
  line(text);
  put_out();
}

void KeptRunWriter::reached(core::Step step) {
  if (fd_ < 0 || full_) return;
  const std::string text = fmt::format("at {}", step);
  size_ += text.size();
  line(text);
  put_out();
}

// What is read may be lost with a run that is killed: it is not known then that it came so far.
void KeptRunWriter::disk_read(unsigned disk, uint64_t first, std::span<const uint64_t> hashes) {
  if (!open()) return;
  std::string text = fmt::format("r {} {}", disk, first);
  for (const uint64_t hash : hashes) text += fmt::format(" {:x}", hash);
  disk_size_ += text.size();
  line(text);
  if (pending_.size() > 64 << 10) put_out();
}

bool KeptRunWriter::disk_overwritten(unsigned disk, uint64_t first, std::span<const uint8_t> bytes) {
  const uint64_t count = (bytes.size() + kKeptBlock - 1) / kKeptBlock;
  const bool zero = std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
  std::string text = fmt::format("{} {} {} {}", zero ? 'z' : 'w', disk, first, count);
  if (!zero) text += " " + kept::base64(packed(bytes));
  if (!open() || disk_size_ + text.size() > kMaxKeptDisks) return false;
  disk_size_ += text.size();
  line(text);
  put_out();
  return fd_ >= 0;
}

void KeptRunWriter::end_of_knowledge(core::Step step) {
  if (!open()) return;
  full_ = true;
  line(fmt::format("full {}", step));
  put_out();
}

void KeptRunWriter::end(core::Step step, const Outcome& outcome, std::optional<uint64_t> state_hash) {
  if (fd_ < 0 || full_) return;
  if (state_hash) line(fmt::format("hash {:016x}", *state_hash));
  line(fmt::format("end {} {} {} {}", step, static_cast<int>(outcome.kind), outcome.code,
                   kept::escaped(outcome.words)));
  put_out();
}

core::Result<> pack_recording(const std::string& path) {
  auto bytes = core::read_file(path, kMaxKeptFile);
  if (!bytes) return bytes.error();
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 6);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string text(ZSTD_compressBound(bytes->size()), '\0');
  const size_t size = ZSTD_compress2(context.get(), text.data(), text.size(), bytes->data(), bytes->size());
  if (ZSTD_isError(size)) return core::error(core::ErrorKind::kHost, "'{}' cannot be compressed.", core::printable(path));
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  const bool good = fd >= 0 && write_all(fd, {text.data(), size}) && fsync(fd) == 0 && rename(temporary.c_str(), path.c_str()) == 0;
  const int why = errno;
  if (fd >= 0) close(fd);
  if (good) return core::Ok{};
  if (fd >= 0) unlink(temporary.c_str());
  return core::error(core::ErrorKind::kMissing, "The recording '{}' cannot be written: {}.", core::printable(path), strerror(why));
}

}  // namespace vitrine::app
