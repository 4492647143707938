// SPDX-License-Identifier: MIT
// Guest RAM over a memfd: flags, announcements, DMA, hash.
#include "core/guest_ram.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/assert.h"

namespace vitrine::core {

Result<std::unique_ptr<GuestRam>> GuestRam::create(GuestPhys base, uint64_t size) {
  VT_ASSERT(size != 0 && (size & ~kPageMask) == 0 && (base.value & ~kPageMask) == 0,
            "RAM is made of whole pages");
  const int fd = memfd_create("vitrine-ram", MFD_CLOEXEC);
  if (fd < 0)
    return error(ErrorKind::kHost, "The host gave no memory file for guest RAM: {}.", strerror(errno));
  if (ftruncate(fd, static_cast<off_t>(size)) != 0) {
    const int why = errno;
    close(fd);
    return error(ErrorKind::kHost, "Guest RAM of {} bytes cannot be made: {}. Give a smaller --memory.", size,
                 strerror(why));
  }
  void* host = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (host == MAP_FAILED) {
    const int why = errno;
    close(fd);
    return error(ErrorKind::kHost, "Guest RAM of {} bytes cannot be mapped: {}. Give a smaller --memory.",
                 size, strerror(why));
  }
  return std::unique_ptr<GuestRam>(new GuestRam(base.value, size, static_cast<uint8_t*>(host), fd));
}

GuestRam::GuestRam(uint64_t base, uint64_t size, uint8_t* host, int fd)
    : base_(base), size_(size), host_(host), fd_(fd), flags_(size >> kPageShift) {}

GuestRam::~GuestRam() {
  munmap(host_, size_);
  close(fd_);
}

void GuestRam::set_flag(GuestPhys at, PageFlag flag) {
  uint8_t& flags = flags_[page_index(at)];
  const bool becomes_notified = (flag & kNotifyFlags) && !(flags & kNotifyFlags);
  flags |= flag;
  if (!becomes_notified || !(flags & kWriteMapped)) return;
  for (RamListener* listener : listeners_) listener->write_path_revoked({at.value & kPageMask});
  flags &= static_cast<uint8_t>(~kWriteMapped);
}

template <typename F>
void GuestRam::for_each_flagged_page(GuestPhys at, size_t size, F f) noexcept {
  while (size != 0) {
    const size_t part = std::min<size_t>(size, kPageSize - at.page_offset());
    if (const uint8_t flags = flags_[page_index(at)]; flags & kNotifyFlags) f(at, part, flags);
    at.value += part;
    size -= part;
  }
}

void GuestRam::announce_before(GuestPhys at, size_t size) noexcept {
  for_each_flagged_page(at, size, [&](GuestPhys part, size_t n, uint8_t) {
    for (RamListener* listener : listeners_) listener->before_write(part, n);
  });
}

void GuestRam::announce_after(GuestPhys at, size_t size) noexcept {
  for_each_flagged_page(at, size, [&](GuestPhys part, size_t n, uint8_t flags) {
    if (flags & kCopied) {
      clear_flag(part, kCopied);
      old_copies_.push_back(part.page());
    }
    for (RamListener* listener : listeners_) listener->after_write(part, n, flags);
  });
}

void GuestRam::announce_dma(GuestPhys at, size_t size) noexcept {
  for (RamListener* listener : listeners_) listener->dma_wrote(at, size);
}

bool GuestRam::read(GuestPhys from, void* to, size_t size) const noexcept {
  if (!contains(from, size)) return false;
  std::memcpy(to, host(from), size);
  return true;
}

bool GuestRam::write(GuestPhys to, const void* from, size_t size) noexcept {
  if (!contains(to, size)) return false;
  const DmaScope scope(*this, to, size);
  std::memcpy(host(to), from, size);
  return true;
}

void GuestRam::clear() {
  announce_before(base(), size_);
  // Punching the file is what makes a reset of a large machine cheap: untouched pages stay untouched.
  // (madvise would do the same, but emulators of user programs take it for advice.)
  const int punched =
      fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_));
  if (punched != 0) std::memset(host_, 0, size_);
  if (frozen_) frozen_->clear();
  old_copies_.clear();
  announce_after(base(), size_);
  announce_dma(base(), size_);
}

void GuestRam::zero(GuestPhys from, uint64_t size) noexcept {
  const uint64_t begin = from.value - base_, end = begin + size;
  for (Extent part = touched_after(begin); part.begin < end; part = touched_after(part.end)) {
    const uint64_t first = std::max(part.begin, begin), last = std::min(part.end, end);
    const DmaScope scope(*this, {base_ + first}, last - first);
    std::memset(host_ + first, 0, last - first);
  }
}

// Written to the file, a page is neither cleared nor mapped first.
bool GuestRam::load(GuestPhys at, std::span<const std::byte> bytes) noexcept {
  VT_ASSERT(contains(at, bytes.size()), "what is loaded lies in RAM");
  uint64_t offset = at.value - base_;
  while (!bytes.empty()) {
    const ssize_t wrote = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    offset += static_cast<uint64_t>(wrote);
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return true;
}

void GuestRam::fill(const std::function<uint64_t()>& next) {
  announce_before(base(), size_);
  for (uint64_t at = 0; at < size_; at += sizeof(uint64_t)) {
    const uint64_t word = next();
    std::memcpy(host_ + at, &word, sizeof word);
  }
  announce_after(base(), size_);
  announce_dma(base(), size_);
}

void GuestRam::each_page(const std::function<void(GuestPhys, const uint8_t*)>& f) const {
  static constexpr uint8_t kZero[kPageSize] = {};
  for (Extent part = touched_after(0); part.begin < size_; part = touched_after(part.end))
    for (uint64_t at = part.begin; at < part.end; at += kPageSize)
      if (std::memcmp(host_ + at, kZero, kPageSize) != 0) f({base_ + at}, host_ + at);
}

// A page that was touched and is zero again must hash like one that was never touched, so zero pages are left
// out, and the pages are summed, which makes the result independent of how they are found.
uint64_t GuestRam::hash() const {
  uint64_t sum = 0;
  for (Extent part = touched_after(0); part.begin < size_; part = touched_after(part.end)) {
    for (uint64_t at = part.begin; at < part.end; at += kPageSize) {
      const auto* page = reinterpret_cast<const std::byte*>(host_ + at);
      static constexpr std::byte kZero[kPageSize] = {};
      if (std::memcmp(page, kZero, kPageSize) != 0) sum += hash_bytes({page, kPageSize}, at + 1);
    }
  }
  if (frozen_)
    for (const auto& [number, page] : *frozen_) sum += hash_bytes(std::as_bytes(std::span(page)), ~number);
  return sum;
}

const uint8_t* GuestRam::frozen(GuestPhys at) {
  const auto [place, first] = frozen_->try_emplace(at.page());
  if (first) {
    std::memcpy(place->second.data(), host({at.value & kPageMask}), kPageSize);
    if (copies_) set_flag(at, kCopied);
  }
  return place->second.data() + at.page_offset();
}

void GuestRam::refetch() noexcept {
  for (const uint64_t number : old_copies_) {
    const GuestPhys page{number << kPageShift};
    std::memcpy(frozen_->at(number).data(), host(page), kPageSize);
    const uint8_t code = flags(page) & (kCode | kTranslated);
    for (RamListener* listener : listeners_) listener->after_write(page, kPageSize, code);
    set_flag(page, kCopied);
  }
  old_copies_.clear();
}

// The first run of touched pages at or behind an offset; it begins at the end of RAM if there is none.
GuestRam::Extent GuestRam::touched_after(uint64_t offset) const {
  if (offset >= size_) return {size_, size_};
  const off_t data = lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return {size_, size_};  // ENXIO: only holes follow
  const off_t hole = lseek(fd_, data, SEEK_HOLE);
  const uint64_t end = hole < 0 ? size_ : (static_cast<uint64_t>(hole) + kPageSize - 1) & kPageMask;
  return {static_cast<uint64_t>(data) & kPageMask, std::min(end, size_)};
}

GuestRam::Comparison GuestRam::compare(const GuestRam& other, uint64_t from_offset) const {
  Comparison result;
  Extent mine = touched_after(from_offset), others = other.touched_after(from_offset);
  uint64_t at = std::max(from_offset, std::min(mine.begin, others.begin));
  while (at < std::min(size_, other.size_)) {
    ++result.pages;
    const uint64_t end = (at & kPageMask) + kPageSize;
    if (std::memcmp(host_ + at, other.host_ + at, end - at) != 0) {
      const uint8_t* byte = std::mismatch(host_ + at, host_ + end, other.host_ + at).first;
      result.different = GuestPhys{base_ + static_cast<uint64_t>(byte - host_)};
      return result;
    }
    at = end;
    if (at >= mine.end) mine = touched_after(at);
    if (at >= others.end) others = other.touched_after(at);
    at = std::max(at, std::min(mine.begin, others.begin));
  }
  return result;
}

}  // namespace vitrine::core
