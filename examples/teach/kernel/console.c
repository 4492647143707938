// SPDX-License-Identifier: MIT
// The terminal: a 16550 UART, and the line that is being typed. The UART is the machine's own device; before
// it is set up, characters go through the firmware (sbi_put). In a virtual machine these are the two ways
// out: full emulation of a device, and a hypercall.
//
// A line is typed while somebody reads it, and only then: between reads the UART keeps its interrupt to
// itself, and what is typed ahead waits in it, or in the emulator before it. So each command of a script that
// is piped into the machine shows up after the prompt that it answers.
#include "board.h"
#include "kernel.h"

// Registers and their bits (16550 data sheet).
#define UART_DATA (UART + 0)
#define UART_INTERRUPTS (UART + 1)
#define UART_FIFO (UART + 2)
#define UART_FORMAT (UART + 3)
#define UART_STATUS (UART + 5)
enum { WHEN_RECEIVED = 1 };              // UART_INTERRUPTS
enum { FIFO_ON = 1 };                    // UART_FIFO: switching it empties it
enum { EIGHT_BITS = 3 };                 // UART_FORMAT: and no parity
enum { RECEIVED = 1, MAY_SEND = 0x20 };  // UART_STATUS
enum { CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, ESCAPE = 27, DELETE = 127 };

static bool uart_ready;

// The line: edited until it is complete, then handed out to readers until it is used up.
static char line[LINE_BYTES];
static unsigned length, taken;
static bool complete;

void console_init(void) {
  write8(UART_INTERRUPTS, 0);
  write8(UART_FORMAT, EIGHT_BITS);  // the firmware has set the speed
  write8(UART_FIFO, FIFO_ON);       // and has done this, too: what was typed so far stays
  plic_enable(UART_LINE);
  uart_ready = true;
}

static void send(char c) {
  while (!(read8(UART_STATUS) & MAY_SEND)) {
  }
  write8(UART_DATA, (uint8_t)c);
}

void console_put(char c) {
  void (*out)(char) = uart_ready ? send : sbi_put;
  if (c == '\n') out('\r');
  out(c);
}

static void rub_out(void) {
  length--;
  console_put('\b'), console_put(' '), console_put('\b');
}

// Arrow keys send "ESC [ letter", some with numbers between: no text, so it goes nowhere.
static bool part_of_escape(char c) {
  static enum { TEXT, AFTER_ESCAPE, IN_SEQUENCE } state = TEXT;
  if (c == ESCAPE) {
    state = AFTER_ESCAPE;
  } else if (state == AFTER_ESCAPE && c == '[') {
    state = IN_SEQUENCE;
  } else if (state != IN_SEQUENCE) {
    state = TEXT;
    return false;
  } else if ((c < '0' || c > '9') && c != ';') {
    state = TEXT;  // the letter is the last one
  }
  return true;
}

static void edit(char c) {
  if (part_of_escape(c)) return;
  if (c == '\r') c = '\n';
  if (c == '\n') {
    line[length++] = '\n';  // the last place is kept for it
    console_put('\n');
    complete = true;
  } else if (c == CTRL_D) {
    complete = length == 0;  // an empty line without a newline: the end of the input
  } else if (c == BACKSPACE || c == DELETE) {
    if (length > 0) rub_out();
  } else if (c == CTRL_U) {
    while (length > 0) rub_out();
  } else if (c >= ' ' && length < sizeof line - 1) {
    line[length++] = c;
    console_put(c);
  }
}

// Takes no more than one line: what follows it stays in the UART.
void console_interrupt(void) {
  while (!complete && read8(UART_STATUS) & RECEIVED) edit((char)read8(UART_DATA));
  if (!complete) return;
  write8(UART_INTERRUPTS, 0);
  wakeup(&line);
}

// At most one line, with its newline; 0 at the end of the input.
int console_read(uint64_t to, uint64_t n) {
  while (!complete) {
    if (current->killed) return -E_INTR;
    write8(UART_INTERRUPTS, WHEN_RECEIVED);
    sleep_on(&line, "console");
  }
  if (n > length - taken) n = length - taken;
  int error = copy_out(to, line + taken, n);
  if (error != 0) return error;
  taken += (unsigned)n;
  if (taken == length) length = taken = 0, complete = false;
  return (int)n;
}
