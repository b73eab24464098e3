# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts: messages, and how missing packages get installed and presets get built.

say() {
  printf '== %s\n' "$*"
}

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}

# Another apt may hold the lock on a machine that just started; wait for it instead of failing.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Installs those of the named Debian packages that are missing, and says which.
require_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; these packages' counterparts must be installed: $*"
    return
  fi
  for package in "$@"; do
    if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed'; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get: ${missing[*]}"
  say "installing: ${missing[*]}"
  # Package lists may be missing or too old to download from.
  if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 ||
    ! apt_get install -y --no-install-recommends "${missing[@]}"; then
    apt_get update
    apt_get install -y --no-install-recommends "${missing[@]}"
  fi
}

# build_preset PRESET FOLDER: installs what the preset needs, configures it, and builds it in FOLDER.
build_preset() {
  local preset=$1 folder=$2 packages options=()
  packages=(cmake ninja-build pkg-config gcc g++ libc6-dev libbenchmark-dev libhwloc-dev libcriterion-dev
    libjansson-dev libjpeg62-turbo-dev libpng-dev python3 doxygen)
  case $preset in
  *-clang) packages+=(clang libclang-rt-14-dev libomp-dev) ;;
  esac
  require_packages "${packages[@]}"
  if [ "${CI-}" ]; then
    options+=(-DCARDINAL_WERROR=ON)
  fi
  say "building preset $preset in ${folder#"$PWD"/}"
  # CMake's own notes matter only if something is wrong.
  mkdir -p "$folder"
  if ! cmake --preset "$preset" "${options[@]}" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    die "preset $preset can't be configured"
  fi
  cmake --build "$folder"
}
