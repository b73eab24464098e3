/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/lattice.h"

#include <string.h>

#include "gauntlet/memory.h"

/* The layers of ResNeXt-50 32x4d, ResNeXt-101 32x8d and ResNet-50, in their full width and channels, on a few rows. */
static const char *const network_layers[] = {
    "conv ic3 oc64 ih14 iw224 k7 s2 p3 bias relu",
    "conv ic64 oc128 ih3 iw56 bias relu",
    "conv ic256 oc128 ih3 iw56 bias relu",
    "conv ic128 oc256 ih3 iw56 bias residual relu",
    "conv ic256 oc512 ih4 iw56 s2 bias",
    "conv ic512 oc256 ih2 iw28 bias relu",
    "conv ic256 oc512 ih2 iw28 bias residual relu",
    "conv ic512 oc1024 ih3 iw28 s2 bias",
    "conv ic1024 oc512 ih2 iw14 bias relu",
    "conv ic512 oc1024 ih2 iw14 bias residual relu",
    "conv ic1024 oc2048 ih2 iw14 s2 bias",
    "conv ic2048 oc1024 ih1 iw7 bias relu",
    "conv ic1024 oc2048 ih1 iw7 bias residual relu",
    "conv ic2048 oc1000 i1 bias",
    "conv g32 ic128 oc128 ih5 iw56 k3 p1 bias relu",
    "conv g32 ic256 oc256 ih6 iw56 k3 s2 p1 bias relu",
    "conv g32 ic256 oc256 ih5 iw28 k3 p1 bias relu",
    "conv g32 ic512 oc512 ih6 iw28 k3 s2 p1 bias relu",
    "conv g32 ic512 oc512 ih5 iw14 k3 p1 bias relu",
    "conv g32 ic1024 oc1024 ih6 iw14 k3 s2 p1 bias relu",
    "conv g32 ic1024 oc1024 i7 k3 p1 bias relu",
    "conv g32 ic2048 oc2048 i7 k3 p1 bias relu",
    "conv ic64 oc64 ih4 iw56 k3 p1 bias relu",
    "conv ic128 oc128 ih5 iw56 k3 s2 p1 bias relu",
    "conv ic256 oc256 ih3 iw14 k3 p1 bias relu",
    "conv ic512 oc512 ih3 iw7 k3 p1 bias relu",
    "maxpool c64 ih9 iw112 k3 s2 p1",
    "avgpool c2048 i7",
};

enum {
  LAYERS = sizeof network_layers / sizeof network_layers[0],
  A_FAMILY = 400, /* candidates */
  GROUPED = 2000, /* in the family whose candidates many kernels share */
  FAMILIES = 6,
  MOST_PRODUCTS = 4000000 /* of a random problem, so that its reference takes milliseconds */
};

/* Kinds of convolution that kernels specialise in. */
typedef enum family {
  POINTWISE, /* 1×1 */
  POINTS,    /* 1×1 on one pixel: fully connected */
  GROUPED_3X3,
  DENSE_3X3,
  STEM, /* 7×7 with stride 2 */
  GENERAL
} family;

static int64_t pick(gauntlet_random *random, int64_t least, int64_t most) {
  return gauntlet_integer(random, least, most);
}

/* Mostly small; now and then around the widths of tiles and blocks. */
static int64_t pick_channels(gauntlet_random *random) {
  static const int64_t around[] = {15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 96, 128};
  return pick(random, 0, 2) ? pick(random, 1, 40) : around[pick(random, 0, sizeof around / sizeof around[0] - 1)];
}

static void pick_window(cardinal_conv_desc *d, family kind, gauntlet_random *random) {
  switch (kind) {
  case POINTWISE:
  case POINTS:
    d->stride_height = d->stride_width = pick(random, 0, 2) ? 1 : 2;
    return;
  case GROUPED_3X3:
  case DENSE_3X3:
    d->kernel_height = d->kernel_width = 3;
    d->stride_height = d->stride_width = pick(random, 1, 2);
    d->pad_top = pick(random, 0, 1);
    d->pad_left = pick(random, 0, 1);
    d->pad_bottom = pick(random, 0, 1);
    d->pad_right = pick(random, 0, 1);
    return;
  case STEM:
    d->kernel_height = d->kernel_width = 7;
    d->stride_height = d->stride_width = 2;
    d->pad_top = d->pad_left = d->pad_bottom = d->pad_right = 3;
    return;
  case GENERAL:
    d->kernel_height = pick(random, 1, 5);
    d->kernel_width = pick(random, 1, 5);
    d->stride_height = pick(random, 1, 3);
    d->stride_width = pick(random, 0, 1) ? d->stride_height : pick(random, 1, 3);
    d->dilation_height = pick(random, 1, 3);
    d->dilation_width = pick(random, 0, 1) ? d->dilation_height : pick(random, 1, 3);
    d->pad_top = pick(random, 0, 6);
    d->pad_left = pick(random, 0, 6);
    d->pad_bottom = pick(random, 0, 6);
    d->pad_right = pick(random, 0, 6);
  }
}

static void pick_channel_counts(cardinal_conv_desc *d, family kind, gauntlet_random *random) {
  static const int64_t widths[] = {1, 2, 3, 4, 4, 5, 8, 8, 12, 16, 16, 20, 32};
  switch (kind) {
  case GROUPED_3X3:
  case GENERAL: {
    const int64_t width = widths[pick(random, 0, sizeof widths / sizeof widths[0] - 1)];
    const int64_t out_width = pick(random, 0, 3) ? width : pick(random, 1, 20);
    d->groups = pick(random, kind == GENERAL ? 1 : 2, 9);
    d->in_channels = d->groups * width;
    d->out_channels = d->groups * out_width;
    return;
  }
  case STEM:
    d->in_channels = pick(random, 0, 2) ? 3 : pick(random, 1, 16);
    d->out_channels = pick_channels(random);
    return;
  default:
    d->in_channels = pick_channels(random);
    d->out_channels = pick_channels(random);
  }
}

/* y is a float now and then. */
static void pick_formats(cardinal_conv_desc *d, const gauntlet_declaration *declaration, gauntlet_random *random) {
  if (declaration->format == CARDINAL_PLUGIN_F32)
    return;
  d->format = d->x_format = (cardinal_format)declaration->format;
  d->y_format = pick(random, 0, 3) ? d->format : CARDINAL_FORMAT_F32;
}

/* A problem of the family; false where the numbers don't fit together or the sum is too long. */
static bool random_conv(const gauntlet_declaration *declaration, family kind, gauntlet_random *random,
                        gauntlet_problem *problem) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.x_layout = declaration->x_layout;
  d.y_layout = declaration->y_layout;
  d.batch = pick(random, 0, 2) ? 1 : pick(random, 2, 3);
  d.in_height = kind == POINTS ? 1 : pick(random, 1, 12);
  d.in_width = kind == POINTS ? 1 : pick(random, 1, pick(random, 0, 3) ? 20 : 66);
  pick_window(&d, kind, random);
  pick_channel_counts(&d, kind, random);
  d.has_bias = (int32_t)pick(random, 0, 1);
  d.has_residual = (int32_t)pick(random, 0, 1);
  d.has_relu = (int32_t)pick(random, 0, 1);
  pick_formats(&d, declaration, random);
  if (!gauntlet_problem_of_conv(&d, problem, NULL))
    return false;
  const double outputs =
      (double)d.batch * (double)d.out_channels * (double)problem->out_height * (double)problem->out_width;
  const int64_t in_per_group = d.in_channels / d.groups;
  const double products = outputs * (double)(in_per_group * d.kernel_height * d.kernel_width);
  return products <= MOST_PRODUCTS;
}

static bool random_pool(const gauntlet_declaration *declaration, gauntlet_random *random, gauntlet_problem *problem) {
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.kind = declaration->operation == CARDINAL_PLUGIN_MAX_POOL ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
  d.x_layout = declaration->x_layout;
  d.y_layout = declaration->y_layout;
  d.batch = pick(random, 0, 2) ? 1 : pick(random, 2, 3);
  d.channels = pick_channels(random);
  d.format = (cardinal_format)declaration->format;
  d.in_height = pick(random, 1, 12);
  d.in_width = pick(random, 1, pick(random, 0, 3) ? 20 : 66);
  if (declaration->operation == CARDINAL_PLUGIN_MAX_POOL) {
    const bool as_networks = pick(random, 0, 1);
    d.kernel_height = as_networks ? 3 : pick(random, 1, 4);
    d.kernel_width = as_networks ? 3 : pick(random, 1, 4);
    d.stride_height = as_networks ? 2 : pick(random, 1, 3);
    d.stride_width = as_networks ? 2 : pick(random, 1, 3);
    d.pad_top = pick(random, 0, d.kernel_height - 1);
    d.pad_left = pick(random, 0, d.kernel_width - 1);
    d.pad_bottom = pick(random, 0, d.kernel_height - 1);
    d.pad_right = pick(random, 0, d.kernel_width - 1);
  }
  return gauntlet_problem_of_pool(&d, problem, NULL);
}

/* A layer of a network in the kernel's own layouts and format. */
static bool network_layer(const gauntlet_declaration *declaration, const char *text, gauntlet_problem *problem) {
  gauntlet_problem p;
  if (!gauntlet_parse(text, &p, NULL) || p.operation != declaration->operation)
    return false;
  const cardinal_format format = (cardinal_format)declaration->format;
  p.conv.x_layout = p.pool.x_layout = declaration->x_layout;
  p.conv.y_layout = p.pool.y_layout = declaration->y_layout;
  p.conv.format = p.conv.x_format = p.conv.y_format = p.pool.format = format;
  return declaration->operation == CARDINAL_PLUGIN_CONV ? gauntlet_problem_of_conv(&p.conv, problem, NULL)
                                                        : gauntlet_problem_of_pool(&p.pool, problem, NULL);
}

size_t gauntlet_candidates(const gauntlet_declaration *declaration, uint64_t seed, gauntlet_problem **problems) {
  gauntlet_random random = {.state = seed};
  const size_t capacity = LAYERS + FAMILIES * A_FAMILY + GROUPED;
  *problems = gauntlet_allocate(capacity, sizeof **problems);
  size_t count = 0;
  for (size_t i = 0; i < LAYERS; ++i)
    count += network_layer(declaration, network_layers[i], *problems + count);
  if (declaration->operation == CARDINAL_PLUGIN_CONV) {
    for (family kind = POINTWISE; kind <= GENERAL; ++kind)
      for (size_t i = 0; i < (kind == GROUPED_3X3 ? GROUPED : A_FAMILY); ++i)
        count += random_conv(declaration, kind, &random, *problems + count);
  } else {
    for (size_t i = 0; i < A_FAMILY; ++i)
      count += random_pool(declaration, &random, *problems + count);
  }
  return count;
}

/* Networks' layers come first and stay; of the rest every n-th is kept, so that each family keeps its share. */
size_t gauntlet_sieve(gauntlet_problem *problems, char (*reasons)[GAUNTLET_REASON_BYTES], size_t count, size_t wanted) {
  size_t served = 0;
  for (size_t i = 0; i < count; ++i)
    if (!reasons[i][0])
      problems[served++] = problems[i];
  if (served <= wanted)
    return served;
  const size_t layers = LAYERS < wanted / 2 ? LAYERS : wanted / 2;
  for (size_t i = layers; i < wanted; ++i)
    problems[i] = problems[layers + (i - layers) * (served - layers) / (wanted - layers)];
  return wanted;
}

void gauntlet_vary(gauntlet_trial *trial, uint64_t seed) {
  gauntlet_random random = {.state = ~seed};
  trial->seed = seed;
  trial->kind = DATA_RANDOM;
  while (seed % 2 && (trial->kind == DATA_RANDOM || !gauntlet_kind_applies(trial->problem, trial->kind)))
    trial->kind = (data_kind)gauntlet_between(&random, 1, DATA_KINDS - 1);
  if (trial->kind == DATA_HARD && trial->declaration->promise == CARDINAL_PLUGIN_BOUNDED)
    trial->kind = DATA_SPECIAL; /* where a sum overflows, a bound says nothing */
  trial->placement = (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1);
  const bool has_residual = trial->problem->operation == CARDINAL_PLUGIN_CONV && trial->problem->conv.has_residual;
  trial->threads = seed % 4 == 0;
  trial->residual_in_place = has_residual && !trial->threads && gauntlet_between(&random, 0, 1);
}
