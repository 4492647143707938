// SPDX-License-Identifier: MIT
// exec: the same process, another program. The new address space is built completely before the old one is
// given up, so that an error leaves the caller as it was.
//
// Programs are ELF files (System V ABI, chapter 5): a header, then program headers, each of which says "these
// bytes of the file belong at this address, with these rights". ../user/user.ld puts each on pages of its
// own.
#include "kernel.h"

struct elf_header {
  uint8_t magic[4], class, rest[11];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, program_headers, section_headers;
  uint32_t flags;
  uint16_t header_size, program_header_size, program_header_count, unused[3];
};

struct program_header {
  uint32_t type, flags;
  uint64_t offset, va, pa, file_bytes, memory_bytes, align;
};
enum { LOAD = 1, EXECUTABLE = 2, CLASS_64 = 2, RISCV = 243 };  // type, type, class, machine
enum { FLAG_X = 1, FLAG_W = 2, FLAG_R = 4, MAX_HEADERS = 8 };

// What exec() builds.
struct image {
  pte_t* root;
  uint64_t entry, end, sp, argv;
  int argc;
};

static bool read_all(int file, uint64_t offset, void* to, uint32_t n) {
  return fs_read(file, offset, to, n) == (int)n;
}

static int load_page(struct image* image, int file, const struct program_header* h, uint64_t at,
                     uint64_t rights) {
  uint8_t* page = page_alloc();
  if (page == NULL) return -E_NOMEM;
  uint64_t n = at < h->file_bytes ? h->file_bytes - at : 0;  // what lies beyond stays zero: variables
  int error = read_all(file, h->offset + at, page, n < PAGE ? (uint32_t)n : PAGE) ? 0 : -E_NOEXEC;
  if (error == 0) error = vm_map(image->root, h->va + at, page, rights);
  if (error != 0) page_free(page);
  return error;
}

static int load_segment(struct image* image, int file, const struct program_header* h) {
  uint64_t rights =
      (h->flags & FLAG_R ? PTE_R : 0) | (h->flags & FLAG_W ? PTE_W : 0) | (h->flags & FLAG_X ? PTE_X : 0);
  bool fits = h->va >= USER_START && h->va < HEAP_LIMIT && h->memory_bytes <= HEAP_LIMIT - h->va;
  bool pages = h->va % PAGE == 0 && h->file_bytes <= h->memory_bytes;
  if (!fits || !pages || !(rights & PTE_R)) return -E_NOEXEC;  // priv 4.3.1: W without R is reserved
  for (uint64_t at = 0; at < h->memory_bytes; at += PAGE) {
    int error = load_page(image, file, h, at, rights);
    if (error != 0) return error;
  }
  uint64_t end = PAGE_UP(h->va + h->memory_bytes);
  if (end > image->end) image->end = end;
  return 0;
}

static int load(struct image* image, int file) {
  struct elf_header e;
  if (!read_all(file, 0, &e, sizeof e) || memcmp(e.magic, "\177ELF", 4) != 0) return -E_NOEXEC;
  bool ours = e.class == CLASS_64 && e.type == EXECUTABLE && e.machine == RISCV &&
              e.program_header_size == sizeof(struct program_header) && e.program_header_count <= MAX_HEADERS;
  if (!ours) return -E_NOEXEC;
  image->entry = e.entry;
  for (int i = 0; i < e.program_header_count; i++) {
    struct program_header h;
    if (!read_all(file, e.program_headers + (uint64_t)i * sizeof h, &h, sizeof h)) return -E_NOEXEC;
    int error = h.type == LOAD && h.memory_bytes > 0 ? load_segment(image, file, &h) : 0;
    if (error != 0) return error;
  }
  return 0;
}

// The first page of the stack, as main(argc, argv) expects it:
//
//   USER_END   "hello\0" "a\0" ...      the strings
//              0, ..., argv[1], argv[0] <- sp and argv (a multiple of 16, as the calling convention wants)
//
// `argv` is in the old address space, which is still the current one.
static int build_stack(struct image* image, uint64_t argv) {
  enum { MOST = 16 };
  uint64_t pointers[MOST + 1] = {0}, pointer = 0, top = PAGE;
  char text[128];
  uint8_t* page = page_alloc();
  if (page == NULL) return -E_NOMEM;
  int error = vm_map(image->root, USER_END - PAGE, page, PTE_R | PTE_W);
  if (error != 0) {
    page_free(page);
    return error;
  }
  for (; argv != 0; image->argc++) {
    error = copy_in(&pointer, argv + 8 * (uint64_t)image->argc, 8);
    if (error != 0 || pointer == 0) break;
    if (image->argc == MOST) return -E_TOOBIG;
    error = copy_in_string(text, pointer, sizeof text);
    if (error != 0) break;
    size_t n = strlen(text) + 1;  // MOST strings of 128 bytes fit into half a page
    top -= n;
    memcpy(page + top, text, n);
    pointers[image->argc] = USER_END - PAGE + top;
  }
  top = (top - 8 * ((uint64_t)image->argc + 1)) & ~15UL;
  memcpy(page + top, pointers, 8 * ((size_t)image->argc + 1));
  image->sp = image->argv = USER_END - PAGE + top;
  return error;
}

static void become(const char* name, const struct image* image) {
  struct proc* p = current;
  pte_t* old = p->pagetable;
  p->pagetable = image->root;
  p->heap_start = p->heap_end = image->end;
  copy_string(p->name, name, sizeof p->name);
  memset(p->frame->x, 0, sizeof p->frame->x);
  p->frame->sepc = image->entry;
  p->frame->x[REG_SP] = image->sp;
  p->frame->x[REG_A1] = image->argv;
  vm_activate(p->pagetable);
  fence_code();  // the instructions were written as data (unprivileged spec, Zifencei)
  vm_free(old);
}

// Returns argc, which is what main() finds in a0.
int exec(const char* path, uint64_t argv) {
  struct image image = {.root = vm_new()};
  if (image.root == NULL) return -E_NOMEM;
  int file = fs_open(path, false);
  int error = file < 0 ? file : load(&image, file);
  if (file >= 0) fs_close(file);
  if (error == 0) error = build_stack(&image, argv);
  if (error != 0) {
    vm_free(image.root);
    return error;
  }
  become(path, &image);
  return image.argc;
}
