// SPDX-License-Identifier: MIT
// Machine state as named fields. Every part of the machine has one `serialize(Archive&)` that names its
// fields once; the same function saves, restores and hashes, so that nothing can be saved and not hashed, or
// the other way round. What is a cache (decoded pages, TLB entries) is not state and is never serialised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vitrine::core {

class Archive {
 public:
  virtual ~Archive() = default;

  // True while fields are being assigned (restore), false while they are only read (save, hash).
  [[nodiscard]] virtual bool loading() const = 0;

  // A fixed-size run of bytes. The name is for people and for checks on restore; it does not enter hashes.
  virtual void bytes(std::string_view name, std::span<std::byte> data) = 0;

  // An integer, enumeration or bool; stored as 64 bits, little endian.
  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void field(std::string_view name, T& value) {
    auto raw = static_cast<uint64_t>(value);
    word(name, raw);
    if (loading()) value = static_cast<T>(raw);
  }

  template <typename T, size_t N>
  void field(std::string_view name, T (&values)[N]) {
    for (T& value : values) field(name, value);
  }

  // A byte queue of varying length, at most `limit` bytes (a restore of more fails).
  void byte_vector(std::string_view name, std::vector<uint8_t>& data, size_t limit);

  // An archive that never leaves this process may keep what is large by sharing it: share() keeps `part`, or, while loading,
  // gives what was kept. For all others the part is fields.
  [[nodiscard]] virtual bool shares() const { return false; }
  virtual void share(std::shared_ptr<const void>& part) { (void)part; }

  // Names the part whose fields follow ("hart0", "uart0").
  virtual void section(std::string_view name) = 0;

  // False once a restore met a wrong name, length or value; everything after it is ignored.
  [[nodiscard]] bool good() const { return error_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  void fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

 protected:
  virtual void word(std::string_view name, uint64_t& raw) = 0;

 private:
  std::string error_;
};

// 64-bit hash of a machine's state (XXH3). Only values and their order count.
class StateHasher final : public Archive {
 public:
  StateHasher();
  ~StateHasher() override;
  StateHasher(const StateHasher&) = delete;
  StateHasher& operator=(const StateHasher&) = delete;
  [[nodiscard]] bool loading() const override { return false; }
  void bytes(std::string_view name, std::span<std::byte> data) override;
  void section(std::string_view name) override;
  [[nodiscard]] uint64_t digest() const;

 protected:
  void word(std::string_view name, uint64_t& raw) override;

 private:
  struct Impl;
  Impl* impl_;
};

// Writes fields into a byte vector, with section names and field names, for restore and for comparison.
class StateWriter : public Archive {
 public:
  [[nodiscard]] bool loading() const override { return false; }
  void bytes(std::string_view name, std::span<std::byte> data) override;
  void section(std::string_view name) override;
  [[nodiscard]] const std::vector<std::byte>& data() const { return data_; }

 protected:
  void word(std::string_view name, uint64_t& raw) override;
  std::vector<std::byte> take_data() { return std::move(data_); }

 private:
  void append(const void* from, size_t size);
  std::vector<std::byte> data_;
};

// Reads what StateWriter wrote. Wrong order, name or length: good() becomes false and nothing more is
// assigned.
class StateReader : public Archive {
 public:
  explicit StateReader(std::span<const std::byte> data) : data_(data) {}
  [[nodiscard]] bool loading() const override { return good(); }
  void bytes(std::string_view name, std::span<std::byte> data) override;
  void section(std::string_view name) override;
  [[nodiscard]] bool at_end() const { return position_ == data_.size(); }

 protected:
  void word(std::string_view name, uint64_t& raw) override;

 private:
  bool take(void* to, size_t size);
  bool take_name(char kind, std::string_view name);
  std::span<const std::byte> data_;
  size_t position_ = 0;
};

// The state of a moment of this process: what StateWriter wrote, and what is shared with it.
struct Moment {
  std::vector<std::byte> fields;
  std::vector<std::shared_ptr<const void>> parts;
};

class MomentWriter final : public StateWriter {
 public:
  [[nodiscard]] bool shares() const override { return true; }
  void share(std::shared_ptr<const void>& part) override { parts_.push_back(part); }
  [[nodiscard]] Moment take() { return {take_data(), std::move(parts_)}; }

 private:
  std::vector<std::shared_ptr<const void>> parts_;
};

class MomentReader final : public StateReader {
 public:
  explicit MomentReader(const Moment& moment) : StateReader(moment.fields), parts_(moment.parts) {}
  [[nodiscard]] bool shares() const override { return good(); }
  void share(std::shared_ptr<const void>& part) override;

 private:
  std::span<const std::shared_ptr<const void>> parts_;
  size_t next_ = 0;
};

// Text lines "section.field = value" for showing the first difference between two machines.
class StateLister final : public Archive {
 public:
  [[nodiscard]] bool loading() const override { return false; }
  void bytes(std::string_view name, std::span<std::byte> data) override;
  void section(std::string_view name) override { section_ = name; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 protected:
  void word(std::string_view name, uint64_t& raw) override;

 private:
  std::string section_;
  std::vector<std::string> lines_;
};

// XXH3 of a run of bytes.
uint64_t hash_bytes(std::span<const std::byte> data, uint64_t seed = 0);

}  // namespace vitrine::core
