// SPDX-License-Identifier: MIT
// gzip by zlib.
#include "core/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "core/file.h"

namespace vitrine::core {
namespace {

using Bytes = std::span<const std::byte>;

class Inflater {
 public:
  explicit Inflater(Bytes file) : file_(file) {
    constexpr int kGzipOnly = 16;
    good_ = inflateInit2(&stream_, kGzipOnly + MAX_WBITS) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const char* message() const { return stream_.msg ? stream_.msg : "it cannot be unpacked"; }

  // Appends at most `count` bytes and returns zlib's status; Z_BUF_ERROR: the input has ended,
  // and the last call already gave all that there was.
  int step(std::vector<std::byte>& out, size_t count) {
    refill();
    const size_t used = out.size();
    out.resize(used + count);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream_.avail_out = static_cast<uInt>(count);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    out.resize(used + count - stream_.avail_out);
    return status;
  }

 private:
  // zlib counts in 32 bits, so that long inputs are handed over in parts.
  void refill() {
    if (stream_.avail_in != 0) return;
    const uint64_t part = std::min<uint64_t>(file_.size() - given_, 1 << 30);
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(file_.data() + given_));
    stream_.avail_in = static_cast<uInt>(part);
    given_ += part;
  }

  Bytes file_;
  z_stream stream_{};
  uint64_t given_ = 0;
  bool good_ = false;
};

}  // namespace

Result<std::vector<std::byte>> gunzip(const std::string& path, Bytes file, uint64_t limit) {
  Inflater inflater(file);
  std::vector<std::byte> out;
  int status = inflater.good() ? Z_OK : Z_MEM_ERROR;
  while (status == Z_OK && out.size() <= limit)
    status = inflater.step(out, std::min<uint64_t>(4 << 20, limit - out.size() + 1));
  if (out.size() > limit)
    return error(ErrorKind::kBadImage,
                 "'{}' unpacks to more than {}. Unpack it yourself and give the result.", printable(path),
                 size_text(limit));
  switch (status) {
    case Z_STREAM_END: return out;
    case Z_MEM_ERROR:
      return error(ErrorKind::kHost, "The host has no memory to unpack '{}'.", printable(path));
    case Z_BUF_ERROR: return error(ErrorKind::kBadImage, "'{}' is a truncated gzip file.", printable(path));
    default:
      return error(ErrorKind::kBadImage, "'{}' is a damaged gzip file: {}.", printable(path),
                   inflater.message());
  }
}

std::vector<std::byte> gunzip_head(Bytes file, size_t count) {
  Inflater inflater(file);
  std::vector<std::byte> out;
  int status = inflater.good() ? Z_OK : Z_MEM_ERROR;
  while (status == Z_OK && out.size() < count) status = inflater.step(out, count - out.size());
  return out;
}

}  // namespace vitrine::core
