# SPDX-License-Identifier: MIT
# What Vitrine's guests do with the words of their kernel command line; read by busybox sh, sourced by both inits.
#
#   vt.poweroff    power off at once
#   vt.cmd=WORDS   run this with sh, print "vitrine-init: exit STATUS", power off
#   (neither)      an interactive shell on the console; power off when it ends
#
# A word has no blanks: in values, blanks, quotes and % are written as in a URL (%20, %22, %27, %25, %0A).
# The initramfs has further words of its own, see initramfs-init.

# vt_flag NAME: is the word NAME there?
vt_flag() {
  case " $(cat /proc/cmdline) " in *" $1 "*) return 0 ;; esac
  return 1
}

# vt_word NAME: prints the decoded value of NAME=VALUE; status 1 when the word is not there.
vt_word() {
  set -f
  for vt_each in $(cat /proc/cmdline); do
    case $vt_each in
      "$1="*)
        set +f
        vt_decode "${vt_each#*=}"
        return 0 ;;
    esac
  done
  set +f
  return 1
}

# printf's %b knows \xHH; backslashes that were there before must stay what they are.
vt_decode() {
  printf '%b' "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/%\([0-9A-Fa-f][0-9A-Fa-f]\)/\\x\1/g')"
}

# The names under /dev that programs expect and devtmpfs does not make.
vt_fd_links() {
  ln -sfn /proc/self/fd /dev/fd
  ln -sf fd/0 /dev/stdin
  ln -sf fd/1 /dev/stdout
  ln -sf fd/2 /dev/stderr
}

# vt_session SHELL: does what the command line asks for, with SHELL as the interactive one.
vt_session() {
  dmesg -n 4 # the console belongs to the session; warnings and worse still show
  echo "vitrine-init: ready"
  if vt_flag vt.poweroff; then
    :
  elif vt_command=$(vt_word vt.cmd); then
    /bin/sh -c "$vt_command" # by its path: a plain "sh" would be busybox on every guest
    echo "vitrine-init: exit $?"
  else
    setsid cttyhack "$@" # a session of its own on the console's terminal: job control and ^C work
  fi
}

# vt_power_off [WHY]: ends the machine. Disks are synced and read-only before it stops.
vt_power_off() {
  [ $# -gt 0 ] && echo "vitrine-init: failed: $*"
  sync
  mount -o remount,ro / 2> /dev/null
  poweroff -f
  while :; do sleep 60; done # process 1 must not end before the machine does
}
