/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts: what the descriptor and the environment may say, and what they may not. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

static cardinal_context_desc fresh(void) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  return desc;
}

static void clear_environment(void) {
  unsetenv("CARDINAL_ISA");
  unsetenv("CARDINAL_NUM_THREADS");
  unsetenv("CARDINAL_THREADING");
}

TestSuite(context, .init = clear_environment);

/* Expects a failure with all the words in its message, and an untouched output parameter. */
static void expect_failure(const cardinal_context_desc *desc, cardinal_status status, const char *word1,
                           const char *word2) {
  cardinal_context *const untouched = (cardinal_context *)(void *)&status;
  cardinal_context *context = untouched;
  cardinal_error error = {.status = CARDINAL_OK};
  const cardinal_status found = cardinal_context_create(desc, &context, &error);
  cr_expect_eq(found, status, "status is %s, expected %s (%s)", cardinal_status_string(found),
               cardinal_status_string(status), error.message);
  cr_expect_eq(error.status, found);
  cr_expect_eq(context, untouched, "the output parameter was changed");
  cr_expect(strstr(error.message, word1) && strstr(error.message, word2), "'%s' doesn't say '%s' and '%s'",
            error.message, word1, word2);
  cr_expect_eq(cardinal_context_create(desc, &context, NULL), status, "without an error it is another status");
}

static cardinal_context *make(const cardinal_context_desc *desc) {
  cardinal_context *context = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_context_create(desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

Test(context, defaults) {
  cardinal_context *by_null = make(NULL);
  const cardinal_context_desc desc = fresh();
  cardinal_context *by_desc = make(&desc);
  cr_expect_eq(cardinal_context_isa(by_null), cardinal_context_isa(by_desc));
  cr_expect_eq(cardinal_context_threads(by_null), cardinal_context_threads(by_desc));
  cr_expect_geq(cardinal_context_threads(by_null), 1u);
  cardinal_context_destroy(by_null);
  cardinal_context_destroy(by_desc);
  cardinal_context_destroy(NULL);
  cardinal_error error;
  cr_expect_eq(cardinal_context_create(NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "context"));
}

Test(context, isa_by_descriptor) {
  cardinal_context_desc desc = fresh();
  cardinal_context *best = make(&desc);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    desc.isa = cardinal_isa_name((cardinal_isa)isa);
    cardinal_context *context = NULL;
    cardinal_error error;
    const cardinal_status status = cardinal_context_create(&desc, &context, &error);
    if (status == CARDINAL_OK) {
      cr_expect_eq((int)cardinal_context_isa(context), isa);
      cardinal_context_destroy(context);
    } else { /* subtracting only: what the CPU lacks can't be asked for */
      cr_expect_eq(status, CARDINAL_UNSUPPORTED);
      cr_expect(isa != CARDINAL_ISA_GENERIC && isa != (int)cardinal_context_isa(best));
      cr_expect(strstr(error.message, desc.isa) && strstr(error.message, "available: generic"), "'%s'", error.message);
    }
  }
  cardinal_context_destroy(best);
  static const char *const unknown[] = {"sse9", "AVX2", "avx2 ", "avx", "generic,avx2"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; ++i) {
    desc.isa = unknown[i];
    expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, unknown[i], "available: generic");
  }
}

Test(context, isa_by_environment) {
  cardinal_context_desc desc = fresh();
  setenv("CARDINAL_ISA", "generic", 1);
  cardinal_context *context = make(&desc);
  cr_expect_eq(cardinal_context_isa(context), CARDINAL_ISA_GENERIC);
  cardinal_context_destroy(context);

  setenv("CARDINAL_ISA", "turbo", 1);
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "CARDINAL_ISA", "turbo");
  expect_failure(NULL, CARDINAL_INVALID_ARGUMENT, "CARDINAL_ISA", "available: generic");
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  cardinal_context_destroy(make(&desc));
  desc.flags = 0;
  desc.isa = "generic"; /* the descriptor comes first */
  cardinal_context_destroy(make(&desc));
  desc.isa = NULL;
#if defined(__x86_64__)
  setenv("CARDINAL_ISA", "neon", 1);
#else
  setenv("CARDINAL_ISA", "avx2", 1);
#endif
  expect_failure(&desc, CARDINAL_UNSUPPORTED, "CARDINAL_ISA", "available: generic");
  setenv("CARDINAL_ISA", "", 1); /* as if it weren't there */
  cardinal_context_destroy(make(&desc));
}

Test(context, threads) {
  cardinal_context_desc desc = fresh();
  desc.threading = CARDINAL_THREADING_TEAM; /* whatever the build's default; serially there is one */
  for (uint32_t threads = 1; threads <= 4096; threads = threads < 8 ? threads + 1 : threads * 8) {
    desc.threads = threads;
    cardinal_context *context = make(&desc);
    cr_expect_eq(cardinal_context_threads(context), threads);
    cardinal_context_destroy(context);
  }
  desc.threads = 4097;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "4097", "4096");

  desc.threads = 0;
  setenv("CARDINAL_NUM_THREADS", "3", 1);
  cardinal_context *context = make(&desc);
  cr_expect_eq(cardinal_context_threads(context), 3u);
  cardinal_context_destroy(context);
  desc.threads = 2; /* the descriptor comes first */
  context = make(&desc);
  cr_expect_eq(cardinal_context_threads(context), 2u);
  cardinal_context_destroy(context);

  desc.threads = 0;
  static const char *const bad[] = {"0", "-1", "4097", "two", "2x", "99999999999999999999", " "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    setenv("CARDINAL_NUM_THREADS", bad[i], 1);
    expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "CARDINAL_NUM_THREADS", bad[i]);
  }
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  cardinal_context_destroy(make(&desc));
}

Test(context, unknown_flags) {
  cardinal_context_desc desc = fresh();
  desc.flags = 1u << 7;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "flags", "0x80");
  desc.flags = 1u << 31 | CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "flags", "0x80000001");
}

/* A reserved field must be zero, so that it can get a meaning. */
Test(context, reserved_field) {
  cardinal_context_desc desc = fresh();
  desc.reserved = 1;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "reserved", "1");
  desc.reserved = 0;
  desc.reserved2 = 5;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "reserved2", "5");
}

static void *allocate(void *user, size_t bytes, size_t alignment) {
  (void)user;
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void deallocate(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

static void *allocate_nothing(void *user, size_t bytes, size_t alignment) {
  (void)user;
  (void)bytes;
  (void)alignment;
  return NULL;
}

Test(context, allocator_is_both_or_neither) {
  cardinal_context_desc desc = fresh();
  desc.allocate = allocate;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "allocate", "deallocate");
  desc.deallocate = deallocate;
  cardinal_context_destroy(make(&desc));
  desc.allocate = NULL;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "allocate", "deallocate");
  desc.allocate = allocate_nothing;
  expect_failure(&desc, CARDINAL_OUT_OF_MEMORY, "memory", "context");
}

Test(context, size_of_the_descriptor) {
  struct {
    cardinal_context_desc desc;
    unsigned char tail[40];
  } longer = {.desc = fresh()};
  longer.desc.struct_size = sizeof longer;
  cardinal_context_destroy(make(&longer.desc)); /* a newer header, none of whose additions is used */
  longer.tail[sizeof longer.tail - 1] = 1;
  expect_failure(&longer.desc, CARDINAL_INVALID_ARGUMENT, "struct_size", "zeros");
  longer.tail[sizeof longer.tail - 1] = 0;
  longer.tail[0] = 1;
  expect_failure(&longer.desc, CARDINAL_INVALID_ARGUMENT, "struct_size", "zeros");
  longer.desc.struct_size = sizeof longer.desc; /* what follows is no longer part of it */
  cardinal_context_destroy(make(&longer.desc));
  static const uint32_t too_short[] = {0, 4, offsetof(cardinal_context_desc, without) - 1};
  for (size_t i = 0; i < sizeof too_short / sizeof too_short[0]; ++i) {
    longer.desc.struct_size = too_short[i];
    expect_failure(&longer.desc, CARDINAL_INVALID_ARGUMENT, "struct_size", "expected at least");
  }
}

/* A first release's size is taken, and what it lacks is unset. */
Test(context, first_release) {
  cardinal_context_desc desc = fresh();
  desc.without = "no such feature";
  desc.threading = (cardinal_threading)99;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "without", "no such feature");
  desc.struct_size = offsetof(cardinal_context_desc, without);
  cardinal_context_destroy(make(&desc));
}

static const char *isa_of(const cardinal_context_desc *desc) {
  cardinal_context *context = make(desc);
  const char *name = cardinal_isa_name(cardinal_context_isa(context));
  cardinal_context_destroy(context);
  return name;
}

/* Features are taken away one by one, by the program or by the environment; the program has the last word. */
Test(context, without) {
  cardinal_context_desc desc = fresh();
  desc.flags = 0;
  unsetenv("CARDINAL_ISA");
  unsetenv("CARDINAL_WITHOUT");
  const char *best = isa_of(&desc);
  desc.without = "vnni, bf16, dotprod"; /* no kernel of an ISA's bundle needs them */
  cr_expect_str_eq(isa_of(&desc), best);
  desc.without = "avx,neon";
  cr_expect_str_eq(isa_of(&desc), "generic");
  desc.isa = best;
  if (strcmp(best, "generic") != 0)
    expect_failure(&desc, CARDINAL_UNSUPPORTED, best, "available: generic");
  desc.isa = NULL;

  desc.without = NULL;
  setenv("CARDINAL_WITHOUT", "avx,neon", 1);
  cr_expect_str_eq(isa_of(&desc), "generic");
  desc.without = "";
  cr_expect_str_eq(isa_of(&desc), best);
  desc.without = NULL;
  setenv("CARDINAL_WITHOUT", "", 1);
  cr_expect_str_eq(isa_of(&desc), best);
  setenv("CARDINAL_WITHOUT", "vnni,avx1024", 1);
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "CARDINAL_WITHOUT", "'avx1024'");
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "known: sse2", "vnni");
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  cr_expect_str_eq(isa_of(&desc), best);
}

/* What isn't the caller's isn't written, whatever the size of its struct. */
Test(context, init_keeps_to_the_size) {
  cardinal_context_desc descs[2];
  unsigned char *bytes = (unsigned char *)descs;
  const size_t sizes[] = {offsetof(cardinal_context_desc, without), sizeof(cardinal_context_desc),
                          sizeof(cardinal_context_desc) + 24};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    memset(descs, 0xA5, sizeof descs);
    cardinal_context_desc_init_sized(descs, sizes[i]);
    cr_expect_eq(descs[0].struct_size, (uint32_t)sizes[i]);
    for (size_t b = sizeof(uint32_t); b < sizeof descs; ++b)
      cr_assert_eq(bytes[b], b < sizes[i] ? 0 : 0xA5, "size %zu: byte %zu is %#x", sizes[i], b, bytes[b]);
  }
  memset(descs, 0xA5, sizeof descs);
  (cardinal_context_desc_init)(descs); /* the function, as a program without these headers calls it */
  cr_expect_eq(descs[0].struct_size, (uint32_t)sizes[0]);
  cr_expect_eq(bytes[sizes[0]], 0xA5);
}

/* ---- threading ---- */

static cardinal_threading threading_of(const cardinal_context_desc *desc) {
  cardinal_context *context = make(desc);
  const cardinal_threading threading = cardinal_context_threading(context);
  cardinal_context_destroy(context);
  return threading;
}

static void serial(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  for (size_t i = 0; i < tasks; ++i)
    task(argument, i);
}

Test(context, threading_by_descriptor) {
  cardinal_context_desc desc = fresh();
  desc.threads = 3;
  cr_expect_neq(threading_of(&desc), CARDINAL_THREADING_DEFAULT);
  desc.threading = CARDINAL_THREADING_TEAM;
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_TEAM);
  setenv("CARDINAL_THREADING", "serial", 1); /* the descriptor comes first */
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_TEAM);
  desc.threading = CARDINAL_THREADING_SERIAL;
  cardinal_context *alone = make(&desc);
  cr_expect_eq(cardinal_context_threading(alone), CARDINAL_THREADING_SERIAL);
  cr_expect_eq(cardinal_context_threads(alone), 1);
  cardinal_context_destroy(alone);
  desc.threading = CARDINAL_THREADING_OPENMP;
#ifdef _OPENMP
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_OPENMP);
#else
  expect_failure(&desc, CARDINAL_UNSUPPORTED, "openmp", "available: serial, team");
#endif
  desc.threading = (cardinal_threading)9;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "9", "available: serial, team");
  desc.threading = (cardinal_threading)-1;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "-1", "available: serial, team");
}

Test(context, threading_by_environment) {
  cardinal_context_desc desc = fresh();
  const cardinal_threading usual = threading_of(&desc);
  setenv("CARDINAL_THREADING", "serial", 1);
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_SERIAL);
  setenv("CARDINAL_THREADING", "team", 1);
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_TEAM);
  setenv("CARDINAL_THREADING", "openmp", 1);
#ifdef _OPENMP
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_OPENMP);
#else
  expect_failure(&desc, CARDINAL_UNSUPPORTED, "CARDINAL_THREADING", "available: serial, team");
#endif
  setenv("CARDINAL_THREADING", "", 1); /* as if it weren't there */
  cr_expect_eq(threading_of(&desc), usual);
  static const char *const unknown[] = {"tbb", "Team", "team ", "default", "custom"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; ++i) {
    setenv("CARDINAL_THREADING", unknown[i], 1);
    expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, unknown[i], "available: serial, team");
  }
  expect_failure(NULL, CARDINAL_INVALID_ARGUMENT, "CARDINAL_THREADING", "custom");
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  cr_expect_eq(threading_of(&desc), usual);
}

Test(context, parallel_for_comes_before_the_environment) {
  cardinal_context_desc desc = fresh();
  desc.parallel_for = serial;
  desc.threads = 3;
  setenv("CARDINAL_THREADING", "team", 1);
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_CUSTOM);
  desc.threading = CARDINAL_THREADING_CUSTOM;
  cr_expect_eq(threading_of(&desc), CARDINAL_THREADING_CUSTOM);
  desc.threading = CARDINAL_THREADING_TEAM;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "'team'", "parallel_for");
  desc.threading = CARDINAL_THREADING_SERIAL;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "'serial'", "parallel_for");
  desc.parallel_for = NULL;
  desc.threading = CARDINAL_THREADING_CUSTOM;
  expect_failure(&desc, CARDINAL_INVALID_ARGUMENT, "'custom'", "parallel_for");
}

Test(api, names) {
  cr_expect_str_eq(cardinal_version(), CARDINAL_VERSION_STRING);
  cr_expect_eq(cardinal_api_version(), CARDINAL_API_VERSION);
  for (int a = CARDINAL_OK; a <= CARDINAL_BAD_FILE; ++a) {
    const char *text = cardinal_status_string((cardinal_status)a);
    cr_expect(text && *text && strcmp(text, "unknown status") != 0, "status %d has no name", a);
    for (int b = CARDINAL_OK; b < a; ++b)
      cr_expect(strcmp(text, cardinal_status_string((cardinal_status)b)) != 0, "two statuses are called %s", text);
  }
  cr_expect_str_eq(cardinal_status_string((cardinal_status)99), "unknown status");
  static const char *const isas[] = {"generic", "neon", "avx2", "avx512"};
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    cr_expect_str_eq(cardinal_isa_name((cardinal_isa)isa), isas[isa]);
  cr_expect_null(cardinal_isa_name((cardinal_isa)-1));
  static const char *const threadings[] = {"default", "serial", "team", "openmp", "custom"};
  for (int t = CARDINAL_THREADING_DEFAULT; t <= CARDINAL_THREADING_CUSTOM; ++t)
    cr_expect_str_eq(cardinal_threading_name((cardinal_threading)t), threadings[t]);
  cr_expect_null(cardinal_threading_name((cardinal_threading)5));
}
