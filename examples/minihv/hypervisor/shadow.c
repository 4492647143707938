// SPDX-License-Identifier: MIT
// Shadow page tables: what the hardware walks while the guest runs. They map guest-virtual straight to host-physical.
//
//   guest's table (satp of the virtual hart)       GVA -> GPA         walked here, by software, on a miss
//   guest RAM, one piece of ours                   GPA -> HPA         + (GUEST_HOST - GUEST_RAM)
//   the shadows: one for vS, one for vU            GVA -> HPA         walked by the hardware
//
// Two, since vS and vU both run in the real U mode: what only vS may touch is in the shadow of vS alone. Every entry
// has U set. The last entry of each root is the hypervisor's own gibibyte, without U; this one the guest cannot have
// (Xen reserves addresses in its guests for the same reason).
//
// The shadows are a *virtual TLB*: filled entry by entry on hidden faults, and dropped, both and whole, at sfence.vma
// and when satp, SUM or MXR change. A changed table counts from the next sfence.vma on, so this is exact. The other
// way, write-protecting the guest's tables and following each write, needs to know which pages are tables and to
// emulate stores to them; it pays where a guest fences often. With paging off (satp = 0) they hold the identity.
#include "hypervisor.h"

enum { ROOT_OWN = 511, POOL = 256 };
#define OWN PTE_OF(0x80000000UL, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)  // not U: never the guest's
uint64_t shadow_root[2][512] __attribute__((aligned(4096))) = {[VS][ROOT_OWN] = OWN, [VU][ROOT_OWN] = OWN};
static uint64_t pool[POOL][512] __attribute__((aligned(4096)));
static int pool_used;

uint64_t shadow_satp(enum mode mode) {
  return SATP_SV39 | ((uint64_t)shadow_root[mode] - OFFSET) >> 12;
}

void drop_shadows(void) {
  for (int i = 0; i < ROOT_OWN; i++) shadow_root[VS][i] = shadow_root[VU][i] = 0;
  pool_used = 0;
  shadow_drops++;
  asm volatile("sfence.vma" : : : "memory");
}

static uint64_t page_fault(uint64_t right) {
  return right == PTE_X ? CAUSE_FETCH_PAGE : right == PTE_R ? CAUSE_LOAD_PAGE : CAUSE_STORE_PAGE;
}
uint64_t access_fault(uint64_t right) {
  return right == PTE_X ? CAUSE_FETCH_ACCESS : right == PTE_R ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
}

// What `mode` may do with a page of this entry (priv 4.1.1.2, 4.4.1): vU with U pages; vS with the others, and with
// SUM reads and writes U pages, too. MXR: what may be executed may be read.
static uint64_t rights_of(struct hart* h, enum mode mode, uint64_t pte) {
  uint64_t rights = pte & (PTE_R | PTE_W | PTE_X);
  if ((rights & PTE_X) && (h->sstatus & SSTATUS_MXR)) rights |= PTE_R;
  if (mode == VU) return pte & PTE_U ? rights : 0;
  if (!(pte & PTE_U)) return rights;
  return h->sstatus & SSTATUS_SUM ? rights & ~PTE_X : 0;
}

// The walk of priv 4.3.2, for one access. 0, or the cause of the fault that a real machine would have had. Like
// hardware that manages them, sets A, and D at a write; so a page that is not dirty yet comes without the right to
// write, and the first write makes a hidden fault that passes here again.
uint64_t translate(struct hart* h, enum mode mode, uint64_t va, uint64_t right, struct translation* to) {
  *to = (struct translation){va, PTE_R | PTE_W | PTE_X};
  if (h->satp != 0) {
    uint64_t table = h->satp << 12, *entry, pte;
    int level = 2;
    if ((uint64_t)((int64_t)(va << 25) >> 25) != va) return page_fault(right);
    for (;; level--, table = PTE_ADDRESS(pte)) {
      entry = guest_memory(table + 8 * LEVEL_INDEX(va, level), 8);
      if (entry == NULL) return access_fault(right);
      pte = *entry;
      if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || pte >> 54 != 0) return page_fault(right);
      if (pte & (PTE_R | PTE_X)) break;
      if (level == 0 || (pte & (PTE_U | PTE_A | PTE_D))) return page_fault(right);
    }
    uint64_t inside = (PAGE << 9 * level) - 1;  // of the page: 4 KiB, 2 MiB or 1 GiB
    to->rights = rights_of(h, mode, pte);
    if (!(to->rights & right) || (PTE_ADDRESS(pte) & inside) != 0) return page_fault(right);
    *entry = pte |= right == PTE_W ? PTE_A | PTE_D : PTE_A;
    if (!(pte & PTE_D)) to->rights &= ~PTE_W;
    to->gpa = PTE_ADDRESS(pte) | (va & inside);
  }
  return guest_memory(to->gpa, 1) == NULL ? access_fault(right) : 0;
}

// Superpages of the guest become pages of 4 KiB, as they are used. A kernel page that is executed while we patch is
// the patched copy, and is only executable: reads and writes of it come to us (patch.c).
void fill_shadow(enum mode mode, uint64_t va, uint64_t right, const struct translation* to) {
  uint64_t page = to->gpa - GUEST_RAM + GUEST_HOST, rights = to->rights;
  if (LEVEL_INDEX(va, 2) == ROOT_OWN) stop("the guest uses the last gibibyte, which is the hypervisor's");
  if (patching && mode == VS) {
    if (right == PTE_X) page = code_page(to->gpa);  // before the walk below: it may drop the shadows
    rights = right == PTE_X ? PTE_X : rights & ~PTE_X;
  } else if (has_code(to->gpa)) {
    rights &= ~PTE_W;
  }
  if (pool_used + 2 > POOL) drop_shadows();
  uint64_t* table = shadow_root[mode];
  for (int level = 2; level > 0; level--) {
    uint64_t* entry = &table[LEVEL_INDEX(va, level)];
    if (*entry == 0) {
      for (int i = 0; i < 512; i++) pool[pool_used][i] = 0;
      *entry = PTE_OF((uint64_t)pool[pool_used++] - OFFSET, PTE_V);
    }
    table = (uint64_t*)(PTE_ADDRESS(*entry) + OFFSET);
  }
  table[LEVEL_INDEX(va, 0)] = PTE_OF(page, PTE_V | PTE_U | PTE_A | PTE_D | rights);
  asm volatile("sfence.vma %0" : : "r"(va) : "memory");
}
