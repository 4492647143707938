// SPDX-License-Identifier: MIT
// gdb's remote protocol, as bytes: packets with a checksum, in a stream in which acknowledgements and the interrupt byte stand
// between them. What they say: gdb_stub.h.
// "Debugging with GDB", appendix E.1, "Overview": $DATA#SUM, with } escaping a byte (xor 0x20), and * repeating one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::app::gdb {

inline constexpr size_t kPacketSize = 0x10000;  // bytes of a packet's data that we take, and that we send

struct Item {
  enum class Kind : uint8_t {
    kPacket,
    kInterrupt,  // Ctrl-C, between packets
    kAgain,      // the other side got our last packet damaged
    kDamaged,    // a packet whose checksum is another one, or that is longer than we said we take
  };
  Kind kind;
  std::string data;  // of kPacket: unescaped
};

// Takes a stream in pieces of any size.
class PacketReader {
 public:
  void put(std::string_view bytes);
  std::optional<Item> next();

 private:
  enum class Place : uint8_t { kBetween, kData, kSum1, kSum2 };
  void put(uint8_t byte);
  void begin();
  void end();
  void add(uint8_t byte);

  Place place_ = Place::kBetween;
  std::string data_;
  bool escaped_ = false, too_long_ = false;
  uint8_t sum_ = 0;
  int high_digit_ = 0;
  std::deque<Item> items_;
};

// A packet to send. Its data may hold any bytes; runs of a byte become shorter.
std::string framed(std::string_view data);

// Two hexadecimal digits a byte.
std::string to_hex(std::string_view bytes);
// What is no pair of digits ends it: nullopt.
std::optional<std::string> from_hex(std::string_view digits);
// A number in hexadecimal digits at the beginning of `text`, which loses them; nullopt: there is none, or it has more than 64 bits.
std::optional<uint64_t> take_hex(std::string_view& text);

}  // namespace vitrine::app::gdb
