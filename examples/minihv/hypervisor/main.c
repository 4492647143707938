// SPDX-License-Identifier: MIT
// From the first C statement to the first instruction of the guest, and the counters at its end.
//
// The guest is an ELF file in the place of an initial RAM disk. Boot arguments reach both; ours begin with "hv.".
#include "hypervisor.h"

static struct hart hart;
uint64_t exits[EXIT_KINDS], guest_traps[16], guest_interrupts, shadow_drops, patched;
bool patching, silent, listing;

void* guest_memory(uint64_t gpa, uint64_t bytes) {
  uint64_t at = gpa - GUEST_RAM;
  if (at >= GUEST_BYTES || bytes > GUEST_BYTES - at) return NULL;
  return (void*)(GUEST_HOST + OFFSET + at);
}

// One line a counter, "key: value". Sums come first.
static void report(void) {
#define COUNT(name, text, cause) by_cause[cause] += exits[EXIT_##name];
#define PRINT(name, text, cause) put_value("hv.exit.", text, exits[EXIT_##name]);
  enum { INSTRUCTION, ADDRESS, FAULT, INTERRUPT };
  static const char causes[][12] = {"instruction", "address", "fault", "interrupt"};
  uint64_t by_cause[4] = {0}, traps = guest_interrupts;
  EXITS(COUNT)
  for (int cause = 0; cause < 16; cause++) traps += guest_traps[cause];
  put_value("hv.", "exits", by_cause[0] + by_cause[1] + by_cause[2] + by_cause[3]);
  for (int cause = 0; cause < 4; cause++) put_value("hv.exits.", causes[cause], by_cause[cause]);
  EXITS(PRINT)
  put_value("hv.", "guest-traps", traps);
  put_value("hv.guest-trap.", "interrupt", guest_interrupts);
  for (uint64_t cause = 0; cause < 16; cause++)
    if (guest_traps[cause] != 0) put("hv.guest-trap.cause-"), put_decimal(cause), put_value("", "", guest_traps[cause]);
  put_value("hv.", "shadow-drops", shadow_drops);
  if (patching) put_value("hv.", "patched", patched);
  if (listing) list_patched();
}

void shut_down(bool failed) {
  report();
  power_off(failed);
}

void stop(const char* why) {
  put("hypervisor: "), put(why), put("; pc "), put_hex(hart.pc), put(", stval "), put_hex(csr_read(stval)), put("\n");
  shut_down(true);
}

static void copy(uint8_t* to, const uint8_t* from, uint64_t bytes) {
  while (bytes-- > 0) *to++ = *from++;
}

static uint64_t field(const uint8_t* at, int bytes) {  // of an ELF file: little-endian
  uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | at[bytes];
  return value;
}

// Each PT_LOAD part goes to the guest-physical address that it asks for (System V gABI, chapter 5).
static uint64_t load_guest(const uint8_t* file) {
  if (field(file, 4) != 0x464c457f) stop("the initial RAM disk is no ELF file");
  const uint8_t* part = file + field(file + 32, 8);
  for (uint64_t count = field(file + 56, 2); count > 0; count--, part += field(file + 54, 2)) {
    if (field(part, 4) != 1) continue;
    uint8_t* to = guest_memory(field(part + 24, 8), field(part + 40, 8));
    if (to == NULL) stop("the guest's image does not fit into its RAM");
    copy(to, file + field(part + 8, 8), field(part + 32, 8));
  }
  return field(file + 24, 8);
}

// The guest's device tree is ours with less memory. It names devices that the guest does not have; ours uses none.
static uint64_t give_tree(uint8_t* tree) {
  uint64_t bytes = tree_number(tree + 4, 4), gpa = (GUEST_RAM + GUEST_BYTES - bytes) & ~(PAGE - 1);
  uint8_t* its = guest_memory(gpa, bytes);
  if (its == NULL) stop("the device tree does not fit into the guest's RAM");
  copy(its, tree, bytes);
  uint8_t* reg = tree_property(its, "memory", "reg");
  for (int i = 0; i < 16; i++) reg[i] = (uint8_t)((i < 8 ? GUEST_RAM : GUEST_BYTES) >> (56 - 8 * (i & 7)));
  return gpa;
}

struct hart* hypervisor_main(uint64_t id, uint64_t tree_address) {
  uint8_t* tree = (uint8_t*)tree_address + OFFSET;
  const char* arguments = (char*)tree_property(tree, "chosen", "bootargs");
  const uint8_t* disk = tree_property(tree, "chosen", "linux,initrd-start");
  if (disk == NULL) stop("there is no guest: give its ELF file as the initial RAM disk");
  patching = argument(arguments, "hv.patch") != NULL;
  silent = argument(arguments, "hv.silent") != NULL;
  listing = argument(arguments, "hv.list") != NULL;
  uint64_t file = tree_number(disk, (int)tree_number(disk - 8, 4));  // the property's length stands before its name
  if (file < GUEST_HOST + GUEST_BYTES) stop("the machine has too little memory");
  hart.pc = load_guest((uint8_t*)file + OFFSET);
  hart.x[10] = id, hart.x[11] = give_tree(tree);
  set_timer(NEVER);
  csr_write(sie, SI_TIMER);
  csr_write(sstatus, SSTATUS_SPIE);  // the next sret: to user mode, SPP = 0; FS = 0: our virtual hart has no F
  csr_write(scounteren, 7);
  drop_shadows();
  csr_write(satp, shadow_satp(VS));
  return &hart;
}
