/* SPDX-License-Identifier: BSD-3-Clause */
/* Making plans: checks, selection, packing, layout of the scratch. */
#include "ops/plan.h"

#include "ops/abi.h"
#include "ops/error.h"
#include "ops/pack.h"

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

static cardinal_status conv_shape(const char *function, const cardinal_conv_desc *desc, cardinal_conv_desc *d,
                                  cardinal_shape *shape, cardinal_error *error) {
  static const cardinal_struct type = CARDINAL_STRUCT(cardinal_conv_desc, CARDINAL_CONV_DESC_LEAST);
  cardinal_conv_desc_init(d);
  cardinal_status status = cardinal_struct_take(function, &type, d, desc, error);
  if (status)
    return status;
  const named_size sizes[] = {
      {"batch", d->batch, 1},
      {"in_channels", d->in_channels, 1},
      {"in_height", d->in_height, 1},
      {"in_width", d->in_width, 1},
      {"out_channels", d->out_channels, 1},
      {"groups", d->groups, 1},
      {"kernel_height", d->kernel_height, 1},
      {"kernel_width", d->kernel_width, 1},
      {"stride_height", d->stride_height, 1},
      {"stride_width", d->stride_width, 1},
      {"dilation_height", d->dilation_height, 1},
      {"dilation_width", d->dilation_width, 1},
      {"pad_top", d->pad_top, 0},
      {"pad_left", d->pad_left, 0},
      {"pad_bottom", d->pad_bottom, 0},
      {"pad_right", d->pad_right, 0},
  };
  if (d->reserved || d->reserved2)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: reserved is %u and reserved2 %d, expected 0", function,
                         d->reserved, d->reserved2);
  status = check_sizes(function, sizes, sizeof sizes / sizeof sizes[0], error);
  if (!status)
    status = check_layout(function, "x_layout", d->x_layout, error);
  if (!status)
    status = check_layout(function, "y_layout", d->y_layout, error);
  if (status)
    return status;
  if (d->in_channels % d->groups || d->out_channels % d->groups)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: groups (%lld) must divide in_channels (%lld) and out_channels (%lld)", function,
                         (long long)d->groups, (long long)d->in_channels, (long long)d->out_channels);
  int64_t out_height = 0, out_width = 0;
  status = output_size(function, "rows", d->in_height, d->pad_top + d->pad_bottom, d->kernel_height, d->dilation_height,
                       d->stride_height, &out_height, error);
  if (!status)
    status = output_size(function, "columns", d->in_width, d->pad_left + d->pad_right, d->kernel_width,
                         d->dilation_width, d->stride_width, &out_width, error);
  if (status)
    return status;
  *shape = (cardinal_shape){
      .operation = CARDINAL_OPERATION_CONV,
      .x_layout = d->x_layout,
      .batch = (size_t)d->batch,
      .groups = (size_t)d->groups,
      .in_per_group = (size_t)(d->in_channels / d->groups),
      .out_per_group = (size_t)(d->out_channels / d->groups),
      .in_height = (size_t)d->in_height,
      .in_width = (size_t)d->in_width,
      .out_height = (size_t)out_height,
      .out_width = (size_t)out_width,
      .window = cardinal_window_of_conv(d),
  };
  return CARDINAL_OK;
}

cardinal_status cardinal_conv_output_size(const cardinal_conv_desc *desc, int64_t *height, int64_t *width,
                                          cardinal_error *error) {
  static const char function[] = "cardinal_conv_output_size";
  if (!height || !width)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, height ? "width" : "height");
  cardinal_conv_desc d;
  cardinal_shape shape;
  const cardinal_status status = conv_shape(function, desc, &d, &shape, error);
  if (status)
    return status;
  *height = (int64_t)shape.out_height;
  *width = (int64_t)shape.out_width;
  return CARDINAL_OK;
}

static cardinal_grouping grouping_of(const cardinal_shape *s) {
  cardinal_grouping g = {.slot = cardinal_shape_slot(s)};
  if (g.slot < CARDINAL_BLOCK) {
    g.groups_per_unit = CARDINAL_BLOCK / g.slot;
    g.in_blocks = g.out_blocks = 1;
    g.x_aligned = s->in_per_group == g.slot;
    g.y_aligned = s->out_per_group == g.slot;
  } else {
    g.groups_per_unit = 1;
    g.in_blocks = cardinal_blocks(s->in_per_group);
    g.out_blocks = cardinal_blocks(s->out_per_group);
    g.x_aligned = s->groups == 1 || s->in_per_group % CARDINAL_BLOCK == 0;
    g.y_aligned = s->groups == 1 || s->out_per_group % CARDINAL_BLOCK == 0;
  }
  g.units = cardinal_ceil_div(s->groups, g.groups_per_unit);
  return g;
}

/* Adds `floats` floats to *bytes at an aligned offset, which is returned in *offset; false on overflow. */
static bool reserve(size_t *bytes, size_t floats, size_t *offset) {
  size_t wanted = floats;
  *offset = *bytes;
  if (!cardinal_multiply(&wanted, sizeof(float)) || wanted > PTRDIFF_MAX - *bytes - CARDINAL_ALIGNMENT)
    return false;
  *bytes += (wanted + CARDINAL_ALIGNMENT - 1) / CARDINAL_ALIGNMENT * CARDINAL_ALIGNMENT;
  return true;
}

static bool plan_scratch(cardinal_plan *plan, size_t x_blocked, size_t y_blocked) {
  size_t bytes = CARDINAL_PHASE_BYTES;
  bool fits = true;
  if (plan->converts_x)
    fits = fits && reserve(&bytes, x_blocked, &plan->x_copy);
  if (plan->converts_y)
    fits = fits && reserve(&bytes, y_blocked, &plan->y_copy);
  const size_t line = CARDINAL_ALIGNMENT / sizeof(float);
  plan->worker_floats = cardinal_ceil_div(plan->worker_floats, line) * line;
  size_t all_workers = plan->worker_floats;
  fits = fits && cardinal_multiply(&all_workers, cardinal_min(plan->context->threads, plan->items)) &&
         reserve(&bytes, all_workers, &plan->workers);
  plan->scratch_bytes = bytes + CARDINAL_ALIGNMENT; /* room to align whatever the caller gives */
  return fits;
}

static cardinal_status tensor_sizes(const char *function, cardinal_plan *plan, cardinal_error *error) {
  const cardinal_shape *s = &plan->shape;
  const int64_t in_channels = (int64_t)(s->groups * s->in_per_group);
  size_t x_blocked = 0, y_blocked = 0;
  cardinal_status status = cardinal_tensor_floats(plan->x_layout, (int64_t)s->batch, in_channels, (int64_t)s->in_height,
                                                  (int64_t)s->in_width, &plan->x_floats);
  if (!status)
    status = cardinal_tensor_floats(plan->y_layout, (int64_t)s->batch, (int64_t)plan->out_channels,
                                    (int64_t)s->out_height, (int64_t)s->out_width, &plan->y_floats);
  if (!status)
    status = cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, (int64_t)s->batch, in_channels, (int64_t)s->in_height,
                                    (int64_t)s->in_width, &x_blocked);
  if (!status)
    status = cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, (int64_t)s->batch, (int64_t)plan->out_channels,
                                    (int64_t)s->out_height, (int64_t)s->out_width, &y_blocked);
  if (status)
    return cardinal_fail(error, status, "%s: the tensors' sizes don't fit memory", function);
  plan->x_image = (plan->converts_x ? x_blocked : plan->x_floats) / s->batch;
  plan->y_image = y_blocked / s->batch;

  switch (plan->kernel->form) {
  case CARDINAL_FORM_CONV1X1:
    cardinal_plan_conv1x1(plan);
    break;
  case CARDINAL_FORM_FC:
    cardinal_plan_fc(plan);
    break;
  case CARDINAL_FORM_CONV:
    cardinal_plan_conv(plan);
    break;
  case CARDINAL_FORM_POOL:
    cardinal_plan_pool(plan);
    break;
  }
  if (!plan_scratch(plan, x_blocked, y_blocked))
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the scratch memory's size doesn't fit memory", function);
  return CARDINAL_OK;
}

/* Fields that convolutions and pools share: kernel, grouping, conversions. */
static void plan_start(cardinal_plan *plan, const cardinal_context *context, const cardinal_shape *shape,
                       cardinal_layout x_layout, cardinal_layout y_layout) {
  *plan = (cardinal_plan){.context = context, .shape = *shape, .x_layout = x_layout, .y_layout = y_layout};
  plan->kernel = cardinal_kernel_select(&context->selector, shape);
  plan->grouping = grouping_of(shape);
  plan->out_channels = shape->groups * shape->out_per_group;
  plan->converts_x = x_layout != plan->kernel->x_layout;
  plan->converts_y = y_layout != CARDINAL_LAYOUT_BLOCKED16;
  if (plan->converts_x)
    plan->shape.x_layout = plan->kernel->x_layout; /* what the driver sees */
}

static cardinal_status plan_allocate(cardinal_plan *plan, cardinal_plan **made) {
  const cardinal_context *context = plan->context;
  if (plan->weight_floats) {
    plan->weights = cardinal_context_allocate(context, plan->weight_floats * sizeof(float));
    plan->bias = cardinal_context_allocate(context, plan->bias_floats * sizeof(float));
  }
  *made = cardinal_context_allocate(context, sizeof **made);
  if (*made && (!plan->weight_floats || (plan->weights && plan->bias))) {
    **made = *plan;
    return CARDINAL_OK;
  }
  cardinal_context_free(context, *made, sizeof **made);
  cardinal_context_free(context, plan->weights, plan->weight_floats * sizeof(float));
  cardinal_context_free(context, plan->bias, plan->bias_floats * sizeof(float));
  return CARDINAL_OUT_OF_MEMORY;
}

cardinal_status cardinal_conv_create(const cardinal_context *context, const cardinal_conv_desc *desc,
                                     const float *weights, const float *bias, cardinal_plan **plan,
                                     cardinal_error *error) {
  static const char function[] = "cardinal_conv_create";
  if (!context || !weights || !plan)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function,
                         !context   ? "context"
                         : !weights ? "weights"
                                    : "plan");
  cardinal_conv_desc d;
  cardinal_shape shape;
  cardinal_status status = conv_shape(function, desc, &d, &shape, error);
  if (status)
    return status;
  if (!bias != !d.has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: has_bias is %d, but bias is %s", function, d.has_bias,
                         bias ? "given" : "NULL");

  cardinal_plan p;
  plan_start(&p, context, &shape, d.x_layout, d.y_layout);
  p.relu = d.has_relu != 0;
  p.has_residual = d.has_residual != 0;
  p.panel_floats = CARDINAL_BLOCK;
  p.bias_floats = CARDINAL_BLOCK;
  size_t bytes = sizeof(float);
  const bool fits = cardinal_multiply(&p.panel_floats, shape.in_per_group) &&
                    cardinal_multiply(&p.panel_floats, shape.window.kernel_h) &&
                    cardinal_multiply(&p.panel_floats, shape.window.kernel_w) &&
                    cardinal_multiply(&p.bias_floats, p.grouping.units) &&
                    cardinal_multiply(&p.bias_floats, p.grouping.out_blocks);
  p.weight_floats = p.panel_floats;
  if (!fits || !cardinal_multiply(&p.weight_floats, p.bias_floats / CARDINAL_BLOCK) ||
      !cardinal_multiply(&bytes, p.weight_floats) || bytes > PTRDIFF_MAX)
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the weights' size doesn't fit memory", function);
  status = tensor_sizes(function, &p, error);
  if (status)
    return status;
  cardinal_plan *made;
  if (plan_allocate(&p, &made))
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu bytes of packed weights", function,
                         bytes);
  cardinal_pack(made, weights, bias);
  *plan = made;
  return CARDINAL_OK;
}

static cardinal_status pool_shape(const char *function, const cardinal_pool_desc *desc, cardinal_pool_desc *d,
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
  if (status)
    return status;
  const bool global = d->kind == CARDINAL_POOL_AVERAGE_GLOBAL;
  if (!global && d->kind != CARDINAL_POOL_MAX)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: kind is %d, not a cardinal_pool_kind", function,
                         (int)d->kind);
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
  const cardinal_status status = pool_shape(function, desc, &d, &shape, error);
  if (status)
    return status;
  *height = (int64_t)shape.out_height;
  *width = (int64_t)shape.out_width;
  return CARDINAL_OK;
}

cardinal_status cardinal_pool_create(const cardinal_context *context, const cardinal_pool_desc *desc,
                                     cardinal_plan **plan, cardinal_error *error) {
  static const char function[] = "cardinal_pool_create";
  if (!context || !plan)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, context ? "plan" : "context");
  cardinal_pool_desc d;
  cardinal_shape shape;
  cardinal_status status = pool_shape(function, desc, &d, &shape, error);
  if (status)
    return status;
  cardinal_plan p;
  plan_start(&p, context, &shape, d.x_layout, d.y_layout);
  if (shape.groups == 1) /* one channel is one lane here, not a group of 16 */
    p.grouping.slot = 1;
  status = tensor_sizes(function, &p, error);
  if (status)
    return status;
  cardinal_plan *made;
  if (plan_allocate(&p, &made))
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a plan", function);
  *plan = made;
  return CARDINAL_OK;
}

void cardinal_plan_destroy(cardinal_plan *plan) {
  if (!plan)
    return;
  const cardinal_context *context = plan->context;
  cardinal_context_free(context, plan->weights, plan->weight_floats * sizeof(float));
  cardinal_context_free(context, plan->bias, plan->bias_floats * sizeof(float));
  cardinal_context_free(context, plan, sizeof *plan);
}

size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan) {
  return plan->scratch_bytes;
}

const char *cardinal_plan_kernel(const cardinal_plan *plan) {
  return plan->kernel->name;
}

size_t cardinal_plan_weight_bytes(const cardinal_plan *plan) {
  return (plan->weight_floats + plan->bias_floats) * sizeof(float);
}

void cardinal_plan_candidates(const cardinal_plan *plan, cardinal_candidate_visit visit, void *user) {
  cardinal_shape shape = plan->shape;
  shape.x_layout = plan->x_layout;
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (kernel->operation != shape.operation)
      continue;
    const char *reason = cardinal_kernel_declines(kernel, &plan->context->selector, &shape);
    visit(user, kernel->name, kernel == plan->kernel ? NULL : reason ? reason : "a kernel before it serves");
  }
}
