/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks in int8: against their definition, against f32, and against themselves under other conditions. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "net/quantise_synthetic.h"
#include "net/quantise.h"
#include "net/quantised.h"
#include "tests/net/files.h"
#include "tests/support/scale.h"

enum {
  HEIGHT = 37,
  WIDTH = 50,
  BATCH = 3,
  IMAGE = 3 * HEIGHT * WIDTH,
  CLASSES = 17,
  FEATURES = 256
};

static cardinal_context *make_context(uint32_t threads, const char *isa, const char *without) {
  cardinal_context_desc desc;
  cardinal_context *context = NULL;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.threads = threads;
  desc.isa = isa;
  desc.without = without;
  const cardinal_status status = cardinal_context_create(&desc, &context, &error);
  cr_assert(!status || status == CARDINAL_UNSUPPORTED, "%s", error.message);
  return context;
}

static cardinal_net_spec small_spec(void) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cr_assert_eq(cardinal_net_spec_named("resnext17_4x4d_1-2-1-1_20to32", &spec, NULL), CARDINAL_OK);
  spec.classes = CLASSES;
  return spec;
}

static cardinal_net *make_net(const cardinal_context *context, const cardinal_net_spec *spec,
                              const cardinal_weights *weights, int64_t batch, cardinal_precision precision) {
  cardinal_net_desc desc;
  cardinal_net *net = NULL;
  cardinal_error error;
  cardinal_net_desc_init(&desc);
  desc.batch = batch;
  desc.image_height = HEIGHT;
  desc.image_width = WIDTH;
  desc.precision = precision;
  cr_assert_eq(cardinal_net_create(context, spec, weights, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
  return net;
}

/* In int8 with weights that are quantised when the network is made. */
static cardinal_net *make_synthetic(const cardinal_context *context, int64_t batch, cardinal_precision precision) {
  cardinal_net_spec spec = small_spec();
  cardinal_weights *weights;
  cr_assert_eq(cardinal_weights_synthetic(&spec, 3, &weights, NULL), CARDINAL_OK);
  cardinal_net *net = make_net(context, &spec, weights, batch, precision);
  cardinal_weights_destroy(weights);
  return net;
}

static void run(const cardinal_net *net, const float *images, float *features, float *logits) {
  cardinal_error error;
  void *arena = malloc(cardinal_net_arena_bytes(net));
  memset(arena, 0x5A, cardinal_net_arena_bytes(net)); /* what lies there mustn't matter */
  cr_assert_eq(cardinal_net_run(net, images, features, logits, arena, &error), CARDINAL_OK, "%s", error.message);
  free(arena);
}

static float images[BATCH * IMAGE];

static void draw_images(void) {
  cardinal_synthetic_input(11, images, BATCH * IMAGE);
}

TestSuite(int8, .init = draw_images);

/* ---- the stem by its definition -------------------------------------------------------------------------------- */

typedef struct {
  const cardinal_net *net;
  void *arena;
  float *stem; /* its output, blocked */
} look;

static void after_stem(void *user, size_t step) {
  look *l = user;
  if (step == 0)
    cardinal_net_output(l->net, l->arena, 0, l->stem);
}

/* What the schema says of images, with a tap in the padding as a 0 of the image. */
static float stem_by_definition(const cardinal_quantised_layer *q, const cardinal_quantised_input *input,
                                float output_scale, const float *image, int64_t o, int64_t oy, int64_t ox) {
  int32_t sum = 0, zeros = 0;
  for (int64_t c = 0; c < 3; c++)
    for (int64_t ky = 0; ky < 7; ky++)
      for (int64_t kx = 0; kx < 7; kx++) {
        const int64_t y = 2 * oy + ky - 3, x = 2 * ox + kx - 3;
        const bool inside = y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH;
        const float value = inside ? image[(c * HEIGHT + y) * WIDTH + x] : 0.0f;
        const float steps = nearbyintf(value / input->scale[c]) + (float)input->zero[c];
        const int w = q->weights[((o * 3 + c) * 7 + ky) * 7 + kx];
        sum += (int)fminf(fmaxf(steps, 0.0f), 127.0f) * w;
        zeros += input->zero[c] * w;
      }
  const double scale = (double)q->weight_scales[o];
  const float bias = (float)((double)q->bias[o] - zeros * scale);
  const float m = (float)(scale / (double)output_scale), b = (float)((double)bias / (double)output_scale);
  return nearbyintf(fminf(fmaxf(fmaf((float)sum, m, b), 0.0f), 127.0f)) * output_scale;
}

Test(int8, stem_and_its_border_to_the_bit) {
  cardinal_net_spec spec = small_spec();
  cardinal_context *context = make_context(1, NULL, NULL);
  cardinal_weights *weights, *quantised;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.image_height = HEIGHT;
  desc.image_width = WIDTH;
  cr_assert_eq(cardinal_weights_synthetic(&spec, 3, &weights, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_quantise_synthetic(context, &spec, weights, &desc, &quantised, NULL), CARDINAL_OK);
  cardinal_net *net = make_net(context, &spec, quantised, BATCH, CARDINAL_PRECISION_DEFAULT);
  cr_assert_eq(cardinal_net_precision(net), CARDINAL_PRECISION_INT8);
  images[5] = 1e30f; /* what calibration hasn't seen is clipped */
  images[IMAGE + 77] = -INFINITY;

  const cardinal_layer *layer = &net->steps[0].shape;
  const int64_t blocks = 2, rows = layer->out_height, columns = layer->out_width;
  look l = {.net = net, .arena = malloc(cardinal_net_arena_bytes(net))};
  l.stem = malloc((size_t)(BATCH * blocks * rows * columns * 16) * sizeof *l.stem);
  float logits[BATCH * CLASSES];
  cr_assert_eq(cardinal_net_run_profiled(net, images, NULL, logits, l.arena, NULL, after_stem, &l, NULL), CARDINAL_OK);

  static int8_t steps[20 * 147];
  float scales[20], bias[20], output_scale;
  cardinal_quantised_layer q = {steps, scales, bias};
  cardinal_quantised_input input;
  cr_assert_eq(cardinal_quantised_fetch(quantised, layer, &q, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_quantised_fetch_input(quantised, &input, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_quantised_output_scale(quantised, "conv1", &output_scale, NULL), CARDINAL_OK);
  size_t zeros = 0, count = 0;
  for (int64_t n = 0; n < BATCH; n++)
    for (int64_t o = 0; o < 20; o++)
      for (int64_t oy = 0; oy < rows; oy++)
        for (int64_t ox = 0; ox < columns; ox++) {
          const float expected = stem_by_definition(&q, &input, output_scale, images + n * IMAGE, o, oy, ox);
          const float found = l.stem[(((n * blocks + o / 16) * rows + oy) * columns + ox) * 16 + o % 16];
          zeros += found == 0;
          count++;
          if (found != expected)
            cr_assert_fail("image %d, channel %d, row %d, column %d: %g, expected %g", (int)n, (int)o, (int)oy, (int)ox,
                           (double)found, (double)expected);
        }
  cr_expect(zeros > count / 10 && zeros < count * 9 / 10, "%zu of %zu are zero", zeros, count);
  free(l.arena);
  free(l.stem);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  cardinal_weights_destroy(quantised);
  cardinal_context_destroy(context);
}

/* ---- against f32 ----------------------------------------------------------------------------------------------- */

typedef struct {
  double product, one, other; /* sums of squares */
} comparison;

static double cosine(const float *a, const float *b, size_t count) {
  comparison c = {0};
  for (size_t i = 0; i < count; i++) {
    c.product += (double)a[i] * (double)b[i];
    c.one += (double)a[i] * (double)a[i];
    c.other += (double)b[i] * (double)b[i];
  }
  return c.product / sqrt(c.one * c.other);
}

/* All layers' outputs of a run. */
typedef struct {
  const cardinal_net *net;
  void *arena;
  float *outputs[64];
  size_t floats[64];
} record;

static void keep_output(void *user, size_t step) {
  record *r = user;
  const cardinal_layer *layer = &r->net->steps[step].shape;
  if (layer->y == CARDINAL_VALUE_LOGITS)
    return;
  cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, r->net->batch, layer->out_channels, layer->out_height,
                         layer->out_width, &r->floats[step]);
  r->outputs[step] = malloc(r->floats[step] * sizeof(float));
  cardinal_net_output(r->net, r->arena, step, r->outputs[step]);
}

static record run_recorded(const cardinal_net *net, float *logits) {
  record r = {.net = net, .arena = malloc(cardinal_net_arena_bytes(net))};
  cr_assert_eq(cardinal_net_run_profiled(net, images, NULL, logits, r.arena, NULL, keep_output, &r, NULL), CARDINAL_OK);
  return r;
}

static void free_record(record *r) {
  free(r->arena);
  for (size_t i = 0; i < 64; i++)
    free(r->outputs[i]);
}

Test(int8, each_layer_comes_close_to_f32) {
  cardinal_context *context = make_context(1, NULL, NULL);
  cardinal_net *exact = make_synthetic(context, BATCH, CARDINAL_PRECISION_F32);
  cardinal_net *rounded = make_synthetic(context, BATCH, CARDINAL_PRECISION_INT8);
  float expected[BATCH * CLASSES], found[BATCH * CLASSES];
  record one = run_recorded(exact, expected), other = run_recorded(rounded, found);
  for (size_t i = 0; i + 1 < exact->step_count; i++) {
    const double c = cosine(one.outputs[i], other.outputs[i], one.floats[i]);
    cr_expect(c > 0.998, "%s: cosine %f", exact->steps[i].shape.name, c);
    double squares = 0, others = 0;
    for (size_t k = 0; k < one.floats[i]; k++) {
      squares += (double)one.outputs[i][k] * (double)one.outputs[i][k];
      others += (double)other.outputs[i][k] * (double)other.outputs[i][k];
    }
    cr_expect(fabs(sqrt(others / squares) - 1) < 0.02, "%s: its numbers are %f times f32's", exact->steps[i].shape.name,
              sqrt(others / squares));
  }
  for (size_t i = 0; i < BATCH; i++)
    cr_expect_gt(cosine(expected + i * CLASSES, found + i * CLASSES, CLASSES), 0.999);
  cr_expect(memcmp(expected, found, sizeof found), "int8 gave the very bits of f32");
  free_record(&one);
  free_record(&other);
  cardinal_net_destroy(exact);
  cardinal_net_destroy(rounded);
  cardinal_context_destroy(context);
}

/* docs/quantisation.md states the bound. */
static void compare_named(const char *name, int64_t size) {
  static float image[3 * 224 * 224];
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_context *context = make_context(0, NULL, NULL);
  cardinal_weights *weights;
  float logits[2][1000];
  cr_assert_eq(cardinal_net_spec_named(name, &spec, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &weights, NULL), CARDINAL_OK);
  cardinal_synthetic_input(101, image, (size_t)(3 * size * size)); /* not one of those calibrated on */
  for (int i = 0; i < 2; i++) {
    cardinal_net_desc desc;
    cardinal_net *net;
    cardinal_error error;
    cardinal_net_desc_init(&desc);
    desc.image_height = desc.image_width = size;
    desc.precision = i ? CARDINAL_PRECISION_INT8 : CARDINAL_PRECISION_F32;
    cr_assert_eq(cardinal_net_create(context, &spec, weights, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
    run(net, image, NULL, logits[i]);
    cardinal_net_destroy(net);
  }
  const double found = cosine(logits[0], logits[1], 1000);
  cr_log_info("%s at %dx%d: cosine %.6f", name, (int)size, (int)size, found);
  cr_expect(found > 0.999, "%s: cosine %f", name, found);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
}

Test(int8, logits_of_named_networks_come_close_to_f32) {
  static const char *const names[] = {"resnext50_32x4d",  "resnet50",         "resnext101_32x4d",
                                      "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2"};
  for (size_t i = 0; i < test_scale(6, 2); i++)
    compare_named(names[i], i == 0 && !test_small() ? 224 : 64);
}

/* ---- the same bits under all conditions ------------------------------------------------------------------------ */

Test(int8, any_isa_feature_and_thread_count) {
  static const char *const without[] = {NULL, "vnni,i8mm", "vnni,dotprod,i8mm"};
  cardinal_context *first = make_context(1, "generic", NULL);
  cardinal_net *net = make_synthetic(first, BATCH, CARDINAL_PRECISION_INT8);
  float expected[BATCH * CLASSES], found[BATCH * CLASSES];
  run(net, images, NULL, expected);
  cardinal_net_destroy(net);
  cardinal_context_destroy(first);
  size_t compared = 0;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; isa++)
    for (size_t w = 0; w < sizeof without / sizeof without[0]; w++)
      for (uint32_t threads = 1; threads <= 3; threads += 2) {
        cardinal_context *context = make_context(threads, cardinal_isa_name((cardinal_isa)isa), without[w]);
        if (!context)
          continue;
        net = make_synthetic(context, BATCH, CARDINAL_PRECISION_INT8);
        run(net, images, NULL, found);
        cr_expect(!memcmp(expected, found, sizeof found), "%s without %s, %u threads",
                  cardinal_isa_name((cardinal_isa)isa), without[w] ? without[w] : "nothing", threads);
        compared++;
        cardinal_net_destroy(net);
        cardinal_context_destroy(context);
      }
  cr_expect_geq(compared, 6);
}

Test(int8, batches_rounding_modes_and_optional_outputs) {
  static float features[BATCH * FEATURES], feature[FEATURES];
  float logits[BATCH * CLASSES], logit[CLASSES];
  cardinal_context *context = make_context(2, NULL, NULL);
  cardinal_net *batch = make_synthetic(context, BATCH, CARDINAL_PRECISION_INT8);
  cardinal_net *one = make_synthetic(context, 1, CARDINAL_PRECISION_INT8);
  cr_assert_eq(cardinal_net_feature_count(batch), FEATURES);
  run(batch, images, features, logits);
  for (size_t i = 0; i < BATCH; i++) {
    fesetround(i % 2 ? FE_UPWARD : FE_TOWARDZERO);
    run(one, images + i * IMAGE, feature, logit);
    fesetround(FE_TONEAREST);
    cr_expect(!memcmp(logit, logits + i * CLASSES, sizeof logit), "logits of image %zu", i);
    cr_expect(!memcmp(feature, features + i * FEATURES, sizeof feature), "features of image %zu", i);
    run(one, images + i * IMAGE, NULL, logit);
    cr_expect(!memcmp(logit, logits + i * CLASSES, sizeof logit), "logits alone of image %zu", i);
    run(one, images + i * IMAGE, feature, NULL);
    cr_expect(!memcmp(feature, features + i * FEATURES, sizeof feature), "features alone of image %zu", i);
  }
  cardinal_net_destroy(batch);
  cardinal_net_destroy(one);
  cardinal_context_destroy(context);
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

Test(int8, weights_and_precision_must_go_together) {
  cardinal_net_spec spec = small_spec();
  cardinal_context *context = make_context(1, NULL, NULL);
  cardinal_weights *synthetic, *quantised;
  cardinal_net_desc desc;
  cardinal_net *net = NULL;
  cardinal_error error = {.message = ""};
  cardinal_net_desc_init(&desc);
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &synthetic, NULL), CARDINAL_OK);
  desc.image_height = desc.image_width = 32;
  cr_assert_eq(cardinal_quantise_synthetic(context, &spec, synthetic, &desc, &quantised, NULL), CARDINAL_OK);
  for (int i = 0; i < 2; i++) {
    desc.precision = i ? CARDINAL_PRECISION_BF16 : CARDINAL_PRECISION_F32;
    cr_expect_eq(cardinal_net_create(context, &spec, quantised, &desc, &net, &error), CARDINAL_INVALID_ARGUMENT);
    cr_expect(strstr(error.message, "the weights are int8"), "%s", error.message);
  }
  test_write_weights(test_path("f32.safetensors"), &spec, 1, NULL);
  cardinal_weights *plain = test_open_weights(test_path("f32.safetensors"));
  desc.precision = CARDINAL_PRECISION_INT8;
  cr_expect_eq(cardinal_net_create(context, &spec, plain, &desc, &net, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "`cardinal quantize` makes such of them"), "%s", error.message);
  cr_expect_null(net);

  /* A scale that leads out of float's range is refused by name. */
  const cardinal_tensor *scale = cardinal_table_find(&quantised->table, "layer1.0.conv2.output_scale");
  const float tiny = 1e-44f;
  memcpy(quantised->memory + scale->begin, &tiny, sizeof tiny);
  cr_expect_neq(cardinal_net_create(context, &spec, quantised, &desc, &net, &error), CARDINAL_OK);
  cr_expect(strlen(error.message) > 0);
  cardinal_weights_destroy(plain);
  cardinal_weights_destroy(synthetic);
  cardinal_weights_destroy(quantised);
  cardinal_context_destroy(context);
}
