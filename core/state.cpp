// SPDX-License-Identifier: MIT
// Archives of machine state: hash, write, read, list.
#include "core/state.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>

#include "core/assert.h"

namespace vitrine::core {

void Archive::byte_vector(std::string_view name, std::vector<uint8_t>& data, size_t limit) {
  uint64_t size = data.size();
  field(name, size);
  if (loading()) {
    if (size > limit) return fail(fmt::format("{} has {} bytes, at most {} are possible", name, size, limit));
    data.resize(size);
  }
  bytes(name, std::as_writable_bytes(std::span(data)));
}

struct StateHasher::Impl {
  XXH3_state_t* state = XXH3_createState();
};

StateHasher::StateHasher() : impl_(new Impl) { XXH3_64bits_reset(impl_->state); }
StateHasher::~StateHasher() {
  XXH3_freeState(impl_->state);
  delete impl_;
}
void StateHasher::bytes(std::string_view, std::span<std::byte> data) {
  XXH3_64bits_update(impl_->state, data.data(), data.size());
}
void StateHasher::section(std::string_view) {}
void StateHasher::word(std::string_view, uint64_t& raw) {
  XXH3_64bits_update(impl_->state, &raw, sizeof raw);
}
uint64_t StateHasher::digest() const { return XXH3_64bits_digest(impl_->state); }

uint64_t hash_bytes(std::span<const std::byte> data, uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

// The written form: a kind byte ('s' section, 'w' word, 'b' bytes), a length-prefixed name, then the value.
namespace {
constexpr size_t kMaxName = 255;
}

void StateWriter::append(const void* from, size_t size) {
  const auto* begin = static_cast<const std::byte*>(from);
  data_.insert(data_.end(), begin, begin + size);
}

void StateWriter::section(std::string_view name) {
  VT_ASSERT(name.size() <= kMaxName, "a section's name is too long");
  const char head[2] = {'s', static_cast<char>(name.size())};
  append(head, 2);
  append(name.data(), name.size());
}

void StateWriter::word(std::string_view name, uint64_t& raw) {
  VT_ASSERT(name.size() <= kMaxName, "a field's name is too long");
  const char head[2] = {'w', static_cast<char>(name.size())};
  append(head, 2);
  append(name.data(), name.size());
  append(&raw, sizeof raw);
}

void StateWriter::bytes(std::string_view name, std::span<std::byte> data) {
  VT_ASSERT(name.size() <= kMaxName, "a field's name is too long");
  const char head[2] = {'b', static_cast<char>(name.size())};
  const uint64_t size = data.size();
  append(head, 2);
  append(name.data(), name.size());
  append(&size, sizeof size);
  append(data.data(), data.size());
}

bool StateReader::take(void* to, size_t size) {
  if (!good()) return false;
  if (size > data_.size() - position_) {
    fail(fmt::format("the state ends at byte {}, inside a field", data_.size()));
    return false;
  }
  if (size != 0) std::memcpy(to, data_.data() + position_, size);  // an empty vector has no address
  position_ += size;
  return true;
}

bool StateReader::take_name(char kind, std::string_view name) {
  char head[2];
  if (!take(head, 2)) return false;
  std::string found(static_cast<unsigned char>(head[1]), '\0');
  if (!take(found.data(), found.size())) return false;
  if (head[0] == kind && found == name) return true;
  fail(fmt::format("the state has '{}' where '{}' belongs (byte {})", found, name, position_));
  return false;
}

void StateReader::section(std::string_view name) { take_name('s', name); }

void StateReader::word(std::string_view name, uint64_t& raw) {
  uint64_t value = 0;
  if (take_name('w', name) && take(&value, sizeof value)) raw = value;
}

void StateReader::bytes(std::string_view name, std::span<std::byte> data) {
  uint64_t size = 0;
  if (!take_name('b', name) || !take(&size, sizeof size)) return;
  if (size != data.size()) return fail(fmt::format("{} has {} bytes instead of {}", name, size, data.size()));
  take(data.data(), data.size());
}

void MomentReader::share(std::shared_ptr<const void>& part) {
  VT_ASSERT(next_ < parts_.size(), "a moment is read as it was written");
  part = parts_[next_++];
}

void StateLister::word(std::string_view name, uint64_t& raw) {
  lines_.push_back(fmt::format("{}.{} = {:#x}", section_, name, raw));
}
void StateLister::bytes(std::string_view name, std::span<std::byte> data) {
  lines_.push_back(
      fmt::format("{}.{} = {} bytes, hash {:016x}", section_, name, data.size(), hash_bytes(data)));
}

}  // namespace vitrine::core
