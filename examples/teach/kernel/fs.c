// SPDX-License-Identifier: MIT
// The file system: one directory, small files, on blocks of 1 KiB. ../mkfs.py builds one on the host and
// reads it back. All numbers are little-endian.
//
//   block 0     1 ...        then                then
//   +-------+-------------+-------------------+------------------------------------+
//   | super | chain table | directory         | data                               |
//   +-------+-------------+-------------------+------------------------------------+
//
//   super      "TEACHFS1", how many blocks in all, of the chain table, of the directory (4 bytes each)
//   chain      2 bytes for each block of the disk: 0 free, 0xffff the last of its file, otherwise the next
//   one directory  32 bytes for each file: name (24 bytes, ends with a zero; empty: no file), size (4),
//              first block (2, 0: none), 2 spare
//
//   a file of 2,500 bytes:   directory: "notes" 2500, 17      chain[17] = 18, chain[18] = 30, chain[30] =
//   0xffff
//
// The order of writes is what a power failure leaves behind. A block is taken (its chain entry written)
// before anything leads to it, and a file stops leading to blocks before they are freed: so the worst that
// remains is a block that belongs to nobody, never one that belongs to two.
//
// A disk is input like any other: what it says is checked where it is used. A damaged file gives errors, it
// can be removed, and it harms no other.
#include "kernel.h"

enum { NAME = 24, LAST = 0xffff, MAX_FILES = 64, PER_CHAIN_BLOCK = BLOCK / 2 };

struct super {
  char magic[8];
  uint32_t blocks, chain_blocks, directory_blocks;
};

struct entry {
  char name[NAME];
  uint32_t size;
  uint16_t first, spare;
};
enum { PER_DIRECTORY_BLOCK = BLOCK / sizeof(struct entry) };

static struct super super;
static int files;      // how many the directory has room for
static uint32_t data;  // the first data block
static int openers[MAX_FILES];

// ---- One process at a time: others sleep until it has left. A sleep in here waits for the disk.

static bool locked;

static void enter(void) {
  while (locked) sleep_on(&locked, "file system");
  locked = true;
}

static int leave(int result) {
  locked = false;
  wakeup(&locked);
  return result;
}

const char* fs_mount(void) {
  enter();
  const uint8_t* block = block_read(0);
  if (block != NULL) memcpy(&super, block, sizeof super);
  leave(0);
  if (block == NULL) return "it cannot be read";
  if (memcmp(super.magic, "TEACHFS1", 8) != 0) return "it holds no teachfs";
  uint64_t entries = (uint64_t)super.directory_blocks * PER_DIRECTORY_BLOCK;
  uint64_t first_data = 1 + (uint64_t)super.chain_blocks + super.directory_blocks;
  bool fits = super.blocks <= block_count() && super.blocks < LAST && first_data < super.blocks &&
              entries <= MAX_FILES && (uint64_t)super.chain_blocks * PER_CHAIN_BLOCK >= super.blocks;
  if (!fits) return "its teachfs is damaged, or cut off";
  files = (int)entries;
  data = (uint32_t)first_data;
  return NULL;
}

// ---- The chain table.

static bool is_data(uint32_t block) { return block >= data && block < super.blocks; }

static int chain_get(uint32_t block, uint32_t* next) {
  const uint16_t* table = (const uint16_t*)block_read(1 + block / PER_CHAIN_BLOCK);
  if (table == NULL) return -E_IO;
  *next = table[block % PER_CHAIN_BLOCK];
  return 0;
}

static int chain_set(uint32_t block, uint32_t next) {
  uint16_t* table = (uint16_t*)block_read(1 + block / PER_CHAIN_BLOCK);
  if (table == NULL) return -E_IO;
  table[block % PER_CHAIN_BLOCK] = (uint16_t)next;
  return block_write(1 + block / PER_CHAIN_BLOCK);
}

// Takes a free block: it is the last one of whatever chain it will be hung into.
static int chain_take(uint32_t* taken) {
  for (uint32_t block = data; block < super.blocks; block++) {
    uint32_t next;
    int error = chain_get(block, &next);
    if (error != 0) return error;
    if (next != 0) continue;
    *taken = block;
    return chain_set(block, LAST);
  }
  return -E_NOSPC;
}

// Frees a chain. A damaged one may be a ring: it ends where it meets itself, since what was freed leads to 0.
static int chain_free(uint32_t block) {
  while (is_data(block)) {
    uint32_t next;
    int error = chain_get(block, &next);
    if (error == 0) error = chain_set(block, 0);
    if (error != 0) return error;
    block = next;
  }
  return 0;
}

// ---- The directory.

static struct entry* entry_at(int index) {
  struct entry* block =
      (struct entry*)block_read(1 + super.chain_blocks + (uint32_t)index / PER_DIRECTORY_BLOCK);
  return block == NULL ? NULL : &block[(uint32_t)index % PER_DIRECTORY_BLOCK];
}

static int get_entry(int index, struct entry* out) {
  const struct entry* e = entry_at(index);
  if (e == NULL) return -E_IO;
  *out = *e;
  out->name[NAME - 1] = 0;
  return 0;
}

static int put_entry(int index, const struct entry* in) {
  struct entry* e = entry_at(index);
  if (e == NULL) return -E_IO;
  *e = *in;
  return block_write(1 + super.chain_blocks + (uint32_t)index / PER_DIRECTORY_BLOCK);
}

// The file of that name; with the empty name, the first free place.
static int find(const char* name) {
  for (int i = 0; i < files; i++) {
    struct entry e;
    int error = get_entry(i, &e);
    if (error != 0) return error;
    if (strcmp(e.name, name) == 0) return i;
  }
  return *name != 0 ? -E_NOENT : -E_NOSPC;
}

static bool good_name(const char* name) {
  for (const char* c = name; *c != 0; c++) {
    if (*c <= ' ' || *c == '/' || *c > '~') return false;
  }
  return *name != 0 && strlen(name) < NAME;
}

static int create(const char* name) {
  struct entry e = {.size = 0};
  if (!good_name(name)) return -E_INVAL;
  int index = find("");
  if (index < 0) return index;
  copy_string(e.name, name, NAME);
  int error = put_entry(index, &e);
  return error != 0 ? error : index;
}

// Lets go of the file's blocks: of the name too, if `whole`. The entry first, then what it led to.
static int empty(int index, bool whole) {
  struct entry e;
  int error = get_entry(index, &e);
  if (error != 0) return error;
  uint32_t first = e.first;
  e.first = 0;
  e.size = 0;
  if (whole) e.name[0] = 0;
  error = put_entry(index, &e);
  return error != 0 ? error : chain_free(first);
}

// ---- What other parts of the kernel call.

int fs_open(const char* name, bool write) {
  enter();
  int index = good_name(name) ? find(name) : write ? -E_INVAL : -E_NOENT;
  if (write && index == -E_NOENT) {
    index = create(name);
  } else if (write && index >= 0) {
    int error = openers[index] > 0 ? -E_BUSY : empty(index, false);
    if (error != 0) index = error;
  }
  if (index >= 0) openers[index]++;
  return leave(index);
}

void fs_hold(int index) { openers[index]++; }
void fs_close(int index) { openers[index]--; }

int fs_remove(const char* name) {
  enter();
  int index = good_name(name) ? find(name) : -E_NOENT;
  if (index >= 0) index = openers[index] > 0 ? -E_BUSY : empty(index, true);
  return leave(index);
}

int fs_list(int index, struct file_info* out) {
  if (index < 0 || index >= files) return -E_INVAL;
  enter();
  struct entry e;
  int error = get_entry(index, &e);
  if (error != 0) return leave(error);
  copy_string(out->name, e.name, sizeof out->name);
  out->size = e.size;
  return leave(e.name[0] != 0 ? 1 : 0);
}

// The block that holds byte `offset`: follows the chain. With `grow`, a block is hung on where it ends.
static int block_of(int index, struct entry* e, uint64_t offset, bool grow, uint32_t* block) {
  uint32_t before = 0, at = e->first;
  for (uint64_t n = offset / BLOCK;; n--) {
    int error = 0;
    if (at == 0 || at == LAST) {
      if (!grow || n > 0) return -E_IO;  // a hole: the chain is shorter than the size says
      error = chain_take(&at);
      if (error == 0 && before != 0) error = chain_set(before, at);
      if (error == 0 && before == 0) e->first = (uint16_t)at, error = put_entry(index, e);
    } else if (!is_data(at)) {
      error = -E_IO;
    }
    if (error != 0) return error;
    *block = at;
    if (n == 0) return 0;
    before = at;
    error = chain_get(before, &at);
    if (error != 0) return error;
  }
}

int fs_read(int index, uint64_t offset, void* to, uint32_t n) {
  enter();
  struct entry e;
  int error = get_entry(index, &e);
  if (error != 0) return leave(error);
  if (e.size > super.blocks * BLOCK) return leave(-E_IO);
  if (offset >= e.size) return leave(0);
  if (n > e.size - offset) n = (uint32_t)(e.size - offset);
  for (uint32_t done = 0, count; done < n; done += count) {
    uint32_t block, within = (uint32_t)((offset + done) % BLOCK);
    count = n - done < BLOCK - within ? n - done : BLOCK - within;
    error = block_of(index, &e, offset + done, false, &block);
    const uint8_t* bytes = error == 0 ? block_read(block) : NULL;
    if (bytes == NULL) return leave(-E_IO);
    memcpy((uint8_t*)to + done, bytes + within, count);
  }
  return leave((int)n);
}

// Writes at most to the end of a block, so that each call is one step: data, then the size that shows it.
static int write_piece(int index, struct entry* e, uint64_t offset, const uint8_t* from, uint32_t n) {
  uint32_t block, within = (uint32_t)(offset % BLOCK), count = n < BLOCK - within ? n : BLOCK - within;
  int error = block_of(index, e, offset, true, &block);
  if (error != 0) return error;
  uint8_t* bytes = block_read(block);
  if (bytes == NULL) return -E_IO;
  memcpy(bytes + within, from, count);
  error = block_write(block);
  if (error == 0 && offset + count > e->size) {
    e->size = (uint32_t)(offset + count);
    error = put_entry(index, e);
  }
  return error != 0 ? error : (int)count;
}

int fs_write(int index, uint64_t offset, const void* from, uint32_t n) {
  enter();
  struct entry e;
  uint32_t done = 0;
  int error = get_entry(index, &e);
  if (error == 0 && offset > e.size) error = -E_INVAL;
  while (error == 0 && done < n) {
    int count = write_piece(index, &e, offset + done, (const uint8_t*)from + done, n - done);
    if (count < 0) {
      error = count;
    } else {
      done += (uint32_t)count;
    }
  }
  return leave(done > 0 ? (int)done : error);
}
