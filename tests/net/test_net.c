/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole networks: against PyTorch, and against themselves under other conditions. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "kernels/fpenv.h"
#include "tests/net/files.h"
#include "tests/support/scale.h"

static cardinal_context *make_context(uint32_t threads, const char *isa) {
  cardinal_context_desc desc;
  cardinal_context *context;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.threads = threads;
  desc.isa = isa;
  cr_assert_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

/* One block a stage; other members differ in numbers only. */
static cardinal_net_spec small_spec(uint32_t cardinality, uint32_t width) {
  cardinal_net_spec spec = {.struct_size = sizeof spec,
                            .blocks = {1, 1, 1, 1},
                            .cardinality = cardinality,
                            .width_per_group = width,
                            .classes = 100};
  snprintf(spec.name, sizeof spec.name, "small_%ux%ud", cardinality, width);
  return spec;
}

static cardinal_net *make_precise(const cardinal_context *context, const cardinal_net_spec *spec, int64_t batch,
                                  int64_t height, int64_t width, cardinal_precision precision) {
  cardinal_weights *weights;
  cardinal_net_desc desc;
  cardinal_net *net;
  cardinal_error error;
  cardinal_net_desc_init(&desc);
  desc.batch = batch;
  desc.image_height = height;
  desc.image_width = width;
  desc.precision = precision;
  cr_assert_eq(cardinal_weights_synthetic(spec, 1, &weights, &error), CARDINAL_OK, "%s", error.message);
  cr_assert_eq(cardinal_net_create(context, spec, weights, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
  cardinal_weights_destroy(weights);
  return net;
}

static cardinal_net *make_net(const cardinal_context *context, const cardinal_net_spec *spec, int64_t batch,
                              int64_t height, int64_t width) {
  return make_precise(context, spec, batch, height, width, CARDINAL_PRECISION_DEFAULT);
}

static void run(const cardinal_net *net, const float *images, float *features, float *logits) {
  cardinal_error error;
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cr_assert_eq(cardinal_net_run(net, images, features, logits, arena, &error), CARDINAL_OK, "%s", error.message);
  free(arena);
}

/* Logits of a small network, batch 2, 40×32; other arguments are the conditions that mustn't matter. */
enum {
  SMALL_LOGITS = 200,
  SMALL_IMAGES = 2 * 3 * 40 * 32
};

static void run_small(const cardinal_net_spec *spec, uint32_t threads, const char *isa, float logits[SMALL_LOGITS]) {
  static float images[SMALL_IMAGES];
  cardinal_synthetic_input(1, images, SMALL_IMAGES);
  cardinal_context *context = make_context(threads, isa);
  cardinal_net *net = make_net(context, spec, 2, 40, 32);
  run(net, images, NULL, logits);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

/* ---- precision ----------------------------------------------------------------------------------------------- */

static double cosine(const float *a, const float *b, size_t count) {
  double product = 0, a_square = 0, b_square = 0;
  for (size_t i = 0; i < count; i++) {
    product += (double)a[i] * (double)b[i];
    a_square += (double)a[i] * (double)a[i];
    b_square += (double)b[i] * (double)b[i];
  }
  return product / sqrt(a_square * b_square);
}

/* bf16 keeps 8 bits: each layer's rounding moves values by up to 2^-9 of themselves, and some 50 layers add up. The
 * bounds, which docs/quantisation.md states, are about twice what was found on the synthetic networks. */
static void compare_precisions(const cardinal_context *context, const cardinal_net_spec *spec) {
  static float image[3 * 224 * 224], features[2][2048], logits[2][1000];
  cardinal_synthetic_input(1, image, 3 * 224 * 224);
  for (int i = 0; i < 2; i++) {
    const cardinal_precision precision = i ? CARDINAL_PRECISION_BF16 : CARDINAL_PRECISION_F32;
    cardinal_net *net = make_precise(context, spec, 1, 224, 224, precision);
    cr_expect_eq(cardinal_net_precision(net), precision);
    run(net, image, features[i], logits[i]);
    cardinal_net_destroy(net);
  }
  float largest = 0, difference = 0;
  for (int i = 0; i < 1000; i++) {
    largest = fmaxf(largest, fabsf(logits[0][i]));
    const float distance = fabsf(logits[1][i] - logits[0][i]);
    difference = distance <= difference ? difference : distance; /* a NaN must not pass */
  }
  const double logit_cosine = cosine(logits[0], logits[1], 1000),
               feature_cosine = cosine(features[0], features[1], 2048);
  printf("%s: bf16 is off by %.5f of the largest logit; cosine of logits %.7f, of features %.7f\n", spec->name,
         (double)(difference / largest), logit_cosine, feature_cosine);
  cr_expect(difference <= 0.01f * largest, "%s: off by %g where the largest logit is %g", spec->name,
            (double)difference, (double)largest);
  cr_expect(logit_cosine > 0.99998 && feature_cosine > 0.99998, "%s: cosines %.7f and %.7f", spec->name, logit_cosine,
            feature_cosine);
  cr_expect(difference > 0, "%s: bf16 rounds nothing", spec->name);
}

Test(precision, bf16_is_close_to_f32) {
  static const char *const models[] = {"resnext50_32x4d",  "resnet50",  "resnext101_32x8d",
                                       "resnext101_64x4d", "resnet101", "wide_resnet50_2"};
  cardinal_context *context = make_context(0, NULL);
  for (size_t i = 0; i < test_scale(sizeof models / sizeof models[0], 1); i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_assert_eq(cardinal_net_spec_named(models[i], &spec, NULL), CARDINAL_OK);
    compare_precisions(context, &spec);
  }
  cardinal_context_destroy(context);
}

static void refuse_precision(cardinal_precision precision, uint32_t reserved, const char *word) {
  cardinal_context *context = make_context(1, NULL);
  const cardinal_net_spec spec = small_spec(4, 16);
  cardinal_weights *weights;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_error error = {.message = ""};
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &weights, &error), CARDINAL_OK, "%s", error.message);
  cardinal_net_desc_init(&desc);
  desc.precision = precision;
  desc.reserved = reserved;
  cr_expect_eq(cardinal_net_create(context, &spec, weights, &desc, &net, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(!net && strstr(error.message, word), "'%s' doesn't say '%s'", error.message, word);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
}

Test(precision, unknown_ones_are_refused) {
  refuse_precision((cardinal_precision)4, 0, "precision is 4");
  refuse_precision(CARDINAL_PRECISION_BF16, 7, "reserved is 7");
}

/* ---- PyTorch ------------------------------------------------------------------------------------------------- */

static void compare_with_pytorch(const cardinal_net_spec *spec) {
  static float image[3 * 224 * 224];
  float logits[1000], expected[1000];
  char name[96];
  snprintf(name, sizeof name, "logits/%s.npy", spec->name);
  test_read_npy(test_data_path(name), expected, 1000);
  cardinal_synthetic_input(1, image, 3 * 224 * 224);
  cardinal_context *context = make_context(0, NULL);
  cardinal_net *net = make_net(context, spec, 1, 224, 224);
  run(net, image, NULL, logits);

  float largest = 0, difference = 0;
  for (int i = 0; i < 1000; i++) {
    largest = fmaxf(largest, fabsf(expected[i]));
    /* A NaN must not pass. */
    float distance = fabsf(logits[i] - expected[i]);
    difference = distance <= difference ? difference : distance;
  }
  cr_expect(difference <= 1e-4f * largest, "%s: off by %g where the largest logit is %g", spec->name,
            (double)difference, (double)largest);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

Test(pytorch, named_models) {
  for (size_t i = 0; cardinal_net_model_name(i); i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_assert_eq(cardinal_net_spec_named(cardinal_net_model_name(i), &spec, NULL), CARDINAL_OK);
    if (test_small() && (spec.blocks[2] > 6 || spec.width_per_group > 64))
      continue; /* larger networks take an emulated CPU minutes */
    compare_with_pytorch(&spec);
  }
}

Test(pytorch, custom_models) {
  static const uint32_t members[][2] = {{2, 40}, {4, 24}, {8, 14}};
  for (size_t i = test_scale(0, 2); i < 3; i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_assert_eq(cardinal_net_spec_custom(50, members[i][0], members[i][1], &spec, NULL), CARDINAL_OK);
    compare_with_pytorch(&spec);
  }
}

/* ---- the same bits under all conditions ---------------------------------------------------------------------- */

Test(bits, any_isa_and_thread_count) {
  static const uint32_t members[][2] = {{32, 4}, {8, 14}, {1, 64}, {5, 3}};
  for (int m = 0; m < (int)test_scale(4, 2); m++) {
    cardinal_net_spec spec = small_spec(members[m][0], members[m][1]);
    float expected[SMALL_LOGITS], found[SMALL_LOGITS];
    run_small(&spec, 1, "generic", expected);
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; isa++) {
      cardinal_context_desc desc;
      cardinal_context *context;
      cardinal_context_desc_init(&desc);
      desc.isa = cardinal_isa_name((cardinal_isa)isa);
      if (cardinal_context_create(&desc, &context, NULL) == CARDINAL_UNSUPPORTED)
        continue;
      cardinal_context_destroy(context);
      for (uint32_t threads = 1; threads <= 8; threads += m || test_small() ? 3 : 1) {
        run_small(&spec, threads, desc.isa, found);
        cr_expect(!memcmp(found, expected, sizeof found), "%s with %u threads on %s", spec.name, threads, desc.isa);
      }
    }
  }
}

Test(bits, a_caller_with_other_floating_point_modes) {
  cardinal_net_spec spec = small_spec(32, 4);
  float expected[SMALL_LOGITS], found[SMALL_LOGITS];
  run_small(&spec, 2, NULL, expected);
  fesetround(FE_DOWNWARD);
  run_small(&spec, 2, NULL, found);
  cr_expect_eq(fegetround(), FE_DOWNWARD);
  fesetround(FE_TONEAREST);
  cr_expect(!memcmp(found, expected, sizeof found), "rounding down");
  const cardinal_fp_modes before = cardinal_fp_enter(true);
  run_small(&spec, 2, NULL, found);
  cardinal_fp_leave(before);
  cr_expect(!memcmp(found, expected, sizeof found), "flushing denormals");
}

Test(bits, an_image_gives_the_same_alone_and_in_a_batch) {
  enum {
    BATCH = 3,
    IMAGE = 3 * 40 * 56
  };
  static float images[BATCH * IMAGE], features[BATCH * 2048], logits[BATCH * 100], feature[2048], logit[100];
  cardinal_net_spec spec = small_spec(32, 4);
  cardinal_context *context = make_context(1, NULL);
  cardinal_net *batch = make_net(context, &spec, BATCH, 40, 56), *one = make_net(context, &spec, 1, 40, 56);
  cardinal_synthetic_input(9, images, BATCH * IMAGE);
  run(batch, images, features, logits);
  for (int i = 0; i < BATCH; i++) {
    run(one, images + (size_t)i * IMAGE, feature, logit);
    cr_expect(!memcmp(feature, features + (size_t)i * 2048, sizeof feature), "features of image %d", i);
    cr_expect(!memcmp(logit, logits + (size_t)i * 100, sizeof logit), "logits of image %d", i);
    cr_expect(i == 0 || memcmp(logit, logits, sizeof logit), "image %d gives what image 0 gives", i);
  }
  cardinal_net_destroy(batch);
  cardinal_net_destroy(one);
  cardinal_context_destroy(context);
}

/* ---- the runner ---------------------------------------------------------------------------------------------- */

Test(runner, outputs_are_optional_and_the_arena_may_lie_anywhere) {
  static float image[3 * 32 * 32];
  static float features[2048], again[2048];
  float logits[100], logits_again[100];
  cardinal_net_spec spec = small_spec(4, 8);
  cardinal_context *context = make_context(1, NULL);
  cardinal_net *net = make_net(context, &spec, 1, 32, 32);
  size_t bytes = cardinal_net_arena_bytes(net);
  cardinal_synthetic_input(2, image, 3 * 32 * 32);
  run(net, image, features, logits);
  run(net, image, NULL, logits_again);
  cr_expect(!memcmp(logits, logits_again, sizeof logits));
  run(net, image, again, NULL);
  cr_expect(!memcmp(features, again, sizeof features));

  unsigned char *memory = malloc(bytes + 128);
  for (size_t skew = 0; skew < 64; skew += 7) {
    memset(memory, 0xA5, bytes + 128);
    memset(logits_again, 0, sizeof logits_again);
    cr_assert_eq(cardinal_net_run(net, image, again, logits_again, memory + skew, NULL), CARDINAL_OK);
    cr_expect(!memcmp(logits, logits_again, sizeof logits), "arena at offset %zu", skew);
    cr_expect(!memcmp(features, again, sizeof features), "arena at offset %zu", skew);
    for (size_t i = 0; i < bytes + 128; i++)
      if ((i < skew || i >= skew + bytes) && memory[i] != 0xA5)
        cr_assert_fail("byte %zu outside the arena was written", i);
  }
  free(memory);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

typedef struct {
  size_t before[256], after[256], last;
} visits;

static void visit_before(void *user, size_t layer) {
  visits *v = user;
  v->before[layer]++;
  v->last = layer;
}

static void visit_after(void *user, size_t layer) {
  visits *v = user;
  v->after[layer] += v->last == layer;
}

Test(runner, layers_tell_about_themselves) {
  static float image[3 * 224 * 224];
  float logits[1000];
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cr_assert_eq(cardinal_net_spec_named("resnext50_32x4d", &spec, NULL), CARDINAL_OK);
  cardinal_context *context = make_context(0, NULL);
  cardinal_net *net = make_net(context, &spec, 1, 224, 224);
  size_t count = cardinal_net_layer_count(net), weight_bytes = 0;
  uint64_t multiply_adds = 0, expected_multiply_adds;
  cr_expect_eq(count, 53 + 3); /* convolutions, and two pools and the fully connected layer */
  for (size_t i = 0; i < count; i++) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    cr_assert_eq(cardinal_net_layer_get(net, i, &layer), CARDINAL_OK);
    multiply_adds += layer.multiply_adds;
    weight_bytes += cardinal_plan_weight_bytes(layer.plan);
    cr_expect_eq(layer.struct_size, sizeof layer);
    cr_expect_neq(layer.is_conv, !strcmp(layer.name, "maxpool") || !strcmp(layer.name, "avgpool"));
    if (!strcmp(layer.name, "layer2.0.conv2")) {
      cr_expect_eq(layer.conv->groups, 32);
      cr_expect_eq(layer.conv->stride_height, 2);
      cr_expect_eq(layer.conv->in_channels, 256);
    }
  }
  cr_assert_eq(cardinal_net_count(&spec, 224, 224, NULL, &expected_multiply_adds, NULL), CARDINAL_OK);
  cr_expect_eq(multiply_adds, expected_multiply_adds);
  cr_expect_eq(weight_bytes, cardinal_net_weight_bytes(net));
  /* The largest layer of this network has 3.2 MB in and out, and a residual besides. */
  cr_expect(cardinal_net_arena_bytes(net) < 12u << 20, "%zu bytes", cardinal_net_arena_bytes(net));

  static visits seen;
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cardinal_synthetic_input(1, image, 3 * 224 * 224);
  cr_assert_eq(cardinal_net_run_profiled(net, image, NULL, logits, arena, visit_before, visit_after, &seen, NULL),
               CARDINAL_OK);
  for (size_t i = 0; i < count; i++)
    cr_expect(seen.before[i] == 1 && seen.after[i] == 1, "layer %zu", i);
  cardinal_net_layer layer = {.struct_size = sizeof layer};
  cr_expect_eq(cardinal_net_layer_get(net, count, &layer), CARDINAL_INVALID_ARGUMENT);
  free(arena);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

Test(runner, bad_arguments_are_named) {
  cardinal_net_spec spec = small_spec(4, 8);
  cardinal_context *context = make_context(1, NULL);
  cardinal_net *net = make_net(context, &spec, 1, 32, 32), *none = NULL;
  static float image[3 * 32 * 32];
  float logits[100];
  cardinal_error error;
  unsigned char *arena = malloc(cardinal_net_arena_bytes(net));
  cr_expect_eq(cardinal_net_run(net, image, NULL, logits, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "arena is NULL"), "%s", error.message);
  cr_expect_eq(cardinal_net_run(net, image, NULL, (float *)(void *)(arena + 64), arena, &error),
               CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "logits and arena overlap"), "%s", error.message);
  cr_expect_eq(cardinal_net_run(net, image, image + 100, logits, arena, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "images and features overlap"), "%s", error.message);
  free(arena);

  cardinal_weights *weights;
  cardinal_net_desc desc;
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &weights, NULL), CARDINAL_OK);
  cardinal_net_desc_init(&desc);
  desc.image_width = 31;
  cr_expect_eq(cardinal_net_create(context, &spec, weights, &desc, &none, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "224×31"), "%s", error.message);
  cardinal_net_desc_init(&desc);
  desc.batch = 0;
  cr_expect_eq(cardinal_net_create(context, &spec, weights, &desc, &none, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "batch is 0"), "%s", error.message);
  cardinal_net_desc_init(&desc);
  desc.flags = 4;
  cr_expect_eq(cardinal_net_create(context, &spec, weights, &desc, &none, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "flags are 0x4"), "%s", error.message);
  cr_expect_null(none);
  cardinal_weights_destroy(weights);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}
