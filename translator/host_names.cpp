// SPDX-License-Identifier: MIT
#include "translator/host_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "isa/riscv/plain_csr.h"
#include "isa/riscv/registers.h"
#include "translator/registers.h"

namespace vitrine::translator {

std::string block_name(unsigned set, uint64_t pc) { return fmt::format("guest_{}_{:x}", "USM"[set], pc); }

// A thunk ends where the next one begins.
void name_thunks(const Thunks& thunks, const uint8_t* end, x86::CodeListener& listener) {
  std::map<const uint8_t*, std::string> names;
  names[thunks.leave] = "vitrine_leave";
  names[thunks.slow] = "vitrine_slow";
  names[thunks.fflags_of_mxcsr] = "vitrine_fflags_table";
  names[thunks.float_constants] = "vitrine_float_constants";
  names[thunks.load_floats] = "vitrine_load_floats";
  for (unsigned set = 0; set < core::kPredictionSets; ++set) {
    names[reinterpret_cast<const uint8_t*>(reinterpret_cast<uintptr_t>(thunks.enter[set]))] = fmt::format("vitrine_enter_{}", "USM"[set]);
    names[thunks.jump[set]] = fmt::format("vitrine_jump_{}", "USM"[set]);
    for (unsigned log_width = 0; log_width < 4; ++log_width)
      for (unsigned write = 0; write < 2; ++write)
        names[thunks.lookup[set][log_width][write]] =
            fmt::format("vitrine_lookup_{}_{}_{}", "USM"[set], 1 << log_width, write != 0 ? "write" : "read");
  }
  for (auto one = names.begin(); one != names.end(); ++one) {
    const auto next = std::next(one);
    const uint8_t* const until = next == names.end() ? end : next->first;
    listener.added(one->second, {one->first, until});
  }
}

namespace {

using riscv::Hart;

std::string mapped_name(const std::string& host) {
  if (host == "r15") return "budget";
  // Numbers of asmjit are those of the encoding.
  static constexpr std::array<const char*, 16> kHost = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                        "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                        "r12", "r13", "r14", "r15"};
  for (const Mapping& m : kMapped)
    if (host == kHost[m.host.id()]) return std::string(riscv::kXNames[m.guest]);
  for (const FloatMapping& m : kMappedFloat)
    if (host == fmt::format("xmm{}", m.host)) return std::string(riscv::kFNames[m.guest]);
  return {};
}

std::string prediction_name(size_t offset) {
  for (unsigned set = 0; set < core::kPredictionSets; ++set) {
    for (unsigned write = 0; write < 2; ++write) {
      const SlotOffsets first = slot_offsets(set, write != 0, 0);
      for (const auto& [begin, part] : {std::pair(first.start, "start"), std::pair(first.addend, "addend"),
                                        std::pair(first.length, "length")})
        if (offset >= begin && offset < begin + 8 * core::kPredictions)
          return fmt::format("{} of the {} prediction", part, write != 0 ? "write" : "read");
    }
    const JumpOffsets jumps = jump_offsets(set);
    for (const auto& [begin, part] : {std::pair(jumps.target, "target"), std::pair(jumps.code, "host code")})
      if (offset >= begin && offset < begin + 8 * core::kJumps) return fmt::format("{} in the jump table", part);
  }
  return {};
}

struct Field {
  size_t offset;
  const char* name;
};
const Field kFields[] = {
    {offsetof(Hart, pc), "pc"},
    {offsetof(Hart, next_pc), "next pc"},
    {offsetof(Hart, budget), "budget"},
    {offsetof(Hart, site), "site"},
    {offsetof(Hart, wants_apart), "a block without shared checks is wanted"},
    {offsetof(Hart, memory), "memory port"},
    {offsetof(Hart, code_view), "code View"},
    {offsetof(Hart, code_base), "code memory"},
    {offsetof(Hart, scratch), "scratch"},
    {offsetof(Hart, float_off), "FS is Off"},
    {offsetof(Hart, reservation) + offsetof(riscv::Reservation, valid), "reservation: there is one"},
    {offsetof(Hart, reservation) + offsetof(riscv::Reservation, width), "reservation: width"},
    {offsetof(Hart, reservation) + offsetof(riscv::Reservation, at), "reservation: address"},
    {offsetof(Hart, csr) + offsetof(riscv::Csrs, fflags), "fflags"},
    {offsetof(Hart, csr) + offsetof(riscv::Csrs, frm), "frm"},
    {offsetof(Hart, csr) + offsetof(riscv::Csrs, mstatus), "mstatus"},
};

std::string field_name(size_t offset) {
  if (offset < offsetof(Hart, x) + 8 * 32)
    return std::string(riscv::kXNames[(offset - offsetof(Hart, x)) / 8]);
  if (offset >= offsetof(Hart, f) && offset < offsetof(Hart, f) + 8 * 32)
    return std::string(riscv::kFNames[(offset - offsetof(Hart, f)) / 8]);
  for (const Field& field : kFields)
    if (field.offset == offset) return field.name;
  static constexpr std::pair<unsigned, const char*> kPlain[] = {
      {0x140, "sscratch"}, {0x141, "sepc"}, {0x142, "scause"}, {0x143, "stval"},
      {0x340, "mscratch"}, {0x341, "mepc"}, {0x342, "mcause"}, {0x343, "mtval"}};
  for (const auto& [number, name] : kPlain)
    if (const riscv::PlainCsr* row = riscv::plain_csr(number, riscv::Privilege::kMachine); row && row->offset == offset)
      return name;
  return prediction_name(offset);
}

}  // namespace

std::string operand_name(const x86::Operand& operand) {
  if (!operand.memory) return mapped_name(operand.base);
  if (operand.base != "rbp" || operand.indexed) return {};
  return field_name(static_cast<size_t>(operand.displacement + kHartBias));
}

}  // namespace vitrine::translator
