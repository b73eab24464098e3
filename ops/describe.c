/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/describe.h"

#include <math.h>
#include <stdbool.h>

#include "ops/abi.h"
#include "ops/error.h"

/* Bounds every dimension, so that sums of a few of them and products of two fit int64_t. */
#define MAX_DIMENSION INT64_C(0x7FFFFFFF)

typedef struct named_size {
  const char *name;
  int64_t value, least;
} named_size;

static cardinal_status check_sizes(const char *function, const named_size *sizes, size_t count, cardinal_error *error) {
  for (size_t i = 0; i < count; ++i)
    if (sizes[i].value < sizes[i].least || sizes[i].value > MAX_DIMENSION)
      return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: %s is %lld, expected %lld to %lld", function,
                           sizes[i].name, (long long)sizes[i].value, (long long)sizes[i].least,
                           (long long)MAX_DIMENSION);
  return CARDINAL_OK;
}

static cardinal_status check_layout(const char *function, const char *name, cardinal_layout layout,
                                    cardinal_error *error) {
  if ((unsigned)layout > CARDINAL_LAYOUT_NHWC)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: %s is %d, not a cardinal_layout", function, name,
                         (int)layout);
  return CARDINAL_OK;
}

static cardinal_status check_format(const char *function, const char *name, cardinal_format format,
                                    cardinal_error *error) {
  if (!cardinal_format_name(format))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: %s is %d, not a cardinal_format", function, name,
                         (int)format);
  return CARDINAL_OK;
}

static cardinal_status check_scale(const char *function, const char *name, float scale, cardinal_error *error) {
  if (!(scale > 0.0f && isfinite(scale)))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: %s is %g, expected a positive number", function, name,
                         (double)scale);
  return CARDINAL_OK;
}

/* Formats of a convolution's tensors, and the scales that int8 ones need. */
static cardinal_status check_formats(const char *function, const cardinal_conv_desc *d, cardinal_error *error) {
  const struct {
    const char *name;
    cardinal_format format;
  } tensors[] = {{"x_format", d->x_format}, {"y_format", d->y_format}};
  for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; ++i) {
    const cardinal_status status = check_format(function, tensors[i].name, tensors[i].format, error);
    if (status)
      return status;
    if (tensors[i].format != CARDINAL_FORMAT_F32 && tensors[i].format != d->format)
      return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: %s is %s, expected %s%s with %s products", function,
                           tensors[i].name, cardinal_format_name(tensors[i].format),
                           d->format == CARDINAL_FORMAT_F32 ? "" : "f32 or ", cardinal_format_name(d->format),
                           cardinal_format_name(d->format));
  }
  const struct {
    const char *name;
    float scale;
    bool needed;
  } scales[] = {
      {"x_scale", d->x_scale, d->format == CARDINAL_FORMAT_INT8},
      {"y_scale", d->y_scale, d->y_format == CARDINAL_FORMAT_INT8},
      {"residual_scale", d->residual_scale, d->y_format == CARDINAL_FORMAT_INT8 && d->has_residual},
  };
  cardinal_status status = CARDINAL_OK;
  for (size_t i = 0; !status && i < sizeof scales / sizeof scales[0]; ++i)
    if (scales[i].needed)
      status = check_scale(function, scales[i].name, scales[i].scale, error);
  return status;
}

/* Output size in one direction; at least 1 or an error. */
static cardinal_status output_size(const char *function, const char *direction, int64_t in, int64_t pad, int64_t kernel,
                                   int64_t dilation, int64_t stride, int64_t *out, cardinal_error *error) {
  const int64_t window = (kernel - 1) * dilation + 1;
  if (in + pad < window)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: the output has no %s: %lld of input and %lld of padding are less than the window's %lld",
                         function, direction, (long long)in, (long long)pad, (long long)window);
  *out = (in + pad - window) / stride + 1;
  if (*out > MAX_DIMENSION)
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the output has %lld %s, at most %lld are possible", function,
                         (long long)*out, direction, (long long)MAX_DIMENSION);
  return CARDINAL_OK;
}

void cardinal_conv_desc_init_sized(cardinal_conv_desc *desc, size_t size) {
  const cardinal_conv_desc defaults = {.batch = 1,
                                       .groups = 1,
                                       .kernel_height = 1,
                                       .kernel_width = 1,
                                       .stride_height = 1,
                                       .stride_width = 1,
                                       .dilation_height = 1,
                                       .dilation_width = 1};
  cardinal_struct_give(desc, size, &defaults, sizeof defaults);
}

void(cardinal_conv_desc_init)(cardinal_conv_desc *desc) {
  cardinal_conv_desc_init_sized(desc, CARDINAL_CONV_DESC_LEAST);
}

void cardinal_pool_desc_init_sized(cardinal_pool_desc *desc, size_t size) {
  const cardinal_pool_desc defaults = {.kind = CARDINAL_POOL_MAX,
                                       .batch = 1,
                                       .kernel_height = 1,
                                       .kernel_width = 1,
                                       .stride_height = 1,
                                       .stride_width = 1};
  cardinal_struct_give(desc, size, &defaults, sizeof defaults);
}

void(cardinal_pool_desc_init)(cardinal_pool_desc *desc) {
  cardinal_pool_desc_init_sized(desc, CARDINAL_POOL_DESC_LEAST);
}

cardinal_status cardinal_describe_weights(const char *function, const cardinal_conv_desc *desc, cardinal_conv_desc *d,
                                          cardinal_shape *shape, cardinal_error *error) {
  static const cardinal_struct type = CARDINAL_STRUCT(cardinal_conv_desc, CARDINAL_CONV_DESC_LEAST);
  cardinal_conv_desc_init(d);
  cardinal_status status = cardinal_struct_take(function, &type, d, desc, error);
  if (status)
    return status;
  if (d->reserved || d->reserved2)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: reserved is %u and reserved2 %d, expected 0", function,
                         d->reserved, d->reserved2);
  const named_size sizes[] = {
      {"in_channels", d->in_channels, 1},     {"out_channels", d->out_channels, 1}, {"groups", d->groups, 1},
      {"kernel_height", d->kernel_height, 1}, {"kernel_width", d->kernel_width, 1},
  };
  status = check_sizes(function, sizes, sizeof sizes / sizeof sizes[0], error);
  if (!status)
    status = check_format(function, "format", d->format, error);
  if (status)
    return status;
  if (d->in_channels % d->groups || d->out_channels % d->groups)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: groups (%lld) must divide in_channels (%lld) and out_channels (%lld)", function,
                         (long long)d->groups, (long long)d->in_channels, (long long)d->out_channels);
  *shape = (cardinal_shape){.operation = CARDINAL_OPERATION_CONV,
                            .format = d->format,
                            .groups = (size_t)d->groups,
                            .in_per_group = (size_t)(d->in_channels / d->groups),
                            .out_per_group = (size_t)(d->out_channels / d->groups),
                            .window = {.kernel_h = (size_t)d->kernel_height, .kernel_w = (size_t)d->kernel_width}};
  return CARDINAL_OK;
}

cardinal_status cardinal_describe_conv(const char *function, const cardinal_conv_desc *desc, cardinal_conv_desc *d,
                                       cardinal_shape *shape, cardinal_error *error) {
  cardinal_status status = cardinal_describe_weights(function, desc, d, shape, error);
  if (status)
    return status;
  const named_size sizes[] = {
      {"batch", d->batch, 1},
      {"in_height", d->in_height, 1},
      {"in_width", d->in_width, 1},
      {"stride_height", d->stride_height, 1},
      {"stride_width", d->stride_width, 1},
      {"dilation_height", d->dilation_height, 1},
      {"dilation_width", d->dilation_width, 1},
      {"pad_top", d->pad_top, 0},
      {"pad_left", d->pad_left, 0},
      {"pad_bottom", d->pad_bottom, 0},
      {"pad_right", d->pad_right, 0},
  };
  status = check_sizes(function, sizes, sizeof sizes / sizeof sizes[0], error);
  if (!status)
    status = check_layout(function, "x_layout", d->x_layout, error);
  if (!status)
    status = check_layout(function, "y_layout", d->y_layout, error);
  if (!status)
    status = check_formats(function, d, error);
  int64_t out_height = 0, out_width = 0;
  if (!status)
    status = output_size(function, "rows", d->in_height, d->pad_top + d->pad_bottom, d->kernel_height,
                         d->dilation_height, d->stride_height, &out_height, error);
  if (!status)
    status = output_size(function, "columns", d->in_width, d->pad_left + d->pad_right, d->kernel_width,
                         d->dilation_width, d->stride_width, &out_width, error);
  if (status)
    return status;
  shape->x_layout = d->x_layout;
  shape->batch = (size_t)d->batch;
  shape->in_height = (size_t)d->in_height;
  shape->in_width = (size_t)d->in_width;
  shape->out_height = (size_t)out_height;
  shape->out_width = (size_t)out_width;
  shape->window = cardinal_window_of_conv(d);
  return CARDINAL_OK;
}

cardinal_status cardinal_conv_output_size(const cardinal_conv_desc *desc, int64_t *height, int64_t *width,
                                          cardinal_error *error) {
  static const char function[] = "cardinal_conv_output_size";
  if (!height || !width)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, height ? "width" : "height");
  cardinal_conv_desc d;
  cardinal_shape shape;
  const cardinal_status status = cardinal_describe_conv(function, desc, &d, &shape, error);
  if (status)
    return status;
  *height = (int64_t)shape.out_height;
  *width = (int64_t)shape.out_width;
  return CARDINAL_OK;
}

cardinal_status cardinal_describe_pool(const char *function, const cardinal_pool_desc *desc, cardinal_pool_desc *d,
                                       cardinal_shape *shape, cardinal_error *error) {
  static const cardinal_struct type = CARDINAL_STRUCT(cardinal_pool_desc, CARDINAL_POOL_DESC_LEAST);
  cardinal_pool_desc_init(d);
  cardinal_status status = cardinal_struct_take(function, &type, d, desc, error);
  if (status)
    return status;
  const named_size sizes[] = {
      {"batch", d->batch, 1},
      {"channels", d->channels, 1},
      {"in_height", d->in_height, 1},
      {"in_width", d->in_width, 1},
      {"kernel_height", d->kernel_height, 1},
      {"kernel_width", d->kernel_width, 1},
      {"stride_height", d->stride_height, 1},
      {"stride_width", d->stride_width, 1},
      {"pad_top", d->pad_top, 0},
      {"pad_left", d->pad_left, 0},
      {"pad_bottom", d->pad_bottom, 0},
      {"pad_right", d->pad_right, 0},
  };
  status = check_sizes(function, sizes, sizeof sizes / sizeof sizes[0], error);
  if (!status)
    status = check_layout(function, "x_layout", d->x_layout, error);
  if (!status)
    status = check_layout(function, "y_layout", d->y_layout, error);
  if (!status)
    status = check_format(function, "format", d->format, error);
  if (status)
    return status;
  if (d->reserved)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: reserved is %u, expected 0", function, d->reserved);
  const bool global = d->kind == CARDINAL_POOL_AVERAGE_GLOBAL;
  if (!global && d->kind != CARDINAL_POOL_MAX)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: kind is %d, not a cardinal_pool_kind", function,
                         (int)d->kind);
  if (global && d->format == CARDINAL_FORMAT_INT8) {
    status = check_scale(function, "x_scale", d->x_scale, error);
    if (!status)
      status = check_scale(function, "y_scale", d->y_scale, error);
    if (status)
      return status;
  }
  int64_t out_height = 1, out_width = 1;
  if (!global) {
    if (d->pad_top >= d->kernel_height || d->pad_bottom >= d->kernel_height || d->pad_left >= d->kernel_width ||
        d->pad_right >= d->kernel_width)
      return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                           "%s: each padding must be less than the window (%lldx%lld) in its direction", function,
                           (long long)d->kernel_height, (long long)d->kernel_width);
    status = output_size(function, "rows", d->in_height, d->pad_top + d->pad_bottom, d->kernel_height, 1,
                         d->stride_height, &out_height, error);
    if (!status)
      status = output_size(function, "columns", d->in_width, d->pad_left + d->pad_right, d->kernel_width, 1,
                           d->stride_width, &out_width, error);
    if (status)
      return status;
  }
  *shape = (cardinal_shape){
      .operation = global ? CARDINAL_OPERATION_AVERAGE_POOL : CARDINAL_OPERATION_MAX_POOL,
      .format = d->format,
      .x_layout = d->x_layout,
      .batch = (size_t)d->batch,
      .groups = (size_t)d->channels,
      .in_per_group = 1,
      .out_per_group = 1,
      .in_height = (size_t)d->in_height,
      .in_width = (size_t)d->in_width,
      .out_height = (size_t)out_height,
      .out_width = (size_t)out_width,
      .window = cardinal_window_of_pool(d),
  };
  if (global)
    shape->window = (cardinal_window){.kernel_h = shape->in_height,
                                      .kernel_w = shape->in_width,
                                      .stride_h = 1,
                                      .stride_w = 1,
                                      .dilation_h = 1,
                                      .dilation_w = 1};
  return CARDINAL_OK;
}

cardinal_status cardinal_pool_output_size(const cardinal_pool_desc *desc, int64_t *height, int64_t *width,
                                          cardinal_error *error) {
  static const char function[] = "cardinal_pool_output_size";
  if (!height || !width)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, height ? "width" : "height");
  cardinal_pool_desc d;
  cardinal_shape shape;
  const cardinal_status status = cardinal_describe_pool(function, desc, &d, &shape, error);
  if (status)
    return status;
  *height = (int64_t)shape.out_height;
  *width = (int64_t)shape.out_width;
  return CARDINAL_OK;
}
