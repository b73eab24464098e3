/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/peak.h"

const bench_library *bench_library_linked(void) {
  static const bench_library linked = {
      .context_create = cardinal_context_create,
      .context_destroy = cardinal_context_destroy,
      .conv_create = cardinal_conv_create,
      .pool_create = cardinal_pool_create,
      .plan_destroy = cardinal_plan_destroy,
      .plan_scratch_bytes = cardinal_plan_scratch_bytes,
      .plan_run = cardinal_plan_run,
      .plan_kernel = cardinal_plan_kernel,
      .weights_synthetic = cardinal_weights_synthetic,
      .weights_destroy = cardinal_weights_destroy,
      .net_create = cardinal_net_create,
      .net_destroy = cardinal_net_destroy,
      .net_arena_bytes = cardinal_net_arena_bytes,
      .net_run = cardinal_net_run,
  };
  return &linked;
}

/* bench/CMakeLists.txt defines the flags of each twin that it builds. */
const char *bench_twin_flags(cardinal_isa isa) {
  const char *flags = NULL;
#ifdef BENCH_TWIN_AVX2
  if (isa == CARDINAL_ISA_AVX2)
    flags = BENCH_TWIN_AVX2;
#endif
#ifdef BENCH_TWIN_AVX512
  if (isa == CARDINAL_ISA_AVX512)
    flags = BENCH_TWIN_AVX512;
#endif
  return flags && cardinal_isa_runs_here(isa) ? flags : NULL;
}

/* The module lies beside this program, or once installed, in a folder of the libraries' (BENCH_TWIN_FOLDER). */
static bool twin_path(cardinal_isa isa, char *path, size_t size) {
  char program[4096];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length < 0)
    return false;
  program[length] = '\0';
  char *slash = strrchr(program, '/');
  if (!slash)
    return false;
  *slash = '\0';
  const char *const folders[] = {".", BENCH_TWIN_FOLDER};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; ++i) {
    const int written = snprintf(path, size, "%s/%s/cardinal_twin_%s.so", program, folders[i], cardinal_isa_name(isa));
    if (written < 0 || (size_t)written >= size)
      return false;
    if (access(path, F_OK) == 0)
      return true;
  }
  return true;
}

static bool find(void *module, const char *name, void *pointer) {
  void *symbol = dlsym(module, name);
  memcpy(pointer, &symbol, sizeof symbol);
  return symbol != NULL;
}

static bool load(const char *path, bench_library *l) {
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  return module && find(module, "cardinal_context_create", &l->context_create) &&
         find(module, "cardinal_context_destroy", &l->context_destroy) &&
         find(module, "cardinal_conv_create", &l->conv_create) &&
         find(module, "cardinal_pool_create", &l->pool_create) &&
         find(module, "cardinal_plan_destroy", &l->plan_destroy) &&
         find(module, "cardinal_plan_scratch_bytes", &l->plan_scratch_bytes) &&
         find(module, "cardinal_plan_run", &l->plan_run) && find(module, "cardinal_plan_kernel", &l->plan_kernel) &&
         find(module, "cardinal_weights_synthetic", &l->weights_synthetic) &&
         find(module, "cardinal_weights_destroy", &l->weights_destroy) &&
         find(module, "cardinal_net_create", &l->net_create) && find(module, "cardinal_net_destroy", &l->net_destroy) &&
         find(module, "cardinal_net_arena_bytes", &l->net_arena_bytes) && find(module, "cardinal_net_run", &l->net_run);
}

const bench_library *bench_library_twin(cardinal_isa isa, char *error, size_t size) {
  static bench_library twins[CARDINAL_ISA_COUNT];
  static bool loaded[CARDINAL_ISA_COUNT];
  char path[4096 + 64];
  if (loaded[isa])
    return &twins[isa];
  if (!twin_path(isa, path, sizeof path)) {
    snprintf(error, size, "can't tell where this program lies");
    return NULL;
  }
  if (!load(path, &twins[isa])) {
    const char *reason = dlerror();
    snprintf(error, size, "can't load '%s': %s", path, reason ? reason : "a function is missing");
    return NULL;
  }
  loaded[isa] = true;
  return &twins[isa];
}
