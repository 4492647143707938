// SPDX-License-Identifier: MIT
// The architectural state of a machine as values that can be kept, compared and shown: of a hart as plain
// data, since it is compared behind every block; of everything as named rows, for reports.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/machine.h"

namespace vitrine::app {

struct HartState {
  std::array<uint64_t, 32> x{}, f{};
  uint64_t pc = 0;
  riscv::Privilege privilege = riscv::Privilege::kMachine;
  bool waiting = false, stopped = false, ended_slice = false, running = false;
  riscv::Csrs csr;
  riscv::Reservation reservation;
  uint64_t steps = 0, traps = 0;
  std::array<uint64_t, 4> retired_in{};
  uint64_t retired_mark = 0, time_offset = 0;
  bool float_off = true;  // derived from mstatus; generated code asks for it

  static HartState of(const riscv::Hart& hart);
  friend bool operator==(const HartState&, const HartState&) = default;
};

// A field of the machine's state: "a0", "mstatus", "uart0.lsr"; a run of bytes by its size and hash.
struct StateRow {
  std::string name, value;
  friend bool operator==(const StateRow&, const StateRow&) = default;
};
// Everything but RAM, in the order of the state archive. `hart` < 0: all of the machine, with the names of
// its parts; otherwise that hart alone, without.
std::vector<StateRow> state_rows(Machine& machine, int hart = -1);

// Columns of values with a heading each, one line a row; rows are matched by name. Where the last two columns
// differ the row is marked with '>'. Rows that are zero in all columns are left out; `all` false: those that
// do not differ, too.
struct StateColumn {
  std::string heading;
  std::vector<StateRow> rows;
};
std::string state_table(const std::vector<StateColumn>& columns, bool all);

// The first places at which two memories differ, outside of some pages.
struct NamedRam {
  std::string name;
  const core::GuestRam* ram;
};
std::string memory_table(const NamedRam& a, const NamedRam& b, const std::set<uint64_t>& without = {});

}  // namespace vitrine::app
