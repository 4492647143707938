// SPDX-License-Identifier: MIT
// The encodings are GNU as's; the generator checks each against its text.
#include "tools/pages/examples.h"

namespace vitrine::pages {
namespace {

constexpr auto kS = riscv::Privilege::kSupervisor;

const std::vector<Section> kSections = {
    {"Arithmetic",
     {
         {"add a0, a1, a2",
          {0x00c58533},
          "Three guest registers, all of them in host registers, and x86 has an addition that writes to a "
          "third register: "
          "`lea`. One guest instruction is one host instruction."},
         {"addw a0, a1, a2",
          {0x00c5853b},
          "The sum of the low halves, sign-extended. A 32-bit operation of x86 clears the upper half of its "
          "result, and "
          "RISC-V wants copies of bit 31 there, so `movsxd` follows. Chains of `w` instructions pay it once: "
          "the pass `fold` "
          "knows what is extended already."},
         {"lui a0, 0x12345; addi a0, a0, 1656",
          {0x12345537, 0x67850513},
          "How RISC-V makes a constant of 32 bits. After the passes nothing is left of the pair: the first "
          "write is dead, "
          "since the second one overwrites it and nothing between them can look, and the sum is known."},
         {"auipc a0, 0x2",
          {0x00002517},
          "The result depends on the program counter, and the translator knows it: a block belongs to one "
          "virtual address. So "
          "the sum is a constant. The price is that the same page at another address is translated again."},
         {"slli a0, a1, 4",
          {0x00459513},
          "A shift by a constant. The amount needs no masking, since it is in the instruction."},
         {"sltu a0, a1, a2",
          {0x00c5b533},
          "RISC-V has no flags; a comparison makes a number. x86 has flags only, so a `setcc` and an "
          "extension to 64 bits make "
          "one. If a branch is the only reader, lowering compares and branches instead."},
         {"sh2add a0, a1, a2",
          {0x20c5c533},
          "Zba: an address of an array of words. The IR says shift and add; it has no words for the pair."},
     }},
    {"Multiplication, division, bits",
     {
         {"mul a0, a1, a2",
          {0x02c58533},
          "The low 64 bits are the same for signed and unsigned numbers; `imul` has them."},
         {"mulh a0, a1, a2",
          {0x02c59533},
          "The high 64 bits. x86 gives them in `rdx`, which is a temporary here, as `rax` and `rcx` are: no "
          "guest register "
          "lives in the registers that such instructions insist on."},
         {"div a0, a1, a2",
          {0x02c5c533},
          "RISC-V defines all results: by zero it is -1, and the overflow of the smallest number by -1 is "
          "the dividend. x86 "
          "faults in both cases. Both are tested first, so the host's fault never happens."},
         {"clz a0, a1",
          {0x60059513},
          "Zbb. `lzcnt` counts 64 for zero, as RISC-V does. On a host without it this would be a helper: the "
          "generator of this "
          "page assumes a host that has everything."},
     }},
    {"Jumps",
     {
         {"beq a0, a1, 0x802000f0",
          {0xfeb508e3},
          "Compare and branch. The jumps lead to links: until a block of the target exists they lead out, "
          "and afterwards "
          "straight to it. A branch backwards ends the block. A branch forwards would be a side exit, and "
          "the block would go on "
          "behind it."},
         {"jal 0x80200200",
          {0x100000ef},
          "A call of the guest is a call of the host, so that the host predicts the return. What lies behind it, the "
          "*landing*, compares where the guest returns to (rdx) with the pc behind the call; the jump itself is a link."},
         {"ret",
          {0x00008067},
          "`jalr zero, 0(ra)`: the guest's pc goes to rdx, and the host returns to the landing of the last call."},
         {"jr t1",
          {0x00030067},
          "Where any other indirect jump leads is known only when it runs. The code View says whether that page is mapped "
          "and translated, and the page's table says where the block is. Anything that is missing is 0, which leads to the "
          "thunk that leaves."},
     }},
    {"Memory",
     {
         {"ld a0, 8(sp)",
          {0x00813503},
          "The heart of the matter. In front: is the address in the page that this very instruction used "
          "last (the prediction)? "
          "One subtraction and one comparison answer it, and test alignment, permission and privilege with "
          "it, because the "
          "prediction was made for exactly that. Behind: a lookup in the shadow page table, which refills "
          "the prediction. And behind "
          "that the slow path, in C++, which walks the guest's page table and may cause a guest trap."},
         {"sb a0, 0(a1)",
          {0x00a58023},
          "A store uses a *write* prediction. It exists only for pages that may be written without telling "
          "anybody: a page that "
          "holds a page table, or translated code, has none, and every store to it goes the slow way, where "
          "it is announced."},
         {"cbo.zero (a0)",
          {0x0045200f},
          "Sixty-four bytes become zero at once: four stores behind one write prediction, for a page has all of an aligned "
          "block or nothing. What menvcfg has to allow is looked up each time. Linux clears its pages this way."},
     }},
    {"Atomics",
     {
         {"lr.d a0, (a1)",
          {0x1005b52f},
          "Harts run in turn on one host thread, so a reservation is a note in the hart: the guest-physical "
          "address, found by the "
          "same prediction as the data."},
         {"sc.d a0, a2, (a1)",
          {0x18c5b52f},
          "Is there a reservation, of this width, for this guest-physical address? Then it is a store, and "
          "a0 becomes 0. If not, the "
          "slow path does it: a failed `sc` also ends the hart's turn, so that the hart that holds the lock "
          "comes to run."},
         {"amoadd.w a0, a2, (a1)",
          {0x00c5a52f},
          "A load, an addition and a store. No `lock` prefix: nobody else runs between them. Alignment is "
          "tested, since RISC-V wants a "
          "trap where x86 would just be slow."},
         {"fence rw, rw",
          {0x0330000f},
          "With one host thread memory is always in order. Nothing is left of it but its step."},
     }},
    {"Floating point",
     {
         {"fld fa0, 0(a0)",
          {0x00053507},
          "Straight to the host register of fa0. Whether f registers are there, and FS is not Off, is one comparison "
          "at the entry of the block; the first block that wants them loads them, and asks for the rounding mode."},
         {"fadd.d fa0, fa1, fa2",
          {0x02c5f553},
          "The host adds as IEEE 754 says, and its flags accrue in MXCSR. Only NaN differs: RISC-V has one, "
          "x86 passes on the "
          "operand's. So a result that is not equal to itself is replaced."},
         {"fcvt.w.d a0, fa0, rtz",
          {0xc2051553},
          "x86 answers 0x80000000 for everything that does not fit, RISC-V the nearest number that does. So "
          "that answer means: "
          "do it again, slowly."},
         {"fmadd.d fa0, fa1, fa2, fa3",
          {0x6ac5f543},
          "A product and a sum with one rounding. Hosts have it since 2013 (FMA)."},
         {"frflags a0",
          {0x00102573},
          "`csrrs a0, fflags, zero`. The accrued exceptions are in two places: those of earlier blocks in "
          "the hart, those since then in "
          "MXCSR. A table of 64 bytes puts MXCSR's bits into RISC-V's order."},
     }},
    {"System",
     {
         {"csrrw sp, sscratch, sp",
          {0x14011173},
          "The first instruction of most trap handlers. The trap registers are plain words that change "
          "nothing when they are "
          "written, so privileged code has them in place.",
          kS},
         {"csrw sstatus, a0",
          {0x10051073},
          "A control-sensitive instruction: it may switch interrupts, FS, SUM, MXR. Under a hypervisor on hardware it would "
          "trap. Here it runs in place while only interrupt bits and FS change and no enabled interrupt is pending, "
          "which is nearly always; otherwise the slow path lets the handler do it.",
          kS},
         {"ecall",
          {0x00000073},
          "A system call. The handler does what the processor would have done: scause, sepc, sstatus, and pc "
          "= stvec. The budget is "
          "adjusted, so that guest time is exact."},
         {"sret", {0x10200073}, "The way back, and the same shape: privileged, so the handler does it.", kS},
         {"sfence.vma",
          {0x12000073},
          "Nothing has to be thrown away: every change of a page table was seen when it was written. The "
          "fence is checked (may this "
          "privilege have it?) and counted.",
          kS},
         {"fence.i", {0x0000100f}, "The same for code: a store to translated code has dropped it at once."},
         {"wfi",
          {0x10500073},
          "The hart says that it waits. The handler ends its turn, and time may jump.",
          kS},
     }},
};

}  // namespace

std::span<const Section> sections() { return kSections; }

}  // namespace vitrine::pages
