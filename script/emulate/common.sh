# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts that emulate other CPUs: where the cache is, and what all scripts share.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CARDINAL_CACHE:-$root/.cache}

. "$root/script/lib.sh"
