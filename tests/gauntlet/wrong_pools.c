/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in of pools of bf16 and int8, written from the public headers alone: right ones, and some that are wrong in
 * one way. NCHW. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include <cardinal/plugin.h>

#include "tests/gauntlet/wrong_numbers.h"

typedef enum fault {
  NO_FAULT,
  ZERO_IN_PADDING, /* a maximum is 0 at least where a window has padding */
  LOSES_NAN,       /* a maximum is that of the numbers beside it */
  TRUNCATES,       /* averages are rounded towards zero */
  SUMS_IN_FORMAT,  /* sums are rounded to bf16 at each step */
  SUMS_IN_DOUBLES, /* another order: within the bound */
  NO_SCALE,        /* steps of x are taken for steps of y */
  READS_FLOATS_OF_X
} fault;

typedef struct wrong_kernel {
  cardinal_plugin_kernel kernel;
  fault fault;
} wrong_kernel;

static fault fault_of(const cardinal_plugin_kernel *self) {
  return ((const wrong_kernel *)(const void *)self)->fault;
}

/* The place of the maximum of a window in a channel that begins at `channel`; -1 if a padding's zero is larger. */
static int64_t place_of_maximum(const cardinal_pool_desc *d, const void *x, int64_t channel, int64_t oy, int64_t ox,
                                fault wrong) {
  int64_t place = -1;
  float most = 0.0f;
  bool outside = false;
  for (int64_t ky = 0; ky < d->kernel_height; ++ky)
    for (int64_t kx = 0; kx < d->kernel_width; ++kx) {
      const int64_t iy = oy * d->stride_height + ky - d->pad_top, ix = ox * d->stride_width + kx - d->pad_left;
      if (iy < 0 || ix < 0 || iy >= d->in_height || ix >= d->in_width) {
        outside = true;
        continue;
      }
      const int64_t at = channel + iy * d->in_width + ix;
      const float value = number(d->format, x, at);
      const bool first_nan = isnan(value) && !isnan(most) && wrong != LOSES_NAN;
      if (place < 0 || value > most || first_nan) {
        most = value;
        place = at;
      }
    }
  return wrong == ZERO_IN_PADDING && outside && most < 0.0f ? -1 : place;
}

static void run_maximum(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  const cardinal_pool_desc *d = args->problem->pool;
  const fault wrong = fault_of(self);
  const int64_t height = args->problem->out_height, width = args->problem->out_width;
  const size_t bytes = d->format == CARDINAL_FORMAT_BF16 ? 2 : 1;
  if (wrong == READS_FLOATS_OF_X) {
    const volatile float *last = args->x + d->channels * d->in_height * d->in_width / 2;
    (void)*last;
  }
  for (int64_t c = 0; c < d->channels; ++c)
    for (int64_t oy = args->row_begin; oy < args->row_end; ++oy)
      for (int64_t ox = 0; ox < width; ++ox) {
        const int64_t place = place_of_maximum(d, args->x, c * d->in_height * d->in_width, oy, ox, wrong);
        const uint16_t zero = 0;
        const void *from =
            place < 0 ? &zero : (const void *)((const char *)(const void *)args->x + (size_t)place * bytes);
        memcpy((char *)(void *)args->y + (size_t)((c * height + oy) * width + ox) * bytes, from, bytes);
      }
}

static float average(const cardinal_pool_desc *d, const void *x, int64_t first, fault wrong) {
  const int64_t count = d->in_height * d->in_width;
  float sum = 0.0f;
  double exact = 0.0;
  for (int64_t i = 0; i < count; ++i) {
    sum += number(d->format, x, first + i); /* of int8 exact: the gauntlet's images are small enough for floats */
    exact += (double)number(d->format, x, first + i);
    if (wrong == SUMS_IN_FORMAT)
      sum = of_bf16(bf16_of(sum, false));
  }
  if (wrong == SUMS_IN_DOUBLES)
    return (float)(exact / (double)count);
  if (d->format == CARDINAL_FORMAT_BF16 || wrong == NO_SCALE)
    return sum * (float)(1.0 / (double)count);
  return sum * (float)((double)d->x_scale / ((double)d->y_scale * (double)count));
}

static void run_average(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  const cardinal_pool_desc *d = args->problem->pool;
  const fault wrong = fault_of(self);
  for (int64_t c = 0; c < d->channels; ++c)
    store(d->format, args->y, c, average(d, args->x, c * d->in_height * d->in_width, wrong), wrong == TRUNCATES,
          -127.0f);
}

#define KERNEL(label, of_operation, of_format, what, kept_promise, runs)                                               \
  {                                                                                                                    \
    .kernel = {.struct_size = sizeof(cardinal_plugin_kernel),                                                          \
               .name = label,                                                                                          \
               .operation = of_operation,                                                                              \
               .format = of_format,                                                                                    \
               .promise = kept_promise,                                                                                \
               .x_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .y_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .run = runs},                                                                                           \
    .fault = what                                                                                                      \
  }
#define MAXIMUM(label, format, what)                                                                                   \
  KERNEL(label, CARDINAL_PLUGIN_MAX_POOL, format, what, CARDINAL_PLUGIN_SAME_BITS, run_maximum)
#define AVERAGE(label, format, what, promise)                                                                          \
  KERNEL(label, CARDINAL_PLUGIN_AVERAGE_POOL, format, what, promise, run_average)

static const wrong_kernel kernels[] = {
    MAXIMUM("max_bf16_right", CARDINAL_PLUGIN_BF16, NO_FAULT),
    MAXIMUM("max_bf16_zero_in_padding", CARDINAL_PLUGIN_BF16, ZERO_IN_PADDING),
    MAXIMUM("max_bf16_loses_nan", CARDINAL_PLUGIN_BF16, LOSES_NAN),
    MAXIMUM("max_bf16_reads_floats", CARDINAL_PLUGIN_BF16, READS_FLOATS_OF_X),
    MAXIMUM("max_int8_right", CARDINAL_PLUGIN_INT8, NO_FAULT),
    MAXIMUM("max_int8_zero_in_padding", CARDINAL_PLUGIN_INT8, ZERO_IN_PADDING),
    AVERAGE("average_bf16_right", CARDINAL_PLUGIN_BF16, NO_FAULT, CARDINAL_PLUGIN_SAME_BITS),
    AVERAGE("average_bf16_truncates", CARDINAL_PLUGIN_BF16, TRUNCATES, CARDINAL_PLUGIN_SAME_BITS),
    AVERAGE("average_bf16_truncates_bounded", CARDINAL_PLUGIN_BF16, TRUNCATES, CARDINAL_PLUGIN_BOUNDED),
    AVERAGE("average_bf16_sums_in_bf16", CARDINAL_PLUGIN_BF16, SUMS_IN_FORMAT, CARDINAL_PLUGIN_SAME_BITS),
    AVERAGE("average_bf16_sums_in_bf16_bounded", CARDINAL_PLUGIN_BF16, SUMS_IN_FORMAT, CARDINAL_PLUGIN_BOUNDED),
    AVERAGE("average_bf16_in_doubles_bounded", CARDINAL_PLUGIN_BF16, SUMS_IN_DOUBLES, CARDINAL_PLUGIN_BOUNDED),
    AVERAGE("average_int8_right", CARDINAL_PLUGIN_INT8, NO_FAULT, CARDINAL_PLUGIN_SAME_BITS),
    AVERAGE("average_int8_right_bounded", CARDINAL_PLUGIN_INT8, NO_FAULT, CARDINAL_PLUGIN_BOUNDED),
    AVERAGE("average_int8_truncates", CARDINAL_PLUGIN_INT8, TRUNCATES, CARDINAL_PLUGIN_SAME_BITS),
    AVERAGE("average_int8_truncates_bounded", CARDINAL_PLUGIN_INT8, TRUNCATES, CARDINAL_PLUGIN_BOUNDED),
    AVERAGE("average_int8_no_scale_bounded", CARDINAL_PLUGIN_INT8, NO_SCALE, CARDINAL_PLUGIN_BOUNDED),
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
                                         .name = "pools of bf16 and int8, some wrong on purpose",
                                         .kernels = list,
                                         .kernel_count = COUNT};
  return &plugin;
}
