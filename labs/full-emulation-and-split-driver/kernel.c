// SPDX-License-Identifier: MIT
// The same work by devices of different kinds. Parameters (boot arguments):
//
//   bytes=N    so many bytes are printed: by=uart: a device's registers, fully emulated; by=char: one SBI call a character;
//   chunk=C    by=text: one SBI call for up to C bytes
//   blocks=B   by=disk: so many blocks of 512 bytes are read by a split driver, virtio (shared/disk.c): up to
//   depth=D    D requests are put into the queue before the device is told
//
// What `by` is not, is not done. The machine's exits are counted from outside.
#include "../shared/disk.h"
#include "../shared/lab.h"

enum { MOST_CHUNK = 256 };
static volatile uint8_t* const kUart = (uint8_t*)0x10000000;  // of the virt board; lab layers finds it in the device tree

static char pattern(uint64_t i) { return i % 64 == 63 ? '\n' : (char)('a' + i % 26); }

static void by_uart(uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; i++) {
    while (!(kUart[5] & 1 << 5)) {
    }
    kUart[0] = (uint8_t)pattern(i);
  }
}

static void by_char(uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; i++) sbi_call(SBI_PUTCHAR, 0, (uint8_t)pattern(i), 0);
}

static void by_text(uint64_t bytes, uint64_t chunk) {
  static char text[MOST_CHUNK];
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t now = smaller(chunk, bytes - done);
    for (uint64_t i = 0; i < now; i++) text[i] = pattern(done + i);
    if (sbi_call(SBI_CONSOLE, 0, now, (uint64_t)text).error != 0) give_up("the firmware has no debug console", 0);
    done += now;
  }
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  const uint64_t bytes = parameter("bytes", 1);
  char by[8];
  parameter_text("by", by, sizeof by);
  if (by[0] == 'u') by_uart(bytes);
  if (by[0] == 'c') by_char(bytes);
  if (by[0] == 't') by_text(bytes, larger(1, smaller(parameter("chunk", 1), MOST_CHUNK)));
  if (by[0] == 'd') {
    start_disk();
    read_blocks(parameter("blocks", 1), larger(1, smaller(parameter("depth", 1), MOST_DEPTH)));
    report("told", disk_counts.told);
    report("bytes_written", disk_counts.bytes_written);
    report("wrong_lengths", disk_counts.wrong_lengths);
    report("failed", disk_counts.failed);
  }
  put("\n");
  power_off();
}
