// SPDX-License-Identifier: MIT
// Help texts, written by hand so that they fit a screen; a test compares them with the option table.
#include "app/help.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/text.h"

namespace vitrine::app {
namespace {

// What `man` has to be given: the page's name where it is installed, its path in a checkout.
std::string manual() {
  const char* page = VITRINE_SOURCE_DIR "/docs/vitrine.1";
  return access(page, R_OK) == 0 ? shell_word(page) : "vitrine";
}

}  // namespace

std::string short_help(const std::string& program) {
  return fmt::format(
      "Vitrine runs RISC-V operating systems and shows how it does it.\n"
      "  {0} run                a small teaching system, at once (Ctrl-A x quits)\n"
      "  {0} run linux          Debian's kernel and a shell; run linux-disk: a whole Debian\n"
      "  {0} run FILE           your own kernel; inspect FILE, then explain WHEN: what happened\n"
      "  {0} qemu WORDS...      the same machine by QEMU's command line\n"
      "  {0} --help             all options; doctor says what is missing; man {1}\n",
      program, manual());
}

// 80 columns, 24 rows.
std::string run_help() {
  return R"(Usage: vitrine run [GUEST] [OPTION]...    GUEST: teach, linux, linux-disk, FILE
vitrine lab|bisect|explain|replay|debug|dap|inspect|classes|suite|doctor|qemu -h
Images
  --kernel FILE   ELF, Image or raw        --bios FILE|none|builtin  firmware
  --initrd FILE   initial file system      --append WORDS  kernel command line
  --dtb FILE      device tree              --dump-dtb FILE  write ours and end
Machine
  --memory SIZE   512M      --harts N  1-8     --cpu LIST  rv64,zfh=off    --rng
  --disk, --port-disk FILE[,ro][,snapshot][,slot=N]  raw image  --virtio-console
Time and identity (same values, same run)
  --clock KIND    paced: sleeps while the guest idles; virtual: never; real
  --date DATE     2026-01-31, now   --seed N  random  --slice N  steps of a turn
  --input FILE    console input     --kernel-info FILE  gives processes names
  --engine NAME   translator, interpreter; both: lockstep, lockstep-cached
  --mmu KIND      shadow, tlb; stale until a fence: shadow-lazy, tlb-fenced
  --break NAMES|help  wrong on purpose   --chaos SEED[,KIND]  what may happen
Limits and reports
  --max-instructions N  code 103  --max-seconds S  code 104  --lint  --no-cache
  --no-reboot  --state-hash-every N  --untrack-after N  --snapshot-at STEP:F
  --stats, --stats-json FILE  counters  --record FILE, --keep FILE  --no-keep
  --log KIND,... or help   --log-filter TERM,...  --log-file F --log-format F
  --gdb[=ADDR]  --freeze  debug   --perf-map --jitdump DIR --gdb-jit  our code
Exit codes: 0 success, 1-99 the guest's, 100 panic, 101 fault loop, 102 nothing
  wakes it, 103 104 limits, 110 usage, 111 image, 112 missing, 120 a bug of ours
)";
}

std::string bisect_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine bisect A B [GUEST] [OPTION]...
A and B are options of `vitrine run`, each set in quotes. Runs the guest with A
and with B on top of the other options, and finds the first step behind which
the two machines differ: what ran there, both states, the memory that differs.
Disks are not written.
  {0} bisect "--mmu shadow" "--mmu tlb" linux --max-instructions 200000000
  {0} bisect "--seed 1" "--seed 2" kernel.elf --rng
Exit codes: 0 equal, 1 they differ; others as of run.
)",
                     program);
}

std::string explain_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine explain [RUN] WHEN... [--json] [--engine NAME] [--kernel-info F]
Makes a run again and explains what happened at a moment: the instruction, the
page walk entry by entry, the guest trap and who takes it, what the hypervisor
saw and did, the registers that changed. Without RUN (a file that --keep made)
it is the last run. Nothing of the host changes: disks are not written.
  @N              step N: what happened when the counter of steps was N
  event:K         the K-th event; event:KIND the last of its kind, event:KIND#N
                  the N-th (docs/events.md)
  pc:SYMBOL       the first time that pc is there; SYMBOL+OFFSET, an ADDRESS;
                  with #N behind it the N-th time
  line:TEXT       the moment that TEXT stood in a line of the console
  last-trap       the guest's last trap
  exit            the run's last step, and how it ended
  {0} explain last-trap
  {0} explain event:guest-page-fault 'pc:main#2' --json
Exit codes: 0, 1 a moment never came; others as of run.
)",
                     program);
}

std::string replay_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine replay [RUN] [--engine NAME] [--snapshot-at STEP:F]... [--gdb]
Makes a run again, bit for bit, and prints what its guest prints: the last one,
or one from a file that --record or --keep made, here or on another host. Input
comes in again at the same steps. Disks are not written. What is not the same
any more (version, image, block of a disk that was read) is named and refused.
  --snapshot-at STEP:F  the machine at this step goes into a file; vitrine run F
  --gdb[=ADDR]  gdb looks at it, forwards and backwards; nothing is printed
  {0} run kernel.elf --record crash.run
  {0} replay crash.run --engine interpreter
Exit codes: the run's; 1 what was kept ends before it; 110 to 120 as of run.
)",
                     program);
}

std::string debug_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine debug [RUN | GUEST [OPTION]...] [-e VERB]... [-x FILE]
The debugger, forwards and backwards: of the last run, of one that --record or
--keep made, or of a new run of GUEST with the options of `vitrine run`, which
stops at its first step. Its console's input is sent by the verb send.
  -e VERB   is done first, as if it were typed; more than one: in this order
  -x FILE   the same of a file's lines
  --batch   ends then, and reads nothing from standard input
  --engine NAME  makes a kept run again on this engine
  --dap     speaks with an editor, as the verb dap
At the prompt: help, help VERB. Tab completes, arrow up brings lines back, an
empty line moves once more, Ctrl-C stops a motion. Input that is no terminal is
echoed, and the first error ends it.
  {0} debug -e 'goto last-trap' -e 'back 3' -e 'explain'
  {0} debug teach --harts 2
Exit codes: 0; 1 a verb failed; 110 to 120 as of run. docs/debugger.md has more.
)",
                     program);
}

std::string dap_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine dap
The debugger for VS Code and other editors: a debug adapter that speaks the
Debug Adapter Protocol on standard input and output; vitrine debug --dap is the
same. What is run stands in the editor's launch.json:
  "guest": "kernel.elf", "arguments": ["--harts", "2"]   a new run
  "run": "FILE", or true      a kept run: forwards and backwards; true: the last
  "symbols": ["sh.elf"]       files of programs that the guest loads itself
  "stopOnEntry": true         it waits at the first step
In the debug console the verbs of {0} debug are understood.
Exit codes: 0; 1 what the client sent made no sense. docs/dap.md has more.
)",
                     program);
}

std::string inspect_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine inspect FILE...
Says what each file is (kernel, firmware, device tree, archive, disk ...), and
how `vitrine run` would load it.
  {0} inspect kernel.elf fs.img
Exit codes: 0 all were told of; 111 or 112: one cannot be read.
)",
                     program);
}

std::string classes_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine classes [OPTION]...
Popek and Goldberg's classes of each instruction and each CSR access, with the
reason and the section of the specification, for a hypervisor (i) in S with the
guest kernel in U, (ii) in M with the guest in S under TVM, TW and TSR; and
whether everything sensitive is privileged.
  --measure       execute each in pairs of states and compare with the table;
                  x86's popf too, on the host itself
  --format KIND   table, json, html (one page, also for printing)
  --witness NAME  measure, and show of one instruction or CSR which two states
                  show its class, and what came of it in each
  {0} classes | grep -w sret
  {0} classes --measure --format html > classes.html
  {0} classes --witness sfence.vma
Exit codes: 0, 1 measurement and table disagree, 110 usage.
)",
                     program);
}

std::string lab_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine lab [NAME] [OPTION]...
Without a name: the labs, by the lecture's headings. With one: asks what you
predict, runs the lab, and shows what was predicted, what was measured, and why.
  --set NAME=VALUE  another value of a parameter; may be repeated
  --no-ask          run at once
  --answers FILE    predictions: {{"question": 12, "other": "2 * pages"}}
  --break NAME      one piece of the machine is wrong: what do you see, and why?
  --sheet           the text for students, with the questions
  --solution        the answers, with reasons, and what wrong ones show
  --engine NAME     translator, interpreter: the numbers are the same
  --path FOLDER     labs of your own; docs/labs.md says how to write one
  --json            for programs; does not ask
  {0} lab shadow-page-table
  {0} lab shadow-page-table --set writes=137 --no-ask
Exit codes: 0, 1 measurement and formula differ, 110 usage, 111 a lab is wrong,
  112 a lab is missing.
)",
                     program);
}

std::string suite_help(const std::string& program) {
  return fmt::format(R"(Usage: vitrine suite run PATH... [OPTION]... [OPTION of run]...
       vitrine suite report DIR... [OPTION]...
       vitrine suite plan --durations DIR... --shards N > PLAN
run: runs each guest below PATH as a fresh machine of its own, and judges it.
  -j N, --jobs N  so many at a time   --filter G,..  name*, part, -not, label:L
  --out DIR       results and logs    --resume       goes on with those there
  --fail-fast     ends at a failure   --shard I/N, auto, auto/N  a part of them
  --plan PLAN     which part is whose --seeds N[,K]  each with --chaos 1 to N
report: merges results of any number of shards.
  --junit F, --tap F, --html F, --json F, --gradescope F      F: a file, or -
plan: deals the tests out so that each shard takes as long.
  {0} suite run tests -j 4 --max-instructions 100000000
  {0} suite run kernel.elf --out r --harts 2
  {0} suite report r --junit results.xml --html results.html
Verdicts: pass, fail, expected-failure, unexpected-pass, skipped, crashed (the
  emulator), error (it could not be run). NAME.toml, NAME.expect and suite.toml
  say what a test is: docs/suites.md.
Exit codes: 0 all good, 1 not, 110 usage, 112 results cannot be written, 120 the
  emulator crashed, 128+N ended by signal N.
)",
                     program);
}

std::string doctor_help() {
  return R"(Usage: vitrine doctor
Says what is there and what is missing, a line each, with the command that
mends it.
Exit codes: 0 nothing is missing, 112 something is.
)";
}

}  // namespace vitrine::app
