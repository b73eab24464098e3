/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/peak.h"
#include "tools/command.h"

enum {
  LEAST_RUNS = 5,
  MOST_RUNS = 200
};

/* Times of all runs, [layer][run]; the last row is the whole network. */
typedef struct {
  double *seconds;
  size_t run;
  double start;
} clocks;

static void before_layer(void *user, size_t layer) {
  clocks *times = user;
  (void)layer;
  times->start = cardinal_clock();
}

static void after_layer(void *user, size_t layer) {
  clocks *times = user;
  times->seconds[layer * MOST_RUNS + times->run] = cardinal_clock() - times->start;
}

static int compare_doubles(const void *a, const void *b) {
  double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static cardinal_status run_for_a_second(const cardinal_net *net, const float *images, float *logits, void *arena,
                                        clocks *times, size_t *runs, cardinal_error *error) {
  size_t layers = cardinal_net_layer_count(net);
  cardinal_status status = cardinal_net_run(net, images, NULL, logits, arena, error);
  double end = cardinal_clock() + 1;
  for (*runs = 0; !status && (*runs < LEAST_RUNS || cardinal_clock() < end) && *runs < MOST_RUNS; ++*runs) {
    times->run = *runs;
    double start = cardinal_clock();
    status = cardinal_net_run_profiled(net, images, NULL, logits, arena, before_layer, after_layer, times, error);
    times->seconds[layers * MOST_RUNS + *runs] = cardinal_clock() - start;
    tool_progress("measured run %zu of at least %d", *runs + 1, LEAST_RUNS);
  }
  return status;
}

cardinal_status profile_measure(const cardinal_context *context, const cardinal_net *net, int64_t batch,
                                const float *images, float *logits, void *arena, net_profile *result,
                                cardinal_error *error) {
  size_t layers = cardinal_net_layer_count(net), runs;
  clocks times = {.seconds = calloc((layers + 1) * MOST_RUNS, sizeof *times.seconds)};
  net_profile made = {
      .isa = cardinal_context_isa(context),
      .threads = cardinal_context_threads(context),
      .batch = batch,
      .layer_count = layers,
      .layers = calloc(layers, sizeof *made.layers),
  };
  cardinal_status status = CARDINAL_OUT_OF_MEMORY;
  if (times.seconds && made.layers)
    status = run_for_a_second(net, images, logits, arena, &times, &runs, error);
  else if (error)
    snprintf(error->message, sizeof error->message, "no memory for the times of %zu layers", layers);
  if (!status) {
    made.runs = runs;
    for (size_t i = 0; i < layers; i++) {
      made.layers[i].layer.struct_size = sizeof made.layers[i].layer;
      cardinal_net_layer_get(net, i, &made.layers[i].layer);
      made.layers[i].seconds = median(times.seconds + i * MOST_RUNS, runs);
    }
    made.seconds = median(times.seconds + layers * MOST_RUNS, runs);
    made.peak_gflops = cardinal_peak_fma_gflops(made.isa, made.threads);
    *result = made;
  } else {
    free(made.layers);
  }
  free(times.seconds);
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

static uint64_t sum_multiply_adds(const net_profile *result) {
  uint64_t sum = 0;
  for (size_t i = 0; i < result->layer_count; i++)
    sum += result->layers[i].layer.multiply_adds;
  return sum;
}

static double percent_of_peak(const net_profile *result, double rate) {
  return result->peak_gflops > 0 ? 100 * rate / result->peak_gflops : 0;
}

static void describe_shape(const cardinal_net_layer *layer, char *text, size_t size) {
  const cardinal_conv_desc *conv = layer->conv;
  const cardinal_pool_desc *pool = layer->pool;
  if (layer->is_conv)
    snprintf(text, size, "%lldx%lld %lld->%lld g%lld k%lld s%lld", (long long)conv->in_height,
             (long long)conv->in_width, (long long)conv->in_channels, (long long)conv->out_channels,
             (long long)conv->groups, (long long)conv->kernel_height, (long long)conv->stride_height);
  else
    snprintf(text, size, "%lldx%lld %lld", (long long)pool->in_height, (long long)pool->in_width,
             (long long)pool->channels);
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
  double rate = gflops(sum_multiply_adds(result), result->seconds);
  printf("%-86s %9.3f %8.1f %7.1f\n", "whole network", 1e3 * result->seconds, rate, percent_of_peak(result, rate));
  printf("\nMedians of %zu runs with a batch of %lld on %s, %u thread%s; FMA peak measured at %.1f GFLOP/s.\n",
         result->runs, (long long)result->batch, cardinal_isa_name(result->isa), result->threads,
         result->threads == 1 ? "" : "s", result->peak_gflops);
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
  double rate = gflops(sum_multiply_adds(result), result->seconds);
  return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:o}", "runs", (json_int_t)result->runs, "batch",
                   (json_int_t)result->batch, "fma_peak_gflops", result->peak_gflops, "ms", 1e3 * result->seconds,
                   "gflops", rate, "peak_pct", percent_of_peak(result, rate), "layers", layers);
}
