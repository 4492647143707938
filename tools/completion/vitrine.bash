# SPDX-License-Identifier: MIT
# Completion of `vitrine` for bash. To try it: . tools/completion/vitrine.bash
# A test compares the options here with those of the program.

_vitrine() {
  local own
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local verbs="run lab bisect explain replay debug dap inspect classes suite doctor qemu --help --version"
  local guests="teach linux linux-disk"
  local labs="classes efficiency fidelity full-emulation-and-split-driver isa-and-abi layers popf safety shadow-page-table time ways-of-cpu-virtualisation"
  local options="--bios --kernel --initrd --append --dtb --dump-dtb --memory --harts --cpu --disk --port-disk --rng --virtio-console --engine
    --mmu --break --chaos --untrack-after --clock --seed --date --slice --input --max-instructions --max-seconds --state-hash-every --snapshot-at --lint --stats --stats-json --gdb --freeze
    --kernel-info --record --keep --no-keep --log --log-filter --log-file --log-format --no-reboot --no-cache --perf-map --jitdump --gdb-jit --help"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    return
  fi
  case ${COMP_WORDS[1]} in
    explain)
      case $before in
        --engine) mapfile -t COMPREPLY < <(compgen -W "interpreter translator" -- "$word") ;;
        *)
          mapfile -t COMPREPLY < <(compgen -W "last-trap exit event: pc: line: --json --engine --kernel-info --help" -- "$word"
            compgen -f -- "$word") ;;
      esac ;;
    replay)
      case $before in
        --engine) mapfile -t COMPREPLY < <(compgen -W "interpreter translator" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--engine --gdb --snapshot-at --help" -- "$word"; compgen -f -- "$word") ;;
      esac ;;
    debug)
      case $before in
        -e) ;;
        -x) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$guests -e -x --batch --dap $options" -- "$word"; compgen -f -- "$word") ;;
      esac ;;
    inspect) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    lab)
      case $before in
        --path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        --answers) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        --engine) mapfile -t COMPREPLY < <(compgen -W "interpreter translator" -- "$word") ;;
        --set | --break) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$labs --set --no-ask --answers --break --sheet --solution --engine --path --json
             --help" -- "$word") ;;
      esac ;;
    classes)
      case $before in
        --format) mapfile -t COMPREPLY < <(compgen -W "table json html" -- "$word") ;;
        --witness) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--measure --format --witness --help" -- "$word") ;;
      esac ;;
    suite)
      case $before in
        suite) mapfile -t COMPREPLY < <(compgen -W "run report plan --help" -- "$word") ;;
        --out) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        --jobs | --shard | --shards | --filter) ;;
        *)
          case ${COMP_WORDS[2]} in
            run) own="--jobs --out --filter --shard --plan --seeds --fail-fast --resume $options" ;;
            report) own="--junit --tap --html --json --gradescope --help" ;;
            *) own="--durations --shards --help" ;;
          esac
          if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$own" -- "$word")
          else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
          fi ;;
      esac ;;
    run | bisect)
      case $before in
        --kernel | --initrd | --dtb | --dump-dtb | --disk | --port-disk | --input | --keep | --record | --kernel-info | --stats-json | --log-file)
          mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        --jitdump) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        --bios) mapfile -t COMPREPLY < <(compgen -W "none builtin" -- "$word"; compgen -f -- "$word") ;;
        --log) mapfile -t COMPREPLY < <(compgen -W "all exits guest-traps instructions addresses faults interrupts retire help" -- "$word") ;;
        --log-filter) mapfile -t COMPREPLY < <(compgen -W "event= step= hart= mode= pc= process= root= address= cause=" -- "$word") ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W "text json spike" -- "$word") ;;
        --clock) mapfile -t COMPREPLY < <(compgen -W "paced virtual real" -- "$word") ;;
        --engine) mapfile -t COMPREPLY < <(compgen -W "interpreter translator lockstep lockstep-cached" -- "$word") ;;
        --mmu) mapfile -t COMPREPLY < <(compgen -W "shadow tlb shadow-lazy tlb-fenced" -- "$word") ;;
        --memory) mapfile -t COMPREPLY < <(compgen -W "128M 512M 1G 2G" -- "$word") ;;
        --break)
          mapfile -t COMPREPLY < <(compgen -W "help shadow-unprotected tlb-never-flushed delegation-ignored sie-silent
            trap-leaves-interrupts-on reservation-never-lost fence-i-ignored dirty-bit-not-set sum-ignored mxr-ignored
            user-bit-ignored pmp-ignored timer-late interrupt-lost used-len-wrong" -- "$word") ;;
        --harts) mapfile -t COMPREPLY < <(compgen -W "1 2 3 4 5 6 7 8" -- "$word") ;;
        --cpu) mapfile -t COMPREPLY < <(compgen -W "rv64 max" -- "$word") ;;
        --append | --untrack-after | --seed | --date | --slice | --max-instructions | --max-seconds | --state-hash-every | --snapshot-at) ;;
        *)
          if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
          else
            mapfile -t COMPREPLY < <(compgen -W "$guests" -- "$word"; compgen -f -- "$word")
          fi ;;
      esac ;;
  esac
}
complete -o filenames -F _vitrine vitrine ./vitrine
