// SPDX-License-Identifier: MIT
// Tiny guests for tests of sessions: machine code as words, each with its assembly beside it, entered in M
// mode at 0x8000_0000. Addresses are the board's (docs: QEMU's virt): finisher 0x10_0000, UART 0x1000_0000,
// CLINT 0x200_0000, PLIC 0xc00_0000.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace vitrine::test {

using Words = std::vector<uint32_t>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// As a raw kernel; what is behind the words is zero.
inline std::vector<std::byte> raw_image(const Words& words) {
  std::vector<std::byte> image(words.size() * 4 < 64 ? 64 : words.size() * 4);
  std::memcpy(image.data(), words.data(), words.size() * 4);
  return image;
}

// sw t1, 0(finisher); j .
inline const Words kTellFinisher = {
    0x001002b7,  // lui  t0, 0x100
    0x0062a023,  // sw   t1, 0(t0)
    0x0000006f,  // j    .
};
inline const Words kPass =
    Words{
        0x00005337,  // lui  t1, 0x5
        0x55530313,  // addi t1, t1, 0x555      0x5555: pass
    } +
    kTellFinisher;
// FAIL with a code: (code << 16) | 0x3333. 0x3333 = (3 << 12) + 0x333, so the upper 20 bits are code << 4
// | 3.
inline Words fail(uint32_t code) {
  return Words{
             (code << 4 | 3) << 12 | 0x337,  // lui  t1, code << 4 | 3
             0x33330313,                     // addi t1, t1, 0x333
         } +
         kTellFinisher;
}
inline const Words kReset =
    Words{
        0x00007337,  // lui  t1, 0x7
        0x77730313,  // addi t1, t1, 0x777      0x7777: reset
    } +
    kTellFinisher;

// SBI system reset (SRST, "SRST" = 0x53525354): shutdown with a reason, 0 none, 1 system failure.
inline Words sbi_shutdown(uint32_t reason) {
  return {
      0x535258b7,                 // lui  a7, 0x53525
      0x35488893,                 // addi a7, a7, 0x354
      0x00000813,                 // li   a6, 0
      0x00000513,                 // li   a0, 0
      0x00000593 | reason << 20,  // li   a1, reason
      0x00000073,                 // ecall
      0x0000006f,                 // j    .
  };
}

inline const Words kLoop = {
    0x0000006f,  // j    .
};
inline const Words kWaitForever = {
    0x10500073,  // wfi                     no interrupt is enabled
    0xffdff06f,  // j    .-4
};
// The first instruction is illegal, and mtvec is 0 at reset: nothing can be fetched there.
inline const Words kFaultLoop = {
    0x00000000,  // (illegal)
};
// Jumps to where nothing is.
inline const Words kJumpToNowhere = {
    0x400002b7,  // lui  t0, 0x40000
    0x00028067,  // jr   t0
};

// Prints a text to the UART, then goes on with `after`.
inline Words print(const std::string& text, const Words& after) {
  const Words loop = {
      0x00000517,  // auipc a0, 0
      0x00000513,  // addi a0, a0, (filled in: where the text is)
      0x100002b7,  // lui  t0, 0x10000
      0x00054303,  // lbu  t1, 0(a0)
      0x00030863,  // beqz t1, +16
      0x00628023,  // sb   t1, 0(t0)
      0x00150513,  // addi a0, a0, 1
      0xff1ff06f,  // j    -16
  };
  Words all = loop + after;
  all[1] = 0x00050513 | static_cast<uint32_t>(all.size() * 4) << 20;
  std::string bytes = text + '\0';
  bytes.resize((bytes.size() + 3) / 4 * 4);
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t word = 0;
    for (size_t j = 4; j-- > 0;) word = word << 8 | static_cast<uint8_t>(bytes[i + j]);
    all.push_back(word);
  }
  return all;
}

// Echoes what the UART receives, polling, until a 'q' was echoed; then goes on with `after`.
inline Words echo(const Words& after) {
  return Words{
             0x100002b7,  // lui  t0, 0x10000
             0x0052c303,  // lbu  t1, 5(t0)          LSR
             0x00137313,  // andi t1, t1, 1          data ready
             0xfe030ce3,  // beqz t1, -8
             0x0002c303,  // lbu  t1, 0(t0)          RBR
             0x00628023,  // sb   t1, 0(t0)          THR
             0x07100393,  // li   t2, 'q'
             0xfe7314e3,  // bne  t1, t2, -24
         } +
         after;
}

// Sleeps 0.3 s of its time (3,000,000 ticks) in wfi, then goes on.
inline Words sleep_300_ms(const Words& after) {
  return Words{
             0x02004eb7,  // lui  t4, 0x2004         mtimecmp
             0xc0102373,  // rdtime t1
             0x002dcf37,  // lui  t5, 0x2dc
             0x6c0f0f13,  // addi t5, t5, 0x6c0      3,000,000
             0x01e30333,  // add  t1, t1, t5
             0x006eb023,  // sd   t1, 0(t4)
             0x08000313,  // li   t1, 0x80           MTIE
             0x30431073,  // csrw mie, t1
             0x10500073,  // wfi
         } +
         after;
}

// Never idle: looks at the time until 0.2 s of it have passed.
inline Words busy_200_ms(const Words& after) {
  return Words{
             0x001e8f37,  // lui  t5, 0x1e8
             0x480f0f13,  // addi t5, t5, 0x480      2,000,000
             0xc0102373,  // rdtime t1
             0xffe36ee3,  // bltu t1, t5, -4
         } +
         after;
}

// Waits for a byte from the UART or for an hour, whichever comes first. Pass if it woke before 100 s, fail
// otherwise.
inline const Words kInputOrAnHour = {
    0x0c0002b7,  // lui  t0, 0xc000         PLIC
    0x00100313,  // li   t1, 1
    0x0262a423,  // sw   t1, 40(t0)         priority of source 10
    0x0c0023b7,  // lui  t2, 0xc002
    0x40000313,  // li   t1, 1 << 10
    0x0063a023,  // sw   t1, 0(t2)          enabled for context 0, M mode of hart 0
    0x10000e37,  // lui  t3, 0x10000        UART
    0x00100313,  // li   t1, 1
    0x006e00a3,  // sb   t1, 1(t3)          receive interrupt
    0x02004eb7,  // lui  t4, 0x2004         mtimecmp
    0x02400313,  // li   t1, 36
    0x3b9adf37,  // lui  t5, 0x3b9ad
    0xa00f0f1b,  // addiw t5, t5, -1536     1,000,000,000
    0x03e30333,  // mul  t1, t1, t5         3,600 s
    0x006eb023,  // sd   t1, 0(t4)
    0x00001337,  // lui  t1, 0x1
    0x8803031b,  // addiw t1, t1, -1920     MEIE, MTIE
    0x30431073,  // csrw mie, t1
    0x10500073,  // wfi
    0xc0102373,  // rdtime t1
    0x00989f37,  // lui  t5, 0x989
    0x680f0f13,  // addi t5, t5, 0x680      10,000,000
    0x03e35333,  // divu t1, t1, t5         seconds
    0x06400f13,  // li   t5, 100
    0x001002b7,  // lui  t0, 0x100
    0x01e36863,  // bltu t1, t5, +16
    0x00073fb7,  // lui  t6, 0x73
    0x333f8f93,  // addi t6, t6, 0x333      fail, code 7
    0x00c0006f,  // j    +12
    0x00005fb7,  // lui  t6, 0x5
    0x555f8f93,  // addi t6, t6, 0x555      pass
    0x01f2a023,  // sw   t6, 0(t0)
    0x0000006f,  // j    .
};

// The same without the hour: only the UART can wake it.
inline const Words kInputOnly = [] {
  Words guest = kInputOrAnHour;
  guest[14] = 0x00000013;  // nop                     no comparison
  guest[16] = 0x8003031b;  // addiw t1, t1, -2048     MEIE alone
  return guest;
}();

}  // namespace vitrine::test
