/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in of kernels of bf16 and int8, written from the public headers alone: right ones, and some that are wrong in
 * one way. NCHW. */
#include <math.h>

#include <cardinal/plugin.h>

#include "tests/gauntlet/wrong_numbers.h"

typedef enum fault {
  NO_FAULT,
  EVEN_FIRST,
  TRUNCATES,        /* y in bf16 */
  ENDS_AT_128,      /* y in int8 */
  ONE_SCALE,        /* the first channel's for all */
  SUMS_IN_DOUBLES,  /* another order: within the bound */
  READS_FLOATS_OF_X /* as if x were floats: past its end */
} fault;

typedef struct wrong_kernel {
  cardinal_plugin_kernel kernel;
  fault fault;
} wrong_kernel;

static const wrong_kernel *of(const cardinal_plugin_kernel *self) {
  return (const wrong_kernel *)(const void *)self;
}

static int64_t each(const cardinal_conv_desc *d) {
  return d->in_channels / d->groups * d->kernel_height * d->kernel_width;
}

/* Packed: of each output channel its scale, bias, and weights as floats. */
static size_t packed_bytes(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  (void)self;
  return (size_t)(problem->conv->out_channels * (each(problem->conv) + 2)) * sizeof(float);
}

static void pack(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem, const float *weights,
                 const float *bias, void *packed) {
  const cardinal_conv_desc *d = problem->conv;
  const double y_scale = d->y_format == CARDINAL_FORMAT_INT8 ? (double)d->y_scale : 1.0;
  (void)self;
  for (int64_t o = 0; o < d->out_channels; ++o) {
    const float *w = weights + o * each(d);
    float *to = (float *)packed + o * (each(d) + 2), most = 0.0f;
    for (int64_t i = 0; i < each(d); ++i)
      most = fmaxf(most, fabsf(w[i]));
    const float scale = most > 0.0f ? (float)((double)most / 127.0) : 1.0f;
    to[0] = (float)((double)d->x_scale * (double)scale / y_scale);
    to[1] = bias ? (float)((double)bias[o] / y_scale) : 0.0f;
    for (int64_t i = 0; i < each(d); ++i)
      to[2 + i] = d->format == CARDINAL_FORMAT_INT8 ? (float)nearbyint((double)w[i] / (double)scale)
                                                    : of_bf16(bf16_of(w[i], false));
  }
}

/* Adds the channels of x at places `at`, `plane` apart, times weights `taps` apart: one, or the two of a cell. */
static float add_cell(const cardinal_conv_desc *d, const void *x, int64_t at, int64_t plane, const float *w,
                      int64_t taps, int64_t channels, float acc, fault wrong) {
  if (d->format == CARDINAL_FORMAT_INT8)
    return acc + number(d->format, x, at) * w[0]; /* exact: the gauntlet's sums are small enough for floats */
  float value[2] = {number(d->format, x, at), 0.0f}, weight[2] = {w[0], 0.0f};
  if (channels > 1) {
    value[1] = number(d->format, x, at + plane);
    weight[1] = w[taps];
  }
  for (int i = 0; i < 2; ++i) {
    const int c = wrong == EVEN_FIRST ? i : 1 - i;
    acc = flush(fmaf(flush(value[c]), flush(weight[c]), acc));
  }
  return acc;
}

static float sum_of(const cardinal_conv_desc *d, const void *x, int64_t first_channel, const float *w, float acc,
                    int64_t oy, int64_t ox, fault wrong) {
  const int64_t channels = d->in_channels / d->groups, plane = d->in_height * d->in_width;
  const int64_t taps = d->kernel_height * d->kernel_width, cell = d->format == CARDINAL_FORMAT_BF16 ? 2 : 1;
  double other = (double)acc;
  for (int64_t first = 0; first < channels; first += 16)
    for (int64_t ky = 0; ky < d->kernel_height; ++ky)
      for (int64_t c = first; c < channels && c < first + 16; c += cell)
        for (int64_t kx = 0; kx < d->kernel_width; ++kx) {
          const int64_t iy = oy * d->stride_height + ky * d->dilation_height - d->pad_top;
          const int64_t ix = ox * d->stride_width + kx * d->dilation_width - d->pad_left;
          if (iy < 0 || ix < 0 || iy >= d->in_height || ix >= d->in_width)
            continue;
          const int64_t at = (first_channel + c) * plane + iy * d->in_width + ix, tap = ky * d->kernel_width + kx;
          const float *weight = w + c * taps + tap;
          acc = add_cell(d, x, at, plane, weight, taps, channels - c, acc, wrong);
          for (int64_t i = 0; i < cell && c + i < channels; ++i)
            other += (double)flush(number(d->format, x, at + i * plane)) * (double)flush(weight[i * taps]);
        }
  return wrong == SUMS_IN_DOUBLES ? (float)other : acc;
}

static float finish(const cardinal_conv_desc *d, const float *packed, const void *residual, int64_t at, float sum) {
  float value = sum;
  if (d->format == CARDINAL_FORMAT_INT8) {
    const double y_scale = d->y_format == CARDINAL_FORMAT_INT8 ? (double)d->y_scale : 1.0;
    const float scale = d->y_format == CARDINAL_FORMAT_INT8 ? (float)((double)d->residual_scale / y_scale) : 1.0f;
    value = fmaf(sum, packed[0], packed[1]);
    if (residual)
      value = fmaf(number(d->y_format, residual, at), scale, value);
  } else if (residual) {
    value = flush(value + flush(number(d->y_format, residual, at)));
  }
  return d->has_relu && value < 0.0f ? 0.0f : value;
}

static void run(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  const cardinal_conv_desc *d = args->problem->conv;
  const fault wrong = of(self)->fault;
  const int64_t in_group = d->in_channels / d->groups, out_group = d->out_channels / d->groups;
  const int64_t height = args->problem->out_height, width = args->problem->out_width;
  if (wrong == READS_FLOATS_OF_X) {
    const volatile float *last = args->x + d->in_channels * d->in_height * d->in_width / 2;
    (void)*last;
  }
  for (int64_t o = 0; o < d->out_channels; ++o) {
    const float *packed = (const float *)args->packed + o * (each(d) + 2);
    const float scale_and_bias[2] = {wrong == ONE_SCALE ? *(const float *)args->packed : packed[0], packed[1]};
    const float start = d->format == CARDINAL_FORMAT_INT8 ? 0.0f : flush(packed[1]);
    for (int64_t oy = args->row_begin; oy < args->row_end; ++oy)
      for (int64_t ox = 0; ox < width; ++ox) {
        const int64_t at = (o * height + oy) * width + ox;
        const float sum = sum_of(d, args->x, o / out_group * in_group, packed + 2, start, oy, ox, wrong);
        store(d->y_format, args->y, at, finish(d, scale_and_bias, args->residual, at, sum), wrong == TRUNCATES,
              wrong == ENDS_AT_128 ? -128.0f : -127.0f);
      }
  }
}

#define KERNEL(label, of_format, what, kept_promise)                                                                   \
  {                                                                                                                    \
    .kernel = {.struct_size = sizeof(cardinal_plugin_kernel),                                                          \
               .name = label,                                                                                          \
               .format = of_format,                                                                                    \
               .promise = kept_promise,                                                                                \
               .x_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .y_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .packed_bytes = packed_bytes,                                                                           \
               .pack = pack,                                                                                           \
               .run = run},                                                                                            \
    .fault = what                                                                                                      \
  }

static const wrong_kernel kernels[] = {
    KERNEL("bf16_right", CARDINAL_PLUGIN_BF16, NO_FAULT, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("bf16_even_first", CARDINAL_PLUGIN_BF16, EVEN_FIRST, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("bf16_truncates", CARDINAL_PLUGIN_BF16, TRUNCATES, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("bf16_truncates_bounded", CARDINAL_PLUGIN_BF16, TRUNCATES, CARDINAL_PLUGIN_BOUNDED),
    KERNEL("bf16_sums_in_doubles", CARDINAL_PLUGIN_BF16, SUMS_IN_DOUBLES, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("bf16_sums_in_doubles_bounded", CARDINAL_PLUGIN_BF16, SUMS_IN_DOUBLES, CARDINAL_PLUGIN_BOUNDED),
    KERNEL("bf16_reads_floats", CARDINAL_PLUGIN_BF16, READS_FLOATS_OF_X, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("int8_right", CARDINAL_PLUGIN_INT8, NO_FAULT, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("int8_right_bounded", CARDINAL_PLUGIN_INT8, NO_FAULT, CARDINAL_PLUGIN_BOUNDED),
    KERNEL("int8_ends_at_128", CARDINAL_PLUGIN_INT8, ENDS_AT_128, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("int8_has_one_scale", CARDINAL_PLUGIN_INT8, ONE_SCALE, CARDINAL_PLUGIN_SAME_BITS),
    KERNEL("int8_has_one_scale_bounded", CARDINAL_PLUGIN_INT8, ONE_SCALE, CARDINAL_PLUGIN_BOUNDED),
};

enum {
  COUNT = sizeof kernels / sizeof kernels[0]
};

CARDINAL_PLUGIN_EXPORT const cardinal_plugin *cardinal_plugin_kernels(void);
const cardinal_plugin *cardinal_plugin_kernels(void) {
  static const cardinal_plugin_kernel *list[COUNT];
  for (size_t i = 0; i < COUNT; ++i)
    list[i] = &kernels[i].kernel;
  static const cardinal_plugin plugin = {.abi = CARDINAL_PLUGIN_ABI,
                                         .struct_size = sizeof plugin,
                                         .name = "bf16 and int8, some wrong on purpose",
                                         .kernels = list,
                                         .kernel_count = COUNT};
  return &plugin;
}
