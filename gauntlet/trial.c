/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/trial.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/format.h"

enum {
  RUNS_A_THREAD = 4,
  LINE_FLOATS = 16 /* packed weights and scratch are aligned to 64 bytes */
};

/* ---- in the child --------------------------------------------------------------------------------------------- */

/* What the child works with. */
typedef struct child {
  const gauntlet_trial *trial;
  gauntlet_remains *remains;
  const cardinal_plugin_kernel *kernel;
  cardinal_plugin_problem problem;
  size_t scratch_bytes;
} child;

/* Places memory that must be aligned to a cache line: at the end it fills whole lines. */
static void *place_aligned(gauntlet_memory *memory, size_t bytes, gauntlet_placement placement) {
  const size_t floats = (bytes + LINE_FLOATS * sizeof(float) - 1) / (LINE_FLOATS * sizeof(float)) * LINE_FLOATS;
  gauntlet_memory_init(memory, gauntlet_memory_capacity(floats));
  return gauntlet_memory_place(memory, floats, placement == GAUNTLET_AT_END ? GAUNTLET_AT_END : GAUNTLET_AT_START);
}

static void pack(child *c) {
  gauntlet_traces *traces = c->remains->traces;
  const cardinal_plugin_kernel *kernel = c->kernel;
  traces->stage = GAUNTLET_PACKING;
  c->scratch_bytes = kernel->scratch_bytes ? kernel->scratch_bytes(kernel, &c->problem) : 0;
  place_aligned(&traces->scratch, c->scratch_bytes, c->trial->placement);
  if (!kernel->pack)
    return;
  const bool has_bias = c->problem.conv && c->problem.conv->has_bias;
  const size_t bytes = kernel->packed_bytes(kernel, &c->problem);
  for (size_t set = 0; set < GAUNTLET_SETS; ++set) {
    place_aligned(&traces->packed[set], bytes, c->trial->placement);
    kernel->pack(kernel, &c->problem, c->remains->weights[set].data, has_bias ? c->remains->bias[set].data : NULL,
                 traces->packed[set].data);
    /* Weights needn't live longer, and packed ones mustn't change. */
    gauntlet_memory_protect(&c->remains->weights[set], true);
    memset(c->remains->weights[set].data, 0xFF, c->remains->weights[set].bytes);
    gauntlet_memory_protect(&traces->packed[set], false);
  }
}

/* Runs the rows of one image that `args` names, with registers watched where there is a report. */
static void run_rows(const child *c, const cardinal_plugin_args *args, gauntlet_abi_report *report) {
  if (!report) {
    c->kernel->run(c->kernel, args);
    return;
  }
  gauntlet_abi_report once;
  gauntlet_abi_function *run;
  memcpy(&run, &c->kernel->run, sizeof run);
  gauntlet_abi_call(run, c->kernel, args, &once);
  /* Of several calls the report tells of the first that kept less than it must. */
  char what[128];
  if (gauntlet_abi_kept_registers(report, what, sizeof what) && gauntlet_abi_kept_modes(report, what, sizeof what))
    *report = once;
}

/* Runs all images; `cut` gives the rows in two calls. */
static void run_images(const child *c, const void *packed, const char *x, const char *residual, char *y, void *scratch,
                       bool cut, gauntlet_abi_report *report) {
  const data_problem *p = &c->remains->operands[0].data;
  const gauntlet_declaration *d = c->trial->declaration;
  const size_t batch = p->shape.batch;
  const size_t x_image =
      gauntlet_tensor_floats(d->x_layout, 1, p->shape.in_channels, p->shape.in_height * p->shape.in_width) *
      cardinal_format_bytes(gauntlet_x_format(c->trial->problem));
  const size_t y_image =
      gauntlet_tensor_floats(d->y_layout, 1, p->shape.out_channels, p->shape.out_height * p->shape.out_width) *
      cardinal_format_bytes(gauntlet_y_format(c->trial->problem));
  const int64_t rows = c->problem.out_height;
  const int64_t middle = cut && c->kernel->flags & CARDINAL_PLUGIN_ROWS ? rows / 2 : 0;
  for (size_t image = 0; image < batch; ++image) {
    cardinal_plugin_args args = {.struct_size = sizeof args,
                                 .problem = &c->problem,
                                 .packed = packed,
                                 .x = (const void *)(x + image * x_image),
                                 .residual = residual ? (const void *)(residual + image * y_image) : NULL,
                                 .y = (void *)(y + image * y_image),
                                 .scratch = scratch,
                                 .image = (int64_t)image,
                                 .row_begin = middle,
                                 .row_end = rows};
    run_rows(c, &args, report);
    if (middle > 0) {
      args.row_begin = 0;
      args.row_end = middle;
      run_rows(c, &args, report);
    }
  }
}

static void run_call(const child *c, gauntlet_call call) {
  gauntlet_remains *r = c->remains;
  const size_t set = gauntlet_set_of(call);
  r->traces->stage = GAUNTLET_RUNNING;
  r->traces->call = call;
  const void *residual = NULL;
  if (r->operands[set].data.residual)
    residual = c->trial->residual_in_place ? r->y[call].data : r->residual[call].data;
  run_images(c, r->traces->packed[set].data, r->x[set].data, residual, r->y[call].data, r->traces->scratch.data,
             call == GAUNTLET_REPEATED, &r->traces->abi[call]);
}

/* A thread's own output and scratch. */
typedef struct racer {
  const child *child;
  gauntlet_call call; /* whose work it does */
  void *y;
  void *scratch;
  pthread_barrier_t *start; /* of each run, so that they overlap */
  size_t races;
} racer;

static void *race(void *argument) {
  racer *self = argument;
  const child *c = self->child;
  gauntlet_remains *r = c->remains;
  const size_t set = gauntlet_set_of(self->call);
  const gauntlet_memory *y = &r->y[self->call];
  for (int run = 0; run < RUNS_A_THREAD; ++run) {
    memset(self->y, 0xFF, y->bytes);
    pthread_barrier_wait(self->start);
    run_images(c, r->traces->packed[set].data, r->x[set].data,
               r->operands[set].data.residual ? r->residual[self->call].data : NULL, self->y, self->scratch, false,
               NULL);
    self->races += memcmp(self->y, y->data, y->bytes) != 0;
  }
  return NULL;
}

static void run_threads(const child *c) {
  gauntlet_traces *traces = c->remains->traces;
  traces->stage = GAUNTLET_RUNNING_THREADS;
  racer racers[GAUNTLET_SETS];
  pthread_t other;
  pthread_barrier_t start;
  bool ready = pthread_barrier_init(&start, NULL, GAUNTLET_SETS) == 0;
  for (size_t set = 0; set < GAUNTLET_SETS; ++set) {
    racers[set] = (racer){.child = c, .call = set ? GAUNTLET_SECOND : GAUNTLET_FIRST, .start = &start};
    racers[set].y = malloc(c->remains->y[0].bytes);
    racers[set].scratch = aligned_alloc(64, (c->scratch_bytes + 127) / 64 * 64);
    ready = ready && racers[set].y && racers[set].scratch;
  }
  if (ready && pthread_create(&other, NULL, race, &racers[1]) == 0) {
    race(&racers[0]);
    pthread_join(other, NULL);
    traces->races = racers[0].races + racers[1].races;
  }
  for (size_t set = 0; set < GAUNTLET_SETS; ++set) {
    free(racers[set].y);
    free(racers[set].scratch);
  }
}

static void be_child(void *argument) {
  child *c = argument;
  gauntlet_traces *traces = c->remains->traces;
  traces->stage = GAUNTLET_LOADING;
  const cardinal_plugin *plugin = gauntlet_source_open(&c->trial->source, traces->refused, sizeof traces->refused);
  if (!plugin)
    return;
  if (c->trial->kernel >= plugin->kernel_count) {
    snprintf(traces->refused, sizeof traces->refused, "has fewer kernels than before");
    return;
  }
  c->kernel = plugin->kernels[c->trial->kernel];
  c->problem = gauntlet_plugin_problem(c->trial->problem);
  pack(c);
  for (gauntlet_call call = GAUNTLET_FIRST; call < GAUNTLET_CALLS; ++call)
    run_call(c, call);
  traces->packed_intact = true;
  for (size_t set = 0; set < GAUNTLET_SETS; ++set)
    if (traces->packed[set].begin)
      traces->packed_intact = traces->packed_intact && gauntlet_memory_intact(&traces->packed[set]);
  traces->scratch_intact = gauntlet_memory_intact(&traces->scratch);
  if (c->trial->threads)
    run_threads(c);
}

/* ---- in the parent -------------------------------------------------------------------------------------------- */

static bool place(gauntlet_memory *memory, cardinal_format format, size_t count, gauntlet_placement placement) {
  if (!gauntlet_memory_init_shared(memory, gauntlet_memory_capacity(count)))
    return false;
  gauntlet_memory_place_numbers(memory, format, count, placement);
  return true;
}

static bool place_copy(gauntlet_memory *memory, const float *from, size_t floats, gauntlet_placement placement) {
  if (!place(memory, CARDINAL_FORMAT_F32, floats, placement))
    return false;
  memcpy(memory->data, from, floats * sizeof(float));
  gauntlet_memory_protect(memory, false);
  return true;
}

static bool lay_set(const gauntlet_trial *trial, gauntlet_remains *r, size_t set) {
  const data_problem *p = &r->operands[set].data;
  const cardinal_reference_shape *s = &p->shape;
  const size_t pixels = s->in_height * s->in_width;
  const cardinal_layout layout = trial->declaration->x_layout;
  const cardinal_format format = gauntlet_x_format(trial->problem);
  if (!place(&r->x[set], format, gauntlet_tensor_floats(layout, s->batch, s->in_channels, pixels), trial->placement))
    return false;
  gauntlet_tensor_spread_numbers(layout, format, r->x[set].data, r->operands[set].x, s->batch, s->in_channels, pixels);
  gauntlet_memory_protect(&r->x[set], false);
  return !p->weights || (place_copy(&r->weights[set], r->operands[set].weights, p->weight_floats, trial->placement) &&
                         place_copy(&r->bias[set], r->operands[set].bias, p->bias_floats, trial->placement));
}

static bool lay_call(const gauntlet_trial *trial, gauntlet_remains *r, gauntlet_call call) {
  const data_problem *p = &r->operands[gauntlet_set_of(call)].data;
  const cardinal_reference_shape *s = &p->shape;
  const size_t pixels = s->out_height * s->out_width;
  const cardinal_layout layout = trial->declaration->y_layout;
  const cardinal_format format = gauntlet_y_format(trial->problem);
  const size_t count = gauntlet_tensor_floats(layout, s->batch, s->out_channels, pixels);
  if (!place(&r->y[call], format, count, trial->placement))
    return false;
  if (!p->residual)
    return true;
  if (!trial->residual_in_place && !place(&r->residual[call], format, count, trial->placement))
    return false;
  gauntlet_memory *residual = trial->residual_in_place ? &r->y[call] : &r->residual[call];
  gauntlet_tensor_spread_numbers(layout, format, residual->data, p->residual, s->batch, s->out_channels, pixels);
  if (!trial->residual_in_place)
    gauntlet_memory_protect(residual, false);
  return true;
}

void gauntlet_trial_run(const gauntlet_trial *trial, gauntlet_remains *remains) {
  *remains = (gauntlet_remains){.end = GAUNTLET_NO_CHILD};
  bool laid = true;
  for (size_t set = 0; set < GAUNTLET_SETS; ++set)
    gauntlet_operands_make(&remains->operands[set], trial->problem, trial->kind, trial->seed + set);
  if (trial->given)
    gauntlet_operands_copy(&remains->operands[0], &trial->given->operands);
  for (size_t set = 0; laid && set < GAUNTLET_SETS; ++set)
    laid = lay_set(trial, remains, set);
  for (gauntlet_call call = GAUNTLET_FIRST; laid && call < GAUNTLET_CALLS; ++call)
    laid = lay_call(trial, remains, call);
  remains->traces = gauntlet_shared(sizeof *remains->traces);
  if (!laid || !remains->traces)
    return;
  child c = {.trial = trial, .remains = remains};
  remains->end = gauntlet_child_run(be_child, &c, trial->seconds, &remains->traces->crash, &remains->status);
}

void gauntlet_remains_free(gauntlet_remains *remains) {
  for (size_t set = 0; set < GAUNTLET_SETS; ++set) {
    gauntlet_operands_free(&remains->operands[set]);
    gauntlet_memory_free(&remains->x[set]);
    gauntlet_memory_free(&remains->weights[set]);
    gauntlet_memory_free(&remains->bias[set]);
  }
  for (gauntlet_call call = GAUNTLET_FIRST; call < GAUNTLET_CALLS; ++call) {
    gauntlet_memory_free(&remains->residual[call]);
    gauntlet_memory_free(&remains->y[call]);
  }
  gauntlet_unshare(remains->traces, sizeof *remains->traces);
}
