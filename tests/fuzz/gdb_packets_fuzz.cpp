// SPDX-License-Identifier: MIT
// gdb's packets: any bytes as a stream in two pieces, and any bytes as the data of a packet, which come back as they were.
#include "app/debug/gdb_packets.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const std::string_view bytes = input.text();
  app::gdb::PacketReader any;
  any.put(bytes.substr(0, bytes.size() / 2));
  any.put(bytes.substr(bytes.size() / 2));
  while (any.next()) {
  }
  std::string_view digits = bytes;
  static_cast<void>(app::gdb::take_hex(digits));
  static_cast<void>(app::gdb::from_hex(bytes));
  fuzz::require(app::gdb::from_hex(app::gdb::to_hex(bytes)) == bytes, "bytes as digits are those bytes");
}
