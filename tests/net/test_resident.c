/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory a whole network takes, in each number format. Its weights in memory take half as much in bf16 as in
 * f32, and a quarter in int8; from a file of weights to the first result, the highest resident size of the process,
 * pages of the file included, stays within 1.2 times those weights and 40 MB. A program of its own, because anything
 * done before would count. Prints the time as well; that one is for people, since machines differ. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cardinal/net.h>

#include "net/quantise_synthetic.h"
#include "tests/net/files.h"
#include "tests/support/sanitizer.h"
#include "tests/support/scale.h"

enum {
  IMAGE = 224
};

/* A network in one format, of weights in one file. */
typedef struct {
  const char *model;
  cardinal_precision precision;
  const char *path;
  int64_t weight_bytes; /* the parameters' in this format */
} trial;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static long peak_resident_kb(void) {
  char line[256];
  long kb = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (!strncmp(line, "VmHWM:", 6))
      kb = atol(line + 6);
  if (status)
    fclose(status);
  return kb;
}

static cardinal_net_spec spec_of(const char *model) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_error error;
  if (cardinal_net_spec_named(model, &spec, &error)) {
    fprintf(stderr, "%s\n", error.message);
    exit(EXIT_FAILURE);
  }
  return spec;
}

/* What one process does, from the file to the first result; all of it is released in the end. */
typedef struct {
  cardinal_context *context;
  cardinal_weights *weights;
  cardinal_net *net;
  void *arena;
  float image[3 * IMAGE * IMAGE], logits[1000];
} resident_job;

static cardinal_status make(resident_job *job, const trial *t, cardinal_error *error) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.precision = t->precision;
  desc.image_height = desc.image_width = (int64_t)test_scale(IMAGE, 64); /* an emulated CPU takes a minute otherwise */
  cardinal_synthetic_input(1, job->image, 3 * IMAGE * IMAGE);
  /* Stacks and scratch grow with the threads, of which a large machine has many. */
  cardinal_context_desc context;
  cardinal_context_desc_init(&context);
  context.threads = 2;
  cardinal_status status = cardinal_context_create(&context, &job->context, error);
  if (!status)
    status = cardinal_weights_open(t->path, &job->weights, error);
  if (!status)
    status = cardinal_weights_spec(job->weights, &spec, error);
  if (!status)
    status = cardinal_net_create(job->context, &spec, job->weights, &desc, &job->net, error);
  return status;
}

static int judge(const resident_job *job, const trial *t, double made, double done) {
  /* Biases, int8's scales, and channels that don't fill a block or a cell come on top. */
  const double parameters = (double)t->weight_bytes / 1e6, most_weights = 1.02 * parameters;
  const double weights = (double)cardinal_net_weight_bytes(job->net) / 1e6;
  const double peak = (double)peak_resident_kb() / 1e3, most = 1.2 * parameters + 40;
  printf(
      "%s in %s: weights %.1f MB of at most %.1f MB, arena %.1f MB, peak resident %.1f MB of at most %.1f MB; network "
      "made in %.3f s, first result after %.3f s\n",
      t->model, cardinal_precision_name(t->precision), weights, most_weights,
      (double)cardinal_net_arena_bytes(job->net) / 1e6, peak, most, made, done);
  const int in_memory = weights > 0.9 * parameters && weights <= most_weights;
  const int resident = TEST_SANITIZED || (peak > 0 && peak <= most);
  if (!in_memory || !resident)
    fprintf(stderr, "FAIL %s in %s: %s\n", t->model, cardinal_precision_name(t->precision),
            in_memory ? "the peak" : "the weights");
  return !in_memory || !resident;
}

static int run(const trial *t) {
  static resident_job job;
  cardinal_error error;
  const double start = now();
  double made = 0;
  cardinal_status status = make(&job, t, &error);
  if (!status) {
    made = now() - start;
    job.arena = malloc(cardinal_net_arena_bytes(job.net));
    status = cardinal_net_run(job.net, job.image, NULL, job.logits, job.arena, &error);
  }
  if (status)
    fprintf(stderr, "%s in %s: %s\n", t->model, cardinal_precision_name(t->precision), error.message);
  const int failed = status ? 1 : judge(&job, t, made, now() - start);
  free(job.arena);
  cardinal_net_destroy(job.net);
  cardinal_weights_destroy(job.weights);
  cardinal_context_destroy(job.context);
  return failed;
}

/* Floats, which networks in bf16 are made of as well, or what the quantiser makes of the same weights. Small images
 * calibrate as well as large ones where nobody looks at the logits. */
static int write_file(const trial *t) {
  cardinal_net_spec spec = spec_of(t->model);
  if (t->precision != CARDINAL_PRECISION_INT8) {
    test_write_weights(t->path, &spec, 1, NULL);
    return 0;
  }
  cardinal_context *context = NULL;
  cardinal_weights *floats = NULL, *quantised = NULL;
  cardinal_net_desc desc;
  cardinal_error error;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = 32;
  cardinal_status status = cardinal_context_create(NULL, &context, &error);
  if (!status)
    status = cardinal_weights_synthetic(&spec, 1, &floats, &error);
  if (!status)
    status = cardinal_quantise_synthetic(context, &spec, floats, &desc, &quantised, &error);
  if (status)
    fprintf(stderr, "%s: %s\n", t->model, error.message);
  else
    test_write_made(t->path, quantised, NULL, NULL);
  cardinal_weights_destroy(quantised);
  cardinal_weights_destroy(floats);
  cardinal_context_destroy(context);
  return status != CARDINAL_OK;
}

/* In a process of its own, so that its memory isn't ours. */
static int in_child(int (*work)(const trial *), const trial *t) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    exit(work(t));
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    fprintf(stderr, "fork: %s\n", strerror(errno));
    return 1;
  }
  return !WIFEXITED(status) || WEXITSTATUS(status);
}

static int try_model(const char *model) {
  static const struct {
    cardinal_precision precision;
    int64_t bytes; /* of a weight */
    int writes;    /* a file of its own, over the one before */
  } formats[] = {{CARDINAL_PRECISION_F32, 4, 1}, {CARDINAL_PRECISION_BF16, 2, 0}, {CARDINAL_PRECISION_INT8, 1, 1}};
  const cardinal_net_spec spec = spec_of(model);
  uint64_t parameters;
  if (cardinal_net_count(&spec, IMAGE, IMAGE, &parameters, NULL, NULL))
    return 1;
  int failed = 0;
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    const trial t = {.model = model,
                     .precision = formats[i].precision,
                     .path = test_path("weights.safetensors"),
                     .weight_bytes = formats[i].bytes * (int64_t)parameters};
    if (formats[i].writes && in_child(write_file, &t))
      return 1;
    failed |= in_child(run, &t);
  }
  return failed;
}

int main(void) {
  static const char *const models[] = {"resnext50_32x4d", "resnext101_32x8d"};
  int failed = 0;
  for (size_t i = 0; i < test_scale(2, 1); i++)
    failed |= try_model(models[i]);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
