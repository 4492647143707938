// SPDX-License-Identifier: MIT
// Packing and unpacking pages.
#include "app/snapshot_ram.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "core/file.h"

namespace vitrine::app {
namespace {

using core::GuestPhys;
using core::kPageSize;

constexpr size_t kPagesInOne = 1024;
constexpr size_t kMostBytes = kPagesInOne * kPageSize;
constexpr int kLevel = 1;
constexpr unsigned kMostThreads = 8;

// f(0) to f(count - 1), each once, by the caller and other threads, if the host has them. The last exception
// is thrown again.
template <typename F>
void in_parallel(size_t count, const F& f) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < count; i = next++) f(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      thrown = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  const size_t threads =
      std::min<size_t>({count, kMostThreads, std::max(1u, std::thread::hardware_concurrency())});
  try {
    while (others.size() + 1 < threads) others.emplace_back(work);
  } catch (const std::system_error&) {  // fewer do it as well
  }
  work();
  for (std::thread& other : others) other.join();
  if (thrown) std::rethrow_exception(thrown);
}

std::vector<std::byte> pack(const core::GuestRam& ram, std::span<const uint32_t> pages) {
  std::vector<std::byte> bytes(pages.size() * kPageSize), packed(ZSTD_compressBound(bytes.size()));
  for (size_t i = 0; i < pages.size(); ++i)
    std::memcpy(bytes.data() + i * kPageSize, ram.host(ram.base() + uint64_t{pages[i]} * kPageSize),
                kPageSize);
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel));
  return packed;
}

std::span<const uint32_t> part(std::span<const uint32_t> pages, size_t number) {
  const size_t from = number * kPagesInOne;
  return pages.subspan(from, std::min(kPagesInOne, pages.size() - from));
}

core::Result<> unpack(const SnapshotReader& reader, const SnapshotReader::Section& section,
                      std::span<const uint32_t> pages, core::GuestRam& ram) {
  auto packed = reader.read(section, ZSTD_compressBound(kMostBytes));
  if (!packed) return packed.error();
  std::vector<std::byte> bytes(pages.size() * kPageSize);
  const size_t got = ZSTD_decompress(bytes.data(), bytes.size(), packed->data(), packed->size());
  if (ZSTD_isError(got) || got != bytes.size()) return reader.damaged("pages of its RAM cannot be unpacked");
  for (size_t i = 0, end = 0; i < pages.size(); i = end) {  // pages side by side at a time
    for (end = i + 1; end < pages.size() && pages[end] == pages[end - 1] + 1;) ++end;
    if (!ram.load(ram.base() + uint64_t{pages[i]} * kPageSize,
                  std::span(bytes).subspan(i * kPageSize, (end - i) * kPageSize)))
      return core::error(core::ErrorKind::kHost, "The host has no memory for the RAM of '{}': {}.",
                         core::printable(reader.path()), strerror(errno));
  }
  return core::Ok{};
}

// Size of RAM, and the pages.
core::Result<std::vector<uint32_t>> read_pages(const SnapshotReader& reader,
                                               const SnapshotReader::Section& section,
                                               const core::GuestRam& ram) {
  uint64_t size = 0;
  auto bytes = reader.read(section, sizeof size + ram.pages() * sizeof(uint32_t));
  if (!bytes) return bytes.error();
  if (bytes->size() < sizeof size || (bytes->size() - sizeof size) % sizeof(uint32_t) != 0)
    return reader.damaged("its list of pages is none");
  std::memcpy(&size, bytes->data(), sizeof size);
  std::vector<uint32_t> pages((bytes->size() - sizeof size) / sizeof(uint32_t));
  if (!pages.empty()) std::memcpy(pages.data(), bytes->data() + sizeof size, pages.size() * sizeof(uint32_t));
  const bool rising = std::adjacent_find(pages.begin(), pages.end(), std::greater_equal<>()) == pages.end();
  if (size != ram.size() || !rising || (!pages.empty() && pages.back() >= ram.pages()))
    return reader.damaged("its RAM is not that of its machine");
  return pages;
}

}  // namespace

void write_ram(SnapshotWriter& writer, const core::GuestRam& ram) {
  std::vector<uint32_t> pages;
  ram.each_page(
      [&](GuestPhys at, const uint8_t*) { pages.push_back(static_cast<uint32_t>(ram.page_index(at))); });
  const uint64_t size = ram.size();
  std::vector<std::byte> list(sizeof size + pages.size() * sizeof(uint32_t));
  std::memcpy(list.data(), &size, sizeof size);
  if (!pages.empty()) std::memcpy(list.data() + sizeof size, pages.data(), pages.size() * sizeof(uint32_t));
  writer.add(kPagesSection, list);
  const size_t all = (pages.size() + kPagesInOne - 1) / kPagesInOne;
  for (size_t first = 0; first < all; first += kMostThreads) {
    std::vector<std::vector<std::byte>> packed(std::min<size_t>(kMostThreads, all - first));
    in_parallel(packed.size(), [&](size_t i) { packed[i] = pack(ram, part(pages, first + i)); });
    for (const auto& bytes : packed) writer.add(kRamSection, bytes);
  }
}

core::Result<> load_ram(const SnapshotReader& reader, std::span<const SnapshotReader::Section> sections,
                        core::GuestRam& ram) {
  if (sections.empty() || sections[0].kind != kPagesSection) return reader.damaged("it has no list of pages");
  auto pages = read_pages(reader, sections[0], ram);
  if (!pages) return pages.error();
  const auto packed = sections.subspan(1);
  if (packed.size() != (pages->size() + kPagesInOne - 1) / kPagesInOne)
    return reader.damaged("pages of its RAM are missing");
  ram.clear();
  std::mutex mutex;
  std::optional<core::Error> problem;
  in_parallel(packed.size(), [&](size_t i) {
    if (auto done = unpack(reader, packed[i], part(*pages, i), ram); !done) {
      const std::lock_guard lock(mutex);
      problem = done.error();
    }
  });
  return problem ? core::Result<>(*problem) : core::Ok{};
}

}  // namespace vitrine::app
