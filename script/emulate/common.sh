# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts that emulate other CPUs: where the cache is, and how missing packages get installed.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CARDINAL_CACHE:-$root/.cache}

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

# Installs those of the named Debian packages that are missing, and says which.
require_packages() {
  local missing=() package
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
  # Another apt may hold the lock on a machine that just started; wait for it instead of failing.
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
    --no-install-recommends "${missing[@]}" </dev/null; then
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
      --no-install-recommends "${missing[@]}" </dev/null
  fi
}
