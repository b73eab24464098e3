/* SPDX-License-Identifier: BSD-3-Clause */
/* A small program that every header must be able to build: fills descriptors that lie between canaries, runs a
 * convolution and a pool, and looks at the results. The includer has included the header that it is built with. */
#ifndef CARDINAL_TESTS_ABI_PROGRAM_H
#define CARDINAL_TESTS_ABI_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  CANARY_BYTES = 64,
  CANARY = 0xA5,
  PIXELS = 9,
  CHANNELS = 16
};

#define GUARDED(type)                                                                                                  \
  struct {                                                                                                             \
    unsigned char before[CANARY_BYTES];                                                                                \
    type it;                                                                                                           \
    unsigned char after[CANARY_BYTES];                                                                                 \
  }

static int program_failures;

static void program_expect(int holds, const char *what, const char *detail) {
  if (holds)
    return;
  fprintf(stderr, "FAILED: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
  ++program_failures;
}

static void program_expect_canaries(const unsigned char *before, const unsigned char *after, const char *what) {
  int intact = 1;
  for (int i = 0; i < CANARY_BYTES; ++i)
    intact = intact && before[i] == CANARY && after[i] == CANARY;
  program_expect(intact, what, "the library wrote outside the struct");
}

static void program_run_plan(const cardinal_plan *plan, const float *x, float *y) {
  cardinal_error error;
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  program_expect(cardinal_plan_run(plan, x, NULL, y, scratch, &error) == CARDINAL_OK, "running a plan", error.message);
  free(scratch);
}

static int program_run(void) {
  static float weights[CHANNELS * CHANNELS], bias[CHANNELS], x[PIXELS * CHANNELS], y[PIXELS * CHANNELS];
  for (int i = 0; i < CHANNELS; ++i) {
    weights[i * CHANNELS + i] = 2; /* y = 2x + i */
    bias[i] = (float)i;
  }
  for (int i = 0; i < PIXELS * CHANNELS; ++i)
    x[i] = (float)(i / CHANNELS);

  GUARDED(cardinal_context_desc) context_desc;
  GUARDED(cardinal_conv_desc) conv;
  GUARDED(cardinal_pool_desc) pool;
  memset(&context_desc, CANARY, sizeof context_desc);
  memset(&conv, CANARY, sizeof conv);
  memset(&pool, CANARY, sizeof pool);
  cardinal_context_desc_init(&context_desc.it);
  cardinal_conv_desc_init(&conv.it);
  cardinal_pool_desc_init(&pool.it);
  program_expect_canaries(context_desc.before, context_desc.after, "cardinal_context_desc_init");
  program_expect_canaries(conv.before, conv.after, "cardinal_conv_desc_init");
  program_expect_canaries(pool.before, pool.after, "cardinal_pool_desc_init");

  cardinal_context *context = NULL;
  cardinal_plan *plans[2] = {NULL, NULL};
  cardinal_error error;
  context_desc.it.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  context_desc.it.threads = 1;
  conv.it.in_channels = conv.it.out_channels = pool.it.channels = CHANNELS;
  conv.it.in_height = conv.it.in_width = pool.it.in_height = pool.it.in_width = 3;
  conv.it.has_bias = 1;
  pool.it.kernel_height = pool.it.kernel_width = 3;
  if (cardinal_context_create(&context_desc.it, &context, &error) != CARDINAL_OK ||
      cardinal_conv_create(context, &conv.it, weights, bias, &plans[0], &error) != CARDINAL_OK ||
      cardinal_pool_create(context, &pool.it, &plans[1], &error) != CARDINAL_OK) {
    program_expect(0, "making a context and two plans", error.message);
    return EXIT_FAILURE;
  }
  program_run_plan(plans[0], x, y);
  for (int i = 0; i < PIXELS * CHANNELS; ++i)
    program_expect(y[i] == 2 * x[i] + (float)(i % CHANNELS), "a convolution's value", NULL);
  program_run_plan(plans[1], x, y);
  for (int i = 0; i < CHANNELS; ++i)
    program_expect(y[i] == PIXELS - 1, "a pool's value", NULL);
  cardinal_plan_destroy(plans[0]);
  cardinal_plan_destroy(plans[1]);
  cardinal_context_destroy(context);
  return program_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
