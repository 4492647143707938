#!/bin/sh
# SPDX-License-Identifier: MIT
# The committed examples/teach/teach.elf is what its sources say: build them again, from a copy in another
# folder, and compare byte by byte. Exit code 77: skipped, with the reason, since another compiler would rightly
# make another image.
set -eu
teach=$(cd "$(dirname "$0")/../../examples/teach" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
  echo "SKIPPED: $*"
  exit 77
}

for tool in make python3 riscv64-unknown-elf-gcc riscv64-unknown-elf-ld; do
  command -v "$tool" >/dev/null || skip "there is no $tool on this machine"
done
make -s -C "$teach" print-toolchain >"$work/toolchain"
if ! cmp -s "$work/toolchain" "$teach/toolchain.txt"; then
  echo "the image was made by:"; sed 's/^/  /' "$teach/toolchain.txt"
  echo "here there is:"; sed 's/^/  /' "$work/toolchain"
  skip "other versions of the compiler and linker"
fi

mkdir "$work/a-copy-elsewhere"
(cd "$teach" && cp -R Makefile mkfs.py kernel user shared files "$work/a-copy-elsewhere/")
make -s -C "$work/a-copy-elsewhere" OUT="$work/out" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
if ! cmp "$work/out/teach.elf" "$teach/teach.elf"; then
  echo "FAILED: the committed teach.elf is not what its sources make: run \"make install\" in examples/teach"
  exit 1
fi

bytes=$(wc -c <"$teach/teach.elf")
[ "$bytes" -lt 122880 ] || { echo "FAILED: teach.elf has $bytes bytes, 120 KiB is the most"; exit 1; }
# What debuggers and their tests look for by name.
riscv64-unknown-elf-nm "$teach/teach.elf" >"$work/symbols"
for name in _start trap_entry trap_return kernel_main proc current syscall vm_fault schedule; do
  grep -q " [A-Za-z] $name\$" "$work/symbols" || { echo "FAILED: teach.elf has no symbol $name"; exit 1; }
done
echo "teach.elf: $bytes bytes, as its sources make it"
