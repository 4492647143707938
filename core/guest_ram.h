// SPDX-License-Identifier: MIT
// Guest RAM: one contiguous range of guest-physical memory, backed by a memfd, with one flag byte a page and
// one write notification. These two are the ground of every cache in the emulator:
//
// * A cache that depends on the contents of a page (decoded instructions, host code, translations filled from
//   a page table, a checkpoint) sets its flag on that page. *Becoming* flagged is announced to the listeners,
//   so that whoever holds a direct write path to the page (an entry of a View, a prediction) gives it up.
// * Every writer announces what it writes: stores and AMOs of harts that found no direct path, DMA, SBI,
//   loaders, the debugger, the page walker's own A and D bits. Listeners drop what depended on the old bytes.
//   A page without flags may be written without an announcement; nothing depends on it.
//
// So nothing in the machine ever acts on stale bytes, and the guest cannot observe that there are caches at
// all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/result.h"
#include "core/state.h"

namespace vitrine::core {

// Flags of a page of guest RAM. Any of kNotifyFlags means: no direct write path, every write is announced.
enum PageFlag : uint8_t {
  kPageTable = 1 << 0,    // translations were filled from this page
  kCode = 1 << 1,         // instructions of this page are kept decoded
  kWatched = 1 << 2,      // somebody watches bytes of it (a debugger, HTIF)
  kClean = 1 << 3,        // unchanged since the last checkpoint
  kWriteMapped = 1 << 4,  // some direct write path to it may exist (set by who installs one)
  kTranslated = 1 << 5,   // instructions of this page are kept as host code
  kCopied = 1 << 6,       // instructions come from a copy of it, which is as it is (core/chaos.h)
};
inline constexpr uint8_t kNotifyFlags = kPageTable | kCode | kWatched | kClean | kTranslated | kCopied;

// Who depends on the contents of guest RAM.
class RamListener {
 public:
  virtual ~RamListener() = default;
  // Bytes [at, at+size) of one flagged page are about to change; the old bytes are still there.
  virtual void before_write(GuestPhys at, size_t size) noexcept { (void)at, (void)size; }
  // They have changed. `flags` are the page's flags when the write was announced.
  virtual void after_write(GuestPhys at, size_t size, uint8_t flags) noexcept = 0;
  // The page got its first notify flag while kWriteMapped was set: give up every direct write path to it.
  virtual void write_path_revoked(GuestPhys page) noexcept { (void)page; }
  // A device (not a hart) wrote these bytes, on whatever page: reservations of LR end.
  virtual void dma_wrote(GuestPhys at, size_t size) noexcept { (void)at, (void)size; }
};

class GuestRam {
 public:
  // `size` is a non-zero multiple of the page size. Memory reads as zero and is only touched when it is used.
  static Result<std::unique_ptr<GuestRam>> create(GuestPhys base, uint64_t size);
  ~GuestRam();
  GuestRam(const GuestRam&) = delete;
  GuestRam& operator=(const GuestRam&) = delete;

  [[nodiscard]] GuestPhys base() const { return {base_}; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint64_t pages() const { return size_ >> kPageShift; }

  // True if [at, at+length) lies in RAM; safe against overflow for any values.
  [[nodiscard]] bool contains(GuestPhys at, uint64_t length = 1) const {
    const uint64_t offset = at.value - base_;
    return offset < size_ && length <= size_ - offset;
  }
  // Host address of a guest-physical address that contains() accepted.
  [[nodiscard]] uint8_t* host(GuestPhys at) { return host_ + (at.value - base_); }
  [[nodiscard]] const uint8_t* host(GuestPhys at) const { return host_ + (at.value - base_); }
  // The same, of what instructions are fetched from: RAM itself, but for freeze_fetched().
  [[nodiscard]] const uint8_t* fetched(GuestPhys at) { return frozen_ ? frozen(at) : host(at); }
  // From now on a page is copied when it is first fetched from, and fetched from the copy for ever (core/breaks.inc).
  void freeze_fetched() { frozen_ = std::make_unique<FrozenPages>(); }
  // The same until refetch(), which makes the copies as RAM is, for every hart (core/chaos.inc).
  void copy_fetched() {
    freeze_fetched();
    copies_ = true;
  }
  void refetch() noexcept;
  [[nodiscard]] uint64_t page_index(GuestPhys at) const { return (at.value - base_) >> kPageShift; }

  // --- Page flags
  // ------------------------------------------------------------------------------------------------
  [[nodiscard]] uint8_t flags(GuestPhys at) const { return flags_[page_index(at)]; }
  // Sets a flag. The first notify flag of a page with a direct write path revokes that path.
  void set_flag(GuestPhys at, PageFlag flag);
  void clear_flag(GuestPhys at, PageFlag flag) { flags_[page_index(at)] &= static_cast<uint8_t>(~flag); }
  void add_listener(RamListener* listener) { listeners_.push_back(listener); }
  void remove_listener(RamListener* listener) { std::erase(listeners_, listener); }

  // --- Writing
  // --------------------------------------------------------------------------------------------------- For
  // writers that have the host address already: call both around the write. [at, at+size) lies in RAM.
  void announce_before(GuestPhys at, size_t size) noexcept;
  void announce_after(GuestPhys at, size_t size) noexcept;

  // DMA: false (and nothing touched) if any byte lies outside RAM.
  [[nodiscard]] bool read(GuestPhys from, void* to, size_t size) const noexcept;
  [[nodiscard]] bool write(GuestPhys to, const void* from, size_t size) noexcept;
  template <typename T>
  [[nodiscard]] bool read_value(GuestPhys from, T& value) const noexcept {
    return read(from, &value, sizeof value);
  }
  template <typename T>
  [[nodiscard]] bool write_value(GuestPhys to, T value) noexcept {
    return write(to, &value, sizeof value);
  }
  // For DMA by the host kernel (preadv): construct around the write into host(at).
  class DmaScope {
   public:
    DmaScope(GuestRam& ram, GuestPhys at, size_t size) : ram_(ram), at_(at), size_(size) {
      ram_.announce_before(at_, size_);
    }
    ~DmaScope() {
      ram_.announce_after(at_, size_);
      ram_.announce_dma(at_, size_);
    }
    DmaScope(const DmaScope&) = delete;
    DmaScope& operator=(const DmaScope&) = delete;

   private:
    GuestRam& ram_;
    GuestPhys at_;
    size_t size_;
  };

  // Hash over (index, contents) of every page that is not all zero; untouched pages cost nothing.
  [[nodiscard]] uint64_t hash() const;
  // Compares all bytes with those of a RAM of the same size. Pages that neither has touched cost nothing.
  struct Comparison {
    uint64_t pages = 0;                  // that were looked at
    std::optional<GuestPhys> different;  // the first byte that is, at its address in this RAM
  };
  [[nodiscard]] Comparison compare(const GuestRam& other, uint64_t from_offset = 0) const;
  // [from, from + size), in RAM, becomes zeros; what nobody has touched stays untouched.
  void zero(GuestPhys from, uint64_t size) noexcept;
  // Pages get these bytes; false: the host has no memory for them. Nobody is told: it is for machines that have not run.
  // Any number of threads may do it.
  [[nodiscard]] bool load(GuestPhys at, std::span<const std::byte> bytes) noexcept;
  // All of it gets bytes of the caller's, eight at a time.
  void fill(const std::function<uint64_t()>& next);
  // Each page that is not all zero, by its address, in order; `f` may not touch RAM.
  void each_page(const std::function<void(GuestPhys, const uint8_t*)>& f) const;
  void clear();  // reset of the machine: all bytes zero again, flags revoked as by writes

 private:
  GuestRam(uint64_t base, uint64_t size, uint8_t* host, int fd);
  void announce_dma(GuestPhys at, size_t size) noexcept;
  struct Extent {
    uint64_t begin, end;
  };
  [[nodiscard]] Extent touched_after(uint64_t offset) const;
  using FrozenPages = std::map<uint64_t, std::array<uint8_t, kPageSize>>;  // by page number
  [[nodiscard]] const uint8_t* frozen(GuestPhys at);
  template <typename F>
  void for_each_flagged_page(GuestPhys at, size_t size, F f) noexcept;

  uint64_t base_;
  uint64_t size_;
  uint8_t* host_;
  int fd_;
  std::vector<uint8_t> flags_;
  std::vector<RamListener*> listeners_;
  std::unique_ptr<FrozenPages> frozen_;
  bool copies_ = false;                // of frozen_, until a fence
  std::vector<uint64_t> old_copies_;  // numbers of pages that were written since they were copied
};

}  // namespace vitrine::core
