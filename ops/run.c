/* SPDX-License-Identifier: BSD-3-Clause */
/* Running a plan: up to four phases (convert x, convert the residual, compute, convert y), each cut into items
 * that workers claim. */
#include <stdatomic.h>
#include <string.h>

#include "ops/error.h"
#include "kernels/fpenv.h"
#include "ops/plan.h"
#include "ops/sizes.h"
#include "ops/tensor.h"

/* Lies at the start of a run's scratch, so that runs share nothing. */
typedef struct phase {
  atomic_size_t next;
  size_t items;
  cardinal_item *item;
  const cardinal_work *work;
  char *worker_scratch;
  size_t worker_bytes;
} phase;

_Static_assert(sizeof(phase) <= CARDINAL_PHASE_BYTES, "the scratch layout leaves room for a phase");

/* One of the context's tasks. It claims items until none is left, so it is right whichever tasks run, in any order. */
static void worker(void *argument, size_t index) {
  phase *p = argument;
  const cardinal_plan *plan = p->work->plan;
  const bool flush = plan->context->flags & CARDINAL_CONTEXT_FLUSH_DENORMALS ||
                     (plan->shape.format == CARDINAL_FORMAT_BF16 && plan->shape.operation == CARDINAL_OPERATION_CONV);
  const cardinal_fp_modes before = cardinal_fp_enter(flush);
  char *scratch = p->worker_scratch + index * p->worker_bytes;
  memset(scratch, 0, cardinal_min(p->worker_bytes, CARDINAL_ALIGNMENT));
  for (;;) {
    const size_t item = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
    if (item >= p->items)
      break;
    p->item(p->work, item, scratch);
  }
  cardinal_fp_leave(before);
}

static void run_phase(const cardinal_work *work, char *scratch, cardinal_item *item, size_t items) {
  const cardinal_plan *plan = work->plan;
  phase *p = (phase *)(void *)scratch;
  atomic_init(&p->next, 0);
  p->items = items;
  p->item = item;
  p->work = work;
  p->worker_scratch = scratch + plan->workers;
  p->worker_bytes = item == plan->item ? plan->worker_bytes : 0; /* conversions need none */
  const size_t tasks = cardinal_min(items, plan->context->threads);
  if (tasks == 1 || work->alone) {
    worker(p, 0);
    return;
  }
  cardinal_context_run_tasks(plan->context, tasks, worker, p);
}

static void convert_item(const cardinal_work *work, size_t item, const cardinal_transfer *transfer,
                         cardinal_layout from_layout, cardinal_layout to_layout, size_t channels, size_t pixels) {
  const size_t blocks = cardinal_blocks(channels);
  const size_t image = item / blocks;
  const size_t plain = channels * pixels, blocked = blocks * CARDINAL_BLOCK * pixels;
  const size_t from_image = from_layout == CARDINAL_LAYOUT_BLOCKED16 ? blocked : plain;
  const size_t to_image = to_layout == CARDINAL_LAYOUT_BLOCKED16 ? blocked : plain;
  cardinal_tensor_convert_block(
      transfer, from_layout, cardinal_at(work->convert_from, transfer->from, image * from_image), to_layout,
      cardinal_place(work->convert_to, transfer->to, image * to_image), channels, pixels, item % blocks);
}

static size_t in_pixels(const cardinal_plan *plan) {
  return plan->shape.in_height * plan->shape.in_width;
}

static size_t out_pixels(const cardinal_plan *plan) {
  return plan->shape.out_height * plan->shape.out_width;
}

static void convert_x_item(const cardinal_work *work, size_t item, void *scratch) {
  (void)scratch;
  const cardinal_plan *p = work->plan;
  convert_item(work, item, &p->take_x, p->x_layout, p->shape.x_layout, p->shape.groups * p->shape.in_per_group,
               in_pixels(p));
}

static void convert_residual_item(const cardinal_work *work, size_t item, void *scratch) {
  (void)scratch;
  const cardinal_plan *p = work->plan;
  convert_item(work, item, &p->move_y, p->y_layout, p->kernel_y_layout, p->out_channels, out_pixels(p));
}

static void convert_y_item(const cardinal_work *work, size_t item, void *scratch) {
  (void)scratch;
  const cardinal_plan *p = work->plan;
  convert_item(work, item, &p->move_y, p->kernel_y_layout, p->y_layout, p->out_channels, out_pixels(p));
}

static cardinal_status check_run(const cardinal_plan *plan, const void *x, const void *residual, const void *y,
                                 const void *scratch, cardinal_error *error) {
  if (!x || !y || (plan->scratch_bytes && !scratch))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_plan_run: '%s' is NULL",
                         !x   ? "x"
                         : !y ? "y"
                              : "scratch");
  if (!residual != !plan->has_residual)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_plan_run: the plan was made %s a residual, but '%s'",
                         plan->has_residual ? "with" : "without", residual ? "residual is given" : "residual is NULL");
  const size_t x_bytes = plan->x_numbers * cardinal_format_bytes(plan->x_format);
  const size_t y_bytes = plan->y_numbers * cardinal_format_bytes(plan->y_format);
  if (cardinal_overlap(x, x_bytes, y, y_bytes))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_plan_run: x and y overlap");
  if (residual && residual != y && cardinal_overlap(residual, y_bytes, y, y_bytes))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "cardinal_plan_run: residual and y overlap without being the same");
  const size_t scratch_bytes = plan->scratch_bytes;
  if (scratch_bytes &&
      (cardinal_overlap(scratch, scratch_bytes, x, x_bytes) || cardinal_overlap(scratch, scratch_bytes, y, y_bytes) ||
       (residual && cardinal_overlap(scratch, scratch_bytes, residual, y_bytes))))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_plan_run: scratch overlaps a tensor");
  return CARDINAL_OK;
}

cardinal_status cardinal_plan_run(const cardinal_plan *plan, const void *x, const void *residual, void *y,
                                  void *scratch, cardinal_error *error) {
  if (!plan)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_plan_run: 'plan' is NULL");
  const cardinal_status status = check_run(plan, x, residual, y, scratch, error);
  if (status)
    return status;

  char *base = cardinal_align(scratch);
  const size_t batch = plan->shape.batch;
  const size_t x_blocks = batch * cardinal_blocks(plan->shape.groups * plan->shape.in_per_group);
  const size_t y_blocks = batch * cardinal_blocks(plan->out_channels);
  /* Another run may have the context's threads; then this one does its work on the calling thread. */
  const bool held = cardinal_context_hold_threads(plan->context);
  cardinal_work work = {.plan = plan, .x = x, .residual = residual, .y = y, .alone = !held};

  if (plan->converts_x) {
    work.convert_from = x;
    work.convert_to = base + plan->x_copy;
    run_phase(&work, base, convert_x_item, x_blocks);
    work.x = work.convert_to;
  }
  if (plan->converts_y) {
    work.y = base + plan->y_copy;
    if (residual) {
      work.convert_from = residual;
      work.convert_to = work.y;
      run_phase(&work, base, convert_residual_item, y_blocks);
      work.residual = work.y;
    }
  }
  run_phase(&work, base, plan->item, plan->items);
  if (plan->converts_y) {
    work.convert_from = work.y;
    work.convert_to = y;
    run_phase(&work, base, convert_y_item, y_blocks);
  }
  if (held)
    cardinal_context_release_threads(plan->context);
  return CARDINAL_OK;
}
