/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/provenance.h"

#include <stdio.h>

#include "bench/commit.h"
#include "bench/shim.h"

void bench_provenance(const bench_suite *s) {
  char text[64];
  bench_shim_context("cardinal_version", cardinal_version());
  bench_shim_context("commit", BENCH_COMMIT);
  bench_shim_context("cpu", s->machine.cpu);
  bench_shim_context("cpu_id", s->machine.cpu_id);
  bench_shim_context("cache_sizes", s->machine.caches);
  bench_shim_context("best_isa", cardinal_isa_name(s->best));
  bench_shim_context("compiler", bench_compiler());
  bench_shim_context("compiler_flags", BENCH_FLAGS);
  bench_shim_context("governor", s->machine.governor);
  bench_shim_context("affinity", s->machine.affinity);
  bench_shim_context("started", s->machine.date);
  bench_shim_context("caches_are", s->options->cold ? "cold" : "warm");
  snprintf(text, sizeof text, "%u", s->all_threads);
  bench_shim_context("all_threads", text);
  snprintf(text, sizeof text, "%g", CARDINAL_QUIET_SHARE);
  bench_shim_context("quiet_share", text);
}
