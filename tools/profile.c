/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/shape.h"
#include "net/network.h"
#include "tools/command.h"

enum {
  LEAST_RUNS = 5,
  MOST_RUNS = 200
};

/* The network on its way through the rounds of a measurement. */
typedef struct {
  const cardinal_net *net;
  const float *images;
  float *logits;
  void *arena;
  double *seconds; /* [layer][round] */
  size_t round;
  double start; /* of the layer that runs */
  cardinal_stopwatch *watch;
  cardinal_status status;
  cardinal_error *error;
} subject;

static void before_layer(void *user, size_t layer) {
  subject *s = user;
  (void)layer;
  cardinal_stopwatch_check(s->watch);
  s->start = cardinal_clock();
}

static void after_layer(void *user, size_t layer) {
  subject *s = user;
  s->seconds[layer * MOST_RUNS + s->round] = cardinal_clock() - s->start;
}

static void run_once(void *user, cardinal_stopwatch *watch) {
  subject *s = user;
  s->watch = watch;
  const cardinal_status status =
      cardinal_net_run_profiled(s->net, s->images, NULL, s->logits, s->arena, before_layer, after_layer, s, s->error);
  if (status)
    s->status = status;
  tool_progress("measured run %zu of at least %d", ++s->round, LEAST_RUNS);
}

/* The median of a layer's times in the rounds that count: the quiet ones, or all if none was quiet. */
static double layer_median(const double *seconds, const cardinal_rounds *rounds, double peak, size_t quiet) {
  double counted[MOST_RUNS];
  size_t count = 0;
  for (size_t i = 0; i < rounds->count; i++)
    if (quiet == 0 || cardinal_round_is_quiet(&rounds->round[i], peak))
      counted[count++] = seconds[i];
  return cardinal_quantile(counted, count, 0.5);
}

static uint64_t sum_multiply_adds(const net_profile *result) {
  uint64_t sum = 0;
  for (size_t i = 0; i < result->layer_count; i++)
    sum += result->layers[i].layer.multiply_adds;
  return sum;
}

static cardinal_status no_memory(cardinal_error *error) {
  if (error)
    snprintf(error->message, sizeof error->message, "no memory for the times of the layers");
  return CARDINAL_OUT_OF_MEMORY;
}

/* Runs rounds for a second, and sums them up in `result`, which has its layers already. */
static cardinal_status measure(const cardinal_context *context, cardinal_yardstick *loops, subject *s,
                               cardinal_rounds *rounds, net_profile *result) {
  const cardinal_patience patience = {
      .min_rounds = LEAST_RUNS, .quiet_rounds = MOST_RUNS, .max_rounds = MOST_RUNS, .max_seconds = 1, .single = true};
  s->status = cardinal_net_run(s->net, s->images, NULL, s->logits, s->arena, s->error);
  if (s->status)
    return s->status;
  /* Portable code is held against the widest instructions, other formats than f32 against their own products: their
   * peak is the best of before and after the rounds, from which such instructions are kept away. */
  const cardinal_format format = cardinal_net_format(s->net);
  const bool portable = result->isa == CARDINAL_ISA_GENERIC, has_own = portable || format != CARDINAL_FORMAT_F32;
  cardinal_yardstick own = {.spans = NULL};
  if (has_own && !cardinal_yardstick_init_format(&own, portable ? cardinal_widest_isa() : result->isa, format, context))
    return no_memory(s->error);
  const bool measured = cardinal_measure(loops, run_once, s, 0, &patience, rounds);
  for (size_t i = 0; has_own && i < MOST_RUNS; i++)
    cardinal_yardstick_fma(&own);
  cardinal_peaks peaks = {.loops = cardinal_yardstick_peak(loops)};
  peaks.against = has_own ? cardinal_yardstick_peak(&own) : peaks.loops;
  cardinal_yardstick_free(&own);
  if (!measured)
    return no_memory(s->error);
  if (s->status)
    return s->status;
  if (!cardinal_measure_summarise(rounds->round, rounds->count, peaks, 2.0 * (double)sum_multiply_adds(result),
                                  &result->measured))
    return no_memory(s->error);
  for (size_t i = 0; i < result->layer_count; i++)
    result->layers[i].seconds =
        layer_median(s->seconds + i * MOST_RUNS, rounds, peaks.loops, result->measured.quiet_rounds);
  return CARDINAL_OK;
}

cardinal_status profile_measure(const cardinal_context *context, const cardinal_net *net, int64_t batch,
                                const float *images, float *logits, void *arena, net_profile *result,
                                cardinal_error *error) {
  const size_t layers = cardinal_net_layer_count(net);
  net_profile made = {
      .isa = cardinal_context_isa(context),
      .threads = cardinal_context_threads(context),
      .batch = batch,
      .layer_count = layers,
      .layers = calloc(layers, sizeof *made.layers),
  };
  subject s = {.net = net, .images = images, .logits = logits, .arena = arena, .error = error};
  s.seconds = calloc(layers * MOST_RUNS, sizeof *s.seconds);
  cardinal_rounds rounds = {.round = NULL};
  cardinal_yardstick loops;
  cardinal_status status = CARDINAL_OUT_OF_MEMORY;
  if (cardinal_yardstick_init(&loops, made.isa, context) && s.seconds && made.layers) {
    for (size_t i = 0; i < layers; i++) {
      made.layers[i].layer.struct_size = sizeof made.layers[i].layer;
      cardinal_net_layer_get(net, i, &made.layers[i].layer);
    }
    status = measure(context, &loops, &s, &rounds, &made);
  } else {
    no_memory(error);
  }
  if (status)
    free(made.layers);
  else
    *result = made;
  cardinal_yardstick_free(&loops);
  free(rounds.round);
  free(s.seconds);
  return status;
}

void profile_free(net_profile *result) {
  free(result->layers);
  *result = (net_profile){0};
}

/* Nominal rate: two operations a multiply-add, padding taps counted. */
static double gflops(uint64_t multiply_adds, double seconds) {
  return seconds > 0 ? 2e-9 * (double)multiply_adds / seconds : 0;
}

static double percent_of_peak(const net_profile *result, double rate) {
  return 100 * rate / result->measured.peak;
}

static void describe_shape(const cardinal_net_layer *layer, char *text, size_t size) {
  if (layer->is_conv)
    bench_shape_of_conv(layer->conv, text, size);
  else
    bench_shape_of_pool(layer->pool, text, size);
}

void profile_print(const net_profile *result) {
  printf("\n%-24s %-30s %-30s %9s %8s %7s\n", "layer", "shape", "kernel", "ms", "GFLOP/s", "% peak");
  for (size_t i = 0; i < result->layer_count; i++) {
    const layer_profile *row = &result->layers[i];
    char shape[96];
    describe_shape(&row->layer, shape, sizeof shape);
    printf("%-24s %-30s %-30s %9.3f", row->layer.name, shape, cardinal_plan_kernel(row->layer.plan),
           1e3 * row->seconds);
    double rate = gflops(row->layer.multiply_adds, row->seconds);
    if (row->layer.is_conv)
      printf(" %8.1f %7.1f", rate, percent_of_peak(result, rate));
    putchar('\n');
  }
  const cardinal_measurement *m = &result->measured;
  printf("%-86s %9.3f %8.1f %7.1f\n", "whole network", 1e3 * m->seconds, m->gflops, m->peak_pct);
  printf("\nMedians of the %zu quiet ones of %zu runs%s with a batch of %lld on %s, %u thread%s; peak of the format, "
         "measured in the same run: %.1f GFLOP/s.\n",
         m->quiet_rounds, m->rounds, m->quiet_rounds ? "" : " (hence of all)", (long long)result->batch,
         cardinal_isa_name(result->isa), result->threads, result->threads == 1 ? "" : "s", m->peak);
  if (!cardinal_measurement_is_firm(m))
    printf("With fewer than %d quiet runs these figures are uncertain: something else kept the machine busy.\n",
           CARDINAL_FIRM_ROUNDS);
}

json_t *profile_json(const net_profile *result) {
  json_t *layers = json_array();
  for (size_t i = 0; i < result->layer_count; i++) {
    const layer_profile *row = &result->layers[i];
    double rate = gflops(row->layer.multiply_adds, row->seconds);
    char shape[96];
    describe_shape(&row->layer, shape, sizeof shape);
    json_array_append_new(layers, json_pack("{s:s, s:s, s:s, s:f, s:I, s:f, s:f}", "name", row->layer.name, "shape",
                                            shape, "kernel", cardinal_plan_kernel(row->layer.plan), "ms",
                                            1e3 * row->seconds, "multiply_adds", (json_int_t)row->layer.multiply_adds,
                                            "gflops", rate, "peak_pct", percent_of_peak(result, rate)));
  }
  const cardinal_measurement *m = &result->measured;
  return json_pack("{s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:o}", "runs", (json_int_t)m->rounds, "quiet_runs",
                   (json_int_t)m->quiet_rounds, "batch", (json_int_t)result->batch, "fma_peak_gflops", m->peak, "ms",
                   1e3 * m->seconds, "gflops", m->gflops, "peak_pct", m->peak_pct, "layers", layers);
}
