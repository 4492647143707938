#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants bugs into a copy of the sources, one at a time, and expects the translator's tests to fail.

    tests/translator/planted_bugs.py                 all of them; about ten minutes
    tests/translator/planted_bugs.py --check         only looks whether every text to be replaced is there, once
    tests/translator/planted_bugs.py side_exit link  those whose names contain one of the words
    tests/translator/planted_bugs.py --lockstep      another judge: guests in lockstep (docs/comparing.md), for the bugs that
                                                     a guest's boot comes across

A bug that no test finds is a hole in the tests: write the test, not another bug. A bug whose text is gone was
overtaken by a change of the sources: plant it anew in what stands there now.
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

# In this order, up to the first that fails.
TESTS = ["tests/isa/x86/x86_test", "tests/translator/translator_test", "tests/translator/translator_lowering_test",
         "tests/translator/translator_ir_test", "tests/mmu/mmu_test", "tests/isa/riscv/riscv_random_programs_test --programs=3000"]


class Bug(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    why: str


BUGS = [
    # sstatus and cbo.zero
    Bug("status_sum_in_place", "translator/lowering.cpp",
        "static_cast<uint32_t>(riscv::kStatusEffects)", "static_cast<uint32_t>(bits::kMxr)",
        "SUM changes, and what may be accessed does not"),
    Bug("status_opens_late", "translator/lowering.cpp",
        "a.test(csr_at(offsetof(riscv::Csrs, mie)), temp);\n    a.jnz(slow.label);", "",
        "an interrupt that SIE lets in is not taken at once"),
    Bug("status_float_stays_on", "translator/lowering.cpp",
        "a.setz(at(offsetof(Hart, float_off), 1));", "", "floating point runs on though FS is Off"),
    Bug("status_predictions_kept", "mmu/mmu.cpp",
        "set.clear_lower_half(set.refills_before_sum);", ";", "a user page is read after SUM is clear"),
    Bug("status_recent_refills_overrun", "core/memory_port.h",
        "refills - since <= kRecent;", "refills - since <= 8 * kRecent;",
        "the same, if more slots were filled than are remembered"),
    # Predictions, and the table lookup in place of them
    Bug("mapping_empties_nothing", "mmu/address_spaces.cpp",
        "if (view.read_shadow[half] ? knows : view.filled) clear_predictions_of(spaces_[owner], kind, address);", "", "a page that is mapped elsewhere is still accessed where it was"),
    Bug("neighbours_whose_a_is_clear", "mmu/page_walk.cpp",
        "return leaf_permits(pte, context, kind, privilege);", "return !forbidden(pte, context, kind, privilege);",
        "a page filled in bulk is read, and its A stays clear"),
    Bug("neighbours_that_pmp_refuses", "mmu/mmu.cpp",
        "if (!pmp_allows(pmp_, page, core::kPageSize, AccessKind::kLoad, context_.data_privilege)) continue;", "",
        "PMP does not hold for pages filled in bulk"),
    Bug("bulk_across_pmp", "mmu/mmu.cpp",
        "ram_.contains(first, kBulk) && pmp_uniform(pmp_, first, kBulk)", "ram_.contains(first, kBulk)",
        "a superpage is filled though PMP divides it"),
    Bug("neighbours_under_sum_in_the_upper_half", "mmu/mmu.cpp",
        "if (no_user_pages && pte & kPteU) continue;", "", "a user page of the upper half is predicted after SUM is clear"),
    Bug("bulk_on_lazy_machines", "mmu/address_spaces.cpp",
        "return model_ == Model::kCoherent && caching()", "return caching()",
        "what was never kept is used until a fence that does not name it"),
    Bug("other_view_of_s_predicted", "mmu/address_spaces.cpp",
        "(supervisor && (set->view", "(false && (set->view", "what was filled while SUM was set outlives its page"),
    Bug("range_keeps_predictions", "mmu/address_spaces.cpp",
        "set->clear(first, pages << core::kPageShift);", ";", "pages of an upper entry are accessed where they were"),
    Bug("small_table_keeps_writes", "mmu/address_spaces.cpp",
        "if (small.tag + small.addend == host) small = {};", "", "the interpreter writes a page table without announcing it"),
    Bug("table_lookup_takes_any_address", "translator/emit_memory.h",
        "a.cmp(a86::rcx, at(set + offsetof(core::PredictionSet, pages)));\n      a.jae(access.cold);", "",
        "a wild address indexes beyond the table"),
    Bug("table_lookup_of_user_takes_any_address", "translator/emit_memory.h",
        "a.cmp(a86::rcx, at(set + offsetof(core::PredictionSet, lower_pages)));\n      a.jae(access.cold);", "",
        "a wild address of U indexes beyond the table"),
    Bug("table_lookup_in_the_other_half", "translator/emit_memory.h",
        "a.jz(upper);", "a.jnz(upper);", "a scattered access of S uses the other half of the address space"),
    Bug("lookup_in_the_other_half", "translator/thunks.cpp",
        "a.shr(a86::rdx, 63);", "a.mov(a86::edx, 0);", "an address of the upper half is looked up in the lower one"),
    Bug("table_lookup_across_pages", "translator/emit_memory.h",
        "a.test(a86::cl, (1 << access.log_width) - 1);\n      a.jnz(access.cold);", "",
        "an access across two pages uses the first one's translation"),
    Bug("table_lookup_believes_nothing", "translator/emit_memory.h",
        "a.test(a86::rcx, a86::rcx);\n    a.jz(access.cold);", "", "a page that is not there is read as if it were"),
    # The shared upper half
    Bug("member_stays_though_its_root_differs", "mmu/upper_groups.cpp",
        "} else {\n      leave_group(id);\n    }", "}", "a process sees the kernel half that its root had before"),
    Bug("only_member_keeps_what_it_changed", "mmu/address_spaces.cpp",
        "spaces |= root_changed(at);", "root_changed(at);", "a root entry is written, and what it served stays"),
    Bug("untracked_root_stays_member", "mmu/address_spaces.cpp",
        "if (table.of_member) leave_by_root(at);", "", "nobody hears of writes to a member's root"),
    Bug("groups_by_first_entry", "mmu/upper_groups.cpp",
        "upper_half, group.common->size()) != 0) continue;\n    ++", "upper_half, 8) != 0) continue;\n    ++",
        "roots that differ in entry 257 share"),
    Bug("groups_across_rules", "mmu/upper_groups.cpp",
        "group.root != key)", "false)", "Svadu or Svpbmt of one process holds for another"),
    Bug("member_whose_root_may_not_be_read", "mmu/mmu.cpp",
        "if (paged_space_ != bare_space_ && may_read_root())", "if (paged_space_ != bare_space_)",
        "PMP forbids the root, and the kernel half is accessed all the same"),
    Bug("members_stay_after_pmp", "mmu/address_spaces.cpp",
        "dissolve(static_cast<SpaceId>(i));\n  flush_spaces(~uint64_t{0});", ";\n  flush_spaces(~uint64_t{0});",
        "the same, when PMP changes later"),
    Bug("small_tables_of_members_kept", "mmu/address_spaces.cpp",
        "for_each_space(bit(id) | spaces_[id].members,", "for_each_space(bit(id),",
        "the kernel's page is gone for the process that touched it first only"),
    Bug("refill_is_not_known", "mmu/mmu.cpp",
        "spaces_.note_refill(*data_view);", "", "what the slow path put into a small table is not flushed"),
    Bug("refill_of_a_write_is_not_known", "mmu/address_spaces.h",
        "writers_[ram_.page_index(page)] |= uint64_t{1} << space;\n  }", "}",
        "the interpreter writes a page table without announcing it, in another process"),
    Bug("leaver_keeps_code", "mmu/upper_groups.cpp",
        "flush(*space.code[kS]);\n  }\n  renew", "}\n  renew", "code runs on where it is no longer mapped"),
    Bug("leaver_keeps_predictions", "mmu/upper_groups.cpp",
        "set->clear();\n", "", "data of the kernel half is accessed where it is no longer mapped"),
    Bug("switch_keeps_the_lower_half", "mmu/mmu.cpp",
        "set.clear_lower_half(0);", ";", "one process's page is accessed in another"),
    Bug("code_of_the_lower_half_shared", "mmu/address_spaces.cpp",
        "leave_group(space);\n      spaces_[space].low_kernel = true;", "",
        "a kernel of the lower half runs another process's code"),
    # Runs of pages, and checks that accesses share
    Bug("run_of_pages_from_elsewhere", "translator/thunks.cpp",
        "a.cmp(a86::rax, addend);\n  a.jne(fresh);", "", "neighbours in virtual memory are taken for neighbours in RAM"),
    Bug("run_revoked_at_its_start_only", "core/predictions.cpp",
        "static_cast<uint64_t>(first - table.start[i] < table.length[i] + PredictionTable::kTail);", "uint64_t{0};",
        "a page in the middle of a run is accessed where it was"),
    Bug("run_written_though_a_page_is_watched", "core/predictions.cpp",
        "host - (table.start[i] + table.addend[i]) < table.length[i] + PredictionTable::kTail",
        "host == table.start[i] + table.addend[i]", "a page table in the middle of a run is written unseen"),
    Bug("check_of_the_highest_only", "translator/emit_memory.h",
        "a.cmp(a86::rcx, access.check->high - access.check->low);\n      a.jb(fails);", "",
        "accesses below the run of their check are made in it"),
    Bug("check_of_the_leader_only", "translator/emit_memory.h",
        "access.offset + (access.check ? access.check->high : 0)", "access.offset",
        "accesses above the run of their check are made in it"),
    Bug("check_outlives_what_it_found", "translator/translator.cpp",
        "const bool lost = site.shares && set.losses != losses;", "const bool lost = false;", "an access goes where its page was when the first of its check went"),
    Bug("check_without_the_second_page", "translator/translator.cpp",
        "if (end - first > core::kPageSize && core::known_addend(view, first + core::kPageSize, write) != addend) return false;", "",
        "after a slow access the others of its check go to a page nobody asked about"),
    Bug("apart_costs_steps", "translator/emit_control.h",
        "a.add(kBudget, site.remaining);", "", "a block that goes on apart counts its instructions twice"),
    Bug("apart_is_for_the_wrong_place", "translator/translator.cpp",
        "hart.pc = sites_[hart.site].pc;", "", "a block left for one apart begins anew"),
    Bug("status_upper_half_filled", "mmu/mmu.cpp",
        "view == ViewKind::kSupervisorSum && upper_half && (place.leaf", "false && upper_half && (place.leaf",
        "the same, in the upper half"),
    Bug("zero_block_not_aligned", "translator/emit_memory.h",
        "a.and_(block, -64);", "", "cbo.zero begins in the middle of its block"),
    Bug("zero_block_always_allowed", "translator/emit_memory.h",
        "if (in_->set == core::kUserSet) may(", "if (false) may(", "cbo.zero runs in U mode without senvcfg.CBZE"),
    # Calls and returns
    Bug("landing_not_compared", "translator/emit_control.h",
        "a.jne(reinterpret_cast<uint64_t>(thunks_.jump[in_->set]));\n    emit_jump(back);", "emit_jump(back);", "a return goes to the last call, whatever ra says"),
    Bug("call_returns_to_itself", "translator/emit_control.h",
        "const uint64_t back = call.pc + call.insn.length;", "const uint64_t back = call.pc;",
        "no landing ever fits; what looks like one is a jump back"),
    # Steps
    Bug("side_exit_gives_back_too_much", "translator/emit_control.h",
        "a.add(kBudget, static_cast<int>(exit.unused));", "a.add(kBudget, static_cast<int>(exit.unused) + 1);",
        "a side exit counts one step too few"),
    Bug("side_exit_gives_back_nothing", "translator/emit_control.h",
        "if (exit.unused != 0) a.add(kBudget", "if (false) a.add(kBudget",
        "a side exit counts the instructions that it jumps over"),
    Bug("undo_gives_back_too_little", "translator/emit_control.h",
        "a.add(kBudget, static_cast<int>(in_->block.insns.size()));",
        "a.add(kBudget, static_cast<int>(in_->block.insns.size()) - 1);",
        "a block that does not fit counts one step all the same"),
    Bug("block_ignores_budget", "translator/emit_control.h",
        "a.js(undo_);", "a.nop();", "a block runs to its end though a deadline lies in it"),
    Bug("site_counts_one_too_few", "translator/emit_memory.h",
        "static_cast<uint16_t>(in_->block.insns.size() - n.insn)",
        "static_cast<uint16_t>(in_->block.insns.size() - n.insn - 1)",
        "the slow path has a wrong idea of what is still to run"),
    Bug("slow_path_step_late", "translator/translator.cpp",
        "hart->clock->set_step(hart->run_end - static_cast<uint64_t>(budget));",
        "hart->clock->set_step(hart->run_end - static_cast<uint64_t>(budget) + 1);",
        "a device and the counters see the next step's number"),
    Bug("slow_path_leave_uncounted", "translator/translator.cpp",
        "hart->budget = budget - 1;", "hart->budget = budget;", "an instruction that leaves the block is not counted"),
    Bug("slow_path_ignores_attention", "translator/translator.cpp",
        "!lost && !hart->attention->wanted) return 0;", "!lost) return 0;",
        "the block goes on though a deadline moved or its own code changed"),
    # Code that changes
    Bug("running_block_not_told", "translator/translator.cpp",
        "attention_.wanted = true;  // the block that runs may be one of them", "",
        "a store into the running block is noticed at the next block only"),
    Bug("second_line_forgotten", "translator/translator.cpp",
        " | uint64_t{1} << (end - 1) / kLine", "",
        "an instruction across two lines is not tracked in the second"),
    Bug("written_range_cut", "translator/translator.cpp",
        "last = (at.page_offset() + size - 1) / kLine;", "last = first;",
        "of a store across two lines only the first is looked at"),
    Bug("one_alias_dropped", "translator/translator.cpp",
        "for (TranslatedPage* page = of_ram_page_[ram_.page_index(at)]; page; page = page->next) {",
        "for (TranslatedPage* page = of_ram_page_[ram_.page_index(at)]; page; page = nullptr) {",
        "code that is shared between address spaces goes in one of them only"),
    Bug("dropped_page_keeps_entries", "translator/translator.cpp",
        "TranslatedPages::clear(page);", "",
        "what was dropped or flushed can still be entered"),
    Bug("dropped_page_keeps_links", "translator/translator.cpp",
        "page.waiting.clear();", "", "a block that is made later is linked into code that is no more"),
    Bug("flush_keeps_pages", "translator/translator.cpp",
        "    drop(page);\n  }\n  memory_->rewind", "  }\n  memory_->rewind", "after a flush old entries lead into new code"),
    Bug("sites_not_cleared_in_step", "translator/translator.cpp",
        "static_cast<uint32_t>(sites_.size()), physical", "static_cast<uint32_t>(sites_.size() / 2), physical",
        "the slow path runs some other instruction"),
    Bug("page_without_privilege", "translator/translator.cpp",
        "hart.pc & core::kPageMask, set_of(hart)};", "hart.pc & core::kPageMask, 1};",
        "U, S and M run the same translated page"),
    Bug("page_without_address", "translator/translator.cpp",
        "const PageKey key{code.page.value, hart.pc & core::kPageMask,", "const PageKey key{code.page.value, 0,",
        "code that knows its pc is shared between two addresses"),
    Bug("far_jump_unguarded", "translator/emit_control.h",
        "a.cmp(a86::rdx, at(first.target + place));",
        "a.cmp(a86::rdx, a86::rdx);", "a jump to another page goes wherever another one with its place went"),
    Bug("indirect_jump_unguarded", "translator/emit_control.h",
        "a.cmp(a86::rdx, place(first.target));",
        "a.cmp(a86::rdx, a86::rdx);", "an indirect jump goes wherever another one with its place went"),
    Bug("jump_noted_in_half", "translator/emit_control.h",
        "a.cmp(a86::rdx, place(first.target));",
        "a.cmp(a86::edx, place(first.target).cloneResized(4));", "indirect jumps compare 32 bits of the target"),
    Bug("lookup_of_jump_ignores_page", "translator/thunks.cpp",
        "a.cmp(a86::rcx, a86::qword_ptr(a86::rax, kCode));", "a.cmp(a86::rcx, a86::rcx);",
        "a jump goes to whatever page has the place in the View"),
    Bug("jumps_outlive_dropped_page", "translator/translator.cpp",
        "hart->predictions[page.key.set].jumps.clear(page.key.virtual_address, core::kPageSize);", "(void)hart;",
        "what was dropped or flushed is still jumped to"),
    Bug("jumps_outlive_place_in_view", "mmu/address_spaces.cpp",
        "      executed |= space.known[kind].clear(address);\n", "      space.known[kind].clear(address);\n",
        "a target whose page lost its place in the View is not found when it is remapped"),
    Bug("jumps_outlive_entry", "mmu/address_spaces.cpp",
        "      if (code) clear_jumps(*code, address, 1);\n", "      if (code) {}\n",
        "a remapped page is still jumped to"),
    Bug("jumps_outlive_range", "mmu/address_spaces.cpp",
        "      clear_jumps(*space.code[kind], first, pages);\n", "",
        "pages of a table that is no longer watched are still jumped to"),
    Bug("jumps_of_another_view", "mmu/mmu.cpp",
        "    set.jumps.clear();\n", "", "jumps go where they went in another address space"),
    Bug("instruction_across_pages", "translator/builder.cpp",
        "if (offset + 4 > core::kPageSize) return false;", "if (offset + 4 > core::kPageSize + 2) return false;",
        "the second half of an instruction is read behind the page"),
    # Memory
    Bug("slot_longer_than_page", "translator/thunks.cpp",
        "a.mov(length, Imm(core::kPageSize - kTail));", "a.mov(length, Imm(core::kPageSize));",
        "an access across the end of a page reads what lies behind it on the host"),
    Bug("not_canonical", "translator/thunks.cpp",
        "a.cmp(a86::rax, 1);\n  a.ja(miss);", "a.cmp(a86::rax, 1);", "wild addresses are cut to 39 bits"),
    Bug("crossing_not_seen", "translator/thunks.cpp",
        "a.cmp(a86::eax, core::kPageSize - (1u << log_width));\n  a.ja(miss);",
        "a.cmp(a86::eax, core::kPageSize - (1u << log_width));",
        "an access that crosses pages takes the first page's addend"),
    Bug("load_sign", "translator/emit_integer.h",
        "is_signed ? a.movsxd(to, m) : a.mov(to.r32(), m);", "a.mov(to.r32(), m);", "lw does not extend the sign"),
    # Values
    Bug("less_than_swapped", "translator/emit_integer.h",
        "case Op::ltu: return {a86::CondCode::kB, a86::CondCode::kA};",
        "case Op::ltu: return {a86::CondCode::kB, a86::CondCode::kB};",
        "sltu and bltu with exchanged operands compare the wrong way round"),
    Bug("subtraction_into_second_operand", "translator/emit_integer.h",
        "    if (q.is(to) && !p.is(to)) {\n      if (commutative) {", "    if (q.is(to) && !p.is(to)) {\n      if (true) {",
        "sub rd, rs1, rd computes rd - rs1"),
    Bug("division_by_minus_one", "translator/emit_integer.h",
        "    if (how.is_signed) {\n      a.cmp(rcx, -1);", "    if (false) {\n      a.cmp(rcx, -1);",
        "INT64_MIN / -1 faults on the host"),
    Bug("remainder_by_zero", "translator/emit_integer.h",
        "how.remainder ? a.mov(rdx, rax) : a.mov(a86::rax, -1);", "how.remainder ? a.mov(rdx, -1) : a.mov(a86::rax, -1);",
        "x mod 0 is not x"),
    Bug("mulhsu_unsigned", "translator/emit_integer.h",
        "    a.sub(a86::rdx, a86::rax);\n", "", "mulhsu is mulhu"),
    Bug("shift_amount_lost", "translator/emit_integer.h",
        "      take_rcx();\n      load(a86::rcx, by);", "      take_rcx();",
        "on a host without BMI2 the shift amount is whatever rcx holds"),
    Bug("narrow_result_not_extended", "translator/emit_integer.h",
        "if (width == 4) a.movsxd(result, result.r32());", "", "addw and its like leave bits 63:32 zero"),
    Bug("float_off_ignored", "translator/emit_control.h",
        "a.cmp(float_state(), 0);", "a.cmp(a86::rsp, a86::rsp);",
        "floating point runs while FS is Off"),
    # f registers
    Bug("floats_not_back", "translator/emit_float.h",
        "if (wants_floats(site)) a.call(reinterpret_cast<uint64_t>(thunks_.load_floats));", "(void)site;",
        "behind a slow path f registers are what C++ left in xmm registers"),
    Bug("floats_back_too_seldom", "translator/emit_float.h",
        "return last_float_ > static_cast<int>(insn);", "return last_float_ > static_cast<int>(insn) + 1;",
        "the same, if only the next instruction wants them"),
    Bug("floats_saved_not_told", "translator/thunks.cpp",
        "  a.mov(at(offsetof(Hart, float_in_hart), 1), Imm(1));\n", "",
        "the next block believes that f registers are still in xmm registers"),
    Bug("floats_of_another_rounding", "translator/thunks.cpp",
        "a.cmp(at(offsetof(Hart, csr) + offsetof(riscv::Csrs, frm), 1), 0);", "a.cmp(a86::rsp, a86::rsp);",
        "what frm says is not asked"),
    Bug("fused_source_lost", "translator/emit_float.h",
        "      a.movapd(restore.to, a86::xmm0);\n", "", "the slow path multiplies with the result"),
    Bug("box_outlives_helper", "translator/emit_control.h",
        "    boxed_ = 0;\n", "", "a helper has written a double, and its low half is taken for a single"),
    Bug("box_outlives_double", "translator/emit_float.h",
        "boxed ? boxed_ | 1u << r : boxed_ & ~(1u << r);", "boxed_ | 1u << r;", "the same in generated code"),
    Bug("single_without_box", "translator/emit_float.h",
        "    if (row_.is_double) box(to);\n", "", "fcvt.s.d leaves the upper half as it was"),
    Bug("quiet_comparison_of_nan", "translator/emit_float.h",
        "      emit_write_fflags(host.isValid() ? host : a86::rdx, a86::rdx);\n", "",
        "a comparison with a NaN raises its flag though the program restores fflags"),
    Bug("quiet_comparison_of_another", "translator/emit_float.h",
        "return before.rd == after.rs1 && before.rd != insn_->rd ? before.rd : 0;", "return before.rd;",
        "what fsflags writes is not what frflags read"),
    # Passes
    Bug("helper_forgets_nothing", "translator/builder.cpp",
        "emit(Op::helper);\n    known_.fill(ir::kNoRef);", "emit(Op::helper);", "values from before a helper are used after it"),
    Bug("lwu_is_sign_extended", "translator/passes.cpp",
        "node.width < 4 || (node.width == 4 && node.is_signed)", "node.width <= 4", "sext.w after lwu is dropped"),
    Bug("address_of_an_earlier_instruction", "translator/passes.cpp",
        "address.op != Op::add || address.insn != node.insn ||", "address.op != Op::add ||",
        "base + constant is folded though the base register has changed"),
    Bug("nobody_observes", "translator/passes.cpp",
        "if (node.has(ir::kObserves)) {\n      set_later = 0;", "if (node.has(ir::kObserves)) {", "a trap sees registers that were not written"),
    Bug("zero_minus_x", "translator/passes.cpp",
        "    case Op::xor_:\n      if (is(nodes, a, 0)) return b;", "    case Op::xor_:\n    case Op::sub:\n      if (is(nodes, a, 0)) return b;",
        "0 - x becomes x"),
    Bug("writes_use_nothing", "translator/passes.cpp",
        "      ++nodes[node.in[0]].uses;\n      continue;", "      continue;", "a value that only a register write uses is dropped"),
    Bug("dead_load", "translator/ir_rows.inc",
        'IR_OP(load,     1, kValue | kObserves,', 'IR_OP(load,     1, kValue,',
        "a load to x0 is no access; registers may be wrong when a load traps"),
    # Code memory
    Bug("writable_and_executable", "isa/x86/code_memory.cpp",
        "PROT_READ | PROT_EXEC,", "PROT_READ | PROT_WRITE | PROT_EXEC,", "one address is both"),
    Bug("point_one_off", "isa/x86/code_memory.cpp",
        "static_cast<int32_t>(target - after)", "static_cast<int32_t>(target - after + 1)", "linked jumps miss by a byte"),
]


# A boot uses what these spoil. The guests, in this order, with the engine and the steps; linux only where it is cached.
IN_LOCKSTEP = ["side_exit_gives_back_too_much", "slow_path_step_late", "load_sign", "less_than_swapped", "nobody_observes",
               "narrow_result_not_extended", "subtraction_into_second_operand", "page_without_address", "zero_minus_x"]
GUESTS = ["teach --engine lockstep --max-instructions 3000000", "linux --engine lockstep-cached --max-instructions 30000000"]
BUG_OF_OURS = 120


def planted(bug: Bug, root: pathlib.Path) -> dict[str, str]:
    """The file with the bug in it."""
    text = (root / bug.file).read_text()
    if bug.name == "zero_minus_x":  # the row stands further down as well
        text = text.replace("      [[fallthrough]];\n    case Op::sub:\n", "      [[fallthrough]];\n", 1)
    return {bug.file: planting.replaced(bug.name, bug.file, text, bug.old, bug.new)}


def run(command: str, build: pathlib.Path, seconds: int) -> list[str]:
    """Runs a test program; the names of the tests that failed, or what else went wrong."""
    program, *options = command.split()
    try:
        done = subprocess.run([build / program, "--gtest_brief=1", *options], capture_output=True, text=True,
                              errors="replace", timeout=seconds)
    except subprocess.TimeoutExpired:
        return [f"{pathlib.Path(program).name} is not done after {seconds} s"]
    if done.returncode == 0:
        return []
    names = list(dict.fromkeys(re.findall(r"^\[  FAILED  \] (\S+\.[^\s,]+)", done.stdout, re.M)))
    if done.returncode < 0:
        return [f"{pathlib.Path(program).name} dies of signal {-done.returncode}"]
    return names or [f"{pathlib.Path(program).name} exits with {done.returncode}"]


def run_in_lockstep(vitrine: pathlib.Path) -> list[str]:
    """Where the first guest whose engines differ was."""
    for guest in GUESTS:
        done = subprocess.run([vitrine, "run", *guest.split()], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", check=False, timeout=600)
        if done.returncode == BUG_OF_OURS:
            return [guest.split()[0], *re.findall(r"The engines differ: .*|Found behind step \d+", done.stderr)]
        if done.returncode in (110, 111, 112):
            raise RuntimeError(done.stderr)
    return []


def failures(shop: planting.Workshop, lockstep: bool) -> list[str]:
    """Of the first program that fails."""
    if lockstep:
        shop.make("vitrine")
        return run_in_lockstep(shop.build / "vitrine")
    for test in TESTS:
        shop.make(pathlib.Path(test.split()[0]).name)
        if found := run(test, shop.build, 900 if "random" in test else 180):
            return found
    return []


def main() -> int:
    parser = planting.options_of(__doc__.splitlines()[0])
    parser.add_argument("--lockstep", action="store_true")
    options = parser.parse_args()
    bugs = planting.chosen(BUGS, options.words)
    if options.lockstep and not options.words:
        bugs = [b for b in BUGS if b.name in IN_LOCKSTEP]
    problems = [f"there is no bug {name}" for name in IN_LOCKSTEP if name not in {b.name for b in BUGS}]
    problems += planting.problems_of(bugs, planted)
    if options.check or problems:
        print(*problems, f"{len(bugs)} bugs, {len(problems)} of them cannot be planted", sep="\n")
        return 1 if problems else 0
    with tempfile.TemporaryDirectory(prefix="planted-bugs-") as temporary:
        shop = planting.Workshop(options.work or pathlib.Path(temporary), options.jobs)
        if found := failures(shop, options.lockstep):
            print("The tests fail without any bug:", *found, sep="\n  ")
            return 1
        missed = 0
        for bug in bugs:
            begin = time.monotonic()
            with shop.holding(planted(bug, shop.source)):
                found = failures(shop, options.lockstep)
            missed += not found
            print(f"{'found ' if found else 'MISSED'}  {bug.name}: {bug.why}\n        {len(found)} tests: "
                  f"{', '.join(found[:4])}  ({time.monotonic() - begin:.0f} s)", flush=True)
        print(f"{len(bugs) - missed} of {len(bugs)} planted bugs were found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
