// SPDX-License-Identifier: MIT
// Where exits come from: a small table of counts by pc and kind of event, for a list of the most frequent ones. It is
// bounded: when the places that a pc may have are taken, the least frequent of them goes, and what it had counted is added
// to `others`. So the counts and `others` together are all exits; and a count may lack what came before its place was taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace vitrine::core {

enum class EventKind : uint8_t;
class EventContext;

class EventPlaces {
 public:
  struct Place {
    uint64_t pc = 0;
    uint64_t count = 0;        // 0: nothing is here
    uint32_t instruction = 0;  // its bits, when it was first seen
    EventKind kind{};
    uint8_t privilege = 0;
  };

  void count(uint64_t pc, EventKind kind, uint8_t privilege, const EventContext& context) noexcept {
    Place*& last = last_[static_cast<size_t>(kind) % kLasts];
    if (last && last->pc == pc && last->kind == kind && last->privilege == privilege) [[likely]] {
      ++last->count;
      return;
    }
    if (!places_) [[unlikely]]
      places_ = std::make_unique<Place[]>(kPlaces);
    const uint64_t hash = (pc ^ uint64_t{static_cast<uint8_t>(kind)} << 56 ^ uint64_t{privilege} << 48) * 0x9e37'79b9'7f4a'7c15;
    Place* const first = &places_[hash >> (64 - kPlacesLog) & ~uint64_t{kNeighbours - 1}];
    for (Place* place = first; place != first + kNeighbours; ++place)
      if (place->pc == pc && place->kind == kind && place->privilege == privilege && place->count != 0) [[likely]] {
        ++place->count;
        last = place;
        return;
      }
    last = take(first, pc, kind, privilege, context);
  }

  // Those with the most, in order.
  [[nodiscard]] std::vector<Place> most(size_t how_many) const;
  // All, in no order.
  [[nodiscard]] std::vector<Place> all() const;
  [[nodiscard]] uint64_t others() const { return others_; }

 private:
  static constexpr unsigned kPlacesLog = 12;
  static constexpr size_t kPlaces = size_t{1} << kPlacesLog;
  static constexpr unsigned kNeighbours = 8;  // that a pc may have: a power of two

  // Where each kind was counted last: most often it is there again. By the kind's number.
  static constexpr size_t kLasts = 64;
  std::array<Place*, kLasts> last_ = {};

  Place* take(Place* first, uint64_t pc, EventKind kind, uint8_t privilege, const EventContext& context) noexcept;

  std::unique_ptr<Place[]> places_;
  uint64_t others_ = 0;
};

}  // namespace vitrine::core
