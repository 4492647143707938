#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes one instruction silent, or dependent on the mode, in a copy of the sources, builds that, and expects the
measurement of classes to name this one and no other.

    tests/classes/planted_classes.py              all of them; some three minutes
    tests/classes/planted_classes.py --check      only looks whether every text to be replaced is there, once
    tests/classes/planted_classes.py sret cbo     those whose names contain one of the words

measure_test.cpp does the same around the interpreter, for more instructions and in seconds; this does it in the handler
and in the bodies, where a mistake would be.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import planting

TEST = "tests/classes/classes_measure_test"


class Plant(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    blamed: tuple[str, ...]
    asks_for_mode: bool = False  # the body needs MODE_OF_BODIES


# Bodies are written over a vocabulary that does not know the mode: for a plant it gets a word for it.
MODE_OF_BODIES = ("isa/riscv/backend.h", "  VT_INLINE Value x(unsigned r) const { return hart_.x[r]; }",
                  "  VT_INLINE Value x(unsigned r) const { return hart_.x[r]; }\n"
                  "  bool in_user_mode() const { return hart_.privilege == Privilege::kUser; }")

HANDLER, CSR = "isa/riscv/handler.cpp", "isa/riscv/csr.cpp"
PLANTS = [
    Plant("sret_silent_in_user_mode", HANDLER,
          "  if (hart.privilege == Privilege::kUser || traps_in_supervisor(hart, mstatus::kTsr))\n    return enter_illegal(hart);",
          "  if (hart.privilege == Privilege::kUser) return;\n"
          "  if (traps_in_supervisor(hart, mstatus::kTsr)) return enter_illegal(hart);", ("sret",)),
    Plant("sret_ignores_tsr", HANDLER, "|| traps_in_supervisor(hart, mstatus::kTsr))", ")", ("sret",)),
    Plant("mret_silent_below_machine_mode", HANDLER,
          "if (hart.privilege != Privilege::kMachine) return enter_illegal(hart);\n  leave(hart, kMachineLevel);",
          "if (hart.privilege != Privilege::kMachine) return;\n  leave(hart, kMachineLevel);", ("mret",)),
    Plant("wfi_ignores_tw", HANDLER, "|| traps_in_supervisor(hart, mstatus::kTw))", ")", ("wfi",)),
    Plant("wrs_nto_ignores_tw", HANDLER,
          "if (hart.privilege != Privilege::kMachine && (hart.csr.mstatus & mstatus::kTw)) return enter_illegal(hart);\n", "",
          ("wrs.nto",)),
    # The two instructions have one body.
    Plant("fence_of_translations_does_nothing", HANDLER, "  hart.memory->fence_translations(fence);", "  (void)fence;",
          ("sfence.vma", "sinval.vma")),
    Plant("sfence_vma_silent_in_user_mode", "isa/riscv/semantics_system.h", "VT_HELPER(sfence_vma, sfence_vma)",
          "template <class B>\nvoid sem_sfence_vma(B& b, const Operands& i) {\n  b.helper([](Hart& h, const Operands& o) noexcept {"
          " if (h.privilege != Privilege::kUser) handler::sfence_vma(h, o); }, i);\n}", ("sfence.vma",)),
    Plant("ecall_silent_in_user_mode", HANDLER,
          "  enter_trap(\n      hart, static_cast<Cause>(static_cast<unsigned>(Cause::kEcallU)",
          "  if (hart.privilege == Privilege::kUser) return;\n"
          "  enter_trap(\n      hart, static_cast<Cause>(static_cast<unsigned>(Cause::kEcallU)", ("ecall",)),
    Plant("cbo_zero_ignores_senvcfg", HANDLER, "if (!cache_block_allowed(hart, envcfg::kCbze)) return enter_illegal(hart);",
          "if (hart.privilege != Privilege::kUser && !cache_block_allowed(hart, envcfg::kCbze)) return enter_illegal(hart);",
          ("cbo.zero",)),
    Plant("cbo_inval_silent", HANDLER,
          "if (!cache_block_allowed(hart, envcfg::kCbie)) return enter_illegal(hart);\n  manage_block(hart, i);",
          "if (!cache_block_allowed(hart, envcfg::kCbie)) return enter_illegal(hart);\n  (void)i;", ("cbo.inval",)),
    # POPF's image
    Plant("sstatus_written_in_user_mode_in_silence", CSR,
          "  if (!row || !permitted(hart, number, *row, index, writes)) {",
          "  if (number == 0x100 && writes && hart.privilege == Privilege::kUser) return;\n"
          "  if (!row || !permitted(hart, number, *row, index, writes)) {", ("sstatus",)),
    Plant("sie_is_not_written", CSR, "  assign(h.csr.mie, v, h.csr.mideleg);", "  (void)v;", ("sie",)),
    Plant("satp_ignores_tvm", CSR, "  return !(h.privilege == Privilege::kSupervisor && (h.csr.mstatus & mstatus::kTvm));",
          "  return h.privilege != Privilege::kUser;", ("satp",)),
    Plant("time_is_frozen", CSR, "{ return h.time(); }", "{ return h.time() & 0; }", ("time",)),
    Plant("mhartid_shown_in_all_modes", CSR, "  if (static_cast<unsigned>(hart.privilege) < ((number >> 8) & 3)) return false;",
          "  if (number != 0xf14 && static_cast<unsigned>(hart.privilege) < ((number >> 8) & 3)) return false;", ("mhartid",)),
    Plant("csrrc_does_nothing", CSR, "void csrrc(Hart& h, const Operands& i) noexcept { access(h, i, Change::kClear, h.x[i.rs1]); }",
          "void csrrc(Hart&, const Operands&) noexcept {}", ("csrrc",)),
    Plant("fcvt_w_s_depends_on_the_mode", "isa/riscv/semantics_float.h",
          "void sem_fcvt_w_s(B& b, const Operands& i) {\n",
          "void sem_fcvt_w_s(B& b, const Operands& i) {\n  if (b.in_user_mode()) return b.set_x(i.rd, b.constant(0));\n",
          ("fcvt.w.s",), True),
    Plant("add_depends_on_the_mode", "isa/riscv/semantics_integer.h",
          "void sem_add(B& b, const Operands& i) {\n",
          "void sem_add(B& b, const Operands& i) {\n  if (b.in_user_mode()) return b.set_x(i.rd, b.constant(0));\n",
          ("add",), True),
]


def planted(plant: Plant, root: pathlib.Path) -> dict[str, str]:
    """The files with the plant in them."""
    return {file: planting.replaced(plant.name, file, (root / file).read_text(), old, new)
            for file, old, new in ((plant.file, plant.old, plant.new), *((MODE_OF_BODIES,) if plant.asks_for_mode else ()))}


def named(shop: planting.Workshop) -> tuple[str, ...]:
    """Whom the measurement names."""
    shop.make(pathlib.Path(TEST).name)
    done = subprocess.run([shop.build / TEST, "--gtest_filter=Measure.RealMachine_AgreesWithTheColumns"],
                          capture_output=True, text=True, check=False, timeout=300)
    return tuple(dict.fromkeys(re.findall(r"(?m)^([a-z0-9.]+): (?:\(|wrong with)", done.stdout)))


def main() -> int:
    options = planting.options_of(__doc__.splitlines()[0]).parse_args()
    plants = planting.chosen(PLANTS, options.words)
    problems = planting.problems_of(plants, planted)
    if options.check or problems:
        print(*problems, f"{len(plants)} plants, {len(problems)} of them cannot be planted", sep="\n")
        return 1 if problems else 0
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="planted-classes-") as temporary:
        # Without what the measurement does not need.
        shop = planting.Workshop(options.work or pathlib.Path(temporary), options.jobs, "-DVITRINE_TRANSLATOR=OFF")
        if found := named(shop):
            print("Without any plant, these are named:", *found)
            return 1
        for plant in plants:
            begin = time.monotonic()
            with shop.holding(planted(plant, shop.source)):
                found = named(shop)
            right = found == plant.blamed
            wrong += not right
            print(f"{'right' if right else 'WRONG'}  {plant.name}: named {', '.join(found) or 'nobody'}"
                  f"{'' if right else ', not ' + (', '.join(plant.blamed) or 'nobody')}  ({time.monotonic() - begin:.0f} s)",
                  flush=True)
    print(f"{len(plants) - wrong} of {len(plants)} plants were named rightly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
