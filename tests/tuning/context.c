/* SPDX-License-Identifier: BSD-3-Clause */
/* Tuning files in contexts: where they are looked for, what plans make of them, and that no bit changes. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gauntlet/descriptor.h"
#include "gauntlet/operands.h"
#include "ops/context.h"
#include "ops/plan.h"

static char path[64];

static void fresh_path(void) {
  snprintf(path, sizeof path, "/tmp/cardinal-tuning-XXXXXX");
  close(mkstemp(path));
  unsetenv("CARDINAL_TUNING");
  unsetenv("CARDINAL_ISA");
  unsetenv("CARDINAL_WITHOUT");
}

static void remove_path(void) {
  remove(path);
}

TestSuite(tuning_context, .init = fresh_path, .fini = remove_path);

/* A file for this CPU in which `kernel` serves the shapes that others would serve. */
static void write_file(const cardinal_shape *shapes, const char *const *kernels, size_t count) {
  cardinal_cpu_features cpu;
  cardinal_cpu_detect(&cpu);
  FILE *file = fopen(path, "w");
  cr_assert_not_null(file);
  char header[CARDINAL_TUNING_HEADER_BYTES], line[CARDINAL_TUNING_LINE_BYTES];
  cardinal_tuning_header(header, &cpu, count);
  fputs(header, file);
  for (size_t i = 0; i < count; ++i) {
    cardinal_tuning_line(line, &(cardinal_tuned){shapes[i], cardinal_kernel_find(kernels[i])});
    fputs(line, file);
  }
  fclose(file);
}

static gauntlet_problem problem_of(const char *text) {
  gauntlet_problem problem;
  cardinal_error error;
  cr_assert(gauntlet_parse(text, &problem, &error), "%s: %s", text, error.message);
  return problem;
}

static cardinal_plan *plan_of(const cardinal_context *context, const gauntlet_problem *problem,
                              const gauntlet_operands *operands) {
  cardinal_plan *plan;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_create(context, &problem->conv, operands->weights,
                                    problem->conv.has_bias ? operands->bias : NULL, &plan, &error),
               CARDINAL_OK, "%s", error.message);
  return plan;
}

/* A tensor as a plan takes it; to be freed. */
static void *spread(cardinal_layout layout, cardinal_format format, const float *nchw, size_t batch, size_t channels,
                    size_t pixels) {
  void *numbers = malloc(gauntlet_tensor_floats(layout, batch, channels, pixels) * cardinal_format_size(format));
  gauntlet_tensor_spread_numbers(layout, format, numbers, nchw, batch, channels, pixels);
  return numbers;
}

/* y of a plan. */
static void *spread_y(const cardinal_plan *plan, const float *nchw) {
  return spread(plan->y_layout, plan->y_format, nchw, plan->shape.batch, plan->out_channels,
                plan->shape.out_height * plan->shape.out_width);
}

/* Runs a plan on operands; the result, with its size in bytes, is to be freed. */
static void *run_plan(const cardinal_plan *plan, const gauntlet_operands *operands, size_t *bytes) {
  const cardinal_shape *s = &plan->shape;
  *bytes = plan->y_numbers * cardinal_format_size(plan->y_format);
  void *x = spread(plan->x_layout, plan->x_format, operands->x, s->batch, s->groups * s->in_per_group,
                   s->in_height * s->in_width);
  void *residual = plan->has_residual ? spread_y(plan, operands->data.residual) : NULL;
  void *y = malloc(*bytes);
  memset(y, 0xFF, *bytes);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
  cardinal_error error;
  cr_assert_eq(cardinal_plan_run(plan, x, residual, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  free(scratch);
  free(residual);
  free(x);
  return y;
}

static cardinal_context *context_of(const char *tuning, uint32_t flags) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.tuning = tuning;
  desc.flags = flags;
  cardinal_context *context;
  cardinal_error error;
  cr_assert_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

/* Shapes of every form, number format, slot, stride, layout and epilogue, with tails. */
static const char *const problems[] = {
    "conv ic64 oc64 i7 bias relu",
    "conv ic40 oc52 ih9 iw11 bias residual relu",
    "conv ic64 oc128 i14 s2 bias",
    "conv ic33 oc17 i8 n3 x:nhwc y:nchw",
    "conv ic70 oc50 i1 n5 bias",
    "conv g16 ic64 oc64 i14 k3 p1 bias relu",
    "conv g8 ic64 oc64 ih13 iw9 k3 s2 p1 bias",
    "conv g2 ic64 oc64 i9 k3 p1 residual relu",
    "conv g3 ic42 oc42 i9 k3 p1 n2 bias",
    "conv g20 ic20 oc20 i11 k3 p1 bias relu",
    "conv ic48 oc33 i9 k3 s2 p1 bias relu",
    "conv ic3 oc32 ih30 iw26 k7 s2 p3 bias relu x:nchw",
    "conv g8 ic32 oc32 i12 k5 p2 bias",
    "conv g4 ic64 oc64 i12 k3 d2 p2 bias relu",
    "conv g4 ic32 oc32 i13 k3 s3 p1 bias",
    "conv g16 ic64 oc64 i9 k3 p1 x:nchw y:nhwc",
    "conv ic64 oc64 i7 bias relu bf16",
    "conv ic40 oc52 ih9 iw11 bias residual relu bf16",
    "conv ic70 oc50 i1 n5 bias y:f32 bf16",
    "conv g16 ic64 oc64 i14 k3 p1 bias relu bf16",
    "conv g8 ic64 oc64 ih13 iw9 k3 s2 p1 bias bf16",
    "conv g2 ic64 oc64 i9 k3 p1 residual relu bf16",
    "conv ic3 oc32 ih30 iw26 k7 s2 p3 bias relu x:nchw x:f32 bf16",
    "conv g8 ic32 oc32 i12 k5 p2 bias bf16",
    "conv ic64 oc64 i7 bias relu int8",
    "conv ic40 oc52 ih9 iw11 bias residual relu int8",
    "conv ic70 oc50 i1 n5 bias y:f32 int8",
    "conv g16 ic64 oc64 i14 k3 p1 bias relu int8",
    "conv g8 ic64 oc64 ih13 iw9 k3 s2 p1 bias int8",
    "conv g2 ic64 oc64 i9 k3 p1 residual relu int8",
    "conv ic3 oc32 ih30 iw26 k7 s2 bias relu int8",
    "conv g8 ic32 oc32 i12 k5 p2 bias int8",
};
enum {
  PROBLEMS = sizeof problems / sizeof problems[0]
};

/* Every kernel that serves a shape gives the bits of the portable ones' definition. */
Test(tuning_context, every_candidate_gives_the_same_bits) {
  cardinal_context *context = context_of(NULL, CARDINAL_CONTEXT_IGNORE_ENVIRONMENT);
  size_t candidates = 0;
  for (size_t i = 0; i < PROBLEMS; ++i) {
    const gauntlet_problem problem = problem_of(problems[i]);
    gauntlet_operands operands;
    gauntlet_operands_make(&operands, &problem, DATA_RANDOM, i + 1);
    float *expected = gauntlet_expected(&problem, &operands);
    size_t serving = 0;
    for (size_t k = 0; k < cardinal_kernel_count; ++k) {
      context->selector.only = NULL;
      cardinal_plan *plan = plan_of(context, &problem, &operands);
      cardinal_shape shape = plan->shape;
      shape.x_layout = plan->x_layout;
      cardinal_plan_destroy(plan);
      if (cardinal_kernel_declines(&cardinal_kernels[k], &context->selector, &shape))
        continue;
      ++serving;
      context->selector.only = &cardinal_kernels[k];
      plan = plan_of(context, &problem, &operands);
      cr_expect_str_eq(cardinal_plan_kernel(plan), cardinal_kernels[k].name);
      size_t bytes;
      void *y = run_plan(plan, &operands, &bytes), *right = spread_y(plan, expected);
      cr_expect(memcmp(y, right, bytes) == 0, "%s: %s gives other bits", problems[i], cardinal_kernels[k].name);
      free(right);
      free(y);
      cardinal_plan_destroy(plan);
    }
    cr_expect_geq(serving, 1u, "%s: nothing serves", problems[i]);
    candidates += serving;
    free(expected);
    gauntlet_operands_free(&operands);
  }
  cr_expect_gt(candidates, (size_t)PROBLEMS, "there is nothing to compare");
  cardinal_context_destroy(context);
}

/* The last kernel of the registry that serves the shape of a plan: what order would never choose, if there are two. */
static const cardinal_kernel *last_serving(const cardinal_plan *plan, cardinal_shape *shape) {
  const cardinal_kernel *last = NULL;
  *shape = plan->shape;
  shape->x_layout = plan->x_layout;
  for (size_t k = 0; k < cardinal_kernel_count; ++k)
    if (!cardinal_kernel_declines(&cardinal_kernels[k], &plan->context->selector, shape))
      last = &cardinal_kernels[k];
  return last;
}

typedef struct reasons {
  const char *chosen, *order; /* names of kernels: that of the plan, and the one that order would have chosen */
  size_t chosen_seen, order_told;
} reasons;

static void note(void *user, const char *kernel, const char *reason) {
  reasons *r = user;
  if (!reason)
    r->chosen_seen += strcmp(kernel, r->chosen) == 0;
  else if (strcmp(kernel, r->order) == 0)
    r->order_told += strstr(reason, "measured here") != NULL;
}

Test(tuning_context, plans_follow_the_file_with_the_same_bits) {
  cardinal_shape shapes[PROBLEMS];
  const char *kernels[PROBLEMS];
  cardinal_context *plain = context_of("", 0);
  gauntlet_problem problem[PROBLEMS];
  gauntlet_operands operands[PROBLEMS];
  cardinal_plan *by_order[PROBLEMS];
  for (size_t i = 0; i < PROBLEMS; ++i) {
    problem[i] = problem_of(problems[i]);
    gauntlet_operands_make(&operands[i], &problem[i], DATA_RANDOM, i + 1);
    by_order[i] = plan_of(plain, &problem[i], &operands[i]);
    kernels[i] = last_serving(by_order[i], &shapes[i])->name;
    cr_expect_str_eq(cardinal_plan_basis(by_order[i]), "order");
  }
  write_file(shapes, kernels, PROBLEMS);
  cardinal_context *tuned = context_of(path, 0);
  size_t changed = 0; /* plans that the file gives another kernel: not all, where portable code is all there is */
  cr_expect(strstr(cardinal_context_tuning(tuned), "in use for 32 shapes"), "%s", cardinal_context_tuning(tuned));
  for (size_t i = 0; i < PROBLEMS; ++i) {
    cardinal_plan *measured = plan_of(tuned, &problem[i], &operands[i]);
    cr_expect_str_eq(cardinal_plan_kernel(measured), kernels[i]);
    cr_expect_str_eq(cardinal_plan_basis(measured), "measured");
    const bool another = strcmp(cardinal_plan_kernel(by_order[i]), kernels[i]) != 0;
    changed += another;
    reasons told = {.chosen = kernels[i], .order = cardinal_plan_kernel(by_order[i])};
    cardinal_plan_candidates(measured, note, &told);
    cr_expect_eq(told.chosen_seen, 1u);
    cr_expect_eq(told.order_told, (size_t)another, "%s doesn't say why it was passed over", told.order);
    size_t bytes;
    void *a = run_plan(by_order[i], &operands[i], &bytes), *b = run_plan(measured, &operands[i], &bytes);
    cr_expect(memcmp(a, b, bytes) == 0, "%s: other bits under a tuning file", problems[i]);
    free(a);
    free(b);
    cardinal_plan_destroy(measured);
    cardinal_plan_destroy(by_order[i]);
    gauntlet_operands_free(&operands[i]);
  }
  cr_expect_gt(changed, 16u);
  cardinal_context_destroy(tuned);
  cardinal_context_destroy(plain);
}

/* Evidence about this CPU's family reaches plans of a context; here it is made up. */
Test(tuning_context, plans_follow_built_in_evidence) {
  static const cardinal_preference row = {.window = 1, .kernel = "conv_f32_generic"};
  cardinal_context *context = context_of("", 0);
  cr_expect_eq(context->selector.evidence, &cardinal_built_in_evidence);
  strcpy(context->selector.features.vendor, "Nobody");
  context->selector.features.model = 7;
  const cardinal_cpu_family family = {.vendor = "Nobody",
                                      .family = context->selector.features.family,
                                      .models = {{7, 7}},
                                      .preferences = &row,
                                      .preference_count = 1};
  const cardinal_evidence evidence = {&family, 1};
  context->selector.evidence = &evidence;
  const gauntlet_problem problem = problem_of(problems[0]);
  gauntlet_operands operands;
  gauntlet_operands_make(&operands, &problem, DATA_RANDOM, 1);
  cardinal_plan *plan = plan_of(context, &problem, &operands);
  cr_expect_str_eq(cardinal_plan_kernel(plan), "conv_f32_generic");
  cr_expect_str_eq(cardinal_plan_basis(plan), "built-in");
  cardinal_plan_destroy(plan);
  gauntlet_operands_free(&operands);
  cardinal_context_destroy(context);
}

static void expect_note(const char *tuning, uint32_t flags, const char *expected) {
  cardinal_context *context = context_of(tuning, flags);
  const char *found = cardinal_context_tuning(context);
  if (expected)
    cr_expect(found && strstr(found, path) && strstr(found, expected), "'%s' doesn't say '%s'", found ? found : "none",
              expected);
  else
    cr_expect_null(found, "'%s'", found);
  cr_expect_eq(context->selector.tuned_count > 0, expected && strstr(expected, "in use"));
  cardinal_context_destroy(context);
}

Test(tuning_context, where_the_file_is_looked_for) {
  const char *kernel = "conv_f32_generic";
  cardinal_shape shape = {.operation = CARDINAL_OPERATION_CONV,
                          .batch = 1,
                          .groups = 1,
                          .in_per_group = 1,
                          .out_per_group = 1,
                          .in_height = 1,
                          .in_width = 1,
                          .window = cardinal_square_window(1, 1, 1, 0)};
  write_file(&shape, &kernel, 1);
  expect_note(NULL, 0, NULL);
  expect_note(path, 0, "in use for 1 shape");
  expect_note(path, CARDINAL_CONTEXT_IGNORE_ENVIRONMENT, "in use for 1 shape");
  setenv("CARDINAL_TUNING", path, 1);
  expect_note(NULL, 0, "in use for 1 shape");
  expect_note(NULL, CARDINAL_CONTEXT_IGNORE_ENVIRONMENT, NULL);
  expect_note("", 0, NULL);
  setenv("CARDINAL_TUNING", "", 1);
  expect_note(NULL, 0, NULL);
  setenv("CARDINAL_TUNING", "/nowhere", 1); /* the descriptor comes first */
  expect_note(path, 0, "in use for 1 shape");
}

static void expect_refusal(const char *reason) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.tuning = path;
  cardinal_context *context = NULL;
  cardinal_error error;
  cr_expect_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, path) && strstr(error.message, reason), "%s", error.message);
  cr_expect_null(context);
}

/* What can't be read is an error if the program names it, and ignored if the environment does. */
Test(tuning_context, files_that_cannot_be_read) {
  setenv("CARDINAL_TUNING", path, 1);
  remove(path);
  expect_refusal("can't be opened: No such file or directory");
  expect_note(NULL, 0, "ignored: it can't be opened");
  cr_assert_eq(mkfifo(path, 0600), 0);
  expect_refusal("no regular file"); /* and it doesn't wait for a writer */
  expect_note(NULL, 0, "ignored: it is no regular file");
  remove(path);
  FILE *file = fopen(path, "w");
  cr_assert(file && ftruncate(fileno(file), (32 << 20) + 1) == 0);
  fclose(file);
  expect_refusal("at most");
}

/* What doesn't fit is ignored wherever it is from. */
Test(tuning_context, files_that_do_not_fit) {
  FILE *file = fopen(path, "w");
  cr_assert_not_null(file);
  fputs("cardinal tuning 1\nlibrary 0.0.1\n", file);
  fclose(file);
  expect_note(path, 0, "ignored: it was made with version 0.0.1 of the library");
  file = fopen(path, "w");
  cr_assert_not_null(file);
  fputs("cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 1 2 3 Abacus\nshapes 0\n", file);
  fclose(file);
  expect_note(path, 0, "ignored: it was made on another CPU: Abacus, family 1");
  setenv("CARDINAL_TUNING", path, 1);
  expect_note(NULL, 0, "ignored: it was made on another CPU");
}
