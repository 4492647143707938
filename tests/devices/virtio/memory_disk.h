// SPDX-License-Identifier: MIT
// A disk in memory for tests of the block device: it logs what it is asked and fails on demand.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "devices/virtio/block_backend.h"

namespace vitrine::devices::test {

class MemoryDisk final : public BlockBackend {
 public:
  explicit MemoryDisk(uint64_t sectors) : bytes(sectors * 512) {}

  uint64_t sectors() const override { return bytes.size() / 512; }
  bool read_only() const override { return fixed; }
  bool read(uint64_t offset, std::span<const iovec> to) override {
    if (!note('r')) return false;
    for (const iovec& v : to) std::memcpy(v.iov_base, &bytes.at(offset), v.iov_len), offset += v.iov_len;
    return true;
  }
  bool write(uint64_t offset, std::span<const iovec> from) override {
    if (!note('w')) return false;
    for (const iovec& v : from) std::memcpy(&bytes.at(offset), v.iov_base, v.iov_len), offset += v.iov_len;
    return true;
  }
  bool write_zeroes(uint64_t offset, uint64_t size, bool) override {
    if (!note('z')) return false;
    std::memset(&bytes.at(offset), 0, size);
    return true;
  }
  bool discard(uint64_t, uint64_t) override { return note('d'); }
  bool flush() override {
    ++flushes;
    return note('f') && !fail_flush;
  }
  void serialize(core::Archive& ar) override { ar.bytes("disk", std::as_writable_bytes(std::span(bytes))); }

  std::string text(size_t at, size_t size) const {
    return {reinterpret_cast<const char*>(bytes.data()) + at, size};
  }

  std::vector<uint8_t> bytes;
  std::string log;  // r w z d f
  unsigned calls = 0, flushes = 0;
  bool fail = false, fail_flush = false, fixed = false;

 private:
  bool note(char what) {
    ++calls;
    log.push_back(what);
    return !fail;
  }
};

}  // namespace vitrine::devices::test
