/* SPDX-License-Identifier: BSD-3-Clause */
/* Making plans: selection, layout of the scratch, weights. */
#include "ops/describe.h"
#include "ops/drivers.h"
#include "ops/error.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

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

  cardinal_driver_of(plan->kernel->form)(plan);
  if (!plan_scratch(plan, x_blocked, y_blocked))
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the scratch memory's size doesn't fit memory", function);
  return CARDINAL_OK;
}

/* Fields that convolutions and pools share: kernel, grouping, conversions. */
static void plan_start(cardinal_plan *plan, const cardinal_context *context, const cardinal_shape *shape,
                       cardinal_layout x_layout, cardinal_layout y_layout) {
  *plan = (cardinal_plan){.context = context, .shape = *shape, .x_layout = x_layout, .y_layout = y_layout};
  plan->kernel = cardinal_kernel_select(&context->selector, shape);
  plan->grouping = cardinal_grouping_of(shape);
  plan->out_channels = shape->groups * shape->out_per_group;
  plan->converts_x = x_layout != plan->kernel->x_layout;
  plan->converts_y = y_layout != CARDINAL_LAYOUT_BLOCKED16;
  if (plan->converts_x)
    plan->shape.x_layout = plan->kernel->x_layout; /* what the driver sees */
}

/* Copies a plan into memory of its own. */
static cardinal_status plan_keep(const char *function, const cardinal_plan *plan, cardinal_plan **made,
                                 cardinal_error *error) {
  cardinal_plan *kept = cardinal_context_allocate(plan->context, sizeof *kept);
  if (!kept)
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a plan", function);
  *kept = *plan;
  *made = kept;
  return CARDINAL_OK;
}

/* All of a convolution's plan but its weights. */
static cardinal_status plan_conv(const char *function, const cardinal_context *context, const cardinal_conv_desc *desc,
                                 cardinal_conv_desc *d, cardinal_plan *plan, cardinal_error *error) {
  cardinal_shape shape;
  cardinal_conv_weights measured;
  cardinal_status status = cardinal_describe_conv(function, desc, d, &shape, error);
  if (!status)
    status = cardinal_conv_weights_measure(function, &shape, &measured, error);
  if (status)
    return status;
  plan_start(plan, context, &shape, d->x_layout, d->y_layout);
  plan->relu = d->has_relu != 0;
  plan->has_residual = d->has_residual != 0;
  return tensor_sizes(function, plan, error);
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
  cardinal_plan p;
  cardinal_status status = plan_conv(function, context, desc, &d, &p, error);
  if (!status)
    status = cardinal_conv_weights_make(function, context, &d, weights, bias, &p.packed, error);
  if (status)
    return status;
  status = plan_keep(function, &p, plan, error);
  if (status)
    cardinal_conv_weights_destroy(p.packed);
  return status;
}

cardinal_status cardinal_conv_create_packed(const cardinal_context *context, const cardinal_conv_desc *desc,
                                            const cardinal_conv_weights *weights, cardinal_plan **plan,
                                            cardinal_error *error) {
  static const char function[] = "cardinal_conv_create_packed";
  if (!context || !weights || !plan)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function,
                         !context   ? "context"
                         : !weights ? "weights"
                                    : "plan");
  cardinal_conv_desc d;
  cardinal_plan p;
  cardinal_status status = plan_conv(function, context, desc, &d, &p, error);
  if (status)
    return status;
  const cardinal_shape *s = &p.shape, *packed = &weights->shape;
  if (s->groups != packed->groups || s->in_per_group != packed->in_per_group ||
      s->out_per_group != packed->out_per_group || s->window.kernel_h != packed->window.kernel_h ||
      s->window.kernel_w != packed->window.kernel_w || (d.has_bias != 0) != weights->has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: the weights are of %zu channels in, %zu out, %zu groups, %zux%zu taps, %s bias; the "
                         "descriptor says %zu, %zu, %zu, %zux%zu, %s bias",
                         function, packed->groups * packed->in_per_group, packed->groups * packed->out_per_group,
                         packed->groups, packed->window.kernel_h, packed->window.kernel_w,
                         weights->has_bias ? "with" : "without", s->groups * s->in_per_group,
                         s->groups * s->out_per_group, s->groups, s->window.kernel_h, s->window.kernel_w,
                         d.has_bias ? "with" : "without");
  p.packed = cardinal_conv_weights_hold(weights);
  status = plan_keep(function, &p, plan, error);
  if (status)
    cardinal_conv_weights_destroy(p.packed);
  return status;
}

cardinal_status cardinal_pool_create(const cardinal_context *context, const cardinal_pool_desc *desc,
                                     cardinal_plan **plan, cardinal_error *error) {
  static const char function[] = "cardinal_pool_create";
  if (!context || !plan)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, context ? "plan" : "context");
  cardinal_pool_desc d;
  cardinal_shape shape;
  cardinal_status status = cardinal_describe_pool(function, desc, &d, &shape, error);
  if (status)
    return status;
  cardinal_plan p;
  plan_start(&p, context, &shape, d.x_layout, d.y_layout);
  status = tensor_sizes(function, &p, error);
  return status ? status : plan_keep(function, &p, plan, error);
}

void cardinal_plan_destroy(cardinal_plan *plan) {
  if (!plan)
    return;
  cardinal_conv_weights_destroy(plan->packed);
  cardinal_context_free(plan->context, plan, sizeof *plan);
}

size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan) {
  return plan->scratch_bytes;
}

const char *cardinal_plan_kernel(const cardinal_plan *plan) {
  return plan->kernel->name;
}

size_t cardinal_plan_weight_bytes(const cardinal_plan *plan) {
  return plan->packed ? cardinal_conv_weights_bytes(plan->packed) : 0;
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
