// SPDX-License-Identifier: MIT
// What is kept of page walks (mmu/address_spaces.h): spaces, shadow. Nothing of it is the guest's, and nothing changes by looking.
#include <fmt/format.h>

#include <algorithm>

#include "app/debug/verbs.h"
#include "app/diagnosis.h"
#include "app/explain.h"
#include "core/file.h"

namespace vitrine::app::debug {

namespace {

using core::AccessKind;
using mmu::AddressSpaces;

constexpr uint64_t kAsid = uint64_t{0xffff} << 44, kPpn = (uint64_t{1} << 44) - 1;

std::string root_text(uint64_t root) {
  if (root == AddressSpaces::kBareRoot || mmu::mode_of(root) == mmu::Mode::kBare) return "addresses are physical";
  return fmt::format("satp {:#x} without ASID: {}, root table at {:#x}", root & ~kAsid, mode_name(mmu::mode_of(root)), (root & kPpn) << core::kPageShift);
}

// Who is in it now.
std::string user_text(State& state, const AddressSpaces::SpaceView& space) {
  if (space.group || space.root == AddressSpaces::kBareRoot) return {};
  const riscv::Hart& hart = state.machine().hart(space.hart);
  if (((hart.csr.satp ^ space.root) & ~kAsid) != 0) return {};
  std::string text = fmt::format(" <- satp of hart {}", hart.id);
  if (state.processes())
    if (const auto process = state.processes()->running(hart.id, hart.csr.satp)) text += fmt::format(": {}", core::printable(process->text()));
  return text;
}

std::string known_text(const AddressSpaces::SpaceView& space) {
  constexpr const char* kKinds[] = {"U", "S", "S with SUM", "M"};
  std::string text;
  for (size_t kind = 0; kind < space.known.size(); ++kind)
    if (space.known[kind] != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", space.known[kind], kKinds[kind]);
  if (space.known_upper != 0) text += fmt::format("{}{} of S in the upper half", text.empty() ? "" : ", ", space.known_upper);
  return text.empty() ? "no page is known" : "pages known: " + text;
}

Answer spaces(State& state, const Words& words) {
  if (words.size() > 1) return usage(words[0], "it takes no words.");
  const AddressSpaces& all = state.machine().spaces();
  std::string text;
  for (const AddressSpaces::SpaceView& space : all.spaces()) {
    const std::string what = space.group ? fmt::format("the upper half that several roots have in common, of hart {}", space.hart)
                                         : fmt::format("hart {}, {}", space.hart, root_text(space.root));
    text += fmt::format("{:>3}  {}{}\n     {}", space.id, what, user_text(state, space), known_text(space));
    if (!space.group && space.shares_with != space.id) text += fmt::format("; its upper half is {}", space.shares_with);
    text += space.linear ? "; linear tables\n" : "\n";
  }
  for (unsigned i = 0; i < state.machine().hart_count(); ++i)
    if (all.model() != mmu::Model::kCoherent) text += fmt::format("Hart {} keeps {} translations until a fence names them.\n", i, state.machine().mmu(i).kept().size());
  if (!all.caching()) text += "Nothing is kept: each access walks (--mmu none).\n";
  return text.empty() ? Answer(std::string("No hart has used an address yet.\n")) : Answer(text);
}

// --- One address

class Shadow {
 public:
  Shadow(State& state, uint64_t address) : state_(state), hart_(state.hart()), mmu_(state.machine().mmu(hart_.id)), address_(address) {}

  std::string text() {
    std::string text = fmt::format("{} for hart {} in {}\n", address_text(state_.machine(), address_), hart_.id, privilege_name(hart_.privilege));
    for (const AccessKind use : {AccessKind::kLoad, AccessKind::kStore, AccessKind::kFetch}) text += walk_line(use);
    text += use_lines(AccessKind::kLoad) + use_lines(AccessKind::kStore) + code_lines() + kept_line();
    return text + host_line();
  }

 private:
  std::string walk_line(AccessKind use) {
    const mmu::Walk walk = mmu_.look({address_}, use);
    const std::string head = fmt::format("  guest's walk, {:<6} ", use_name(use));
    if (walk.fault != core::FaultKind::kNone) return head + fmt::format("refused: {}\n", walk.reason);
    if (walk.depth == 0) return head + fmt::format("none: physical {:#x}\n", walk.physical.value);
    return head + fmt::format("{} entries, the last {:#x} ({}) -> physical {:#x}\n", walk.depth, walk.pte, entry_flags(walk.pte), walk.physical.value);
  }
  // Where an addend of a table leads, and whether that is where the walk leads now.
  std::string leads(uint64_t addend, AccessKind use) {
    const uint64_t host = address_ + addend;
    const mmu::Walk walk = mmu_.look({address_}, use);
    const core::GuestRam& ram = state_.machine().ram();
    const bool agrees = walk.fault == core::FaultKind::kNone && ram.contains(walk.physical) && reinterpret_cast<uint64_t>(ram.host(walk.physical)) == host;
    return fmt::format("address + {:#x} = host {:#x}, {}\n", addend, host, agrees ? "where the walk leads" : "not where the walk leads now");
  }
  std::string use_lines(AccessKind use) {
    const bool write = use == AccessKind::kStore;
    const core::View& view = *hart_.memory->data_view;
    const core::DataEntry& entry = (write ? view.write : view.read)[address_ >> core::kPageShift & (core::kDataEntries - 1)];
    std::string text = fmt::format("  View, {:<6}         {}", use_name(use),
                                   entry.tag == (address_ & core::kPageMask) ? leads(entry.addend, use) : "no entry\n");
    const uint64_t half = address_ >> 63;
    if (!(write ? view.write_shadow : view.read_shadow)[half])
      text += fmt::format("  shadow, {:<6}       there is no linear table\n", use_name(use));
    else if (const uint64_t addend = core::known_addend(view, address_, write))
      text += fmt::format("  shadow, {:<6}       {}", use_name(use), leads(addend, use));
    else
      text += fmt::format("  shadow, {:<6}       no entry: an access would be a hidden fault or a guest page fault\n", use_name(use));
    return text + prediction_lines(use);
  }
  std::string prediction_lines(AccessKind use) {
    const unsigned set = std::min<unsigned>(static_cast<unsigned>(hart_.privilege), core::kPredictionSets - 1);
    const core::PredictionTable& table = use == AccessKind::kStore ? hart_.predictions[set].write : hart_.predictions[set].read;
    unsigned slots = 0;
    uint64_t addend = 0;
    for (unsigned slot = 0; slot < core::kPredictions; ++slot) {
      if (table.length[slot] == 0 || address_ - table.start[slot] >= table.length[slot] + core::PredictionTable::kTail) continue;
      ++slots;
      addend = table.addend[slot];
    }
    if (slots == 0) return fmt::format("  predictions, {:<6}  none of {} slots\n", use_name(use), core::kPredictions);
    return fmt::format("  predictions, {:<6}  {} of {} slots: {}", use_name(use), slots, core::kPredictions, leads(addend, use));
  }
  std::string code_lines() {
    const core::CodeEntry& entry = hart_.memory->code_view->code[address_ >> core::kPageShift & (core::kCodeEntries - 1)];
    if (entry.tag != (address_ & core::kPageMask)) return "  View, fetch          no entry\n";
    return fmt::format("  View, fetch          the page is kept{}{}\n", entry.payload ? ", decoded" : "", entry.translated ? ", translated" : "");
  }
  std::string kept_line() {
    if (state_.machine().spaces().model() == mmu::Model::kCoherent) return {};
    const auto* const entry = mmu_.kept().find(mmu_.kept().space_of(hart_.csr.satp), {address_});
    if (!entry) return "  kept until a fence   nothing\n";
    return fmt::format("  kept until a fence   entry {:#x} ({}) for {} page{} from {:#x} on\n", entry->pte, entry_flags(entry->pte), entry->pages(),
                       entry->pages() == 1 ? "" : "s", entry->first());
  }
  std::string host_line() {
    const mmu::Walk walk = mmu_.look({address_}, AccessKind::kLoad);
    if (walk.fault != core::FaultKind::kNone) return "So a load would be a guest trap.\n";
    const core::GuestRam& ram = state_.machine().ram();
    if (!ram.contains(walk.physical)) return fmt::format("Guest-physical {:#x} is no RAM: a load is an exit.\n", walk.physical.value);
    return fmt::format("Guest-virtual {:#x} -> guest-physical {:#x} -> host-virtual {:#x}; the last arrow, to host-physical, is the host Linux's.\n", address_,
                       walk.physical.value, reinterpret_cast<uint64_t>(ram.host(walk.physical)));
  }

  State& state_;
  riscv::Hart& hart_;
  mmu::Mmu& mmu_;
  uint64_t address_;
};

Answer shadow(State& state, const Words& words) {
  if (words.size() != 2) return usage(words[0], "it wants an address.");
  auto address = parse_place(state, words[1]);
  if (!address) return address.error();
  return Shadow(state, *address).text();
}

constexpr Verb kVerbs[] = {
    {"spaces", "", "", "Shows the address spaces that were seen, whose they are, and how much of each is known.", Wants::kNothing, spaces},
    {"shadow", "", "WHERE", "Shows the guest's walk of an address beside what Views, shadow page tables and predictions have for it.", Wants::kPlace, shadow},
};

}  // namespace

std::span<const Verb> shadow_verbs() { return kVerbs; }

}  // namespace vitrine::app::debug
