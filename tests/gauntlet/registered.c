/* SPDX-License-Identifier: BSD-3-Clause */
/* Foreign kernels in a context: plans choose them like the library's, run them right, and say so. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/plugin.h>

#include "gauntlet/operands.h"
#include "gauntlet/tensor.h"

/* The list of a shared object, loaded into this process. */
static const cardinal_plugin *load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  cr_assert(library, "%s", dlerror());
  void *symbol = dlsym(library, "cardinal_plugin_kernels");
  cardinal_plugin_entry *entry;
  memcpy(&entry, &symbol, sizeof entry);
  return entry();
}

static cardinal_context *context_with(const cardinal_plugin *plugin, uint32_t threads) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = threads;
  desc.plugin = plugin;
  cardinal_context *context;
  cardinal_error error;
  cr_assert_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

static gauntlet_problem problem_of(const char *text) {
  gauntlet_problem problem;
  cardinal_error error;
  cr_assert(gauntlet_parse(text, &problem, &error), "%s", error.message);
  return problem;
}

/* An NCHW tensor in a layout and a format; to be freed. */
static void *spread(cardinal_layout layout, cardinal_format format, const float *nchw, size_t batch, size_t channels,
                    size_t pixels) {
  void *numbers = malloc(gauntlet_tensor_floats(layout, batch, channels, pixels) * cardinal_format_size(format));
  gauntlet_tensor_spread_numbers(layout, format, numbers, nchw, batch, channels, pixels);
  return numbers;
}

static cardinal_plan *plan_of(const cardinal_context *context, const gauntlet_problem *problem,
                              const gauntlet_operands *operands) {
  cardinal_plan *plan;
  cardinal_error error;
  const cardinal_status status =
      problem->operation == CARDINAL_PLUGIN_CONV
          ? cardinal_conv_create(context, &problem->conv, operands->weights,
                                 problem->conv.has_bias ? operands->bias : NULL, &plan, &error)
          : cardinal_pool_create(context, &problem->pool, &plan, &error);
  cr_assert_eq(status, CARDINAL_OK, "%s", error.message);
  return plan;
}

/* Makes a plan of the problem and checks that `kernel` serves it (NULL: one of the library's) and that y has the
 * canonical bits. */
static void expect_bits(const cardinal_context *context, const char *text, const char *kernel) {
  const gauntlet_problem problem = problem_of(text);
  const bool pools = problem.operation != CARDINAL_PLUGIN_CONV;
  const cardinal_layout x_layout = pools ? problem.pool.x_layout : problem.conv.x_layout;
  const cardinal_layout y_layout = pools ? problem.pool.y_layout : problem.conv.y_layout;
  const cardinal_format format = pools ? problem.pool.format : problem.conv.format;
  const cardinal_format x_format = gauntlet_x_format(&problem), y_format = gauntlet_y_format(&problem);
  gauntlet_operands operands;
  gauntlet_operands_make(&operands, &problem, DATA_RANDOM, 5);
  const data_problem *p = &operands.data;
  const cardinal_reference_shape *s = &p->shape;
  float *expected = gauntlet_expected(&problem, &operands);
  cardinal_plan *plan = plan_of(context, &problem, &operands);
  const char *found = cardinal_plan_kernel(plan);
  cr_expect(kernel ? strcmp(found, kernel) == 0 : strstr(found, cardinal_format_name(format)) != NULL, "%s: %s serves",
            text, found);
  cr_expect_eq(strcmp(cardinal_plan_basis(plan), "plug-in") == 0, kernel != NULL);

  const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
  const size_t y_bytes =
      gauntlet_tensor_floats(y_layout, s->batch, s->out_channels, out_pixels) * cardinal_format_size(y_format);
  void *x = spread(x_layout, x_format, operands.x, s->batch, s->in_channels, in_pixels);
  void *right = spread(y_layout, y_format, expected, s->batch, s->out_channels, out_pixels);
  void *residual = p->residual ? spread(y_layout, y_format, p->residual, s->batch, s->out_channels, out_pixels) : NULL;
  void *y = malloc(y_bytes);
  memset(y, 0xFF, y_bytes);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
  cardinal_error error;
  cr_assert_eq(cardinal_plan_run(plan, x, residual, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  cr_expect(memcmp(y, right, y_bytes) == 0, "%s: other bits", text);
  free(scratch);
  free(x);
  free(y);
  free(right);
  free(residual);
  free(expected);
  cardinal_plan_destroy(plan);
  gauntlet_operands_free(&operands);
}

Test(registered, serves_every_layout_with_any_threads) {
  const cardinal_plugin *plugin = load(WRONG_KERNELS);
  const cardinal_plugin only_right = {.abi = plugin->abi,
                                      .struct_size = plugin->struct_size,
                                      .name = plugin->name,
                                      .kernels = plugin->kernels,
                                      .kernel_count = 1};
  cr_assert_str_eq(plugin->kernels[0]->name, "right");
  for (uint32_t threads = 1; threads <= 3; ++threads) {
    cardinal_context *context = context_with(&only_right, threads);
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 bias relu x:nchw y:nchw", "right");
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 residual", "right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 p1 bias residual relu x:nhwc y:blocked", "right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 d2 p2 x:blocked y:nhwc", "right");
    cardinal_context_destroy(context);
  }
}

/* The kernels of a list that have these names. */
static cardinal_plugin choose(const cardinal_plugin *plugin, const char *const *names, size_t count,
                              const cardinal_plugin_kernel **room) {
  for (size_t i = 0; i < count; ++i) {
    room[i] = NULL;
    for (size_t k = 0; k < plugin->kernel_count; ++k)
      if (strcmp(plugin->kernels[k]->name, names[i]) == 0)
        room[i] = plugin->kernels[k];
    cr_assert_not_null(room[i], "%s isn't there", names[i]);
  }
  return (cardinal_plugin){.abi = plugin->abi,
                           .struct_size = plugin->struct_size,
                           .name = plugin->name,
                           .kernels = room,
                           .kernel_count = count};
}

/* Plans of each format ask the kernels of that format, which stand in one list. */
Test(registered, serves_bf16_and_int8) {
  static const char *const names[] = {"bf16_right", "int8_right"};
  const cardinal_plugin_kernel *room[2];
  const cardinal_plugin both = choose(load(WRONG_FORMATS), names, 2, room);
  for (uint32_t threads = 1; threads <= 2; ++threads) {
    cardinal_context *context = context_with(&both, threads);
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 bias relu x:nchw y:nchw bf16", "bf16_right");
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 residual bf16", "bf16_right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 p1 bias residual relu x:nhwc y:blocked bf16", "bf16_right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 d2 p2 bias n2 x:f32 x:nhwc bf16", "bf16_right");
    expect_bits(context, "conv ic33 oc10 i1 bias n3 y:f32 y:nchw bf16", "bf16_right");
    expect_bits(context, "conv ic16 oc10 i4 bias residual x:f32 y:f32 x:nchw y:nchw bf16", "bf16_right");
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 bias relu x:nchw y:nchw int8", "int8_right");
    expect_bits(context, "conv g2 ic40 oc6 ih7 iw9 k3 p1 n2 residual int8", "int8_right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 p1 bias residual relu x:nhwc y:blocked int8", "int8_right");
    expect_bits(context, "conv ic5 oc20 ih7 iw9 k3 d2 p2 bias n2 x:f32 x:nhwc int8", "int8_right");
    expect_bits(context, "conv ic33 oc10 i1 bias n3 y:f32 y:nchw int8", "int8_right");
    expect_bits(context, "conv ic16 oc16 i5 k3 p1 bias", NULL); /* there is none of f32 */
    cardinal_context_destroy(context);
  }
}

Test(registered, serves_pools_of_bf16_and_int8) {
  static const char *const names[] = {"max_bf16_right", "max_int8_right", "average_bf16_right", "average_int8_right"};
  const cardinal_plugin_kernel *room[4];
  const cardinal_plugin pools = choose(load(WRONG_POOLS), names, 4, room);
  for (uint32_t threads = 1; threads <= 2; ++threads) {
    cardinal_context *context = context_with(&pools, threads);
    expect_bits(context, "maxpool c20 ih7 iw10 k3 s2 p1 n2 x:nchw y:nchw bf16", "max_bf16_right");
    expect_bits(context, "maxpool c20 ih7 iw10 k3 s2 p1 n2 bf16", "max_bf16_right");
    expect_bits(context, "maxpool c33 i9 k2 s1 x:nhwc y:blocked int8", "max_int8_right");
    expect_bits(context, "maxpool c7 i8 k3 s2 p1 n2 x:blocked y:nhwc int8", "max_int8_right");
    expect_bits(context, "avgpool c20 ih7 iw9 n2 x:nhwc y:nchw bf16", "average_bf16_right");
    expect_bits(context, "avgpool c20 ih7 iw9 n2 bf16", "average_bf16_right");
    expect_bits(context, "avgpool c33 i7 int8", "average_int8_right");
    expect_bits(context, "avgpool c5 i4 n3 x:nchw y:nhwc int8", "average_int8_right");
    expect_bits(context, "maxpool c20 i8 k3 s2 p1", NULL); /* there is none of f32 */
    expect_bits(context, "avgpool c20 i7", NULL);
    cardinal_context_destroy(context);
  }
}

static const char *declines_floats(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  (void)self;
  return problem->conv->x_format == problem->conv->format ? NULL : "x is told to be floats";
}

/* A plan that takes floats rounds them before the kernel, which is told what it reads. */
Test(registered, is_told_of_x_as_it_reads_it) {
  static const char *const names[] = {"bf16_right"};
  const cardinal_plugin_kernel *room[1];
  cardinal_plugin one = choose(load(WRONG_FORMATS), names, 1, room);
  const struct {
    cardinal_plugin_kernel kernel;
    int64_t no_fault; /* what the plug-in has behind it */
  } asking = {.kernel = {.struct_size = sizeof(cardinal_plugin_kernel),
                         .name = "asking",
                         .format = CARDINAL_PLUGIN_BF16,
                         .x_layout = CARDINAL_LAYOUT_NCHW,
                         .y_layout = CARDINAL_LAYOUT_NCHW,
                         .declines = declines_floats,
                         .packed_bytes = room[0]->packed_bytes,
                         .pack = room[0]->pack,
                         .run = room[0]->run}};
  room[0] = &asking.kernel;
  cardinal_context *context = context_with(&one, 1);
  expect_bits(context, "conv ic5 oc20 i7 k3 p1 bias x:f32 bf16", "asking");
  cardinal_context_destroy(context);
}

/* Scales that the library refuses are refused whichever kernel serves. */
Test(registered, refuses_scales_that_leave_the_range) {
  static const char *const names[] = {"int8_right"};
  const cardinal_plugin_kernel *room[1];
  const cardinal_plugin one = choose(load(WRONG_FORMATS), names, 1, room);
  cardinal_context *context = context_with(&one, 1);
  gauntlet_problem problem = problem_of("conv ic16 oc16 i4 int8");
  float weights[16 * 16];
  for (size_t i = 0; i < 16 * 16; ++i)
    weights[i] = 1.0f;
  cardinal_plan *plan;
  cardinal_error error;
  cr_expect_eq(cardinal_conv_create(context, &problem.conv, weights, NULL, &plan, &error), CARDINAL_OK);
  cr_expect_str_eq(cardinal_plan_kernel(plan), "int8_right");
  cardinal_plan_destroy(plan);
  problem.conv.y_scale = 1e-12f;
  cr_expect_eq(cardinal_conv_create(context, &problem.conv, weights, NULL, &plan, &error), CARDINAL_OVERFLOW);
  cr_expect(strstr(error.message, "the scales don't go together"), "%s", error.message);
  cardinal_context_destroy(context);
}

typedef struct candidates {
  char names[4][64], reasons[4][128];
  size_t count, chosen; /* chosen counts */
} candidates;

static void note(void *user, const char *kernel, const char *reason) {
  candidates *c = user;
  if (c->count < 4) {
    snprintf(c->names[c->count], sizeof c->names[0], "%s", kernel);
    snprintf(c->reasons[c->count], sizeof c->reasons[0], "%s", reason ? reason : "");
  }
  ++c->count;
  c->chosen += reason == NULL;
}

static void expect_candidates(const cardinal_context *context, const gauntlet_problem *problem, const char *reason) {
  gauntlet_operands operands;
  gauntlet_operands_make(&operands, problem, DATA_RANDOM, 5);
  cardinal_plan *plan;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_create(context, &problem->conv, operands.data.weights,
                                    problem->conv.has_bias ? operands.data.bias : NULL, &plan, &error),
               CARDINAL_OK, "%s", error.message);
  candidates c = {.count = 0};
  cardinal_plan_candidates(plan, note, &c);
  cr_expect_str_eq(c.names[0], "window_conv_nchw");
  cr_expect_str_eq(c.reasons[0], reason);
  cr_expect_eq(c.chosen, 1u, "%zu kernels were chosen", c.chosen);
  cr_expect(c.count > 4);
  cr_expect_eq(strcmp(cardinal_plan_kernel(plan), "window_conv_nchw") == 0, reason[0] == '\0');
  cardinal_plan_destroy(plan);
  gauntlet_operands_free(&operands);
}

Test(registered, says_why_it_is_passed_over) {
  cardinal_context *context = context_with(load(EXAMPLE_PLUGIN), 1);
  gauntlet_problem problem = problem_of("conv ic5 oc20 i7 k3 p1 bias");
  expect_candidates(context, &problem, "");
  problem = problem_of("conv ic5 oc20 i7 k3 p1 bias relu");
  expect_candidates(context, &problem, "it has a residual or a ReLU");
  expect_bits(context, "conv ic5 oc20 i7 k3 d2 p2 bias", NULL);
  cardinal_context_destroy(context);
}

Test(registered, leaves_packed_weights_to_the_library) {
  cardinal_context *context = context_with(load(EXAMPLE_PLUGIN), 1);
  const gauntlet_problem problem = problem_of("conv ic5 oc20 i7 k3 p1");
  float weights[20 * 5 * 9] = {0};
  cardinal_conv_weights *packed;
  cardinal_plan *plan;
  cr_assert_eq(cardinal_conv_weights_create(context, &problem.conv, weights, NULL, &packed, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_conv_create_packed(context, &problem.conv, packed, &plan, NULL), CARDINAL_OK);
  candidates c = {.count = 0};
  cardinal_plan_candidates(plan, note, &c);
  cr_expect_str_eq(c.reasons[0], "it can't read weights that it didn't pack");
  cardinal_plan_destroy(plan);
  cardinal_conv_weights_destroy(packed);
  cardinal_context_destroy(context);
}

Test(registered, refuses_a_list_of_another_abi) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.plugin = load(WRONG_ABI);
  cardinal_context *context = NULL;
  cardinal_error error;
  cr_expect_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "version 77"), "%s", error.message);
  cr_expect_null(context);
}
