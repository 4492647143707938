// SPDX-License-Identifier: MIT
// Names of the guest's processes: what runs on a hart now, as the guest's own kernel has it. Where it keeps
// that, a kernel.toml says (kernel_info.h). It is looked up in the guest's memory without disturbing it; a
// pointer that leads nowhere, or to what is no name, gives no name. The log, explanations and whoever else
// shows a place use this.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/kernel_info.h"
#include "app/machine.h"

namespace vitrine::app {

class KernelTypes;

struct Process {
  std::string name;
  std::optional<uint64_t> pid;
  // "sh[3]"
  [[nodiscard]] std::string text() const;
  // {"name": "sh", "pid": 3}
  [[nodiscard]] std::string json() const;
};

class Processes {
 public:
  // By `file`; or, if that is empty, by the file beside the kernel, or by what we know of it (teach, Linux
  // with BTF). If there is none of these no process has a name, which is no error. The machine outlives this.
  static core::Result<std::unique_ptr<Processes>> open(Machine& machine, const std::string& file);

  // False: no process will ever have a name.
  [[nodiscard]] bool known() const { return !current_.empty(); }
  // That a hart runs now, by the page tables of `satp`.
  [[nodiscard]] std::optional<Process> running(unsigned hart, uint64_t satp) const;

 private:
  struct Current {
    enum class Kind : uint8_t { kMemory, kX, kSscratch } kind = Kind::kMemory;
    unsigned x = 0;                    // the register's number
    uint64_t address = 0, stride = 0;  // in memory: of hart 0's, and from there to the next one's
  };
  struct Field {
    uint64_t offset = 0, size = 0;
    bool pointer = false;
  };
  class Finder;

  explicit Processes(Machine& machine) : machine_(machine) {}
  core::Result<> find(const KernelInfo& info, std::unique_ptr<KernelTypes> types);
  [[nodiscard]] std::optional<uint64_t> pointer(const Current& current, const riscv::Hart& hart,
                                                uint64_t satp) const;
  [[nodiscard]] std::optional<std::string> name_at(uint64_t process, uint64_t satp) const;
  [[nodiscard]] std::optional<uint64_t> number_at(uint64_t address, uint64_t size, uint64_t satp) const;
  bool read(uint64_t address, std::span<char> to, uint64_t satp) const;
  [[nodiscard]] std::optional<core::GuestPhys> place_of(uint64_t address, uint64_t satp) const;

  Machine& machine_;
  std::vector<Current> current_;
  Field name_;
  std::optional<Field> pid_;
};

// The name that the file beside a kernel has: "dir/kernel.elf" -> "dir/kernel.kernel.toml".
std::string kernel_info_beside(const std::string& kernel);

}  // namespace vitrine::app
