/* SPDX-License-Identifier: BSD-3-Clause */
/* Making plans: selection, layout of the scratch, weights. */
#include <float.h>
#include <math.h>

#include "kernels/format.h"
#include "ops/describe.h"
#include "ops/drivers.h"
#include "ops/error.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* Adds `count` times `size` bytes to *bytes at an aligned offset, which is returned in *offset; false on overflow. */
static bool reserve(size_t *bytes, size_t count, size_t size, size_t *offset) {
  size_t wanted = count;
  *offset = *bytes;
  if (!cardinal_multiply(&wanted, size) || wanted > PTRDIFF_MAX - *bytes - CARDINAL_ALIGNMENT)
    return false;
  *bytes += cardinal_whole_lines(wanted);
  return true;
}

static bool plan_scratch(cardinal_plan *plan, size_t x_kernel, size_t y_kernel) {
  size_t bytes = CARDINAL_PHASE_BYTES;
  bool fits = true;
  if (plan->converts_x)
    fits = fits && reserve(&bytes, x_kernel, cardinal_format_bytes(plan->shape.format), &plan->x_copy);
  if (plan->converts_y)
    fits = fits && reserve(&bytes, y_kernel, cardinal_format_bytes(plan->y_format), &plan->y_copy);
  plan->worker_bytes = cardinal_whole_lines(plan->worker_bytes);
  fits = fits && reserve(&bytes, cardinal_min(plan->context->threads, plan->items), plan->worker_bytes, &plan->workers);
  plan->scratch_bytes = bytes + CARDINAL_ALIGNMENT; /* room to align whatever the caller gives */
  return fits;
}

static cardinal_status tensor_sizes(const char *function, cardinal_plan *plan, cardinal_error *error) {
  const cardinal_shape *s = &plan->shape;
  const int64_t in_channels = (int64_t)(s->groups * s->in_per_group);
  size_t x_kernel = 0, y_kernel = 0; /* numbers as the kernel sees them */
  cardinal_status status = cardinal_tensor_floats(plan->x_layout, (int64_t)s->batch, in_channels, (int64_t)s->in_height,
                                                  (int64_t)s->in_width, &plan->x_numbers);
  if (!status)
    status = cardinal_tensor_floats(plan->y_layout, (int64_t)s->batch, (int64_t)plan->out_channels,
                                    (int64_t)s->out_height, (int64_t)s->out_width, &plan->y_numbers);
  if (!status)
    status = cardinal_tensor_floats(s->x_layout, (int64_t)s->batch, in_channels, (int64_t)s->in_height,
                                    (int64_t)s->in_width, &x_kernel);
  if (!status)
    status = cardinal_tensor_floats(plan->kernel_y_layout, (int64_t)s->batch, (int64_t)plan->out_channels,
                                    (int64_t)s->out_height, (int64_t)s->out_width, &y_kernel);
  if (status)
    return cardinal_fail(error, status, "%s: the tensors' sizes don't fit memory", function);
  (cardinal_plan_is_foreign(plan) ? cardinal_drive_foreign : cardinal_driver_of(plan->kernel->form))(plan);
  plan->x_image = (plan->converts_x ? x_kernel : plan->x_numbers) / s->batch;
  plan->y_image = (plan->converts_y ? y_kernel : plan->y_numbers) / s->batch;
  if (!plan_scratch(plan, x_kernel, y_kernel))
    return cardinal_fail(error, CARDINAL_OVERFLOW, "%s: the scratch memory's size doesn't fit memory", function);
  return CARDINAL_OK;
}

/* The formats of the caller's tensors, and what a step of x is worth if it is to become int8. */
typedef struct plan_formats {
  cardinal_format x, y;
  float x_scale;
} plan_formats;

static cardinal_transfer transfer_of(const cardinal_context *context, cardinal_format from, cardinal_format to,
                                     float scale) {
  return (cardinal_transfer){.move = cardinal_move_select(&context->selector, from, to),
                             .copy = cardinal_copy_select(&context->selector),
                             .from = from,
                             .to = to,
                             .scale = scale};
}

/* Fields that convolutions and pools share: kernel, grouping, conversions. A plug-in's kernel serves if there is one.
 */
static void plan_start(cardinal_plan *plan, const cardinal_context *context, const cardinal_shape *shape,
                       cardinal_layout x_layout, cardinal_layout y_layout, const plan_formats *formats,
                       cardinal_foreign *foreign) {
  *plan = (cardinal_plan){.context = context,
                          .take_x = transfer_of(context, formats->x, shape->format, formats->x_scale),
                          .move_y = transfer_of(context, formats->y, formats->y, 0.0f),
                          .foreign = foreign,
                          .shape = *shape,
                          .x_format = formats->x,
                          .y_format = formats->y,
                          .x_layout = x_layout,
                          .y_layout = y_layout,
                          .kernel_y_layout = CARDINAL_LAYOUT_BLOCKED16};
  if (cardinal_plan_is_foreign(plan)) {
    plan->shape.x_layout = foreign->kernel->x_layout;
    plan->kernel_y_layout = foreign->kernel->y_layout;
  } else {
    plan->kernel = cardinal_kernel_choose(&context->selector, shape, &plan->basis);
    plan->shape.x_layout = plan->kernel->x_layout;
  }
  plan->grouping = cardinal_grouping_of(shape);
  plan->out_channels = shape->groups * shape->out_per_group;
  plan->converts_x = x_layout != plan->shape.x_layout || formats->x != shape->format;
  plan->converts_y = y_layout != plan->kernel_y_layout;
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

/* All of a convolution's plan but its weights. On failure nothing is left allocated. */
static cardinal_status plan_conv(const char *function, const cardinal_context *context, const cardinal_conv_desc *desc,
                                 const char *foreign_passed_over, cardinal_conv_desc *d, cardinal_plan *plan,
                                 cardinal_error *error) {
  cardinal_shape shape;
  cardinal_conv_weights measured;
  cardinal_status status = cardinal_describe_conv(function, desc, d, &shape, error);
  if (!status)
    status = cardinal_conv_weights_measure(function, &shape, &measured, error);
  if (status)
    return status;
  cardinal_foreign *foreign;
  if (!cardinal_foreign_select(context, d, NULL, (int64_t)shape.out_height, (int64_t)shape.out_width,
                               foreign_passed_over, &foreign))
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a plan", function);
  const plan_formats formats = {.x = d->x_format, .y = d->y_format, .x_scale = d->x_scale};
  plan_start(plan, context, &shape, d->x_layout, d->y_layout, &formats, foreign);
  plan->relu = d->has_relu != 0;
  plan->has_residual = d->has_residual != 0;
  status = tensor_sizes(function, plan, error);
  if (status)
    cardinal_foreign_destroy(context, foreign);
  return status;
}

/* What sums of int8 become: one number for each output channel that they are multiplied with, one that is added, in
 * units of a step of y, or in floats if y is. Errors: numbers that floats can't hold, results that could leave int32.
 */
static cardinal_status rescale(const char *function, const cardinal_conv_desc *d, cardinal_plan *plan,
                               cardinal_error *error) {
  const cardinal_conv_weights *w = plan->packed;
  const bool y_f32 = plan->y_format == CARDINAL_FORMAT_F32;
  const double y_scale = y_f32 ? 1.0 : (double)d->y_scale;
  const size_t products = w->shape.in_per_group * w->shape.window.kernel_h * w->shape.window.kernel_w;
  const double most_sum = (double)products * CARDINAL_INT8_MOST * CARDINAL_INT8_MOST;
  float *scale = plan->rescaling, *bias = scale + w->bias_floats;
  plan->scale = scale;
  plan->bias = bias;
  plan->residual_scale = plan->has_residual && !y_f32 ? (float)((double)d->residual_scale / y_scale) : 1.0f;
  for (size_t at = 0; at < w->bias_floats; ++at) {
    scale[at] = (float)((double)d->x_scale * (double)w->scales[at] / y_scale);
    bias[at] = (float)((double)w->bias[at] / y_scale);
    const double most = most_sum * (double)scale[at] + fabs((double)bias[at]) +
                        (plan->has_residual ? CARDINAL_INT8_MOST * (double)plan->residual_scale : 0.0);
    if (!(scale[at] >= 0x1p-126f) || !(most < (y_f32 ? (double)FLT_MAX : 0x1p31)))
      return cardinal_fail(error, CARDINAL_OVERFLOW,
                           "%s: the scales don't go together: in lane %zu of output block %zu a step of a sum is %g of "
                           "y's, and the largest possible result %g; expected at least %g and less than %g",
                           function, at % CARDINAL_BLOCK, at / CARDINAL_BLOCK, (double)scale[at], most, 0x1p-126,
                           y_f32 ? (double)FLT_MAX : 0x1p31);
  }
  return CARDINAL_OK;
}

/* What a plan whose weights are packed does with its sums. */
static cardinal_status plan_epilogue(const char *function, const cardinal_conv_desc *d, cardinal_plan *plan,
                                     cardinal_error *error) {
  plan->bias = plan->packed->bias;
  if (plan->shape.format != CARDINAL_FORMAT_INT8)
    return CARDINAL_OK;
  plan->rescaling_bytes = 2 * plan->packed->bias_floats * sizeof(float);
  plan->rescaling = cardinal_context_allocate(plan->context, plan->rescaling_bytes);
  if (!plan->rescaling)
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu bytes of scales", function,
                         plan->rescaling_bytes);
  return rescale(function, d, plan, error);
}

/* The errors that a plan of int8 has whichever kernel serves it: the library packs the weights, and lets them go. */
static cardinal_status check_rescaling(const char *function, const cardinal_conv_desc *d,
                                       const cardinal_plain_weights *plain, const cardinal_plan *plan,
                                       cardinal_error *error) {
  cardinal_plan checked = *plan;
  cardinal_status status = cardinal_conv_weights_make(function, plan->context, d, plain, &checked.packed, error);
  if (!status)
    status = plan_epilogue(function, d, &checked, error);
  if (checked.rescaling)
    cardinal_context_free(plan->context, checked.rescaling, checked.rescaling_bytes);
  cardinal_conv_weights_destroy(checked.packed);
  return status;
}

/* The weights of a plan: packed as its kernel reads them. */
static cardinal_status plan_weights(const char *function, const cardinal_conv_desc *d, const float *weights,
                                    const float *bias, cardinal_plan *plan, cardinal_error *error) {
  const cardinal_plain_weights plain = {.floats = weights, .bias = bias};
  if (!cardinal_plan_is_foreign(plan)) {
    const cardinal_status status = cardinal_conv_weights_make(function, plan->context, d, &plain, &plan->packed, error);
    return status ? status : plan_epilogue(function, d, plan, error);
  }
  if (!bias != !d->has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: has_bias is %d, but bias is %s", function, d->has_bias,
                         bias ? "given" : "NULL");
  if (plan->shape.format == CARDINAL_FORMAT_INT8) {
    const cardinal_status status = check_rescaling(function, d, &plain, plan, error);
    if (status)
      return status;
  }
  if (!cardinal_foreign_pack(plan->context, plan->foreign, weights, bias))
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu bytes of packed weights", function,
                         plan->foreign->packed_bytes);
  return CARDINAL_OK;
}

/* Lets go of what a plan holds. */
static void plan_release(const cardinal_plan *plan) {
  if (plan->rescaling)
    cardinal_context_free(plan->context, plan->rescaling, plan->rescaling_bytes);
  cardinal_conv_weights_destroy(plan->packed);
  cardinal_foreign_destroy(plan->context, plan->foreign);
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
  cardinal_status status = plan_conv(function, context, desc, NULL, &d, &p, error);
  if (status)
    return status;
  status = plan_weights(function, &d, weights, bias, &p, error);
  if (!status)
    status = plan_keep(function, &p, plan, error);
  if (status)
    plan_release(&p);
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
  cardinal_status status =
      plan_conv(function, context, desc, "it can't read weights that it didn't pack", &d, &p, error);
  if (status)
    return status;
  const cardinal_shape *s = &p.shape, *packed = &weights->shape;
  if (s->groups != packed->groups || s->in_per_group != packed->in_per_group ||
      s->out_per_group != packed->out_per_group || s->window.kernel_h != packed->window.kernel_h ||
      s->window.kernel_w != packed->window.kernel_w || s->format != packed->format ||
      (d.has_bias != 0) != weights->has_bias)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: the weights are %s of %zu channels in, %zu out, %zu groups, %zux%zu taps, %s bias; the "
                         "descriptor says %s, %zu, %zu, %zu, %zux%zu, %s bias",
                         function, cardinal_format_name(packed->format), packed->groups * packed->in_per_group,
                         packed->groups * packed->out_per_group, packed->groups, packed->window.kernel_h,
                         packed->window.kernel_w, weights->has_bias ? "with" : "without",
                         cardinal_format_name(s->format), s->groups * s->in_per_group, s->groups * s->out_per_group,
                         s->groups, s->window.kernel_h, s->window.kernel_w, d.has_bias ? "with" : "without");
  p.packed = cardinal_conv_weights_hold(weights);
  status = plan_epilogue(function, &d, &p, error);
  if (!status)
    status = plan_keep(function, &p, plan, error);
  if (status)
    plan_release(&p);
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
  cardinal_foreign *foreign;
  if (!cardinal_foreign_select(context, NULL, &d, (int64_t)shape.out_height, (int64_t)shape.out_width, NULL, &foreign))
    return cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a plan", function);
  cardinal_plan p;
  const plan_formats formats = {.x = shape.format, .y = shape.format};
  plan_start(&p, context, &shape, d.x_layout, d.y_layout, &formats, foreign);
  if (shape.format == CARDINAL_FORMAT_INT8 && shape.operation == CARDINAL_OPERATION_AVERAGE_POOL)
    p.pool_scale = (float)((double)d.x_scale / ((double)d.y_scale * (double)(shape.in_height * shape.in_width)));
  status = tensor_sizes(function, &p, error);
  if (!status && cardinal_plan_is_foreign(&p) && !cardinal_foreign_pack(context, foreign, NULL, NULL))
    status = cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a plan", function);
  if (!status)
    status = plan_keep(function, &p, plan, error);
  if (status)
    plan_release(&p);
  return status;
}

void cardinal_plan_destroy(cardinal_plan *plan) {
  if (!plan)
    return;
  plan_release(plan);
  cardinal_context_free(plan->context, plan, sizeof *plan);
}

size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan) {
  return plan->scratch_bytes;
}

const char *cardinal_plan_kernel(const cardinal_plan *plan) {
  return cardinal_plan_is_foreign(plan) ? plan->foreign->kernel->name : plan->kernel->name;
}

size_t cardinal_plan_weight_bytes(const cardinal_plan *plan) {
  if (cardinal_plan_is_foreign(plan))
    return plan->foreign->packed_bytes;
  return plan->packed ? cardinal_conv_weights_bytes(plan->packed) : 0;
}

const char *cardinal_plan_basis(const cardinal_plan *plan) {
  return cardinal_plan_is_foreign(plan) ? "plug-in" : cardinal_basis_name(plan->basis);
}

/* Why a kernel that would serve didn't get to. */
static const char *passed_over(const cardinal_plan *plan) {
  if (cardinal_plan_is_foreign(plan) || plan->basis == CARDINAL_BASIS_ORDER)
    return "a kernel before it serves";
  return plan->basis == CARDINAL_BASIS_MEASURED ? "another was faster on this machine: measured here"
                                                : "another is faster on this family of CPUs: built-in";
}

void cardinal_plan_candidates(const cardinal_plan *plan, cardinal_candidate_visit visit, void *user) {
  if (plan->foreign)
    cardinal_foreign_candidates(plan->context, plan->foreign, visit, user);
  cardinal_shape shape = plan->shape;
  shape.x_layout = plan->x_layout;
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (kernel->operation != shape.operation)
      continue;
    const char *reason = cardinal_kernel_declines(kernel, &plan->context->selector, &shape);
    visit(user, kernel->name, kernel == plan->kernel ? NULL : reason ? reason : passed_over(plan));
  }
}
