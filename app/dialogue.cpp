// SPDX-License-Identifier: MIT
// Listening to the console, and answering.
#include "app/dialogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "app/text.h"
#include "core/file.h"
#include "core/state.h"

namespace vitrine::app {
namespace {

constexpr std::string_view kArrow = "=>";

core::Error bad_escape(std::string_view option, std::string_view text) {
  return core::error(core::ErrorKind::kUsage,
                     "{} {}: behind a backslash there is one of n, r, t, e, \\ and xNN.", option,
                     core::printable(text));
}

struct Escape {
  char letter, byte;
};
constexpr Escape kEscapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'e', '\x1b'}, {'\\', '\\'}};

}  // namespace

std::string with_escapes(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto* const row =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [c](const Escape& e) { return e.byte == c; });
    if (row != std::end(kEscapes))
      text += {'\\', row->letter};
    else if (c >= ' ' && c <= '~')
      text += c;
    else
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::optional<std::string> without_escapes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const char letter = ++i < text.size() ? text[i] : '\0';
    const auto* const row = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                         [letter](const Escape& e) { return e.letter == letter; });
    if (row != std::end(kEscapes)) {
      bytes += row->byte;
      continue;
    }
    const auto number = letter == 'x' && i + 2 < text.size()
                            ? parse_number("0x" + std::string(text.substr(i + 1, 2)))
                            : std::nullopt;
    if (!number) return std::nullopt;
    bytes += static_cast<char>(*number);
    i += 2;
  }
  return bytes;
}

core::Result<std::unique_ptr<Dialogue>> Dialogue::create(const RunOptions& options, core::ByteSink& console) {
  if (options.answers.empty() && options.end_at.empty()) return std::unique_ptr<Dialogue>();
  std::unique_ptr<Dialogue> made(new Dialogue(console));
  for (const std::string& text : options.answers) {
    const size_t arrow = text.find(kArrow);
    if (arrow == std::string::npos)
      return core::error(core::ErrorKind::kUsage, "--answer {}: answers look like WAIT=>SEND.",
                         core::printable(text));
    auto wait = without_escapes(std::string_view(text).substr(0, arrow));
    auto send = without_escapes(std::string_view(text).substr(arrow + kArrow.size()));
    if (!wait || !send) return bad_escape("--answer", text);
    made->longest_ = std::max(made->longest_, wait->size());
    made->answers_.push_back({std::move(*wait), std::move(*send)});
  }
  for (const std::string& text : options.end_at) {
    auto end = without_escapes(text);
    if (!end || end->empty()) return bad_escape("--end-at", text);
    made->longest_ = std::max(made->longest_, end->size());
    made->ends_.push_back(std::move(*end));
  }
  return made;
}

void Dialogue::begin(core::InputFeeder& feeder, std::function<void()> end) {
  feeder_ = &feeder;
  end_ = std::move(end);
  next_ = 0;
  heard_.clear();
  ended_by_.clear();
  answer();
}

// All that needs no further waiting.
void Dialogue::answer() {
  while (next_ < answers_.size() && std::string_view(heard_).ends_with(answers_[next_].wait)) {
    feeder_->add_to_file(answers_[next_++].send);
    heard_.clear();  // what was answered is not answered twice
  }
}

void Dialogue::put(uint8_t byte) {
  console_.put(byte);
  // Looked at by its end alone: it is cut when that is cheap.
  if (heard_.size() >= 2 * longest_ + 256) heard_.erase(0, heard_.size() - longest_);
  heard_ += static_cast<char>(byte);
  const auto end = next_ < answers_.size()
                       ? ends_.end()
                       : std::find_if(ends_.begin(), ends_.end(), [this](const std::string& text) {
                           return std::string_view(heard_).ends_with(text);
                         });
  if (end != ends_.end() && ended_by_.empty()) {
    ended_by_ = *end;
    end_();
  }
  answer();
}

// Answers that were given by then are in the input by then.
void Dialogue::serialize(core::Archive& ar) {
  ar.section("dialogue");
  uint64_t given = next_;
  ar.field("given", given);
  std::vector<uint8_t> heard(heard_.begin(), heard_.end());
  ar.byte_vector("heard", heard, 2 * longest_ + 256);
  if (!ar.loading()) return;
  if (given > answers_.size()) return ar.fail("more answers were given than there are");
  while (next_ < given) feeder_->add_to_file(answers_[next_++].send);
  next_ = given;
  heard_.assign(heard.begin(), heard.end());
  ended_by_.clear();
}

std::string dialogue_identity(const RunOptions& options) {
  std::string all;
  for (const std::string& answer : options.answers) all += answer + '\n';
  if (all.empty()) return {};
  return fmt::format(" answers={}#{:016x}", options.answers.size(),
                     core::hash_bytes(std::as_bytes(std::span(all)), 0));
}

}  // namespace vitrine::app
