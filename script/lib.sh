# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts: messages, and how missing packages get installed and presets get built.

say() {
  printf '== %s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Prints a script's own head as its help: from its third line to the last comment line before its code.
usage() {
  sed -n '3,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$1"
}

# Runs a command as root: as it is, or through sudo, which asks for a password if it must.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Another apt may hold the lock on a machine that just started; wait for it instead of failing.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Whether a Debian package is installed, on hold or not.
is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whether apt knows a version of a package that it could install.
is_offered() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# Nothing is installed behind anyone's back: root does it, others are asked, and --no-install (CARDINAL_NO_INSTALL=1)
# refuses.
may_install() {
  local answer
  if [ -n "${CARDINAL_NO_INSTALL-}" ]; then
    die "missing packages: $*; install them, or leave out --no-install"
  elif [ "$(id -u)" -eq 0 ]; then
    return
  elif ! command -v sudo >/dev/null; then
    die "missing packages: $*; there is no sudo, so let root run: apt-get install $*"
  elif [ ! -t 0 ] || [ ! -t 2 ]; then
    die "missing packages: $*; run: sudo apt-get install $*"
  fi
  read -r -p "Install $* with sudo? [y/N] " answer
  case $answer in
  [yY]*) ;;
  *) die "not installed: $*" ;;
  esac
}

# The names among those separated by | of which one is wanted: nothing if one is installed, else the first that apt
# offers, else the first.
missing_of() {
  local names name
  IFS='|' read -r -a names <<<"$1"
  for name in "${names[@]}"; do
    if is_installed "$name"; then
      return
    fi
  done
  for name in "${names[@]}"; do
    if is_offered "$name"; then
      printf '%s\n' "$name"
      return
    fi
  done
  printf '%s\n' "${names[0]}"
}

# Installs those of the named Debian packages that are missing, and says which. Where distributions call a package
# differently, its names are given as one word, separated by |.
require_packages() {
  local missing=() package name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "not a Debian system; these packages' counterparts must be installed: $*"
    return
  fi
  for package in "$@"; do
    name=$(missing_of "$package")
    if [ -n "$name" ]; then
      missing+=("$name")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  may_install "${missing[@]}"
  say "installing: ${missing[*]}"
  # Package lists may be missing or too old to download from.
  if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 ||
    ! apt_get install -y --no-install-recommends "${missing[@]}"; then
    apt_get update
    missing=()
    for package in "$@"; do
      name=$(missing_of "$package")
      missing+=(${name:+"$name"})
    done
    apt_get install -y --no-install-recommends "${missing[@]}"
  fi
}

# What each build needs, and clang besides.
build_packages=(cmake ninja-build pkg-config gcc libc6-dev libhwloc-dev libcriterion-dev libjansson-dev
  'libjpeg62-turbo-dev|libjpeg-turbo8-dev|libjpeg-dev' libpng-dev zlib1g-dev python3)
clang_packages=(clang libclang-rt-dev libomp-dev)

# build_preset PRESET FOLDER [CMAKE BUILD OPTION...]: installs what the preset needs, configures it, and builds it in
# FOLDER. CARDINAL_CMAKE_OPTIONS holds further options of the configuration, separated by spaces.
build_preset() {
  local preset=$1 folder=$2 packages options=()
  packages=("${build_packages[@]}" g++ libbenchmark-dev doxygen mandoc dpkg-dev)
  case $preset in
  *-clang | fuzz) packages+=("${clang_packages[@]}") ;;
  esac
  require_packages "${packages[@]}"
  read -r -a options <<<"${CARDINAL_CMAKE_OPTIONS-}"
  if [ "${CI-}" ]; then
    options+=(-DCARDINAL_WERROR=ON)
  fi
  say "building preset $preset in ${folder#"$PWD"/}"
  # CMake's own notes matter only if something is wrong.
  mkdir -p "$folder"
  if ! cmake --preset "$preset" -B "$folder" "${options[@]}" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    die "preset $preset can't be configured"
  fi
  cmake --build "$folder" "${@:3}"
}
