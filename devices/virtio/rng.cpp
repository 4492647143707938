// SPDX-License-Identifier: MIT
// The virtio entropy device.
#include "devices/virtio/rng.h"

#include <algorithm>
#include <vector>

#include "devices/virtio/segments.h"

namespace vitrine::devices {

void VirtioRng::notified(unsigned) {
  Chain chain;
  bool any = false;
  std::vector<uint64_t> words;
  // No more than a full queue: the bytes may fall on the rings themselves.
  for (uint32_t n = 0; n < VirtQueue::kMaxSize && port_->take(0, chain); ++n) {
    const uint64_t size = std::min(total_size(chain.writable), kMaxBytes);
    words.resize((size + 7) / 8);
    for (uint64_t& word : words) word = generator_.next();
    copy_to(port_->ram(), chain.writable, words.data(), size);
    port_->give_back(0, chain, static_cast<uint32_t>(size));
    any = true;
  }
  if (any) port_->interrupt(0);
}

}  // namespace vitrine::devices
