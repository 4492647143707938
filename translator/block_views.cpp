// SPDX-License-Identifier: MIT
// What is in code memory, for people who ask (app/debug/verbs_translation.cpp). Nothing that runs a guest needs it.
#include <algorithm>

#include "translator/translator.h"

namespace vitrine::translator {

std::vector<Translator::BlockView> Translator::blocks() const {
  std::vector<BlockView> found;
  for (const Place& place : places_) {
    const auto* const code = reinterpret_cast<const uint8_t*>(place.host);
    const auto offset = static_cast<uint32_t>(code - memory_->base());
    const TranslatedPage& page = *place.page;
    const bool entered = page.entries[place.guest % core::kPageSize / 2] == offset;
    const bool apart = std::any_of(page.apart.begin(), page.apart.end(), [&](const ApartBlock& block) { return block.code == offset; });
    if (entered || apart) found.push_back({page.key, place.guest, code, place.size, apart});
  }
  std::stable_sort(found.begin(), found.end(), [](const BlockView& a, const BlockView& b) { return a.pc < b.pc; });
  return found;
}

const uint8_t* Translator::block_at(const PageKey& key, uint64_t pc) const {
  const TranslatedPage* const page = pages_->find(key);
  const uint32_t offset = page ? page->entries[pc % core::kPageSize / 2] : 0;
  return offset != 0 ? memory_->base() + offset : nullptr;
}

std::vector<Link> Translator::waiting(const BlockView& block) const {
  std::vector<Link> found;
  if (const TranslatedPage* const page = pages_->find(block.page))
    for (const Link& link : page->waiting)
      if (link.after > block.code && link.after <= block.code + block.size) found.push_back(link);
  return found;
}

// Jumps to blocks that were there are shorter than others. Which were there is found by trying: those that are there now may have
// come later.
std::optional<Translator::BlockStory> Translator::story_of(const BlockView& block) {
  constexpr size_t kMost = 8;
  const TranslatedPage* const page = pages_->find(block.page);
  if (!page) return std::nullopt;
  std::vector<uint32_t> entries(kHalfwords, 0);
  make_block(*page, entries.data(), block.pc, block.apart, nullptr);
  std::vector<uint16_t> there;
  for (const Link& link : output_.links)
    if (!(link.target & Link::kApart) && page->entries[link.target / 2] != 0 && std::count(there.begin(), there.end(), link.target) == 0)
      there.push_back(link.target);
  if (there.size() > kMost) there.resize(kMost);
  std::optional<BlockStory> best;
  size_t most_alike = 0;
  for (unsigned chosen = 0; chosen < 1u << there.size(); ++chosen) {
    for (size_t i = 0; i < there.size(); ++i) entries[there[i] / 2] = chosen >> i & 1 ? page->entries[there[i] / 2] : 0;
    BlockStory story;
    story.input = make_block(*page, entries.data(), block.pc, block.apart, &story.origins);
    size_t alike = 0;
    if (output_.code.size() == block.size)
      for (size_t i = 0; i < block.size; ++i) alike += output_.code[i] == block.code[i];
    if (best && alike <= most_alike) continue;
    most_alike = alike;
    story.block = block_;
    story.code.assign(output_.code.begin(), output_.code.end());
    best = std::move(story);
  }
  return best;
}

}  // namespace vitrine::translator
