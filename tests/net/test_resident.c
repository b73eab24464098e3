/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory a whole network takes: from a file of weights to the first result, the highest resident size of the
 * process, pages of the file included, must stay within 1.2 times the weights and 40 MB. A program of its own, because
 * anything done before would count. Prints the time as well; that one is for people, since machines differ. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cardinal/net.h>

#include "tests/net/files.h"
#include "tests/support/sanitizer.h"
#include "tests/support/scale.h"

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

/* What one process does, from the file to the first result; all of it is released in the end. */
typedef struct {
  cardinal_context *context;
  cardinal_weights *weights;
  cardinal_net *net;
  void *arena;
  float image[3 * 224 * 224], logits[1000];
} resident_job;

static cardinal_status make(resident_job *job, const char *path, cardinal_error *error) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  cardinal_synthetic_input(1, job->image, 3 * 224 * 224);
  /* Stacks and scratch grow with the threads, of which a large machine has many. */
  cardinal_context_desc context;
  cardinal_context_desc_init(&context);
  context.threads = 2;
  cardinal_status status = cardinal_context_create(&context, &job->context, error);
  if (!status)
    status = cardinal_weights_open(path, &job->weights, error);
  if (!status)
    status = cardinal_weights_spec(job->weights, &spec, error);
  if (!status)
    status = cardinal_net_create(job->context, &spec, job->weights, &desc, &job->net, error);
  return status;
}

static int run(const char *path, const char *model, int64_t weight_bytes) {
  static resident_job job;
  cardinal_error error;
  double start = now(), made = 0;
  cardinal_status status = make(&job, path, &error);
  if (!status) {
    made = now();
    job.arena = malloc(cardinal_net_arena_bytes(job.net));
    status = cardinal_net_run(job.net, job.image, NULL, job.logits, job.arena, &error);
  }
  double done = now(), peak = (double)peak_resident_kb() / 1e3, limit = 1.2 * (double)weight_bytes / 1e6 + 40;
  if (status)
    fprintf(stderr, "%s\n", error.message);
  else
    printf(
        "%s: weights %.1f MB, arena %.1f MB, peak resident %.1f MB of at most %.1f MB; network made in %.3f s, first "
        "result after %.3f s\n",
        model, (double)weight_bytes / 1e6, (double)cardinal_net_arena_bytes(job.net) / 1e6, peak, limit, made - start,
        done - start);
  free(job.arena);
  cardinal_net_destroy(job.net);
  cardinal_weights_destroy(job.weights);
  cardinal_context_destroy(job.context);
  return status || (!TEST_SANITIZED && (peak <= 0 || peak > limit));
}

/* In a process of its own, so that its memory isn't ours. */
static int in_child(int (*work)(const char *, const char *, int64_t), const char *path, const char *model,
                    int64_t bytes) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    exit(work(path, model, bytes));
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    fprintf(stderr, "fork: %s\n", strerror(errno));
    return 1;
  }
  return !WIFEXITED(status) || WEXITSTATUS(status);
}

static int write_weights(const char *path, const char *model, int64_t bytes) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  (void)bytes;
  if (cardinal_net_spec_named(model, &spec, NULL))
    return 1;
  test_write_weights(path, &spec, 1, NULL);
  return 0;
}

int main(void) {
  static const char *const models[] = {"resnext50_32x4d", "resnext101_32x8d"};
  int failed = 0;
  for (size_t i = 0; i < test_scale(2, 1); i++) {
    const char *path = test_path("weights.safetensors");
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    uint64_t parameters;
    if (in_child(write_weights, path, models[i], 0) || cardinal_net_spec_named(models[i], &spec, NULL) ||
        cardinal_net_count(&spec, 224, 224, &parameters, NULL, NULL))
      return EXIT_FAILURE;
    failed |= in_child(run, path, models[i], (int64_t)(4 * parameters));
  }
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
