// SPDX-License-Identifier: MIT
// Finding where a kernel keeps its processes, and looking there.
#include "app/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "app/diagnosis.h"
#include "app/embedded_teach.h"
#include "app/kernel_types.h"
#include "app/text.h"
#include "core/file.h"
#include "core/gzip.h"
#include "isa/riscv/registers.h"
#include "mmu/page_walk.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;
using core::GuestPhys;
using core::Result;

constexpr uint64_t kMaxInfo = 64 << 10;

// Linux: `tp` points to the running task in S mode, and waits in sscratch while a program runs
// (arch/riscv/kernel/entry.S); on the way in, sscratch holds the program's tp, which leads to no page of the
// kernel.
constexpr std::string_view kLinux = R"(
current = [{ register = "sscratch" }, { register = "tp" }]
type = "struct task_struct"
name = "comm"
pid = "pid"
)";

template <typename Look>
void each_image(const Machine& machine, const Look& look) {
  for (const auto* image : {&machine.boot().kernel_image, &machine.boot().firmware_image})
    if (*image) look(**image);
}

std::unique_ptr<KernelTypes> btf_of(const core::Image& image) {
  auto bytes = core::read_file(image.path, core::kMaxImageFile);
  if (bytes && image.gzipped) bytes = core::gunzip(image.path, *bytes, core::kMaxUnpacked);
  return bytes ? btf_types(std::move(*bytes)) : nullptr;
}

// The first image's that has any.
std::unique_ptr<KernelTypes> types_of(const Machine& machine) {
  if (const auto& bytes = machine.config().kernel_bytes; !bytes.empty()) return dwarf_types(bytes);
  std::unique_ptr<KernelTypes> types;
  each_image(machine, [&](const core::Image& image) {
    if (!types && image.kind == core::ImageKind::kElf64 && !image.gzipped) types = dwarf_types(image.path);
    if (!types) types = btf_of(image);
  });
  return types;
}

Result<KernelInfo> read_info(const std::string& file) {
  auto bytes = core::read_file(file, kMaxInfo);
  if (!bytes) return bytes.error();
  return parse_kernel_info({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, file);
}

bool is_there(const std::string& file) {
  auto head = core::read_head(file, 1);
  return head.ok();
}

}  // namespace

std::string Process::text() const { return pid ? fmt::format("{}[{}]", name, *pid) : name; }

std::string Process::json() const {
  return fmt::format("{{\"name\": {}{}}}", json_string(name), pid ? fmt::format(", \"pid\": {}", *pid) : "");
}

std::string kernel_info_beside(const std::string& kernel) {
  for (const std::string_view ending : {".elf", ".bin"})
    if (kernel.ends_with(ending)) return kernel.substr(0, kernel.size() - ending.size()) + ".kernel.toml";
  return kernel + ".kernel.toml";
}

// --- Names become numbers

// Each mistake is one of the file, and is told with its line there.
class Processes::Finder {
 public:
  Finder(const Machine& machine, const KernelInfo& info, const KernelTypes* types)
      : machine_(machine), info_(info), types_(types) {}

  Result<Current> current(const KernelInfo::Current& given) {
    Current found;
    if (!given.reg.empty()) return by_register(given);
    const auto address = symbol_at(machine_, given.symbol);
    if (!address)
      return bad(given.line, fmt::format("neither kernel nor firmware has a symbol '{}'", given.symbol));
    found.address = *address + given.offset;
    found.stride = given.stride;
    if (given.by_numbers) return found;
    if (!types_) return no_types(given.line, "current = { symbol = \"cpus\", stride = 136, offset = 0 }");
    auto type = types_->variable(given.symbol);
    if (!type)
      return bad(given.line, fmt::format("the debug information knows no variable '{}'", given.symbol));
    if (given.per_hart) {
      type = types_->element(*type);
      if (!type) return bad(given.line, fmt::format("'{}' is no array, so it has no [hart]", given.symbol));
      found.stride = types_->size(*type);
    }
    for (const std::string& name : given.members) {
      const auto member = types_->member(*type, name);
      if (!member)
        return bad(given.line, fmt::format("there is no member '{}' there, or it is behind a pointer", name));
      found.address += member->offset;
      type = member->type;
    }
    const auto process = types_->pointee(*type);
    if (!process) return bad(given.line, "'current' is no pointer");
    if (!process_) process_ = process;
    return found;
  }

  Result<Field> field(const KernelInfo::Field& given, bool is_name) {
    Field found{given.offset, given.size, given.pointer};
    if (given.member.empty()) return found;
    const std::string by_numbers =
        is_name ? "name = { offset = 16, size = 16 }" : "pid = { offset = 8, size = 4 }";
    if (!types_) return no_types(given.line, by_numbers);
    auto type = process_type();
    if (!type) return type.error();
    KernelTypes::Type at = *type;
    for (const std::string& name : split(given.member, '.')) {
      const auto member = types_->member(at, name);
      if (!member) return bad(given.line, fmt::format("the process has no member '{}'", given.member));
      found.offset += member->offset;
      at = member->type;
    }
    found.size = types_->size(at);
    found.pointer = is_name && types_->pointee(at);
    if (is_name && !found.pointer && !types_->element(at))
      return bad(given.line,
                 fmt::format("'{}' is neither an array of characters nor a pointer to some", given.member));
    if (!is_name && (found.size == 0 || found.size > 8))
      return bad(given.line, fmt::format("'{}' is no number", given.member));
    return found;
  }

 private:
  [[nodiscard]] core::Error bad(unsigned line, const std::string& what) const {
    return core::error(ErrorKind::kBadImage, "{}:{}: {}.", core::printable(info_.file), line,
                       core::printable(what));
  }
  [[nodiscard]] core::Error no_types(unsigned line, const std::string& instead) const {
    return bad(line,
               "the kernel has no debug information that says where this is; numbers do as well: " + instead);
  }

  Result<Current> by_register(const KernelInfo::Current& given) const {
    Current found;
    if (given.reg == "sscratch") return found.kind = Current::Kind::kSscratch, found;
    const auto* name = std::find(riscv::kXNames.begin() + 1, riscv::kXNames.end(), given.reg);
    if (name == riscv::kXNames.end())
      return bad(given.line, fmt::format("'{}' is neither sscratch nor a register such as tp", given.reg));
    found.kind = Current::Kind::kX;
    found.x = static_cast<unsigned>(name - riscv::kXNames.begin());
    return found;
  }

  Result<KernelTypes::Type> process_type() {
    if (!info_.type.empty()) {
      const auto type = types_->structure(info_.type);
      if (type) return *type;
      return bad(info_.type_line, fmt::format("the debug information knows no structure '{}'", info_.type));
    }
    if (process_) return *process_;
    return bad(info_.name.line, "'type' is missing: nothing else says what 'current' points to");
  }

  const Machine& machine_;
  const KernelInfo& info_;
  const KernelTypes* types_;
  std::optional<KernelTypes::Type> process_;  // what current points to
};

Result<> Processes::find(const KernelInfo& info, std::unique_ptr<KernelTypes> types) {
  Finder finder(machine_, info, types.get());
  std::vector<Current> all;
  for (const KernelInfo::Current& each : info.current) {
    auto current = finder.current(each);
    if (!current) return current.error();
    all.push_back(*current);
  }
  auto name = finder.field(info.name, true);
  if (!name) return name.error();
  name_ = *name;
  if (info.pid) {
    auto pid = finder.field(*info.pid, false);
    if (!pid) return pid.error();
    pid_ = *pid;
  }
  current_ = std::move(all);
  return core::Ok{};
}

Result<std::unique_ptr<Processes>> Processes::open(Machine& machine, const std::string& file) {
  std::unique_ptr<Processes> processes(new Processes(machine));
  std::string path = file;
  const bool embedded = !machine.config().kernel_bytes.empty();
  if (path.empty() && !embedded)
    each_image(machine, [&](const core::Image& image) {
      const std::string beside = kernel_info_beside(image.path);
      if (path.empty() && is_there(beside)) path = beside;
    });
  if (!path.empty()) {
    auto info = read_info(path);
    if (!info) return info.error();
    if (auto done = processes->find(*info, types_of(machine)); !done) return done.error();
    return processes;
  }
  const auto& kernel = machine.boot().kernel_image;
  if (embedded) {
    auto info = parse_kernel_info(embedded_teach_info(), "teach.kernel.toml");
    if (!info) return info.error();
    if (auto done = processes->find(*info, nullptr); !done) return done.error();
  } else if (kernel && kernel->kind == core::ImageKind::kLinuxImage) {
    auto info = parse_kernel_info(kLinux, "linux.kernel.toml");
    auto types = btf_of(*kernel);
    // Another kernel of this format, or one that was built without BTF.
    if (types) static_cast<void>(processes->find(*info, std::move(types)));
  }
  return processes;
}

// --- Looking

std::optional<Process> Processes::running(unsigned hart, uint64_t satp) const {
  for (const Current& current : current_) {
    const auto process = pointer(current, machine_.hart(hart), satp);
    if (!process || *process == 0) continue;
    auto name = name_at(*process, satp);
    if (!name) continue;
    Process found{std::move(*name), {}};
    if (pid_) found.pid = number_at(*process + pid_->offset, pid_->size, satp);
    return found;
  }
  return std::nullopt;
}

// Registers are the kernel's while it runs in S mode; sscratch is its own in any mode.
std::optional<uint64_t> Processes::pointer(const Current& current, const riscv::Hart& hart,
                                           uint64_t satp) const {
  switch (current.kind) {
    case Current::Kind::kMemory: return number_at(current.address + hart.id * current.stride, 8, satp);
    case Current::Kind::kSscratch: return hart.csr.s.scratch;
    case Current::Kind::kX: break;
  }
  if (hart.privilege != riscv::Privilege::kSupervisor) return std::nullopt;
  return hart.x[current.x];
}

// What is not fit to be shown is no name.
std::optional<std::string> Processes::name_at(uint64_t process, uint64_t satp) const {
  constexpr uint64_t kMost = 64;
  uint64_t at = process + name_.offset;
  if (name_.pointer) {
    const auto text = number_at(at, 8, satp);
    if (!text) return std::nullopt;
    at = *text;
  }
  std::array<char, kMost> bytes{};
  uint64_t size = name_.pointer ? kMost : std::min(name_.size, kMost);
  // A text that is pointed to may end just before a page that is not there.
  const uint64_t in_page = core::kPageSize - (at & ~core::kPageMask);
  if (!read(at, std::span(bytes).first(size), satp)) {
    if (!name_.pointer || in_page >= size || !read(at, std::span(bytes).first(in_page), satp))
      return std::nullopt;
    size = in_page;
  }
  std::string name(bytes.data(),
                   std::find(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size), '\0'));
  if (name.empty() || core::printable(name) != name) return std::nullopt;
  return name;
}

std::optional<uint64_t> Processes::number_at(uint64_t address, uint64_t size, uint64_t satp) const {
  std::array<char, 8> bytes{};
  uint64_t value = 0;
  if (!read(address, std::span(bytes).first(size), satp)) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool Processes::read(uint64_t address, std::span<char> to, uint64_t satp) const {
  while (!to.empty()) {
    const auto size = std::min<uint64_t>(to.size(), core::kPageSize - (address & ~core::kPageMask));
    const auto place = place_of(address, satp);
    if (!place || !machine_.ram().contains(*place, size)) return false;
    std::memcpy(to.data(), machine_.ram().host(*place), size);
    to = to.subspan(size);
    address += size;
  }
  return true;
}

// As the kernel would reach it, whoever runs; but a page of a program is none of the kernel's. Where a kernel
// has its memory in a table of its own only, as xv6, its image says where its variables are.
std::optional<GuestPhys> Processes::place_of(uint64_t address, uint64_t satp) const {
  const mmu::Mode mode = mmu::mode_of(satp);
  const bool paged = mode == mmu::Mode::kSv39 || mode == mmu::Mode::kSv48 || mode == mmu::Mode::kSv57;
  if (paged) {
    core::TranslationContext context;
    context.satp = satp;
    context.memory_types = true;
    const mmu::Walk walk = mmu::page_walk({machine_.ram(), machine_.mmu(0).pmp(), false}, context, {address},
                                          core::AccessKind::kLoad, 1);
    if (walk.fault == core::FaultKind::kNone) return walk.physical;
  }
  std::optional<GuestPhys> place;
  each_image(machine_, [&](const core::Image& image) {
    if (!place && image.kind == core::ImageKind::kElf64) place = image.physical({address});
  });
  if (!place && !paged && machine_.ram().contains({address}, 1)) place = GuestPhys{address};
  return place;
}

}  // namespace vitrine::app
