/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/tune_measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/random.h"
#include "kernels/format.h"

enum {
  TURNS = 4 /* each candidate's rounds come in so many parts, so that none has a better time of day */
};

#define GIVE_UP 3.0    /* times the first run of the fastest so far */
#define ADVANTAGE 0.02 /* less may be chance */

/* The data of a problem, and one candidate's plan on them. */
typedef struct work {
  void *x, *residual, *y, *expected; /* each in its format */
  float *weights, *bias;
  size_t y_bytes;
  cardinal_conv_weights *packed;
  cardinal_plan *plan;
  void *scratch;
  cardinal_status status;
  cardinal_error error;
} work;

static cardinal_status no_memory(cardinal_error *error) {
  snprintf(error->message, sizeof error->message, "no memory for the data of a convolution");
  return error->status = CARDINAL_OUT_OF_MEMORY;
}

static float *random_floats(gauntlet_random *random, size_t count) {
  float *values = malloc((count ? count : 1) * sizeof *values);
  for (size_t i = 0; values && i < count; i++)
    values[i] = gauntlet_uniform(random);
  return values;
}

/* Numbers of a format, as a layer's inputs are: of int8 from 0 on. */
static void *random_numbers(gauntlet_random *random, cardinal_format format, size_t count) {
  void *numbers = malloc((count ? count : 1) * cardinal_format_bytes(format));
  for (size_t i = 0; numbers && i < count; i++) {
    void *number = cardinal_place(numbers, format, i);
    const float value = gauntlet_uniform(random);
    if (format == CARDINAL_FORMAT_F32)
      *(float *)number = value;
    else if (format == CARDINAL_FORMAT_BF16)
      *(cardinal_bf16 *)number = cardinal_bf16_of_f32(value);
    else
      *(int8_t *)number = cardinal_int8_of_f32(CARDINAL_INT8_MOST * fabsf(value));
  }
  return numbers;
}

static cardinal_status prepare(const cardinal_context *context, const tune_problem *problem, work *w,
                               cardinal_error *error) {
  const cardinal_conv_desc *d = &problem->conv;
  const cardinal_shape *s = &problem->shape;
  gauntlet_random random = {.state = 1};

  size_t x_numbers, y_numbers;
  *w = (work){.status = CARDINAL_OK};
  cardinal_status status =
      cardinal_tensor_floats(d->x_layout, d->batch, d->in_channels, d->in_height, d->in_width, &x_numbers);
  if (!status)
    status = cardinal_tensor_floats(d->y_layout, d->batch, d->out_channels, (int64_t)s->out_height,
                                    (int64_t)s->out_width, &y_numbers);
  if (status)
    return no_memory(error);
  w->y_bytes = y_numbers * cardinal_format_bytes(d->y_format);
  w->x = random_numbers(&random, d->x_format, x_numbers);
  w->residual = random_numbers(&random, d->y_format, y_numbers);
  w->weights =
      random_floats(&random, (size_t)d->out_channels * s->in_per_group * s->window.kernel_h * s->window.kernel_w);
  w->bias = random_floats(&random, (size_t)d->out_channels);
  w->y = malloc(w->y_bytes);
  w->expected = malloc(w->y_bytes);
  if (!w->x || !w->residual || !w->weights || !w->bias || !w->y || !w->expected)
    return no_memory(error);
  return cardinal_conv_weights_create(context, d, w->weights, d->has_bias ? w->bias : NULL, &w->packed, error);
}

static void unprepare(work *w) {
  cardinal_conv_weights_destroy(w->packed);
  free(w->x);
  free(w->residual);
  free(w->y);
  free(w->weights);
  free(w->bias);
  free(w->expected);
}

/* The plan of one kernel. */
static cardinal_status take_up(cardinal_context *context, const tune_problem *problem, const cardinal_kernel *kernel,
                               work *w, cardinal_error *error) {
  context->selector.only = kernel;
  const cardinal_status status = cardinal_conv_create_packed(context, &problem->conv, w->packed, &w->plan, error);
  context->selector.only = NULL;
  if (status)
    return status;
  w->scratch = malloc(cardinal_plan_scratch_bytes(w->plan) + 1);
  if (w->scratch)
    return CARDINAL_OK;
  cardinal_plan_destroy(w->plan);
  return no_memory(error);
}

static void lay_down(work *w) {
  cardinal_plan_destroy(w->plan);
  free(w->scratch);
}

static void run_once(void *user, cardinal_stopwatch *watch) {
  work *w = user;
  (void)watch;
  const cardinal_status status = cardinal_plan_run(w->plan, w->x, w->residual, w->y, w->scratch, &w->error);
  if (status)
    w->status = status;
}

/* The first run of a candidate: how long it takes, and whether it gives the bits of the first one. */
static cardinal_status try_out(cardinal_context *context, tune_problem *problem, tune_candidate *candidate, work *w,
                               cardinal_error *error) {
  const cardinal_status status = take_up(context, problem, candidate->kernel, w, error);
  if (status)
    return status;
  const double start = cardinal_clock();
  run_once(w, NULL);
  candidate->first_seconds = cardinal_clock() - start;
  lay_down(w);
  if (w->status) {
    *error = w->error;
    return w->status;
  }
  if (candidate == problem->candidates)
    memcpy(w->expected, w->y, w->y_bytes);
  if (memcmp(w->expected, w->y, w->y_bytes) == 0)
    return CARDINAL_OK;
  snprintf(error->message, sizeof error->message, "%s and %s give different results: something is broken here",
           problem->candidates[0].kernel->name, candidate->kernel->name);
  return error->status = CARDINAL_UNSUPPORTED;
}

/* Those that serve, what would be chosen otherwise first. Portable kernels, which take hundreds of times as long, only
 * where there is nothing else. */
static void find_candidates(const cardinal_context *context, tune_problem *problem) {
  problem->count = 1;
  problem->candidates[0] = (tune_candidate){.kernel = cardinal_kernel_select(&context->selector, &problem->shape)};
  const cardinal_kernel *first = problem->candidates[0].kernel;
  for (size_t i = 0; i < cardinal_kernel_count && problem->count < TUNE_CANDIDATES; i++)
    if (&cardinal_kernels[i] != first &&
        (cardinal_kernels[i].isa != CARDINAL_ISA_GENERIC || first->isa == CARDINAL_ISA_GENERIC) &&
        !cardinal_kernel_declines(&cardinal_kernels[i], &context->selector, &problem->shape))
      problem->candidates[problem->count++] = (tune_candidate){.kernel = &cardinal_kernels[i]};
}

static cardinal_status try_all(cardinal_context *context, tune_problem *problem, work *w, cardinal_error *error) {
  double least = 0;
  for (size_t i = 0; i < problem->count; i++) {
    tune_candidate *candidate = &problem->candidates[i];
    const cardinal_status status = try_out(context, problem, candidate, w, error);
    if (status)
      return status;
    least = i == 0 || candidate->first_seconds < least ? candidate->first_seconds : least;
  }
  for (size_t i = 1; i < problem->count; i++)
    problem->candidates[i].given_up = problem->candidates[i].first_seconds > GIVE_UP * least;
  return CARDINAL_OK;
}

static cardinal_status measure_by_turns(cardinal_context *context, tune_yardsticks *yardsticks, double seconds,
                                        tune_problem *problem, work *w, cardinal_rounds *rounds,
                                        cardinal_error *error) {
  cardinal_yardstick *loops = &yardsticks->of[CARDINAL_FORMAT_F32], *own = &yardsticks->of[problem->shape.format];
  const cardinal_patience patience = {
      .min_rounds = 2, .quiet_rounds = 4, .max_rounds = 1000, .max_seconds = seconds / TURNS};
  for (size_t turn = 0; turn < TURNS; turn++)
    for (size_t i = 0; i < problem->count; i++) {
      const tune_candidate *candidate = &problem->candidates[i];
      if (candidate->given_up)
        continue;
      const cardinal_status status = take_up(context, problem, candidate->kernel, w, error);
      if (status)
        return status;
      run_once(w, NULL); /* to warm up */
      const bool measured = cardinal_measure(loops, run_once, w, candidate->first_seconds, &patience, &rounds[i]);
      if (own != loops)
        cardinal_yardstick_fma(own);
      lay_down(w);
      if (!measured)
        return no_memory(error);
    }
  const cardinal_peaks peaks = {.loops = cardinal_yardstick_peak(loops), .against = cardinal_yardstick_peak(own)};
  const cardinal_shape *s = &problem->shape;
  const double flops = 2.0 * (double)s->batch * (double)s->out_height * (double)s->out_width * (double)s->groups *
                       (double)s->out_per_group * (double)s->in_per_group * (double)s->window.kernel_h *
                       (double)s->window.kernel_w;
  for (size_t i = 0; i < problem->count; i++)
    if (!problem->candidates[i].given_up &&
        !cardinal_measure_summarise(rounds[i].round, rounds[i].count, peaks, flops, &problem->candidates[i].measured))
      return no_memory(error);
  return CARDINAL_OK;
}

static void choose(tune_problem *problem) {
  const cardinal_measurement *first = &problem->candidates[0].measured;
  problem->chosen = 0;
  for (size_t i = 1; i < problem->count; i++) {
    const cardinal_measurement *m = &problem->candidates[i].measured;
    if (!problem->candidates[i].given_up && cardinal_measurement_is_firm(first) && cardinal_measurement_is_firm(m) &&
        m->seconds < (1 - ADVANTAGE) * first->seconds &&
        m->seconds < problem->candidates[problem->chosen].measured.seconds)
      problem->chosen = i;
  }
}

bool tune_yardsticks_init(tune_yardsticks *yardsticks, const cardinal_context *context, format_set formats) {
  *yardsticks = (tune_yardsticks){.formats = 0};
  formats |= 1u << CARDINAL_FORMAT_F32;
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; format++) {
    if (!format_set_has(formats, (cardinal_format)format))
      continue;
    if (!cardinal_yardstick_init_format(&yardsticks->of[format], cardinal_context_isa(context), (cardinal_format)format,
                                        context)) {
      tune_yardsticks_free(yardsticks);
      return false;
    }
    yardsticks->formats |= 1u << format;
  }
  return true;
}

void tune_yardsticks_free(tune_yardsticks *yardsticks) {
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; format++)
    if (format_set_has(yardsticks->formats, (cardinal_format)format))
      cardinal_yardstick_free(&yardsticks->of[format]);
}

cardinal_status tune_measure(cardinal_context *context, tune_yardsticks *yardsticks, double seconds,
                             tune_problem *problem, cardinal_error *error) {
  work w;
  cardinal_rounds rounds[TUNE_CANDIDATES] = {{NULL, 0, 0}};
  find_candidates(context, problem);
  cardinal_status status = prepare(context, problem, &w, error);
  if (!problem->conv.has_residual) {
    free(w.residual);
    w.residual = NULL;
  }
  if (!status)
    status = try_all(context, problem, &w, error);
  if (!status)
    status = measure_by_turns(context, yardsticks, seconds, problem, &w, rounds, error);
  if (!status)
    choose(problem);
  for (size_t i = 0; i < problem->count; i++)
    free(rounds[i].round);
  unprepare(&w);
  return status;
}
