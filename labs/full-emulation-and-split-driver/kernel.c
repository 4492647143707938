// SPDX-License-Identifier: MIT
// The same work by devices of different kinds. Parameters (boot arguments):
//
//   bytes=N    so many bytes are printed. by=uart: a device's registers, fully emulated; by=char: one SBI call a character;
//   chunk=C    by=text: one SBI call for up to C bytes; by=console: a split driver, virtio, one request for up to C bytes
//   blocks=B   so many blocks of 512 bytes are read. by=port: a disk whose data goes through a register; by=disk: a split
//   depth=D    driver, virtio, where up to D requests are put into the queue before the device is told
//
// Of the disk each 32-bit word is its own number, so that we see whether it has arrived. The exits are counted from outside.
#include "../shared/disk.h"
#include "../shared/lab.h"
#include "../shared/virtio.h"

enum { MOST_CHUNK = 256, WORDS = BLOCK / 4 };
static volatile uint8_t* const kUart = (uint8_t*)0x10000000;  // of the virt board; lab layers finds it in the device tree

// --- Bytes

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

static void in_chunks(uint64_t bytes, uint64_t chunk, void (*print)(const char* text, uint64_t length)) {
  static char text[MOST_CHUNK];
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t now = smaller(chunk, bytes - done);
    for (uint64_t i = 0; i < now; i++) text[i] = pattern(done + i);
    print(text, now);
    done += now;
  }
}

static void by_text(const char* text, uint64_t length) {
  if (sbi_call(SBI_CONSOLE, 0, length, (uint64_t)text).error != 0) give_up("the firmware has no debug console", 0);
}

// Virtio 1.2, 5.3: queue 1 carries output. The text may be written again when the device has given it back.
static void by_console(const char* text, uint64_t length) {
  const struct piece piece = {(uint64_t)text, (uint32_t)length, false};
  enqueue(0, &piece, 1);
  tell_device();
  wait_for_done();
}

// --- Blocks

static uint64_t wrong;  // words that are not their numbers

static void check(uint64_t block, const uint8_t* data) {
  for (uint64_t i = 0; i < WORDS; i++) wrong += ((const uint32_t*)data)[i] != WORDS * block + i;
}

// Registers, in words (docs/port-disk.md).
enum { PORT_SECTOR = 2, PORT_COMMAND = 3, PORT_STATUS = 4, PORT_DATA = 5, COMMAND_READ = 1 };

static void by_port(const uint8_t* tree, uint64_t blocks) {
  uint32_t length;
  const uint8_t* const reg = tree_property(tree, "port-disk@10010000", "reg", &length);
  if (reg == NULL) give_up("there is no port-style disk", 0);
  volatile uint32_t* const port = (uint32_t*)(uint64_t)((uint32_t)reg[4] << 24 | reg[5] << 16 | reg[6] << 8 | reg[7]);
  for (uint64_t block = 0; block < blocks; block++) {
    uint32_t words[WORDS];
    port[PORT_SECTOR] = (uint32_t)block;
    port[PORT_COMMAND] = COMMAND_READ;
    if (port[PORT_STATUS] != 0) give_up("the port-style disk cannot read block", block);
    for (unsigned i = 0; i < WORDS; i++) words[i] = port[PORT_DATA];
    check(block, (const uint8_t*)words);
  }
}

static void by_disk(uint64_t blocks, uint64_t depth) {
  start_disk();
  read_blocks(blocks, depth, check);
  report("told", disk_counts.told);
  report("bytes_written", disk_counts.bytes_written);
  report("wrong_lengths", disk_counts.wrong_lengths);
  report("failed", disk_counts.failed);
}

static bool is(const char* text, const char* other) {
  while (*text != 0 && *text == *other) text++, other++;
  return *text == *other;
}

void lab_main(uint64_t hart, const uint8_t* tree) {
  (void)hart;
  read_parameters(tree);
  const uint64_t bytes = parameter("bytes", 1), chunk = larger(1, smaller(parameter("chunk", 1), MOST_CHUNK));
  const uint64_t blocks = parameter("blocks", 1), depth = larger(1, smaller(parameter("depth", 1), MOST_DEPTH));
  char by[8];
  parameter_text("by", by, sizeof by);
  if (is(by, "uart")) by_uart(bytes);
  if (is(by, "char")) by_char(bytes);
  if (is(by, "text")) in_chunks(bytes, chunk, by_text);
  if (is(by, "console")) {
    start_device(VIRTIO_CONSOLE, 1);
    in_chunks(bytes, chunk, by_console);
  }
  if (is(by, "port")) by_port(tree, blocks);
  if (is(by, "disk")) by_disk(blocks, depth);
  if (is(by, "port") || is(by, "disk")) report("wrong", wrong);
  put("\n");
  power_off();
}
