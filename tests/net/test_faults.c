/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever call to the C library fails: each allocation and each system call of readers and networks, one after the
 * other. Then there is an error in words or the very result that there would be otherwise, the caller's output is as it
 * was, nothing is leaked, and the next call works. A program of its own, since it replaces malloc.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

#include "net/quantise_synthetic.h"
#include "net/safetensors.h"
#include "net/weights.h"
#include "tests/net/faults.h"
#include "tests/net/files.h"

enum {
  CROP = 32,
  MOST_FLOATS = 3 * CROP * CROP
};

/* What a job gives; all of it is compared. */
typedef struct {
  float values[MOST_FLOATS];
} output;

static int failures;

static void complain(const char *job, fault_kind kind, size_t at, const char *what) {
  static const char *const kinds[] = {"nothing", "memory", "files", "interruptions", "short reads", "memory, the last"};
  fprintf(stderr, "%s, call %zu of %s: %s\n", job, at, kinds[kind], what);
  failures++;
}

/* ---- jobs ---------------------------------------------------------------------------------------------------- */

static cardinal_context *context;
static char f32_path[512], bf16_path[512], int8_path[512], photo_path[512];

/* Cores and caches may come from another source each time, so nothing of them is compared. */
static cardinal_status make_context(output *to, cardinal_error *error) {
  cardinal_context *made = NULL;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  cardinal_status status = cardinal_context_create(&desc, &made, error);
  if (status)
    return made ? CARDINAL_OK : status;
  cardinal_context_destroy(made);
  to->values[0] = 1;
  return CARDINAL_OK;
}

static cardinal_status look_at_machine(output *to, cardinal_error *error) {
  cardinal_machine machine = {.struct_size = sizeof machine};
  cardinal_status status = cardinal_machine_get(&machine, error);
  if (!status)
    to->values[0] = machine.l1d_bytes > 0 && machine.allowed_cores > 0;
  return status;
}

static cardinal_net_spec small_spec(void) {
  return (cardinal_net_spec){.struct_size = sizeof(cardinal_net_spec),
                             .blocks = {1, 1, 1, 1},
                             .cardinality = 2,
                             .width_per_group = 4,
                             .classes = 10,
                             .stem_channels = 16,
                             .stage_channels = 32,
                             .name = "small"};
}

static cardinal_precision precision; /* of networks that are made */

static cardinal_status run_and_destroy(cardinal_net *net, output *to, cardinal_error *error) {
  static float image[3 * CROP * CROP];
  cardinal_status status;
  cardinal_synthetic_input(1, image, 3 * CROP * CROP);
  void *arena = malloc(cardinal_net_arena_bytes(net));
  if (arena) {
    status = cardinal_net_run(net, image, NULL, to->values, arena, error);
  } else { /* the test's own allocation has failed, not the library's */
    status = error->status = CARDINAL_OUT_OF_MEMORY;
    strcpy(error->message, "no arena");
  }
  free(arena);
  cardinal_net_destroy(net);
  return status;
}

static cardinal_status make_and_run(cardinal_weights *weights, const cardinal_net_spec *spec, output *to,
                                    cardinal_error *error) {
  cardinal_net_desc desc;
  cardinal_net *net = NULL;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = CROP;
  desc.precision = precision;
  cardinal_status status = cardinal_net_create(context, spec, weights, &desc, &net, error);
  if (status)
    return net ? CARDINAL_OK : status; /* a failure that leaves a network is none that the caller sees as such */
  return run_and_destroy(net, to, error);
}

static cardinal_status run_file(const char *path, output *to, cardinal_error *error) {
  cardinal_weights *weights = NULL;
  cardinal_net_spec spec;
  cardinal_net_spec_init(&spec);
  cardinal_status status = cardinal_weights_open(path, &weights, error);
  if (status)
    return weights ? CARDINAL_OK : status;
  status = cardinal_weights_spec(weights, &spec, error);
  if (!status)
    status = make_and_run(weights, &spec, to, error);
  cardinal_weights_destroy(weights);
  return status;
}

static cardinal_status run_f32(output *to, cardinal_error *error) {
  return run_file(f32_path, to, error);
}

static cardinal_status run_bf16(output *to, cardinal_error *error) {
  return run_file(bf16_path, to, error);
}

static cardinal_status run_int8(output *to, cardinal_error *error) {
  return run_file(int8_path, to, error);
}

/* Weights in int8 of the small network's, as `cardinal quantize` writes them. */
static bool write_int8(const cardinal_net_spec *small) {
  cardinal_weights *weights = NULL, *quantised = NULL;
  cardinal_net_spec spec;
  cardinal_net_spec_init(&spec);
  cardinal_net_desc desc;
  size_t header_bytes = 0;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = CROP;
  if (cardinal_weights_synthetic(small, 1, &weights, NULL) || cardinal_weights_spec(weights, &spec, NULL) ||
      cardinal_quantise_synthetic(context, &spec, weights, &desc, &quantised, NULL))
    return false;
  char *header = cardinal_safetensors_header(&quantised->table, &header_bytes);
  const size_t data_bytes = quantised->table.tensors[quantised->table.count - 1].end;
  unsigned char *file = malloc(header_bytes + data_bytes);
  memcpy(file, header, header_bytes);
  memcpy(file + header_bytes, quantised->memory, data_bytes);
  test_write(int8_path, file, header_bytes + data_bytes);
  free(file);
  free(header);
  cardinal_weights_destroy(quantised);
  cardinal_weights_destroy(weights);
  return true;
}

/* Opening alone, with a tensor to be read. */
static cardinal_status open_f32(output *to, cardinal_error *error) {
  cardinal_weights *weights = NULL;
  cardinal_status status = cardinal_weights_open(f32_path, &weights, error);
  if (status)
    return weights ? CARDINAL_OK : status;
  status = cardinal_weights_read(weights, "bn1.weight", to->values, 16, error);
  cardinal_weights_destroy(weights);
  return status;
}

static cardinal_status run_synthetic(output *to, cardinal_error *error) {
  cardinal_net_spec spec = small_spec();
  cardinal_weights *weights = NULL;
  cardinal_status status = cardinal_weights_synthetic(&spec, 1, &weights, error);
  if (status)
    return weights ? CARDINAL_OK : status;
  status = make_and_run(weights, &spec, to, error);
  cardinal_weights_destroy(weights);
  return status;
}

static cardinal_status read_photo(output *to, cardinal_error *error) {
  cardinal_image image = {.height = 77};
  cardinal_status status = cardinal_image_read(photo_path, &image, error);
  if (status)
    return image.height == 77 && !image.pixels ? status : CARDINAL_OK;
  status = cardinal_image_transform(&image, CROP, CROP, to->values, error);
  cardinal_image_free(&image);
  return status;
}

/* A network beside another whose weights it shares, on which nothing of this may leave a trace. */
static cardinal_net *shared;

static cardinal_status run_sharing(output *to, cardinal_error *error) {
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = CROP;
  cardinal_status status = cardinal_net_create_sharing(context, shared, &desc, &net, error);
  return status ? (net ? CARDINAL_OK : status) : run_and_destroy(net, to, error);
}

static bool make_shared(const cardinal_net_spec *spec) {
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = 2;
  desc.image_height = desc.image_width = 2 * CROP;
  desc.precision = CARDINAL_PRECISION_INT8;
  bool made = !cardinal_weights_synthetic(spec, 1, &weights, NULL) &&
              !cardinal_net_create(context, spec, weights, &desc, &net, NULL);
  cardinal_weights_destroy(weights);
  shared = net;
  return made;
}

/* ---- faults -------------------------------------------------------------------------------------------------- */

typedef cardinal_status (*job_function)(output *to, cardinal_error *error);

static void check_leaks(const char *job, fault_kind kind, size_t at, fault_counts counts) {
  if (counts.memory)
    complain(job, kind, at, "memory is leaked");
  if (counts.descriptors)
    complain(job, kind, at, "a descriptor is leaked");
}

/* Lets the `at`-th call fail, then runs the job again undisturbed. Returns whether that call was made at all. */
static bool try_fault(const char *job, job_function run, fault_kind kind, size_t at, const output *expected,
                      size_t *errors) {
  static output found, again;
  static const output empty;
  cardinal_error error = {.status = CARDINAL_OK};
  found = again = empty;
  fault_begin(kind, at);
  cardinal_status status = run(&found, &error);
  fault_counts counts = fault_end();
  check_leaks(job, kind, at, counts);
  if (counts.calls < at)
    return false;
  *errors += status != CARDINAL_OK;
  if (status && (error.status != status || !error.message[0]))
    complain(job, kind, at, "the error says nothing");
  if (status && memcmp(&found, &empty, sizeof found))
    complain(job, kind, at, "it failed, and yet gave something");
  if (!status && memcmp(&found, expected, sizeof found))
    complain(job, kind, at, "it succeeded with another result");
  /* Without memory, jansson sometimes finds fault with the JSON, or loses a character of a name. */
  bool by_jansson = status == CARDINAL_BAD_FILE && run == open_f32;
  if (status && (kind == FAULT_MEMORY || kind == FAULT_MEMORY_ENDS) && status != CARDINAL_OUT_OF_MEMORY && !by_jansson)
    complain(job, kind, at, error.message);
  if (status && kind == FAULT_FILE && status != CARDINAL_IO_ERROR)
    complain(job, kind, at, error.message);
  if (status && (kind == FAULT_INTERRUPT || kind == FAULT_SHORT))
    complain(job, kind, at, error.message);
  /* After each kind of failure once in a while; each next fault finds what the last one left, anyway. */
  if (at % 4 == 1 && (run(&again, &error) || memcmp(&again, expected, sizeof again)))
    complain(job, kind, at, "the next call doesn't work");
  return true;
}

static void try_all(const char *job, job_function run, fault_kind kind, size_t least_errors) {
  static output expected;
  cardinal_error error = {.status = CARDINAL_OK};
  memset(&expected, 0, sizeof expected);
  if (run(&expected, &error)) {
    fprintf(stderr, "%s doesn't work at all: %s\n", job, error.message);
    failures++;
    return;
  }
  size_t at = 1, errors = 0;
  while (try_fault(job, run, kind, at, &expected, &errors))
    at += kind == FAULT_INTERRUPT || kind == FAULT_SHORT ? 5 : 1; /* the same loop reads everything */
  printf("%-22s kind %d: %4zu calls, %4zu errors\n", job, (int)kind, at - 1, errors);
  if (errors < least_errors || at - 1 < least_errors) {
    fprintf(stderr, "%s: expected %zu errors at least\n", job, least_errors);
    failures++;
  }
}

static void try_files(const char *job, job_function run, size_t least_errors) {
  try_all(job, run, FAULT_FILE, least_errors);
  try_all(job, run, FAULT_INTERRUPT, 0);
  try_all(job, run, FAULT_SHORT, 0);
}

/* ---- allocating nothing -------------------------------------------------------------------------------------- */

/* Whatever the context's threads are: they are there after the first run. */
static void run_without_allocating(uint32_t threads) {
  static float image[3 * CROP * CROP], features[2048], logits[10];
  cardinal_net_spec spec = small_spec();
  cardinal_context_desc desc;
  cardinal_net_desc shape;
  cardinal_context *own = NULL;
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.threads = threads;
  cardinal_net_desc_init(&shape);
  shape.image_height = shape.image_width = CROP;
  shape.precision = precision;
  fault_begin(FAULT_NONE, 0);
  bool made = !cardinal_context_create(&desc, &own, &error) &&
              !cardinal_weights_synthetic(&spec, 1, &weights, &error) &&
              !cardinal_net_create(own, &spec, weights, &shape, &net, &error);
  if (!fault_end().allocations)
    complain("a network", FAULT_NONE, 0, "the count doesn't count");
  void *arena = made ? malloc(cardinal_net_arena_bytes(net)) : NULL;
  if (!arena || cardinal_net_run(net, image, features, logits, arena, &error)) {
    complain("a network", FAULT_NONE, 0, "it doesn't run");
  } else {
    fault_begin(FAULT_NONE, 0);
    cardinal_net_run(net, image, features, logits, arena, &error);
    size_t allocations = fault_end().allocations;
    if (allocations)
      complain("a run", FAULT_NONE, allocations, "it allocates");
  }
  free(arena);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(own);
}

int main(void) {
  cardinal_context_desc desc;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.threads = 1;
  if (cardinal_context_create(&desc, &context, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  cardinal_net_spec spec = small_spec();
  snprintf(f32_path, sizeof f32_path, "%s", test_path("f32.safetensors"));
  snprintf(bf16_path, sizeof bf16_path, "%s", test_path("bf16.safetensors"));
  test_write_weights(f32_path, &spec, 1, &(test_weights_options){.batch_counters = 1});
  test_write_weights(bf16_path, &spec, 1, &(test_weights_options){.dtype = "BF16"});

  snprintf(int8_path, sizeof int8_path, "%s", test_path("int8.safetensors"));
  if (!write_int8(&spec)) {
    fprintf(stderr, "the small network can't be quantised\n");
    return EXIT_FAILURE;
  }

  try_all("a context", make_context, FAULT_MEMORY, 1);
  try_all("a context", make_context, FAULT_MEMORY_ENDS, 1);
  try_all("the machine", look_at_machine, FAULT_MEMORY, 0);
  try_all("the machine", look_at_machine, FAULT_MEMORY_ENDS, 0);
  try_all("a network", run_synthetic, FAULT_MEMORY, 200);
  try_all("opening weights", open_f32, FAULT_MEMORY, 500);
  try_files("F32 weights", run_f32, 80);
  try_files("BF16 weights", run_bf16, 80);
  try_files("I8 weights", run_int8, 70);
  precision = CARDINAL_PRECISION_INT8;
  try_all("a network in int8", run_synthetic, FAULT_MEMORY, 400);
  run_without_allocating(2);
  precision = CARDINAL_PRECISION_DEFAULT;
  if (!make_shared(&spec)) {
    fprintf(stderr, "there is no network to share with\n");
    return EXIT_FAILURE;
  }
  try_all("a network that shares", run_sharing, FAULT_MEMORY, 20);
  cardinal_net_destroy(shared);
  static const char *const photos[] = {"jpeg/baseline", "jpeg/progressive", "jpeg/cmyk", "jpeg/turned",
                                       "png/palette",   "png/rgb",          "png/grey16"};
  for (size_t i = 0; i < sizeof photos / sizeof photos[0]; i++) {
    char name[64];
    snprintf(name, sizeof name, "../fuzz/corpus/%s", photos[i]);
    snprintf(photo_path, sizeof photo_path, "%s", test_data_path(name));
    try_all(photos[i], read_photo, FAULT_MEMORY, 10);
    try_files(photos[i], read_photo, 3);
  }
  run_without_allocating(1);
  run_without_allocating(2);
  cardinal_context_destroy(context);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
