// SPDX-License-Identifier: MIT
// Of --lint: what a driver writes to the registers of one virtio device, compared with the order that the
// specification demands (virtio 1.2, 3.1.1 "Driver Requirements: Device Initialization", 4.2.3.2 "Virtqueue
// Configuration", and for legacy devices 4.2.4). The registers are told of in
// devices/virtio/mmio_registers.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::app {

class LintVirtio {
 public:
  explicit LintVirtio(bool legacy) : legacy_(legacy) { reset(); }

  struct Wrong {
    bool mixed = false;  // legacy and modern are confused; otherwise: a wrong order
    std::string what;    // empty: nothing is wrong
  };
  Wrong written(uint64_t offset, uint32_t value);

 private:
  struct Queue {
    bool size = false, align = false, ready = false;
    uint8_t places = 0;  // which of the three areas have an address
  };
  Wrong modern(uint64_t offset, uint32_t value);
  Wrong legacy(uint64_t offset, uint32_t value);
  Wrong status_written(uint32_t value);
  Wrong ready_written(Queue& queue, bool ready);
  Wrong pfn_written(Queue& queue, uint32_t pfn);
  void reset();
  Queue& queue();

  bool legacy_;
  uint32_t status_ = 0;
  uint32_t selected_features_ = 0;
  uint64_t features_ = 0;
  uint32_t selected_ = 0;
  bool page_size_ = false;
  std::vector<Queue> queues_;
};

}  // namespace vitrine::app
