// SPDX-License-Identifier: MIT
// The page walk against the oracle of its tests (tests/mmu/walk_oracle.h): tables of an input's making in 32 pages,
// accesses through them; both agree about the verdict, the address, and what became of A and D.
#include "mmu/page_walk.h"
#include "tests/fuzz/input.h"
#include "tests/mmu/walk_oracle.h"

using namespace vitrine;
using namespace vitrine::mmu;

namespace {

constexpr uint64_t kBase = 0x8000'0000, kPages = 32, kSize = kPages << 12;

class Trees {
 public:
  explicit Trees(fuzz::Input& input) : input_(input), memory_{kBase, std::vector<uint8_t>(kSize)} {
    const uint8_t shape = input.byte(), rules = input.byte();
    rules_ = {.levels = 3u + shape % 3, .root_page = (kBase >> 12) + (shape >> 3), .sum = (rules & 1) != 0, .mxr = (rules & 2) != 0,
              .svadu = (rules & 4) != 0, .svpbmt = (rules & 8) != 0, .svnapot = (rules & 16) != 0};
    pmp_.config[15] = 0x1f;
    pmp_.address[15] = (uint64_t{1} << 54) - 1;
    if (rules & 32) pmp_.config[0] = 0x18 | (shape & 7), pmp_.address[0] = (kBase + 0x3000) >> 2 | 0x1ff;  // a page
    ram_->clear();
  }
  void entries() {
    for (unsigned n = input_.byte() % 64; n != 0; --n) {
      const uint64_t place = input_.take<uint16_t>() % (kSize / 8);
      const uint64_t page = (kBase >> 12) + input_.byte() % kPages;
      const auto flags = input_.take<uint16_t>();
      const uint64_t pte = page << 10 | (flags & 0x3ff) | uint64_t{flags} >> 10 << 58 | (flags & 0x200 ? 0 : kPteV);
      memory_.set_word(kBase + 8 * place, pte);
      fuzz::require(ram_->write_value({kBase + 8 * place}, pte), "entries lie in RAM");
    }
  }
  void access() {
    const auto indexes = input_.take<uint32_t>();
    const uint8_t how = input_.byte();
    uint64_t address = input_.take<uint16_t>() & 0xfff;
    for (unsigned level = 0; level < 5; ++level) address |= uint64_t{indexes >> 4 * level & 15} << (12 + 9 * level);
    if (how & 8) address = ~address;
    const auto kind = static_cast<core::AccessKind>(how % 3);
    const unsigned privilege = how >> 2 & 1;
    const core::TranslationContext context{.satp = uint64_t{rules_.levels + 5} << 60 | rules_.root_page, .sum = rules_.sum, .mxr = rules_.mxr,
                                           .hardware_ad = rules_.svadu, .napot = rules_.svnapot, .memory_types = rules_.svpbmt};
    const Walk walk = page_walk({*ram_, Pmp(true, pmp_.config, pmp_.address)}, context, {address}, kind, privilege);
    const oracle::Answer answer = oracle::translate(memory_, pmp_, rules_, address, oracle_kind(kind), privilege);
    fuzz::require(walk.fault == fault_of(answer.verdict), "the verdict is the oracle's");
    fuzz::require(answer.verdict != oracle::Verdict::kTranslated || walk.physical.value == answer.physical, "so is the address");
    fuzz::require(std::memcmp(ram_->host({kBase}), memory_.bytes.data(), kSize) == 0, "so are A and D");
  }

 private:
  static oracle::Kind oracle_kind(core::AccessKind kind) {
    return kind == core::AccessKind::kLoad    ? oracle::Kind::kLoad
           : kind == core::AccessKind::kStore ? oracle::Kind::kStore
                                              : oracle::Kind::kFetch;
  }
  static core::FaultKind fault_of(oracle::Verdict verdict) {
    return verdict == oracle::Verdict::kTranslated  ? core::FaultKind::kNone
           : verdict == oracle::Verdict::kPageFault ? core::FaultKind::kPage
                                                    : core::FaultKind::kAccess;
  }

  fuzz::Input& input_;
  inline static const std::unique_ptr<core::GuestRam> ram_ = std::move(core::GuestRam::create({kBase}, kSize).value());
  oracle::Memory memory_;
  oracle::PmpRegisters pmp_;
  oracle::Rules rules_;
};

}  // namespace

VITRINE_FUZZ_TARGET(input) {
  Trees trees(input);
  while (!input.empty()) {
    trees.entries();
    trees.access();
  }
}
