/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of plug-ins' kernels: items are [image][row chunk]. */
#include "ops/drivers.h"
#include "ops/sizes.h"

static void foreign_item(const cardinal_work *work, size_t item, void *scratch) {
  const cardinal_plan *plan = work->plan;
  const cardinal_foreign *foreign = plan->foreign;
  const size_t rows = plan->shape.out_height, row_chunk = plan->blocking.row_chunk;
  const size_t row_chunks = cardinal_ceil_div(rows, row_chunk);
  const size_t image = item / row_chunks, row_begin = item % row_chunks * row_chunk;
  const size_t y_offset = image * plan->y_image;
  foreign->kernel->run(foreign->kernel, &(cardinal_plugin_args){
                                            .struct_size = sizeof(cardinal_plugin_args),
                                            .problem = &foreign->problem,
                                            .packed = foreign->packed,
                                            .x = cardinal_at(work->x, plan->shape.format, image * plan->x_image),
                                            .residual = cardinal_plan_residual_at(plan, work->residual, y_offset),
                                            .y = cardinal_place(work->y, plan->y_format, y_offset),
                                            .scratch = scratch,
                                            .image = (int64_t)image,
                                            .row_begin = (int64_t)row_begin,
                                            .row_end = (int64_t)cardinal_min(row_begin + row_chunk, rows),
                                        });
}

void cardinal_drive_foreign(cardinal_plan *plan) {
  const cardinal_plugin_kernel *kernel = plan->foreign->kernel;
  const cardinal_shape *s = &plan->shape;
  /* Several items a thread, so that all finish at about the same time. */
  const size_t threads = plan->context->threads;
  const size_t wanted = threads > 1 && kernel->flags & CARDINAL_PLUGIN_ROWS ? 4 * threads : 1;
  plan->blocking.row_chunk = cardinal_ceil_div(s->out_height, cardinal_min(wanted, s->out_height));
  plan->item = foreign_item;
  plan->items = s->batch * cardinal_ceil_div(s->out_height, plan->blocking.row_chunk);
  const size_t bytes = kernel->scratch_bytes ? kernel->scratch_bytes(kernel, &plan->foreign->problem) : 0;
  plan->worker_bytes = bytes;
}
