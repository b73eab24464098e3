/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cardinal's side of script/compare (docs/peers.md): a process that does what lines of standard input ask and answers
 * each with one line of JSON.
 *
 *   cardinal_peer_worker network MODEL PRECISION BATCH THREADS IMAGES [WEIGHTS]
 *     logits FILE      runs once and writes the logits, float32, little-endian; answers {"logits": FILE}
 *     run SECONDS      one run to warm up, then runs for so long: {"seconds": {"": [of each run]}}
 *     layers SECONDS   the same, layer by layer: {"seconds": {layer: [in each run]}}
 *     alone SECONDS    each shape of grouped layers by itself, again and again: {"seconds": {first layer of the shape:
 * [...]}} cardinal_peer_worker yardstick THREADS peak             the FMA loop and the canary: {"rates": [GFLOP/s,
 * GFLOP/s]}
 *
 * The first line comes unasked and says who answers: {"version": ..., "settings": ...}, or {"error": ...}.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cardinal/net.h>

#include "bench/peak.h"

enum {
  SEED = 1,
  LEAST_RUNS = 3,
  MOST_RUNS = 100000
};

/* ---- answers ------------------------------------------------------------------------------------------------ */

static void answer(json_t *object) {
  if (!object || json_dumpf(object, stdout, JSON_COMPACT) || putchar('\n') == EOF || fflush(stdout))
    exit(EXIT_FAILURE); /* nobody listens any more */
  json_decref(object);
}

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...) {
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  answer(json_pack("{s:s}", "error", message));
  exit(EXIT_FAILURE);
}

static void *memory(size_t bytes) {
  void *block = malloc(bytes ? bytes : 1);
  if (!block)
    give_up("no memory for %zu bytes", bytes);
  return block;
}

static unsigned long number(const char *text, const char *what, unsigned long most) {
  char *end;
  errno = 0;
  const unsigned long value = strtoul(text, &end, 10);
  if (errno || end == text || *end || value < 1 || value > most)
    give_up("%s: '%s' isn't a number from 1 to %lu", what, text, most);
  return value;
}

static cardinal_context *make_context(const char *threads) {
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = (uint32_t)number(threads, "THREADS", 4096);
  if (cardinal_context_create(&desc, &context, &error))
    give_up("%s", error.message);
  return context;
}

/* ---- a network ---------------------------------------------------------------------------------------------- */

typedef struct subject {
  cardinal_net *net;
  float *images, *logits;
  size_t logit_count, layer_count;
  void *arena;
  json_t **layers; /* of each layer, the seconds of each run */
  double start;
} subject;

/* IMAGES holds float32, little-endian, NCHW. */
static float *read_images(const char *path, size_t floats) {
  float *images = memory(floats * sizeof *images);
  FILE *file = fopen(path, "rb");
  if (!file)
    give_up("%s: %s", path, strerror(errno));
  if (fread(images, sizeof *images, floats, file) != floats || fgetc(file) != EOF)
    give_up("%s: doesn't hold exactly %zu float32", path, floats);
  fclose(file);
  return images;
}

static cardinal_precision precision_of(const char *name) {
  for (int i = CARDINAL_PRECISION_F32; cardinal_precision_name((cardinal_precision)i); ++i)
    if (strcmp(cardinal_precision_name((cardinal_precision)i), name) == 0)
      return (cardinal_precision)i;
  give_up("no precision is called '%s'", name);
}

/* argv[7] are the weights; without it they are synthetic. */
static void open_network(subject *s, char **argv, const cardinal_context *context) {
  cardinal_error error;
  cardinal_net_spec spec;
  cardinal_weights *weights;
  cardinal_net_desc desc;
  cardinal_net_spec_init(&spec);
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)number(argv[4], "BATCH", 4096);
  desc.precision = precision_of(argv[3]);
  if (cardinal_net_spec_named(argv[2], &spec, &error) ||
      (argv[7] ? cardinal_weights_open(argv[7], &weights, &error)
               : cardinal_weights_synthetic(&spec, SEED, &weights, &error)) ||
      cardinal_net_create(context, &spec, weights, &desc, &s->net, &error))
    give_up("%s", error.message);
  cardinal_weights_destroy(weights);
  s->images = read_images(argv[6], (size_t)(desc.batch * 3 * desc.image_height * desc.image_width));
  s->logit_count = (size_t)desc.batch * spec.classes;
  s->logits = memory(s->logit_count * sizeof *s->logits);
  s->arena = memory(cardinal_net_arena_bytes(s->net));
  s->layer_count = cardinal_net_layer_count(s->net);
  s->layers = memory(s->layer_count * sizeof(json_t *));
}

static double timed_run(subject *s) {
  cardinal_error error;
  const double start = cardinal_clock();
  if (cardinal_net_run(s->net, s->images, NULL, s->logits, s->arena, &error))
    give_up("%s", error.message);
  return cardinal_clock() - start;
}

static void before_layer(void *user, size_t layer) {
  (void)layer;
  ((subject *)user)->start = cardinal_clock();
}

static void after_layer(void *user, size_t layer) {
  subject *s = user;
  json_array_append_new(s->layers[layer], json_real(cardinal_clock() - s->start));
}

static void profiled_run(subject *s) {
  cardinal_error error;
  if (cardinal_net_run_profiled(s->net, s->images, NULL, s->logits, s->arena, before_layer, after_layer, s, &error))
    give_up("%s", error.message);
}

static void write_logits(subject *s, const char *path) {
  timed_run(s);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(s->logits, sizeof *s->logits, s->logit_count, file) != s->logit_count || fclose(file))
    give_up("%s: %s", path, strerror(errno));
  answer(json_pack("{s:s}", "logits", path));
}

static double seconds_of(const char *text) {
  char *end;
  const double seconds = strtod(text, &end);
  if (end == text || *end || !(seconds >= 0 && seconds <= 3600))
    give_up("'%s' isn't a number of seconds up to 3600", text);
  return seconds;
}

static void run_for(subject *s, double seconds) {
  json_t *times = json_array();
  timed_run(s);
  const double end = cardinal_clock() + seconds;
  for (size_t runs = 0; runs < LEAST_RUNS || (cardinal_clock() < end && runs < MOST_RUNS); ++runs)
    json_array_append_new(times, json_real(timed_run(s)));
  answer(json_pack("{s:{s:o}}", "seconds", "", times));
}

static void profile_for(subject *s, double seconds) {
  json_t *layers = json_object();
  timed_run(s);
  for (size_t i = 0; i < s->layer_count; ++i) {
    cardinal_net_layer layer;
    cardinal_net_layer_init(&layer);
    cardinal_net_layer_get(s->net, i, &layer);
    s->layers[i] = json_array();
    json_object_set_new(layers, layer.name, s->layers[i]);
  }
  const double end = cardinal_clock() + seconds;
  for (size_t runs = 0; runs < LEAST_RUNS || (cardinal_clock() < end && runs < MOST_RUNS); ++runs)
    profiled_run(s);
  answer(json_pack("{s:o}", "seconds", layers));
}

/* Whether an earlier grouped layer has the same shape. */
static bool seen_before(const subject *s, size_t index, const cardinal_conv_desc *conv) {
  for (size_t i = 0; i < index; ++i) {
    cardinal_net_layer layer;
    cardinal_net_layer_init(&layer);
    cardinal_net_layer_get(s->net, i, &layer);
    const cardinal_conv_desc *other = layer.conv;
    if (other && other->groups == conv->groups && other->in_channels == conv->in_channels &&
        other->in_height == conv->in_height && other->stride_height == conv->stride_height)
      return true;
  }
  return false;
}

static size_t blocked_bytes(int64_t batch, int64_t channels, int64_t height, int64_t width) {
  size_t floats;
  if (cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, batch, channels, height, width, &floats))
    give_up("a layer's tensor has no size");
  return floats * sizeof(float);
}

/* Times one plan on tensors of its own. Bytes of 0x3f are a number of about 0.7 in f32 and in bf16, and 63 in int8. */
static json_t *time_alone(const cardinal_net_layer *layer, double seconds) {
  const cardinal_conv_desc *conv = layer->conv;
  const size_t bytes = blocked_bytes(conv->batch, conv->in_channels, conv->in_height, conv->in_width),
               y_bytes = blocked_bytes(conv->batch, conv->out_channels, conv->in_height, conv->in_width);
  void *x = memory(bytes), *y = memory(y_bytes), *scratch = memory(cardinal_plan_scratch_bytes(layer->plan));
  memset(x, 0x3f, bytes);
  json_t *times = json_array();
  cardinal_error error;
  double end = 0;
  for (size_t runs = 0; runs <= LEAST_RUNS || (cardinal_clock() < end && runs < MOST_RUNS); ++runs) {
    const double start = cardinal_clock();
    if (cardinal_plan_run(layer->plan, x, NULL, y, scratch, &error))
      give_up("%s: %s", layer->name, error.message);
    if (runs > 0) /* the first one warms up */
      json_array_append_new(times, json_real(cardinal_clock() - start));
    else
      end = cardinal_clock() + seconds;
  }
  free(x);
  free(y);
  free(scratch);
  return times;
}

static void time_layers_alone(const subject *s, double seconds) {
  json_t *layers = json_object();
  size_t shapes = 0;
  for (int pass = 0; pass < 2; ++pass) /* counts, then times */
    for (size_t i = 0; i < s->layer_count; ++i) {
      cardinal_net_layer layer;
      cardinal_net_layer_init(&layer);
      cardinal_net_layer_get(s->net, i, &layer);
      if (!layer.conv || layer.conv->groups == 1 || seen_before(s, i, layer.conv))
        continue;
      if (pass == 0)
        ++shapes;
      else
        json_object_set_new(layers, layer.name, time_alone(&layer, seconds / (double)shapes));
    }
  answer(json_pack("{s:o}", "seconds", layers));
}

static void serve_network(char **argv) {
  cardinal_context *context = make_context(argv[5]);
  subject s = {.images = NULL};
  open_network(&s, argv, context);
  char settings[128], line[4096];
  snprintf(settings, sizeof settings, "kernels up to %s, the library's own threads",
           cardinal_isa_name(cardinal_context_isa(context)));
  answer(json_pack("{s:s,s:s}", "version", cardinal_version(), "settings", settings));
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    char *argument = strchr(line, ' ');
    if (argument)
      *argument++ = '\0';
    if (argument && strcmp(line, "logits") == 0)
      write_logits(&s, argument);
    else if (argument && strcmp(line, "run") == 0)
      run_for(&s, seconds_of(argument));
    else if (argument && strcmp(line, "layers") == 0)
      profile_for(&s, seconds_of(argument));
    else if (argument && strcmp(line, "alone") == 0)
      time_layers_alone(&s, seconds_of(argument));
    else
      give_up("unknown request '%s'", line);
  }
  cardinal_net_destroy(s.net);
  free(s.images);
  free(s.logits);
  free(s.arena);
  free(s.layers);
  cardinal_context_destroy(context);
}

/* ---- the yardstick ------------------------------------------------------------------------------------------ */

static void serve_yardstick(char **argv) {
  cardinal_context *context = make_context(argv[2]);
  cardinal_yardstick yardstick;
  const cardinal_isa isa = cardinal_widest_isa();
  if (!cardinal_yardstick_init(&yardstick, isa, context))
    give_up("this CPU has no loop of the FMA peak");
  answer(json_pack("{s:s,s:s}", "version", cardinal_version(), "settings", cardinal_isa_name(isa)));
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    const double fma = cardinal_yardstick_fma(&yardstick);
    answer(json_pack("{s:[f,f]}", "rates", fma, cardinal_yardstick_canary(&yardstick)));
  }
  cardinal_yardstick_free(&yardstick);
  cardinal_context_destroy(context);
}

int main(int argc, char **argv) {
  if ((argc == 7 || argc == 8) && strcmp(argv[1], "network") == 0)
    serve_network(argv);
  else if (argc == 3 && strcmp(argv[1], "yardstick") == 0)
    serve_yardstick(argv);
  else
    give_up("usage: network MODEL PRECISION BATCH THREADS IMAGES [WEIGHTS], or yardstick THREADS; script/compare "
            "starts this");
  return EXIT_SUCCESS;
}
