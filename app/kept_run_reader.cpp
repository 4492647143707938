// SPDX-License-Identifier: MIT
// Reading kept runs. The file comes from anywhere: each line is checked before it is believed, and lines are believed in
// their order only.
#include <fmt/format.h>

#include <zstd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "app/identity.h"
#include "app/kept_header.h"
#include "app/kept_line.h"
#include "app/kept_run.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;

namespace kept {

std::string escaped(std::string_view bytes) {
  if (bytes.empty()) return "\\";
  std::string word;
  word.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\')
      word += c;
    else
      word += fmt::format("\\x{:02x}", byte);
  }
  return word;
}

std::optional<std::string> unescaped(std::string_view word) {
  if (word == "\\") return "";
  std::string bytes;
  bytes.reserve(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '\\') {
      bytes += word[i];
      continue;
    }
    unsigned value = 0;
    const char* const digits = word.data() + i + 2;
    if (i + 4 > word.size() || word[i + 1] != 'x') return std::nullopt;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return std::nullopt;
    bytes += static_cast<char>(value);
    i += 3;
  }
  return bytes;
}

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
  std::string word;
  word.reserve(bytes.size() / 3 * 4 + 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j) three = three << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) word += i + j <= bytes.size() ? kDigits[three >> (18 - 6 * j) & 63] : '=';
  }
  return word;
}

std::optional<std::string> from_base64(std::string_view word) {
  static const auto kValues = [] {
    std::array<int8_t, 256> values{};
    values.fill(-1);
    for (size_t i = 0; i < kDigits.size(); ++i) values[static_cast<uint8_t>(kDigits[i])] = static_cast<int8_t>(i);
    return values;
  }();
  if (word.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(word.size() / 4 * 3);
  for (size_t i = 0; i < word.size(); i += 4) {
    const bool last = i + 4 == word.size();
    const size_t length = last && word[i + 3] == '=' ? (word[i + 2] == '=' ? 2 : 3) : 4;
    uint32_t three = 0;
    for (size_t j = 0; j < 4; ++j) {
      const int value = j < length ? kValues[static_cast<uint8_t>(word[i + j])] : 0;
      if (value < 0) return std::nullopt;
      three = three << 6 | static_cast<uint32_t>(value);
    }
    for (size_t j = 0; j + 1 < length; ++j) bytes += static_cast<char>(three >> (16 - 8 * j) & 0xff);
  }
  return bytes;
}

}  // namespace kept

const KeptPiece* KeptDisk::overwritten(uint64_t block) const {
  auto found = pieces.upper_bound(block);
  if (found == pieces.begin()) return nullptr;
  --found;
  return block - found->first < found->second.count ? &found->second : nullptr;
}

bool unpack_kept(const KeptPiece& piece, std::vector<uint8_t>& bytes) {
  const uint64_t most = piece.count * kKeptBlock;
  bytes.assign(most, 0);
  if (piece.packed.empty()) return true;
  const size_t got = ZSTD_decompress(bytes.data(), bytes.size(), piece.packed.data(), piece.packed.size());
  if (ZSTD_isError(got) || most - got >= kKeptBlock) return false;
  bytes.resize(got);
  return true;
}

namespace {

using kept::next_word, kept::read_hexadecimal, kept::read_number, kept::read_text;

class Reader {
 public:
  Reader(std::string_view text, std::string name) : rest_(text), name_(std::move(name)) {}
  core::Result<KeptRun> read();

 private:
  enum class Line { kGood, kDamaged, kCut, kNoMore };
  Line next_line(std::string_view& text);
  bool header_line(std::string_view name, std::string_view value);
  bool record_line(std::string_view kind, std::string_view words);
  bool disk_line(std::string_view kind, std::string_view words);
  bool end_line(std::string_view words);
  [[nodiscard]] bool later(core::Step step);
  core::Error damaged() const {
    return core::error(ErrorKind::kBadImage, "'{}' is damaged at line {}: it is no whole record of a run.", name_,
                       line_);
  }
  core::Result<> read_magic();

  std::string_view rest_;
  std::string name_;
  uint64_t hash_ = 0;
  unsigned line_ = 0;
  bool begun_ = false;
  KeptRun run_;
};

// A last line without its end is what a killed run leaves behind.
Reader::Line Reader::next_line(std::string_view& text) {
  if (rest_.empty()) return Line::kNoMore;
  ++line_;
  const size_t end = rest_.find('\n');
  if (end == std::string_view::npos) return Line::kCut;
  text = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  if (text.size() < 10) return Line::kDamaged;
  const std::string_view mark = text.substr(0, 9);
  text.remove_prefix(9);
  hash_ = kept::line_hash(text, hash_);
  return mark == fmt::format("{:08x} ", static_cast<uint32_t>(hash_)) ? Line::kGood : Line::kDamaged;
}

core::Result<> Reader::read_magic() {
  std::string_view text;
  const Line line = next_line(text);
  unsigned format = 0;
  if (line != Line::kGood || next_word(text) != kept::kMagic || !read_number(text, format))
    return core::error(ErrorKind::kBadImage, "'{}' is no kept run.", name_);
  if (format == kept::kFormat) return core::Ok{};
  return core::error(ErrorKind::kBadImage, "'{}' was kept by another version of vitrine (format {}; this is {}).", name_,
                     format, kept::kFormat);
}

bool Reader::header_line(std::string_view name, std::string_view value) {
  if (name != "begin") return kept::read_header_line(run_.header, name, value);
  run_.disks.resize(run_.header.disks.size());
  return begun_ = true;
}

// No block is told of twice in the same way.
bool Reader::disk_line(std::string_view kind, std::string_view words) {
  size_t number = 0;
  KeptPiece piece;
  if (!read_number(next_word(words), number) || number >= run_.disks.size() || !read_number(next_word(words), piece.first)) return false;
  KeptDisk& disk = run_.disks[number];
  const uint64_t blocks = (run_.header.disks[number].sectors * 512 + kKeptBlock - 1) / kKeptBlock;
  if (kind == "r") {
    uint64_t block = piece.first;
    for (; !words.empty(); ++block)
      if (uint64_t hash = 0; !read_hexadecimal(next_word(words), hash) || block >= blocks || !disk.hashes.emplace(block, hash).second)
        return false;
    return block != piece.first;
  }
  if (!read_number(next_word(words), piece.count) || piece.count == 0 || piece.count > kMaxKeptPiece || piece.first >= blocks ||
      piece.count > blocks - piece.first)
    return false;
  if (kind == "w") {
    auto packed = kept::from_base64(words);
    if (!packed || packed->empty()) return false;
    piece.packed = std::move(*packed);
  } else if (!words.empty()) {
    return false;
  }
  const auto next = disk.pieces.lower_bound(piece.first);
  if (disk.overwritten(piece.first) || (next != disk.pieces.end() && next->first - piece.first < piece.count)) return false;
  return disk.pieces.emplace(piece.first, std::move(piece)).second;
}

// Steps never go back.
bool Reader::later(core::Step step) {
  if (step < run_.reached) return false;
  run_.reached = step;
  return true;
}

bool Reader::record_line(std::string_view kind, std::string_view words) {
  KeptRecord record;
  record.idle = kind == "i";
  for (uint64_t* part : {&record.key.step, &record.key.ticks, &record.key.events, &record.key.turn})
    if (!read_number(next_word(words), *part)) return false;
  while (!words.empty()) {
    const std::string_view what = next_word(words);
    if (what == "s") {
      record.stop = true;
    } else if (what == "b") {
      if (!read_text(next_word(words), record.bytes)) return false;
    } else if (what == "r") {
      Poke& poke = record.poke.emplace();
      if (!read_number(next_word(words), poke.hart) || !read_number(next_word(words), poke.number) ||
          !read_number(next_word(words), poke.value))
        return false;
    } else if (what == "w") {
      Poke& poke = record.poke.emplace();
      poke.memory = true;
      if (!read_number(next_word(words), poke.at.value) || !read_text(next_word(words), poke.bytes)) return false;
    } else if (what != "m" || !read_number(next_word(words), record.moved_to.emplace())) {
      return false;
    }
  }
  if (record.idle && !record.moved_to) return false;
  if (!later(record.key.step)) return false;
  run_.records.push_back(std::move(record));
  return true;
}

bool Reader::end_line(std::string_view words) {
  KeptEnd end;
  int kind = 0;
  if (!read_number(next_word(words), end.step) || !read_number(next_word(words), kind) ||
      !read_number(next_word(words), end.outcome.code) || !read_text(words, end.outcome.words))
    return false;
  if (kind < 0 || kind > static_cast<int>(Outcome::Kind::kEndText) || !later(end.step)) return false;
  end.outcome.kind = static_cast<Outcome::Kind>(kind);
  run_.end = std::move(end);
  return true;
}

core::Result<KeptRun> Reader::read() {
  if (auto done = read_magic(); !done) return done.error();
  std::string_view text;
  Line line = Line::kGood;
  std::optional<uint64_t> hash;
  while ((line = next_line(text)) == Line::kGood) {
    const std::string_view name = next_word(text);
    if (run_.end || run_.full_at) return damaged();
    bool good = false;
    if (!begun_)
      good = header_line(name, text);
    else if (name == "p" || name == "i")
      good = record_line(name, text);
    else if (name == "r" || name == "w" || name == "z")
      good = disk_line(name, text);
    else if (name == "hash") {
      good = !hash && read_hexadecimal(text, hash.emplace());
    } else if (core::Step step = 0; name == "at" || name == "full") {
      good = read_number(text, step) && later(step);
      if (name == "full") run_.full_at = step;
    } else if (name == "end")
      good = end_line(text);
    if (!good) return damaged();
    // Other lines may mean something else there.
    if (name == "version" && run_.header.version != version())
      return core::error(ErrorKind::kUsage,
                         "'{}' was kept by vitrine {}, and this is {}: another version may make another run of it.", name_,
                         core::printable(run_.header.version), version());
  }
  if (line == Line::kDamaged) return damaged();
  if (run_.end) run_.end->state_hash = hash;
  if (!begun_) return core::error(ErrorKind::kBadImage, "'{}' ends before its run begins.", name_);
  return std::move(run_);
}

}  // namespace

namespace {

constexpr std::string_view kFrame = "\x28\xb5\x2f\xfd";  // how a frame of zstd begins (RFC 8878, 3.1.1)

// One frame and nothing else.
std::optional<std::string> unpack(std::string_view frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size > kMaxKeptFile || ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) return std::nullopt;
  std::string text(size, '\0');
  const size_t got = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return std::nullopt;
  return text;
}

}  // namespace

core::Result<KeptRun> parse_kept_run(std::string_view text, const std::string& name) {
  return Reader(text, core::printable(name)).read();
}

core::Result<KeptRun> read_kept_run(const std::string& path) {
  auto bytes = core::read_file(path, kMaxKeptFile);
  if (!bytes) return bytes.error();
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  if (!text.starts_with(kFrame)) return parse_kept_run(text, path);
  const auto unpacked = unpack(text);
  if (!unpacked) return core::error(ErrorKind::kBadImage, "'{}' is damaged: it cannot be unpacked.", core::printable(path));
  return parse_kept_run(*unpacked, path);
}

bool looks_like_kept_run(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return false;
  std::ifstream file(path, std::ios::binary);
  std::string head(64, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  constexpr size_t kHash = 9;  // "01234567 "
  return head.starts_with(kFrame) || std::string_view(head).substr(kHash).starts_with(kept::kMagic);
}

core::Result<KeptRun> open_kept_run(const std::string& path) {
  if (!path.empty()) return read_kept_run(path);
  const std::string last = last_run_path();
  auto run = last.empty() ? core::Result<KeptRun>(core::error(ErrorKind::kMissing, "There is no home folder.")) : read_kept_run(last);
  if (run || run.error().kind != ErrorKind::kMissing) return run;
  return core::error(ErrorKind::kMissing, "No run is kept yet: make one with `vitrine run`, and not with --no-keep. ({})",
                     run.error().message);
}

}  // namespace vitrine::app
