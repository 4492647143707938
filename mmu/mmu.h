// SPDX-License-Identifier: MIT
// Mmu: the memory port of one hart. It decides for each slow access whether it is translated, what PMP says,
// whether RAM or a device answers, and fills the Views and shadow tables (address_spaces.h). The fast path is
// in core/memory_port.h.
#pragma once

#include <memory>

#include "core/bus.h"
#include "core/guest_ram.h"
#include "core/memory_port.h"
#include "core/stop_points.h"
#include "mmu/address_spaces.h"
#include "mmu/page_walk.h"
#include "mmu/store_buffer.h"

namespace vitrine::mmu {

class Mmu final : public core::MemoryPort {
 public:
  Mmu(unsigned hart, core::GuestRam& ram, core::Bus& bus, AddressSpaces& spaces);

  void set_context(const core::TranslationContext& context) noexcept override;
  // Every cached translation goes.
  void set_protection(bool present, std::span<const uint8_t> config,
                      std::span<const uint64_t> address) noexcept override;
  [[nodiscard]] const Pmp& pmp() const { return pmp_; }

  core::Fault load(core::GuestVirt at, unsigned width, uint64_t& value) noexcept override;
  core::Fault store(core::GuestVirt at, unsigned width, uint64_t value) noexcept override;
  core::Fault reserve(core::GuestVirt at, unsigned width, core::AccessKind kind,
                      core::GuestPhys& where) noexcept override;
  uint64_t read_ram(core::GuestPhys at, unsigned width) noexcept override;
  void write_ram(core::GuestPhys at, unsigned width, uint64_t value) noexcept override;
  core::Fault zero_block(core::GuestVirt at, unsigned size) noexcept override;
  core::Fault check(core::GuestVirt at, core::AccessKind kind) noexcept override;
  core::Fault fetch_page(core::GuestVirt at, core::CodePage& page) noexcept override;
  core::Fault fetch_halfword(core::GuestVirt at, uint16_t& bits) noexcept override;
  void keep_code(core::GuestVirt at, void* payload) noexcept override;
  void keep_translated(core::GuestVirt at, void* translated) noexcept override;
  void forget_code() noexcept override;
  void use_predictions(core::PredictionSet* sets) noexcept override;
  void fence_translations(const core::TranslationFence& fence) noexcept override;
  void fence_instructions() noexcept override;
  void fence_data() noexcept override;
  void turn_ends() noexcept override;
  [[nodiscard]] uint32_t peek_instruction(core::GuestVirt at) const noexcept override;
  [[nodiscard]] std::string effect() const override;
  // A debugger's; null: none. Who changes them flushes what is kept (AddressSpaces::flush_all).
  void watch(core::StopPoints* stops) { stops_ = stops; }
  // Wrong on purpose (core/breaks.inc): what is kept of translations is never forgotten.
  void ignore_fences() { ignores_fences_ = true; }
  // Stores wait from now on. No View keeps data then: each access comes here.
  void buffer_stores(uint64_t seed) { buffer_ = std::make_unique<StoreBuffer>(seed); }
  // For tests: its Views are made anew, elsewhere. No engine runs.
  void move() noexcept;
  // Reset of the machine: nothing is kept any more.
  void forget_translations() noexcept;
  // What is kept of translations, if the guest can see it (kept_translations.h); nothing of the coherent
  // machines.
  void serialize(core::Archive& ar);

  // What the lazy machines keep, and under which name what is found now is kept.
  [[nodiscard]] const KeptTranslations& kept() const { return kept_; }
  // Where data of the present context is translated.
  [[nodiscard]] AddressSpaces::SpaceId data_space() const { return data_space_; }

  // For debuggers and tests: the walk of an address in the present context, nothing changed, nothing kept.
  [[nodiscard]] Walk look(core::GuestVirt at, core::AccessKind kind) const noexcept;

 private:
  // One page's worth of an access, translated and permitted.
  struct Place {
    core::GuestPhys at;
    uint64_t leaf = 0;  // the entry that led there; 0: no translation
    bool walked = false;
    Walk walk;
  };

  [[nodiscard]] unsigned privilege_of(core::AccessKind kind) const {
    return kind == core::AccessKind::kFetch ? context_.fetch_privilege : context_.data_privilege;
  }
  [[nodiscard]] ViewKind view_kind(unsigned privilege) const;
  [[nodiscard]] ViewKind code_view_kind() const;
  core::Fault translate(core::GuestVirt at, unsigned size, core::AccessKind kind, Place& place) noexcept;
  [[nodiscard]] bool lazy() const { return spaces_.model() != Model::kCoherent; }
  void revoke(const KeptTranslations::Gone& gone) noexcept;
  core::Fault walk(core::GuestVirt at, core::AccessKind kind, unsigned privilege, Place& place) noexcept;
  core::Fault translate_lazily(core::GuestVirt at, core::AccessKind kind, unsigned privilege,
                               Place& place) noexcept;
  core::Fault load_crossing(core::GuestVirt at, unsigned width, uint64_t& value) noexcept;
  core::Fault store_crossing(core::GuestVirt at, unsigned width, uint64_t value) noexcept;
  bool read_physical(core::GuestPhys at, unsigned width, uint64_t& value, core::AccessKind kind) noexcept;
  bool write_physical(core::GuestPhys at, unsigned width, uint64_t value) noexcept;
  bool write_memory(core::GuestPhys at, unsigned width, uint64_t value) noexcept;
  void drain_stores() noexcept;
  void drain_stores_over(core::GuestPhys at, uint64_t size) noexcept;
  template <typename Write>
  void write_table(core::GuestPhys at, const Write& write) noexcept;
  void tell_stops(core::GuestVirt at, uint64_t size, core::AccessKind kind) noexcept {
    if (stops_) stops_->accessed(hart_, at, size, kind);
  }
  void fill(core::GuestVirt at, core::AccessKind kind, const Place& place) noexcept;
  void fill_in_bulk(core::GuestVirt at, ViewKind view, const Place& place) noexcept;
  void fill_neighbours(core::GuestVirt at, ViewKind view, const Place& place) noexcept;
  void match_predictions() noexcept;
  [[nodiscard]] bool may_read_root() const noexcept;
  const uint8_t* known_for_reading(core::GuestVirt at) noexcept;
  uint8_t* known_for_writing(core::GuestVirt at) noexcept;

  unsigned hart_;
  core::GuestRam& ram_;
  core::Bus& bus_;
  AddressSpaces& spaces_;
  Pmp pmp_;
  core::TranslationContext context_;
  uint64_t key_ = AddressSpaces::kBareRoot;  // of paged_space_
  AddressSpaces::SpaceId bare_space_;
  AddressSpaces::SpaceId paged_space_ = bare_space_;
  AddressSpaces::SpaceId data_space_ = 0;
  AddressSpaces::SpaceId code_space_ = 0;
  Place code_place_;  // of the last fetch_page, for keep_code
  core::PredictionSet* predictions_ = nullptr;
  KeptTranslations kept_;  // of the lazy machines
  core::StopPoints* stops_ = nullptr;
  core::GuestVirt reserved_;  // by the last reserve()
  bool ignores_fences_ = false;
  std::unique_ptr<StoreBuffer> buffer_;  // or every store is in memory at once
  // What the last change did, for whoever listens to events.
  struct Effect {
    enum What : uint8_t { kSwitched, kSameSpace, kFenced } what = kSameSpace;
    AddressSpaces::SpaceId before = 0;
    size_t forgotten = 0;
  } effect_;
};

}  // namespace vitrine::mmu
