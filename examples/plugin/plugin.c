/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers window_conv to `cardinal verify --kernel` and `cardinal_bench --kernel`: what it serves, and how it is called.
 */
#include <string.h>

#include <cardinal/plugin.h>

#include "window.h"

static const char *declines(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  const cardinal_conv_desc *d = problem->conv;
  (void)self;
  if (d->kernel_height != d->kernel_width || d->stride_height != d->stride_width)
    return "the window or the stride is not square";
  if (d->pad_top != d->pad_left || d->pad_bottom != d->pad_right || d->pad_top != d->pad_bottom)
    return "the padding differs between the sides";
  if (d->dilation_height != 1 || d->dilation_width != 1)
    return "it is dilated";
  if (d->has_residual || d->has_relu)
    return "it has a residual or a ReLU";
  return NULL;
}

static size_t weight_floats(const cardinal_conv_desc *d) {
  return (size_t)(d->out_channels * (d->in_channels / d->groups) * d->kernel_height * d->kernel_width);
}

static size_t packed_bytes(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  (void)self;
  return (weight_floats(problem->conv) + (size_t)problem->conv->out_channels) * sizeof(float);
}

/* Nothing to rearrange here: the bias, then the weights as they come. */
static void pack(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem, const float *weights,
                 const float *bias, void *packed) {
  const size_t outputs = (size_t)problem->conv->out_channels;
  float *to = packed;
  (void)self;
  memset(to, 0, outputs * sizeof(float));
  if (bias)
    memcpy(to, bias, outputs * sizeof(float));
  memcpy(to + outputs, weights, weight_floats(problem->conv) * sizeof(float));
}

static void run(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  const cardinal_conv_desc *d = args->problem->conv;
  const float *packed = args->packed;
  const window_shape shape = {.groups = d->groups,
                              .in_per_group = d->in_channels / d->groups,
                              .in_height = d->in_height,
                              .in_width = d->in_width,
                              .out_channels = d->out_channels,
                              .out_height = args->problem->out_height,
                              .out_width = args->problem->out_width,
                              .kernel = d->kernel_height,
                              .stride = d->stride_height,
                              .pad = d->pad_top};
  (void)self;
  window_conv(&shape, args->x, packed + d->out_channels, packed, args->y);
}

static const cardinal_plugin_kernel kernel = {
    .struct_size = sizeof kernel,
    .name = "window_conv_nchw",
    .operation = CARDINAL_PLUGIN_CONV,
    .format = CARDINAL_PLUGIN_F32,
    .promise = CARDINAL_PLUGIN_BOUNDED, /* its order of summation is its own */
    .x_layout = CARDINAL_LAYOUT_NCHW,
    .y_layout = CARDINAL_LAYOUT_NCHW,
    .declines = declines,
    .packed_bytes = packed_bytes,
    .pack = pack,
    .run = run,
};

static const cardinal_plugin_kernel *const kernels[] = {&kernel};

CARDINAL_PLUGIN_EXPORT const cardinal_plugin *cardinal_plugin_kernels(void);
const cardinal_plugin *cardinal_plugin_kernels(void) {
  static const cardinal_plugin plugin = {.abi = CARDINAL_PLUGIN_ABI,
                                         .struct_size = sizeof plugin,
                                         .name = "example 1.0",
                                         .kernels = kernels,
                                         .kernel_count = sizeof kernels / sizeof kernels[0]};
  return &plugin;
}
