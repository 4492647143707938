// SPDX-License-Identifier: MIT
// What pages of guest RAM held at marked moments. RAM can be made as it was at any of them, at the cost of the pages that
// differ. Between two marks a page is copied at most once, and only if it was written: a mark makes all pages clean
// (kClean, guest_ram.h), and the first write to a clean page is announced.
//
//     mark 0      page 3: A        page 7: P         a page without a version at or before a mark was all zero then
//     mark 500    page 3: B
//     mark 900                     page 7: Q
//
// Marks are numbers in the order of the run: its steps, for instance. A run that is made again from a mark is the same run:
// later marks stay what they are, RAM can go to them too, and marks can be set between them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/guest_ram.h"

namespace vitrine::core {

class PageHistory final : private RamListener {
 public:
  using Mark = uint64_t;

  // RAM as it stands is the first mark. `ram` outlives this, and has one history at most.
  PageHistory(GuestRam& ram, Mark first);
  ~PageHistory() override;
  PageHistory(const PageHistory&) = delete;
  PageHistory& operator=(const PageHistory&) = delete;

  // RAM as it stands becomes a mark. The run came here from the last mark that was set or gone to.
  void mark(Mark mark);
  // RAM becomes what it was at a mark. Announced as writes of a device: what depends on pages that differ goes, and no more.
  void go_to(Mark mark);
  // A mark that is neither the first nor the last will not be gone to any more.
  void forget(Mark mark);

  [[nodiscard]] uint64_t bytes() const { return kPageSize * versions_; }
  // Pages that were written since the last mark that was set or gone to.
  [[nodiscard]] size_t dirty() const { return dirty_.size(); }

 private:
  using Bytes = std::array<uint8_t, kPageSize>;
  struct Version {
    Mark mark;
    std::unique_ptr<Bytes> bytes;  // null: all zero
  };
  using Versions = std::vector<Version>;  // in the order of their marks

  void before_write(GuestPhys at, size_t size) noexcept override;
  void after_write(GuestPhys, size_t, uint8_t) noexcept override {}
  [[nodiscard]] static Versions::const_iterator behind(const Versions& versions, Mark mark);
  void keep(uint64_t page, Mark mark);
  void clean(uint64_t page) { ram_.set_flag(address(page), kClean); }
  [[nodiscard]] GuestPhys address(uint64_t page) const { return ram_.base() + (page << kPageShift); }
  [[nodiscard]] const Bytes* content(uint64_t page, Mark mark) const;
  void write(uint64_t page, const Bytes* bytes);

  GuestRam& ram_;
  std::unordered_map<uint64_t, Versions> pages_;
  std::map<Mark, std::vector<uint64_t>> changed_;  // pages with a version of that mark
  std::vector<uint64_t> dirty_;  // pages that were written since RAM was as at position_
  Mark position_;
  uint64_t versions_ = 0;  // with bytes
};

}  // namespace vitrine::core
