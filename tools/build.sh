# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # $here and $build are set by who sources this
# What ./vitrine and ./test share: packages, configuration, build. Sourced with $here set to the checkout and $build to
# the folder of the build. All speaks on stderr: stdout is the console of the guest that is to come.

say() { echo "${name:-vitrine}: $*" >&2; }

# packages LIST...: the names in tools/packages/LIST.txt.
packages() {
  local list
  for list in "$@"; do sed -e 's/#.*//' -e 's/ .*//' -e '/^$/d' "$here/tools/packages/$list.txt"; done
}

# Those of the named packages that are not installed; one that is there for another architecture only (a cross compiler's)
# does not count. On a system without dpkg: none, and cmake will tell.
missing_packages() {
  command -v dpkg-query > /dev/null || return 0
  local installed native
  native=$(dpkg --print-architecture)
  installed=$(dpkg-query -W -f='${Package} ${Architecture} ${db:Status-Status}\n' "$@" 2> /dev/null |
    sed -nE "s/ ($native|all) installed\$//p")
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<< "$installed")
}

# A machine that is new knows no package by name.
have_lists() { ls /var/lib/apt/lists/*_Packages* > /dev/null 2>&1; }

install() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" \
    < /dev/null >&2
}

# need_packages LIST...: installs what is missing; without root it lists them and ends.
need_packages() {
  local wanted missing
  wanted=$(packages "$@")
  # shellcheck disable=SC2086  # words
  missing=$(missing_packages $wanted)
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  set -- $missing
  if [ "$(id -u)" != 0 ]; then
    say "these packages are missing: $*"
    echo "To install them:" >&2
    have_lists || echo "  sudo apt-get update" >&2
    echo "  sudo apt-get install --no-install-recommends $*" >&2
    exit 112
  fi
  say "installing the packages that are missing: $*"
  have_lists || apt-get -q update < /dev/null >&2 || true
  install "$@" || { apt-get -q update < /dev/null >&2 && install "$@"; } || {
    say "the packages could not be installed; the lines above say why"
    exit 112
  }
}

# The folder of the build, and that it is ours to write.
make_folder() {
  if ! mkdir -p "$build" 2> /dev/null || ! touch "$build/lock" 2> /dev/null; then
    say "$build cannot be written; copy the checkout to a folder of yours"
    exit 112
  fi
}

# Is there a configuration, and is it of this checkout? (It may have been moved or copied.)
is_configured() {
  [ -e "$build/build.ninja" ] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$build/CMakeCache.txt"
}

# configure -DNAME:TYPE=VALUE...: nothing happens if it is configured so already.
configure() {
  local option same=1 fresh=()
  if is_configured; then
    for option in "$@"; do grep -qxF -- "${option#-D}" "$build/CMakeCache.txt" || same=0; done
    [ $same = 0 ] || return 0
  elif [ -e "$build/CMakeCache.txt" ]; then
    fresh=(--fresh)
  fi
  say "configuring $build"
  if ! cmake "${fresh[@]}" -S "$here" -B "$build" -G Ninja "$@" > "$build/configure.log" 2>&1; then
    cat "$build/configure.log" >&2
    say "the configuration failed; the lines above say why"
    exit 112
  fi
}

# run_build TARGET...: with progress.
run_build() {
  NINJA_STATUS="[%f/%t, %es] " cmake --build "$build" --target "$@" >&2 || {
    say "the build failed; to see it again: cmake --build $build"
    exit 112
  }
}
