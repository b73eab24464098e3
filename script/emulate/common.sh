# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts that emulate other CPUs: where the cache is, and what all scripts share.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Absolute, since scripts change folders on their way, and exported for those that they start.
cache=$(realpath -m "${CARDINAL_CACHE:-$root/.cache}")
export CARDINAL_CACHE=$cache

. "$root/script/lib.sh"
